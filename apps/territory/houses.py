"""Houses as columns: who stands in which street, estate, hamlet and village, in the order of their numbers. Knows no database.

Every house may stand in several lines: numbered along a road, by building in an estate, by number in a hamlet or a village. A line is one
name in one place: the 人民路 of one town, the 后林 of one village.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from apps.territory.doornumbers import Line, folded, main_number, road_and_lane
from apps.territory.spelling import plain

Ints = NDArray[np.int32]
LINES: tuple[Line, ...] = ("road", "estate", "hamlet", "village")
PARTS = ("number", "building", "unit", "room")
ORDER: dict[Line, tuple[str, ...]] = {
    "road": ("number", "building", "unit", "room"),
    "estate": ("building", "unit", "room", "number"),
    "hamlet": ("number", "building", "unit", "room"),
    "village": ("number", "building", "unit", "room"),
}
NOTHING = 0  # the part number of ""
UNKNOWN = -2  # a part that no house has


@dataclass(frozen=True)
class LineIndex:
    """All lines of a kind, by name and then by the area they lie in; `rows[start[g]:start[g + 1]]` are the houses of line g in order."""

    rows: Ints
    first: Ints  # of each of `rows`, the part that orders the line: number, or building
    start: Ints
    name: Ints
    area: Ints

    def named(self, name: int) -> range:
        first, last = np.searchsorted(self.name, (name, name + 1))
        return range(int(first), int(last))

    def span(self, line: int) -> tuple[int, int]:
        return int(self.start[line]), int(self.start[line + 1])

    def houses(self, line: int) -> Ints:
        first, last = self.span(line)
        return self.rows[first:last]

    def at(self, line: int, part: int) -> Ints:
        """The houses of a line that have this first part."""
        first, last = self.span(line)
        low, high = np.searchsorted(self.first[first:last], (part, part + 1))
        return self.rows[first + int(low) : first + int(high)]


class Collector:
    """Doorplates come in by parts, as many at a time as is handy, and stay as small numbers."""

    COLUMNS = ("town", "village", "road", "number", "hamlet", "estate", "building", "unit", "room")

    def __init__(self) -> None:
        self._known: dict[str, dict[str, int]] = {column: {} for column in self.COLUMNS}
        self._ids: dict[str, list[Ints]] = {column: [] for column in self.COLUMNS}
        self._codes: list[bytes] = []
        self._code_lengths: list[Ints] = []
        self._lon: list[NDArray[np.float64]] = []
        self._lat: list[NDArray[np.float64]] = []

    def add(
        self, code: Sequence[str], lon: Sequence[float], lat: Sequence[float], **columns: Sequence[str | None]
    ) -> None:
        """Columns of equal length; None and absent columns are empty."""
        for column in self.COLUMNS:
            known = self._known[column]
            values = columns.get(column)
            ids = (
                [known.setdefault(value or "", len(known)) for value in values]
                if values is not None
                else [known.setdefault("", len(known))] * len(code)
            )
            if len(ids) != len(code):
                raise ValueError(f"{column}: {len(ids)} values for {len(code)} doorplates")
            self._ids[column].append(np.asarray(ids, np.int32))
        codes = [str(value).encode() for value in code]
        self._codes.append(b"".join(codes))
        self._code_lengths.append(np.fromiter(map(len, codes), np.int32, len(codes)))
        self._lon.append(np.asarray(lon, np.float64))
        self._lat.append(np.asarray(lat, np.float64))

    def column(self, column: str) -> tuple[list[str], Ints]:
        """The distinct values and, for each doorplate, which of them."""
        ids = self._ids[column]
        return list(self._known[column]), np.concatenate(ids) if ids else np.empty(0, np.int32)

    def codes(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        lengths = np.concatenate(self._code_lengths) if self._code_lengths else np.empty(0, np.int32)
        return np.frombuffer(b"".join(self._codes), np.uint8), np.concatenate(([0], np.cumsum(lengths, dtype=np.int64)))

    def points(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return (np.concatenate(self._lon), np.concatenate(self._lat)) if self._lon else (np.empty(0), np.empty(0))


@dataclass(frozen=True)
class Houses:
    """Parts of every house as numbers of `parts`, names as numbers of `names`, areas as the gazetteer numbers them; -1 is none."""

    names: list[str]  # plain spelling, of roads, estates and hamlets
    shown: list[str]  # the same as the table writes them
    parts: list[str]  # "" first, then by the number in them
    part_main: Ints
    town: Ints
    village: Ints
    name: dict[Line, Ints]  # road, estate, hamlet
    part: dict[str, Ints]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    code_bytes: NDArray[np.uint8]
    code_start: NDArray[np.int64]
    lines: dict[Line, LineIndex]

    def __len__(self) -> int:
        return len(self.lon)

    @cached_property
    def part_number(self) -> dict[str, int]:
        return {text: number for number, text in enumerate(self.parts)}

    def code(self, row: int) -> str:
        return self.code_bytes[self.code_start[row] : self.code_start[row + 1]].tobytes().decode()

    @classmethod
    def of(cls, collected: Collector, town: Ints, village: Ints) -> "Houses":
        name_text: dict[str, int] = {}
        name: dict[Line, Ints] = {}
        shown: dict[str, str] = {}
        raw_roads, road_ids = collected.column("road")
        raw_numbers, number_ids = collected.column("number")
        lanes = _lanes([plain(road) for road in raw_roads], raw_numbers, road_ids, number_ids)
        kinds: tuple[Line, ...] = ("road", "estate", "hamlet")
        for kind in kinds:
            values, ids = collected.column(kind)
            spelled = [plain(value) for value in values]
            if kind == "road":
                spelled = [road_and_lane(road, "")[0] for road in spelled]
            for value, text in zip(values, spelled, strict=True):
                shown.setdefault(text, value if plain(value) == text else text)
            numbers = np.array(
                [name_text.setdefault(value, len(name_text)) if value else -1 for value in spelled], np.int32
            )
            name[kind] = numbers[ids]
        texts: dict[str, list[str]] = {}
        for part in PARTS:
            values, _ = collected.column(part)
            texts[part] = [folded(part, value) for value in values]
        every = sorted(
            {"", *(text for part in PARTS for text in texts[part]), *lanes.values()},
            key=lambda text: (text != "", main_number(text), text),
        )
        number_of = {text: number for number, text in enumerate(every)}
        part_ids = {}
        for part in PARTS:
            _, ids = collected.column(part)
            part_ids[part] = np.array([number_of[text] for text in texts[part]], np.int32)[ids]
        for (road, number), text in lanes.items():
            part_ids["number"][(road_ids == road) & (number_ids == number)] = number_of[text]
        lon, lat = collected.points()
        lines = {}
        for kind in LINES:
            named, area = (
                (village, village)
                if kind == "village"
                else (name[kind], village if kind == "hamlet" else np.where(town >= 0, town, -1))
            )
            lines[kind] = _index(named, area.astype(np.int32), [part_ids[part] for part in ORDER[kind]])
        main = np.array([main_number(text) for text in every], np.int32)
        return cls(
            list(name_text),
            [shown[text] for text in name_text],
            every,
            main,
            town,
            village,
            name,
            part_ids,
            lon,
            lat,
            *collected.codes(),
            lines,
        )


def _lanes(roads: list[str], numbers: list[str], road_ids: Ints, number_ids: Ints) -> dict[tuple[int, int], str]:
    """Numbers of houses whose road is a lane of another road (解放南路56弄): by road and number, the number with its lane."""
    found: dict[tuple[int, int], str] = {}
    for road, text in enumerate(roads):
        if road_and_lane(text, "")[0] != text:
            for number in np.unique(number_ids[road_ids == road]).tolist():
                found[road, number] = road_and_lane(text, numbers[number])[1]
    return found


def _index(name: Ints, area: Ints, keys: list[Ints]) -> LineIndex:
    rows: Ints = np.flatnonzero(name >= 0).astype(np.int32)
    rows = rows[np.lexsort([*(key[rows] for key in reversed(keys)), area[rows], name[rows]])]
    names, areas = name[rows], area[rows]
    new = np.flatnonzero((names[1:] != names[:-1]) | (areas[1:] != areas[:-1])) + 1
    start = np.concatenate(([0], new, [len(rows)])) if len(rows) else np.zeros(1, np.int64)
    return LineIndex(rows, keys[0][rows], start.astype(np.int32), names[start[:-1]], areas[start[:-1]])
