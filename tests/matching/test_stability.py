"""The fewest moves against enumeration, and what a move costs in an example one can work out on paper."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from apps.matching.assignment import Rules, solve
from apps.matching.stability import _components, fewest_moves
from tests.matching.instances import county, deputies, deputy, project, projects
from tests.matching.reference import Reference
from tests.matching.test_assignment import east
from tests.matching.test_assignment_properties import problems

EPSILONS = (0.0, 0.01, 0.1, 0.3, 1.0, 50.0)


def rows(*pairs):
    return np.array(pairs, np.int64).reshape(-1, 2)


def street():
    """Three projects at 0, 10 and 20 km, and beside each, 1 km east, a deputy; last year everybody served the next one."""
    return (
        projects(*(project(east(10_000 * k)) for k in range(3))),
        deputies(*(deputy(east(10_000 * k + 1000)) for k in range(3))),
        Rules(previous=rows((0, 1), (1, 2), (2, 0))),
    )


@pytest.mark.parametrize(
    ("epsilon", "moves", "fewest", "total"),
    [(0.0, 3, 3, 3000), (4.0, 3, 3, 3000), (6.0, 3, 2, 3000), (12.6, 3, 1, 3000), (12.7, 0, 0, 41_000)],
)
def test_what_each_kept_pair_costs(epsilon, moves, fewest, total):
    """As last year: 11 + 11 + 19 = 41 km, 38 more for three kept pairs. Keeping one alone, 11 + 9 + 1 = 21 km, is dearer per kept pair, so
    that no bonus leads there: the gap is said."""
    found = fewest_moves(*street(), epsilon)
    assert (found.optimum, found.budget) == (3000, round(3000 * (1 + epsilon)))
    assert (found.moves, found.fewest, found.total) == (moves, fewest, total)
    assert found.proven == (moves == fewest) and (found.points[0].bonus, found.points[0].moves, found.points[0].cost) == (0, 3, 3000)


def test_nothing_in_force_nothing_moved():
    asked, people, rules = street()
    found = fewest_moves(asked, people, replace(rules, previous=None), 0.1)
    assert found.proven and found.moves == 0 and found.total == found.optimum and len(found.points) == 1


def test_pairs_no_longer_allowed_are_moves():
    asked, people, rules = street()
    found = fewest_moves(asked, people, replace(rules, forbidden=rules.previous), 100.0)
    assert found.proven and found.moves == 3 and found.total == 3000


def test_equal_metres_are_free():
    """Two deputies at one door: whoever was there stays, without a metre more."""
    asked, people = projects(project(east(0))), deputies(deputy(east(500)), deputy(east(500)))
    for kept in (0, 1):
        found = fewest_moves(asked, people, Rules(previous=rows((0, kept))), 0.0)
        assert found.proven and found.pairs.tolist() == [[0, kept]] and found.total == 500


@pytest.mark.parametrize("epsilon", [-0.1, np.nan, np.inf])
def test_an_epsilon_without_meaning_is_refused(epsilon):
    with pytest.raises(ValueError, match="epsilon"):
        fewest_moves(*street(), epsilon)


def test_epsilon_is_the_decimal_it_is_written_as():
    asked, people = projects(project(east(0))), deputies(deputy(east(10)), deputy(east(13)))
    found = fewest_moves(asked, people, Rules(previous=rows((0, 1))), 0.3)
    assert found.budget == 13 and found.moves == 0


@settings(max_examples=1000, deadline=None)
@given(problems(), st.sampled_from(EPSILONS))
def test_against_all_assignments(problem, epsilon):
    asked, people, rules = problem
    free = Reference(asked, people, replace(rules, keep_bonus=0))
    if not free.lock_stands():
        return
    note((problem, epsilon))
    found = fewest_moves(asked, people, rules, epsilon)
    empty, worst, optimum = free.best()
    pairs = check_form(free, found)
    budget = int(optimum * (1 + Fraction(str(epsilon))))
    assert found.optimum == optimum and found.total <= found.budget <= budget
    assert int(found.unmet.sum()) == empty
    if rules.fair:
        assert max((free.cost[pair] for pair in pairs), default=0) == worst

    def fits(chosen):
        dearest = max((free.cost[pair] for pair in chosen), default=0)
        return int(asked.demand.sum()) - len(chosen) == empty and (not rules.fair or dearest <= worst) and free.objective(chosen) <= budget

    fewest = min(len(free.previous - set(chosen)) for chosen in free.assignments() if fits(chosen))
    assert found.fewest <= fewest <= found.moves


def check_form(reference, found):
    pairs = [tuple(pair) for pair in found.pairs.tolist()]
    assert pairs == sorted(pairs) and reference.keeps_rules(pairs)
    assert found.cost.tolist() == [reference.cost[pair] for pair in pairs]
    assert found.total == reference.objective(pairs)
    assert found.moves == len(reference.previous - set(pairs))
    assert found.unmet.tolist() == (reference.projects.demand - np.bincount(found.pairs[:, 0], minlength=reference.n)).tolist()
    assert [point.bonus for point in found.points] == sorted({point.bonus for point in found.points})
    assert all(a.moves >= b.moves and a.cost <= b.cost for a, b in zip(found.points, found.points[1:], strict=False))
    return pairs


@pytest.mark.parametrize("seed", range(6))
def test_middle_sizes_keep_the_rules_and_the_budget(seed):
    """A drifted assignment in force, with gates, balance and shortage: never infeasible, never worse than the engine's own points."""
    asked, people, rules = county(30, 45, seed)
    other = solve(asked, replace(people, residence_lon=people.residence_lon + 0.05), replace(rules, previous=None))
    rules = replace(rules, previous=other.pairs)
    reference = Reference(asked, people, replace(rules, keep_bonus=0))
    last = len(other.pairs)
    for epsilon in (0.0, 0.01, 0.05, 0.5):
        found = fewest_moves(asked, people, rules, epsilon)
        check_form(reference, found)
        assert found.total <= found.budget and found.fewest <= found.moves <= last
        assert found.moves <= min(point.moves for point in found.points if point.cost <= found.budget)
        last = found.moves


@pytest.mark.parametrize("seed", range(8))
def test_every_choice_of_components_is_a_possible_assignment(seed):
    asked, people, rules = county(25, 40, seed)
    rules = replace(rules, fair=False, keep_bonus=0)
    reference = Reference(asked, people, rules)
    one = solve(asked, people, rules)
    two = solve(asked, people, replace(rules, field_cost=None, town_cost=9000, residence_weight=0.1, balance=0))
    inside, outside = ({tuple(pair) for pair in found.pairs.tolist()} for found in (one, two))
    outsiders = {(i, j) for i, j in inside ^ outside if asked.experts[i] and not reference.expert(i, j)}
    components = _components(inside - outside, outside - inside, outsiders)
    assert components and sorted(pair for each in components for pair in each) == sorted(inside ^ outside)
    random = np.random.default_rng(seed)
    for taken in [np.eye(len(components), dtype=bool)[k] for k in range(len(components))] + list(random.random((50, len(components))) < 0.5):
        chosen = inside.symmetric_difference(pair for k in np.flatnonzero(taken) for pair in components[k])
        assert len(chosen) == len(inside) and reference.keeps_rules(chosen)
