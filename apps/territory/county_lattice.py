"""The county's own lattice, laid once and kept: cells never move, whatever becomes of the county's borders."""

from django.contrib.gis.db.models import Extent
from django.db import models

from apps.territory.lattice import Lattice, laid_over
from apps.territory.models import AdminArea
from apps.territory.remembered import Remembered


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
