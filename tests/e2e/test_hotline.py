"""A table of the hotline's, from the file on somebody's desk to a record on a phone: settled once, watched, and what could not be read is said."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.visitor import Visitor

Visit = Callable[..., Visitor]
PERSONAL = ("赵铁柱", "13900007777", "11010519491231002X")
HEADINGS = ["工单编号", "受理时间", "来电人", "联系电话", "诉求标题", "诉求内容", "工单状态"]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    said = "市民赵铁柱（13900007777，身份证11010519491231002X）反映门口的路灯坏了三天"
    rows = [
        ["RX2026030001", "2026/3/4 下午 3:20:11", "赵铁柱", "13900007777", "路灯不亮", said, "办理中"],
        ["RX2026030002", "2026-03-05 09:00", "匿名", "", "井盖松动", "井盖翘起来了，夜里很危险", "已办结"],
        ["RX2026030003", "上周二", "匿名", "", "停水", "一天没有水", "办理中"],
        ["", "2026-03-05", "匿名", "", "噪音", "半夜施工", "办理中"],
    ]
    path = tmp_path / "三月工单.csv"
    with path.open("w", encoding="gb18030", newline="") as file:
        csv.writer(file, delimiter=";").writerows([HEADINGS, *rows])
    return path


def well_made(visitor: Visitor) -> None:
    assert visitor.barriers() == [] and visitor.sideways() == [] and (visitor.width > 1000 or visitor.small_targets() == [])
    shown = visitor.page.content()
    assert not [word for word in PERSONAL if word in shown]


def test_a_table_of_the_hotline_s_becomes_records(visit: Visit, table: Path) -> None:
    office = visit("desktop", "county")
    page = office.page
    page.goto("/hotline/sources/new/")
    page.get_by_label("名称").fill("县12345热线")
    page.get_by_label("代码").fill("rexian")
    page.get_by_role("button", name="保存").click()
    page.goto("/hotline/intakes/?source=rexian")
    well_made(office)
    page.get_by_label("文件", exact=True).set_input_files(table)
    page.get_by_role("button", name="上传并核对列").click()
    expect(page.get_by_role("heading", name="每一列是什么")).to_be_visible()
    expect(page.get_by_label("“来电人”的含义")).to_have_value("private")
    expect(page.get_by_text("没有工单号").first).to_be_visible()
    well_made(office)
    page.get_by_role("button", name="确定并开始接收").click()
    expect(page.get_by_role("heading", name="没读懂的")).to_be_visible()
    expect(page.get_by_text("2 行没有收")).to_be_visible()
    expect(page.get_by_role("region", name="没读懂的行").get_by_role("row")).to_have_count(3)
    well_made(office)
    page.get_by_role("link", name="看收进来的记录").click()
    expect(page.get_by_text("共 2 条", exact=True)).to_be_visible()
    well_made(office)
    phone = visit("phone", "county")
    for path in (page.url, f"{office.product.address}/hotline/intakes/"):
        phone.page.goto(path)
        well_made(phone)
    phone.page.goto("/hotline/?q=RX2026030001")  # a number leads to its record
    expect(phone.page.get_by_text("原文没有保存")).to_be_visible()
    expect(phone.page.get_by_text("〔姓名〕").first).to_be_visible()
    well_made(phone)
