"""Visits: planned, signed in on site, recorded once however often they are sent; who may do what, and who sees what."""

import datetime as dt
import io
import uuid
from dataclasses import replace

import pytest
from django.contrib.gis.geos import LineString
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone
from PIL import Image

from apps.accounts.models import Role, User
from apps.record.notices import Notice
from apps.record.states import MoveRefused
from apps.supervision import workflow_visits
from apps.supervision.findings import Finding
from apps.supervision.on_site import Position, fixed, metres_to
from apps.supervision.rating_sheets import RatingSheet
from apps.supervision.topics import Topic
from apps.supervision.visit_records import Inspection, Presence, Raised, Record
from apps.supervision.visits import CheckIn, Visit, VisitEvent
from apps.supervision.workflow_visits import AlreadyRecorded
from gis_data.crs import wgs84_to_gcj02
from tests.town import at


@pytest.fixture
def topics(town):
    """By the project's short name."""
    list(Topic.objects.of_projects(town.projects.values()))
    return {name: Topic.objects.with_facts().get(project=project) for name, project in town.projects.items()}


@pytest.fixture
def second(town):
    """The login of D3, of the same group as D1."""
    user = User.objects.create_user("second", role=Role.DEPUTY, scope="339999", display_name="黄杰")
    type(town.deputies["D3"]).objects.filter(pk=town.deputies["D3"].pk).update(user=user)
    town.deputies["D3"].refresh_from_db()
    return user


def here(x: float, y: float, accuracy: float | None = 20.0) -> Presence:
    point = at(x, y)
    return Presence(timezone.now(), Position(point.x, point.y, accuracy))


def seen(**more) -> Record:
    start = {"submission": uuid.uuid4(), "text": "堤身在浇筑，现场有人。", "visited_on": timezone.localdate(), "presence": here(0.5, 0.2)}
    return Record(**{**start, **more})


def jpeg(colour: str = "green", name: str = "site.jpg") -> SimpleUploadedFile:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(buffer, "JPEG")
    return SimpleUploadedFile(name, buffer.getvalue(), "image/jpeg")


def arranged(town, topic, **more) -> Inspection:
    deputies = (town.deputies["D1"], town.deputies["D3"], town.deputies["D2"])
    start = {
        "topic": topic, "name": "防洪堤视察", "planned_on": timezone.localdate() + dt.timedelta(days=3), "planned_at": dt.time(9), "meeting_place": "镇政府门口",
        "agenda": "看堤身", "deputies": deputies, "leader": deputies[0], "accompanying": (town.organisations["water"],),
    }  # fmt: skip
    return Inspection(**{**start, **more})


# --- where somebody stood -----------------------------------------------------------------------------------------------------


def test_distance_is_to_the_nearest_part_of_the_site(town, topics):
    project = town.projects["K1"]
    type(project).objects.filter(pk=project.pk).update(geom=LineString(at(0.5, 0.2), at(0.5, 1.2), srid=4326))
    assert metres_to(topics["K1"], *at(0.5, 1.2).coords) == pytest.approx(0, abs=0.01)  # the far end of a road is on the road
    assert metres_to(topics["K1"], *at(1.5, 0.7).coords) == pytest.approx(983.6, abs=1)


def test_a_web_maps_shift_is_recognised_and_undone(topics):
    site = topics["K1"].site
    east, north = wgs84_to_gcj02(site.x, site.y)
    fix = fixed(topics["K1"], Position(float(east[0]), float(north[0]), 30))
    assert fix.datum == "gcj02" and fix.distance < 5
    far = at(2.0, 1.5)  # far away, and no shift explains it: kept as it is
    plain = fixed(topics["K1"], Position(far.x, far.y, 30))
    assert plain.datum == "" and (plain.lon, plain.lat) == (far.x, far.y) and plain.distance > 1000


def test_a_declared_datum_is_undone_wherever_it_leads(topics):
    east, north = wgs84_to_gcj02(*at(1.0, 1.0).coords)
    fix = fixed(topics["K1"], Position(float(east[0]), float(north[0]), 30, "gcj02"))
    assert fix.datum == "gcj02" and (fix.lon, fix.lat) == pytest.approx(at(1.0, 1.0).coords, abs=1e-6)


# --- a look -------------------------------------------------------------------------------------------------------------------


def test_a_look_is_recorded_at_once(topics, deputy, town):
    sheet = RatingSheet.objects.for_topic(topics["K1"])
    assert sheet.topic_kind == "project"
    first, *_ = lines = list(sheet.indicators.all())
    made = seen(sheet=sheet, ratings={first.pk: 4, lines[-1].pk: 0}, findings=(Raised("涵洞断了灌溉渠。", 2),))
    visit = workflow_visits.record_look(deputy, topics["K1"], made)
    assert (visit.state, visit.kind, visit.deputy) == ("recorded", "look", town.deputies["D1"])
    check_in = CheckIn.objects.get(participant__visit=visit)
    assert check_in.distance_m == 0 and check_in.on_site and "在现场范围内" in check_in.words and not check_in.late
    assert {rating.indicator_id: rating.value for rating in visit.ratings.all()} == made.ratings
    finding = Finding.objects.get(visit=visit)
    assert (finding.topic, finding.raised_by, finding.severity, finding.state) == (topics["K1"], visit.deputy, 2, "raised")
    assert [event.verb for event in visit.events.all()] == ["check_in", "record"]
    assert VisitEvent.objects.broken_chains() == []


def test_the_same_record_sent_twice_is_one_visit(topics, deputy):
    made = seen(findings=(Raised("围挡倒了。", 1),))
    first = workflow_visits.record_look(deputy, topics["K1"], made)
    assert workflow_visits.record_look(deputy, topics["K1"], made) == first
    assert (Visit.objects.count(), Finding.objects.count()) == (1, 1)


def test_another_text_in_the_same_form_is_not_swallowed(topics, deputy):
    made = seen()
    first = workflow_visits.record_look(deputy, topics["K1"], made)
    with pytest.raises(AlreadyRecorded) as refused:
        workflow_visits.record_look(deputy, topics["K1"], replace(made, text="另一个标签页里改过的话。"))
    assert refused.value.visit == first and "打开那份记录补充" in str(refused.value)
    assert Visit.objects.get().text == made.text


def test_anothers_number_tells_nothing_of_his_record(topics, deputy, second):
    made = seen()
    workflow_visits.record_look(deputy, topics["K1"], made)
    with pytest.raises(AlreadyRecorded):
        workflow_visits.record_look(second, topics["K1"], made)
    assert Visit.objects.count() == 1


def test_far_away_is_allowed_and_said(topics, deputy):
    visit = workflow_visits.record_look(deputy, topics["K1"], seen(presence=here(2.5, 1.8, 60)))
    check_in = CheckIn.objects.get(participant__visit=visit)
    assert check_in.on_site is False and "公里" in check_in.words and "定位误差约" in check_in.words


def test_without_a_position_a_reason_is_needed(topics, deputy):
    with pytest.raises(MoveRefused, match="没有得到位置"):
        workflow_visits.record_look(deputy, topics["K1"], seen(presence=Presence(timezone.now())))
    assert Visit.objects.count() == 0
    visit = workflow_visits.record_look(deputy, topics["K1"], seen(presence=Presence(timezone.now(), None, "山区没有信号")))
    assert CheckIn.objects.get(participant__visit=visit).words == "没有定位：山区没有信号"


def test_the_time_of_an_old_check_in_is_kept_and_an_impossible_one_is_not(topics, deputy):
    now = timezone.now()
    waited = replace(here(0.5, 0.2), at=now - dt.timedelta(hours=5))
    old = CheckIn.objects.get(participant__visit=workflow_visits.record_look(deputy, topics["K1"], seen(presence=waited)))
    assert old.at == waited.at and old.late
    wrong = replace(here(0.5, 0.2), at=now + dt.timedelta(days=400))
    fast = CheckIn.objects.get(participant__visit=workflow_visits.record_look(deputy, topics["K1"], seen(presence=wrong)))
    assert abs(fast.at - timezone.now()) < dt.timedelta(minutes=1) and not fast.late


def test_a_refused_finding_takes_nothing_in(topics, deputy):
    with pytest.raises(MoveRefused):
        workflow_visits.record_look(deputy, topics["K1"], seen(findings=(Raised("真的问题", 1), Raised("没有程度", 9))))
    assert (Visit.objects.count(), Finding.objects.count(), CheckIn.objects.count()) == (0, 0, 0)


def test_who_is_not_in_office_records_nothing(topics, town_clerk, users, town):
    with pytest.raises(MoveRefused, match="代表本人"):
        workflow_visits.record_look(town_clerk, topics["K1"], seen())
    town.deputies["D1"].mandates.update(ended_on=dt.date(2025, 1, 1))
    with pytest.raises(MoveRefused, match="现任"):
        workflow_visits.record_look(users.deputy, topics["K1"], seen())


@pytest.mark.parametrize("days", [-61, 1])
def test_a_visit_is_recorded_while_it_is_remembered(topics, deputy, days):
    with pytest.raises(MoveRefused, match="走访日期"):
        workflow_visits.record_look(deputy, topics["K1"], seen(visited_on=timezone.localdate() + dt.timedelta(days=days)))


def test_a_plan_is_made_once_and_recorded_later(topics, deputy):
    number, tomorrow = uuid.uuid4(), timezone.localdate() + dt.timedelta(days=1)
    visit = workflow_visits.plan_look(deputy, topics["K2"], tomorrow, "看教室", number)
    assert workflow_visits.plan_look(deputy, topics["K2"], tomorrow, "看教室", number) == visit
    with pytest.raises(MoveRefused, match="还没有人签到"):
        workflow_visits.record(deputy, visit.pk, seen(presence=None))
    made = workflow_visits.check_in(deputy, visit.pk, here(1.5, 0.8))
    assert workflow_visits.check_in(deputy, visit.pk, here(0, 0)) == made  # the first stays
    recorded = workflow_visits.record(deputy, visit.pk, seen(presence=None))
    assert recorded.state == "recorded" and [event.verb for event in recorded.events.all()] == ["plan", "check_in", "record"]
    with pytest.raises(MoveRefused, match="今天到一年以内"):
        workflow_visits.plan_look(deputy, topics["K2"], timezone.localdate() - dt.timedelta(days=1))


def test_a_record_is_added_to_and_never_rewritten(topics, deputy, second):
    visit = workflow_visits.record_look(deputy, topics["K1"], seen())
    for _ in range(2):  # a button pressed twice
        workflow_visits.supplement(deputy, visit.pk, "回来后核对了图纸。")
    visit.refresh_from_db()
    assert visit.text == "堤身在浇筑，现场有人。" and visit.events.filter(verb="supplement").count() == 1
    with pytest.raises(MoveRefused, match="代表本人"):
        workflow_visits.supplement(second, visit.pk, "我也说一句")
    with pytest.raises(MoveRefused, match="现在的状态是"):
        workflow_visits.cancel(deputy, visit.pk, "不要了")


def test_the_history_refuses_to_be_changed(topics, deputy):
    visit = workflow_visits.record_look(deputy, topics["K1"], seen())
    with pytest.raises(Exception, match=r".+"), transaction.atomic():
        visit.events.update(note="改写")
    assert not visit.events.filter(note="改写").exists()


# --- an inspection ------------------------------------------------------------------------------------------------------------


def test_an_inspection_from_invitation_to_record(topics, town, county_office, deputy, second):
    visit = workflow_visits.organise(county_office, arranged(town, topics["K1"]))
    told = Notice.objects.filter(recipient__in=[deputy, second], kind="visit", path=f"/supervision/visits/{visit.pk}/")
    assert told.count() == 2 and "镇政府门口" in told.first().body
    workflow_visits.check_in(deputy, visit.pk, here(0.5, 0.21))
    with pytest.raises(MoveRefused, match="带队代表或县人大常委会工委"):
        workflow_visits.record(second, visit.pk, seen(presence=None))
    workflow_visits.check_in(county_office, visit.pk, Presence(timezone.now(), None, "手机没电"), town.deputies["D2"])
    recorded = workflow_visits.record(county_office, visit.pk, seen(presence=None, findings=(Raised("缺警示灯。", 3),)))
    assert recorded.state == "recorded" and Finding.objects.get().raised_by == town.deputies["D1"]  # who led
    late = workflow_visits.check_in(second, visit.pk, here(0.5, 0.2))  # his telephone had no network
    assert late.participant.deputy.user == second
    recorded.refresh_from_db()
    assert recorded.state == "recorded" and CheckIn.objects.filter(participant__visit=visit).count() == 3
    assert {each.title for each in Notice.objects.filter(recipient=second)} == {"请参加视察：防洪堤视察", "视察已记录：防洪堤视察"}


def test_who_was_not_invited_can_be_signed_for_but_not_sign(topics, town, county_office, users):
    visit = workflow_visits.organise(county_office, arranged(town, topics["K1"]))
    guest = User.objects.create_user("guest", role=Role.DEPUTY, display_name="吴敏")
    type(town.deputies["D4"]).objects.filter(pk=town.deputies["D4"].pk).update(user=guest)
    with pytest.raises(MoveRefused, match="不在这次走访视察的名单"):
        workflow_visits.check_in(guest, visit.pk, here(0.5, 0.2))
    with pytest.raises(MoveRefused, match="写明原因"):
        workflow_visits.check_in(county_office, visit.pk, Presence(timezone.now()), town.deputies["D4"])
    workflow_visits.check_in(county_office, visit.pk, Presence(timezone.now(), None, "临时参加"), town.deputies["D4"])
    assert visit.participants.filter(deputy=town.deputies["D4"]).exists()


def test_two_who_arrange_at_once_do_not_overwrite_each_other(topics, town, county_office, deputy, second):
    visit = workflow_visits.organise(county_office, arranged(town, topics["K1"]))
    fewer = arranged(town, topics["K1"], meeting_place="码头", deputies=(town.deputies["D1"],))
    workflow_visits.change(county_office, visit.pk, 0, fewer)
    with pytest.raises(MoveRefused, match="别人刚刚改过"):
        workflow_visits.change(county_office, visit.pk, 0, arranged(town, topics["K1"], name="旧页面上的改动"))
    visit.refresh_from_db()
    assert (visit.name, visit.meeting_place, visit.version) == ("防洪堤视察", "码头", 1)
    assert Notice.objects.filter(recipient=second, title__startswith="不用参加视察了").exists()
    assert Notice.objects.filter(recipient=deputy, title__startswith="视察安排有变").exists()
    workflow_visits.cancel(county_office, visit.pk, "防汛值班")
    assert Notice.objects.filter(recipient=deputy, title__startswith="视察已取消", body="防汛值班").exists()
    assert not Notice.objects.filter(recipient=second, title__startswith="视察已取消").exists()


def test_only_the_office_organises(topics, town, users):
    for user in (users.deputy, users.town_clerk, users.leader):
        with pytest.raises(MoveRefused, match="不能组织视察"):
            workflow_visits.organise(user, arranged(town, topics["K1"]))


# --- who sees ------------------------------------------------------------------------------------------------------------------


def test_who_sees_which(topics, town, users, second):
    own = workflow_visits.record_look(users.deputy, topics["K1"], seen())
    elsewhere = workflow_visits.organise(users.county_office, arranged(town, topics["K3"], deputies=(town.deputies["D4"],), leader=town.deputies["D4"]))
    sight = lambda user: set(Visit.objects.visible_to(user))  # noqa: E731
    assert sight(users.county_office) == sight(users.leader) == {own, elsewhere}
    assert sight(users.deputy) == sight(second) == {own}  # the second is of his group
    assert sight(users.town_clerk) == {own} and sight(users.stranger) == set()
    assert sight(users.unit_officer) == sight(users.dispatcher) == set()
    outsider = User.objects.create_user("outsider", role=Role.DEPUTY, display_name="林秀")
    type(town.deputies["D2"]).objects.filter(pk=town.deputies["D2"].pk).update(user=outsider)
    assert sight(outsider) == set()


def test_the_government_side_sees_a_visit_once_a_finding_was_passed_on(topics, deputy, users):
    visit = workflow_visits.record_look(deputy, topics["K1"], seen(findings=(Raised("断渠。", 2),)))
    assert not Visit.objects.visible_to(users.dispatcher).exists()
    Finding.objects.update(state="with_dispatcher", forwarded_at=timezone.now())
    assert set(Visit.objects.visible_to(users.dispatcher)) == {visit}


# --- the database holds it ----------------------------------------------------------------------------------------------------


def test_what_the_database_refuses(topics, town):
    today = timezone.localdate()
    for wrong in (
        {"kind": "look"},
        {"kind": "inspection", "deputy": town.deputies["D1"]},
        {"kind": "look", "deputy": town.deputies["D1"], "state": "recorded"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Visit.objects.create(topic=topics["K1"], planned_on=today, **wrong)


def test_a_list_takes_a_fixed_number_of_queries(topics, deputy, client, county_office, django_assert_max_num_queries):
    for _ in range(3):
        workflow_visits.record_look(deputy, topics["K1"], seen())
    client.force_login(county_office)
    client.get("/supervision/visits/")
    with django_assert_max_num_queries(40) as few:
        client.get("/supervision/visits/")
    for _ in range(9):
        workflow_visits.record_look(deputy, topics["K2"], seen(presence=here(1.5, 0.8)))
    with django_assert_max_num_queries(len(few)):
        assert "共 12 次" in client.get("/supervision/visits/").content.decode()
