"""Geometry in the database, for boundaries that the catalogue knows without it. Raw SQL: one statement over both tables that
have borders, answered by their spatial indexes, and text that PostGIS writes thirty times faster than Python would."""

from collections.abc import Iterable, Sequence
from typing import Literal

from django.contrib.gis.geos import GEOSGeometry
from django.db import connection

from apps.interop.catalogue import Boundary, Catalogue

Field = Literal["shape", "simple_shape", "centroid"]
EXPRESSIONS: dict[str, str] = {
    "shape": "held.geom",
    "simple_shape": "ST_Multi(ST_SimplifyPreserveTopology(held.geom, 0.0002))",
    "centroid": "ST_Centroid(held.geom)",
}
EVERYTHING = "(SELECT 'district' AS kind, id, geom FROM territory_electoraldistrict UNION ALL SELECT 'area', id, geom FROM territory_adminarea) every"
ASKED = """
    unnest(%s::text[], %s::bigint[]) WITH ORDINALITY AS asked (kind, id, place)
    LEFT JOIN territory_electoraldistrict d ON asked.kind = 'district' AND d.id = asked.id
    LEFT JOIN territory_adminarea a ON asked.kind = 'area' AND a.id = asked.id
    CROSS JOIN LATERAL (SELECT COALESCE(d.geom, a.geom) AS geom) held
"""


def covering(known: Catalogue, lon: float, lat: float) -> set[Boundary]:
    """All boundaries, of whatever day, that the point (degrees) lies in or on the border of."""
    return _where(known, "ST_Covers(geom, ST_SetSRID(ST_Point(%s, %s), 4326))", (lon, lat))


def intersecting(known: Catalogue, boundary: Boundary) -> set[Boundary]:
    """Those that cover it or overlap it."""
    given = _given(boundary)
    return _where(known, f"geom && {given} AND (ST_Covers(geom, {given}) OR ST_Overlaps(geom, {given}))", [boundary.pk] * 3)


def touching(known: Catalogue, boundary: Boundary) -> set[Boundary]:
    given = _given(boundary)
    return _where(known, f"geom && {given} AND ST_Touches(geom, {given})", [boundary.pk] * 2)


def geojson(boundaries: Sequence[Boundary], field: str) -> list[str | None]:
    """Each one's geometry as GeoJSON text, to 0.1 mm; None when it has gone meanwhile."""
    return [row[0] for row in _rows(boundaries, f"ST_AsGeoJSON({EXPRESSIONS[field]}, 9)")]


def geometries(boundaries: Sequence[Boundary], field: str) -> list[GEOSGeometry | None]:
    return [GEOSGeometry(memoryview(row[0])) if row[0] else None for row in _rows(boundaries, f"ST_AsBinary({EXPRESSIONS[field]})")]


def _rows(boundaries: Sequence[Boundary], expression: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {expression} FROM {ASKED} ORDER BY place",
            ([boundary.kind for boundary in boundaries], [boundary.pk for boundary in boundaries]),
        )
        return cursor.fetchall()


def _where(known: Catalogue, condition: str, parameters: Iterable) -> set[Boundary]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT kind, id FROM {EVERYTHING} WHERE {condition}", list(parameters))
        return {known.by_row[row] for row in cursor.fetchall() if row in known.by_row}


def _given(boundary: Boundary) -> str:
    table = "territory_electoraldistrict" if boundary.kind == "district" else "territory_adminarea"
    return f"(SELECT geom FROM {table} WHERE id = %s)"
