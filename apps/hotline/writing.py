"""What has been read is written: new records, new states of known ones, what is linked to what. The caller holds the source's row lock."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

from django.contrib.gis.geos import Point
from django.utils import timezone

from apps.cases.models import Case
from apps.cases.redaction import redact
from apps.hotline.entries import Entry, Problem
from apps.hotline.models import Intake, Record, RecordEvent
from apps.hotline.reading import CaseLink, Key, ReadRow
from apps.hotline.workflow_links import LONGEST_REASON, link_all, note_states
from apps.organisations.models import Organisation

OWNERS = ("state", "due_on", "answered_at", "satisfied", "unit_words", "organisation_id")  # what an owner changes in the course of an order
TOLD = ("received_at", "timed", "channel", "told_for", "elder")
WORDS = ("title", "text", "marks")
SORTED = ("category_id", "category_sure")
PLACED = ("point", "located_by", "town_id", "village_id")
CHANGING = (*OWNERS, *TOLD, *WORDS, *SORTED, *PLACED)
HOW_WELL = ("", Record.LocatedBy.TOWN, Record.LocatedBy.VILLAGE, Record.LocatedBy.ROAD, Record.LocatedBy.DOORPLATE, Record.LocatedBy.COORDINATES)  # a place is known
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
    done.unchanged = len(entries) - len(last)  # what comes again further down stands for what it says there
    known = {record.number: record for record in Record.objects.select_for_update().filter(source=intake.source_id, number__in=last)}
    for record in known.values():
        record.source = intake.source
    verdicts = Verdicts(known, read.values())
    fresh: list[tuple[Record, ReadRow]] = []
    changed: list[Record] = []
    about: list[tuple[Record, CaseLink]] = []
    for number, entry in last.items():
        row, record = read.get(entry.row), known.get(number)
        link = verdicts.allowed(row, record) if row else None
        if record is not None:
            _renew(record, entry, row, units, now, changed, done)
            if link and not record.case_id:
                about.append((record, link))
        elif row is None or "received_at" not in entry.told:
            done.refuse(entry.row, "没有内容，也不是收过的工单" if row is None else "没有受理时间", "内容" if row is None else "受理时间")
        else:
            record = Record(source=intake.source, number=number, intake=intake, created=now, changed_at=now, **_said(entry, row, units))
            fresh.append((record, row))
            if link:
                about.append((record, link))
    _keep_changes(changed, now)
    records = Record.objects.bulk_create([record for record, _ in fresh], batch_size=BATCH)
    done.taken = len(records)
    done.unlocated = sum(record.located_by == "" for record in records)
    _liken(records, [row for _, row in fresh])
    _propose([pair for pair in about if not pair[1].certain])
    done.linked = link_all([pair for pair in about if pair[1].certain], now)
    return done


class Verdicts:
    """What persons have said of orders and cases: one that they unlinked, or said is another matter, is neither linked nor proposed again, for
    the order itself and for those that repeat it."""

    def __init__(self, known: dict[str, Record], rows: Iterable[ReadRow]) -> None:
        asked = [row for row in rows if row.case]
        self._likes = _stored({row.like for row in asked if row.like})
        of_orders = {known[row.number].pk for row in asked if row.number in known} | {pk for pair in self._likes.values() for pk in pair if pk}
        said = RecordEvent.objects.filter(subject__in=of_orders, verb__in=("unlink", "decline")).values_list("subject", "data__case") if of_orders else ()
        cases: dict[str, set[int]] = {}
        for code, *ids in Case.objects.filter(code__in={code for _, code in said}).values_list("code", "pk", "merged_into") if said else ():
            cases[code] = {pk for pk in ids if pk}
        self._others = {(order, case) for order, code in said for case in cases.get(code, ())}

    def allowed(self, row: ReadRow, record: Record | None) -> CaseLink | None:
        """The case that the row is about, unless somebody has said that it is not."""
        orders = (record and record.pk, *self._likes.get(row.like, ()))
        return None if row.case is None or any((order, row.case.case) in self._others for order in orders) else row.case


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
    """What a row does not say stays; sorting and places do not change because the same words came again."""
    said = _said(entry, row, units)
    left: set[str] = set()
    if row is not None:
        only_title = not row.text and record.text != record.title
        left |= {"text", "marks"} if only_title else {"title"} if not row.title else set()
        if all(said[name] == getattr(record, name) for name in ("title", "text") if name not in left):
            left |= {*WORDS, *(SORTED if record.category_id else ()), *(PLACED if record.located_by else ())}
        left |= {*(SORTED if said["category_id"] is None else ()), *(() if _placed_better(record, said) else PLACED)}
    kept = {name: value for name, value in said.items() if name not in left}
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


def _placed_better(record: Record, said: dict[str, Any]) -> bool:
    now, before = HOW_WELL.index(said["located_by"]), HOW_WELL.index(record.located_by)
    return now > 0 and (now >= before or said["town_id"] != record.town_id)


def _keep_changes(changed: list[Record], now: dt.datetime) -> None:
    if not changed:
        return
    Record.objects.bulk_update(changed, [*(name.removesuffix("_id") for name in CHANGING), "changed_at"], batch_size=BATCH)
    RecordEvent.objects.append_each([(record.pk, "update", "", record.said) for record in changed], at=now)
    note_states([record for record in changed if record.case_id and "state" in record.said], now)


def _propose(pairs: list[tuple[Record, CaseLink]]) -> None:
    """A case that is likely about the same matter; a person decides."""
    for record, link in pairs:
        record.proposed_id, record.reason = link.case, link.reason[:LONGEST_REASON]
    Record.objects.bulk_update([record for record, _ in pairs], ["proposed", "reason"], batch_size=BATCH)


def _liken(records: list[Record], rows: list[ReadRow]) -> None:
    """Each points at the earliest of its matter."""
    pairs = [(record, row.like) for record, row in zip(records, rows, strict=True) if row.like]
    stored = _stored({like for _, like in pairs})
    likened = []
    for record, key in pairs:
        pk, first = stored.get(key, (None, None))
        if (earliest := first or pk) and earliest != record.pk:
            record.like_id = earliest
            likened.append(record)
    Record.objects.bulk_update(likened, ["like"], batch_size=BATCH)


def _stored(keys: Iterable[Key]) -> dict[Key, tuple[int, int | None]]:
    """The records behind keys, and the ones that these are repeats of."""
    by_source: dict[int, list[str]] = {}
    for source, number in keys:
        by_source.setdefault(source, []).append(number)
    return {
        (source, number): (pk, like)
        for source, numbers in by_source.items()
        for pk, number, like in Record.objects.filter(source=source, number__in=numbers).values_list("pk", "number", "like")
    }
