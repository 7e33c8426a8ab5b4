"""The loop of a 民情件: filed, held by somebody at every moment, answered or passed on. Every move is one verb.

Here is how a case comes in and how it goes from one to the next; the state table and what every verb is made of stand in `moves.py`,
units and opinions in `workflow_units.py`, waiting and more time in `workflow_limits.py`, splitting and merging in `workflow_parts.py`,
催办 and 督办 in `workflow_oversight.py`, what the reporter thinks of it in `workflow_ratings.py`.
"""

import datetime as dt
import uuid
from dataclasses import dataclass

from django.contrib.gis.geos import Point
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.perms import Permission, allowed
from apps.cases import clocks, sorting, told
from apps.cases.elsewhere import Elsewhere
from apps.cases.models import BorderAnswer, Case, Category, Reporter, ReporterContact
from apps.cases.moves import (
    MOVES,
    PERMISSIONS,
    TAKE_OVERS,
    has_town,
    is_late,
    locked_for,
    moved,
    possible_moves,
    record,
    said,
)
from apps.cases.recipients import recipient
from apps.cases.reports import Overruled, ReportPhoto
from apps.cases.workflow_parts import look_at_whole
from apps.cases.workflow_sorting import classify
from apps.cases.workflow_units import assign_to_unit, handling_units, return_to_dispatcher
from apps.deputies.models import Deputy
from apps.matching.borders import UNSURE, border_notice
from apps.matching.finding import FoundDeputy, Place, Side, find_at
from apps.record.files import Photo
from apps.record.states import MoveRefused
from apps.territory.models import Doorplate

# Read here by whoever makes moves.
__all__ = ["MOVES", "PERMISSIONS", "TAKE_OVERS", "assign_to_unit", "classify", "handling_units", "possible_moves", "return_to_dispatcher"]

S = Case.State
NOBODY = Reporter("", "")


@dataclass(frozen=True)
class Report:
    """What somebody reports. `submission` is made by the page: the same one is taken in only once. Degrees, WGS 84.

    accuracy: metres; None for a door's position or a pin set by hand. datum: of which shift the position was freed. side: the key of
    the side of a border where the reporter is registered, or UNSURE. scanned: the code on the door. to: the code of the deputy it is
    for, wherever he serves. photos: those that no row holds yet. overruled: what its words pointed to, taken in all the same; why: the
    reason, of who enters it for somebody.
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
    photos: tuple[Photo, ...] = ()
    overruled: Elsewhere | None = None
    why: str = ""


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
    sort = sorting.at_intake(report.text, report.category, by_office=actor is not None, has_town=has_town(found.town))
    case = _placed(report, found, sort, actor, now)
    border = _border_answer(case, found, report.side)
    planned = clocks.plan(case, now)
    try:
        with transaction.atomic():
            case.save(force_insert=True)
            if report.reporter != NOBODY:
                # The public role may add a contact and read none: nothing may come back from this INSERT.
                ReporterContact(case=case, sealed=ReporterContact.seal(report.reporter)).save(force_insert=True)
            if border:
                border.save(force_insert=True)
            ReportPhoto.objects.bulk_create([ReportPhoto(case=case, photo=photo) for photo in report.photos])
            if report.overruled:
                led = report.overruled
                Overruled(case=case, kind=led.kind.value, found=led.found[:80], by=actor, reason=report.why).save(force_insert=True)
            clocks.begin(case, now, planned=planned)
            label = "" if actor else told.REPORTER
            told.of(record(case, "submit", actor, "", now, label=label, **sort.said, **({"border": border.reply} if border else {})), case)
            told.residents(case, told.What.RECEIVED, f"已收到，现由{case.holder()}办理。")
    except IntegrityError:
        earlier = Case.objects.filter(submission=report.submission).only("code", "follow_code", "text").first()
        if earlier is None:
            raise
        if earlier.text != report.text:
            raise AlreadySent(earlier) from None
        return earlier
    return case


def _placed(report: Report, found: Place, sort: sorting.Sorted, actor: User | None, now: dt.datetime) -> Case:
    """The new case, unsaved, pinned to the grid and areas of its place and the districts of its side, with its first holder."""
    side = found.side(report.side)
    districts = {district.term.level: district for district in (side.districts if side else [near.district for near in found.districts])}
    first, reason = _first_deputy(found, side, report.to, actor)
    office, level = (S.WITH_TOWN, Case.Level.TOWN) if has_town(found.town) else (S.WITH_COUNTY, Case.Level.COUNTY)
    state = S.WITH_DEPUTY if first else office
    return Case(
        submission=report.submission, text=report.text, channel=report.channel, entered_by=actor,
        place=report.place or (found.doorplate.address[:120] if found.doorplate else ""), point=Point(report.lon, report.lat, srid=4326),
        doorplate=found.doorplate, town=found.town, village=found.village, grid=found.grid,
        county_district=districts.get("county"), township_district=districts.get("township"),
        state=state, level=Case.Level.DEPUTY if first else level, deputy=first.deputy if first else None,
        deputy_reason=reason[:120], station=first.station if first else None, hide_name=report.hide_name,
        accuracy_m=report.accuracy, datum=report.datum, scanned=report.scanned,
        submitted_at=now, **sort.columns,
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


def answer_as_deputy(case: Case, actor: User, answer: str, *, told: bool = False, result: str = "", revision: int | None = None) -> Case:
    return _answer(case, "answer_as_deputy", actor, answer, told, result, revision)


def answer_as_town(case: Case, actor: User, answer: str, *, told: bool = False, result: str = "", revision: int | None = None) -> Case:
    return _answer(case, "answer_as_town", actor, answer, told, result, revision)


def answer_as_county(case: Case, actor: User, answer: str, *, told: bool = False, result: str = "", revision: int | None = None) -> Case:
    return _answer(case, "answer_as_county", actor, answer, told, result, revision)


def answer_as_unit(case: Case, actor: User, answer: str, *, told: bool = False, result: str = "", revision: int | None = None) -> Case:
    """The unit's answer; entered by the dispatcher for a unit that does not log in."""
    return _answer(case, "answer_as_unit", actor, answer, told, result, revision)


def pass_to_town(case: Case, actor: User, note: str = "", *, revision: int | None = None) -> Case:
    return _hand_over(case, "pass_to_town", actor, note, revision)


def pass_to_county(case: Case, actor: User, note: str = "", *, revision: int | None = None) -> Case:
    return _hand_over(case, "pass_to_county", actor, note, revision)


def pass_to_dispatcher(case: Case, actor: User, note: str = "", *, revision: int | None = None) -> Case:
    """To the government's one door. From then on the dispatcher sees the case. Matters of courts and procuratorates never go there."""
    return _hand_over(case, "pass_to_dispatcher", actor, note, revision)


def hand_down(case: Case, actor: User, note: str, *, revision: int | None = None) -> Case:
    """The county's office gives to the town what the town can settle."""
    return _hand_over(case, "hand_down", actor, said(note, "请写明为什么由镇人大办理。"), revision)


def return_to_county(case: Case, actor: User, reason: str, *, revision: int | None = None) -> Case:
    """The dispatcher gives back what is not the government's to settle."""
    return _hand_over(case, "return_to_county", actor, said(reason, "请写明退回的理由。"), revision)


def take_over(case: Case, actor: User, note: str, *, revision: int | None = None) -> Case:
    """The town's office takes a case from a deputy who has no account here, or whose time has run out."""
    return _hand_over(case, "take_over", actor, said(note, "请写明接手的原因。"), revision)


def take_over_by_county(case: Case, actor: User, note: str, *, revision: int | None = None) -> Case:
    """The county's office takes a case whose time has run out with a deputy or a town; where there are no towns, as the town would."""
    return _hand_over(case, "take_over_by_county", actor, said(note, "请写明接手的原因。"), revision)


@transaction.atomic
def step_in(case: Case, verb: str, reason: str, *, by: User | None = None) -> Case | None:
    """A rule takes a case from whoever is silent: `take_over` or `take_over_by_county`, by nobody's hand. by: who is named to have it now.

    None when there is nothing to take any more: it has moved, stands still, or is in time.
    """
    locked = Case.objects.select_for_update(of=("self",)).select_related("town", "category", "deputy").get(pk=case.pk)
    now = timezone.now()
    if locked.state not in MOVES.moves[verb].sources or locked.paused_at is not None or not is_late(locked, now):
        return None
    if verb == "take_over" and not has_town(locked.town):
        verb = "take_over_by_county"
    return moved(locked, verb, None, reason, now, label=told.CLOCK, taken=True, by=str(by) if by else "")


@transaction.atomic
def hand_to_deputy(case: Case, actor: User, deputy: Deputy, reason: str, *, revision: int | None = None) -> Case:
    """Another deputy answers it: the one who had it has left, cannot, or is not the right one."""
    reason = said(reason, "请写明为什么改由另一位代表办理。")
    locked = locked_for(case, "hand_to_deputy", actor, revision)
    if not Deputy.objects.serving_on(timezone.localdate()).filter(pk=deputy.pk).exists():
        raise MoveRefused(f"{deputy}代表现在不在任，请另选一位。", "deputy")
    if locked.state == S.WITH_DEPUTY and locked.deputy_id == deputy.pk:
        raise MoveRefused(f"这一件已经由{deputy}代表办理，请另选一位。", "deputy")
    was = str(locked.deputy) if locked.deputy else ""
    locked.deputy, locked.station = deputy, deputy.station
    return moved(locked, "hand_to_deputy", actor, reason, was=was, deputy=str(deputy))


@transaction.atomic
def _answer(case: Case, verb: str, actor: User, answer: str, has_told: bool, result: str, revision: int | None) -> Case:
    answer = said(answer, "请写下答复的内容。")
    if result and result not in Case.Result.values:
        raise MoveRefused("没有这一类办理结果，请重新选。", "result")
    locked = locked_for(case, verb, actor, revision)
    now = timezone.now()
    locked.answer, locked.answered_at, locked.result = answer, now, result
    locked.answered_late = is_late(locked, now)
    if has_told:
        clocks.meet(locked, clocks.Clock.Kind.CONTACT, now)
    unit = {"unit": str(locked.organisation)} if verb == "answer_as_unit" else {}
    done = moved(locked, verb, actor, answer, now, told=has_told, late=locked.answered_late, result=result, **unit)
    told.answered(done, actor if has_told else None)
    if done.parent_id is not None:
        look_at_whole(done, now)
    return done


@transaction.atomic
def _hand_over(case: Case, verb: str, actor: User, note: str, revision: int | None) -> Case:
    done = moved(locked_for(case, verb, actor, revision), verb, actor, note.strip(), taken=verb in TAKE_OVERS)
    told.residents(done, told.What.PASSED, f"现由{done.holder()}办理。")
    return done
