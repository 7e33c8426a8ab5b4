"""Verbs of visits: plan, organise, sign in on site, record, add to a record, cancel. Each is one transaction with its event row.

A page may send the same thing twice: plans and records carry the number that their form was made with, and are taken in once.
"""

import datetime as dt
import uuid
from collections.abc import Collection

from django.contrib.gis.geos import Point
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.models import Role, User
from apps.accounts.perms import Permission, allowed
from apps.deputies.models import Deputy
from apps.record.files import Photo
from apps.record.notices import Notice
from apps.record.states import Move, MoveRefused, StateTable
from apps.supervision import workflow_findings
from apps.supervision.on_site import fixed
from apps.supervision.rating_sheets import Indicator
from apps.supervision.topics import Topic
from apps.supervision.visit_records import Inspection, Presence, Record
from apps.supervision.visits import CheckIn, IndicatorRating, Visit, VisitEvent, VisitParticipant, VisitPhoto

S = Visit.State
OFFICE, DEPUTY = frozenset({Role.COUNTY_OFFICE}), frozenset({Role.DEPUTY})
ANYBODY = OFFICE | DEPUTY  # which visits are whose: `_demand_part`

MOVES = StateTable(
    dict(S.choices),
    [
        Move("change", "修改安排", frozenset({S.PLANNED}), S.PLANNED, ANYBODY),
        Move("check_in", "签到", frozenset({S.PLANNED, S.CHECKED_IN}), S.CHECKED_IN, ANYBODY),
        Move("check_in_after", "补签到", frozenset({S.RECORDED}), S.RECORDED, ANYBODY),  # it waited for a network while the record was written
        Move("record", "记录", frozenset({S.PLANNED, S.CHECKED_IN}), S.RECORDED, ANYBODY),
        Move("supplement", "补充记录", frozenset({S.RECORDED}), S.RECORDED, ANYBODY),
        Move("cancel", "取消", frozenset({S.PLANNED, S.CHECKED_IN}), S.CANCELLED, ANYBODY),
    ],
)
AHEAD = dt.timedelta(minutes=10)  # a phone's clock may be fast by so much
BEHIND = dt.timedelta(days=30)  # drafts wait no longer for a network
OLDEST = dt.timedelta(days=60)  # a visit is recorded while it is remembered


def fresh() -> uuid.UUID:
    """The number for a form that is about to be filled in."""
    return uuid.uuid4()


class AlreadyRecorded(MoveRefused):
    """Something else was recorded with this submission number, or by somebody else; `visit` is what there is."""

    def __init__(self, visit: Visit, message: str) -> None:
        super().__init__(message)
        self.visit = visit


# --- planning -----------------------------------------------------------------------------------------------------------------


def plan_look(user: User, topic: Topic, planned_on: dt.date, agenda: str = "", submission: uuid.UUID | None = None) -> Visit:
    """A deputy means to go and see. Asking twice with the same number gives the same plan."""
    deputy = _in_office(user)
    _demand_coming(planned_on)
    try:
        with transaction.atomic():
            visit = Visit.objects.create(
                kind=Visit.Kind.LOOK, topic=topic, deputy=deputy, planned_on=planned_on, agenda=agenda, created_by=user, plan_submission=submission
            )
            VisitParticipant.objects.create(visit=visit, deputy=deputy, leader=True)
            VisitEvent.objects.append(visit, "plan", actor=user, topic=topic.pk, planned_on=planned_on.isoformat())
    except IntegrityError as error:
        return _earlier(error, plan_submission=submission)
    return visit


def organise(user: User, wanted: Inspection, submission: uuid.UUID | None = None) -> Visit:
    """The office arranges an inspection and tells those who are to come."""
    if not allowed(user, Permission.ORGANISE_INSPECTIONS):
        raise MoveRefused("您的岗位不能组织视察。")
    _demand_coming(wanted.planned_on)
    try:
        with transaction.atomic():
            visit = Visit.objects.create(kind=Visit.Kind.INSPECTION, created_by=user, plan_submission=submission, **_arranged(wanted))
            visit.accompanying.set(wanted.accompanying)
            _invite(visit, wanted)
            VisitEvent.objects.append(visit, "organise", actor=user, **_told(wanted))
            _tell(visit, wanted.deputies, f"请参加视察：{visit}", f"{visit.appointment}，{wanted.topic}", key=f"visit-{visit.pk}-invited")
    except IntegrityError as error:
        return _earlier(error, plan_submission=submission)
    return visit


@transaction.atomic
def change(user: User, visit_id: int, version: int, wanted: Inspection) -> Visit:
    """Arrange an inspection anew, as long as nobody has signed in. `version` is the one that was on the screen."""
    visit = _locked("change", user, visit_id)
    if visit.version != version:
        raise MoveRefused("别人刚刚改过这次视察的安排。下面是您填的内容，请先打开视察页看看改了什么，再保存。")
    _demand_coming(wanted.planned_on)
    before = {participant.deputy for participant in visit.participants.select_related("deputy")}
    was = {name: getattr(visit, name) for name in _arranged(wanted)}
    for name, value in _arranged(wanted).items():
        setattr(visit, name, value)
    visit.version += 1
    visit.save()
    visit.accompanying.set(wanted.accompanying)
    visit.participants.all().delete()
    _invite(visit, wanted)
    changed = [name for name, value in _arranged(wanted).items() if was[name] != value]
    VisitEvent.objects.append(visit, "change", actor=user, changed=changed, **_told(wanted))
    mark = f"visit-{visit.pk}-v{visit.version}"
    _tell(visit, before - set(wanted.deputies), f"不用参加视察了：{visit}", "名单有调整。", key=f"{mark}-out")
    _tell(visit, set(wanted.deputies) - before, f"请参加视察：{visit}", f"{visit.appointment}，{wanted.topic}", key=f"{mark}-in")
    if changed:
        _tell(visit, set(wanted.deputies) & before, f"视察安排有变：{visit}", f"现在是：{visit.appointment}，{wanted.topic}", key=f"{mark}-changed")
    return visit


@transaction.atomic
def cancel(user: User, visit_id: int, reason: str) -> Visit:
    """Called off, with the reason; those who were to come are told."""
    reason = reason.strip()
    if not reason:
        raise MoveRefused("请写明取消的原因，例如“防汛值班，改期另行通知”。")
    visit = _locked("cancel", user, visit_id)
    visit.state = S.CANCELLED
    visit.save(update_fields=["state"])
    VisitEvent.objects.append(visit, "cancel", actor=user, note=reason)
    if visit.kind == Visit.Kind.INSPECTION:
        _tell(visit, [p.deputy for p in visit.participants.select_related("deputy")], f"视察已取消：{visit}", reason, key=f"visit-{visit.pk}-cancelled")
    return visit


# --- on site ------------------------------------------------------------------------------------------------------------------


@transaction.atomic
def check_in(user: User, visit_id: int, presence: Presence, deputy: Deputy | None = None) -> CheckIn:
    """Sign in on site. `deputy`: the office signs for one who cannot, with a reason; he need not have been invited.

    Far from the site is allowed and kept. Signing in twice keeps the first.
    """
    visit = Visit.objects.select_for_update().get(pk=visit_id)
    verb = "check_in_after" if visit.state == S.RECORDED else "check_in"
    move = MOVES.check(verb, visit.state, user.role)
    if user.role == Role.COUNTY_OFFICE:
        participant = _signed_for(visit, presence, deputy)
    else:
        participant = visit.participants.filter(deputy__user=user).select_related("deputy").first()
        if participant is None:
            raise MoveRefused("您不在这次走访视察的名单里，请联系县人大常委会工委。")
    had = CheckIn.objects.filter(participant=participant).first()
    if had:
        return had
    made = _present(visit, participant, presence, user)
    visit.state = move.target
    visit.save(update_fields=["state"])
    return made


def _signed_for(visit: Visit, presence: Presence, deputy: Deputy | None) -> VisitParticipant:
    if visit.kind != Visit.Kind.INSPECTION:
        raise MoveRefused("走访由代表本人签到。")
    if deputy is None or not presence.reason:
        raise MoveRefused("请选要代签的代表，并写明原因，例如“手机没电，现场核对”。")
    return VisitParticipant.objects.get_or_create(visit=visit, deputy=deputy)[0]


def _present(visit: Visit, participant: VisitParticipant, presence: Presence, user: User) -> CheckIn:
    now = timezone.now()
    at = presence.at if now - BEHIND <= presence.at <= now + AHEAD else now
    made = CheckIn(participant=participant, at=min(at, now), received_at=now)
    if presence.position:
        fix = fixed(visit.topic, presence.position)
        made.point, made.accuracy_m = Point(fix.lon, fix.lat, srid=4326), presence.position.accuracy
        made.datum, made.distance_m = fix.datum, round(fix.distance, 1)
    elif presence.reason.strip():
        made.reason = presence.reason.strip()[:120]
    else:
        raise MoveRefused("没有得到位置。请再试一次定位，或写明为什么没有定位，例如“山区没有信号”。")
    if user.role == Role.COUNTY_OFFICE:
        made.entered_by = user
    made.save(force_insert=True)
    VisitEvent.objects.append(
        visit, "check_in", actor=user, note=made.reason, deputy=participant.deputy.code, signed_at=made.at.isoformat(timespec="seconds"),
        accuracy_m=made.accuracy_m, distance_m=made.distance_m, datum=made.datum,
    )
    return made


# --- recording ----------------------------------------------------------------------------------------------------------------


def record_look(user: User, topic: Topic, made: Record) -> Visit:
    """A deputy went and saw without having planned it: check-in, record and findings at once. The same record twice is one visit."""
    if earlier := Visit.objects.filter(record_submission=made.submission).first():
        return _same(earlier, user, made)
    deputy = _in_office(user)
    try:
        with transaction.atomic():
            visit = Visit.objects.create(
                kind=Visit.Kind.LOOK, topic=topic, deputy=deputy, planned_on=made.visited_on, created_by=user, record_submission=made.submission
            )
            VisitParticipant.objects.create(visit=visit, deputy=deputy, leader=True)
            return _record(visit, user, made)
    except IntegrityError as error:
        return _same(_earlier(error, record_submission=made.submission), user, made)


@transaction.atomic
def record(user: User, visit_id: int, made: Record) -> Visit:
    """Write down what was seen on a planned visit: the deputy of a look, the leader or the office of an inspection."""
    visit = Visit.objects.select_for_update().get(pk=visit_id)
    if visit.state == S.RECORDED:
        return _same(visit, user, made)
    _demand_part(MOVES.check("record", visit.state, user.role), user, visit)
    visit = _record(visit, user, made)
    if visit.kind == Visit.Kind.INSPECTION:
        told = [p.deputy for p in visit.participants.select_related("deputy") if p.deputy.user_id != user.pk]
        _tell(visit, told, f"视察已记录：{visit}", visit.text[:80], key=f"visit-{visit.pk}-recorded")
    return visit


def _record(visit: Visit, user: User, made: Record) -> Visit:
    """The visit's row is new or locked."""
    _demand_past(made.visited_on)
    move = MOVES.check("record", visit.state, user.role)
    participant = visit.participants.filter(deputy__user=user).select_related("deputy").first()
    if made.presence and participant and not CheckIn.objects.filter(participant=participant).exists():
        _present(visit, participant, made.presence, user)
    if not CheckIn.objects.filter(participant__visit=visit).exists():
        raise MoveRefused("还没有人签到。请先签到；没有定位的，写明原因也可以签到。")
    visit.state, visit.text, visit.visited_on, visit.sheet = move.target, made.text, made.visited_on, made.sheet
    visit.recorded_by, visit.recorded_at = user, timezone.now()
    visit.record_submission, visit.record_digest = made.submission, made.digest()
    visit.save()
    indicators = {indicator.pk for indicator in Indicator.objects.filter(sheet=made.sheet)} if made.sheet else set()
    IndicatorRating.objects.bulk_create(
        IndicatorRating(visit=visit, indicator_id=pk, value=value) for pk, value in made.ratings.items() if pk in indicators
    )
    _add_photos(visit, made.photos)
    VisitEvent.objects.append(visit, "record", actor=user, photos=len(made.photos), ratings=len(made.ratings), findings=len(made.findings), digest=visit.record_digest)
    for raised in made.findings:
        workflow_findings.raise_finding(user, visit, raised.text, raised.severity, raised.photos)
    return visit


@transaction.atomic
def supplement(user: User, visit_id: int, text: str, photos: tuple[tuple[Photo, str], ...] = ()) -> Visit:
    """Add to a record what was forgotten; what was recorded stays as it is."""
    visit = _locked("supplement", user, visit_id)
    if not text.strip() and not photos:
        raise MoveRefused("请写要补充的内容，或选要补充的照片。")
    last = visit.events.filter(verb="supplement", actor=user).order_by("-pk").first()
    added = _add_photos(visit, photos)
    if added or not last or last.note != text.strip():  # the same words again: a button pressed twice
        VisitEvent.objects.append(visit, "supplement", actor=user, note=text.strip(), photos=added)
    return visit


def _add_photos(visit: Visit, photos: Collection[tuple[Photo, str]]) -> int:
    had = set(visit.photos.values_list("photo", flat=True))
    new = {photo.pk: caption for photo, caption in photos if photo.pk not in had}
    VisitPhoto.objects.bulk_create(VisitPhoto(visit=visit, photo_id=pk, caption=caption[:80]) for pk, caption in new.items())
    return len(new)


# --- shared -------------------------------------------------------------------------------------------------------------------


def _locked(verb: str, user: User, visit_id: int) -> Visit:
    """The visit, locked, when the user may make this move of it now."""
    visit = Visit.objects.select_for_update().get(pk=visit_id)
    _demand_part(MOVES.check(verb, visit.state, user.role), user, visit)
    return visit


def possible(user: User, visit: Visit) -> set[str]:
    """The verbs of the moves that the user may make of this visit now: what its page offers."""
    verbs = {move.verb for move in MOVES.possible(visit.state, user.role) if _has_part(move.verb, user, visit)}
    if verbs & {"check_in", "check_in_after"} and user.role == Role.DEPUTY and CheckIn.objects.filter(participant__visit=visit, participant__deputy__user=user).exists():
        verbs -= {"check_in", "check_in_after"}
    return verbs


def _has_part(verb: str, user: User, visit: Visit) -> bool:
    inspection = visit.kind == Visit.Kind.INSPECTION
    if user.role == Role.COUNTY_OFFICE:
        return inspection
    if verb in ("check_in", "check_in_after"):
        return visit.participants.filter(deputy__user=user).exists()
    if verb in ("change", "cancel") and inspection:
        return False
    return verb != "change" and visit.led_by(user)


def _demand_part(move: Move, user: User, visit: Visit) -> None:
    if not _has_part(move.verb, user, visit):
        who = "带队代表或县人大常委会工委" if visit.kind == Visit.Kind.INSPECTION else "走访的代表本人"
        raise MoveRefused(f"这次{visit.get_kind_display()}由{who}{move.label}。")


def _same(visit: Visit, user: User, made: Record) -> Visit:
    """What was recorded already, when it is this very record; else `AlreadyRecorded`."""
    if visit.recorded_by_id == user.pk and visit.record_submission == made.submission and visit.record_digest == made.digest():
        return visit
    by = "您" if visit.recorded_by_id == user.pk else str(visit.recorded_by or "别人")
    raise AlreadyRecorded(visit, f"这次{visit.get_kind_display()}已由{by}在 {timezone.localtime(visit.recorded_at):%-m月%-d日 %H:%M} 记录，没有再收一次。有不同的内容，请打开那份记录补充。")


def _earlier(error: IntegrityError, **number) -> Visit:
    """What came of the same form before; the error itself when it was about something else."""
    visit = Visit.objects.filter(**number).first() if None not in number.values() else None
    if visit is None:
        raise error
    return visit


def _in_office(user: User) -> Deputy:
    if not allowed(user, Permission.RECORD_VISITS):
        raise MoveRefused("走访由代表本人登记。")
    deputy = Deputy.objects.serving_on(timezone.localdate()).filter(user=user).first()
    if deputy is None:
        raise MoveRefused("没有找到您现任的代表资格，不能登记走访。请联系县人大常委会工委。")
    return deputy


def _demand_coming(day: dt.date) -> None:
    today = timezone.localdate()
    if not today <= day <= today + dt.timedelta(days=366):
        raise MoveRefused("计划日期请选今天到一年以内的一天。已经去过的，请直接记录。")


def _demand_past(day: dt.date) -> None:
    today = timezone.localdate()
    if not today - OLDEST <= day <= today:
        raise MoveRefused(f"走访日期请选今天或之前 {OLDEST.days} 天以内的一天。")


def _arranged(wanted: Inspection) -> dict:
    names = ("topic", "name", "planned_on", "planned_at", "meeting_place", "agenda", "group")
    return {name: getattr(wanted, name) for name in names}


def _told(wanted: Inspection) -> dict:
    return {
        "topic": wanted.topic.pk, "planned_on": wanted.planned_on.isoformat(), "planned_at": wanted.planned_at and f"{wanted.planned_at:%H:%M}",
        "meeting_place": wanted.meeting_place, "agenda": wanted.agenda, "deputies": [deputy.code for deputy in wanted.deputies],
        "leader": wanted.leader.code, "accompanying": [organisation.code for organisation in wanted.accompanying],
    }  # fmt: skip


def _invite(visit: Visit, wanted: Inspection) -> None:
    deputies = {deputy.pk: deputy for deputy in (wanted.leader, *wanted.deputies)}.values()
    VisitParticipant.objects.bulk_create(VisitParticipant(visit=visit, deputy=deputy, leader=deputy == wanted.leader) for deputy in deputies)


def _tell(visit: Visit, deputies: Collection[Deputy], title: str, body: str, key: str) -> None:
    users = [deputy.user_id for deputy in deputies if deputy.user_id]
    if users:
        Notice.objects.tell(users, "visit", title, body, path=visit.url, key=key)
