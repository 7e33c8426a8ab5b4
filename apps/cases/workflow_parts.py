"""One case made several (拆分) and several made one (合并). The reporter keeps one page: the whole with its parts, or the case it goes on in."""

import datetime as dt
import uuid
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.cases import clocks, told
from apps.cases.models import Case
from apps.cases.moves import MOVES, OPEN, S, locked_for, moved, record, said
from apps.record.states import MoveRefused

MOST_PARTS = 9
LONGEST_CODE = 30
PINNED = (
    "category", "subcategory", "category_source", "channel", "entered_by", "place", "point", "doorplate", "town", "village", "grid", "county_district", "township_district", "state", "level",
    "deputy", "deputy_reason", "station", "accuracy_m", "datum", "scanned", "hide_name", "submitted_at", "dispatched_at", "reopened",
)  # fmt: skip


@transaction.atomic
def split(case: Case, actor: User, texts: Sequence[str], note: str = "", *, revision: int | None = None) -> list[Case]:
    """Several matters in one report, each made a case of its own with whoever has it now; the parts. The whole is answered when all are."""
    texts = [text.strip() for text in texts if text.strip()]
    if not 2 <= len(texts) <= MOST_PARTS:
        raise MoveRefused(f"请写下 2 到 {MOST_PARTS} 件事，一件一段。", "parts")
    texts = [said(text, "", field="parts") for text in texts]
    locked = locked_for(case, "split", actor, revision)
    now, taken = timezone.now(), locked.parts.count()
    parts = []
    for number, text in enumerate(texts, start=taken + 1):
        part = _part(locked, text, number)
        parts.append(part)
        part.save(force_insert=True)
        clocks.begin(part, now, planned=clocks.plan(part, now))
        part.save(update_fields=["due_on"])
        told.of(record(part, "split_off", actor, "", now, whole=locked.code), part)
    moved(locked, "split", actor, note.strip(), now, parts=[part.code for part in parts])
    return parts


@transaction.atomic
def merge(case: Case, actor: User, into: Case, note: str = "", *, revision: int | None = None) -> Case:
    """The same matter reported twice goes on in the other case; this one's reporter follows it there with the code he has.

    What is the same as a part goes on in the whole: parts are how it is handled, and its residents are answered when all of them are.
    """
    goal = into.parent_id or into.pk
    both = Case.objects.select_for_update(of=("self",)).filter(pk__in=[case.pk, goal]).order_by("pk").only("state")  # always in one order
    if any(each.pk == case.pk and each.state == S.SPLIT for each in both):
        raise MoveRefused("这一件已经拆分办理，不能并入别的。请反过来：打开另一件，把它并入这一件。")
    locked = locked_for(case, "merge", actor, revision)
    main = Case.objects.select_related("town", "deputy", "organisation", "category").get(pk=goal)
    seen = Case.objects.visible_to(actor).filter(pk=into.pk).exists()
    if not seen or main.pk == locked.pk or main.state not in MOVES.moves["take_in"].sources:
        raise MoveRefused("只能并入您看得到的、还在办的另一件，请重新选。", "into")
    now = timezone.now()
    followers = list(locked.merged.select_for_update(of=("self",)).order_by("pk"))
    for other in followers:  # what was merged into this one follows it
        other.merged_into = main
        other.save(update_fields=["merged_into"])
        record(other, "merge_on", actor, "", now, into=main.code)
    locked.merged_into = main
    done = moved(locked, "merge", actor, note.strip(), now, into=main.code)
    close_parts(done, now)  # of an earlier round: they were answered, and nobody will rate them here any more
    moved(main, "take_in", actor, note.strip(), now, step=False, other=done.code)
    parts = main.parts.filter(state__in=OPEN).select_related("town", "deputy", "organisation", "category").order_by("pk")
    for part in parts.filter(pk=into.pk) if into.parent_id else parts:
        told.tell(part, told.holders(part), "另一件相同的民情件并入这一件所在的整件", note.strip(), but=actor.pk)
    for each in (done, *followers):
        told.residents(each, told.What.MERGED, f"与另一件相同的一并办理，{told.goes_on(main)}。用原来的查询码可以看进度。")
    return done


def look_at_whole(part: Case, now: dt.datetime) -> None:
    """A part has been answered or left the loop: when all have, the whole is answered with what they say. In the part's transaction."""
    whole = Case.objects.select_for_update(of=("self",)).select_related("town", "deputy", "organisation", "category").get(pk=part.parent_id)
    parts = list(whole.parts.order_by("pk"))
    # A whole that was split again after a reopening has older parts as well: they are done, and only the newest round is told.
    newest = [each for each in parts if each.reopened == whole.reopened]
    if whole.state != S.SPLIT or any(each.state in OPEN for each in parts):
        return
    whole.answer = "\n".join(f"{number}. {each.answer}" for number, each in enumerate(newest, start=1) if each.answer)
    whole.answered_at, whole.answered_late = now, any(each.answered_late for each in newest)
    done = moved(whole, "answer_parts", None, whole.answer, now, label=told.CLOCK, late=whole.answered_late)
    told.answered(done)


def close_parts(whole: Case, now: dt.datetime) -> None:
    """The whole is closed, and its answered parts with it. In the whole's transaction, with a resident's rights."""
    for part in whole.parts.filter(state=S.ANSWERED).as_followed().order_by("pk"):
        part.state, part.revision = S.CLOSED, part.revision + 1
        part.save(update_fields=["state", "revision"])
        record(part, "close_with_whole", None, "", now, label=told.CLOCK)


def _part(whole: Case, text: str, number: int) -> Case:
    values = {column: getattr(whole, column) for column in (Case._meta.get_field(name).attname for name in PINNED)}
    code = f"{whole.code[: LONGEST_CODE - 3]}-{number}"
    if Case.objects.filter(code=code).exists():  # another system's number may look like this
        return Case(**values, text=text, parent=whole, submission=uuid.uuid4())
    return Case(**values, text=text, parent=whole, code=code, submission=uuid.uuid4())
