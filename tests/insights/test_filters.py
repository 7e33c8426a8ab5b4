"""What an address asks, what it falls back to, and how it is said."""

import datetime as dt

import pytest
from django.http import QueryDict

from apps.cases.models import Category
from apps.insights.filters import BY, LEVELS, STATES, read_question, source_keys
from tests.insights.voices import source
from tests.town import TODAY

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def asked(query: str = ""):
    return read_question(QueryDict(query), TODAY)


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("", TODAY - 364 * DAY, TODAY),
        ("period=30", TODAY - 29 * DAY, TODAY),
        ("period=month:2026-02", dt.date(2026, 2, 1), dt.date(2026, 2, 28)),
        ("period=month:2026-03", dt.date(2026, 3, 1), TODAY),  # as far as it has come
        ("period=quarter:2025-4", dt.date(2025, 10, 1), dt.date(2025, 12, 31)),
        ("period=year:2024", dt.date(2024, 1, 1), dt.date(2024, 12, 31)),
        ("since=2026-01-05&until=2026-02-01", dt.date(2026, 1, 5), dt.date(2026, 2, 1)),
        ("since=2026-02-01&until=2026-01-05", dt.date(2026, 1, 5), dt.date(2026, 2, 1)),
        ("since=2026-02-01", dt.date(2026, 2, 1), TODAY),
        ("since=2030-01-01&until=2031-01-01", TODAY, TODAY),
    ],
)
def test_periods(query, first, last):
    assert (asked(query).first, asked(query).last) == (first, last)


@pytest.mark.parametrize(
    "query",
    [
        "period=month:2027-01", "period=month:2026-13", "period=month:0000-1", "period=quarter:2026-5", "period=12", "period=-1", "period=%00",
        "by=x&level=y&measure=z&state=w&size=1&region=3399&hour=24&weekday=7&category=none&source=none&compare=maybe", "since=x&until=y", "hour=٣", "period=month:２０２６-01",
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_the_default(query):
    assert asked(query) == asked()


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("period=30&compare=before", TODAY - 59 * DAY, TODAY - 30 * DAY),
        ("period=30&compare=1", TODAY - 59 * DAY, TODAY - 30 * DAY),
        ("period=month:2026-02&compare=year", dt.date(2025, 2, 1), dt.date(2025, 2, 28)),
        ("since=2024-02-29&until=2024-03-01&compare=year", dt.date(2023, 2, 28), dt.date(2023, 3, 1)),
        ("period=730&compare=year", dt.date(2022, 3, 11), dt.date(2024, 3, 10)),  # no day in both
        ("period=30&since2=2025-01-31&until2=2025-01-01", dt.date(2025, 1, 1), dt.date(2025, 1, 31)),
    ],
)
def test_comparisons(query, first, last):
    assert asked(query).before == (first, last)


def test_what_shows_one_period_is_compared_with_none():
    """Nor does its caption say so; whoever goes back to a map that compares finds what he had chosen."""
    question = asked("by=cell&period=30&compare=before")
    assert question.before is None and "相比" not in question.words and "compare=before" in question.query()
    assert asked("period=30&compare=before").words.endswith("相比")
    shared = asked("period=30&by=change&since2=2026-03-01&until2=2026-03-10")
    assert shared.words.endswith("相比（按日均）")
    assert shared.overlaps and shared.uneven and not asked("period=30&compare=before").overlaps


def test_question_is_its_own_address(town):
    """Whatever is asked, its address asks the same again; the plain question has an empty one."""
    source()
    full = "by=hex&level=village&measure=count&since=2026-01-01&until=2026-02-01&since2=2025-01-01&until2=2025-02-01&category=housing&source=web&source=s.12345&state=late&hour=8&hour=9&weekday=6&region=339999100000&size=1000"
    question = asked(full)
    assert question.region == "339999100" and question.sources == ("web", "s.12345")
    assert asked(question.query()) == question
    assert asked().query() == ""
    for by in BY:
        for level in LEVELS:
            for state in STATES:
                some = asked(f"by={by}&level={level}&state={state}&period=quarter:2025-4&compare=year")
                assert asked(some.query()) == some
    assert asked(question.query(by="cell", category=[])).categories == ()


def test_caption_says_period_and_filters(town):
    source(name="县12345热线")
    words = asked(
        "period=month:2026-02&category=housing&source=s.12345&source=web&region=339999100&state=unsatisfied&hour=8&hour=9&hour=20&weekday=5&weekday=6&compare=year"
    ).words
    assert words == (
        f"2026年2月1日—2026年2月28日；东溪镇；{Category.objects.get(code='housing').label}；县12345热线、网页；不满意；周六、日；8–9 时、20 时；与2025年2月1日—2025年2月28日相比"
    ).replace("县12345热线、网页", "县12345热线、网页")


def test_sources_by_the_numbers_of_facts(town):
    one, other = source(), source("board", kind="board")
    assert source_keys(["web", "s.board"]) == [2, 100 + other.pk]
    assert source_keys(["record"]) == [100 + one.pk, 100 + other.pk] or set(source_keys(["record"])) == {
        100 + one.pk,
        100 + other.pk,
    }
    assert source_keys(["case"]) == list(range(1, 100))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("period=30", {"state": ["counted"], "since": ["2026-02-09"], "until": ["2026-03-10"]}),
        ("state=late", {"state": ["open"], "late": ["late"]}),
        ("state=unsatisfied", {"state": ["counted"], "mark": ["unsatisfied"]}),
        ("region=339999100201&hour=3&weekday=0&source=web&source=scan", {"village": ["339999100201"], "hour": ["3"], "weekday": ["0"], "channel": ["web", "scan"]}),
        ("region=339999100&category=housing", {"town": ["339999100000"], "category": ["housing"]}),
    ],
)  # fmt: skip
def test_way_to_the_cases(town, query, expected):
    found = QueryDict(asked(query).cases_url(bbox="1,2,3,4").partition("?")[2])
    assert {name: found.getlist(name) for name in expected} == expected and found["bbox"] == "1,2,3,4"
