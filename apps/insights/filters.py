"""What is asked of the map: where, since when, about what. Read from the address, so that a view can be passed on and printed."""

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.http import QueryDict
from django.urls import reverse

from apps.cases.models import Case, Category
from apps.hotline.models import Source
from apps.insights.facts import CHANNELS, FIRST_RECORD_SOURCE
from apps.territory.models import AdminArea

PERIODS = {"30": "近 30 天", "90": "近 90 天", "365": "近一年", "730": "近两年"}
COMPARISONS = {"": "不比较", "before": "与上一时段比", "year": "与上年同期比"}
COMPARED = {"region", "change"}  # of BY: what shows two periods
BY = {"region": "按区划", "cell": "按方格", "hex": "按六边形", "density": "密度", "hot": "热点冷点", "change": "变化"}
LEVELS = {"county": "全县", "town": "乡镇街道", "village": "村社", "grid": "网格"}
MEASURES = {"per_1000": "每千人", "count": "件数"}
STATES = {"all": "全部", "open": "未办完", "late": "已超期", "unsatisfied": "不满意", "closed": "已办结"}
KINDS = {"case": "民情件", "record": "诉求记录"}
WEEKDAYS = "一二三四五六日"
SIZES = (100, 200, 500, 1000, 2000)
EARLIEST = dt.date(2000, 1, 1)
SOURCE_PREFIX = "s."
"""Before a source's code in the address: a source may be called as a channel is."""


@dataclass(frozen=True)
class Question:
    """One question. `first`, `last` and the days of `against`, the period to compare with, lie inside their periods; None where nothing is
    compared. over: "cell" for changes by cell, else by area.

    Categories are codes of any level; sources are channels of cases, `s.` and the code of a hotline's source, or `case` and `record` for all
    of a kind; hours 0–23 and weekdays 0 (Monday) – 6; region: the prefix of an area's code; size: metres of a cell or hexagon.
    Empty tuples and strings narrow nothing.
    """

    by: str
    level: str
    measure: str
    period: str
    first: dt.date
    last: dt.date
    today: dt.date
    compare: str = ""
    against: tuple[dt.date, dt.date] | None = None
    categories: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    state: str = "all"
    hours: tuple[int, ...] = ()
    weekdays: tuple[int, ...] = ()
    region: str = ""
    size: int = 500
    over: str = ""
    named: tuple[tuple[str, str], ...] = ()

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> tuple[dt.date, dt.date] | None:
        """What it is compared with; None too where what is looked at shows no comparison."""
        return self.against if self.by in COMPARED else None

    @property
    def by_area(self) -> bool:
        """Whether what is looked at are areas, whose voices need no place but their area."""
        return self.by == "region" or (self.by == "change" and self.over != "cell")

    @property
    def overlaps(self) -> bool:
        """Whether the periods that are compared share days: then they are not two counts."""
        return self.before is not None and self.before[0] <= self.last and self.before[1] >= self.first

    @property
    def uneven(self) -> bool:
        """Whether one period is longer than the other, so that only what came a day can be compared."""
        return self.before is not None and (self.before[1] - self.before[0]).days + 1 != self.days

    @property
    def period_label(self) -> str:
        return _span(self.first, self.last)

    @property
    def before_label(self) -> str:
        return _span(*self.before) if self.before else ""

    @property
    def words(self) -> str:
        """The caption: period and filters in plain words, as printed on every picture."""
        parts = [self.period_label, *(words for _, words in self.named)]
        if self.state != "all":
            parts.append(STATES[self.state])
        if self.weekdays:
            parts.append("周" + "、".join(WEEKDAYS[day] for day in self.weekdays))
        if self.hours:
            parts.append(_hours(self.hours))
        if self.before:
            parts.append(f"与{self.before_label}相比{'（按日均）' if self.uneven else ''}")
        return "；".join(parts)

    def query(self, **changes: str | Iterable[str]) -> str:
        """The address's parameters of this question, with changes; what is the default is left out."""
        wanted: dict[str, list[str]] = {
            "by": [self.by], "level": [self.level], "measure": [self.measure], "period": [self.period], "compare": [self.compare],
            "category": list(self.categories), "source": list(self.sources), "state": [self.state], "region": [self.region],
            "hour": [str(hour) for hour in self.hours], "weekday": [str(day) for day in self.weekdays], "size": [str(self.size)], "over": [self.over],
        }  # fmt: skip
        if self.period == "":
            wanted |= {"since": [self.first.isoformat()], "until": [self.last.isoformat()]}
        if self.compare == "custom" and self.against:
            wanted |= {"since2": [self.against[0].isoformat()], "until2": [self.against[1].isoformat()]}
        wanted |= {name: [value] if isinstance(value, str) else list(value) for name, value in changes.items()}
        query = QueryDict(mutable=True)
        for name, values in wanted.items():
            if values and values != [DEFAULTS.get(name, "")]:
                query.setlist(name, values)
        return query.urlencode()

    def cases_url(self, **more: str) -> str:
        """The work list of the cases behind a number: the same period and filters; "" where none of its voices are cases. more: town, village,
        grid, bbox, channel, category, state …"""
        channels = [source for source in self.sources if source in CHANNELS]
        if self.sources and not channels and "case" not in self.sources:
            return ""
        query = QueryDict(mutable=True)
        query.update({"since": self.first.isoformat(), "until": self.last.isoformat(), "sort": "newest"})
        query.update(_CASE_STATES[self.state])
        query.setlist("channel", [] if "case" in self.sources else channels)
        return f"{reverse('case_list')}?{self._narrowed(query, more)}"

    def records_url(self, **more: str) -> str:
        """The list of the hotline's records behind a number, without those that are counted as cases; "" where none of its voices are records."""
        codes = [source.removeprefix(SOURCE_PREFIX) for source in self.sources if source.startswith(SOURCE_PREFIX)]
        if self.sources and not codes and "record" not in self.sources:
            return ""
        query = QueryDict(mutable=True)
        query.update(
            {"state": self.state, "since": self.first.isoformat(), "until": self.last.isoformat(), "link": "none"}
        )
        query.setlist("source", [] if "record" in self.sources else codes)
        return f"{reverse('record_list')}?{self._narrowed(query, more)}"

    def _narrowed(self, query: QueryDict, more: dict[str, str]) -> str:
        query.setlist("category", list(self.categories))
        query.setlist("hour", [str(hour) for hour in self.hours])
        query.setlist("weekday", [str(day) for day in self.weekdays])
        if len(self.region) > 6:
            query["village" if len(self.region) > 9 else "town"] = self.region.ljust(12, "0")
        for name, value in more.items():
            query[name] = value
        return query.urlencode()


_CASE_STATES = {
    "all": {"state": "counted"}, "open": {"state": "open"}, "late": {"state": "open", "late": "late"}, "closed": {"state": "closed"},
    "unsatisfied": {"state": "counted", "mark": "unsatisfied"},
}  # fmt: skip
DEFAULTS = {"by": "region", "level": "town", "measure": "per_1000", "period": "365", "state": "all", "size": "500"}


def read_question(query: QueryDict, today: dt.date) -> Question:
    """The question in the address; what cannot be meant falls back to the default, never to an error page."""

    def one_of(name: str, choices: Iterable[str]) -> str:
        value = query.get(name, DEFAULTS.get(name, ""))
        return value if value in choices else DEFAULTS.get(name, "")

    period, (first, last) = _period(query, today)
    compare, against = _compared(query, first, last, today)
    categories = dict(
        Category.objects.filter(code__in=_codes(query, "category"))
        .order_by("level", "order")
        .values_list("code", "label")
    )
    sources = _sources(_codes(query, "source"))
    region, place = named_region(query.get("region", ""))
    named = [("region", place), ("category", "、".join(categories.values())), ("source", "、".join(sources.values()))]
    return Question(
        by=one_of("by", BY), level=one_of("level", LEVELS), measure=one_of("measure", MEASURES), period=period, first=first, last=last, today=today,
        compare=compare, against=against, categories=tuple(categories), sources=tuple(sources), state=one_of("state", STATES),
        hours=_numbers(query.getlist("hour"), 24), weekdays=_numbers(query.getlist("weekday"), 7), region=region,
        size=int(one_of("size", [str(size) for size in SIZES])), over=one_of("over", ["cell"]),
        named=tuple((name, words) for name, words in named if words),
    )  # fmt: skip


def _codes(query: QueryDict, name: str) -> list[str]:
    """What could be a code: the database refuses the character of number 0."""
    return [code for code in query.getlist(name) if "\x00" not in code]


def _period(query: QueryDict, today: dt.date) -> tuple[str, tuple[dt.date, dt.date]]:
    """The period's name ("" for one given by its days), first and last day, none of them to come."""
    period = query.get("period", "")
    if not period and (since := _date(query.get("since"))):
        until = _date(query.get("until")) or today
        return "", (min(since, until, today), min(max(since, until), today))
    if (calendar := _calendar(period)) and calendar[0] <= today:
        return period, (calendar[0], min(calendar[1], today))
    period = period if period in PERIODS else DEFAULTS["period"]
    return period, (today - dt.timedelta(days=int(period) - 1), today)


def _calendar(period: str) -> tuple[dt.date, dt.date] | None:
    """month:2026-03, quarter:2026-1 or year:2026, from its first day to its last."""
    found = re.fullmatch(r"(month|quarter|year):(\d{4})(?:-(\d{1,2}))?", period, re.ASCII)
    if not found or (found[1] == "year") == bool(found[3]):
        return None
    months, year, start = {"month": 1, "quarter": 3, "year": 12}[found[1]], int(found[2]), int(found[3] or 1) - 1
    if not (EARLIEST.year <= year < 2100 and 0 <= start * months < 12):
        return None
    end = year * 12 + (start + 1) * months
    return dt.date(year, start * months + 1, 1), dt.date(end // 12, end % 12 + 1, 1) - dt.timedelta(days=1)


def _compared(
    query: QueryDict, first: dt.date, last: dt.date, today: dt.date
) -> tuple[str, tuple[dt.date, dt.date] | None]:
    """How it is compared, and with which days. The same days of an earlier year: of the last that shares none with the period."""
    since, until = _date(query.get("since2")), _date(query.get("until2"))
    if since and until:
        return "custom", (min(since, until, today), min(max(since, until), today))
    compare = query.get("compare", "")
    days = (last - first).days + 1
    if compare == "year":
        years = -(-days // 366)
        return compare, (_years_before(first, years), _years_before(last, years))
    if compare in ("before", "1", "on", "true"):
        return "before", (first - dt.timedelta(days=days), first - dt.timedelta(days=1))
    return "", None


def _years_before(day: dt.date, years: int) -> dt.date:
    return day.replace(year=day.year - years, day=28 if (day.month, day.day) == (2, 29) else day.day)


def _sources(wanted: list[str]) -> dict[str, str]:
    """Those that exist -> their names."""
    known = {**KINDS, **{channel: Case.Channel(channel).label for channel in CHANNELS}}
    codes = [source.removeprefix(SOURCE_PREFIX) for source in wanted if source.startswith(SOURCE_PREFIX)]
    if codes:
        known |= {
            f"{SOURCE_PREFIX}{code}": name
            for code, name in Source.objects.filter(code__in=codes).values_list("code", "name")
        }
    return {source: known[source] for source in wanted if source in known}


def named_region(code: str) -> tuple[str, str]:
    """The prefix that an area's code gives all below it, and its name; empty where there is none."""
    if not re.fullmatch(r"\d{6,12}", code, re.ASCII):
        return "", ""
    area = AdminArea.objects.filter(code=code.ljust(12, "0")).values_list("code", "name").first()
    return (
        (area[0][:6] if area[0].endswith("000000") else area[0][:9] if area[0].endswith("000") else area[0], area[1])
        if area
        else ("", "")
    )


def _date(text: str | None) -> dt.date | None:
    try:
        day = dt.date.fromisoformat(text or "")
    except ValueError:
        return None
    return day if EARLIEST <= day < dt.date(2100, 1, 1) else None


def _numbers(values: list[str], below: int) -> tuple[int, ...]:
    return tuple(
        sorted({int(value) for value in values if re.fullmatch(r"\d{1,2}", value, re.ASCII) and int(value) < below})
    )


def _span(first: dt.date, last: dt.date) -> str:
    return f"{first:%Y年%-m月%-d日}—{last:%Y年%-m月%-d日}"


def _hours(hours: tuple[int, ...]) -> str:
    """Runs of hours: 8–11 时、20 时."""
    runs: list[list[int]] = []
    for hour in hours:
        if runs and runs[-1][1] == hour - 1:
            runs[-1][1] = hour
        else:
            runs.append([hour, hour])
    return "、".join(f"{start}–{end} 时" if end > start else f"{start} 时" for start, end in runs)


def source_keys(sources: Iterable[str]) -> list[int]:
    """`Fact.source` of these sources of the address."""
    wanted, keys = list(sources), []
    if "case" in wanted:
        keys += range(1, FIRST_RECORD_SOURCE)
    keys += [CHANNELS.index(source) + 1 for source in wanted if source in CHANNELS]
    records = (
        Source.objects.all()
        if "record" in wanted
        else Source.objects.filter(code__in=[each.removeprefix(SOURCE_PREFIX) for each in wanted])
    )
    return keys + [FIRST_RECORD_SOURCE + key for key in records.values_list("pk", flat=True)]
