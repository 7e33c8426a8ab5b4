"""What somebody may be about to type: names by their beginning, in characters, pinyin or initials, then the doors behind them.

    Completer(gazetteer.houses, gazetteer.areas).complete("rml1")      # 人民路1号, 人民路10号, …

All names lie in a few long strings, those with most doorplates first: the first that fit are the best, and one pass over a string finds
them. Knows no database.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice, zip_longest
from typing import Literal

import numpy as np

from apps.territory.doornumbers import Line
from apps.territory.houses import ORDER, Houses, Ints
from apps.territory.known_names import Areas
from apps.territory.sounds import readings
from apps.territory.spelling import plain, written

Manner = Literal["exact", "loose", "sound"]
Split = tuple[frozenset[int], str]
Kind = Literal["town", "village", "road", "estate", "hamlet", "unit", "door"]
LEAST, LONGEST = 2, 60  # characters of a text that are answered
LOOKED_AT = 40  # names that begin alike, from which the best are taken
DOORS_OF = 4  # names whose doors are listed when a number was typed
MANNERS: tuple[Manner, ...] = ("exact", "loose", "sound")
LINE_KINDS: tuple[Literal["road", "estate", "hamlet"], ...] = ("road", "estate", "hamlet")
_NUMERALS = {
    ch: han + digit for han, digit in zip("一二三四五六七八九", "123456789", strict=True) for ch in (han, digit)
}
_LAST_WORD = re.compile(r"(?:省|市|自治县|县|区|街道|..?族乡|镇|乡|社区|居委会|村委会|村)$")
_WORDS = {"number": "号", "building": "幢", "unit": "单元", "room": "室"}
_STREET_NUMBER = re.compile(r"(?P<part>\d+[A-Z]?(?:-\d*)?)(?P<word>[号弄])?")
_DOOR_NUMBER = re.compile(r"(?P<part>[A-Z]?\d+[A-Z]?|[A-Z])(?P<word>号|幢|单元|室|-)?")
_SIDE = r"(?:\|[东西南北中][^|\n]*)?"
_LETTERS = re.compile("[a-z]")
_OTHER = re.compile(r"[^0-9a-z\u3400-\u9fff\U00020000-\U0003ffff〇' -]+")


@dataclass(frozen=True)
class Completion:
    """`text` is what the box will hold. `doorplates`: how many stand there. `whole`: an answer by itself, nothing has to be added."""

    text: str
    kind: Kind
    doorplates: int = 0
    whole: bool = False


@dataclass(frozen=True)
class _Entry:
    name: str  # plain spelling
    text: str
    kind: Kind
    areas: frozenset[int]  # that it lies in, itself included
    doorplates: int
    at: tuple[Line, int] | None = None  # the line of its doors


class Completer:
    """Threads may share it; nothing in it changes."""

    def __init__(
        self, houses: Houses, areas: Areas, shown: Mapping[str, str] | None = None, units: Iterable[str] = ()
    ) -> None:
        """shown: how a plain name is written here (八卦4路: 八卦四路). units: names of employers, found beside the places."""
        self._houses, self._areas = houses, areas
        named = [
            *self._lines(shown or {}),
            *self._places(),
            *(_Entry(plain(name), name, "unit", frozenset(), 0) for name in units),
        ]
        self._entries = sorted(filter(lambda entry: entry.name, named), key=_by_weight)
        self._all = _Names(range(len(self._entries)), self._entries)
        buckets: dict[str, list[int]] = {}
        for number, entry in enumerate(self._entries):
            for letter in dict.fromkeys(sound[:1] for sound in readings(entry.name[0])[:2]):
                buckets.setdefault(letter, []).append(number)
        self._starting = {letter: _Names(numbers, self._entries) for letter, numbers in buckets.items()}
        self._lines_of: dict[int, list[int]] = {}  # roads, estates and hamlets by the areas they lie in
        for number, entry in enumerate(self._entries):
            for within in entry.areas if entry.at and entry.kind != "village" else ():
                self._lines_of.setdefault(within, []).append(number)
        self._called: dict[str, tuple[int, ...]] = {}
        for number, area in enumerate(areas):
            for name in dict.fromkeys((area.key, *map(plain, area.former), _LAST_WORD.sub("", area.key))):
                if len(name) > 1:
                    self._called[name] = (*self._called.get(name, ()), number)

    def _lines(self, shown: Mapping[str, str]) -> Iterator[_Entry]:
        for kind in LINE_KINDS:
            index = self._houses.lines[kind]
            counts = (index.start[1:] - index.start[:-1]).tolist()
            of_line = zip(index.name.tolist(), index.area.tolist(), counts, strict=True)
            for line, (name, area, count) in enumerate(of_line):
                key = self._houses.names[name]
                here = shown.get(key, key)
                town, village = self._above(area)
                text = f"{town}{village if kind == 'hamlet' else ''}{here}"
                for spelling in dict.fromkeys((key, here)):  # 5组, and 第五村民小组 while it is being typed
                    yield _Entry(spelling, text, kind, self._with_above(area), count, (kind, line))

    def _places(self) -> Iterator[_Entry]:
        index = self._houses.lines["village"]
        line_of = {area: line for line, area in enumerate(index.area.tolist())}
        counts = (index.start[1:] - index.start[:-1]).tolist()
        of_town: dict[int, int] = {}
        for area, line in line_of.items():
            for above in self._areas.above(area):
                of_town[above] = of_town.get(above, 0) + counts[line]
        for number, area in enumerate(self._areas):
            if area.level == "village":
                town, line = self._above(number)[0], line_of.get(number, -1)
                count = counts[line] if line >= 0 else 0
                at: tuple[Line, int] | None = ("village", line) if line >= 0 else None
                yield _Entry(area.key, f"{town}{area.name}", "village", self._with_above(number), count, at)
            elif area.level == "town":
                yield _Entry(area.key, area.name, "town", self._with_above(number), of_town.get(number, 0))

    def _with_above(self, area: int) -> frozenset[int]:
        return frozenset((area, *self._areas.above(area))) if area >= 0 else frozenset()

    def _above(self, area: int) -> tuple[str, str]:
        """The names of the town and of the village that an area is or lies in."""
        names = {"town": "", "village": ""}
        for number in (area, *self._areas.above(area)) if area >= 0 else ():
            names[self._areas[number].level] = self._areas[number].name
        return names["town"], names["village"]

    # --- asking -----------------------------------------------------------------------------------------------------------

    def complete(self, text: str, k: int = 8) -> list[Completion]:
        """Up to k, best first; none for less than two characters. Any text has an answer."""
        typed = _typed(text)
        if len(typed.replace(" ", "")) < LEAST:
            return []
        splits = self._splits(typed)
        found: dict[str, Completion] = {}
        for completion in chain(self._fitting(typed, splits, k), self._nearly(splits, k, found)):
            found.setdefault(completion.text, completion)
            if len(found) == k:
                break
        return list(found.values())

    def _fitting(self, typed: str, splits: list[Split], k: int) -> Iterator[Completion]:
        for inside, rest in splits:
            named = self._named(rest, inside)
            if whole := next((entry for entry in named if entry.at and plain(entry.text).lower() == typed), None):
                yield from self._first_doors(whole, k)
            yield from map(_completion, named)
            if not rest:
                within = sorted(set().union(*(self._lines_of.get(area, ()) for area in inside)))
                yield from (_completion(self._entries[number]) for number in within[:k])
        for inside, rest in splits:
            yield from self._doors(rest, inside, k)
        yield from map(_completion, self._anywhere(splits[-1][1] or typed, splits[-1][0], k))

    def _nearly(self, splits: list[Split], k: int, found: Sized) -> Iterator[Completion]:
        """When nothing fits: in another town than was named, with a side more, with the same sound."""
        rest = splits[-1][1] or splits[0][1]
        for manner in MANNERS:
            if not found:
                yield from map(_completion, self._named(rest, frozenset(), manner))
        if not found:
            yield from self._doors(rest, frozenset(), k)

    def _splits(self, typed: str) -> list[Split]:
        """The text after none, one, two of the areas it begins with, and the lowest of those, under all its names."""
        splits: list[Split] = [(frozenset(), typed)]
        while typed:
            lengths = range(min(12, len(typed)), 1, -1)
            name = next((typed[:length] for length in lengths if typed[:length] in self._called), "")
            lower = frozenset(number for number in self._called.get(name, ()) if self._below(number, splits[-1][0]))
            if not lower:
                break
            typed = typed[len(name) :].lstrip(" -")
            splits.append((lower, typed))
        return splits

    def _below(self, area: int, inside: frozenset[int]) -> bool:
        return not inside or not inside.isdisjoint(self._areas.above(area))

    def example(self) -> str:
        """A door on the road that has the most; "" where there is none."""
        road = next((entry for entry in self._entries if entry.kind == "road"), None)
        return next((door.text for door in self._first_doors(road, 1)), "") if road else ""

    def _first_doors(self, entry: _Entry, k: int) -> Iterator[Completion]:
        return self._parts(entry, {}, self._rows(entry), ORDER[entry.at[0]][0], "", k) if entry.at else iter(())

    def _named(self, typed: str, inside: frozenset[int], manner: Manner = "exact") -> list[_Entry]:
        """Names that begin so: first the one that is all of it, then by their doorplates."""
        if not typed:
            return []
        bucket = self._starting.get(readings(typed[0])[0][:1])
        if not bucket:
            return []
        numbers = bucket.matching(r"\n" + _pattern(typed, manner))
        found = islice(self._inside(numbers, inside), LOOKED_AT)
        return sorted(found, key=lambda entry: entry.name != typed)

    def _inside(self, numbers: Iterator[int], inside: frozenset[int]) -> Iterator[_Entry]:
        for number in numbers:
            entry = self._entries[number]
            if not inside or not inside.isdisjoint(entry.areas):
                yield entry

    def _anywhere(self, typed: str, inside: frozenset[int], k: int) -> Iterator[_Entry]:
        """Names that hold what was typed: its characters, or its letters as initials."""
        if typed.isascii():
            numbers = self._all.with_initials(typed)
        else:
            numbers = self._all.matching(_pattern(typed, "exact")) if not typed[0].isascii() else iter(())
        return islice(self._inside(numbers, inside), k)

    # --- doors ------------------------------------------------------------------------------------------------------------

    def _doors(self, typed: str, inside: frozenset[int], k: int) -> Iterator[Completion]:
        """人民路1, rml12号3: doors of the names that stand before the number, a name that ends there before a longer one."""
        for split in re.finditer(r"(?<=[^\d -])[ -]*(?=\d)", typed):
            head = typed[: split.start()]
            named = next(filter(None, (self._named(head, inside, manner) for manner in MANNERS)), [])
            named = [entry for entry in named if entry.at]
            tail = typed[split.end() :].replace(" ", "").upper()
            doors = [islice(self._doors_of(entry, tail, k), k) for entry in sorted(named, key=_by_length)[:DOORS_OF]]
            yield from filter(
                None, chain.from_iterable(zip_longest(*doors))
            )  # 12号 of each road before anybody's 120号

    def _doors_of(self, entry: _Entry, tail: str, k: int) -> Iterator[Completion]:
        rows, order, said = self._rows(entry), ORDER[entry.at[0]] if entry.at else (), dict[str, str]()
        for part in order:
            match = (_STREET_NUMBER if part == "number" else _DOOR_NUMBER).match(tail)
            if not match and tail:  # 经2路12 is not a door of 经一路
                return
            if not match:
                break
            behind = tail[match.end() :]
            if not match["word"] and not behind:
                yield from self._parts(entry, said, rows, part, match["part"], k)
                return
            rows = rows[self._houses.part[part][rows] == self._houses.part_number.get(match["part"], -1)]
            said[part], tail = match["part"], behind.removeprefix("-")
        if said and len(rows):
            yield self._door(entry, said, len(rows))
            following = (part for part in order if part not in said and self._houses.part[part][rows].any())
            yield from self._parts(entry, said, rows, next(following, "room"), "", k)

    def _rows(self, entry: _Entry) -> Ints:
        if not entry.at:
            return np.empty(0, np.int32)
        kind, line = entry.at
        rows = self._houses.lines[kind].houses(line)
        if kind == "village":  # a house on a road of the village is not called by the village
            rows = rows[(self._houses.name["road"][rows] < 0) & (self._houses.name["estate"][rows] < 0)]
        return rows

    def _parts(
        self, entry: _Entry, said: dict[str, str], rows: Ints, part: str, beginning: str, k: int
    ) -> Iterator[Completion]:
        """The doors whose next part begins so, in the order of their numbers."""
        values = self._houses.part[part][rows]
        texts = self._houses.parts
        numbers = sorted(value for value in set(values.tolist()) if value and texts[value].startswith(beginning))
        for value in numbers[:k]:
            yield self._door(entry, {**said, part: texts[value]}, int((values == value).sum()))

    def _door(self, entry: _Entry, said: dict[str, str], doorplates: int) -> Completion:
        return Completion(entry.text + written(**said), "door", doorplates, True)


class _Names:
    """Names one after another: each character with its sounds (|民min|长chang/zhang), and the initials alone."""

    def __init__(self, numbers: Iterable[int], entries: list[_Entry]) -> None:
        self._numbers = list(numbers)
        names = [entries[number].name for number in self._numbers]
        sounds = ["".join(map(_with_sounds, name)) for name in names]
        self._sounds, self._starts = "\n" + "\n".join(sounds), _starts(map(len, sounds))
        self._initials = "\n" + "\n".join("".join(readings(ch)[0][:1] for ch in name) for name in names)
        self._initial_starts = _starts(map(len, names))

    def matching(self, pattern: str) -> Iterator[int]:
        """In their order, each once."""
        before = -1
        for match in _compiled(pattern).finditer(self._sounds):
            place = bisect_right(self._starts, match.start()) - 1
            if place != before:
                before = place
                yield self._numbers[place]

    def with_initials(self, letters: str) -> Iterator[int]:
        at, before = self._initials.find(letters), -1
        while at >= 0:
            place = bisect_right(self._initial_starts, at) - 1
            if place != before:
                before = place
                yield self._numbers[place]
            at = self._initials.find(letters, at + 1)


def _by_weight(entry: _Entry) -> tuple[int, int, str]:
    return -entry.doorplates, len(entry.name), entry.text


def _by_length(entry: _Entry) -> int:
    return len(entry.name)


def _completion(entry: _Entry) -> Completion:
    return Completion(entry.text, entry.kind, entry.doorplates, entry.kind == "unit")


@lru_cache(maxsize=20_000)
def _with_sounds(character: str) -> str:
    return f"|{character}{'/'.join(readings(character)[:2])}"


def _starts(lengths: Iterable[int]) -> list[int]:
    starts = [0]
    for length in lengths:
        starts.append(starts[-1] + length + 1)
    return starts[:-1]


@lru_cache(maxsize=1000)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _typed(text: str) -> str:
    """In the plain spelling; letters and blanks between them stay, for they are pinyin."""
    low = unicodedata.normalize("NFKC", text[:LONGEST]).lower()
    return " ".join(_OTHER.sub(" ", low).split()) if _LETTERS.search(low) else plain(low)


def _pattern(typed: str, manner: Manner) -> str:
    """For names that begin with what was typed: characters, syllables and initials after one another (人m, renmin, rm).

    loose: a side may be left out (人民路 for 人民西路). sound: a character stands for all that sound like it.
    """
    found: list[str] = []
    within = False
    for ch in typed:
        skip = (r"[^|\n]*" + (_SIDE if manner == "loose" else "")) if found else ""
        if ch in " '":
            within = False
        elif "a" <= ch <= "z":
            begins = rf"{skip}\|[^\n](?:[a-z]+/)?{ch}"
            found.append(f"(?:{ch}|{begins})" if within else begins)
            within = True
        elif manner == "sound" and ch >= "\u3400":
            found.append(rf"{skip}\|[^\n](?:[a-z]+/)?{readings(ch)[0]}(?![a-z])")
            within = False
        else:
            found.append(rf"{skip}\|" + (f"[{_NUMERALS[ch]}]" if ch in _NUMERALS else re.escape(ch)))
            within = False
    return "".join(found)
