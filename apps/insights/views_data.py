"""GET /insight/data: the numbers behind every map, chart and list of voices, for one question in the address (`filters.read_question`).

`part`, repeated or with commas: which of these, besides caption, total, unlocated, linked_excluded, clumping, period and notes, which are always there (none: the one that `by` shows). Places are in
the lattice's own numbers: a cell's south-western corner lies at lon0 + col * lon_step, lat0 + row * lat_step, lattice of `size` metres.

    caption           str, the period and filters in words, for print
    total             int; unlocated: int of them without a place; linked_excluded: records left out because they are linked to a case
    clumping          float >= 1: how many voices come as one (rates.clumping); intervals and tests allow for it
    notes             [str]: what the picture must say besides, as that cells are coarser than asked for
    period            {first, last, label, before: {first, last, label} | null}
    figures           {total, open, late_open, due, in_time, in_time_share, rated, satisfied, content_share, again, told_for, elder, elder_known}
    regions           [{code, name, parent, count, population, per_1000, low, high, before, ratio, ratio_low, ratio_high, p, q, mark, url, records_url}]
                      every area of the level in scope, 0 included; per_1000, low, high null without population; before … mark only where
                      compared; mark: "more" | "less" | "" (q < 0.05)
    cells             {size, lon0, lat0, lon_step, lat_step, col[], row[], n[]}            size may be coarser than asked (a note says so)
    hexes             {size, q[], r[], lon[], lat[], n[], corners: [[dlon, dlat] x 6]}     which (with size: `county_lattice.hexagon`), centres, and the corners round any centre
    density           {west, south, east, north, rows, cols, most, unit: "件/平方公里", bandwidth, data} | null
                      data: base64 of uint8 b, row by row from the north; the density is most * (b / 255)²
    change            {size, …as cells, now[], before[], ratio[], p[], q[], mark[]}      by region it stands in regions
    trend             {step: "day" | "week" | "month", labels[], first[], count[], before[] | null}    first: ISO days the steps begin on
    frames            {step: "week" | "month", labels[], …as cells, frame[]}     cells of each step, for the time slider: frame[i] belongs to col[i] …
    clock             {count: [7][24], unknown: int}
    categories        [{code, label, level, parent, count}]      all three levels, sums upward; code "" for those not sorted
    sources           [{code, label, kind: "case" | "record", count}]
    states            [{code, label, count}]         all, open, late, unsatisfied, closed: each under the other filters
"""

import gzip
import json

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET

from apps.accounts.perms import Permission, requires
from apps.insights.answers import PARTS, answer_to
from apps.insights.filters import read_question

SHOWN = {"region": "regions", "cell": "cells", "hex": "hexes", "density": "density", "hot": "cells"}


@require_GET
@requires(Permission.SEE_INSIGHT)
def insight_data(request: HttpRequest) -> HttpResponse:
    """/insight/data?by=cell&period=90&category=housing&part=cells,trend"""
    question = read_question(request.GET, timezone.localdate())
    wanted = [part for parts in request.GET.getlist("part") for part in parts.split(",") if part in PARTS]
    answer = answer_to(
        question,
        request.user,
        list(dict.fromkeys(wanted)) or [SHOWN.get(question.by, "regions" if question.by_area else "change")],
    )
    body = json.dumps(
        answer, cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    ).encode()
    response = HttpResponse(content_type="application/json")
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        body, response["Content-Encoding"] = gzip.compress(body, 5), "gzip"
    response.content = body
    response["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ["Accept-Encoding", "Cookie"])
    return response
