"""Verbs of the turnover: compare a draft of districts, settle its seats, publish it, take it back. Each is one transaction with its
event row; comparing is long and done by a job."""

import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator
from itertools import islice

from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app as jobs

from apps.accounts.models import Role, User
from apps.matching.rehoming import hand_turns_on
from apps.matching.turnover import fingerprint, weigh
from apps.record.staging import copy_in
from apps.record.states import Move, MoveRefused, StateTable
from apps.territory.models import LayerVersion
from apps.territory.terms import DistrictChange, Term, TermEvent, TurnoverReview

State, Review = Term.State, TurnoverReview.State
OFFICE = frozenset({Role.COUNTY_OFFICE})
ROWS_A_COPY = 20_000
TRIES = 3  # data that change while they are read are read again

STATES = StateTable(
    dict(State.choices),
    [
        Move("settle", "登记核定名额", frozenset({State.DRAFT}), State.DRAFT, OFFICE),
        Move("publish", "公布", frozenset({State.DRAFT}), State.PUBLISHED, OFFICE),
        Move("take_back", "撤回公布", frozenset({State.PUBLISHED}), State.DRAFT, OFFICE),
    ],
)


@transaction.atomic
def compare(user: User | None, term_id: int, base_id: int | None = None) -> TurnoverReview:
    """Ask for a draft to be held against another set: the term before it, or another draft. The job begins with the transaction's end."""
    term = Term.objects.select_for_update().get(pk=term_id)
    base = Term.objects.get(pk=base_id) if base_id else term.before()
    if base is not None and (base.pk == term.pk or base.congress_id != term.congress_id):
        raise MoveRefused("只能与同一个人民代表大会的另一个草案或上一届比对。")
    waiting = TurnoverReview.objects.waiting().filter(term=term, base=base).first()
    if waiting:
        return waiting
    review = TurnoverReview.objects.create(term=term, base=base, requested_by=user)
    jobs.configure_task("matching.review_turnover").defer(review=review.pk)  # by name: the task leans on this module
    return review


def compute(review_id: int) -> TurnoverReview:
    """Carry a review out and store it. Safe to run twice: one that is done already is left alone."""

    def say(percent: int, note: str) -> None:
        TurnoverReview.objects.waiting().filter(pk=review_id).update(state=Review.RUNNING, progress=percent, progress_note=note)

    review = TurnoverReview.objects.select_related("term__congress", "base__congress").get(pk=review_id)
    if review.state not in (Review.QUEUED, Review.RUNNING):
        return review
    try:
        for _ in range(TRIES):
            before = fingerprint(review)
            result, changes = weigh(review, say)
            if fingerprint(review) == before:
                say(90, "保存结果")
                return _store(review_id, before, result, changes)
        raise ValueError("数据正在导入，请等导入结束后再比对。")
    except ValueError as refusal:  # data that contradict themselves: say so instead of trying for ever
        return _fail(review_id, str(refusal))


@transaction.atomic
def _store(review_id: int, before: str, result: dict, changes: Iterator[tuple[int, int | None, int | None]]) -> TurnoverReview:
    review = TurnoverReview.objects.select_for_update().get(pk=review_id)
    if review.state not in (Review.QUEUED, Review.RUNNING):
        return review
    TurnoverReview.objects.filter(term=review.term_id, base=review.base_id, pk__lt=review_id).delete()  # only the latest is looked at
    _copy(review_id, changes)
    review.state, review.progress, review.progress_note = Review.DONE, 100, ""
    review.fingerprint, review.result, review.finished_at = before, result, timezone.now()
    review.save()
    return review


def _copy(review_id: int, changes: Iterable[tuple[int, int | None, int | None]]) -> None:
    rows = iter(changes)
    while block := list(islice(rows, ROWS_A_COPY)):
        lines = io.StringIO()
        csv.writer(lines).writerows((review_id, *row) for row in block)
        copy_in(DistrictChange._meta.db_table, ("review_id", "doorplate_id", "old_id", "new_id"), lines.getvalue())


@transaction.atomic
def _fail(review_id: int, why: str) -> TurnoverReview:
    review = TurnoverReview.objects.select_for_update().get(pk=review_id)
    if review.state in (Review.QUEUED, Review.RUNNING):
        review.state, review.progress_note, review.finished_at = Review.FAILED, why[:200], timezone.now()
        review.save()
    return review


def latest(term: Term, base: Term | None) -> TurnoverReview | None:
    """The newest review of the pair that did not fail to be asked for; its base is set, so that nothing is read twice."""
    review = TurnoverReview.objects.filter(term=term, base=base).select_related("requested_by").first()
    if review:
        review.term, review.base = term, base
    return review


@transaction.atomic
def settle_seats(user: User, term_id: int, seats: int | None) -> Term:
    """The number of seats that the congress above has determined (选举法 第十三条); every draft is held to it."""
    term = Term.objects.select_for_update().get(pk=term_id)
    STATES.check("settle", term.state, user.role)
    was, term.seats = term.seats, seats
    term.save(update_fields=["seats"])
    TermEvent.objects.append(term, "settle", actor=user, was=was, now=seats)
    return term


@transaction.atomic
def publish(user: User, term_id: int, approval: str, approved_on: dt.date | None) -> Term:
    """Make a draft the term that follows: in force from the day on which it begins, when the term before ends.

    Cases and mandates keep the districts they have; codes on doors lead to places, not to districts, and go on working. Turns of
    duty of those who leave go to those who come. Other drafts of the term are set aside. Raises MoveRefused with all reasons.
    """
    term = Term.objects.select_related("congress").get(pk=term_id)
    terms = {one.pk: one for one in Term.objects.select_for_update().filter(congress=term.congress_id).order_by("pk")}
    term, congress = terms[term_id], term.congress
    term.congress = congress
    move = STATES.check("publish", term.state, user.role)
    approval = approval.strip()
    if not approval or approved_on is None or approved_on > timezone.localdate():
        raise MoveRefused("请写明批准机关、文号和批准日期（不晚于今天），例如“县选举委员会公告第3号”。")
    LayerVersion.objects.select_for_update().get_or_create(layer="doorplate")  # an import that ends meanwhile waits for us
    _demand_sound(term)
    before = term.before()
    _end_before(user, before, term)
    aside = [other for other in terms.values() if other.pk != term_id and other.number == term.number and other.state == State.DRAFT]
    for other in aside:
        other.state = State.SET_ASIDE
        other.save(update_fields=["state"])
        TermEvent.objects.append(other, "set_aside", actor=user, note=f"已公布{term.label}")
    plan = term.plan
    term.state, term.plan, term.approval, term.approved_on, term.published_at = move.target, "", approval, approved_on, timezone.now()
    term.save()
    handed = hand_turns_on(user, term, before)
    TermEvent.objects.append(
        term, "publish", actor=user, note=approval, approved_on=approved_on.isoformat(), plan=plan, starts=term.starts.isoformat(),
        districts=term.districts.count(), turns=handed, fingerprint=term.fingerprint(),
        aside=[other.pk for other in aside],
    )  # fmt: skip
    LayerVersion.raise_for("district", "deputy")
    return term


@transaction.atomic
def hand_on(user: User, term_id: int) -> int:
    """The turns of duty of those who leave go to those who come, when these were entered after publishing; how many."""
    term = Term.objects.select_for_update(of=("self",)).select_related("congress").get(pk=term_id)
    if term.state != State.PUBLISHED:
        raise MoveRefused("公布以后才能交接值班。")
    handed = hand_turns_on(user, term, term.before())
    if not handed:
        raise MoveRefused("没有要交接的值班：还没有登记新一届代表，或没有空出的班。")
    TermEvent.objects.append(term, "hand_on", actor=user, turns=handed)
    return handed


def _demand_sound(term: Term) -> None:
    review = latest(term, term.before())
    if review is None or review.state != Review.DONE:
        raise MoveRefused("请先与上一届比对，看过结果再公布。")
    if fingerprint(review) != review.fingerprint:
        raise MoveRefused("比对之后选区或门牌有变化，请重新比对（几秒钟）再公布。")
    stops = [check["title"] for check in review.result["checks"] if check["level"] == "stop"]
    if stops:
        raise MoveRefused(f"还不能公布：{'；'.join(stops)}。")


def _end_before(user: User, before: Term | None, term: Term) -> None:
    """One term follows the other without a gap: 每届任期从本届第一次会议开始，到下届第一次会议为止."""
    if before is not None and before.ends != term.starts:
        was, before.ends = before.ends, term.starts
        before.save(update_fields=["ends"])
        TermEvent.objects.append(before, "end", actor=user, note=f"{term.label}公布", was=was.isoformat(), now=term.starts.isoformat())


@transaction.atomic
def take_back(user: User, term_id: int, reason: str) -> Term:
    """Make a published term a draft again, as long as it has not begun: nobody has been led by it yet. Turns handed on stay so.

    It has its plan's name again, by which a corrected file finds it, and the drafts that it set aside are drafts again.
    """
    term = Term.objects.select_related("congress").get(pk=term_id)
    terms = {one.pk: one for one in Term.objects.select_for_update().filter(congress=term.congress_id).order_by("pk")}
    congress, term = term.congress, terms[term_id]
    term.congress = congress
    move = STATES.check("take_back", term.state, user.role)
    if term.published_at is None or term.starts <= timezone.localdate():
        raise MoveRefused("这一届已经开始，不能撤回。要更正个别选区，请导入更正后的文件。")
    if not reason.strip():
        raise MoveRefused("请写明撤回的理由。")
    before = term.before()
    if before is not None and (ended := before.events.filter(verb="end").order_by("-pk").first()):
        before.ends = dt.date.fromisoformat(ended.data["was"])
        before.save(update_fields=["ends"])
        TermEvent.objects.append(before, "end", actor=user, note=f"{term.label}撤回公布", was=ended.data["now"], now=ended.data["was"])
    told = term.events.filter(verb="publish").order_by("-pk").first().data
    term.state, term.published_at, term.plan = move.target, None, told.get("plan", "")
    term.save(update_fields=["state", "published_at", "plan"])
    TermEvent.objects.append(term, "take_back", actor=user, note=reason.strip())
    for other in (terms[pk] for pk in told.get("aside", ()) if pk in terms and terms[pk].state == State.SET_ASIDE):
        other.state = State.DRAFT
        other.save(update_fields=["state"])
        TermEvent.objects.append(other, "reopen", actor=user, note=f"{term.label}撤回公布")
    LayerVersion.raise_for("district", "deputy")
    return term
