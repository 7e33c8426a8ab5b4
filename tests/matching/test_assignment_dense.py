"""The assignment against one flow over all pairs, at sizes between a toy and a county."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.matching.assignment import solve
from tests.bench import supervision
from tests.matching import dense
from tests.matching.instances import county, with_locks
from tests.matching.reference import Reference
from tests.matching.test_assignment_properties import problems


def check(asked, people, rules):
    """Equal in all that is the same for every best assignment, and proven by its own bound."""
    solution = solve(asked, people, rules)
    answer = dense.solve(asked, people, rules, solution.empty_price)
    assert (int(solution.unmet.sum()), solution.worst, solution.total) == (
        int(answer.unmet.sum()),
        answer.worst,
        answer.total,
    )
    assert solution.total == solution.lower_bound
    # Not every project's empty places need be the same, but the smallest prices are, given the price of an empty place.
    assert np.array_equal(solution.deputy_price, answer.deputy_price)
    assert np.array_equal(solution.project_price, answer.project_price)
    check_rules(asked, people, rules, solution)
    return solution


def check_rules(asked, people, rules, solution):
    """The pairs may be chosen, together: what makes an equal total an assignment."""
    table = dense.price_pairs(asked, people, rules)
    row, column = solution.pairs.T
    locked = np.zeros(table.cost.shape, bool)
    if rules.locked is not None:
        locked[tuple(rules.locked.T)] = True
    assert (table.allowed | locked)[row, column].all() and locked.sum() == locked[row, column].sum()
    assert len(np.unique(solution.pairs, axis=0)) == len(solution.pairs)
    assert np.array_equal(solution.cost, table.cost[row, column])
    assert np.array_equal(np.bincount(row, minlength=len(asked)) + solution.unmet, asked.demand)
    assert (np.bincount(column, minlength=len(people)) <= people.capacity).all()
    outside = np.bincount(row[~table.has_field[row, column]], minlength=len(asked))
    assert (outside <= asked.demand - asked.experts).all()


@settings(max_examples=300, deadline=None)
@given(problems(sizes=((3, 4), (3, 3), (2, 4), (0, 2), (2, 0))))
def test_the_flow_over_all_pairs_is_the_best_of_all_assignments(problem):
    """The yardstick itself."""
    reference = Reference(*problem)
    if reference.lock_stands():
        answer = dense.solve(*problem)
        worst = answer.worst or 0
        assert (int(answer.unmet.sum()), worst, answer.total) == reference.best()
        assert answer.total == answer.lower_bound and reference.keeps_rules(answer.pairs)


@settings(max_examples=1000, deadline=None)
@given(st.integers(1, 9), st.integers(1, 14), st.integers(0, 2**32))
def test_equals_the_flow_over_all_pairs(n, m, seed):
    asked, people, rules = county(n, m, seed)
    check(asked, people, with_locks(asked, people, rules, np.random.default_rng(seed)))


@pytest.mark.parametrize("seed", range(24))
def test_equals_the_flow_over_all_pairs_on_middle_sizes(seed):
    random = np.random.default_rng(seed)
    asked, people, rules = county(int(random.integers(20, 150)), int(random.integers(20, 300)), seed)
    check(asked, people, with_locks(asked, people, rules, random))


@pytest.mark.parametrize("ratio", [0.5, 0.9, 1.0, 1.1, 1.25, 2.0])
@pytest.mark.parametrize("displaced", [False, True])
def test_equals_the_flow_over_all_pairs_where_seats_are_far(ratio, displaced):
    asked, people, rules = supervision.instance(90, 150, ratio=ratio, displaced=displaced)
    check(asked, people, rules)
    check(asked, people, replace(rules, fair=True, balance=700))
