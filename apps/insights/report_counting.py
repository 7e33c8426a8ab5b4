"""The database counts what a region report says: facts by category, region and source, over the period and the two it is held against."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from django.db.models import Case as When_
from django.db.models import Count, F, IntegerField, Max, Min, Q, QuerySet, Value
from django.db.models import When as Then
from django.db.models.functions import TruncMonth
from django.utils import timezone

from apps.cases.models import Category
from apps.hotline.models import Source
from apps.insights import held
from apps.insights.facts import CASE, FIRST_RECORD_SOURCE, RECORD, Fact
from apps.insights.report_assembly import Assembly, Branch, Counted, Feed, Region
from apps.insights.report_figures import Days, Report, Tally, Window, window
from apps.territory.models import AdminArea
from apps.worktime.periods import Period

CASES = 0
"""What all cases together are called among the sources, whichever way they came."""
MONTHS_SHOWN = 24
COUNTY, TOWN, VILLAGE = AdminArea.Level.COUNTY, AdminArea.Level.TOWN, AdminArea.Level.VILLAGE


@dataclass(frozen=True)
class Narrowed:
    """Filters: codes of categories of any level, and sources as `source_choices` numbers them. Empty ones narrow nothing."""

    categories: tuple[str, ...] = ()
    sources: tuple[int, ...] = ()

    def words(self) -> str:
        """How the filters are called on what is printed."""
        named = list(Category.objects.filter(code__in=self.categories).order_by("order").values_list("label", flat=True))
        labels = dict(source_choices())
        parts = [f"类别：{'、'.join(named)}" if named else "全部类别", f"来源：{'、'.join(labels.get(each, '') for each in self.sources)}" if self.sources else "全部来源"]
        return "；".join(parts)

    def apply(self, facts: QuerySet[Fact]) -> QuerySet[Fact]:
        if self.categories:
            facts = facts.filter(category__in=list(Category.objects.under(self.categories).values_list("pk", flat=True)))
        if self.sources:
            records = Q(kind=RECORD, source__in=[each for each in self.sources if each != CASES])
            facts = facts.filter(records | Q(kind=CASE) if CASES in self.sources else records)
        return facts

    def in_cube(self) -> dict[str, list[int]]:
        """The same for `Cube.where`."""
        found = {}
        if self.categories:
            found["categories"] = list(Category.objects.under(self.categories).values_list("pk", flat=True))
        if self.sources:
            cases = range(1, FIRST_RECORD_SOURCE) if CASES in self.sources else ()
            found["sources"] = [*cases, *(each for each in self.sources if each != CASES)]
        return found


def source_choices() -> list[tuple[int, str]]:
    """Cases, and each source of the hotline's room, by the number that facts know it by."""
    return [(CASES, "民情件"), *((FIRST_RECORD_SOURCE + pk, name) for pk, name in Source.objects.order_by("kind", "code").values_list("pk", "name"))]


def report_areas(user) -> QuerySet[AdminArea]:
    """The places that this user may ask for a report of: the county, its towns and villages, as far as his scope goes."""
    return AdminArea.objects.visible_to(user).filter(level__in=(COUNTY, TOWN, VILLAGE), valid_to=None).defer("geom", "geom_3857")


def inside(area: AdminArea) -> Q:
    """The facts of a place; the county has also those that lie nowhere."""
    return {COUNTY: Q(), TOWN: Q(town=area.pk), VILLAGE: Q(village=area.pk)}[area.level]


def parts_of(area: AdminArea) -> tuple[str, list[Region]]:
    """What a place is divided into, and by which column facts say it: towns of a county, else villages."""
    areas = AdminArea.objects.filter(valid_to=None).order_by("code")
    if area.level == VILLAGE:
        return "village", []
    towns = areas.filter(level=TOWN) if area.level == COUNTY else areas.none()
    column, parts = ("town", towns) if towns.exists() else ("village", areas.filter(level=VILLAGE, code__startswith=area.code[:6] if area.level == COUNTY else area.code[:9]))
    return column, [Region(*values) for values in parts.values_list("pk", "code", "name", "population")]


def count(area: AdminArea, period: Period, today: dt.date, narrowed: Narrowed | None = None) -> Report:
    """The report of a place and a period as things stand today. ValueError when the period has not begun."""
    narrowed, days = narrowed or Narrowed(), window(period, today)
    column, regions = parts_of(area)
    facts = narrowed.apply(Fact.objects.counted().filter(inside(area)))
    made = Assembly(days, _branches(narrowed), regions, _feeds(narrowed), "没有写明地点" if area.level == COUNTY else "没有写明村社")
    made.add(_counted(facts, days, today, column))
    clumped = _clumping(area, days, narrowed)
    lines = [replace(line, clumping=clumped) for line in made.region_lines()]
    known = [region.population for region in regions]
    return Report(
        area=area.name, code=area.code, level=area.level, window=days, counted_at=timezone.localtime(), filters=narrowed.words(),
        total=made.total(), categories=made.category_lines(), regions=lines, cross=made.cross(), sources=made.sources(), months=_months(facts, days),
        population=area.population or (sum(known) if known and all(known) else None),
        apart=narrowed.apply(Fact.objects.filter(inside(area), _within(days.now), kind=RECORD, counted=False)).count(),
        unplaced=sum(line.tally.count for line in lines if not line.code), synthetic=area.synthetic, clumping=clumped,
    )  # fmt: skip


def _clumping(area: AdminArea, days: Window, narrowed: Narrowed) -> float:
    """How many voices come as one, in the period and those it is held against."""
    cube, place = held.current(), {TOWN: {"towns": [area.pk]}, VILLAGE: {"villages": [area.pk]}}.get(area.level, {})
    periods = [(each.first, each.last) for each in (days.now, days.before, days.year)]
    return round(held.clumping(cube, *((cube.where(*each, **place, **narrowed.in_cube()), *each) for each in periods)), 2)


def _within(days: Days) -> Q:
    return Q(day__range=(days.first, days.last))


def _counted(facts: QuerySet[Fact], days: Window, today: dt.date, column: str) -> list[Counted]:
    """One query: everything of the period, and how many there were before."""
    now, open_ = _within(days.now), Q(state=Fact.State.OPEN)
    overdue, content = Q(due_on__lt=today), Fact.Content
    sums = {
        "count": now, "before": _within(days.before), "year": _within(days.year),
        "in_time": now & ~open_ & Q(met_late=False), "late_done": now & ~open_ & Q(met_late=True),
        "late_open": now & open_ & overdue, "waiting": now & open_ & (~overdue | Q(due_on=None)),
        "satisfied": now & Q(satisfied=content.SATISFIED), "fairly": now & Q(satisfied=content.FAIRLY), "unsatisfied": now & Q(satisfied=content.UNSATISFIED),
        "again": now & Q(again=True), "told_for": now & Q(told_for=True), "elder": now & Q(elder=True), "elder_said": now & Q(elder__isnull=False),
    }  # fmt: skip
    rows = (
        facts.filter(_within(days.now) | _within(days.before) | _within(days.year)).order_by()
        .annotate(feed=_feed()).values_list("category", column, "feed")
        .annotate(**{f"n_{name}": Count("pk", filter=condition) for name, condition in sums.items()})
    )  # fmt: skip
    return [Counted(category, region, feed, Tally(**dict(zip(sums, counts, strict=True)))) for category, region, feed, *counts in rows]


def _feed():
    """All cases are one source: which way they came is the residents' choice, not the beginning of something."""
    return When_(Then(kind=CASE, then=Value(CASES)), default=F("source"), output_field=IntegerField())


def _feeds(narrowed: Narrowed) -> dict[int, Feed]:
    labels = dict(source_choices())
    rows = Fact.objects.counted().order_by().annotate(feed=_feed()).values_list("feed").annotate(first=Min("day"), last=Max("day"), n=Count("pk"))
    return {
        feed: Feed(labels.get(feed, "已删除的来源"), first, last, n, live=feed == CASES)
        for feed, first, last, n in rows if not narrowed.sources or feed in narrowed.sources
    }  # fmt: skip


def awaited(until: dt.date) -> set[str]:
    """The sources, by name, that have not told yet what they have to tell up to a day."""
    return {feed.label for feed in _feeds(Narrowed()).values() if feed.awaited(until)}


def _branches(narrowed: Narrowed) -> list[Branch]:
    """The tree in its order, each branch after the one it grows from; with a filter, only what lies under it and what leads there."""
    rows = {pk: Branch(pk, code, label, level, parent) for pk, code, label, level, parent in Category.objects.order_by("level", "order", "pk").values_list("pk", "code", "label", "level", "parent")}
    if narrowed.categories:
        kept = set(Category.objects.under(narrowed.categories).values_list("pk", flat=True))
        for pk in list(kept):
            while (above := rows[pk].parent) is not None and above not in kept:
                kept.add(pk := above)
        rows = {pk: branch for pk, branch in rows.items() if pk in kept}
    return _in_order(rows.values(), None)


def _in_order(branches: Collection[Branch], above: int | None) -> list[Branch]:
    found: list[Branch] = []
    for branch in branches:
        if branch.parent == above:
            found += [branch, *_in_order(branches, branch.key)]
    return found


def _months(facts: QuerySet[Fact], days: Window) -> list[tuple[dt.date, int]]:
    """The last 24 months with anything counted before or in them, empty ones included."""
    last = days.now.last.replace(day=1)
    index = last.year * 12 + last.month - 1
    months: Sequence[dt.date] = [dt.date(at // 12, at % 12 + 1, 1) for at in range(index - MONTHS_SHOWN + 1, index + 1)]
    rows = facts.filter(day__gte=months[0], day__lte=days.now.last).order_by().annotate(month=TruncMonth("day")).values_list("month").annotate(n=Count("pk"))
    counted = dict(rows)
    begun = min(counted, default=last)
    return [(month, counted.get(month, 0)) for month in months if month >= begun]
