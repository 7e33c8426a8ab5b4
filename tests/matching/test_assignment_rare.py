"""What seldom happens, made to happen always: places filled all at once, lists and heaps that are full in the middle of a path."""

from dataclasses import replace

import numpy as np
import pytest

from apps.matching import filling, network, scaling
from apps.matching.filling import Filling
from tests.bench import supervision
from tests.matching.instances import county, with_locks
from tests.matching.test_assignment_dense import check


def check_counties(seeds, projects=30, deputies=50):
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        asked, people, rules = county(int(random.integers(2, projects)), int(random.integers(2, deputies)), seed)
        check(asked, people, with_locks(asked, people, rules, random))


@pytest.fixture
def at_once(monkeypatch):
    """Cost scaling from the second place on: the first path has visited a node by then. How each attempt ended."""
    plain, ended = Filling._fill_at_once, []

    def counted(self):
        ended.append(plain(self))
        return ended[-1]

    monkeypatch.setattr(filling, "_PATIENCE", 0)
    monkeypatch.setattr(Filling, "_fill_at_once", counted)
    return ended


@pytest.fixture
def tiny(monkeypatch):
    """Room for one listed pair and one waiting node at first. What was full, and how often."""
    plain, grow, full = filling.laid_out, Filling._grow, []

    def laid_out(*given):
        net = plain(*given)
        return net._replace(pool=net.pool[:1].copy(), heap=net.heap[:1].copy())

    def counted(self, status):
        full.append(status)
        grow(self, status)

    monkeypatch.setattr(filling, "laid_out", laid_out)
    monkeypatch.setattr(Filling, "_grow", counted)
    return full


def test_filled_at_once(at_once):
    check_counties(150)
    assert sum(at_once) > 140


@pytest.mark.parametrize("ratio", [0.5, 1.0, 1.25, 2.0])
def test_displaced_demand_filled_at_once(at_once, ratio):
    """With `fair` the ceiling comes down on a flow that no path has made."""
    asked, people, rules = supervision.instance(80, 140, ratio=ratio, displaced=True)
    kinds = (
        rules,
        replace(rules, fair=True),
        replace(rules, balance=900, max_distance=40_000.0),
        replace(rules, fair=True, balance=900),
    )
    for rule in kinds:
        check(asked, people, rule)
    assert at_once == [True] * len(kinds)


def test_filled_at_once_after_many_rounds(at_once, monkeypatch):
    """Who has an empty place lists one more pair at first, then two, four: so that the prices show ever other pairs."""
    monkeypatch.setattr(network, "ROUND", 1)
    check_counties(60)
    assert sum(at_once) > 50


def test_numbers_that_only_paths_can_hold(at_once, monkeypatch):
    monkeypatch.setattr(scaling, "_SOLVER_LIMIT", 0)
    check_counties(60)
    assert len(at_once) > 50 and not any(at_once)


def test_lists_and_heaps_full_in_the_middle_of_a_path(tiny):
    check_counties(150)
    assert tiny.count(network.POOL_FULL) > 500 and tiny.count(network.HEAP_FULL) > 200


def test_lists_full_while_filled_at_once(tiny, at_once):
    check_counties(60)
    assert sum(at_once) > 50 and tiny.count(network.POOL_FULL) > 200


@pytest.mark.parametrize("ratio", [0.5, 1.0, 1.5])
def test_restarts_of_long_paths(tiny, ratio):
    asked, people, rules = supervision.instance(80, 140, ratio=ratio, displaced=True)
    check(asked, people, rules)
    check(asked, people, replace(rules, fair=True, balance=900))
