"""An address that is not quite a doorplate's: a choice, about where it must be, or what is missing; nothing typed is lost."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.visitor import Visitor

Visit = Callable[..., Visitor]


def search(page: Page, text: str) -> None:
    page.goto("/")
    page.get_by_role("combobox").fill(text)
    page.get_by_role("button", name="查找").click()


@pytest.mark.parametrize("width", ["phone", "desktop"])
def test_a_slip_is_asked_about_and_the_choice_leads_on(visit: Visit, width: str) -> None:
    visitor = visit(width)
    page, address = visitor.page, visitor.product.facts["door"]["address"]
    town, street, number = re.fullmatch(r"(.+?(?:街道|镇|乡))(.+?)(\d.*)", address).groups()
    slip = f"{town}{street[:-1]}{'街' if street[-1] == '路' else '路'}{number}"
    search(page, slip)
    expect(page.get_by_role("heading", level=1)).to_have_text("请选择您的门牌")
    expect(page.get_by_text(f"没有找到“{slip}”，您要找的是不是")).to_be_visible()
    expect(page.get_by_role("combobox")).to_have_value(slip)
    assert visitor.barriers() == [] and visitor.sideways() == []
    page.get_by_role("link", name=address, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(address)


def test_a_number_without_a_doorplate_is_placed_and_says_so(visit: Visit) -> None:
    visitor = visit("phone")
    page, address = visitor.page, visitor.product.facts["door"]["address"]
    house = re.match(r"(.+?)(\d+)", address)
    search(page, f"{house[1]}{house[2]}-9号")
    expect(page.get_by_text(re.compile(f"没有.*{house[2]}-9 号的门牌.*请在地图上确认位置"))).to_be_visible()
    assert visitor.barriers() == []


def test_what_nobody_knows_leads_on(visit: Visit) -> None:
    visitor = visit("phone")
    page = visitor.page
    with visitor.expecting(404):
        search(page, "天上人间大道999号")
        expect(page.get_by_role("alert")).to_contain_text("没有找到“天上人间大道999号”。请检查路名和门牌号")
    expect(page.get_by_role("combobox")).to_have_value("天上人间大道999号")
    assert visitor.barriers() == []
