"""What a gazetteer answers to noisy addresses, counted: right first, among the choices, silently wrong."""

from dataclasses import dataclass

import numpy as np

from apps.territory.gazetteer import Gazetteer
from tests.territory.counties import County

SURE = 0.9


@dataclass
class Count:
    """silent: said to be sure (`exact`, or a confidence of 0.9 and more) and not the house. first: the house, or where the table lacks it, no
    house was said to be likely."""

    asked: int = 0
    first: int = 0
    among: int = 0
    exact: int = 0
    silent: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(*(getattr(self, name) + getattr(other, name) for name in Count.__dataclass_fields__))

    def __str__(self) -> str:
        share = [f"{100 * value / max(1, self.asked):.1f}" for value in (self.first, self.among, self.exact)]
        silent = f"{100 * self.silent / max(1, self.asked):.2f}"
        return f"right first {share[0]}%, among the choices {share[1]}%, exact {share[2]}%, silently wrong {silent}% of {self.asked:,}"


@dataclass(frozen=True)
class Answer:
    kind: str
    confidence: float
    right: bool


def judge(gazetteer: Gazetteer, text: str, code: str, held_back: bool, count: Count) -> Answer | None:
    """Ask for a house that the table holds, or lacks (`held_back`). The first candidate, if there is any."""
    found = gazetteer.resolve(text)
    codes = [candidate.code for candidate in found.candidates]
    right = codes[:1] == [code]
    known_unknown = held_back and found.kind in ("partial", "none")
    count.asked += 1
    count.first += right or known_unknown
    count.among += code in codes or known_unknown
    count.exact += found.kind == "exact"
    count.silent += not right and (found.kind == "exact" or any(one.confidence >= SURE for one in found.candidates[:1]))
    return Answer(found.kind, found.candidates[0].confidence, right) if found.candidates else None


def split(county: County, seed: int, share: float = 0.05, lines: float = 0.02) -> tuple[County, np.ndarray]:
    """A county whose table lacks some of its doorplates and some whole streets, estates and hamlets, and which doorplates."""
    rng = np.random.default_rng([seed, 5])
    held = rng.random(len(county)) < share
    plates = county.doorplates
    names = list(zip(*(plates[name] for name in ("town", "road", "estate", "hamlet")), strict=True))
    every = sorted(set(names))
    gone = {every[place] for place in rng.choice(len(every), int(len(every) * lines), replace=False)}
    held |= np.fromiter((name in gone for name in names), bool, len(names))
    return county.without(np.flatnonzero(held)), np.flatnonzero(held)
