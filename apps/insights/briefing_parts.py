"""What a briefing is made of, before it becomes a file: sentences, maps, tables. A LAB: no Django, no markup.

Colours are data's own: yellow to red for complaints, red and blue for more and less; what is not known is hatched and said in words.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

RAMP = ("#fff3b0", "#fecc5c", "#fd8d3c", "#e9432c", "#a50f26")
EMPTY, UNKNOWN, NEUTRAL = "#ffffff", "unknown", "#eceff2"
MORE, LESS = "#d6604d", "#4393c3"
THEMES = ("#1d5fa8", "#c2410c", "#2f7d4f", "#7b3fa0", "#b7791f", "#0f766e", "#9d174d", "#475569")
DETAIL = 0.0004  # degrees: some 40 m, finer than a line on paper


class NotBuilt(Exception):
    """Leaflet is not among the files of the front end. The message is Chinese and says what to do."""


@dataclass(frozen=True)
class Shape:
    """Something on a map: its area, its colour (UNKNOWN: hatched), what it is called, what is said of it, one line each."""

    geometry: BaseGeometry
    colour: str
    name: str
    words: tuple[str, ...] = ()
    mark: str = ""  # stands in it on the map: a name, a number


@dataclass(frozen=True)
class Drawing:
    """A map. ground: what lies under the shapes, only as lines; legend: colour and words."""

    title: str
    caption: str
    shapes: tuple[Shape, ...]
    legend: tuple[tuple[str, str], ...]
    ground: tuple[BaseGeometry, ...] = ()
    note: str = ""

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees."""
        drawn = [shape.geometry for shape in self.shapes] + list(self.ground)
        west, south, east, north = shapely.total_bounds(np.array(drawn, dtype=object)).tolist()
        return west, south, east, north


@dataclass(frozen=True)
class Table:
    """A table; `right`: columns of numbers. `wide`: how wide each column is against the others."""

    title: str
    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: frozenset[int] = frozenset()
    wide: tuple[float, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Content:
    """A whole briefing. secrecy: what is said at its head and foot about who may have it."""

    title: str
    caption: str
    secrecy: str
    points: tuple[str, ...]
    figures: tuple[tuple[str, str], ...] = ()
    parts: tuple[Drawing | Table, ...] = ()
    meaning: tuple[str, ...] = ()
    months: tuple[tuple[dt.date, int], ...] = ()
    first: dt.date = dt.date.min
    last: dt.date = dt.date.max
    synthetic: bool = False


def coarser(geometries: Sequence[BaseGeometry]) -> list[BaseGeometry]:
    """Areas with fewer points; borders that two share stay shared."""
    if not geometries:
        return []
    return list(shapely.coverage_simplify(np.array(geometries, dtype=object), DETAIL))


@dataclass(frozen=True)
class Classes:
    """Values in up to five classes by quantiles, nothing apart from them. unit: what a value is called in the legend."""

    edges: tuple[float, ...]  # upper ends, the last the largest value
    unit: str
    digits: int

    @classmethod
    def of(cls, values: Sequence[float], unit: str, digits: int) -> Classes:
        """values: those that are known; zeros have their own colour and take no part."""
        some = sorted(value for value in values if value > 0)
        ends = {round(some[-(-len(some) * number // len(RAMP)) - 1], digits) for number in range(1, len(RAMP) + 1)} if some else set()
        return cls(tuple(sorted(ends)), unit, digits)

    def colour(self, value: float | None) -> str:
        if value is None:
            return UNKNOWN
        if value <= 0:
            return EMPTY
        return self._ramp[min(int(np.searchsorted(self.edges, round(value, self.digits))), len(self.edges) - 1)]

    @property
    def _ramp(self) -> tuple[str, ...]:
        """As many colours as classes, from the whole of the ramp."""
        few = len(self.edges)
        return RAMP if few == len(RAMP) else tuple(RAMP[round(index * (len(RAMP) - 1) / max(few - 1, 1))] for index in range(few))

    def legend(self, unknown: bool) -> tuple[tuple[str, str], ...]:
        low = 0.0
        lines = [(EMPTY, "0：没有收到")]
        for colour, edge in zip(self._ramp, self.edges, strict=True):
            lines.append((colour, f"{low:.{self.digits}f}—{edge:.{self.digits}f} {self.unit}" if low else f"不超过 {edge:.{self.digits}f} {self.unit}"))
            low = edge
        return (*lines, (UNKNOWN, "没有人口数，不算")) if unknown else tuple(lines)
