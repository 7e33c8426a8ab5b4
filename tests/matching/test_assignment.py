"""Assignments one can work out on paper: everybody stands on the equator, where a degree is 111,319.49079327358 m of the ellipsoid."""

from dataclasses import replace

import numpy as np
import pytest

from apps.matching.assignment import Deputies, ImpossibleLock, Projects, Reason, Rules, solve
from tests.matching.instances import NOWHERE, deputies, deputy, project, projects


def east(metres):
    return metres / 111319.49079327358, 0.0


def chosen(solution):
    return [tuple(pair) for pair in solution.pairs.tolist()]


def one_pair(asked, person, rules=Rules()):  # noqa: B008
    """The parts and cost of the only pair there can be."""
    solution = solve(projects(asked), deputies(person), rules)
    assert chosen(solution) == [(0, 0)]
    return {name: round(float(part[0]), 6) for name, part in solution.parts.items()}, int(solution.cost[0])


def test_the_nearer_deputy_goes_where_he_is_needed_more():
    """D0 stands 1 km from both, D1 6 km and 4 km: D0 to P0 and D1 to P1, 5 km. Another place at D0 would save 4 − 1 = 3 km."""
    solution = solve(
        projects(project(east(0)), project(east(2000))), deputies(deputy(east(1000)), deputy(east(6000), capacity=2))
    )
    assert chosen(solution) == [(0, 0), (1, 1)]
    assert solution.cost.tolist() == [1000, 4000]
    assert solution.total == solution.lower_bound == 5000
    assert solution.deputy_price.tolist() == [3000, 0]
    assert solution.project_price.tolist() == [4000, 4000]
    assert solution.unmet.tolist() == [0, 0] and solution.reasons.tolist() == [Reason.none, Reason.none]
    assert solution.arcs == 4 and solution.worst is None


def test_residence_and_workplace_are_weighed():
    parts, cost = one_pair(project(east(0)), deputy(east(1000), east(2000)))
    assert (parts, cost) == ({"residence": 600, "workplace": 800, "field": 0, "town": 0}, 1400)


@pytest.mark.parametrize(
    ("home", "work", "name"), [(east(1000), NOWHERE, "residence"), (NOWHERE, east(1000), "workplace")]
)
def test_the_only_anchor_takes_both_weights(home, work, name):
    parts, cost = one_pair(project(east(0)), deputy(home, work), Rules(residence_weight=0.5, workplace_weight=1.0))
    assert (parts[name], cost) == (1500, 1500)


def test_nearest_anchor_counts_alone():
    parts, cost = one_pair(project(east(0)), deputy(east(3000), east(2000)), Rules(anchor="nearest"))
    assert (parts["residence"], parts["workplace"], cost) == (0, 2000, 2000)


@pytest.mark.parametrize(
    ("fields", "field", "part"), [((1, 2), 0, 300), ((), 0, 900), ((1,), 0, 900), ((2,), -1, 0), ((0,), 0, 0)]
)
def test_the_best_field_counts_and_none_costs_the_most(fields, field, part):
    table = np.array([[0, 900, 300], [0, 0, 0], [5, 5, 5]])
    parts, cost = one_pair(project(field=field), deputy(fields=fields), Rules(field_cost=table))
    assert (parts["field"], cost) == (part, part)


@pytest.mark.parametrize(
    ("town", "towns", "part"),
    [(3, (3, 4), 0), (3, (4, 3), 0), (3, (4, 5), 2000), (3, (-1, -1), 2000), (-1, (-1, 4), 0)],
)
def test_another_town_costs(town, towns, part):
    parts, _ = one_pair(project(town=town), deputy(towns=towns), Rules(town_cost=2000))
    assert parts["town"] == part


def test_costs_are_rounded_once_after_summing():
    parts, cost = one_pair(
        project(field=0), deputy(east(0.6), east(1.1), fields=(1,)), Rules(field_cost=np.full((3, 3), 0.7))
    )
    assert (parts["residence"], parts["workplace"], parts["field"]) == (0.36, 0.44, 0.7)
    assert cost == 2  # 1.5 to the even neighbour; rounded one by one it would be 1


def test_largest_distance_is_inclusive_and_takes_the_nearer_anchor():
    asked, people = projects(project(east(0))), deputies(deputy(east(9000), east(5000)))
    limit = solve(asked, people, Rules(anchor="nearest")).parts["workplace"][0]
    assert chosen(solve(asked, people, Rules(max_distance=limit))) == [(0, 0)]
    solution = solve(asked, people, Rules(max_distance=np.nextafter(limit, 0)))
    assert chosen(solution) == [] and solution.reasons[0] == Reason.distance


def test_nobody_supervises_the_body_he_works_for():
    solution = solve(
        projects(project(organisations=(7, 8)), project(organisations=(9,))),
        deputies(deputy(organisation=8), deputy(east(5000), organisation=-1)),
    )
    assert chosen(solution) == [(0, 1), (1, 0)]


def test_a_deputy_holds_one_place_of_a_project():
    """Two places, one deputy with room for five: the second place stays empty, it is not his twice."""
    solution = solve(projects(project(demand=2)), deputies(deputy(capacity=5)))
    assert chosen(solution) == [(0, 0)]
    assert solution.unmet.tolist() == [1] and solution.reasons[0] == Reason.capacity
    assert solution.project_price[0] == solution.empty_price and solution.deputy_price[0] == 0


def test_a_full_team_comes_before_short_ways():
    """P0 can only have D0; that P1 must then go 90 km for D1 does not matter."""
    solution = solve(
        projects(project(east(0)), project(east(1000))),
        deputies(deputy(east(1000)), deputy(east(91_000))),
        Rules(max_distance=90_000),
    )
    assert chosen(solution) == [(0, 0), (1, 1)] and solution.total == 91_000


def test_forbidden_pairs_are_left_out_and_locked_ones_kept():
    asked = projects(project(east(0)), project(east(1000)))
    people = deputies(deputy(east(0)), deputy(east(1000)), deputy(east(50_000)))
    assert chosen(solve(asked, people, Rules(forbidden=[[0, 0], [0, 0]]))) == [(0, 1), (1, 0)]
    rules = Rules(
        locked=[[0, 2], [0, 2]], forbidden=[[0, 2]], max_distance=10_000, residence_weight=1, workplace_weight=0
    )
    solution = solve(asked, people, rules)
    assert chosen(solution) == [(0, 2), (1, 1)]
    assert solution.total == solution.lower_bound == 50_000
    assert solution.arcs == 2  # the second project and the two within 10 km


@pytest.mark.parametrize(
    ("asked", "person", "locked", "named"),
    [
        (project(organisations=(4,), demand=9), deputy(organisation=4, capacity=9), [(1, 1)], "回避"),
        (project(NOWHERE), deputy(capacity=9), [(1, 1)], "位置"),
        (project(), deputy(NOWHERE, capacity=9), [(1, 1)], "位置"),
        (project(demand=9), deputy(capacity=1), [(0, 1), (1, 1)], "可承担"),
        (project(demand=1), deputy(), [(1, 0), (1, 1)], "所需"),
        (project(field=1, demand=2, experts=2), deputy(), [(1, 1)], "专业"),
    ],
)
def test_locks_that_cannot_stand_are_refused_by_row(asked, person, locked, named):
    with pytest.raises(ImpossibleLock, match=named) as refused:
        solve(projects(project(), asked), deputies(deputy(fields=(1,)), person), Rules(locked=locked))
    assert refused.value.pairs.tolist() == [list(pair) for pair in locked]
    assert all(str(pair) in str(refused.value) for pair in locked)


def test_one_of_the_team_must_know_the_field():
    """The two at the door do not know field 1; the one 30 km away does."""
    people = deputies(deputy(), deputy(), deputy(east(30_000), fields=(1,)))
    asked = projects(project(field=1, demand=2, experts=1))
    solution = solve(asked, people)
    assert (0, 2) in chosen(solution) and len(solution.pairs) == 2
    assert solution.total == solution.lower_bound == 30_000
    assert chosen(solve(replace(asked, experts=np.zeros(1, int)), people)) == [(0, 0), (0, 1)]


def test_a_locked_expert_opens_the_other_places_to_all():
    people = deputies(deputy(), deputy(), deputy(east(30_000), fields=(1,)))
    solution = solve(projects(project(field=1, demand=3, experts=1)), people, Rules(locked=[[0, 2]]))
    assert chosen(solution) == [(0, 0), (0, 1), (0, 2)]


def test_last_years_supervisor_stays_when_the_bonus_is_worth_the_way():
    asked, people = projects(project(east(0))), deputies(deputy(east(100)), deputy(east(1000)))
    stays, leaves = (solve(asked, people, Rules(previous=[[0, 1]], keep_bonus=bonus)) for bonus in (901, 899))
    assert (chosen(stays), stays.cost.tolist(), stays.total) == ([(0, 1)], [1000], 99)
    assert (chosen(leaves), leaves.total) == ([(0, 0)], 100)


def test_the_bonus_can_make_a_pair_cheaper_than_nothing():
    solution = solve(projects(project(east(0))), deputies(deputy(east(100))), Rules(previous=[[0, 0]], keep_bonus=1000))
    assert solution.total == solution.lower_bound == -900


def test_balance_spreads_the_load():
    """D0 is at every project, D1 one km off: a 2nd project costs D0 1500 more, a 3rd 3000 more, so D1 takes the third."""
    asked, people = (
        projects(project(), project(), project()),
        deputies(deputy(capacity=3), deputy(east(1000), capacity=1)),
    )
    assert solve(asked, people).total == 0
    solution = solve(asked, people, Rules(balance=1500))
    assert np.bincount(solution.pairs[:, 1]).tolist() == [2, 1]
    assert solution.total == solution.lower_bound == 1000 + 1500
    assert solution.cost.sum() == 1000


def test_locked_pairs_count_as_load():
    asked, people = projects(project(), project()), deputies(deputy(capacity=3), deputy(east(1000), capacity=1))
    solution = solve(asked, people, Rules(balance=1500, locked=[[1, 0]]))
    assert chosen(solution) == [(0, 1), (1, 0)] and solution.total == solution.lower_bound == 1000


def test_fair_shortens_the_longest_way_first():
    """1 + 10 km is less than 6 + 6 km, but 6 km is the better worst pair: D1 is out of P1's town, 1 + 9 km."""
    asked = projects(project(east(0)), project(east(7000), town=5))
    people = deputies(deputy(east(1000), towns=(5, -1)), deputy(east(6000)))
    plain, fair = (solve(asked, people, Rules(town_cost=9000, fair=fair)) for fair in (False, True))
    assert (chosen(plain), plain.total, plain.worst) == ([(0, 0), (1, 1)], 11_000, None)
    assert (chosen(fair), fair.total, fair.worst) == ([(0, 1), (1, 0)], 12_000, 6000)
    assert fair.lower_bound == 12_000
    assert fair.worst_proof.tolist() == [1]  # below 6 km it has nobody


def test_fair_lets_the_rest_use_what_a_locked_pair_costs():
    """The locked pair is 20 km; nothing is gained by keeping the other below that, so the cheaper total of 11 km stands."""
    asked = projects(project(east(0)), project(east(7000), town=5), project(east(26_000)))
    people = deputies(deputy(east(1000), towns=(5, -1)), deputy(east(6000), capacity=2))
    solution = solve(asked, people, Rules(town_cost=9000, fair=True, locked=[[2, 1]]))
    assert chosen(solution) == [(0, 0), (1, 1), (2, 1)]
    assert (solution.worst, solution.worst_proof.tolist(), solution.total) == (20_000, [2], 31_000)


def test_fair_leaves_no_more_places_empty():
    asked, people = projects(project(east(0))), deputies(deputy(east(80_000)))
    solution = solve(asked, people, Rules(fair=True))
    assert (solution.worst, solution.worst_proof.tolist(), solution.unmet.tolist()) == (80_000, [0], [0])


@pytest.mark.parametrize(
    ("asked", "people", "rules", "reason"),
    [
        ([project(NOWHERE)], [deputy()], {}, Reason.position),
        ([project()], [deputy(NOWHERE)], {}, Reason.position),
        ([project()], [deputy(capacity=0)], {}, Reason.capacity),
        ([project()], [], {}, Reason.capacity),
        ([project(demand=2)], [deputy()], {}, Reason.capacity),
        ([project(), project(demand=0)], [deputy(east(1000))], {"max_distance": 999}, Reason.distance),
        ([project(organisations=(1,))], [deputy(organisation=1)], {}, Reason.recusal),
        ([project()], [deputy()], {"forbidden": [[0, 0]]}, Reason.recusal),
        (
            [project(organisations=(1,))],
            [deputy(organisation=1), deputy(east(9))],
            {"max_distance": 1},
            Reason.distance,
        ),
        ([project(field=1, demand=2, experts=1)], [deputy(), deputy(fields=(0,))], {}, Reason.expert),
        ([project(field=-1, demand=1, experts=1)], [deputy(fields=(0, 1, 2))], {}, Reason.expert),
        (
            [project(field=1, demand=2, experts=1)],
            [deputy(), deputy(east(9), fields=(1,))],
            {"max_distance": 1},
            Reason.distance,
        ),
        ([project(field=1, demand=2, experts=1)], [deputy(), deputy(east(9))], {"max_distance": 1}, Reason.expert),
        ([project(demand=2)], [deputy(), deputy(east(9), capacity=0)], {"max_distance": 1}, Reason.capacity),
    ],
)
def test_every_empty_place_has_its_reason(asked, people, rules, reason):
    solution = solve(projects(*asked), deputies(*people), Rules(**rules))
    assert solution.unmet[0] == 1 and solution.reasons[0] is reason
    assert all(other is Reason.none for other in solution.reasons[1:])


def test_places_lost_to_others():
    """Two projects, one free deputy: capacity. Two projects that want an expert, one expert among many: expert."""
    lost = solve(projects(project(), project()), deputies(deputy()))
    assert sorted(lost.reasons) == [Reason.none, Reason.capacity]
    wanted = project(field=1, demand=2, experts=1)
    lost = solve(projects(wanted, wanted), deputies(deputy(fields=(1,)), deputy(), deputy(), deputy()))
    assert sorted(lost.reasons) == [Reason.none, Reason.expert] and lost.unmet.sum() == 1


def test_nothing_asked_and_nobody_there():
    for asked, people in (([], [deputy()]), ([], []), ([project(demand=0)], [deputy()]), ([project()], [])):
        for rules in (Rules(), Rules(fair=True, balance=10, field_cost=np.zeros((3, 3)))):
            solution = solve(projects(*asked), deputies(*people), rules)
            assert solution.pairs.shape == (0, 2) and solution.total == solution.lower_bound == 0
            assert (solution.worst, solution.empty_price) == (None, 1)
            assert set(solution.parts) == {"residence", "workplace", "field", "town"}


def test_more_wanted_than_there_are():
    """Five projects at one point want three each of four deputies at one point, two places each: 8 of 15 are filled, at no cost."""
    solution = solve(projects(*[project(demand=3)] * 5), deputies(*[deputy(capacity=2)] * 4))
    assert len(solution.pairs) == 8 and solution.unmet.sum() == 7 and solution.total == solution.lower_bound == 0
    assert np.bincount(solution.pairs[:, 1]).tolist() == [2, 2, 2, 2]


def test_huge_demand_and_capacity_are_only_numbers():
    asked, people = (
        projects(project(east(0), demand=2_000_000_000)),
        deputies(deputy(east(100), capacity=2_000_000_000)),
    )
    solution = solve(asked, people, Rules(balance=100, fair=True))
    assert solution.total == solution.lower_bound == 100 and solution.unmet.tolist() == [1_999_999_999]


def test_a_county_is_solved_and_proven_while_one_waits():
    random = np.random.default_rng(7)
    lon, lat = 120 + random.random((3, 1300)) * 0.6, 27 + random.random((3, 1300)) * 0.5
    asked = Projects(
        lon[0, :120], lat[0, :120], random.integers(0, 8, 120), random.integers(3, 6, 120), np.ones(120, int), random.integers(0, 11, 120),
        random.integers(-1, 60, (120, 3)),
    )  # fmt: skip
    people = Deputies(
        lon[1], lat[1], lon[2], lat[2], random.random((1300, 8)) < 0.2, np.full(1300, 2), random.integers(-1, 60, 1300),
        random.integers(0, 11, (1300, 2)),
    )  # fmt: skip
    rules = Rules(
        field_cost=5000.0 * ~np.eye(8, dtype=bool), town_cost=3000, max_distance=30_000, balance=500, fair=True
    )
    solution = solve(asked, people, rules)
    assert solution.total == solution.lower_bound and solution.unmet.sum() == 0
    assert solution.seconds < 2


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"lat": [0.0, 120.0]}, "写反"),
        ({"lon": [0.0, 181.0]}, "写反"),
        ({"demand": [1, -1]}, "demand.*第 1 行"),
        ({"demand": [1.5, 1]}, "demand.*整数"),
        ({"demand": [1, 2**31]}, "demand.*整数"),
        ({"experts": [0, 2]}, "experts 多于 demand.*第 1 行"),
        ({"field": [0]}, "field"),
        ({"field": [0, 3]}, "领域.*第 1 行"),
        ({"town": [0, -2]}, "town"),
        ({"organisations": [1, 2]}, "organisations"),
    ],
)
def test_projects_that_cannot_be_meant_are_refused(change, named):
    rows = vars(projects(project(), project()))
    with pytest.raises(ValueError, match=named):
        solve(Projects(**{**rows, **change}), deputies(deputy()))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"residence_lat": [91.0]}, "居住地.*写反"),
        ({"workplace_lon": [1.0, 2.0]}, "workplace_lon"),
        ({"capacity": [-1]}, "capacity"),
        ({"fields": [True]}, "fields"),
        ({"towns": [1, 2]}, "towns"),
    ],
)
def test_deputies_that_cannot_be_meant_are_refused(change, named):
    with pytest.raises(ValueError, match=named):
        Deputies(**{**vars(deputies(deputy())), **change})


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        ({"residence_weight": -0.1}, "residence_weight"),
        ({"workplace_weight": np.nan}, "workplace_weight"),
        ({"anchor": "home"}, "anchor"),
        ({"balance": -1}, "balance"),
        ({"max_distance": np.nan}, "max_distance"),
        ({"max_distance": -1.0}, "max_distance"),
        ({"field_cost": [[0.0, 1.0]]}, "field_cost"),
        ({"field_cost": [[-1.0]]}, "field_cost"),
        ({"field_cost": np.zeros((2, 2))}, "field_cost.*3 × 3"),
        ({"forbidden": [[0, 1]]}, "forbidden 指向不存在"),
        ({"locked": [[1, 0]]}, "locked 指向不存在"),
        ({"previous": [[-1, 0]]}, "previous"),
        ({"previous": [[0, 0, 0]]}, "previous"),
        ({"town_cost": 2**50}, "town_cost"),
        ({"keep_bonus": 2**50}, "keep_bonus"),
        ({"balance": 2**50}, "balance"),
        ({"field_cost": np.full((3, 3), 1e300)}, "费用过大"),
        ({"residence_weight": 1e300}, "费用过大"),
    ],
)
def test_rules_that_cannot_be_meant_are_refused(rules, named):
    with pytest.raises(ValueError, match=named):
        solve(projects(project(east(1), field=1)), deputies(deputy()), Rules(**rules))


def test_sums_past_exact_arithmetic_are_refused():
    asked, people = projects(*[project()] * 1500), deputies(deputy(capacity=1500))
    with pytest.raises(ValueError, match="无法精确求解"):
        solve(asked, people, Rules(balance=2**40))


def test_metres_of_a_rule_are_whole():
    with pytest.raises(TypeError):
        Rules(town_cost=1.5)  # type: ignore[arg-type]
