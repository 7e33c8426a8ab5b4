"""Who lives where: the county's residents by cell of 500 m, against which it is judged whether much is reported somewhere.

Nobody counts residents by cell. A village's population is spread over its doorplates; where there are none, over its area. People are
also met on the next road and field, and places are told roughly: a fifth of each cell's residents goes to the eight around it. Beyond them
nobody lives, and what is reported there takes no part.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from django.contrib.gis.geos import GEOSGeometry
from django.db import connection
from numpy.typing import NDArray
from scipy.ndimage import convolve

from apps.insights.spots import HotSpotRun
from apps.territory.county_lattice import county_lattice
from apps.territory.lattice import Lattice
from apps.territory.models import AdminArea, Doorplate

BLOCKS = 5
"""Cells of 100 m that a side of a cell of 500 m is long."""
AROUND = 0.2
Basis = HotSpotRun.Basis
_SPREAD = np.full((3, 3), AROUND / 8)
_SPREAD[1, 1] = 1 - AROUND


@dataclass(frozen=True, eq=False)
class Ground:
    """residents: float64 (rows, columns), row 0 in the south, whose cell [0, 0] is (west, south) of the lattice of 500 m; at least one cell is
    above 0. basis: what stood for residents."""

    lattice: Lattice
    west: int
    south: int
    residents: NDArray[np.float64]
    basis: str

    def at(self, col: NDArray[np.int64], row: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
        """(row, column) of lattice cells in the grid, and which of them lie in it."""
        rows, columns = self.residents.shape
        down, across = row - self.south, col - self.west
        return down, across, (down >= 0) & (down < rows) & (across >= 0) & (across < columns)


def county_ground() -> Ground | None:
    """None before the county's areas have been imported."""
    fine = county_lattice()
    if fine is None:
        return None
    lattice = fine.coarser(BLOCKS)
    cells, basis = _by_doors(lattice)
    spread, by_area = _by_area(lattice, {village for village, *_ in cells} if basis == Basis.RESIDENTS else None)
    if not cells:
        basis = by_area
    elif basis == Basis.DOORPLATES:
        spread = []
    col, row, residents = np.array([(c, r, n) for _, c, r, n in cells] + spread, np.float64).reshape(-1, 3).T
    if not residents.sum():
        return None
    col, row = col.astype(np.int64), row.astype(np.int64)
    west, south = int(col.min()) - 1, int(row.min()) - 1
    grid = np.zeros((int(row.max()) - south + 2, int(col.max()) - west + 2))
    np.add.at(grid, (row - south, col - west), residents)
    return Ground(lattice, west, south, convolve(grid, _SPREAD, mode="constant"), str(basis))


def _by_doors(lattice: Lattice) -> tuple[list[tuple[int | None, int, int, float]], Basis]:
    """(village, column, row, residents) by doorplates; a village of unknown population has as many to a door as the others."""
    table = connection.ops.quote_name(Doorplate._meta.db_table)
    with connection.cursor() as cursor:
        # Counted where the rows are: hundreds of thousands of doors become some thousand cells.
        cursor.execute(
            f"""SELECT village_id, floor((ST_X(point) - %s) / %s)::int, floor((ST_Y(point) - %s) / %s)::int, count(*)
            FROM {table} WHERE status = %s GROUP BY 1, 2, 3 ORDER BY 1, 2, 3""",
            [lattice.lon0, lattice.lon_step, lattice.lat0, lattice.lat_step, Doorplate.Status.ACTIVE],
        )
        doors = cursor.fetchall()
    people = dict(AdminArea.objects.filter(level=AdminArea.Level.VILLAGE, population__gt=0).values_list("pk", "population"))
    total: dict[int | None, int] = {}
    for village, _, _, count in doors:
        total[village] = total.get(village, 0) + count
    known = sum(count for village, count in total.items() if village in people)
    if not known:
        return [(village, col, row, float(count)) for village, col, row, count in doors], Basis.DOORPLATES
    usual = sum(people[village] for village in total if village in people) / known
    a_door = {village: people[village] / count if village in people else usual for village, count in total.items()}
    return [(village, col, row, count * a_door[village]) for village, col, row, count in doors], Basis.RESIDENTS


def _by_area(lattice: Lattice, but: set[int | None] | None) -> tuple[list[tuple[int, int, float]], Basis]:
    """(column, row, residents) of villages without doorplates; of the whole county, one to a cell, where no population is known."""
    villages = AdminArea.objects.filter(level=AdminArea.Level.VILLAGE, population__gt=0, geom__isnull=False).exclude(pk__in=(but or set()) - {None})
    found = [each for geom, people in villages.values_list("geom", "population") for each in _over(lattice, geom, people)]
    if found or but:
        return found, Basis.RESIDENTS
    county = AdminArea.objects.county()
    return (_over(lattice, county.geom) if county and county.geom else []), Basis.AREA


def _over(lattice: Lattice, geom: GEOSGeometry, people: float | None = None) -> list[tuple[int, int, float]]:
    """So many people over the cells whose centres lie in a shape, one to a cell without a number; a small shape is the cell it lies in."""
    shape = shapely.from_wkb(bytes(geom.wkb))
    west, south, east, north = shape.bounds
    (first, last), (low, high) = lattice.cells([west, east], [south, north])
    col, row = (axis.ravel() for axis in np.meshgrid(np.arange(first, last + 1), np.arange(low, high + 1)))
    inside = shapely.contains_xy(shape, *lattice.centres(col, row))
    if not inside.any():
        point = shape.point_on_surface()
        (col,), (row,) = ([int(each)] for each in lattice.cells(point.x, point.y))
        return [(col, row, people or 1.0)]
    each = people / inside.sum() if people else 1.0
    return [(c, r, each) for c, r in zip(col[inside].tolist(), row[inside].tolist(), strict=True)]
