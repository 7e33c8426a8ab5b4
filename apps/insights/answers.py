"""What /insight/data answers: each part of a question counted from the cube, in the shape that `views_data` documents."""

import base64
import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from apps.accounts.models import User
from apps.cases.models import Case, Category
from apps.hotline.models import Source
from apps.insights import held, rates
from apps.insights.cube import NONE, Cube, Figures
from apps.insights.density import density
from apps.insights.facts import CHANNELS, FIRST_RECORD_SOURCE, RECORD
from apps.insights.filters import SOURCE_PREFIX, STATES, Question
from apps.insights.held import Area, Mask
from apps.territory.county_lattice import county_lattice
from apps.territory.lattice import Lattice

MOST_CELLS = 5000  # of one picture: coarser cells beyond
MOST_HEXES = 4000
MOST_FRAMED = 12_000  # cells of all frames together
MOST_COMPARED = 4000
DENSITY_CELLS = 128  # along the longer side
SIGNIFICANT = 0.05
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
        return cls(user, question, held.current(), county_lattice())

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
            "linked_excluded": int(self.asked(kinds=(RECORD,), counted=False).sum()),
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
        if self.question.by == "region":
            dimension = KEYS[self.question.level]
            return 0 if not dimension else _counted(*self.cube.counts(self.mask, dimension)).get(NONE, 0)
        return int(self.mask.sum()) - self.cube.located(self.mask)

    @cached_property
    def figures(self) -> Figures:
        return self.cube.figures(self.mask, self.question.today)

    @cached_property
    def regions(self) -> list[Area]:
        own = held.areas(self.question.level, self.question.region)
        return [area for area in own if self.user.reaches(area.code)]


def _counted(keys: np.ndarray, many: np.ndarray) -> dict[int, int]:
    return dict(zip(keys.tolist(), many.tolist(), strict=True))


def _share(part: int, whole: int) -> int | None:
    return round(100 * part / whole) if whole else None


def _numbers(values: np.ndarray, digits: int) -> list:
    """As JSON has them: null where there is no number."""
    return [round(value, digits) if math.isfinite(value) else None for value in values.tolist()]


# --- regions -------------------------------------------------------------------------------------------------------------


def regions(answer: Answer, notes: list[str]) -> list[dict]:
    """Every area of the level, those without a voice too; compared: with what the change means."""
    question, areas = answer.question, answer.regions
    now, before = (_by_area(answer, mask) for mask in (answer.mask, answer.mask_before if question.before else None))
    people = np.array([area.population or 0 for area in areas], np.float64)
    low, high = rates.interval(now, people)
    rate = np.where(people > 0, now * rates.PER / np.where(people > 0, people, 1), np.nan)
    rows = [
        {
            "code": area.code, "name": area.name, "parent": area.parent, "count": int(count), "population": area.population,
            "per_1000": per, "low": least, "high": most, **_urls(question, area),
        }
        for area, count, per, least, most in zip(areas, now.tolist(), *(_numbers(each, 3) for each in (rate, low, high)), strict=True)
    ]  # fmt: skip
    if question.before:
        for row, change in zip(rows, changes(before, now, question), strict=True):
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


def changes(before: np.ndarray, now: np.ndarray, question: Question) -> list[dict]:
    """For each count what became of it: the ratio of rates by day with its bounds, p, q over all of them, and the mark of a change that is
    more than chance. Places without a voice in both periods are not tested, and so cost the others nothing."""
    first, last = question.before or (question.first, question.last)
    longer = question.days / ((last - first).days + 1)
    ratio, low, high = rates.ratio(before, now, longer)
    p = np.where(before + now > 0, rates.changed(before, now, longer), np.nan)
    q = rates.false_discoveries(p)
    marks = np.where(q < SIGNIFICANT, np.where(ratio > 1, "more", "less"), "")
    return [
        {"before": earlier, "ratio": r, "ratio_low": least, "ratio_high": most, "p": one, "q": all_, "mark": mark}
        for earlier, r, least, most, one, all_, mark in zip(
            before.tolist(), *(_numbers(each, 2) for each in (ratio, low, high)), *(_numbers(each, 4) for each in (p, q)), marks.tolist(), strict=True
        )
    ]  # fmt: skip


# --- places --------------------------------------------------------------------------------------------------------------


def cells(answer: Answer, notes: list[str]) -> dict:
    size, (col, row, many) = _fitting(answer, notes, MOST_CELLS, lambda blocks: answer.cube.cells(answer.mask, blocks))
    return {**_grid(answer, size), "col": col.tolist(), "row": row.tolist(), "n": many.tolist()}


def _fitting(answer: Answer, notes: list[str], most: int, count: Callable[[int], tuple]) -> tuple[int, tuple]:
    """Metres and cells of the size asked for, or of the next coarser that is no more than `most` cells."""
    size = answer.question.size
    while len((found := count(size // 100))[0]) > most:
        size *= 2
    if size != answer.question.size:
        note = f"范围大，按 {size} 米统计"
        notes += [note] if note not in notes else []
    return size, found


def _grid(answer: Answer, size: int) -> dict:
    lattice = answer.lattice or Lattice(0.0, 0.0)
    blocks = size // 100
    return {
        "size": size,
        "lon0": lattice.lon0,
        "lat0": lattice.lat0,
        "lon_step": lattice.lon_step * blocks,
        "lat_step": lattice.lat_step * blocks,
    }


def hexes(answer: Answer, notes: list[str]) -> dict:
    lattice, size = answer.lattice or Lattice(0.0, 0.0), answer.question.size
    while len((found := answer.cube.hexes(answer.mask, lattice, size))[0]) > MOST_HEXES:
        size *= 2
    if size != answer.question.size:
        notes.append(f"范围大，按 {size} 米的六边形统计")
    q, r, many = found
    lon, lat = lattice.hex_centres(q, r, size)
    corners = lattice.hex_outline([0], [0], size)[0, :6] - [lattice.lon0, lattice.lat0]
    return {
        "size": size,
        "lon": lon.round(5).tolist(),
        "lat": lat.round(5).tolist(),
        "n": many.tolist(),
        "corners": corners.round(7).tolist(),
    }


def surface(answer: Answer, notes: list[str]) -> dict | None:
    """The Gaussian density over all that the user may count, so that the picture stands still while filters change."""
    lattice = answer.lattice
    bounds = answer.cube.bounds(held.scope(answer.cube, answer.user))
    if lattice is None or bounds is None:
        return None
    beyond = 3 * answer.question.size // 100  # so far the surface reaches
    west, south, east, north = (edge + beyond * sign for edge, sign in zip(bounds, (-1, -1, 1, 1), strict=True))
    step = max(east - west, north - south) / DENSITY_CELLS
    columns, rows = math.ceil((east - west) / step), math.ceil((north - south) / step)
    col, row, many = answer.cube.cells(answer.mask)
    metres = lattice.metres
    extent = (west * metres, south * metres, (west + columns * step) * metres, (south + rows * step) * metres)
    x, y = (col + 0.5) * metres, (row + 0.5) * metres
    found = density(x, y, many, extent, (rows, columns), max(float(answer.question.size), step * metres))
    most = float(found.max())
    shades = np.rint(np.sqrt(found.clip(0) / most) * 255) if most > 0 else np.zeros_like(found)
    corners = lattice.degrees([extent[0], extent[2]], [extent[1], extent[3]])
    return {
        "west": corners[0][0], "south": corners[1][0], "east": corners[0][1], "north": corners[1][1], "rows": rows, "cols": columns,
        "most": round(most, 2), "unit": "件/平方公里", "bandwidth": round(max(answer.question.size, step * metres)),
        "data": base64.b64encode(shades[::-1].astype(np.uint8).tobytes()).decode(),
    }  # fmt: skip


def change(answer: Answer, notes: list[str]) -> dict | None:
    """Both periods cell by cell; None where nothing is compared."""
    if not answer.question.before:
        return None
    size, (col, row, _) = _fitting(
        answer, notes, MOST_COMPARED, lambda blocks: answer.cube.cells(answer.mask | answer.mask_before, blocks)
    )
    place = {pair: at for at, pair in enumerate(zip(col.tolist(), row.tolist(), strict=True))}
    counts = []
    for mask in (answer.mask_before, answer.mask):
        counts.append(many := np.zeros(len(col), np.int64))
        for x, y, n in zip(*(each.tolist() for each in answer.cube.cells(mask, size // 100)), strict=True):
            many[place[x, y]] = n
    tested = changes(counts[0], counts[1], answer.question)
    return {
        **_grid(answer, size), "col": col.tolist(), "row": row.tolist(), "now": counts[1].tolist(), "before": counts[0].tolist(),
        "p": [each["p"] for each in tested], "q": [each["q"] for each in tested],
    }  # fmt: skip


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
    size, (frame, col, row, many) = _fitting(
        answer, notes, MOST_FRAMED, lambda blocks: answer.cube.frames(answer.mask, blocks, starts)
    )
    return {
        "step": step, "labels": [_label(start, step) for start in starts], **_grid(answer, size),
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
