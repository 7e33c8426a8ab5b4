"""The assignment workbench, on a desktop: each preset is solved by the real worker, one choice is changed, one list is published."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pypdfium2
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, Route, expect

from tests.e2e.visitor import Visitor

Visit = Callable[..., Visitor]
SOLVING = 60_000  # ms
PANEL = re.compile(r"/supervision/(members/\d+/why|teams/\d+)$")  # what fills #why for a row


def draft(visitor: Visitor, preset: str, name: str) -> None:
    """From the list of runs to a finished draft."""
    page = visitor.page
    page.goto("/supervision/")
    page.get_by_role("link", name="起草新方案").click()
    page.get_by_text(preset, exact=True).first.click()
    page.get_by_label("名称（可不填）").fill(name)
    # Pressed again while the answer is on its way: it is one draft all the same.
    page.get_by_role("button", name="开始计算").evaluate("button => { button.click(); setTimeout(() => button.click(), 30); }")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.get_by_text("草案", exact=True)).to_be_visible(timeout=SOLVING)


def figure(page: Page, label: str) -> int:
    return int(re.search(rf"{label}\s*(\d+)", page.locator("#run-totals").inner_text()).group(1))


@pytest.mark.parametrize("preset", ["均衡", "延续去年"])
def test_other_presets(visit: Visit, preset: str) -> None:
    visitor = visit("desktop", "county")
    draft(visitor, preset, f"试算{preset}")
    assert figure(visitor.page, "人选") > 50
    expect(visitor.page.locator("#run-totals")).to_contain_text("已证明最优")
    visitor.page.get_by_role("link", name="返回方案列表").click()
    expect(visitor.page.get_by_role("listitem").filter(has_text=f"试算{preset}")).to_contain_text("草案")


def late_answers_replace_nothing(page: Page, first: Locator, last: Locator) -> None:
    """Two rows are chosen while the server is slow: nobody types into what will be replaced, and the last one chosen stays."""
    held: list[Route] = []
    page.route(PANEL, lambda route: held.append(route))
    why, wanted = page.locator("#why"), last.get_by_role("cell").nth(1).inner_text().split()[0]
    first.click()
    expect(why).to_have_attribute("aria-busy", "true")
    with page.expect_request(PANEL):
        last.click()
    last.click()  # asks once
    page.wait_for_function("new Promise(done => setTimeout(() => done(true), 100))")
    assert len(held) == 2
    held[1].continue_()
    expect(why).to_contain_text(wanted)
    assert why.evaluate("(panel) => panel.inert")
    held[0].continue_()
    expect(why).not_to_have_attribute("aria-busy", "true")
    expect(why).to_contain_text(wanted)
    expect(last).to_have_attribute("aria-current", "true")
    why.get_by_label("调整理由").fill("先写一半")
    page.unroute(PANEL)
    page.wait_for_load_state("networkidle")
    expect(why.get_by_label("调整理由")).to_have_value("先写一半")
    why.get_by_label("调整理由").fill("")


def test_draft_change_approve_publish(visit: Visit, tmp_path: Path) -> None:
    visitor = visit("desktop", "county")
    page = visitor.page
    draft(visitor, "就近优先", "下半年监督分工")
    assert visitor.map_colours() > 10
    pairs = figure(page, "人选")
    assert figure(page, "人工调整") == 0

    row = page.locator("#pairs").get_by_role("row").nth(1)  # under the headings
    why = page.locator("#why")
    expect(row).to_have_attribute("aria-current", "true")  # the page begins with it
    expect(why.get_by_text("负责：")).to_contain_text(row.get_by_role("cell").first.locator("strong").inner_text())
    second = page.locator("#pairs").get_by_role("row").nth(2)
    second.click()
    expect(second).to_have_attribute("aria-current", "true")
    expect(row).not_to_have_attribute("aria-current", "true")
    expect(why).to_contain_text(second.get_by_role("cell").nth(1).inner_text().split()[0])
    row.click()
    expect(why.get_by_role("heading", name="为什么推荐这位代表")).to_be_visible()
    expect(why).to_contain_text(row.get_by_role("cell").nth(1).inner_text().split()[0])
    expect(why.get_by_role("list").first).to_contain_text("可承担")
    expect(row).to_have_attribute("aria-current", "true")
    leader = row.get_by_role("cell").nth(1).inner_text().split()[0]
    late_answers_replace_nothing(page, second, row)

    with visitor.expecting(422):
        why.get_by_role("button", name="换成选中的代表").click()
        expect(why.get_by_role("alert")).to_contain_text("请先选一位代表")
        other = why.locator("input[type=radio]:enabled").first
        other.check()
        chosen = other.get_attribute("value")
        why.get_by_role("button", name="换成选中的代表").click()
        expect(why.get_by_role("alert")).to_contain_text("理由")
    expect(why.locator(f"input[value='{chosen}']")).to_be_checked()
    why.get_by_label("调整理由").fill("本人长期联系这个片区")
    why.get_by_role("button", name="换成选中的代表").click()
    expect(why.get_by_role("status").first).to_contain_text(f"已把{leader}换为")
    changed = page.locator("#pairs").get_by_role("row").filter(has_text="本人长期联系这个片区")
    expect(changed).to_contain_text("人工调整：")
    expect(changed).not_to_contain_text(leader)
    expect(page.locator("#run-totals")).to_contain_text("人工调整 1")
    expect(page.locator("#run-totals")).to_contain_text("系统方案")
    assert figure(page, "人选") == pairs

    asked = visitor.accept_questions()
    page.get_by_text("批准", exact=True).click()
    page.get_by_text("主任会议", exact=True).click()
    page.get_by_label("哪次会议").fill("第三十次主任会议")
    page.get_by_role("button", name="登记批准").click()
    expect(page.get_by_text("已批准", exact=True)).to_be_visible()
    expect(page.get_by_text("已由主任会议批准（第三十次主任会议）")).to_be_visible()
    page.get_by_role("button", name="发布").click()
    expect(page.get_by_text("已发布", exact=True)).to_be_visible()
    assert any("发布后不能再改" in question for question in asked)

    with page.expect_download() as paper:
        page.get_by_role("link", name="可签名清单 PDF").click()
    paper.value.save_as(tmp_path / "list.pdf")
    words = "".join(sheet.get_textpage().get_text_bounded() for sheet in pypdfium2.PdfDocument(tmp_path / "list.pdf"))
    words = words.replace("\r\n", "")
    assert "第三十次主任会议" in words and "本人长期联系这个片区" in words
    with page.expect_download() as download:
        page.get_by_role("link", name="可签名清单 Excel").click()
    download.value.save_as(tmp_path / "list.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "list.xlsx").active
    cells = [str(value) for row in sheet.iter_rows(values_only=True) for value in row if value is not None]
    assert any("本人长期联系这个片区" in cell for cell in cells)
    name = changed.get_by_role("cell").nth(1).inner_text().split()[0]
    assert any(name in cell for cell in cells)

    page.get_by_role("link", name="返回方案列表").click()
    expect(page.get_by_role("listitem").filter(has_text="下半年监督分工")).to_contain_text("现行")


WORKPLACE = (63, 76, 90)  # the colour of the squares


def squares(visitor: Visitor) -> list[tuple[float, float]]:
    """Where on the screen workplaces are drawn, as far as they stand alone."""
    box = visitor.map().bounding_box()
    picture = Image.open(io.BytesIO(visitor.page.screenshot(clip=box, caret="initial"))).convert("RGB")
    dark = {(x, y) for y in range(8, picture.height - 8) for x in range(8, picture.width - 60) if picture.getpixel((x, y)) == WORKPLACE}
    found = []
    while dark:
        x, y = min(dark, key=lambda at: (at[1], at[0]))
        near = {(x + i, y + j) for i in range(-8, 12) for j in range(-2, 12)}
        if len(dark & near) > 40:
            found.append((box["x"] + x + 4, box["y"] + y + 4))
        dark -= near
    return found


def test_the_end_of_a_line_is_pulled_onto_another_deputy(visit: Visit) -> None:
    visitor = visit("desktop", "county")
    page = visitor.page
    draft(visitor, "就近优先", "拖动换人")
    why = page.locator("#why")
    expect(why.get_by_role("heading", name="还可以选谁")).to_be_visible()
    visitor.map()
    knob = page.locator(".map-knob").bounding_box()
    held = (knob["x"] + knob["width"] / 2, knob["y"] + knob["height"] / 2)
    far = [at for at in squares(visitor) if abs(at[0] - held[0]) + abs(at[1] - held[1]) > 60]
    assert far
    pulled = why.locator(".offers tr.is-lit").first
    for target in far[:8]:
        page.mouse.move(*held)
        page.mouse.down()
        page.mouse.move(target[0], target[1] - 20, steps=4)
        page.mouse.move(*target, steps=4)
        page.mouse.up()
        expect(pulled).to_be_visible()
        choice = pulled.get_by_role("radio")
        if choice.is_enabled() and choice.get_attribute("data-rearrange") is None:
            break
    name = pulled.get_by_role("cell").nth(1).inner_text().split()[0]
    if choice.is_enabled() and choice.get_attribute("data-rearrange") is None:
        expect(choice).to_be_checked()
        why.get_by_label("调整理由").fill("长期联系这里")
        why.get_by_role("button", name="换成选中的代表").click()
        expect(why.get_by_role("status").first).to_contain_text(name)
        expect(page.locator("#run-totals")).to_contain_text("人工调整")
        page.get_by_role("button", name="撤销上一步调整").click()
        expect(page.locator("#run-totals")).to_contain_text("人工调整 0")
    else:
        expect(pulled).to_contain_text(re.compile("须回避|满额|懂行"))


def test_chosen_matters_two_runs_compared_and_a_call_nearby(visit: Visit) -> None:
    visitor = visit("tablet", "county")
    page = visitor.page
    page.goto("/supervision/new/")
    assert visitor.map_colours() > 5
    page.locator("#draft-topics").get_by_text("全不选", exact=True).click()
    expect(page.locator("#draft-sum")).to_contain_text("事项 0 项")
    with visitor.expecting(422):
        page.get_by_role("button", name="开始计算").click()
        expect(page.get_by_role("alert")).to_contain_text("没有选中任何事项")
    page.locator("#draft-topics tbody input[type=checkbox]").first.check()
    expect(page.locator("#draft-sum")).to_contain_text("事项 1 项")
    page.get_by_label("名称（可不填）").fill("只看一项")
    page.get_by_role("button", name="开始计算").click()
    expect(page.get_by_text("草案", exact=True)).to_be_visible(timeout=SOLVING)
    page.get_by_role("link", name="与上一方案比较").click()
    expect(page.get_by_role("heading", name="小组有变的事项")).to_be_visible()
    assert visitor.sideways() == []

    page.goto("/supervision/calls/new/")
    visitor.tap_map()
    near = page.get_by_role("heading", name="附近的代表")
    expect(near.or_(page.get_by_text("附近没有还有余力的代表"))).to_be_visible()
    if near.is_visible():  # in this small county the list in force may have taken everybody
        page.get_by_label("什么事、请代表做什么").fill("路面塌陷，请到场看看")
        page.get_by_role("button", name="通知勾选的代表").click()
        expect(page.get_by_text("路面塌陷，请到场看看")).to_be_visible()


def test_a_deputy_claims_and_the_office_confirms(visit: Visit) -> None:
    deputy = visit("phone", "deputy").page
    deputy.goto("/supervision/topics/")
    links = [link.get_attribute("href") for link in deputy.locator("a.list-row-title").all()]
    claim = deputy.get_by_role("button", name="认领")
    for link in links:
        deputy.goto(link)
        expect(deputy.locator("#claim-box")).to_be_visible()
        if claim.is_visible():
            break
    deputy.get_by_label("为什么由您监督").fill("熟悉这里的情况")
    claim.click()
    expect(deputy.locator("#claim-box")).to_contain_text("等工委确认")
    office = visit("desktop", "county").page
    office.goto("/supervision/claims/")
    row = office.get_by_role("listitem").filter(has_text="熟悉这里的情况")
    row.get_by_role("button", name="确认认领").click()
    expect(office.get_by_text("已通知代表").first).to_be_visible()
    deputy.reload()
    expect(deputy.locator("#claim-box")).to_contain_text("认领已确认")


def test_the_leader_sees_what_is_published(visit: Visit) -> None:
    visitor = visit("desktop", "leader")
    page = visitor.page
    page.goto("/supervision/")
    expect(page.get_by_role("button", name="开始计算")).to_have_count(0)
    page.locator("[data-work-list]").get_by_role("listitem").filter(has_text="已发布").first.get_by_role("link").click()
    assert visitor.map_colours() > 10
    page.locator("#pairs").get_by_role("row").nth(1).click()
    expect(page.locator("#why").get_by_role("heading", name="为什么推荐这位代表")).to_be_visible()
    expect(page.locator("#why").get_by_role("radio")).to_have_count(0)
    assert "住处" not in page.locator("#why").inner_text()


def test_teams_are_cards_on_a_phone(visit: Visit) -> None:
    """A card a team to leaf through sideways: the page stays short, the first is chosen, another one tapped says why."""
    visitor = visit("phone", "county")
    page = visitor.page
    page.goto("/supervision/")
    page.goto(page.locator("a.list-row-title").first.get_attribute("href"))
    cards = page.locator(".teams > tbody")
    assert cards.count() > 5
    tops = {round(cards.nth(i).bounding_box()["y"]) for i in range(5)}
    assert len(tops) == 1
    assert page.evaluate("document.documentElement.scrollHeight") < 6 * 844
    assert visitor.sideways() == []
    why = page.locator("#why")
    expect(why.get_by_text("负责：")).to_contain_text(cards.first.locator("strong").inner_text())
    other = cards.nth(1)
    other.locator("tr").first.click()
    expect(why.get_by_text("负责：")).to_contain_text(other.locator("strong").inner_text())
