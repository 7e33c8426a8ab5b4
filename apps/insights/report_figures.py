"""The figures of a region report: counts by category and region, held against the period before and the same time last year.

A LAB: no Django, no clock, no database; `report_assembly` makes it of counted rows. Only counts are kept; shares, rates and what is called a change
are worked out from them when they are shown.

What is compared: a source that had not begun when the earlier period began is left out of both sides, or its beginning would look like a
rise of complaints. An unfinished period is held against as many days of the earlier one. A change is called one when chance would bring
counts as far apart in fewer than 5 % of the rows called so (conditional binomial test, false discoveries held over each table), voices
coming in clumps (`clumping`: how many as one, see `rates`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from apps.insights.rates import changed, false_discoveries, interval
from apps.insights.shares import Share
from apps.worktime.periods import MONTHS, Period, around

LEAST = 5  # below that nothing is called a rate or a change
SURE = 0.05
THEN = {"before": "上期", "year": "上年同期"}


@dataclass(frozen=True)
class Days:
    """Both days included."""

    first: dt.date
    last: dt.date

    @property
    def count(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def words(self) -> str:
        return f"{self.first.year}年{self.first.month}月{self.first.day}日—{self.last.year}年{self.last.month}月{self.last.day}日"


@dataclass(frozen=True)
class Window:
    """The days counted: `now` up to the day of counting, and as many of them `before` and a `year` ago as there are."""

    label: str
    now: Days
    before: Days
    year: Days
    whole: bool  # the period is over

    def than(self, versus: str) -> Days:
        return self.before if versus == "before" else self.year


def window(period: Period, today: dt.date) -> Window:
    """What to count of a period. ValueError when it has not begun."""
    if period.first > today:
        raise ValueError(f"{period.label}还没有开始。")
    whole = period.last < today
    now = Days(period.first, min(period.last, today))
    if period.kind in MONTHS:
        before = around(period.kind, period.first - dt.timedelta(days=1))
        year = around(period.kind, _a_year_before(period.first))
        return Window(period.label, now, _as_long(before, now, whole), _as_long(year, now, whole), whole)
    length = dt.timedelta(days=now.count)
    return Window(period.label, now, Days(now.first - length, now.first - dt.timedelta(days=1)), Days(_a_year_before(now.first), _a_year_before(now.last)), whole)


def _as_long(period: Period, now: Days, whole: bool) -> Days:
    return Days(period.first, period.last if whole else min(period.last, period.first + dt.timedelta(days=now.count - 1)))


def _a_year_before(day: dt.date) -> dt.date:
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


@dataclass(frozen=True)
class Tally:
    """Counts of one row. `before`, `year`: of the sources that can be compared; `like_before`, `like_year`: of `count`, those of the same sources.

    in_time + late_done + late_open: answered or overdue; waiting: open and not due yet. satisfied + fairly + unsatisfied: rated."""

    count: int = 0
    before: int = 0
    year: int = 0
    like_before: int = 0
    like_year: int = 0
    in_time: int = 0
    late_done: int = 0
    late_open: int = 0
    waiting: int = 0
    satisfied: int = 0
    fairly: int = 0
    unsatisfied: int = 0
    again: int = 0
    told_for: int = 0
    elder: int = 0
    elder_said: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, name) + getattr(other, name) for name in COUNTS))

    @property
    def punctual(self) -> Share:
        """Answered in time, of all answered or overdue. What is still open and overdue counts against it."""
        return Share(self.in_time, self.in_time + self.late_done + self.late_open)

    @property
    def content(self) -> Share:
        """Satisfied or fairly so, of those who were rated. No reply is not satisfaction."""
        return Share(self.satisfied + self.fairly, self.satisfied + self.fairly + self.unsatisfied)

    @property
    def repeated(self) -> Share:
        return Share(self.again, self.count)

    @property
    def told(self) -> Share:
        return Share(self.told_for, self.count)

    @property
    def elders(self) -> Share:
        return Share(self.elder, self.elder_said)

    @property
    def nothing(self) -> bool:
        return not (self.count or self.before or self.year)


COUNTS = tuple(each.name for each in fields(Tally))


@dataclass(frozen=True)
class Change:
    """A count held against an earlier one of the same sources. q: the share of false discoveries at which it would be called; None: not compared."""

    now: int
    then: int
    days_now: int
    days_then: int
    q: float | None = None
    comparable: bool = True

    @property
    def percent(self) -> int | None:
        """Per day, so that a month of 31 days is not more than one of 28 by its length alone."""
        if not self.comparable or self.then < LEAST:
            return None
        return round(100 * (self.now * self.days_then / (self.then * self.days_now) - 1))

    @property
    def tone(self) -> str:
        """up, down: more than chance; same; few: too few to say; none: nothing to compare with."""
        if not self.comparable:
            return "none"
        if self.now + self.then < LEAST:
            return "few"
        if self.q is None or self.q >= SURE:
            return "same"
        return "up" if self.now * self.days_then > self.then * self.days_now else "down"

    @property
    def verdict(self) -> str:
        return {"up": "明显上升", "down": "明显下降", "same": "变化不明显", "few": "样本少", "none": "无可比"}[self.tone]

    @property
    def figure(self) -> tuple[str, str]:
        """For a figure: the large words and the small ones beside them."""
        counts = f"{self.now} 比 {self.then}"
        return (counts, "") if self.percent is None else (f"{self.percent:+d}%", counts)

    @property
    def words(self) -> str:
        """+15%（312 比 271）, or the two counts where a percentage would say nothing."""
        if not self.comparable or not (self.now or self.then):
            return "—"
        counts = f"{self.now} 比 {self.then}"
        return counts if self.percent is None else f"{self.percent:+d}%（{counts}）"

    @property
    def sentence(self) -> str:
        """The words with the verdict, where it says more than they do."""
        return self.words if self.words == "—" or self.tone == "same" else f"{self.words} {self.verdict}"


@dataclass(frozen=True)
class Line:
    """One row of a table: a category of level 1, 2 or 3, or a region."""

    code: str
    name: str
    level: int
    tally: Tally
    population: int | None = None
    parent: str = ""
    clumping: float = 1.0

    @property
    def per_1000(self) -> float | None:
        return 1000 * self.tally.count / self.population if self.population else None

    @property
    def rate(self) -> tuple[float, float, float] | None:
        """Per 1,000 residents: the rate, and what range the count is compatible with. None without a population."""
        if not self.population:
            return None
        low, high = interval(self.tally.count, self.population, dispersion=self.clumping)
        return 1000 * self.tally.count / self.population, float(low), float(high)

    @property
    def rate_words(self) -> str:
        return "没有人口数" if self.rate is None else "{:.2f}（{:.2f}—{:.2f}）".format(*self.rate)


@dataclass(frozen=True)
class Source:
    """Where voices came from, how many in the period, and between which days it has delivered at all."""

    label: str
    count: int
    first: dt.date
    last: dt.date
    before: bool  # can be compared: had begun when the period before began, and has not fallen silent
    year: bool
    silent: bool = False  # fell silent before the period was over, not long ago


@dataclass(frozen=True)
class Report:
    """One place, one period. `cross`: region code → category code of level 1 → its tally. `months`: (first day, count), oldest first."""

    area: str
    code: str
    level: str
    window: Window
    counted_at: dt.datetime
    filters: str
    total: Tally
    categories: list[Line]
    regions: list[Line]
    cross: dict[str, dict[str, Tally]]
    sources: list[Source]
    months: list[tuple[dt.date, int]]
    population: int | None = None
    apart: int = 0  # records that stand for a case, counted there
    unplaced: int = 0
    synthetic: bool = False
    clumping: float = 1.0

    @property
    def whole(self) -> Line:
        return Line(self.code, self.area, 0, self.total, self.population, clumping=self.clumping)

    @property
    def top(self) -> list[Line]:
        return [line for line in self.categories if line.level == 1]

    def comparable(self, versus: str) -> bool:
        """Whether any source had begun by then."""
        return any(source.before if versus == "before" else source.year for source in self.sources)

    def left_out(self, versus: str) -> list[Source]:
        """Sources with voices in the period that the comparison leaves out."""
        return [source for source in self.sources if source.count and not (source.before if versus == "before" else source.year)]

    def changes(self, lines: Sequence[Line], versus: str) -> list[Change]:
        """Of each line, tested together with the others of its level: a table of few rows is not judged more harshly for another's many."""
        now, then = self.window.now.count, self.window.than(versus).count
        pairs = [(getattr(line.tally, f"like_{versus}"), getattr(line.tally, versus)) for line in lines]
        if not self.comparable(versus):
            return [Change(*pair, now, then, comparable=False) for pair in pairs]
        q: list[float | None] = [None] * len(lines)
        for level in {line.level for line in lines}:
            at = [index for index, line in enumerate(lines) if line.level == level and sum(pairs[index]) >= LEAST]
            if not at:
                continue
            p = changed([pairs[index][1] for index in at], [pairs[index][0] for index in at], now / then, self.clumping)
            for index, value in zip(at, false_discoveries(p).tolist(), strict=True):
                q[index] = value
        return [Change(*pair, now, then, value) for pair, value in zip(pairs, q, strict=True)]

    def content(self) -> dict[str, Any]:
        """As JSON: dates as text, tallies as lists of counts without the zeros at their end."""
        kept = asdict(replace(self, categories=[], regions=[], cross={}, total=Tally()))
        kept["total"] = _short(self.total)
        for name in ("categories", "regions"):
            kept[name] = [{**asdict(replace(line, tally=Tally())), "tally": _short(line.tally)} for line in getattr(self, name)]
        kept["cross"] = {region: {code: _short(tally) for code, tally in row.items()} for region, row in self.cross.items()}
        return _plain(kept)


def _short(tally: Tally) -> list[int]:
    counts = [getattr(tally, name) for name in COUNTS]
    while counts and not counts[-1]:
        counts.pop()
    return counts


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, dt.date) else value


def read(content: dict[str, Any]) -> Report:
    """The report whose `content()` this is."""
    days = {name: Days(*map(dt.date.fromisoformat, (content["window"][name]["first"], content["window"][name]["last"]))) for name in ("now", "before", "year")}
    lines = {name: [Line(**{**line, "tally": Tally(*line["tally"])}) for line in content[name]] for name in ("categories", "regions")}
    made: dict[str, Any] = {
        "window": Window(content["window"]["label"], **days, whole=content["window"]["whole"]),
        "counted_at": dt.datetime.fromisoformat(content["counted_at"]),
        "total": Tally(*content["total"]), **lines,
        "cross": {region: {code: Tally(*tally) for code, tally in row.items()} for region, row in content["cross"].items()},
        "sources": [Source(**{**each, "first": dt.date.fromisoformat(each["first"]), "last": dt.date.fromisoformat(each["last"])}) for each in content["sources"]],
        "months": [(dt.date.fromisoformat(month), count) for month, count in content["months"]],
    }  # fmt: skip
    return Report(**{**content, **made})
