"""What a gazetteer answers to noisy addresses, counted: right first, among the choices, silently wrong; kind of noise by kind."""

from dataclasses import dataclass, field

import numpy as np

from apps.territory.gazetteer import Gazetteer
from tests.territory.counties import County
from tests.territory.noise import Noise

SURE = 0.9


@dataclass
class Count:
    asked: int = 0
    first: int = 0
    among: int = 0
    silent: int = 0
    exact: int = 0
    wrong: list = field(default_factory=list)  # text, what was answered, the house


@dataclass(frozen=True)
class Answer:
    kind: str
    confidence: float
    right: bool
    noise: str
    held_back: bool


def judge(
    gazetteer: Gazetteer,
    noise: Noise,
    county: County,
    rows,
    kinds,
    held_back: bool,
    counts: dict[str, Count],
    answers: list[Answer],
    label: str = "",
) -> None:
    """Ask for every row in every kind of noise (None: mixed). `county` is the whole one that rows count in."""
    for row in rows:
        for kind in kinds:
            text = noise.mixed(int(row)) if kind == "mixed" else noise.noisy(int(row), kind)
            if text is None:
                continue
            code = county.doorplates["code"][row]
            found = gazetteer.resolve(text)
            count = counts.setdefault(label or kind, Count())
            count.asked += 1
            codes = [candidate.code for candidate in found.candidates]
            first = bool(codes) and codes[0] == code
            count.first += first or (held_back and found.kind in ("partial", "none"))
            count.among += code in codes or (held_back and found.kind in ("partial", "none"))
            count.exact += found.kind == "exact"
            sure = found.kind == "exact" or any(one.confidence >= SURE for one in found.candidates[:1])
            silent = sure and not first
            count.silent += silent
            if silent or not first:
                count.wrong.append((text, silent, found.kind, found.why, found.place, found.candidates[:2], row))
            if found.candidates:
                answers.append(Answer(found.kind, found.candidates[0].confidence, first, kind, held_back))


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
