"""The work list of the offices, on a desktop: filters live in the address, keys walk through it, a case opens beside it."""

import csv
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.visitor import Visitor

Visit = Callable[..., Visitor]


def listed(page: Page) -> int:
    return int(re.search(r"共 (\d+) 件", page.get_by_role("main").inner_text()).group(1))


def test_filters_live_in_the_address(visit: Visit) -> None:
    visitor = visit("desktop", "town")
    page = visitor.page
    page.goto("/cases/?state=all")
    everything = listed(page)
    category = page.get_by_label("类别", exact=True)
    label = page.locator("[data-work-list]").get_by_role("listitem").filter(has_not_text="未分类").first.inner_text().split(" · ")[1]
    category.select_option(label=label)
    expect(page).to_have_url(re.compile(r"category=\w+"))
    expect(page.get_by_role("link", name="清除筛选")).to_be_visible()
    narrowed = listed(page)
    assert 0 < narrowed < everything
    for row in page.locator("[data-work-list]").get_by_role("listitem").all():
        expect(row).to_contain_text(label)
    page.reload()
    assert listed(page) == narrowed
    expect(category.locator("option:checked")).to_have_text(label)
    page.get_by_role("link", name="清除筛选").click()
    expect(page).not_to_have_url(re.compile(r"category=\w+"))
    page.get_by_label("内容").fill("绝不会有人写的话")
    page.get_by_label("内容").press("Enter")
    expect(page.get_by_text("没有符合条件的民情件")).to_be_visible()
    expect(page.get_by_label("内容")).to_have_value("绝不会有人写的话")


def test_only_the_own_town(visit: Visit) -> None:
    """The clerk's list holds his town's cases; the county's holds more."""
    town, county = visit("desktop", "town"), visit("desktop", "county")
    for visitor in (town, county):
        visitor.page.goto("/cases/?state=all")
    assert 0 < listed(town.page) < listed(county.page)
    for row in town.page.locator("[data-work-list]").get_by_role("listitem").all():
        expect(row).to_contain_text(town.product.facts["town"])


def test_keys_and_the_case_beside_the_list(visit: Visit) -> None:
    visitor = visit("desktop", "town")
    page = visitor.page
    page.goto("/cases/?state=all")
    links = page.locator("[data-work-list]").get_by_role("link")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(links.nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(links.nth(0)).to_be_focused()
    words = links.nth(0).inner_text().rstrip("…")
    page.keyboard.press("Enter")
    detail = page.get_by_role("complementary", name="选中的民情件")
    expect(detail.get_by_text(words).first).to_be_visible()
    expect(detail.get_by_role("heading", name="经过")).to_be_visible()
    page.locator("body").click(position={"x": 5, "y": 500})
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="内容或编号")).to_be_focused()


def test_the_list_as_a_table(visit: Visit, tmp_path: Path) -> None:
    visitor = visit("desktop", "town")
    page = visitor.page
    page.goto("/cases/?state=all")
    page.get_by_text("导出表格").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    download.value.save_as(tmp_path / "cases.csv")
    with (tmp_path / "cases.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == listed(page)
    assert {row["乡镇街道"] for row in rows} == {visitor.product.facts["town"]}


def test_no_door_into_others_rooms(visit: Visit) -> None:
    visitor = visit("desktop", "town")
    with visitor.expecting(403):
        visitor.page.goto("/cockpit/")
    expect(visitor.page.get_by_role("link").first).to_be_visible()
    expect(visitor.page.get_by_role("heading", level=1)).to_contain_text("权限")
