"""What lies behind hot spots: the cases and records in their cells since they began, who holds them, and what is near by already."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import connection
from django.utils import timezone

from apps.accounts.models import User
from apps.cases.models import Case
from apps.cases.taxonomy import Category
from apps.hotline.models import Record
from apps.insights.facts import CASE, RECORD, Fact
from apps.insights.ground import BLOCKS
from apps.insights.spots import HotSpot
from apps.insights.theme_models import Theme, ThemeMember, sees_unplaced
from apps.projects.models import KeyProject
from apps.supervision.topics import Topic
from apps.territory.models import AdminArea

NEAR = 1000  # metres from its cells: a project or topic so near is named beside it
LINKED = 2
A_PAGE = 12


_BEHIND = """
    WITH RECURSIVE tree AS (
        SELECT id, id AS top FROM {category} WHERE level = 1
        UNION ALL SELECT c.id, t.top FROM {category} c JOIN tree t ON c.parent_id = t.id
    ), spot AS (
        SELECT s.id, s.category_id, s.since, s.last_hot, cell.col, cell.line FROM {spots} s,
        LATERAL (SELECT s.cells[i][1] AS col, s.cells[i][2] AS line FROM generate_subscripts(s.cells, 1) i) cell WHERE s.id = ANY(%(spots)s)
    ), behind AS (
        SELECT spot.id AS spot, f.* FROM spot JOIN {fact} f
        ON floor(f.col / %(blocks)s::float) = spot.col AND floor(f."row" / %(blocks)s::float) = spot.line AND f.day BETWEEN spot.since AND spot.last_hot
        LEFT JOIN tree ON tree.id = f.category
        WHERE f.counted AND f.col IS NOT NULL AND f.day >= %(since)s AND (spot.category_id IS NULL OR tree.top = spot.category_id)
        AND (%(towns)s::bigint[] IS NULL OR f.town = ANY(%(towns)s))
    )
"""
"""`behind`: a row for each voice of each spot. Raw SQL: a spot's cells and a voice's cell of 100 m are joined by arithmetic."""


@dataclass(frozen=True)
class Behind:
    """How many cases and records, open and late ones of both, open ones that are cases, and units (key, open, late), most open first; None: with no unit yet."""

    cases: int = 0
    records: int = 0
    open: int = 0
    late: int = 0
    open_cases: int = 0
    units: list[tuple[int | None, int, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Linked:
    """What is near by already: projects and topics within `NEAR` metres (row, metres), themes (row, how many voices of them lie here)."""

    projects: list[tuple[KeyProject, int]] = field(default_factory=list)
    topics: list[tuple[Topic, int]] = field(default_factory=list)
    themes: list[tuple[Theme, int]] = field(default_factory=list)


def standing(spots: Sequence[HotSpot], user: User) -> dict[int, Behind]:
    """By spot, in one query."""
    rows = _asked(
        spots, user,
        """SELECT spot, kind, organisation, count(*), count(*) FILTER (WHERE state = 0), count(*) FILTER (WHERE state = 0 AND due_on < %(today)s)
        FROM behind GROUP BY 1, 2, 3""",
    )  # fmt: skip
    sums: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    units: dict[int, dict[int | None, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for spot, kind, unit, count, still_open, late in rows:
        for place, more in ((0 if kind == CASE else 1, count), (2, still_open), (3, late), (4, still_open if kind == CASE else 0)):
            sums[spot][place] += more
        if still_open:
            held = units[spot][unit]
            held[0], held[1] = held[0] + still_open, held[1] + late
    ranked = {spot: sorted(((unit, *held) for unit, held in by_unit.items()), key=lambda each: (-each[1], each[0] or 0)) for spot, by_unit in units.items()}
    return {spot.pk: Behind(*sums[spot.pk], ranked.get(spot.pk, [])) for spot in spots}


def cases_of(spot: HotSpot, user: User) -> list[int]:
    """Keys of the cases behind it."""
    return [ref for (ref,) in _asked([spot], user, f"SELECT ref FROM behind WHERE kind = {CASE} ORDER BY ref")]


def page_behind(spot: HotSpot, user: User, number: int) -> tuple[list[Case | Record], int]:
    """One page of the cases and records behind it, newest first, and how many there are in all. Cases carry `is_case`."""
    total = _asked([spot], user, "SELECT count(*) FROM behind")[0][0]
    last = max(0, -(-total // A_PAGE) - 1)
    refs = _asked([spot], user, "SELECT kind, ref FROM behind ORDER BY day DESC, kind, ref DESC LIMIT %(limit)s OFFSET %(offset)s", limit=A_PAGE, offset=A_PAGE * min(max(number - 1, 0), last))
    cases = Case.objects.visible_to(user).select_related("category", "town", "village", "organisation", "deputy").defer(
        "town__geom", "town__geom_3857", "village__geom", "village__geom_3857", "organisation__point", "deputy__workplace", "point_3857"
    ).in_bulk([ref for kind, ref in refs if kind == CASE])  # fmt: skip
    records = Record.objects.visible_to(user).select_related("category", "source", "organisation").in_bulk([ref for kind, ref in refs if kind == RECORD])
    rows = []
    for kind, ref in refs:
        row = (cases if kind == CASE else records).get(ref)
        if row is not None:
            row.is_case = kind == CASE
            rows.append(row)
    return rows, total


def linked(spots: Sequence[HotSpot], user: User) -> dict[int, Linked]:
    """By spot, in three queries and as many again for the rows."""
    projects = _near(spots, f"SELECT id, geom AS place FROM {_table(KeyProject)}")
    topics = _near(spots, f"SELECT id, own_site AS place FROM {_table(Topic)} WHERE own_site IS NOT NULL AND draft = ''")
    themes = _asked(
        spots, user,
        f"SELECT b.spot, m.theme_id, count(*) FROM behind b JOIN {_table(ThemeMember)} m ON m.kind = b.kind AND m.ref = b.ref GROUP BY 1, 2 HAVING count(*) >= 3 ORDER BY 1, 3 DESC, 2",
    )  # fmt: skip
    projects_by_key = KeyProject.objects.only("code", "name").in_bulk({pk for _, pk, _ in projects})
    topics_by_key = Topic.objects.visible_to(user).with_facts().in_bulk({pk for _, pk, _ in topics})
    themes_by_key = Theme.objects.visible_to(user).standing().in_bulk({pk for _, pk, _ in themes})
    found = {spot.pk: Linked() for spot in spots}
    for rows, known, name in ((projects, projects_by_key, "projects"), (topics, topics_by_key, "topics"), (themes, themes_by_key, "themes")):
        for spot, pk, much in rows:
            held = getattr(found[spot], name)
            if pk in known and len(held) < LINKED:
                held.append((known[pk], int(much)))
    return found


def _near(spots: Sequence[HotSpot], places: str) -> list[tuple[int, int, float]]:
    """(spot, key, metres) of places within `NEAR` metres, nearest first."""
    with connection.cursor() as cursor:
        # Distances on the ellipsoid between shapes; the box first, that is quick.
        cursor.execute(
            f"""SELECT s.id, p.id, ST_Distance(s.shape::geography, p.place::geography) AS metres FROM {_table(HotSpot)} s JOIN ({places}) p
            ON p.place && ST_Expand(s.shape, 0.02) AND ST_DWithin(s.shape::geography, p.place::geography, %s)
            WHERE s.id = ANY(%s) ORDER BY 1, 3, 2""",
            [NEAR, [spot.pk for spot in spots]],
        )
        return cursor.fetchall()


def _asked(spots: Sequence[HotSpot], user: User, ending: str, **more) -> list[tuple]:
    """What `ending` selects of the voices behind the spots that the user may count: his towns', and with the whole county also those of no town."""
    if not spots or not user.scope:
        return []
    towns = None if sees_unplaced(user) else list(AdminArea.objects.visible_to(user).values_list("pk", flat=True))
    sql = _BEHIND.format(category=_table(Category), spots=_table(HotSpot), fact=_table(Fact)) + ending
    given = {"spots": [spot.pk for spot in spots], "towns": towns, "blocks": BLOCKS, "today": timezone.localdate(), "since": min(spot.since for spot in spots), **more}
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return cursor.fetchall()


def _table(model) -> str:
    return connection.ops.quote_name(model._meta.db_table)
