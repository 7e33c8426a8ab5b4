"""From a doorplate to its district and that district's deputies, nearest first: all in one go."""

from collections.abc import Callable, Mapping

import numpy as np
from pyproj import Geod

from apps.matching.ranking import DistrictRanking
from apps.territory.locate import PolygonLocator
from tests.bench.districts import districts, places
from tests.bench.harness import Answer, Check, Contender, Data, Goal, Job, Measured, faster
from tests.bench.locate import lowest_covering

K = 5
DEPUTIES = 10  # of a district
VERTICES = 225
SUBSET = 5  # the peer is asked for every fifth doorplate
CHECKED = 20_000
GEOD = Geod(ellps="WGS84")


def make(data: Data) -> None:
    """Ten deputies a district; each is met at a station inside it and at a workplace within some 5 km of that."""
    polygons = districts(data.size(2_000, 400), VERTICES, seed=1)
    lon, lat = places(data.size(1_000_000, 200_000), polygons, seed=5)
    random = np.random.default_rng(6)
    middle = np.array([polygon.representative_point().coords[0] for polygon in polygons]).repeat(DEPUTIES, axis=0)
    station = middle + random.normal(0.0, 0.01, middle.shape)
    workplace = station + random.normal(0.0, 0.02, middle.shape)
    data.keep_polygons(polygons)
    data.keep(
        lon=lon,
        lat=lat,
        anchor_lon=np.column_stack([station[:, 0], workplace[:, 0]]),
        anchor_lat=np.column_stack([station[:, 1], workplace[:, 1]]),
    )


def engine(data: Data) -> tuple[PolygonLocator, DistrictRanking]:
    seats = np.arange(len(data["anchor_lon"]))
    ends = np.arange(DEPUTIES, len(seats) + 1, DEPUTIES)
    return PolygonLocator(data.polygons()), DistrictRanking((ends, seats), data["anchor_lon"], data["anchor_lat"])


def ours(data: Data) -> Callable[[], Answer]:
    locator, ranking = engine(data)
    lon, lat = data["lon"], data["lat"]

    def work(rows: int) -> Answer:
        district = locator.locate(lon[:rows], lat[:rows])
        deputies, metres, _ = ranking.rank(district, lon[:rows], lat[:rows], K)
        return {"district": district, "deputies": deputies, "metres": metres}

    work(1000)
    return lambda: work(len(lon))


def sjoin(data: Data) -> Callable[[], Answer]:
    """geopandas.sjoin, a merge with the deputies of each district, pyproj.Geod to both their places, a sort; the points are made before."""
    import geopandas
    import pandas

    lon, lat = data["lon"][::SUBSET], data["lat"][::SUBSET]
    frame = geopandas.GeoDataFrame(
        {"place": np.arange(len(lon)), "lon": lon, "lat": lat}, geometry=geopandas.points_from_xy(lon, lat)
    )
    polygons = geopandas.GeoDataFrame(geometry=data.polygons())
    seats = np.arange(len(data["anchor_lon"]))
    columns = {f"{axis}_{which}": data[f"anchor_{axis}"][:, which] for axis in ("lon", "lat") for which in (0, 1)}
    deputies = pandas.DataFrame({"index_right": seats // DEPUTIES, "deputy": seats, **columns})

    def work() -> Answer:
        pairs = geopandas.sjoin(frame, polygons, predicate="within")[["place", "lon", "lat", "index_right"]].merge(
            deputies, on="index_right"
        )
        anchors = [
            GEOD.inv(pairs["lon"], pairs["lat"], pairs[f"lon_{which}"], pairs[f"lat_{which}"])[2] for which in (0, 1)
        ]
        pairs["metres"] = np.minimum(*anchors)
        first = pairs.sort_values(["place", "metres"])[["place", "deputy"]].groupby("place").head(K)
        return {"place": first["place"].to_numpy(), "deputy": first["deputy"].to_numpy()}

    return work


def check(data: Data) -> list[Check]:
    """Districts against shapely, the order against the geodesics to every anchor of every deputy of the district."""
    answer = data.answer("ours")
    if answer is None:
        return []
    some = np.random.default_rng(7).choice(len(data["lon"]), CHECKED, replace=False)
    lon, lat, polygons = data["lon"][some], data["lat"][some], data.polygons()
    district = lowest_covering(polygons, np.column_stack([lon, lat]))
    seats = district[:, None] * DEPUTIES + np.arange(DEPUTIES)
    shape = (*seats.shape, 2)
    x, y = np.broadcast_to(lon[:, None, None], shape), np.broadcast_to(lat[:, None, None], shape)
    metres = GEOD.inv(x, y, data["anchor_lon"][seats], data["anchor_lat"][seats])[2].min(axis=2)
    order = np.argsort(np.round(metres * 1e6), axis=1, kind="stable")[:, :K]
    truth = np.where((district >= 0)[:, None], np.take_along_axis(seats, order, 1), -1)
    wrong = int((answer["deputies"][some] != truth).any(axis=1).sum())
    off = np.abs(answer["metres"][some] - np.take_along_axis(metres, order, 1))[district >= 0].max(initial=0.0)
    return [
        Check("deputies in the order of the geodesics", wrong == 0, f"{wrong:,} of {CHECKED:,} rows wrong"),
        Check("metres against the geodesics", off <= 1e-6, f"at most {off:.1e} m off"),
    ]


def _rate(measured: Mapping[str, Measured], data: Data) -> float | None:
    return None if measured["ours"].missing else len(data["lon"]) / measured["ours"].cpu / 1e6


JOB = Job(
    key="ranking",
    title=lambda data: (
        f"{len(data['lon']):,} doorplates → {len(data.polygons()):,} districts → their {DEPUTIES} deputies, first {K}"
    ),
    make=make,
    contenders=(
        Contender("ours", "PolygonLocator + DistrictRanking, kept", ours, repeats=5),
        Contender(
            "sjoin",
            f"sjoin + merge + Geod (every {SUBSET}th doorplate, time x {SUBSET})",
            sjoin,
            repeats=2,
            scale=SUBSET,
        ),
    ),
    goals=(
        faster("ours", "sjoin", "against sjoin + merge + Geod", 40.0),
        Goal("ours", "doorplates a second and core", _rate, at_least=3.0, unit="M/s"),
    ),
    check=check,
)
