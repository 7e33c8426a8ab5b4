"""Holding a draft of electoral districts against the set before it: every doorplate goes through the laboratory
(`territory.turnover`); what the pages show is put into the review's `result`, plain values that can be stored as JSON."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import shapely
from django.contrib.gis.db.models.functions import AsWKB
from django.db.models import FloatField, Func, QuerySet

from apps.matching.turnover_checks import checks
from apps.territory.models import AdminArea, Doorplate, ElectoralDistrict, LayerVersion
from apps.territory.terms import Term, TurnoverReview
from apps.territory.turnover import NOWHERE, Crossing, DistrictSet, Turnover, per_seat
from gis_data.checks import Fault

AT_ONCE = 20_000
SLIVER = 100.0  # m²: coordinates with seven decimals along a few kilometres of border differ by that much
SEAMS_KEPT = 100  # with their shapes; the number of all is told

Say = Callable[[int, str], None]


class Side:
    """One of the two sets: rows by code, and the same as the laboratory's arrays."""

    def __init__(self, term: Term | None) -> None:
        found = ElectoralDistrict.objects.filter(term=term) if term else ElectoralDistrict.objects.none()
        self.rows = list(found.defer("geom", "geom_3857").annotate(wkb=AsWKB("geom")).prefetch_related("employers").order_by("code"))
        self.set = DistrictSet(
            [shapely.from_wkb(bytes(row.wkb)) if row.wkb is not None else None for row in self.rows],
            np.array([row.number for row in self.rows], np.int32),
            np.array([row.seats for row in self.rows], np.int32),
            np.array([np.nan if row.population is None else row.population for row in self.rows], float),
            [frozenset(employer.pk for employer in row.employers.all()) for row in self.rows],
        )

    def named(self, index: int) -> str:
        return self.rows[index].name if index != NOWHERE else ""


def fingerprint(review: TurnoverReview) -> str:
    """Of all that a review rests on. Another one than the review's own: the data have changed since."""
    versions = dict(LayerVersion.objects.filter(layer__in=("doorplate", "area")).values_list("layer", "version"))
    said = [review.term.fingerprint(), review.base.fingerprint() if review.base else "", versions.get("doorplate", 0), versions.get("area", 0)]
    return hashlib.sha256(repr(said).encode()).hexdigest()


def weigh(review: TurnoverReview, say: Say = lambda percent, note: None) -> tuple[dict[str, Any], Iterator[tuple[int, int | None, int | None]]]:
    """The review's result, and (doorplate, old district, new district) ids of every doorplate that changes, by doorplate id."""
    say(5, "读取选区")
    old, new = Side(review.base), Side(review.term)
    congress = AdminArea.objects.get(pk=review.term.congress_id)
    within = shapely.from_wkb(bytes(congress.geom.wkb)) if congress.geom else None
    crossing = Crossing(old.set, new.set, within)
    for done, total in _send(crossing, congress):
        say(10 + round(60 * done / max(total, 1)), f"已比对 {done:,} / {total:,} 个门牌")
    say(75, "检查重叠、空隙和人口")
    turnover = crossing.result()
    seams = [fault for fault in crossing.faults if fault.square_metres >= SLIVER]
    people = dict(AdminArea.objects.filter(level="village", population__isnull=False).values_list("pk", "population"))
    population = np.where(np.isfinite(new.set.population), new.set.population, turnover.estimated(people))
    mean, deviation = per_seat(population, new.set.seats)
    result: dict[str, Any] = {
        "doorplates": len(turnover.keys), "changed": int(turnover.changed.sum()), "uncovered": len(turnover.uncovered),
        "doubled": len(turnover.doubled), "outside": turnover.outside, "seats": int(new.set.seats.sum()), "old_seats": int(old.set.seats.sum()),
        "mean": None if np.isnan(mean) else round(mean, 1), "seam_kinds": dict(Counter(seam.kind for seam in seams)), "seams": [_seam(seam, new) for seam in seams[:SEAMS_KEPT]],
        "districts": _districts(turnover, old, new, population, deviation), "given_up": _given_up(turnover, old, new), "pairs": _pairs(turnover, old, new),
        "villages": _villages(turnover, new), "employers": _employers(turnover, old, new),
    }  # fmt: skip
    result["checks"] = checks(review, congress, result)
    return result, _changes(turnover, old, new)


def _send(crossing: Crossing, congress: AdminArea) -> Iterator[tuple[int, int]]:
    plates: QuerySet = Doorplate.objects.active()
    if congress.geom and congress.level != AdminArea.Level.COUNTY:
        plates = plates.filter(point__bboverlaps=congress.geom)  # a town is a small part of the county
    total, done = plates.count(), 0
    places = (Func("point", function=name, output_field=FloatField()) for name in ("ST_X", "ST_Y"))
    rows = plates.order_by("pk").values_list("pk", "village_id", *places).iterator(chunk_size=AT_ONCE)
    while block := list(islice(rows, AT_ONCE)):
        keys, villages, lon, lat = zip(*block, strict=True)
        crossing.add(keys, lon, lat, [NOWHERE if village is None else village for village in villages])
        done += len(block)
        yield done, total


def _changes(turnover: Turnover, old: Side, new: Side) -> Iterator[tuple[int, int | None, int | None]]:
    old_ids, new_ids = [*(row.pk for row in old.rows), None], [*(row.pk for row in new.rows), None]
    moved = turnover.changed
    for key, before, after in zip(turnover.keys[moved].tolist(), turnover.old[moved].tolist(), turnover.new[moved].tolist(), strict=True):
        yield key, old_ids[before], new_ids[after]


def _seam(seam: Fault, new: Side) -> dict:
    simple = shapely.set_precision(shapely.simplify(seam.shape, 1e-5), 1e-6)
    shape = simple if not simple.is_empty else seam.shape
    return {
        "kind": seam.kind, "districts": [new.named(position) for position in seam.positions], "area": round(seam.square_metres),
        "shape": shapely.geometry.mapping(shape),
    }  # fmt: skip


def _districts(turnover: Turnover, old: Side, new: Side, population: np.ndarray, deviation: np.ndarray) -> list[dict]:
    """A row for each new district: people, seats, doorplates, and where its doorplates come from."""
    rows = []
    for index, row in enumerate(new.rows):
        origin = int(turnover.origin[index])
        sources = turnover.matrix[:, index]
        parts = [(old.named(i) if i < len(old.rows) else "", int(sources[i])) for i in np.argsort(-sources, kind="stable") if sources[i]]
        known = np.isfinite(population[index])
        rows.append({
            "pk": row.pk, "code": row.code, "name": row.name, "number": row.number, "seats": row.seats, "basis": row.basis, "basis_label": row.get_basis_display(),
            "population": round(float(population[index])) if known else None, "estimated": bool(known and row.population is None),
            "per_seat": round(float(population[index]) / row.seats) if known else None,
            "deviation": round(float(deviation[index]), 4) if np.isfinite(deviation[index]) else None,
            "doors": int(sources.sum()), "gained": int(sources.sum() - (sources[origin] if origin != NOWHERE else 0)),
            "origin": old.named(origin), "old_seats": old.rows[origin].seats if origin != NOWHERE else None, "parts": parts[:6],
        })  # fmt: skip
    return rows


def _given_up(turnover: Turnover, old: Side, new: Side) -> list[dict]:
    """Old districts that no new one continues, and where most of their doorplates go."""
    rows = []
    for index in np.flatnonzero(turnover.heir == NOWHERE).tolist():
        goes = turnover.matrix[index, :-1]
        to = int(np.argmax(goes)) if len(goes) and goes.max() else NOWHERE
        rows.append({"name": old.named(index), "seats": old.rows[index].seats, "doors": int(turnover.matrix[index].sum()), "to": new.named(to)})
    return rows


def _pairs(turnover: Turnover, old: Side, new: Side) -> list[dict]:
    """From which district to which so many doorplates change, most first; an empty name is "in none"."""
    old_ids, new_ids = [*(row.pk for row in old.rows), None], [*(row.pk for row in new.rows), None]
    left = turnover.matrix.copy()
    left[-1, -1] = 0
    stay = np.flatnonzero(turnover.heir != NOWHERE)
    left[stay, turnover.heir[stay]] = 0
    found = [(int(left[i, j]), i, j) for i, j in zip(*np.nonzero(left), strict=True)]
    found.sort(key=lambda pair: (-pair[0], pair[1], pair[2]))
    return [
        {"doors": doors, "old": old_ids[i], "new": new_ids[j], "old_name": old.named(i) if i < len(old.rows) else "", "new_name": new.named(j) if j < len(new.rows) else ""}
        for doors, i, j in found
    ]


def _villages(turnover: Turnover, new: Side) -> list[dict]:
    """Villages that lie in several new districts, the most evenly cut first."""
    split = turnover.split_villages()
    names = {pk: (name, town) for pk, name, town in AdminArea.objects.filter(pk__in=split).values_list("pk", "name", "parent__name")}
    rows = [
        {"name": names[pk][0], "town": names[pk][1] or "", "doors": sum(parts.values()),
         "parts": [(new.named(index), doors) for index, doors in sorted(parts.items(), key=lambda part: (-part[1], part[0]))]}
        for pk, parts in split.items() if pk in names
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (row["parts"][0][1] - row["doors"], row["town"], row["name"]))


def _employers(turnover: Turnover, old: Side, new: Side) -> list[dict]:
    """Employers whose district is not continued by their new one."""
    before, after = _by_employer(old), _by_employer(new)
    rows = []
    for employer in sorted(before.keys() | after.keys(), key=lambda one: one.code):
        was, will = before.get(employer, []), after.get(employer, [])
        if sorted(int(turnover.heir[index]) for index in was) != sorted(will):
            rows.append({"name": employer.name, "old": [old.named(i) for i in was], "new": [new.named(i) for i in will]})
    return rows


def _by_employer(side: Side) -> dict:
    found: dict = {}
    for index, row in enumerate(side.rows):
        for employer in row.employers.all():
            found.setdefault(employer, []).append(index)
    return found
