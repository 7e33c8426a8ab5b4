"""Progress: the bureau's table goes in as it is and the project's page says so; a month by form on a phone, with a photo and a reason."""

import datetime as dt
import io
import re
from collections.abc import Callable
from zoneinfo import ZoneInfo

import openpyxl
from PIL import Image
from playwright.sync_api import expect

from tests.e2e.visitor import Visitor

Visit = Callable[..., Visitor]


def last_month() -> dt.date:
    return (dt.datetime.now(ZoneInfo("Asia/Shanghai")).date().replace(day=1) - dt.timedelta(days=1)).replace(day=1)


def bureau_table(rows: list[list]) -> bytes:
    """Title, merged headings over two rows, 亿元, a sum below."""
    book, month = openpyxl.Workbook(), last_month()
    sheet = book.active
    sheet.append([f"{month.year}年1-{month.month}月重点建设项目推进情况"])
    sheet.append(["序号", "项目名称", "完成投资（亿元）", None, "目前进展"])
    sheet.append([None, None, "开工以来", "年初至今", None])
    for cells in ("A1:E1", "A2:A3", "B2:B3", "C2:D2", "E2:E3"):
        sheet.merge_cells(cells)
    for row in rows:
        sheet.append(row)
    sheet.append(["合计", None, 9.9, 9.9, None])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def reported(workbook: bytes) -> tuple[str, str, float, float, str]:
    """Code and name of a project with money, what it may have spent by now since its beginning and this year (万元), and another's name."""
    head, *rows = openpyxl.load_workbook(io.BytesIO(workbook)).worksheets[0].iter_rows(values_only=True)
    projects = [dict(zip(head, row, strict=True)) for row in rows]
    one = next(each for each in projects if each["开工以来(万元)"] and each["本年累计(万元)"] and each["总投资(万元)"] > each["开工以来(万元)"] + 100)
    other = next(each for each in projects if each is not one)
    return one["项目编号"], one["项目名称"], float(one["开工以来(万元)"]) + 100, float(one["本年累计(万元)"]) + 100, other["项目名称"]


def test_a_bureaus_table_goes_in_and_the_project_says_so(visit: Visit) -> None:
    visitor = visit("desktop", "county")
    page, asked = visitor.page, visitor.accept_questions()
    page.goto("/projects/?by=unit")
    expect(page.get_by_text("年度投资完成率")).to_be_visible()
    assert visitor.map_colours() > 5 and visitor.sideways() == visitor.barriers() == []
    code, name, invested, this_year, other_name = reported(page.request.get("/projects/export.xlsx").body())
    rows = [[1, name, invested / 10_000, this_year / 10_000, "桥面铺装完成八成"], [2, other_name[:-1] + "（改）", 0.5, 0.2, "进场"]]
    page.goto("/projects/reports/")
    page.get_by_label("月报表", exact=True).set_input_files({"name": "进展.xlsx", "mimeType": "application/octet-stream", "buffer": bureau_table(rows)})
    page.get_by_label("来源").fill("县发改局")
    page.get_by_role("button", name="上传并核对").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("每一列是什么")
    expect(page.get_by_label("“完成投资（亿元）开工以来”的含义")).to_have_value("invested")
    expect(page.get_by_label("“完成投资（亿元）年初至今”的金额单位")).to_have_value("亿")
    expect(page.get_by_label("哪个月的月报")).to_have_value(f"{last_month():%Y-%m}")
    assert visitor.sideways() == visitor.barriers() == []
    page.get_by_role("button", name="确定并核对各行").click()
    expect(page.get_by_role("row").filter(has_text=name).first).to_contain_text(f"{invested:,.2f} 万元")
    expect(page.get_by_role("row").filter(has_text="（改）")).to_contain_text("待处理")
    assert visitor.barriers() == []
    reason = page.get_by_role("row").filter(has_text=name).first.get_by_label("理由")
    if reason.count():  # the county has reports of its own for the month
        reason.fill("以发改部门的表为准")
        page.get_by_role("button", name="保存处理，再核对").click()
    page.get_by_label(re.compile("其余的不收")).check()
    page.get_by_role("button", name="收入 1 行").click()
    expect(page.get_by_text("已收入 1 行。")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="（改）")).to_be_visible()
    page.goto(f"/projects/{code}/")
    expect(page.get_by_text("桥面铺装完成八成").first).to_be_visible()
    page.get_by_text("经过（填报、更正、计划调整）").click()
    expect(page.get_by_text("县发改局：进展.xlsx").first).to_be_visible()
    assert asked == []


def test_a_month_by_form_on_a_phone(visit: Visit) -> None:
    visitor = visit("phone", "county")
    page = visitor.page
    begun = re.compile(r"上次 [1-9]")
    for _, _, code, *_ in page.request.get("/projects/map.json").json()["points"]:
        page.goto(f"/projects/{code}/report/")
        if page.get_by_text(begun).count():
            break
    assert visitor.sideways() == visitor.small_targets() == visitor.barriers() == []
    page.locator(".field").filter(has_text=begun).first.get_by_role("textbox").fill("0.5")
    page.get_by_label("形象进度").fill("返工，重做基层")
    picture = io.BytesIO()
    Image.new("RGB", (640, 480), "seagreen").save(picture, "JPEG")
    page.locator("#id_photos").set_input_files({"name": "现场.jpg", "mimeType": "image/jpeg", "buffer": picture.getvalue()})
    with visitor.expecting(409):
        page.get_by_role("button", name="提交月报").click()
        expect(page.locator("#error-summary")).to_contain_text("低")
    expect(page.get_by_label("形象进度")).to_have_value("返工，重做基层")
    assert visitor.barriers() == []
    page.get_by_role("textbox", name="理由").fill("监理复核后返工核减")
    page.locator("#id_photos").set_input_files({"name": "现场.jpg", "mimeType": "image/jpeg", "buffer": picture.getvalue()})
    page.get_by_role("button", name="提交月报").click()
    expect(page.get_by_text("的月报已收入")).to_be_visible()
    shown = page.get_by_role("img", name=re.compile("的现场")).first
    shown.scroll_into_view_if_needed()
    expect(shown).to_have_js_property("complete", True)
    assert shown.evaluate("image => image.naturalWidth") > 100
    assert visitor.sideways() == visitor.barriers() == []
