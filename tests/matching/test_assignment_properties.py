"""The assignment against enumeration, a linear programme and its own certificate, over all rules at once."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from apps.matching.assignment import Deputies, ImpossibleLock, Projects, Reason, Rules, solve
from tests.matching.instances import NOWHERE, county, deputies, deputy, project, projects, renamed, with_locks
from tests.matching.reference import PARTS, Reference

PLACES = [(120 + x / 50, 27 + y / 50) for x in range(5) for y in range(5)] + [NOWHERE]
NAMES, BODIES, METRES = (-1, 0, 1, 2), (-1, -1, -1, -1, 0, 1, 2), (0.0, 1.5, 500.0, 5000.0, 15000.0)
SIZES = ((3, 4),) * 12 + ((3, 3), (2, 4), (1, 4), (2, 3), (0, 2), (2, 0))


@st.composite
def problems(draw, sizes=SIZES, most_demand=3):
    """Every rule, in the dense random mix that finds competition; drawn evenly, since the smallest problems hold none."""
    random = draw(st.randoms(use_true_random=True))
    n, m = random.choice(sizes)
    asked = []
    for _ in range(n):
        demand = random.randint(0, most_demand)
        experts, organisations = random.choice([0, 0, random.randint(0, demand)]), random.choices(BODIES, k=2)
        asked.append(
            project(random.choice(PLACES), random.choice(NAMES), demand, experts, random.choice(NAMES), organisations)
        )
    people = []
    for _ in range(m):
        fields = [field for field in range(3) if random.random() < 0.4]
        capacity, organisation, towns = (
            random.choice([0, 1, 1, 2, 2, 3]),
            random.choice(BODIES),
            random.choices(NAMES, k=2),
        )
        people.append(deputy(*random.choices(PLACES, k=2), fields, capacity, organisation, towns))
    return projects(*asked), deputies(*people), random_rules(random, n, m)


def random_rules(random, n, m):
    def rows(chances):
        count = random.choice(chances) if n and m else 0
        return (
            np.array([(random.randrange(n), random.randrange(m)) for _ in range(count)], np.int64).reshape(-1, 2)
            if count
            else None
        )

    return Rules(
        residence_weight=random.choice([0.6, 0.6, 1.0, 0.0]),
        workplace_weight=random.choice([0.4, 0.4, 1.0, 0.0]),
        anchor=random.choice(["weighted", "weighted", "nearest"]),
        field_cost=random.choice([None, np.array(random.choices(METRES, k=9)).reshape(3, 3)]),
        town_cost=random.choice([0, 3000]),
        max_distance=random.choice([None, None, None, 8000.0, 4000.0, 0.0]),
        forbidden=rows([0, 0, 3]),
        locked=rows([0, 0, 0, 1, 2]),
        previous=rows([0, 4]),
        keep_bonus=random.choice([0, 700, 20000]),
        balance=random.choice([0, 0, 400, 30000]),
        fair=random.choice([False, True]),
    )


@settings(max_examples=1000, deadline=None)
@given(problems())
def test_equals_the_best_of_all_assignments(problem):
    reference = Reference(*problem)
    note(problem)
    if not reference.lock_stands():
        with pytest.raises(ImpossibleLock) as refused:
            solve(*problem)
        assert set(map(tuple, refused.value.pairs.tolist())) <= reference.locked
        return
    solution = solve(*problem)
    check_form(reference, solution)
    empty, worst, total = reference.best()
    assert (int(solution.unmet.sum()), solution.total) == (empty, total)
    assert solution.total == solution.lower_bound
    check_certificate(reference, solution)
    if reference.rules.fair:
        check_worst(reference, solution, worst, empty)
    else:
        assert solution.worst is None and len(solution.worst_proof) == 0


def check_form(reference, solution):
    """Rows sorted, parts as the rules say, every rule kept, a reason exactly where places are empty."""
    pairs = [tuple(pair) for pair in solution.pairs.tolist()]
    assert solution.pairs.dtype == np.int64 and solution.pairs.shape == (len(pairs), 2) and pairs == sorted(pairs)
    assert reference.keeps_rules(pairs)
    assert solution.cost.tolist() == [reference.cost[pair] for pair in pairs]
    for name in PARTS:
        assert solution.parts[name].tolist() == [reference.parts[pair][name] for pair in pairs]
    assert np.array_equal(solution.cost, np.rint(sum(solution.parts.values())))
    held = np.bincount(solution.pairs[:, 0], minlength=reference.n)
    assert solution.unmet.tolist() == (reference.projects.demand - held).tolist()
    assert [reason == Reason.none for reason in solution.reasons] == (solution.unmet == 0).tolist()
    assert solution.total == reference.objective(pairs)


def check_certificate(reference, solution):
    left = reference.certificate(solution.deputy_price, solution.empty_price, solution.worst)
    assert left == solution.total + solution.empty_price * int(solution.unmet.sum())
    for i in range(reference.n):
        free = [tuple(pair) for pair in solution.pairs.tolist() if pair[0] == i and tuple(pair) not in reference.locked]
        dearest = max((reference.price[pair] + int(solution.deputy_price[pair[1]]) for pair in free), default=0)
        assert solution.project_price[i] == (solution.empty_price if solution.unmet[i] else dearest)


def check_worst(reference, solution, worst, empty):
    """The worst pair is the least possible, and the named projects cannot do with cheaper ones."""
    if len(solution.pairs) == 0:
        assert solution.worst is None
        return
    assert solution.worst == worst == solution.cost.max()
    proof = set(solution.worst_proof.tolist())
    locked = [reference.cost[pair] for pair in reference.locked if pair[0] in proof]
    wanted = sum(int(reference.projects.demand[i]) for i in proof)
    assert worst in locked or wanted - reference.most_filled(proof, worst) > empty


@settings(max_examples=1000, deadline=None)
@given(problems(sizes=((2, 3), (2, 2)), most_demand=2))
def test_a_deputys_price_is_what_one_more_place_would_save(problem):
    """So it is the smallest price, the same whichever of several best assignments was found."""
    asked, people, rules = problem
    rules = replace(rules, fair=False)
    reference = Reference(asked, people, rules)
    if not reference.lock_stands():
        return
    solution = solve(asked, people, rules)
    best = reference.cheapest_with(solution.empty_price)
    for j in range(len(people)):
        more = people.capacity.copy()
        more[j] += 1
        saved = best - Reference(asked, replace(people, capacity=more), rules).cheapest_with(solution.empty_price)
        assert saved == max(0, int(solution.deputy_price[j]) - int(people.capacity[j]) * rules.balance)


@pytest.mark.parametrize("seed", range(12))
def test_equals_a_linear_programme_on_middle_sizes(seed):
    asked, people, rules = county(14, 22, seed)
    rules = with_locks(asked, people, rules, np.random.default_rng(seed), most=2)
    reference, solution = Reference(asked, people, rules), solve(asked, people, rules)
    check_form(reference, solution)
    check_certificate(reference, solution)
    assert solution.total == solution.lower_bound
    if rules.fair:
        filled, _ = programme(reference, solution.worst - 1)
        assert filled < len(solution.pairs) or solution.worst == max(
            (reference.cost[pair] for pair in reference.locked), default=None
        )
    filled, total = programme(reference, solution.worst)
    assert (filled, total) == (len(solution.pairs), solution.total)


def programme(reference, worst):
    """Most places filled, then the least total, by a linear programme over all allowed pairs no worse than `worst`."""
    pairs = sorted(
        pair for pair in reference.allowed if worst is None or reference.cost[pair] <= worst or pair in reference.locked
    )
    seats = [(j, k) for j in range(reference.m) for k in range(int(reference.deputies.capacity[j]))]
    limits, bounds = [], []

    def limit(over_pairs, over_seats, most):
        limits.append([float(over_pairs(*pair)) for pair in pairs] + [-float(over_seats(*seat)) for seat in seats])
        bounds.append(most)

    asked = reference.projects
    for i in range(reference.n):
        limit(lambda p, _, i=i: p == i, lambda *_: 0, asked.demand[i])
        limit(lambda p, d, i=i: p == i and not reference.expert(p, d), lambda *_: 0, asked.demand[i] - asked.experts[i])
    for j in range(reference.m):
        limit(lambda _, d, j=j: d == j, lambda d, _, j=j: d == j, 0)
    box = [(1.0 if pair in reference.locked else 0.0, 1.0) for pair in pairs] + [(0.0, 1.0)] * len(seats)
    count = np.array([-1.0] * len(pairs) + [0.0] * len(seats))
    filled = round(-linprog(count, limits, bounds, bounds=box, method="highs-ds").fun)
    costs = np.array([reference.price[pair] for pair in pairs] + [k * reference.rules.balance for _, k in seats], float)
    answer = linprog(costs, limits, bounds, count[None], [-filled], bounds=box, method="highs-ds")
    chosen = np.round(answer.x).astype(bool)
    assert np.abs(answer.x - chosen).max() < 1e-6
    return filled, int(costs[chosen].sum())


@settings(max_examples=1000, deadline=None)
@given(st.integers(1, 12), st.integers(1, 18), st.integers(0, 2**32))
def test_total_and_prices_do_not_depend_on_the_order_of_rows(n, m, seed):
    random = np.random.default_rng(seed)
    asked, people, rules = county(n, m, seed)
    rules = with_locks(asked, people, rules, random)
    by_project, by_deputy = random.permutation(n), random.permutation(m)
    solution, other = solve(asked, people, rules), solve(*renamed(asked, people, rules, by_project, by_deputy))
    assert (other.total, other.unmet.sum(), other.worst) == (solution.total, solution.unmet.sum(), solution.worst)
    assert other.empty_price == solution.empty_price
    assert np.array_equal(other.deputy_price, solution.deputy_price[by_deputy])
    assert np.array_equal(other.project_price, solution.project_price[by_project])
    assert set(by_project[other.worst_proof]) == set(solution.worst_proof)


def in_bytes(solution):
    """All that was found; how long it took apart."""
    found = {**vars(solution), **solution.parts, "reasons": np.array(solution.reasons, np.int64)}
    return {
        name: value.tobytes() if isinstance(value, np.ndarray) else value
        for name, value in found.items()
        if name not in ("parts", "seconds")
    }


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 12), st.integers(1, 18), st.integers(0, 2**32))
def test_same_rows_in_same_rows_out(n, m, seed):
    """To the byte, whatever the order in which a rule names its pairs, and however the rows lie in memory."""
    asked, people, rules = county(n, m, seed)
    again = replace(rules, previous=rules.previous[::-1].tolist(), forbidden=np.repeat(rules.forbidden, 2, axis=0))
    other = Projects(
        **{name: np.asfortranarray(np.repeat(values, 2, axis=0))[::2] for name, values in vars(asked).items()}
    )
    listed = Deputies(**{name: values.tolist() for name, values in vars(people).items()})
    for values in vars(other).values():
        values.flags.writeable = False
    assert in_bytes(solve(asked, people, rules)) == in_bytes(solve(other, listed, again))


def test_same_rows_out_when_many_pairs_cost_the_same():
    """Everybody lives at one of four crossings; another problem is solved in between."""
    random = np.random.default_rng(3)
    asked, people, rules = county(40, 60, 3)
    asked = replace(asked, lon=random.choice([120.0, 120.1], 40), lat=random.choice([27.0, 27.1], 40))
    people = replace(
        people, residence_lon=random.choice([120.0, 120.1], 60), residence_lat=random.choice([27.0, 27.1], 60)
    )
    first = in_bytes(solve(asked, people, rules))
    solve(*county(20, 30, 4))
    assert in_bytes(solve(asked, people, rules)) == first
