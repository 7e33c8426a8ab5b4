"""Nearest sites against hand-computed rows and against all geodesics, ties and duplicates included."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.matching import chords
from apps.matching.nearest import NearestIndex
from tests.matching.reference_nearest import PlainIndex

GEOD = pyproj.Geod(ellps="WGS84")
EAST_METRES = np.radians(6378137.0)  # metres in a degree of longitude on the equator
TIE = 1e-6


def all_pairs(site_lon, site_lat, lon, lat):
    """Metres from every place to every site, (n, m)."""
    pairs = np.broadcast_arrays(np.asarray(lon)[:, None], np.asarray(lat)[:, None], site_lon, site_lat)
    return GEOD.inv(*(part.ravel() for part in pairs))[2].reshape(len(lon), len(site_lon))


def nearest_one_by_one(site_lon, site_lat, lon, lat, k, within=np.inf):
    """Twin of `query`: all distances, sorted; whatever is 1 µm or less behind the first of a tie belongs to it."""
    sites, metres = np.full((len(lon), k), -1), np.full((len(lon), k), np.inf)
    for i, row in enumerate(all_pairs(site_lon, site_lat, lon, lat)):
        left = sorted((metre, site) for site, metre in enumerate(row) if metre <= within)
        ranked = []
        while left and len(ranked) < k:
            tie = [site for metre, site in left if metre - left[0][0] <= TIE]
            ranked += [(site, left[0][0]) for site in sorted(tie)]
            left = left[len(tie) :]
        for rank, (site, metre) in enumerate(ranked[:k]):
            sites[i, rank], metres[i, rank] = site, metre
    return sites, metres


def assert_same(found, expected):
    assert found[0].dtype == np.int32 and found[1].dtype == np.float64
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_allclose(found[1], expected[1], rtol=0, atol=1e-7)


# --- by hand -----------------------------------------------------------------------------------------------------------


def test_sites_along_the_equator():
    index = NearestIndex([0.003, 0.0, 0.001], [0.0, 0.0, 0.0])
    sites, metres = index.query([0.0, 0.0025, 0.0005], [0.0, 0.0, 0.0], k=2)
    assert sites.tolist() == [[1, 2], [0, 2], [1, 2]]  # the last one is a tie: 55.66 m both ways
    expected = np.array([[0.0, 0.001], [0.0005, 0.0015], [0.0005, 0.0005]]) * EAST_METRES
    np.testing.assert_allclose(metres, expected, rtol=0, atol=1e-6)


def test_a_degree_north_is_shorter_than_a_degree_east_on_the_equator():
    sites, metres = NearestIndex([1.0, 0.0], [0.0, 1.0]).query(0.0, 0.0, k=2)
    assert sites.tolist() == [[1, 0]]
    np.testing.assert_allclose(metres, [[110574.388558, 111319.490793]], rtol=0, atol=1e-5)


def test_raw_degrees_would_choose_wrongly():
    # At 27.5 N a degree of longitude is 98.8 km: 0.0105 degrees east is nearer than 0.0100 north.
    sites, _ = NearestIndex([120.0, 120.0105], [27.51, 27.5]).query(120.0, 27.5, k=1)
    assert sites.tolist() == [[1]]


def test_fewer_sites_than_asked_for():
    sites, metres = NearestIndex([120.0, 120.1], [27.0, 27.0]).query([120.0], [27.0], k=4)
    assert sites.tolist() == [[0, 1, -1, -1]]
    assert metres[0, 0] == 0.0 and np.isinf(metres[0, 2:]).all() and np.isfinite(metres[0, 1])


def test_within_is_inclusive():
    index = NearestIndex([120.0, 120.01, 120.02], [27.0, 27.0, 27.0])
    metres = GEOD.inv(120.0, 27.0, 120.01, 27.0)[2]
    assert index.query(120.0, 27.0, k=3, within=metres)[0].tolist() == [[0, 1, -1]]
    assert index.query(120.0, 27.0, k=3, within=np.nextafter(metres, 0))[0].tolist() == [[0, -1, -1]]
    assert index.query(120.0, 27.0, k=3, within=0)[0].tolist() == [[0, -1, -1]]
    assert index.query(121.0, 27.0, k=3, within=10.0)[0].tolist() == [[-1, -1, -1]]
    assert index.query(120.0, 27.0, k=3, within=np.inf)[0].tolist() == [[0, 1, 2]]


def test_duplicates_come_in_the_order_of_their_indices():
    lon, lat = [120.5, 120.0, 120.5, 120.0, 120.0], [27.0] * 5
    sites, metres = NearestIndex(lon, lat).query(120.1, 27.0, k=4)
    assert sites.tolist() == [[1, 3, 4, 0]]
    assert len(set(metres[0, :3])) == 1


def test_ties_to_a_micrometre():
    def site(metres):
        return GEOD.fwd(120.0, 27.0, 90.0, metres)[:2]

    def order(*metres, k=None):
        lon, lat = np.array([site(m) for m in metres]).T
        sites, found = NearestIndex(lon, lat).query(120.0, 27.0, k=k or len(metres))
        assert (np.diff(found[0]) >= 0).all()
        np.testing.assert_allclose(found[0], np.sort(metres)[: len(found[0])], rtol=0, atol=1.1e-6)
        return sites[0].tolist()

    assert order(1000.0000006, 1000.0) == [0, 1]
    assert order(1000.000003, 1000.0) == [1, 0]
    assert order(1000.0000016, 1000.0000008, 1000.0) == [1, 2, 0]  # a chain is cut from its nearest end
    assert order(1000.0000005, 2000.0, 1000.0, 500.0) == [3, 0, 2, 1]
    assert order(1000.0000005, 1000.0, k=1) == [0]  # the tie at the k-th place


# --- twins -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 3, 7])
@pytest.mark.parametrize(
    ("west", "south", "east", "north"),
    [
        (120.0, 27.0, 120.6, 27.6),
        (75.0, 18.0, 135.0, 53.0),
        (-180.0, -90.0, 180.0, 90.0),
        (119.999, 27.0, 120.0, 27.001),
    ],
    ids=["county", "nation", "earth", "village"],
)
def test_random_sites(k, west, south, east, north):
    random = np.random.default_rng(1)
    site_lon, site_lat = random.uniform(west, east, 300), random.uniform(south, north, 300)
    lon, lat = random.uniform(west, east, 150), random.uniform(south, north, 150)
    assert_same(
        NearestIndex(site_lon, site_lat).query(lon, lat, k), nearest_one_by_one(site_lon, site_lat, lon, lat, k)
    )
    within = float(np.median(all_pairs(site_lon, site_lat, lon, lat)) / 6)
    assert_same(
        NearestIndex(site_lon, site_lat).query(lon, lat, k, within),
        nearest_one_by_one(site_lon, site_lat, lon, lat, k, within),
    )


def test_queries_far_from_all_sites():
    """Chords to far sites differ by less than they err: order there is the geodesic's alone."""
    random = np.random.default_rng(2)
    site_lon, site_lat = random.uniform(120.0, 120.6, 3000), random.uniform(27.0, 27.6, 3000)
    lon = np.r_[random.uniform(-180, 180, 40), -60.0, -59.7, 120.3, 300.3]
    lat = np.r_[random.uniform(-90, 90, 40), -27.3, -27.2, -89.9, -27.3]
    assert_same(
        NearestIndex(site_lon, site_lat).query(lon, lat, 20), nearest_one_by_one(site_lon, site_lat, lon, lat, 20)
    )


def test_many_sites_on_one_circle():
    """Far more sites tie at the k-th place than are fetched at first; the lowest indices must win all the same."""
    random = np.random.default_rng(3)
    azimuth = random.permutation(np.linspace(0, 360, 500, endpoint=False))
    lon, lat, _ = GEOD.fwd(np.full(500, 120.0), np.full(500, 27.0), azimuth, np.full(500, 3000.0))
    sites, metres = NearestIndex(lon, lat).query(120.0, 27.0, k=4)
    assert sites.tolist() == [[0, 1, 2, 3]]
    np.testing.assert_allclose(metres, 3000.0, rtol=0, atol=1e-6)


def test_many_sites_in_one_house():
    lon, lat = np.r_[np.full(3000, 120.1), 120.2], np.full(3001, 27.0)
    index = NearestIndex(lon[::-1], lat)
    assert index.query(120.19, 27.0, k=3)[0].tolist() == [[0, 1, 2]]
    assert index.query(120.0, 27.0, k=3000)[0][0].tolist() == list(range(1, 3001))


def test_a_lattice_full_of_ties():
    column, row = np.meshgrid(np.arange(-8, 9), np.arange(-8, 9))
    site_lon, site_lat = 0.01 * column.ravel(), 0.01 * row.ravel()  # symmetric about the equator and the meridian
    lon, lat = np.array([0.0, 0.005, 0.0, 0.01, 0.005]), np.array([0.0, 0.0, 0.005, 0.01, 0.005])
    for k in (1, 2, 4, 5, 9, 289, 300):
        assert_same(
            NearestIndex(site_lon, site_lat).query(lon, lat, k), nearest_one_by_one(site_lon, site_lat, lon, lat, k)
        )


def test_across_the_date_line_and_at_the_pole():
    site_lon, site_lat = np.array([179.9, -179.9, 0.0, 90.0, 181.0]), np.array([0.0, 0.0, 89.99, 90.0, 10.0])
    lon, lat = np.array([-179.99, 179.99, 45.0, 10.0, -179.0]), np.array([0.0, 0.0, 90.0, 89.999, 10.0])
    assert_same(
        NearestIndex(site_lon, site_lat).query(lon, lat, 5), nearest_one_by_one(site_lon, site_lat, lon, lat, 5)
    )


# --- properties --------------------------------------------------------------------------------------------------------

COARSE = st.tuples(st.integers(-3, 3), st.integers(-3, 3)).map(lambda p: (120 + p[0] / 100, 27 + p[1] / 100))
FINE = st.tuples(st.integers(-3, 3), st.integers(-3, 3)).map(lambda p: (120 + p[0] * 4e-12, 27 + p[1] * 4e-12))
ANY = st.tuples(st.floats(-180, 180), st.floats(-90, 90))
EDGE = st.tuples(st.sampled_from([-180.0, 180.0, 360.0, 0.0, 120.0, -60.0]), st.sampled_from([-90.0, 90.0, 0.0, 27.0, -27.0, 89.9999]))
PLACES = st.lists(st.one_of(COARSE, FINE, ANY, EDGE), min_size=1, max_size=12)


@settings(max_examples=1000, deadline=None)
@given(PLACES, PLACES, st.integers(1, 15), st.one_of(st.none(), st.floats(0, 3e7)))
def test_any_sites_any_places(sites, places, k, within):
    (site_lon, site_lat), (lon, lat) = np.array(sites).T, np.array(places).T
    found = NearestIndex(site_lon, site_lat).query(lon, lat, k, within)
    assert_same(found, nearest_one_by_one(site_lon, site_lat, lon, lat, k, np.inf if within is None else within))


def crowd(random, count, size):
    """Points of mixed habit: a lattice full of ties, jitter of a micrometre about it, clusters, anywhere near, the poles and the antipodes."""
    lon = 120.0 + random.integers(-3, 4, count) * size / 4
    lat = 27.0 + random.integers(-3, 4, count) * size / 4
    habit = random.integers(0, random.integers(1, 8), count)
    for kind, spread in ((1, 1e-11), (2, size), (3, size / 50), (4, size)):
        some = habit == kind
        lon[some] += random.uniform(-spread, spread, some.sum())
        lat[some] += random.uniform(-spread, spread, some.sum())
    where = random.integers(0, 12)
    far = habit == 5
    if where == 0:
        lon[far], lat[far] = lon[far] - 180.0, -lat[far]
    elif where == 1:
        lat[far] = random.choice([90.0, -90.0, 89.99], far.sum())
    elif where == 2:
        lon = (lon - 120.0 + 180.0 + 180.0) % 360.0 - 180.0  # all of it on the date line
    elif where == 3:
        lat = np.clip(lat + 62.5, -90.0, 90.0)
    return lon, lat


@settings(max_examples=1000, deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.sampled_from([1e-9, 1e-5, 0.01, 0.5, 5.0, 30.0]), st.integers(1, 120),
    st.sampled_from([1, 2, 5, 9, 40, 130]), st.sampled_from([None, 0.0, 0.3, 1.0, 2.0]),
)  # fmt: skip
def test_crowds_that_share_their_way_through_the_tree(seed, size, sites, k, reach):
    """Many neighbouring places at once go another way than a few: blocks of them, in an order of their own."""
    random = np.random.default_rng(seed)
    (site_lon, site_lat), (lon, lat) = crowd(random, sites, size), crowd(random, 150, size)
    within = None
    if reach is not None:
        at = random.integers(len(lon)), random.integers(sites)
        within = reach * GEOD.inv(lon[at[0]], lat[at[0]], site_lon[at[1]], site_lat[at[1]])[2]  # 1: somebody stands on the limit
    found = NearestIndex(site_lon, site_lat).query(lon, lat, k, within)
    assert_same(found, PlainIndex(site_lon, site_lat).query(lon, lat, k, within))


@pytest.mark.parametrize("size", [0.3, 3.0, 40.0])
def test_a_county_and_a_country_of_queries(size):
    random = np.random.default_rng(6)
    towns = random.uniform(-size, size, (2, 40))

    def scattered(count):
        some = towns[:, random.integers(0, 40, count)] + random.normal(0, size / 50, (2, count))
        loose = random.random(count) < 0.3
        some[:, loose] = random.uniform(-size, size, (2, loose.sum()))
        return 110.0 + some[0], 30.0 + some[1] / 2

    sites, places = scattered(5000), scattered(60_000)
    for k, within in ((5, None), (1, None), (3, 2000.0)):
        assert_same(NearestIndex(*sites).query(*places, k, within), PlainIndex(*sites).query(*places, k, within))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.floats(), st.floats()), max_size=10))
def test_any_numbers_at_all(places):
    lon, lat = np.array(places, dtype=float).reshape(-1, 2).T
    sites, metres = NearestIndex([120.0, 121.0], [27.0, 27.0]).query(lon, lat, 2)
    usable = (np.abs(lon) <= 360) & (np.abs(lat) <= 90)
    assert (sites[~usable] == -1).all() and np.isinf(metres[~usable]).all()
    assert (np.sort(sites[usable]) == [0, 1]).all() and np.isfinite(metres[usable]).all()


# --- the bounds that the proof rests on --------------------------------------------------------------------------------


def test_geodesic_lies_between_its_bounds():
    random = np.random.default_rng(4)
    n = 200_000
    lon, lat = random.uniform(-180, 180, n), np.degrees(np.arcsin(random.uniform(-1, 1, n)))
    lat[: n // 10] = random.choice([0.0, 90.0, -90.0, 45.0], n // 10)
    azimuth = np.where(random.random(n) < 0.2, random.choice([0.0, 90.0, 180.0], n), random.uniform(0, 360, n))
    metres = 10 ** random.uniform(-1, 7.3, n)
    other_lon, other_lat, _ = GEOD.fwd(lon, lat, azimuth, metres)
    metres = GEOD.inv(lon, lat, other_lon, other_lat)[2]
    to_space = pyproj.Transformer.from_crs(4979, 4978, always_xy=True)
    ends = [np.column_stack(to_space.transform(x, y, np.zeros(n))) for x, y in ((lon, lat), (other_lon, other_lat))]
    chord = np.linalg.norm(ends[1] - ends[0], axis=1)
    largest, smallest = GEOD.a**2 / GEOD.b, GEOD.b**2 / GEOD.a
    assert (2 * largest * np.arcsin(chord / 2 / largest) <= metres + 1e-7).all()
    bounded = chord < 2 * smallest * 0.9999
    assert (metres[bounded] <= 2 * smallest * np.arcsin(chord[bounded] / 2 / smallest) + 1e-7).all()


def test_the_geodesic_of_a_chord_is_right_to_a_twentieth_of_a_micrometre():
    random = np.random.default_rng(8)
    n = 400_000
    lon, lat = random.uniform(-180, 180, n), np.degrees(np.arcsin(random.uniform(-1, 1, n)))
    lat[: n // 10] = random.choice([0.0, 90.0, -90.0, 45.0, 1e-7], n // 10)
    azimuth = np.where(random.random(n) < 0.2, random.choice([0.0, 45.0, 90.0, 180.0], n), random.uniform(0, 360, n))
    other_lon, other_lat, _ = GEOD.fwd(lon, lat, azimuth, np.r_[np.full(n // 2, 149_900.0), 10 ** random.uniform(-3, 5.17, n - n // 2)])
    expected = GEOD.inv(lon, lat, other_lon, other_lat)[2]
    here, there = np.array(chords.earth_centred(lon, lat)), np.array(chords.earth_centred(other_lon, other_lat))
    metres = np.empty(n)
    chords.geodesics(here, there, n, metres)
    assert np.abs(metres - expected).max() < 5e-8
    assert (np.linalg.norm(there - here, axis=0) < chords.REACH).all()
    chords.geodesics(here, here, n, metres)
    assert (metres == 0.0).all()


# --- input -------------------------------------------------------------------------------------------------------------


def test_scalars_lists_and_nothing():
    index = NearestIndex(120.0, 27.0)
    assert index.query(120.0, 27.0)[0].shape == (1, 1)
    sites, metres = index.query([], [], k=3)
    assert sites.shape == metres.shape == (0, 3)
    assert sites.dtype == np.int32 and metres.dtype == np.float64
    sites, metres = index.query([np.nan, 120.0, None, 120.0], [27.0, np.inf, 27.0, 91.0], k=2)
    assert (sites == -1).all() and np.isinf(metres).all()
    assert index.query([120.0], [27.0], k=np.int64(2))[0].shape == (1, 2)


def test_no_sites():
    sites, metres = NearestIndex([], []).query([120.0, np.nan], [27.0, 27.0], k=3, within=100.0)
    assert sites.tolist() == [[-1] * 3] * 2 and sites.dtype == np.int32
    assert np.isinf(metres).all() and metres.shape == (2, 3)


@pytest.mark.parametrize("bad", [(np.nan, 27.0), (120.0, np.inf), (120.0, 90.001), (539827.0, 3044416.0), (None, 27.0)])
def test_bad_sites_are_named(bad):
    with pytest.raises(ValueError, match="site 1 has no place on earth"):
        NearestIndex([120.0, bad[0]], [27.0, bad[1]])


def test_bad_questions():
    index = NearestIndex([120.0], [27.0])
    for k in (0, -1):
        with pytest.raises(ValueError, match="k must be"):
            index.query(120.0, 27.0, k=k)
    with pytest.raises(TypeError):
        index.query(120.0, 27.0, k=1.5)
    for within in (-1.0, np.nan):
        with pytest.raises(ValueError, match="within must be"):
            index.query(120.0, 27.0, within=within)
    with pytest.raises(ValueError, match="equal length"):
        index.query([120.0, 121.0], [27.0])
    with pytest.raises(ValueError, match="equal length"):
        NearestIndex([120.0, 121.0], [27.0])


@pytest.mark.parametrize("k", [1, 5, 60])
def test_an_answer_does_not_depend_on_who_asks_beside(k):
    random = np.random.default_rng(9)
    index = NearestIndex(*crowd(random, 400, 0.3))
    lon, lat = crowd(random, 3000, 0.3)
    sites, metres = index.query(lon, lat, k)
    order = random.permutation(3000)
    for part, same in zip(index.query(lon[order], lat[order], k), (sites, metres), strict=True):
        np.testing.assert_array_equal(part, same[order])
    for row in range(0, 3000, 50):
        alone = index.query(lon[row], lat[row], k)
        np.testing.assert_array_equal(alone[0][0], sites[row])
        np.testing.assert_array_equal(alone[1][0], metres[row])


def test_arrays_of_any_make():
    index = NearestIndex([120.0, 120.1], [27.0, 27.1])
    lon, lat = np.array([120.01, 9.0, 120.09, 9.0])[::2], np.array([27.0, 27.1])
    lat.flags.writeable = False
    for x, y in ((lon, lat), (lon.tolist(), tuple(lat)), (lon.astype(np.float32).astype(float), lat.astype(">f8"))):
        assert index.query(x, y, 2)[0].tolist() == [[0, 1], [1, 0]]
    assert lat.tolist() == [27.0, 27.1]


def test_zero_of_either_sign_is_one_place():
    assert NearestIndex([0.0, -0.0], [-0.0, 0.0]).query(-0.0, 0.0, 2)[0].tolist() == [[0, 1]]


def test_threads_share_one_index():
    random = np.random.default_rng(5)
    index = NearestIndex(random.uniform(120, 120.6, 2000), random.uniform(27, 27.6, 2000))
    lon, lat = random.uniform(120, 120.6, 5000), random.uniform(27, 27.6, 5000)
    expected = index.query(lon, lat, 5)
    with ThreadPoolExecutor(8) as threads:
        for job in [threads.submit(index.query, lon, lat, 5) for _ in range(16)]:
            np.testing.assert_array_equal(job.result()[0], expected[0])
            np.testing.assert_array_equal(job.result()[1], expected[1])
