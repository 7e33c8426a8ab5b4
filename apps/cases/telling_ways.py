"""How each telling goes out: its way settled by the contact that was left, messages sent, what cannot be sent made a call."""

import datetime as dt
import logging

from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from apps.cases import told
from apps.cases.models import Rating
from apps.cases.tellings import CALLED, DAYTIME, Telling, What
from apps.record.gateways import Adapter, GatewayRefused, adapters
from apps.record.notices import ATTEMPTS, Notice

logger = logging.getLogger(__name__)
AT_ONCE = 500  # rows in one run of the job
State, Way = Telling.State, Telling.Way


def carry_out() -> tuple[int, int]:
    """Settle the ways of what is new and send what is due: how many of each. Workers beside each other take different rows."""
    _drop_what_is_known()
    known = adapters()
    settled = _each(Telling.objects.unsettled(), lambda row: _settle(row, known))
    return settled, _each(Telling.objects.to_send(timezone.now()), lambda row: _send(row, known))


def _each(rows, act) -> int:
    """One row after the other, each in a transaction of its own."""
    for done in range(AT_ONCE):
        with transaction.atomic():
            row = rows.select_for_update(skip_locked=True, of=("self",)).select_related("case__town", "joiner").order_by("pk").first()
            if row is None:
                return done
            act(row)
            row.save()
    return AT_ONCE


def _settle(row: Telling, known: dict[str, Adapter]) -> None:
    contact, now = row.contact(), timezone.now()
    reach = contact.phone if contact else ""
    found = next((way for way, adapter in known.items() if reach and adapter.takes(reach)), "")
    if found:
        row.way, row.due_at = found, DAYTIME.next_moment(now)
    elif reach and row.what in CALLED:
        _make_call(row, now)
    else:
        row.way, row.state = Way.PAGE, State.DONE
    if row.way == Way.CALL or row.what == What.REOPENED:  # one call says it all; who had it reopened has read the answer
        earlier = Telling.objects.calls().waiting().filter(case=row.case_id, joiner=row.joiner_id, pk__lt=row.pk)
        earlier.update(state=State.DROPPED)


def _make_call(row: Telling, now: dt.datetime) -> None:
    row.way, row.due_at, row.attempts = Way.CALL, DAYTIME.next_moment(now), 0
    callers = told.town_office(row.case)
    Notice.objects.tell(callers, "case", "有反映人等您打电话告知", path=reverse("telling_list"), key=f"calls:{timezone.localdate(row.due_at)}")


def _send(row: Telling, known: dict[str, Adapter]) -> None:
    """What is sent twice has the same reference; what fails is tried again after 1, 4, 16 … minutes."""
    now, contact, adapter = timezone.now(), row.contact(), known.get(row.way)
    to = adapter.takes(contact.phone) if adapter and contact else ""
    row.attempts += 1
    try:
        if adapter is None or not to:
            raise GatewayRefused("这条发送方式已经停用。", for_good=True)
        adapter.send(to, row.words, row.reference)
    except GatewayRefused as failure:
        logger.warning("告知 %s 没有发出：%s", row.pk, failure)
        row.error = str(failure)[:200]
        if row.attempts < ATTEMPTS and not failure.for_good:
            row.due_at = DAYTIME.next_moment(now + dt.timedelta(minutes=4 ** (row.attempts - 1)))
        elif row.what in CALLED:
            _make_call(row, now)
        else:
            row.state = State.UNREACHED
    else:
        row.state, row.told_at, row.error = State.DONE, now, ""
        if row.joiner and row.what == What.ANSWERED:
            row.joiner.told = True
            row.joiner.save(update_fields=["told"])


def _drop_what_is_known() -> None:
    """Who has rated the answer has read it: nobody rings him up about it any more."""
    waiting = Telling.objects.calls().waiting().filter(joiner=None, what=What.ANSWERED)
    known = waiting.filter(case__ratings__by=Rating.By.REPORTER, case__ratings__at__gt=F("at"))
    Telling.objects.filter(pk__in=known.values("pk")).update(state=State.DROPPED)


def figures() -> tuple[int, int]:
    """Calls that wait, and people who could not be reached in the last thirty days: for the outbox."""
    since = timezone.now() - dt.timedelta(days=30)
    return Telling.objects.calls().waiting().count(), Telling.objects.filter(state=State.UNREACHED, at__gte=since).count()
