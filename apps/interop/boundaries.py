"""/boundary-sets/ and /boundaries/: which borders there are, which of them hold a point, and their shapes."""

import json
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseForbidden
from django.urls import reverse

from apps.interop import shapes
from apps.interop.catalogue import Boundary, BoundarySet, Catalogue, catalogue
from apps.interop.envelope import (
    MOST_SHAPES,
    BadRequest,
    Text,
    asked_day,
    asked_point,
    filtered,
    interface,
    page,
    today,
    wanted_format,
)

SET_FILTERS = {"name": lambda each: each.name, "domain": lambda each: each.domain}
BOUNDARY_FILTERS = {"external_id": lambda each: each.external_id, "name": lambda each: each.name}


@interface
def set_list(request: HttpRequest) -> dict:
    day = asked_day(request) or today()
    known = [each for each in catalogue().sets if each.in_force(day)]
    return page(request, filtered(request, known, SET_FILTERS), _set_in_list)


@interface
def set_detail(request: HttpRequest, slug: str) -> dict:
    each = catalogue().set(slug)
    return {
        "related": {"boundaries_url": each.boundaries_url},
        "name_plural": each.name,
        "name_singular": each.singular,
        "authority": each.authority,
        "domain": each.domain,
        "source_url": "",
        "notes": each.notes,
        "licence_url": "",
        "last_updated": str(each.updated) if each.updated else None,
        "extent": each.extent,
        "extra": each.extra,
        "start_date": str(each.starts) if each.starts else None,
        "end_date": str(each.ends) if each.ends else None,
    }


@interface
def boundary_list(request: HttpRequest, set_slug: str = "", geo_field: str = "") -> dict | Text | HttpResponse:
    """A list, or with `geo_field` the shapes of all that the filters leave, at most 350."""
    found = found_boundaries(request, set_slug)
    if geo_field:
        return _shapes(request, found, geo_field)
    answer = page(request, found, _boundary_in_list)
    if 0 < len(found) <= MOST_SHAPES:
        query = f"?{request.META['QUERY_STRING']}" if request.META.get("QUERY_STRING") else ""
        fields = {"shapes_url": "shape", "simple_shapes_url": "simple_shape", "centroids_url": "centroid"}
        answer["meta"]["related"] = {name: f"{request.path}{field}{query}" for name, field in fields.items()}
    return answer


@interface
def boundary_detail(request: HttpRequest, set_slug: str, slug: str) -> dict:
    boundary = catalogue().boundary(set_slug, slug)
    return {
        "related": {
            "boundary_set_url": boundary.set.url,
            "shape_url": f"{boundary.url}shape",
            "simple_shape_url": f"{boundary.url}simple_shape",
            "centroid_url": f"{boundary.url}centroid",
            "boundaries_url": boundary.set.boundaries_url,
            "representatives_url": reverse("representatives_of_boundary", kwargs={"set_slug": boundary.set.slug, "slug": boundary.slug}),
        },
        "boundary_set_name": boundary.set.singular,
        "name": boundary.name,
        "metadata": boundary.metadata,
        "external_id": boundary.external_id,
        "extent": boundary.extent,
        "centroid": {"type": "Point", "coordinates": boundary.centroid},
        "start_date": str(boundary.starts) if boundary.starts else None,
        "end_date": str(boundary.ends) if boundary.ends else None,
    }


@interface
def boundary_shape(request: HttpRequest, set_slug: str, slug: str, geo_field: str) -> Text | HttpResponse:
    boundary = catalogue().boundary(set_slug, slug)
    form = wanted_format(request)
    if form in ("wkt", "kml"):
        return _as_text([boundary], geo_field, form)
    (geometry,) = shapes.geojson([boundary], geo_field)
    if geometry is None:
        raise Http404
    return Text(_feature(boundary, geometry) if form == "geojson" else geometry)


def found_boundaries(request: HttpRequest, set_slug: str = "") -> list[Boundary]:
    """What the parameters leave. Without `on` and without naming sets, what is in force today; a set that is named and over
    answers as it last was."""
    known = catalogue()
    rows = _in_force(request, known, set_slug)
    rows = filtered(request, rows, BOUNDARY_FILTERS)
    point = asked_point(request, "contains")
    if point is not None:
        rows = holding(known, rows, *point)
    for parameter, related in (("intersects", shapes.intersecting), ("touches", shapes.touching)):
        if parameter in request.GET:
            others = related(known, _named(request, known, parameter))
            rows = [row for row in rows if row in others]
    return rows


def holding(known: Catalogue, rows: Iterable[Boundary], lon: float, lat: float) -> list[Boundary]:
    """The rows that hold a point (degrees): of one level, the lowest code, as everywhere in this system."""
    covering = shapes.covering(known, lon, lat)
    there = [row for row in rows if row in covering]
    first: dict[str, Boundary] = {}
    for row in sorted(there, key=lambda row: row.external_id):
        first.setdefault(row.set.level, row)
    return [row for row in there if first[row.set.level] is row]


def _in_force(request: HttpRequest, known: Catalogue, set_slug: str) -> list[Boundary]:
    day, named = asked_day(request), None
    if set_slug:
        named = [known.set(set_slug)]
    if "sets" in request.GET:
        asked = request.GET["sets"].split(",")
        named = [each for each in (named if named is not None else known.sets) if each.slug in asked]
    rows = []
    for each in known.sets if named is None else named:
        on = day or (today() if named is None else each.nearest_day(today()))
        rows += [boundary for boundary in each.boundaries if boundary.in_force(on)]
    return rows


def _named(request: HttpRequest, known: Catalogue, parameter: str) -> Boundary:
    parts = request.GET[parameter].split("/")
    if len(parts) != 2:
        raise BadRequest(f"Invalid value for {parameter} filter")
    return known.boundary(*parts)


def _set_in_list(each: BoundarySet) -> dict:
    return {"url": each.url, "related": {"boundaries_url": each.boundaries_url}, "name": each.name, "domain": each.domain}


def _boundary_in_list(boundary: Boundary) -> dict:
    return {
        "url": boundary.url,
        "name": boundary.name,
        "related": {"boundary_set_url": boundary.set.url},
        "boundary_set_name": boundary.set.singular,
        "external_id": boundary.external_id,
    }


def _shapes(request: HttpRequest, found: list[Boundary], geo_field: str) -> Text | HttpResponse:
    if len(found) > MOST_SHAPES:
        return HttpResponseForbidden(
            f"Spatial-list queries cannot return more than {MOST_SHAPES} resources; this query would return {len(found)}. Please filter your query."
        )
    form = wanted_format(request)
    if form in ("wkt", "kml"):
        return _as_text(found, geo_field, form)
    pairs = [(row, geometry) for row, geometry in zip(found, shapes.geojson(found, geo_field), strict=True) if geometry]
    if form == "geojson":
        return Text(f'{{"type": "FeatureCollection", "features": [{",".join(_feature(*pair) for pair in pairs)}]}}')
    objects = ",".join(f'{{"name": {_quoted(row.name)}, "{geo_field}": {geometry}}}' for row, geometry in pairs)
    return Text(f'{{"objects": [{objects}]}}')


def _feature(boundary: Boundary, geometry: str) -> str:
    properties = {"url": boundary.url, "name": boundary.name, "external_id": boundary.external_id, "boundary_set_name": boundary.set.singular}
    return f'{{"type": "Feature", "id": {_quoted(boundary.path)}, "properties": {json.dumps(properties, ensure_ascii=False)}, "geometry": {geometry}}}'


def _as_text(found: Sequence[Boundary], geo_field: str, form: str) -> HttpResponse:
    pairs = [(row, geometry) for row, geometry in zip(found, shapes.geometries(found, geo_field), strict=True) if geometry]
    if form == "wkt":
        return HttpResponse("\n".join(geometry.wkt for _, geometry in pairs), content_type="text/plain")
    placemarks = "\n".join(f"<Placemark><name>{escape(row.name)}</name>{geometry.kml}</Placemark>" for row, geometry in pairs)
    document = f'<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2">\n<Document>\n{placemarks}\n</Document>\n</kml>'
    response = HttpResponse(document, content_type="application/vnd.google-earth.kml+xml")
    response["Content-Disposition"] = 'attachment; filename="shape.kml"'
    return response


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
