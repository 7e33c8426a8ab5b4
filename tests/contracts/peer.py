"""Represent's own application (PyPI represent-boundaries), with its own tables and views, beside ours on the same database.

It is filled from the rows of the toy county without our interface's help, and then asked the same questions.
"""

import datetime as dt
import json
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.apps import AppConfig, apps
from django.db import connection, transaction
from django.test import Client, override_settings

from apps.territory.models import AdminArea, ElectoralDistrict

TOLERANCE = 0.0002
AREA_SETS = {"county": ("counties", "县级行政区", "县"), "town": ("towns", "乡镇街道", "乡镇街道"), "village": ("villages", "村社", "村社")}


@contextmanager
def represent() -> Iterator[None]:
    """Its application is installed and its tables are there; they go with the test's transaction."""
    installed = AppConfig.create("boundaries")
    installed.apps = apps
    apps.app_configs["boundaries"] = installed  # INSTALLED_APPS would start every other application a second time
    try:
        installed.import_models()
        apps.clear_cache()
        Boundary, BoundarySet = installed.get_model("Boundary"), installed.get_model("BoundarySet")
        with connection.schema_editor() as editor:
            editor.create_model(BoundarySet)
            editor.create_model(Boundary)
        _fill(BoundarySet, Boundary)
        yield
    finally:
        del apps.app_configs["boundaries"]
        apps.clear_cache()


def ask(url: str) -> dict:
    """Its answer: status, content type, open origin, body. Some questions it cannot stand: 500."""
    before = transaction.savepoint()
    with override_settings(ROOT_URLCONF="boundaries.urls", LANGUAGE_CODE="en"):
        answer = told(Client(raise_request_exception=False).get(url))
    if answer["status"] == 500:
        transaction.savepoint_rollback(before)
    return answer


def told(response) -> dict:
    kind = response.headers["Content-Type"]
    body = response.content.decode()
    called = re.fullmatch(r"([\w.$]+)\((.*)\);", body, re.DOTALL)
    wrapped, text = called.groups() if called else ("", body)
    return {
        "status": response.status_code,
        "type": kind,
        "origin": response.headers.get("Access-Control-Allow-Origin"),
        "callback": wrapped,
        "body": json.loads(text) if "json" in kind else body,
    }


def same(ours, theirs) -> bool:
    """Equal, numbers to a ten-thousandth of a metre."""
    if isinstance(ours, float | int) and isinstance(theirs, float | int):
        return math.isclose(ours, theirs, rel_tol=0, abs_tol=1e-9)
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(same(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    return ours == theirs


def _fill(sets, boundaries) -> None:
    found = []
    for level, (slug, name, singular) in AREA_SETS.items():
        rows = [(area.code, area, _area(area), None, None) for area in AdminArea.objects.filter(level=level, geom__isnull=False).order_by("code")]
        found.append((name, slug, singular, "", "方格县", {"level": level}, None, None, rows))
    terms = {district.term for district in ElectoralDistrict.objects.filter(geom__isnull=False).select_related("term__congress")}
    for term in terms:
        name = f"{term.congress.name}第{term.number}届人大代表选区"
        rows = [
            (str(district.number), district, _district(district), term.starts, term.ends)
            for district in term.districts.filter(geom__isnull=False).order_by("code")
        ]
        extra = {"congress": term.congress.code, "term": term.number, "level": term.level}
        slug = f"districts-{term.congress.code}-{term.number}"
        found.append((name, slug, name, f"{term.congress.name}选举委员会", term.congress.name, extra, term.starts, term.ends, rows))
    for name, slug, singular, authority, domain, extra, starts, ends, rows in sorted(found, key=lambda each: each[0]):
        boxes = [row[1].geom.extent for row in rows]
        extent = [min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)]
        each = sets.objects.create(
            slug=slug, name=name, singular=singular, authority=authority, domain=domain, last_updated=starts or dt.date(2000, 1, 1),
            notes="合成数据，仅供演示。", extent=extent, start_date=starts, end_date=ends, extra=extra,
        )  # fmt: skip
        for number, row, metadata, begins, over in rows:
            simple = row.geom.simplify(TOLERANCE, preserve_topology=True)
            boundaries.objects.create(
                set=each, set_name=singular, slug=number, external_id=row.code, name=row.name, metadata=metadata, shape=row.geom,
                simple_shape=simple if simple.geom_type == "MultiPolygon" else f"MULTIPOLYGON ({simple.wkt.removeprefix('POLYGON ')})",
                centroid=row.geom.centroid, extent=list(row.geom.extent), start_date=begins, end_date=over,
            )  # fmt: skip


def _area(area: AdminArea) -> dict:
    return {
        "code": area.code, "level": area.level, "kind": area.kind, "parent": area.parent.code if area.parent else "",
        "has_congress": area.has_congress, "population": area.population, "former_names": [],
    }  # fmt: skip


def _district(district: ElectoralDistrict) -> dict:
    return {
        "code": district.code, "number": district.number, "seats": district.seats, "basis": district.basis, "population": district.population,
        "employers": [employer.name for employer in district.employers.all()],
    }  # fmt: skip
