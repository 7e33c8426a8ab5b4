"""The leader's door, on a desktop: one screen whose filters change its map, its numbers and its address together."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.e2e.visitor import Visitor

Visit = Callable[..., Visitor]


def figure(page: Page, label: str) -> int:
    text = page.locator("#cockpit-figures > *").filter(has_text=label).inner_text()
    return int(re.search(r"\d+", text.replace(",", "")).group())


def test_figures_and_their_list(visit: Visit) -> None:
    visitor = visit("desktop", "leader")
    page = visitor.page
    page.goto("/desk/")
    expect(page).to_have_url(re.compile("/cockpit/$"))
    assert visitor.map_colours() > 10
    expect(page.get_by_text("每千人件数", exact=True).last).to_be_visible()
    rows = page.locator("#cockpit-table").get_by_role("row")
    counts = [int(row.get_by_role("cell").nth(0).inner_text()) for row in rows.all()]
    total = figure(page, "期内民情件")
    assert sum(counts) == total > 0
    rows.first.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("民情件")
    expect(page.get_by_role("main")).to_contain_text(f"共 {counts[0]} 件")


def test_filters_change_numbers_and_address(visit: Visit) -> None:
    visitor = visit("desktop", "leader")
    page = visitor.page
    page.goto("/cockpit/")
    visitor.map()
    year = figure(page, "期内民情件")
    page.get_by_label("时段", exact=True).select_option(label="近两年")
    expect(page).to_have_url(re.compile("period=730"))
    expect(page.get_by_text(re.compile(r"^20\d\d年.+共 \d+ 件民情件$"))).not_to_contain_text(f"共 {year} 件")
    both = figure(page, "期内民情件")
    assert both > year
    page.locator("label.chip").first.click()
    expect(page).to_have_url(re.compile("category="))
    expect(page.locator("#cockpit-figures")).not_to_contain_text(str(both))
    one = figure(page, "期内民情件")
    assert 0 < one < both
    page.get_by_text("与上一时段比", exact=True).first.click()
    expect(page).to_have_url(re.compile("compare=1"))
    expect(page.get_by_text("比上期", exact=True)).to_be_visible()
    page.reload()
    visitor.map()
    assert figure(page, "期内民情件") == one
    expect(page.get_by_label("时段", exact=True).locator("option:checked")).to_have_text("近两年")


def test_villages_and_cells(visit: Visit) -> None:
    visitor = visit("desktop", "leader")
    page = visitor.page
    page.goto("/cockpit/?period=730")
    visitor.map()
    towns = page.locator("#cockpit-table").get_by_role("row").count()
    page.get_by_label("区域", exact=True).select_option(label="村社")
    expect(page).to_have_url(re.compile("level=village"))
    expect(page.locator("#cockpit-table").get_by_role("row").nth(towns)).to_be_attached()
    page.get_by_text("按方格").click()
    expect(page).to_have_url(re.compile("by=cell"))
    expect(page.get_by_text("每格件数")).to_be_visible()
    assert visitor.map_colours() > 10


def test_a_click_on_the_map_leads_to_the_list_behind(visit: Visit) -> None:
    visitor = visit("desktop", "leader")
    page = visitor.page
    page.goto("/cockpit/?period=730")
    visitor.tap_map(0.5, 0.5)
    card = page.get_by_role("link", name="看这些民情件")
    expect(card).to_be_visible()
    card.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("民情件")


def test_projects_on_the_same_screen(visit: Visit) -> None:
    visitor = visit("desktop", "leader")
    page = visitor.page
    page.goto("/cockpit/")
    chart = page.locator("#cockpit-projects")
    chart.scroll_into_view_if_needed()
    expect(chart.locator("svg, canvas").first).to_be_visible()
    behind = figure(page, "明显落后的项目")
    page.get_by_role("link", name="明显落后的项目").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("重点项目")
    expect(page.get_by_role("article")).to_have_count(behind)


def shade(page: Page) -> int:
    return max(page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)"))


def test_dark(visit: Visit) -> None:
    """The wall's theme: a switch keeps the filters, and the browser remembers it."""
    visitor = visit("desktop", "leader")
    page = visitor.page
    page.goto("/cockpit/")
    page.get_by_label("时段", exact=True).select_option(label="近 90 天")
    expect(page).to_have_url(re.compile("period=90"))
    page.get_by_role("button", name="深色").click()
    visitor.map()
    assert shade(page) < 80
    expect(page.get_by_label("时段", exact=True)).to_have_value("90")
    page.goto("/cockpit/")
    assert shade(page) < 80
    page.get_by_role("button", name="浅色").click()
    expect(page.get_by_role("button", name="深色")).to_be_visible()
    assert shade(page) > 200


def test_by_cell_bars_what_has_no_effect(visit: Visit) -> None:
    visitor = visit("desktop", "leader")
    page = visitor.page
    page.goto("/cockpit/?level=village")
    area, measure = page.get_by_label("区域", exact=True), page.get_by_role("radio", name="件数", exact=True)
    expect(area).to_be_enabled()
    page.get_by_text("按方格", exact=True).click()
    expect(area).to_be_disabled()
    expect(measure).to_be_disabled()
    expect(page.get_by_role("group", name="数值")).to_have_attribute("title", re.compile("按方格"))
    expect(page).to_have_url(re.compile("by=cell.*level=village"))
    page.reload()
    expect(area).to_be_disabled()
    page.get_by_text("按区域", exact=True).click()
    expect(area).to_be_enabled()
    expect(area).to_have_value("village")
