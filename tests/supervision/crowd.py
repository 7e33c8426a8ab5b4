"""A county by chance in the database, and a draft of it: for tests that hold the product against counting everything."""

import datetime as dt

import numpy as np
from django.contrib.gis.geos import Point

from apps.accounts.models import User
from apps.deputies.models import Deputy, Field, Home, Mandate
from apps.organisations.models import Organisation
from apps.projects.models import KeyProject
from apps.supervision import workflow
from apps.supervision.models import AssignmentRun
from apps.supervision.presets import DraftRules
from tests import town as toy
from tests.bench import supervision
from tests.town import Town


def settle(town: Town, n: int, m: int, seed: int, ratio: float = 1.5) -> None:
    """n projects and m deputies of the county instead of the town's own; seats are `ratio` times the places wanted."""
    projects, deputies, _ = supervision.instance(n, m, 3, ratio, seed=seed)
    KeyProject.objects.all().delete()
    Mandate.objects.all().delete()
    fields, places = list(Field.objects.order_by("pk"))[: supervision.FIELDS], np.random.default_rng(seed)
    bodies = Organisation.objects.bulk_create(Organisation(code=f"B{row}", name=f"单位{row}", kind="enterprise") for row in range(8))
    for row in range(n):
        site = Point(projects.lon[row], projects.lat[row], srid=4326)
        KeyProject.objects.create(
            code=f"X{row:03d}", name=f"项目{row}", field=fields[projects.field[row] % len(fields)], kind="new", level="county", responsible=bodies[places.integers(8)],
            owner=bodies[places.integers(8)], geom=site, site=site, starts=dt.date(2026, 1, 1), ends=dt.date(2097, 1, 1), demand=int(projects.demand[row]),
            experts=int(places.integers(2)),
        )  # fmt: skip
    for row in range(m):
        one = Deputy.objects.create(
            code=f"Y{row:03d}", name=f"代表{row}", capacity=int(deputies.capacity[row]), organisation=bodies[places.integers(8)] if places.random() < 0.5 else None,
            workplace=Point(deputies.workplace_lon[row], deputies.workplace_lat[row], srid=4326),
        )  # fmt: skip
        one.fields.set([fields[column % len(fields)] for column in np.flatnonzero(deputies.fields[row])])
        Home.objects.create(deputy=one, point=Point(deputies.residence_lon[row], deputies.residence_lat[row], srid=4326))
        Mandate.objects.create(deputy=one, term=town.terms["county"], district=town.districts["C1"])


def drafted(office: User, **rules) -> AssignmentRun:
    """A computed draft; distances of the crowd are those of a province."""
    return workflow.compute(workflow.draft(office, "nearest", rules=DraftRules(**({"max_distance": None} | rules))).pk, toy.TODAY)
