"""A deputy's card on a phone: from the code to the sent report; a station's door; the office writes a month by keyboard."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.product import Product
from tests.e2e.visitor import Visitor

Visit = Callable[..., Visitor]
WORDS = "村口的公交站牌倒了两个星期，老人等车没有地方坐，请派人来看看。"


def test_from_a_deputys_card_to_the_sent_report(visit: Visit, product: Product) -> None:
    """Three screens: the deputy's page, the report, the follow code."""
    facts = product.facts
    here = {"latitude": facts["door"]["lat"], "longitude": facts["door"]["lon"], "accuracy": 5}
    visitor = visit("phone", permissions=["geolocation"], geolocation=here)
    page = visitor.page
    page.goto(f"/p/{facts['deputy_code'].lower()}")
    expect(page.get_by_role("heading", level=1)).to_have_text(facts["deputy"])
    assert visitor.sideways() == visitor.small_targets() == visitor.barriers() == []
    page.get_by_text("在地图上看").click()
    assert visitor.map_colours() > 5
    page.get_by_role("link", name="向TA反映问题").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"向{facts['deputy']}代表反映")
    page.get_by_label("什么问题").fill(WORDS)
    page.get_by_role("button", name="用我的位置").click()
    expect(page.get_by_text(f"先由{facts['deputy']}代表办理")).to_be_visible()
    visitor.hand_in()
    expect(page.get_by_role("heading", name="已收到您反映的问题")).to_be_visible()


def test_a_card_is_printed_on_one_sheet(visit: Visit) -> None:
    visitor = visit("desktop")
    page, facts = visitor.page, visitor.product.facts
    page.goto(f"/p/{facts['deputy_code']}/card")
    page.emulate_media(media="print")
    expect(page.locator(".app-header")).to_be_hidden()
    expect(page.locator(".print-card svg")).to_be_visible()
    assert page.pdf(format="A4").count(b"/Type /Page\n") == 1
    page.emulate_media(media="screen")
    assert visitor.barriers() == []


def test_a_month_by_keyboard(visit: Visit) -> None:
    """Filled by rule, two turns swapped with x, one marked absent with q; leaving asks first; saved, and the station's page says so."""
    visitor = visit("desktop", "county")
    page, station = visitor.page, visitor.product.facts["station"]
    page.goto("/rota/")
    page.goto(page.locator(f"a[href*='/rota/{station}/']").last.get_attribute("href"))
    page.get_by_label("哪些日子").select_option("daily")
    page.get_by_label("怎样轮换").select_option("day")
    page.get_by_label("已排的也重排").check()
    page.get_by_role("button", name="排好，先看一看").press("Enter")
    expect(page.get_by_text("还没有保存")).to_be_visible()
    rows = page.locator(".rota-table tbody tr")
    first, second = rows.nth(10).locator("select").first, rows.nth(11).locator("select").first
    before = first.input_value(), second.input_value()
    assert before[0] and before[1] and before[0] != before[1]
    first.press("x")
    expect(first).to_have_class(re.compile("is-marked"))
    first.press("Enter")
    expect(second).to_be_focused()
    second.press("x")
    assert (first.input_value(), second.input_value()) == (before[1], before[0])
    third = rows.nth(12).locator("select").first
    third.press("q")
    expect(rows.nth(12).get_by_role("checkbox").first).to_be_checked()
    # A swap may leave somebody twice on one day: the page says which, and nothing is lost.
    for row in (10, 11):
        rows.nth(row).locator("select").nth(1).select_option("")
    asked = visitor.accept_questions()
    page.get_by_role("button", name="保存排班").press("Enter")
    expect(page.get_by_text("的排班已保存")).to_be_visible()
    assert asked == [] and first.input_value() == before[1]
    expect(rows.nth(12).get_by_role("checkbox").first).to_be_checked()
    first.select_option("")
    page.get_by_role("link", name="全部联络站").click()
    expect(page).to_have_url(re.compile(r"/rota/$"))
    assert len(asked) == 1, "leaving with changes asks"
    page.goto(f"/stations/{station}/")
    expect(page.get_by_role("heading", name="近两周值班")).to_be_visible()
