"""Many random problems in a process of its own, which is ended with a traceback when one of them takes a minute: `python -m tests.matching.batch`."""

import faulthandler
import hashlib
import sys

import numpy as np

from apps.matching import filling
from apps.matching.assignment import Rules, solve
from apps.matching.warm import WarmAssignment
from tests.bench import supervision
from tests.matching.instances import county, with_locks
from tests.matching.test_assignment_doubt import REGIONS, spread

SECONDS = 60


def problems():
    for seed in range(120):
        random = np.random.default_rng(seed)
        n, m = int(random.integers(1, 60)), int(random.integers(1, 80))
        asked, people, rules = county(n, m, seed)
        yield asked, people, with_locks(asked, people, rules, random)
        yield *spread(random, n, m, REGIONS[seed % len(REGIONS)]), rules
    for ratio in (0.5, 1.0, 1.2):
        for displaced in (False, True):
            yield supervision.instance(150, 250, ratio=ratio, displaced=displaced)
    asked, people = spread(np.random.default_rng(0), 100, 100, (120.0, 27.0, 120.0, 27.0))
    yield asked, people, Rules(fair=True)
    yield asked, people, Rules(residence_weight=0, workplace_weight=0, balance=10)


def main(patience: int) -> None:
    """Solves and changes them all, and prints what the answers come to."""
    filling._PATIENCE = patience
    digest = hashlib.sha256()
    for asked, people, rules in problems():
        faulthandler.dump_traceback_later(SECONDS, exit=True)
        solution = solve(asked, people, rules)
        assert solution.total == solution.lower_bound
        digest.update(solution.pairs.tobytes() + solution.deputy_price.tobytes())
        if not rules.fair:
            warm = WarmAssignment(asked, people, rules)
            for row in range(3):
                warm.add(row % len(asked))
                warm.change(row % len(people), int(people.capacity[row % len(people)]) + row)
            digest.update(warm.solution.pairs.tobytes())
    faulthandler.cancel_dump_traceback_later()
    print(digest.hexdigest())


if __name__ == "__main__":
    main(int(sys.argv[1]))
