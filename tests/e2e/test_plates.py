"""From the office's order to the phone at the door: codes for a village, the sheet as a printer gets it, read by a QR reader, opened."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pypdfium2
from playwright.sync_api import expect

from tests.e2e.visitor import Visitor

Visit = Callable[..., Visitor]
WORK = 60_000  # ms


def read_sheet(pdf: Path, folder: Path) -> list[str]:
    """What zbar reads on every page of a PDF, printed at 200 dpi."""
    found = []
    for number, page in enumerate(pypdfium2.PdfDocument(pdf.read_bytes())):
        picture = folder / f"{number}.png"
        page.render(scale=200 / 72).to_pil().convert("L").save(picture)
        found += subprocess.run(["zbarimg", "-q", "--raw", str(picture)], capture_output=True, text=True, timeout=60, check=True).stdout.split()
    return found


def test_a_villages_codes_from_the_order_to_the_door(visit: Visit, tmp_path: Path) -> None:
    office = visit("desktop", "county")
    page = office.page
    page.goto("/plates/batches/")
    options = page.get_by_label("范围").locator("option")
    villages = [option for option in options.all() if re.search(r"[1-9]\d\d$", option.get_attribute("value") or "")]
    page.get_by_label("范围").select_option(villages[2].get_attribute("value"))
    page.get_by_role("button", name="开始发码").click()
    expect(page.get_by_text("已完成", exact=True).first).to_be_visible(timeout=WORK)
    page.get_by_role("link", name="去印制").click()
    page.get_by_label("版式").select_option("sticker10")
    page.get_by_role("button", name="开始制作").click()
    expect(page.get_by_text("已完成", exact=True).first).to_be_visible(timeout=WORK)
    assert office.barriers() == []
    with page.expect_download() as download:
        page.get_by_role("link", name="0001.pdf").click()
    sheet = tmp_path / "sheet.pdf"
    download.value.save_as(sheet)

    addresses = read_sheet(sheet, tmp_path)
    assert len(addresses) == len(set(addresses)) > 3
    phone = visit("phone")
    phone.page.goto(urlsplit(addresses[0]).path)
    expect(phone.page.locator("main")).to_contain_text("此地所在选区")
    expect(phone.page.get_by_role("link", name="反映问题").first).to_be_visible()

    page.goto("/plates/")
    page.get_by_label("码、地址或门牌编号").fill(addresses[0].rsplit("/", 1)[1])
    page.keyboard.press("Enter")
    page.locator("[data-work-list] a.list-row-title").click()
    expect(page.get_by_text("近 30 天 1 次")).to_be_visible()
    page.locator("#act-void summary").click()
    page.locator("#void_reason").fill("被人仿冒")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="作废").click()
    expect(page.get_by_text("已作废，不能再恢复。")).to_be_visible()
    with phone.expecting(404):
        phone.page.goto(urlsplit(addresses[0]).path)


def test_a_house_without_a_plate_is_put_on_the_map(visit: Visit) -> None:
    office = visit("desktop", "county")
    page = office.page
    page.goto("/plates/new/")
    door = office.product.facts["door"]
    page.get_by_label("没有门牌时").fill("水井旁石头房")
    with office.expecting(422):
        page.get_by_role("button", name="发码").click()
    expect(page.get_by_text("请在地图上点出这处住所的位置").first).to_be_visible()
    expect(page.get_by_label("没有门牌时")).to_have_value("水井旁石头房")
    page.locator("#report-map canvas").first.wait_for(timeout=WORK)
    page.locator("#report-map canvas").first.click(position={"x": 300, "y": 150})
    expect(page.locator("#id_lat")).not_to_have_value("")
    page.evaluate("([lon, lat]) => { id_lon.value = lon; id_lat.value = lat }", [door["lon"], door["lat"]])  # wherever the click was, this is in the county
    page.get_by_role("button", name="发码").click()
    expect(page.get_by_role("heading", name="水井旁石头房", level=1)).to_be_visible()


def test_an_issuers_rule_is_tried_on_a_real_plate(visit: Visit) -> None:
    office = visit("desktop", "county")
    page = office.page
    page.goto("/plates/issuers/new/")
    page.get_by_label("名称").fill("样县资规局")
    page.get_by_label("代号").fill("zg")
    page.get_by_label("示例").fill("ZG:33990001;样县")
    page.get_by_label("规则").fill(r"ZG:(?P<id>\d{9});.*")
    with office.expecting(422):
        page.get_by_role("button", name="试一试").click()
    expect(page.get_by_text("规则从示例里读不出编号").first).to_be_visible()
    page.get_by_label("规则").fill(r"ZG:(?P<id>\d{8});.*")
    page.get_by_role("button", name="试一试").click()
    expect(page.get_by_text("读出编号：33990001")).to_be_visible()
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("的规则已保存")).to_be_visible()
