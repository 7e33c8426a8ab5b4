"""A run from draft to published: solved, explained, changed with a reason, approved, never edited again."""

import json

import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction
from procrastinate.contrib.django import app as jobs

from apps.deputies.models import Deputy
from apps.record.states import MoveRefused
from apps.supervision import workflow, workflow_changes
from apps.supervision.models import AssignmentRun, RunEvent, TeamMember
from apps.supervision.storing import UNMET_REASONS
from tests.town import TODAY

pytestmark = pytest.mark.django_db


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
        workflow_changes.replace(county_office, member.pk, town.deputies["D3"].pk, "  ")
    new = workflow_changes.replace(county_office, member.pk, town.deputies["D3"].pk, "熟悉该村情况")
    assert (new.origin, new.reason, new.deputy.name) == ("staff", "熟悉该村情况", "黄杰")
    event = RunEvent.objects.get(subject=run, verb="replace")
    assert event.data["was"] == "D1" and event.data["now"] == "D3"


def test_recusal_and_capacity_cannot_be_overridden(run, county_office, town):
    member = member_of(run, "南山中心小学迁建")
    with pytest.raises(MoveRefused, match="回避"):
        workflow_changes.replace(county_office, member.pk, town.deputies["D2"].pk, "她最近")
    held = member.deputy
    Deputy.objects.exclude(pk=held.pk).update(capacity=0)
    other = Deputy.objects.filter(mandates__term__level="county").exclude(pk__in=[held.pk, town.deputies["D2"].pk]).first()
    with pytest.raises(MoveRefused, match="上限"):
        workflow_changes.replace(county_office, member.pk, other.pk, "试试")


def test_only_the_office_drafts_and_only_drafts_change(run, county_office, town_clerk, leader, town):
    with pytest.raises(MoveRefused):
        workflow.approve(town_clerk, run.pk)
    with pytest.raises(MoveRefused, match="草案"):
        workflow.publish(county_office, run.pk)
    workflow.approve(leader, run.pk)
    with pytest.raises(MoveRefused):
        workflow_changes.replace(county_office, member_of(run, "东溪防洪堤").pk, town.deputies["D3"].pk, "晚了")
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
    assert set(solved.teams.values_list("unmet_reason", flat=True)) <= set(UNMET_REASONS.values())


def test_command_drafts_solves_and_publishes(town, capsys):
    call_command("assign_supervisors", "--preset", "nearest", "--publish")
    assert AssignmentRun.objects.in_force().proven
    assert "已证明最优" in capsys.readouterr().out
    call_command("assign_supervisors", "--if-none")
    assert AssignmentRun.objects.count() == 1
