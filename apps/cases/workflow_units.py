"""Units and the dispatcher: a case is assigned to a lead unit (主办) and those who join in (会办), signed for, given back, taken back.

A unit never passes a case on by itself: it gives it back to the dispatcher, who names another.
"""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps.accounts.models import Role, User
from apps.cases import clocks, told
from apps.cases.clocks import Clock
from apps.cases.models import Case, CoHandler
from apps.cases.moves import locked_for, moved, said
from apps.organisations.models import Organisation
from apps.record.states import MoveRefused


def handling_units() -> QuerySet[Organisation]:
    """Units that a case may be assigned to. Courts and procuratorates never are: their matters stay with the congress."""
    return Organisation.objects.standing().filter(handles_cases=True).exclude(kind=Organisation.Kind.COURT).order_by("kind", "name")


@transaction.atomic
def assign_to_unit(
    case: Case, actor: User, organisation: Organisation, note: str = "", *, co_handlers: Sequence[Organisation] = (), revision: int | None = None
) -> Case:  # fmt: skip
    """The dispatcher names the lead unit and those who join in."""
    locked = locked_for(case, "assign_to_unit", actor, revision)
    joining = [unit for unit in dict.fromkeys(co_handlers) if unit.pk != organisation.pk]
    _check_units([organisation], "organisation")
    _check_units(joining, "co_handlers")
    now = timezone.now()
    locked.organisation = organisation
    done = moved(locked, "assign_to_unit", actor, note.strip(), now, unit=str(organisation), unit_code=organisation.code, joining=[str(unit) for unit in joining])
    for unit in joining:
        _ask(done, unit, actor, now)
    told.residents(done, told.What.PASSED, f"现由{organisation}办理。")
    return done


@transaction.atomic
def return_to_dispatcher(case: Case, actor: User, reason: str, *, revision: int | None = None) -> Case:
    """A unit that is not competent gives the case back within its limit, saying why; it never passes it on by itself."""
    reason = said(reason, "请写明退回的理由。")
    locked = locked_for(case, "return_to_dispatcher", actor, revision)
    clock = Clock.objects.running().filter(case=locked, kind=Clock.Kind.RETURN).first()
    if clock is not None and clock.due_on < timezone.localdate():
        raise MoveRefused(f"退回的期限（{clock.due_on}）已过，请办理并答复；确实不归您单位管的，请联系县政府办收回。")
    return _given_back(locked, "return_to_dispatcher", actor, reason)


@transaction.atomic
def take_back(case: Case, actor: User, reason: str, *, revision: int | None = None) -> Case:
    """The dispatcher takes it from the unit, to name another."""
    reason = said(reason, "请写明收回的理由。")
    locked = locked_for(case, "take_back", actor, revision)
    told.tell(locked, told.unit(locked, locked.organisation), "县政府办收回了交办给您单位的一件民情件", reason, but=actor.pk)
    return _given_back(locked, "take_back", actor, reason)


@transaction.atomic
def sign(case: Case, actor: User, note: str = "", *, revision: int | None = None) -> Case:
    """签收: the unit has it and takes it on."""
    locked = locked_for(case, "sign", actor, revision)
    now = timezone.now()
    locked.signed_at = now
    late = clocks.meet(locked, Clock.Kind.SIGN, now)
    return moved(locked, "sign", actor, note.strip(), now, step=False, unit=str(locked.organisation), late=late)


@transaction.atomic
def add_co_handler(case: Case, actor: User, organisation: Organisation, note: str = "", *, revision: int | None = None) -> Case:
    locked = locked_for(case, "add_co_handler", actor, revision)
    _check_units([organisation], "organisation")
    if organisation.pk == locked.organisation_id:
        raise MoveRefused(f"{organisation}是主办单位，不用再会办。", "organisation")
    if locked.joining.filter(organisation=organisation, withdrawn=False).exists():
        raise MoveRefused(f"{organisation}已经是会办单位。", "organisation")
    now = timezone.now()
    _ask(locked, organisation, actor, now)
    return moved(locked, "add_co_handler", actor, note.strip(), now, step=False, unit=str(organisation), unit_code=organisation.code)


@transaction.atomic
def withdraw_co_handler(case: Case, actor: User, organisation: Organisation, note: str = "", *, revision: int | None = None) -> Case:
    """A unit need not join in any more. What it has said stays."""
    locked = locked_for(case, "withdraw_co_handler", actor, revision)
    part = locked.joining.filter(organisation=organisation, withdrawn=False).first()
    if part is None:
        raise MoveRefused(f"{organisation}不是这一件的会办单位。", "organisation")
    now = timezone.now()
    clocks.withdraw_opinion(part, now)
    part.withdrawn = True
    part.save(update_fields=["withdrawn"])
    told.tell(locked, told.unit(locked, organisation), "您单位不用再会办这一件", note, but=actor.pk)
    return moved(locked, "withdraw_co_handler", actor, note.strip(), now, step=False, unit=str(organisation))


@transaction.atomic
def give_opinion(case: Case, actor: User, text: str, *, organisation: Organisation | None = None, revision: int | None = None) -> Case:
    """A unit that joins in says its part; the dispatcher enters it for one that does not log in (`organisation` names it)."""
    text = said(text, "请写下会办意见。", 1000)
    locked = locked_for(case, "give_opinion", actor, revision)
    asked = CoHandler.objects.asked().filter(case=locked).select_related("organisation")
    if actor.role == Role.UNIT:
        asked = asked.filter(organisation__in=actor.organisations.values("pk"))
    if organisation is not None:
        asked = asked.filter(organisation=organisation)
    elif actor.role == Role.DISPATCHER:
        raise MoveRefused("请选是哪个会办单位的意见。", "organisation")
    part = asked.first()
    if part is None:
        raise MoveRefused("没有等这个单位提出的会办意见，请刷新页面后再看。", "organisation")
    now = timezone.now()
    part.opinion, part.opinion_at = text, now
    part.save(update_fields=["opinion", "opinion_at"])
    late = clocks.meet(locked, Clock.Kind.OPINION, now, co_handler=part)
    told.tell(locked, told.unit(locked, locked.organisation), f"{part.organisation}提出了会办意见", text, but=actor.pk)
    return moved(locked, "give_opinion", actor, text, now, step=False, unit=str(part.organisation), late=late, by_clerk=actor.role == Role.DISPATCHER)


def _ask(case: Case, unit: Organisation, actor: User, now: dt.datetime) -> None:
    part = CoHandler.objects.create(case=case, organisation=unit, added_at=now)
    part.due_on = clocks.begin_opinion(part, now)
    part.save(update_fields=["due_on"])
    until = f"期限 {part.due_on}" if part.due_on else ""
    told.tell(case, told.unit(case, unit), f"请会办：主办单位是{case.organisation}", until, but=actor.pk)


def _given_back(locked: Case, verb: str, actor: User, reason: str) -> Case:
    unit, locked.organisation = str(locked.organisation), None
    done = moved(locked, verb, actor, reason, unit=unit)
    locked.joining.filter(withdrawn=False).update(withdrawn=True)  # whom the next lead unit needs, the dispatcher says anew
    return done


def _check_units(units: Sequence[Organisation], field: str) -> None:
    able = set(handling_units().filter(pk__in=[unit.pk for unit in units]).values_list("pk", flat=True))
    for unit in units:
        if unit.pk not in able:
            raise MoveRefused(f"{unit}不是承办单位，或已经撤销，请另选一个。", field)
