"""The desks: many cases at once and their map, an answer by a deputy in half a minute with a photo, entering without a network, a reception day."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e.visitor import Visitor

Visit = Callable[..., Visitor]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "修好.jpg"
    Image.effect_noise((320, 240), 60).convert("RGB").save(path, "JPEG")
    return path


def enter(page: Page, words: str) -> str:
    """What a neighbour tells; the number of the case."""
    page.goto("/cases/new/")
    page.get_by_label("什么问题").fill(words)
    expect(page.get_by_text("已标在您现在的位置")).to_be_visible()
    page.get_by_role("button", name="录入").click()
    expect(page.get_by_role("heading", name="已录入")).to_be_visible()
    return re.search(r"民情件 (\S+)", page.get_by_role("main").inner_text()).group(1)


@pytest.fixture
def deputy(visit: Visit) -> Visitor:
    visitor = visit("phone", "deputy", permissions=["geolocation"])
    door = visitor.product.facts["door"]
    visitor.context.set_geolocation({"latitude": door["lat"], "longitude": door["lon"], "accuracy": 8})
    return visitor


def test_a_deputy_answers_with_a_photo_in_half_a_minute(deputy: Visitor, visit: Visit, photo: Path) -> None:
    page = deputy.page
    code = enter(page, "路边的井盖碎了一角，晚上有人绊倒。")
    follow = page.locator("#follow-code")
    page.get_by_role("link", name="看这一件").click()
    assert deputy.sideways() == [] and deputy.small_targets() == [] and deputy.barriers() == []
    send = page.locator(".action-bar").get_by_role("button", name="答复")
    expect(send).to_be_in_viewport()  # fixed at the bottom, whatever is above it
    page.locator("#id_note").fill("井盖已经换好，谢谢您。")
    page.locator("#id_photos").set_input_files(photo)
    expect(page.locator("#move-form .photos img")).to_have_count(1)
    asked = deputy.accept_questions()
    send.click()
    expect(page.get_by_text("已办好")).to_be_visible()
    assert len(asked) == 1 and page.locator("[alt='答复的照片 1']").count() == 1 and follow.count() == 0
    office = visit("desktop", "county").page
    office.goto(f"/cases/?q={code}")
    expect(office).to_have_url(re.compile(rf"/cases/{code}/"))
    expect(office.get_by_alt_text("答复的照片 1")).to_be_visible()


def test_entered_without_a_network_and_sent_once(deputy: Visitor) -> None:
    page, words = deputy.page, "水管爆了半天没有人修，路上都是水。"
    page.goto("/desk/")
    deputy.await_worker()
    deputy.await_kept("/cases/new/blank")
    with deputy.without_network():
        page.goto("/cases/new/")
        page.get_by_label("什么问题").fill(words)
        page.get_by_role("button", name="用我的位置").click()
        expect(page.get_by_text("已标在您现在的位置")).to_be_visible()
        for _ in range(3):
            page.get_by_role("button", name="录入").click()
        expect(page.get_by_text("您写的已存在这台设备上")).to_be_visible()
    sent = page.locator(".notice-good").filter(has_text="已经提交").or_(page.get_by_role("heading", name="已录入"))
    expect(sent.first).to_be_visible()
    page.goto("/cases/?state=all&sort=newest")
    expect(page.get_by_role("listitem").filter(has_text=words)).to_have_count(1)


def test_many_are_ticked_by_keys_and_the_map_shows_them_all(visit: Visit) -> None:
    visitor = visit("desktop", "county")
    page = visitor.page
    page.goto("/cases/?state=open&view=map")
    visitor.map()
    all_listed = int(re.search(r"共 (\d+) 件", page.get_by_role("main").inner_text()).group(1))
    expect(page.locator("#map-count")).to_have_text(f"图上 {all_listed} 件")
    assert visitor.map_colours() > 3
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.get_by_text("已勾选 2 件", exact=True)).to_be_visible()
    assert visitor.barriers() == []
    page.get_by_label("一起办").select_option(label="催办")
    page.get_by_label("催办意见").fill("请抓紧办理")
    visitor.accept_questions()
    page.get_by_role("button", name="办理", exact=True).click()
    expect(page.get_by_text("催办：已办好")).to_be_visible()
    page.get_by_label("状态").select_option("all")
    expect(page).to_have_url(re.compile("view=map"))


def test_a_reception_day_from_the_office_to_the_door(visit: Visit, deputy: Visitor) -> None:
    clerk = visit("desktop", "town").page
    clerk.goto("/cases/receptions/new/")
    station = clerk.get_by_label("联络站", exact=True).locator("option").nth(1)
    name = station.inner_text()
    with clerk.expect_response(re.compile(r"/receptions/new/\?.*station=")):
        clerk.get_by_label("联络站", exact=True).select_option(label=name)  # its own deputies come first
    clerk.wait_for_function("!document.querySelector('.htmx-request, .htmx-swapping, .htmx-added')")
    for fold in clerk.locator("#id_deputies details:not([open]) > summary").all():
        fold.click()
    clerk.get_by_label("开始").fill("06:00")
    clerk.get_by_label("结束").fill("07:30")
    clerk.get_by_role("checkbox", name=re.compile(deputy.product.facts["deputy"])).first.check()
    clerk.get_by_role("button", name="安排").click()
    expect(clerk.get_by_text("接待日已安排")).to_be_visible()
    page = deputy.page
    page.goto("/notices/")
    page.get_by_text("请您参加接待").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("接待")
    page.get_by_role("link", name="录入来访反映的问题").click()
    expect(page.get_by_role("radio", name="联络站接待")).to_be_checked()
    page.get_by_label("什么问题").fill("村里卫生室周末没有人。")
    page.get_by_label("地址").fill(deputy.product.facts["door"]["address"])
    page.get_by_role("button", name="录入").click()
    expect(page.get_by_role("heading", name="已录入")).to_be_visible()
    page.get_by_role("link", name="返回接待日").click()
    expect(page.get_by_text("村里卫生室周末没有人。")).to_be_visible()
    public = visit("phone").page
    public.goto("/stations/")
    public.get_by_role("link", name=name, exact=True).click()
    expect(public.get_by_role("heading", name="近期接待日")).to_be_visible()
