"""民情公开: what was reported in a quarter and where, for everybody, with what a reader should know of such numbers. No login; the public role
reads the published tables alone. The whole table can be taken away as CSV."""

import csv
from dataclasses import dataclass

from django.contrib.gis.db.models import Extent
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from apps.insights.public_counts import PublicCount
from apps.insights.public_shape import ALL, REST, TOWN, UNSORTED, VILLAGE, Place
from apps.insights.published import PublicQuarter, Rate, public_quarters
from apps.record.limits import READING, limited
from apps.territory.models import AdminArea

SECONDS = 300  # a browser may go on so long with what it has
QUARTERS_SHOWN = 12
MEASURES = {"per_1000": "每千人", "count": "件数"}


@dataclass(frozen=True)
class Asked:
    """quarter: the table; place: the county or a town; category: key of the first level, "" for all."""

    quarter: PublicQuarter
    place: Place
    category: str
    measure: str

    @property
    def part(self) -> tuple[str, str]:
        return ("category", self.category) if self.category else (ALL, "")

    @property
    def below(self) -> list[Place]:
        """The places under it that carry what is asked for: villages carry no categories."""
        return [place for place in self.quarter.below(self.place.code) if (place.code, *self.part) in self.quarter.counts]

    @property
    def words(self) -> str:
        """The caption, as printed: period, place and category."""
        return f"{self.quarter.period_words}；{self.place.name}；{self.quarter.labels('category').get(self.category, '各类诉求')}"


@dataclass(frozen=True)
class Line:
    """One place of the list. told, elder: whole percent; reach: how residents are reached there, None below the towns."""

    place: Place
    count: int | None
    rate: Rate | None
    told: int | None
    elder: int | None
    reach: dict | None

    @property
    def coded(self) -> int | None:
        return round(100 * self.reach["codes"] / self.reach["doors"]) if self.reach and self.reach["doors"] else None

    @property
    def opens(self) -> bool:
        return self.place.level == TOWN


@dataclass(frozen=True)
class Bar:
    """A number as a bar: percent of the longest, None where the number is not shown."""

    label: str
    count: int | None
    percent: int | None
    here: bool = False


@limited(READING)
@require_GET
def public_voices(request: HttpRequest) -> HttpResponse:
    """/voices/?quarter=2026-3&region=339999100000&category=traffic&measure=per_1000|count"""
    quarters = public_quarters()
    if not quarters:
        return render(request, "insights/voices_none.html")
    response = render(request, "insights/voices.html", page_of(asked_of(request, quarters), quarters))
    response["Cache-Control"] = f"private, max-age={SECONDS}"
    return response


@limited(READING)
@require_GET
def public_voices_data(request: HttpRequest) -> HttpResponse:
    """/voices/data.csv?quarter=2026-3 — every number of one table, of the newest where none is named; those that are not shown say so."""
    wanted = request.GET.get("quarter")
    found = next((each for each in public_quarters() if wanted in (None, each.table.key)), None)
    if found is None:
        raise Http404
    response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, f"{found.county.name}民情公开统计{found.table.key}v{found.table.version}.csv")
    response["Cache-Control"] = f"private, max-age={SECONDS}"
    sheet, labels = csv.writer(response), {(key.part, key.key): key.label for key in found.keys}
    sheet.writerow(["时段", "版本", "区划代码", "地方", "层级", "人口", "分项", "名称", "件数"])
    for (code, part, key), count in found.counts.items():
        place = found.places[code]
        sheet.writerow([
            found.period_words, found.table.version, code, place.name, PublicCount.Level(place.level).label, place.population or "",
            PublicCount.Part(part).label, labels.get((part, key), ""), "不单列" if count is None else count,
        ])  # fmt: skip
    return response


def asked_of(request: HttpRequest, quarters: list[PublicQuarter]) -> Asked:
    """What is meant by the address; what cannot be meant falls back to the newest quarter, the county, all categories."""
    quarter = next((each for each in quarters if each.table.key == request.GET.get("quarter")), quarters[0])
    place = quarter.places.get(request.GET.get("region", ""), quarter.county)
    category = request.GET.get("category", "")
    measure = request.GET.get("measure", "")
    return Asked(
        quarter, place if place.level == TOWN else quarter.county, category if category in quarter.labels("category") else "",
        measure if measure in MEASURES else next(iter(MEASURES)),
    )  # fmt: skip


def page_of(asked: Asked, quarters: list[PublicQuarter]) -> dict:
    """What the template shows; the same for the public and for the office, which looks at it before."""
    quarter, place = asked.quarter, asked.place
    rates = quarter.rates([place, *asked.below], *asked.part)
    towns = [each for each in quarter.below(quarter.county.code) if each.level == TOWN]
    parts = [(key, quarter.count(place.code, *key)) for key in (("told", "yes"), ("elder", "yes"), ("elder", "unsaid"))]
    return {
        "asked": asked, "quarter": quarter, "table": quarter.table, "quarters": quarters, "towns": towns, "measures": MEASURES.items(),
        "categories": quarter.labels("category").items(), "line": _line(quarter, place, asked.part, rates),
        "lines": [_line(quarter, each, asked.part, rates) for each in asked.below],
        "by_category": _bars(quarter, place, "category", asked.category), "by_channel": _bars(quarter, place, "channel"),
        "trend": _trend(asked, quarters), "counts": dict(parts), "elder_unsaid": quarter.share(place.code, "elder", "unsaid"),
        "villages_by_category": bool(asked.category) and place.level == TOWN, "map_data": _map_data(asked, rates),
    }  # fmt: skip


def _line(quarter: PublicQuarter, place: Place, part: tuple[str, str], rates: dict[str, Rate]) -> Line:
    return Line(
        place, quarter.count(place.code, *part), rates.get(place.code), quarter.share(place.code, "told", "yes"),
        quarter.share(place.code, "elder", "yes", of=("yes", "no")), quarter.table.reach.get(place.code),
    )  # fmt: skip


def _bars(quarter: PublicQuarter, place: Place, part: str, here: str = "") -> list[Bar]:
    """The values of a part, the most first, those not shown last; what nobody left unsorted is no category."""
    counted = [(key, label, quarter.count(place.code, part, key)) for key, label in quarter.labels(part).items()]
    found = [(label, count, key == here) for key, label, count in counted if count != 0 or key != UNSORTED]
    most = max((count or 0 for _, count, _ in found), default=0)
    found.sort(key=lambda each: (each[1] is None, -(each[1] or 0)))
    return [Bar(label, count, None if count is None else round(100 * count / most) if most else 0, marked) for label, count, marked in found]


def _trend(asked: Asked, quarters: list[PublicQuarter]) -> list[Bar]:
    """The same number in the quarters there are, the oldest first."""
    shown = [(each, each.count(asked.place.code, *asked.part)) for each in reversed(quarters[:QUARTERS_SHOWN])]
    most = max((count or 0 for _, count in shown), default=0)
    return [
        Bar(f"{each.table.words}{'（不全）' if each.late_start else ''}", count, None if count is None else round(100 * count / most) if most else 0, each is asked.quarter) for each, count in shown
    ]


def _map_data(asked: Asked, rates: dict[str, Rate]) -> dict:
    """For the map's script: a value a place, null where it is not shown, and in words why."""
    below = [place for place in asked.below if place.level != REST]
    by_rate = asked.measure == "per_1000"
    regions = []
    for place in below:
        count, rate = asked.quarter.count(place.code, *asked.part), rates.get(place.code)
        value = None if count is None else ((round(rate.per_1000, 2) if rate else None) if by_rate else count)
        regions.append({"code": place.code, "name": place.name, "value": value, "suppressed": count is None, "words": _words(count, rate)})
    level = below[0].level if below else VILLAGE
    town = asked.place if asked.place.parent else None
    return {
        "level": level, "regions": regions, "title": MEASURES[asked.measure], "digits": 1 if by_rate else 0, "fit": _extent(town) if town else None,
        "within": town.code[:9] if town else "",
    }  # fmt: skip


def _words(count: int | None, rate: Rate | None) -> list[str]:
    if count is None:
        return ["不单列：这里或有关的数少于 5 件"]
    if count == 0:
        return ["没有收到反映；不等于没有问题"]
    return [f"{count} 件", *([f"每千人 {rate.per_1000:.1f} 件（{rate.low:.1f}—{rate.high:.1f}）"] if rate else [])]


def _extent(place: Place) -> tuple[float, float, float, float] | None:
    return AdminArea.objects.filter(code=place.code).aggregate(box=Extent("geom"))["box"]
