"""The map of voices in a browser: a leader's desktop, a town office's phone. Every way of looking draws, says what it shows, and has its list."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.e2e.visitor import Visitor

Visit = Callable[..., Visitor]
WAYS = {"按方格": ("cell", "每格件数"), "按六边形": ("hex", "六边形"), "密度": ("density", "每平方公里件数"), "热点冷点": ("hot", "热点和冷点"), "变化": ("change", "与对比时段比"), "按区划": ("region", "每千人件数")}  # fmt: skip


def total(page: Page) -> int:
    return int(re.search(r"共 ([\d,]+) 件", page.locator("#insight-counted").inner_text())[1].replace(",", ""))


def settled(visitor: Visitor) -> None:
    expect(visitor.page.locator("#insight")).not_to_have_attribute("aria-busy", "true")
    visitor.map()


def test_a_leader_looks_in_every_way(visit: Visit) -> None:
    visitor = visit("desktop", "leader")
    visitor.product.manage("rebuild_facts")
    page = visitor.page
    page.goto("/insight/?period=730")
    settled(visitor)
    assert visitor.map_colours() > 10
    everything = total(page)
    assert everything > 0
    for label, (by, legend) in WAYS.items():
        page.locator(".insight-ways").get_by_text(label, exact=True).click()
        expect(page).to_have_url(re.compile(f"by={by}") if by != "region" else re.compile(r"/insight/\?period=730"))
        expect(page.locator(".map-legend-title")).to_contain_text(legend)
        settled(visitor)
    assert visitor.barriers() == [] and visitor.sideways() == []

    # Categories at three levels: a lower one narrows the one above.
    page.locator("#insight-tree > fieldset").first.get_by_text("城乡建设", exact=True).click()
    expect(page).to_have_url(re.compile("category=l1_urban"))
    settled(visitor)
    first = total(page)
    assert 0 < first < everything
    page.locator("[data-under=l1_urban] label").first.click()
    expect(page).not_to_have_url(re.compile("l1_urban"))
    settled(visitor)
    assert 0 < total(page) < first
    page.get_by_role("link", name="清除筛选").click()

    # One step of time by keyboard; the same comes back with the address.
    settled(visitor)
    page.get_by_label("看哪一步").press("ArrowLeft")
    expect(page).to_have_url(re.compile(r"at=\d{4}-\d\d"))
    settled(visitor)
    one, shown = total(page), page.locator("#insight-now").inner_text()
    assert 0 < one < everything and f"{one} 件" in shown
    page.reload()
    settled(visitor)
    assert (total(page), page.locator("#insight-now").inner_text()) == (one, shown)
    page.get_by_role("button", name="播放").click()
    expect(page.get_by_role("button", name="播放")).to_be_visible()
    expect(page.locator("#insight-now")).not_to_have_text(shown)

    # A click leads to what is behind, and a picture of it can be taken away.
    page.get_by_role("button", name="看全时段").click()
    settled(visitor)
    visitor.tap_map(0.5, 0.5)
    expect(page.get_by_role("link", name="看民情件")).to_be_visible()
    with page.expect_download() as taken:
        page.get_by_role("button", name="导出图片").click()
    picture = taken.value.path().read_bytes()
    assert picture[:4] == b"\x89PNG" and int.from_bytes(picture[16:20]) == 2400 and len(picture) > 50_000
    page.get_by_role("link", name="看民情件").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("民情件")


def test_a_town_on_a_phone(visit: Visit) -> None:
    visitor = visit("phone", "town")
    page = visitor.page
    page.goto("/insight/?period=730&level=village")
    settled(visitor)
    assert visitor.map_colours() > 5
    rows = page.locator("#insight-list tbody tr")
    assert rows.count() > 1
    assert visitor.sideways() == [] and visitor.small_targets() == [] and visitor.barriers() == []
    page.get_by_role("button", name=re.compile("筛选")).click()
    page.get_by_label("办理情况").select_option(label="未办完")
    expect(page).to_have_url(re.compile("state=open"))
    settled(visitor)
    assert visitor.sideways() == [] and visitor.small_targets() == []
    page.locator("#insight-list tbody a[href^='/cases/']").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("民情件")
