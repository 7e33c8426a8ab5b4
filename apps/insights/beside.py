"""What stands beside the map of voices for one question: the steps of time it is played in, the hours of the week, the way to its list."""

import dataclasses
import datetime as dt
import math
from dataclasses import dataclass

import numpy as np

from apps.insights.answers import Answer
from apps.insights.cube import DAY_ZERO
from apps.insights.filters import Question

STEPS = {"month": "逐月", "week": "逐周"}
WEEKS_AT_MOST = 371  # days of a period that may be gone through week by week
WEEKS_OF_THEMSELVES = 100  # days up to which weeks say more than months
SHADES = 5
BAR, HIGH = 10, 60  # the chart's own units


@dataclass(frozen=True)
class Step:
    """A month or a week of the period; first and last day lie inside both. Bars: y and height in the chart's units."""

    key: str
    words: str
    first: dt.date
    last: dt.date
    count: int = 0
    height: float = 0.0
    x: int = 0

    @property
    def y(self) -> float:
        return round(HIGH - self.height, 1)

    def told(self) -> dict:
        return {
            "key": self.key,
            "words": self.words,
            "since": self.first.isoformat(),
            "until": self.last.isoformat(),
            "n": self.count,
        }


def step_of(wanted: str, question: Question) -> str:
    """How the period is gone through: as wanted where that makes a number of steps one can look at."""
    if question.days > WEEKS_AT_MOST:
        return "month"
    return wanted if wanted in STEPS else "week" if question.days <= WEEKS_OF_THEMSELVES else "month"


def empty_steps(question: Question, kind: str) -> list[Step]:
    """Calendar months, or weeks from Monday, cut to the period."""
    found: list[Step] = []
    start = (
        question.first.replace(day=1)
        if kind == "month"
        else question.first - dt.timedelta(days=question.first.weekday())
    )
    while start <= question.last:
        following = (start + dt.timedelta(days=32)).replace(day=1) if kind == "month" else start + dt.timedelta(days=7)
        first, last = max(start, question.first), min(following - dt.timedelta(days=1), question.last)
        key, words = (
            (f"{start:%Y-%m}", f"{start:%Y年%-m月}" + _cut(first, last, start, following))
            if kind == "month"
            else (start.isoformat(), f"{first:%-m月%-d日}—{last:%-m月%-d日}")
        )
        found.append(Step(key, words, first, last))
        start = following
    return found


def _cut(first: dt.date, last: dt.date, start: dt.date, following: dt.date) -> str:
    """Which days of its month a step has, where not all: a month that has only begun is not one of few voices."""
    whole = first == start and last == following - dt.timedelta(days=1)
    return "" if whole else f"（{first.day} 日）" if first == last else f"（{first.day}—{last.day} 日）"


def steps(answer: Answer, kind: str) -> list[Step]:
    """The steps of a question with what came in each."""
    question = answer.question
    daily = answer.cube.days(answer.mask, question.first, question.last)
    empty = empty_steps(question, kind)
    counts = np.add.reduceat(daily, [(step.first - question.first).days for step in empty])
    most = max(1, int(counts.max()))
    return [
        dataclasses.replace(step, count=int(count), height=round(HIGH * int(count) / most, 1), x=BAR * place)
        for place, (step, count) in enumerate(zip(empty, counts, strict=True))
    ]


@dataclass(frozen=True)
class Clock:
    """rows: (weekday 0 Monday, its name, [(hour, count, shade 0–5)]), shade 0: none; limits: the counts of each shade in words."""

    rows: list[tuple[int, str, list[tuple[int, int, int]]]]
    limits: list[tuple[int, str]]
    unknown: int
    busiest: str


def clock(answer: Answer) -> Clock:
    """When voices came in. Equal steps of shade from nothing to the most, so that an hour twice as dark had about twice as many."""
    found = answer.parts(["clock"])["clock"]
    counts = np.array(found["count"])
    most = int(counts.max())
    edges = sorted({math.ceil(most * part / SHADES) for part in range(1, SHADES + 1)}) if most else []
    shade = np.where(counts > 0, 1 + np.searchsorted(edges, counts), 0)
    names = [f"周{day}" for day in "一二三四五六日"]
    rows = [
        (day, name, [(hour, int(counts[day, hour]), int(shade[day, hour])) for hour in range(24)])
        for day, name in enumerate(names)
    ]
    lowest = [1, *(edge + 1 for edge in edges)]
    limits = [
        (place, str(upper) if upper == lower else f"{lower}–{upper}")
        for place, (lower, upper) in enumerate(zip(lowest, edges, strict=False), start=1)
    ]
    day, hour = divmod(int(counts.argmax()), 24)
    busiest = f"{names[day]} {hour} 时最多，{most} 件" if most else ""
    return Clock(rows, limits, found["unknown"], busiest)


def warning(answer: Answer) -> str:
    """What is compared with days of its own, or from which nothing is known yet, is no comparison. Empty where there is nothing to warn of."""
    before, cube = answer.question.before, answer.cube
    if before is None or len(cube) == 0:
        return ""
    if answer.question.overlaps:
        return (
            f"对比时段（{answer.question.before_label}）和所看的时段有重叠的日子：请换一个不重叠的时段，才看得出变化。"
        )
    earliest = DAY_ZERO + dt.timedelta(days=int(cube.columns["day"].min()))
    if before[0] >= earliest:
        return ""
    return f"最早的反映是{earliest:%Y年%-m月%-d日}的，对比时段（{answer.question.before_label}）那时还没有收集完整：变化不能当真。"
