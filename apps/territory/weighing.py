"""Which houses a text means: every hypothesis is held against the houses that exist, and weighed. Knows no database.

A house that the table may lack is weighed too, so that a house that merely fits better than nothing is never taken for sure.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from apps.territory.doornumbers import Line, Reading, main_number
from apps.territory.houses import NOTHING, ORDER, PARTS, UNKNOWN, Houses, Ints
from apps.territory.hypotheses import NAMED, Hypothesis
from apps.territory.known_names import FORMER, SHORT, Areas, Known

# What speaks against a house: the text names another area or line than its own.
WRONG_AREA = {"province": 6.0, "city": 6.0, "county": 6.0, "town": 6.0, "village": 4.5}
WRONG_LINE = {"road": 8.0, "estate": 6.0, "hamlet": 8.0}
SILENT_LINE = {"road": 0.6, "estate": 2.0, "hamlet": 1.2}  # the table does not say in which the house is
ANOTHER_KIND = 7.5  # a house in a hamlet, where the text names a road
NOT_NAMED: dict[Line, float] = {"road": 1.5, "estate": 3.0, "hamlet": 0.4}  # the text names the village alone
OTHERS_HAVE_IT = 2.5  # the table tells this number's buildings apart, and the one asked for is not among them
NOT_TOLD_APART = 0.2
ODD_ORDER = 0.3  # a building on a road, a number in an estate
ANOTHER_READING = 3.0  # a missing house, where a likelier reading has one
MISSING_SHARE = 0.05  # of houses that a county's table lacks
PART_MISSING = 1.5
LESS_THAN_SAID = (
    1.0  # the text names a street or hamlet too: the house is missing there rather than in the village at large
)
SILENT_AREA = 0.3
SHORT_AND_RIGHT = 0.05
FITS, MOST = 0.9, 12.0
MOST_LINES, MOST_ROWS = 80, 60


def _none() -> Ints:
    return np.empty(0, np.int32)


@dataclass
class Weighed:
    """A house, or (row < 0) a house in a line that the table lacks; `near` are then the houses of its number, when there are any.

    fits: the other names are its own. whole: so are building, unit and room, or the table does not tell them apart. base: the cost
    before the number was looked for. unnumbered: the text says no number.
    """

    row: int
    cost: float
    hypothesis: Hypothesis
    line: int
    reading: Reading
    base: float
    fits: bool = True
    whole: bool = True
    near: Ints = field(default_factory=_none)
    unnumbered: bool = False


class Weigher:
    """Holds hypotheses against the houses."""

    def __init__(self, houses: Houses, areas: Areas) -> None:
        self.houses, self.areas = houses, areas
        self._above = [frozenset(areas.above(number)) for number in range(len(areas))]
        self._levels = [area.level for area in areas]

    def weigh(self, hypothesis: Hypothesis) -> Iterator[Weighed]:
        """Of every line of the name: the houses that the tail may mean, and the house that the line may lack."""
        index = self.houses.lines[hypothesis.kind]
        priced = [(line, self._beside(hypothesis, int(index.area[line]))) for line in index.named(hypothesis.name)]
        if len(priced) > MOST_LINES:
            least = min(cost for _, cost in priced)
            priced = [(line, cost) for line, cost in priced if cost < least + 1.0][:MOST_LINES]
        readings = [reading for reading in hypothesis.tail.readings if reading.number or reading.building]
        for line, beside in priced:
            if readings:
                yield from self._in_line(hypothesis, line, beside, readings)
            else:
                base = hypothesis.cost + beside
                first = hypothesis.tail.readings[0]
                yield Weighed(-1, base, hypothesis, line, first, base, beside < FITS, unnumbered=True)

    def _beside(self, hypothesis: Hypothesis, area: int) -> float:
        """Of the areas that the text names beside a line in this area, before any house is looked at."""
        village = area if hypothesis.kind in ("hamlet", "village") else -1
        town = area if village < 0 else self.areas[village].parent
        by_road = hypothesis.kind in ("road", "estate")
        areas = sum(self._area_cost(one, village, town, by_road) for one in hypothesis.others if one.line < 0)
        by_less = hypothesis.kind == "village" and any(one.line >= 0 for one in hypothesis.others)
        return areas + (LESS_THAN_SAID if by_less else 0.0)

    def _in_line(self, said: Hypothesis, line: int, beside: float, readings: list[Reading]) -> Iterator[Weighed]:
        likeliest = np.inf
        missing: list[Weighed] = []
        base = said.cost + beside
        for reading in readings:
            rows, cost, near = self._match(said.kind, line, reading)
            for row in rows[:MOST_ROWS].tolist():
                likeliest = min(likeliest, reading.cost + cost)
                fit = self._house_cost(said, row)
                whole = cost < OTHERS_HAVE_IT
                yield Weighed(row, said.cost + reading.cost + cost + fit, said, line, reading, base, fit < FITS, whole)
            if not len(rows) or len(near):
                missing.append(Weighed(-1, base + reading.cost, said, line, reading, base, beside < FITS, True, near))
        if missing:
            least = min(missing, key=lambda one: one.cost + (0.0 if len(one.near) else 0.3))
            least.cost += PART_MISSING if len(least.near) else self._rarity(said.kind, line, least.reading)
            least.cost += ANOTHER_READING if likeliest <= least.reading.cost else 0.0
            yield least

    def _rarity(self, kind: Line, line: int, reading: Reading) -> float:
        """How unlikely it is that this house exists and the table lacks it, from how densely the line is numbered."""
        index = self.houses.lines[kind]
        first, last = index.span(line)
        highest = max(1, int(self.houses.part_main[index.first[last - 1]]))
        wanted = main_number(reading.building if kind == "estate" else reading.number)
        if kind != "estate" and self._has_main(index.first[first:last], wanted):  # 12-3 beside 12
            return PART_MISSING
        if wanted > highest:
            return 4.0 + min(3.0, 3.0 * (wanted - highest) / highest)
        filled = min(0.95, (last - first) / highest)
        return float(-np.log(np.clip(MISSING_SHARE * filled / (1.0 - filled), 0.006, 0.5)))

    def _has_main(self, parts: Ints, wanted: int) -> bool:
        """Whether a line's numbers, in their order, have one like this: 12-1 and 12A are like 12. Parts are numbered in the order of the mains."""
        low, high = np.searchsorted(self.houses.part_main, (wanted, wanted + 1))
        return int(np.searchsorted(parts, low)) < int(np.searchsorted(parts, high))

    def _match(self, kind: Line, line: int, reading: Reading) -> tuple[Ints, float, Ints]:
        """The houses of a line that a reading means, what had to be overlooked, and the houses of the number when a part of it is missing."""
        wanted = {part: self._part(getattr(reading, part)) for part in PARTS}
        order = ORDER[kind]
        if wanted[order[0]] == NOTHING:  # 人民路3幢, or 12号 in an estate
            order = (*order[1:], order[0]) if kind != "estate" else ("number", "building", "unit", "room")
            rows, cost = self.houses.lines[kind].houses(line), ODD_ORDER
            rows = rows[self.houses.part[order[0]][rows] == wanted[order[0]]]
        else:
            rows, cost = self.houses.lines[kind].at(line, wanted[order[0]]), 0.0
        near = rows[:0]
        for part in order[1:]:
            values = self.houses.part[part][rows]
            same = rows[values == wanted[part]]
            if len(same):
                rows = same
            elif wanted[part] != NOTHING and len(rows):
                silent = rows[values == NOTHING]
                if len(silent) == len(rows):
                    cost = max(cost, NOT_TOLD_APART)
                    continue
                return silent, cost + OTHERS_HAVE_IT, rows
        return rows, cost, near

    def _part(self, text: str) -> int:
        return self.houses.part_number.get(text, UNKNOWN) if text else NOTHING

    def _house_cost(self, hypothesis: Hypothesis, row: int) -> float:
        """What speaks against a house: the other names of the text that are not its own."""
        village, town = int(self.houses.village[row]), int(self.houses.town[row])
        by_road = hypothesis.kind in ("road", "estate")
        cost = self._unnamed(hypothesis, row) if hypothesis.kind == "village" else 0.0
        for one in hypothesis.others:
            costs = [self._area_cost(one, village, town, by_road)] if one.areas else []
            costs += [self._line_cost(one.line, row, hypothesis.kind)] if one.line >= 0 else []
            cost += min(costs) if min(costs) < FITS else max(costs)
        return cost

    def _unnamed(self, hypothesis: Hypothesis, row: int) -> float:
        """By its village alone a house in a hamlet is called now and then, one in a street or an estate hardly ever."""
        named = {one.line for one in hypothesis.others}
        own = {kind: int(self.houses.name[kind][row]) for kind in NAMED}
        return sum(cost for kind, cost in NOT_NAMED.items() if own[kind] >= 0 and own[kind] not in named)

    def _area_cost(self, one: Known, village: int, town: int, by_road: bool) -> float:
        """By the best of the areas that a name may mean."""
        least = MOST
        for area, called in one.areas:
            level = self._levels[area]
            wrong = WRONG_AREA[level] * (0.75 if called >= SHORT else 1.0)
            called = min(called, SHORT_AND_RIGHT) if called <= SHORT + FORMER else called
            if level in ("village", "town"):
                own = village if level == "village" else town
                if level == "village" and not by_road:
                    wrong *= 1.4
                fits = called if own == area else SILENT_AREA + called if own < 0 else wrong
            else:
                above = self._above[village if village >= 0 else town] if village >= 0 or town >= 0 else frozenset()
                elsewhere = area not in above and any(self._levels[number] == level for number in above)
                fits = wrong if elsewhere else called
            least = min(least, fits)
        return least

    def _line_cost(self, name: int, row: int, by: Line) -> float:
        least = MOST
        for kind in NAMED:
            if self.houses.lines[kind].named(name):
                own = int(self.houses.name[kind][row])
                silent = SILENT_LINE[kind] if kind == "estate" or by in ("road", "estate") else ANOTHER_KIND
                least = min(least, 0.0 if own == name else silent if own < 0 else WRONG_LINE[kind])
        return least
