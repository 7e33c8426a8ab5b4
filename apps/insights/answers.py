"""What /insight/data answers: each part of a question counted from the cube, in the shape that `views_data` documents."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from apps.accounts.models import User
from apps.cases.models import Case, Category
from apps.hotline.models import Source
from apps.insights import held, rates
from apps.insights.answer_places import cells, change, changes, fitting, grid, hexes, numbers, surface
from apps.insights.cube import Cube, Figures
from apps.insights.facts import CHANNELS, FIRST_RECORD_SOURCE, RECORD
from apps.insights.filters import LEVELS, SOURCE_PREFIX, STATES, Question
from apps.insights.held import Area, Mask
from apps.territory.county_lattice import county_lattice
from apps.territory.lattice import Lattice

MOST_FRAMED = 12_000  # cells of all frames together
KEYS = {"county": "", "town": "town", "village": "village", "grid": "grid"}


@dataclass(frozen=True, eq=False)
class Answer:
    """A question of one user on the cube as it is now; each part is counted when it is asked for."""

    user: User
    question: Question
    cube: Cube
    lattice: Lattice | None

    @classmethod
    def to(cls, question: Question, user: User) -> "Answer":
        return cls(user, _seen(question, user), held.current(), county_lattice())

    @cached_property
    def mask(self) -> Mask:
        return self.asked()

    @cached_property
    def mask_before(self) -> Mask:
        return self.asked(before=True)

    @cached_property
    def _wanted(self) -> dict[str, dict]:
        return held.looked_up(self.question)

    def without(self, name: str) -> Mask:
        """The facts in question but for one filter: what its choices are counted among."""
        return self.asked(but=(name,)) if any(self._wanted[name].values()) else self.mask

    def asked(self, **how) -> Mask:
        return held.asked(self.cube, self.user, self.question, wanted=self._wanted, **how)

    def parts(self, names: list[str]) -> dict:
        """The parts of these names (PARTS), and what is always there."""
        notes: list[str] = []
        found = {name: PARTS[name](self, notes) for name in names if name in PARTS}
        return {**self.always(), **found, "notes": notes}

    def always(self) -> dict:
        question = self.question
        return {
            "caption": f"{self.place}；{question.words}",
            "total": int(self.mask.sum()),
            "unlocated": self.unlocated(),
            "clumping": round(self.clumping, 2), "linked_excluded": int(self.asked(kinds=(RECORD,), counted=False).sum()),
            "period": {
                "first": question.first, "last": question.last, "label": question.period_label,
                "before": {"first": question.before[0], "last": question.before[1], "label": question.before_label} if question.before else None,
            },
        }  # fmt: skip

    @property
    def place(self) -> str:
        """What the user sees at most, in words."""
        own = [
            area
            for level in ("county", "town", "village")
            for area in held.areas(level)
            if self.user.reaches(area.code)
        ]
        return own[0].name if own else "管辖范围"

    def unlocated(self) -> int:
        """How many have no place on the map that is asked for."""
        if self.question.by_area:
            return int(self.mask.sum() - _by_area(self, self.mask).sum())
        return int(self.mask.sum()) - self.cube.located(self.mask)

    @cached_property
    def figures(self) -> Figures:
        return self.cube.figures(self.mask, self.question.today)

    @cached_property
    def clumping(self) -> float:
        """How many voices come as one, in both periods."""
        periods = [(self.mask, self.question.first, self.question.last)]
        if self.question.before:
            periods.append((self.mask_before, *self.question.before))
        return held.clumping(self.cube, *periods)

    @cached_property
    def regions(self) -> list[Area]:
        own = held.areas(self.question.level, self.question.region)
        return [area for area in own if self.user.reaches(area.code)]


def _seen(question: Question, user: User) -> Question:
    """At the level that was asked for, or at the next below it of which the user has a map."""
    below = list(LEVELS)[list(LEVELS).index(question.level) :]
    level = next((each for each in below if held.has_map(user, each, question.region)), question.level)
    return question if level == question.level else replace(question, level=level)


def _counted(keys: np.ndarray, many: np.ndarray) -> dict[int, int]:
    return dict(zip(keys.tolist(), many.tolist(), strict=True))


def _share(part: int, whole: int) -> int | None:
    return round(100 * part / whole) if whole else None


# --- regions -------------------------------------------------------------------------------------------------------------


def regions(answer: Answer, notes: list[str]) -> list[dict]:
    """Every area of the level, those without a voice too; compared: with what the change means."""
    question, areas = answer.question, answer.regions
    now, before = (_by_area(answer, mask) for mask in (answer.mask, answer.mask_before if question.before else None))
    people = np.array([area.population or 0 for area in areas], np.float64)
    low, high = rates.interval(now, people, dispersion=answer.clumping)
    rate = np.where(people > 0, now * rates.PER / np.where(people > 0, people, 1), np.nan)
    rows = [
        {
            "code": area.code, "name": area.name, "parent": area.parent, "count": int(count), "population": area.population,
            "per_1000": per, "low": least, "high": most, **_urls(question, area),
        }
        for area, count, per, least, most in zip(areas, now.tolist(), *(numbers(each, 3) for each in (rate, low, high)), strict=True)
    ]  # fmt: skip
    if question.before:
        for row, change in zip(rows, changes(before, now, answer), strict=True):
            row |= change
    return rows


def _by_area(answer: Answer, mask: Mask | None) -> np.ndarray:
    """How many in each of the answer's regions."""
    if mask is None:
        return np.zeros(len(answer.regions), np.int64)
    dimension = KEYS[answer.regions[0].level] if answer.regions else "town"
    if not dimension:  # the county, with what could not be located
        return np.full(len(answer.regions), mask.sum())
    many = _counted(*answer.cube.counts(mask, dimension))
    return np.array([many.get(area.pk, 0) for area in answer.regions], np.int64)


def _urls(question: Question, area: Area) -> dict:
    narrowed = {} if area.level == "county" else {area.level: area.code}
    return {"url": question.cases_url(**narrowed), "records_url": question.records_url(**narrowed)}


# --- time ----------------------------------------------------------------------------------------------------------------


def _steps(first: dt.date, last: dt.date, step: str) -> list[dt.date]:
    """The days that the steps of a period begin on: the first as the period does, the others on Mondays or the first of a month."""
    days = [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
    begins = {"day": lambda day: True, "week": lambda day: day.weekday() == 0, "month": lambda day: day.day == 1}[step]
    return [day for day in days if day == first or begins(day)]


def _label(day: dt.date, step: str) -> str:
    return f"{day:%Y-%m}" if step == "month" else f"{day:%-m月%-d日}" + ("起一周" if step == "week" else "")


def trend(answer: Answer, notes: list[str]) -> dict:
    """By day up to 45 days, by week up to 200, by month beyond; what is compared, over steps of the same lengths."""
    question = answer.question
    step = "day" if question.days <= 45 else "week" if question.days <= 200 else "month"
    starts = _steps(question.first, question.last, step)
    at = [(start - question.first).days for start in starts]
    counted = [np.add.reduceat(answer.cube.days(answer.mask, question.first, question.last), at)]
    if question.before:
        same_length = question.before[0] + dt.timedelta(
            days=question.days - 1
        )  # days of a longer period belong to no step
        counted.append(np.add.reduceat(answer.cube.days(answer.mask_before, question.before[0], same_length), at))
    return {
        "step": step, "labels": [_label(start, step) for start in starts], "first": starts, "count": counted[0].tolist(),
        "before": counted[1].tolist() if question.before else None,
    }  # fmt: skip


def frames(answer: Answer, notes: list[str]) -> dict:
    question = answer.question
    step = "week" if question.days <= 200 else "month"
    starts = _steps(question.first, question.last, step)
    size, (frame, col, row, many) = fitting(
        answer, notes, MOST_FRAMED, lambda blocks: answer.cube.frames(answer.mask, blocks, starts)
    )
    return {
        "step": step, "labels": [_label(start, step) for start in starts], **grid(answer, size),
        "frame": frame.tolist(), "col": col.tolist(), "row": row.tolist(), "n": many.tolist(),
    }  # fmt: skip


def clock(answer: Answer, notes: list[str]) -> dict:
    """By weekday and hour, whatever hours are asked for: the chart shows what they are chosen from."""
    mask = answer.without("hours")
    count = answer.cube.clock(mask)
    return {"count": count.tolist(), "unknown": int(mask.sum() - count.sum())}


# --- what, from where, how it stands ---------------------------------------------------------------------------------------


def categories(answer: Answer, notes: list[str]) -> list[dict]:
    """All three levels, whatever categories are asked for, sums upward; third levels without a voice are left out."""
    many = _counted(*answer.cube.counts(answer.without("category"), "category"))
    rows = list(Category.objects.order_by("order", "pk").values_list("pk", "code", "label", "level", "parent"))
    parents = {pk: parent for pk, *_, parent in rows}
    sums = dict.fromkeys(parents, 0)
    for pk, count in many.items():
        at = pk if pk in parents else None
        while at is not None:
            sums[at] += count
            at = parents[at]
    codes = {pk: code for pk, code, *_ in rows}
    listed = [
        {"code": code, "label": label, "level": level, "parent": codes.get(parent, ""), "count": sums[pk]}
        for pk, code, label, level, parent in rows if level < 3 or sums[pk]
    ]  # fmt: skip
    unsorted = sum(count for pk, count in many.items() if pk not in parents)
    return [*listed, {"code": "", "label": "未分类", "level": 1, "parent": "", "count": unsorted}]


def sources(answer: Answer, notes: list[str]) -> list[dict]:
    """Every channel of cases and every source of records, whatever sources are asked for."""
    many = _counted(*answer.cube.counts(answer.without("source"), "source"))
    rows = [
        {"code": channel, "label": Case.Channel(channel).label, "kind": "case", "count": many.get(at, 0)}
        for at, channel in enumerate(CHANNELS, start=1)
    ]
    return rows + [
        {
            "code": f"{SOURCE_PREFIX}{code}",
            "label": name,
            "kind": "record",
            "count": many.get(FIRST_RECORD_SOURCE + pk, 0),
        }
        for pk, code, name in Source.objects.order_by("kind", "code").values_list("pk", "code", "name")
    ]


def states(answer: Answer, notes: list[str]) -> list[dict]:
    some = answer.without("state")
    return [
        {
            "code": code,
            "label": label,
            "count": int((some & answer.cube.where(**held.state_filter(code, answer.question))).sum()),
        }
        for code, label in STATES.items()
    ]


def figures(answer: Answer, notes: list[str]) -> dict:
    """How those in question stand, with shares and what they are shares of."""
    found = answer.figures
    content = found.satisfied + found.fairly
    return {
        "total": found.total, "open": found.open, "late_open": found.late_open, "due": found.due, "in_time": found.in_time,
        "in_time_share": _share(found.in_time, found.due), "rated": found.rated, "satisfied": content, "content_share": _share(content, found.rated),
        "again": found.again, "told_for": found.told_for, "elder": found.elder, "elder_known": found.elder_known,
    }  # fmt: skip


PARTS: dict[str, Callable[[Answer, list[str]], object]] = {
    "figures": figures, "regions": regions, "cells": cells, "hexes": hexes, "density": surface, "change": change, "trend": trend, "frames": frames,
    "clock": clock, "categories": categories, "sources": sources, "states": states,
}  # fmt: skip


def answer_to(question: Question, user: User, parts: list[str]) -> dict:
    """The parts of these names for this user, in the shape that `views_data` documents."""
    return Answer.to(question, user).parts(parts)
