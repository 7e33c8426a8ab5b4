"""python -m tests.territory.calibrate [FOLDER of a grown county]: fit the tables of `apps.territory.calibration` and print them.

Uses seeds of its own (100 and up); the tests that hold the tables use others.
"""

import sys
from pathlib import Path
from unittest.mock import patch

import numpy as np

from apps.territory.gazetteer import Gazetteer
from tests.territory.counties import County, grown, made_up
from tests.territory.judged import Answer, Count, judge, split
from tests.territory.noise import Noise

EDGES = np.array([0.0, 0.02, 0.06, 0.12, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97, 0.99])
FEWEST = 40
NEVER_SURE = 0.89  # of what has less than half of the weight
SURELY = 0.95  # of the weight of all houses: what is left to be told is whether it is one of them at all
ASKED, HELD_BACK = 220, 90  # more houses are missing from the table than in life, so that confidence is rather too low


def answers(county: County, seed: int) -> list[Answer]:
    """Answers whose confidence is the plain weight, plus 2 where the text was clean."""
    left, held = split(county, seed)
    gazetteer, noise, rng = Gazetteer(left.doorplates, left.areas), Noise(county, seed), np.random.default_rng(seed)
    kept = np.setdiff1d(np.arange(len(county)), held)
    found: list[Answer] = []
    with patch("apps.territory.gazetteer.confidence", _plain):
        for rows, held_back, count in ((kept, False, ASKED), (held, True, HELD_BACK)):
            for row in rng.choice(rows, count, replace=False).tolist():
                for text in noise.every_kind(row).values():
                    answer = judge(gazetteer, text, county.doorplates["code"][row], held_back, Count())
                    found += [answer] if answer else []
    return found


def _plain(among: float, weight: float, clean: bool) -> float:
    return weight + 2.0 * clean if among > SURELY else 0.0


def table(weight: np.ndarray, right: np.ndarray, most: float) -> tuple[tuple[float, float], ...]:
    """A rising line through the share of right answers in each stretch of weights, a little below it where there are few."""
    place = np.digitize(weight, EDGES) - 1
    knots: list[tuple[float, float]] = [(0.0, 0.0)]
    for part in range(len(EDGES)):
        mine = place == part
        if mine.sum() >= FEWEST:
            share = (right[mine].sum() + 0.5) / (mine.sum() + 2.0)
            share = min(share, NEVER_SURE) if weight[mine].mean() < 0.5 else share
            knots.append((round(float(weight[mine].mean()), 4), round(float(min(most, max(share, knots[-1][1]))), 4)))
    return (*knots, (1.0, knots[-1][1]))


def main() -> None:
    found: list[Answer] = []
    for seed in range(100, 104):
        found += answers(made_up(40_000, seed), seed)
    for folder in sys.argv[1:]:
        for seed in range(110, 113):
            found += answers(grown(Path(folder)), seed)
    found = [one for one in found if one.confidence > 0.0]
    # What looks like a slip may always be a name that no table of ours has: nobody is told that it is as sure as what is written well.
    for name, clean, most in (("_CLEAN", True, 0.9999), ("_LOOSE", False, 0.985)):
        chosen = [one for one in found if (one.confidence >= 2) == clean]
        weight = np.array([one.confidence - 2 * clean for one in chosen])
        print(f"{name} = {table(weight, np.array([one.right for one in chosen]), most)}  # {len(chosen)} answers")


if __name__ == "__main__":
    main()
