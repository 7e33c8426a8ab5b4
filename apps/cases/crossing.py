"""What of a case crosses between the zones. Residents' moves go inward: reported, joined, rated, added to, withdrawn. What became of it goes
outward: the state as the resident's page shows it, and each line of its history.

Every event of a case leaves a message in its transaction (`posted`, called by the event's own manager, so no move is forgotten); what it says
is looked up when it leaves (`departures`). In the office nothing is sent back that the public zone has told.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings

from apps.record.messages import OFFICE, PUBLIC, Outgoing

INWARD = {"submit": "case.report", "join": "case.join", "rate": "case.rate", "supply": "case.supply", "withdraw": "case.withdraw"}
OUTWARD = "case.moved"
UNSEEN = frozenset({  # events that change nothing on a resident's page
    "take_call", "tell_by_phone", "remind", "rate_handling", "give_opinion", "note_contact", "escalate", "draft_publication", "ask_extension",
    "refuse_extension", "put_on_joint_list", "take_off_joint_list", "add_co_handler", "withdraw_co_handler", "take_in", "link_order", "unlink_order",
})  # fmt: skip
_taking_in: ContextVar[bool] = ContextVar("taking_in", default=False)


@contextmanager
def taking_in() -> Iterator[None]:
    """What happens inside is what the other zone has told: it is not told back."""
    token = _taking_in.set(True)
    try:
        yield
    finally:
        _taking_in.reset(token)


def posted(event) -> None:
    """Leave a message for the other zone of what has just been written down, in its transaction."""
    if settings.ZONE == PUBLIC and event.verb in INWARD and not _taking_in.get():
        Outgoing.objects.post(INWARD[event.verb], f"case {event.subject_id}", {"event": event.pk})
    elif settings.ZONE == OFFICE and event.verb not in UNSEEN:
        Outgoing.objects.post(OUTWARD, f"case {event.subject_id}", {"case": event.subject_id, "event": None if _taking_in.get() else event.pk})


def tell_as_it_is(case_id: int) -> None:
    """The public zone is told how a case stands, since what it believes was refused."""
    Outgoing.objects.post(OUTWARD, f"case {case_id}", {"case": case_id, "event": None})
