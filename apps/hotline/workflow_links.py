"""A case and an order elsewhere that are about the same matter: they point at each other, each is run by its own owner, none of them twice."""

import datetime as dt
import uuid

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.perms import Permission, allowed
from apps.cases import moves
from apps.cases import workflow as cases
from apps.cases.linked import LinkedOrder
from apps.cases.models import Case
from apps.cases.workflow import Report
from apps.hotline.models import Record, RecordEvent, Source
from apps.hotline.reading import CaseLink
from apps.record.states import MoveRefused

CELL = 100.0  # metres: how well a record's place is known
LONGEST_REASON = 120
CHANNELS = {Source.Kind.STATION: Case.Channel.STATION, Source.Kind.MEETING: Case.Channel.STATION, Source.Kind.HOTLINE: Case.Channel.PHONE}
RUN_BY_OTHERS = (Source.Kind.HOTLINE, Source.Kind.BOARD)


@transaction.atomic
def link(record: Record, case: Case, by: User, reason: str) -> Record:
    """By a person. Linking the same two again changes nothing."""
    _may(by)
    if not (reason := reason.strip()):
        raise MoveRefused("请写明为什么是同一件事。", "reason")
    locked = _locked(record, by)
    case = case.main() if case.merged_into_id else case
    if locked.case_id == case.pk:
        return locked
    if locked.case_id:
        raise MoveRefused(f"这条记录已经关联民情件 {locked.case.code}，要换一件，请先解除关联。", "case")
    held = Case.objects.select_for_update().get(pk=case.pk)
    if held.state == Case.State.WITHDRAWN:
        raise MoveRefused(f"民情件 {held.code} 已经撤回，不再办理，不能关联。", "case")
    _join(locked, held, by, reason[:LONGEST_REASON], timezone.now())
    return locked


@transaction.atomic
def unlink(record: Record, by: User, reason: str) -> Record:
    _may(by)
    if not (reason := reason.strip()):
        raise MoveRefused("请写明为什么不是同一件事。", "reason")
    locked = _locked(record, by)
    if locked.case_id is None:
        return locked
    case, now = Case.objects.select_for_update().get(pk=locked.case_id), timezone.now()
    LinkedOrder.objects.filter(case=case, source=locked.source.name, number=locked.number).delete()
    moves.record(case, "unlink_order", by, reason, now, order=_called(locked))
    locked.case, locked.proposed, locked.reason, locked.changed_at = None, None, "", now
    locked.save(update_fields=["case", "proposed", "reason", "changed_at"])
    RecordEvent.objects.append(locked, "unlink", actor=by, note=reason, at=now, case=case.code)
    return locked


@transaction.atomic
def decline(record: Record, by: User) -> Record:
    """The proposed case is another matter; it is not proposed again."""
    _may(by)
    locked = _locked(record, by)
    if locked.proposed_id is not None:
        now, case = timezone.now(), locked.proposed.code
        locked.proposed, locked.reason, locked.changed_at = None, "", now
        locked.save(update_fields=["proposed", "reason", "changed_at"])
        RecordEvent.objects.append(locked, "decline", actor=by, at=now, case=case)
    return locked


@transaction.atomic
def open_case(record: Record, by: User, text: str) -> Case:
    """转为民情件: the congress takes the matter up itself. Pressed twice it is one case.

    Refused while the order is linked, while its owner still runs it (nothing is run twice), and where nobody knows the place.
    """
    if not allowed(by, Permission.ENTER_CASES) or not allowed(by, Permission.SEE_RECORDS):
        raise MoveRefused("您的岗位不能转为民情件。")
    if not (text := text.strip()):
        raise MoveRefused("请写下内容。", "text")
    locked = _locked(record, by)
    if locked.case_id:
        raise MoveRefused(f"这条记录已经关联民情件 {locked.case.code}，不能再转一件。")
    if why := why_no_case(locked):
        raise MoveRefused(why)
    channel = CHANNELS.get(Source.Kind(locked.source.kind), Case.Channel.WEB)
    said = Report(
        submission=uuid.uuid5(uuid.NAMESPACE_URL, f"record {locked.pk}"), text=text[:2000], lon=locked.point.x, lat=locked.point.y, channel=channel,
        place=f"{_called(locked)}，位置精确到 100 米"[:120], category=locked.category if locked.category and locked.category.level == 2 else None, accuracy=CELL,
    )  # fmt: skip
    case = cases.submit(said, actor=by)
    _join(locked, Case.objects.select_for_update().get(pk=case.pk), by, "转为民情件", timezone.now())
    return case


def why_no_case(record: Record) -> str:
    """Why a record that is linked to nothing cannot be taken up as a case; "" when it can."""
    if record.source.kind in RUN_BY_OTHERS and record.state == Record.State.OPEN:
        return f"{record.source}还在办理这一张，不能另开一件。可以关联到已有的民情件；等它答复后仍没有解决的，再转。"
    if record.point is None:
        return "这条记录没有定位到 100 米格，不知道归哪个选区。请用“代录民情件”并在地图上标出位置，再来关联。"
    return ""


def link_all(pairs: list[tuple[Record, CaseLink]], now: dt.datetime) -> int:
    """Links that are certain, by nobody's hand, within the caller's transaction; how many were made."""
    wanted = sorted({found.case for _, found in pairs})
    held = {case.pk: case for case in Case.objects.select_for_update().filter(pk__in=wanted).exclude(state=Case.State.WITHDRAWN).order_by("pk")}
    made = [(record, held[found.case], found.reason) for record, found in pairs if found.case in held]
    for record, case, reason in made:
        _join(record, case, None, reason[:LONGEST_REASON], now)
    return len(made)


def note_states(records: list[Record], now: dt.datetime) -> None:
    """The case's side hears what the order's owner says of it now."""
    for record in records:
        LinkedOrder.objects.filter(case=record.case_id, source=record.source.name, number=record.number).update(state=record.get_state_display(), seen_at=now)


def _join(record: Record, case: Case, by: User | None, reason: str, now: dt.datetime) -> None:
    """Both sides, with an event on each. The caller holds both rows."""
    LinkedOrder.objects.create(case=case, source=record.source.name, number=record.number, state=record.get_state_display(), seen_at=now)
    label = "" if by else "系统"
    moves.record(case, "link_order", by, reason, now, label=label, order=_called(record))
    record.case, record.proposed, record.reason, record.changed_at = case, None, reason, now
    record.save(update_fields=["case", "proposed", "reason", "changed_at"])
    RecordEvent.objects.append(record, "link", actor=by, actor_label=label, note=reason, at=now, case=case.code)


def _may(by: User) -> None:
    if not allowed(by, Permission.LINK_RECORDS):
        raise MoveRefused("您的岗位不能关联民情件。")


def _locked(record: Record, by: User) -> Record:
    """Held first, read after: a join that was read before another's commit would lack what he linked."""
    if Record.objects.visible_to(by).select_for_update(of=("self",)).filter(pk=record.pk).first() is None:
        raise MoveRefused("这条记录不在您能看到的范围内。")
    return Record.objects.select_related("source", "case", "proposed", "category").get(pk=record.pk)


def _called(record: Record) -> str:
    return f"{record.source.name} {record.number}"
