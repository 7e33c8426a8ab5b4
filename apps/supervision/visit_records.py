"""What people hand in about a visit: that they are there, what they saw, what they arrange. Plain values, for the verbs of `workflow_visits.py`."""

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from apps.deputies.models import Deputy, Group
from apps.organisations.models import Organisation
from apps.record.files import Photo
from apps.supervision.on_site import Position
from apps.supervision.rating_sheets import RatingSheet
from apps.supervision.topics import Topic


@dataclass(frozen=True)
class Presence:
    """A check-in: when by the phone's clock, and where; or why there is no position."""

    at: dt.datetime
    position: Position | None = None
    reason: str = ""


@dataclass(frozen=True)
class Raised:
    """A finding as it is written on the visit's form. severity: of `Finding.Severity`."""

    text: str
    severity: int
    photos: tuple[Photo, ...] = ()


@dataclass(frozen=True)
class Record:
    """What was seen. ratings: indicator id → value, of the sheet; what was not looked at is left out. presence: None when signed in already."""

    submission: uuid.UUID
    text: str
    visited_on: dt.date
    sheet: RatingSheet | None = None
    ratings: Mapping[int, int] = field(default_factory=dict)
    photos: tuple[tuple[Photo, str], ...] = ()  # with captions
    findings: tuple[Raised, ...] = ()
    presence: Presence | None = None

    def digest(self) -> str:
        """Tells the same record sent twice from another one written in the same form."""
        said = [self.text, self.visited_on.isoformat(), sorted(self.ratings.items()), [[f.text, str(f.severity)] for f in self.findings]]
        photos = sorted([photo.pk for photo, _ in self.photos] + [photo.pk for f in self.findings for photo in f.photos])
        return hashlib.sha256(json.dumps([said, photos], ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True)
class Inspection:
    """What the office arranges."""

    topic: Topic
    name: str
    planned_on: dt.date
    planned_at: dt.time | None
    meeting_place: str
    agenda: str
    deputies: tuple[Deputy, ...]
    leader: Deputy
    group: Group | None = None
    accompanying: tuple[Organisation, ...] = ()
