"""The assignment against enumeration, a linear programme and its own certificate, over all rules at once."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from apps.matching.assignment import Deputies, ImpossibleLock, Projects, Reason, Rules, solve
from tests.matching.instances import NOWHERE, deputies, deputy, project, projects
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


def county(n, m, seed, scarce):
    """A random county of the size that enumeration cannot reach."""
    random = np.random.default_rng(seed)

    def places(count, missing):
        at = np.round(np.array([120.0, 27.0]) + random.random((count, 2)) * 0.4, 2)
        at[random.random(count) < missing] = np.nan
        return at.T

    demand = random.integers(0, 5, n)
    lon, lat = places(n, 0.05)
    asked = Projects(
        lon, lat, random.integers(-1, 4, n), demand, np.minimum(demand, random.integers(0, 3, n)), random.integers(-1, 4, n),
        random.integers(-1, 6, (n, 2)),
    )  # fmt: skip
    people = Deputies(
        *places(m, 0.2), *places(m, 0.2), random.random((m, 4)) < 0.3, random.integers(0, 2 if scarce else 5, m),
        random.integers(-1, 6, m), random.integers(-1, 4, (m, 2)),
    )  # fmt: skip
    pairs = random.permutation(np.stack(np.divmod(np.arange(n * m), m), axis=1))
    rules = Rules(
        field_cost=random.integers(0, 9000, (4, 4)).astype(float), town_cost=2500, max_distance=random.choice([None, 9000.0, 20000.0]),
        forbidden=pairs[: n * m // 20], previous=pairs[-n:], keep_bonus=3000, balance=int(random.choice([0, 800])),
        anchor=str(random.choice(["weighted", "nearest"])), fair=bool(random.integers(2)),
    )  # fmt: skip
    return asked, people, rules


@pytest.mark.parametrize("scarce", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_equals_a_linear_programme_on_middle_sizes(seed, scarce):
    asked, people, rules = county(14, 22, seed, scarce)
    free = Reference(asked, people, rules)
    locked = [
        pair
        for pair in sorted(free.allowed)
        if people.capacity[pair[1]] and asked.experts[pair[0]] < asked.demand[pair[0]]
    ][:1]
    rules = replace(rules, locked=np.array(locked, np.int64))
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


@pytest.mark.parametrize("seed", range(6))
def test_total_and_prices_do_not_depend_on_the_order_of_rows(seed):
    asked, people, rules = county(25, 40, seed, scarce=seed % 2 == 0)
    random = np.random.default_rng(seed)
    by_project, by_deputy = random.permutation(25), random.permutation(40)

    def renamed(rows):
        return random.permutation(
            np.column_stack((np.argsort(by_project)[rows[:, 0]], np.argsort(by_deputy)[rows[:, 1]]))
        )

    other = solve(
        Projects(**{name: values[by_project] for name, values in vars(asked).items()}),
        Deputies(**{name: values[by_deputy] for name, values in vars(people).items()}),
        replace(rules, forbidden=renamed(rules.forbidden), previous=renamed(rules.previous)),
    )
    solution = solve(asked, people, rules)
    assert (other.total, other.unmet.sum(), other.worst) == (solution.total, solution.unmet.sum(), solution.worst)
    assert other.empty_price == solution.empty_price
    assert np.array_equal(other.deputy_price, solution.deputy_price[by_deputy])
    assert np.array_equal(other.project_price, solution.project_price[by_project])
    assert set(by_project[other.worst_proof]) == set(solution.worst_proof)


def test_same_rows_in_same_rows_out():
    """Also when many pairs cost the same, and whatever the order in which a rule names its pairs."""
    asked, people, rules = county(30, 45, 3, scarce=False)
    asked = replace(asked, lon=np.round(asked.lon, 1), lat=np.round(asked.lat, 1))
    people = replace(
        people, residence_lon=np.round(people.residence_lon, 1), residence_lat=np.round(people.residence_lat, 1)
    )
    first = solve(asked, people, rules)
    again = solve(
        asked, people, replace(rules, previous=rules.previous[::-1], forbidden=np.repeat(rules.forbidden, 2, axis=0))
    )
    assert np.array_equal(first.pairs, again.pairs) and np.array_equal(first.deputy_price, again.deputy_price)
    assert first.reasons.tolist() == again.reasons.tolist()
