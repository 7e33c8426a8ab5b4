"""公开答复: from an answer to words that everybody may read. The machine proposes what to leave out, a person settles and confirms it.

Nothing becomes public but what somebody confirmed, word for word, while looking at the original as it is now.
"""

import hashlib
import re
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Role, User
from apps.accounts.perms import Permission, allowed
from apps.cases.answer_photos import AnswerPhoto
from apps.cases.models import Case, CaseEvent
from apps.cases.publishing import (
    TITLE,
    WORDS,
    AnswersPage,
    AnswersPageEvent,
    Publication,
    PublishedAnswer,
    PublishedPhoto,
)
from apps.cases.redaction import Redaction, redact
from apps.record.messages import OFFICE, Kind, Outgoing, register
from apps.record.states import MoveRefused
from apps.territory.models import LayerVersion

S = Case.State
State = Publication.State
TURNED = "answers.page"  # a message to the other zone
PUBLISHABLE = frozenset({S.ANSWERED, S.CLOSED})
CHANGED = "别人刚刚改过这份公开稿。您写的还在下面，请和左边的原文对一遍后再提交。"


@dataclass(frozen=True)
class Words:
    """What is to stand on the public page. photos: ids of those of the answer's that somebody has looked at and chosen."""

    title: str
    question: str
    answer: str
    show_village: bool = True
    photos: tuple[int, ...] = ()

    def remaining(self) -> list[str]:
        """What in these words still looks like personal data: the characters themselves, once each, in order."""
        found = [
            part[span.start : span.end]
            for part in (self.title, self.question, self.answer)
            for span in redact(part).spans
        ]
        return list(dict.fromkeys(found))


@dataclass(frozen=True, eq=False)
class Proposal:
    """The original with what was found in it, and the words that are proposed."""

    question: Redaction
    answer: Redaction
    words: Words


def proposal(case: Case) -> Proposal:
    """What the machine would leave out. The title is the question's first sentence in which nothing is left out, as far as it fits."""
    question, answer = redact(case.text), redact(case.answer)
    sentences = [sentence.strip("，,、 ") for sentence in re.split(r"[。！!？?；;\n]", question.text)]
    first = next((sentence for sentence in sentences if len(sentence) > 5 and "〔" not in sentence), "")
    title = first if len(first) <= 40 else f"{first[:39]}…"
    return Proposal(question, answer, Words(title[:TITLE], question.text, answer.text))


def photos_of(case: Case) -> list[AnswerPhoto]:
    """Photos that came with the answer as it stands, and with those of the parts that it was put together from."""
    parts = case.parts.filter(reopened=case.reopened).only("reopened", "state")
    return list(AnswerPhoto.objects.of_answers(case, *parts).select_related("case", "photo").only("case__code", "photo"))


def source_of(case: Case) -> str:
    """Tells the question and answer that somebody looked at from others: an answer may be given anew."""
    return hashlib.sha256(f"{case.text}\0{case.answer}".encode()).hexdigest()


def why_not(case: Case, user: User) -> str:
    """Why this user cannot publish this case's answer; empty when he can. The town's office for what the town or a deputy answered."""
    if not allowed(user, Permission.PUBLISH_ANSWERS) or not Case.objects.visible_to(user).filter(pk=case.pk).exists():
        return "您的岗位不能公开这件民情件的答复。"
    if user.role == Role.TOWN_OFFICE and case.level == Case.Level.COUNTY:
        return "县级民情件的答复由县人大常委会工委公开。"
    if case.state not in PUBLISHABLE or not case.answer:
        return "还没有答复，不能公开。"
    return ""


@transaction.atomic
def settle(case: Case, actor: User, words: Words, *, source: str, version: int) -> Publication:
    """Keep the words as they are now, for somebody to go on with or confirm. version: of the draft that was open, 0 where there was none."""
    locked, publication = _locked(case, actor, source, version)
    _write(locked, publication, actor, words)
    publication.save()
    CaseEvent.objects.append(locked, "draft_publication", actor=actor, title=publication.title)
    return publication


@transaction.atomic
def publish(case: Case, actor: User, words: Words, *, source: str, version: int, kept: bool = False) -> Publication:
    """Make these words public. kept: whoever confirms has seen what still looks personal in them, and it may stay (an office's telephone)."""
    locked, publication = _locked(case, actor, source, version)
    remaining = words.remaining()
    if remaining and not kept:
        raise MoveRefused(
            f"这些看上去还是个人信息：{'、'.join(remaining[:8])}。请去掉，或确认可以公开（例如单位的办公电话）。",
            "kept",
        )
    _write(locked, publication, actor, words)
    now = timezone.now()
    publication.state, publication.confirmed_by, publication.confirmed_at = State.PUBLISHED, actor, now
    publication.save()
    answer, _ = PublishedAnswer.objects.update_or_create(publication=publication, defaults={
        "title": publication.title, "question": publication.question, "answer": publication.answer, "category": locked.category, "town": locked.town,
        "village": locked.village if publication.show_village else None, "answered_by": answered_by(locked),
        "asked_on": timezone.localdate(locked.submitted_at), "answered_on": timezone.localdate(locked.answered_at), "published_at": now,
    })  # fmt: skip
    PublishedPhoto.objects.bulk_create([PublishedPhoto(answer=answer, photo_id=pk) for pk in publication.photos])
    CaseEvent.objects.append(locked, "publish_answer", actor=actor, title=publication.title, kept=len(remaining), photos=publication.photos)
    return publication


@transaction.atomic
def withdraw(case: Case, actor: User, reason: str) -> Publication:
    """Take a public answer off the page, saying why. The words stay with the case, as a draft to go on with."""
    if not reason.strip():
        raise MoveRefused("请写明撤回的原因。", "reason")
    if not allowed(actor, Permission.PUBLISH_ANSWERS) or not Case.objects.visible_to(actor).filter(pk=case.pk).exists():
        raise MoveRefused("您的岗位不能撤回这件民情件的公开答复。")
    locked = Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
    if actor.role == Role.TOWN_OFFICE and locked.level == Case.Level.COUNTY:
        raise MoveRefused("县级民情件的公开答复由县人大常委会工委撤回。")
    publication = Publication.objects.filter(case=locked, state=State.PUBLISHED).first()
    if publication is None:
        raise MoveRefused("这件民情件的答复现在没有公开。请刷新页面后再看。")
    _take_off(publication, reason.strip())
    CaseEvent.objects.append(locked, "withdraw_publication", actor=actor, note=publication.reason)
    return publication


def take_off_outdated() -> int:
    """Public answers whose case goes on, or was taken back, come off the page; how many. A resident's own move is made with the rights of
    the public role, which cannot reach them, so a job in the office does it."""
    held = Publication.objects.filter(state=State.PUBLISHED).exclude(case__state__in=PUBLISHABLE)
    return sum(_take_off_if_outdated(pk) for pk in held.values_list("case", flat=True))


@transaction.atomic
def _take_off_if_outdated(pk: int) -> bool:
    case = Case.objects.select_for_update(of=("self",)).get(pk=pk)
    publication = Publication.objects.filter(case=case, state=State.PUBLISHED).first()
    if publication is None or case.state in PUBLISHABLE:
        return False
    _take_off(publication, f"这一件现在是“{case.get_state_display()}”，原来的答复不再公开")
    CaseEvent.objects.append(case, "withdraw_publication", actor_label="系统", note=publication.reason)
    return True


@transaction.atomic
def turn_page(actor: User, *, on: bool, reason: str = "") -> AnswersPage:
    """Show the public page, or hide it with all that is on it."""
    if not allowed(actor, Permission.OPEN_ANSWERS_PAGE):
        raise MoveRefused("公开答复页由县人大常委会工委开通或关闭。")
    AnswersPage.objects.get_or_create(pk=1)
    page = AnswersPage.objects.select_for_update().get(pk=1)
    if page.is_open != on:
        page.is_open = on
        page.save()
        LayerVersion.raise_for("answers")
        Outgoing.objects.post(TURNED, "answers", {"open": on})
        AnswersPageEvent.objects.append(page, "open" if on else "close", actor=actor, note=reason)
    return page


def page_turned(body: dict) -> None:
    """The office has opened the page, or closed it: taken in by the public zone."""
    AnswersPage.objects.update_or_create(pk=1, defaults={"is_open": bool(body["open"])})
    LayerVersion.raise_for("answers")


def register_kind() -> None:
    register(Kind(TURNED, "公开答复页的开关", OFFICE, page_turned))


def answered_by(case: Case) -> str:
    """Who gave the answer, as residents know them."""
    verb = case.events.filter(verb__startswith="answer_").order_by("-pk").values_list("verb", flat=True).first()
    if verb == "answer_as_deputy" and case.deputy:
        return f"{case.deputy}代表"
    if verb == "answer_as_unit" and case.organisation:
        return str(case.organisation)
    if verb == "answer_as_town":
        return f"{case.town}{'人大' if case.town.has_congress else '人大工委'}"
    return "县人大常委会工委" if verb == "answer_as_county" else "有关单位"


def _locked(case: Case, actor: User, source: str, version: int) -> tuple[Case, Publication]:
    """The case as it is now, locked, and its draft; `MoveRefused` unless the actor may settle it and has seen both as they are."""
    locked = (
        Case.objects.select_for_update(of=("self",))
        .select_related("town", "village", "category", "deputy", "organisation")
        .get(pk=case.pk)
    )
    if refusal := why_not(locked, actor):
        raise MoveRefused(refusal)
    publication = Publication.objects.filter(case=locked).first() or Publication(case=locked, version=0)
    if publication.state == State.PUBLISHED:
        raise MoveRefused("这件民情件的答复已经公开。要改请先撤回。")
    if source != source_of(locked):
        raise MoveRefused("答复在您整理的时候变了。您写的还在下面，请和现在的原文对一遍后再提交。")
    if version != publication.version:
        raise MoveRefused(CHANGED)
    return locked, publication


def _write(case: Case, publication: Publication, actor: User, words: Words) -> None:
    for field, text, most in (
        ("title", words.title, TITLE),
        ("question", words.question, WORDS),
        ("answer", words.answer, WORDS),
    ):
        if not text.strip():
            raise MoveRefused("这里不能空着。", field)
        if len(text) > most:
            raise MoveRefused(f"最多 {most} 个字，现在有 {len(text)} 个。", field)
        setattr(publication, field, text.strip())
    if not set(words.photos) <= {each.photo_id for each in photos_of(case)}:
        raise MoveRefused("选中的照片里有不属于这次答复的，请重新选。", "photos")
    publication.photos = sorted(set(words.photos))
    publication.show_village, publication.source, publication.reason = words.show_village, source_of(case), ""
    publication.edited_by, publication.edited_at, publication.state = actor, timezone.now(), State.DRAFT
    publication.version += 1


def _take_off(publication: Publication, reason: str) -> None:
    PublishedAnswer.objects.filter(publication=publication).delete()
    publication.state, publication.reason = State.WITHDRAWN, reason[:300]
    publication.version += 1
    publication.save()
