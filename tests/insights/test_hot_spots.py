"""Hot spots of the toy county: found, kept under their address from run to run, seen by whose they are, overseen and made a topic once."""

import datetime as dt
import html
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from apps.cases.models import Case
from apps.hotline.models import Intake
from apps.insights import workflow_spots
from apps.insights.ground import county_ground
from apps.insights.spots import HotSpot, HotSpotEvent, HotSpotRun
from apps.record.notices import Notice
from apps.record.states import MoveRefused
from apps.supervision.topics import Topic
from apps.supervision.workflow_topics import settle_draft
from apps.territory.models import AdminArea, Doorplate
from tests.insights.voices import case, moment, record
from tests.town import TODAY, at

pytestmark = pytest.mark.django_db
YESTERDAY = TODAY - dt.timedelta(days=1)
DOOR = at(0.5, 1.5)  # the only one of 上溪村
ELSEWHERE = (("V1", 0.5, 0.5), ("V2", 1.2, 0.5), ("V3", 2.5, 0.5), ("V5", 1.5, 1.5), ("V6", 2.5, 1.5))


@pytest.fixture(autouse=True)
def today(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: moment(TODAY, 12))


def beside(number: int):
    """Eight places around the door, each a cell of 100 m of its own."""
    return at(0.45 + 0.11 * (number % 2), 1.4 + 0.1 * (number // 2 % 4))


def tell(town, many: int, ago: int = 2, **changes) -> list[Case]:
    """So many cases around one door of 上溪村, and one in each other village."""
    for village, x, y in ELSEWHERE:
        case(town, village, ago=ago, point=at(x, y), category=None)
    return [case(town, "V4", ago=ago + 7 * (number // 8), point=beside(number), text=f"垃圾没人清运{number}", **changes) for number in range(many)]


@pytest.fixture
def spot(town, users) -> HotSpot:
    tell(town, 16, organisation=town.organisations["town_a"], due_on=TODAY - dt.timedelta(days=1))
    workflow_spots.work_out()
    return HotSpot.objects.get(category=None)


def test_residents_stand_where_the_doors_are(town):
    ground = county_ground()
    assert ground.basis == HotSpotRun.Basis.RESIDENTS
    villages = AdminArea.objects.filter(level="village")
    assert ground.residents.sum() == pytest.approx(sum(villages.values_list("population", flat=True)))
    (col,), (row,) = ground.lattice.cells([DOOR.x], [DOOR.y])
    assert ground.residents[row - ground.south, col - ground.west] >= 0.8 * town.villages["V4"].population
    Doorplate.objects.all().delete()
    assert county_ground().basis == HotSpotRun.Basis.RESIDENTS  # by the villages' areas
    villages.update(population=None)
    assert county_ground().basis == HotSpotRun.Basis.AREA


def test_a_place_of_many_complaints_is_found_with_when_how_sure_and_whose(spot, town):
    assert (spot.state, spot.name, spot.town, spot.village) == ("new", "东溪镇上溪村", town.towns["A"], town.villages["V4"])
    assert (spot.count, spot.since, spot.last_hot, spot.day) == (16, YESTERDAY - dt.timedelta(days=89), YESTERDAY, YESTERDAY)
    assert spot.q <= 0.05 and spot.z > 2 and spot.shape.covers(spot.point)
    assert spot.shape.distance(DOOR) == 0
    assert [step["count"] for step in spot.steps] == [0] * 11 + [16]
    # 21 reports; of the county's residents so many live in its cells
    assert spot.expected == pytest.approx(21 * town.villages["V4"].population / 60000, rel=0.35)
    assert list(spot.towns.all()) == [town.towns["A"]]
    assert {each.verb for each in spot.events.all()} == {"find"}


def test_what_is_spread_as_people_are_is_no_hot_spot(town):
    for village, x, y in (*ELSEWHERE, ("V4", 0.5, 1.5)):
        for week in range(4):
            case(town, village, ago=2 + 7 * week, point=at(x, y))
    run = workflow_spots.work_out()
    assert run.state == "done" and run.counted == 24 and run.days == 90
    assert not HotSpot.objects.exists()


def test_two_complaints_are_never_a_hot_spot(town):
    tell(town, 2)
    workflow_spots.work_out()
    assert not HotSpot.objects.exists()


def test_one_person_who_calls_all_week_is_one_matter(town):
    """And a look reaches further back where little is reported."""
    for village, x, y in ELSEWHERE:
        case(town, village, ago=70, point=at(x, y))
    for day in range(23):
        case(town, "V4", ago=1 + day % 6, point=DOOR)
    run = workflow_spots.work_out()
    assert 6 <= run.counted <= 7  # the week may fall into two
    assert not HotSpot.objects.exists()


def test_it_goes_on_under_its_own_address_and_is_gone_when_it_is_quiet(spot, town):
    told = [spot.state]
    for months in (1, 2, 3, 4, 5):
        if months == 1:
            for each in range(16):
                case(town, "V4", ago=-20 - 7 * (each // 8), point=beside(each), text=f"{each}")
            for village, x, y in ELSEWHERE:
                case(town, village, ago=-20, point=at(x, y))
        workflow_spots.work_out(YESTERDAY + dt.timedelta(days=30 * months))
        again = HotSpot.objects.get(category=None)
        assert again.pk == spot.pk
        told.append(again.state)
    assert told == ["new", "persistent", "persistent", "persistent", "fading", "gone"]
    assert [(each.verb, each.data["state"]) for each in spot.events.order_by("pk")] == [("find", "new"), ("change", "persistent"), ("change", "fading"), ("change", "gone")]
    assert not HotSpotEvent.objects.broken_chains() and not HotSpotEvent.objects.cut_off()
    assert not HotSpot.objects.standing().exists()


def test_records_count_as_cases_do_and_those_without_a_place_do_not(town):
    for village, x, y in ELSEWHERE:
        case(town, village, point=at(x, y))
    for number in range(12):
        record(town, "V4", ago=1 + 7 * (number // 8), point=beside(number))
        record(town, None)
    run = workflow_spots.work_out()
    assert run.counted == 17
    assert HotSpot.objects.filter(category=None).get().count == 12


def test_it_is_worked_out_once_a_day_and_after_records_have_come_in(town, spot, monkeypatch):
    assert not workflow_spots.due()
    record(town, "V4")
    Intake.objects.update(state="done", finished_at=timezone.now() + dt.timedelta(minutes=1))
    HotSpotRun.objects.update(started_at=timezone.now())
    assert workflow_spots.due()
    Intake.objects.all().update(finished_at=timezone.now() - dt.timedelta(hours=1))
    assert not workflow_spots.due()
    monkeypatch.setattr(timezone, "now", lambda: moment(TODAY + dt.timedelta(days=1), 1))
    assert workflow_spots.due()


def test_a_run_that_was_killed_leaves_what_stood_and_the_next_one_says_so(town, spot, monkeypatch):
    killed = HotSpotRun.objects.create(day=YESTERDAY)
    with monkeypatch.context() as patch:
        patch.setattr(workflow_spots.around_projects, "keep", lambda found: 1 / 0)
        HotSpot.objects.update(weight=7)
        with pytest.raises(ZeroDivisionError):
            workflow_spots.work_out()
    killed.refresh_from_db()
    assert killed.state == "failed" and HotSpotRun.objects.first().state == "failed"
    assert HotSpot.objects.get(category=None).weight == 7 and HotSpotRun.objects.latest().pk < killed.pk


# --- pages -----------------------------------------------------------------------------------------------------------------------------


def test_each_sees_his_own(spot, client, users, town):
    for user, status in ((users.leader, 200), (users.county_office, 200), (users.town_clerk, 200), (users.stranger, 403), (users.deputy, 403)):
        client.force_login(user)
        assert client.get(reverse("hot_spot_list")).status_code == status
        assert client.get(spot.url).status_code == status
    users.town_clerk.scope = "339999200"
    users.town_clerk.save()
    client.force_login(users.town_clerk)
    assert client.get(spot.url).status_code == 404
    page = client.get(reverse("hot_spot_list")).content.decode()
    assert "没有热点" in page and spot.url not in page
    data = client.get(reverse("hot_spot_data")).json()
    assert data["spots"]["features"] == []
    assert all(cell["geometry"]["coordinates"][0][2][0] <= 120.025 for cell in data["cells"]["features"])  # of 南山乡


def test_the_card_says_who_holds_it_and_the_page_lists_what_lies_behind(spot, client, users):
    client.force_login(users.leader)
    page = client.get(reverse("hot_spot_list")).content.decode()
    assert "东溪镇政府 16 件（超期 16 件）" in page and "新出现" in page and "近 90 天反映 16 桩事" in page
    page = client.get(spot.url).content.decode()
    assert "共 16 条" in page and "垃圾没人清运" in page and "民情件 16 件" in page


def test_the_list_asks_few_questions_however_many_spots(spot, client, users, django_assert_max_num_queries):
    for number in range(12):
        HotSpot.objects.create(**{name: getattr(spot, name) for name in ("state", "name", "town", "village", "point", "shape", "cells", "since", "last_hot", "months", "count", "expected", "z", "q", "steps", "day")}, weight=number)
    client.force_login(users.leader)
    with django_assert_max_num_queries(28):
        page = client.get(reverse("hot_spot_list")).content.decode()
    assert page.count("spot-card\"") == 10 and "第 1 / 2 页" in page
    assert client.get(reverse("hot_spot_list"), {"page": "9999999", "category": "nothing", "state": "x", "town": "²"}).status_code == 200


def test_the_data_is_as_its_room_says(spot, client, users):
    client.force_login(users.leader)
    data = client.get(reverse("hot_spot_data")).json()
    assert (data["day"], data["days"], data["metres"], data["category"]) == (YESTERDAY.isoformat(), 90, 500, "")
    assert "2025年12月10日—2026年3月9日" in data["caption"]
    cell = next(each for each in data["cells"]["features"] if each["properties"]["state"] == "new")
    assert cell["properties"]["hot"] and cell["properties"]["q"] <= 0.05 and len(cell["geometry"]["coordinates"][0]) == 5
    (place,) = data["spots"]["features"]
    assert place["properties"] | {"id": spot.pk, "name": "东溪镇上溪村", "state": "new", "count": 16, "url": spot.url} == place["properties"]
    assert client.get(reverse("hot_spot_data"), {"category": "l1_environment"}).json()["spots"]["features"] == []


def test_a_region_narrows_map_list_and_caption_alike(spot, client, users):
    """The spot is of 东溪镇: whoever looks at 南山乡 alone sees neither it nor its squares."""
    client.force_login(users.leader)
    for region, place, many in (("", "方格县", 1), ("339999100", "东溪镇", 1), ("339999200", "南山乡", 0)):
        asked = {"by": "hot", "region": region}
        beside, data = (client.get(reverse(name), asked).json() for name in ("insight_beside", "hot_spot_data"))
        assert beside["caption"].startswith(f"{place}；") and beside["list"].count("<li data-id=") == len(data["spots"]["features"]) == many
        cards = html.unescape(re.search(r'href="([^"]*/hot-spots/\?[^"]*)"', beside["list"])[1])
        assert client.get(cards).context["page_obj"].paginator.count == many
        if region:
            assert data["caption"].count(place) == 1
    everywhere, here, there = (client.get(reverse("hot_spot_data"), {"region": region}).json()["cells"]["features"] for region in ("", "339999100", "339999200"))
    assert here and 0 < len(here) + len(there) <= len(everywhere)
    assert all(cell["geometry"]["coordinates"][0][2][0] <= 120.025 for cell in there)


def test_nothing_worked_out_yet_is_said(client, users):
    client.force_login(users.leader)
    assert "还没有算过热点" in client.get(reverse("hot_spot_list")).content.decode()
    assert client.get(reverse("hot_spot_data")).json()["day"] is None


# --- what is done ----------------------------------------------------------------------------------------------------------------------


def oversee(client, spot, **changes):
    codes = list(Case.objects.filter(village=spot.village).order_by("pk").values_list("code", flat=True))
    said = {"cases": codes[:3], "body": "chairs", "decided_on": TODAY.isoformat(), "words": "请县政府办督促清运。"} | changes
    return client.post(reverse("hot_spot_oversee", args=[spot.pk]), said)


def test_the_chosen_cases_are_overseen_once(spot, client, users):
    client.force_login(users.leader)
    assert oversee(client, spot).status_code == 302
    assert Case.objects.filter(overseen_on=TODAY, oversight="主任会议：请县政府办督促清运。").count() == 3
    again = oversee(client, spot)
    assert again.status_code == 422 and "都已由主任会议督办过" in again.content.decode() and "请县政府办督促清运。" in again.content.decode()
    assert spot.events.filter(verb="oversee").count() == 1 and len(spot.events.get(verb="oversee").data["cases"]) == 3
    more = oversee(client, spot, cases=list(Case.objects.filter(village=spot.village).values_list("code", flat=True)))
    assert more.status_code == 302 and Case.objects.filter(overseen_on=TODAY).count() == 16
    assert "主任会议决定督办 13 件" in client.get(spot.url).content.decode()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cases": []}, "请选要督办的民情件"), ({"body": ""}, "请选是哪个机构决定督办的"), ({"words": " "}, "请写明督办意见"), ({"decided_on": "昨天"}, "日期请写成"),
        ({"decided_on": (TODAY + dt.timedelta(days=1)).isoformat()}, "不能在今天以后"), ({"decided_on": "2026-02-01"}, "决定日期早于反映的日期"), ({"cases": ["MQ-1"]}, "请刷新页面后重新选"),
        ({"words": "长" * 251}, "最多 250 个字"),
    ],
)  # fmt: skip
def test_a_decision_that_lacks_something_is_refused_whole(spot, client, users, changes, words):
    client.force_login(users.county_office)
    answer = oversee(client, spot, **changes)
    assert answer.status_code == 422 and words in answer.content.decode()
    assert not Case.objects.filter(overseen_on__isnull=False).exists() and not spot.events.filter(verb="oversee").exists()


def test_towns_neither_oversee_nor_draft(spot, client, users):
    client.force_login(users.town_clerk)
    assert oversee(client, spot).status_code == 403
    assert client.post(reverse("hot_spot_topic", args=[spot.pk])).status_code == 403
    assert "列为督办" not in client.get(spot.url).content.decode()
    with pytest.raises(MoveRefused):
        workflow_spots.make_topic(spot.pk, users.town_clerk)


def test_a_leader_proposes_it_and_the_office_hears_of_it(spot, client, users):
    client.force_login(users.leader)
    assert "作为监督议题" in client.get(spot.url).content.decode()
    for _ in range(2):
        page = client.post(reverse("hot_spot_topic", args=[spot.pk]), follow=True).content.decode()
    topic = Topic.objects.get(origin_key=f"hotspot:{spot.pk}")
    told = Notice.objects.filter(recipient=users.county_office, path=topic.url)
    assert "草稿" in page and reverse("topic_settle", args=[topic.pk]) not in page
    assert told.count() == 1 and str(users.leader) in told.get().title
    with pytest.raises(MoveRefused):
        settle_draft(users.leader, topic.pk, take=True)


def test_it_becomes_the_draft_of_a_topic_once(spot, client, users, town):
    client.force_login(users.county_office)
    where = [client.post(reverse("hot_spot_topic", args=[spot.pk])).url for _ in range(2)]
    topic = Topic.objects.exclude(own_code=None).get()
    assert where == [topic.url] * 2 and (topic.draft, topic.kind, topic.responsible, topic.town) == ("open", "concern", town.organisations["town_a"], town.towns["A"])
    assert "近 90 天反映 16 桩事" in topic.text and "未办结 16 件" in topic.text and topic.origin_url == spot.url
    assert spot.events.filter(verb="draft").count() == 1
    assert topic not in Topic.objects.current(TODAY.year)
    page = client.get(topic.url).content.decode()
    assert "草稿" in page and spot.url in page and "纳入监督" in page
    assert "草稿" in client.get(reverse("topic_list")).content.decode()
    assert "议题草稿" in client.get(spot.url).content.decode()
    client.force_login(users.deputy)
    assert client.get(topic.url).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_two_who_press_at_once_make_one_topic_and_oversee_once(spot, users):
    def pressed(user):
        try:
            new = user.role == "county_office" and workflow_spots.make_topic(spot.pk, user)[1]
            codes = list(Case.objects.values_list("code", flat=True))
            done, _ = workflow_spots.oversee_spot(spot.pk, user, codes, "office", TODAY, "抓紧清运。")
            return new, len(done)
        except MoveRefused:
            return new, 0
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(pressed, [users.county_office, users.leader, users.county_office]))
    assert sorted(done for _, done in outcomes) == [0, 0, 16] and sum(new for new, _ in outcomes) == 1
    assert Topic.objects.filter(origin_key=f"hotspot:{spot.pk}").count() == 1
    assert spot.events.filter(verb="oversee").count() == 1 and not HotSpotEvent.objects.broken_chains()


def test_a_draft_is_taken_over_or_not_wanted(spot, client, users):
    topic, new = workflow_spots.make_topic(spot.pk, users.county_office)
    assert new
    settle_draft(users.county_office, topic.pk, take=False)
    assert workflow_spots.make_topic(spot.pk, users.county_office) == (topic, False)
    client.force_login(users.county_office)
    assert client.post(reverse("topic_settle", args=[topic.pk]), {"take": "1"}).status_code == 302
    assert topic in Topic.objects.current(TODAY.year)
    with pytest.raises(MoveRefused, match="已经纳入监督"):
        settle_draft(users.county_office, topic.pk, take=False)
    assert [each.verb for each in topic.events.order_by("pk")] == ["draft", "decline", "take"]
