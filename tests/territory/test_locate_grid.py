"""The compiled locator against its plain twin and `shapely.covers`, with instances of every scale that a grid of grids may get wrong."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.territory.locate import PolygonLocator
from tests.bench.districts import districts, places
from tests.territory.reference_locate import PlainLocator
from tests.territory.shapes import awkward_shapes, jagged_town, places_on_borders

MEBI = 1 << 20


def memory(locator):
    grid, edges = locator._grid, locator._edges
    arrays = (grid.table, grid.groups, grid.items, edges.ends, edges.owner, edges.boxes, edges.first_edge)
    return sum(array.nbytes for array in arrays)


def agree(shapes, lon, lat):
    found = PolygonLocator(shapes).locate(lon, lat)
    np.testing.assert_array_equal(found, PlainLocator(shapes).locate(lon, lat))
    return found


def corners_and_cells(locator, shapes, count, seed=4):
    """Places at random, on borders, on vertices, and on the lines between the grid's cells, a rounding to each side as well."""
    random = np.random.default_rng(seed)
    west, south, east, north = shapely.total_bounds(shapes)
    wide, high = 0.02 * (east - west), 0.02 * (north - south)
    lon, lat = random.uniform(west - wide, east + wide, count), random.uniform(south - high, north + high, count)
    edge_lon, edge_lat = places_on_borders(shapes, count)
    line_lon, line_lat = lon.copy(), lat.copy()
    frame = locator._grid.frame
    for values, origin, scale in ((line_lon, frame[0], frame[4]), (line_lat, frame[1], frame[5])):
        if scale > 0.0:
            finer = 2.0 ** random.integers(0, 7, count) * scale
            values[:] = origin + np.rint((values - origin) * finer) / finer
            values += random.integers(-1, 2, count) * np.spacing(values)
    mixed = random.random(count) < 0.5
    line_lon[mixed] = edge_lon[mixed]
    return np.r_[lon, edge_lon, line_lon], np.r_[lat, edge_lat, line_lat]


@pytest.mark.parametrize("seed", [1, 2])
def test_fractal_districts(seed):
    shapes = districts(60, 150, seed)
    lon, lat = places(60_000, shapes, seed)
    found = agree(shapes, lon, lat)
    assert len(np.unique(found)) == 61
    lon, lat = corners_and_cells(PolygonLocator(shapes), shapes, 20_000)
    agree(shapes, lon, lat)


def test_villages_in_a_huge_extent():
    """A thousand villages of a kilometre in three towns far apart, and provinces around them: cells follow the edges."""
    towns = [(80.0, 45.0), (105.5, 30.1), (125.0, 41.0)]
    villages = [
        shapely.affinity.translate(shape, x - 119.0, y - 27.0)
        for x, y in towns
        for shape in districts(350, 30, 3, (119.0, 27.0, 119.19, 27.17))
    ]
    provinces = districts(12, 2000, 4, (74.0, 18.0, 135.0, 53.0))
    shapes = [*villages, *provinces]
    locator = PolygonLocator(shapes)
    random = np.random.default_rng(5)
    near = np.array(towns)[random.integers(3, size=30_000)] + random.uniform(-0.02, 0.21, (30_000, 2))
    lon, lat = corners_and_cells(locator, shapes, 6000)
    found = agree(shapes, np.r_[near[:, 0], lon], np.r_[near[:, 1], lat])
    assert len(np.unique(found)) > 1050
    assert memory(locator) < 20 * MEBI


@pytest.mark.parametrize("width", [1e-3, 1e-6, 1e-9, 1e-12])
def test_a_tiny_town_in_the_whole_world(width):
    """The finest cells may not be finer than rounding allows, however dense the edges are."""
    town = [shapely.transform(shape, lambda c: c * width + (119.0, 27.0)) for shape in districts(30, 60, 16, (0.0, 0.0, 1.0, 1.0))]
    shapes = [shape for shape in town if shape.is_valid] + [shapely.box(-180, -90, 180, 90), shapely.Polygon([(-170, -80), (175, 89), (120, 0)])]
    random = np.random.default_rng(17)
    lon, lat = corners_and_cells(PolygonLocator(shapes), shapes[:-2] or shapes, 2000)
    near_lon, near_lat = (value + width * random.uniform(-0.1, 1.1, 4000) for value in (119.0, 27.0))
    agree(shapes, np.r_[lon, near_lon], np.r_[lat, near_lat])


def test_big_polygons_over_slivers():
    fans = [shapely.Polygon([(119.0, 27.0), (121.0, 27.0 + i * 1e-6), (121.0, 27.0 + (i + 1) * 1e-6)]) for i in range(300)]
    shapes = [*fans[::2], *districts(3, 500, 6), *fans[1::2]]
    locator = PolygonLocator(shapes)
    random = np.random.default_rng(7)
    lon = random.uniform(119.0, 121.0, 20_000)
    lat = 27.0 + (lon - 119.0) / 2.0 * random.uniform(0.0, 3e-4, 20_000)
    more_lon, more_lat = corners_and_cells(locator, shapes, 4000)
    found = agree(shapes, np.r_[lon, more_lon], np.r_[lat, more_lat])
    assert len(np.unique(found)) > 140


@pytest.mark.parametrize("copies", [2, 200])
def test_the_same_polygon_many_times(copies):
    (shape,) = districts(1, 400, 8)
    other = shapely.affinity.translate(shape, 0.3, 0.2)
    shapes = [shape] * copies + [other] * copies
    locator = PolygonLocator(shapes)
    lon, lat = places(5000, shapes, 9)
    found = locator.locate(lon, lat)
    assert set(found.tolist()) == {-1, 0, copies}
    once = agree([shape, other], lon, lat)
    np.testing.assert_array_equal(found, np.where(once < 0, -1, once * copies))
    assert memory(locator) <= 700 * sum(shapely.get_num_coordinates(shapes)) + MEBI


def test_memory_is_in_proportion_to_the_edges():
    for count, vertices in ((1, 4), (204, 225), (5000, 8)):
        shapes = districts(count, vertices, 10)
        assert memory(PolygonLocator(shapes)) < 250 * shapely.get_num_coordinates(shapes).sum() + MEBI / 4


@pytest.mark.parametrize("shapes", [awkward_shapes(), jagged_town(3, 6), [shapely.box(0, 0, 1, 1)]], ids=["awkward", "town", "box"])
@pytest.mark.parametrize(("scale", "origin"), [(1.0, (0, 0)), (1e-6, (121, 29)), (1e-11, (-73, -41)), (2.5, (-170, -30))])
def test_any_scale(shapes, scale, origin):
    west, south, _, _ = shapely.total_bounds(shapes)
    moved = [shapely.transform(shape, lambda c: (c - (west, south)) * scale + origin) for shape in shapes]
    moved = [shape for shape in moved if shape.is_valid]
    if not moved:
        pytest.skip("rounded away")
    lon, lat = corners_and_cells(PolygonLocator(moved), moved, 3000)
    found = agree(moved, lon, lat)
    assert (found >= 0).any()


def test_places_just_beside_the_frame():
    shape = shapely.Polygon([(0.1, 0.1), (0.7, 0.1), (0.7, 0.3), (0.1, 0.3)])
    edge = np.array([0.1, 0.3, 0.7])
    beside = np.unique(np.r_[edge, np.nextafter(edge, -1), np.nextafter(edge, 1), 0.0, -0.0, 5e-324, 360.0, 361.0])
    lon, lat = (axis.ravel() for axis in np.meshgrid(beside, beside))
    expected = np.where(shapely.covers(shape, shapely.points(lon, lat)), 0, -1)
    np.testing.assert_array_equal(PolygonLocator([shape]).locate(lon, lat), expected)


# --- properties --------------------------------------------------------------------------------------------------------


@st.composite
def star(draw):
    """A polygon of any size anywhere, with a hole now and then, or two of them."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x, y = draw(st.floats(-3, 3)), draw(st.floats(-3, 3))
    size = draw(st.sampled_from([3.0, 1.0, 0.1, 1e-3, 1e-6]))
    corners = draw(st.integers(3, 60))

    def ring(radius):
        angle = np.sort(random.uniform(0, 2 * np.pi, corners))
        return np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle) * random.choice([1.0, 1e-3])])

    shape = shapely.Polygon(ring(size * random.uniform(0.5, 1.0, corners))).buffer(0)
    if draw(st.booleans()):
        shape = shape.difference(shapely.Polygon(ring(size * 0.3)).buffer(0))
    if draw(st.booleans()):
        shape = shape.union(shapely.affinity.translate(shape, draw(st.floats(-2, 2)) * size, size))
    if shape.geom_type not in ("Polygon", "MultiPolygon") or not shape.is_valid:
        return shapely.box(x, y, x + size, y + size)
    return shape


@settings(max_examples=1000, deadline=None)
@given(st.lists(star(), max_size=8), st.integers(0, 2**32 - 1))
def test_any_polygons(shapes, seed):
    random = np.random.default_rng(seed)
    lon, lat = random.uniform(-5, 5, 100), random.uniform(-5, 5, 100)
    lon[:3], lat[2:5] = (np.nan, np.inf, -np.inf), (np.nan, -np.inf, 91.0)
    if any(not shape.is_empty for shape in shapes):
        filled = [shape for shape in shapes if not shape.is_empty]
        edge_lon, edge_lat = places_on_borders(filled, 60, seed)
        west, south, east, north = shapely.bounds(filled[0])
        lon = np.r_[lon, edge_lon, random.uniform(west, east, 40)]
        lat = np.r_[lat, edge_lat, random.uniform(south, north, 40)]
    covered = np.array([shapely.covers(shape, shapely.points(lon, lat)) for shape in shapes]).reshape(len(shapes), len(lon))
    expected = np.where(covered.any(axis=0), covered.argmax(axis=0), -1) if shapes else np.full(len(lon), -1)
    np.testing.assert_array_equal(PolygonLocator(shapes).locate(lon, lat), expected)


@settings(max_examples=1000, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 3, 40]))
def test_margin_and_across_as_the_plain_twin(seed, count):
    locators = _TWINS[seed % len(_TWINS)]
    random = np.random.default_rng(seed)
    west, south, east, north = locators[2]
    lon, lat = random.uniform(west, east, count), random.uniform(south, north, count)
    if seed % 3 == 0:
        lon[0], lat[0] = (float(value[0]) for value in places_on_borders(locators[3], 1, seed))
    margin, expected = locators[0].margin(lon, lat), locators[1].margin(lon, lat)
    np.testing.assert_array_equal(np.isnan(margin), np.isnan(expected))
    inside = ~np.isnan(margin)
    shapes = np.array(locators[3])[locators[0].locate(lon, lat)[inside]]
    assert (margin[inside][~shapely.contains(shapes, shapely.points(lon[inside], lat[inside]))] == 0.0).all()
    np.testing.assert_allclose(margin, expected, rtol=1e-9, atol=1e-6)
    within = float(random.choice([1e-6, 50.0, 800.0, 20_000.0]))
    across, expected = locators[0].across(lon, lat, within), locators[1].across(lon, lat, within)
    assert [row.tolist() for row in across] == [row.tolist() for row in expected]
    assert all(row.dtype == np.int32 for row in across)


def _twins(shapes):
    return PolygonLocator(shapes), PlainLocator(shapes), shapely.total_bounds(shapes), shapes


_TWINS = [
    _twins(shapes)
    for shapes in (awkward_shapes()[:-1], jagged_town(), districts(40, 60, 11), districts(15, 200, 12, (70.0, -10.0, 71.0, -9.0)))
]


# --- arrays as they come ------------------------------------------------------------------------------------------------


def test_arrays_of_any_kind():
    shapes = jagged_town()
    locator = PolygonLocator(shapes)
    lon, lat = places(2000, shapes, 13)
    expected = locator.locate(lon, lat)
    pairs = np.column_stack([lon, lat])
    read_only = lon.copy()
    read_only.flags.writeable = False
    for x, y in ((pairs[:, 0], pairs[:, 1]), (read_only, lat), (lon.tolist(), lat.tolist()), (lon.astype(">f8"), lat)):
        np.testing.assert_array_equal(locator.locate(x, y), expected)
        np.testing.assert_array_equal(locator.margin(x, y), locator.margin(lon, lat))
    np.testing.assert_array_equal(locator.locate(lon[::-3], lat[::-3]), expected[::-3])
    short = lon.astype(np.float32), lat.astype(np.float32)
    np.testing.assert_array_equal(locator.locate(*short), locator.locate(*(values.astype(np.float64) for values in short)))
    assert lon.flags.writeable and lat.flags.writeable


def test_threads_share_one_locator_of_many_places():
    """More places than one thread takes, a third of them on borders: what each caller gets is what one alone gets."""
    shapes = districts(40, 100, 14)
    locator = PolygonLocator(shapes)
    lon, lat = places(150_000, shapes, 15)
    lon[::3], lat[::3] = places_on_borders(shapes, 50_000)
    expected = locator.locate(lon, lat)
    np.testing.assert_array_equal(expected, PlainLocator(shapes).locate(lon, lat))
    with ThreadPoolExecutor(6) as threads:
        for found in threads.map(lambda _: locator.locate(lon, lat), range(18)):
            np.testing.assert_array_equal(found, expected)
