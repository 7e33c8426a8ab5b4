"""The turnover, on a desktop: a draft compared by the real worker, looked at on the map, published; before and after the day the
same place leads to the old and to the new district."""

import datetime as dt
import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.visitor import Visitor

Visit = Callable[..., Visitor]
COMPARING = 60_000  # ms


def test_from_a_draft_to_the_day_after(visit: Visit) -> None:
    visitor = visit("desktop", "county")
    page = visitor.page
    page.goto("/terms/?state=draft")
    page.get_by_role("link", name=re.compile("方案一")).click()
    page.get_by_role("button", name=re.compile("开始比对|重新比对")).click()
    expect(page.get_by_role("heading", name="新选区", exact=True)).to_be_visible(timeout=COMPARING)
    assert visitor.map_colours() > 5
    expect(page.get_by_text("必须改正")).to_have_count(0)

    pair = page.locator("#turnover-side tbody tr").first
    pair.click()
    expect(pair).to_have_class(re.compile("is-lit"))
    doors = int(pair.get_by_role("link").inner_text())
    pair.get_by_role("link").click()
    expect(page.get_by_text(f"共 {doors} 条")).to_be_visible()
    address, old, new = page.locator("tbody tr").first.get_by_role("cell").all_inner_texts()
    page.get_by_role("link", name="代表和联络站").click()
    expect(page.get_by_text("还没有登记新一届代表")).to_be_visible()
    page.get_by_role("link", name="选区", exact=True).click()

    asked = visitor.accept_questions()
    page.get_by_label("批准机关和文号").fill("县选举委员会公告第1号")
    page.get_by_label("批准日期").fill("2099-01-01")
    with visitor.expecting(422):
        page.get_by_role("button", name="公布").click()
        expect(page.get_by_role("alert")).to_contain_text("不晚于今天")
    expect(page.get_by_label("批准机关和文号")).to_have_value("县选举委员会公告第1号")
    page.get_by_label("批准日期").fill("2026-01-05")
    page.get_by_role("button", name="公布").click()
    expect(page.get_by_text("的选区已公布")).to_be_visible()
    assert "已有的民情件保留原选区" in asked[-1]

    starts = re.search(r"(\d+)年(\d+)月(\d+)日 至", page.locator(".page-head").inner_text())
    first = dt.date(*(int(part) for part in starts.groups()))
    resident = visit("phone").page
    for on, expected in ((first - dt.timedelta(days=1), old), (first, new)):
        resident.goto(f"/find?q={address.splitlines()[0]}&on={on}")
        expect(resident.locator("main")).to_contain_text(expected)
