"""One report on its way through the doors: each hands it to the next, and its answer comes back to the resident."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.visitor import Visitor

Visit = Callable[..., Visitor]
ANSWER = "已到现场看过，路灯本周五前修好，请您到时再看一看。"


def report(resident: Visitor, words: str) -> str:
    """File a report at the known door; its follow code."""
    door, page = resident.product.facts["door"], resident.page
    page.goto(f"/find?q={door['address']}")
    page.get_by_role("link", name="反映问题").click()
    page.get_by_label("什么问题").fill(words)
    page.get_by_label("怎么称呼您").fill("陈女士")
    page.get_by_label("联系电话").fill("13900000000")
    resident.hand_in()
    return page.locator("#follow-code").inner_text()


def open_case(visitor: Visitor, words: str, code: str) -> None:
    """From the list of what waits to the case itself: beside the list on wide screens, on a page of its own on phones. The resident's code
    is nowhere on it."""
    visitor.page.goto("/cases/?sort=newest")
    visitor.page.get_by_role("link", name=words).first.click()  # the newest
    expect(visitor.page.get_by_role("heading", name=re.compile(r"^民情件 \d{4}-\d{6}$"))).to_be_visible()
    assert code not in visitor.page.content() and code.replace("-", "") not in visitor.page.content()


def move(visitor: Visitor, button: str, note: str = "") -> None:
    """Make one move with the case that is open: choose the step, write, press its button."""
    visitor.page.get_by_role("group", name="办哪一步").get_by_text(button, exact=True).click()
    if note:
        visitor.page.locator("#id_note").fill(note)
    visitor.page.get_by_role("button", name=button, exact=True).locator("visible=true").click()
    expect(visitor.page.locator("#flash")).to_contain_text("已办好")


def rate(resident: Visitor, code: str, answer: str) -> None:
    page = resident.page
    page.goto(f"/follow?code={code}")
    expect(page.get_by_text(answer)).to_be_visible()
    for part in ("办理结果满意吗", "代表的服务满意吗"):
        page.get_by_role("group", name=re.compile(part)).get_by_text("满意", exact=True).click()
    page.get_by_role("button", name="提交评价").click()
    expect(page.get_by_text("您的评价：满意")).to_be_visible()
    expect(page.get_by_role("button", name="提交评价")).to_have_count(0)


def test_the_deputy_answers_and_the_resident_rates(visit: Visit) -> None:
    resident, deputy = visit("phone"), visit("phone", "deputy")
    words = "桥头的路灯又坏了，孩子晚自习回家看不清路。"
    code = report(resident, words)
    asked = deputy.accept_questions()

    deputy.page.goto("/desk/")
    open_case(deputy, words, code)
    expect(deputy.page.get_by_text("13900000000")).to_be_visible()
    deputy.map()
    with deputy.expecting(409):
        deputy.page.get_by_role("button", name="答复", exact=True).locator("visible=true").click()
        expect(deputy.page.get_by_role("alert")).to_contain_text("请写下答复的内容")
    number = deputy.page.get_by_role("heading", name="民情件").inner_text().split()[1]
    move(deputy, "答复", ANSWER)
    assert any("不能修改" in question for question in asked)
    deputy.page.goto(f"/cases/{number}/")
    expect(deputy.page.get_by_text(ANSWER).first).to_be_visible()
    expect(deputy.page.get_by_text("13900000000")).to_have_count(0)

    rate(resident, code, ANSWER)


def test_from_the_deputy_to_the_unit_and_back(visit: Visit) -> None:
    resident = visit("phone")
    words, unit = "河道里漂着大片垃圾，夏天臭得开不了窗。", resident.product.facts["unit"]
    code = report(resident, words)
    for login, button, note in [
        ("deputy", "提交镇人大", "需要镇里协调，代表解决不了。"),
        ("town", "提交县人大", "涉及两个镇的河段，请县里办。"),
        ("county", "转县政府办", "请确定承办单位。"),
    ]:
        visitor = visit("phone" if login == "deputy" else "desktop", login)
        visitor.accept_questions()
        open_case(visitor, words, code)
        move(visitor, button, note)

    dispatcher = visit("desktop", "dispatcher")
    dispatcher.accept_questions()
    open_case(dispatcher, words, code)
    with dispatcher.expecting(409):
        dispatcher.page.get_by_label("交办意见").fill("请十个工作日内办结。")
        dispatcher.page.get_by_role("button", name="交办", exact=True).locator("visible=true").click()
        expect(dispatcher.page.get_by_role("alert")).to_contain_text("请选择承办单位")
    expect(dispatcher.page.get_by_label("交办意见")).to_have_value("请十个工作日内办结。")
    dispatcher.page.get_by_label("承办单位").select_option(label=unit)
    move(dispatcher, "交办")

    resident.page.goto(f"/follow?code={code}")
    expect(resident.page.get_by_text(f"现在由{unit}办理")).to_be_visible()
    expect(resident.page.get_by_text("涉及两个镇的河段")).to_have_count(0)

    worker = visit("desktop", "unit")
    worker.accept_questions()
    open_case(worker, words, code)
    move(worker, "答复", "垃圾已清完，并装了拦污网。")
    rate(resident, code, "垃圾已清完，并装了拦污网。")
