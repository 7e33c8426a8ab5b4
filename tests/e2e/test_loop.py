"""Supervision from end to end, by six people: 工委, a second clerk, 主任, a deputy, 县政府办 and a unit, from an imported project to a closed finding."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e.product import Product
from tests.e2e.visitor import Visitor

Visit = Callable[..., Visitor]
SOLVING = 60_000  # ms
CODE, PROJECT = "KP-LOOP", "溪东村污水管网延伸工程"
WRONG = "检查井井盖高出路面四厘米左右，骑车容易摔。"


def person(product: Product, *wish: str) -> dict[str, str]:
    product._log("people").unlink(missing_ok=True)
    return json.loads(product._finish("people", product._open("people", "-m", "tests.e2e.people", *wish)).splitlines()[-1])


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "现场.jpg"
    Image.effect_noise((640, 480), 60).convert("RGB").save(path, "JPEG")
    return path


def bring_in(product: Product, unit: str, folder: Path) -> None:
    """A project beside the door that the tests know, as a bureau's table has it."""
    door = product.facts["door"]
    row = {
        "code": CODE, "name": PROJECT, "type": "污水治理", "kind": "continuing", "level": "county", "responsible": unit, "starts": "2025-03-01", "ends": "2027-12-31",
        "investment_total": "1200", "investment_year": "600", "demand": "2", "experts": "0", "lon": door["lon"], "lat": door["lat"],
    }  # fmt: skip
    path = folder / "重点项目.csv"
    with path.open("w", encoding="gbk", newline="") as file:
        writer = csv.DictWriter(file, row)
        writer.writeheader()
        writer.writerow(row)
    product.manage("import_layer", "project", str(path), "--crs", "4490", "--encoding", "gbk")


def open_newest(visitor: Visitor, title: str) -> None:
    """From the bell to what the notice is about."""
    visitor.page.goto("/notices/")
    visitor.page.get_by_text(title).first.click()


def move(visitor: Visitor, step: str, **typed: str) -> None:
    """Choose a step of the finding that is open, fill in what it asks for, and send it."""
    page = visitor.page
    page.get_by_role("group", name="办哪一步").get_by_text(step, exact=True).click()
    for label, value in typed.items():
        page.get_by_label(label).locator("visible=true").fill(value)
    page.get_by_role("button", name=step, exact=True).locator("visible=true").click()
    expect(page.locator("#flash")).to_contain_text("已办好")


def draft(county: Visitor) -> str:
    """A draft over everything, solved by the worker; its address."""
    page = county.page
    page.goto("/supervision/new/")
    page.get_by_text("就近优先", exact=True).first.click()
    page.get_by_label("名称", exact=False).first.fill("六人走一遍的监督分工")
    page.get_by_role("button", name="开始计算").click()
    expect(page.get_by_text("草案", exact=True).first).to_be_visible(timeout=SOLVING)
    return page.url


def open_pair(page: Page, address: str) -> None:
    """The project's first choice in the workbench."""
    page.goto(f"{address.split('?')[0]}?q={PROJECT}")
    page.locator("#pairs").get_by_role("row").filter(has_text=PROJECT).first.click()
    expect(page.locator("#why:not([inert])").get_by_role("heading", name="为什么推荐这位代表")).to_be_visible()


def choose(page: Page, number: int, reason: str) -> None:
    why = page.locator("#why")
    why.locator("input[type=radio][name=deputy]:not([disabled])").nth(number).check()
    why.get_by_label("让其余没有锁定的人选随之重排").check()  # in so small a county nobody has room
    why.get_by_label("调整理由").fill(reason)
    why.get_by_role("button", name="换成选中的代表").click()


def two_change_one_choice(county: Visitor, second: Visitor, address: str) -> None:
    """Both have the same choice open: the first change counts, the other clerk is told and loses nothing he typed."""
    open_pair(county.page, address)
    open_pair(second.page, address)
    choose(second.page, 0, "熟悉管网施工")
    expect(second.page.locator("#why").get_by_role("status")).to_contain_text("换为")
    with county.expecting(422):
        choose(county.page, 1, "住得近")
        expect(county.page.locator("#why")).to_contain_text(re.compile("别人|刚刚|改过"))
    expect(county.page.locator("#pairs")).to_contain_text("熟悉管网施工")


def test_six_people_from_import_to_closed_finding(visit: Visit, product: Product, photo: Path, tmp_path: Path) -> None:
    there = person(product, "second")
    bring_in(product, there["unit_code"], tmp_path)
    county, second, chair = visit("desktop", "county"), visit("desktop", "second"), visit("desktop", "leader")
    for visitor in (county, second, chair):
        visitor.accept_questions()

    # drafted, changed by two at once, approved by the chair, published
    address = draft(county)
    two_change_one_choice(county, second, address)
    who = person(product, "member", CODE)
    chair.page.goto(address)
    chair.page.get_by_text("批准", exact=True).first.click()
    chair.page.get_by_text("主任会议").first.click()
    chair.page.get_by_label("哪次会议").fill("第三十次主任会议")
    chair.page.get_by_role("button", name="登记批准").click()
    expect(chair.page.get_by_text("已批准", exact=True).first).to_be_visible()
    county.page.goto(address)
    publish = county.page.get_by_role("button", name="发布", exact=True)
    if county.page.get_by_label("仍用这个方案取代它").count():
        county.page.get_by_label("仍用这个方案取代它").check()
    publish.click()
    expect(county.page.get_by_text("已发布", exact=True).first).to_be_visible()

    # the deputy is told, looks, and finds something wrong
    deputy = visit("phone", who["login"])
    deputy.accept_questions()
    page = deputy.page
    open_newest(deputy, "监督分工已发布")
    expect(page.get_by_text(PROJECT).first).to_be_visible()
    page.goto(f"/projects/{CODE}/")
    expect(page.get_by_role("heading", level=1)).to_have_text(PROJECT)
    page.goto(f"/supervision/visits/new?project={CODE}")
    page.get_by_label("没有定位", exact=False).fill("手机没有信号")
    page.get_by_label("看到的情况").fill("管沟已回填，路面未恢复。")
    page.get_by_role("button", name="加一个问题").click()
    page.locator("#findings").get_by_label("是什么问题").first.fill(WRONG)
    page.locator("#findings").get_by_text("较重", exact=True).first.click()
    page.locator("#findings input[type=file]").first.set_input_files(photo)
    expect(page.locator("#findings .photos img").first).to_be_visible()
    page.get_by_role("button", name="提交", exact=True).click()
    page.wait_for_url(re.compile(r"/supervision/visits/\d+/$"))
    expect(page.get_by_role("link", name=WRONG)).to_be_visible()

    # passed on, assigned, put right
    open_newest(county, "新发现的问题待转交（较重）")
    expect(county.page.get_by_text(WRONG).first).to_be_visible()
    expect(county.page.locator(".finding-part img").first).to_have_js_property("complete", True)
    finding = county.page.url
    move(county, "转交县政府办", 转交意见="请交有关单位整改。")

    dispatcher, unit = visit("desktop", "dispatcher"), visit("tablet", "unit")
    for visitor in (dispatcher, unit):
        visitor.accept_questions()
    open_newest(dispatcher, "县人大转来一个问题，请交办")
    dispatcher.page.get_by_label("主办单位").select_option(label=there["unit"])
    move(dispatcher, "交办", 整改期限="5")
    open_newest(unit, "县政府办交办一个问题")
    unit.page.locator("#move-form input[type=file]").set_input_files(photo)
    expect(unit.page.locator("#move-form .photos img").first).to_be_visible()
    move(unit, "提交整改答复", 整改情况="七个井盖已降到与路面齐平，周边补平。")

    # the deputy looks again and closes it; nobody else may
    open_newest(deputy, "答复了整改情况，请到现场确认")
    expect(page.get_by_text("七个井盖已降到与路面齐平").first).to_be_visible()
    assert deputy.small_targets() == [] and deputy.sideways() == [] and deputy.barriers() == []
    page.get_by_role("radio", name="整改到位").check()
    move(deputy, "确认办结", 现场看到的情况="到现场骑车走过，已经平了。")
    expect(page.get_by_text("已办结", exact=True).first).to_be_visible()
    unit.page.goto(finding)
    expect(unit.page.get_by_text("代表确认：整改到位").first).to_be_visible()
    expect(unit.page.locator("#move-form button")).to_have_count(0)
    county.page.goto("/supervision/evaluation/?by=topic&period=month")
    row = county.page.locator(".evaluation tbody tr").filter(has_text=PROJECT)
    for label, figure in {"走访/视察": "1/0", "发现问题": "1", "已办结": "1", "按期整改": "1/1"}.items():
        expect(row.locator(f"[data-label='{label}']")).to_have_text(figure)
