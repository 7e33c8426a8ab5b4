"""Voices of the toy county that everybody can count: cases and records of the hotline, as many as asked for, where and when it is said."""

import datetime as dt
import itertools

from django.contrib.gis.geos import Point

from apps.cases.models import Case, Category
from apps.hotline.models import Intake, Record, Source
from tests.town import TODAY, Town

ZONE = dt.timezone(dt.timedelta(hours=8))
_numbers = itertools.count(1)


def moment(day: dt.date, hour: int = 9) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour, 30), ZONE)


def case(town: Town, village: str, *, ago: int = 1, hour: int = 9, category: str = "housing", **changes) -> Case:
    """A case in the middle of a village, so many days before TODAY."""
    area = town.villages[village]
    values = {
        "state": Case.State.WITH_TOWN, "channel": "web", "text": "路灯不亮", "point": area.geom.centroid, "town": area.parent, "village": area,
        "grid": town.grids[village], "category": Category.objects.get(code=category) if category else None,
        "submitted_at": moment(TODAY - dt.timedelta(days=ago), hour),
    }  # fmt: skip
    return Case.objects.create(**(values | changes))


def source(code: str = "12345", **changes) -> Source:
    return Source.objects.get_or_create(
        code=code, defaults={"name": f"热线{code}", "kind": Source.Kind.HOTLINE} | changes
    )[0]


def record(
    town: Town,
    village: str | None,
    *,
    ago: int = 1,
    hour: int = 9,
    category: str = "housing",
    of: Source | None = None,
    **changes,
) -> Record:
    """A record of the hotline in the middle of a village; None: nobody knows where."""
    of = of or source()
    intake = Intake.objects.filter(source=of).first() or Intake.objects.create(source=of, file_name="一批.csv")
    area = town.villages[village] if village else None
    values = {
        "source": of, "intake": intake, "number": f"N{next(_numbers)}", "text": "路灯不亮", "received_at": moment(TODAY - dt.timedelta(days=ago), hour),
        "category": Category.objects.get(code=category) if category else None, "town": area.parent if area else None, "village": area,
        "point": Point(area.geom.centroid.x, area.geom.centroid.y, srid=4326) if area else None, "located_by": "doorplate" if area else "",
    }  # fmt: skip
    return Record.objects.create(**(values | changes))
