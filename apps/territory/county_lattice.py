"""The county's own lattice, laid once and kept: cells never move, whatever becomes of the county's borders."""

import numpy as np
from django.contrib.gis.db.models import Extent
from django.contrib.gis.geos import GEOSGeometry as Geometry
from django.contrib.gis.geos import MultiPolygon, Polygon
from django.db import models

from apps.territory.lattice import Lattice, laid_over
from apps.territory.models import AdminArea
from apps.territory.remembered import Remembered

WIDEST, FAR = 50_000, 100_000  # metres of a hexagon, and how many of them away from the county's middle


class CountyLattice(models.Model):
    """县域格网: where cell (0, 0) of a county lies and how large cells are."""

    county = models.CharField("县级区划代码", max_length=12, unique=True)
    lon0 = models.FloatField("起点经度")
    lat0 = models.FloatField("起点纬度")
    metres = models.FloatField("格边长（米）")

    class Meta:
        verbose_name = "县域格网"
        verbose_name_plural = "县域格网"

    def __str__(self) -> str:
        return f"{self.county} {self.metres:g} 米格网"

    @property
    def lattice(self) -> Lattice:
        return Lattice(self.lon0, self.lat0, self.metres)


def county_lattice() -> Lattice | None:
    """The lattice of the county this installation serves; None before its areas have been imported."""
    return _held.current()


def on_the_map(text: str) -> Geometry:
    """What an address asks for of the map: a box of longitudes and latitudes (west, south, east, north), or a hexagon of the county's lattice
    (its size in metres, q, r): the cells that are counted into it. ValueError for anything else."""
    numbers = [float(part) for part in text.split(",")]
    if len(numbers) == 3:
        return _hexagon(*numbers)
    west, south, east, north = numbers
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise ValueError(f"no box: {text}")
    return Polygon.from_bbox((west, south, east, north))


def _hexagon(size: float, q: float, r: float) -> Geometry:
    lattice = county_lattice()
    if lattice is None or not (lattice.metres <= size <= WIDEST and abs(q) < FAR and abs(r) < FAR and q == int(q) and r == int(r)):
        raise ValueError(f"no hexagon: {size}, {q}, {r}")
    col, row = lattice.cells_of_hex(int(q), int(r), size)
    starts = np.flatnonzero(np.diff(row, prepend=row[0] - 1)) if len(row) else row
    if not len(starts):
        raise ValueError(f"no cell in hexagon {size}, {q}, {r}")
    ends = np.append(starts[1:], len(row)) - 1
    runs = zip(lattice.outline(col[starts], row[starts]), lattice.outline(col[ends], row[ends]), strict=True)
    return MultiPolygon([Polygon.from_bbox((*first[0].tolist(), *last[2].tolist())) for first, last in runs]).unary_union


def _read() -> Lattice | None:
    code = (
        AdminArea.objects.filter(level=AdminArea.Level.COUNTY).order_by("code").values_list("code", flat=True).first()
    )
    if code is None:
        return None
    if laid := CountyLattice.objects.filter(county=code).first():
        return laid.lattice
    bounds = AdminArea.objects.filter(code__startswith=code[:6]).aggregate(bounds=Extent("geom"))["bounds"]
    if bounds is None:
        return None
    wanted = laid_over(*bounds)
    laid, _ = CountyLattice.objects.get_or_create(
        county=code, defaults={"lon0": wanted.lon0, "lat0": wanted.lat0, "metres": wanted.metres}
    )
    return laid.lattice


_held = Remembered(("area",), _read)
