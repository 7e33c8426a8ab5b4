"""What has been read is written: new records, new states of known ones, what is linked to what. The caller holds the source's row lock."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

from django.contrib.gis.geos import Point
from django.utils import timezone

from apps.cases.redaction import redact
from apps.hotline.entries import Entry, Problem
from apps.hotline.models import Intake, Record, RecordEvent
from apps.hotline.reading import Key, ReadRow
from apps.hotline.workflow_links import link_all, note_states
from apps.organisations.models import Organisation

OWNERS = ("state", "due_on", "answered_at", "satisfied", "unit_words", "organisation_id")  # what an owner changes in the course of an order
TOLD = ("received_at", "timed", "channel", "told_for", "elder")
WORDS = ("title", "text", "marks")
PLACED = ("category_id", "category_sure", "point", "located_by", "town_id", "village_id")
CHANGING = (*OWNERS, *TOLD, *WORDS, *PLACED)
BATCH = 500


@dataclass
class Counted:
    """What became of some rows; names as of `Intake`."""

    read: int = 0
    taken: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    linked: int = 0
    unlocated: int = 0
    problems: list[Problem] = field(default_factory=list)

    def add(self, other: "Counted") -> None:
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))

    def refuse(self, row: int, reason: str, label: str = "") -> None:
        self.problems.append(Problem(row, label, reason))
        self.refused += 1


class Units:
    """Units by what they are called: the name itself, without the county before it, or one inside a longer one."""

    @cached_property
    def _named(self) -> list[tuple[str, int]]:
        rows = Organisation.objects.standing().filter(handles_cases=True).values_list("pk", "name", "short_name")
        named = {name: pk for pk, *names in rows for name in names if len(name) > 2}
        return sorted(named.items(), key=lambda pair: -len(pair[0]))

    @cached_property
    def _exact(self) -> dict[str, int]:
        return dict(self._named)

    def of(self, words: str) -> int | None:
        if not words:
            return None
        if words in self._exact:
            return self._exact[words]
        return next((pk for name, pk in self._named if name in words), None) or next((pk for name, pk in self._named if len(words) > 3 and name.endswith(words)), None)


def write(intake: Intake, entries: list[Entry], read: dict[int, ReadRow], units: Units) -> Counted:
    """entries: of one source, in the order of the rows; read: by row, for those with words. One transaction is the caller's."""
    done, now = Counted(), timezone.now()
    last = {entry.raw.number: entry for entry in entries}
    for entry in entries:
        if last[entry.raw.number] is not entry:
            done.problems.append(Problem(entry.row, "工单号", "同一工单号在后面又出现，以后面的为准", refused=False))
            done.unchanged += 1
    known = {record.number: record for record in Record.objects.select_for_update().filter(source=intake.source_id, number__in=last)}
    fresh, changed = [], []
    for number, entry in last.items():
        row, record = read.get(entry.row), known.get(number)
        if record is None:
            if row is None or "received_at" not in entry.told:
                done.refuse(entry.row, "没有内容，也不是收过的工单" if row is None else "没有受理时间", "内容" if row is None else "受理时间")
                continue
            fresh.append((_new(intake, entry, row, units, now), row))
        else:
            _renew(record, entry, row, units, now, changed, done)
    _keep_changes(changed, now)
    records = Record.objects.bulk_create([record for record, _ in fresh], batch_size=BATCH)
    done.taken = len(records)
    done.unlocated = sum(record.located_by == "" for record in records)
    _liken(records, [row for _, row in fresh])
    done.linked = link_all([(record, row.case) for record, row in zip(records, (row for _, row in fresh), strict=True) if row.case and row.case.certain], now)
    return done


def _new(intake: Intake, entry: Entry, row: ReadRow, units: Units, now: dt.datetime) -> Record:
    proposed = row.case if row.case and not row.case.certain else None
    return Record(
        source_id=intake.source_id, number=entry.raw.number, intake=intake, created=now, changed_at=now, proposed_id=proposed and proposed.case,
        reason=proposed.reason[:120] if proposed else "", **_said(entry, row, units),
    )  # fmt: skip


def _said(entry: Entry, row: ReadRow | None, units: Units) -> dict[str, Any]:
    """Columns of a record that an entry gives. A channel is a cell like any other: it is redacted too."""
    said = {**entry.told}
    if "channel" in said:
        said["channel"] = redact(said["channel"]).text[:20]
    if row is None:
        words = redact(entry.raw.unit_words).text[:80]
        return said | ({"unit_words": words, "organisation_id": units.of(words)} if words else {})
    if row.unit_words:
        said |= {"unit_words": row.unit_words[:80], "organisation_id": units.of(row.unit_words)}
    place = row.place
    point = Point(place.lon, place.lat, srid=4326) if place.lon is not None and place.lat is not None else None
    return said | {
        "title": row.title[:200], "text": (row.text or row.title)[:4000], "marks": dict(row.marks), "category_id": row.category, "category_sure": row.category_sure,
        "point": point, "located_by": place.located_by, "town_id": place.town, "village_id": place.village,
    }  # fmt: skip


def _renew(record: Record, entry: Entry, row: ReadRow | None, units: Units, now: dt.datetime, changed: list[Record], done: Counted) -> None:
    """What is read anew of the same words is left as it was: sorting and places do not change because a table came again."""
    said = _said(entry, row, units)
    same_words = row is None or (said["title"], said["text"]) == (record.title, record.text)
    kept = {name: value for name, value in said.items() if not (same_words and (name in WORDS or (name in PLACED and record.located_by)))}
    if same_words and not record.located_by and not kept.get("located_by"):
        kept = {name: value for name, value in kept.items() if name not in PLACED}
    differing = {name: value for name, value in kept.items() if getattr(record, name) != value}
    if not differing:
        done.unchanged += 1
        return
    before = record.state
    for name, value in differing.items():
        setattr(record, name, value)
    record.changed_at = now
    record.said = {"fields": sorted(differing), **({"state": [before, record.state]} if "state" in differing else {})}
    changed.append(record)
    done.changed += 1


def _keep_changes(changed: list[Record], now: dt.datetime) -> None:
    if not changed:
        return
    Record.objects.bulk_update(changed, [*(name.removesuffix("_id") for name in CHANGING), "changed_at"], batch_size=BATCH)
    RecordEvent.objects.append_each([(record.pk, "update", "", record.said) for record in changed], at=now)
    note_states([record for record in changed if record.case_id and "state" in record.said], now)


def _liken(records: list[Record], rows: list[ReadRow]) -> None:
    """Each points at the earliest of its matter."""
    pairs = [(record, row.like) for record, row in zip(records, rows, strict=True) if row.like]
    first = _firsts({like for _, like in pairs})
    likened = []
    for record, like in pairs:
        if (earliest := first.get(like)) and earliest != record.pk:
            record.like_id = earliest
            likened.append(record)
    Record.objects.bulk_update(likened, ["like"], batch_size=BATCH)


def _firsts(keys: Iterable[Key]) -> dict[Key, int]:
    """The record behind each key, or the one that it is a repeat of."""
    by_source: dict[int, list[str]] = {}
    for source, number in keys:
        by_source.setdefault(source, []).append(number)
    found: dict[Key, int] = {}
    for source, numbers in by_source.items():
        for pk, number, like in Record.objects.filter(source=source, number__in=numbers).values_list("pk", "number", "like"):
            found[source, number] = like or pk
    return found
