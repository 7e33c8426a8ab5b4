"""What a grouping changes: themes go on, begin, part, become one; which voices are whose; what each is called and where it lies.

Everything in the caller's transaction: either all of a run is there or nothing of it.
"""

import csv
import datetime as dt
import io
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from django.contrib.gis.geos import Point
from numpy.typing import NDArray

from apps.cases.redaction import redact
from apps.cases.taxonomy import Category
from apps.insights import theme_keeping
from apps.insights.facts import CASE
from apps.insights.lineage import Lineage, inherited
from apps.insights.telling_words import PLACE_END, TEXTS, Called, called
from apps.insights.theme_models import Theme, ThemeEvent, ThemeMember
from apps.insights.theme_voices import NO_CELL, Voices, key, texts
from apps.insights.themes import Grouping
from apps.organisations.models import Organisation
from apps.record.staging import copy_in
from apps.territory.county_lattice import county_lattice
from apps.territory.models import AdminArea

GOES_QUIET = 60  # days without a voice
MOSTLY = 0.6  # of the voices come from there: the place is a part of the name
SAME_WORDS = 2  # of the telling ones: the name may stay
NAMED_AT_ONCE = 50
MIXED = 5_000  # rows of a copy
COLUMNS = ("theme_id", "kind", "ref", "day", "town_id", "likeness")


@dataclass
class Changes:
    """How many themes there are and what became of them, for the run's figures."""

    themes: int = 0
    grouped: int = 0
    new: list[int] = field(default_factory=list)
    split: list[int] = field(default_factory=list)
    merged: list[int] = field(default_factory=list)
    dissolved: list[int] = field(default_factory=list)


def adopt(seen: Voices, grouping: Grouping, names: dict[int, Called], today: dt.date, since: dt.date) -> Changes:
    """Write the grouping of all voices from a day on; names: of groups, as `named` gives them."""
    known = {theme.pk: theme for theme in Theme.objects.select_for_update().order_by("pk")}
    before = _members_before(seen, since)
    line = inherited(before, grouping.theme)
    changes = Changes(themes=grouping.profiles.rows.shape[0], grouped=int((grouping.theme >= 0).sum()))
    portraits = _Portraits(today)
    ids = np.full(changes.themes, -1, np.int64)
    events: list[tuple[int, str, str, dict]] = []
    for group in range(changes.themes):
        rows = np.flatnonzero(grouping.theme == group)
        theme = known.get(line.kept.get(group, -1)) or Theme(split_from=known.get(line.split.get(group, -1)))
        fresh = theme.pk is None
        portraits.paint(theme, seen, rows, grouping.likeness[rows])
        theme.profile = theme_keeping.profile(grouping.profiles, group)
        was = theme.name
        _call(theme, names.get(group), portraits.place(seen, rows))
        theme.save()
        ids[group] = theme.pk
        events += _told(theme, fresh, was, changes)
    events += _ended(known, line, ids, changes)
    ThemeEvent.objects.append_each(_in_turn(events))
    _write_members(seen, np.where(grouping.theme >= 0, ids[grouping.theme], -1), grouping.likeness, since)
    _settle_the_rest(known, {int(pk) for pk in ids} | set(changes.merged) | set(changes.dissolved), today)
    return changes


def _told(theme: Theme, fresh: bool, was: str, changes: Changes) -> list[tuple[int, str, str, dict]]:
    if not fresh:
        return (
            [(theme.pk, "rename", f"“{was}”改称“{theme.name}”", {"was": was, "now": theme.name})]
            if was != theme.name
            else []
        )
    changes.new.append(theme.pk)
    if theme.split_from_id:
        changes.split.append(theme.pk)
        return [
            (theme.pk, "split", f"从“{theme.split_from}”分出", {"from": theme.split_from_id, "voices": theme.voices})
        ]
    return [(theme.pk, "find", f"由 {theme.voices} 条诉求归成", {"voices": theme.voices})]


def _ended(
    known: dict[int, Theme], line: Lineage, ids: NDArray[np.int64], changes: Changes
) -> list[tuple[int, str, str, dict]]:
    """Themes that went into another, or came apart."""
    events = []
    for pk, group in line.merged.items():
        theme, into = known[pk], Theme.objects.get(pk=int(ids[group]))
        theme.state, theme.merged_into, theme.voices = Theme.State.MERGED, into, 0
        theme.rising_since, theme.rise = None, {}
        theme.save()
        changes.merged.append(pk)
        events += [
            (pk, "merge", f"并入“{into}”", {"into": into.pk}),
            (into.pk, "take_in", f"“{theme}”并入", {"from": pk}),
        ]
    for pk in line.dissolved:
        theme = known[pk]
        if theme.state in (Theme.State.MERGED, Theme.State.DISSOLVED):
            continue
        theme.state, theme.voices, theme.rising_since, theme.rise = Theme.State.DISSOLVED, 0, None, {}
        theme.save()
        changes.dissolved.append(pk)
        events.append((pk, "dissolve", "这些诉求不再像同一件事", {}))
    return events


def _in_turn(events: list[tuple[int, str, str, dict]]) -> list[tuple[int, str, str, dict]]:
    """One event a theme, as `append_each` wants it: what more there is goes into the first one's note and data."""
    first: dict[int, tuple[int, str, str, dict]] = {}
    for pk, verb, note, data in events:
        if pk not in first:
            first[pk] = (pk, verb, note, data)
        else:
            _, said, earlier, with_it = first[pk]
            first[pk] = (
                pk,
                said,
                f"{earlier}；{note}",
                {**with_it, "also": [*with_it.get("also", []), {"verb": verb, **data}]},
            )
    return list(first.values())


def _settle_the_rest(known: dict[int, Theme], done: set[int], today: dt.date) -> None:
    """Themes whose voices are all older than what is grouped: they stay as they were, and have become quiet."""
    quiet = [
        pk
        for pk, theme in known.items()
        if pk not in done and theme.state == Theme.State.ACTIVE and (today - theme.last_on).days > GOES_QUIET
    ]
    Theme.objects.filter(pk__in=quiet).update(state=Theme.State.QUIET)


# --- members -------------------------------------------------------------------------------------------------------------


def _members_before(seen: Voices, since: dt.date) -> NDArray[np.int64]:
    """The theme of each voice as it is kept; -1: of none."""
    rows = ThemeMember.objects.filter(day__gte=since).values_list("kind", "ref", "theme")
    kept = {key(kind, ref): theme for kind, ref, theme in rows.iterator(chunk_size=20_000)}
    return np.array([kept.get(one, -1) for one in seen.keys.tolist()], np.int64)


def _write_members(seen: Voices, theme: NDArray[np.int64], likeness: NDArray[np.float32], since: dt.date) -> None:
    """Only what is other than before is written."""
    wanted = {one: row for row, one in enumerate(seen.keys.tolist()) if theme[row] >= 0}
    wrong, same = [], set()
    for pk, kind, ref, held in (
        ThemeMember.objects.filter(day__gte=since).values_list("pk", "kind", "ref", "theme").iterator(chunk_size=20_000)
    ):
        row = wanted.get(key(kind, ref))
        if row is not None and theme[row] == held:
            same.add(row)
        else:
            wrong.append(pk)
    for start in range(0, len(wrong), MIXED):
        ThemeMember.objects.filter(pk__in=wrong[start : start + MIXED]).delete()
    write_members(seen, np.array([row for row in wanted.values() if row not in same], np.int64), theme, likeness)


def write_members(
    seen: Voices, rows: NDArray[np.int64], theme: NDArray[np.int64], likeness: NDArray[np.float32]
) -> None:
    """Add these rows of the voices as members of their themes."""
    towns = set(AdminArea.objects.values_list("pk", flat=True))
    table = ThemeMember._meta.db_table
    for start in range(0, len(rows), MIXED):
        lines = io.StringIO()
        writer = csv.writer(lines)
        for row in rows[start : start + MIXED].tolist():
            town = int(seen.town[row])
            day = dt.date.fromordinal(int(seen.day[row])).isoformat()
            writer.writerow(
                [
                    int(theme[row]),
                    int(seen.kind[row]),
                    int(seen.ref[row]),
                    day,
                    town if town in towns else "",
                    round(float(likeness[row]), 4),
                ]
            )
        copy_in(table, COLUMNS, lines.getvalue())


# --- what a theme looks like ---------------------------------------------------------------------------------------------


class _Portraits:
    """Where, when and about what a theme is, by most of its voices."""

    def __init__(self, today: dt.date) -> None:
        self.today, self.lattice = today, county_lattice()
        self.names = dict(AdminArea.objects.values_list("pk", "name"))
        self.known = {
            "town": set(self.names),
            "category": set(Category.objects.values_list("pk", flat=True)),
            "organisation": set(Organisation.objects.values_list("pk", flat=True)),
        }
        self.known["village"] = self.known["town"]

    def paint(self, theme: Theme, seen: Voices, rows: NDArray, likeness: NDArray) -> None:
        theme.voices = len(rows)
        theme.first_on, theme.last_on = (
            dt.date.fromordinal(int(day)) for day in (seen.day[rows].min(), seen.day[rows].max())
        )
        for name, known in self.known.items():
            setattr(theme, f"{name}_id", _commonest(getattr(seen, name)[rows], known))
        theme.point = self._middle(seen.col[rows], seen.row[rows])
        lately = (self.today - theme.last_on).days <= GOES_QUIET
        theme.state = Theme.State.ACTIVE if lately else Theme.State.QUIET
        theme.merged_into = None

    def place(self, seen: Voices, rows: NDArray) -> str:
        """The village, else the town, that most of the voices come from, by name; "" where they are spread."""
        for areas in (seen.village[rows], seen.town[rows]):
            found, counts = np.unique(areas, return_counts=True)
            if found[counts.argmax()] >= 0 and counts.max() >= MOSTLY * len(rows):
                return self.names.get(int(found[counts.argmax()]), "")
        return ""

    def _middle(self, col: NDArray, row: NDArray) -> Point | None:
        """The centre of the voices' cell that is nearest to their median."""
        located = col != NO_CELL
        if self.lattice is None or not located.any():
            return None
        col, row = col[located], row[located]
        nearest = int(np.argmin(np.square(col - np.median(col)) + np.square(row - np.median(row))))
        lon, lat = self.lattice.centres(col[nearest], row[nearest])
        return Point(float(lon), float(lat), srid=4326)


def _commonest(values: NDArray, known: set[int]) -> int | None:
    found, counts = np.unique(values[values >= 0], return_counts=True)
    for place in np.lexsort((found, -counts)):
        if int(found[place]) in known:
            return int(found[place])
    return None


# --- names ---------------------------------------------------------------------------------------------------------------


def named(seen: Voices, grouping: Grouping, tell: Callable[[float], None]) -> dict[int, Called]:
    """What each group is called by its nearest texts, redacted; tell: with the share that is done."""
    order = np.lexsort((np.arange(len(seen)), -grouping.likeness, grouping.theme))
    order = order[grouping.theme[order] >= 0]
    groups, first = np.unique(grouping.theme[order], return_index=True)
    ends = np.append(first[1:], len(order))
    names: dict[int, Called] = {}
    for start in range(0, len(groups), NAMED_AT_ONCE):
        chosen = [
            order[first[place] : ends[place]][:TEXTS] for place in range(start, min(start + NAMED_AT_ONCE, len(groups)))
        ]
        rows = np.concatenate(chosen)
        said = [text for batch in texts(seen.taken(rows)) for text in batch]
        clear = [
            (title, redact(text).text if kind == CASE else text)
            for (title, text), kind in zip(said, seen.kind[rows].tolist(), strict=True)
        ]
        at = 0
        for place, some in enumerate(chosen, start):
            names[int(groups[place])] = called(clear[at : at + len(some)], grouping.profiles.rarer)
            at += len(some)
        tell(min(1.0, (start + NAMED_AT_ONCE) / max(1, len(groups))))
    return names


def _call(theme: Theme, new: Called | None, place: str) -> None:
    """A name that a person gave stays; one of ours stays while the theme is still told of by its words."""
    words = list(new.words) if new else []
    still = theme.name and any(word in theme.name or word in theme.words for word in words[:SAME_WORDS])
    if not theme.named_by_id and not (theme.name and still):
        theme.name = _name(new.name if new else "", place) or theme.name or _by_kind(theme)
    theme.words = words


def _name(words: str, place: str) -> str:
    """With the place in front, unless the words begin with one."""
    told = not words or not place or place[:2] in words or PLACE_END.search(words.split(" · ")[0])
    return words if told else f"{place} · {words}"


def _by_kind(theme: Theme) -> str:
    """Texts that share no whole word: what they are about, and where."""
    return " · ".join(str(part) for part in (theme.village or theme.town, theme.category) if part) or "未命名主题"
