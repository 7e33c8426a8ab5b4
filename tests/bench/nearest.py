"""The five nearest of 20,000 sites for each of a million places."""

from collections.abc import Callable

import numpy as np
from pyproj import Geod
from scipy.spatial import cKDTree

from apps.matching.nearest import NearestIndex
from tests.bench import peers
from tests.bench.districts import EXTENT
from tests.bench.harness import Answer, Check, Contender, Data, Job, faster

K = 5
CHECKED = 20_000
NATION = (75.0, 18.0, 133.0, 53.0)  # west, south, east, north
TIE = 1e-6  # metres; distances no farther apart are equal
SUBSET = 10  # SedonaDB is asked for every tenth place
GEOD = Geod(ellps="WGS84")


def make(data: Data) -> None:
    data.keep(**scattered(data.size(20_000, 5_000), data.size(1_000_000, 100_000), EXTENT))


def scattered(sites: int, places: int, extent: tuple[float, float, float, float]) -> dict[str, np.ndarray]:
    """Sites and places over a rectangle, seven in ten around the same hundred towns."""
    random = np.random.default_rng([sites, places])
    corner, size = np.array(extent[:2]), np.subtract(extent[2:], extent[:2])
    towns = random.uniform(0.0, 1.0, (100, 2))
    arrays = {}
    for name, count in (("site", sites), ("place", places)):
        at = np.clip(towns[random.integers(0, 100, count)] + random.normal(0.0, 0.02, (count, 2)), 0.0, 1.0)
        anywhere = random.random(count) < 0.3
        at[anywhere] = random.uniform(0.0, 1.0, (int(anywhere.sum()), 2))
        arrays[f"{name}_lon"], arrays[f"{name}_lat"] = (corner + at * size).T.copy()
    return arrays


def ours(data: Data) -> Callable[[], Answer]:
    """The index is built within the time."""
    site, place = (data["site_lon"], data["site_lat"]), (data["place_lon"], data["place_lat"])
    NearestIndex(site[0][:100], site[1][:100]).query(place[0][:100], place[1][:100], K)

    def work() -> Answer:
        found, metres = NearestIndex(*site).query(*place, K)
        return {"sites": found, "metres": metres}

    return work


def tree(data: Data) -> Callable[[], Answer]:
    """On earth-centred coordinates, in one thread; coordinates and tree are made within the time."""
    site, place = (data["site_lon"], data["site_lat"]), (data["place_lon"], data["place_lat"])
    return lambda: {"sites": cKDTree(peers.earth_centred(*site)).query(peers.earth_centred(*place), K)[1]}


def sorted_tree(data: Data) -> Callable[[], Answer]:
    """The same with the places in Morton order and all processors."""
    site, place = (data["site_lon"], data["site_lat"]), (data["place_lon"], data["place_lat"])

    def work() -> Answer:
        order = peers.morton_order(*place)
        sites = np.empty((len(order), K), np.int64)
        sites[order] = cKDTree(peers.earth_centred(*site)).query(peers.earth_centred(*place)[order], K, workers=-1)[1]
        return {"sites": sites}

    return work


def pykdtree(data: Data) -> Callable[[], Answer]:
    from pykdtree.kdtree import KDTree

    site, place = (data["site_lon"], data["site_lat"]), (data["place_lon"], data["place_lat"])

    def work() -> Answer:
        order = peers.morton_order(*place)
        sites = np.empty((len(order), K), np.int64)
        sites[order] = KDTree(peers.earth_centred(*site)).query(peers.earth_centred(*place)[order], K)[1]
        return {"sites": sites}

    return work


def sedona(data: Data) -> Callable[[], Answer]:
    """On a transverse Mercator plane, which is its way; for every tenth place."""
    from pyproj import Transformer

    project = Transformer.from_crs(4326, 32651, always_xy=True).transform
    session = peers.sedona()
    peers.sedona_places(session, "sites", *project(data["site_lon"], data["site_lat"]), data.folder)
    peers.sedona_places(
        session, "places", *project(data["place_lon"][::SUBSET], data["place_lat"][::SUBSET]), data.folder
    )
    query = (
        "SELECT p.id AS place, s.id AS site, ST_Distance(p.geometry, s.geometry) AS metres "
        f"FROM places p JOIN sites s ON ST_KNN(p.geometry, s.geometry, {K}, FALSE)"
    )
    return lambda: {"found": len(peers.sedona_rows(session, query))}


def check(data: Data) -> list[Check]:
    """The order of the timed answers, and of ours over a whole country, against all geodesics that can matter."""
    site, place = (data["site_lon"], data["site_lat"]), (data["place_lon"], data["place_lat"])
    some = np.random.default_rng(4).choice(len(place[0]), min(CHECKED, len(place[0])), replace=False)
    checks = []
    for key, title in (("ours", "order against the geodesic, ours"), ("tree", "order against the geodesic, cKDTree")):
        answer = data.answer(key)
        if answer is not None:
            wrong = misplaced(site, (place[0][some], place[1][some]), answer["sites"][some], 24)
            # The peer's errors are told, not held against the run.
            checks.append(Check(title, key != "ours" or wrong == 0, f"{wrong:,} of {len(some):,} rows wrong"))
    nation = scattered(20_000, 3_000, NATION)
    site, place = ((nation[f"{name}_lon"], nation[f"{name}_lat"]) for name in ("site", "place"))
    wrong = misplaced(site, place, NearestIndex(*site).query(*place, K)[0], 200)
    checks.append(Check("order over a whole country, ours", wrong == 0, f"{wrong:,} of {len(place[0]):,} rows wrong"))
    return checks


def misplaced(
    site: tuple[np.ndarray, np.ndarray], place: tuple[np.ndarray, np.ndarray], sites: np.ndarray, candidates: int
) -> int:
    """Rows whose sites are not the nearest in order; equal distances (to 1 µm) go by the lower index."""
    near = cKDTree(peers.earth_centred(*site)).query(peers.earth_centred(*place), candidates)[1]
    lon, lat = (np.repeat(axis, candidates) for axis in place)
    metres = GEOD.inv(lon, lat, site[0][near.ravel()], site[1][near.ravel()])[2].reshape(near.shape)
    order = np.lexsort((near, metres))
    near, metres = np.take_along_axis(near, order, 1), np.take_along_axis(metres, order, 1)
    tied = np.diff(metres) <= TIE
    wrong = 0
    for row in np.flatnonzero((near[:, :K] != sites).any(axis=1)):
        groups = np.concatenate([[0], np.cumsum(~tied[row])])
        wrong += bool((near[row][np.lexsort((near[row], groups))][:K] != sites[row]).any())
    return wrong


JOB = Job(
    key="nearest",
    title=lambda data: f"{K} nearest of {len(data['site_lon']):,} for {len(data['place_lon']):,} points",
    make=make,
    contenders=(
        Contender("ours", "NearestIndex, build counted", ours),
        Contender("tree", "cKDTree, earth-centred, 1 thread", tree),
        Contender("sorted", "cKDTree, sorted, all threads", sorted_tree),
        Contender("pykdtree", "pykdtree, sorted, all threads", pykdtree),
        Contender("sedona", f"SedonaDB (every {SUBSET}th point, time x {SUBSET})", sedona, scale=SUBSET, repeats=2),
    ),
    goals=(faster("ours", "tree", "against cKDTree", 3.0),),
    check=check,
)
