"""What the published table of a quarter is counted from: the places of that day, the values of every part, the voices, and what reaches
residents there."""

import datetime as dt
import math
from collections import Counter

from django.db.models import Count, Q

from apps.cases.taxonomy import Category
from apps.deputies.models import Station
from apps.hotline.models import Source
from apps.insights import held
from apps.insights.facts import CHANNELS, FIRST_RECORD_SOURCE, Fact
from apps.insights.public_shape import UNSORTED, Key, Place, Shape, Voices
from apps.territory.models import AdminArea, Doorplate
from apps.territory.plates import PlateCode

NO_CATEGORY = Key("category", UNSORTED, "未分类")
WAYS = {  # one key of the part "channel" -> label, cases' channels, kinds of other sources
    "online": ("扫码、网页", ("scan", "web"), ()),
    "person": ("联络站、走访、会议", ("station", "visit"), ("station", "meeting")),
    "letter": ("来信、来电", ("letter", "phone"), ()),
    "hotline": ("12345热线", (), ("hotline",)),
    "other": ("留言板和其他", (), ("board", "other")),
}
TOLD = {True: Key("told", "yes", "由别人代为录入"), False: Key("told", "no", "自己反映")}
ELDER = {True: Key("elder", "yes", "老年人"), False: Key("elder", "no", "不是老年人"), None: Key("elder", "unsaid", "没有注明")}


def quarter_of(day: dt.date) -> dt.date:
    return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)


def next_quarter(quarter: dt.date) -> dt.date:
    return quarter_of(quarter + dt.timedelta(days=95))


def first_day() -> dt.date | None:
    """The first day anything was counted on; None before."""
    return Fact.objects.counted().order_by("day").values_list("day", flat=True).first()


def shape_of(day: dt.date) -> Shape:
    """The table as the county is on that day. ValueError before a county was imported."""
    categories = Category.objects.filter(level=1).order_by("order").values_list("code", "label")
    keys = [
        *(Key("category", code, label) for code, label in categories), NO_CATEGORY, *(Key("channel", key, said[0]) for key, said in WAYS.items()),
        *TOLD.values(), *ELDER.values(),
    ]  # fmt: skip
    return Shape(_places(day), keys)


def _places(day: dt.date) -> list[Place]:
    county = AdminArea.objects.defer("geom", "geom_3857").county()
    if county is None:
        return []
    areas = AdminArea.objects.in_force(day).filter(code__startswith=county.code[:6], level__in=("town", "village")).order_by("code")
    rows = list(areas.values_list("code", "parent__code", "level", "name", "population"))
    towns = {code for code, _, level, *_ in rows if level == "town"}
    lower = [Place(code, parent if level == "village" and parent in towns else county.code, level, name, people) for code, parent, level, name, people in rows]
    return [Place(county.code, "", "county", county.name, county.population), *lower]


def voices_of(quarter: dt.date) -> list[Voices]:
    """Every voice of the quarter once."""
    areas = dict(AdminArea.objects.filter(level__in=("county", "town", "village")).values_list("pk", "code"))
    tops, ways = _tops(), _ways()
    last = next_quarter(quarter) - dt.timedelta(days=1)
    counted = Fact.objects.counted().filter(day__gte=quarter, day__lte=last).order_by()
    rows = counted.values_list("town", "village", "category", "source", "told_for", "elder").annotate(n=Count("pk"))
    return [
        Voices(
            areas.get(village) or areas.get(town) or "",
            {"category": tops.get(category, UNSORTED), "channel": ways.get(source, "other"), "told": TOLD[told_for].key, "elder": ELDER[elder].key},
            n,
        )
        for town, village, category, source, told_for, elder, n in rows
    ]


def clumping_of(quarter: dt.date) -> float:
    """How many voices of a quarter came as one; up to the next half, so that it tells nothing of the counts behind it."""
    last, cube = next_quarter(quarter) - dt.timedelta(days=1), held.current()
    return math.ceil(2 * held.clumping(cube, (cube.where(quarter, last), quarter, last))) / 2


def _tops() -> dict[int, str]:
    """Category -> the code of its first level."""
    rows = Category.objects.values_list("pk", "code", "parent__code", "parent__parent__code")
    return {pk: above or parent or code for pk, code, parent, above in rows}


def _ways() -> dict[int, str]:
    """`Fact.source` -> the way it came."""
    kinds = dict(Source.objects.values_list("pk", "kind"))
    found = {number: way for way, (_, channels, _) in WAYS.items() for number, channel in enumerate(CHANNELS, start=1) if channel in channels}
    return found | {FIRST_RECORD_SOURCE + pk: way for way, (_, _, named) in WAYS.items() for pk, kind in kinds.items() if kind in named}


def reach_of(shape: Shape) -> dict[str, dict[str, int]]:
    """How residents are reached in the county and in every town: stations, doors, and doors with a code."""
    county = shape.places[0].code
    upper = {place.code for place in shape.places if place.level in ("county", "town")}
    towns = {place.code: place.parent for place in shape.places if place.level == "village"}
    found = {code: Counter({"stations": 0, "doors": 0, "codes": 0}) for code in sorted(upper)}

    def add(code: str | None, what: str, number: int) -> None:
        town = towns.get(code or "", code)
        for place in {county, town} & upper:
            found[place][what] += number

    for code in Station.objects.values_list("area__code", flat=True):
        add(code, "stations", 1)
    for code, n in Doorplate.objects.filter(status=Doorplate.Status.ACTIVE).order_by().values_list("town__code").annotate(n=Count("pk")):
        add(code, "doors", n)
    coded = PlateCode.objects.filter(Q(doorplate__status=Doorplate.Status.ACTIVE), status="active").order_by()
    for code, n in coded.values_list("doorplate__town__code").annotate(n=Count("pk")):
        add(code, "codes", n)
    return {code: dict(numbers) for code, numbers in found.items()}
