"""The resident's door, on a phone: an address, a position or a tap on the map leads to the deputies and to a report that can be followed."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.visitor import Visitor

Visit = Callable[..., Visitor]
FAR_AWAY = {"latitude": 39.9, "longitude": 116.4}
WORDS = "工业区路口的路灯坏了半个月，晚上看不见路，请安排修理。"


def search(page: Page, text: str) -> None:
    page.get_by_role("combobox").fill(text)
    page.get_by_role("button", name="查找").click()


def expect_result(visitor: Visitor) -> None:
    """The page of the known door: both districts, and the deputy who answers first on top with the reason."""
    facts, page = visitor.product.facts, visitor.page
    districts = page.get_by_role("region", name="此地所在选区")
    for district in facts["districts"]:
        expect(districts).to_contain_text(district)
    first = page.get_by_role("article").first
    expect(first).to_contain_text(facts["deputy"])
    expect(first).to_contain_text("您所在选区的代表")
    expect(first.get_by_role("link", name="反映问题")).to_be_visible()


def test_suggestion_result_report_follow(visit: Visit) -> None:
    visitor = visit("phone", permissions=["clipboard-read", "clipboard-write"])
    page, facts = visitor.page, visitor.product.facts
    page.goto("/")
    page.get_by_role("combobox").press_sequentially(facts["door"]["address"][:-1])
    page.get_by_role("option", name=facts["door"]["address"]).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(facts["door"]["address"])
    expect_result(visitor)
    page.get_by_text("在地图上看").click()
    assert visitor.map_colours() > 10

    page.get_by_role("link", name="反映问题").click()
    expect(page.get_by_text(f"先由{facts['deputy']}代表办理")).to_be_visible()
    visitor.map()
    page.get_by_label("联系电话").fill("13900000000")
    with visitor.expecting(422):
        page.get_by_role("button", name="提交").click()
        expect(page.get_by_role("alert")).to_contain_text("请写下要反映的问题")
    expect(page.get_by_label("联系电话")).to_have_value("13900000000")
    page.get_by_label("什么问题").fill(WORDS)
    page.get_by_label("属于哪一类").select_option(index=1)
    visitor.hand_in()

    expect(page.get_by_role("heading", name="已收到您反映的问题")).to_be_visible()
    code = page.locator("#follow-code").inner_text()
    page.get_by_role("button", name="复制查询码").click()
    expect(page.get_by_text("已复制")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == code
    expect(page.get_by_text(f"{facts['deputy']}代表办理")).to_be_visible()

    page.get_by_role("navigation").get_by_role("link", name="查进度").click()
    page.get_by_label("查询码").fill(code.lower().replace("-", " "))
    page.get_by_role("button", name="查询").click()
    expect(page.get_by_text(f"现在由{facts['deputy']}代表办理")).to_be_visible()
    expect(page.get_by_text(WORDS)).to_be_visible()
    assert "13900000000" not in page.content()


def test_arrows_walk_through_the_suggestions(visit: Visit) -> None:
    visitor = visit("desktop")
    page, door = visitor.page, visitor.product.facts["door"]
    page.goto("/")
    box = page.get_by_role("combobox")
    box.press_sequentially(door["address"])
    expect(page.get_by_role("option").first).to_be_visible()
    expect(box).to_have_attribute("aria-expanded", "true")
    box.press("ArrowDown")
    chosen = page.get_by_role("option", selected=True)
    expect(chosen).to_have_count(1)
    box.press("Enter")
    expect(page).to_have_url(re.compile(r"/find\?q="))


def test_a_road_asks_for_the_door(visit: Visit) -> None:
    visitor = visit("phone")
    page, door = visitor.page, visitor.product.facts["door"]
    page.goto("/")
    search(page, door["road"])
    expect(page.get_by_role("heading", name="请选择您的门牌")).to_be_visible()
    first = page.get_by_role("main").get_by_role("listitem").get_by_role("link").first
    address = first.inner_text()
    first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(address)


def test_own_position(visit: Visit) -> None:
    visitor = visit("phone", permissions=["geolocation"])
    page, door = visitor.page, visitor.product.facts["door"]
    visitor.context.set_geolocation({"latitude": door["lat"], "longitude": door["lon"], "accuracy": 12})
    page.goto("/")
    page.get_by_role("button", name="用我的位置").click()
    expect(page).to_have_url(re.compile(rf"/find\?.*lat={door['lat']:.6f}"))
    expect_result(visitor)


def test_position_outside_the_county(visit: Visit) -> None:
    visitor = visit("phone", permissions=["geolocation"])
    visitor.context.set_geolocation(FAR_AWAY)
    visitor.page.goto("/")
    with visitor.expecting(404):
        visitor.page.get_by_role("button", name="用我的位置").click()
        expect(visitor.page.get_by_role("alert")).to_contain_text(re.compile("不在.+范围内.*公里"))
    expect(visitor.page.get_by_role("combobox")).to_be_visible()


def test_position_refused(visit: Visit) -> None:
    visitor = visit("phone", permissions=[])
    visitor.page.goto("/")
    visitor.page.get_by_role("button", name="用我的位置").click()
    expect(visitor.page.locator("#locate-status")).to_contain_text("地址")


def test_tap_on_the_map(visit: Visit) -> None:
    visitor = visit("phone")
    visitor.page.goto("/")
    assert visitor.map_colours() > 10
    visitor.tap_map()
    expect(visitor.page).to_have_url(re.compile(r"/find\?.*lat=.*lon=|/find\?.*lon=.*lat="))
    expect(visitor.page.get_by_role("region", name="此地所在选区")).to_be_visible()


def test_not_here_moves_the_point(visit: Visit) -> None:
    visitor = visit("phone")
    page, door = visitor.page, visitor.product.facts["door"]
    page.goto(f"/find?lat={door['lat']}&lon={door['lon']}")
    before = page.url
    page.get_by_role("button", name="不是这里？").click()
    visitor.tap_map(0.3, 0.8)  # away from the pin
    expect(page).not_to_have_url(before)
    expect(page).to_have_url(re.compile("via=map"))


def test_unknown_address_stays_in_the_box(visit: Visit) -> None:
    visitor = visit("phone")
    page = visitor.page
    page.goto("/")
    with visitor.expecting(404):
        search(page, "不存在路9999号")
        expect(page.get_by_role("alert")).to_contain_text("没有找到“不存在路9999号”")
    expect(page.get_by_role("combobox")).to_have_value("不存在路9999号")
    visitor.map()
    expect(page.get_by_role("button", name="用我的位置")).to_be_visible()


def test_unknown_code_stays_in_the_field(visit: Visit) -> None:
    visitor = visit("phone")
    page = visitor.page
    page.goto("/follow")
    page.get_by_label("查询码").fill("ABCDE-23456")
    with visitor.expecting(404):
        page.get_by_role("button", name="查询").click()
        expect(page.get_by_role("alert")).to_contain_text("没有找到这个查询码")
    expect(page.get_by_label("查询码")).to_have_value("ABCDE-23456")


@pytest.mark.parametrize("address", ["/nowhere", "/cases/", "/supervision/"])
def test_strangers_are_led_on(visit: Visit, address: str) -> None:
    """A page that is not there says so and leads on; an office page leads to the login."""
    visitor = visit("phone")
    with visitor.expecting(404):
        visitor.page.goto(address)
    assert visitor.barriers() == []
    if address == "/nowhere":
        expect(visitor.page.get_by_role("link", name=re.compile("首页|找代表")).first).to_be_visible()
    else:
        expect(visitor.page.get_by_role("button", name="登录", exact=True)).to_be_visible()
