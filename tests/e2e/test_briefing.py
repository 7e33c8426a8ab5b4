"""A briefing as somebody opens it who was given the file: from the disk, without any network."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import shapely
from playwright.sync_api import Browser, Page, expect

from apps.insights.briefing_page import write
from apps.insights.briefing_parts import UNKNOWN, Content, Drawing, Shape, Table
from tests.e2e.visitor import Visitor

HOSTILE = "</script><img src=x onerror=document.title='taken'>`${document.title='taken'}'\"&"


class Alone:
    """A page without a network that notes what it asks for and what goes wrong in it."""

    def __init__(self, chromium: Browser, file: Path, **options) -> None:
        self.asked: list[str] = []
        self.faults: list[str] = []
        self.context = chromium.new_context(offline=True, **options)
        self.page: Page = self.context.new_page()
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda message: self.faults.append(message.text) if message.type in ("error", "warning") else None)
        self.page.goto(file.as_uri())

    def only_itself(self) -> None:
        assert [url for url in self.asked if not url.startswith("data:")] == [self.page.url] and self.faults == []
        self.context.close()


def content() -> Content:
    places = (
        Shape(shapely.box(120, 28, 120.1, 28.1), "#fd8d3c", HOSTILE, (HOSTILE,), "东溪镇"), Shape(shapely.box(120.1, 28, 120.2, 28.1), UNKNOWN, "南山乡", ("没有人口数",), HOSTILE),
    )  # fmt: skip
    drawing = Drawing(HOSTILE, HOSTILE, places, (("#fd8d3c", HOSTILE), (UNKNOWN, "没有人口数")), (shapely.box(120, 28, 120.2, 28.1),))
    table = Table("表", HOSTILE, ("名称", "件数"), ((HOSTILE, "3"),), frozenset({1}))
    month = dt.date(2026, 3, 1)
    return Content(HOSTILE, HOSTILE, "内部资料，请勿外传", (HOSTILE,), (("收到诉求", "3 件"),), (drawing, table), (HOSTILE,), ((month, 3),), month, month)


def test_it_opens_from_the_disk_and_runs_nothing_but_its_own(chromium: Browser, tmp_path: Path):
    file = tmp_path / "简报.html"
    file.write_bytes(write(content()))
    alone = Alone(chromium, file, viewport={"width": 390, "height": 800})
    page = alone.page
    expect(page.locator(".folium-map path.leaflet-interactive")).to_have_count(2)
    expect(page.locator(".map-mark span")).to_have_text(["东溪镇", HOSTILE])
    assert page.locator("path[fill='url(#hatched)']").count() == 1
    page.locator("path[fill='#fd8d3c']").hover()
    expect(page.locator(".leaflet-tooltip")).to_contain_text(HOSTILE)
    assert page.title() == HOSTILE and page.locator("img").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    alone.only_itself()


def test_ordered_made_and_taken_away(visit: Callable[..., Visitor], chromium: Browser, tmp_path: Path):
    """The county's office orders one; the worker makes it; what was downloaded opens without a network."""
    visitor = visit("desktop", "county")
    page = visitor.page
    page.goto("/insight/briefings/")
    page.get_by_label("标题").fill("给主任会议的简报")
    page.get_by_role("button", name="开始制作").click()
    link = page.get_by_role("link", name="网页文件")
    expect(link).to_be_visible()
    with page.expect_download() as taken:
        link.click()
    file = tmp_path / taken.value.suggested_filename
    taken.value.save_as(file)
    assert file.suffix == ".html" and 100_000 < file.stat().st_size < 8_000_000
    alone = Alone(chromium, file)
    expect(alone.page.get_by_role("heading", level=1)).to_have_text("给主任会议的简报")
    expect(alone.page.locator(".folium-map path.leaflet-interactive").first).to_be_visible()
    alone.only_itself()
