"""Solving that is watched: how far it is, and stopped when whoever watches raises; the answer is the same."""

from dataclasses import replace

import numpy as np
import pytest

from apps.matching.assignment import solve
from tests.bench import supervision


class Stopped(Exception):
    pass


@pytest.mark.parametrize(
    ("ratio", "fair", "stages"), [(2.0, False, {"fill", "prove"}), (2.0, True, {"fill", "fair", "prove"})]
)
def test_told_between_rounds_and_the_answer_is_the_same(ratio, fair, stages):
    asked, people, rules = supervision.instance(900, 1800, 3, ratio, seed=5)
    rules, told = replace(rules, fair=fair), []
    watched = solve(asked, people, rules, lambda stage, share: told.append((stage, share)))
    plain = solve(asked, people, rules)
    assert {stage for stage, _ in told} == stages and all(0 <= share <= 1 for _, share in told)
    filled = [share for stage, share in told if stage == "fill"]
    assert len(filled) > 2 and filled == sorted(filled)
    assert (watched.total, watched.lower_bound, watched.worst) == (plain.total, plain.lower_bound, plain.worst)
    assert np.array_equal(watched.pairs, plain.pairs) and np.array_equal(watched.deputy_price, plain.deputy_price)


def test_seats_that_are_short_are_told_of_too(monkeypatch):
    monkeypatch.setattr("apps.matching.filling._PATIENCE", 0)
    asked, people, rules = supervision.instance(300, 300, 3, 1.05, displaced=True, seed=5)
    told: list[str] = []
    solve(asked, people, rules, lambda stage, _: told.append(stage))
    assert "scale" in told


@pytest.mark.parametrize("after", [1, 3])
def test_whoever_watches_can_stop_it(after):
    asked, people, rules = supervision.instance(900, 1800, 3, 2.0, seed=5)
    told = []

    def watch(stage, share):
        told.append(stage)
        if len(told) == after:
            raise Stopped

    with pytest.raises(Stopped):
        solve(asked, people, rules, watch)
    assert len(told) == after
