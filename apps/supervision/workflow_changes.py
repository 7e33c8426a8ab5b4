"""Changes of a draft by hand: each with its reason, one revision on. Two who change at once: the first is served, the second told.

A change that is not told to `rearrange` touches one place only. With it, everything that is not locked goes to its best place, as the
kept problem (`effects`) says; what staff have put in stays, what they have taken out stays out.
"""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from apps.accounts.models import User
from apps.deputies.models import Deputy
from apps.matching.costs import PairTable
from apps.record.states import MoveRefused
from apps.supervision import effects
from apps.supervision.effects import Change
from apps.supervision.instance import Instance, run_members, serving_on, stored_instance
from apps.supervision.models import AssignmentRun, RunEvent, Team, TeamMember
from apps.supervision.workflow import STATES, locked_run

MOST = 5  # members of a team
ALONG = "随人工调整重排"
REASON_NEEDED = "请写明调整理由，例如“熟悉该村情况”。"
GONE = "这个人选刚刚被别人改过，请刷新页面后再看。"
BY_HAND = "人工撤下，待补"


def _begin(verb: str, user: User, run_id: int | None, revision: int | None, reason: str | None) -> tuple[AssignmentRun, str]:
    """The run under its lock, if the user may make the change now. reason: None where none is needed."""
    if reason is not None and not reason.strip():
        raise MoveRefused(REASON_NEEDED)
    if run_id is None:
        raise MoveRefused(GONE)
    run = locked_run(run_id, revision)
    STATES.check(verb, run.state, user.role)
    return run, (reason or "").strip()[:200]


def _end(run: AssignmentRun, verb: str, user: User, reason: str, moved: int = 0, team: Team | None = None, **data) -> None:
    """One revision on, with the total `moved` by so many metres, and the event."""
    run.revision += 1
    run.changed_total = _total(run) + moved
    counted = run_members(run).aggregate(pairs=Count("pk"), used=Count("deputy", distinct=True))
    run.statistics |= counted | {"unmet": sum(run.teams.order_by().values_list("unmet", flat=True))}
    run.save()
    named = {"topic": team.topic.code, "topic_id": team.topic_id} if team else {}
    RunEvent.objects.append(run, verb, actor=user, note=reason, revision=run.revision, **named, **data)


def _total(run: AssignmentRun) -> int:
    return (run.changed_total if run.changed_total is not None else run.total) or 0


def _run_of(member: int) -> int | None:
    return TeamMember.objects.filter(pk=member).values_list("team__run", flat=True).first()


def _member(pk: int) -> TeamMember:
    """Looked up under the run's lock: somebody else may have replaced it while we waited."""
    found = TeamMember.objects.select_related("team__topic__project", "team__run", "deputy").filter(pk=pk).first()
    if found is None:
        raise MoveRefused(GONE)
    return found


class _Place:
    """One team's place as it is priced: the deputy who should have it and the one who had it."""

    def __init__(self, run: AssignmentRun, team: Team, new: int | None, old: int | None) -> None:
        self.run, self.team, self.new, self.old = run, team, new, old
        self.members = list(team.members.values_list("deputy", flat=True))
        wanted = {*self.members, *({new} if new else ())}
        self.asked: Instance = stored_instance(run, timezone.localdate(), [team.topic_id], wanted)
        rows = self.asked.rows([(team.topic_id, deputy) for deputy in wanted])
        self.table: PairTable = self.asked.priced(rows)
        self.at = {int(self.asked.deputy_keys[d]): k for k, (_, d) in enumerate(rows.tolist())}
        self.loads = dict(run_members(run).filter(deputy__in=wanted).values_list("deputy").annotate(n=Count("pk")))

    def check_new(self, deputy: Deputy, full_is_fine: bool) -> None:
        """Refuses whom no reason can put in: not in office, recused, unmeasured, on the team already, or, when nobody makes room, full."""
        if self.new in self.members:
            raise MoveRefused(f"{deputy}已经在这个小组里。")
        if self.new not in self.at or not serving_on(timezone.localdate()).filter(deputy=deputy).exists():
            raise MoveRefused(f"{deputy}不在可分配的名单里：现在不是在任的县人大代表。")
        k = self.at[self.new]
        if self.table.recused[k]:
            raise MoveRefused(f"{deputy}的单位是该事项的业主、责任单位或参建单位，须回避。")
        if not self.table.measured[k]:
            raise MoveRefused(f"{deputy}没有登记居住地或工作地，请先补登。")
        load = self.loads.get(self.new, 0)
        if load >= self.capacity and (not full_is_fine or not self.capacity):
            raise MoveRefused(f"{deputy}已有 {load} 项，达到可承担的上限。请先替换他的其他项目，或选择“让其余人选随之重排”。")

    @property
    def capacity(self) -> int:
        return int(self.asked.deputies.capacity[self.asked.deputy_index[self.new]])

    def check_experts(self) -> None:
        """A change may not take away the last of those who must know the field."""
        after = [deputy for deputy in self.members if deputy != self.old] + ([self.new] if self.new else [])
        knows = {key: bool(self.table.has_field[k]) for key, k in self.at.items()}
        needed = min(int(self.asked.projects.experts[0]), len(after))
        if knows.get(self.old, False) and sum(knows.get(deputy, False) for deputy in after) < needed:
            raise MoveRefused(f"这样小组里懂行的代表不足 {needed} 名，请选一位同领域的代表。")

    def moved_by(self) -> int:
        """Metres by which the total moves when only this place changes, balance included."""
        balance, total = self.asked.rules.balance, 0
        if self.new:
            total += int(self.table.price[self.at[self.new]]) + balance * self.loads.get(self.new, 0)
        if self.old in self.at:
            total -= int(self.table.price[self.at[self.old]]) + balance * (self.loads[self.old] - 1)
        return total

    def make(self, leader: bool, reason: str, origin: str = TeamMember.Origin.STAFF) -> TeamMember:
        k = self.at[self.new]
        parts = {name: round(float(part[k])) for name, part in self.table.parts.items()}
        return TeamMember.objects.create(
            team=self.team, deputy_id=self.new, leader=leader, cost=int(self.table.cost[k]), parts=parts, origin=origin, reason=reason, locked=True
        )


def _deputy(pk: int) -> Deputy:
    found = Deputy.objects.filter(pk=pk).first()
    if found is None:
        raise MoveRefused("这位代表不在可分配的名单里。")
    return found


@transaction.atomic
def replace(user: User, member_id: int, deputy_id: int, reason: str, revision: int | None = None, rearrange: bool = False) -> TeamMember:
    """Put another deputy in a member's place and lock him there. What no reason overrides: recusal and, unless the rest makes room, capacity."""
    run, reason = _begin("replace", user, _run_of(member_id), revision, reason)
    member, deputy = _member(member_id), _deputy(deputy_id)
    place = _Place(run, member.team, deputy.pk, member.deputy_id)
    place.check_new(deputy, rearrange)
    if not rearrange:  # the kept problem sees to it that the rest of the team knows the field
        place.check_experts()
    moved, change = place.moved_by(), Change("replace", member.team.topic_id, deputy.pk, member.deputy_id)
    others = _others(run, change) if rearrange else None
    member.delete()
    new = place.make(member.leader, reason)
    said = {"was": member.deputy.code, "now": deputy.code, "was_id": member.deputy_id, "now_id": deputy.pk}
    _end(run, "replace", user, reason, _rest(run, others, moved), member.team, **said, **_told(others))
    return new


@transaction.atomic
def add(
    user: User, team_id: int, deputy_id: int, reason: str, revision: int | None = None, rearrange: bool = False, origin: str = TeamMember.Origin.STAFF
) -> TeamMember:
    """One more on a team: in an empty place where there is one, else beyond those wanted, at most five."""
    run, reason = _begin("add", user, Team.objects.filter(pk=team_id).values_list("run", flat=True).first(), revision, reason)
    team, deputy = Team.objects.select_related("topic__project").get(pk=team_id), _deputy(deputy_id)
    place = _Place(run, team, deputy.pk, None)
    if len(place.members) >= MOST:
        raise MoveRefused(f"一个小组最多 {MOST} 人，请改用替换。")
    place.check_new(deputy, rearrange)
    moved, change = place.moved_by(), Change("add", team.topic_id, deputy.pk)
    others = _others(run, change) if rearrange else None
    new = place.make(not place.members, reason, origin)
    if not (beyond := not team.unmet):
        _empty(team, team.unmet - 1, team.unmet_reason)
    said = {"now": deputy.code, "now_id": deputy.pk, "beyond": beyond}
    _end(run, "add", user, reason, _rest(run, others, moved), team, **said, **_told(others))
    return new


@transaction.atomic
def drop(user: User, member_id: int, reason: str, revision: int | None = None, rearrange: bool = False) -> AssignmentRun:
    """Take a deputy off a team; the place is empty, or with `rearrange` goes to whom it suits best."""
    run, reason = _begin("drop", user, _run_of(member_id), revision, reason)
    member = _member(member_id)
    place = _Place(run, member.team, None, member.deputy_id)
    moved, change = place.moved_by(), Change("drop", member.team.topic_id, None, member.deputy_id)
    others = _others(run, change) if rearrange else None
    member.delete()
    _empty(member.team, member.team.unmet + 1, BY_HAND)
    _next_leader(member.team_id)
    _end(run, "drop", user, reason, _rest(run, others, moved), member.team, was=member.deputy.code, was_id=member.deputy_id, **_told(others))
    return run


@transaction.atomic
def lead(user: User, member_id: int, reason: str, revision: int | None = None) -> AssignmentRun:
    """Another leader of a team."""
    run, reason = _begin("lead", user, _run_of(member_id), revision, reason)
    member = _member(member_id)
    if member.leader:
        raise MoveRefused(f"{member.deputy}已经是这个小组的组长。")
    before = member.team.members.filter(leader=True).values_list("deputy__code", flat=True).first() or ""
    member.team.members.filter(leader=True).update(leader=False)
    TeamMember.objects.filter(pk=member.pk).update(leader=True)
    _end(run, "lead", user, reason, team=member.team, was=before, now=member.deputy.code, member=member.pk)
    return run


@transaction.atomic
def lock(user: User, member_id: int, revision: int | None = None) -> AssignmentRun:
    """The pair stays, whatever else is rearranged."""
    return _locking("lock", user, member_id, revision, True)


@transaction.atomic
def unlock(user: User, member_id: int, revision: int | None = None) -> AssignmentRun:
    """The pair may be given up when the rest is rearranged."""
    return _locking("unlock", user, member_id, revision, False)


def _locking(verb: str, user: User, member_id: int, revision: int | None, locked: bool) -> AssignmentRun:
    run, _ = _begin(verb, user, _run_of(member_id), revision, None)
    member = _member(member_id)
    if member.locked == locked:
        raise MoveRefused(f"{member.deputy}{'已经锁定' if locked else '没有锁定'}。")
    TeamMember.objects.filter(pk=member.pk).update(locked=locked)
    _end(run, verb, user, "", team=member.team, now=member.deputy.code, member=member.pk)
    return run


@transaction.atomic
def rearrange(user: User, run_id: int, reason: str, revision: int | None = None) -> AssignmentRun:
    """Everything that is not locked goes to its best place. Best once staff have made several changes by hand."""
    run, reason = _begin("rearrange", user, run_id, revision, reason)
    others = _others(run, Change("rearrange"))
    if not others.added and not others.removed:
        raise MoveRefused("其余人选已经是最合适的安排，不需要重排。")
    _end(run, "rearrange", user, reason, _rest(run, others, 0), **_told(others))
    return run


@transaction.atomic
def undo(user: User, run_id: int, revision: int | None = None) -> AssignmentRun:
    """Take back the last change, as another change; one after another when asked again."""
    run, _ = _begin("undo", user, run_id, revision, None)
    undone = set(run.events.filter(verb="undo").values_list("data__undoes", flat=True))
    past = run.events.filter(data__has_key="revision").exclude(verb="undo").order_by("-pk")
    since = run.events.filter(verb__in=("solve", "withdraw")).order_by("-pk").values_list("pk", flat=True).first() or 0
    event = next((each for each in past if each.pk > since and each.data["revision"] not in undone), None)
    if event is None:
        raise MoveRefused("没有可以撤销的调整。")
    back = _UNDO[event.verb](run, event)
    _end(run, "undo", user, f"撤销：{STATES.moves[event.verb].label}", back.pop("moved", 0), undoes=event.data["revision"], **back)
    return run


# -- what a change does to the rows ------------------------------------------------------------------------------------------------


def _others(run: AssignmentRun, change: Change) -> effects.Effect:
    """What moves elsewhere when the rest is rearranged; refused where that cannot be told, or cannot be done."""
    effect = effects.effect(run, change)
    if effect.arithmetic:
        raise MoveRefused(effect.said)
    if effect.best is None:
        raise MoveRefused(effect.obstacle)
    return effect


def _told(others: effects.Effect | None) -> dict:
    """For the event: what moved along, ids of topics and deputies."""
    return {"came": others.added, "left": others.removed} if others else {}


def _rest(run: AssignmentRun, others: effects.Effect | None, moved: int) -> int:
    """Carries out what moves elsewhere; metres by which the total moved in all."""
    if others is None:
        return moved
    _move(run, others.added, others.removed)
    return others.best - _total(run)


def _move(run: AssignmentRun, added: Iterable[tuple[int, int]], removed: Iterable[tuple[int, int]], reason: str = ALONG) -> None:
    """Members that come and go by the solver's word; teams' empty places and leaders follow."""
    teams = dict(run.teams.filter(topic__in={t for t, _ in (*added, *removed)}).values_list("topic", "pk"))
    places = {topic: len(members) + unmet for topic, (members, unmet) in _places(run, teams).items()}
    for topic, deputy in removed:
        TeamMember.objects.filter(team=teams[topic], deputy=deputy).delete()
    if added:
        here = set(run_members(run, teams).values_list("team__topic", "deputy"))
        coming = [pair for pair in added if pair not in here]
        asked = stored_instance(run, timezone.localdate(), teams, {d for _, d in coming})
        rows = asked.rows(coming)
        table = asked.priced(rows)
        TeamMember.objects.bulk_create(
            TeamMember(team_id=teams[topic], deputy_id=deputy, cost=int(table.cost[k]), reason=reason,
                       parts={name: round(float(part[k])) for name, part in table.parts.items()})
            for k, (topic, deputy) in enumerate(asked.pairs(rows))
        )  # fmt: skip
    for topic, (members, _) in _places(run, teams).items():
        team = Team.objects.get(pk=teams[topic])
        _empty(team, max(places[topic] - len(members), 0), team.unmet_reason or BY_HAND)
        _next_leader(team.pk)


def _places(run: AssignmentRun, teams: dict[int, int]) -> dict[int, tuple[list[int], int]]:
    found: dict[int, tuple[list[int], int]] = {topic: ([], unmet) for topic, unmet in Team.objects.filter(pk__in=teams.values()).values_list("topic", "unmet")}
    for topic, deputy in run_members(run, teams).values_list("team__topic", "deputy"):
        found[topic][0].append(deputy)
    return found


def _empty(team: Team, places: int, reason: str) -> None:
    team.unmet, team.unmet_reason = places, reason if places else ""
    team.save(update_fields=["unmet", "unmet_reason"])


def _next_leader(team: int) -> None:
    """A team that has members has a leader: the nearest, when its leader has gone."""
    rows = TeamMember.objects.filter(team=team)
    if not rows.filter(leader=True).exists() and (first := rows.order_by("cost", "deputy__code").first()):
        rows.filter(pk=first.pk).update(leader=True)


# -- taking back ---------------------------------------------------------------------------------------------------------------------


def _undo_place(run: AssignmentRun, event: RunEvent) -> dict:
    """replace, add, drop: who came goes, who went comes, and so do those who moved along."""
    data = event.data
    came = [tuple(pair) for pair in data.get("came", [])]
    left = [tuple(pair) for pair in data.get("left", [])]
    topic, now, was = data.get("topic_id"), data.get("now_id"), data.get("was_id")
    if now and (topic, now) not in came:
        came.append((topic, now))
    if was and (topic, was) not in left:
        left.append((topic, was))
    _check_room(run, left, came)
    moved = effects.moved_by(run, left, came)
    _move(run, left, came, "撤销调整")
    if data.get("beyond"):
        team = run.teams.get(topic=topic)
        _empty(team, max(team.unmet - 1, 0), team.unmet_reason)
    back = {"topic": data.get("topic"), "topic_id": topic, "now_id": was, "was": data.get("now"), "now": data.get("was"), "came": left, "left": came}
    return {"moved": moved, **{name: value for name, value in back.items() if value}}


def _check_room(run: AssignmentRun, coming: list[tuple[int, int]], going: list[tuple[int, int]]) -> None:
    """Those who come back must still be free, and those who go still be there: later changes may have used them."""
    here = set(run_members(run, {t for t, _ in (*coming, *going)}).values_list("team__topic", "deputy"))
    serving = set(serving_on(timezone.localdate()).filter(deputy__in={d for _, d in coming}))
    if any(pair in here for pair in coming) or any(pair not in here for pair in going) or any(d not in serving for _, d in coming):
        raise MoveRefused("这一步之后名单又有变动，不能直接撤销。请直接调整人选。")


def _undo_lead(run: AssignmentRun, event: RunEvent) -> dict:
    rows = TeamMember.objects.filter(team__run=run)
    member = rows.filter(pk=event.data["member"]).first()
    before = member and rows.filter(team=member.team_id, deputy__code=event.data["was"]).first()
    if not before:
        raise MoveRefused("这一步之后名单又有变动，不能直接撤销。请直接指定组长。")
    rows.filter(team=member.team_id).update(leader=False)
    rows.filter(pk=before.pk).update(leader=True)
    return {"topic": event.data["topic"], "now": event.data["was"], "was": event.data["now"]}


def _undo_lock(run: AssignmentRun, event: RunEvent) -> dict:
    if not TeamMember.objects.filter(team__run=run, pk=event.data["member"]).update(locked=event.verb == "unlock"):
        raise MoveRefused("这一步之后名单又有变动，不能直接撤销。")
    return {"topic": event.data["topic"], "now": event.data["now"]}


_UNDO = {"replace": _undo_place, "add": _undo_place, "drop": _undo_place, "rearrange": _undo_place, "lead": _undo_lead, "lock": _undo_lock, "unlock": _undo_lock}
