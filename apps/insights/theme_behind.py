"""What lies behind a theme, as far as the asking person may see it: by week, place, source, category and unit, and the cases and records one by one."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db import connection

from apps.accounts.models import User
from apps.cases.models import Case
from apps.cases.taxonomy import Category
from apps.hotline.models import Record, Source
from apps.insights.facts import CASE, CHANNELS, FIRST_RECORD_SOURCE, RECORD
from apps.insights.theme_models import Theme, ThemeMember, sees_unplaced
from apps.organisations.models import Organisation
from apps.territory.county_lattice import county_lattice
from apps.territory.models import AdminArea

A_PAGE = 20
WEEKS = 53
MOST_CELLS = 600
OPEN = 0
LEFT_OUT = (
    "point_3857",
    "town__geom",
    "town__geom_3857",
    "village__geom",
    "village__geom_3857",
    "organisation__point",
    "deputy__workplace",
    "station__point",
)


@dataclass(frozen=True, eq=False)
class Behind:
    """Counts of what one may see. weeks: (Monday, voices), oldest first; parts: (name, voices), most first; cells: [west, south, east, north, voices]
    in degrees; located, waiting: how many have a place, are not answered yet."""

    total: int
    cases: int
    records: int
    waiting: int
    located: int
    weeks: list[tuple[dt.date, int]]
    towns: list[tuple[str, int]]
    sources: list[tuple[str, int]]
    categories: list[tuple[str, int]]
    units: list[tuple[str, int]]
    cells: list[list[float]]

    @property
    def unplaced(self) -> int:
        return self.total - self.located


def behind(theme: Theme, user: User, today: dt.date) -> Behind:
    """In one query over the theme's own voices, and one for each kind of name."""
    rows = _facts(theme, user)
    kinds = Counter(kind for kind, *_ in rows)
    categories = _roots(Counter(row[3] for row in rows if row[3]))
    return Behind(
        total=len(rows),
        cases=kinds[CASE],
        records=kinds[RECORD],
        waiting=sum(row[5] == OPEN for row in rows),
        located=sum(row[7] is not None for row in rows),
        weeks=_by_week([row[1] for row in rows], today),
        towns=_named(
            Counter(row[4] for row in rows if row[4]),
            dict(AdminArea.objects.filter(pk__in={row[4] for row in rows if row[4]}).values_list("pk", "name")),
        ),
        sources=_by_source(Counter(row[2] for row in rows if row[2] is not None)),
        categories=categories,
        units=_named(
            Counter(row[6] for row in rows if row[6]),
            dict(Organisation.objects.filter(pk__in={row[6] for row in rows if row[6]}).values_list("pk", "name")),
        ),
        cells=_cells(Counter((row[7], row[8]) for row in rows if row[7] is not None)),
    )


def _facts(theme: Theme, user: User) -> list[tuple]:
    """(kind, day, source, category, town, state, unit, col, row) of each voice in the user's scope. Raw SQL: a voice and its fact share no foreign key."""
    towns = None if sees_unplaced(user) else list(AdminArea.objects.visible_to(user).values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT m.kind, m.day, f.source, f.category, m.town_id, f.state, f.organisation, f.col, f.row
            FROM insights_thememember m LEFT JOIN insights_fact f ON f.kind = m.kind AND f.ref = m.ref
            WHERE m.theme_id = %s AND (%s::bigint[] IS NULL OR m.town_id = ANY(%s))""",
            [theme.pk, towns, towns],
        )
        return cursor.fetchall()


def _by_week(days: list[dt.date], today: dt.date) -> list[tuple[dt.date, int]]:
    """Whole weeks from Monday; a year of them, weeks without a voice too."""
    this = today - dt.timedelta(days=today.weekday())
    counts = Counter(day - dt.timedelta(days=day.weekday()) for day in days)
    return [
        (monday, counts[monday]) for monday in (this - dt.timedelta(weeks=back) for back in range(WEEKS - 1, -1, -1))
    ]


def _named(counts: Counter, names: dict[int, str]) -> list[tuple[str, int]]:
    return sorted(
        ((names[key], count) for key, count in counts.items() if key in names), key=lambda part: (-part[1], part[0])
    )


def _by_source(counts: Counter) -> list[tuple[str, int]]:
    """Cases by their channel, records by their source."""
    channels = dict(Case.Channel.choices)
    names = {place + 1: f"民情件（{channels[channel]}）" for place, channel in enumerate(CHANNELS)}
    sources = Source.objects.filter(
        pk__in=[code - FIRST_RECORD_SOURCE for code in counts if code >= FIRST_RECORD_SOURCE]
    )
    names |= {FIRST_RECORD_SOURCE + pk: name for pk, name in sources.values_list("pk", "name")}
    return _named(counts, names)


def _roots(counts: Counter) -> list[tuple[str, int]]:
    """Categories by label, of whatever level they were told."""
    return _named(counts, dict(Category.objects.filter(pk__in=list(counts)).values_list("pk", "label")))


def _cells(counts: Counter) -> list[list[float]]:
    lattice = county_lattice()
    if lattice is None or not counts:
        return []
    some = sorted(counts.items(), key=lambda cell: (-cell[1], cell[0]))[:MOST_CELLS]
    ring = lattice.outline([cell[0] for cell, _ in some], [cell[1] for cell, _ in some])
    return [[*ring[at, 0].tolist(), *ring[at, 2].tolist(), count] for at, (_, count) in enumerate(some)]


def voices_page(theme: Theme, user: User, number: str | None) -> Page:
    """The cases and records of a theme, newest first. Each row has `likeness` and `voice`, its case or record; None: not for this person's eyes."""
    members = ThemeMember.objects.filter(theme=theme).visible_to(user).order_by("-day", "-pk")
    page = Paginator(members, A_PAGE).get_page(number)
    seen = list(page.object_list)
    cases = (
        Case.objects.visible_to(user)
        .select_related("category", "town", "village", "organisation", "deputy", "station")
        .defer(*LEFT_OUT)
    )
    of_cases = cases.in_bulk([member.ref for member in seen if member.kind == CASE])
    of_records = (
        Record.objects.visible_to(user)
        .select_related("category", "source", "organisation")
        .in_bulk([member.ref for member in seen if member.kind == RECORD])
    )
    for member in seen:
        member.is_case = member.kind == CASE
        member.voice = (of_cases if member.is_case else of_records).get(member.ref)
    page.object_list = seen
    return page
