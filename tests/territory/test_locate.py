"""The locator against hand-computed places, against `shapely.covers` one by one, and against geodesics to every edge."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from apps.territory.locate import PolygonLocator
from tests.territory.shapes import SOUTH, WEST, awkward_shapes, jagged_town, places_on_borders

GEOD = pyproj.Geod(ellps="WGS84")
EAST_METRES = np.radians(6378137.0)  # metres in a degree of longitude on the equator
NORTH_METRES = np.radians(6378137.0 * (1 - 0.0066943799901413165))  # and of latitude


def locate_one_by_one(shapes, lon, lat):
    """Twin of `locate`: every polygon asked about every point."""
    covered = np.array([shapely.covers(shape, shapely.points(lon, lat)) for shape in shapes]).reshape(
        len(shapes), len(lon)
    )
    return np.where(covered.any(axis=0), covered.argmax(axis=0), -1) if len(shapes) else np.full(len(lon), -1)


def metres_to_border(shape, lon, lat):
    """Twin of `margin`: the geodesic to every edge, minimised along the edge."""
    best = np.inf
    for ring in shapely.get_rings(shapely.get_parts(shape)):
        points = shapely.get_coordinates(ring)
        for start, end in pairwise(points):

            def metres(t, start=start, end=end):
                return GEOD.inv(lon, lat, *(start + t * (end - start)))[2]

            inner = minimize_scalar(metres, bounds=(0, 1), method="bounded", options={"xatol": 1e-12})
            best = min(best, inner.fun, metres(0.0), metres(1.0))
    return best


def across_one_by_one(shapes, located, lon, lat, within):
    other = [(0.0 if shapely.covers(shape, shapely.Point(lon, lat)) else metres_to_border(shape, lon, lat), i)
             for i, shape in enumerate(shapes) if i != located and not shape.is_empty]  # fmt: skip
    return [i for metres, i in sorted((round(metres, 6), i) for metres, i in other) if metres <= within]


@pytest.fixture(scope="module")
def areas():
    return jagged_town()


# --- by hand -----------------------------------------------------------------------------------------------------------


def test_two_squares_share_a_border():
    squares = [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)]
    lon = [0.5, 1.5, 1.0, 1.0, 1.0, 2.0, 2.1, 0.0, -0.1, 1.5]
    lat = [0.5, 0.5, 0.5, 0.0, 1.0, 1.0, 0.5, 0.5, 0.5, 1.0000001]
    found = PolygonLocator(squares).locate(lon, lat)
    assert found.tolist() == [0, 1, 0, 0, 0, 1, -1, 0, -1, -1]
    assert found.dtype == np.int32 and found.shape == (10,)


def test_lowest_index_where_polygons_overlap():
    nested = [shapely.box(2, 2, 3, 3), shapely.box(0, 0, 5, 5), shapely.box(2, 2, 3, 3)]
    assert PolygonLocator(nested).locate([2.5, 1, 3, 6], [2.5, 1, 3, 1]).tolist() == [0, 1, 0, -1]


def test_holes_and_parts():
    ring = shapely.Polygon([(0, 0), (9, 0), (9, 9), (0, 9)], [[(3, 3), (6, 3), (6, 6), (3, 6)]])
    parts = shapely.MultiPolygon([shapely.box(4, 4, 5, 5), shapely.box(10, 0, 11, 1)])
    locator = PolygonLocator([ring, parts])
    assert locator.locate([1, 3.5, 4.5, 3, 10.5, 9.5, 4], [1, 3.5, 4.5, 4, 0.5, 0.5, 4]).tolist() == [
        0,
        -1,
        1,
        0,
        1,
        -1,
        1,
    ]


def test_margin_in_metres_on_the_equator():
    locator = PolygonLocator([shapely.box(-0.004, -0.005, 0.002, 0.005)])
    metres = locator.margin([0.001, 0.0, -0.003, 0.002, 0.0021], [0.0, 0.004, 0.0, 0.001, 0.0])
    np.testing.assert_allclose(
        metres[:3], [0.001 * EAST_METRES, 0.001 * NORTH_METRES, 0.001 * EAST_METRES], rtol=0, atol=1e-6
    )
    assert metres[3] == 0.0
    assert np.isnan(metres[4])


def test_margin_to_a_hole_and_to_a_diagonal():
    ring = shapely.Polygon(
        [(-1, -1), (1, -1), (1, 1), (-1, 1)], [[(-0.01, -0.01), (0.01, -0.01), (0.01, 0.01), (-0.01, 0.01)]]
    )
    np.testing.assert_allclose(PolygonLocator([ring]).margin(0.011, 0.0), 0.001 * EAST_METRES, rtol=0, atol=1e-6)
    # A right triangle with legs of a = 0.002° east and b = 0.002° north: its height on the hypotenuse is ab / sqrt(a² + b²).
    triangle = shapely.Polygon([(0, 0), (0.002, 0), (0, 0.002)])
    east, north = 0.0015 * EAST_METRES, 0.0015 * NORTH_METRES
    expected = east * north / np.hypot(east, north)
    legs = 0.0005 * NORTH_METRES
    metres = PolygonLocator([triangle]).margin([0.0005], [0.0005])
    assert expected > legs
    np.testing.assert_allclose(metres, legs, rtol=0, atol=1e-6)
    far_corner = shapely.Polygon([(-0.01, -0.01), (0.012, -0.01), (-0.01, 0.012)])
    east, north = 0.002 * EAST_METRES, 0.002 * NORTH_METRES
    np.testing.assert_allclose(
        PolygonLocator([far_corner]).margin(0.0, 0.0), east * north / np.hypot(east, north), rtol=0, atol=1e-6
    )


def test_a_centimetre_from_the_border_is_a_centimetre():
    area = shapely.box(120.0, 27.0, 120.1, 27.1)
    for metres in (0.001, 0.01, 0.011, 1.0, 50.0):
        lon, lat, _ = GEOD.fwd(120.1, 27.05, 270.0, metres)
        np.testing.assert_allclose(
            PolygonLocator([area]).margin(lon, lat), metres, rtol=0, atol=1e-6 if metres <= 1 else 1e-4
        )


def test_across_by_hand():
    squares = [
        shapely.box(0, 0, 1, 1),
        shapely.box(1, 0, 2, 1),
        shapely.box(0, 1, 1, 2),
        shapely.box(1, 1, 2, 2),
        shapely.box(3, 0, 4, 1),
    ]
    locator = PolygonLocator(squares)
    east, north = 0.001 * EAST_METRES, 0.001 * NORTH_METRES

    def across(lon, lat, within):
        (found,) = locator.across(lon, lat, within)
        assert found.dtype == np.int32
        return found.tolist()

    assert across(0.999, 0.5, east + 0.01) == [1]
    assert across(0.999, 0.5, east - 0.01) == []
    assert across(0.999, 0.999, 1000.0) == [2, 1, 3]  # a degree is shorter to the north
    assert across(0.999, 0.999, north + 0.01) == [2]
    assert across(1.0, 0.5, 0.0) == [1]
    assert across(1.0, 1.0, 0.0) == [1, 2, 3]
    assert across(2.5, 0.5, 60_000.0) == [1, 4]  # in none: all are others
    assert across(0.5, 0.5, 1e9) == [2, 1, 3, 4]


# --- twins -------------------------------------------------------------------------------------------------------------


def test_random_places_as_shapely_decides(areas):
    random = np.random.default_rng(5)
    lon, lat = random.uniform(WEST - 0.01, WEST + 0.07, 4000), random.uniform(SOUTH - 0.01, SOUTH + 0.07, 4000)
    np.testing.assert_array_equal(PolygonLocator(areas).locate(lon, lat), locate_one_by_one(areas, lon, lat))


@pytest.mark.parametrize(
    "shapes", [jagged_town(), awkward_shapes(), awkward_shapes()[::-1]], ids=["town", "awkward", "reversed"]
)
def test_places_on_borders_as_shapely_decides(shapes):
    lon, lat = places_on_borders(shapes, 6000)
    found = PolygonLocator(shapes).locate(lon, lat)
    expected = locate_one_by_one(shapes, lon, lat)
    assert len(np.unique(expected)) > 5
    np.testing.assert_array_equal(found, expected)


def test_margin_on_borders_is_zero(areas):
    shapes = awkward_shapes()
    lon, lat = places_on_borders(shapes, 3000)
    found, margin = PolygonLocator(shapes).locate(lon, lat), PolygonLocator(shapes).margin(lon, lat)
    inside = found >= 0
    np.testing.assert_array_equal(np.isnan(margin), ~inside)
    on_border = np.array(
        [
            not shapely.contains(shapes[i], shapely.Point(*place))
            for i, *place in zip(found[inside], lon[inside], lat[inside], strict=True)
        ]
    )
    assert on_border.any() and not on_border.all()
    assert (margin[inside][on_border] == 0.0).all()
    # The rest were placed a few roundings aside, except inside an overlapping neighbour.
    lon, lat = places_on_borders(areas, 3000)
    margin = PolygonLocator(areas).margin(lon, lat)
    assert np.nanmax(margin) < 1e-8


def test_margin_is_the_geodesic_to_the_nearest_edge(areas):
    random = np.random.default_rng(6)
    lon, lat = random.uniform(WEST, WEST + 0.06, 40), random.uniform(SOUTH, SOUTH + 0.06, 40)
    locator = PolygonLocator(areas)
    expected = [
        metres_to_border(areas[i], x, y) if i >= 0 else np.nan
        for i, x, y in zip(locator.locate(lon, lat), lon, lat, strict=True)
    ]
    assert np.isfinite(expected).sum() > 30
    np.testing.assert_allclose(locator.margin(lon, lat), expected, rtol=0, atol=1e-6)


def test_margin_with_long_edges_and_far_north():
    shapes = [shapely.box(70, 5, 135, 50), shapely.Polygon([(20, 60), (30, 80), (25, 84), (10, 70)])]
    places = [(100, 30), (75.5, 20), (134.9, 49.9), (24, 75), (25, 83.9), (15, 68)]
    locator = PolygonLocator(shapes)
    for lon, lat in places:
        expected = metres_to_border(shapes[locator.locate(lon, lat)[0]], lon, lat)
        np.testing.assert_allclose(locator.margin(lon, lat), expected, rtol=1e-7, atol=1e-6)


def test_margin_where_the_flat_map_would_choose_another_edge():
    area = shapely.box(70, 5, 135, 50)
    for short_of in np.linspace(111_180, 111_260, 9):
        lon = GEOD.fwd(135, 49, 270, short_of)[0]
        np.testing.assert_allclose(
            PolygonLocator([area]).margin(lon, 49.0), metres_to_border(area, lon, 49.0), rtol=0, atol=1e-5
        )


def test_across_as_one_by_one():
    shapes = awkward_shapes()
    random = np.random.default_rng(7)
    lon, lat = random.uniform(120.0, 122.4, 25), random.uniform(27.0, 29.0, 25)
    lon[:10], lat[:10] = places_on_borders(shapes, 10)
    locator = PolygonLocator(shapes)
    located = locator.locate(lon, lat)
    for within in (0.001, 500.0, 30_000.0):
        found = locator.across(lon, lat, within)
        assert len(found) == len(lon)
        for i in range(len(lon)):
            assert found[i].tolist() == across_one_by_one(shapes, located[i], lon[i], lat[i], within)


# --- properties --------------------------------------------------------------------------------------------------------

LATTICE = st.integers(0, 6)


@st.composite
def lattice_polygon(draw):
    """A polygon whose corners lie on a coarse lattice, so that edges meet, overlap and run through others' corners."""
    corners = draw(st.lists(st.tuples(LATTICE, LATTICE), min_size=3, max_size=8, unique=True))
    hull = shapely.MultiPoint(corners).convex_hull
    angle = sorted(corners, key=lambda c: (np.arctan2(c[1] - 3.05, c[0] - 2.97), c))
    for shape in (shapely.Polygon(angle), hull):
        if shape.geom_type == "Polygon" and shape.is_valid and shape.area > 0:
            return shape
    return shapely.box(0, 0, 1, 1)


@settings(max_examples=1000, deadline=None)
@given(
    st.lists(lattice_polygon(), min_size=1, max_size=6),
    st.sampled_from([1.0, 0.1, 1 / 3, 1e-7, 1e-13]),
    st.sampled_from([(0.0, 0.0), (120.1, 27.3), (-73.7, -0.1)]),
    st.lists(st.tuples(st.floats(-0.5, 6.5), st.floats(-0.5, 6.5)), max_size=10),
)
def test_any_polygons_as_shapely_decides(shapes, scale, origin, places):
    moved = [shapely.transform(shape, lambda c: c * scale + origin) for shape in shapes]
    moved = [shape for shape in moved if shape.is_valid]
    half = np.arange(-1, 14) / 2
    grid = np.stack(np.meshgrid(half, half), axis=-1).reshape(-1, 2)
    lon, lat = (np.vstack([grid, np.array(places).reshape(-1, 2)]) * scale + origin).T
    locator = PolygonLocator(moved)
    np.testing.assert_array_equal(locator.locate(lon, lat), locate_one_by_one(moved, lon, lat))
    if moved:
        edge_lon, edge_lat = places_on_borders(moved, 100)
        np.testing.assert_array_equal(locator.locate(edge_lon, edge_lat), locate_one_by_one(moved, edge_lon, edge_lat))


@settings(max_examples=1000, deadline=None)
@given(st.lists(st.tuples(st.floats(), st.floats()), max_size=20))
def test_any_numbers_at_all(places):
    lon, lat = np.array(places, dtype=float).reshape(-1, 2).T
    shapes = [shapely.box(-1, -1, 1, 1), shapely.box(-180, -90, 180, 90)]
    locator = PolygonLocator(shapes)
    finite = np.isfinite(lon) & np.isfinite(lat)
    expected = np.full(len(lon), -1)
    expected[finite] = locate_one_by_one(shapes, lon[finite], lat[finite])
    np.testing.assert_array_equal(locator.locate(lon, lat), expected)
    margin = locator.margin(lon, lat)
    np.testing.assert_array_equal(np.isnan(margin), expected == -1)
    assert (margin[expected >= 0] >= 0).all()
    across = locator.across(lon, lat, 100.0)
    assert [row.tolist() for row in across if row.size and (row < 0).any()] == []
    assert all(row.size == 0 for row, usable in zip(across, finite, strict=True) if not usable)


@settings(max_examples=1000, deadline=None)
@given(st.floats(0.0001, 0.06), st.floats(0.0001, 0.06))
def test_margin_agrees_with_across(areas, x, y):
    lon, lat = WEST + x, SOUTH + y
    locator = PolygonLocator(areas)
    (margin,) = locator.margin(lon, lat)
    if np.isnan(margin):
        return
    # Nothing lies across a border that is farther away than asked for.
    assert locator.across(lon, lat, max(0.0, margin - 1e-6))[0].size == 0
    inner = 0.015 < x < 0.045 and 0.015 < y < 0.045
    if inner:
        assert locator.across(lon, lat, margin + 1e-6)[0].size >= 1


# --- input -------------------------------------------------------------------------------------------------------------


def test_scalars_lists_and_nothing(areas):
    locator = PolygonLocator(areas)
    assert locator.locate(WEST + 0.03, SOUTH + 0.03).shape == (1,)
    assert locator.margin(WEST + 0.03, SOUTH + 0.03).shape == (1,)
    assert locator.locate([], []).shape == locator.margin([], []).shape == (0,)
    assert locator.locate([], []).dtype == np.int32 and locator.margin([], []).dtype == np.float64
    assert locator.across([], [], 10.0) == []
    assert locator.locate([None, np.nan, np.inf, 120.33], [27.33, 27.33, 27.33, -np.inf]).tolist() == [-1] * 4
    assert np.isnan(locator.margin([np.nan, 120.33], [27.33, np.inf])).all()
    with pytest.raises(ValueError, match="equal length"):
        locator.locate([1.0, 2.0], [1.0])


@pytest.mark.parametrize("nothing", [[], [shapely.Polygon()], [shapely.MultiPolygon(), shapely.Polygon()]])
def test_no_polygons(nothing):
    locator = PolygonLocator(nothing)
    assert locator.locate([120.0, 121.0], [27.0, 27.0]).tolist() == [-1, -1]
    assert np.isnan(locator.margin([120.0], [27.0])).all()
    assert [row.tolist() for row in locator.across([120.0, 121.0], [27.0, 27.0], 1e6)] == [[], []]


def test_an_empty_polygon_keeps_its_place():
    locator = PolygonLocator([shapely.Polygon(), shapely.box(0, 0, 1, 1)])
    assert locator.locate(0.5, 0.5).tolist() == [1]
    assert locator.across(1.0001, 0.5, 50.0)[0].tolist() == [1]


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), "polygon 1 is invalid: Self-intersection"),
        (shapely.Point(0, 0), "polygon 1 is a Point"),
        (shapely.GeometryCollection(), "polygon 1 is a GeometryCollection"),
        (None, "polygon 1 is missing"),
        (shapely.box(539000, 3044000, 540000, 3045000), "polygon 1 is not in degrees"),
    ],
)
def test_bad_polygons_are_named(bad, words):
    with pytest.raises(ValueError, match=words):
        PolygonLocator([shapely.box(0, 0, 1, 1), bad])


def test_a_corner_that_is_not_finite():
    with np.errstate(invalid="ignore"):
        nowhere = shapely.Polygon([(0, 0), (1, 1), (np.nan, 0)])
    with pytest.raises(ValueError, match="polygon 0 is invalid"):
        PolygonLocator([nowhere])


@pytest.mark.parametrize("within", [-1.0, np.nan])
def test_a_distance_that_is_none(within):
    with pytest.raises(ValueError, match="within"):
        PolygonLocator([shapely.box(0, 0, 1, 1)]).across(0.5, 0.5, within)


def test_third_dimension_is_ignored():
    high = shapely.force_3d(shapely.box(0, 0, 1, 1), 7.0)
    locator = PolygonLocator([high])
    assert locator.locate(0.5, 0.5).tolist() == [0]
    assert locator.margin(0.5, 1.0).tolist() == [0.0]


# --- threads -----------------------------------------------------------------------------------------------------------


def test_threads_share_one_locator(areas):
    shapely.prepare(areas)  # what a caller may have done to his own
    locator = PolygonLocator(areas)
    assert not shapely.is_prepared(locator._polygons).any()
    random = np.random.default_rng(8)
    lon, lat = random.uniform(WEST, WEST + 0.06, 20_000), random.uniform(SOUTH, SOUTH + 0.06, 20_000)
    lon[::2], lat[::2] = places_on_borders(areas, 10_000)  # these go through shapely
    expected, margins = locator.locate(lon, lat), locator.margin(lon, lat)
    with ThreadPoolExecutor(8) as threads:
        jobs = [threads.submit(lambda: (locator.locate(lon, lat), locator.margin(lon, lat))) for _ in range(24)]
        for job in jobs:
            located, margin = job.result()
            np.testing.assert_array_equal(located, expected)
            np.testing.assert_array_equal(margin, margins)
