"""Where a phone was when somebody signed in, and how far that is from the site of the topic."""

from dataclasses import dataclass

from django.db import models
from django.db.models.expressions import RawSQL

from apps.matching.datum import UNDO, WGS84, metres_between, undone
from apps.projects.models import KeyProject
from apps.supervision.topics import Topic
from apps.supervision.visits import NEAR

SURE = 100.0  # metres: how near the site a position with a shift undone must lie before the shift is believed, at best accuracy


@dataclass(frozen=True)
class Position:
    """As the phone gave it: degrees, in the datum that it was said to be in; metres."""

    lon: float
    lat: float
    accuracy: float | None = None
    datum: str = WGS84


@dataclass(frozen=True)
class Fix:
    """A position in WGS 84, the datum that it was freed of (empty: none) and metres from the site's shape, 0 inside."""

    lon: float
    lat: float
    datum: str
    distance: float


def metres_to(topic: Topic, lon: float, lat: float) -> float:
    """From the nearest point of the project's shape, or from the topic's one point; on the ellipsoid."""
    if topic.project_id is None:
        return metres_between((topic.site.x, topic.site.y), (lon, lat))
    # By hand: the ORM measures on the ellipsoid between points only, and a road is no point.
    away = RawSQL(
        'ST_Distance("projects_keyproject"."geom"::geography, ST_SetSRID(ST_MakePoint(%s, %s), 4326)::geography)', (lon, lat), output_field=models.FloatField()
    )
    return KeyProject.objects.filter(pk=topic.project_id).values_list(away, flat=True).get()


def fixed(topic: Topic, given: Position) -> Fix:
    """Where that was. A phone that gives a web map's shifted coordinates without saying so gives itself away: with the shift undone it
    stands on the site, and without it does not."""
    lon, lat = undone(given.lon, given.lat, given.datum)
    here = Fix(lon, lat, given.datum if given.datum in UNDO else "", metres_to(topic, lon, lat))
    if here.datum or here.distance <= NEAR:
        return here
    for name in UNDO:
        there = undone(given.lon, given.lat, name)
        away = metres_to(topic, *there)
        if away <= max(SURE, min(given.accuracy or 0.0, NEAR)):
            return Fix(*there, name, away)
    return here
