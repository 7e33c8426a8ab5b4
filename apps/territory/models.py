"""Place: administrative areas, electoral districts bound to a term, grids and doorplates, all dated.

Geometry is EPSG:4326 (CGCS2000-compatible: the difference is below the data's accuracy). Where tiles are cut there is a
stored 3857 column with its own index, since GeoDjango indexes no generated column by itself.
"""

import datetime as dt
from dataclasses import replace
from functools import reduce
from operator import or_

from django.contrib.gis.db import models
from django.contrib.gis.db.models.functions import Transform
from django.contrib.gis.geos import Point
from django.contrib.postgres.indexes import GinIndex, GistIndex
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q

from apps.record.staging import Merged, Stage
from apps.territory import merging
from apps.territory.lookup import AddressQuerySet
from apps.territory.plates import (  # noqa: F401 - Django looks for models here
    CodeBatch,
    CodeBatchEvent,
    IssuedPlate,
    IssuedPlateScan,
    Issuer,
    IssuerEvent,
    PlateCode,
    PlateCodeEvent,
    PlateScan,
    PrintRun,
    PrintRunEvent,
)
from apps.territory.terms import DistrictChange, Term, TermEvent, TurnoverReview  # noqa: F401 - the same

VALID = Q(geom__isnull=True) | Q(geom__isvalid=True)


class LayerVersion(models.Model):
    """How often a layer has changed. Imports, publishing, map edits and the aggregation job raise it; filing a case never does."""

    layer = models.CharField(max_length=40, primary_key=True)
    version = models.BigIntegerField(default=1)

    class Meta:
        verbose_name = "图层版本"
        verbose_name_plural = "图层版本"

    def __str__(self) -> str:
        return f"{self.layer} v{self.version}"

    @classmethod
    def raise_for(cls, *layers: str) -> None:
        for layer in layers:
            cls.objects.get_or_create(layer=layer)
        cls.objects.filter(layer__in=layers).update(version=F("version") + 1)


class AdminAreaQuerySet(models.QuerySet):
    def in_force(self, on: dt.date):
        return self.filter(Q(valid_from=None) | Q(valid_from__lte=on), Q(valid_to=None) | Q(valid_to__gt=on))

    def county(self):
        """The county this installation serves: the one county-level area in it, or None before an import."""
        return self.filter(level=AdminArea.Level.COUNTY).order_by("code").first()

    def towns(self):
        return self.filter(level=AdminArea.Level.TOWN).order_by("code")

    def visible_to(self, user):
        return self.filter(code__startswith=user.scope) if user.scope else self.none()

    def merge_staged(self, stage: Stage) -> Merged:
        return merging.areas(stage)


class AdminArea(models.Model):
    """行政区: province to village, by the 12-digit code of the National Bureau of Statistics. The township level is optional."""

    class Level(models.TextChoices):
        PROVINCE = "province", "省"
        CITY = "city", "市"
        COUNTY = "county", "县"
        TOWN = "town", "乡镇街道"
        VILLAGE = "village", "村社"

    code = models.CharField("区划代码", max_length=12, unique=True)
    name = models.CharField("名称", max_length=40)
    level = models.CharField("层级", max_length=10, choices=Level.choices)
    kind = models.CharField("类型", max_length=12, blank=True)
    parent = models.ForeignKey("self", verbose_name="上级", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    has_congress = models.BooleanField("设人民代表大会", default=False, help_text="街道没有人民代表大会")
    population = models.PositiveIntegerField("人口", null=True, blank=True)
    former_names = models.CharField("曾用名", max_length=200, blank=True, help_text="以分号隔开")
    geom = models.MultiPolygonField("范围", srid=4326, null=True, blank=True)
    geom_3857 = models.GeneratedField(expression=Transform("geom", 3857), output_field=models.MultiPolygonField(srid=3857, null=True, spatial_index=False), db_persist=True)
    valid_from = models.DateField("启用日期", null=True, blank=True)
    valid_to = models.DateField("停用日期", null=True, blank=True)
    synthetic = models.BooleanField("合成数据", default=False)

    objects = AdminAreaQuerySet.as_manager()

    class Meta:
        verbose_name = "行政区"
        verbose_name_plural = "行政区"
        ordering = ["code"]
        constraints = [models.CheckConstraint(condition=VALID, name="territory_area_geom_valid")]
        indexes = [GistIndex("geom_3857", name="territory_area_3857"), models.Index(fields=["level", "code"])]

    def __str__(self) -> str:
        return self.name


class ElectoralDistrictQuerySet(models.QuerySet):
    def published(self):
        """Of published terms, whenever they are in force; drafts are for the office alone."""
        return self.filter(term__state=Term.State.PUBLISHED)

    def in_force(self, on: dt.date):
        return self.published().filter(term__starts__lte=on, term__ends__gt=on)

    def covering(self, point: Point, on: dt.date):
        """Districts whose polygon covers the point on that day, lowest code first; a border belongs to the lowest code."""
        return self.in_force(on).filter(geom__covers=point).order_by("code")

    def merge_staged(self, stage: Stage) -> Merged:
        """Rows as districts. A file replaces a draft: what the draft held and the file does not is taken away."""
        merged = merging.districts(stage)
        left_out = self.filter(pk__in=merging.left_out_of_drafts(stage))
        kept = list(left_out.leant_on().values_list("name", flat=True))
        gone = left_out.exclude(pk__in=left_out.leant_on()).delete()[1].get(self.model._meta.label, 0)
        merging.tell_of_drafts(stage, gone, kept)
        return replace(merged, removed=gone)

    def leant_on(self):
        """Districts that rows elsewhere may not lose: those with mandates or cases."""
        leaning = (relation for relation in self.model._meta.related_objects if relation.on_delete is models.PROTECT)
        rows = (relation.related_model._base_manager.filter(**{relation.field.name: OuterRef("pk")}) for relation in leaning)
        return self.filter(reduce(or_, (Exists(some) for some in rows), Q(pk=None)))


class ElectoralDistrict(models.Model):
    """选区: 1–3 seats (选举法 第二十五条), by residence, by workplace, or both together (浙江细则 第二十二条)."""

    class Basis(models.TextChoices):
        RESIDENCE = "residence", "按居住"
        WORKPLACE = "workplace", "按单位"
        JOINT = "joint", "居住与单位联合"

    code = models.CharField("选区编号", max_length=30, unique=True)
    term = models.ForeignKey(Term, verbose_name="届", on_delete=models.PROTECT, related_name="districts")
    number = models.PositiveIntegerField("选区序号")
    name = models.CharField("选区名称", max_length=60)
    seats = models.PositiveSmallIntegerField("名额")
    basis = models.CharField("划分方式", max_length=10, choices=Basis.choices)
    population = models.PositiveIntegerField("人口", null=True, blank=True)
    employers = models.ManyToManyField("organisations.Organisation", verbose_name="所含单位", blank=True, related_name="districts")
    geom = models.MultiPolygonField("范围", srid=4326, null=True, blank=True)
    geom_3857 = models.GeneratedField(expression=Transform("geom", 3857), output_field=models.MultiPolygonField(srid=3857, null=True, spatial_index=False), db_persist=True)

    objects = ElectoralDistrictQuerySet.as_manager()

    class Meta:
        verbose_name = "选区"
        verbose_name_plural = "选区"
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(fields=["term", "number"], name="territory_district_once"),
            models.CheckConstraint(condition=Q(seats__gte=1, seats__lte=3), name="territory_district_seats"),
            models.CheckConstraint(condition=VALID, name="territory_district_geom_valid"),
            models.CheckConstraint(condition=Q(basis="workplace") | Q(geom__isnull=False), name="territory_district_place"),
        ]
        indexes = [GistIndex("geom_3857", name="territory_district_3857")]

    def __str__(self) -> str:
        return self.name


class GridQuerySet(models.QuerySet):
    def merge_staged(self, stage: Stage) -> Merged:
        return merging.grids(stage)


class Grid(models.Model):
    """网格: the cell of grass-roots administration; every grid belongs to exactly one village."""

    code = models.CharField("网格编码", max_length=20, unique=True)
    name = models.CharField("网格名称", max_length=60)
    village = models.ForeignKey(AdminArea, verbose_name="村社", on_delete=models.PROTECT, related_name="grids")
    population = models.PositiveIntegerField("人口", null=True, blank=True)
    geom = models.MultiPolygonField("范围", srid=4326)
    geom_3857 = models.GeneratedField(expression=Transform("geom", 3857), output_field=models.MultiPolygonField(srid=3857, spatial_index=False), db_persist=True)

    objects = GridQuerySet.as_manager()

    class Meta:
        verbose_name = "网格"
        verbose_name_plural = "网格"
        ordering = ["code"]
        constraints = [models.CheckConstraint(condition=Q(geom__isvalid=True), name="territory_grid_geom_valid")]
        indexes = [GistIndex("geom_3857", name="territory_grid_3857")]

    def __str__(self) -> str:
        return self.name


class DoorplateQuerySet(AddressQuerySet):
    def active(self):
        return self.filter(status=Doorplate.Status.ACTIVE)

    def merge_staged(self, stage: Stage) -> Merged:
        return merging.doorplates(stage)

    def rebuild_pyramid(self) -> None:
        """Counts of active doorplates per 1/64 tile for zooms 8 to 13, which tiles below zoom 14 show instead of points.

        Raw SQL: one statement that fills a table which only the tile function reads. Call after an import of doorplates.
        """
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM territory_doorplatepyramid")
            cursor.execute(
                """
                INSERT INTO territory_doorplatepyramid (z, geom, count)
                SELECT z, ST_Centroid(ST_Collect(point_3857)), count(*)
                FROM territory_doorplate, generate_series(8, 13) z
                WHERE status = 'active'
                GROUP BY z, floor(ST_X(point_3857) / (40075016.68 / 2 ^ z / 64)), floor(ST_Y(point_3857) / (40075016.68 / 2 ^ z / 64))
                """
            )


class Doorplate(models.Model):
    """门牌: an address with a point. `address` is what is shown, `address_key` what is searched (see `addressing.search_key`)."""

    class Status(models.TextChoices):
        ACTIVE = "active", "在用"
        RETIRED = "retired", "停用"

    class Use(models.TextChoices):
        RESIDENCE = "residence", "居住"
        BUSINESS = "business", "商业"
        PUBLIC = "public", "公共"
        INDUSTRY = "industry", "工业"

    code = models.CharField("门牌编号", max_length=30, unique=True)
    town = models.ForeignKey(AdminArea, verbose_name="乡镇街道", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    village = models.ForeignKey(AdminArea, verbose_name="村社", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    road = models.CharField("道路", max_length=40, blank=True)
    number = models.CharField("门牌号", max_length=20, blank=True)
    hamlet = models.CharField("自然村", max_length=40, blank=True)
    estate = models.CharField("小区或院落", max_length=60, blank=True)
    building = models.CharField("幢", max_length=20, blank=True)
    unit = models.CharField("单元", max_length=20, blank=True)
    room = models.CharField("室", max_length=20, blank=True)
    use = models.CharField("用途", max_length=12, choices=Use.choices, blank=True)
    status = models.CharField("状态", max_length=10, choices=Status.choices, default=Status.ACTIVE)
    address = models.CharField("地址", max_length=200)
    address_key = models.CharField(max_length=200)
    point = models.PointField("位置", srid=4326)
    point_3857 = models.GeneratedField(expression=Transform("point", 3857), output_field=models.PointField(srid=3857, spatial_index=False), db_persist=True)

    objects = DoorplateQuerySet.as_manager()

    class Meta:
        verbose_name = "门牌"
        verbose_name_plural = "门牌"
        ordering = ["code"]
        indexes = [
            GistIndex("point_3857", name="territory_doorplate_3857"),
            GinIndex(fields=["address_key"], opclasses=["gin_trgm_ops"], name="territory_doorplate_trgm"),
            models.Index(fields=["address_key"], opclasses=["varchar_pattern_ops"], name="territory_doorplate_key"),
        ]
        constraints = [
            # An empty point passes validity; China's bounding box refuses it, and swapped axes with it.
            models.CheckConstraint(condition=Q(point__coveredby="SRID=4326;POLYGON((73 3, 136 3, 136 54, 73 54, 73 3))"), name="territory_doorplate_in_china"),
        ]

    def __str__(self) -> str:
        return self.address


from apps.territory.county_lattice import CountyLattice  # noqa: E402, F401 - lies in a file of its own
