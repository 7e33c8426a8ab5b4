"""LAB. Which themes are told of more than before: counts against their own past, weekday by weekday, season by season, by chance or not.

A theme's last days are held against its own half year before them. Both spans are whole weeks, so that every weekday counts the same; and what is
expected follows how much was told of everything else by the same sources, so that a holiday, a storm's week or a source that has only begun to be read
raises nothing by itself. The test is exact and conditional on both counts together (rates.changed), widened by how unevenly themes come anyway
(voices come in bunches); over all themes and spans the share of false alarms is held (Benjamini and Hochberg). No clock, no random.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from apps.insights.rates import false_discoveries

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SPANS = (7, 28)  # days that may be a rise
PAST = 182  # days before them
SHORTEST_PAST = 56  # days that a source must have been read for
TOGETHER = 5  # voices now and before: fewer cannot tell anything, and are not asked
LEAST_NOW = 5
LEAST_RATIO = 1.5
SURE = 0.05  # share of false alarms
CLUMPED = 1.0, 3.0  # how uneven themes are taken to be in general: variance over mean, between
LIKE_OTHERS = 12.0  # weeks that a theme's own unevenness is weighed against that of others
LOOK_BACK = 84  # days in which a rise may have begun
YEAR = 364  # whole weeks
LAST_YEAR_LEAST = 3


@dataclass(frozen=True, eq=False)
class Rises:
    """One row a theme. span: days of the surest span (0: there was too little to ask); now: voices in it; expected: voices in as many days by its own
    past; p, q; since: the day on which the rise seems to have begun; last_year: voices in the same days a year before, -1 where that is not known;
    seasonal: last year it was no different; called: it rises."""

    span: Ints
    now: Ints
    expected: Floats
    p: Floats
    q: Floats
    since: Ints
    last_year: Ints
    seasonal: NDArray[np.bool_]
    called: NDArray[np.bool_]


def rises(theme: NDArray, source: NDArray, day: NDArray, *, themes: int, last: int) -> Rises:
    """theme, source, day: one row a voice, all voices of the time, theme -1: of none; sources and days are any integers. themes: how many there are.
    last: the last whole day. Voices after it are not looked at."""
    theme, source, day = (np.asarray(values, np.int64) for values in (theme, source, day))
    seen = day <= last
    theme, source, day = theme[seen], source[seen], day[seen]
    tests = [_tested(theme, source, day, themes, last, span) for span in SPANS]
    p = np.stack([test.p for test in tests])
    q = false_discoveries(p)
    p = np.where(np.isnan(p), 1.0, p)
    best = np.argmin(p, axis=0)
    rows = np.arange(themes)

    def of_best(values: list[NDArray]) -> NDArray:
        return np.stack(values)[best, rows]

    now, expected = of_best([test.now for test in tests]), of_best([test.expected for test in tests])
    asked = of_best([test.asked for test in tests])
    q_best = np.where(asked, q[best, rows], 1.0)
    called = asked & (q_best <= SURE) & (now >= LEAST_NOW) & (now >= LEAST_RATIO * expected)
    span = np.where(asked, np.array(SPANS)[best], 0)
    last_year, seasonal = _a_year_before(theme, source, day, last, span)
    since = np.full(themes, last)
    for one in np.flatnonzero(called):
        since[one] = _begun(day[theme == one], day[theme != one], last, expected[one] / span[one])
    return Rises(span, now, expected, p[best, rows], q_best, since, last_year, seasonal & called, called)


@dataclass(frozen=True, eq=False)
class _Test:
    now: Ints
    expected: Floats
    p: Floats  # NaN where nothing was asked
    asked: NDArray[np.bool_]


def _tested(theme: Ints, source: Ints, day: Ints, themes: int, last: int, span: int) -> _Test:
    now, past = np.zeros(themes), np.zeros(themes)
    expected, share = np.zeros(themes), np.zeros(themes)
    weekly = np.zeros((themes, PAST // 7))
    wanted = np.zeros((themes, PAST // 7))
    start = last - span
    for one in np.unique(source):
        own = source == one
        weeks = min(PAST, start - int(day[own].min()) + 1) // 7
        if weeks * 7 < SHORTEST_PAST:
            continue  # nothing to hold it against
        of, on = theme[own], day[own]
        late, early = on > start, (on <= start) & (on > start - weeks * 7)
        own_now, own_past = _counted(of[late], themes), _counted(of[early], themes)
        others_now, others_past = late.sum() - own_now, np.maximum(early.sum() - own_past, 0.5)
        now, past = now + own_now, past + own_past
        expected += own_past * others_now / others_past
        share += (own_now + own_past) * others_now / np.maximum(others_now + others_past, 0.5)
        table = _by_week(of[early], (start - on[early]) // 7, themes)
        weekly += table
        all_weeks = np.bincount((start - on[early]) // 7, minlength=PAST // 7)
        wanted += own_past[:, None] * (all_weeks / max(1, all_weeks.sum()))
    together = now + past
    asked = together >= TOGETHER
    share = np.clip(share / np.maximum(together, 1), 1e-9, 1 - 1e-9)
    clumped = _unevenness(weekly, wanted)
    with np.errstate(invalid="ignore"):
        tail = special.betainc(np.maximum(now, 1e-9) / clumped, past / clumped + 1, share)
    p = np.where(now > 0, tail, 1.0)
    return _Test(now.astype(np.int64), expected, np.where(asked, p, np.nan), asked)


def _counted(of: Ints, themes: int) -> Floats:
    return np.bincount(of[of >= 0], minlength=themes)[:themes].astype(float)


def _by_week(of: Ints, week: Ints, themes: int) -> Floats:
    table = np.zeros((themes, PAST // 7))
    inside = of >= 0
    np.add.at(table, (of[inside], week[inside]), 1.0)
    return table


def _unevenness(weekly: Floats, wanted: Floats) -> Floats:
    """Variance over mean of each theme's weeks, drawn towards what is usual."""
    squares = np.where(wanted > 0, np.square(weekly - wanted) / np.maximum(wanted, 1e-12), 0).sum(axis=1)
    free = np.maximum((wanted > 0).sum(axis=1) - 1, 0)
    enough = (free > 0) & (weekly.sum(axis=1) >= TOGETHER)
    usual = float(np.clip(np.median(squares[enough] / free[enough]), *CLUMPED)) if enough.any() else CLUMPED[0]
    return np.maximum(1.0, np.where(enough, (squares + LIKE_OTHERS * usual) / (free + LIKE_OTHERS), usual))


def _a_year_before(theme: Ints, source: Ints, day: Ints, last: int, span: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """Voices of the same days a year before, and whether as many came then in as many days, a week earlier or later."""
    count = len(span)
    known, seasonal = np.full(count, -1), np.zeros(count, bool)
    begun = {one: day[source == one].min() for one in np.unique(source)}
    old = np.isin(source, [one for one, first in begun.items() if first <= last - YEAR - max(SPANS) - 7])
    for each in SPANS:
        mine = span == each
        inside = old & (day > last - YEAR - each) & (day <= last - YEAR)
        if not old.any():
            continue
        then = _counted(theme[inside], count)
        around = old & (day > last - YEAR - each - 7) & (day <= last - YEAR + 7)
        wide = _counted(theme[around], count)
        present = _counted(theme[old & (day > last - each)], count)
        all_now, all_then = (old & (day > last - each)).sum(), max(1, around.sum())
        share = all_now / (all_now + all_then)
        p = special.betainc(np.maximum(present, 1e-9), wide + 1, share)
        known[mine] = then[mine]
        seasonal[mine] = ((wide >= LAST_YEAR_LEAST) & (p > SURE))[mine]
    return known, seasonal


def _begun(days: Ints, others: Ints, last: int, a_day: float) -> int:
    """The first day of the likeliest run of more than usual that lasts until now. a_day: what is usual."""
    own = np.bincount((last - days)[days > last - LOOK_BACK], minlength=LOOK_BACK)
    rest = np.bincount((last - others)[others > last - LOOK_BACK], minlength=LOOK_BACK).astype(float)
    usual = np.cumsum(max(a_day, 0.02) * (rest / max(rest.mean(), 1e-9) if rest.any() else np.ones(LOOK_BACK)))
    counted = np.cumsum(own)
    with np.errstate(divide="ignore", invalid="ignore"):
        likelier = np.where(counted > usual, counted * np.log(counted / np.maximum(usual, 1e-9)) - (counted - usual), 0)
    likelier[own == 0] = 0  # a rise begins on a day with a voice
    return last - int(np.argmax(likelier))
