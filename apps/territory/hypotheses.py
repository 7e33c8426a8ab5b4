"""What a text may mean: a house in a line whose name it writes, or nearly writes. Knows no database.

Costs are negative logarithms of how often people write so: 0 as it stands, 2 one in seven, 6 one in four hundred.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from apps.territory.doornumbers import Line, Tail, read_tail
from apps.territory.houses import Houses
from apps.territory.known_names import SHORT, Areas, Known, KnownNames
from apps.territory.sounds import EXTRA, HOMOPHONE, distance, extra
from apps.territory.spelling import plain
from apps.territory.understanding import Token, Understood

NAMED: tuple[Line, ...] = ("road", "estate", "hamlet")
FOREIGN = {"province": 3.0, "city": 3.0, "county": 4.0, "town": 3.0, "village": 0.8}  # an area that is none of ours
NAMESAKE = 2.0  # a village without its last word, where a street or hamlet has the whole name
WELL_KNOWN = 2.5  # what was written is a name as it stands: hardly a slip for another one
MOST_BEFORE = 5.0
THIN = 1.0  # 荷坞街 for 荷崖街: of a short name too little is left to be sure that it was a slip
TWIN = 1.0
ROAD_WORDS = tuple("路街巷弄道")
GROUP_UNKNOWN = 2.5
ONE_SLIP, TWO_SLIPS = 5.4, 6.5
LONGEST_WINDOW, MOST_NEAR, MOST_NEARBY = 9, 12, 600


@dataclass(frozen=True)
class Hypothesis:
    """The text means a house in a line of this name; the tail is what it says behind it, `others` are the other names that must fit.

    Costs: `spelling` of the name, `loose` of what is not understood beside it, `foreign` of areas that are none of ours.
    """

    kind: Line
    name: int
    spelling: float
    loose: float
    tail: Tail
    others: tuple[Known, ...]
    foreign: float

    @property
    def cost(self) -> float:
        return self.spelling + self.loose + self.foreign


class Conjectures:
    """Makes hypotheses of a text that was held against the known names."""

    def __init__(self, houses: Houses, areas: Areas, names: KnownNames) -> None:
        self.houses, self.names = houses, names
        self._levels = [area.level for area in areas]
        self._has_level = frozenset(self._levels)
        self._former = frozenset(plain(old) for area in areas for old in area.former)

    def written(self, said: Understood) -> Iterator[Hypothesis]:
        """From names as they are written."""
        foreign = self._foreign(said)
        for place, token in enumerate(said.tokens):
            if token.known:
                others = tuple(other.known for other in said.tokens if other.known and other is not token)
                before = said.tokens[place - 1] if place else None
                unknown = said.text[before.start : before.stop] if before and before.kind == "unknown" else ""
                loose = _not_understood(unknown)
                yield from self._lines(said, token.known, 0.0, loose, token.stop, others, foreign)

    def by_ear(self, found: Iterable[Hypothesis]) -> Iterator[Hypothesis]:
        """The same with a name that sounds the same: 宏兴路 and 鸿兴路 may both have the number."""
        for one in {(one.kind, one.name): one for one in found if one.kind != "village"}.values():
            for twin in self.names.twins(self.houses.names[one.name]):
                if self.houses.lines[one.kind].named(twin):
                    yield replace(one, name=twin, spelling=one.spelling + HOMOPHONE + TWIN)

    def similar(self, said: Understood) -> Iterator[Hypothesis]:
        """From names that are like what stands before a number, or at the end: homophones, and one slip besides."""
        for start, stop in _stretches(said):
            starts = list(range(max(start, stop - LONGEST_WINDOW), stop - 1))
            windows = [said.text[at:stop] for at in starts]
            for at, found in zip(starts, self.names.near(windows, ONE_SLIP), strict=True):
                for near in found[:MOST_NEAR]:
                    if near.cost > 0.0:
                        yield from self._taken_for(said, at, stop, near.known, near.cost + _thin(near.text, near.cost))

    def similar_nearby(self, said: Understood) -> Iterator[Hypothesis]:
        """From names in the town or village that the text names, with two slips."""
        named = {area for token in said.tokens if token.known for area, cost in token.known.areas if cost < SHORT}
        names = sorted({name for area in named for name in self._names_in.get(area, ())})
        if not names or len(names) > MOST_NEARBY:
            return
        for start, stop in _stretches(said):
            for at in range(start, min(start + 3, stop - 2)):
                window = said.text[at:stop]
                most = min(TWO_SLIPS, 1.4 * len(window))
                for name in names:
                    text = self.houses.names[name]
                    cost = distance(window, text, most)
                    if 0.0 < cost < most:
                        yield from self._taken_for(said, at, stop, Known(name), cost + _thin(text, cost))

    def areas_nearly(self, said: Understood) -> Understood:
        """The same text, where an area that does not exist here is taken for the one that is spelled alike: 东西镇 for 东溪镇."""
        kept: list[tuple[str, str]] = []
        tokens = list(said.tokens)
        similar = self.names.near([name for _, name in said.foreign], 3.3)
        for (level, name), near in zip(said.foreign, similar, strict=True):
            alike = [one for one in near if any(self._levels[area] == level for area, _ in one.known.areas)]
            if not alike or level not in ("county", "town", "village"):
                kept.append((level, name))
                continue
            areas = tuple((area, cost + alike[0].cost) for area, cost in alike[0].known.areas)
            tokens.insert(0, Token("name", 0, 0, Known(-1, areas)))
        return Understood(said.text, tokens, said.areas, kept, said.beside)

    @cached_property
    def _names_in(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for kind in NAMED:
            index = self.houses.lines[kind]
            for area, name in zip(index.area.tolist(), index.name.tolist(), strict=True):
                found.setdefault(area, []).append(name)
        return found

    def _taken_for(self, said: Understood, at: int, stop: int, known: Known, spelling: float) -> Iterator[Hypothesis]:
        """A stretch of the text taken for a name."""
        outside = [token for token in said.tokens if token.known and (token.stop <= at or token.start >= stop)]
        inside = [token for token in said.tokens if token.known and token.stop > at and token.start < stop]
        written = any(token.known and token.known.line >= 0 and token.stop - token.start > 2 for token in inside)
        loose = _loose(said, at) + (WELL_KNOWN if written else 0.0)
        others = tuple(token.known for token in outside if token.known)
        yield from self._lines(said, known, spelling, loose, stop, others, self._foreign(said))

    def _lines(
        self,
        said: Understood,
        known: Known,
        spelling: float,
        loose: float,
        stop: int,
        others: tuple[Known, ...],
        foreign: float,
    ) -> Iterator[Hypothesis]:
        """What a name may be: a line of houses, or a village with its houses and its groups."""
        rest = said.blanked(stop, len(said.text))
        for kind in NAMED if known.line >= 0 else ():
            if self.houses.lines[kind].named(known.line):
                tail = read_tail(rest, kind)
                yield Hypothesis(kind, known.line, spelling, loose + _unread(tail, kind), tail, others, foreign)
        for area, called in known.areas:
            if self._levels[area] != "village":
                continue
            price = spelling + called + (NAMESAKE if known.line >= 0 and called > 0.0 else 0.0)
            tail = read_tail(rest, "village")
            group = self.names.exact.get(f"{tail.group}组", Known()) if tail.group else Known()
            if group.line >= 0:
                here = (*others, Known(-1, ((area, 0.0),)))
                yield Hypothesis("hamlet", group.line, price, loose + _unread(tail, "hamlet"), tail, here, foreign)
            elif self.houses.lines["village"].named(area):
                unread = _unread(tail, "village") + (GROUP_UNKNOWN if tail.group else 0.0)
                yield Hypothesis("village", area, price, loose + unread, tail, others, foreign)

    def _foreign(self, said: Understood) -> float:
        """Of areas that are none of ours; a county before a town's old name is where the town was then (苍南县龙港镇)."""
        old = any(token.known and said.text[token.start : token.stop] in self._former for token in said.tokens)
        cost = 0.0
        for level, _ in said.foreign:
            unheard = level in ("province", "city") and level not in self._has_level
            cost += 0.1 if unheard else 0.2 if level == "county" and old else FOREIGN[level]
        return cost


def _thin(text: str, cost: float) -> float:
    return THIN if cost >= EXTRA and len(text) < 4 else 0.0


def _stretches(said: Understood) -> list[tuple[int, int]]:
    """Where a name that nobody knows may stand: after the last sure area, before a number or at the end."""
    numbers = [token for token in said.tokens if token.kind == "number"]
    worded = [token.stop for token in numbers if not said.text[token.stop - 1].isdigit()]
    areas = [token for token in said.tokens if token.known and token.known.line < 0 and token.known.cost < SHORT]
    found = []
    for stop in [token.start for token in numbers][:3] or [len(said.text)]:
        start = max((at for at in (*worded, *(token.stop for token in areas)) if at <= stop), default=0)
        found.append((start, stop))
        ends = {token.stop: token.start for token in said.tokens if token.kind in ("fill", "beside")}
        while stop in ends and ends[stop] < stop:
            stop = ends[stop]
        found.append((start, stop))
    return [(start, stop) for start, stop in dict.fromkeys(found) if stop - start >= 2]


def _loose(said: Understood, at: int) -> float:
    """What stands directly before a stretch and is not understood."""
    before = next((token for token in said.tokens if token.start < at <= token.stop), None)
    if before is None or before.kind in ("fill", "beside", "number") or (before.kind == "name" and before.stop == at):
        return 0.0
    return _not_understood(said.text[before.start : at])


def _not_understood(text: str) -> float:
    """A character directly before a name may belong to it: 新|人民路 is hardly 人民路."""
    return min(MOST_BEFORE, sum(map(extra, text)))


def _unread(tail: Tail, kind: Line) -> float:
    """Behind the house, what nobody understands are mostly shops' and people's names; before its number it is another name."""
    each = 1.6 if kind in ("village", "hamlet") else 0.6
    before = min(5.0, each * len(tail.before) + (4.0 if tail.before.endswith(ROAD_WORDS) else 0.0))
    return before + min(0.4, 0.04 * len(tail.behind))
