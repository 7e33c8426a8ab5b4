"""What grids need somebody for: the field of a matter supervised there, of a school, a hospital, a factory; and who could stand for it."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping

import numpy as np
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.deputies.grid import GridMember
from apps.deputies.models import Deputy, Field
from apps.deputies.workflow_grid import Proposed, propose, propose_for_fields
from apps.matching.assignment import Deputies, Projects, Rules, solve
from apps.organisations.models import Organisation
from apps.projects.models import KeyProject
from apps.supervision.nearness import Crowd, Ground, crowd, degrees, grids_at, ground
from apps.supervision.topics import Topic

REACH = 10_000.0  # metres: farther away nobody is proposed for his field
MOST = 5  # grids that one deputy is proposed for by field
EMPLOYERS = {  # whoever is there gives the grid a need of the field
    Organisation.Kind.SCHOOL: "education",
    Organisation.Kind.HOSPITAL: "health",
    Organisation.Kind.ENTERPRISE: "industry",
    Organisation.Kind.COURT: "law",
}
Needs = Mapping[tuple[int, int], list[str]]


def needs(on: dt.date) -> Needs:
    """(grid id, field id) -> what there asks for it, by name: key projects and other matters of the year, schools, hospitals, factories, courts."""
    projects = KeyProject.objects.exclude(field=None).order_by("code").annotate(lon=degrees("ST_X", "site"), lat=degrees("ST_Y", "site"))
    places: list[tuple[float, float, int, str]] = list(projects.values_list("lon", "lat", "field", "name"))
    others = Topic.objects.current(on.year).exclude(kind=Topic.Kind.PROJECT).exclude(own_field=None).order_by("own_code")
    others = others.annotate(lon=degrees("ST_X", "own_site"), lat=degrees("ST_Y", "own_site"))
    places += others.values_list("lon", "lat", "own_field", "own_title")
    fields = dict(Field.objects.values_list("code", "pk"))
    employers = Organisation.objects.filter(kind__in=EMPLOYERS, point__isnull=False, closed_on=None).order_by("code")
    employers = employers.annotate(lon=degrees("ST_X", "point"), lat=degrees("ST_Y", "point"))
    for lon, lat, kind, name in employers.values_list("lon", "lat", "kind", "name"):
        if EMPLOYERS[kind] in fields:
            places.append((lon, lat, fields[EMPLOYERS[kind]], name))
    found: dict[tuple[int, int], list[str]] = defaultdict(list)
    if places:
        at = grids_at(on, [lon for lon, *_ in places], [lat for _, lat, *_ in places])
        for grid, (_, _, field, name) in zip(at, places, strict=True):
            if grid is not None:
                found[grid, field].append(name)
    return dict(found)


def present(of: str = "") -> set[tuple[int, int]]:
    """(grid id, field id) of the fields that a grid's deputies know. of: "" confirmed ones; "placed" those proposed by place too."""
    rows = GridMember.objects.confirmed()
    if of == "placed":
        rows = rows | GridMember.objects.waiting().exclude(basis=GridMember.Basis.FIELD)
    return set(rows.exclude(deputy__fields=None).order_by().values_list("grid", "deputy__fields").distinct())


def proposals(on: dt.date) -> list[tuple[int, int, int]]:
    """(grid, deputy, field) ids: where a need has nobody who knows the field, the deputy who does and lives or works nearest, within REACH.

    For each field the best assignment as a whole, no deputy to more than MOST grids: the one doctor of a valley is not asked by all of it.
    Deputies of a township alone are left out, county leaders too.
    """
    missing: dict[int, list[int]] = defaultdict(list)
    have = present("placed")
    for grid, field in sorted(set(needs(on)) - have):
        missing[field].append(grid)
    people, land = crowd(on), ground(on)
    declined = set(GridMember.objects.filter(state=GridMember.State.DECLINED).values_list("grid", "deputy"))
    taken: dict[tuple[int, int], int] = defaultdict(int)
    for deputy, field in (
        GridMember.objects.confirmed().filter(basis=GridMember.Basis.FIELD).values_list("deputy", "field")
    ):
        taken[deputy, field] += 1
    found = []
    for field, grids in sorted(missing.items()):
        knowing = set(Deputy.objects.filter(fields=field, county_leader=False).values_list("pk", flat=True))
        rows = [row for row, deputy in enumerate(people.deputies) if deputy.pk in knowing and people.county[row]]
        room = [max(0, MOST - taken[people.deputies[row].pk, field]) for row in rows]
        found += [
            (grids[g], people.deputies[rows[d]].pk, field)
            for g, d in _nearest(land, people, grids, rows, room, declined)
        ]
    return found


def _nearest(
    land: Ground, people: Crowd, grids: list[int], rows: list[int], room: list[int], declined: set[tuple[int, int]]
) -> list[tuple[int, int]]:
    """(index of grid, index of row) pairs, one a grid where that can be."""
    if not grids or not rows:
        return []
    at, n, m = [land.row[grid] for grid in grids], len(grids), len(rows)
    column = {people.deputies[row].pk: index for index, row in enumerate(rows)}
    wanted = {grid: index for index, grid in enumerate(grids)}
    forbidden = np.array(
        [(wanted[g], column[d]) for g, d in sorted(declined) if g in wanted and d in column], np.int64
    ).reshape(-1, 2)
    solution = solve(
        Projects(land.lon[at], land.lat[at], np.full(n, -1), np.ones(n, int), np.zeros(n, int), np.full(n, -1), np.zeros((n, 0), int)),
        Deputies(people.lon[rows, 1], people.lat[rows, 1], people.lon[rows, 0], people.lat[rows, 0], np.zeros((m, 0), bool), np.array(room),
                 np.full(m, -1), np.full((m, 2), -1)),
        Rules(anchor="nearest", max_distance=REACH, forbidden=forbidden),
    )  # fmt: skip
    return [(int(g), int(d)) for g, d in solution.pairs]


@transaction.atomic
def propose_all(user: User | None) -> Proposed:
    """By place, then by field where a need is left. Safe to run again: what was confirmed or declined stays."""
    by_place = propose(user)
    return by_place + propose_for_fields(user, proposals(timezone.localdate()))
