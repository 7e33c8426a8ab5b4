"""附近重点项目: which projects are near, from where one stands, lives, works or has typed an address; filtered, a page at a time.

Every process remembers all sites with what they are filtered by, renewed when projects or their progress change; the rows that are
shown are read from the database as they are now.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.contrib.gis.measure import Distance
from django.core.paginator import Page, Paginator
from django.db import connection
from numpy.typing import NDArray

from apps.projects.models import KeyProject
from apps.projects.sites import LonLat, Sites
from apps.territory.remembered import Remembered

PAGE = 20
ORDERS = ("near", "late")
FILTERS = ("kind", "stage", "field", "tone", "level")


@dataclass(frozen=True, eq=False)
class _Held:
    """Every project by row, in the order of their codes."""

    sites: Sites
    keys: NDArray[np.int64]
    lag: NDArray[np.float64]  # percentage points behind plan; NaN without a plan
    facts: dict[str, tuple[NDArray[np.str_], NDArray[np.int64]]]  # the values there are, and each row's among them


def _read() -> _Held:
    # In SQL: a hundred thousand rows as models would take seconds.
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT p.id, ST_X(p.site), ST_Y(p.site), coalesce(s.lag_points, 'NaN'), p.kind, coalesce(s.stage, 'waiting'), coalesce(f.code, ''), coalesce(s.tone, 'neutral'), p.level
               FROM projects_keyproject p LEFT JOIN projects_standing s ON s.project_id = p.id LEFT JOIN deputies_field f ON f.id = p.field_id
               ORDER BY p.code"""
        )
        columns = list(zip(*cursor.fetchall(), strict=True)) or [()] * 9
    facts = {name: np.unique(np.array(column, dtype=np.str_), return_inverse=True) for name, column in zip(FILTERS, columns[4:], strict=True)}
    return _Held(Sites(columns[1], columns[2]), np.array(columns[0], np.int64), np.array(columns[3], np.float64), facts)


_held = Remembered(("project", "progress"), _read)


@dataclass(frozen=True)
class Search:
    """What is looked for. places: WGS 84 (lon, lat), the nearest of them counts; wanted: values by `FILTERS`, empty ones left out;
    box: west, south, east, north; only: primary keys, None for all."""

    places: tuple[LonLat, ...]
    wanted: Mapping[str, str]
    box: tuple[float, float, float, float] | None = None
    only: frozenset[int] | None = None
    order: str = "near"

    def page(self, number: str | None) -> Page:
        """A page of projects `as_they_stand`, each with `distance` where there is a place to measure from."""
        return Paginator(self._found(), PAGE).get_page(number)

    def first(self, count: int) -> Sequence[KeyProject]:
        """The first so many, as a page has them."""
        return self._found()[:count]

    def _found(self) -> "_Found":
        held = _held.current()
        return _Found(self, held, np.flatnonzero(self._mask(held)))

    def _mask(self, held: _Held) -> NDArray[np.bool_]:
        mask = np.ones(len(held.keys), np.bool_)
        for name, value in self.wanted.items():
            values, codes = held.facts[name]
            mask &= (values == value)[codes] if value in values else False
        if self.box:
            mask &= held.sites.within(*self.box)
        if self.only is not None:
            mask &= np.isin(held.keys, list(self.only))
        return mask


class _Found:
    """What a paginator needs: how many there are, and some of them in order."""

    def __init__(self, search: Search, held: _Held, rows: NDArray[np.int64]) -> None:
        self.search, self.held, self.rows = search, held, rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, part: slice) -> Sequence[KeyProject]:
        rows, metres = self._ordered(part)
        keys = self.held.keys[rows].tolist()
        there = KeyProject.objects.as_they_stand().select_related("town", "field", "state_now").defer(
            "geom", "geom_3857", "town__geom", "town__geom_3857"
        ).in_bulk(keys)  # fmt: skip
        for key, far in zip(keys, metres, strict=True):
            if key in there:  # deleted since the sites were read
                there[key].distance = Distance(m=far) if np.isfinite(far) else None
        return [there[key] for key in keys if key in there]

    def _ordered(self, part: slice) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        places = self.search.places
        if self.search.order == "near" and places:
            return self.held.sites.nearest(places, self.rows, part.start or 0, part.stop)
        order = np.argsort(-self.held.lag[self.rows], kind="stable") if self.search.order == "late" else np.arange(len(self.rows))
        rows = self.rows[order][part]
        return rows, self.held.sites.metres(places, rows) if places and len(rows) else np.full(len(rows), np.nan)
