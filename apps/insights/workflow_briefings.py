"""Verbs of briefings: ordered, made in the background, stopped, gone on with. What a briefing says is gathered when it is made."""

import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django import app as jobs

from apps.accounts.models import User
from apps.insights import briefing_content, briefing_files, briefing_outside
from apps.insights.briefing_parts import Content, NotBuilt
from apps.insights.briefings import Briefing, BriefingEvent
from apps.record.notices import Notice
from apps.record.sheets import NoFont
from apps.record.states import MoveRefused
from apps.territory.models import AdminArea
from apps.worktime.periods import Period

STEPS = 3  # gathered, page written, paper written
TASK = "insights.make_briefing"
State = Briefing.State


@dataclass(frozen=True)
class Wanted:
    """What was chosen for a briefing."""

    title: str
    area: AdminArea
    period: Period
    categories: Sequence[str] = ()
    sources: Sequence[int] = ()
    themes: Sequence[int] = ()
    outside: bool = False


@transaction.atomic
def order(user: User, wanted: Wanted) -> Briefing:
    """MoveRefused where it is not the user's place, or where what may leave the house is not public yet."""
    if not user.reaches(wanted.area.code):
        raise MoveRefused("这个区域不在您管辖的范围内。")
    briefing = Briefing(
        title=wanted.title, area=wanted.area, kind=wanted.period.kind, first=wanted.period.first, last=wanted.period.last, categories=list(wanted.categories),
        sources=list(wanted.sources), themes=list(wanted.themes), outside=wanted.outside, total=STEPS, created_by=user,
    )  # fmt: skip
    if wanted.outside:
        briefing_outside.published(briefing)
    briefing.save()
    BriefingEvent.objects.append(briefing, "order", actor=user, outside=wanted.outside)
    jobs.configure_task(TASK).defer(briefing=briefing.pk)
    return briefing


def make(pk: int) -> Briefing:
    """Write both files. Killed in the middle, it is simply run again; stopped, it leaves no file under a briefing's name undone."""
    briefing = _moved_on(pk, 0)
    if briefing is None:
        return Briefing.objects.get(pk=pk)
    try:
        from apps.insights import briefing_page, briefing_paper  # only who makes files loads what draws maps

        content = _gathered(briefing)
        page = briefing_page.write(content) if _moved_on(pk, 1) else b""
        if len(page) > briefing_page.MOST_BYTES:
            raise MoveRefused(f"文件有 {len(page) / 1e6:.1f} MB，超过了 8 MB。请少选几个主题，或换小一些的区域。")
        if not page or not _moved_on(pk, 2):
            return Briefing.objects.get(pk=pk)
        paper = io.BytesIO()
        briefing_paper.write(content, paper)
        briefing_files.keep(pk, "html", page)
        briefing_files.keep(pk, "pdf", paper.getvalue())
    except (MoveRefused, NoFont, NotBuilt) as refusal:
        return _ended(pk, State.FAILED, note=str(refusal))
    except Exception:
        _ended(pk, State.FAILED, note="制作时出了故障，没有做成。请点“重新制作”；仍不行请联系管理员。")
        raise
    return _ended(pk, State.DONE, html_bytes=len(page), pdf_bytes=len(paper.getvalue()))


def _gathered(briefing: Briefing) -> Content:
    return briefing_outside.gather(briefing) if briefing.outside else briefing_content.gather(briefing, timezone.localdate())


@transaction.atomic
def _moved_on(pk: int, done: int) -> Briefing | None:
    """Note how far it is; None when somebody has stopped it, or another worker has finished it."""
    briefing = Briefing.objects.select_for_update(of=("self",)).select_related("area").get(pk=pk)
    if not briefing.at_work:
        return None
    briefing.state, briefing.done = State.RUNNING, done
    briefing.save(update_fields=["state", "done"])
    return briefing


@transaction.atomic
def _ended(pk: int, state: str, note: str = "", **sizes: int) -> Briefing:
    briefing = Briefing.objects.select_for_update(of=("self",)).select_related("created_by").get(pk=pk)
    if not briefing.at_work:
        return briefing
    briefing.state, briefing.note, briefing.finished_at = state, note[:200], timezone.now()
    briefing.done = STEPS if state == State.DONE else briefing.done
    for name, size in sizes.items():
        setattr(briefing, name, size)
    briefing.save()
    BriefingEvent.objects.append(briefing, "done" if state == State.DONE else "fail", note=note, **sizes)
    words = f"简报“{briefing.title}”做好了" if state == State.DONE else f"简报“{briefing.title}”没有做成"
    Notice.objects.tell([briefing.created_by], "insight", words, note, reverse("briefing", args=[pk]), key=f"briefing-{pk}-{state}-{briefing.finished_at:%s}")
    return briefing


@transaction.atomic
def cancel(user: User, pk: int) -> Briefing:
    """Stop it before its next step."""
    briefing = _locked(user, pk)
    if not briefing.at_work:
        raise MoveRefused(f"现在是“{briefing.get_state_display()}”，不用再停止。")
    briefing.state, briefing.finished_at = State.CANCELLED, timezone.now()
    briefing.save()
    BriefingEvent.objects.append(briefing, "cancel", actor=user)
    return briefing


@transaction.atomic
def resume(user: User, pk: int) -> Briefing:
    """Make it after all, as things stand now."""
    briefing = _locked(user, pk)
    if briefing.state not in (State.CANCELLED, State.FAILED):
        raise MoveRefused(f"现在是“{briefing.get_state_display()}”，不能重新制作。要新的数字，请另做一份。")
    briefing.state, briefing.note, briefing.done, briefing.finished_at = State.QUEUED, "", 0, None
    briefing.save()
    BriefingEvent.objects.append(briefing, "resume", actor=user)
    jobs.configure_task(TASK).defer(briefing=briefing.pk)
    return briefing


def clear_old(now: dt.datetime) -> int:
    """Take away the files of briefings that are older than BRIEFINGS_DAYS; what was chosen and what came of it stays. How many those were."""
    there = list(briefing_files.kept())
    old = set(Briefing.objects.filter(pk__in=there, finished_at__lt=now - dt.timedelta(days=settings.BRIEFINGS_DAYS)).values_list("pk", flat=True))
    for pk in old:
        _clear(pk)
    for pk in set(there) - set(Briefing.objects.filter(pk__in=there).values_list("pk", flat=True)):  # of a database that was reset
        briefing_files.clear(pk)
    return len(old)


@transaction.atomic
def _clear(pk: int) -> None:
    briefing = Briefing.objects.select_for_update(of=("self",)).get(pk=pk)
    if not briefing.at_work:  # somebody has it made after all
        BriefingEvent.objects.append(briefing, "clear", actor_label="系统", days=settings.BRIEFINGS_DAYS)
        briefing_files.clear(pk)


def _locked(user: User, pk: int) -> Briefing:
    briefing = Briefing.objects.visible_to(user).select_for_update(of=("self",)).filter(pk=pk).first()
    if briefing is None:
        raise MoveRefused("这份简报不在您管辖的范围内。")
    return briefing
