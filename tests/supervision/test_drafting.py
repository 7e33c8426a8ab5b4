"""The drafting page: what is ticked survives filters and pages, with scripts or without; the numbers are the preset's until one wants his own."""

import numpy as np
import pytest
from django.urls import reverse

from apps.deputies.models import Deputy
from apps.supervision import drafting
from apps.supervision.models import AssignmentRun
from apps.supervision.topics import Topic
from tests.supervision.test_workbench import read

pytestmark = pytest.mark.django_db
NAMES = ["东溪防洪堤", "南山中心小学迁建", "城关老旧小区改造"]


@pytest.fixture
def office(client, county_office, town):
    client.force_login(county_office)
    return client


def titles(run: AssignmentRun) -> set[str]:
    return {topic.title for topic in Topic.objects.with_facts().filter(pk__in=run.asked_topics)}


def start(client, **typed) -> AssignmentRun:
    answer = client.post(reverse("run_new"), {"preset": "nearest", "start": 1, **typed})
    assert answer.status_code == 302, answer.content.decode()
    return AssignmentRun.objects.latest("pk")


def keys(*names: str) -> list[int]:
    return [Topic.objects.get(project__name=name).pk for name in names]


def test_all_of_the_county_unless_something_is_unticked(office):
    page = office.get(reverse("run_new"))
    assert (page.context["topic_count"], page.context["deputy_count"]) == (3, 5)  # five seats in the county's congress are held
    run = start(office)
    assert titles(run) == set(NAMES)
    assert set(Deputy.objects.filter(pk__in=run.asked_deputies).values_list("name", flat=True)) == {"陈安", "林秀", "黄杰", "吴敏", "郑国"}


def test_filters_choose_and_are_kept_as_typed(office, town):
    office.get(reverse("run_new"))
    run = start(office, topics_field="water", deputies_town="339999100000")
    assert titles(run) == {"东溪防洪堤"}
    assert set(Deputy.objects.filter(pk__in=run.asked_deputies).values_list("name", flat=True)) == {"陈安", "黄杰"}
    assert run.filters["topics"]["field"] == "water" and run.filters["deputies"]["town"] == "339999100000"


def test_what_is_unticked_on_a_page_is_left_out_and_stays_so_on_the_next(office, monkeypatch):
    monkeypatch.setattr(drafting, "ROWS_A_PAGE", 2)
    first = office.get(reverse("run_new")).context["topic_page"]
    shown = [topic.pk for topic in first]
    step = {"topics_shown": shown, "topics_ticked": shown[1:], "topics_page": 2}
    second = office.post(reverse("run_choose", args=["topics"]), step)
    assert second.context["topics"].left_text == str(shown[0]) and second.context["topic_count"] == 2
    assert 'hx-swap-oob="true"' in second.content.decode()
    rest = [topic.pk for topic in second.context["topic_page"]]
    run = start(office, topics_left=str(shown[0]), topics_shown=rest, topics_ticked=rest)
    assert sorted(run.asked_topics) == sorted([shown[1], *rest])


def test_all_and_none_are_of_what_the_filters_let_through(office):
    office.get(reverse("run_new"))
    water, school, quarter = keys(*NAMES)
    none = office.post(reverse("run_choose", args=["topics"]), {"topics_every": "none", "topics_field": "water", "topics_left": str(school)})
    assert none.context["topics"].left == {water, school}
    every = office.post(reverse("run_choose", args=["topics"]), {"topics_every": "all", "topics_left": f"{water},{school}"})
    assert every.context["topics"].left == frozenset() and every.context["topic_count"] == 3
    assert quarter


def test_a_button_but_the_last_shows_the_form_again_with_everything_chosen(office):
    office.get(reverse("run_new"))
    water, *_ = keys(*NAMES)
    page = office.post(reverse("run_new"), {"preset": "continuity", "name": "明年的", "topics_left": str(water), "find": "topics"})
    body = page.content.decode()
    assert page.status_code == 200 and not AssignmentRun.objects.exists()
    assert 'value="明年的"' in body and page.context["topic_count"] == 2 and page.context["presets"][2][4]


@pytest.mark.parametrize(("typed", "words"), [
    ({"preset": "x"}, "请选择一种预设"), ({"topics_q": "没有的"}, "没有选中任何事项"), ({"deputies_q": "没有的"}, "没有选中任何代表"),
    ({"own_numbers": 1, "balance": "很多"}, "请填整数"), ({"own_numbers": 1, "demand": "9"}, "1 到 5"),
])  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_chosen_is_lost(office, typed, words):
    answer = office.post(reverse("run_new"), {"preset": "nearest", "start": 1, "name": "我的方案", **typed})
    assert answer.status_code == 422 and words in answer.content.decode() and 'value="我的方案"' in answer.content.decode()
    assert not AssignmentRun.objects.exists()


def test_numbers_count_only_when_one_wants_his_own(office):
    office.get(reverse("run_new"))
    assert start(office, balance="9999").rules["balance"] == 500
    own = start(office, own_numbers=1, balance="9999", fair="on")
    assert own.rules["balance"] == 9999 and own.rules["fair"] is True and own.rules["recuse_contractors"] is False


def test_the_map_shows_what_is_ticked(office, town):
    office.get(reverse("run_new"))
    water, *_ = keys(*NAMES)
    drawn = read(office.post(reverse("run_choices_map"), {"topics_left": str(water), "deputies_q": "陈安"}).content)
    assert water not in drawn["topic"] and len(drawn["topic"]) == 2 and drawn["deputy"].tolist() == [town.deputies["D1"].pk]
    assert np.array_equal(drawn["line"], np.empty((0, 3)))


def test_only_the_office_drafts(client, leader, town_clerk, town):
    for user in (leader, town_clerk):
        client.force_login(user)
        for url in (reverse("run_new"), reverse("run_choices_map"), reverse("run_choose", args=["topics"]), reverse("run_supplement")):
            assert client.post(url, {"start": 1, "preset": "nearest"}).status_code == 403


class TestCompared:
    def test_the_last_two_by_topic_and_by_deputy(self, office, run, county_office, town):
        from apps.supervision import workflow, workflow_changes
        from apps.supervision.models import TeamMember
        from tests.town import TODAY

        workflow.approve(county_office, run.pk)
        workflow.publish(county_office, run.pk)
        later = workflow.compute(workflow.draft(county_office, "continuity").pk, TODAY)
        member = TeamMember.objects.get(team__run=later, team__topic__project__name="东溪防洪堤")
        workflow_changes.replace(county_office, member.pk, town.deputies["D3"].pk, "试")
        page = office.get(reverse("run_compare"))
        assert (page.context["a"], page.context["b"]) == (run, later)
        assert [(change.topic.title, change.left[0].name, change.came[0].name) for change in page.context["page_obj"]] == [("东溪防洪堤", "陈安", "黄杰")]
        by = office.get(reverse("run_compare"), {"a": run.pk, "b": later.pk, "by": "deputy"})
        assert {change.deputy.name for change in by.context["page_obj"]} == {"陈安", "黄杰"}
        assert "人选完全相同" in office.get(reverse("run_compare"), {"a": run.pk, "b": run.pk}).content.decode()

    def test_a_run_that_is_not_there_is_said_and_metres_are_the_office_s(self, client, office, run, leader):
        assert "没有找到要比较的方案" in office.get(reverse("run_compare"), {"a": "9" * 30, "b": run.pk}).content.decode()
        client.force_login(leader)
        assert "公里" not in client.get(reverse("run_compare"), {"a": run.pk, "b": run.pk}).content.decode()
