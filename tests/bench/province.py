"""A made-up province as folders of GeoParquet, grown in seconds: as many counties as are asked for, each tiling its own rectangle.

Zhejiang has 90 counties and, by our estimate, 30 million doorplates: 333,000 a county, around towns of very different size. A county
has 300 districts and as many deputies in its own congress, 20 towns of which 15 have a congress, with some 500 districts and 800
deputies, 60 stations, and 120 key projects. The same seed gives the same rows.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray

from gis_data.county.content import material
from gis_data.geoparquet import schema, wkb_points
from tests.bench.districts import districts, places

WEST, SOUTH, STEP = 118.2, 27.4, 0.36  # degrees: counties stand in rows of ten, some 35 x 40 km each
COUNTIES, DOORPLATES = 90, 333_333
TOWNS, STREETS = 20, 5  # of the towns so many are 街道, which have no congress


@dataclass(frozen=True)
class Size:
    """How much a county holds."""

    doorplates: int = DOORPLATES
    districts: int = 300
    township_districts: int = 650  # a quarter of them lies in 街道 and is left out
    seats: tuple[float, float] = (1.05, 1.65)  # deputies to a district, county and township, on average
    projects: int = 120
    vertices: int = 200


def codes(count: int) -> list[str]:
    """Six-digit codes of so many counties."""
    return [f"33{1 + index // 40:02d}{1 + index % 40:02d}" for index in range(count)]


def grow(source: Path, count: int, size: Size, seed: int = 7) -> int:
    """Write so many counties below a folder; returns how many doorplates they have."""
    for index, code in enumerate(codes(count)):
        grow_county(source / code, index, size, seed)
    return count * size.doorplates


def grow_county(folder: Path, index: int, size: Size, seed: int = 7) -> None:
    random = np.random.default_rng([seed, index])
    folder.mkdir(parents=True, exist_ok=True)
    west, south = WEST + STEP * (index % 10), SOUTH + STEP * (index // 10)
    extent = (west, south, west + STEP, south + STEP)
    county = districts(size.districts, size.vertices, int(random.integers(2**31)), extent)
    township = districts(size.township_districts, size.vertices // 2, int(random.integers(2**31)), extent)
    middles = _inside(township)
    centres = random.uniform((west, south), (west + STEP, south + STEP), (TOWNS, 2))
    town = _nearest(centres, middles)
    kept = np.flatnonzero(town >= STREETS)
    township, town, middles = [township[at] for at in kept], town[kept], middles[kept]
    town_codes = np.array([f"{folder.name}{at if at < STREETS else 95 + at:03d}000" for at in range(TOWNS)], object)
    names = [f"{folder.name}-C{at + 1:03d}" for at in range(len(county))] + [f"{folder.name}-T{at + 1:04d}" for at in range(len(township))]
    congress = [f"{folder.name}000000"] * len(county) + town_codes[town].tolist()
    _write(
        folder / "districts.parquet",
        {"code": names, "congress": congress},
        pa.array(shapely.to_wkb(np.array([*county, *township], object)), pa.binary()),
        "Polygon",
    )
    _deputies(folder, random, np.vstack([_inside(county), middles]), names, congress, size, centres, town_codes)
    lon, lat = places(size.doorplates, county, int(random.integers(2**31)))
    lon, lat = west + _folded(lon - west), south + _folded(lat - south)
    numbers = pc.utf8_lpad(pa.array(np.arange(1, len(lon) + 1)).cast(pa.string()), 9, "0")
    _write(folder / "doorplates.parquet", {"code": pc.binary_join_element_wise(folder.name, numbers, "")}, wkb_points(lon, lat), "Point")
    _projects(folder, random, size, np.column_stack([lon, lat]), (west, south), centres, town_codes)


def _folded(offset: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places beyond the border are reflected into the county."""
    return np.clip(STEP - np.abs(STEP - np.abs(offset)), 0.0, STEP)


def _inside(polygons: list[shapely.Polygon]) -> NDArray[np.float64]:
    return shapely.get_coordinates(shapely.point_on_surface(np.array(polygons, object)))


def _nearest(centres: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.intp]:
    return ((points[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)


def _deputies(
    folder: Path, random: np.random.Generator, middles: NDArray[np.float64], names: list[str], congress: list[str], size: Size,
    centres: NDArray[np.float64], town_codes: NDArray[np.object_],
) -> None:  # fmt: skip
    """Everybody lives near the middle of the district, four in five work near one of the towns, one in twenty leads the county."""
    at_county = np.array([name[7] == "C" for name in names])
    seats = 1 + random.poisson(np.where(at_county, size.seats[0], size.seats[1]) - 1)
    of = np.repeat(np.arange(len(names)), seats)
    home = middles[of] + random.normal(0, 0.002, (len(of), 2))
    village = middles[of] + random.normal(0, 0.001, (len(of), 2))
    work = centres[random.integers(0, len(centres), len(of))] + random.normal(0, 0.01, (len(of), 2))
    work[random.random(len(of)) < 0.2] = np.nan
    stations = np.repeat(centres, 3, axis=0) + random.normal(0, 0.02, (len(centres) * 3, 2))
    station = stations[_nearest(stations, home)]
    works_in = np.where(np.isnan(work[:, 0]), -1, _nearest(centres, np.nan_to_num(work)))
    fields = [item["code"] for item in material("fields")["fields"]]
    known = [";".join(sorted(random.choice(fields, random.integers(0, 4), replace=False))) or None for _ in of]
    columns = {
        "code": [f"{folder.name}-D{at + 1:04d}" for at in range(len(of))],
        "congress_level": np.where(at_county[of], "county", "township").tolist(),
        "district": [names[at] for at in of],
        "county_leader": (random.random(len(of)) < 0.05).tolist(),
        "fields": known,
        "capacity": random.integers(1, 4, len(of)).tolist(),
        "organisation": [f"{folder.name}-O{at:03d}" for at in random.integers(0, 200, len(of))],
        "workplace_lon": work[:, 0], "workplace_lat": work[:, 1],
        "station_lon": station[:, 0], "station_lat": station[:, 1],
        "village_lon": village[:, 0], "village_lat": village[:, 1],
        "residence_town": town_codes[_nearest(centres, home)].tolist(),
        "workplace_town": [town_codes[at] if at >= 0 else None for at in works_in],
    }  # fmt: skip
    _write(folder / "deputies.parquet", columns, wkb_points(home[:, 0], home[:, 1]), "Point")


def _projects(
    folder: Path, random: np.random.Generator, size: Size, doors: NDArray[np.float64], corner: tuple[float, float],
    centres: NDArray[np.float64], town_codes: NDArray[np.object_],
) -> None:  # fmt: skip
    """Three in four projects lie where people live, the rest anywhere."""
    count = size.projects
    site = doors[random.integers(0, len(doors), count)] if len(doors) else np.full((count, 2), np.nan)
    lonely = np.isnan(site[:, 0]) | (random.random(count) < 0.25)
    site[lonely] = np.array(corner) + random.uniform(0, STEP, (int(lonely.sum()), 2))
    fields = [item["code"] for item in material("fields")["fields"]]
    bodies = lambda: [f"{folder.name}-O{at:03d}" for at in random.integers(0, 200, count)]  # noqa: E731
    columns = {
        "code": [f"{folder.name}-P{at + 1:03d}" for at in range(count)],
        "field": random.choice(fields, count).tolist(),
        "owner": bodies(), "responsible": bodies(),
        "contractors": [";".join(pair) for pair in zip(bodies(), bodies(), strict=True)],
        "demand": random.integers(1, 4, count).tolist(),
        "experts": [1] * count,
        "town": town_codes[_nearest(centres, site)].tolist(),
    }  # fmt: skip
    _write(folder / "projects.parquet", columns, wkb_points(site[:, 0], site[:, 1]), "Point")


def _write(path: Path, columns: dict, shapes: pa.Array, kind: str) -> None:
    arrays = [values if isinstance(values, pa.Array) else pa.array(values, from_pandas=True) for values in columns.values()]
    fields = [pa.field(name, array.type if len(array) else pa.string()) for name, array in zip(columns, arrays, strict=True)]
    of = schema(fields, [kind])
    table = pa.table([*(a.cast(f.type) for a, f in zip(arrays, fields, strict=True)), shapes], of)
    pq.write_table(table, path, row_group_size=100_000, compression="zstd", compression_level=1)
