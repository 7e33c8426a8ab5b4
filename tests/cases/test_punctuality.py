"""Punctuality of any period: what counts, what does not, who sees what; against a plain count of every clock."""

import datetime as dt
import io
import random

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.cases import clocks, workflow, workflow_limits
from apps.cases.clocks import Clock
from apps.cases.models import Case
from apps.cases.punctuality import BY, DUTIES, LEAST, Counts, punctuality
from tests.cases.conftest import brought_to

MARCH = (dt.date(2026, 3, 1), dt.date(2026, 3, 31))


def on(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def asked(user, by="step", today="2026-03-31", period=MARCH, **filters):
    found = punctuality(*period, by, today=on(today), user=user, **filters)
    return found.total, {row.label: (row.due, row.late, row.late_open) for row in found.rows}


def only_answers() -> None:
    Clock.objects.exclude(kind="answer").delete()


def test_on_time_late_open_and_none_of_it(town, people, clock):
    """All filed on Tuesday 10 March, all due on Tuesday 17."""
    on_time, late, open_, not_done, standing = [brought_to("with_deputy", town, people, text=f"第{number}件", to=town.deputies["D1"].code) for number in range(5)]
    workflow_limits.pause(standing, people.deputy, "在哪里？")
    workflow.answer_as_deputy(on_time, people.deputy, "修好了。")
    clocks.end(not_done, clock.now)  # withdrawn in time
    clock.pass_days(8)
    workflow.answer_as_deputy(late, people.deputy, "修好了。")
    only_answers()
    total, rows = asked(people.county_office, today="2026-03-18")
    assert rows == {"代表办理中：办理": (3, 2, 1)} and (total.on_time, total.percent, total.figure) == (1, None, ("", "样本少"))
    assert asked(people.county_office, today="2026-03-17")[1] == {"代表办理中：办理": (2, 1, 0)}  # not due yet: not late yet
    assert asked(people.county_office, period=(on("2026-03-18"), on("2026-03-31")))[1] == {}  # each counts where its last day lies
    assert open_.pk


def test_what_was_put_off_counts_where_it_was_put(town, people, clock):
    case = brought_to("with_unit", town, people)
    workflow_limits.extend(case, people.dispatcher, 12, "县政府办")  # from 17 March to 2 April
    only_answers()
    Clock.objects.exclude(step="with_unit").delete()
    assert asked(people.county_office)[1] == {}
    total, rows = asked(people.county_office, period=(on("2026-04-01"), on("2026-04-30")), today="2026-04-30")
    assert rows == {"承办单位办理中：办理": (1, 1, 1)} and total.extended == 1


def test_who_sees_whose_figures(town, people, clock):
    case = brought_to("with_unit", town, people)
    clock.pass_days(10)
    only_answers()
    answer = ("承办单位办理中：办理", (1, 1, 1))
    for user in (people.county_office, people.leader, people.dispatcher, people.unit_officer, people.town_clerk):
        assert answer in asked(user)[1].items(), user
    for user in (people.other_unit, people.other_clerk):
        assert asked(user)[1] == {}, user
    assert set(asked(people.dispatcher)[1]) == {"县政府办待交办：办理", "承办单位办理中：办理"}  # nothing of the congress's own steps
    assert asked(people.county_office, "unit")[1] == {"方格县住房和城乡建设局": (1, 1, 1)}
    assert asked(people.county_office, "deputy")[1] == {"陈安": (1, 0, 0)}
    assert asked(people.county_office, "town")[1] == {"东溪镇": (4, 1, 1)} and case.pk
    assert asked(people.county_office, "month")[1] == {"2026年3月": (4, 1, 1)}
    assert asked(people.county_office, "town", unit="WATER")[1] == {} and asked(people.county_office, "town", unit="CONSTRUCTION")[1] == {"东溪镇": (1, 1, 1)}


def test_a_percentage_needs_enough():
    assert [Counts(due=number, late=1).percent for number in (LEAST - 1, LEAST)] == [None, 80.0]
    assert Counts().figure == ("", "没有到期的")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000))
def test_the_sums_are_those_of_a_plain_count(a_case, county_office, seed):
    """Any clocks, any period, any day: what the database sums is what one counts by hand, and what is past does not change any more."""
    Clock.objects.all().delete()
    rng, start = random.Random(seed), on("2026-01-01")
    made = []
    for _ in range(rng.randint(0, 25)):
        begun = start + dt.timedelta(days=rng.randint(0, 60))
        clock = Clock(case=a_case, town_id=a_case.town_id, kind=rng.choice(Clock.Kind.values), step=rng.choice(["with_deputy", "with_unit"]), started_on=begun, base_on=begun,
                      due_on=begun + dt.timedelta(days=rng.randint(0, 20)))  # fmt: skip
        what, ended = rng.choice(["open", "paused", "met", "undone"]), dt.datetime(2026, 1, 1, 4, tzinfo=dt.UTC) + dt.timedelta(days=rng.randint(0, 90))
        if what == "paused":
            clock.paused_on = begun + dt.timedelta(days=rng.randint(0, 30))
        elif what != "open":
            clock.stop(ended, met=what == "met")
        made.append(clock)
    rest = [each for each in made if each.ended_at or not any(other is not each and other.kind == each.kind and not other.ended_at for other in made[: made.index(each)])]
    Clock.objects.bulk_create(rest)
    first = start + dt.timedelta(days=rng.randint(0, 60))
    last, today = first + dt.timedelta(days=rng.randint(0, 40)), start + dt.timedelta(days=rng.randint(0, 120))
    for by in BY:
        found = punctuality(first, last, by, today=today, user=county_office)
        if by in ("step", "month", "town", "topic"):
            assert (found.total.due, found.total.late, found.total.late_open) == _plainly(rest, first, last, today)


def _plainly(rest: list[Clock], first: dt.date, last: dt.date, today: dt.date) -> tuple[int, int, int]:
    due = late = still = 0
    for clock in rest:
        if clock.kind not in DUTIES or not first <= clock.due_on <= last:
            continue
        if clock.ended_at:
            is_late = clock.late
            counts = is_late or clock.met_at is not None
        else:
            is_late = counts = (clock.paused_on or today) > clock.due_on
        due, late, still = due + counts, late + (counts and is_late), still + (counts and is_late and not clock.ended_at)
    return due, late, still


@pytest.fixture
def a_case(town, people) -> Case:
    return brought_to("with_deputy", town, people)


def test_the_page_and_its_workbook(town, people, client, clock):
    for number in range(6):
        brought_to("with_deputy", town, people, text=f"第{number}件", to=town.deputies["D1"].code)
    clock.pass_days(8)
    only_answers()
    client.force_login(people.county_office)
    page = client.get("/cases/punctuality/?by=deputy&period=month&on=2026-03-10").content.decode()
    assert "2026年3月" in page and "陈安" in page and "0.0" in page and "deputy=" in page
    book = openpyxl.load_workbook(io.BytesIO(client.get("/cases/punctuality/export.xlsx?by=deputy&on=2026-03-10").content))
    rows = list(book["办理时效"].values)
    assert rows[3] == ("合计", 6, 0, 6, 6, 0, 0, 0) and rows[4][0] == "陈安" and "口径" in book.sheetnames
    assert "没有到期的" in client.get("/cases/punctuality/?on=2025-03-10").content.decode()
    wrong = client.get("/cases/punctuality/?by=nothing&on=gestern&town=9999&period=days&since=2026-02-30")
    assert wrong.status_code == 422 and "含这一天" in wrong.content.decode()


def test_who_opens_it(people, client):
    for user, status in ((people.deputy, 403), (people.town_clerk, 200), (people.unit_officer, 200), (people.dispatcher, 200), (people.leader, 200)):
        client.force_login(user)
        assert client.get("/cases/punctuality/").status_code == status


def test_queries_of_the_page(town, people, client, django_assert_max_num_queries):
    brought_to("with_unit", town, people)
    client.force_login(people.county_office)
    client.get("/cases/punctuality/")
    with django_assert_max_num_queries(14):
        client.get("/cases/punctuality/?by=unit&on=2026-03-10")
