"""The assignment workbench, on a desktop: each preset is solved by the real worker, one choice is changed, one list is published."""

import re
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.visitor import Visitor

Visit = Callable[..., Visitor]
SOLVING = 60_000  # ms


def draft(visitor: Visitor, preset: str, name: str) -> None:
    """From the list of runs to a finished draft."""
    page = visitor.page
    page.goto("/supervision/")
    page.get_by_text(preset, exact=True).first.click()
    page.get_by_label("名称").fill(name)
    page.get_by_role("button", name="开始计算").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.get_by_text("草案", exact=True)).to_be_visible(timeout=SOLVING)


def figure(page: Page, label: str) -> int:
    return int(re.search(rf"{label}\s*(\d+)", page.locator("#run-totals").inner_text()).group(1))


@pytest.mark.parametrize("preset", ["均衡", "延续去年"])
def test_other_presets(visit: Visit, preset: str) -> None:
    visitor = visit("desktop", "county")
    draft(visitor, preset, f"试算{preset}")
    assert figure(visitor.page, "空缺") == 0
    expect(visitor.page.locator("#run-totals")).to_contain_text("已证明最优")
    visitor.page.get_by_role("link", name="返回方案列表").click()
    expect(visitor.page.get_by_role("listitem").filter(has_text=f"试算{preset}")).to_contain_text("草案")


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

    with visitor.expecting(422):
        why.get_by_role("button", name="换成选中的代表").click()
        expect(why.get_by_role("alert")).to_contain_text("请先选一位替换的代表")
        other = why.get_by_role("radio").first
        other.check()
        chosen = other.get_attribute("value")
        why.get_by_role("button", name="换成选中的代表").click()
        expect(why.get_by_role("alert")).to_contain_text("理由")
    expect(why.locator(f"input[value='{chosen}']")).to_be_checked()
    why.get_by_label("调整理由").fill("本人长期联系这个片区")
    why.get_by_role("button", name="换成选中的代表").click()
    changed = page.locator("#pairs").get_by_role("row").filter(has_text="本人长期联系这个片区")
    expect(changed).to_contain_text("人工调整：")
    expect(changed).not_to_contain_text(leader)
    assert figure(page, "人工调整") == 1
    assert figure(page, "人选") == pairs

    asked = visitor.accept_questions()
    page.get_by_role("button", name="批准").click()
    expect(page.get_by_text("已批准", exact=True)).to_be_visible()
    page.get_by_role("button", name="发布").click()
    expect(page.get_by_text("已发布", exact=True)).to_be_visible()
    assert any("发布后不能再改" in question for question in asked)

    with page.expect_download() as download:
        page.get_by_role("link", name="下载可签名清单").click()
    download.value.save_as(tmp_path / "list.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "list.xlsx").active
    cells = [str(value) for row in sheet.iter_rows(values_only=True) for value in row if value is not None]
    assert any("本人长期联系这个片区" in cell for cell in cells)
    name = changed.get_by_role("cell").nth(1).inner_text().split()[0]
    assert any(name in cell for cell in cells)

    page.get_by_role("link", name="返回方案列表").click()
    expect(page.get_by_role("listitem").filter(has_text="下半年监督分工")).to_contain_text("现行")


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
