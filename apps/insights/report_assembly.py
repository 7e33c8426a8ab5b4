"""Counted rows become the tables of a region report. A LAB: no Django, no clock, no database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from apps.insights.report_figures import LEAST, Days, Line, Source, Tally, Window

WEEKEND, A_YEAR = 2, 366  # days


@dataclass(frozen=True)
class Counted:
    """What the database counted: category and region by their keys (None: without), and the source. Of its tally `before` and `year` are of all sources."""

    category: int | None
    region: int | None
    source: int
    tally: Tally


@dataclass(frozen=True)
class Branch:
    """A category of the tree; branches come in the order of the tree, above before below."""

    key: int
    code: str
    label: str
    level: int
    parent: int | None


@dataclass(frozen=True)
class Region:
    key: int
    code: str
    name: str
    population: int | None


@dataclass(frozen=True)
class Feed:
    """A source, between which days it has delivered, and how much by then. live: what is told here stands here at once."""

    label: str
    first: dt.date
    last: dt.date
    count: int = 0
    live: bool = False

    def silent(self, until: dt.date) -> bool:
        """Whether it has not delivered up to a day: nothing for longer than a weekend, and so long that `LEAST` would have been due at its pace."""
        days, pace = (until - self.last).days, self.count / ((self.last - self.first).days + 1)
        return not self.live and days > WEEKEND and days * pace >= LEAST

    def awaited(self, until: dt.date) -> bool:
        """Silent, but not for so long that it has come to an end."""
        return self.silent(until) and (until - self.last).days <= A_YEAR

    def comparable(self, then: Days, now: Days) -> bool:
        return self.first <= then.first and not self.silent(now.last)


@dataclass
class Assembly:
    """Counted rows become the tables of a report."""

    window: Window
    branches: Sequence[Branch]
    regions: Sequence[Region]
    feeds: dict[int, Feed]
    unplaced: str = "没有写明地点"
    by_category: dict[int | None, Tally] = field(default_factory=dict)
    by_region: dict[int | None, Tally] = field(default_factory=dict)
    by_both: dict[tuple[int | None, int | None], Tally] = field(default_factory=dict)
    by_source: dict[int, int] = field(default_factory=dict)

    def add(self, rows: Iterable[Counted]) -> Assembly:
        above = {branch.key: branch.parent for branch in self.branches}
        known = {region.key for region in self.regions}
        for row in rows:
            tally = self._comparable(row.source, row.tally)
            region = row.region if row.region in known else None
            _more(self.by_region, region, tally)
            self.by_source[row.source] = self.by_source.get(row.source, 0) + tally.count
            key = row.category if row.category in above else None
            top = key
            while key is not None:
                _more(self.by_category, key, tally)
                top, key = key, above[key]
            if top is None:
                _more(self.by_category, None, tally)
            _more(self.by_both, (region, top), tally)
        return self

    def _comparable(self, source: int, tally: Tally) -> Tally:
        feed = self.feeds.get(source)
        before, year = (feed is not None and feed.comparable(days, self.window.now) for days in (self.window.before, self.window.year))
        return replace(
            tally, before=tally.before if before else 0, like_before=tally.count if before else 0, year=tally.year if year else 0, like_year=tally.count if year else 0
        )

    def category_lines(self) -> list[Line]:
        """In the order of the tree: of level 1 all, below them those that anything was said of."""
        code = {branch.key: branch.code for branch in self.branches}
        lines = []
        for branch in self.branches:
            tally = self.by_category.get(branch.key, Tally())
            if branch.level == 1 or not tally.nothing:
                lines.append(Line(branch.code, branch.label, branch.level, tally, parent=code.get(branch.parent, "") if branch.parent else ""))
        return lines + ([Line("", "未分类", 1, self.by_category[None])] if None in self.by_category else [])

    def region_lines(self) -> list[Line]:
        """All of them, also those that nothing came from; what lies in none last."""
        lines = [Line(region.code, region.name, 1, self.by_region.get(region.key, Tally()), region.population) for region in self.regions]
        return lines + ([Line("", self.unplaced, 1, self.by_region[None])] if None in self.by_region and self.regions else [])

    def cross(self) -> dict[str, dict[str, Tally]]:
        code: dict[int | None, str] = {branch.key: branch.code for branch in self.branches} | {None: ""}
        where: dict[int | None, str] = {region.key: region.code for region in self.regions} | {None: ""}
        made: dict[str, dict[str, Tally]] = {}
        for (region, category), tally in self.by_both.items():
            made.setdefault(where[region], {})[code[category]] = tally
        return made if self.regions else {}

    def sources(self) -> list[Source]:
        now, before, year = self.window.now, self.window.before, self.window.year
        listed = [
            Source(
                feed.label, self.by_source.get(key, 0), feed.first, feed.last, feed.comparable(before, now), feed.comparable(year, now),
                feed.awaited(now.last),
            )
            for key, feed in self.feeds.items()
        ]  # fmt: skip
        return sorted(listed, key=lambda source: (-source.count, source.label))

    def total(self) -> Tally:
        return sum(self.by_region.values(), Tally())


def _more(sums: dict, key: object, tally: Tally) -> None:
    sums[key] = sums[key] + tally if key in sums else tally
