"""Verbs of supervision: draft, solve, change a choice, approve, publish. Each is one transaction with its event row."""

import datetime as dt

from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app as jobs

from apps.accounts.models import Role, User
from apps.deputies.models import Deputy
from apps.matching.assignment import Reason, Solution, solve
from apps.projects.models import KeyProject
from apps.record.states import Move, MoveRefused, StateTable
from apps.supervision.instance import Instance, instance
from apps.supervision.models import AssignmentRun, RunEvent, Team, TeamMember
from apps.supervision.presets import PRESETS
from apps.supervision.topics import Topic
from apps.territory.models import LayerVersion

State = AssignmentRun.State
OFFICE = frozenset({Role.COUNTY_OFFICE})

STATES = StateTable(
    dict(State.choices),
    [
        Move("solve", "计算", frozenset({State.QUEUED, State.RUNNING}), State.DRAFT, OFFICE),
        Move("fail", "记为未算成", frozenset({State.QUEUED, State.RUNNING}), State.FAILED, OFFICE),
        Move("replace", "调整人选", frozenset({State.DRAFT}), State.DRAFT, OFFICE),
        Move("approve", "批准", frozenset({State.DRAFT}), State.APPROVED, OFFICE | {Role.LEADER}),
        Move("withdraw", "退回修改", frozenset({State.APPROVED}), State.DRAFT, OFFICE | {Role.LEADER}),
        Move("publish", "发布", frozenset({State.APPROVED}), State.PUBLISHED, OFFICE),
    ],
)

UNMET_REASONS = {
    Reason.capacity: "符合条件的代表都已满额",
    Reason.distance: "限定距离内没有更多代表",
    Reason.recusal: "附近代表须回避",
    Reason.expert: "缺少懂行的代表",
    Reason.position: "项目或代表没有登记位置",
}


def draft(user: User, preset: str, name: str = "") -> AssignmentRun:
    """Record what is asked and put the computing in the queue, in one transaction."""
    with transaction.atomic():
        today = timezone.localdate()
        Topic.objects.of_projects(KeyProject.objects.all())
        label = name.strip() or f"{today:%Y年%m月%d日}{AssignmentRun.Preset(preset).label}方案"
        run = AssignmentRun.objects.create(name=label, preset=preset, rules=PRESETS[preset].as_json(), created_by=user)
        RunEvent.objects.append(run, "draft", actor=user, preset=preset)
        jobs.configure_task("supervision.solve_run").defer(run=run.pk)  # by name: the task leans on this module
    return run


def compute(run_id: int, on: dt.date) -> AssignmentRun:
    """Solve a queued run and store its teams. Safe to run twice: a run that is a draft already is left alone."""
    run = _report(run_id, 10, "读取事项和代表")
    if run is None:
        return AssignmentRun.objects.get(pk=run_id)
    try:
        asked = instance(run, on)
        _report(run_id, 40, f"计算 {len(asked.topic_rows)} 个事项、{len(asked.deputy_rows)} 名代表的全部组合")
        solution = solve(asked.projects, asked.deputies, asked.rules)
        _report(run_id, 90, "保存小组")
        return _store(run_id, asked, solution)
    except ValueError as refusal:  # data that contradicts itself: say so on the run instead of retrying for ever
        with transaction.atomic():
            run = AssignmentRun.objects.select_for_update().get(pk=run_id)
            run.state = STATES.check("fail", run.state, Role.COUNTY_OFFICE).target
            run.progress_note = str(refusal)[:120]
            run.save()
            RunEvent.objects.append(run, "fail", note=str(refusal))
        return run


def _report(run_id: int, percent: int, note: str) -> AssignmentRun | None:
    """Show progress on the page; None when the run is no longer waiting to be computed."""
    waiting = AssignmentRun.objects.filter(pk=run_id, state__in=[State.QUEUED, State.RUNNING])
    if not waiting.update(state=State.RUNNING, progress=percent, progress_note=note):
        return None
    return AssignmentRun.objects.get(pk=run_id)


@transaction.atomic
def _store(run_id: int, asked: Instance, solution: Solution) -> AssignmentRun:
    run = AssignmentRun.objects.select_for_update().get(pk=run_id)
    if run.state not in (State.QUEUED, State.RUNNING):
        return run
    run.teams.all().delete()
    teams = Team.objects.bulk_create(
        Team(run=run, topic=topic, unmet=int(solution.unmet[row]),
             unmet_reason=UNMET_REASONS[solution.reasons[row]] if solution.unmet[row] else "")
        for row, topic in enumerate(asked.topic_rows)
    )
    leaders = _leaders(asked, solution)
    TeamMember.objects.bulk_create(
        TeamMember(team=teams[p], deputy=asked.deputy_rows[d], cost=int(solution.cost[k]), leader=leaders.get(p) == d,
                   parts={name: round(float(part[k])) for name, part in solution.parts.items()})
        for k, (p, d) in enumerate(solution.pairs.tolist())
    )
    run.state = STATES.check("solve", run.state, Role.COUNTY_OFFICE).target
    run.progress, run.progress_note, run.solved_at = 100, "", timezone.now()
    run.total, run.lower_bound = solution.total, solution.lower_bound
    run.statistics = {
        "topics": len(asked.topic_rows), "deputies": len(asked.deputy_rows), "pairs": len(solution.pairs),
        "used": len(set(solution.pairs[:, 1].tolist())), "unmet": int(solution.unmet.sum()),
        "arcs": solution.arcs, "seconds": round(solution.seconds, 2), "worst": solution.worst,
    }
    run.save()
    RunEvent.objects.append(run, "solve", total=run.total, lower_bound=run.lower_bound, unmet=run.statistics["unmet"])
    return run


def _leaders(asked: Instance, solution: Solution) -> dict[int, int]:
    """The proposed leader of each team: someone of the field before others, an official last, then the nearest."""
    ranked = sorted(
        (int(p), not asked.table.has_field[p, d], asked.deputy_rows[d].official, int(cost), int(d))
        for (p, d), cost in zip(solution.pairs, solution.cost, strict=True)
    )
    leaders: dict[int, int] = {}
    for p, _, _, _, d in ranked:
        leaders.setdefault(p, d)
    return leaders


@transaction.atomic
def replace(user: User, member_id: int, deputy_id: int, reason: str) -> TeamMember:
    """Put another deputy in a member's place. The reason is kept; rules that cannot be overridden are recusal and capacity."""
    reason = reason.strip()
    if not reason:
        raise MoveRefused("请写明调整理由，例如“熟悉该村情况”。")
    run = AssignmentRun.objects.select_for_update(of=("self",)).filter(teams__members=member_id).first()
    # Looked up again under the lock: somebody else may have replaced this member while we waited for it.
    member = TeamMember.objects.select_related("team__topic__project", "deputy").filter(pk=member_id).first()
    if run is None or member is None:
        raise MoveRefused("这个人选刚刚被别人改过，请刷新页面后再看。")
    STATES.check("replace", run.state, user.role)
    asked = instance(run, timezone.localdate())
    p, d = asked.topic_index[member.team.topic_id], asked.deputy_index.get(deputy_id)
    if d is None:
        raise MoveRefused("这位代表不在可分配的名单里。")
    _check_replacement(asked, member, p, d)
    was, deputy = member.deputy, asked.deputy_rows[d]
    leader = member.leader
    member.delete()
    new = TeamMember.objects.create(
        team=member.team, deputy=deputy, leader=leader, cost=int(asked.table.cost[p, d]), origin=TeamMember.Origin.STAFF, reason=reason,
        parts={name: round(float(part[p, d])) for name, part in asked.table.parts.items()},
    )
    RunEvent.objects.append(run, "replace", actor=user, note=reason, topic=member.team.topic.code, was=was.code, now=deputy.code)
    return new


def _check_replacement(asked: Instance, member: TeamMember, p: int, d: int) -> None:
    deputy: Deputy = asked.deputy_rows[d]
    team = member.team
    if team.members.filter(deputy=deputy).exists():
        raise MoveRefused(f"{deputy}已经在这个小组里。")
    if asked.table.recused[p, d]:
        raise MoveRefused(f"{deputy}的单位是该事项的业主、责任单位或参建单位，须回避。")
    if not asked.table.measured[p, d]:
        raise MoveRefused(f"{deputy}没有登记居住地或工作地，请先补登。")
    load = TeamMember.objects.filter(team__run=team.run, deputy=deputy).count()
    if load >= deputy.capacity:
        raise MoveRefused(f"{deputy}已有 {load} 项，达到可承担的上限。请先替换他的其他项目。")
    others = [asked.deputy_index[pk] for pk in team.members.exclude(pk=member.pk).values_list("deputy", flat=True) if pk in asked.deputy_index]
    had = asked.table.has_field[p, [asked.deputy_index[member.deputy_id]]].any() if member.deputy_id in asked.deputy_index else False
    experts = int(asked.table.has_field[p, others].sum()) + int(asked.table.has_field[p, d])
    if had and experts < asked.projects.experts[p]:
        raise MoveRefused(f"换人后小组里懂行的代表不足 {asked.projects.experts[p]} 名，请选一位同领域的代表。")


def _move(verb: str, user: User, run_id: int, **changes) -> AssignmentRun:
    run = AssignmentRun.objects.select_for_update().get(pk=run_id)
    run.state = STATES.check(verb, run.state, user.role).target
    for name, value in changes.items():
        setattr(run, name, value)
    run.save()
    RunEvent.objects.append(run, verb, actor=user)
    return run


@transaction.atomic
def approve(user: User, run_id: int) -> AssignmentRun:
    """工委 or 主任会议 approves; from here on nobody changes a choice."""
    return _move("approve", user, run_id, approved_by=user, approved_at=timezone.now())


@transaction.atomic
def withdraw(user: User, run_id: int) -> AssignmentRun:
    """Back to a draft, before it was published."""
    return _move("withdraw", user, run_id, approved_by=None, approved_at=None)


@transaction.atomic
def publish(user: User, run_id: int) -> AssignmentRun:
    """Deputies see it from now on. A published run is never edited, only followed by another."""
    run = _move("publish", user, run_id, published_at=timezone.now())
    LayerVersion.raise_for("project")
    return run
