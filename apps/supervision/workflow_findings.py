"""The loop of a finding: raised on a visit, passed on (转交), assigned (交办), put right and answered, looked at again, closed.

One table says which move leads from where to where and whose it is. A verb locks the finding, asks the table, whether the finding
waits for this user and whether the page he acted on was current, changes it, appends to its history and tells whoever has it next,
all in one transaction. Whoever comes second gets `MoveRefused`, in words fit for the screen, and nothing is changed. What a clerk does
about its limits (延期, 催办, 督办) is in `workflow_limits.py`.
"""

import datetime as dt
from collections.abc import Iterable, Sequence

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Role, User
from apps.accounts.perms import Permission, allowed
from apps.cases.workflow import handling_units
from apps.deputies.models import Deputy
from apps.organisations.models import Organisation
from apps.record.files import Photo
from apps.record.states import Move, MoveRefused, StateTable
from apps.supervision import findings_told as told
from apps.supervision.findings import CoHandler, EvidencePhoto, Finding, FindingEvent
from apps.supervision.visits import Visit
from apps.worktime.models import CalendarDay, TimeLimit

S = Finding.State
STEPS = {S.RAISED: "finding_forward", S.WITH_DISPATCHER: "finding_assign", S.WITH_UNIT: "finding_answer", S.ANSWERED: "finding_confirm"}
MOST_DAYS = 250  # working days, a year: what a limit may be at most
LONGEST = 2000


def _move(verb: str, label: str, sources: set[str], target: str, *roles: Role) -> Move:
    return Move(verb, label, frozenset(sources), target, frozenset(roles))


MOVES = StateTable(
    dict(S.choices),
    [
        _move("forward", "转交县政府办", {S.RAISED}, S.WITH_DISPATCHER, Role.COUNTY_OFFICE),
        _move("decline", "不予转交", {S.RAISED}, S.DECLINED, Role.COUNTY_OFFICE),
        _move("merge", "合并", {S.RAISED}, S.MERGED, Role.COUNTY_OFFICE),
        _move("withdraw", "撤回", {S.RAISED}, S.WITHDRAWN, Role.DEPUTY),
        _move("assign", "交办", {S.WITH_DISPATCHER}, S.WITH_UNIT, Role.DISPATCHER),
        _move("answer", "提交整改答复", {S.WITH_UNIT}, S.ANSWERED, Role.UNIT, Role.DISPATCHER),
        _move("give_opinion", "提交会办意见", {S.WITH_UNIT}, S.WITH_UNIT, Role.UNIT, Role.DISPATCHER),
        _move("ask_extension", "申请延期", {S.WITH_UNIT}, S.WITH_UNIT, Role.UNIT),
        _move("grant_extension", "同意延期", {S.WITH_UNIT}, S.WITH_UNIT, Role.DISPATCHER),
        _move("refuse_extension", "不同意延期", {S.WITH_UNIT}, S.WITH_UNIT, Role.DISPATCHER),
        _move("return_to_dispatcher", "退回县政府办", {S.WITH_UNIT}, S.WITH_DISPATCHER, Role.UNIT),
        _move("take_back", "收回重新交办", {S.WITH_UNIT}, S.WITH_DISPATCHER, Role.DISPATCHER),
        _move("confirm", "确认办结", {S.ANSWERED}, S.CLOSED, Role.DEPUTY, Role.COUNTY_OFFICE),
        _move("send_back", "退回重办", {S.ANSWERED}, S.WITH_UNIT, Role.DEPUTY, Role.COUNTY_OFFICE),
        _move("remind", "催办", {S.WITH_DISPATCHER, S.WITH_UNIT, S.ANSWERED}, "", Role.COUNTY_OFFICE, Role.DISPATCHER),
        _move("oversee", "督办", {S.WITH_DISPATCHER, S.WITH_UNIT}, "", Role.COUNTY_OFFICE, Role.LEADER),
        _move("hand_to", "改由另一位代表跟进", {S.RAISED, S.WITH_DISPATCHER, S.WITH_UNIT, S.ANSWERED}, "", Role.COUNTY_OFFICE),
    ],
)  # fmt: skip
PERMISSIONS = {
    "forward": Permission.PASS_FINDINGS_ON, "decline": Permission.PASS_FINDINGS_ON, "merge": Permission.PASS_FINDINGS_ON,
    "withdraw": Permission.CONFIRM_FINDINGS, "assign": Permission.ASSIGN_FINDINGS, "answer": Permission.ANSWER_FINDINGS,
    "give_opinion": Permission.ANSWER_FINDINGS, "ask_extension": Permission.ANSWER_FINDINGS, "grant_extension": Permission.ASSIGN_FINDINGS,
    "refuse_extension": Permission.ASSIGN_FINDINGS, "return_to_dispatcher": Permission.ANSWER_FINDINGS, "take_back": Permission.ASSIGN_FINDINGS,
    "confirm": Permission.CONFIRM_FINDINGS, "send_back": Permission.CONFIRM_FINDINGS, "hand_to": Permission.PASS_FINDINGS_ON,
    "remind": Permission.REMIND_OF_FINDINGS, "oversee": Permission.OVERSEE_FINDINGS,
}  # fmt: skip
LEADS_ONLY = ("answer", "ask_extension", "return_to_dispatcher")  # the lead unit's; a unit that joins in only gives its opinion
FROM_ABOVE = ("hand_to", "remind", "oversee", "take_back", "withdraw")  # by who sees the finding and does not hold it


@transaction.atomic
def raise_finding(user: User, visit: Visit, text: str, severity: int, photos: Sequence[Photo] = ()) -> Finding:
    """What a visit found wrong. The deputy who found it follows it: the user himself, or for the office's record the one who led."""
    text = said(text, "请写明发现了什么问题。")
    if severity not in Finding.Severity.values:
        raise MoveRefused("请选问题的程度：一般、较重或严重。")
    present = [member.deputy for member in visit.participants.select_related("deputy").order_by("-leader", "pk")]
    own = next((deputy for deputy in present if deputy.user_id == user.pk), None)
    if own is None and (user.role == Role.DEPUTY or not present):
        raise MoveRefused("发现的问题由参加走访、视察的代表提出。请先登记参加的代表。")
    now = timezone.now()
    finding = Finding.objects.create(
        topic=visit.topic, visit=visit, town=visit.topic.town, raised_by=own or present[0], follower=own or present[0], entered_by=user,
        text=text, severity=severity, state=S.RAISED, raised_at=now, due_on=TimeLimit.due(STEPS[S.RAISED], timezone.localdate(now)),
    )  # fmt: skip
    _keep_photos(finding, photos, EvidencePhoto.Stage.RAISED)
    record(finding, "raise", user, "", now, severity=severity, photos=len(photos))
    told.tell(finding, told.office(finding), f"新发现的问题待转交（{finding.get_severity_display()}）")
    return finding


@transaction.atomic
def forward(finding: Finding, actor: User, note: str = "", *, revision: int | None = None) -> Finding:
    """Passed on to the government's one door. It is not an order: what is done about it, the government decides."""
    locked = locked_for(finding, "forward", actor, revision)
    return moved(locked, "forward", actor, note, title="县人大转来一个问题，请交办")


def forward_many(findings: Iterable[Finding], actor: User, note: str = "") -> tuple[list[Finding], list[tuple[Finding, str]]]:
    """Pass several on, each in its own transaction: those passed on, and those that were not with the reason."""
    done, refused = [], []
    for finding in findings:
        try:
            done.append(forward(finding, actor, note))
        except MoveRefused as refusal:
            refused.append((finding, str(refusal)))
    return done, refused


@transaction.atomic
def decline(finding: Finding, actor: User, reason: str, *, revision: int | None = None) -> Finding:
    """Not passed on, with the reason to the deputy."""
    reason = said(reason, "请写明不予转交的理由，代表会看到。")
    locked = locked_for(finding, "decline", actor, revision)
    told.tell(locked, told.follower(locked), "您提出的问题没有转交", f"理由：{reason}")
    return moved(locked, "decline", actor, reason)


@transaction.atomic
def merge(finding: Finding, actor: User, into: Finding, note: str = "", *, revision: int | None = None) -> Finding:
    """Handled together with another open finding of the same topic; its deputy is still answered."""
    locked = locked_for(finding, "merge", actor, revision)
    main = Finding.objects.select_for_update(of=("self",)).get(pk=into.pk)
    if main.pk == locked.pk or main.topic_id != locked.topic_id or not main.is_open:
        raise MoveRefused("只能合并到同一监督事项里另一个还在办的问题，请重新选。", "into")
    locked.merged_into = main
    locked.merged.update(merged_into=main)  # what was merged into this one follows it
    told.tell(locked, told.follower(locked), f"您提出的问题与另一个问题（{main.code}）一并办理", note)
    main.revision += 1
    record(main, "take_in", actor, note, timezone.now(), other=locked.code)
    main.save(update_fields=["revision"])
    return moved(locked, "merge", actor, note, into=main.code)


@transaction.atomic
def withdraw(finding: Finding, actor: User, reason: str, *, revision: int | None = None) -> Finding:
    """The deputy takes it back before it is passed on."""
    reason = said(reason, "请写明撤回的理由。")
    locked = locked_for(finding, "withdraw", actor, revision)
    told.tell(locked, told.office(locked), f"{actor}代表撤回了一个问题", f"理由：{reason}")
    return moved(locked, "withdraw", actor, reason)


@transaction.atomic
def assign(
    finding: Finding, actor: User, lead: Organisation, *, co_handlers: Sequence[Organisation] = (), days: int | None = None, note: str = "",
    revision: int | None = None,
) -> Finding:  # fmt: skip
    """The dispatcher names the lead unit and those who join in, and the limit in working days (None: the policy's)."""
    locked = locked_for(finding, "assign", actor, revision)
    able = set(handling_units().filter(pk__in=[lead.pk, *(unit.pk for unit in co_handlers)]).values_list("pk", flat=True))
    for unit in (lead, *co_handlers):
        if unit.pk not in able:
            raise MoveRefused(f"{unit}不是承办单位，或已经撤销，请另选一个。")
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise MoveRefused(f"整改期限要在 1 到 {MOST_DAYS} 个工作日之间。")
    now = timezone.now()
    today = timezone.localdate(now)
    locked.lead, locked.assigned_at, locked.limit_days = lead, now, days
    locked.rectify_by = CalendarDay.objects.add_working_days(today, days) if days else TimeLimit.due(STEPS[S.WITH_UNIT], today)
    locked.extension_days = None
    locked.joining.all().delete()
    joining = [unit for unit in dict.fromkeys(co_handlers) if unit.pk != lead.pk]
    CoHandler.objects.bulk_create(CoHandler(finding=locked, organisation=unit) for unit in joining)
    names = "、".join(str(unit) for unit in joining)
    for unit in joining:
        told.tell(locked, told.unit(locked, unit), f"请会办：主办单位是{lead}", f"整改期限 {locked.rectify_by}")
    told.tell(locked, told.follower(locked), f"您提出的问题已交办{lead}", f"整改期限 {locked.rectify_by}")
    return moved(locked, "assign", actor, note, now, title=f"县政府办交办一个问题，请在 {locked.rectify_by} 前整改并答复",
                  unit=str(lead), unit_code=lead.code, with_=names)  # fmt: skip


@transaction.atomic
def give_opinion(finding: Finding, actor: User, text: str, *, unit: Organisation | None = None, revision: int | None = None) -> Finding:
    """A unit that joins in says its part; the dispatcher enters it for one that does not log in (`unit` names it)."""
    text = said(text, "请写下会办意见。", 1000)
    locked = locked_for(finding, "give_opinion", actor, revision)
    asked = locked.joining.select_related("organisation")
    if actor.role == Role.UNIT:
        asked = asked.filter(organisation__in=actor.organisations.values("pk"))
    if unit is not None:
        asked = asked.filter(organisation=unit)
    part = asked.first() if unit is not None or actor.role == Role.UNIT else None
    if part is None:
        raise MoveRefused("请选是哪个会办单位的意见。", "unit") if actor.role == Role.DISPATCHER else MoveRefused("您的单位不是这个问题的会办单位。")
    part.opinion, part.given_at = text, timezone.now()
    part.save(update_fields=["opinion", "given_at"])
    told.tell(locked, told.unit(locked, locked.lead), f"{part.organisation}提出了会办意见", text[:200])
    return moved(locked, "give_opinion", actor, text, step=False, unit=str(part.organisation), by_clerk=actor.role == Role.DISPATCHER)


@transaction.atomic
def answer(finding: Finding, actor: User, text: str, photos: Sequence[Photo] = (), *, revision: int | None = None) -> Finding:
    """How it was put right, with photos as evidence; entered by the dispatcher for a unit that does not log in."""
    text = said(text, "请写明整改的情况：做了什么、什么时候做完。")
    locked = locked_for(finding, "answer", actor, revision)
    now = timezone.now()
    late = _mark_late(locked, now)
    locked.answer, locked.answered_at, locked.extension_days = text, now, None
    _keep_photos(locked, photos, EvidencePhoto.Stage.ANSWERED)
    return moved(locked, "answer", actor, text, now, title=f"{locked.lead}答复了整改情况，请到现场确认",
                  unit=str(locked.lead), late=late, photos=len(photos), by_clerk=actor.role == Role.DISPATCHER)  # fmt: skip


@transaction.atomic
def return_to_dispatcher(finding: Finding, actor: User, reason: str, *, revision: int | None = None) -> Finding:
    """A unit that is not competent gives it back within the limit for that, saying why; it never passes it on by itself."""
    reason = said(reason, "请写明退回的理由。")
    locked = locked_for(finding, "return_to_dispatcher", actor, revision)
    until = return_until(locked)
    if until is not None and timezone.localdate() > until:
        raise MoveRefused(f"退回的期限（{until}）已过，请整改并答复；确实不归您单位管的，请联系县政府办收回。")
    return given_back(locked, "return_to_dispatcher", actor, reason, f"{locked.lead}退回了一个问题，请重新交办")


@transaction.atomic
def take_back(finding: Finding, actor: User, reason: str, *, revision: int | None = None) -> Finding:
    """The dispatcher takes it from the unit, to name another."""
    reason = said(reason, "请写明收回的理由。")
    locked = locked_for(finding, "take_back", actor, revision)
    told.tell(locked, told.unit(locked, locked.lead), "县政府办收回了交办给您单位的一个问题", reason)
    return given_back(locked, "take_back", actor, reason, "")


@transaction.atomic
def confirm(
    finding: Finding, actor: User, result: str, note: str = "", photos: Sequence[Photo] = (), *, visit: Visit | None = None, revision: int | None = None
) -> Finding:
    """The deputy has seen that it was put right, or accepts what was explained: closed."""
    if result not in Finding.Result.values:
        raise MoveRefused("请选确认的结果：整改到位，或说明情况、代表认可。", "result")
    locked = locked_for(finding, "confirm", actor, revision)
    if visit is not None and (visit.topic_id != locked.topic_id or not Visit.objects.visible_to(actor).filter(pk=visit.pk).exists()):
        raise MoveRefused("这次走访不是这个监督事项的，请重新选。", "visit")
    now = timezone.now()
    locked.result, locked.closed_at, locked.confirmed_on_visit = result, now, visit
    _keep_photos(locked, photos, EvidencePhoto.Stage.CHECKED)
    everyone = [*told.unit(locked, locked.lead), *told.office(locked), *told.dispatchers(locked), *told.follower(locked)]
    told.tell(locked, [user for user in everyone if user.pk != actor.pk], f"问题已办结：{Finding.Result(result).label}", note)
    return moved(locked, "confirm", actor, note, now, result=result, on_site=visit is not None, by_clerk=actor.role == Role.COUNTY_OFFICE)


@transaction.atomic
def send_back(finding: Finding, actor: User, reason: str, photos: Sequence[Photo] = (), *, revision: int | None = None) -> Finding:
    """Not put right: back to the same unit, with a new limit, and counted."""
    reason = said(reason, "请写明哪里没有整改到位。")
    locked = locked_for(finding, "send_back", actor, revision)
    if locked.lead is not None and locked.lead.closed_on:
        raise MoveRefused(f"{locked.lead}已经撤销，不能再退给它。请联系工委，由县政府办另定单位。")
    _keep_photos(locked, photos, EvidencePhoto.Stage.CHECKED)
    locked.sent_back += 1
    locked.rectify_by = TimeLimit.due("finding_redo", timezone.localdate())
    told.tell(locked, [*told.dispatchers(locked), *told.office(locked)], f"代表第 {locked.sent_back} 次退回重办", reason)
    return moved(locked, "send_back", actor, reason, title=f"代表认为没有整改到位，请在 {locked.rectify_by} 前重新整改", times=locked.sent_back,
                  photos=len(photos), by_clerk=actor.role == Role.COUNTY_OFFICE)  # fmt: skip


@transaction.atomic
def hand_to(finding: Finding, actor: User, deputy: Deputy, reason: str, *, revision: int | None = None) -> Finding:
    """Another deputy follows it from now on: the one who raised it has left, or cannot."""
    reason = said(reason, "请写明为什么改由另一位代表跟进。")
    locked = locked_for(finding, "hand_to", actor, revision)
    if not Deputy.objects.serving_on(timezone.localdate()).filter(pk=deputy.pk).exists():
        raise MoveRefused(f"{deputy}现在不在任，请另选一位。")
    was, locked.follower = locked.follower, deputy
    told.tell(locked, told.follower(locked), "请您跟进一个问题的整改", reason)
    return moved(locked, "hand_to", actor, reason, step=False, was=str(was), now_=str(deputy))


# -- what the verbs are made of ------------------------------------------------------------------------------------------------


def possible_moves(finding: Finding, user: User) -> list[Move]:
    """What this user can do with the finding now, in the order of the table."""
    moves = [move for move in MOVES.possible(finding.state, user.role) if allowed(user, PERMISSIONS[move.verb])]
    if not moves:
        return []
    held = finding.held_by(user)
    return [move for move in moves if not _why_not(finding, move.verb, user, held)]


def return_until(finding: Finding) -> dt.date | None:
    """The last day on which the unit may return it; None when it has not been assigned."""
    return TimeLimit.due("finding_return", timezone.localdate(finding.assigned_at)) if finding.assigned_at else None


def locked_for(finding: Finding, verb: str, actor: User, revision: int | None) -> Finding:
    """The finding, locked and as it is now; `MoveRefused` unless this move is the actor's to make on what he has seen."""
    locked = Finding.objects.select_for_update(of=("self",)).select_related("topic__project", "lead", "follower", "town").get(pk=finding.pk)
    if not allowed(actor, PERMISSIONS[verb]):
        raise MoveRefused("您的岗位不能办这一步。")
    if revision is not None and revision != locked.revision:
        raise MoveRefused(f"这个问题刚刚有人办过，现在：{locked.holder()}。请看过最新的情况再办，您写的内容还在。")
    MOVES.check(verb, locked.state, actor.role)
    if refusal := _why_not(locked, verb, actor, locked.held_by(actor)):
        raise MoveRefused(refusal)
    return locked


def _why_not(finding: Finding, verb: str, user: User, held: bool) -> str:
    """Why this move is not this user's to make, though the table allows it to his role; empty when it is."""
    if verb in ("grant_extension", "refuse_extension"):
        return "" if finding.extension_days else "没有等答复的延期申请。"
    if verb == "withdraw":
        own = Deputy.objects.filter(pk__in=[finding.raised_by_id, finding.follower_id], user=user).exists()
        if own and finding.merged.exists():
            return "另一位代表提出的问题已经并到这里一起办理，不能撤回。请联系县人大常委会工委。"
        return "" if own else "只有提出问题的代表能撤回。"
    if verb == "remind" and held and finding.state != S.WITH_UNIT:
        return "这个问题在您手里，请直接办理。"
    if verb in FROM_ABOVE:
        return "" if Finding.objects.visible_to(user).filter(pk=finding.pk).exists() else "这个问题不在您的范围里。"
    if verb == "give_opinion" and user.role == Role.DISPATCHER:
        return "" if finding.joining.exists() else "这个问题没有会办单位。"
    if not held:
        return f"这个问题现在不由您办理（现在：{finding.holder()}）。请刷新页面后再看。"
    if verb == "answer" and user.role == Role.DISPATCHER and not finding.silent_unit():
        return f"{finding.lead}自己上线办理，由它答复。"
    if user.role == Role.UNIT:
        leads = user.organisations.filter(pk=finding.lead_id).exists()
        if verb in LEADS_ONLY and not leads:
            return f"主办单位是{finding.lead}，您的单位只提会办意见。"
        if verb == "give_opinion" and not finding.joining.filter(organisation__in=user.organisations.values("pk")).exists():
            return "您的单位不是这个问题的会办单位。"
    return ""


def given_back(locked: Finding, verb: str, actor: User | None, reason: str, title: str) -> Finding:
    unit = str(locked.lead)
    _mark_late(locked, timezone.now())  # a limit that has passed is not undone by giving the matter back
    locked.joining.all().delete()
    locked.lead = locked.rectify_by = locked.limit_days = locked.extension_days = None
    return moved(locked, verb, actor, reason, title=title, unit=unit)


def _mark_late(locked: Finding, now: dt.datetime) -> bool:
    """Whether the lead unit's limit has passed; if so the finding keeps that, and with whom."""
    late = locked.rectify_by is not None and timezone.localdate(now) > locked.rectify_by
    if late:
        locked.late, locked.late_with = True, locked.lead
    return late


def moved(
    locked: Finding, verb: str, actor: User | None, note: str, now: dt.datetime | None = None, *, title: str = "", step: bool = True, **data
) -> Finding:
    """Write the locked finding in its new state with the new step's limit and its event; tell its holder if there is something to say.

    step: whether a new step begins, with a limit of its own.
    """
    now = now or timezone.now()
    locked.revision += 1
    locked.state = MOVES.moves[verb].target or locked.state
    if locked.state == S.WITH_DISPATCHER and locked.forwarded_at is None:
        locked.forwarded_at = now
    if step:
        by_policy = TimeLimit.due(STEPS[S(locked.state)], timezone.localdate(now)) if locked.is_open and locked.state != S.WITH_UNIT else None
        locked.due_on = locked.rectify_by if locked.state == S.WITH_UNIT else by_policy
        locked.overdue_noted = None
    record(locked, verb, actor, note.strip(), now, **data)
    locked.save()
    if title:
        told.tell(locked, told.holders(locked), title, note)
    return locked


def record(finding: Finding, verb: str, actor: User | None, note: str, now: dt.datetime, **data) -> None:
    """Append the event. actor None: the system itself."""
    details = {key.rstrip("_"): value for key, value in data.items()}
    due = finding.due_on.isoformat() if finding.due_on else None
    FindingEvent.objects.append(
        finding, verb, actor=actor, actor_label="" if actor else "系统", note=note, at=now, state=finding.state, holder=finding.holder(), due_on=due, **details
    )


def _keep_photos(finding: Finding, photos: Sequence[Photo], stage: str) -> None:
    EvidencePhoto.objects.bulk_create(
        [EvidencePhoto(finding=finding, photo=photo, stage=stage, round=finding.sent_back) for photo in dict.fromkeys(photos)], ignore_conflicts=True
    )


def said(text: str, message: str, longest: int = LONGEST) -> str:
    if not text.strip():
        raise MoveRefused(message, "note")
    if len(text.strip()) > longest:
        raise MoveRefused(f"最多 {longest} 个字，现在有 {len(text.strip())} 个，请精简后再提交。", "note")
    return text.strip()
