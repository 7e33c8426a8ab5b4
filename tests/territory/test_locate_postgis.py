"""The locator and PostGIS give the same answers: ST_Covers for the polygon, geography distances for the metres."""

import numpy as np
import pytest
import shapely
from django.db import connection

from apps.territory.locate import PolygonLocator
from tests.territory.shapes import SOUTH, WEST, awkward_shapes, jagged_town, places_on_borders

PLACES = "unnest(%s::float8[], %s::float8[]) WITH ORDINALITY AS place(lon, lat, number)"


@pytest.fixture
def stored(db):
    """Puts polygons into a table `area(number, geom)` that goes with the test's transaction."""

    def store(shapes):
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE area (number int, geom geometry) ON COMMIT DROP")
            cursor.executemany(
                "INSERT INTO area VALUES (%s, ST_GeomFromWKB(%s, 4326))",
                [(i, shape.wkb) for i, shape in enumerate(shapes)],
            )

    return store


def asked(sql, lon, lat, *more):
    with connection.cursor() as cursor:
        cursor.execute(sql, [lon.tolist(), lat.tolist(), *more])
        return cursor.fetchall()


def covering(lon, lat):
    """The lowest number of the areas that cover each place, -1 for none, as PostGIS sees it."""
    rows = asked(
        f"""SELECT coalesce((SELECT min(area.number) FROM area WHERE ST_Covers(area.geom, ST_SetSRID(ST_Point(lon, lat), 4326))), -1)
            FROM {PLACES} ORDER BY place.number""",
        lon,
        lat,
    )
    return np.array([number for (number,) in rows])


@pytest.mark.parametrize("shapes", [jagged_town(), awkward_shapes()], ids=["town", "awkward"])
def test_covers(stored, shapes):
    stored(shapes)
    random = np.random.default_rng(1)
    west, south, east, north = shapely.total_bounds(shapes)
    corners = shapely.get_coordinates(shapes)
    lon = np.r_[random.uniform(west - 0.01, east + 0.01, 3000), corners[:, 0]]
    lat = np.r_[random.uniform(south - 0.01, north + 0.01, 3000), corners[:, 1]]
    found = PolygonLocator(shapes).locate(lon, lat)
    np.testing.assert_array_equal(found, covering(lon, lat))
    assert len(np.unique(found)) > 5


def test_places_on_edges(stored):
    """By interpolation on edges, also a few roundings aside. PostGIS rounds there (its ST_Covers of a point has no exact
    orientation test), so that it may differ, but on the border only: within a nanometre or so of both polygons."""
    shapes = awkward_shapes()
    stored(shapes)
    lon, lat = places_on_borders(shapes, 3000)
    found = PolygonLocator(shapes).locate(lon, lat)
    expected = covering(lon, lat)
    differ = np.flatnonzero(found != expected)
    assert len(differ) < 30
    for i in differ:
        for number in {found[i], expected[i]} - {-1}:
            assert shapely.distance(shapes[number].boundary, shapely.Point(lon[i], lat[i])) < 1e-13


def test_margin(stored):
    """Against the geodesics to places a metre apart on the border: none is nearer, and the nearest is as near as that allows.

    ST_Distance to the border itself is no measure: it seeks the foot on a sphere, and is up to 0.3 % too long.
    """
    shapes = jagged_town()
    stored(shapes)
    random = np.random.default_rng(2)
    lon, lat = random.uniform(WEST, WEST + 0.06, 100), random.uniform(SOUTH, SOUTH + 0.06, 100)
    locator = PolygonLocator(shapes)
    found = locator.locate(lon, lat)
    rows = asked(
        f"""SELECT (SELECT min(ST_Distance(ST_Point(lon, lat)::geography, on_border.geom::geography))
                    FROM area, ST_DumpPoints(ST_Segmentize(ST_Boundary(area.geom), 1e-5)) AS on_border
                    WHERE area.number = located.area)
            FROM {PLACES} JOIN unnest(%s::int[]) WITH ORDINALITY AS located(area, number) ON located.number = place.number
            ORDER BY place.number""",
        lon,
        lat,
        found.tolist(),
    )
    expected = np.array([np.nan if metres is None else metres for (metres,) in rows])
    margin = locator.margin(lon, lat)
    np.testing.assert_array_equal(np.isnan(margin), np.isnan(expected))
    inside = found >= 0
    assert inside.sum() > 80
    assert (margin[inside] <= expected[inside] + 1e-6).all()
    assert (expected[inside] <= np.hypot(margin[inside], 0.56)).all()


def test_across(stored):
    """The same neighbours as ST_DWithin finds, up to the 0.3 % by which it is too long."""
    shapes = jagged_town()
    stored(shapes)
    random = np.random.default_rng(3)
    lon, lat = random.uniform(WEST, WEST + 0.06, 300), random.uniform(SOUTH, SOUTH + 0.06, 300)
    rows = asked(
        f"""SELECT ARRAY(SELECT area.number FROM area
                         WHERE ST_DWithin(ST_Point(lon, lat)::geography, area.geom::geography, 150)),
                   ARRAY(SELECT area.number FROM area
                         WHERE ST_DWithin(ST_Point(lon, lat)::geography, area.geom::geography, 150 * 1.003))
            FROM {PLACES} ORDER BY place.number""",
        lon,
        lat,
    )
    locator = PolygonLocator(shapes)
    near = [set(row.tolist()) for row in locator.across(lon, lat, 150.0)]
    located = locator.locate(lon, lat)
    assert sum(map(len, near)) > 100
    for i, (least, most) in enumerate(rows):
        assert set(least) - {located[i]} <= near[i] <= set(most) - {located[i]}
