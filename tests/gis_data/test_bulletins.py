"""Monthly tables as people make them: found under titles, over merged cells, in any unit; values read as they are meant."""

import datetime as dt
import io
import zipfile
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from gis_data import bulletins
from gis_data.bulletins import are_fractions, guesses, is_sum, meaning_of, money, month_in, percent, read_bulletin
from gis_data.rows import FileRefused


def read(tmp_path: Path, fill, name: str = "x.xlsx", sheets: tuple[str, ...] = ("Sheet1",)):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title in sheets:
        book.create_sheet(title)
    fill(*(book[title] for title in sheets))
    path = tmp_path / "table"
    book.save(path)
    return read_bulletin(path, name)


@pytest.mark.parametrize(("heading", "means"), [
    ("项目名称", "name"), ("项目编号", "code"), ("项目代码", "code"), ("序号", ""), ("总投资（万元）", "investment_total"), ("2026年计划投资", "investment_year"),
    ("年度投资计划", "investment_year"), ("1-10月完成投资", "invested_year"), ("本年累计完成", "invested_year"), ("年初至今完成投资", "invested_year"),
    ("本月完成投资", "invested_month"), ("10月份完成投资", "invested_month"), ("开工以来累计完成投资", "invested"), ("自开工累计完成", "invested"),
    ("至2025年底累计完成投资", "before"), ("完成率", ""), ("占年度计划%", ""), ("序时进度", ""), ("与序时进度相差", ""), ("形象进度", "text"), ("目前进展情况", "text"),
    ("累计完成百分比", "percent"), ("形象进度（%）", "percent"), ("存在问题及建议", "problems"), ("月份", "month"), ("子项目名称", "part"), ("备注", "note"), ("责任单位", ""),
    ("计划开工时间", ""), ("Ｎ", ""),
])  # fmt: skip
def test_what_headings_mean(heading, means):
    assert meaning_of(heading) == means


@pytest.mark.parametrize(("text", "month"), [
    ("2026年2月县重点项目", (2026, 2)), ("2026年1-10月推进情况", (2026, 10)), ("2026年1月至9月", (2026, 9)), ("２０２６年３月", (2026, 3)), ("月报202604.xlsx", (2026, 4)),
    ("2026-05", (2026, 5)), ("2026年13月", None), ("重点项目", None), ("", None),
])  # fmt: skip
def test_months_in_titles(text, month):
    assert month_in(text) == (dt.date(*month, 1) if month else None)


@pytest.mark.parametrize(("text", "unit", "amount"), [
    ("1,234.5", "万", "1234.50"), ("１２３４", "万", "1234"), ("1.2", "亿", "12000"), ("3.5亿元", "万", "35000"), ("800万元", "亿", "800"), ("12000000", "元", "1200"), ("-", "万", None),
    ("—", "万", None), ("", "万", None), ("无", "万", None), ("0", "万", "0"), ("约500", "万", "500"), ("1e3", "万", "1000"),
])  # fmt: skip
def test_amounts(text, unit, amount):
    assert money(text, unit) == (None if amount is None else Decimal(amount))


@pytest.mark.parametrize("text", ["很多", "-5", "1.2.3", "99999999999999", "12元钱"])
def test_what_is_no_amount_says_so(text):
    with pytest.raises(ValueError, match=r"金额|不能是负数"):
        money(text)


@pytest.mark.parametrize(("text", "fraction", "value"), [("65%", False, 65), ("0.65", True, 65), ("65", False, 65), ("65%", True, 65), ("完成90％", False, 90), ("/", False, None), ("1", True, 100)])
def test_percentages(text, fraction, value):
    assert percent(text, fraction) == value


def test_fractions_are_told_from_percentages():
    assert are_fractions(["0.2", "1", None, "0.65"]) and not are_fractions(["20", "65"]) and not are_fractions(["1", "0"]) and not are_fractions([])


@pytest.mark.parametrize(("name", "is_one"), [("合计", True), ("一、省重点项目", True), ("（二）市重点", True), ("交通类小计", True), ("审核人：林某", True), ("注：数据来自统计局", True), ("十里湾大桥", False), ("一号路延伸工程", False), ("一期工程", False)])
def test_sums_and_sections_are_no_projects(name, is_one):
    assert is_sum(name) is is_one


def test_a_number_formatted_as_percent_is_one(tmp_path):
    def fill(sheet):
        sheet.append(["项目名称", "工程进度%"])
        sheet.append(["甲", 0.655])
        sheet["B2"].number_format = "0.0%"

    assert read(tmp_path, fill).rows == [(2, ["甲", "65.5%"])]


def test_a_project_merged_over_the_rows_of_its_parts(tmp_path):
    def fill(sheet):
        sheet.append(["项目名称", "子项目", "累计完成%"])
        for row in (["甲", "桩基", 100], [None, "主体", 40], ["乙", "路基", 5]):
            sheet.append(row)
        sheet.merge_cells("A2:A3")

    assert [cells[:2] for _, cells in read(tmp_path, fill).rows] == [["甲", "桩基"], ["甲", "主体"], ["乙", "路基"]]


def test_the_table_is_found_among_sheets_and_hidden_ones_are_not_read(tmp_path):
    def fill(cover, table, hidden):
        cover.append(["说明"])
        for sheet, name in ((table, "甲"), (hidden, "旧")):
            sheet.append(["项目名称", "本年累计完成投资", "形象进度", "存在问题"])
            sheet.append([name, 5, "好", "无"])
        hidden.append(["又", 5, "好", "无"])
        hidden.sheet_state = "hidden"

    found = read(tmp_path, fill, "2026年3月.xlsx", ("封面", "进度", "去年"))
    assert (found.sheet, found.month, found.rows[0][1][0], len(found.rows)) == ("进度", dt.date(2026, 3, 1), "甲", 1)


def test_next_months_table_is_the_same_kind(tmp_path):
    def table(month):
        def fill(sheet):
            sheet.append(["项目名称", f"1-{month}月完成投资（万元）", f"{month}月完成投资"])
            sheet.append(["甲", 5, 1])

        return read(tmp_path, fill)

    assert table(9).fingerprint == table(10).fingerprint
    assert [guess.means for guess in guesses(table(9).headings, table(9).rows)] == ["name", "invested_year", "invested_month"]


def test_cumulative_without_a_year_is_to_be_looked_at(tmp_path):
    def fill(sheet):
        sheet.append(["项目名称", "累计完成投资（亿元）", "形象进度"])
        sheet.append(["甲", 1.5, "65%"])

    found = read(tmp_path, fill)
    seen = guesses(found.headings, found.rows, found.unit)
    assert [(guess.means, guess.unit, guess.unsure) for guess in seen[1:]] == [("invested_year", "亿", True), ("percent", "万", True)]


def test_what_swells_when_unpacked_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(bulletins, "MOST_BYTES", 1 << 20)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (2 << 20))
    path = tmp_path / "bomb"
    path.write_bytes(buffer.getvalue())
    with pytest.raises(FileRefused, match="展开后太大"):
        read_bulletin(path, "x.xlsx")


def test_too_many_rows_and_rows_that_are_only_formatted(tmp_path, monkeypatch):
    monkeypatch.setattr(bulletins, "MOST_ROWS", 50)

    def many(sheet):
        sheet.append(["项目名称", "形象进度"])
        for number in range(100):
            sheet.append([f"工程{number}", "好"])

    with pytest.raises(FileRefused, match="超过 50 行"):
        read(tmp_path, many)

    def formatted(sheet):
        sheet.append(["项目名称", "形象进度"])
        sheet.append(["甲", "好"])
        sheet.cell(20_000, 1).number_format = "0"

    assert len(read(tmp_path, formatted).rows) == 1
