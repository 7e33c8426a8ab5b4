"""The deputy grid in a browser: a town's clerk confirms a village from the list beside its map, and finds the deputies on the grid's page."""

import re

from playwright.sync_api import expect


def test_a_clerk_confirms_a_village(visit):
    clerk = visit("desktop", "town")
    page = clerk.page
    page.goto("/grids/?show=waiting")
    clerk.map()
    card = page.locator("section.card", has=page.get_by_role("button", name=re.compile("^确认本村社"))).first
    village = card.get_by_role("heading").first.inner_text().split()[0]
    card.get_by_role("button", name=re.compile("^确认本村社")).click()
    expect(page.get_by_text(re.compile(r"已确认 \d+ 条"))).to_be_visible()
    page.goto(f"/grids/?q={village}")
    expect(page.locator("section.card", has=page.get_by_role("heading", name=village)).get_by_text("待确认")).to_have_count(0)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="本网格代表")).to_be_visible()
    expect(page.get_by_role("heading", name="需要哪些领域")).to_be_visible()
