"""The nearest index and PostGIS give the same sites and metres.

ST_Distance of geographies decides there too: the operator `<->` measures on a sphere and orders about one row in a hundred
wrongly, so that it may only fetch candidates.
"""

import numpy as np
import pytest
from django.db import connection

from apps.matching.nearest import NearestIndex

NEAREST = """
SELECT array_agg(near.number ORDER BY near.metres, near.number), array_agg(near.metres ORDER BY near.metres, near.number)
FROM unnest(%s::float8[], %s::float8[]) WITH ORDINALITY AS place(lon, lat, number),
LATERAL (
    SELECT candidate.number, ST_Distance(candidate.place, ST_Point(lon, lat)::geography) AS metres
    FROM (SELECT * FROM site ORDER BY site.place <-> ST_Point(lon, lat)::geography LIMIT 40) AS candidate
    ORDER BY metres, candidate.number LIMIT %s
) AS near
GROUP BY place.number ORDER BY place.number
"""
WITHIN = """
SELECT ARRAY(SELECT site.number FROM site WHERE ST_DWithin(site.place, ST_Point(lon, lat)::geography, %s)
             ORDER BY ST_Distance(site.place, ST_Point(lon, lat)::geography), site.number)
FROM unnest(%s::float8[], %s::float8[]) WITH ORDINALITY AS place(lon, lat, number) ORDER BY place.number
"""


@pytest.fixture
def stored(db):
    """Puts sites into an indexed table `site(number, place)` that goes with the test's transaction."""

    def store(lon, lat):
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE site (number int, place geography(Point, 4326)) ON COMMIT DROP")
            cursor.execute(
                """INSERT INTO site SELECT number - 1, ST_Point(lon, lat)::geography
                   FROM unnest(%s::float8[], %s::float8[]) WITH ORDINALITY AS given(lon, lat, number)""",
                [lon.tolist(), lat.tolist()],
            )
            cursor.execute("CREATE INDEX ON site USING gist (place)")
            cursor.execute("ANALYZE site")

    return store


def asked(sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


@pytest.mark.parametrize(
    ("west", "south", "east", "north"),
    [(120.0, 27.0, 120.6, 27.6), (75.0, 18.0, 135.0, 53.0)],
    ids=["county", "nation"],
)
def test_order_and_metres(stored, west, south, east, north):
    random = np.random.default_rng(1)
    site_lon, site_lat = random.uniform(west, east, 2000), random.uniform(south, north, 2000)
    lon, lat = random.uniform(west, east, 300), random.uniform(south, north, 300)
    stored(site_lon, site_lat)
    rows = asked(NEAREST, lon.tolist(), lat.tolist(), 5)
    sites, metres = NearestIndex(site_lon, site_lat).query(lon, lat, 5)
    np.testing.assert_array_equal(sites, [numbers for numbers, _ in rows])
    np.testing.assert_allclose(metres, [distances for _, distances in rows], rtol=0, atol=1e-6)


def test_within(stored):
    random = np.random.default_rng(2)
    site_lon, site_lat = random.uniform(120.0, 120.6, 500), random.uniform(27.0, 27.6, 500)
    lon, lat = random.uniform(120.0, 120.6, 200), random.uniform(27.0, 27.6, 200)
    stored(site_lon, site_lat)
    rows = asked(WITHIN, 3000.0, lon.tolist(), lat.tolist())
    sites, _ = NearestIndex(site_lon, site_lat).query(lon, lat, 500, within=3000.0)
    assert [row[row >= 0].tolist() for row in sites] == [numbers for (numbers,) in rows]
    assert sum(len(numbers) for (numbers,) in rows) > 500


def test_duplicates_come_by_number(stored):
    site_lon, site_lat = np.array([120.1, 120.0, 120.1, 120.0]), np.full(4, 27.0)
    stored(site_lon, site_lat)
    rows = asked(NEAREST, [120.09], [27.0], 3)
    assert NearestIndex(site_lon, site_lat).query(120.09, 27.0, 3)[0].tolist() == [rows[0][0]] == [[0, 2, 1]]
