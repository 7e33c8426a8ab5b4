"""The nearest deputies who have room, to any point: for what cannot wait until a list is drafted."""

import datetime as dt
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from django.utils import timezone
from numpy.typing import NDArray

from apps.deputies.models import Deputy
from apps.matching.costs import distances
from apps.record.staging import query
from apps.supervision.instance import run_members, serving_on
from apps.supervision.models import AssignmentRun
from gis_data.wording import metres_text


def nearest_free(
    lon: float,
    lat: float,
    k: int = 5,
    field: str | None = None,
    exclude: Collection[int] = (),
    bodies: Collection[int] = (),
    homes: bool = False,
    on: dt.date | None = None,
) -> list[tuple[Deputy, str]]:
    """The k nearest deputies with room in the list in force, nearest first, each with what speaks for him in words.

    lon, lat: degrees. field: a field's code, only those who know it; exclude: ids of deputies; bodies: ids of organisations with a stake,
    whose people stay away. County leaders are left out. Near by home or workplace when `homes`; for those who may not see homes by the
    middle of the home's village or the workplace, and then no metres to the home are told.
    """
    people = _free(on or timezone.localdate(), field, exclude, bodies)
    if not len(people.keys):
        return []
    home = people.home if homes else people.village
    away = np.array([distances(np.full(len(at), lon), np.full(len(at), lat), at[:, 0], at[:, 1]) for at in (home, people.workplace)])
    nearer = np.where(np.isnan(away).all(axis=0), np.inf, np.fmin(*away))
    order = np.lexsort((people.codes, nearer))[:k]
    order = order[np.isfinite(nearer[order])]
    found = Deputy.objects.select_related("organisation", "residence_village", "station").in_bulk(people.keys[order].tolist())
    return [(deputy := found[int(people.keys[row])], _words(deputy, *away[:, row], int(people.room[row]), homes)) for row in order.tolist()]


@dataclass(frozen=True, eq=False)
class _People:
    """Free deputies: ids, codes, home, middle of the village and workplace as lon, lat (NaN: none) [m, 2], and how many topics they could take."""

    keys: NDArray[np.int64]
    codes: NDArray[np.str_]
    home: NDArray[np.float64]
    village: NDArray[np.float64]
    workplace: NDArray[np.float64]
    room: NDArray[np.int64]


def _free(on: dt.date, field: str | None, exclude: Collection[int], bodies: Collection[int]) -> _People:
    who = Deputy.objects.filter(pk__in=serving_on(on), county_leader=False).exclude(pk__in=exclude).exclude(organisation__in=bodies)
    if field:
        who = who.filter(fields__code=field)
    run = AssignmentRun.objects.in_force()
    load = Counter(run_members(run).values_list("deputy", flat=True)) if run else Counter()
    # As columns, not as objects: the whole congress is looked through.
    rows = query(
        """
        SELECT d.id, d.code, d.capacity, ST_X(h.point), ST_Y(h.point), ST_X(v.middle), ST_Y(v.middle), ST_X(d.workplace), ST_Y(d.workplace)
        FROM deputies_deputy d LEFT JOIN deputies_home h ON h.deputy_id = d.id
             LEFT JOIN (SELECT id, ST_PointOnSurface(geom) AS middle FROM territory_adminarea WHERE geom IS NOT NULL AND level = 'village') v
                 ON v.id = d.residence_village_id
        WHERE d.id = ANY(%s)
        """,
        [list(who.values_list("pk", flat=True))],
    )
    rows = [row for row in rows if row[2] > load[row[0]]]
    points = np.array([row[3:] for row in rows], float).reshape(-1, 3, 2)
    keys = np.array([row[0] for row in rows], np.int64)
    return _People(keys, np.array([row[1] for row in rows]), *points.transpose(1, 0, 2), np.array([row[2] - load[row[0]] for row in rows], np.int64))


def _words(deputy: Deputy, home: float, work: float, room: int, homes: bool) -> str:
    said = []
    if deputy.residence_village and not np.isnan(home):
        said.append(f"住在{deputy.residence_village.name}{f'，距此 {metres_text(home)}' if homes else ''}")
    if not np.isnan(work):
        said.append(f"{f'在{deputy.organisation}工作' if deputy.organisation else '工作地'}，距此 {metres_text(work)}")
    return "；".join([*said, f"还可承担 {room} 项"])
