"""What themes are made of: the counted voices of a time, as columns, and what they say, a batch at a time."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.cases.models import Case
from apps.hotline.models import Record
from apps.insights.facts import CASE, RECORD, Fact
from apps.insights.themes import Circumstances
from apps.territory.county_lattice import county_lattice
from apps.territory.models import AdminArea

BATCH = 2000
MOST = 200_000  # the newest
UNKNOWN = -1
CELL = 100.0
COLUMNS = ("kind", "ref", "day", "source", "town", "village", "category", "organisation", "col", "row", "version")
NO_CELL = np.iinfo(np.int32).min


@dataclass(frozen=True, eq=False)
class Voices:
    """One row a voice, int64 each, by day, kind and ref; -1 (of cells NO_CELL): not known. day: as date.toordinal()."""

    kind: NDArray[np.int64]
    ref: NDArray[np.int64]
    day: NDArray[np.int64]
    source: NDArray[np.int64]
    town: NDArray[np.int64]
    village: NDArray[np.int64]
    category: NDArray[np.int64]
    organisation: NDArray[np.int64]
    col: NDArray[np.int64]
    row: NDArray[np.int64]
    version: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ref)

    @property
    def keys(self) -> NDArray[np.int64]:
        """One number a voice: ref and kind."""
        return key(self.kind, self.ref)

    def taken(self, rows: NDArray) -> "Voices":
        return Voices(*(getattr(self, name)[rows] for name in COLUMNS))


def key(kind, ref):
    return ref * 2 + kind


def voices(since: dt.date) -> Voices:
    """Every voice that counts, from a day on; the newest MOST of them."""
    rows = Fact.objects.counted().filter(day__gte=since).order_by("-day", "-kind", "-ref").values_list(*COLUMNS)[:MOST]
    columns: list[list] = [[] for _ in COLUMNS]
    for row in rows.iterator(chunk_size=20_000):
        for column, value in zip(columns, row, strict=True):
            column.append(value)
    blank = {"col": NO_CELL, "row": NO_CELL}
    arrays = []
    for name, column in zip(COLUMNS, columns, strict=True):
        if name == "day":
            column = [day.toordinal() for day in column]
        empty = blank.get(name, UNKNOWN)
        arrays.append(np.array([empty if value is None else value for value in reversed(column)], np.int64))
    return Voices(*arrays)


def texts(seen: Voices) -> Iterator[list[tuple[str, str]]]:
    """(title, text) in the order of the voices, in batches; what has gone meanwhile is empty."""
    for start in range(0, len(seen), BATCH):
        kind, ref = seen.kind[start : start + BATCH], seen.ref[start : start + BATCH]
        said: dict[tuple[int, int], tuple[str, str]] = {}
        for pk, text in Case.objects.filter(pk__in=ref[kind == CASE].tolist()).values_list("pk", "text"):
            said[CASE, pk] = ("", text)
        for pk, title, text in Record.objects.filter(pk__in=ref[kind == RECORD].tolist()).values_list(
            "pk", "title", "text"
        ):
            said[RECORD, pk] = (title, text)
        yield [said.get(one, ("", "")) for one in zip(kind.tolist(), ref.tolist(), strict=True)]


def circumstances(seen: Voices) -> Circumstances:
    """Metres on the lattice's plane: a cell's centre, else the middle of the village, else of the town, and how vague that is."""
    located = seen.col != NO_CELL
    east = np.where(located, (seen.col + 0.5) * CELL, 0.0)
    north = np.where(located, (seen.row + 0.5) * CELL, 0.0)
    within = np.where(located, CELL, np.inf)
    middles = _middles()
    for areas in (seen.village, seen.town):
        vague = np.flatnonzero(~np.isfinite(within) & (areas >= 0))
        found = [middles.get(area) for area in areas[vague].tolist()]
        for row, middle in zip(vague.tolist(), found, strict=True):
            if middle is not None:
                east[row], north[row], within[row] = middle
    return Circumstances(east, north, within, seen.day.astype(float))


def _middles() -> dict[int, tuple[float, float, float]]:
    """Of towns and villages with a border: east, north, and the radius of a circle of their size, metres on the lattice's plane."""
    lattice = county_lattice()
    if lattice is None:
        return {}
    known = {}
    areas = AdminArea.objects.filter(level__in=(AdminArea.Level.TOWN, AdminArea.Level.VILLAGE), geom__isnull=False)
    for pk, geom in areas.values_list("pk", "geom"):
        middle = geom.centroid
        east, north = lattice.metric(middle.x, middle.y)
        area = geom.area * (lattice.metres / lattice.lon_step) * (lattice.metres / lattice.lat_step)
        known[pk] = (float(east), float(north), float(np.sqrt(area / np.pi)) / 2)
    return known
