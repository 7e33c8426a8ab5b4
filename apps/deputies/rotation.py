"""Filling a month by a rule: who comes next, on which days, and for how long. Plain dates and lists, nothing of the database."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

One = TypeVar("One")

DAYS = {"reception": "只排接待日", "working": "每个工作日", "daily": "每一天"}
PACES = {"day": "每次换人", "week": "一人值一周"}
MOST = 3  # who answers, and two who take over


@dataclass(frozen=True)
class Rule:
    """days: which days are filled. pace: whether the next comes up on each of them or on each Monday. a_day: how many each day."""

    days: Literal["reception", "working", "daily"] = "reception"
    pace: Literal["day", "week"] = "day"
    a_day: int = 2

    @classmethod
    def read(cls, said: dict) -> "Rule":
        """From a form or from a stored rule; what it does not say, or says wrongly, is the default."""
        days, pace, a_day = (str(said.get(name, "")) for name in ("days", "pace", "a_day"))
        return cls(
            days if days in DAYS else cls.days,  # type: ignore[arg-type]
            pace if pace in PACES else cls.pace,  # type: ignore[arg-type]
            int(a_day) if a_day in ("1", "2", "3") else cls.a_day,
        )


def month_days(month: dt.date) -> list[dt.date]:
    """All days of the month that the date lies in."""
    first = month.replace(day=1)
    return [first + dt.timedelta(days=step) for step in range(31) if (first + dt.timedelta(days=step)).month == first.month]


def filled(days: Sequence[dt.date], members: Sequence[One], rule: Rule, begin: int = 0, away: Callable[[One, dt.date], bool] | None = None) -> dict[dt.date, list[One]]:
    """Who answers on each of the days, and who takes over: the member whose turn comes next stands in for the one before.

    members: in the order in which their turns come; `begin` the index of the first. away: who cannot come on a day is passed over.
    """
    turns: dict[dt.date, list[One]] = {}
    step, week = begin - 1, None
    for day in sorted(days):
        if rule.pace == "day" or day.isocalendar()[:2] != week:
            step, week = step + 1, day.isocalendar()[:2]
        ring = [members[(step + k) % len(members)] for k in range(len(members))]
        turns[day] = [member for member in ring if not (away and away(member, day))][: rule.a_day]
    return turns


def following(members: Sequence[One], last: One | None) -> int:
    """The index at which a new month goes on after whoever answered last."""
    return (members.index(last) + 1) % len(members) if last in members else 0
