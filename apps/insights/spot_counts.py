"""Complaints counted for hot spots: by cell of 500 m, category of the first level, and step of 30 days.

One matter told at one place within a week counts once, however many told it and by whichever way: somebody who calls twenty times in a week, or
a burst pipe that a whole staircase reports, is one matter. Chance is reckoned on matters, which come by themselves, and not on calls.
"""

import datetime as dt
from dataclasses import dataclass

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from apps.cases.taxonomy import Category
from apps.insights.facts import Fact
from apps.insights.ground import BLOCKS, Ground
from apps.insights.spells import DAYS, STEPS, WIDEST

Ints = NDArray[np.int64]
Key = int | None  # of a category of the first level; None: all


def first_day(day: dt.date, step: int = 0) -> dt.date:
    """The first day of a step as of the end of a day; step 0 is the oldest of the twelve, -1 the one before."""
    return day - dt.timedelta(days=DAYS * (STEPS - step) - 1)


def tops() -> dict[int, int]:
    """Category -> the one of the first level above it, or itself."""
    rows = Category.objects.values_list("pk", "level", "parent", "parent__parent")
    return {pk: pk if level == 1 else parent if level == 2 else grand for pk, level, parent, grand in rows}


def matters(ground: Ground, day: dt.date) -> dict[Key, Ints]:
    """int64 (WIDEST - 1 + STEPS, rows, columns), the oldest step first, by category of the first level and of all of them; where nobody lives
    nothing is counted."""
    above, start = tops(), first_day(day, 1 - WIDEST)
    facts, categories = (connection.ops.quote_name(model._meta.db_table) for model in (Fact, Category))
    with connection.cursor() as cursor:
        # Distinct places and weeks of each kind: a million rows become some thousand where they are.
        cursor.execute(
            f"""SELECT floor(f.col / %(blocks)s::float)::int, floor(f."row" / %(blocks)s::float)::int, (f.day - %(start)s::date) / %(days)s,
                CASE WHEN c.level = 3 THEN c.parent_id ELSE c.id END, count(DISTINCT (f.col, f."row", (f.day - %(start)s::date) / 7))
            FROM {facts} f LEFT JOIN {categories} c ON c.id = f.category
            WHERE f.counted AND f.col IS NOT NULL AND f.day BETWEEN %(start)s AND %(day)s GROUP BY 1, 2, 3, 4""",
            {"blocks": BLOCKS, "start": start, "days": DAYS, "day": day},
        )
        rows = np.array([(*row[:3], above.get(row[3]) or 0, row[4]) for row in cursor.fetchall()], np.int64).reshape(-1, 5)
    down, across, inside = ground.at(rows[:, 0], rows[:, 1])
    down, across, step, category, many = (each[inside] for each in (down, across, rows[:, 2], rows[:, 3], rows[:, 4]))
    found: dict[Key, Ints] = {}
    for key in (None, *sorted(set(above.values()))):
        some = slice(None) if key is None else category == key
        found[key] = np.zeros((WIDEST - 1 + STEPS, *ground.residents.shape), np.int64)
        np.add.at(found[key], (step[some], down[some], across[some]), many[some])
        found[key] *= ground.residents > 0
    return found


@dataclass(frozen=True, eq=False)
class Lately:
    """Reports of the last looks, where people live: int64 arrays; `cell` is the place in the grid's rows one after the other."""

    cell: Ints
    category: Ints
    town: Ints
    village: Ints

    @classmethod
    def read(cls, ground: Ground, day: dt.date, wide: int) -> "Lately":
        above = tops()
        facts = Fact.objects.counted().filter(col__isnull=False, day__gte=first_day(day, STEPS - 1 - wide), day__lte=day)
        read = facts.values_list("col", "row", "category", "town", "village")
        rows = np.array([(c, r, above.get(k) or 0, t or 0, v or 0) for c, r, k, t, v in read], np.int64).reshape(-1, 5)
        down, across, inside = ground.at(rows[:, 0] // BLOCKS, rows[:, 1] // BLOCKS)
        return cls((down * ground.residents.shape[1] + across)[inside], *(rows[inside, column] for column in (2, 3, 4)))

    def areas(self, key: Key, cells: Ints) -> tuple[list[int], list[tuple[int, int]]]:
        """Towns, and (village, reports), most reports first, of a category in some cells."""
        some = np.isin(self.cell, cells)
        if key is not None:
            some &= self.category == key
        return [town for town, _ in _ranked(self.town[some])], _ranked(self.village[some])


def _ranked(keys: Ints) -> list[tuple[int, int]]:
    found, many = np.unique(keys[keys > 0], return_counts=True)
    order = np.lexsort((found, -many))
    return list(zip(found[order].tolist(), many[order].tolist(), strict=True))
