"""The map of voices in words: what stands as a list beside each way of looking, a page of it, for one answered question."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.contrib.gis.geos import MultiPoint, Point
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.urls import reverse

from apps.cases.models import Category
from apps.insights.answers import Answer
from apps.insights.spots import HotSpot
from apps.territory.models import AdminArea

PAGE = 20
AREAS = {"region", "change", "density"}  # ways whose list is one of areas


def listed(answer: Answer, number: str | None) -> dict[str, Any]:
    """kind and page_obj for the template: areas, the fullest cells or hexagons, those that changed, or the hot spots that press most."""
    question = answer.question
    if question.by == "hot":
        return {"kind": "hot", "page_obj": Paginator(_spots(answer), PAGE).get_page(number), "spots_url": _spots_url(answer)}
    if question.by == "change" and not question.by_area:
        return {"kind": "changed", "page_obj": _places(answer, _changed(answer), number)}
    if question.by in AREAS:
        return {"kind": "regions", "page_obj": Paginator(_ordered(answer), PAGE).get_page(number)}
    return {"kind": "places", "page_obj": _places(answer, _fullest(answer), number)}


def _spots(answer: Answer) -> QuerySet[HotSpot]:
    """As the map shows them: worked out for one category of the first level, or for all of them together; those that touch the region."""
    found = HotSpot.objects.visible_to(answer.user).standing().filter(category=_first_level(answer)).within(answer.question.region).pressing()
    return found.select_related("category").defer("shape", "cells")


def _first_level(answer: Answer) -> Category | None:
    """The one that the question is about; None where it is about several or all."""
    above = Category.objects.filter(code__in=answer.question.categories).values_list(
        "code", "parent__code", "parent__parent__code"
    )
    first = {codes[2] or codes[1] or codes[0] for codes in above}
    return Category.objects.get(code=first.pop()) if len(first) == 1 else None


def _spots_url(answer: Answer) -> str:
    """The cards of the same spots."""
    category, region = _first_level(answer), answer.question.region
    query = {"category": category.code if category else "all"} | ({"town": region[:9].ljust(12, "0")} if len(region) > 6 else {})
    return f"{reverse('hot_spot_list')}?{urlencode(query)}"


def _ordered(answer: Answer) -> list[dict]:
    """The most first; of changes those that are more than chance, the surest first."""
    question, rows = answer.question, answer.parts(["regions"])["regions"]
    for row in rows:
        row["percent"] = f"{100 * (row['ratio'] - 1):+.0f}%" if row.get("ratio") is not None else ""
    if question.by == "change":
        return sorted(
            rows,
            key=lambda row: (
                not row.get("mark"),
                row["q"] if row.get("q") is not None else 1,
                -row["count"],
                row["code"],
            ),
        )
    key = "per_1000" if question.measure == "per_1000" and question.by == "region" else "count"
    return sorted(rows, key=lambda row: (-(row[key] if row[key] is not None else -1), -row["count"], row["code"]))


def _fullest(answer: Answer) -> list[dict]:
    """Cells or hexagons, the fullest first, each with the box around it; hexagons with what their list is asked for with."""
    if answer.question.by == "hex":
        part = answer.parts(["hexes"])["hexes"]
        xs, ys = zip(*part["corners"], strict=True)
        boxes = [
            (lon + min(xs), lat + min(ys), lon + max(xs), lat + max(ys))
            for lon, lat in zip(part["lon"], part["lat"], strict=True)
        ]
        names = [f"{part['size']},{q},{r}" for q, r in zip(part["q"], part["r"], strict=True)]
    else:
        part = answer.parts(["cells"])["cells"]
        boxes = _boxes(part)
        names = [_named(box) for box in boxes]
    return sorted(
        ({"box": box, "id": name, "count": n} for box, name, n in zip(boxes, names, part["n"], strict=True)),
        key=lambda row: (-row["count"], row["box"]),
    )


def _changed(answer: Answer) -> list[dict]:
    part = answer.parts(["change"])["change"]
    if part is None:
        return []
    rows = [
        {
            "box": box,
            "id": _named(box),
            "count": now,
            "before": before,
            "ratio": ratio,
            "mark": mark,
            "q": 1.0 if q is None else q,
        }
        for box, now, before, ratio, q, mark in zip(
            _boxes(part), *(part[name] for name in ("now", "before", "ratio", "q", "mark")), strict=True
        )
    ]
    return sorted(rows, key=lambda row: (row["q"], -abs(row["count"] - row["before"]), row["box"]))


def _boxes(part: dict) -> list[tuple[float, float, float, float]]:
    """West, south, east, north of cells, degrees."""
    west = [part["lon0"] + col * part["lon_step"] for col in part["col"]]
    south = [part["lat0"] + row * part["lat_step"] for row in part["row"]]
    return [(x, y, x + part["lon_step"], y + part["lat_step"]) for x, y in zip(west, south, strict=True)]


def _places(answer: Answer, rows: list[dict], number: str | None) -> Page:
    """A page of boxes with the village each lies in and the way to what is behind."""
    page = Paginator(rows, PAGE).get_page(number)
    middles = [
        Point((row["box"][0] + row["box"][2]) / 2, (row["box"][1] + row["box"][3]) / 2, srid=4326) for row in page
    ]
    for row, name in zip(page, _villages(middles), strict=True):
        row |= {
            "name": name or "村社范围以外",
            "url": answer.question.cases_url(bbox=row["id"]),
            "records_url": answer.question.records_url(bbox=row["id"]),
        }
    return page


def _named(box: tuple[float, ...]) -> str:
    """As the map's script writes it: six decimals, none that say nothing."""
    return ",".join(f"{side:.6f}".rstrip("0").rstrip(".") for side in box)


def _villages(middles: list[Point]) -> Iterable[str]:
    """The town and village that each place lies in; empty where none does."""
    if not middles:
        return []
    near = (
        AdminArea.objects.filter(level=AdminArea.Level.VILLAGE, geom__intersects=MultiPoint(middles, srid=4326))
        .select_related("parent")
        .defer("parent__geom")
    )
    shapes = [(area.geom.prepared, f"{area.parent.name if area.parent else ''}{area.name}") for area in near]
    return [next((name for shape, name in shapes if shape.covers(middle)), "") for middle in middles]
