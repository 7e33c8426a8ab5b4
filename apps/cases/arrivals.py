"""What the other zone has told of a case, taken in: residents' moves by the same verbs as their page uses, what became of it as it stands.

All of it bears being told twice. What the office cannot take in (a case rated already) is refused with the reason, and the public zone hears
how the case stands; what it cannot take in yet (a place that its map does not have) waits.
"""

import base64
import datetime as dt
import uuid

from django.contrib.gis.geos import Point
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Role, User
from apps.cases import crossing, departures, joining, told, workflow, workflow_limits, workflow_ratings
from apps.cases.answer_photos import AnswerPhoto
from apps.cases.elsewhere import Elsewhere
from apps.cases.elsewhere import Kind as Led
from apps.cases.models import Case, CaseEvent, Joiner, ReporterContact
from apps.cases.publishing import AnswersPage, Publication, PublishedAnswer, PublishedPhoto
from apps.cases.reports import ReportPhoto
from apps.cases.taxonomy import Category
from apps.cases.workflow import Report
from apps.deputies.models import Deputy, Station
from apps.organisations.models import Organisation
from apps.record.files import Photo
from apps.record.messages import OFFICE, PUBLIC, Kind, MessageRefused, register
from apps.record.states import MoveRefused
from apps.territory.models import AdminArea, Doorplate

STAND_IN = "office"  # a login that nobody has: in the public zone nobody who settles answers is known


def register_kinds() -> None:
    register(
        Kind("case.report", "新民情件", PUBLIC, reported, departures.fill_report),
        Kind("case.join", "共同反映", PUBLIC, joined, departures.fill_join),
        Kind("case.rate", "评价", PUBLIC, rated, departures.fill_rate),
        Kind("case.supply", "补充情况", PUBLIC, supplied, departures.fill_words),
        Kind("case.withdraw", "撤回", PUBLIC, withdrawn, departures.fill_words),
        Kind(crossing.OUTWARD, "办理经过和答复", OFFICE, moved, departures.fill_moved),
    )


# --- in the office ----------------------------------------------------------------------------------------------------------------


def reported(body: dict) -> None:
    """A report, filed here under the follow code that its reporter has."""
    submission = uuid.UUID(body["submission"])
    if Case.objects.filter(submission=submission).exists():
        return
    led = body["overruled"]
    report = Report(
        submission=submission, text=body["text"], lon=body["lon"], lat=body["lat"], channel=body["channel"], place=body["place"], scanned=body["scanned"],
        doorplate=Doorplate.objects.filter(code=body["doorplate"]).first() if body["doorplate"] else None, hide_name=body["hide_name"], accuracy=body["accuracy"],
        category=Category.objects.filter(code=body["category"]).first() if body["category"] else None, datum=body["datum"], side=body["side"], to=body["to"],
        photos=_photos(body["photos"], submission), overruled=Elsewhere(Led(led["kind"]), led["found"]) if led else None,
    )  # fmt: skip
    with crossing.taking_in():
        case = workflow.submit(report)
    Case.objects.filter(pk=case.pk).update(follow_code=body["follow_code"], submitted_at=_moment(body["at"]))
    if body["contact"]:
        ReporterContact(case=case, sealed=base64.b64decode(body["contact"])).save(force_insert=True)


def joined(body: dict) -> None:
    """Somebody joined a case. One that was answered meanwhile takes him in all the same: he was told that he had joined."""
    submission = uuid.UUID(body["submission"])
    if Joiner.objects.filter(submission=submission).exists():
        return
    case, photos = _case(body["case"]), _photos(body["photos"], submission)
    with crossing.taking_in():
        try:
            joiner = joining.join(case, submission, words=body["words"], photos=photos)
        except MoveRefused:
            joiner = Joiner(case=case, submission=submission, words=body["words"])
            joiner.save(force_insert=True)
            ReportPhoto.objects.bulk_create([ReportPhoto(case=case, joiner=joiner, photo=photo) for photo in photos])
            if case.answer:
                told.tell_reporters(case, told.What.ANSWERED, f"您遇到的问题已有答复：{case.answer}", joiner=joiner)
    Joiner.objects.filter(pk=joiner.pk).update(follow_code=body["follow_code"], contact=base64.b64decode(body["contact"]), joined_at=_moment(body["at"]))


def rated(body: dict) -> None:
    case = _case(body["case"])
    joiner = Joiner.objects.get(submission=body["joiner"]) if body["joiner"] else None
    _resident(case, lambda: workflow_ratings.rate(case, body["outcome"], service=body["service"], words=body["words"], joiner=joiner))


def supplied(body: dict) -> None:
    case = _case(body["case"])
    photos = _photos(body.get("photos", []), f"supply-{case.pk}-{case.revision}")
    _resident(case, lambda: workflow_limits.supply(case, body["words"], photos=photos))


def withdrawn(body: dict) -> None:
    case = _case(body["case"])
    _resident(case, lambda: workflow_ratings.withdraw(case, body["words"]))


def _resident(case: Case, move) -> None:
    """A resident's move; when it comes too late the public zone hears how things are."""
    try:
        with transaction.atomic(), crossing.taking_in():
            move()
    except MoveRefused as refusal:
        raise MessageRefused(str(refusal), lambda: crossing.tell_as_it_is(case.pk)) from None


def _case(submission: str) -> Case:
    """Raises LookupError: the message waits."""
    case = Case.objects.filter(submission=submission).first()
    if case is None:
        raise LookupError("还没有收到它所说的民情件")
    return case


def _photos(pictures: list[str], submission: uuid.UUID | str) -> tuple[Photo, ...]:
    """Checked and written anew as if they had been sent here."""
    files = [SimpleUploadedFile(f"{number}.jpg", base64.b64decode(picture)) for number, picture in enumerate(pictures, start=1)]
    return tuple(Photo.objects.accept_all(files, by=None, submission=str(submission)))


# --- in the public zone -------------------------------------------------------------------------------------------------------------


def moved(body: dict) -> None:
    """How a case stands, and a line of its history; one that the office entered for somebody is written here first."""
    case = Case.objects.filter(submission=body["submission"]).select_for_update().first() or Case(submission=body["submission"], point=Point(body["lon"], body["lat"], srid=4326))
    for name in departures.SHOWN:
        setattr(case, name, body[name])
    case.submitted_at, case.answered_at, case.paused_at = _moment(body["submitted_at"]), _moment(body["answered_at"]), _moment(body["paused_at"])
    case.due_on = dt.date.fromisoformat(body["due_on"]) if body["due_on"] else None
    for name, model in (("town", AdminArea), ("village", AdminArea), ("category", Category), ("deputy", Deputy), ("organisation", Organisation), ("station", Station)):
        setattr(case, name, _known(model, body[name]))
    for name in ("parent", "merged_into"):
        setattr(case, name, _case(body[name]) if body[name] else None)
    with crossing.taking_in():
        case.save()
        if (line := body["event"]) and not CaseEvent.objects.filter(subject=case, data__origin=line["uuid"]).exists():
            CaseEvent.objects.append(case, line["verb"], at=_moment(line["at"]), **line["data"], origin=line["uuid"])
    photos = _photos(body.get("answer_photos", []), f"answer-{case.pk}-{case.reopened}")
    AnswerPhoto.objects.bulk_create([AnswerPhoto(case=case, photo=photo, round=case.reopened) for photo in photos], ignore_conflicts=True)
    _publish(case, body["published"])


def _known(model, code: str):
    """Raises LookupError: the message waits until the row has come."""
    row = model.objects.filter(code=code).first() if code else None
    if code and row is None:
        raise LookupError(f"公众区还没有{model._meta.verbose_name}“{code}”")
    return row


def _publish(case: Case, said: dict | None) -> None:
    if said is None:
        PublishedAnswer.objects.filter(publication__case=case).delete()
        Publication.objects.filter(case=case).delete()
        return
    editor, _ = User.objects.get_or_create(username=STAND_IN, defaults={"is_active": False, "role": Role.COUNTY_OFFICE, "display_name": "办公区"})
    words = {name: said[name] for name in ("title", "question", "answer")}
    settled = {"state": Publication.State.PUBLISHED, "edited_by": editor, "confirmed_by": editor, "confirmed_at": timezone.now(), "source": ""}
    publication, _ = Publication.objects.update_or_create(case=case, defaults={**words, **settled})
    answer, _ = PublishedAnswer.objects.update_or_create(publication=publication, defaults={
        **words, "category": case.category, "town": case.town, "village": _known(AdminArea, said["village"]), "answered_by": said["answered_by"],
        "asked_on": said["asked_on"], "answered_on": said["answered_on"], "published_at": _moment(said["published_at"]),
    })  # fmt: skip
    photos = _photos(said.get("photos", []), f"published-{publication.pk}")
    answer.photos.exclude(photo__in=photos).delete()
    PublishedPhoto.objects.bulk_create([PublishedPhoto(answer=answer, photo=photo) for photo in photos], ignore_conflicts=True)
    AnswersPage.objects.get_or_create(pk=1, defaults={"is_open": said["open"]})  # from then on it is told by itself


def _moment(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None
