"""Plan curves: what the database works out is what Python works out, straight or along points; changing a plan keeps what was there."""

import datetime as dt

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.projects import workflow
from apps.projects.curves import month_end, month_start, months_between, planned, s_shaped
from apps.projects.models import KeyProject, Subproject
from apps.projects.plans import PlanPoint
from apps.record.states import MoveRefused
from tests.town import TODAY

pytestmark = pytest.mark.django_db
STARTS, ENDS = dt.date(2025, 3, 10), dt.date(2026, 8, 20)
MONTHS = [month_start(dt.date(2025, 1, 1), n) for n in range(24)]


def in_sql(part: int | None, on: dt.date) -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT projects_planned(%s, %s, %s, %s)", [part, STARTS, ENDS, on])
        return cursor.fetchone()[0]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(points=st.dictionaries(st.sampled_from(MONTHS), st.floats(0, 100).map(lambda value: round(value, 1)), max_size=6), days=st.lists(st.integers(-60, 700), min_size=1, max_size=8))
def test_the_database_reads_a_curve_as_python_does(town, points, days):
    part = town.projects["K1"].subprojects.first()
    part.plan_points.all().delete()
    PlanPoint.objects.bulk_create([PlanPoint(subproject=part, month=month, percent=percent) for month, percent in points.items()])
    for day in (STARTS + dt.timedelta(days=n) for n in days):
        assert in_sql(part.pk, day) == pytest.approx(planned(STARTS, ENDS, points.items(), day), abs=1e-9)


def test_without_points_the_plan_is_straight(town):
    part = town.projects["K1"].subprojects.first()
    middle = STARTS + (ENDS - STARTS) / 2
    assert planned(STARTS, ENDS, [], middle) == pytest.approx(50) == in_sql(part.pk, middle)
    assert in_sql(part.pk, STARTS) == 0 and in_sql(part.pk, ENDS) == 100


def test_a_curve_goes_through_its_points_and_straight_between(town):
    points = [(dt.date(2025, 6, 1), 10.0), (dt.date(2025, 8, 1), 40.0)]
    assert planned(STARTS, ENDS, points, dt.date(2025, 6, 30)) == 10
    assert planned(STARTS, ENDS, points, dt.date(2025, 7, 31)) == pytest.approx(10 + 30 * 31 / 62)
    assert planned(STARTS, ENDS, points, dt.date(2025, 8, 31)) == 40


def test_the_s_shape_begins_slowly_and_only_rises():
    points = s_shaped(STARTS, ENDS)
    assert [month for month, _ in points] == months_between(STARTS, ENDS)
    percents = [percent for _, percent in points]
    assert percents == sorted(percents) and percents[1] < planned(STARTS, ENDS, [], month_end(points[1][0]))


def test_progress_follows_the_curve(town, county_office):
    project = town.projects["K1"]
    part = project.subprojects.get(number=1)
    workflow.set_plan(county_office, part, name=part.name, weight=part.weight, starts=part.starts, ends=part.ends, points=[(dt.date(2025, 11, 1), 20.0)], reason="按批复", seen=0)
    dyke = KeyProject.objects.with_progress(TODAY).get(pk=project.pk)
    lower = 20 + 80 * (dt.date(2025, 12, 31) - dt.date(2025, 11, 30)).days / (part.ends - dt.date(2025, 11, 30)).days
    assert dyke.planned == pytest.approx(0.6 * lower + 0.4 * 100 * 183 / 365)
    assert dyke.curve(TODAY)["plan"][dyke.curve(TODAY)["months"].index("2025-12")] == pytest.approx(dyke.planned, abs=0.05)
    event = project.events.get(verb="plan")
    assert event.data["was"]["points"] == [] and event.data["now"]["points"] == [["2025-11", 20.0]] and event.note == "按批复"
    assert project.state_now.planned == pytest.approx(dyke.planned, abs=1e-3)


@pytest.mark.parametrize(("points", "words"), [
    ([(dt.date(2024, 1, 1), 5.0)], "不在计划开始和完成之间"), ([(dt.date(2025, 5, 1), 50.0), (dt.date(2025, 6, 1), 40.0)], "不能往回走"),
])  # fmt: skip
def test_a_plan_that_contradicts_itself_is_refused_whole(town, county_office, points, words):
    part = town.projects["K1"].subprojects.get(number=1)
    with pytest.raises(MoveRefused, match=words):
        workflow.set_plan(county_office, part, name="改名", weight=1, starts=part.starts, ends=part.ends, points=points, reason="", seen=0)
    assert Subproject.objects.get(pk=part.pk).name != "改名" and not town.projects["K1"].events.exists()


def test_who_has_not_seen_the_other_change_is_told(town, county_office):
    part = town.projects["K1"].subprojects.get(number=1)
    change = {"name": part.name, "weight": 50, "starts": part.starts, "ends": part.ends, "points": [], "reason": "", "seen": 0}
    workflow.set_plan(county_office, part, **change)
    with pytest.raises(MoveRefused, match="已经调整计划"):
        workflow.set_plan(county_office, part, **change | {"weight": 70})
    assert Subproject.objects.get(pk=part.pk).weight == 50


def test_only_the_office_changes_plans_and_what_was_reported_cannot_go(town, county_office, unit_officer):
    part = town.projects["K1"].subprojects.get(number=1)
    with pytest.raises(MoveRefused, match="岗位"):
        workflow.remove_part(unit_officer, part, "", 0)
    with pytest.raises(MoveRefused, match="已经有月报"):
        workflow.remove_part(county_office, part, "", 0)
    fresh = Subproject(project=town.projects["K1"])
    workflow.set_plan(county_office, fresh, name="管理房", weight=5, starts=part.starts, ends=part.ends, points=[], reason="增补", seen=0)
    assert fresh.number == 3
    workflow.remove_part(county_office, fresh, "不建了", workflow.last_event(town.projects["K1"]))
    assert town.projects["K1"].subprojects.count() == 2


def test_work_that_stops_and_goes_on(town, county_office):
    project = town.projects["K1"]
    workflow.suspend(county_office, project, dt.date(2026, 1, 5), "资金没有到位", 0)
    assert KeyProject.objects.with_progress(TODAY).with_money(TODAY).get(pk=project.pk).stage == KeyProject.Stage.SUSPENDED
    with pytest.raises(MoveRefused, match="已经在"):
        workflow.suspend(county_office, project, dt.date(2026, 1, 5), "", workflow.last_event(project))
    workflow.resume(county_office, project, dt.date(2026, 2, 1), workflow.last_event(project))
    assert KeyProject.objects.with_progress(TODAY).with_money(TODAY).get(pk=project.pk).stage == KeyProject.Stage.BUILDING
    assert [event.verb for event in project.events.all()] == ["suspend", "resume"]
