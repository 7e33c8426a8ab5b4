"""What came of supervision: every figure held to a plain count over the same rows; who sees which; little is not called a rate."""

import datetime as dt
import io
import random
from collections import defaultdict
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.supervision.evaluation import LEAST, SORTS, Asked, Figures, Share, evaluate
from apps.supervision.findings import Finding
from apps.supervision.models import AssignmentRun, Team, TeamMember
from apps.supervision.rating_sheets import Indicator, RatingSheet
from apps.supervision.topics import Topic
from apps.supervision.visits import CheckIn, IndicatorRating, Visit, VisitParticipant
from apps.worktime.periods import around, between
from tests import town as toy

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = dt.datetime(2026, 3, 10, 12, tzinfo=SHANGHAI)
YEAR, QUARTER = around("year", NOON.date()), around("quarter", NOON.date())
GONE = ("merged", "withdrawn")


class World:
    """Runs, visits, ratings and findings by chance over the toy county, and the same figures counted one by one."""

    def __init__(self, town: toy.Town, seed: int, visits: int = 60, findings: int = 80) -> None:
        self.rng, self.town = random.Random(seed), town
        self.deputies = list(town.deputies.values())
        self.topics = list(Topic.objects.of_projects(town.projects.values()).order_by("pk"))
        self.units = [town.organisations[name] for name in ("construction", "water", "town_a")]
        self.runs = [self.run(dt.datetime(2025, 6, 1, 9, tzinfo=SHANGHAI)), self.run(dt.datetime(2026, 2, 1, 9, tzinfo=SHANGHAI))]
        sheet = RatingSheet.objects.create(name="甲", topic_kind="suggestion")
        self.indicators = [Indicator.objects.create(sheet=sheet, number=n, label=f"指标{n}", scale="yes_no" if n == 2 else "score") for n in range(3)]
        for _ in range(visits):
            self.visit()
        for _ in range(findings):
            self.finding()

    def run(self, at: dt.datetime) -> AssignmentRun:
        run = AssignmentRun.objects.create(name=f"{at:%Y}方案", preset="nearest", state="approved")
        for topic in self.topics:
            team = Team.objects.create(run=run, topic=topic)
            for deputy in self.rng.sample(self.deputies, self.rng.randint(0, 4)):
                TeamMember.objects.create(team=team, deputy=deputy, cost=0)
        AssignmentRun.objects.filter(pk=run.pk).update(state="published", published_at=at)
        run.refresh_from_db()
        return run

    def day(self) -> dt.date:
        return dt.date(2025, 10, 1) + dt.timedelta(days=self.rng.randrange(200))

    def visit(self) -> None:
        rng, day = self.rng, self.day()
        people = rng.sample(self.deputies, rng.choice([1, 1, 3]))
        kind, state = ("look" if len(people) == 1 else "inspection"), rng.choice(["recorded", "recorded", "recorded", "planned", "cancelled"])
        visit = Visit.objects.create(
            kind=kind, topic=rng.choice(self.topics), deputy=people[0] if kind == "look" else None, planned_on=day, state=state, text="看过",
            visited_on=day if state == "recorded" else None, recorded_at=NOON if state == "recorded" else None,
        )  # fmt: skip
        for deputy in people:
            there = VisitParticipant.objects.create(visit=visit, deputy=deputy)
            if rng.random() < 0.7:
                CheckIn.objects.create(participant=there, at=NOON, reason="没有信号")
        for indicator in self.indicators:
            if state == "recorded" and rng.random() < 0.6:
                IndicatorRating.objects.create(visit=visit, indicator=indicator, value=1 if indicator.scale == "yes_no" else rng.randint(1, 5))

    def finding(self) -> None:
        rng = self.rng
        state = rng.choice(["raised", "with_dispatcher", "with_unit", "with_unit", "answered", "closed", "closed", "closed", "declined", "withdrawn", "merged"])
        at = dt.datetime.combine(self.day(), dt.time(rng.choice([0, 23]), 30), SHANGHAI)
        with_unit = state in ("with_unit", "answered", "closed")
        into = Finding.objects.first() if state == "merged" else None
        if state == "merged" and into is None:
            return
        by = rng.choice(self.deputies)
        Finding.objects.create(
            topic=rng.choice(self.topics), raised_by=by, follower=by, text="裂缝", state=state, raised_at=at, forwarded_at=at if with_unit or state == "with_dispatcher" else None,
            lead=rng.choice(self.units) if with_unit else None, rectify_by=NOON.date() + dt.timedelta(days=rng.randint(-9, 9)) if with_unit else None,
            late=with_unit and rng.random() < 0.3, result="put_right" if state == "closed" else "", merged_into=into,
        )  # fmt: skip

    # -- one by one ---------------------------------------------------------------------------------------------------------

    def expected(self, by: str, period, government: bool = False) -> dict[int, Figures]:
        sums: dict[int, dict] = defaultdict(lambda: defaultdict(int))
        run = max((run for run in self.runs if timezone.localdate(run.published_at) <= period.last), key=lambda run: run.published_at, default=None)
        responsible = {topic.pk: topic.responsible.pk for topic in self.topics}
        been, whole = set(), {"topic": lambda t, _: [t], "unit": lambda t, _: [responsible[t]], "deputy": lambda _, people: people}[by]
        for visit in [] if government else Visit.objects.filter(state="recorded", visited_on__range=(period.first, period.last)):
            people = [each.deputy_id for each in visit.participants.all() if visit.kind == "look" or hasattr(each, "check_in")]
            been |= {(visit.topic_id, deputy) for deputy in people}
            values = [rating.value for rating in visit.ratings.all() if rating.indicator.scale == "score"]
            for key in whole(visit.topic_id, people):
                sums[key]["looks" if visit.kind == "look" else "inspections"] += 1
                sums[key]["marks"] += len(values)
                sums[key]["marks_sum"] += sum(values)
        teams = [] if government or run is None else [(team.topic_id, [each.deputy_id for each in team.members.all()]) for team in run.teams.all()]
        for topic, members in teams:
            places = [(topic, deputy) for deputy in members]
            if by == "unit" and members:
                sums[responsible[topic]]["assigned"] += 1
                sums[responsible[topic]]["visited"] += any(place in been for place in places)
            for place in places if by != "unit" else []:
                key = topic if by == "topic" else place[1]
                sums[key]["assigned"] += 1
                sums[key]["visited"] += place in been
        for finding in Finding.objects.exclude(state__in=GONE):
            key = {"topic": finding.topic_id, "deputy": finding.raised_by_id, "unit": finding.lead_id}[by]
            if key is None or not period.first <= timezone.localdate(finding.raised_at) <= period.last or (government and not finding.forwarded_at):
                continue
            is_open = finding.state in ("raised", "with_dispatcher", "with_unit", "answered")
            late = finding.late or (finding.state == "with_unit" and finding.rectify_by < NOON.date())
            for name, holds in {
                "found": True, "passed_on": bool(finding.forwarded_at), "declined": finding.state == "declined", "closed": finding.state == "closed",
                "in_time": finding.state == "closed" and not finding.late, "late_closed": finding.state == "closed" and finding.late,
                "late_open": is_open and late, "waiting": is_open and not late,
            }.items():  # fmt: skip
                sums[key][name] += holds
        return {key: Figures(**counts) for key, counts in sums.items()}


@pytest.fixture(autouse=True)
def noon(monkeypatch, settings) -> None:
    settings.SESSION_COOKIE_AGE = 10 * 365 * 86400
    monkeypatch.setattr(timezone, "now", lambda: NOON)


def plain(row) -> Figures:
    return Figures(**{name: getattr(row, name) for name in Figures.__dataclass_fields__})


@pytest.mark.parametrize("seed", range(2))
def test_every_figure_is_that_of_a_plain_count(town, seed):
    world = World(town, seed)
    periods = [YEAR, QUARTER, around("month", dt.date(2025, 12, 5)), between(dt.date(2025, 1, 1), dt.date(2025, 5, 1)), between(dt.date(2025, 11, 3), dt.date(2026, 2, 20))]
    for period in periods:
        for by in ("topic", "deputy", "unit"):
            for government in (False, True) if by == "unit" else (False,):
                found = evaluate(Asked(by, period, government=government))
                expected = {key: figures for key, figures in world.expected(by, period, government).items() if figures != Figures()}
                assert {row.pk: plain(row) for row in found.rows if plain(row) != Figures()} == expected
                assert found.total == Figures(**{name: sum(getattr(row, name) for row in found.rows) for name in Figures.__dataclass_fields__})
                assert found.count == len(found.rows)


def test_open_and_overdue_counts_as_not_in_time(town):
    world = World(town, 1, visits=0, findings=0)
    by, topic = world.deputies[0], world.topics[0]
    more = {"topic": topic, "raised_by": by, "follower": by, "text": "裂缝", "raised_at": NOON, "forwarded_at": NOON, "lead": world.units[0]}
    Finding.objects.create(state="closed", result="put_right", **more)
    for _ in range(4):
        Finding.objects.create(state="with_unit", rectify_by=NOON.date() - dt.timedelta(days=1), **more)
    Finding.objects.create(state="with_unit", rectify_by=NOON.date(), **more)  # due today: not late
    row = next(row for row in evaluate(Asked("unit", YEAR)).rows if row.pk == world.units[0].pk)
    assert (row.punctual, row.waiting, row.punctual.words) == (Share(1, 5), 1, "20%（1/5）")


def test_little_is_not_called_a_rate():
    assert [Share(*each).words for each in ((0, 0), (1, 4), (4, 5), (0, 7))] == ["—", "1/4", "80%（4/5）", "0%（0/7）"]
    assert Figures(marks=LEAST - 1, marks_sum=20).mean_words == "4 次"
    assert Figures(marks=LEAST, marks_sum=21).mean_words == "4.2（5 次）"
    assert Figures().mean_words == "—"


@pytest.mark.parametrize(("sort", "key"), [("coverage", lambda row: row.coverage), ("punctual", lambda row: row.punctual)])
def test_what_a_rate_of_few_says_comes_after_every_rate(town, sort, key):
    World(town, 2)
    shares = [key(row) for row in evaluate(Asked("deputy", YEAR, sort=sort)).rows]
    told = [share.percent for share in shares]
    enough = [percent for percent in told if percent is not None]
    assert told[: len(enough)] == sorted(enough)


def test_pages_and_narrowing_agree_with_the_whole(town):
    world = World(town, 3)
    for sort in SORTS:
        whole = evaluate(Asked("deputy", YEAR, sort=sort))
        assert [row for start in range(0, 12, 3) for row in evaluate(Asked("deputy", YEAR, sort=sort), 3, start).rows] == whole.rows
        assert evaluate(Asked("deputy", YEAR, sort=sort), 3, 3).total == whole.total
    assert all(row.assigned and not row.visited for row in evaluate(Asked("deputy", QUARTER, only="unvisited")).rows)
    assert {row.pk for row in evaluate(Asked("deputy", YEAR, only="late")).rows} == {pk for pk, each in world.expected("deputy", YEAR).items() if each.late_open}
    assert [row.name for row in evaluate(Asked("topic", YEAR, words="小学")).rows] == ["南山中心小学迁建"]
    assert {row.place for row in evaluate(Asked("topic", YEAR, town=town.towns["A"].pk)).rows} == {"东溪镇"}
    assert evaluate(Asked("topic", YEAR, words="%' OR true --")).rows == []


@pytest.mark.parametrize(("kind", "day", "first", "last", "label"), [
    ("month", "2026-02-28", "2026-02-01", "2026-02-28", "2026年2月"), ("month", "2024-02-01", "2024-02-01", "2024-02-29", "2024年2月"),
    ("quarter", "2026-12-31", "2026-10-01", "2026-12-31", "2026年第四季度"), ("half", "2026-06-30", "2026-01-01", "2026-06-30", "2026年上半年"),
    ("half", "2026-07-01", "2026-07-01", "2026-12-31", "2026年下半年"), ("year", "2026-07-01", "2026-01-01", "2026-12-31", "2026年"),
])  # fmt: skip
def test_periods(kind, day, first, last, label):
    found = around(kind, dt.date.fromisoformat(day))
    assert (found.first.isoformat(), found.last.isoformat(), found.label) == (first, last, label)
    assert around(kind, found.before).last == found.before and around(kind, found.after).first == found.after


# --- the page -------------------------------------------------------------------------------------------------------------------


def rows(client, query: str = "") -> list:
    return client.get(f"/supervision/evaluation/?{query}").context["found"].rows


def test_who_sees_which_rows(town, users, client):
    World(town, 5)
    client.force_login(users.leader)
    everything = {by: {row.pk for row in rows(client, f"by={by}")} for by in ("topic", "deputy", "unit")}
    assert len(everything["deputy"]) > 5 and len(everything["unit"]) == 3
    client.force_login(users.deputy)
    mine = users.deputy.deputy
    assert {row.pk for row in rows(client, "by=deputy")} == {mine.pk}
    assert {row.pk for row in rows(client, "by=topic")} == set(Topic.objects.supervised_by(mine).values_list("pk", flat=True))
    assert client.get("/supervision/evaluation/?by=unit").context["asked"].by == "topic"
    client.force_login(users.town_clerk)
    assert {row.place for row in rows(client, "by=topic")} == {"东溪镇"}
    assert {row.pk for row in rows(client, "by=deputy")} < everything["deputy"]
    client.force_login(users.unit_officer)
    (own,) = rows(client, "by=topic")
    assert own.pk == town.organisations["construction"].pk and (own.assigned, own.looks, own.marks) == (0, 0, 0) and own.found == own.passed_on > 0
    page = client.get("/supervision/evaluation/").content.decode()
    assert "走访覆盖" not in page and "平均评分" not in page
    client.force_login(users.dispatcher)
    assert {row.pk for row in rows(client)} == everything["unit"]
    client.force_login(users.stranger)
    assert client.get("/supervision/evaluation/").status_code == client.get("/supervision/evaluation/list.xlsx").status_code == 403
    client.force_login(User.objects.create(username="unlinked", role="deputy"))
    assert rows(client, "by=deputy") == [] == rows(client, "by=topic")


@pytest.mark.parametrize("query", [
    "by=unit&period=quarter&on=2026-03-10&sort=punctual", "period=days&from=2026-03-01&to=2025-12-01", "period=term", "period=half&on=2025-12-01&only=late&q=东&town=339999100000", "page=9999",
    "page=-1&by=x&period=x&only=x&sort=x&town=x&on=x&q=%00", "period=days&from=0001-01-01&to=9999-12-31", "period=days&from=2026-13-01", "period=month&on=1999-12-31", "q=" + "长" * 500,
])  # fmt: skip
def test_any_address_is_a_page(town, users, client, query):
    World(town, 6, 10, 10)
    client.force_login(users.county_office)
    assert client.get(f"/supervision/evaluation/?{query}").status_code == 200
    assert client.get(f"/supervision/evaluation/list.xlsx?{query}").status_code == 200


def test_what_could_not_be_read_is_said(town, users, client):
    client.force_login(users.county_office)
    assert "起始日期“2026-13-01”读不出来" in client.get("/supervision/evaluation/?period=days&from=2026-13-01").content.decode()


def test_the_page_costs_few_queries_whatever_its_length(town, users, client, django_assert_num_queries):
    client.force_login(users.county_office)
    World(town, 7, 5, 5)
    client.get("/supervision/evaluation/?by=deputy")
    with django_assert_num_queries(7):  # session, user, versions of layers, list in force, the figures, towns, unread notices
        client.get("/supervision/evaluation/?by=deputy")
    for _ in range(20):
        Finding.objects.create(topic=Topic.objects.first(), raised_by=town.deputies["D1"], follower=town.deputies["D1"], text="又一处", raised_at=NOON)
    with django_assert_num_queries(7):
        client.get("/supervision/evaluation/?by=deputy")


def test_the_workbook_holds_the_same_and_computes_nothing(town, users, client):
    world = World(town, 8)
    Topic.objects.filter(pk=world.topics[0].pk)
    town.projects["K1"].name = "=HYPERLINK(1)"
    town.projects["K1"].save()
    client.force_login(users.county_office)
    answer = client.get("/supervision/evaluation/list.xlsx?by=topic")
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    sheet = book["监督成效"]
    heads = [cell.value for cell in sheet[3]]
    found = evaluate(Asked("topic", YEAR))
    assert sheet.max_row == 4 + len(found.rows) and sheet.cell(4, 2).value == "合计"
    for line, row in enumerate(found.rows, 5):
        told = dict(zip(heads, (cell.value for cell in sheet[line]), strict=True))
        assert (told["名称"], told["发现问题"], told["超期未结"], told["走访查看"]) == (row.name, row.found, row.late_open, row.looks)
        assert (told["按期整改率%"] is None) == (row.punctual.percent is None) and (told["平均分"] is None) == (row.mean is None)
    assert not [cell for each in sheet.iter_rows() for cell in each if cell.data_type == "f"]
    assert book["口径"].max_row == 5 and "evaluation" not in answer["Content-Disposition"]
