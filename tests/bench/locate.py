"""Which of 2,000 districts covers each of 5 million places."""

from collections.abc import Callable

import numpy as np
import shapely

from apps.territory.locate import PolygonLocator
from tests.bench import peers
from tests.bench.districts import districts, places
from tests.bench.harness import Answer, Check, Contender, Data, Job, faster

VERTICES = 225  # median of a district
CHECKED = 200_000


def make(data: Data) -> None:
    polygons = districts(data.size(2000, 400), VERTICES, seed=1)
    lon, lat = places(data.size(5_000_000, 300_000), polygons, seed=2)
    data.keep_polygons(polygons)
    data.keep(lon=lon, lat=lat)


def kept(data: Data) -> Callable[[], Answer]:
    locator, lon, lat = PolygonLocator(data.polygons()), data["lon"], data["lat"]
    locator.locate(lon[:1000], lat[:1000])
    return lambda: {"district": locator.locate(lon, lat)}


def built(data: Data) -> Callable[[], Answer]:
    polygons, lon, lat = data.polygons(), data["lon"], data["lat"]
    PolygonLocator(polygons[:50]).locate(lon[:1000], lat[:1000])
    return lambda: {"district": PolygonLocator(polygons).locate(lon, lat)}


def sedona(data: Data) -> Callable[[], Answer]:
    """Places as points in memory; the answer is fetched as arrays."""
    session = peers.sedona()
    peers.sedona_places(session, "places", data["lon"], data["lat"], data.folder)
    peers.sedona_polygons(session, "districts", data.polygons())

    def work() -> Answer:
        found = peers.sedona_rows(
            session,
            "SELECT p.id AS place, d.id AS district FROM places p JOIN districts d ON ST_Intersects(d.geometry, p.geometry)",
        )
        return {"found": len(found)}

    return work


def duckdb(data: Data) -> Callable[[], Answer]:
    connection = peers.duckdb()
    peers.duckdb_places(connection, "places", data["lon"], data["lat"])
    peers.duckdb_polygons(connection, "districts", data.polygons())
    join = (
        "SELECT p.id AS place, d.id AS district FROM places p JOIN districts d ON ST_Intersects(d.geometry, p.geometry)"
    )
    return lambda: {"found": len(connection.execute(join).fetchnumpy()["place"])}


def sjoin(data: Data) -> Callable[[], Answer]:
    """With `within`, its quickest predicate; the points are made before."""
    import geopandas

    frame = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(data["lon"], data["lat"]))
    polygons = geopandas.GeoDataFrame(geometry=data.polygons())
    return lambda: {"found": len(geopandas.sjoin(frame, polygons, predicate="within"))}


def check(data: Data) -> list[Check]:
    """Against `shapely.covers`, vertices of borders and points on their edges included."""
    polygons, random = data.polygons(), np.random.default_rng(3)
    vertices, owner = shapely.get_coordinates(polygons, return_index=True)
    follow = np.flatnonzero(owner[:-1] == owner[1:])
    edge = random.choice(follow, CHECKED // 4)
    along = random.choice([0.25, 0.5, 0.75, 0.9], (len(edge), 1))
    on_edges = vertices[edge] + along * (vertices[edge + 1] - vertices[edge])
    on_vertices = vertices[random.choice(len(vertices), CHECKED // 4)]
    some = random.choice(len(data["lon"]), CHECKED // 2)
    points = np.vstack([np.column_stack([data["lon"][some], data["lat"][some]]), on_edges, on_vertices])
    found = PolygonLocator(polygons).locate(points[:, 0], points[:, 1])
    truth = lowest_covering(polygons, points)
    checks = [_same("districts as shapely.covers has them, a half of the points on edges and vertices", found, truth)]
    for key in ("kept", "built"):
        answer = data.answer(key)
        if answer is not None:
            checks.append(_same(f"the timed answer ({key})", answer["district"][some], truth[: len(some)]))
    return checks


def lowest_covering(polygons: np.ndarray, points: np.ndarray) -> np.ndarray:
    made = shapely.points(points)
    point, polygon = shapely.STRtree(polygons).query(made)
    covered = shapely.covers(polygons[polygon], made[point])
    lowest = np.full(len(points), len(polygons))
    np.minimum.at(lowest, point[covered], polygon[covered])
    return np.where(lowest == len(polygons), -1, lowest)


def _same(title: str, found: np.ndarray, truth: np.ndarray) -> Check:
    wrong = int((found != truth).sum())
    return Check(title, wrong == 0, f"{wrong:,} of {len(truth):,} differ")


JOB = Job(
    key="locate",
    title=lambda data: f"{len(data['lon']):,} points in {len(data.polygons()):,} polygons (median {VERTICES} vertices)",
    make=make,
    contenders=(
        Contender("kept", "PolygonLocator, kept index", kept, repeats=5),
        Contender("built", "PolygonLocator, build counted", built, versus="built"),
        Contender("sedona", "SedonaDB", sedona),
        Contender("duckdb", "DuckDB spatial", duckdb, repeats=2),
        Contender("sjoin", "geopandas.sjoin", sjoin, repeats=2),
    ),
    goals=(
        faster("kept", "sedona", "kept index against SedonaDB", 50.0),
        faster("built", "sedona", "build counted against SedonaDB", 8.0),
    ),
    check=check,
)
