"""What is made of raw rows before anything of them is kept: redacted, located, sorted, compared. Raw text lives only here, in memory.

`read` takes a batch and gives back what may be stored. Nothing raw leaves it: no logging, no exception with a row's words, no repr.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from apps.cases.redaction import redact

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
    """lon, lat: WGS 84, the centre of a cell of 100 m; None where no more than the town or village is known. town, village: ids of areas."""

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

    category: id, of the second or third level; None: not recognised. category_sure: 0..1. like: an earlier record of the same matter,
    perhaps of this batch; like_score 0..1. case: None, or the case it is about.
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
    like_score: float = 0.0
    case: CaseLink | None = None


class Known:
    """What rows of one source are read against: gazetteer, categories, earlier records and cases. Made once for a run, kept by one thread.

    `keep` is called when a batch has been committed, so that later rows are compared with it; rows of a batch that was rolled back leave no trace.
    """

    def __init__(self, source: int, crs: str = "wgs84") -> None:
        self.source, self.crs = source, crs

    def keep(self, rows: Iterable[ReadRow]) -> None:
        """These are stored now."""


def read(rows: Sequence[RawRow], known: Known) -> list[ReadRow]:
    """One for each row, in order. Any text will do; none raises. Time is linear in the texts."""
    return [_read(row) for row in rows]


def _read(row: RawRow) -> ReadRow:
    parts = [redact(text) for text in (row.title, row.text, row.unit_words)]
    marks: dict[str, int] = {}
    for span in (span for part in parts for span in part.spans):
        marks[span.mark] = marks.get(span.mark, 0) + 1
    return ReadRow(row.number, *(part.text for part in parts), marks=marks)
