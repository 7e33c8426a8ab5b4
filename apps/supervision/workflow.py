"""Verbs of a run: draft, solve, cancel, approve, publish, supplement. Each is one transaction with its event row."""

import datetime as dt
import time
from collections import defaultdict
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django import app as jobs

from apps.accounts.models import Role, User
from apps.deputies.models import Deputy
from apps.matching.assignment import Solution, solve
from apps.projects.models import KeyProject
from apps.record.notices import Notice
from apps.record.states import Move, MoveRefused, StateTable
from apps.supervision.instance import Instance, instance, run_members, serving_on
from apps.supervision.models import AssignmentRun, RunEvent, Team, TeamMember
from apps.supervision.presets import PRESETS, DraftRules
from apps.supervision.storing import store_teams
from apps.supervision.topics import Topic
from apps.territory.models import LayerVersion

State = AssignmentRun.State
OFFICE = frozenset({Role.COUNTY_OFFICE})
WAITING = frozenset({State.QUEUED, State.RUNNING})
DRAFT = frozenset({State.DRAFT})

STATES = StateTable(
    dict(State.choices),
    [
        Move("solve", "计算", WAITING, State.DRAFT, OFFICE),
        Move("fail", "记为未算成", WAITING, State.FAILED, OFFICE),
        Move("cancel", "取消计算", WAITING, State.CANCELLED, OFFICE),
        Move("restart", "重新计算", frozenset({State.FAILED, State.CANCELLED}), State.QUEUED, OFFICE),
        *(
            Move(verb, label, DRAFT, State.DRAFT, OFFICE)
            for verb, label in (
                ("replace", "调整人选"), ("add", "增加人选"), ("drop", "撤下人选"), ("lead", "指定组长"), ("lock", "锁定人选"),
                ("unlock", "解除锁定"), ("rearrange", "重排其余人选"), ("undo", "撤销上一步"),
            )
        ),
        Move("approve", "批准", DRAFT, State.APPROVED, OFFICE | {Role.LEADER}),
        Move("withdraw", "退回修改", frozenset({State.APPROVED}), State.DRAFT, OFFICE | {Role.LEADER}),
        Move("publish", "发布", frozenset({State.APPROVED}), State.PUBLISHED, OFFICE),
    ],
)  # fmt: skip

STAGES = {"fill": ("安排名额", 10, 70), "scale": ("名额紧，整体安排", 20, 75), "fair": ("让最远的人更近", 70, 85), "prove": ("证明没有更好的安排", 85, 90)}
TOLD_EVERY = 0.4  # seconds between two looks at whether the run is still wanted
PUBLISHING = 0x5355_5056  # advisory lock: one run is published at a time
NAMED = 8  # names told in one message


def draft(
    user: User | None,
    preset: str,
    name: str = "",
    rules: DraftRules | None = None,
    topics: list[int] | None = None,
    deputies: list[int] | None = None,
    filters: dict | None = None,
) -> AssignmentRun:
    """Record what is asked and put the computing in the queue, in one transaction. topics, deputies: ids; None: all that may be."""
    if topics is not None and not topics:
        raise MoveRefused("请至少选择一个监督事项。")
    if deputies is not None and not deputies:
        raise MoveRefused("请至少选择一位代表。")
    with transaction.atomic():
        Topic.objects.of_projects(KeyProject.objects.all())
        label = name.strip() or f"{timezone.localdate():%Y年%m月%d日}{AssignmentRun.Preset(preset).label}方案"
        return _begin(AssignmentRun(
            name=label, preset=preset, rules=(rules or PRESETS[preset]).as_json(), created_by=user, follows=AssignmentRun.objects.in_force(),
            asked_topics=None if topics is None else sorted(set(topics)), asked_deputies=None if deputies is None else sorted(set(deputies)), filters=filters or {},
        ))  # fmt: skip


def _begin(run: AssignmentRun) -> AssignmentRun:
    run.save()
    RunEvent.objects.append(run, "draft", actor=run.created_by, actor_label="" if run.created_by else "命令行", preset=run.preset)
    _enqueue(run)
    return run


def _enqueue(run: AssignmentRun) -> None:
    jobs.configure_task("supervision.solve_run").defer(run=run.pk)  # by name: the task leans on this module


class _NotWanted(Exception):
    """The run was cancelled, or somebody else has computed it."""


def compute(run_id: int, on: dt.date) -> AssignmentRun:
    """Solve a queued run and store its teams. Safe to run twice and to be killed: a run that waits no more is left alone."""
    try:
        run = _report(run_id, 5, "读取事项和代表")
        asked = instance(run, on)
        solution = solve(asked.projects, asked.deputies, asked.rules, _watch(run_id, len(asked.topic_keys), len(asked.deputy_keys)))
        _report(run_id, 92, "保存小组")
        return _store(run_id, asked, solution)
    except _NotWanted:
        return AssignmentRun.objects.get(pk=run_id)
    except ValueError as refusal:  # data that contradicts itself: say so on the run instead of retrying for ever
        with transaction.atomic():
            run = AssignmentRun.objects.select_for_update().get(pk=run_id)
            run.state = STATES.check("fail", run.state, Role.COUNTY_OFFICE).target
            run.progress_note = str(refusal)[:120]
            run.save()
            RunEvent.objects.append(run, "fail", note=str(refusal))
        return run


def _report(run_id: int, percent: int, note: str) -> AssignmentRun:
    """Show progress on the page."""
    waiting = AssignmentRun.objects.filter(pk=run_id, state__in=WAITING)
    if not waiting.update(state=State.RUNNING, progress=percent, progress_note=note):
        raise _NotWanted
    return AssignmentRun.objects.select_related("follows").get(pk=run_id)


def _watch(run_id: int, topics: int, deputies: int):
    """What the solver tells is shown on the page; a run that is not wanted any more ends it."""
    last = 0.0

    def watch(stage: str, share: float) -> None:
        nonlocal last
        if (now := time.monotonic()) - last >= TOLD_EVERY:
            last = now
            label, begin, end = STAGES[stage]
            _report(run_id, int(begin + (end - begin) * share), f"{topics} 个事项、{deputies} 名代表：{label}")

    return watch


@transaction.atomic
def _store(run_id: int, asked: Instance, solution: Solution) -> AssignmentRun:
    run = AssignmentRun.objects.select_for_update(of=("self",)).select_related("follows").get(pk=run_id)
    if run.state not in WAITING:
        return run
    store_teams(run, asked, solution)
    run.state = STATES.check("solve", run.state, Role.COUNTY_OFFICE).target
    run.progress, run.progress_note, run.solved_at = 100, "", timezone.now()
    run.total, run.lower_bound, run.changed_total = solution.total, solution.lower_bound, solution.total
    run.save()
    RunEvent.objects.append(run, "solve", total=run.total, lower_bound=run.lower_bound, unmet=run.statistics["unmet"])
    return run


def locked_run(run_id: int, revision: int | None = None) -> AssignmentRun:
    """The run under its lock, inside a transaction; refused when it is not the revision that the page was made of."""
    run = AssignmentRun.objects.select_for_update(of=("self",)).select_related("follows").filter(pk=run_id).first()
    if run is None:
        raise MoveRefused("没有找到这个方案，它可能已被删除。")
    if revision is not None and revision != run.revision:
        last = run.events.exclude(actor=None).order_by("-pk").first()
        who = f"{last.actor_label} 在 {timezone.localtime(last.at):%H:%M} " if last else "别人"
        raise MoveRefused(f"这个方案刚刚被{who}改过，您的操作没有执行。请刷新页面，看过现在的名单后再改。")
    return run


@transaction.atomic
def cancel(user: User, run_id: int) -> AssignmentRun:
    """Stop computing: at once while it waits, between two rounds while it runs. It can be started again."""
    run = locked_run(run_id)
    run.state = STATES.check("cancel", run.state, user.role).target
    run.progress_note = ""
    run.save()
    RunEvent.objects.append(run, "cancel", actor=user)
    return run


@transaction.atomic
def restart(user: User, run_id: int) -> AssignmentRun:
    """Compute a cancelled or failed run again, with the same rules."""
    run = locked_run(run_id)
    run.state = STATES.check("restart", run.state, user.role).target
    run.progress, run.progress_note = 0, ""
    run.save()
    RunEvent.objects.append(run, "restart", actor=user)
    _enqueue(run)
    return run


@transaction.atomic
def approve(
    user: User, run_id: int, revision: int | None = None, body: str = AssignmentRun.Body.COMMITTEE, words: str = "", on: dt.date | None = None
) -> AssignmentRun:
    """工委 or 主任会议 approves; from here on nobody changes a choice. words: which meeting; on: its day, today when None."""
    run = locked_run(run_id, revision)
    target = STATES.check("approve", run.state, user.role).target
    if body not in AssignmentRun.Body.values:
        raise MoveRefused("请选择批准机关：县人大常委会工委或主任会议。")
    if (on or timezone.localdate()) > timezone.localdate():
        raise MoveRefused("批准日期不能晚于今天。")
    _check_members(run)
    run.state, run.approved_by, run.approved_at = target, user, timezone.now()
    run.approval_body, run.approval_words, run.approved_on = body, words.strip()[:200], on or timezone.localdate()
    run.save()
    RunEvent.objects.append(run, "approve", actor=user, note=run.approval_words, body=body, on=run.approved_on.isoformat())
    return run


@transaction.atomic
def withdraw(user: User, run_id: int, revision: int | None = None) -> AssignmentRun:
    """Back to a draft, before it was published."""
    run = locked_run(run_id, revision)
    run.state = STATES.check("withdraw", run.state, user.role).target
    run.approved_by = run.approved_at = run.approved_on = None
    run.approval_body = run.approval_words = ""
    run.save()
    RunEvent.objects.append(run, "withdraw", actor=user)
    return run


@transaction.atomic
def publish(user: User, run_id: int, revision: int | None = None, over: int | None = None) -> AssignmentRun:
    """Deputies see it from now on, and are told. A published run is never edited, only followed by another.

    over: the run in force that this one shall replace although it was drafted before that was published.
    """
    with connection.cursor() as cursor:  # two drafts published at once would each overlook the other
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [PUBLISHING])
    run = locked_run(run_id, revision)
    target = STATES.check("publish", run.state, user.role).target
    now = AssignmentRun.objects.in_force()
    if now and now.pk != run.follows_id and now.pk != over:
        raise MoveRefused(f"这个方案起草后，另一个方案“{now}”已于 {timezone.localtime(now.published_at):%m月%d日 %H:%M} 发布。请先比较两个方案；确要取代它，请在发布时勾选确认。")
    _check_members(run)
    run.state, run.published_at = target, timezone.now()
    run.save()
    RunEvent.objects.append(run, "publish", actor=user)
    LayerVersion.raise_for("project", "topic")
    jobs.configure_task("supervision.tell_published").defer(run=run.pk)
    return run


def _check_members(run: AssignmentRun) -> None:
    """A list names only deputies in office and without a stake; else who they are, and what to do."""
    members = run_members(run).select_related("deputy", "team__topic__project").defer("team__topic__project__geom", "team__topic__project__geom_3857")
    gone = members.exclude(deputy__in=list(serving_on(timezone.localdate())))
    if names := list(gone.values_list("deputy__name", flat=True).distinct()[: NAMED + 1]):
        raise MoveRefused(f"{_named(names)}已不是在任的县人大代表。请把方案退回修改，换下后再批准、发布。")
    if barred := members.filter(_stake(DraftRules(**run.rules)))[: NAMED + 1]:
        raise MoveRefused(f"{_named([f'{each.deputy}（{each.team.topic}）' for each in barred])}的单位与事项有关，须回避。请把方案退回修改，换下后再批准、发布。")


def _stake(rules: DraftRules) -> Q:
    """Members whose organisation has a stake in their topic, as the run's rules see it."""
    bodies = ["project__owner", "own_owner", *(["project__responsible", "own_responsible"] if rules.recuse_responsible else [])]
    found = Q(*((f"team__topic__{body}", F("deputy__organisation")) for body in bodies), _connector=Q.OR)
    if rules.recuse_contractors:
        contracted = KeyProject.contractors.through.objects.filter(keyproject=OuterRef("team__topic__project"), organisation=OuterRef("deputy__organisation"))
        found |= Exists(contracted)
    return found


def _named(names: list[str]) -> str:
    return "、".join(names[:NAMED]) + ("等" if len(names) > NAMED else "")


def tell_published(run_id: int) -> int:
    """Tell each deputy his topics, and the leaders that the list is out; how many were told. Whoever was told already is told nothing.

    Of a supplement only those are told who have something new.
    """
    run = AssignmentRun.objects.published().get(pk=run_id)
    told: dict[tuple[str, ...], list[int]] = defaultdict(list)
    mine: dict[int, list[str]] = defaultdict(list)
    rows = run_members(run).exclude(deputy__user=None).select_related("team__topic__project").order_by("pk")
    if run.supplements:
        rows = rows.filter(deputy__in=list(run_members(run).exclude(origin=TeamMember.Origin.KEPT).values_list("deputy", flat=True)))
    for member in rows.annotate(user=F("deputy__user")):
        mine[member.user].append(f"{member.team.topic.title}{'（组长）' if member.leader else ''}")
    for user, titles in mine.items():
        told[tuple(titles)].append(user)
    key, done = f"published:{run.pk}", 0
    for titles, users in told.items():
        said = f"您负责监督 {len(titles)} 个事项：{'；'.join(titles)}。"
        done += Notice.objects.tell(users, "assignment", f"监督分工已发布：{run}", said, "/desk/?show=assigned", key)
    leaders = User.objects.filter(role=Role.LEADER, is_active=True)
    numbers = run.statistics
    said = f"{numbers['topics']} 个事项、{numbers['used']} 名代表，空缺 {numbers['unmet']} 人。"
    return done + Notice.objects.tell(leaders, "assignment", f"监督分工已发布：{run}", said, reverse("run_detail", args=[run.pk]), key)


@dataclass(frozen=True)
class Vacancy:
    """A team of the list in force that lacks somebody. left: its deputies who are no longer in office; places: to be filled, theirs included."""

    team: Team
    left: list[Deputy]
    places: int


def vacancies(run: AssignmentRun, on: dt.date) -> list[Vacancy]:
    """Where a published list has become short, by the topics' codes."""
    left: dict[int, list[Deputy]] = defaultdict(list)
    for member in run_members(run).exclude(deputy__in=list(serving_on(on))).select_related("deputy").order_by("deputy__code"):
        left[member.team_id].append(member.deputy)
    short = run.teams.filter(pk__in=left) | run.teams.filter(unmet__gt=0)
    return [Vacancy(team, left[team.pk], team.unmet + len(left[team.pk])) for team in short.select_related("topic__project")]


@transaction.atomic
def supplement(user: User, name: str = "") -> AssignmentRun:
    """A draft that keeps the list in force as it is and fills only its empty places, those of deputies who have left included."""
    now = AssignmentRun.objects.in_force()
    if now is None:
        raise MoveRefused("还没有发布过监督分工，请先起草方案。")
    if not vacancies(now, timezone.localdate()):
        raise MoveRefused(f"“{now}”没有空缺，不需要补选。")
    return _begin(AssignmentRun(
        name=name.strip()[:60] or f"{now.name[:54]}（补选）", preset=now.preset, rules=now.rules, created_by=user, follows=now, supplements=True
    ))  # fmt: skip
