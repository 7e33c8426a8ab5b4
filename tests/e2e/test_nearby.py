"""The deputy's map on a phone and a desk: list and map in step, the list follows the map, from where one stands, a project followed."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.visitor import Visitor

Visit = Callable[..., Visitor]


def test_near_home_on_a_phone_and_from_where_one_stands(visit: Visit) -> None:
    visitor = visit("phone", "deputy", permissions=["geolocation"])
    page, door = visitor.page, visitor.product.facts["door"]
    page.goto("/projects/nearby/")
    cards = page.get_by_role("article")
    expect(cards.first).to_contain_text("离您")
    expect(cards.first.get_by_role("img", name=re.compile("完成 .+%，计划 .+%"))).to_be_visible()
    assert visitor.map_colours() > 10
    assert visitor.sideways() == [] and visitor.small_targets() == [] and visitor.barriers() == []

    visitor.context.set_geolocation({"latitude": door["lat"], "longitude": door["lon"], "accuracy": 900})
    page.get_by_role("button", name="我的位置").click()
    expect(page.get_by_text("定位误差约 900 米")).to_be_visible()
    expect(page.get_by_text(re.compile("离您现在的位置由近到远"))).to_be_visible()
    page.get_by_text("位置偏了几百米？").click()
    page.get_by_role("link", name=re.compile("GCJ-02")).click()
    expect(page.get_by_text(re.compile("已按 GCJ-02.*坐标换算"))).to_be_visible()


def test_list_and_map_in_step(visit: Visit) -> None:
    visitor = visit("desktop", "deputy")
    page = visitor.page
    page.goto("/projects/nearby/")
    visitor.map()
    cards, count = page.get_by_role("article"), page.get_by_text(re.compile(r"共 \d+ 个项目"))
    all_of_them = int(re.search(r"\d+", count.inner_text()).group())
    cards.nth(1).hover()
    expect(cards.nth(1)).to_have_class(re.compile("is-lit"))
    expect(cards.nth(0)).not_to_have_class(re.compile("is-lit"))

    name = cards.nth(0).get_by_role("link").first.inner_text()
    page.get_by_label("进度", exact=True).select_option("good")  # the list alone is asked for: the map stays
    expect(page).to_have_url(re.compile("tone=good"))
    for state in cards.all():
        expect(state.get_by_text(re.compile("按计划|比计划快"))).to_be_visible()
    page.get_by_label("进度", exact=True).select_option("")
    expect(count).to_have_text(re.compile(rf"共 {all_of_them} 个"))

    page.get_by_text("列表跟着地图走").click()
    box = visitor.map().bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 20, box["y"] + box["height"] / 2, steps=8)
    page.mouse.up()
    expect(page).to_have_url(re.compile("box=1"))
    expect(page.get_by_text("地图范围内").or_(page.get_by_text("这一片没有符合条件的项目")).first).to_be_visible()
    page.get_by_text("列表跟着地图走").click()
    expect(count).to_have_text(re.compile(rf"共 {all_of_them} 个项目，离您"))
    expect(cards.nth(0).get_by_role("link").first).to_have_text(name)


def test_following(visit: Visit) -> None:
    visitor = visit("phone", "deputy")
    page = visitor.page
    page.goto("/projects/nearby/")
    name = page.get_by_role("article").first.get_by_role("link").first.inner_text()
    page.get_by_role("button", name=f"关注{name}", exact=True).click()
    expect(page.get_by_role("button", name=f"已关注{name}")).to_be_visible()
    page.get_by_role("link", name="我关注的").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("我关注的项目")
    expect(page.get_by_role("article")).to_have_count(1)
    page.get_by_role("button", name=f"已关注{name}").click()
    expect(page.get_by_role("button", name=f"关注{name}", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_text("还没有关注项目")).to_be_visible()
