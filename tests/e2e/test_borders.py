"""Near a border both sides are asked about, and the answer goes with the report; a shifted position is put right and confirmed."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from gis_data.crs import wgs84_to_gcj02
from tests.e2e.visitor import Visitor

Visit = Callable[..., Visitor]
WORDS = "路边的排水沟堵了一个星期，下雨就积水。"


def places_around(lon: float, lat: float) -> Iterator[tuple[float, float]]:
    """Places some twenty metres apart, outward from a door."""
    for step in range(1, 60):
        for east, north in ((step, 0), (-step, 0), (0, step), (0, -step)):
            yield lon + east * 0.0002, lat + north * 0.0002


def near_a_border(page: Page, door: dict) -> tuple[float, float, list[dict]]:
    for lon, lat in places_around(door["lon"], door["lat"]):
        answer = page.request.get("/api/v1/find", params={"lat": f"{lat:.6f}", "lon": f"{lon:.6f}"})
        found = answer.json() if answer.ok else {"sides": []}
        if len(found["sides"]) == 2 and all(side["deputies"] for side in found["sides"]) and set(found["sides"][0]["deputies"]).isdisjoint(found["sides"][1]["deputies"]):
            return lon, lat, found["sides"]
    raise AssertionError("no border within a kilometre of the door")


def test_the_side_that_was_chosen_gets_the_report_and_the_office_reads_it(visit: Visit) -> None:
    visitor = visit("phone")
    page = visitor.page
    lon, lat, (here, other) = near_a_border(page, visitor.product.facts["door"])
    page.goto(f"/find?lat={lat:.6f}&lon={lon:.6f}&via=map")
    expect(page.get_by_text("您登记在哪个选区？")).to_be_visible()
    expect(page.get_by_role("article")).not_to_have_count(len(here["deputies"]))
    assert visitor.barriers() + visitor.sideways() + visitor.small_targets() == []

    page.get_by_role("link", name=re.compile(rf"^{re.escape(other['name'])}")).click()
    expect(page.locator(".chip[aria-current=true]")).to_contain_text(other["name"])
    first = page.get_by_role("article").first
    expect(first).to_have_attribute("data-id", re.compile("|".join(other["deputies"])))
    first.get_by_role("link", name="反映问题").click()

    expect(page.get_by_role("radio", name=other["name"])).to_be_checked()
    expect(page.locator("#place-words")).to_contain_text("先由")
    page.get_by_role("radio", name=re.compile("图钉所在")).check()
    expect(page.get_by_role("radio", name=re.compile("图钉所在"))).to_be_focused()
    page.get_by_role("radio", name=other["name"]).check()
    expect(page.get_by_role("radio", name=other["name"])).to_be_checked()
    page.get_by_label("什么问题").fill(WORDS)
    assert visitor.barriers() + visitor.sideways() + visitor.small_targets() == []
    visitor.hand_in()
    expect(page.get_by_role("heading", name="已收到您反映的问题")).to_be_visible()

    office = visit("desktop", "county").page
    office.goto("/cases/?state=all&sort=newest")
    office.get_by_role("link", name=WORDS).first.click()
    expect(office.get_by_text(f"反映人登记在“{other['name']}”")).to_be_visible()


def test_a_shifted_position_is_put_right_and_confirmed_on_the_map(visit: Visit) -> None:
    visitor = visit("phone", permissions=["geolocation"])
    page, door = visitor.page, visitor.product.facts["door"]
    lon, lat = (float(value[0]) for value in wgs84_to_gcj02(door["lon"], door["lat"]))
    visitor.context.set_geolocation({"latitude": lat, "longitude": lon, "accuracy": 20})
    page.goto("/")
    page.get_by_role("button", name="用我的位置").click()
    page.get_by_text(re.compile("位置偏了约")).click()
    page.get_by_role("link", name=re.compile("按GCJ-02")).click()
    expect(page.get_by_text("图钉已移动，请在地图上确认")).to_be_visible()
    visitor.map()  # the map lies open, with the pin where it was moved to
    assert visitor.barriers() + visitor.sideways() + visitor.small_targets() == []
    report = page.get_by_role("link", name="反映问题").first.get_attribute("href") or ""
    moved = {name: float(value) for name, value in re.findall(r"(lat|lon)=([\d.]+)", report)}
    assert moved == pytest.approx({"lat": door["lat"], "lon": door["lon"]}, abs=2e-6) and "datum=gcj02" in report
    page.get_by_role("link", name="换回原来的位置").click()
    expect(page).not_to_have_url(re.compile("datum"))


def test_a_pin_moved_by_hand_is_no_longer_a_rough_position(visit: Visit) -> None:
    visitor = visit("phone")
    page, door = visitor.page, visitor.product.facts["door"]
    page.goto(f"/report?lat={door['lat']}&lon={door['lon']}&accuracy=300&datum=gcj02")
    expect(page.locator("#id_accuracy")).to_have_value("300")
    visitor.tap_map(0.4, 0.6)
    expect(page.locator("#id_accuracy")).to_have_value("")
    expect(page.locator("#id_datum")).to_have_value("")


def test_a_unit_leads_to_its_own_deputies(visit: Visit) -> None:
    visitor = visit("phone")
    page = visitor.page
    page.goto("/")
    page.get_by_role("combobox").fill(visitor.product.facts["unit"])
    page.get_by_role("button", name="查找").click()
    expect(page.get_by_role("region", name="本单位所在选区")).to_contain_text("按单位")
    page.get_by_role("link", name="反映问题").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("代表反映")
