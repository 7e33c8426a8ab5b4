"""What is thought of what was done: two parts by the reporter, the unit's handling by the deputy; and what follows from it.

Unsatisfied leads back to who answered, the second time to the county's office; after that the reporter is told the way on. No answer
is not satisfaction: when the time for it is over the case is closed as unrated. A resident's moves are made with the public role's
rights: they read and write no more than it may.
"""

import datetime as dt

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.cases import clocks, told
from apps.cases.clocks import Clock
from apps.cases.models import Case, CaseEvent, Joiner, Rating
from apps.cases.moves import MOVES, PUBLIC_STEP, S, has_town, locked_for, moved, said
from apps.cases.workflow_parts import close_parts, look_at_whole
from apps.deputies.models import Deputy
from apps.record.states import MoveRefused

MOST_ROUNDS = 2  # reopened so often, then the reporter is told the way on
LONGEST_WORDS = 300
BACK = {"answer_as_deputy": S.WITH_DEPUTY, "answer_as_town": S.WITH_TOWN, "answer_as_county": S.WITH_COUNTY, "answer_as_unit": S.WITH_UNIT}
Score, By, Part = Rating.Score, Rating.By, Rating.Part


@transaction.atomic
def rate(case: Case, outcome: str, *, service: str = "", words: str = "", joiner: Joiner | None = None) -> Case:
    """The reporter's view, or a joiner's: of the outcome, and of the deputy's service if he says it. Once in each round.

    case: the one behind his code; one that was merged is rated for the case it goes on in. The reporter's view closes the case, or
    reopens it when he is not satisfied; a joiner's is counted. The case as it is then.
    """
    if outcome not in Score.values or (service and service not in Score.values):
        raise MoveRefused("请在满意、基本满意、不满意中选一项。", "outcome" if outcome not in Score.values else "service")
    words = words.strip()
    if len(words) > LONGEST_WORDS:
        raise MoveRefused(f"最多 {LONGEST_WORDS} 个字，现在有 {len(words)} 个，请精简后再提交。", "words")
    main = locked_by_resident(case.main())
    MOVES.check("rate", main.state, None)
    if main.parent_id is not None:
        raise MoveRefused("请在整件的进度页上评价。")
    by = By.JOINER if joiner else By.REPORTER
    if Rating.objects.filter(case=case.pk, by=by, joiner=joiner, part=Part.OUTCOME, round=main.reopened).exists():
        raise MoveRefused("这件事已经评价过了，谢谢您。")
    now = timezone.now()
    views = {Part.OUTCOME: outcome, **({Part.SERVICE: service} if service else {})}
    Rating.objects.bulk_create(
        Rating(case_id=case.pk, by=by, joiner=joiner, part=part, score=score, words=words if part == Part.OUTCOME else "", round=main.reopened, at=now)
        for part, score in views.items()
    )
    again = outcome == Score.UNSATISFIED and joiner is None and main.reopened < MOST_ROUNDS
    own = joiner is None and main.pk == case.pk
    if own:
        main.unrated = False
        clocks.meet(main, Clock.Kind.RATE, now)
    main = moved(
        main, "rate", None, words, now, step=own and not again and main.state == S.ANSWERED, label=told.JOINER if joiner else told.REPORTER,
        columns=PUBLIC_STEP, by=by.value, score=outcome, service=service, words=Score(outcome).label, **({} if case.pk == main.pk else {"of": case.code}),
    )  # fmt: skip
    if again:
        return _reopen(main, words, now)
    if main.state == S.CLOSED:
        close_parts(main, now)
    return main


@transaction.atomic
def rate_handling(case: Case, actor: User, score: str, words: str = "", *, revision: int | None = None) -> Case:
    """The deputy who took it in says what he thinks of the unit's handling; once in each round."""
    if score not in Score.values:
        raise MoveRefused("请在满意、基本满意、不满意中选一项。", "score")
    words = words.strip()
    if len(words) > LONGEST_WORDS:
        raise MoveRefused(f"最多 {LONGEST_WORDS} 个字，现在有 {len(words)} 个，请精简后再提交。", "words")
    locked = locked_for(case, "rate_handling", actor, revision)
    Rating.objects.create(case=locked, by=By.DEPUTY, part=Part.HANDLING, score=score, words=words, round=locked.reopened)
    told.tell(locked, told.unit(locked, locked.organisation), f"代表评价了您单位的办理：{Score(score).label}", words, but=actor.pk)
    return moved(locked, "rate_handling", actor, words, step=False, score=score, unit=str(locked.organisation))


@transaction.atomic
def withdraw(case: Case, reason: str = "") -> Case:
    """The reporter takes it back, while nobody else has joined him."""
    locked = locked_by_resident(case)
    MOVES.check("withdraw", locked.state, None)
    if Joiner.objects.filter(case=locked.pk).exists() or Case.objects.filter(merged_into=locked.pk).exists():
        raise MoveRefused("还有别的人反映了同一个问题，这件事会继续办理，不能撤回。您不用再做什么。")
    if locked.parent_id is not None:
        raise MoveRefused("请在整件的进度页上办理。")
    reason = reason.strip()
    if len(reason) > LONGEST_WORDS:
        raise MoveRefused(f"最多 {LONGEST_WORDS} 个字，现在有 {len(reason)} 个，请精简后再提交。", "words")
    return moved(locked, "withdraw", None, reason, label=told.REPORTER, columns=PUBLIC_STEP)


@transaction.atomic
def turn_away(case: Case, actor: User, reason: str, *, revision: int | None = None) -> Case:
    """Not taken: it is led elsewhere, or is none of ours. The reporter reads the reason."""
    reason = said(reason, "请写明不予受理的理由和该找谁，反映人会看到。")
    locked = locked_for(case, "turn_away", actor, revision)
    locked.answer = reason
    now = timezone.now()
    done = moved(locked, "turn_away", actor, reason, now)
    told.residents(done, told.What.CLOSED, f"没有受理：{reason}")
    if done.parent_id is not None:
        look_at_whole(done, now)
    return done


@transaction.atomic
def close_unrated(case: Case) -> Case | None:
    """The time for a rating is over: closed without one. None when it has been rated or reopened meanwhile."""
    locked = Case.objects.select_for_update(of=("self",)).select_related("town", "deputy", "organisation", "category").get(pk=case.pk)
    due = Clock.objects.unrated(timezone.localdate()).filter(case=locked)
    if locked.state != S.ANSWERED or not due.exists():
        return None
    now = timezone.now()
    locked.unrated = True
    done = moved(locked, "close_unrated", None, "", now, label=told.CLOCK)
    close_parts(done, now)
    told.residents(done, told.What.CLOSED, "已经办结。如果还没有解决，凭查询码仍可评价，会重新办理。")
    return done


def close_all_unrated() -> int:
    """Every case whose time for a rating is over, each in a transaction of its own; how many were closed."""
    waiting = Case.objects.filter(pk__in=Clock.objects.unrated(timezone.localdate()).values("case"), state=S.ANSWERED).order_by("pk")
    return sum(close_unrated(case) is not None for case in waiting.only("pk").iterator(chunk_size=500))


def locked_by_resident(case: Case) -> Case:
    """The case, locked, with no more than the public role may read."""
    return Case.objects.as_followed().select_for_update(of=("self",)).get(pk=case.pk)


def _reopen(main: Case, words: str, now: dt.datetime) -> Case:
    main.reopened += 1
    state = _back_to(main) if main.reopened < MOST_ROUNDS else S.WITH_COUNTY
    if state == S.WITH_COUNTY:
        main.level = Case.Level.COUNTY
    main.unrated = False
    done = moved(main, "reopen", None, words, now, state=state, label=told.REPORTER, columns=PUBLIC_STEP, times=main.reopened)
    told.residents(done, told.What.REOPENED, f"重新办理，现由{done.holder()}办理。")
    return done


def _back_to(case: Case) -> str:
    """Who answered it, if he still can; the office in his stead."""
    office = S.WITH_TOWN if has_town(case.town) else S.WITH_COUNTY
    last = CaseEvent.objects.filter(subject=case.pk, verb__startswith="answer_").order_by("-pk").values_list("verb", flat=True).first()
    if last == "answer_parts":
        split = CaseEvent.objects.filter(subject=case.pk, verb="split").order_by("-pk").values_list("data", flat=True).first()
        return split["from_state"] if split else office
    state = BACK.get(last or "", office)
    if state == S.WITH_DEPUTY and not Deputy.objects.serving_on(timezone.localdate()).filter(pk=case.deputy_id).exists():
        return office
    if state == S.WITH_UNIT and (case.organisation is None or case.organisation.closed_on is not None):
        return S.WITH_DISPATCHER
    return state
