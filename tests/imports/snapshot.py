"""Everything that imports write, by natural keys, so that two databases can be compared: attributes equal, places near."""

from functools import cache
from typing import Any

import shapely
from django.contrib.gis.geos import GEOSGeometry
from django.db.models import GeneratedField, Model

from apps.cases.models import Case, CaseEvent, Rating
from apps.deputies.grid import GridMember
from apps.deputies.models import Contact, Deputy, Group, Home, Mandate, Station
from apps.deputies.rota import DutyTurn, Rota
from apps.organisations.models import Organisation
from apps.projects.models import KeyProject, ProgressReport, ProjectReport, Subproject
from apps.supervision.findings import CoHandler, Finding, FindingEvent, Oversight
from apps.supervision.visits import CheckIn, IndicatorRating, Visit, VisitParticipant
from apps.territory.models import AdminArea, Doorplate, ElectoralDistrict, Grid, IssuedPlate, Issuer, Term

METRES_PER_DEGREE = 111_320.0
KEYS: dict[type[Model], tuple[str, ...]] = {
    AdminArea: ("code",), Organisation: ("code",), Term: ("congress", "number", "plan"), ElectoralDistrict: ("code",), Grid: ("code",),
    Doorplate: ("code",), Issuer: ("slug",), IssuedPlate: ("issuer", "external_id"), Station: ("code",), Group: ("name",), Deputy: ("code",), Home: ("deputy",), Contact: ("deputy",),
    Mandate: ("deputy", "term"), Rota: ("station", "month"), DutyTurn: ("rota", "day", "order"), KeyProject: ("code",), Subproject: ("project", "number"), ProgressReport: ("subproject", "month"), ProjectReport: ("project", "month"),
    Visit: ("code",), VisitParticipant: ("visit", "deputy"), CheckIn: ("participant",), IndicatorRating: ("visit", "indicator"),
    Finding: ("code",), FindingEvent: ("subject", "verb", "at"), CoHandler: ("finding", "organisation"), Oversight: ("finding", "body"),
    GridMember: ("grid", "deputy"), Case: ("code",), CaseEvent: ("subject", "verb", "at"), Rating: ("case", "by", "part", "round"),
}  # fmt: skip
LISTS = {ElectoralDistrict: "employers", Deputy: "fields", KeyProject: "contractors"}
OWN = {"id", "reported_at", "submission", "follow_code", "hash", "previous_hash"}  # made anew by every database


def snapshot() -> dict[str, dict[tuple, dict[str, Any]]]:
    """Model name -> natural key -> field -> value; geometries as shapely."""

    @cache
    def named(model: type[Model]) -> dict[Any, Any]:
        return {row.pk: key(row) for row in model._default_manager.all()}

    def value(row: Model, name: str) -> Any:
        field = row._meta.get_field(name)
        found = getattr(row, field.attname)
        if field.is_relation:
            model = field.related_model
            return None if found is None else named(model)[found] if model in KEYS else str(model._default_manager.get(pk=found))
        return shapely.from_wkb(bytes(found.wkb)) if isinstance(found, GEOSGeometry) else found

    def key(row: Model) -> tuple:
        return tuple(value(row, name) for name in KEYS[type(row)])

    result: dict[str, dict[tuple, dict[str, Any]]] = {}
    for model in KEYS:
        names = [f.name for f in model._meta.concrete_fields if f.name not in OWN and not isinstance(f, GeneratedField)]
        rows = {key(row): {name: value(row, name) for name in names} for row in model._default_manager.all()}
        if model in LISTS:
            for row in model._default_manager.prefetch_related(LISTS[model]):
                rows[key(row)][LISTS[model]] = sorted(str(other) for other in getattr(row, LISTS[model]).all())
        result[model.__name__] = rows
    return result


def differences(first: dict, second: dict, metres: float = 0.1) -> list[str]:
    """Where two snapshots differ: rows, attributes, or places by more than so many metres."""
    found = []
    for model, rows in first.items():
        if missing := set(rows) ^ set(second[model]):
            found.append(f"{model}: {sorted(map(str, missing))[:5]}")
        for key in set(rows) & set(second[model]):
            for name, value in rows[key].items():
                other = second[model][key][name]
                if isinstance(value, shapely.Geometry) and isinstance(other, shapely.Geometry):
                    away = shapely.hausdorff_distance(value, other) * METRES_PER_DEGREE
                    if not away <= metres or value.geom_type != other.geom_type:
                        found.append(f"{model} {key} {name}: {away:.3f} m")
                elif value != other:
                    found.append(f"{model} {key} {name}: {value!r} != {other!r}")
    return found
