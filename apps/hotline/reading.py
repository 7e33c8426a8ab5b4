"""What is made of raw rows before anything of them is kept: redacted, located, sorted, compared. Raw text lives only here, in memory.

`read` takes a batch and gives back what may be stored. Nothing raw leaves it: no logging, no exception with a row's words, no repr.
"""

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from django.db.models import Q
from django.utils import timezone

from apps.cases import sorting
from apps.cases.models import Case
from apps.cases.redaction import Redaction, redact
from apps.cases.taxonomy import Category
from apps.hotline.earlier import SECONDS, earlier, told_by
from apps.hotline.likeness import Like
from apps.hotline.models import Record
from apps.hotline.places import Places
from apps.matching.engine import engine
from apps.territory import county_gazetteer
from apps.territory.county_lattice import county_lattice
from apps.territory.models import AdminArea
from gis_data.crs import bd09_to_wgs84, coordinates, gcj02_to_wgs84

SAME_WORDS, SAME_METRES, SAME_DAYS = 0.85, 150.0, 7.0  # what a record and a case must share to be linked without asking
TO_WGS84 = {"wgs84": coordinates, "gcj02": gcj02_to_wgs84, "bd09": bd09_to_wgs84}
CASE_CODE = re.compile(r"民情[^\d\n]{0,12}(20\d\d-\d{6,8})(?!\d)")

LocatedBy = Literal["doorplate", "road", "village", "town", "coordinates", ""]
Key = tuple[int, str]  # of a record: its source's id, its owner's number


@dataclass(frozen=True, eq=False, repr=False)
class RawRow:
    """One row as its owner wrote it. Its repr shows no text, so that no traceback does.

    private: what columns say of the person who spoke (name, telephones, identity number): kept nowhere, and taken out of the texts wherever
    it stands there. address, town_words, village_words: columns that say where; read for the place and not kept. lon, lat: as the source
    writes them, in the source's crs. category_words: the owner's own sorting, from the widest to the narrowest.
    """

    number: str
    title: str = ""
    text: str = ""
    received_at: dt.datetime | None = None
    unit_words: str = ""
    address: str = ""
    town_words: str = ""
    village_words: str = ""
    lon: float | None = None
    lat: float | None = None
    category_words: tuple[str, ...] = ()
    private: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "RawRow(…)"


@dataclass(frozen=True, eq=False)
class Place:
    """lon, lat: WGS 84, the centre of a cell of 100 m; None where no more than the town or village is known, or a street too long to be a place.
    town, village: ids of areas; town is the county where it has no towns."""

    located_by: LocatedBy = ""
    lon: float | None = None
    lat: float | None = None
    town: int | None = None
    village: int | None = None


@dataclass(frozen=True, eq=False)
class CaseLink:
    """An open or earlier case that the row is about. certain: it is to be made without asking; reason: in words, for the event."""

    case: int
    score: float
    certain: bool
    reason: str


@dataclass(frozen=True, eq=False)
class ReadRow:
    """What may be kept of a row; in the order of the rows given. title, text, unit_words: redacted. marks: how many of each kind were taken out.

    category: id, the narrowest that is known; None: not recognised. category_sure: 0..1. like: another record of the same matter, perhaps of this
    batch (and then one received before it). case: None, or the case it is about.
    """

    number: str
    title: str
    text: str
    unit_words: str
    marks: dict[str, int] = field(default_factory=dict)
    place: Place = Place()
    category: int | None = None
    category_sure: float = 0.0
    like: Key | None = None
    case: CaseLink | None = None


class Known:
    """What rows of one source are read against: gazetteer, categories, the county's shapes. Made once for a run, kept by one thread; what is read
    of earlier records and cases (`earlier`) follows the database by itself. crs: of the source's coordinates, wgs84 | gcj02 | bd09."""

    def __init__(self, source: int, crs: str = "wgs84") -> None:
        self.source, self.crs = source, crs
        self.places = Places(county_gazetteer.current())
        self.recogniser = sorting.recogniser.current()
        self.lattice = county_lattice()
        self.day = engine().on(timezone.localdate())
        self.area_of = dict(AdminArea.objects.values_list("code", "pk"))
        self.labelled = {
            name: pk
            for level in (1, 2, 3)
            for label, words, pk in Category.objects.filter(level=level).values_list("label", "words", "pk")
            for name in ((*words, label) if level == 1 else (label,))  # of the first level the names that it had, too
        }
        self.county = self.day.county.rows[0].pk if len(self.day.county.rows) else None
        self.has_towns = len(self.day.towns.rows) > 0


def read(rows: Sequence[RawRow], known: Known) -> list[ReadRow]:
    """One for each row, in order. Any text will do; none raises. Time is linear in the texts."""
    redacted = [[redact(text, row.private) for text in (row.title, row.text, row.unit_words)] for row in rows]
    places = _located(rows, known)
    texts = [[part.text for part in parts] for parts in redacted]
    categories = _sorted(rows, texts, known)
    likes = _compared(rows, texts, places, known)
    return [
        ReadRow(
            row.number,
            *words,
            marks=_marks(parts),
            place=place,
            category=category,
            category_sure=sure,
            like=like,
            case=case,
        )
        for row, words, parts, place, (category, sure), (like, case) in zip(
            rows, texts, redacted, places, categories, likes, strict=True
        )
    ]


def _marks(parts: Sequence[Redaction]) -> dict[str, int]:
    return dict(Counter(span.mark for part in parts for span in part.spans))


# --- where -------------------------------------------------------------------------------------------------------------------


def _located(rows: Sequence[RawRow], known: Known) -> list[Place]:
    given = _given(rows, known)
    return [given[at] or _found(row, known) for at, row in enumerate(rows)]


def _given(rows: Sequence[RawRow], known: Known) -> list[Place | None]:
    """By the source's own coordinates, where they lie in the county."""
    x = np.array([np.nan if row.lon is None else row.lon for row in rows], float)
    y = np.array([np.nan if row.lat is None else row.lat for row in rows], float)
    lon, lat = TO_WGS84[known.crs](x, y)
    inside = known.day.county.locator.locate(lon, lat) >= 0 if known.county else np.zeros(len(rows), bool)
    villages, towns = (
        shapes.locator.locate(lon, lat) if len(shapes.rows) else np.full(len(rows), -1)
        for shapes in (known.day.villages, known.day.towns)
    )
    found: list[Place | None] = []
    for at in range(len(rows)):
        village = known.day.villages.rows[villages[at]].pk if villages[at] >= 0 else None
        town = known.day.towns.rows[towns[at]].pk if towns[at] >= 0 else known.county
        found.append(
            Place("coordinates", *_cell(float(lon[at]), float(lat[at]), known), town, village) if inside[at] else None
        )
    return found


def _found(row: RawRow, known: Known) -> Place:
    """By its words."""
    said = known.places.find([row.title, row.text], row.address, row.town_words, row.village_words, row.unit_words)
    village, town = (known.area_of.get(known.places.code(area)) for area in (said.village, said.town))
    if town is None and village is not None and not known.has_towns:
        town = known.county
    by: LocatedBy = said.by or ("village" if village else "town" if town else "")
    if said.lon is None or said.lat is None:
        return Place(by, None, None, town, village)
    return Place(by, *_cell(said.lon, said.lat, known), town, village)


def _cell(lon: float, lat: float, known: Known) -> tuple[float | None, float | None]:
    """The centre of the cell of 100 m: nothing narrower is kept."""
    if known.lattice is None:
        return None, None
    east, north = known.lattice.centres(*known.lattice.cells(lon, lat))
    return float(east), float(north)


# --- what about --------------------------------------------------------------------------------------------------------------


def _sorted(rows: Sequence[RawRow], texts: Sequence[Sequence[str]], known: Known) -> list[tuple[int | None, float]]:
    """Category and how sure. The owner's own sorting counts where it names one of ours, the narrowest first; else its words are read with the text."""
    guesses = known.recogniser.guesses(
        [" ".join((*row.category_words, *words[:2])) for row, words in zip(rows, texts, strict=True)]
    )
    found: list[tuple[int | None, float]] = []
    for row, guess in zip(rows, guesses, strict=True):
        own = next(
            (known.labelled[word.strip()] for word in reversed(row.category_words) if word.strip() in known.labelled),
            None,
        )
        best = guess.third or guess.best
        found.append((own, 1.0) if own else (best.pk, guess.confidence) if best else (None, 0.0))
    return found


# --- the same matter ---------------------------------------------------------------------------------------------------------


def _compared(
    rows: Sequence[RawRow], texts: Sequence[Sequence[str]], places: Sequence[Place], known: Known
) -> list[tuple[Key | None, CaseLink | None]]:
    """An earlier record and the case that each is about. Rows are compared in the order in which they were received."""
    stored = dict(
        Record.objects.filter(source=known.source, number__in=[row.number for row in rows]).values_list("number", "pk")
    )
    days = [row.received_at.timestamp() / SECONDS if row.received_at else np.nan for row in rows]
    order = sorted(range(len(rows)), key=lambda at: (np.nan_to_num(days[at]), at))
    told = told_by(
        ["\n".join(texts[at][:2]) for at in order],
        [(places[at].lon, places[at].lat, places[at].village) for at in order],
        [days[at] for at in order],
    )
    likes, cases = earlier.asked(told, [stored.get(rows[at].number) for at in order])
    record_of = {pk: ((source, number), case) for pk, source, number, case in _records(likes)}
    standing = _standing(rows, cases, record_of)
    found: list[tuple[Key | None, CaseLink | None]] = [(None, None)] * len(rows)
    for place, at in enumerate(order):
        like, row = likes[place], rows[at]
        key, its_case = None, None
        if like is not None and like.id < 0:
            key = (known.source, rows[order[-1 - like.id]].number)
        elif like is not None and like.id in record_of:
            key, its_case = record_of[like.id]
        key = None if key == (known.source, row.number) else key
        found[at] = (key, _case_of(row, cases[place], its_case, standing))
    return found


def _records(likes: Sequence[Like | None]) -> Iterable[tuple[int, int, str, int | None]]:
    return Record.objects.filter(pk__in=[like.id for like in likes if like and like.id >= 0]).values_list(
        "pk", "source_id", "number", "case_id"
    )


class _Standing:
    """Cases that are spoken of, as they stand now: by id and by code, each the one that it goes on in; those withdrawn are not among them."""

    def __init__(self, ids: set[int], codes: set[str]) -> None:
        rows = (
            Case.objects.filter(Q(pk__in=ids) | Q(code__in=codes))
            .exclude(state=Case.State.WITHDRAWN)
            .values_list("pk", "code", "merged_into_id")
        )
        found = list(rows)
        self.by_id = {pk: into or pk for pk, _, into in found}
        self.by_code = {code: into or pk for pk, code, into in found}


def _standing(rows: Sequence[RawRow], cases: Sequence[Like | None], record_of: dict) -> _Standing:
    ids = {like.id for like in cases if like} | {case for _, case in record_of.values() if case}
    ids |= {case for row in rows if (case := earlier.case_that_names(row.number)) is not None}
    return _Standing(ids, {code for row in rows for code in CASE_CODE.findall(f"{row.title}\n{row.text}")})


def _case_of(row: RawRow, alike: Like | None, of_like: int | None, standing: _Standing) -> CaseLink | None:
    """What is sure first: a number that stands in the other's text; then words, place and day; then what is likely."""
    named = earlier.case_that_names(row.number)
    if named in standing.by_id:
        return CaseLink(standing.by_id[named], 1.0, True, f"民情件里写明了工单号 {row.number}"[:120])
    code = next((code for code in CASE_CODE.findall(f"{row.title}\n{row.text}") if code in standing.by_code), None)
    if code:
        return CaseLink(standing.by_code[code], 1.0, True, f"工单里写明了民情件编号 {code}")
    if alike is not None and alike.id in standing.by_id:
        certain = alike.words >= SAME_WORDS and alike.metres <= SAME_METRES and alike.days <= SAME_DAYS
        where = "" if np.isnan(alike.metres) else f"，相距约 {max(100, round(alike.metres, -2)):.0f} 米"
        when = "" if np.isnan(alike.days) else f"，前后 {alike.days:.0f} 天"
        return CaseLink(standing.by_id[alike.id], alike.words, certain, f"内容相似 {alike.words:.0%}{where}{when}")
    if of_like in standing.by_id:
        return CaseLink(standing.by_id[of_like], 0.5, False, "同一件事较早的一条已关联这件民情件")
    return None
