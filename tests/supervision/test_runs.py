"""A run from draft to published: solved, explained, changed with a reason, approved, never edited again."""

import json
import re

import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction
from django.urls import reverse
from procrastinate.contrib.django import app as jobs

from apps.deputies.models import Deputy
from apps.record.states import MoveRefused
from apps.supervision import workflow
from apps.supervision.models import AssignmentRun, RunEvent, TeamMember
from tests.town import TODAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(town, county_office, settings, monkeypatch) -> AssignmentRun:
    """A draft over the toy county: three projects of one place each, so that the answer can be checked by hand."""
    for project in town.projects.values():
        project.demand, project.experts = 1, 0
        project.save()
    monkeypatch.setattr("django.utils.timezone.localdate", lambda: TODAY)
    drafted = workflow.draft(county_office, AssignmentRun.Preset.NEAREST)
    return workflow.compute(drafted.pk, TODAY)


def chosen(run: AssignmentRun) -> dict[str, list[str]]:
    pairs = TeamMember.objects.filter(team__run=run).values_list("team__topic__project__name", "deputy__name")
    teams: dict[str, list[str]] = {}
    for project, deputy in pairs:
        teams.setdefault(project, []).append(deputy)
    return teams


def test_nearest_and_knowing_the_field_is_chosen(run):
    # 东溪防洪堤 (0.5, 0.2) is about water: 陈安 lives in V1 and knows water. 南山小学 is about education: 林秀 lives in V2, but her office
    # 南山乡政府 owns it, so she is recused; 郑国 and 周宁 hold no county seat there …
    teams = chosen(run)
    assert teams["东溪防洪堤"] == ["陈安"]
    assert "林秀" not in teams["南山中心小学迁建"]
    assert run.proven and run.state == run.State.DRAFT and run.statistics["unmet"] == 0


def test_each_choice_says_what_speaks_for_it(run):
    assert member_of(run, "东溪防洪堤").merits == ["住在或工作在本镇街", "懂行"]


def test_drafting_puts_the_job_in_the_queue_with_the_run(county_office, town):
    drafted = workflow.draft(county_office, AssignmentRun.Preset.BALANCED)
    queued = list(jobs.job_manager.list_jobs(task="supervision.solve_run"))
    assert [json.loads(job.task_kwargs) for job in queued] == [{"run": drafted.pk}]


def test_computing_twice_changes_nothing(run):
    before = list(TeamMember.objects.values_list("pk", flat=True))
    workflow.compute(run.pk, TODAY)
    assert list(TeamMember.objects.values_list("pk", flat=True)) == before
    assert RunEvent.objects.filter(subject=run, verb="solve").count() == 1


@pytest.mark.parametrize("preset", list(AssignmentRun.Preset))
def test_every_preset_is_solved_and_proven(town, county_office, preset):
    solved = workflow.compute(workflow.draft(county_office, preset).pk, TODAY)
    assert solved.proven


def test_continuity_keeps_the_published_people(run, county_office, leader):
    workflow.approve(leader, run.pk)
    workflow.publish(county_office, run.pk)
    again = workflow.compute(workflow.draft(county_office, AssignmentRun.Preset.CONTINUITY).pk, TODAY)
    assert chosen(again) == chosen(run)
    assert again.total == run.total - 3 * 5000


def member_of(run: AssignmentRun, project: str) -> TeamMember:
    return TeamMember.objects.get(team__run=run, team__topic__project__name=project)


def test_change_needs_a_reason_and_keeps_it(run, county_office, town):
    member = member_of(run, "东溪防洪堤")
    with pytest.raises(MoveRefused, match="理由"):
        workflow.replace(county_office, member.pk, town.deputies["D3"].pk, "  ")
    new = workflow.replace(county_office, member.pk, town.deputies["D3"].pk, "熟悉该村情况")
    assert (new.origin, new.reason, new.deputy.name) == ("staff", "熟悉该村情况", "黄杰")
    event = RunEvent.objects.get(subject=run, verb="replace")
    assert event.data["was"] == "D1" and event.data["now"] == "D3"


def test_recusal_and_capacity_cannot_be_overridden(run, county_office, town):
    member = member_of(run, "南山中心小学迁建")
    with pytest.raises(MoveRefused, match="回避"):
        workflow.replace(county_office, member.pk, town.deputies["D2"].pk, "她最近")
    held = member.deputy
    Deputy.objects.exclude(pk=held.pk).update(capacity=0)
    other = Deputy.objects.filter(mandates__term__level="county").exclude(pk__in=[held.pk, town.deputies["D2"].pk]).first()
    with pytest.raises(MoveRefused, match="上限"):
        workflow.replace(county_office, member.pk, other.pk, "试试")


def test_only_the_office_drafts_and_only_drafts_change(run, county_office, town_clerk, leader, town):
    with pytest.raises(MoveRefused):
        workflow.approve(town_clerk, run.pk)
    with pytest.raises(MoveRefused, match="草案"):
        workflow.publish(county_office, run.pk)
    workflow.approve(leader, run.pk)
    with pytest.raises(MoveRefused):
        workflow.replace(county_office, member_of(run, "东溪防洪堤").pk, town.deputies["D3"].pk, "晚了")
    published = workflow.publish(county_office, run.pk)
    assert AssignmentRun.objects.in_force() == published
    with pytest.raises(MoveRefused):
        workflow.withdraw(leader, run.pk)


def test_history_is_chained_and_the_database_refuses_to_change_it(run):
    assert RunEvent.objects.broken_chains() == []
    event = RunEvent.objects.filter(subject=run).first()
    for change in (lambda: RunEvent.objects.filter(pk=event.pk).update(note="别的"), lambda: RunEvent.objects.filter(pk=event.pk).delete()):
        with pytest.raises(DatabaseError, match="只能追加"), transaction.atomic():
            change()


def test_a_run_without_projects_and_deputies_is_empty_and_proven(db, town, county_office):
    Deputy.objects.update(county_leader=True)
    solved = workflow.compute(workflow.draft(county_office, AssignmentRun.Preset.NEAREST).pk, TODAY)
    assert solved.proven and solved.statistics["pairs"] == 0
    assert solved.statistics["unmet"] == sum(project.demand for project in town.projects.values())
    assert set(solved.teams.values_list("unmet_reason", flat=True)) <= set(workflow.UNMET_REASONS.values())


class TestPages:
    def test_office_sees_workbench_with_reasons_and_alternatives(self, client, county_office, run):
        client.force_login(county_office)
        page = client.get(reverse("run_detail", args=[run.pk]))
        assert "已证明最优" in page.content.decode()
        why = client.get(reverse("member_why", args=[member_of(run, "东溪防洪堤").pk])).content.decode()
        assert "懂行：工作领域含水利与防灾" in why and "还可以选谁" in why and "须回避" not in why.split("还可以选谁")[0]

    def test_those_who_could_come_stand_before_those_who_cannot(self, client, county_office, run):
        client.force_login(county_office)
        page = client.get(reverse("member_why", args=[member_of(run, "南山中心小学迁建").pk]))
        listed = page.context["alternatives"]
        obstacles = [bool(one.obstacle) for one in listed]
        assert obstacles == sorted(obstacles) and obstacles.count(False) >= 1
        assert [one.obstacle for one in listed if one.deputy.name == "林秀"] == ["须回避：所在单位与项目有关"]

    def test_the_change_told_is_the_change_of_the_total(self, client, county_office, run):
        client.force_login(county_office)
        member = member_of(run, "东溪防洪堤")
        one = next(one for one in client.get(reverse("member_why", args=[member.pk])).context["alternatives"] if not one.obstacle)
        before = client.get(reverse("run_detail", args=[run.pk])).context["now_total"]
        assert before == run.total
        workflow.replace(county_office, member.pk, one.deputy.pk, "试换")
        assert client.get(reverse("run_detail", args=[run.pk])).context["now_total"] == before + one.change

    def test_the_prices_say_why_he_and_why_not_another(self, client, county_office, run):
        client.force_login(county_office)
        page = client.get(reverse("member_why", args=[member_of(run, "东溪防洪堤").pk]))
        assert page.context["reasons"][0].startswith("陈安是离得最近且懂行的代表（")
        others = {one.deputy.name: one for one in page.context["alternatives"]}
        assert others and all(one.sentence for one in others.values())
        assert all(one.sentence in page.content.decode() for one in others.values())

    def test_the_prices_are_silent_once_staff_have_changed_the_team(self, client, county_office, run):
        client.force_login(county_office)
        member = member_of(run, "东溪防洪堤")
        other = next(one for one in client.get(reverse("member_why", args=[member.pk])).context["alternatives"] if not one.obstacle)
        new = workflow.replace(county_office, member.pk, other.deputy.pk, "试换")
        page = client.get(reverse("member_why", args=[new.pk]))
        assert not any(one.sentence for one in page.context["alternatives"])
        assert not any("离得最近" in reason for reason in page.context["reasons"])

    def test_the_prices_are_silent_once_the_data_have_changed(self, client, county_office, run, town):
        from tests.town import at

        client.force_login(county_office)
        home = town.deputies["D1"].home
        home.point = at(0.9, 0.9)
        home.save()
        page = client.get(reverse("member_why", args=[member_of(run, "东溪防洪堤").pk]))
        assert not any(one.sentence for one in page.context["alternatives"])

    def test_homes_are_shown_only_with_the_permission(self, client, run, leader, county_office):
        def kinds(user):
            client.force_login(user)
            data = client.get(reverse("run_detail", args=[run.pk])).context["assignment"]
            return {feature["properties"]["kind"] for feature in data["deputies"]["features"]}

        assert "home" in kinds(county_office)
        assert "home" not in kinds(leader)
        client.force_login(leader)
        text = client.get(reverse("member_why", args=[member_of(run, "东溪防洪堤").pk])).content.decode()
        assert "住在" in text and "离现场" not in text.split("住在")[1].split("<")[0]

    def test_moving_a_home_inside_its_village_changes_no_byte_for_those_who_may_not_see_it(self, client, run, leader, town):
        from tests.town import at

        client.force_login(leader)
        urls = [reverse("run_detail", args=[run.pk]), reverse("member_why", args=[member_of(run, "东溪防洪堤").pk])]

        def pages() -> list[bytes]:  # the CSRF token is new on every page
            return [re.sub(rb'(csrfmiddlewaretoken" value|csrf-token" content)="[^"]*"', b"", client.get(url).content) for url in urls]

        before = pages()
        home = town.deputies["D1"].home
        home.point = at(0.9, 0.9)
        home.save()
        assert pages() == before

    def test_deputies_and_clerks_see_published_runs_only(self, client, run, deputy, town_clerk):
        for user in (deputy, town_clerk):
            client.force_login(user)
            assert client.get(reverse("run_detail", args=[run.pk])).status_code == 404

    def test_refused_change_keeps_what_was_typed(self, client, county_office, run, town):
        client.force_login(county_office)
        answer = client.post(reverse("member_replace", args=[member_of(run, "南山中心小学迁建").pk]), {"deputy": town.deputies["D2"].pk, "reason": "她最近"})
        assert answer.status_code == 422
        assert "回避" in answer.content.decode() and "她最近" in answer.content.decode()

    def test_waiting_run_polls_and_refreshes_when_done(self, client, county_office, town):
        client.force_login(county_office)
        answer = client.post(reverse("run_draft"), {"preset": "balanced"})
        run = AssignmentRun.objects.get()
        assert answer.headers["Location"] == reverse("run_detail", args=[run.pk])
        assert "排队中" in client.get(reverse("run_progress", args=[run.pk])).content.decode()
        workflow.compute(run.pk, TODAY)
        assert client.get(reverse("run_progress", args=[run.pk])).headers["HX-Refresh"] == "true"

    def test_unknown_preset_is_refused_in_words(self, client, county_office):
        client.force_login(county_office)
        page = client.post(reverse("run_draft"), {"preset": "x"}, follow=True)
        assert "请选择一种预设" in page.content.decode() and not AssignmentRun.objects.exists()

    def test_workbook_opens_and_has_every_project(self, client, county_office, run):
        import io

        from openpyxl import load_workbook

        client.force_login(county_office)
        answer = client.get(reverse("run_export", args=[run.pk]))
        rows = list(load_workbook(io.BytesIO(answer.content)).active.iter_rows(min_row=4, values_only=True))
        assert {row[2] for row in rows} >= {"东溪防洪堤", "南山中心小学迁建", "城关老旧小区改造"}

    def test_queries_do_not_grow_with_the_teams(self, client, county_office, run, django_assert_max_num_queries):
        client.force_login(county_office)
        with django_assert_max_num_queries(24):
            client.get(reverse("run_detail", args=[run.pk]))


def test_command_drafts_solves_and_publishes(town, capsys):
    call_command("assign_supervisors", "--preset", "nearest", "--publish")
    assert AssignmentRun.objects.in_force().proven
    assert "已证明最优" in capsys.readouterr().out
    call_command("assign_supervisors", "--if-none")
    assert AssignmentRun.objects.count() == 1


def test_the_page_begins_with_the_first_empty_place_else_with_the_first_row(run, client, county_office):
    client.force_login(county_office)
    rows = re.compile(r'<tr[^>]*data-project="([^"]+)"[^>]*aria-current="true"')
    page = client.get(reverse("run_detail", args=[run.pk]))
    first = page.context["page_obj"][0].topic
    assert rows.findall(page.content.decode()) == [first.code]
    last = run.teams.order_by("-topic__project__code").first()
    last.members.all().delete()
    run.teams.filter(pk=last.pk).update(unmet=1, unmet_reason="附近没有可选的代表")
    body = client.get(reverse("run_detail", args=[run.pk])).content.decode()
    assert rows.findall(body) == [last.topic.code] != [first.code]
    assert "附近没有可选的代表" in body.split('id="why"')[1]
