"""代表—政府部门在线: who may say something on a case, and saying it. A message changes no state and answers nothing by itself."""

import uuid
from collections import defaultdict
from enum import StrEnum

from django.db import transaction

from apps.accounts.models import Role, User
from apps.accounts.perms import Permission, allowed
from apps.cases import told
from apps.cases.models import Case
from apps.cases.thread import SAY, CaseMessage, MessagePhoto, ThreadReading
from apps.organisations.models import Organisation
from apps.record.files import Photo
from apps.record.states import MoveRefused

LONGEST = 1000
MOST_PHOTOS = 6
S = Case.State
SPOKEN_IN = frozenset({S.WITH_DISPATCHER, S.WITH_UNIT, S.WITH_COUNTY, S.WITH_TOWN, S.WITH_DEPUTY, S.ANSWERED})


class Side(StrEnum):
    """For whom somebody speaks."""

    DEPUTY = "deputy"
    UNIT = "unit"
    DISPATCHER = "dispatcher"
    OFFICE = "office"


def fresh() -> uuid.UUID:
    """The number that a form is sent with, once."""
    return uuid.uuid4()


def is_open(case: Case) -> bool:
    """From the day the government side has it until it is closed, whoever has it meanwhile."""
    return case.dispatched_at is not None and case.state in SPOKEN_IN


def side_of(case: Case, user: User) -> tuple[Side, Organisation | None] | None:
    """For whom this user speaks on the case, with his unit; None when he only reads, or does not even see it."""
    if not allowed(user, Permission.SPEAK_ON_CASES) or not Case.objects.visible_to(user).filter(pk=case.pk).exists():
        return None
    if user.role == Role.DEPUTY:
        return (Side.DEPUTY, None) if case.deputy and case.deputy.user_id == user.pk else None
    if user.role == Role.UNIT:
        handling = user.organisations.filter(pk__in=_units(case)).order_by("pk").first()
        return (Side.UNIT, handling) if handling else None
    return (Side.DISPATCHER if user.role == Role.DISPATCHER else Side.OFFICE), None


@transaction.atomic
def say(case: Case, actor: User, text: str, photos: list[Photo], submission: uuid.UUID) -> CaseMessage:
    """Say something to the others on the case, and tell them once until they have read it. The same words sent again with the same
    number are one message. `MoveRefused` when it is not his to speak, or there is nothing to say."""
    text = text.strip()
    if not text and not photos:
        raise MoveRefused("请写下要说的话，或选一张照片。", "text")
    if len(text) > LONGEST:
        raise MoveRefused(f"最多 {LONGEST} 个字，现在有 {len(text)} 个，请精简后再发。", "text")
    locked = Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
    sent = locked.messages.filter(actor=actor, note=text, data__submission=str(submission)).first()
    if sent:
        return sent
    if not is_open(locked):
        raise MoveRefused("这件民情件现在不能再说话了：还没有转到政府部门，或已经办结。请刷新页面后再看。")
    side = side_of(locked, actor)
    if side is None:
        raise MoveRefused("这里由受理代表和承办单位沟通，您可以看，不能发言。")
    data = {"side": side[0].value, "submission": str(submission), "photos": [photo.pk for photo in photos]}
    if side[1]:
        data["unit"] = str(side[1])
    message = CaseMessage.objects.append(locked, SAY, actor=actor, note=text, **data)
    MessagePhoto.objects.bulk_create([MessagePhoto(message=message, photo=photo) for photo in photos])
    ThreadReading.objects.note(locked, actor, message.pk)
    _tell(locked, message)
    return message


def _units(case: Case) -> list[int]:
    """The lead unit and those that join in."""
    joining = case.joining.filter(withdrawn=False).values_list("organisation", flat=True)
    return [pk for pk in (case.organisation_id, *joining) if pk]


def _listeners(case: Case) -> dict[int, User]:
    """Everybody a message is for: the deputy, the units, and offices that have spoken; whoever speaks for those who cannot log in."""
    people = list(told.deputy(case)) if case.deputy_id else []
    for unit in Organisation.objects.filter(pk__in=_units(case)):
        people += told.unit(case, unit)
    if not _units(case):
        people += told.dispatchers(case)
    spoken = User.objects.filter(pk__in=case.messages.values("actor"), is_active=True)
    people += [user for user in spoken if user.role != Role.UNIT]
    return {user.pk: user for user in people}


def _tell(case: Case, message: CaseMessage) -> None:
    """One notice until the thread has been read: an exchange of twenty messages rings once."""
    listeners = _listeners(case)
    listeners.pop(message.actor_id, None)
    read = dict(ThreadReading.objects.filter(case=case, user__in=listeners).values_list("user", "read_upto"))
    by_reading: dict[int, list[User]] = defaultdict(list)
    for pk, user in listeners.items():
        by_reading[read.get(pk, 0)].append(user)
    title = f"{message.data.get('unit') or message.actor_label}在民情件 {case.code} 里说了话"
    for upto, users in by_reading.items():
        told.tell(case, users, title, message.note or "（照片）", key=f"thread-{case.pk}-{upto}")
