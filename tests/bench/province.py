"""A made-up province as folders of GeoParquet, grown in seconds: as many counties as are asked for, each tiling its own rectangle.

Zhejiang has 90 counties and, by our estimate, 30 million doorplates: 333,000 a county, around towns of very different size. A county
has 300 districts and as many deputies in its own congress, 20 towns of which 15 have a congress, with some 500 districts and 800
deputies, 60 stations, and 120 key projects. The same seed gives the same rows.
"""

import argparse
import os
import shutil
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray

from apps.matching.counties import OUTPUTS, Asked
from apps.matching.province import Outcome, Work, local_workers
from gis_data.compiled import cores
from gis_data.county.content import material
from gis_data.geoparquet import schema, wkb_points
from tests.bench.districts import districts, places

WEST, SOUTH, STEP = 118.2, 27.4, 0.36  # degrees: counties stand in rows of ten, some 35 x 40 km each
COUNTIES, DOORPLATES = 90, 333_333
_BYTES = 100  # of a doorplate's rows in the files, in and out, with what is written twice
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
    names = [f"{folder.name}-C{at + 1:03d}" for at in range(len(county))] + [
        f"{folder.name}-T{at + 1:04d}" for at in range(len(township))
    ]
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
    _write(
        folder / "doorplates.parquet",
        {"code": pc.binary_join_element_wise(folder.name, numbers, "")},
        wkb_points(lon, lat),
        "Point",
    )
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
    arrays = [
        values if isinstance(values, pa.Array) else pa.array(values, from_pandas=True) for values in columns.values()
    ]
    fields = [
        pa.field(name, array.type if len(array) else pa.string()) for name, array in zip(columns, arrays, strict=True)
    ]
    of = schema(fields, [kind])
    table = pa.table([*(a.cast(f.type) for a, f in zip(arrays, fields, strict=True)), shapes], of)
    pq.write_table(table, path, row_group_size=100_000, compression="zstd", compression_level=1)


# --- what it takes -------------------------------------------------------------------------------------------------------

NATION = 600_000_000  # doorplates of the whole country, by our estimate


def run(quick: bool, say: Callable[[str], None] = print) -> list[tuple[str, str]]:
    """Grow a province, match it on this machine, kill a worker on the way; (title, figure) rows.

    A machine with too little room takes fewer counties, and the first row says so.
    """
    with tempfile.TemporaryDirectory(prefix="province-") as folder:
        room = shutil.disk_usage(folder).free // 2
        size = Size()
        count = min(6 if quick else COUNTIES, max(3, room // (size.doorplates * _BYTES)))
        few = min(count, 4 if quick else 12)
        source = Path(folder) / "source"
        began = time.monotonic()
        with ProcessPoolExecutor(cores(), mp_context=get_context("spawn")) as pool:
            list(pool.map(grow_county, [source / code for code in codes(count)], range(count), [size] * count))
        say(f"  {count} counties grown in {time.monotonic() - began:.0f} s")
        return _measured(Path(folder), source, codes(count), codes(few), size, say)


def _measured(
    folder: Path, source: Path, all_of_them: list[str], few: list[str], size: Size, say: Callable[[str], None]
) -> list[tuple[str, str]]:
    work = lambda name: Work(source, folder / name, Asked(), name)  # noqa: E731
    list(work("warm").one_after_another(few[:1]))  # nothing is compiled later
    alone, alone_seconds = _timed(work("alone").one_after_another(few))
    rate, steps = _per_core(alone)
    say(f"  one process, {len(few)} counties: {alone_seconds:.1f} s; {rate:,.0f} doorplates/s a core; {steps}")
    with local_workers(cores(), "2GB") as (client, losses):
        list(work("warmer").on(client, few[: cores() * 2]))
        whole, seconds = _timed(work("whole").on(client, all_of_them))
        on_workers, _ = _per_core(whole)
        say(f"  {cores()} workers, {len(whole)} counties: {seconds:.1f} s; {on_workers:,.0f} doorplates/s a core")
        _, quiet = _timed(work("quiet").on(client, few))
        pids = list(client.run(os.getpid).values())
        killer = Killer(pids, folder / "killed")
        killed, disturbed = _timed(work("killed").on(client, few))
        killer.join()
        lost = losses.count
    same = all(_same(folder, "alone", other, few) for other in ("whole", "killed"))
    plates = len(all_of_them) * size.doorplates
    peak = max(outcome.peak for outcome in whole)
    proven = sum(outcome.summary["supervision"]["proven"] for outcome in whole if outcome.summary)
    return [
        ("province", f"{len(all_of_them)} of {COUNTIES} counties, {plates:,} of {COUNTIES * DOORPLATES:,} doorplates"),
        ("done", f"{sum(outcome.summary is not None for outcome in whole)} counties, supervision proven optimal in {proven}"),
        ("doorplates/s a core, one process", f"{rate:,.0f} ({steps})"),
        (f"doorplates/s a core, {cores()} workers", f"{on_workers:,.0f}"),
        (f"doorplates/s, {cores()} workers, by the clock", f"{plates / seconds:,.0f} ({seconds:.1f} s)"),
        ("30 million on this machine", _duration(COUNTIES * DOORPLATES * seconds / plates)),
        ("600 million", f"{_duration(NATION / on_workers)} on one core, {_duration(NATION / on_workers / 100)} on 100 cores, reading and writing included"),
        ("memory of a worker, at most", f"{peak / 1e6:,.0f} MB"),
        ("worker killed with kill -9 while it wrote", f"{killer.killed and killer.killed.parent.name}; {lost} lost, {disturbed - quiet:+.1f} s on {quiet:.1f} s, {len(killed)} counties done"),
        ("tables equal, byte for byte, to one process", "yes" if same else "NO"),
    ]  # fmt: skip


def _timed(outcomes: Iterator[Outcome]) -> tuple[list[Outcome], float]:
    began = time.perf_counter()
    found = list(outcomes)
    failed = [outcome.reason for outcome in found if not outcome.summary]
    assert not failed, failed[0]
    return found, time.perf_counter() - began


def _per_core(outcomes: list[Outcome]) -> tuple[float, str]:
    """Doorplates a second of computing, and the shares of the steps."""
    steps: Counter[str] = Counter()
    plates = 0
    for outcome in outcomes:
        assert outcome.summary
        steps.update(outcome.summary["cpu_seconds"])
        plates += outcome.summary["doorplates"]["rows"]
    spent = sum(steps.values())
    return plates / spent, ", ".join(f"{step} {seconds / spent:.0%}" for step, seconds in steps.items() if seconds)


def _same(folder: Path, one: str, other: str, counties: list[str]) -> bool:
    pairs = ((folder / name / code / table for name in (one, other)) for code in counties for table in OUTPUTS)
    return all(a.read_bytes() == b.read_bytes() for a, b in pairs)


def _duration(seconds: float) -> str:
    return (
        f"{seconds:.0f} s"
        if seconds < 120
        else f"{seconds / 60:.1f} min"
        if seconds < 7200
        else f"{seconds / 3600:.1f} h"
    )


class Killer(threading.Thread):
    """Kills, with SIGKILL, the first of some processes that is in the middle of writing a table below a folder."""

    def __init__(self, pids: list[int], folder: Path, after: int = 20_000) -> None:
        """after: bytes that must stand in the file."""
        super().__init__(daemon=True)
        self._processes, self._folder, self._after = [psutil.Process(pid) for pid in pids], folder, after
        self.killed: Path | None = None  # the file that was left half written
        self.start()

    def run(self) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            for process in self._processes:
                for file in process.open_files():
                    path = Path(file.path)
                    if (
                        path.is_relative_to(self._folder)
                        and path.suffix == ".part"
                        and path.stat().st_size > self._after
                    ):
                        process.send_signal(signal.SIGKILL)
                        self.killed = path
                        return


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.province", description="模拟一个省：90 个县、3000 万门牌"
    )
    parser.add_argument("--quick", action="store_true", help="6 个县")
    rows = run(parser.parse_args().quick)
    width = max(len(title) for title, _ in rows)
    print("\n".join(f"{title:<{width}}  {figure}" for title, figure in rows))


if __name__ == "__main__":
    main()
