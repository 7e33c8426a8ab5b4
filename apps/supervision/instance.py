"""A run's topics and deputies as the solver's arrays: which row is whom, who is recused, who lives in which town."""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from apps.deputies.models import Deputy, Field, FieldAffinity, Mandate
from apps.matching.assignment import Deputies, Projects, Rules
from apps.matching.costs import PairTable, price_pairs
from apps.supervision.models import AssignmentRun, TeamMember
from apps.supervision.presets import RunRules
from apps.supervision.topics import Topic
from apps.territory.locate import PolygonLocator
from apps.territory.models import AdminArea, Term


@dataclass(frozen=True, eq=False)
class Instance:
    """Rows in the order of codes, so that the same data gives the same arrays."""

    topic_rows: list[Topic]
    deputy_rows: list[Deputy]
    projects: Projects
    deputies: Deputies
    rules: Rules

    @cached_property
    def topic_index(self) -> dict[int, int]:
        return {topic.pk: row for row, topic in enumerate(self.topic_rows)}

    @cached_property
    def deputy_index(self) -> dict[int, int]:
        return {deputy.pk: row for row, deputy in enumerate(self.deputy_rows)}

    @cached_property
    def table(self) -> PairTable:
        """Every pair's cost and whether it is allowed, [n, m]."""
        return price_pairs(self.projects, self.deputies, self.rules)


def instance(run: AssignmentRun, on: dt.date) -> Instance:
    """All topics of the year and the county deputies who can supervise them on that day; county leaders are not drawn."""
    topic_rows = list(Topic.objects.current(on.year).with_facts().by_code().prefetch_related("project__contractors"))
    county_seats = Mandate.objects.in_force(on).filter(term__level=Term.Level.COUNTY).values("deputy")
    deputy_rows = list(
        Deputy.objects.filter(pk__in=county_seats, county_leader=False)
        .order_by("code").select_related("home", "residence_village").prefetch_related("fields")
    )
    fields = {pk: column for column, pk in enumerate(Field.objects.order_by("pk").values_list("pk", flat=True))}
    rules = RunRules(**run.rules)
    return Instance(
        topic_rows,
        deputy_rows,
        _projects(topic_rows, fields),
        _deputies(deputy_rows, fields),
        _rules(rules, run, topic_rows, deputy_rows, fields),
    )


def _projects(rows: list[Topic], fields: dict[int, int]) -> Projects:
    bodies = [row.bodies for row in rows]
    width = max(map(len, bodies), default=0)
    return Projects(
        lon=np.array([row.site.x for row in rows], float),
        lat=np.array([row.site.y for row in rows], float),
        field=np.array([fields.get(row.field_id, -1) for row in rows], np.int32),
        demand=np.array([row.demand for row in rows], np.int32),
        experts=np.array([row.experts if row.field_id else 0 for row in rows], np.int32),
        town=np.array([row.town_id or -1 for row in rows], np.int32),
        organisations=np.array([body + [-1] * (width - len(body)) for body in bodies], np.int32).reshape(len(rows), width),
    )


def _deputies(rows: list[Deputy], fields: dict[int, int]) -> Deputies:
    home = np.array([(row.home.point.x, row.home.point.y) if hasattr(row, "home") else (np.nan, np.nan) for row in rows], float).reshape(-1, 2)
    work = np.array([(row.workplace.x, row.workplace.y) if row.workplace else (np.nan, np.nan) for row in rows], float).reshape(-1, 2)
    knows = np.zeros((len(rows), len(fields)), bool)
    for row, deputy in enumerate(rows):
        knows[row, [fields[field.pk] for field in deputy.fields.all()]] = True
    home_town = np.array([(row.residence_village.parent_id or -1) if row.residence_village else -1 for row in rows], np.int32)
    return Deputies(
        residence_lon=home[:, 0], residence_lat=home[:, 1], workplace_lon=work[:, 0], workplace_lat=work[:, 1],
        fields=knows,
        capacity=np.array([row.capacity for row in rows], np.int32),
        organisation=np.array([row.organisation_id or -1 for row in rows], np.int32),
        towns=np.column_stack((home_town, _towns_at(work))).astype(np.int32).reshape(-1, 2),
    )


def _towns_at(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Primary keys of the towns that the points lie in, -1 outside all."""
    towns = [(pk, geom) for pk, geom in AdminArea.objects.towns().filter(geom__isnull=False).values_list("pk", "geom")]
    if not towns or not len(points):
        return np.full(len(points), -1)
    import shapely

    found = PolygonLocator(shapely.from_wkb([bytes(geom.wkb) for _, geom in towns])).locate(points[:, 0], points[:, 1])
    keys = np.array([pk for pk, _ in towns] + [-1])
    return keys[found]


def _rules(rules: RunRules, run: AssignmentRun, topics: list[Topic], deputies: list[Deputy], fields: dict[int, int]) -> Rules:
    near = [(fields[first], fields[second], closeness) for first, second, closeness in FieldAffinity.objects.values_list("first", "second", "closeness")]
    return rules.for_fields(len(fields), near, _previous(run, topics, deputies))


def _previous(run: AssignmentRun, topics: list[Topic], deputies: list[Deputy]) -> NDArray[np.int64]:
    """The pairs of the run that was in force when this one was drafted, where both still stand."""
    before = AssignmentRun.objects.published().filter(published_at__lt=run.created_at).order_by("-published_at").first()
    topic_row = {row.pk: index for index, row in enumerate(topics)}
    deputy_row = {row.pk: index for index, row in enumerate(deputies)}
    members = TeamMember.objects.filter(team__run=before).values_list("team__topic", "deputy") if before else []
    pairs = [(topic_row[t], deputy_row[d]) for t, d in members if t in topic_row and d in deputy_row]
    return np.array(pairs, np.int64).reshape(-1, 2)
