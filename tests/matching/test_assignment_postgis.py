"""Metres of a pair are PostGIS's geography metres."""

import numpy as np
import pytest
from django.db import connection

from apps.matching.assignment import Rules, solve
from tests.matching.instances import NOWHERE, deputies, deputy, project, projects

DISTANCES = """
    SELECT ST_Distance(ST_MakePoint(a, b)::geography, ST_MakePoint(c, d)::geography)
    FROM unnest(%s::float8[], %s::float8[], %s::float8[], %s::float8[]) WITH ORDINALITY AS pair(a, b, c, d, nth)
    ORDER BY nth
"""


@pytest.mark.django_db
@pytest.mark.parametrize("box", [(120.0, 27.0, 0.5), (120.0, 27.0, 0.001), (75.0, 18.0, 35.0)])
def test_distances_are_those_of_postgis(box):
    """Everybody is given every project, so each pair's parts can be asked of the database; both anchors, or one."""
    west, south, size = box
    random = np.random.default_rng(5)
    site, home, work = np.array([west, south]) + random.random((3, 40, 2)) * size
    work[:10], home[10:20], home[20] = NOWHERE, NOWHERE, site[0]
    solution = solve(
        projects(*[project(at, demand=40) for at in site]),
        deputies(*[deputy(*anchors, capacity=40) for anchors in zip(home, work, strict=True)]),
        Rules(residence_weight=1, workplace_weight=1),
    )
    assert len(solution.pairs) == 1600
    row, column = solution.pairs.T
    for part, anchor, other in (("residence", home, work), ("workplace", work, home)):
        there = ~np.isnan(anchor[column, 0])
        weight = np.where(np.isnan(other[column[there], 0]), 2, 1)
        ends = [*site[row[there]].T, *anchor[column[there]].T]
        with connection.cursor() as cursor:
            cursor.execute(DISTANCES, [end.tolist() for end in ends])
            metres = np.array([distance for (distance,) in cursor.fetchall()])
        assert np.abs(solution.parts[part][there] / weight - metres).max() < 1e-3
        assert not solution.parts[part][~there].any()
