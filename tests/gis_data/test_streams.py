"""Tables out of streams: encodings, delimiters, titles above the headings, Excel, JSON in its three shapes; what is broken is said in Chinese."""

import io
import json
from zipfile import ZipFile

import openpyxl
import pytest

from gis_data import streams
from gis_data.rows import FileRefused
from gis_data.streams import UNREADABLE, open_table, row_words

KNOWN = {"工单号", "内容", "时间"}


def table(data: bytes, name: str = "表.csv", known: set[str] = KNOWN):
    return open_table(io.BytesIO(data), name, known.__contains__)


def book(*rows: list, hidden: bool = False) -> bytes:
    made, kept = openpyxl.Workbook(), io.BytesIO()
    if hidden:
        made.active.append(["说明"])
        made.create_sheet("数据")
    for row in rows:
        made.worksheets[-1].append(row)
    made.save(kept)
    return kept.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_text_in_any_encoding_and_delimiter(encoding, delimiter):
    lines = [["工单号", "内容", "时间"], ["1", '"两行\n的话"', "2026"], ["2", "路\u2028灯", ""]]
    found = table("\r\n".join(delimiter.join(line) for line in lines).encode(encoding))
    assert found.headings == ["工单号", "内容", "时间"]
    assert [cells for _, cells in found.rows()] == [["1", "两行\n的话", "2026"], ["2", "路\u2028灯", ""]]
    assert found.count() == 2


def test_titles_above_headings_blank_rows_and_twice_the_same_heading():
    found = table("某县热线工单,,,\n导出时间：2026年,,,\n工单号,内容,时间,时间\n,,,\n7,话,甲,乙\n".encode())
    assert found.headings == ["工单号", "内容", "时间", "时间（2）"]
    assert list(found.rows()) == [(5, ["7", "话", "甲", "乙"])]


def test_excel():
    found = table(book(["标题"], ["工单号", None, "内容*", "时间"], [20260310123456, "x", "话", 46085.5], [None, None, None, None], [2]), "表.xlsx")
    assert found.headings == ["工单号", "第2列", "内容", "时间"]
    assert [cells for _, cells in found.rows()] == [[20260310123456, "x", "话", 46085.5], [2, None, None, None]]


@pytest.mark.parametrize(
    "above",
    [
        (["工单号", "诉求", None, "时间", "备注"], [None, "标题", "内容"]),  # the upper row says more
        (["编号", "诉求", None, None, "备注"], ["工单号", "标题", "内容", "时间"]),  # the lower one does
        (["某县工单"], ["工单号", "诉求", None, "时间", "备注"], [None, "标题", "内容"]),
    ],
)  # fmt: skip
def test_headings_in_merged_cells_over_two_rows(above):
    found = table(book(*above, ["1", "灯", "话", "2026"], ["2", "灯", "话", "2026"]), "表.xlsx", {*KNOWN, "标题", "编号", "诉求"})
    assert found.headings == ["工单号", "标题", "内容", "时间", "备注"]
    assert [cells[0] for _, cells in found.rows()] == ["1", "2"]


def test_a_row_of_data_is_no_row_of_headings():
    found = table(book(["工单号", "内容", None], ["LX1", "内容", "时间"], ["LX2", "话", ""]), "表.xlsx")
    assert found.headings == ["工单号", "内容"] and found.count() == 2


def test_a_title_without_delimiters_does_not_decide_the_delimiter():
    found = table("某县热线，三月，共两件\n工单号;内容;时间\n1;路灯,井盖,水沟;2026\n".encode())
    assert (found.headings, list(found.rows())) == (["工单号", "内容", "时间"], [(3, ["1", "路灯,井盖,水沟", "2026"])])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_sign_cut_in_two_does_not_cost_the_file(encoding):
    lines = ["工单号,内容,时间", *(f"{number},路灯坏了没有人修,2026" for number in range(100))]
    data, sign = "\n".join(lines).encode(encoding), "修".encode(encoding.removesuffix("-sig"))
    cut = data.rindex(sign) + 1
    found = table(data[:cut] + data[cut + len(sign) - 1 :])
    assert found.count() == 100
    assert sum(UNREADABLE in cells[1] for _, cells in found.rows()) == 1


def test_a_quotation_mark_that_is_not_closed_is_said_with_its_row():
    rows = [f'LX20260300{number},"路灯坏了，{number}",2026' for number in range(9)]
    assert table("\n".join(["工单号,内容,时间", *rows]).encode()).count() == 9
    rows[4] = 'LX202603004,"路灯坏了,2026'
    with pytest.raises(FileRefused, match="第 6 行的引号没有配对"):
        table("\n".join(["工单号,内容,时间", *rows]).encode()).count()
    rows[4] = 'LX202603004,"路灯坏了\n还有,井盖,水沟",2026'
    assert table("\n".join(["工单号,内容,时间", *rows]).encode()).count() == 9


def test_notes_of_several_days_in_a_cell_are_no_rows():
    rows = ['2026-03-05,"2026-03-06,来过\n2026-03-07,修好",1', "2026-03-06,路灯,2"]
    assert table("\n".join(["时间,内容,工单号", *rows]).encode()).count() == 2


@pytest.mark.parametrize("limit", ["UNPACKED", "SHARED"])
def test_a_workbook_that_is_too_large_unpacked_is_not_opened(limit, monkeypatch):
    monkeypatch.setattr(streams, limit, 1_000)
    large = io.BytesIO(book(["工单号", "内容"], ["1", "话"]))
    with ZipFile(large, "a") as parts:
        parts.writestr("xl/sharedStrings.xml", b"x" * 1_001)
    with pytest.raises(FileRefused, match="解开后太大"):
        table(large.getvalue(), "大.xlsx")


def test_excel_takes_the_sheet_that_is_understood():
    assert table(book(["工单号", "内容"], ["1", "话"], hidden=True), "表.xlsx").headings == ["工单号", "内容"]


def sheets(*parts: tuple[str, list[list]]) -> bytes:
    made, kept = openpyxl.Workbook(), io.BytesIO()
    made.remove(made.active)
    for state, rows in parts:
        sheet = made.create_sheet()
        sheet.sheet_state = state
        for row in rows:
            sheet.append(row)
    made.save(kept)
    return kept.getvalue()


def test_a_sheet_a_month_is_read_whole_and_what_is_left_out_is_said():
    found = table(
        sheets(
            ("visible", [["制表说明"]]), ("visible", [["工单号", "内容", "时间"], ["1", "话", "三月"]]), ("hidden", [["工单号"], ["9"]]),
            ("visible", [["四月工单"], ["时间", "工单号", "内容"], ["四月", "2", "灯"]]), ("visible", [["工单号", "备注"], ["3", "x"]]), ("visible", []),
        ),
        "月报.xlsx",
    )  # fmt: skip
    assert list(found.rows()) == [(10_000_002, ["1", "话", "三月"]), (30_000_003, ["2", "灯", "四月"])] and found.count() == 2
    assert [row_words(row) for row, _ in found.rows()] == ["第2张表 2", "第4张表 3"]
    assert [(row_words(row), words[:15]) for row, words in found.notes] == [
        ("整个文件", "第 1 张工作表的表头和第 2"),
        ("第3张表", "第 3 张工作表是隐藏的，没有"),
        ("第5张表", "第 5 张工作表的表头和第 2"),
    ]


def test_a_formula_nobody_has_counted_is_said():
    assert "公式" in table(book(["工单号", "内容"], ['="LX"&1', "话"]), "表.xlsx").notes[0][1]
    assert table(book(["工单号", "内容"], ["LX1", "话"]), "表.xlsx").notes == ()


def test_a_number_that_excel_cut_short_is_not_taken_for_a_whole_one():
    whole, written = io.BytesIO(book(["工单号", "内容"], [11, "话"], [22, "话"], [33, "话"])), io.BytesIO()
    with ZipFile(whole) as source, ZipFile(written, "w") as target:
        for member in source.namelist():
            data = source.read(member)
            for short, long in ((b"<v>11<", b"<v>202603051234567000<"), (b"<v>22<", b"<v>20260305123456789<"), (b"<v>33<", b"<v>2026030512345670<")):
                data = data.replace(short, long) if "sheet1" in member else data
            target.writestr(member, data)
    found = table(written.getvalue(), "表.xlsx")
    assert [cells[0] for _, cells in found.rows()] == ["2.02603051234567E+17", 20260305123456789, 2026030512345670]


def test_a_delimiter_in_a_text_without_quotes_shows():
    found = table("工单号,内容,时间\n1,路灯,井盖,2026\n2,路灯,2026,,\n3,路灯\n".encode())
    assert [len(cells) for _, cells in found.rows()] == [4, 3, 3]


@pytest.mark.parametrize(
    "written",
    ['[{"工单号": 1, "内容": "话"}, {"工单号": 2, "时间": null}]', '{"code": 0, "data": [{"工单号": 1, "内容": "话"}, {"工单号": 2, "时间": null}], "total": 2}', '{"工单号": 1, "内容": "话"}\n{"工单号": 2, "时间": null}\n'],
)  # fmt: skip
def test_json(written):
    found = table(written.encode(), "表.json")
    assert found.headings == ["工单号", "内容", "时间"]
    assert list(found.rows()) == [(1, [1, "话", None]), (2, [2, None, None])]


def test_json_larger_than_a_block_is_read_piece_by_piece():
    rows = [{"工单号": number, "内容": "灯" * 900} for number in range(2000)]
    assert table(json.dumps(rows, ensure_ascii=False).encode(), "表.json").count() == 2000


@pytest.mark.parametrize(
    "data",
    [b"", b"  \n", b"[]", b"[1, 2]", b'[{"a": 1}, ', b"PK\x03\x04 broken", b"\xd0\xcf\x11\xe0 old", bytes(range(256)) * 20, b"[" * 100_000, b'{"a": "' + b"x" * 10, b"%PDF-1.4 text", b"<html><table>", b"\xff\xfea\xd8", b",,\n:,*\n", b'[{"a": "' + b"x" * (10 << 20)],
)  # fmt: skip
def test_what_cannot_be_read_is_said(data):
    with pytest.raises(FileRefused):
        table(data, "坏.xlsx").count()


def test_excel_that_breaks_off_in_the_middle_is_said():
    whole = io.BytesIO(book(["工单号", "内容"], *([str(n), "话"] for n in range(50))))
    broken = io.BytesIO()
    with ZipFile(whole) as source, ZipFile(broken, "w") as target:
        for member in source.namelist():
            data = source.read(member)
            target.writestr(member, data[: len(data) * 2 // 3] if "sheet1" in member else data)
    with pytest.raises(FileRefused):
        table(broken.getvalue(), "断.xlsx").count()
