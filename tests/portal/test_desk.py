"""The deputy's desk: what his topics ask of him next, most pressing first; his numbers; nothing of anybody else."""

import datetime as dt

import pytest
from django.urls import reverse

from apps.portal.duties import duties
from apps.projects.following import Follow
from apps.projects.standing import Standing
from apps.record.notices import Notice
from apps.supervision.models import AssignmentRun, Team, TeamMember
from apps.supervision.topics import Topic
from apps.supervision.visits import Visit, VisitParticipant
from tests.cases.conftest import People, add_people
from tests.supervision.findings_case import brought_to, set_limits
from tests.town import TODAY, at

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 3, 10, 4, tzinfo=dt.UTC)


@pytest.fixture
def topics(town, users, monkeypatch):
    """D1 supervises all three projects and one other matter, by a list in force."""
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *_: TODAY)
    Standing.objects.renew(TODAY)
    run = AssignmentRun.objects.create(name="分工", preset="nearest", state="draft")
    other = Topic.objects.create(kind="livelihood", own_code="MS-1", own_title="农村饮水改造", own_site=at(0.3, 0.3), own_demand=1, own_experts=0)
    for topic in [*Topic.objects.of_projects(town.projects.values()), other]:
        TeamMember.objects.create(team=Team.objects.create(run=run, topic=topic), deputy=town.deputies["D1"], cost=0)
    AssignmentRun.objects.filter(pk=run.pk).update(state="published", published_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    return {topic.code: topic for topic in Topic.objects.with_facts()}


@pytest.fixture
def people(town, users) -> People:
    set_limits()
    return add_people(town, users)


def visit(town, topic: Topic, **given) -> Visit:
    row = Visit.objects.create(kind="look", topic=topic, deputy=town.deputies["D1"], **given)
    VisitParticipant.objects.create(visit=row, deputy=town.deputies["D1"], leader=True)
    return row


def steps(town, on: dt.date = TODAY) -> list[tuple[str, str]]:
    return [(duty.topic.code, duty.step.words) for duty in duties(town.deputies["D1"], (), on)]


def test_what_was_never_visited_is_to_be_seen_those_behind_first(town, topics):
    assert steps(town) == [(code, "还没有去看过") for code in ("KP-K1", "KP-K3", "KP-K2", "MS-1")]  # late, late, a little slow, no project
    first = duties(town.deputies["D1"], (), TODAY)[0]
    assert first.step.url == f"/supervision/visits/new?topic={topics['KP-K1'].pk}"


def test_findings_to_confirm_then_visits_due_then_the_rest(town, people, topics):
    finding = brought_to("answered", town, people)  # at K1
    visit(town, topics["KP-K2"], state="planned", planned_on=TODAY)
    visit(town, topics["KP-K3"], state="planned", planned_on=TODAY + dt.timedelta(days=5))
    assert steps(town) == [("KP-K1", "1 个问题已整改，等您到现场确认"), ("KP-K2", "今天的走访查看还没有记录"), ("MS-1", "还没有去看过"), ("KP-K3", "3月15日走访查看")]
    assert duties(town.deputies["D1"], (), TODAY)[0].step.url == finding.get_absolute_url()


def test_a_finding_answered_elsewhere_waits_on_the_desk(client, town, people):
    """Of a topic that is not his to supervise."""
    finding = brought_to("answered", town, people)
    client.force_login(people.deputy)
    page = client.get(reverse("desk")).content.decode()
    assert finding.get_absolute_url() in page and "等您到现场确认" in page
    client.force_login(people.mate)
    assert finding.get_absolute_url() not in client.get(reverse("desk")).content.decode()


def test_what_was_seen_long_ago_is_due_again_sooner_when_it_is_late(town, topics):
    for code in ("KP-K1", "KP-K2"):  # K1 is late, K2 a little slow
        visit(town, topics[code], state="recorded", planned_on=TODAY, visited_on=TODAY, recorded_at=NOON, text="看过现场。")
    assert dict(steps(town))["KP-K1"] == dict(steps(town))["KP-K2"] == "3月10日走访过"
    later = dict(steps(town, TODAY + dt.timedelta(days=40)))
    assert later["KP-K1"] == "进度落后，上次走访是 2026年3月10日" and later["KP-K2"] == "3月10日走访过"
    assert dict(steps(town, TODAY + dt.timedelta(days=100)))["KP-K2"] == "上次走访是 2026年3月10日"


def test_the_page_shows_the_first_duties_all_of_them_and_new_notices(client, town, users, topics):
    Follow.objects.create(user=users.deputy, project=town.projects["K2"])
    Notice.objects.tell([users.deputy], "progress", "南山小学有新进展", path="/projects/KP-K2/")
    Notice.objects.tell([users.leader], "progress", "给主任的")
    client.force_login(users.deputy)
    page = client.get(reverse("desk"))
    text = page.content.decode()
    assert "南山小学有新进展" in text and "给主任的" not in text and "还没有去看过" in text and "农村饮水改造" in text
    assert page.context["assigned_count"] == 4 and page.context["followed_count"] == 1 and len(page.context["duties"]) == 4
    assert page.context["projects"][0].name == "东溪防洪堤" and "离您 " in text
    all_of_them = client.get(reverse("desk"), {"show": "assigned"}).content.decode()
    assert all_of_them.count("<article") == 4 and all_of_them.count("记录走访") >= 5


def test_a_deputy_without_places_or_topics_is_told_so(client, town, users):
    deputy = town.deputies["D1"]
    deputy.home.delete()
    type(deputy).objects.filter(pk=deputy.pk).update(workplace=None)
    client.force_login(users.deputy)
    assert "还没有登记您的居住地或工作地" in client.get(reverse("desk")).content.decode()
    assert "还没有分给您的监督项目" in client.get(reverse("desk"), {"show": "assigned"}).content.decode()


def test_many_topics_ask_no_more_of_the_database(client, town, users, topics, django_assert_max_num_queries):
    client.force_login(users.deputy)
    client.get(reverse("desk"))
    with django_assert_max_num_queries(26):
        client.get(reverse("desk"))
    with django_assert_max_num_queries(7):
        duties(town.deputies["D1"], ((120.0, 28.0),), TODAY)
