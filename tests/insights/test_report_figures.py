"""A region report's figures, computed by hand: what is compared with what, what is called a change, what adds up."""

import datetime as dt
import json
import math
import random
from dataclasses import replace

import pytest

from apps.insights.briefing_parts import EMPTY, RAMP, UNKNOWN, Classes
from apps.insights.report_assembly import Assembly, Branch, Counted, Feed, Region
from apps.insights.report_charts import bars, months_svg
from apps.insights.report_figures import Change, Days, Line, Report, Tally, read, window
from apps.insights.report_words import caption, points
from apps.insights.shares import Share
from apps.worktime.periods import around, between

MARCH = around("month", dt.date(2026, 3, 1))
BRANCHES = [Branch(1, "city", "城乡建设", 1, None), Branch(2, "road", "道路", 2, 1), Branch(3, "hole", "坑洼", 3, 2), Branch(4, "noise", "噪声", 1, None)]
REGIONS = [Region(10, "339999100000", "东溪镇", 20_000), Region(11, "339999200000", "南山乡", None)]
FEEDS = {0: Feed("民情件", dt.date(2024, 1, 1), dt.date(2026, 3, 31)), 101: Feed("热线", dt.date(2026, 2, 1), dt.date(2026, 3, 31)), 102: Feed("留言板", dt.date(2026, 3, 5), dt.date(2026, 3, 31))}


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def report(rows: list[Counted], period=MARCH, today: str = "2026-04-01", **more) -> Report:
    days = window(period, day(today))
    made = Assembly(days, BRANCHES, REGIONS, FEEDS).add(rows)
    said = {"population": 60_000} | more
    return Report(
        "方格县", "339999000000", "county", days, dt.datetime(2026, 4, 1, 5, tzinfo=dt.UTC), "全部类别；全部来源", made.total(), made.category_lines(), made.region_lines(),
        made.cross(), made.sources(), [(day("2026-02-01"), 3), (day("2026-03-01"), 9)], **said,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("period", "today", "now", "before", "year"),
    [
        (MARCH, "2026-04-02", ("2026-03-01", "2026-03-31"), ("2026-02-01", "2026-02-28"), ("2025-03-01", "2025-03-31")),
        (MARCH, "2026-03-31", ("2026-03-01", "2026-03-31"), ("2026-02-01", "2026-02-28"), ("2025-03-01", "2025-03-31")),
        (MARCH, "2026-03-10", ("2026-03-01", "2026-03-10"), ("2026-02-01", "2026-02-10"), ("2025-03-01", "2025-03-10")),
        (around("quarter", day("2026-02-01")), "2026-06-01", ("2026-01-01", "2026-03-31"), ("2025-10-01", "2025-12-31"), ("2025-01-01", "2025-03-31")),
        (around("year", day("2025-02-01")), "2026-06-01", ("2025-01-01", "2025-12-31"), ("2024-01-01", "2024-12-31"), ("2024-01-01", "2024-12-31")),
        (between(day("2024-02-20"), day("2024-02-29")), "2026-06-01", ("2024-02-20", "2024-02-29"), ("2024-02-10", "2024-02-19"), ("2023-02-20", "2023-02-28")),
    ],
)
def test_what_a_period_is_held_against(period, today, now, before, year):
    found = window(period, day(today))
    assert [(days.first, days.last) for days in (found.now, found.before, found.year)] == [(day(first), day(last)) for first, last in (now, before, year)]


def test_a_period_that_has_not_begun_cannot_be_counted():
    with pytest.raises(ValueError, match="还没有开始"):
        window(MARCH, day("2026-02-28"))


def test_a_source_that_had_not_begun_makes_no_rise():
    """The hotline came in February, the board in March: of the month before neither is compared whole, of the year before only cases are."""
    rows = [Counted(2, 10, 0, Tally(count=20, before=20, year=20)), Counted(2, 10, 101, Tally(count=30, before=30)), Counted(2, 10, 102, Tally(count=40, before=7))]
    found = report(rows)
    (before,), (year,) = found.changes([found.whole], "before"), found.changes([found.whole], "year")
    assert (found.total.count, before.now, before.then, year.now, year.then) == (90, 50, 50, 20, 20)
    assert before.tone == year.tone == "same"
    assert [source.label for source in found.left_out("before")] == ["留言板"]
    assert [source.label for source in found.left_out("year")] == ["留言板", "热线"]
    assert "比上期不含留言板：当时还没有接入；比上年同期不含留言板、热线：当时还没有接入。" in points(found)


def test_without_any_earlier_source_nothing_is_compared():
    found = report([Counted(2, 10, 102, Tally(count=40))])
    (line,) = [line for line in found.regions if line.code == "339999100000"]
    (change,) = found.changes([line], "year")
    assert found.comparable("year") is True  # cases had begun
    alone = Assembly(window(MARCH, day("2026-04-01")), BRANCHES, REGIONS, {102: FEEDS[102]}).add([Counted(2, 10, 102, Tally(count=40))])
    assert [source.year for source in alone.sources()] == [False] and (change.now, change.then) == (0, 0)


def test_a_source_that_has_not_delivered_yet_makes_no_fall():
    """The hotline's file of March has not come: 10 a day until the 12th and nothing since. A quiet board of two a month is only quiet."""
    feeds = {0: FEEDS[0], 101: Feed("热线", day("2025-01-01"), day("2026-03-12"), 4360), 102: Feed("留言板", day("2025-01-01"), day("2026-03-12"), 29), 103: Feed("旧系统", day("2022-01-01"), day("2024-06-30"), 9000)}
    made = Assembly(window(MARCH, day("2026-04-01")), BRANCHES, REGIONS, feeds).add([Counted(2, 10, 0, Tally(count=20, before=20)), Counted(2, 10, 101, Tally(count=120, before=280)), Counted(2, 10, 102, Tally(count=1, before=2))])
    assert {source.label: (source.silent, source.before) for source in made.sources()} == {"民情件": (False, True), "热线": (True, False), "留言板": (False, True), "旧系统": (False, False)}
    assert (made.total().count, made.total().like_before, made.total().before) == (141, 21, 22)
    assert [feeds[101].silent(day(until)) for until in ("2026-03-14", "2026-03-15")] == [False, True], "a weekend is no silence"
    found = replace(report([Counted(2, 10, 0, Tally(count=20, before=20))]), sources=made.sources())
    assert points(found)[1] == "有的来源没有收到期末：热线只到2026年3月12日。没有收全的不参与比较。"
    assert read(json.loads(json.dumps(found.content()))) == found


def test_the_tree_and_the_places_add_up():
    rows = [
        Counted(3, 10, 0, Tally(count=3, in_time=1)), Counted(2, 11, 0, Tally(count=4)), Counted(4, None, 0, Tally(count=5)), Counted(None, 10, 0, Tally(count=6)),
        Counted(99, 77, 0, Tally(count=7)),  # a category and a place that are gone
    ]  # fmt: skip
    found = report(rows)
    assert [(line.code, line.level, line.tally.count) for line in found.categories] == [("city", 1, 7), ("road", 2, 7), ("hole", 3, 3), ("noise", 1, 5), ("", 1, 13)]
    assert [(line.code, line.tally.count) for line in found.regions] == [("339999100000", 9), ("339999200000", 4), ("", 12)]
    assert found.total.count == 25 == sum(line.tally.count for line in found.top) == sum(line.tally.count for line in found.regions)
    assert {region: {code: tally.count for code, tally in row.items()} for region, row in found.cross.items()} == {
        "339999100000": {"city": 3, "": 6}, "339999200000": {"city": 4}, "": {"noise": 5, "": 7},
    }  # fmt: skip


def test_a_longer_month_is_no_rise_and_a_real_one_is():
    """31 days against 28: 310 and 280 are ten a day, both."""
    found = report([Counted(2, 10, 0, Tally(count=310, before=280, year=310)), Counted(4, 11, 0, Tally(count=60, before=20, year=60))])
    changes = dict(zip(("东溪镇", "南山乡"), found.changes(found.regions[:2], "before"), strict=True))
    assert (changes["东溪镇"].percent, changes["东溪镇"].tone) == (0, "same")
    assert (changes["南山乡"].percent, changes["南山乡"].tone) == (171, "up")  # 60/31 to 20/28 a day
    assert changes["南山乡"].words == "+171%（60 比 20）"


def test_few_are_not_judged_and_no_percentage_is_made_of_them():
    change = Change(3, 1, 31, 28, q=0.0)
    assert (change.tone, change.percent, change.words, change.figure) == ("few", None, "3 比 1", ("3 比 1", ""))
    assert Change(30, 20, 31, 28).figure == ("+35%", "30 比 20") and Change(0, 0, 31, 28).words == "—"
    assert Change(9, 2, 31, 28, q=0.01).words == "9 比 2"  # more than chance, but no percentage of two
    assert Change(0, 0, 31, 28, comparable=False).words == Change(0, 0, 31, 28).sentence == "—"
    assert change.sentence == "3 比 1 样本少"


def test_of_tables_where_nothing_changed_few_are_called_changed():
    """300 months of 20 towns whose rates stay the same: a false call in at most one month of twenty, near enough."""
    chance = random.Random(11)

    def drawn(mean: float) -> int:
        count, left = 0, math.exp(-mean)
        product = chance.random()
        while product > left:
            count, product = count + 1, product * chance.random()
        return count

    days = window(MARCH, day("2026-04-01"))
    called = 0
    for _ in range(300):
        lines = [Line(str(at), str(at), 1, Tally(count=(n := drawn(30)), like_before=n, before=drawn(30 * 28 / 31))) for at in range(20)]
        found = Report("", "", "county", days, dt.datetime(2026, 4, 1, tzinfo=dt.UTC), "", Tally(), [], [], {}, list(report([]).sources), [])
        called += any(change.tone in ("up", "down") for change in found.changes(lines, "before"))
    assert called <= 300 * 0.05 + 3 * math.sqrt(300 * 0.05 * 0.95)


def test_a_share_of_few_says_no_percentage():
    assert [share.words for share in (Share(10, 20), Share(3, 4), Share(0, 0))] == ["50%（10/20）", "3/4", "—"]


def test_punctuality_counts_what_lies_overdue():
    tally = Tally(count=12, in_time=6, late_done=2, late_open=2, waiting=2)
    assert tally.punctual == Share(6, 10)


def test_kept_and_read_again_it_is_the_same():
    found = report([Counted(3, 10, 0, Tally(3, 2, 1, in_time=1, elder_said=2)), Counted(4, None, 101, Tally(count=5, before=9))], synthetic=True, apart=2, unplaced=5)
    again = read(json.loads(json.dumps(found.content(), ensure_ascii=False)))
    assert again == found and points(again) == points(found) and caption(again) == caption(found)


def test_what_it_says_first():
    found = report([Counted(2, 10, 0, Tally(count=90, before=28, year=90, in_time=8, late_open=2, satisfied=6, unsatisfied=4, again=3))])
    said = points(found)
    assert said[0].startswith("2026年3月方格县收到诉求 90 件，每千人 1.50（1.21—1.84）；比上期 +190%（90 比 28），明显上升；比上年同期 +0%（90 比 90），变化不明显。")
    assert "类别中明显上升的：城乡建设 +190%（90 比 28）。" in said and "区域中明显上升的：东溪镇 +190%（90 比 28）。" in said
    assert "按期答复 80%（8/10），2 件超期还没有答复；满意和基本满意 60%（6/10）；重复反映 3 件。" in said
    assert points(report([]))[0] == "2026年3月方格县没有收到诉求。没有收到不等于没有问题。"


def test_classes_of_a_map():
    classes = Classes.of([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], "件", 0)
    assert classes.edges == (2, 4, 6, 8, 10)
    assert [classes.colour(value) for value in (None, 0, 1, 2, 3, 10, 11)] == [UNKNOWN, EMPTY, RAMP[0], RAMP[0], RAMP[1], RAMP[4], RAMP[4]]
    one = Classes.of([4, 4, 4], "件", 0)
    assert one.edges == (4,) and one.colour(4) == RAMP[0] and [words for _, words in one.legend(False)] == ["0：没有收到", "不超过 4 件"]
    assert Classes.of([0, 0], "件", 0).colour(0) == EMPTY


def test_months_are_drawn_to_scale():
    drawn = bars([(day("2026-01-01"), 5), (day("2026-02-01"), 0), (day("2026-03-01"), 10)], day("2026-03-01"), day("2026-03-31"))
    assert [bar.height for bar in drawn] == [drawn[2].height / 2, 0, drawn[2].height] and [bar.inside for bar in drawn] == [False, False, True]
    assert "2026年3月 10 件" in months_svg([(day("2026-03-01"), 10)], day("2026-03-01"), day("2026-03-31")) and months_svg([], day("2026-03-01"), day("2026-03-31")) == ""
    assert Days(day("2026-03-01"), day("2026-03-31")).count == 31
