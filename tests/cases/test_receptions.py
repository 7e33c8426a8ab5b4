"""接待日: arranged at a station of one's scope, told in public, with what was heard on it; nothing half done and nothing lost."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied  # noqa: F401
from django.db import DatabaseError, connection, transaction
from django.test import Client

from apps.cases import workflow as cases
from apps.cases.models import Case
from apps.deputies import workflow_reception as workflow
from apps.deputies.models import Station
from apps.deputies.reception import ReceptionDay, ReceptionEvent
from apps.deputies.workflow_reception import Plan
from apps.record.notices import Notice
from apps.record.states import MoveRefused
from tests.cases.conftest import a_report
from tests.cases.test_public_pages import words
from tests.conftest import public_role

DAY = dt.date(2026, 3, 16)
NINE, ELEVEN = dt.time(9), dt.time(11)


@pytest.fixture
def clerk(people):
    client = Client()
    client.force_login(people.town_clerk)
    return client


def plan(town, *names, **changes) -> Plan:
    return Plan(
        **{
            "day": DAY,
            "starts": NINE,
            "ends": ELEVEN,
            "deputies": [town.deputies[name].pk for name in names or ("D1",)],
            **changes,
        }
    )


def arranged(town, people, *names, **changes) -> ReceptionDay:
    return workflow.arrange(people.town_clerk, town.stations["SA"], plan(town, *names, **changes))


def test_a_day_is_arranged_told_and_shown_to_everybody(town, people, clerk):
    sent = clerk.post("/cases/receptions/new/", {
        "station": "S-A", "day": "2026-03-16", "starts": "09:00", "ends": "11:00", "deputies": [town.deputies["D1"].pk], "topic": "农村饮水", "place": "",
    })  # fmt: skip
    day = ReceptionDay.objects.get()
    assert sent.url == f"/cases/receptions/{day.pk}/" and [each.name for each in day.deputies.all()] == ["陈安"]
    notice = Notice.objects.get(recipient=people.deputy)
    assert "3月16日 09:00–11:00" in notice.title and notice.path == sent.url
    with public_role():
        public = words(Client().get("/stations/S-A/"))
    assert "近期接待日" in public and "09:00–11:00" in public and "农村饮水" in public and "接待代表：陈安" in public


def test_the_public_role_reads_no_more_than_is_told(town, people):
    day = arranged(town, people)
    for what in ("visitors FROM deputies_receptionday", "note FROM deputies_receptionevent"):
        with pytest.raises(DatabaseError), transaction.atomic(), public_role(), connection.cursor() as cursor:
            cursor.execute(f"SELECT {what}")
    assert day.state == "planned"


@pytest.mark.parametrize(("changes", "said"), [
    ({"day": dt.date(2026, 3, 9)}, "过去"), ({"ends": NINE}, "晚于"), ({"deputies": []}, "至少选一位"), ({"deputies": [10**9]}, "至少选一位"),
])  # fmt: skip
def test_what_cannot_be_is_refused_and_nothing_is_written(town, people, changes, said):
    with pytest.raises(MoveRefused, match=said):
        arranged(town, people, **changes)
    assert not ReceptionDay.objects.exists() and not Notice.objects.exists()


def test_the_same_time_twice_is_refused_until_it_is_called_off(town, people):
    day = arranged(town, people)
    with pytest.raises(MoveRefused, match="已经安排了接待"):
        arranged(town, people, "D3")
    workflow.call_off(people.town_clerk, day.pk, "换届会议")
    assert arranged(town, people, "D3").pk != day.pk


def test_only_offices_of_the_station_arrange(town, people, clerk):
    with pytest.raises(MoveRefused, match="管辖范围"):
        workflow.arrange(people.other_clerk, town.stations["SA"], plan(town))
    with pytest.raises(MoveRefused):
        workflow.arrange(people.deputy, town.stations["SA"], plan(town))
    day = arranged(town, people)
    other = Client()
    other.force_login(people.other_clerk)
    assert other.get(f"/cases/receptions/{day.pk}/").status_code == 404
    assert other.post(f"/cases/receptions/{day.pk}/move", {"verb": "call_off", "reason": "x"}).status_code == 404
    deputy = Client()
    deputy.force_login(people.deputy)
    assert (
        deputy.get(f"/cases/receptions/{day.pk}/").status_code == 200
        and deputy.get("/cases/receptions/new/").status_code == 403
    )
    unit = Client()
    unit.force_login(people.unit_officer)
    assert unit.get("/cases/receptions/").status_code == 403


def test_a_change_tells_whoever_it_concerns_and_no_second_one_overwrites_it(town, people):
    day = arranged(town, people, "D1", "D3")
    Notice.objects.all().delete()
    workflow.change(people.town_clerk, day.pk, plan(town, "D1", starts=dt.time(10)), revision=1)
    assert {(notice.recipient, notice.title[:4]) for notice in Notice.objects.all()} == {
        (people.deputy, "接待时间"),
        (people.mate, "您不用参"),
    }
    with pytest.raises(MoveRefused, match="刚刚由东溪镇人大改过"):
        workflow.change(people.county_office, day.pk, plan(town, "D3"), revision=1)
    assert [each.name for each in day.deputies.all()] == ["陈安"]


def test_a_refused_change_keeps_what_was_typed(town, people, clerk):
    day = arranged(town, people)
    arranged(town, people, starts=dt.time(14), ends=dt.time(16))
    answer = clerk.post(f"/cases/receptions/{day.pk}/change/", {
        "station": "S-A", "day": "2026-03-16", "starts": "14:00", "ends": "15:00", "deputies": [town.deputies["D1"].pk], "topic": "打好的字", "revision": 1,
    })  # fmt: skip
    assert answer.status_code == 409 and "打好的字" in answer.content.decode() and "已经安排了接待" in words(answer)


def test_called_off_is_no_more_public_and_says_why_inside(town, people, clerk):
    day = arranged(town, people)
    refused = clerk.post(f"/cases/receptions/{day.pk}/move", {"verb": "call_off", "reason": " ", "revision": 1})
    assert refused.status_code == 409 and "请写明取消的原因" in words(refused)
    clerk.post(f"/cases/receptions/{day.pk}/move", {"verb": "call_off", "reason": "场地维修", "revision": 1})
    assert "场地维修" in words(clerk.get(f"/cases/receptions/{day.pk}/"))
    assert "近期接待日" not in words(Client().get("/stations/S-A/"))
    with pytest.raises(MoveRefused, match="不能再改"):
        workflow.change(people.town_clerk, day.pk, plan(town))


def test_visitors_are_counted_only_once_it_has_come(town, people, clerk, clock):
    day = arranged(town, people)
    with pytest.raises(MoveRefused, match="还没有到"):
        workflow.hold(people.town_clerk, day.pk, 5)
    clock.pass_days(6)
    for typed in ("", "-1", "5001", "五", "1e3"):
        assert clerk.post(f"/cases/receptions/{day.pk}/move", {"verb": "hold", "visitors": typed}).status_code == 409
    clerk.post(f"/cases/receptions/{day.pk}/move", {"verb": "hold", "visitors": "7"})
    day.refresh_from_db()
    assert (
        (day.state, day.visitors) == ("held", 7) and "来访 7 人" in words(clerk.get("/cases/receptions/?when=past"))
    ) or day.day == dt.date(2026, 3, 16)


def test_a_month_is_laid_out_by_fixed_days_and_rota_once(town, people, clerk):
    answer = clerk.post("/cases/receptions/lay-out", {"month": "2026-03"}, follow=True)
    day = ReceptionDay.objects.get()  # 东溪镇 receives on the 15th; 城关街道 is not this clerk's
    assert (
        (day.day, day.starts, day.ends) == (dt.date(2026, 3, 15), NINE, ELEVEN)
        and day.deputies.count() == 2
        and "1 次接待" in words(answer)
    )
    assert "没有要补排" in words(clerk.post("/cases/receptions/lay-out", {"month": "2026-03"}, follow=True))
    workflow.call_off(people.town_clerk, day.pk, "下雨")
    clerk.post("/cases/receptions/lay-out", {"month": "2026-03"})
    assert ReceptionDay.objects.count() == 1
    assert "只能排这个月和下个月" in words(clerk.post("/cases/receptions/lay-out", {"month": "2031-01"}, follow=True))


@pytest.mark.parametrize(
    ("typed", "hours"),
    [
        ("09:00-11:00", (NINE, ELEVEN)),
        ("8:30至10：15", (dt.time(8, 30), dt.time(10, 15))),
        ("上午", workflow.USUAL),
        ("25:00-26:00", workflow.USUAL),
        ("11:00-09:00", workflow.USUAL),
    ],
)
def test_hours_are_read_as_stations_write_them(typed, hours):
    assert workflow.hours_of(Station(duty_hours=typed)) == hours


def test_what_was_heard_is_counted_and_each_sees_his_own(town, people, clerk, clock):
    day = arranged(town, people)
    clock.pass_days(6)
    case = cases.submit(a_report(text="接待时说的事"))
    Case.objects.filter(pk=case.pk).update(reception=day)
    assert "接待时说的事" in words(clerk.get(f"/cases/receptions/{day.pk}/")) and "录入 1 件" in words(
        clerk.get("/cases/receptions/")
    )
    other = Client()
    other.force_login(people.leader)
    assert other.get(f"/cases/receptions/{day.pk}/").status_code == 200
    assert [each.text for each in clerk.get(f"/cases/?state=all&reception={day.pk}").context["page_obj"]] == [
        "接待时说的事"
    ]


def test_the_history_cannot_be_changed(town, people):
    arranged(town, people)
    for statement in (
        "UPDATE deputies_receptionevent SET note = 'x'",
        "DELETE FROM deputies_receptionevent",
        "TRUNCATE deputies_receptionevent CASCADE",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert ReceptionEvent.objects.broken_chains() == []


def test_the_demo_has_days_that_were_and_that_come_once(town, people, clock):
    from django.core.management import call_command

    from apps.accounts.models import User
    from apps.cases.desks import AnswerTemplate, SavedFilter

    call_command("demo_desks")
    assert not ReceptionDay.objects.exists()  # without the demo's own logins nobody is spoken for
    for login, role in (("town", "town_office"), ("county", "county_office"), ("unit", "unit")):
        User.objects.create_user(login, password="x", role=role, scope="339999100" if login == "town" else "339999", display_name=login)
    town.organisations["construction"].members.add(User.objects.get(username="unit"))
    for _ in range(2):
        call_command("demo_desks")
    states = list(ReceptionDay.objects.values_list("state", flat=True))
    assert {"held", "planned"} == set(states) and AnswerTemplate.objects.count() == 7 and SavedFilter.objects.count() == 4
    assert ReceptionEvent.objects.broken_chains() == [] and not ReceptionDay.objects.filter(state="held", day__gte=clock.now.date()).exists()
