"""This installation's county as the folder of GeoParquet that match_counties reads."""

import datetime as dt
from argparse import ArgumentParser
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from django.contrib.gis.db.models.functions import AsWKB
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import FloatField, Func
from django.utils import timezone

from apps.deputies.models import Deputy, Mandate
from apps.matching.county_files import ANCHORS
from apps.matching.engine import Engine
from apps.projects.models import KeyProject
from apps.territory.models import AdminArea, Doorplate, ElectoralDistrict
from gis_data.geoparquet import part_of, schema, wkb_points, written

AT_ONCE = 100_000
OFFICE_ONLY = 0o600

Columns = dict[str, list[Any]]


class Command(BaseCommand):
    help = "把本县的选区、代表、门牌、重点项目写成 match_counties 所需的文件夹。deputies.parquet 含代表居住地，只供人大机关内部使用。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", type=Path, metavar="SOURCE", help="写到这个文件夹下以六位区划代码命名的文件夹里")
        parser.add_argument(
            "--on", type=dt.date.fromisoformat, metavar="2026-03-01", help="哪一天在届的选区和代表，默认今天"
        )

    def handle(self, *args, source: Path, on: dt.date | None, **options) -> None:
        county, on = AdminArea.objects.county(), on or timezone.localdate()
        if county is None:
            raise CommandError("还没有行政区划。请先导入：manage.py import_layer area 文件")
        if not ElectoralDistrict.objects.in_force(on).exists():
            raise CommandError(f"{on:%Y年%-m月%-d日}没有在届的选区。请先导入选区，并检查届的起止日期。")
        folder = source / county.code[:6]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with transaction.atomic():
                rows = {
                    "districts": _write(folder / "districts.parquet", *_districts(on), ["Polygon", "MultiPolygon"]),
                    "deputies": _write(folder / "deputies.parquet", *_deputies(on), ["Point"], secret=True),
                    "projects": _write(folder / "projects.parquet", *_projects(), ["Point"]),
                    "doorplates": _write_doorplates(folder / "doorplates.parquet"),
                }
        except OSError as error:
            raise CommandError(f"不能写 {folder}：{error.strerror}。请检查文件夹是否可写。") from error
        self.stdout.write(
            f"已写入 {folder}：{rows['districts']} 个选区，{rows['deputies']} 个任职，{rows['doorplates']} 个门牌，{rows['projects']} 个重点项目。"
            "deputies.parquet 含代表居住地，只供人大机关内部使用。"
        )


def _districts(on: dt.date) -> tuple[Columns, pa.Array]:
    rows = ElectoralDistrict.objects.in_force(on).order_by("code").annotate(wkb=AsWKB("geom"))
    found = list(rows.values_list("code", "term__congress__code", "wkb"))
    shapes = pa.array([None if wkb is None else bytes(wkb) for *_, wkb in found], pa.binary())
    return {"code": [code for code, *_ in found], "congress": [congress for _, congress, _ in found]}, shapes


def _deputies(on: dt.date) -> tuple[Columns, pa.Array]:
    mandates = list(
        Mandate.objects.in_force(on).order_by("deputy__code", "pk")
        .select_related("term", "district", "deputy__home", "deputy__organisation", "deputy__residence_village__parent")
        .prefetch_related("deputy__fields")
    )  # fmt: skip
    day = Engine().on(on)
    people: list[Deputy] = [mandate.deputy for mandate in mandates]
    work = np.array(
        [(who.workplace.x, who.workplace.y) if who.workplace else (np.nan, np.nan) for who in people], float
    ).reshape(-1, 2)
    town = day.towns.locator.locate(work[:, 0], work[:, 1])
    villages = [who.residence_village for who in people]
    columns: Columns = {
        "code": [who.code for who in people],
        "congress_level": [mandate.term.level for mandate in mandates],
        "district": [mandate.district.code if mandate.district else None for mandate in mandates],
        "county_leader": [who.county_leader for who in people],
        "fields": [";".join(field.code for field in who.fields.all()) or None for who in people],
        "capacity": [who.capacity for who in people],
        "organisation": [who.organisation.code if who.organisation else None for who in people],
        "residence_town": [village.parent.code if village and village.parent else None for village in villages],
        "workplace_town": [day.towns.rows[at].code if at >= 0 else None for at in town.tolist()],
    }
    places = np.array([day.anchors[who.pk] for who in people]).reshape(-1, len(ANCHORS), 2)
    for at, name in enumerate(ANCHORS):
        for axis, letters in enumerate(("lon", "lat")):
            columns[f"{name}_{letters}"] = [
                None if np.isnan(value) else value for value in places[:, at, axis].tolist()
            ]
    homes = np.array([shapely.Point(who.home.point.coords) if hasattr(who, "home") else None for who in people], object)
    return columns, pa.array(shapely.to_wkb(homes), pa.binary())


def _projects() -> tuple[Columns, pa.Array]:
    found = list(
        KeyProject.objects.order_by("code")
        .select_related("field", "owner", "responsible", "town")
        .prefetch_related("contractors")
    )
    columns: Columns = {
        "code": [row.code for row in found],
        "field": [row.field.code if row.field else None for row in found],
        "owner": [row.owner.code if row.owner else None for row in found],
        "responsible": [row.responsible.code for row in found],
        "contractors": [";".join(sorted(body.code for body in row.contractors.all())) or None for row in found],
        "demand": [row.demand for row in found],
        "experts": [row.experts for row in found],
        "town": [row.town.code if row.town else None for row in found],
    }
    site = np.array([(row.site.x, row.site.y) for row in found], float).reshape(-1, 2)
    return columns, wkb_points(site[:, 0], site[:, 1])


_KINDS = {"county_leader": pa.bool_(), "capacity": pa.int32(), "demand": pa.int32(), "experts": pa.int32()}


def _write(path: Path, columns: Columns, shapes: pa.Array, kinds: list[str], secret: bool = False) -> int:
    types = {
        name: _KINDS.get(name, pa.float64() if name.endswith(("_lon", "_lat")) else pa.string()) for name in columns
    }
    of = schema([pa.field(name, kind) for name, kind in types.items()], kinds)
    with written(path, of, "export") as writer:
        if secret:
            part_of(path, "export").chmod(OFFICE_ONLY)
        writer.write_table(pa.table([*(pa.array(values, types[name]) for name, values in columns.items()), shapes], of))
    return len(shapes)


def _write_doorplates(path: Path) -> int:
    coordinates = (Func("point", function=name, output_field=FloatField()) for name in ("ST_X", "ST_Y"))
    rows: Iterator = (
        Doorplate.objects.active().order_by("code").values_list("code", *coordinates).iterator(chunk_size=AT_ONCE)
    )
    of, count = schema([pa.field("code", pa.string())], ["Point"]), 0
    with written(path, of, "export") as writer:
        while chunk := list(islice(rows, AT_ONCE)):
            code, lon, lat = zip(*chunk, strict=True)
            writer.write_table(pa.table([pa.array(code, pa.string()), wkb_points(np.array(lon), np.array(lat))], of))
            count += len(chunk)
    return count
