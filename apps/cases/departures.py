"""What messages of cases say, looked up when they leave: from the public zone what residents did, from the office how a case stands.

Contacts cross sealed, as they lie. Nothing that offices wrote to each other goes outward, nor who made a move.
"""

import base64
from collections.abc import Iterable

from apps.cases.answer_photos import AnswerPhoto
from apps.cases.models import BorderAnswer, Case, CaseEvent, Joiner, Rating, ReporterContact
from apps.cases.publishing import AnswersPage, PublishedAnswer
from apps.cases.reports import Overruled, ReportPhoto
from apps.cases.timeline import PLAIN
from apps.record.files import Photo

SHOWN = (  # columns that the public zone takes over as they are
    "state", "level", "answer", "reopened", "pause_reason", "revision", "unrated", "text", "place", "channel", "hide_name", "follow_code",
)  # fmt: skip


# --- inward -------------------------------------------------------------------------------------------------------------------------


def _event(body: dict):
    return CaseEvent.objects.select_related("subject").get(pk=body["event"])


def fill_report(body: dict) -> dict:
    case = _event(body).subject
    border = BorderAnswer.objects.filter(case=case).first()
    contact = ReporterContact.objects.filter(case=case).first()
    led = Overruled.objects.filter(case=case).first()
    chosen = border.offered[border.chosen]["codes"] if border and border.chosen is not None else []
    return {
        "submission": str(case.submission), "follow_code": case.follow_code, "at": case.submitted_at.isoformat(), "text": case.text, "lon": case.point.x,
        "lat": case.point.y, "channel": case.channel, "place": case.place, "doorplate": case.doorplate.code if case.doorplate else "",
        "category": case.category.code if case.category and case.category_source == "reporter" else "", "hide_name": case.hide_name, "accuracy": case.accuracy_m,
        "datum": case.datum, "side": "|".join(chosen), "scanned": case.scanned, "to": case.deputy.code if case.deputy else "",
        "contact": _sealed(contact.sealed if contact else b""), "photos": _photos(case, None), "overruled": {"kind": led.kind, "found": led.found} if led else None,
    }  # fmt: skip


def fill_join(body: dict) -> dict:
    """A joiner is written in the moment of his event."""
    event = _event(body)
    joiner = Joiner.objects.get(case=event.subject, joined_at=event.at)
    return {
        "case": str(event.subject.submission), "submission": str(joiner.submission), "follow_code": joiner.follow_code, "words": joiner.words,
        "at": joiner.joined_at.isoformat(), "contact": _sealed(joiner.contact), "photos": _photos(event.subject, joiner),
    }  # fmt: skip


def fill_rate(body: dict) -> dict:
    """Ratings are written in the moment of their event: of the case behind the code, which may go on in another."""
    event = _event(body)
    followed = Case.objects.filter(code=event.data["of"]).first() if "of" in event.data else event.subject
    outcome = Rating.objects.filter(case=followed, at=event.at, part=Rating.Part.OUTCOME, by=event.data["by"]).select_related("joiner").get()
    return {
        "case": str(followed.submission), "joiner": str(outcome.joiner.submission) if outcome.joiner else "", "outcome": outcome.score,
        "service": event.data.get("service") or "", "words": outcome.words, "round": outcome.round,
    }  # fmt: skip


def fill_words(body: dict) -> dict:
    event = _event(body)
    photos = Photo.objects.filter(pk__in=event.data.get("photos", ())).shown().order_by("pk")
    return {"case": str(event.subject.submission), "words": event.note, "photos": _read(photos)}


def _photos(case: Case, joiner: Joiner | None) -> list[str]:
    links = ReportPhoto.objects.filter(case=case, joiner=joiner).select_related("photo").order_by("pk")
    return _read(link.photo for link in links)


def _read(photos: Iterable[Photo]) -> list[str]:
    """Those whose files are there: a message does not wait for a picture that was lost."""
    return [base64.b64encode(path.read_bytes()).decode() for path in (photo.path() for photo in photos) if path.exists()]


def _sealed(content: bytes) -> str:
    return base64.b64encode(bytes(content)).decode()


# --- outward ------------------------------------------------------------------------------------------------------------------------


def fill_moved(body: dict) -> dict:
    """The case as its page shows it, with what it takes to write it there, and one line of its history."""
    case = Case.objects.select_related("town", "village", "category", "deputy", "organisation", "station", "parent", "merged_into").get(pk=body["case"])
    rows = {"town": case.town, "village": case.village, "category": case.category, "deputy": case.deputy, "organisation": case.organisation, "station": case.station}
    linked = {name: str(other.submission) if other else "" for name, other in (("parent", case.parent), ("merged_into", case.merged_into))}
    days = {name: value.isoformat() if (value := getattr(case, name)) else None for name in ("submitted_at", "due_on", "answered_at", "paused_at")}
    return {
        "submission": str(case.submission), "lon": case.point.x, "lat": case.point.y, **{name: getattr(case, name) for name in SHOWN}, **days, **linked,
        **{name: row.code if row else "" for name, row in rows.items()}, "event": _line(body["event"]), "published": _published(case), "answer_photos": _answered_with(case, body["event"]),
    }  # fmt: skip


def _line(pk: int | None) -> dict | None:
    """An event as the resident's page needs it: without who made it and what offices wrote to each other."""
    event = CaseEvent.objects.filter(pk=pk).first() if pk else None
    if event is None or event.verb not in PLAIN:
        return None
    shown = {"holder", "unit", "question", "deputy", "due_on", "body", "score", "words", "told", "state", "from_state", "by", "title"}
    return {"uuid": event.hash, "verb": event.verb, "at": event.at.isoformat(), "data": {name: value for name, value in event.data.items() if name in shown}}


def _answered_with(case: Case, event: int | None) -> list[str]:
    """What goes with an answer, in the message that tells of it."""
    if not CaseEvent.objects.filter(pk=event, verb__startswith="answer_").exists():
        return []
    return _read(each.photo for each in AnswerPhoto.objects.of_answers(case).select_related("photo"))


def _published(case) -> dict | None:
    """The public answer, word for word as it was settled; None while there is none."""
    row = PublishedAnswer.objects.filter(publication__case=case).select_related("town", "village", "category").first()
    if row is None:
        return None
    return {
        "title": row.title, "question": row.question, "answer": row.answer, "answered_by": row.answered_by, "asked_on": row.asked_on.isoformat(),
        "answered_on": row.answered_on.isoformat(), "published_at": row.published_at.isoformat(), "village": row.village.code if row.village else "",
        "open": AnswersPage.objects.filter(is_open=True).exists(), "photos": _read(Photo.objects.filter(pk__in=row.photos.values("photo")).shown().order_by("pk")),
    }  # fmt: skip
