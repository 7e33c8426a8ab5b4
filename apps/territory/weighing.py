"""Which house a text means: every way to read it is held against the houses that exist, and weighed. Knows no database.

Costs are negative logarithms of how often people write so: 0 as it stands, 3.5 one in thirty. A house that may be missing from the table is
weighed too, so that a house that merely fits better than nothing is never taken for sure.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from apps.territory.doornumbers import Line, Reading, Tail, read_tail
from apps.territory.houses import NOTHING, PARTS, UNKNOWN, Houses, Ints
from apps.territory.known_names import Areas, Known, KnownNames
from apps.territory.spelling import plain
from apps.territory.understanding import Token, Understood

KINDS: tuple[Line, ...] = ("road", "estate", "hamlet")
WRONG_AREA = {"province": 6.0, "city": 6.0, "county": 6.0, "town": 6.0, "village": 4.5}
WRONG_LINE = {"road": 6.0, "estate": 4.5, "hamlet": 6.0}
SILENT_LINE = {
    "road": 0.6,
    "estate": 2.0,
    "hamlet": 1.2,
}  # the table says nothing about it; but who writes a road means no hamlet
ANOTHER_KIND = 5.5
FOREIGN = {"province": 3.0, "city": 3.0, "county": 4.0, "town": 3.0, "village": 0.8}
OTHERS_HAVE_IT = 2.5  # the table tells this number's buildings apart, and the one asked for is not among them
NOT_TOLD_APART = 0.2
MISSING_SHARE = 0.05  # of houses that a county's table lacks
WELL_KNOWN = 2.5  # what was written is a name as it stands: hardly a slip for another one
MOST_LINES, MOST_ROWS = 80, 60


@dataclass(frozen=True)
class Evidence:
    """A name in the text that must fit the house."""

    known: Known


@dataclass(frozen=True)
class Hypothesis:
    """The text means a house in a line of this name. `spelling` is what the name's spelling costs, `loose` what else speaks against it."""

    kind: Line
    name: int
    spelling: float
    loose: float
    tail: Tail
    others: tuple[Evidence, ...]
    foreign: float
    stop: int = 0


@dataclass
class Weighed:
    """A house, or (row < 0) a house in a line that the table lacks. `sure` when nothing of the text had to be explained away."""

    row: int
    cost: float
    hypothesis: Hypothesis
    line: int
    reading: Reading
    fits: bool = True  # the areas and names beside it
    whole: bool = True  # building, unit and room as said, or the table does not tell them apart
    near: Ints = field(
        default_factory=lambda: np.empty(0, np.int32)
    )  # houses of the number, when the house in it is missing
    unnumbered: bool = False


class Weigher:
    """Holds hypotheses against the houses."""

    def __init__(self, houses: Houses, areas: Areas, names: KnownNames) -> None:
        self.houses, self.areas, self.names = houses, areas, names
        self._above = [frozenset(areas.above(number)) for number in range(len(areas))]
        self._levels = [area.level for area in areas]
        self._has_level = {area.level for area in areas}
        self._former = {plain(old) for area in areas for old in area.former}

    # --- what the text may mean -------------------------------------------------------------------------------------------

    def hypotheses(self, said: Understood) -> Iterator[Hypothesis]:
        """From names as they are written."""
        evidence = [(token, Evidence(token.known)) for token in said.tokens if token.known]
        foreign = self.foreign(said)
        for place, token in enumerate(said.tokens):
            if token.known:
                yield from self._of_name(said, place, token, token.known, 0.0, evidence, foreign)

    def similar(self, said: Understood) -> Iterator[Hypothesis]:
        """From names that are like what stands before the first number, or at the end."""
        for start, stop in self._stretches(said):
            starts = list(range(max(start, stop - 9), stop - 1))
            for at, found in zip(starts, self.names.near([said.text[at:stop] for at in starts], 4.6), strict=True):
                exact = any(
                    token.known
                    and token.known.line >= 0
                    and token.stop - token.start > 2
                    and token.stop > at
                    and token.start < stop
                    for token in said.tokens
                )
                inside = [token for token in said.tokens if token.known and (token.stop <= at or token.start >= stop)]
                evidence = [(token, Evidence(token.known)) for token in inside if token.known]
                for near in found[:12]:
                    if near.cost > 0.0:
                        loose = _loose(said, at) + (WELL_KNOWN if exact else 0.0)
                        yield from self._lines(
                            said,
                            near.known,
                            near.cost,
                            loose,
                            stop,
                            tuple(one for _, one in evidence),
                            self.foreign(said),
                        )

    def areas_nearly(self, said: Understood) -> Understood:
        """The same text, where an area that does not exist here is taken for the one that is spelled alike: 东西镇 for 东溪镇."""
        kept, found = [], dict(said.areas)
        tokens = list(said.tokens)
        for (level, name), near in zip(
            said.foreign, self.names.near([name for _, name in said.foreign], 2.3), strict=True
        ):
            areas = [one for one in near if any(self._levels[area] == level for area, _ in one.known.areas)]
            if not areas or level not in ("town", "village", "county"):
                kept.append((level, name))
                continue
            best = Known(-1, tuple((area, cost + areas[0].cost) for area, cost in areas[0].known.areas))
            for area, cost in best.areas:
                found.setdefault(area, cost)
            tokens.insert(0, Token("name", 0, 0, best))
        return Understood(said.text, tokens, found, kept, said.beside)

    def foreign(self, said: Understood) -> float:
        """What it costs that areas are named which are none of ours. Before a name of ours they are only further up, or its old ones."""
        old = any(token.known and said.text[token.start : token.stop] in self._former for token in said.tokens)
        cost = 0.0
        for level, _ in said.foreign:
            if level in ("province", "city") and level not in self._has_level:
                cost += 0.1
            elif level == "county" and old:
                cost += 0.2
            else:
                cost += FOREIGN[level]
        return cost

    def _of_name(
        self,
        said: Understood,
        place: int,
        token: Token,
        known: Known,
        spelling: float,
        evidence: list[tuple[Token, Evidence]],
        foreign: float,
    ) -> Iterator[Hypothesis]:
        others = tuple(one for other, one in evidence if other is not token)
        before = said.tokens[place - 1] if place else None
        loose = _loose_before(before)
        yield from self._lines(said, known, spelling, loose, token.stop, others, foreign)

    def _lines(
        self,
        said: Understood,
        known: Known,
        spelling: float,
        loose: float,
        stop: int,
        others: tuple[Evidence, ...],
        foreign: float,
    ) -> Iterator[Hypothesis]:
        rest = said.blanked(stop, len(said.text))
        if known.line >= 0:
            for kind in KINDS:
                if self.houses.lines[kind].named(known.line):
                    tail = read_tail(rest, kind)
                    yield Hypothesis(
                        kind, known.line, spelling, loose + _unread(tail, kind), tail, others, foreign, stop
                    )
        for area, cost in known.areas:
            if self._levels[area] != "village":
                continue
            tail = read_tail(rest, "village")
            group = self.names.exact.get(f"{tail.group}组") if tail.group else None
            here = (*others, Evidence(Known(-1, ((area, cost + spelling),))))
            if group and group.line >= 0:
                yield Hypothesis(
                    "hamlet", group.line, spelling + cost, loose + _unread(tail, "hamlet"), tail, here, foreign, stop
                )
            elif self.houses.lines["village"].named(area):
                yield Hypothesis(
                    "village",
                    area,
                    spelling + cost,
                    loose + _unread(tail, "village") + (2.5 if tail.group else 0.0),
                    tail,
                    others,
                    foreign,
                    stop,
                )

    def _stretches(self, said: Understood) -> list[tuple[int, int]]:
        """Where a name that nobody knows may stand: after the last sure area before the first number, and before other numbers."""
        numbers = [token.start for token in said.tokens if token.kind == "number"] or [len(said.text)]
        sure = [
            token.stop
            for token in said.tokens
            if token.known and token.known.line < 0 and token.known.cost < 0.3 and token.stop > token.start
        ]
        found = []
        for stop in dict.fromkeys(numbers[:3]):
            earlier = max(
                (
                    token.stop
                    for token in said.tokens
                    if token.kind == "number" and token.stop <= stop and not said.text[token.stop - 1].isdigit()
                ),
                default=0,
            )
            start = max(earlier, max((at for at in sure if at <= stop), default=0))
            found.append((start, stop))
            while (
                last := next((token for token in said.tokens if token.stop == stop > token.start), None)
            ) and last.kind in ("fill", "beside"):
                stop = last.start
            found.append((start, stop))
        return [(start, stop) for start, stop in dict.fromkeys(found) if stop - start >= 2]

    # --- which houses fit -------------------------------------------------------------------------------------------------

    def weigh(self, hypothesis: Hypothesis) -> Iterator[Weighed]:
        index = self.houses.lines[hypothesis.kind]
        lines = self._fitting(hypothesis, list(index.named(hypothesis.name)))
        for line, beside in lines:
            yield from self._in_line(hypothesis, line, beside)

    def _fitting(self, hypothesis: Hypothesis, lines: list[int]) -> list[tuple[int, float]]:
        """The lines of the name, and what the areas named beside it cost there; those that fit, when there are too many."""
        index = self.houses.lines[hypothesis.kind]
        priced = [(line, self._beside_line(hypothesis, int(index.area[line]))) for line in lines]
        if len(priced) > MOST_LINES:
            least = min(cost for _, cost in priced)
            priced = [(line, cost) for line, cost in priced if cost < least + 1.0][:MOST_LINES]
        return priced

    def _beside_line(self, hypothesis: Hypothesis, area: int) -> float:
        """Of the areas alone, before any house is looked at."""
        if hypothesis.kind in ("hamlet", "village"):
            return sum(
                self._area_cost(one, area, self._town_of(area)) for one in hypothesis.others if one.known.line < 0
            )
        return sum(self._area_cost(one, -1, area, True) for one in hypothesis.others if one.known.line < 0)

    def _town_of(self, village: int) -> int:
        return self.areas[village].parent if village >= 0 else -1

    def _in_line(self, hypothesis: Hypothesis, line: int, beside: float) -> Iterator[Weighed]:
        base = hypothesis.spelling + hypothesis.loose + hypothesis.foreign
        readings = [reading for reading in hypothesis.tail.readings if reading.number or reading.building]
        if not readings:
            yield Weighed(
                -1, base + beside, hypothesis, line, hypothesis.tail.readings[0], beside < 1.0, unnumbered=True
            )
            return
        found = 9.0
        missing: list[Weighed] = []
        for reading in readings:
            rows, cost, whole, near = self._match(hypothesis.kind, line, reading)
            for row in rows[:MOST_ROWS].tolist():
                found = min(found, reading.cost + cost)
                fit = self._house_cost(hypothesis, row)
                yield Weighed(row, base + reading.cost + cost + fit, hypothesis, line, reading, fit < 0.9, whole)
            if not len(rows):
                missing.append(
                    Weighed(-1, base + reading.cost + beside, hypothesis, line, reading, beside < 1.0, True, near)
                )
        if missing:
            least = min(missing, key=lambda one: one.cost + (0.0 if len(one.near) else 0.3))
            least.cost += self._rarity(hypothesis.kind, line, least) + (3.0 if found <= least.reading.cost else 0.0)
            yield least

    def _rarity(self, kind: Line, line: int, missing: Weighed) -> float:
        """How unlikely it is that this house exists and the table lacks it, from how densely the line is numbered."""
        if len(missing.near):
            return 1.5
        index = self.houses.lines[kind]
        first, last = index.span(line)
        highest = max(1, int(self.houses.part_main[index.first[last - 1]]))
        number = missing.reading.building if kind == "estate" else missing.reading.number
        wanted = self.houses.part_main[self._part(number)] if self._part(number) >= 0 else -1
        digits = (
            int("".join(filter(str.isdigit, number.rpartition("弄")[2].partition("-")[0])) or 0)
            if wanted < 0
            else int(wanted)
        )
        if digits > highest:
            return 4.0 + min(3.0, 3.0 * (digits - highest) / highest)
        filled = min(0.95, (last - first) / highest)
        return float(-np.log(np.clip(MISSING_SHARE * filled / (1.0 - filled), 0.006, 0.5)))

    def _part(self, text: str) -> int:
        return self.houses.part_number.get(text, UNKNOWN) if text else NOTHING

    def _match(self, kind: Line, line: int, reading: Reading) -> tuple[Ints, float, bool, Ints]:
        """The houses of a line that a reading means, what had to be overlooked, whether that is all that was said, and else the houses near it."""
        index = self.houses.lines[kind]
        wanted = {part: self._part(getattr(reading, part)) for part in PARTS}
        order = ["building", "unit", "room", "number"] if kind == "estate" else ["number", "building", "unit", "room"]
        if wanted[order[0]] == NOTHING:  # 人民路3幢, or 12号 in an estate that numbers its houses
            order = (
                ["number", "building", "unit", "room"] if kind == "estate" else ["building", "unit", "room", "number"]
            )
            rows = index.houses(line)
            rows = rows[self.houses.part[order[0]][rows] == wanted[order[0]]]
            cost = 0.3
        else:
            rows, cost = index.at(line, wanted[order[0]]), 0.0
        whole = True
        for part in order[1:]:
            if not len(rows):
                break
            values = self.houses.part[part][rows]
            same = rows[values == wanted[part]]
            if len(same):
                rows = same
                continue
            silent = rows[values == NOTHING]
            if wanted[part] == NOTHING:
                continue
            if not len(silent):
                return silent, cost, False, rows
            whole = whole and len(silent) == len(rows)
            cost += NOT_TOLD_APART if len(silent) == len(rows) else OTHERS_HAVE_IT
            rows = silent
        return rows, cost, whole, rows[:0]

    def _house_cost(self, hypothesis: Hypothesis, row: int) -> float:
        """What speaks against a house: the other names of the text that are not its own."""
        village, town = int(self.houses.village[row]), int(self.houses.town[row])
        cost = 0.0
        for one in hypothesis.others:
            choices = []
            if one.known.areas:
                choices.append(self._area_cost(one, village, town, hypothesis.kind in ("road", "estate")))
            if one.known.line >= 0:
                choices.append(self._line_cost(one.known.line, row, hypothesis.kind))
            cost += min(choices)
        return cost

    def _area_cost(self, one: Evidence, village: int, town: int, by_road: bool = False) -> float:
        """By the best of the areas that a name may mean."""
        least = 9.0
        for area, cost in one.known.areas:
            level = self._levels[area]
            if level == "village":
                if village == area:
                    fits = cost
                elif village < 0:
                    fits = 0.3 + cost
                else:
                    fits = WRONG_AREA[level] * (1.0 if by_road else 1.4) * (0.5 if cost >= 0.3 else 1.0)
            elif level == "town":
                fits = (
                    cost
                    if town == area
                    else 0.3 + cost
                    if town < 0
                    else WRONG_AREA[level] * (0.5 if cost >= 0.3 else 1.0)
                )
            else:
                inner = village if village >= 0 else town
                above = self._above[inner] if inner >= 0 else frozenset()
                fits = (
                    cost if area in above or not any(self._levels[up] == level for up in above) else WRONG_AREA[level]
                )
            least = min(least, fits)
        return least

    def _line_cost(self, name: int, row: int, by: Line) -> float:
        least = 9.0
        for kind in KINDS:
            if not self.houses.lines[kind].named(name):
                continue
            own = int(self.houses.name[kind][row])
            silent = SILENT_LINE[kind] if kind == "estate" or by in ("road", "estate") else ANOTHER_KIND
            least = min(least, 0.0 if own == name else silent if own < 0 else WRONG_LINE[kind])
        return least


def _loose_before(before: Token | None) -> float:
    """What stands directly before a name and is not understood may belong to it: 新|人民路 is hardly 人民路."""
    if before is None or before.kind != "unknown":
        return 0.0
    return min(4.0, 1.6 * (before.stop - before.start))


def _loose(said: Understood, at: int) -> float:
    before = next((token for token in said.tokens if token.start < at <= token.stop), None)
    if before is None or before.kind in ("fill", "beside", "number"):
        return 0.0
    if before.kind == "name" and before.stop == at:
        return 0.0
    return min(4.0, 1.6 * (at - before.start))


def _unread(tail: Tail, kind: Line) -> float:
    """Behind the house, what nobody understands are mostly shops' and people's names; between a name and its number it is another name."""
    before = min(5.0, 1.6 * len(tail.before)) if kind == "village" else min(2.5, 0.6 * len(tail.before))
    return before + min(0.4, 0.04 * len(tail.behind))
