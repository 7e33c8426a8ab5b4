"""The loop of a 民情件: filed, held by somebody at every moment, answered, rated. Every move is one verb here.

A verb locks the case, asks the state table and whether the case waits for this user, changes it and appends to its history,
in one transaction. Whoever comes second gets `MoveRefused`, in words fit for the screen, and nothing is changed.
"""

import datetime as dt
import uuid
from dataclasses import dataclass

from django.contrib.gis.geos import Point
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps.accounts.models import Role, User
from apps.accounts.perms import Permission, allowed
from apps.cases.models import BorderAnswer, Case, CaseEvent, Category, Rating, Reporter, ReporterContact
from apps.cases.recipients import recipient
from apps.deputies.models import Deputy
from apps.matching.borders import UNSURE, border_notice
from apps.matching.finding import FoundDeputy, Place, Side, find_at
from apps.organisations.models import Organisation
from apps.record.states import Move, MoveRefused, StateTable
from apps.territory.models import AdminArea, Doorplate
from apps.worktime.models import TimeLimit

S = Case.State


def _move(verb: str, label: str, sources: set[str], target: str, *roles: Role | None) -> Move:
    return Move(verb, label, frozenset(sources), target, frozenset(roles))


MOVES = StateTable(
    dict(S.choices),
    [
        _move("answer_as_deputy", "答复", {S.WITH_DEPUTY}, S.ANSWERED, Role.DEPUTY),
        _move("pass_to_town", "提交镇人大", {S.WITH_DEPUTY}, S.WITH_TOWN, Role.DEPUTY),
        _move("take_over", "接手办理", {S.WITH_DEPUTY}, S.WITH_TOWN, Role.TOWN_OFFICE),
        _move("take_over_by_county", "接手办理", {S.WITH_DEPUTY, S.WITH_TOWN}, S.WITH_COUNTY, Role.COUNTY_OFFICE),
        _move("answer_as_town", "答复", {S.WITH_TOWN}, S.ANSWERED, Role.TOWN_OFFICE),
        _move("pass_to_county", "提交县人大", {S.WITH_DEPUTY, S.WITH_TOWN}, S.WITH_COUNTY, Role.DEPUTY, Role.TOWN_OFFICE),
        _move("pass_to_dispatcher", "转县政府办", {S.WITH_COUNTY}, S.WITH_DISPATCHER, Role.COUNTY_OFFICE),
        _move("assign_to_unit", "交办", {S.WITH_DISPATCHER}, S.WITH_UNIT, Role.DISPATCHER),
        _move("answer_as_unit", "答复", {S.WITH_UNIT}, S.ANSWERED, Role.UNIT, Role.DISPATCHER),
        _move("return_to_dispatcher", "退回县政府办", {S.WITH_UNIT}, S.WITH_DISPATCHER, Role.UNIT, Role.DISPATCHER),
        _move("rate", "评价", {S.ANSWERED}, S.CLOSED, None),
    ],
)
PERMISSIONS = {
    "answer_as_deputy": Permission.ANSWER_AS_DEPUTY,
    "pass_to_town": Permission.PASS_CASES_ON,
    "take_over": Permission.PASS_CASES_ON,
    "take_over_by_county": Permission.PASS_CASES_ON,
    "answer_as_town": Permission.ANSWER_AS_UNIT,
    "pass_to_county": Permission.PASS_CASES_ON,
    "pass_to_dispatcher": Permission.PASS_CASES_ON,
    "assign_to_unit": Permission.ASSIGN_TO_UNITS,
    "answer_as_unit": Permission.ANSWER_AS_UNIT,
    "return_to_dispatcher": Permission.ANSWER_AS_UNIT,
}
LEVELS = {
    "pass_to_town": Case.Level.TOWN, "take_over": Case.Level.TOWN, "pass_to_county": Case.Level.COUNTY, "take_over_by_county": Case.Level.COUNTY,
}  # fmt: skip
TAKE_OVERS = ("take_over", "take_over_by_county")  # by who sees the case and does not hold it


NOBODY = Reporter("", "")


@dataclass(frozen=True)
class Report:
    """What somebody reports. `submission` is made by the page: the same one is taken in only once. Degrees, WGS 84.

    accuracy: metres; None for a door's position or a pin set by hand. datum: of which shift the position was freed. side: the key of
    the side of a border where the reporter is registered, or UNSURE. scanned: the code on the door. to: the code of the deputy it is
    for, wherever he serves.
    """

    submission: uuid.UUID
    text: str
    lon: float
    lat: float
    channel: str = Case.Channel.WEB
    place: str = ""
    doorplate: Doorplate | None = None
    category: Category | None = None
    reporter: Reporter = NOBODY
    hide_name: bool = True
    accuracy: float | None = None
    datum: str = ""
    side: str = ""
    scanned: str = ""
    to: str = ""


class AlreadySent(MoveRefused):
    """Another report has gone out with this submission number; `case` is what it became."""

    def __init__(self, case: Case) -> None:
        super().__init__(f"您刚才已经提交过一件，查询码是 {case.follow_code}。如果现在写的是另一个问题，请再按一次提交。")
        self.case = case


def submit(report: Report, *, actor: User | None = None) -> Case:
    """Take a report in and give it to the deputy who answers first there, else to the town's office, else to the county's.

    Sending the same report twice, even at once, gives the same case. `OutsideCounty` when the place is not ours,
    `AlreadySent` when the submission number belongs to another report, `MoveRefused` when the actor may enter none.
    """
    if actor is not None and not allowed(actor, Permission.ENTER_CASES):
        raise MoveRefused("您的岗位不能代录民情件。")
    now = timezone.now()
    found = find_at(report.lon, report.lat, on=timezone.localdate(now), doorplate=report.doorplate, accuracy=report.accuracy)
    case = _placed(report, found, actor, now)
    border = _border_answer(case, found, report.side)
    try:
        with transaction.atomic():
            case.save(force_insert=True)
            if report.reporter != NOBODY:
                # The public role may add a contact and read none: nothing may come back from this INSERT.
                ReporterContact(case=case, sealed=ReporterContact.seal(report.reporter)).save(force_insert=True)
            if border:
                border.save(force_insert=True)
            _record(case, "submit", actor, "", now, label="" if actor else "反映人", **({"border": border.reply} if border else {}))
    except IntegrityError:
        earlier = Case.objects.filter(submission=report.submission).only("code", "follow_code", "text").first()
        if earlier is None:
            raise
        if earlier.text != report.text:
            raise AlreadySent(earlier) from None
        return earlier
    return case


def _placed(report: Report, found: Place, actor: User | None, now: dt.datetime) -> Case:
    """The new case, unsaved, pinned to the grid and areas of its place and the districts of its side, with its first holder."""
    side = found.side(report.side)
    districts = {district.term.level: district for district in (side.districts if side else [near.district for near in found.districts])}
    first, reason = _first_deputy(found, side, report.to, actor)
    office, level = (S.WITH_TOWN, Case.Level.TOWN) if _has_town(found.town) else (S.WITH_COUNTY, Case.Level.COUNTY)
    state = S.WITH_DEPUTY if first else office
    return Case(
        submission=report.submission, text=report.text, category=report.category, channel=report.channel, entered_by=actor,
        place=report.place or (found.doorplate.address[:120] if found.doorplate else ""), point=Point(report.lon, report.lat, srid=4326),
        doorplate=found.doorplate, town=found.town, village=found.village, grid=found.grid,
        county_district=districts.get("county"), township_district=districts.get("township"),
        state=state, level=Case.Level.DEPUTY if first else level, deputy=first.deputy if first else None,
        deputy_reason=reason[:120], station=first.station if first else None, hide_name=report.hide_name,
        accuracy_m=report.accuracy, datum=report.datum, scanned=report.scanned,
        submitted_at=now, due_on=TimeLimit.due(state, timezone.localdate(now)),
    )  # fmt: skip


def _first_deputy(found: Place, side: Side | None, to: str, actor: User | None) -> tuple[FoundDeputy | None, str]:
    """Who answers first, and why. A deputy who enters what he heard in his own district answers it himself."""
    own = Deputy.objects.filter(user=actor).values_list("pk", flat=True).first() if actor else None
    local = side.deputies if side else found.deputies
    for candidate in local:
        if candidate.deputy.pk == own:
            return candidate, "代表本人走访、接待时收到"
    first = recipient(found, side, to).first
    return (first, "；".join(first.reasons)) if first else (None, "此地没有在任代表，由当地人大机构受理")


def _border_answer(case: Case, found: Place, side: str) -> BorderAnswer | None:
    """What was asked near a border, and what was answered; None where nothing was asked."""
    border = border_notice(found)
    if border is None or not border.sides:
        return None
    offered = [{"codes": [district.code for district in one.districts], "name": one.name, "metres": round(one.metres, 2)} for one in border.sides]
    chosen = next((index for index, one in enumerate(border.sides) if one.key == side), None)
    reply = BorderAnswer.Reply.CHOSEN if chosen is not None else BorderAnswer.Reply.UNSURE if side == UNSURE else BorderAnswer.Reply.SILENT
    metres = min([near.margin_m for near in found.districts] + [one.metres for one in border.sides if one.metres])
    return BorderAnswer(case=case, reply=reply, offered=offered, chosen=chosen, margin_m=round(metres, 2))


def answer_as_deputy(case: Case, actor: User, answer: str, *, told: bool = False) -> Case:
    return _answer(case, "answer_as_deputy", actor, answer, told)


def answer_as_town(case: Case, actor: User, answer: str, *, told: bool = False) -> Case:
    return _answer(case, "answer_as_town", actor, answer, told)


def answer_as_unit(case: Case, actor: User, answer: str, *, told: bool = False) -> Case:
    """The unit's answer; entered by the dispatcher for a unit that does not log in."""
    return _answer(case, "answer_as_unit", actor, answer, told)


def pass_to_town(case: Case, actor: User, note: str = "") -> Case:
    return _hand_over(case, "pass_to_town", actor, note)


def pass_to_county(case: Case, actor: User, note: str = "") -> Case:
    return _hand_over(case, "pass_to_county", actor, note)


def pass_to_dispatcher(case: Case, actor: User, note: str = "") -> Case:
    """To the government's one door. From then on the dispatcher sees the case."""
    return _hand_over(case, "pass_to_dispatcher", actor, note)


def take_over(case: Case, actor: User, note: str) -> Case:
    """The town's office takes a case from a deputy who has no account here, or whose time has run out."""
    return _hand_over(case, "take_over", actor, _said(note, "请写明接手的原因。"))


def take_over_by_county(case: Case, actor: User, note: str) -> Case:
    """The county's office takes a case whose time has run out with a deputy or a town; where there are no towns, as the town would."""
    return _hand_over(case, "take_over_by_county", actor, _said(note, "请写明接手的原因。"))


def handling_units() -> QuerySet[Organisation]:
    """Units that a case may be assigned to. Courts and procuratorates never are: their matters stay with the congress."""
    return Organisation.objects.standing().filter(handles_cases=True).exclude(kind=Organisation.Kind.COURT).order_by("kind", "name")


@transaction.atomic
def assign_to_unit(case: Case, actor: User, organisation: Organisation, note: str = "") -> Case:
    """The dispatcher names the unit that handles it."""
    locked = _locked(case, "assign_to_unit", actor)
    if not handling_units().filter(pk=organisation.pk).exists():
        raise MoveRefused(f"{organisation}不是承办单位，请另选一个。")
    locked.organisation = organisation
    return _moved(locked, "assign_to_unit", actor, note, unit=str(organisation))


@transaction.atomic
def return_to_dispatcher(case: Case, actor: User, reason: str) -> Case:
    """A unit that is not competent gives the case back, saying why; it never passes it on by itself."""
    reason = _said(reason, "请写明退回的理由。")
    locked = _locked(case, "return_to_dispatcher", actor)
    unit, locked.organisation = str(locked.organisation), None
    return _moved(locked, "return_to_dispatcher", actor, reason, unit=unit)


@transaction.atomic
def rate(case: Case, score: str) -> Case:
    """The reporter's view of the outcome, once; it closes the case."""
    if score not in Rating.Score.values:
        raise MoveRefused("请在满意、基本满意、不满意中选一项。")
    locked = Case.objects.select_for_update(of=("self",)).only("code", "state", "due_on").get(pk=case.pk)
    if locked.state == S.CLOSED:
        raise MoveRefused("这件事已经评价过了，谢谢您。")
    move = MOVES.check("rate", locked.state, None)
    Rating.objects.create(case=locked, by=Rating.By.REPORTER, score=score)
    locked.state = move.target
    locked.save(update_fields=["state"])
    CaseEvent.objects.append(locked, "rate", actor_label="反映人", score=score, state=locked.state)
    return locked


@transaction.atomic
def classify(case: Case, actor: User, category: Category) -> Case:
    """Say what the case is about, or put it right; whoever holds it may."""
    locked = Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
    if not locked.held_by(actor):
        raise MoveRefused("这件民情件现在不由您办理，不能改类别。请刷新页面后再看。")
    if locked.category_id != category.pk:
        before = str(locked.category) if locked.category else "未分类"
        locked.category = category
        locked.save(update_fields=["category"])
        CaseEvent.objects.append(locked, "classify", actor=actor, before=before, category=str(category))
    return locked


def possible_moves(case: Case, user: User) -> list[Move]:
    """What this user can do with the case now, in the order of the table."""
    moves = [move for move in MOVES.possible(case.state, user.role) if allowed(user, PERMISSIONS[move.verb])]
    if not moves:
        return []
    held = case.held_by(user)
    return [move for move in moves if not _why_not(case, move, user, held)]


def _why_not(case: Case, move: Move, user: User, held: bool) -> str:
    """Why this move is not this user's to make, though the table allows it to his role; empty when it is."""
    if move.target == S.WITH_TOWN and not _has_town(case.town):
        return "这里不设乡镇、街道人大机构，请提交县人大。"
    if move.verb not in TAKE_OVERS:
        return "" if held else "这件民情件现在不由您办理。请刷新页面后再看。"
    if not Case.objects.visible_to(user).filter(pk=case.pk).exists():
        return "这件民情件不在您的辖区。"
    late = case.due_on is not None and case.due_on < timezone.localdate()
    first = move.verb == "take_over" or not _has_town(case.town)  # whose place it is to step in for an absent deputy
    absent = case.state == S.WITH_DEPUTY and not Deputy.objects.filter(pk=case.deputy_id, user__is_active=True).exists()
    return "" if late or (first and absent) else "还在办理期限内，暂不能接手。"


def _has_town(area: AdminArea) -> bool:
    """Whether a town's or street's office stands behind the area; where there are no towns it is the county itself."""
    return area.level == AdminArea.Level.TOWN


@transaction.atomic
def _answer(case: Case, verb: str, actor: User, answer: str, told: bool) -> Case:
    answer = _said(answer, "请写下答复的内容。")
    locked = _locked(case, verb, actor)
    now = timezone.now()
    locked.answer, locked.answered_at = answer, now
    locked.answered_late = locked.due_on is not None and locked.due_on < timezone.localdate(now)
    return _moved(locked, verb, actor, answer, now, told=told, late=locked.answered_late)


@transaction.atomic
def _hand_over(case: Case, verb: str, actor: User, note: str) -> Case:
    return _moved(_locked(case, verb, actor), verb, actor, note)


def _locked(case: Case, verb: str, actor: User) -> Case:
    """The case, locked and as it is now; `MoveRefused` unless this move is the actor's to make."""
    locked = Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
    MOVES.check(verb, locked.state, actor.role)
    if not allowed(actor, PERMISSIONS[verb]):
        raise MoveRefused("您的岗位不能办这一步。")
    if refusal := _why_not(locked, MOVES.moves[verb], actor, locked.held_by(actor)):
        raise MoveRefused(refusal)
    return locked


def _moved(case: Case, verb: str, actor: User, note: str, now: dt.datetime | None = None, **data) -> Case:
    """Write the locked case in its new state, with the new step's limit, and its event."""
    now = now or timezone.now()
    case.state = MOVES.moves[verb].target
    case.level = LEVELS.get(verb, case.level)
    if case.state == S.WITH_DISPATCHER and case.dispatched_at is None:
        case.dispatched_at = now
    case.due_on = None if case.state == S.ANSWERED else TimeLimit.due(case.state, timezone.localdate(now))
    case.save(update_fields=[
        "state", "level", "organisation", "dispatched_at", "due_on", "answer", "answered_at", "answered_late",
    ])  # fmt: skip
    _record(case, verb, actor, note, now, **data)
    return case


def _record(case: Case, verb: str, actor: User | None, note: str, now: dt.datetime, *, label: str = "", **data) -> None:
    due = case.due_on.isoformat() if case.due_on else None
    CaseEvent.objects.append(
        case, verb, actor=actor, actor_label=label, note=note, at=now, state=case.state, holder=case.holder(), due_on=due, **data
    )


def _said(text: str, message: str) -> str:
    if not text.strip():
        raise MoveRefused(message)
    return text.strip()
