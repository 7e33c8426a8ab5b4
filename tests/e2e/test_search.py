"""The search box: letters, a road, its number, by finger and by keyboard."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from apps.territory.sounds import readings
from tests.e2e.visitor import Visitor

Visit = Callable[..., Visitor]


def initials(name: str) -> str:
    return "".join(readings(character)[0][0] for character in name)


def test_letters_a_road_its_number(visit: Visit) -> None:
    visitor = visit("phone")
    page, door = visitor.page, visitor.product.facts["door"]
    page.goto("/")
    box, options = page.get_by_role("combobox"), page.get_by_role("option")
    letters = initials(door["road"])
    box.press_sequentially(letters[0])
    page.wait_for_timeout(600)
    expect(options).to_have_count(0)
    box.press_sequentially(letters[1:])
    before_number = door["address"].partition(door["road"])[0] + door["road"]
    options.filter(has_text=before_number).first.tap()
    expect(box).to_have_value(before_number)  # a road is no address: its number goes behind it
    expect(box).to_be_focused()
    expect(page).to_have_url(re.compile(r"/$"))
    expect(options.filter(has_text=re.compile(rf"^{re.escape(before_number)}\d")).first).to_be_visible()
    box.press_sequentially(door["address"].removeprefix(before_number).rstrip("号"))
    options.filter(has_text=re.compile(rf"^{re.escape(door['address'])} ")).tap()
    page.wait_for_url(re.compile(r"/find\?q="))
    expect(page.get_by_role("heading", level=1)).to_have_text(door["address"])


def test_keys(visit: Visit) -> None:
    visitor = visit("desktop")
    page, door = visitor.page, visitor.product.facts["door"]
    page.goto("/")
    box, options = page.get_by_role("combobox"), page.get_by_role("option")
    box.press_sequentially(door["road"][:2])
    expect(options.first).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="条建议")).to_be_attached()
    box.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", options.last.get_attribute("id"))
    box.press("Escape")
    expect(options).to_have_count(0)
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(box).to_have_value(door["road"][:2])
    box.press_sequentially(door["road"][2:])
    expect(options.first).to_be_visible()
    assert visitor.barriers() == []
    box.press("Tab")
    expect(options).to_have_count(0)
    box.fill(door["address"])
    box.press("Enter")
    page.wait_for_url(re.compile(r"/find\?q="))
    expect(page.get_by_role("heading", level=1)).to_have_text(door["address"])
