"""Names that exist here: areas with their codes and former names, roads, estates, hamlets; found as they are written, or nearly. Knows no database."""

import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.territory.sounds import HOMOPHONE, TYPE_WORDS, distance, folded
from apps.territory.spelling import plain

LEVELS = ("province", "city", "county", "town", "village")
SHORT, FORMER = 0.4, 0.1  # what it costs when a name was shortened, or is the old one
OTHER_WORD = 3.5  # 项桥村 for 项桥社区, where there is a 项桥村 too: only when nothing else fits
LONGEST_NAME = 16
_ENDINGS = {
    "province": r"(?:省|自治区|(?:维吾尔|壮族|回族)自治区|市)$",
    "city": r"(?:市|地区|自治州|盟)$",
    "county": r"(?:自治县|县|市|区|旗)$",
    "town": r"(?:街道办事处|街道|..?族乡|镇|乡|管理区|农场|开发区)$",
    "village": r"(?:村民委员会|居民委员会|居委会|村委会|行政村|社区|村)$",
}


@dataclass(frozen=True)
class Area:
    """An administrative area: 12-digit code ("" where unknown), name as given, level, the number of the one above (-1: none), old names."""

    code: str
    name: str
    level: str
    parent: int = -1
    former: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return plain(self.name)


class Areas(list[Area]):
    """Areas by number. What doorplates name and the table lacks is added, so that a table of doorplates alone will do."""

    def __init__(self, areas: Iterable[Area] = ()) -> None:
        super().__init__(areas)
        self._by_code = {area.code: number for number, area in enumerate(self) if area.code}
        self._by_name: dict[tuple[str, str], list[int]] = {}
        for number, area in enumerate(self):
            self._by_name.setdefault((area.level, area.key), []).append(number)

    @classmethod
    def of(cls, table: Mapping[str, Sequence] | None) -> "Areas":
        """From columns code, name, level and, where there are any, parent (a code) and former_names (a list, or split by semicolons)."""
        if table is None:
            return cls()
        codes = [str(code or "") for code in table["code"]]
        number = {code: place for place, code in enumerate(codes)}
        empty = [""] * len(codes)
        parents = table.get("parent", empty)
        former = table.get("former_names", empty)
        rows = zip(codes, table["name"], table["level"], parents, former, strict=True)
        return cls(
            Area(code, str(name), str(level), number.get(str(above or ""), -1), _list(old))
            for code, name, level, above, old in rows
        )

    def number(self, value: str, level: str, parent: int = -1) -> int:
        """The area that a doorplate names by code or by name, below `parent` if one of that name lies there; -1 for ""."""
        if not value:
            return -1
        if value in self._by_code:
            return self._by_code[value]
        found = self._by_name.setdefault((level, plain(value)), [])
        own = [number for number in found if self[number].parent == parent] or (
            found if parent < 0 else [n for n in found if self[n].parent < 0]
        )
        if own:
            return own[0]
        self.append(Area("", value, level, parent))
        found.append(len(self) - 1)
        return len(self) - 1

    def above(self, number: int) -> tuple[int, ...]:
        """The areas an area lies in, the nearest first."""
        found: list[int] = []
        while number >= 0 and self[number].parent >= 0 and self[number].parent not in found:
            number = self[number].parent
            found.append(number)
        return tuple(found)


def _list(value: object) -> tuple[str, ...]:
    if value is None or isinstance(value, float):
        return ()
    parts = re.split(r"[;；、,，|]", value) if isinstance(value, str) else [str(one) for one in value]  # type: ignore[attr-defined]
    return tuple(filter(None, map(str.strip, parts)))


@dataclass(frozen=True)
class Known:
    """What a written name may be: the number of a line's name (-1: none), and areas with what it costs to have called them so."""

    line: int = -1
    areas: tuple[tuple[int, float], ...] = ()

    @property
    def cost(self) -> float:
        return 0.0 if self.line >= 0 else min(cost for _, cost in self.areas)


@dataclass(frozen=True)
class Near:
    """A name that is like what was typed: of a line, or of an area."""

    cost: float
    text: str
    known: Known


class KnownNames:
    """All names, by how they are written and by how they sound."""

    def __init__(self, lines: Sequence[str], areas: Areas) -> None:
        found: dict[str, tuple[int, dict[int, float]]] = {text: (number, {}) for number, text in enumerate(lines)}
        for number, area in enumerate(areas):
            for text, cost in _names_of(area):
                costs = found.setdefault(text, (-1, {}))[1]
                costs[number] = min(cost, costs.get(number, cost))
        self.exact = {
            text: Known(line, tuple(sorted(costs.items(), key=lambda item: item[1])))
            for text, (line, costs) in found.items()
        }
        self.lengths: dict[str, tuple[int, ...]] = {}
        by_start: dict[str, set[int]] = {}
        for text in self.exact:
            by_start.setdefault(text[:2], set()).add(len(text))
        self.lengths = {start: tuple(sorted(lengths, reverse=True)) for start, lengths in by_start.items()}
        self._twins: dict[str, list[int]] = {}
        self._texts = [
            text
            for text, known in self.exact.items()
            if 3 <= len(text) <= LONGEST_NAME and (known.line >= 0 or known.cost < SHORT)
        ]
        marks = [(mark, number) for number, text in enumerate(self._texts) for mark in _marks(text)]
        hashes = np.array([mark for mark, _ in marks], np.uint32)
        order = np.argsort(hashes, kind="stable")
        self._hashes: NDArray[np.uint32] = hashes[order]
        self._text_of: NDArray[np.int32] = np.array([number for _, number in marks], np.int32)[order]

    def twins(self, text: str) -> list[int]:
        """Lines' names that sound like this one: whoever writes one by ear may mean the other."""
        found = self._twins.get(text)
        if found is None:
            near = self.near([text], HOMOPHONE * len(text))[0]
            same = [one for one in near if len(one.text) == len(text) and one.cost > 0 and one.cost % HOMOPHONE < 1e-9]
            found = self._twins[text] = [one.known.line for one in same if one.known.line >= 0]
        return found

    def starting(self, text: str, at: int) -> list[tuple[int, Known]]:
        """Names written at this place, the longest first: length and what it may be."""
        found = []
        for length in self.lengths.get(text[at : at + 2], ()):
            known = self.exact.get(text[at : at + length]) if at + length <= len(text) else None
            if known is not None:
                found.append((length, known))
        return found

    def near(self, windows: Sequence[str], most: float) -> list[list[Near]]:
        """For each text the names that are like it, the nearest first: all homophones, and one slip besides."""
        marks = [_marks(window) if 2 <= len(window) <= LONGEST_NAME else [] for window in windows]
        wanted = np.array([mark for each in marks for mark in each], np.uint32)
        low, high = np.searchsorted(self._hashes, wanted), np.searchsorted(self._hashes, wanted, side="right")
        result, at = [], 0
        for window, each in zip(windows, marks, strict=True):
            numbers: set[int] = set()
            for place in range(at, at + len(each)):
                numbers.update(self._text_of[low[place] : min(high[place], low[place] + 400)].tolist())
            at += len(each)
            limit = min(most, 1.9 + 0.9 * len(window))
            found = [
                Near(cost, self._texts[n], self.exact[self._texts[n]])
                for n in numbers
                if (cost := distance(window, self._texts[n], limit + 0.01)) <= limit
            ]
            result.append(sorted(found, key=lambda near: (near.cost, near.text)))
        return result


def _names_of(area: Area) -> list[tuple[str, float]]:
    """How people call an area: its name, without its last word, its former names; with the area above where that was written."""
    names = [(area.key, 0.0), *((plain(old), FORMER) for old in area.former)]
    short = [(re.sub(_ENDINGS.get(area.level, "$"), "", name), cost + SHORT) for name, cost in names]
    twin = {"社区": "村", "村": "社区"}
    other = [
        (f"{name.removesuffix(word)}{twin[word]}", cost + OTHER_WORD)
        for name, cost in names
        for word in twin
        if area.level == "village" and name.endswith(word)
    ]
    longer = [(f"{area.key}办事处", 0.0)] if area.key.endswith("街道") else []
    return [(name, cost) for name, cost in (*names, *longer, *other, *short) if len(name) > 1]


def _marks(text: str) -> list[int]:
    """Of the sounds of a name, and of what is left of them when one is dropped. Two names that are one slip apart share a mark."""
    sounds = [folded(character) for character in text]
    whole = [".".join(sounds)]
    if len(sounds) > 2:
        whole += [".".join((*sounds[:place], *sounds[place + 1 :])) for place in range(len(sounds))]
    if len(sounds) > 3 and text[-1] in TYPE_WORDS:  # a slip, and 街 for 路
        whole += [".".join((*sounds[:place], *sounds[place + 1 : -1])) for place in range(len(sounds) - 1)]
    return [zlib.crc32(mark.encode()) for mark in dict.fromkeys(whole)]
