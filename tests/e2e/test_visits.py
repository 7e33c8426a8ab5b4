"""A deputy's visit on a phone: signed in on site, rated, photographed, a finding raised; written without a network, sent once, by its
writer alone. And an inspection: arranged by the office, the deputy told."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.e2e.visitor import Visitor

Visit = Callable[..., Visitor]
# The server has the form and has answered; the answer does not come back. (A route cannot do it: it loses what is in the files.)
LOSE = """const real = window.fetch;
window.fetch = async (...asked) => { await real(...asked); if (asked[1]?.method === 'POST') { window.fetch = real; } throw new TypeError('lost'); }; 0"""
WORDS = "桥墩在浇筑，现场有监理，涵洞断了水渠。"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "现场.jpg"
    Image.effect_noise((640, 480), 60).convert("RGB").save(path, "JPEG")
    return path


@pytest.fixture
def on_site(visit: Visit) -> tuple[Visitor, dict]:
    """A deputy's phone at the site of the first of his topics, ready to be without a network."""
    visitor = visit("phone", "deputy", permissions=["geolocation"], geolocation={"longitude": 0, "latitude": 0})
    page = visitor.page
    page.goto("/desk/")
    visitor.await_worker()
    visitor.await_kept("/supervision/visits/blank")
    topic = page.evaluate("fetch('/supervision/visits/known').then(answer => answer.json())")["topics"][0]
    visitor.context.set_geolocation({"longitude": topic["site"][0], "latitude": topic["site"][1], "accuracy": 15})
    return visitor, topic


def fill_in(page: Page, photo: Path, words: str = WORDS) -> None:
    page.get_by_role("button", name="现场签到").click()
    expect(page.get_by_text(re.compile("已签到，在现场附近（定位误差约 15 米）"))).to_be_visible()
    page.get_by_label("看到的情况").fill(words)
    page.get_by_role("group", name="形象进度").get_by_text("4 分").click()
    page.get_by_role("group", name="公示牌内容属实").get_by_text("否", exact=True).click()
    page.locator("#id_photos").set_input_files(photo)
    expect(page.locator("#id_photos ~ .photos img")).to_have_count(1)
    page.get_by_role("button", name="加一个问题").click()
    page.get_by_label("是什么问题").first.fill("涵洞断了灌溉渠，下游十几户浇不上水。")
    page.locator("[data-finding='0']").get_by_text("较重").click()
    expect(page.get_by_text("写的内容暂存在这台设备上")).to_be_visible()


def expect_whole(page: Page, words: str = WORDS) -> None:
    expect(page.get_by_label("看到的情况")).to_have_value(words)
    expect(page.get_by_role("group", name="形象进度").get_by_label("4 分")).to_be_checked()
    expect(page.locator("#id_photos ~ .photos img")).to_have_count(1)
    expect(page.get_by_label("是什么问题").first).to_have_value(re.compile("灌溉渠"))
    expect(page.locator("[data-finding='0']").get_by_label("较重")).to_be_checked()
    expect(page.get_by_text("已签到，在现场附近")).to_be_visible()


def recorded(page: Page, words: str = WORDS) -> int:
    page.goto("/supervision/visits/?mine=1")
    return page.get_by_role("listitem").filter(has_text=words).count()


def expect_sent(page: Page) -> Locator:
    """Said on whichever page is open; the link to what became of it."""
    link = page.locator(".notice-good").filter(has_text="已经提交").get_by_role("link", name="打开", exact=True)
    expect(link).to_be_visible()
    return link


def another_tab(visitor: Visitor) -> Page:
    page = visitor.context.new_page()
    visitor.page.close()
    visitor.page = page
    return page


def test_without_a_network_a_visit_is_written_kept_and_sent_once(on_site: tuple[Visitor, dict], photo: Path) -> None:
    visitor, topic = on_site
    page, form = visitor.page, f"/supervision/visits/new?topic={topic['id']}"
    with visitor.without_network():
        page.goto(form)
        expect(page.get_by_text("现在没有网络，可以照常写")).to_be_visible()
        assert page.get_by_label("看的是哪一项").input_value() == str(topic["id"])
        fill_in(page, photo)
        assert visitor.sideways() == [] and visitor.barriers() == [] and visitor.small_targets() == []
        page.reload()
        expect_whole(page)
        page = another_tab(visitor)
        page.goto(form)
        expect_whole(page)
        page.get_by_role("button", name="提交", exact=True).click()
        expect(page.get_by_text("连上后自动提交，不会重复")).to_be_visible()
        page = another_tab(visitor)
    page.goto("/desk/")
    expect_sent(page).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("走访查看")
    main = page.get_by_role("main")
    expect(main).to_contain_text(WORDS)
    expect(main).to_contain_text("4 分")
    expect(main).to_contain_text("灌溉渠")
    expect(main).to_contain_text("在现场")
    picture = page.get_by_role("img", name=re.compile("现场照片 1"))
    picture.scroll_into_view_if_needed()
    page.wait_for_function("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    assert visitor.map_colours() > 1
    assert visitor.sideways() == [] and visitor.barriers() == [] and visitor.small_targets() == []
    assert recorded(page) == 1
    assert page.evaluate("JSON.stringify(localStorage)").count(WORDS) == 0


def test_an_answer_that_is_lost_makes_no_second_visit(on_site: tuple[Visitor, dict], photo: Path) -> None:
    visitor, topic = on_site
    page, words = visitor.page, f"{WORDS}（回执丢失）"
    page.goto(f"/supervision/visits/new?topic={topic['id']}")
    fill_in(page, photo, words)
    page.evaluate(LOSE)
    with visitor.cut_off():
        page.get_by_role("button", name="提交", exact=True).click()
        expect(page.get_by_text("连上后自动提交，不会重复")).to_be_visible()
    page.get_by_role("button", name="现在再试").click()
    page.wait_for_url(re.compile(r"/visits/\d+/$"))
    assert recorded(page, words) == 1


def test_what_one_user_wrote_another_on_the_same_device_neither_sees_nor_sends(
    on_site: tuple[Visitor, dict], visit: Visit, cookies: dict[str, list], photo: Path
) -> None:  # fmt: skip
    visitor, topic = on_site
    page, words = visitor.page, f"{WORDS}（换人登录）"
    page.goto(f"/supervision/visits/new?topic={topic['id']}")
    fill_in(page, photo, words)
    with visitor.cut_off():
        page.route("**/visits/new", lambda route: route.abort("internetdisconnected") if route.request.method == "POST" else route.continue_())
        page.get_by_role("button", name="提交", exact=True).click()
        expect(page.get_by_text("现在没有网络。您写的已存在这台设备上，连上后自动提交，不会重复")).to_be_visible()
        page.goto("about:blank")
        visitor.context.clear_cookies()
    page.unroute("**/visits/new")
    visitor.sign_in("county")
    page.goto("/supervision/visits/")
    page.wait_for_timeout(500)
    expect(page.get_by_text("走访记录“")).to_have_count(0)
    assert page.get_by_role("listitem").filter(has_text=words).count() == 0
    visitor.context.clear_cookies()
    visitor.enter("deputy", cookies)
    page.goto("/desk/")
    expect_sent(page)
    assert recorded(page, words) == 1


def test_the_office_arranges_an_inspection_and_the_deputy_signs_in(visit: Visit) -> None:
    office, name = visit("desktop", "county"), "桥梁工程联合视察"
    page, facts = office.page, office.product.facts
    page.goto("/supervision/visits/organise")
    page.get_by_label("看哪一项").select_option(label=facts["projects"][0])
    page.get_by_label("视察名称").fill(name)
    page.get_by_label("哪天去").fill(page.get_by_label("哪天去").get_attribute("min"))
    page.get_by_label("集合时间").fill("09:00")
    page.get_by_label("集合地点").fill("县人大常委会门口")
    page.get_by_label("找代表").fill(facts["deputy"])
    page.get_by_role("checkbox", name=re.compile(facts["deputy"])).first.check()
    expect(page.get_by_text("已选 1 人")).to_be_visible()
    page.get_by_label("带队代表").select_option(index=1)
    assert office.sideways() == [] and office.barriers() == []
    page.get_by_role("button", name="保存并通知").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)

    deputy = visit("phone", "deputy", permissions=["geolocation"], geolocation={"longitude": 120, "latitude": 29, "accuracy": 40})
    page = deputy.page
    page.goto("/notices/")
    page.get_by_role("button", name=f"请参加视察：{name}", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    page.get_by_role("button", name="现场签到").click()
    expect(page.get_by_text(re.compile("离现场约 .+ 公里，定位误差约 40 米")).first).to_be_visible()  # far away: allowed, and said
    assert deputy.sideways() == [] and deputy.barriers() == [] and deputy.small_targets() == []
