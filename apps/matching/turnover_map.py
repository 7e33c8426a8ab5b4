"""What the map of a review draws, as one JSON text made in the database: polygons are never turned into Python objects."""

import json

from django.contrib.gis.db.models.functions import SnapToGrid
from django.db import connection
from django.db.models import Count, QuerySet

from apps.territory.terms import DistrictChange, Term, TurnoverReview

DETAIL = 0.00005  # degrees, about 5 m
CELL = 0.002  # degrees, about 200 m: doorplates are counted by it when there are too many to be drawn one by one
POINTS = 3_000


def layers(review: TurnoverReview, base: Term | None, changes: QuerySet[DistrictChange]) -> str:
    """{old, new, seams, changes}: FeatureCollections. Changes are doorplates, or counts by cell (`exact` says which)."""
    told = {row["pk"]: row for row in review.result["districts"]}
    extra = {pk: {"deviation": row["deviation"], "gained": row["gained"], "seats": row["seats"]} for pk, row in told.items()}
    seams = [
        {"type": "Feature", "geometry": seam["shape"], "properties": {"kind": seam["kind"], "area": seam["area"], "districts": "、".join(seam["districts"])}}
        for seam in review.result["seams"]
    ]
    points, exact = _points(changes)
    parts = {
        "old": _outlines(base.pk if base else 0, {}), "new": _outlines(review.term_id, extra), "seams": _collection(json.dumps(seams, ensure_ascii=False)[1:-1]),
        "changes": _collection(json.dumps(points)[1:-1]), "exact": json.dumps(exact),
    }  # fmt: skip
    return "{" + ",".join(f'"{name}":{text}' for name, text in parts.items()) + "}"


def _collection(features: str) -> str:
    return f'{{"type":"FeatureCollection","features":[{features}]}}'


def _outlines(term: int, extra: dict[int, dict]) -> str:
    """Text made by PostGIS: 30 to 60 times faster than polygons through Python."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT coalesce(string_agg(format('{"type":"Feature","geometry":%%s,"properties":%%s}',
                   ST_AsGeoJSON(ST_SimplifyPreserveTopology(d.geom, %s), 5),
                   (jsonb_build_object('id', d.id, 'code', d.code, 'name', d.name) || coalesce(%s::jsonb -> d.id::text, '{}'))::text), ',' ORDER BY d.code), '')
               FROM territory_electoraldistrict d WHERE d.term_id = %s AND d.geom IS NOT NULL""",
            [DETAIL, json.dumps(extra), term],
        )
        return _collection(cursor.fetchone()[0])


def _points(changes: QuerySet[DistrictChange]) -> tuple[list[dict], bool]:
    exact = changes.count() <= POINTS
    if exact:
        rows = [(point.x, point.y, 1) for point in changes.values_list("doorplate__point", flat=True)]
    else:
        cells = changes.order_by().annotate(cell=SnapToGrid("doorplate__point", CELL)).values_list("cell").annotate(n=Count("pk"))
        rows = [(cell.x, cell.y, count) for cell, count in cells]
    return [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [round(x, 6), round(y, 6)]}, "properties": {"count": count}} for x, y, count in rows
    ], exact
