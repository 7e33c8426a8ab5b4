"""What the gazetteer answers: which house, or a choice, or what is known of it. Knows no database."""

from dataclasses import dataclass
from typing import Literal

from apps.territory.parsing import Address
from apps.territory.whereabouts import Position

Why = Literal["same", "several", "elsewhere", "alike", "number", "line", "area", "unknown", "empty"]


@dataclass(frozen=True)
class Candidate:
    """A house that may be meant: its row in the order the doorplates were given, its code, and how likely it is the one, 0 to 1."""

    row: int
    code: str
    confidence: float


@dataclass(frozen=True)
class Resolution:
    """`exact`: the first candidate, and only it, is the house. `likely`: one of up to k candidates, best first; a person chooses.
    `partial`: the street, estate or village is known and the house is not; `position` says about where it is, when that can be said, and
    candidates, if any, are unlikely ones. `none`: nothing like it.

    understood: the text taken apart. place: what of it was recognised, in our spelling. missing: what would be needed, in words. total: how
    many houses fit as well as the first. why: `same`, or what stands against being sure.
    """

    kind: Literal["exact", "likely", "partial", "none"]
    candidates: tuple[Candidate, ...]
    understood: Address
    place: str = ""
    missing: str = ""
    position: Position | None = None
    total: int = 0
    why: Why = "unknown"
