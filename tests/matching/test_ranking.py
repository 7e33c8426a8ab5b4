"""The deputies of many doorplates' districts, ranked: by hand, and against all geodesics, one doorplate and one deputy at a time."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.matching import chords
from apps.matching.ranking import DistrictRanking, ranked

GEOD = pyproj.Geod(ellps="WGS84")


def one_by_one(of_district, anchor_lon, anchor_lat, district, lon, lat, k):
    """Twin of `rank` without arrays: every deputy's nearest anchor, sorted by whole micrometres, then by the district's order."""
    ends, deputies = of_district
    answers = []
    for inside, x, y in zip(district, lon, lat, strict=True):
        names = deputies[ends[inside - 1] if inside else 0 : ends[inside]] if inside >= 0 and abs(x) <= 360 and abs(y) <= 90 else []
        met = []
        for name in names:
            away = [
                (GEOD.inv(x, y, to_x, to_y)[2] if np.isfinite(to_x) else np.inf, kind)
                for kind, (to_x, to_y) in enumerate(zip(anchor_lon[name], anchor_lat[name], strict=True))
            ]
            metres, kind = min(away)
            met.append((name, metres, kind if np.isfinite(metres) else -1))
        met.sort(key=lambda deputy: np.round(deputy[1] * 1e6))
        answers.append((met + [(-1, np.inf, -1)] * k)[:k])
    return [np.array([[deputy[part] for deputy in row] for row in answers]).reshape(-1, k) for part in range(3)]


def assert_same(found, expected):
    assert [part.dtype for part in found] == [np.int32, np.float64, np.int8]
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_allclose(found[1], expected[1], rtol=0, atol=1e-7)
    np.testing.assert_array_equal(found[2], expected[2])


# --- by hand -----------------------------------------------------------------------------------------------------------


def test_three_deputies_of_two_districts():
    nan = np.nan
    lon = [[120.01, 120.5], [nan, 120.002], [nan, nan]]
    lat = [[27.0, 27.0], [nan, 27.0], [nan, nan]]
    ranking = DistrictRanking(([3, 3, 4], [0, 1, 2, 0]), lon, lat)
    deputies, metres, anchors = ranking.rank([0, 1, 2, -1], [120.0] * 4, [27.0] * 4, k=4)
    assert deputies.tolist() == [[1, 0, 2, -1], [-1] * 4, [0, -1, -1, -1], [-1] * 4]
    assert anchors.tolist() == [[1, 0, -1, -1], [-1] * 4, [0, -1, -1, -1], [-1] * 4]
    expected = [GEOD.inv(120.0, 27.0, 120.002, 27.0)[2], GEOD.inv(120.0, 27.0, 120.01, 27.0)[2]]
    np.testing.assert_allclose(metres[0, :2], expected, rtol=0, atol=1e-7)
    assert np.isinf(metres[0, 2:]).all() and np.isinf(metres[1]).all()


def test_a_station_shared_by_many_leaves_the_order_of_codes():
    here = np.full((50, 1), 120.0), np.full((50, 1), 27.0)
    order = np.random.default_rng(1).permutation(50)
    for k in (1, 5, 50, 60):
        deputies, metres, _ = DistrictRanking(([50], order), *here).rank([0], [120.3], [27.1], k)
        assert deputies[0].tolist() == ([*order.tolist(), *[-1] * 10])[:k]
        assert len(set(metres[0, : min(k, 50)])) == 1


def beside(azimuth, metres):
    return GEOD.fwd(120.0, 45.0, azimuth, metres)[:2]


NORTH, EAST = beside(0.0, 100_000.003), beside(90.0, 100_000.0)  # the way east is shorter, the chord north is


@pytest.mark.parametrize(
    ("anchors", "first", "anchor"),
    [
        ([[NORTH, EAST]], 0, 1),  # which of a deputy's anchors is nearer
        ([[NORTH, NORTH], [EAST, EAST]], 1, 0),  # which of two deputies
        ([[NORTH, NORTH], [NORTH, EAST]], 1, 1),  # they share a station, one of them works nearer
        ([[NORTH, NORTH], [NORTH, NORTH]], 0, 0),
    ],
)
def test_where_chords_say_otherwise_than_geodesics(anchors, first, anchor):
    lon, lat = np.moveaxis(np.array(anchors), 2, 0)
    for k in (1, 3):
        deputies, metres, kinds = DistrictRanking(([len(lon)], range(len(lon))), lon, lat).rank([0], [120.0], [45.0], k)
        assert (deputies[0, 0], kinds[0, 0]) == (first, anchor)
        assert abs(metres[0, 0] - GEOD.inv(120.0, 45.0, lon[first, anchor], lat[first, anchor])[2]) < 1e-7


def test_equal_chords_of_different_geodesics():
    """The very same squared chord, to the last bit, north and east: the one passed over is measured too."""
    here = np.array(chords.earth_centred(np.array([120.0]), np.array([45.0])))

    def squares(lon, lat):
        dx, dy, dz = np.array(chords.earth_centred(lon, lat)) - here
        return dx * dx + dy * dy + dz * dz

    lat = NORTH[1] + np.arange(40_000) * 1.4e-14
    north = squares(np.full(40_000, NORTH[0]), lat)
    too_far = (np.sqrt(squares(*np.array([EAST]).T)[0]) - np.sqrt(north[0])) * 6378137.0
    lon, level = EAST[0] - too_far / 78_847.0 + np.arange(40_000) * 2.8e-14, np.full(40_000, EAST[1])
    east = squares(lon, level)
    _, i, j = np.intersect1d(north, east, return_indices=True)
    assert len(i)
    anchors = np.array([[[NORTH[0], lat[i[0]]]], [[lon[j[0]], level[0]]]])
    assert np.diff(GEOD.inv([120.0] * 2, [45.0] * 2, *anchors[:, 0].T)[2]) < -1e-3
    deputies, _, _ = DistrictRanking(([2], [0, 1]), anchors[..., 0], anchors[..., 1]).rank([0], [120.0], [45.0], 1)
    assert deputies.tolist() == [[1]]


# --- twins -------------------------------------------------------------------------------------------------------------


def drawn(seed: int, size: float, districts: int, most: int, anchors: int, places: int):
    """Districts with 0 to `most` deputies, some places shared, some missing, on a lattice with jitter here and there."""
    random = np.random.default_rng(seed)
    deputies = max(1, districts * most // 2)

    def points(*shape):
        lon, lat = (base + random.integers(-4, 5, shape) * size / 4 for base in (120.0, 27.0))
        loose = random.random(shape) < random.choice([0.0, 0.5, 1.0])
        return lon + loose * random.uniform(-size, size, shape), lat + loose * random.uniform(-size, size, shape)

    lon, lat = points(deputies, anchors)
    lost = random.random(lon.shape) < random.choice([0.0, 0.3, 0.9])
    lon[lost] = lat[lost] = np.nan
    ends = np.cumsum(random.integers(0, most + 1, districts))
    of_district = ends, random.integers(0, deputies, ends[-1])
    asked = random.integers(-1, districts, places), *points(places)
    asked[1][random.random(places) < 0.05] = random.choice([np.nan, np.inf, 400.0])
    return of_district, lon, lat, asked


@settings(max_examples=1000, deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.sampled_from([1e-11, 1e-6, 0.01, 0.3, 3.0, 25.0]), st.integers(1, 5), st.integers(1, 8),
    st.integers(1, 3), st.integers(1, 12),
)  # fmt: skip
def test_any_districts(seed, size, districts, most, anchors, k):
    of_district, lon, lat, asked = drawn(seed, size, districts, most, anchors, 12)
    assert_same(DistrictRanking(of_district, lon, lat).rank(*asked, k), one_by_one(of_district, lon, lat, *asked, k))


@pytest.mark.parametrize("size", [0.3, 5.0])
def test_a_county_of_doorplates(size):
    of_district, lon, lat, asked = drawn(7, size, 300, 20, 2, 20_000)
    found = DistrictRanking(of_district, lon, lat).rank(*asked, 5)
    for district in range(300):
        rows = np.flatnonzero((asked[0] == district) & (np.abs(asked[1]) <= 360))
        names = of_district[1][of_district[0][district - 1] if district else 0 : of_district[0][district]]
        if len(names) == 0 or len(rows) == 0:
            continue
        order, metres, anchor = (part[:, :5] for part in ranked(lon[names], lat[names], asked[1][rows], asked[2][rows]))
        np.testing.assert_array_equal(found[0][rows, : order.shape[1]], names[order])
        np.testing.assert_allclose(found[1][rows, : order.shape[1]], metres, rtol=0, atol=1e-7)
        np.testing.assert_array_equal(found[2][rows, : order.shape[1]], np.where(np.isfinite(metres), anchor, -1))


def test_the_plain_way_is_the_twin():
    of_district, lon, lat, asked = drawn(9, 0.1, 1, 12, 3, 40)
    rows = (asked[0] == 0) & (np.abs(asked[1]) <= 360)
    order, metres, anchor = ranked(lon[of_district[1]], lat[of_district[1]], asked[1][rows], asked[2][rows])
    expected = one_by_one(of_district, lon, lat, *(part[rows] for part in asked), order.shape[1])
    np.testing.assert_array_equal(of_district[1][order], expected[0])
    np.testing.assert_array_equal(metres, expected[1])
    np.testing.assert_array_equal(np.where(np.isfinite(metres), anchor, -1), expected[2])


def test_threads_share_one_ranking():
    of_district, lon, lat, asked = drawn(11, 0.3, 50, 10, 2, 20_000)
    ranking = DistrictRanking(of_district, lon, lat)
    expected = ranking.rank(*asked, 4)
    with ThreadPoolExecutor(6) as threads:
        for job in [threads.submit(ranking.rank, *asked, 4) for _ in range(12)]:
            for part, same in zip(job.result(), expected, strict=True):
                np.testing.assert_array_equal(part, same)


# --- input -------------------------------------------------------------------------------------------------------------


def test_nobody_and_nothing():
    empty = DistrictRanking(([], []), np.empty((0, 2)), np.empty((0, 2)))
    assert [part.shape for part in empty.rank([], [], [], 3)] == [(0, 3)] * 3
    assert empty.rank([-1], [120.0], [27.0], 2)[0].tolist() == [[-1, -1]]
    ranking = DistrictRanking(([1], [0]), [[np.nan]], [[np.nan]])
    deputies, metres, anchors = ranking.rank([0, 0, 0], [120.0, np.nan, 120.0], [27.0, 27.0, 91.0], 1)
    assert deputies.tolist() == [[0], [-1], [-1]] and np.isinf(metres).all() and (anchors == -1).all()


def test_arrays_of_any_make():
    ranking = DistrictRanking(([2, 3], [0, 1, 1]), [[120.0], [120.1]], [[27.0], [27.1]])
    expected = ranking.rank([0, 1, 0], [120.0, 120.1, 120.09], [27.0, 27.0, 27.0], 2)
    lon, lat = np.array([120.0, 9, 120.1, 9, 120.09, 9])[::2], np.array([27.0, 27.0, 27.0])
    lat.flags.writeable = False
    for district in (np.array([0, 1, 0], dtype=np.int64), np.array([0, 1, 0], dtype=np.int8)):
        for part, same in zip(ranking.rank(district, lon, lat, 2), expected, strict=True):
            np.testing.assert_array_equal(part, same)


def test_refusals():
    anchors = [[120.0], [120.1]], [[27.0], [27.1]]
    for of_district, message in ((([1, 0], [0]), "must rise"), (([1], [0, 1]), "must rise"), (([1], [2]), "from 0 to 1"), (([1], [-1]), "from 0 to 1")):
        with pytest.raises(ValueError, match=message):
            DistrictRanking(of_district, *anchors)
    for lon, lat in (([120.0], [27.0]), ([[]], [[]]), ([[120.0]], [[27.0, 27.0]])):
        with pytest.raises(ValueError, match="two arrays"):
            DistrictRanking(([1], [0]), lon, lat)
    for lon, lat in ((400.0, 27.0), (np.nan, 27.0), (120.0, np.inf)):
        with pytest.raises(ValueError, match="anchor 0 of deputy 1 has no place"):
            DistrictRanking(([1], [0]), [[120.0], [lon]], [[27.0], [lat]])
    ranking = DistrictRanking(([1], [0]), *anchors)
    with pytest.raises(ValueError, match="k must be"):
        ranking.rank([0], [120.0], [27.0], 0)
    with pytest.raises(ValueError, match="equal length"):
        ranking.rank([0, 0], [120.0], [27.0], 1)
    for district in (1, -2, 0.5, 2**32, np.nan):
        with pytest.raises(ValueError, match="districts are numbered"):
            ranking.rank([district], [120.0], [27.0], 1)
