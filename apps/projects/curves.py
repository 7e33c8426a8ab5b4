"""Plans as curves: percent wanted by the end of a month, straight between two points, without points from start to end. No database."""

import datetime as dt
import math
from collections.abc import Iterable

Points = Iterable[tuple[dt.date, float]]


def month_start(day: dt.date, shift: int = 0) -> dt.date:
    """The first of the month, or of one so many months later."""
    index = day.year * 12 + day.month - 1 + shift
    return dt.date(index // 12, index % 12 + 1, 1)


def month_end(month: dt.date) -> dt.date:
    return month_start(month, 1) - dt.timedelta(days=1)


def planned(starts: dt.date, ends: dt.date, points: Points, on: dt.date) -> float:
    """Percent wanted on a day; `points` are (first of month, percent). Those at or outside the two ends do not count.

    The same arithmetic as the database's `projects_planned`, to which a test holds it.
    """
    if on <= starts:
        return 0.0
    if on >= ends:
        return 100.0
    inner = sorted((month_end(month), percent) for month, percent in points if starts < month_end(month) < ends)
    known = [(starts, 0.0), *inner, (ends, 100.0)]
    before = max(point for point in known if point[0] <= on)
    after = min(point for point in known if point[0] > on)
    return before[1] + (after[1] - before[1]) * (on - before[0]).days / (after[0] - before[0]).days


def months_between(starts: dt.date, ends: dt.date) -> list[dt.date]:
    """The months whose last day lies between the two, each as its first day: where a plan may have points."""
    found, month = [], month_start(starts)
    while month_end(month) < ends:
        if month_end(month) > starts:
            found.append(month)
        month = month_start(month, 1)
    return found


def s_shaped(starts: dt.date, ends: dt.date) -> list[tuple[dt.date, float]]:
    """Slow at both ends, quickest in the middle, as building goes: half a cosine."""
    days = (ends - starts).days
    return [(month, round(50 - 50 * math.cos(math.pi * (month_end(month) - starts).days / days), 1)) for month in months_between(starts, ends)]
