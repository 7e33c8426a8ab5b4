"""The state table of a 民情件: which move leads from where to where and whose it is, and what every verb is made of.

A verb locks the case (`locked_for`: the table, whose move it is, whether the page he acted on was current), changes it, and writes it
down (`moved`: state, clocks, event, who is told), in one transaction. Whoever comes second gets `MoveRefused`, in words fit for the
screen, and nothing is changed.
"""

import datetime as dt

from django.utils import timezone

from apps.accounts.models import Role, User
from apps.accounts.perms import Permission, allowed
from apps.cases import clocks, told
from apps.cases.models import OPEN_STATES, Case, CaseEvent, CoHandler, speaking_units
from apps.deputies.models import Deputy
from apps.record.states import Move, MoveRefused, StateTable
from apps.territory.models import AdminArea

S = Case.State
OPEN = set(OPEN_STATES)
DEPUTY, TOWN, COUNTY, DISPATCHER, UNIT, LEADER = Role.DEPUTY, Role.TOWN_OFFICE, Role.COUNTY_OFFICE, Role.DISPATCHER, Role.UNIT, Role.LEADER


def _move(verb: str, label: str, sources: set[str], target: str, *roles: Role | None) -> Move:
    return Move(verb, label, frozenset(sources), target, frozenset(roles))


MOVES = StateTable(
    dict(S.choices),
    [
        _move("answer_as_deputy", "答复", {S.WITH_DEPUTY}, S.ANSWERED, DEPUTY),
        _move("answer_as_town", "答复", {S.WITH_TOWN}, S.ANSWERED, TOWN),
        _move("answer_as_county", "答复", {S.WITH_COUNTY}, S.ANSWERED, COUNTY),
        _move("answer_as_unit", "答复", {S.WITH_UNIT}, S.ANSWERED, UNIT, DISPATCHER),
        _move("pass_to_town", "提交镇人大", {S.WITH_DEPUTY}, S.WITH_TOWN, DEPUTY),
        _move("take_over", "接手办理", {S.WITH_DEPUTY}, S.WITH_TOWN, TOWN),
        _move("take_over_by_county", "接手办理", {S.WITH_DEPUTY, S.WITH_TOWN}, S.WITH_COUNTY, COUNTY),
        _move("pass_to_county", "提交县人大", {S.WITH_DEPUTY, S.WITH_TOWN}, S.WITH_COUNTY, DEPUTY, TOWN),
        _move("hand_down", "交镇人大办理", {S.WITH_COUNTY}, S.WITH_TOWN, COUNTY),
        _move("hand_to_deputy", "改由另一位代表办理", {S.WITH_DEPUTY, S.WITH_TOWN, S.WITH_COUNTY}, S.WITH_DEPUTY, TOWN, COUNTY),
        _move("pass_to_dispatcher", "转县政府办", {S.WITH_COUNTY}, S.WITH_DISPATCHER, COUNTY),
        _move("assign_to_unit", "交办", {S.WITH_DISPATCHER}, S.WITH_UNIT, DISPATCHER),
        _move("return_to_county", "退回县人大", {S.WITH_DISPATCHER}, S.WITH_COUNTY, DISPATCHER),
        _move("return_to_dispatcher", "退回县政府办", {S.WITH_UNIT}, S.WITH_DISPATCHER, UNIT, DISPATCHER),
        _move("take_back", "收回重新交办", {S.WITH_UNIT}, S.WITH_DISPATCHER, DISPATCHER),
        _move("sign", "签收", {S.WITH_UNIT}, "", UNIT, DISPATCHER),
        _move("note_contact", "登记已联系反映人", OPEN, "", DEPUTY, TOWN, COUNTY, DISPATCHER, UNIT),
        _move("give_opinion", "提交会办意见", {S.WITH_UNIT}, "", UNIT, DISPATCHER),
        _move("add_co_handler", "增加会办单位", {S.WITH_UNIT}, "", DISPATCHER),
        _move("withdraw_co_handler", "撤出会办单位", {S.WITH_UNIT}, "", DISPATCHER),
        _move("ask_extension", "申请延期", {S.WITH_DEPUTY, S.WITH_TOWN, S.WITH_UNIT}, "", DEPUTY, TOWN, UNIT),
        _move("extend", "同意延期", {S.WITH_DEPUTY, S.WITH_TOWN, S.WITH_UNIT}, "", TOWN, COUNTY, DISPATCHER),
        _move("refuse_extension", "不同意延期", {S.WITH_DEPUTY, S.WITH_TOWN, S.WITH_UNIT}, "", TOWN, COUNTY, DISPATCHER),
        _move("pause", "请反映人补充", OPEN, "", DEPUTY, TOWN, COUNTY, DISPATCHER, UNIT),
        _move("supply", "登记反映人的补充", OPEN, "", DEPUTY, TOWN, COUNTY, DISPATCHER, UNIT, None),
        _move("resume", "不再等，继续办理", OPEN, "", DEPUTY, TOWN, COUNTY, DISPATCHER, UNIT),
        _move("split", "拆分办理", {S.WITH_TOWN, S.WITH_COUNTY, S.WITH_DISPATCHER}, S.SPLIT, TOWN, COUNTY, DISPATCHER),
        _move("merge", "合并办理", {S.WITH_DEPUTY, S.WITH_TOWN, S.WITH_COUNTY, S.WITH_DISPATCHER}, S.MERGED, DEPUTY, TOWN, COUNTY, DISPATCHER),
        _move("turn_away", "不予受理", {S.WITH_TOWN, S.WITH_COUNTY}, S.WITHDRAWN, TOWN, COUNTY),
        _move("withdraw", "撤回", OPEN, S.WITHDRAWN, None),
        _move("remind", "催办", OPEN, "", TOWN, COUNTY, DISPATCHER),
        _move("oversee", "督办", OPEN, "", COUNTY, LEADER),
        _move("put_on_joint_list", "列入联席会议", OPEN, "", COUNTY, DISPATCHER),
        _move("take_off_joint_list", "移出联席会议", OPEN | {S.ANSWERED}, "", COUNTY, DISPATCHER),
        _move("rate_handling", "评价承办单位", {S.ANSWERED, S.CLOSED}, "", DEPUTY),
        _move("rate", "评价", {S.ANSWERED, S.CLOSED}, S.CLOSED, None),
        _move("take_in", "并入另一件", OPEN | {S.SPLIT}, ""),  # these three happen by other moves, or by the clock
        _move("answer_parts", "分办的都已答复", {S.SPLIT}, S.ANSWERED),
        _move("close_unrated", "评价期满办结", {S.ANSWERED}, S.CLOSED),
        # Back to who answered, the second time to the county's office: `workflow_ratings` says which state that is.
        _move("reopen", "重新办理", {S.ANSWERED, S.CLOSED}, "", None),
    ],
)
PERMISSIONS = {
    "answer_as_deputy": Permission.ANSWER_AS_DEPUTY, "answer_as_town": Permission.ANSWER_AS_UNIT, "answer_as_county": Permission.ANSWER_AS_UNIT,
    "answer_as_unit": Permission.ANSWER_AS_UNIT, "pass_to_town": Permission.PASS_CASES_ON, "take_over": Permission.PASS_CASES_ON,
    "take_over_by_county": Permission.PASS_CASES_ON, "pass_to_county": Permission.PASS_CASES_ON, "hand_down": Permission.PASS_CASES_ON,
    "hand_to_deputy": Permission.PASS_CASES_ON, "pass_to_dispatcher": Permission.PASS_CASES_ON, "return_to_county": Permission.ASSIGN_TO_UNITS,
    "assign_to_unit": Permission.ASSIGN_TO_UNITS, "return_to_dispatcher": Permission.ANSWER_AS_UNIT, "take_back": Permission.ASSIGN_TO_UNITS,
    "sign": Permission.ANSWER_AS_UNIT, "note_contact": Permission.WORK_ON_CASES, "give_opinion": Permission.ANSWER_AS_UNIT,
    "add_co_handler": Permission.ASSIGN_TO_UNITS, "withdraw_co_handler": Permission.ASSIGN_TO_UNITS, "ask_extension": Permission.WORK_ON_CASES,
    "extend": Permission.GRANT_CASE_EXTENSIONS, "refuse_extension": Permission.GRANT_CASE_EXTENSIONS, "pause": Permission.WORK_ON_CASES,
    "supply": Permission.WORK_ON_CASES, "resume": Permission.WORK_ON_CASES, "split": Permission.PASS_CASES_ON, "merge": Permission.PASS_CASES_ON,
    "turn_away": Permission.TURN_CASES_AWAY, "remind": Permission.REMIND_OF_CASES, "oversee": Permission.OVERSEE_CASES,
    "put_on_joint_list": Permission.LIST_CASES_FOR_MEETINGS, "take_off_joint_list": Permission.LIST_CASES_FOR_MEETINGS,
    "rate_handling": Permission.RATE_UNITS,
}  # fmt: skip
RESIDENTS = ("rate", "reopen", "withdraw")  # nobody who signs in makes these
LEVELS = {
    "pass_to_town": Case.Level.TOWN, "take_over": Case.Level.TOWN, "hand_down": Case.Level.TOWN, "hand_to_deputy": Case.Level.DEPUTY,
    "pass_to_county": Case.Level.COUNTY, "take_over_by_county": Case.Level.COUNTY,
}  # fmt: skip
TAKE_OVERS = ("take_over", "take_over_by_county")  # by who sees the case and does not hold it
FROM_ABOVE = ("remind", "oversee", "put_on_joint_list", "take_off_joint_list", "take_back", "add_co_handler", "withdraw_co_handler")
WHILE_PAUSED = ("supply", "resume", "withdraw", "note_contact", "oversee", "put_on_joint_list", "take_off_joint_list")
GRANTORS = {S.WITH_DEPUTY: TOWN, S.WITH_TOWN: COUNTY, S.WITH_UNIT: DISPATCHER}  # who agrees to more time for whom
STEP = (
    "state", "level", "deputy", "station", "organisation", "dispatched_at", "due_on", "answer", "answered_at", "answered_late", "result", "signed_at", "contacted_at",
    "paused_at", "pause_reason", "extension_days", "reopened", "unrated", "merged_into", "revision",
)  # fmt: skip
PUBLIC_STEP = ("state", "level", "due_on", "paused_at", "pause_reason", "reopened", "unrated", "revision")  # what a resident's move may write


def possible_moves(case: Case, user: User) -> list[Move]:
    """What this user can do with the case now, in the order of the table."""
    moves = [move for move in MOVES.possible(case.state, user.role) if move.verb in PERMISSIONS and allowed(user, PERMISSIONS[move.verb])]
    if not moves or not Case.objects.visible_to(user).filter(pk=case.pk).exists():
        return []
    held = case.held_by(user)
    return [move for move in moves if not _why_not(case, move, user, held)]


def locked_for(case: Case, verb: str, actor: User, revision: int | None = None) -> Case:
    """The case, locked and as it is now; `MoveRefused` unless this move is the actor's to make on what he has seen.

    revision: the one that stood on his page; None where nothing was shown (a program, several at once).
    """
    locked = Case.objects.select_for_update(of=("self",)).select_related("town", "category", "deputy", "organisation").get(pk=case.pk)
    if not allowed(actor, PERMISSIONS[verb]):
        raise MoveRefused("您的岗位不能办这一步。")
    if revision is not None and revision != locked.revision:
        raise MoveRefused(f"这一件刚刚有人办过，现在：{locked.holder()}。请看过最新的情况再办，您写的内容还在。")
    MOVES.check(verb, locked.state, actor.role)
    if not Case.objects.visible_to(actor).filter(pk=locked.pk).exists():
        raise MoveRefused("这件民情件不在您的辖区或经办范围。")
    if refusal := _why_not(locked, MOVES.moves[verb], actor, locked.held_by(actor)):
        raise MoveRefused(refusal)
    return locked


def moved(
    case: Case, verb: str, actor: User | None, note: str = "", now: dt.datetime | None = None, *, state: str = "", step: bool = True, label: str = "",
    taken: bool = False, columns: tuple[str, ...] = STEP, **data,
) -> Case:  # fmt: skip
    """Write the locked case in its new state, with that step's clocks, and its event, and tell whom it concerns.

    state: where the table leaves it open. step: whether a step begins (or the loop ends), so that clocks begin or end. taken: somebody
    stepped in for who held it. label: who acted, when it was no user. columns: all that may have changed.
    """
    now = now or timezone.now()
    before, target = case.state, state or MOVES.moves[verb].target
    if step and target:
        case.state = target
        case.level = LEVELS.get(verb, case.level)
        case.paused_at, case.pause_reason = None, ""
        if columns is STEP:
            case.signed_at = case.contacted_at = case.extension_days = None
            if target == S.WITH_DISPATCHER and case.dispatched_at is None:
                case.dispatched_at = now
        if target in OPEN or (target == S.ANSWERED and case.parent_id is None):
            clocks.begin(case, now, taken=taken)
        else:
            clocks.end(case, now)
    case.revision += 1
    case.save(update_fields=columns)
    event = record(case, verb, actor, note, now, label=label, **({"from_state": before} if before != case.state else {}), **data)
    told.of(event, case)
    return case


def record(case: Case, verb: str, actor: User | None, note: str, now: dt.datetime, *, label: str = "", **data) -> CaseEvent:
    due = case.due_on.isoformat() if case.due_on else None
    return CaseEvent.objects.append(case, verb, actor=actor, actor_label=label, note=note, at=now, state=case.state, holder=case.holder(), due_on=due, **data)


def said(text: str, message: str, longest: int = 2000, field: str = "note") -> str:
    text = text.strip()
    if not text:
        raise MoveRefused(message, field)
    if len(text) > longest:
        raise MoveRefused(f"最多 {longest} 个字，现在有 {len(text)} 个，请精简后再提交。", field)
    return text


def has_town(area: AdminArea) -> bool:
    """Whether a town's or street's office stands behind the area; where there are no towns it is the county itself."""
    return area.level == AdminArea.Level.TOWN


def is_late(case: Case, now: dt.datetime) -> bool:
    """Past its last day; a case that came in from elsewhere has no clock, only the day."""
    return clocks.is_late(case, now) or (case.due_on is not None and case.due_on < timezone.localdate(now))


def _why_not(case: Case, move: Move, user: User, held: bool) -> str:
    """Why this move is not this user's to make, though the table allows it to his role and he sees the case; empty when it is."""
    verb = move.verb
    if case.paused_at is not None and verb not in WHILE_PAUSED:
        return "正在等反映人补充，期限已停。补充后（或决定不再等）才能接着办。"
    if move.target == S.WITH_TOWN and not has_town(case.town):
        return "这里不设乡镇、街道人大机构，请提交县人大。"
    if special := SPECIAL.get(verb):
        return special(case, user, held)
    if verb in TAKE_OVERS:
        return _why_no_take_over(case, verb)
    if verb in FROM_ABOVE:
        return ""
    return _why_not_his(case, held)


def _why_not_his(case: Case, held: bool) -> str:
    return "" if held else f"这件民情件现在不由您办理（现在：{case.holder()}）。请刷新页面后再看。"


def _why_no_take_over(case: Case, verb: str) -> str:
    first = verb == "take_over" or not has_town(case.town)  # whose place it is to step in for an absent deputy
    absent = case.state == S.WITH_DEPUTY and not Deputy.objects.filter(pk=case.deputy_id, user__is_active=True).exists()
    return "" if is_late(case, timezone.now()) or (first and absent) else "还在办理期限内，暂不能接手。"


def _why_no_remind(case: Case, user: User, held: bool) -> str:
    """From above only: a town its deputies, the dispatcher the units, the county's office everybody."""
    below = {TOWN: S.WITH_DEPUTY, DISPATCHER: S.WITH_UNIT}.get(user.role, case.state)
    if case.state != below:
        return f"现在由{case.holder()}办理，不由您催办。"
    if held and case.state != S.WITH_UNIT:
        return "这一件在您手里，请直接办理。"
    today = timezone.localdate()
    return "今天已经催办过，明天可以再催。" if case.reminded_at and timezone.localdate(case.reminded_at) == today else ""


def _why_not_resumed(case: Case, user: User, held: bool) -> str:
    """Whoever holds it, and the offices that see it: a case is not left standing because its holder has gone."""
    if case.paused_at is None:
        return "这一件没有在等反映人补充。请刷新页面后再看。"
    return "" if held or user.role in (TOWN, COUNTY) else f"这件民情件现在不由您办理（现在：{case.holder()}）。"


def _why_no_grant(case: Case, user: User) -> str:
    grantor = GRANTORS[S(case.state)]
    if grantor == TOWN and not has_town(case.town):
        grantor = COUNTY
    return "" if user.role == grantor else f"延期要由{Role(grantor).label}同意。"


def _why_no_extension(case: Case, user: User, held: bool) -> str:
    return _why_no_grant(case, user) or _why_too_late(case)


def _why_no_refusal(case: Case, user: User, held: bool) -> str:
    return _why_no_grant(case, user) or ("" if case.extension_days else "没有等答复的延期申请。")


def _why_no_asking(case: Case, user: User, held: bool) -> str:
    if not held:
        return f"这件民情件现在不由您办理（现在：{case.holder()}）。"
    return f"已经申请延期 {case.extension_days} 个工作日，请等答复。" if case.extension_days else _why_too_late(case)


def _why_too_late(case: Case) -> str:
    """More time is asked for and given before the last day has passed."""
    late = case.due_on is not None and case.due_on < timezone.localdate()
    return f"期限（{case.due_on}）已过，不能再延期，请尽快办理。" if late else ""


def _why_no_opinion(case: Case, user: User, held: bool) -> str:
    asked = CoHandler.objects.asked().filter(case=case)
    if user.role == DISPATCHER:
        return "" if asked.exclude(organisation__in=speaking_units().values("pk")).exists() else "会办单位都自己上线办理，或都已提出意见。"
    return "" if asked.filter(organisation__in=user.organisations.values("pk")).exists() else "没有等您单位提出的会办意见。"


def _why_no_rating(case: Case, user: User, held: bool) -> str:
    if case.organisation_id is None or not Deputy.objects.filter(pk=case.deputy_id, user=user).exists():
        return "由受理这一件的代表评价承办单位。"
    rated = case.ratings.filter(by="deputy", part="handling", round=case.reopened)
    return "您已经评价过承办单位这一次的办理。" if rated.exists() else ""


def _why_not_given_to(case: Case, user: User, held: bool) -> str:
    """A deputy's case: by the office above him; an office's own: by itself."""
    if case.state != S.WITH_DEPUTY:
        return "" if held else f"这件民情件现在不由您办理（现在：{case.holder()}）。"
    above = TOWN if has_town(case.town) else COUNTY
    return "" if user.role in (above, COUNTY) else "由镇人大或县人大决定。"


def _why_not_to_government(case: Case, user: User, held: bool) -> str:
    if not held:
        return f"这件民情件现在不由您办理（现在：{case.holder()}）。请刷新页面后再看。"
    if any(category and category.congress_only for category in (case.category, case.subcategory)):
        return "涉及法院、检察院的事由人大机关办理，不转县政府办。类别不对的，请先改类别。"
    return ""


def _why_no_split(case: Case, user: User, held: bool) -> str:
    return "这一件本身是拆分出来的，不能再拆。" if case.parent_id is not None else _why_not_his(case, held)


def _why_no_merge(case: Case, user: User, held: bool) -> str:
    """A part is answered with its whole, so it leads nowhere else; what is the same as it comes to it."""
    if case.parent_id is not None:
        return (
            f"这一件是从 {case.parent.code} 拆分出来的，要和整件一起答复，不能并入别的。请反过来：打开另一件，把它并入这一件；"
            "另一件已经交给承办单位的，请把这一件也交给同一个单位，答复时一并说明。"
        )
    return _why_not_his(case, held)


SPECIAL = {
    "split": _why_no_split, "merge": _why_no_merge,
    "pass_to_dispatcher": _why_not_to_government,
    "remind": _why_no_remind, "supply": _why_not_resumed, "resume": _why_not_resumed, "extend": _why_no_extension, "refuse_extension": _why_no_refusal,
    "ask_extension": _why_no_asking, "give_opinion": _why_no_opinion, "rate_handling": _why_no_rating, "hand_to_deputy": _why_not_given_to,
    "pause": lambda case, user, held: "" if held else f"这件民情件现在不由您办理（现在：{case.holder()}）。",
    "put_on_joint_list": lambda case, user, held: "已经在联席会议清单上。" if case.joint else "",
    "take_off_joint_list": lambda case, user, held: "" if case.joint else "不在联席会议清单上。",
    "withdraw_co_handler": lambda case, user, held: "" if case.joining.filter(withdrawn=False).exists() else "没有会办单位。",
    "sign": lambda case, user, held: "已经签收过。" if case.signed_at else "" if held else "由主办单位签收。",
    "note_contact": lambda case, user, held: "已经登记过。" if case.contacted_at else "" if held else "由正在办理的人登记。",
}  # fmt: skip
