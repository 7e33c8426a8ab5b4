"""Rules for the lead unit on a desktop: one is made, tried on a text and a point of the map, and taken out of force."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.visitor import Visitor

Visit = Callable[..., Visitor]
TEXT = "桥头那盏路灯不亮已经半个月了，晚上看不见路。"


def test_a_rule_is_made_and_tried(visit: Visit) -> None:
    visitor = visit("desktop", "dispatcher")
    page = visitor.page
    page.goto("/cases/rules/")
    expect(page.get_by_role("heading", name="按类别的一般规则")).to_be_visible()
    page.get_by_role("link", name="增加规则").click()
    page.get_by_label("类别").select_option(label="道路与市政设施")
    page.get_by_label("内容里有其中一个词").fill("路灯、灯杆")
    with visitor.expecting(422):
        page.get_by_role("button", name="保存").click()
        expect(page.get_by_role("alert")).to_contain_text("请填其中一项")
    expect(page.get_by_label("内容里有其中一个词")).to_have_value("路灯、灯杆")
    page.get_by_label("主办单位", exact=False).first.select_option(index=3)
    lead = page.get_by_label("主办单位", exact=False).first.locator("option:checked").inner_text()
    page.get_by_label("次序").fill("1")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("main")).to_contain_text("已增加第 1 条规则")

    page.get_by_role("link", name="试一试").click()
    page.get_by_label("内容").fill(TEXT)
    visitor.tap_map(0.5, 0.5)
    page.get_by_role("button", name="试一试").click()
    result = page.get_by_role("region", name="结果")
    expect(result).to_contain_text("道路与市政设施")
    expect(result).to_contain_text(lead)
    expect(result).to_contain_text("交办规则第 1 条")
    assert visitor.barriers() == [] and visitor.sideways() == []
    page.goto("/cases/rules/")
    page.get_by_role("button", name="停用").click()
    expect(page.get_by_text("已停用（1）")).to_be_visible()
