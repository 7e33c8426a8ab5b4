"""Tables of others: what their columns mean, and what stands in their cells."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from apps.hotline import columns, values
from apps.hotline.entries import Layout, entries, written_down
from apps.hotline.values import Unreadable

ZONE = ZoneInfo("Asia/Shanghai")
NOW = dt.datetime(2026, 3, 10, 12, tzinfo=ZONE)
LAYOUTS = {  # headings as hotlines, message boards, stations and meetings export them -> what they mean
    "hotline": {
        "序号": "", "工单编号": "number", "来电时间": "received_at", "来电人姓名": "private", "主叫号码": "private", "诉求标题": "title", "诉求内容": "text", "事发地址": "address",
        "诉求类型": "", "所属区域": "town", "村居": "village", "一级分类": "category", "二级分类": "category", "承办单位": "unit_words", "办理时限": "due_on", "办结时间": "answered_at", "工单状态": "state",
        "满意度": "satisfied", "诉求来源": "channel", "回复内容": "", "经度": "lon", "纬度": "lat", "年龄段": "age", "性别": "",
    },
    "board": {"留言编号": "number", "留言人": "private", "留言标题": "title", "留言内容": "text", "留言时间": "received_at", "留言领域": "category", "留言对象": "unit_words", "回复时间": "answered_at", "办理进度": "state"},
    "station": {"接待日期": "received_at", "反映人": "private", "联系方式": "private", "反映问题": "text", "地点": "address", "是否老年人": "elder", "是否代录": "told_for"},
    "meeting": {"提出人": "private", "意见建议": "text", "会议时间": "received_at", "责任部门": "unit_words", "当前状态": "state"},
    "english": {"order_no": "number", "created_at": "received_at", "title": "title", "description": "text", "phone": "private", "address": "address", "status": "state", "lng": "lon", "lat": "lat", "source": "channel"},
}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
def test_headings_are_understood(name):
    assert columns.guess(list(LAYOUTS[name])) == LAYOUTS[name]
    assert columns.fault(LAYOUTS[name], numbered=name in ("hotline", "board", "english")) == ""


def test_a_title_alone_is_the_text_and_a_second_number_is_somebody_s():
    assert columns.guess(["编号", "受理编号", "标题", "时间"]) == {"编号": "number", "受理编号": "private", "标题": "text", "时间": "received_at"}


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"a": "text", "b": "received_at"}, "工单号"),
        ({"a": "number", "b": "received_at"}, "内容"),
        ({"a": "number", "b": "text"}, "受理时间"),
        ({"a": "number", "b": "number", "c": "text", "d": "received_at"}, "两列"),
        ({"a": "number", "b": "text", "c": "received_at", "d": "lon"}, "经度和纬度"),
    ],
)
def test_what_is_missing_is_said(mapping, words):
    assert words in columns.fault(mapping, numbered=True)


def test_states_alone_can_be_sent():
    assert columns.fault({"a": "number", "b": "state"}, numbered=True) == ""


def test_what_was_settled_is_remembered_until_a_new_column_means_something():
    settled = {"单": "number", "话": "text", "时": "received_at"}
    assert columns.remembered(["单", "话", "时", "备注"], settled) == {**settled, "备注": ""}
    assert columns.remembered(["单", "话", "时", "联系电话"], settled) is None
    assert columns.remembered(["编号", "内容"], settled) is None


@pytest.mark.parametrize(
    ("cell", "said", "timed"),
    [
        ("2026-03-04 09:20:33", "2026-03-04 09:20:33", True), ("2026/3/4 9:20", "2026-03-04 09:20:00", True), ("2026年3月4日9时20分", "2026-03-04 09:20:00", True),
        ("2026.03.04", "2026-03-04 00:00:00", False), ("20260304", "2026-03-04 00:00:00", False), ("20260304092033", "2026-03-04 09:20:33", True),
        ("2026-03-04T01:20:33Z", "2026-03-04 09:20:33", True), ("2026-03-04T09:20:33.123+08:00", "2026-03-04 09:20:33", True), ("２０２６－０３－０４ ０９：２０", "2026-03-04 09:20:00", True),
        ("2026/3/4 下午 3:20:11", "2026-03-04 15:20:11", True), ("2026-03-04 上午12:05", "2026-03-04 00:05:00", True), ("2026/3/4 9:20 PM", "2026-03-04 21:20:00", True),
        ("2026年3月4日（周三）9时", "2026-03-04 09:00:00", True), ("2026-03-03 24:00", "2026-03-04 00:00:00", True), ("2026-03-04 中午12:30", "2026-03-04 12:30:00", True),
        (46085.5, "2026-03-04 12:00:00", True), ("46085", "2026-03-04 00:00:00", False), ("1772587233", "2026-03-04 09:20:33", True), (1772587233000, "2026-03-04 09:20:33", True),
        (dt.datetime.fromisoformat("2026-03-04T09:20"), "2026-03-04 09:20:00", True), (dt.date(2026, 3, 4), "2026-03-04 00:00:00", False), ("2026-03-04 00:00:00", "2026-03-04 00:00:00", False),
    ],
)  # fmt: skip
def test_moments(cell, said, timed):
    at, known = values.moment(cell, ZONE)
    assert (f"{at.astimezone(ZONE):%Y-%m-%d %H:%M:%S}", known) == (said, timed)


@pytest.mark.parametrize("cell", ["2026-02-30", "2026-03-04 25:10", "2026-03-0412", "上周二", "1893-01-01", "12", "2026-13-01 10:00"])
def test_what_is_no_moment_is_refused_without_repeating_it(cell):
    with pytest.raises(Unreadable) as refusal:
        values.moment(cell, ZONE)
    assert cell not in str(refusal.value)


@pytest.mark.parametrize(
    ("cell", "state"),
    [("办理中", "open"), ("待签收", "open"), ("已转办", "open"), ("未办结", "open"), ("退回", "open"), ("已答复", "answered"), ("待回访", "answered"), ("已回复", "answered"), ("已办结", "closed"), ("归档", "closed"), ("Closed", "closed"), ("", None)],
)  # fmt: skip
def test_states(cell, state):
    assert values.state(cell, {}) == state


def test_a_source_s_own_words_come_first():
    assert values.state("甲", {"甲": "closed"}) == "closed"
    with pytest.raises(Unreadable):
        values.state("甲", {})


@pytest.mark.parametrize(
    ("cell", "score"),
    [("非常满意", "satisfied"), ("满意", "satisfied"), ("基本满意", "plain"), ("一般", "plain"), ("不满意", "unsatisfied"), ("非常不满意", "unsatisfied"), ("5", "satisfied"), (3, "plain"), ("1星", "unsatisfied"), ("未评价", None), ("", None)],
)  # fmt: skip
def test_satisfaction(cell, score):
    assert values.satisfied(cell) == score


def test_what_a_spreadsheet_writes_for_nothing_is_nothing():
    assert [values.words(cell) for cell in ("#REF!", "#N/A", "#DIV/0!", "路灯_x000D_\n坏了")] == ["", "", "", "路灯\n坏了"]
    assert columns.meaning_of("岁数") == "age"


def test_ages_and_channels():
    assert [values.elder(cell) for cell in ("67", "60-69岁", 59, "", "1950年生")] == [True, True, False, None, None]
    assert [written_down(channel) for channel in ("电话", "走访", "联络站", "网站", "微信小程序", "网络留言", "来信", "电子邮件")] == [True, True, True, False, False, False, True, False]


@pytest.mark.parametrize("cell", ["13800001234", "+8613800001234", "11010519491231002X", "市民反映路灯坏了", "张三", "x1" * 31, "2.02603E+12", 2.0260312001234567e16])
def test_a_telephone_is_no_order_number(cell):
    with pytest.raises(Unreadable) as refusal:
        values.number(cell)
    assert str(cell) not in str(refusal.value)


def test_an_area_s_code_and_a_day_are_no_identity_number():
    assert values.number("330327202603120015", 2026) == "330327202603120015"
    assert values.number("330327202512310015", 2026) == "330327202512310015"
    with pytest.raises(Unreadable):
        values.number("330327196603120015", 2026)


def layout(fields: list[str], **more) -> Layout:
    return Layout({name: [place] for place, name in enumerate(fields)}, {}, ZONE, NOW, lambda text: f"{hash(text):x}", **more)


def test_a_row_gives_what_it_says_and_no_more():
    (entry, problems), *_ = entries([(2, ["A1", "2026-03-01", "路灯坏了", "搁置", "没有数字", "91"])], layout(["number", "received_at", "text", "state", "lon", "age"]))
    assert entry.told == {"received_at": dt.datetime(2026, 3, 1, tzinfo=ZONE), "timed": False, "elder": True}
    assert [(each.field, each.refused) for each in problems] == [("办理状态", False), ("经度", False)]
    assert "路灯" not in repr(entry) + repr(entry.raw)


def test_rows_that_cannot_be_read_are_refused_with_the_field():
    rows = [(2, ["", "2026-03-01", "话"]), (3, ["A", "昨天", "话"]), (4, ["A", "2026-04-01", "话"]), (5, ["13800001234", "2026-03-01", "话"])]
    refused = [(entry, [(each.row, each.field) for each in problems]) for entry, problems in entries(rows, layout(["number", "received_at", "text"]))]
    assert refused == [(None, [(2, "工单号")]), (None, [(3, "受理时间")]), (None, [(4, "受理时间")]), (None, [(5, "工单号")])]


def test_notes_without_numbers_get_the_same_number_again():
    def numbers(rows):
        return [entry.raw.number for entry, _ in entries(rows, layout(["received_at", "text"], numbered=False))]

    first = numbers([(2, ["2026-03-01", "路灯坏了"]), (3, ["2026-03-01", "路灯坏了"]), (4, ["2026-03-02", "路灯坏了"])])
    assert len(set(first)) == 3
    assert numbers([(9, ["2026-03-01", "路灯坏了"])]) == first[:1]
