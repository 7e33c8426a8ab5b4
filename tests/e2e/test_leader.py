"""The leader's door: one screen on a desktop whose numbers lead to their lists, that keeps itself up to date, and that fits a wall."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.e2e.visitor import Visitor

Visit = Callable[..., Visitor]


def figure(page: Page, label: str) -> int:
    text = page.locator("#cockpit-numbers > *").filter(has_text=label).locator(".figure-value").inner_text()
    return int(re.search(r"\d+", text.replace(",", "")).group())


def shade(page: Page) -> int:
    return max(page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)"))


def scrolls(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollHeight > innerHeight || document.querySelector('.cockpit').scrollHeight > document.querySelector('.app-main').clientHeight + 1")


def test_numbers_and_their_lists(visit: Visit) -> None:
    visitor = visit("desktop", "leader")
    page = visitor.page
    page.goto("/desk/")
    expect(page).to_have_url(re.compile("/cockpit/$"))
    assert visitor.map_colours() > 10
    for chart in ("trend", "projects", "content", "activity"):
        expect(page.locator(f"#cockpit-{chart} canvas")).to_be_visible()
    month = figure(page, "新收民情件")
    page.get_by_text("近一年", exact=True).click()
    expect(page).to_have_url(re.compile("period=365"))
    expect(page.locator("#cockpit-numbers > *").first).not_to_contain_text(re.compile(rf"\b{month}\b"))
    year = figure(page, "新收民情件")
    assert year > month
    page.get_by_role("link", name="新收民情件").click()
    expect(page.get_by_role("main")).to_contain_text(f"共 {year} 件")
    page.go_back()
    behind = figure(page, "明显落后的项目")
    page.get_by_role("link", name="明显落后的项目").click()
    expect(page.get_by_role("article")).to_have_count(behind)


def test_a_click_on_the_map_leads_to_the_map_of_that_place(visit: Visit) -> None:
    visitor = visit("desktop", "leader")
    page = visitor.page
    page.goto("/cockpit/?period=730")
    visitor.tap_map(0.5, 0.5)
    card = page.get_by_role("link", name=re.compile("在民情地图里看|看这个热点"))
    expect(card).to_be_visible()


def test_one_screen_on_the_wall_kept_up_to_date(visit: Visit) -> None:
    """1920 x 1080 holds all of it, with navigation and without; dark stays remembered; news come without a reload."""
    visitor = visit("desktop", "leader")
    page = visitor.page
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.goto("/cockpit/?period=90")
    visitor.map()
    assert not scrolls(page)
    page.get_by_role("button", name="大屏").click()
    visitor.map()
    expect(page.get_by_role("navigation", name="主导航")).to_have_count(0)
    assert not scrolls(page) and shade(page) < 80
    asked = page.evaluate("new URL(location.href).searchParams.get('period')")
    assert asked == "90"
    with page.expect_response(lambda response: "/cockpit/data" in response.url) as answer:
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert answer.value.ok
    page.keyboard.press("Escape")
    expect(page.get_by_role("navigation", name="主导航").first).to_be_visible()
    page.get_by_role("button", name="深色").click()
    page.goto("/cockpit/")
    assert shade(page) < 80
    page.get_by_role("button", name="浅色").click()
    expect(page.get_by_role("button", name="深色")).to_be_visible()
    assert shade(page) > 200
