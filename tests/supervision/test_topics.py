"""Topics on their pages: who supervises what, matters entered and corrected by the office, two at once."""

import pytest
from django.urls import reverse

from apps.record.states import MoveRefused
from apps.supervision import workflow, workflow_topics
from apps.supervision.forms_topics import TopicForm
from apps.supervision.models import Team
from apps.supervision.topics import Topic, TopicEvent

pytestmark = pytest.mark.django_db
BUS = {
    "kind": "livelihood", "title": "城乡公交一体化", "code": "", "year": "2026", "field": "transport", "responsible": "CONSTRUCTION", "owner": "", "demand": "3",
    "experts": "1", "text": "新开通三条城乡线路。", "lat": "28.005", "lon": "120.015", "seen": "",
}  # fmt: skip


@pytest.fixture
def bus(town, county_office) -> Topic:
    form = TopicForm(BUS)
    assert form.is_valid(), form.errors
    return workflow_topics.add_topic(county_office, form.matter())


def test_a_matter_is_entered_with_its_town_found_and_a_code_given(client, county_office, town):
    client.force_login(county_office)
    answer = client.post(reverse("topic_new"), BUS)
    topic = Topic.objects.get(own_title="城乡公交一体化")
    assert answer.headers["Location"] == reverse("topic_detail", args=[topic.pk])
    assert (topic.town, topic.code, topic.demand) == (town.towns["B"], "MS2026-001", 3)
    page = client.get(reverse("topic_detail", args=[topic.pk])).content.decode()
    assert "新开通三条城乡线路" in page and "南山乡" in page


@pytest.mark.parametrize(("wrong", "words"), [
    ({"title": ""}, "请填事项名称"), ({"lat": ""}, "请在地图上点出地点"), ({"lon": "121.5"}, "不在本县范围内"), ({"lat": "nan"}, "重新点一下"),
    ({"demand": "6"}, "1 到 5"), ({"experts": "4"}, "不能多于小组人数"), ({"field": ""}, "没有选领域"), ({"responsible": "NOBODY"}, "没有这一项"), ({"title": "长" * 81}, "最多 80 个字"),
])  # fmt: skip
def test_what_is_wrong_is_said_and_what_was_typed_stays(client, county_office, wrong, words):
    client.force_login(county_office)
    answer = client.post(reverse("topic_new"), BUS | wrong)
    assert answer.status_code == 422 and words in answer.content.decode() and "新开通三条城乡线路" in answer.content.decode()
    assert not Topic.objects.filter(kind="livelihood").exists()


def test_a_code_is_given_once(client, county_office, bus):
    client.force_login(county_office)
    assert "已经有了" in client.post(reverse("topic_new"), BUS | {"code": bus.code}).content.decode()
    client.post(reverse("topic_new"), BUS)
    assert sorted(Topic.objects.filter(project=None).values_list("own_code", flat=True)) == ["MS2026-001", "MS2026-002"]


def test_a_correction_keeps_what_was(client, county_office, bus):
    client.force_login(county_office)
    page = client.get(reverse("topic_edit", args=[bus.pk]))
    seen = page.context["form"].initial["seen"]
    client.post(reverse("topic_edit", args=[bus.pk]), BUS | {"title": "城乡公交提升", "seen": seen})
    bus.refresh_from_db()
    event = TopicEvent.objects.get(subject=bus, verb="correct")
    assert bus.title == "城乡公交提升" and bus.code == "MS2026-001"
    assert event.data == {"was": {"title": "城乡公交一体化"}, "now": {"title": "城乡公交提升"}}
    assert TopicEvent.objects.broken_chains() == []


def test_whoever_saves_second_is_told_and_loses_nothing_typed(client, county_office, bus):
    client.force_login(county_office)
    seen = workflow_topics.last_event(bus)
    client.post(reverse("topic_edit", args=[bus.pk]), BUS | {"demand": "2", "seen": seen})
    second = client.post(reverse("topic_edit", args=[bus.pk]), BUS | {"demand": "5", "text": "第二个人写的", "seen": seen})
    assert second.status_code == 422 and "刚刚被别人改过" in second.content.decode() and "第二个人写的" in second.content.decode()
    bus.refresh_from_db()
    assert bus.demand == 2


def test_only_the_office_enters_and_a_project_speaks_for_itself(client, town_clerk, county_office, town, bus):
    client.force_login(town_clerk)
    assert client.get(reverse("topic_new")).status_code == 403
    assert client.post(reverse("topic_edit", args=[bus.pk]), BUS).status_code == 403
    form = TopicForm(BUS)
    form.is_valid()
    with pytest.raises(MoveRefused):
        workflow_topics.add_topic(town_clerk, form.matter())
    dike = Topic.objects.of_projects([town.projects["K1"]]).get()
    with pytest.raises(MoveRefused, match="随项目走"):
        workflow_topics.correct_topic(county_office, dike.pk, form.matter(), 0)
    client.force_login(county_office)
    assert client.get(reverse("topic_detail", args=[dike.pk])).headers["Location"] == dike.url


def test_the_list_says_who_supervises_and_a_deputy_finds_his_own(client, run, leader, county_office, deputy, town, bus, django_assert_max_num_queries):
    workflow.approve(leader, run.pk)
    workflow.publish(county_office, run.pk)
    client.force_login(deputy)
    with django_assert_max_num_queries(16):
        page = client.get(reverse("topic_list"))
    assert {topic.title for topic in page.context["page_obj"]} == {"东溪防洪堤", "南山中心小学迁建", "城关老旧小区改造", "城乡公交一体化"}
    assert "陈安（组长）" in page.content.decode()
    mine = client.get(reverse("topic_list"), {"mine": 1}).context["page_obj"]
    wanted = set(Team.objects.in_force().filter(members__deputy__user=deputy).values_list("topic", flat=True))
    assert {topic.pk for topic in mine} == wanted
    for asked, titles in (({"kind": "livelihood"}, {"城乡公交一体化"}), ({"town": "339999100000"}, {"东溪防洪堤"}), ({"field": "water"}, {"东溪防洪堤"}),
                          ({"q": "小学"}, {"南山中心小学迁建"}), ({"q": "没有的"}, set())):  # fmt: skip
        assert {topic.title for topic in client.get(reverse("topic_list"), asked).context["page_obj"]} == titles


def test_a_unit_sees_its_own_only(client, unit_officer, bus, town):
    client.force_login(unit_officer)
    titles = {topic.title for topic in client.get(reverse("topic_list")).context["page_obj"]}
    assert "东溪防洪堤" not in titles
