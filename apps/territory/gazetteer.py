"""From what somebody typed to the house that is meant, or to a choice, or to what is known of it; never to a wrong house with confidence.

    gazetteer = Gazetteer(doorplates, areas)      # two tables of columns: dictionaries of lists, or data frames
    gazetteer.resolve("潮桥镇人民路一百二十三号").candidates[0].code

Knows no database: `Collector` takes doorplates as they stream in, `save` and `load` keep a gazetteer as files that processes share.
"""

import json
import math
from collections.abc import Mapping, Sequence
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any, Literal

import numpy as np

from apps.territory import whereabouts
from apps.territory.calibration import confidence
from apps.territory.doornumbers import Reading
from apps.territory.houses import LINES, PARTS, Collector, Houses, Ints, LineIndex
from apps.territory.hypotheses import Conjectures, Hypothesis
from apps.territory.known_names import Area, Areas, KnownNames
from apps.territory.parsing import Address, parse
from apps.territory.resolution import Candidate, Resolution, Why
from apps.territory.understanding import Understood, cleaned, understand
from apps.territory.weighing import Weighed, Weigher
from apps.territory.whereabouts import Position

LONGEST_TEXT = 200
SURE_WEIGHT, SURE_COST = (
    0.965,
    1.0,
)  # of an exact answer: its share of all weights, and how much was unusual about the text
SETTLED_COST = 0.6  # below it nothing more is looked for
UNKNOWN_PLACE, UNKNOWN_NAME = (
    5.0,
    3.6,
)  # what it costs to suppose a place that is not in the tables, its name being known here or not
FAR_FETCHED = 5.0  # a house above it is weighed against names with two slips in the town or village that is named
PLAUSIBLE = 5.5  # a line above it is not what was meant
ALIKE = 0.7  # answers that differ by less fit equally well
ELSEWHERE = 2.0  # of areas that are none of ours: above it the text may speak of another county
SLIP = 0.5  # of a name: above it another one is written
FORMAT = 2


class Gazetteer:
    """All houses and names of a county, to be asked. Threads may share it; nothing in it changes."""

    def __init__(self, doorplates: Mapping[str, Sequence] | Any, areas: Mapping[str, Sequence] | Any = None) -> None:
        """From two tables of columns: dictionaries of lists, or pandas frames.

        doorplates: code, lon, lat (WGS 84), and as far as there are any: town, village (12-digit codes or names), road, number, hamlet,
        estate, building, unit, room (with or without their words: 12 or 12号). None, NaN and "" are empty. Only plates in use.
        areas: code, name, level (province, city, county, town, village), and as far as there are any: parent (code), former_names (a list, or
        split by semicolons). Without it, towns and villages are what the doorplates name.
        Raises KeyError when code, lon or lat is missing, ValueError when columns differ in length.
        """
        collected = Collector()
        given = [column for column in Collector.COLUMNS if column in doorplates]
        collected.add(
            _texts(doorplates["code"]),
            list(doorplates["lon"]),
            list(doorplates["lat"]),
            **{c: _texts(doorplates[c]) for c in given},
        )
        self._hold(*_built(collected, Areas.of(areas)))

    @classmethod
    def of(cls, collected: Collector, areas: Areas) -> "Gazetteer":
        """From doorplates that came in by parts."""
        gazetteer = cls.__new__(cls)
        gazetteer._hold(*_built(collected, areas))
        return gazetteer

    def _hold(self, houses: Houses, areas: Areas) -> None:
        self.houses, self.areas = houses, areas
        self.names = KnownNames(houses.names, areas)
        self._weigher, self._conjectures = Weigher(houses, areas), Conjectures(houses, areas, self.names)

    def __len__(self) -> int:
        return len(self.houses)

    def resolve(self, text: str, k: int = 5) -> Resolution:
        """What a text means, with at most k candidates. Any text has an answer; none raises."""
        text = text[:LONGEST_TEXT]
        address, spelled = parse(text), cleaned(text)
        if not spelled:
            return Resolution("none", (), address, why="empty")
        said = understand(spelled, self.names)
        weighed = self._weighed(said)
        numbered = [one for one in weighed if not one.unnumbered]
        if numbered:
            return self._numbered(numbered, said, address, k)
        return self._unnumbered(weighed, said, address, k)

    # --- weighing ---------------------------------------------------------------------------------------------------------

    def _weighed(self, said: Understood) -> list[Weighed]:
        found = self._all(self._conjectures.written(said))
        if _settled(found):
            return found + self._all(self._conjectures.by_ear(one.hypothesis for one in found if one.row >= 0))
        if said.foreign:
            said = self._conjectures.areas_nearly(said)
            found += self._all(self._conjectures.written(said))
        found += self._all(self._conjectures.similar(said))
        if any(one.row >= 0 and one.cost < FAR_FETCHED for one in found):
            return found
        return found + self._all(self._conjectures.similar_nearby(said))

    def _all(self, hypotheses: Any) -> list[Weighed]:
        return [weighed for hypothesis in hypotheses for weighed in self._weigher.weigh(hypothesis)]

    def _numbered(self, weighed: list[Weighed], said: Understood, address: Address, k: int) -> Resolution:
        houses: dict[int, Weighed] = {}
        lines: dict[tuple[str, int], Weighed] = {}
        for one in sorted(weighed, key=lambda one: (one.cost, LINES.index(one.hypothesis.kind))):
            if one.row >= 0:
                houses.setdefault(one.row, one)
            else:
                lines.setdefault((one.hypothesis.kind, one.line), one)
        known = any(one.hypothesis.spelling == 0.0 and one.hypothesis.loose < 1.0 for one in weighed)
        unknown = math.exp(-(UNKNOWN_PLACE if known else UNKNOWN_NAME))
        missing = sum(math.exp(-one.cost) for one in lines.values())
        existing = sum(math.exp(-one.cost) for one in houses.values())
        whole = existing + missing + unknown
        ranked = sorted(houses.values(), key=lambda one: (one.cost, one.row))
        candidates = tuple(
            Candidate(
                one.row,
                self.houses.code(one.row),
                confidence(math.exp(-one.cost) / existing, existing / whole, _clean(one)),
            )
            for one in ranked[:k]
        )
        best_line = min(lines.values(), key=lambda one: (one.cost, LINES.index(one.hypothesis.kind)), default=None)
        if best_line and (not ranked or (best_line.cost < ranked[0].cost and not _street_goes_before(ranked[0], best_line))):
            return self._missing(best_line, lines, candidates, address, said)
        best = ranked[0]
        total = sum(one.cost < best.cost + ALIKE for one in ranked)
        sure = (
            total == 1
            and _clean(best)
            and best.cost < SURE_COST
            and math.exp(-best.cost) / whole > SURE_WEIGHT
            and not said.beside
        )
        place = self._place(best.hypothesis, best.line) + _door(best.reading)
        if sure:
            return Resolution("exact", candidates[:1], address, place, total=1, why="same")
        why = _doubt(best, total)
        missing_words = self._what_would_tell(ranked[:total]) if total > 1 else ""
        return Resolution("likely", candidates, address, place, missing_words, total=total, why=why)

    def _missing(
        self,
        best: Weighed,
        lines: Mapping[tuple[str, int], Weighed],
        candidates: tuple[Candidate, ...],
        address: Address,
        said: Understood,
    ) -> Resolution:
        """The line is known, the house is not. Where the text names another county, or two lines are as like what it names, there is no
        position: it would be a guess about the district."""
        elsewhere = best.hypothesis.foreign > ELSEWHERE
        if elsewhere and said.abroad:
            return Resolution("none", (), address, why="unknown")
        if best.base > PLAUSIBLE:
            return Resolution("none", candidates, address, why="unknown")
        rivals = [
            one
            for one in lines.values()
            if one.cost < best.cost + ALIKE and one.hypothesis.kind == best.hypothesis.kind
        ]
        place = self._place(best.hypothesis, best.line)
        reading = best.reading
        if len(best.near):
            behind = _door(
                Reading("", "" if best.hypothesis.kind == "estate" else reading.building, reading.unit, reading.room)
            )
            place += (
                _door(Reading(reading.number))
                if best.hypothesis.kind != "estate"
                else _door(Reading("", reading.building))
            )
            position = whereabouts.at_houses(
                self.houses, best.near, f"{place}有门牌，没有{behind or '这一户'}的门牌，位置取{place}。"
            )
            return Resolution(
                "partial", candidates, address, place, f"{behind or '这一户'}的门牌", position, 0, "number"
            )
        if len(rivals) > 1:
            return Resolution(
                "partial",
                candidates,
                address,
                self._name(best.hypothesis),
                f"乡镇或村名（有 {len(rivals)} 处同名）",
                None,
                0,
                "number",
            )
        alike = self._as_like(best, lines)
        if elsewhere or alike:
            names = "、".join(dict.fromkeys((place, *alike)))
            return Resolution("partial", candidates, address, names, f"{_door(reading)}的门牌", None, 0, "number")
        return Resolution(
            "partial", candidates, address, place, f"{_door(reading)}的门牌", self._beside(best, place), 0, "number"
        )

    def _as_like(self, best: Weighed, lines: Mapping[tuple[str, int], Weighed]) -> list[str]:
        """Lines that are as like a name that does not exist: 解放北路 and 解放南路 for 解放路."""
        if best.hypothesis.spelling < SLIP:
            return []
        others = [one for one in lines.values() if one is not best and one.base < best.base + ALIKE]
        return [self._place(one.hypothesis, one.line) for one in others][:2]

    def _beside(self, best: Weighed, place: str) -> Position:
        """By the numbers of the line; else its middle."""
        rows = self.houses.lines[best.hypothesis.kind].houses(best.line)
        part = "building" if best.hypothesis.kind == "estate" and best.reading.building else "number"
        number = best.reading.building if part == "building" else best.reading.number
        position = (
            whereabouts.beside(self.houses, rows, part, number, place) if best.hypothesis.kind != "village" else None
        )
        return position or self._middle(best, place, f"没有{_door(best.reading)}的门牌")

    def _middle(self, one: Weighed, place: str, reason: str) -> Position:
        rows = self.houses.lines[one.hypothesis.kind].houses(one.line)
        basis: Literal["street", "village"] = "village" if one.hypothesis.kind == "village" else "street"
        return whereabouts.of_rows(self.houses, rows, basis, f"{place}{reason}，位置取{place}的中间。")

    def _unnumbered(self, weighed: list[Weighed], said: Understood, address: Address, k: int) -> Resolution:
        """A street, an estate or a village and no number."""
        if not weighed:
            return self._area(said, address)
        lines: dict[tuple[str, int], Weighed] = {}
        for one in sorted(weighed, key=lambda one: (one.cost, -self._size(one))):
            lines.setdefault((one.hypothesis.kind, one.line), one)
        ranked = sorted(lines.values(), key=lambda one: one.cost)
        best = ranked[0]
        elsewhere = best.hypothesis.foreign > ELSEWHERE
        if best.base > PLAUSIBLE or (elsewhere and said.abroad):
            return Resolution("none", (), address, why="unknown")
        rivals = [one for one in ranked if one.cost < best.cost + ALIKE]
        share = math.exp(-best.cost) / (sum(math.exp(-one.cost) for one in ranked) + math.exp(-UNKNOWN_NAME))
        total = sum(self._size(one) for one in rivals)
        rows = self._some_of_each(rivals, k)
        candidates = tuple(Candidate(row, self.houses.code(row), round(min(0.5, share / total), 4)) for row in rows)
        place = self._place(best.hypothesis, best.line)
        if len(rivals) > 1:
            return Resolution(
                "partial",
                candidates,
                address,
                self._name(best.hypothesis),
                f"乡镇或村名（有 {len(rivals)} 处同名）和门牌号",
                None,
                total,
                "line",
            )
        missing = "楼幢号" if best.hypothesis.kind == "estate" else "门牌号"
        return Resolution(
            "partial",
            candidates,
            address,
            place,
            missing,
            None if elsewhere else self._middle(best, place, f"，没有{missing}"),
            total,
            "line",
        )

    def _area(self, said: Understood, address: Address) -> Resolution:
        """Areas alone, or nothing."""
        areas = [area for area, cost in said.areas.items() if cost < 0.3] or list(said.areas)
        if not areas or any(token.kind == "unknown" for token in said.tokens):
            return Resolution("none", (), address, why="unknown")
        lowest = max(
            areas, key=lambda area: ("province", "city", "county", "town", "village").index(self.areas[area].level)
        )
        return Resolution("none", (), address, self.areas[lowest].name, "路名或村名，以及门牌号", why="area")

    def _some_of_each(self, lines: list[Weighed], k: int) -> list[int]:
        """Houses to choose from: the first of every line, then the second, until there are k."""
        rows = [self.houses.lines[one.hypothesis.kind].houses(one.line)[:k].tolist() for one in lines[:k]]
        turns = chain.from_iterable(zip_longest(*rows))
        return [row for row in turns if row is not None][:k]

    # --- words ------------------------------------------------------------------------------------------------------------

    def _size(self, one: Weighed) -> int:
        first, last = self.houses.lines[one.hypothesis.kind].span(one.line)
        return last - first

    def _name(self, hypothesis: Hypothesis) -> str:
        return self.areas[hypothesis.name].name if hypothesis.kind == "village" else self.houses.shown[hypothesis.name]

    def _place(self, hypothesis: Hypothesis, line: int) -> str:
        """东溪镇人民路, 东溪镇溪口村后林."""
        area = int(self.houses.lines[hypothesis.kind].area[line])
        above = [area, *self.areas.above(area)] if area >= 0 else []
        names = [self.areas[number].name for number in above if self.areas[number].level in ("town", "village")]
        return "".join(reversed(names)) + ("" if hypothesis.kind == "village" else self.houses.shown[hypothesis.name])

    def _what_would_tell(self, several: list[Weighed]) -> str:
        """What the houses that fit equally differ in, the highest first."""
        rows = [one.row for one in several]
        if len({int(self.houses.town[row]) for row in rows}) > 1:
            return "乡镇"
        if len({int(self.houses.village[row]) for row in rows}) > 1:
            return "村社"
        words = {"number": "门牌号", "building": "楼幢号", "unit": "单元号", "room": "室号"}
        return next((words[part] for part in PARTS if len({int(self.houses.part[part][row]) for row in rows}) > 1), "")

    # --- files ------------------------------------------------------------------------------------------------------------

    def save(self, folder: Path) -> None:
        """As files in an existing empty folder."""
        houses = self.houses
        arrays: dict[str, np.ndarray] = {
            "part_main": houses.part_main,
            "town": houses.town,
            "village": houses.village,
            "lon": houses.lon,
            "lat": houses.lat,
        }
        arrays |= {"code_bytes": houses.code_bytes, "code_start": houses.code_start}
        arrays |= {f"name_{kind}": ids for kind, ids in houses.name.items()} | {
            f"part_{part}": ids for part, ids in houses.part.items()
        }
        for kind, index in houses.lines.items():
            arrays |= {f"{kind}_{field}": getattr(index, field) for field in LineIndex.__dataclass_fields__}
        for name, array in arrays.items():
            np.save(folder / f"{name}.npy", array)
        areas = [[area.code, area.name, area.level, area.parent, area.former] for area in self.areas]
        texts = {"format": FORMAT, "names": houses.names, "shown": houses.shown, "parts": houses.parts, "areas": areas}
        (folder / "names.json").write_text(json.dumps(texts, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Gazetteer":
        """What `save` wrote. The columns stay in the files, so that processes share their memory. Raises OSError, ValueError, KeyError."""
        texts = json.loads((folder / "names.json").read_text(encoding="utf-8"))
        if texts["format"] != FORMAT:
            raise ValueError(f"format {texts['format']}")

        def array(name: str) -> Any:
            return np.load(folder / f"{name}.npy", mmap_mode="r")

        lines = {
            kind: LineIndex(*(array(f"{kind}_{field}") for field in LineIndex.__dataclass_fields__)) for kind in LINES
        }
        houses = Houses(
            texts["names"], texts["shown"], texts["parts"], array("part_main"), array("town"), array("village"),
            {kind: array(f"name_{kind}") for kind in LINES if kind != "village"}, {part: array(f"part_{part}") for part in PARTS},
            array("lon"), array("lat"), array("code_bytes"), array("code_start"), lines,
        )  # fmt: skip
        gazetteer = cls.__new__(cls)
        gazetteer._hold(
            houses,
            Areas(
                Area(code, name, level, parent, tuple(former)) for code, name, level, parent, former in texts["areas"]
            ),
        )
        return gazetteer


def _built(collected: Collector, areas: Areas) -> tuple[Houses, Areas]:
    towns, town_ids = collected.column("town")
    villages, village_ids = collected.column("village")
    town_of = np.array([areas.number(town, "town") for town in towns], np.int32) if towns else np.empty(0, np.int32)
    town: Ints = town_of[town_ids]
    pairs, place = np.unique(town.astype(np.int64) * (len(villages) + 1) + village_ids, return_inverse=True)
    found = [
        areas.number(villages[pair % (len(villages) + 1)], "village", pair // (len(villages) + 1))
        for pair in pairs.tolist()
    ]
    village: Ints = np.array(found, np.int32)[place] if found else np.empty(0, np.int32)
    parents = np.array(
        [
            areas[number].parent if areas[number].parent >= 0 and areas[areas[number].parent].level == "town" else -1
            for number in range(len(areas))
        ]
        or [-1],
        np.int32,
    )
    town = np.where((town < 0) & (village >= 0), parents[village], town).astype(np.int32)
    return Houses.of(collected, town, village), areas


def _settled(found: list[Weighed]) -> bool:
    """One house fits as it is written."""
    fitting = [one for one in found if one.row >= 0 and one.cost < SETTLED_COST]
    return bool(fitting) and all(one.whole and one.fits for one in fitting)


def _clean(one: Weighed) -> bool:
    said = one.hypothesis
    return said.spelling < 0.5 and said.loose < 0.5 and said.foreign < 0.5 and one.fits and one.whole


def _street_goes_before(house: Weighed, line: Weighed) -> bool:
    """The text names a street and a village that is not its own: the house in the street is asked about, not worked out in the village."""
    named = any(one.line >= 0 for one in line.hypothesis.others)
    return line.hypothesis.kind == "village" and named and house.hypothesis.kind != "village" and house.hypothesis.spelling < SLIP


def _doubt(best: Weighed, total: int) -> Why:
    """What stands against being sure of the best house."""
    said = best.hypothesis
    foreign = said.foreign > ELSEWHERE
    if said.spelling >= SLIP or (foreign and said.loose >= SLIP):
        return "alike"
    return "elsewhere" if foreign else "several" if total > 1 else "elsewhere" if not best.fits else "alike"


def _door(reading: Reading) -> str:
    """12号3幢2单元502室."""
    words = ((reading.number, "号"), (reading.building, "幢"), (reading.unit, "单元"), (reading.room, "室"))
    return "".join(f"{value}{word if value[-1].isascii() else ''}" for value, word in words if value)


def _texts(column: Any) -> list[str]:
    """Of a column with None, NaN or numbers in it."""
    return [value if isinstance(value, str) else _text(value) for value in column]


def _text(value: Any) -> str:
    if value is None or value != value:
        return ""
    return (
        str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    )  # gaps make floats of numbers
