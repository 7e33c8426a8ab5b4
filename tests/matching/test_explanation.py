"""What is said of a pair: by hand on a street, and the prices' claims tested by solving again with another price."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from apps.matching.assignment import Rules, solve
from apps.matching.explanation import Obstacle, explain
from gis_data.wording import metres_text
from tests.matching.instances import NOWHERE, county, deputies, deputy, project, projects
from tests.matching.reference import Reference
from tests.matching.test_assignment import east
from tests.matching.test_assignment_properties import problems

NAMES = ("李某某", "王某某", "张某某", "赵某某")


def told(asked, people, rules, i, j, homes=True):
    return explain(asked, people, rules, solve(asked, people, rules), i, j, NAMES, homes)


@pytest.mark.parametrize(
    ("metres", "text"), [(0, "0 米"), (999.4, "999 米"), (999.6, "1.0 公里"), (1000, "1.0 公里"), (5249, "5.2 公里")]
)
def test_metres_are_written_in_one_place(metres, text):
    assert metres_text(metres) == text


def crossing():
    """D0 stands 1 km from both projects, D1 6 km from P0 and 4 km from P1: D0 goes to P0."""
    return (
        projects(project(east(0)), project(east(2000))),
        deputies(deputy(east(1000)), deputy(east(6000), capacity=2)),
        Rules(),
    )


def test_a_nearer_one_who_is_needed_elsewhere():
    one = told(*crossing(), 1, 0)
    assert (one.chosen, one.allowed, one.rank, one.cost, one.load, one.team) == (False, True, 1, 1000, 1, (1,))
    assert (one.deputy_price, one.offer, one.project_price, one.limit, one.regret) == (3000, 4000, 4000, 4000, 0)
    assert one.instead == 1
    assert one.sentence == "李某某更近（1.0 公里），但他已有 1 项，让他来替王某某会使别的项目至少多走 3.0 公里"
    assert told(*crossing(), 1, 0, homes=False).sentence == "李某某已有 1 项，满额"


def test_the_nearest_is_chosen():
    """D1 offers 6 km where D0 offers 1 + 3: D0 could be 2 km dearer at P0."""
    one = told(*crossing(), 0, 0)
    assert (one.chosen, one.offer, one.limit, one.regret, one.instead) == (True, 4000, 6000, -2000, 1)
    assert one.sentence == "李某某是离得最近且能胜任的代表（1.0 公里）"
    assert told(*crossing(), 0, 0, homes=False).sentence == "李某某由方案选定：本方案中共负责 1 项"


def test_a_farther_one_is_chosen_because_the_nearer_is_needed():
    one = told(*crossing(), 1, 1)
    assert (one.chosen, one.rank) == (True, 2)
    assert one.sentence == "王某某排第 2（4.0 公里）：排在前面的 1 位留给别的项目更合算"


def test_another_field_counts_as_metres():
    """Exact here: D1 must be 5 km cheaper to come."""
    asked = projects(project(east(0), field=0))
    people = deputies(deputy(east(1000), fields=(0,)), deputy(east(1000), fields=(1,)))
    rules = Rules(field_cost=np.array([[0.0, 5000, 9000], [5000, 0, 0], [9000, 0, 0]]))
    one = told(asked, people, rules, 0, 1)
    assert (one.rank, one.cost, one.regret, one.instead) == (2, 6000, 5000, 0)
    assert one.sentence == "王某某排第 2：领域不同（比李某某多 5.0 公里）"
    assert told(asked, people, rules, 0, 1, homes=False).sentence == "王某某领域不同，方案选了懂行的代表"
    assert told(asked, people, rules, 0, 0).sentence == "李某某是离得最近且懂行的代表（1.0 公里）"


@pytest.mark.parametrize(
    ("asked", "person", "rules", "obstacle", "sentence"),
    [
        (project(organisations=(7,)), deputy(organisation=7), Rules(), Obstacle.recused, "李某某须回避：所在单位与项目有关"),
        (project(), deputy(), Rules(forbidden=np.array([[0, 0]])), Obstacle.forbidden, "李某某已由工作人员排除"),
        (project(), deputy(NOWHERE), Rules(), Obstacle.position, "李某某没有登记居住地或工作地"),
        (project(NOWHERE), deputy(), Rules(), Obstacle.position, "项目没有登记位置"),
        (project(), deputy(east(9000)), Rules(max_distance=5000.0), Obstacle.distance, "李某某超出限定的 5.0 公里"),
        (project(field=0, experts=1), deputy(), Rules(), Obstacle.experts, "李某某不是本领域的代表，名额须留给专业代表"),
        (project(demand=0), deputy(), Rules(), Obstacle.places, "这个项目不需要代表"),
    ],
)
def test_what_no_price_overcomes(asked, person, rules, obstacle, sentence):
    people = deputies(person, deputy(east(100_000), fields=(0,)))
    one = told(projects(asked), people, rules, 0, 0)
    assert (one.obstacle, one.limit, one.regret, one.sentence) == (obstacle, None, None, sentence)


def test_a_full_gate_is_the_price_that_applies():
    """Two places, one for an expert: D0 and D1 live at the door without the field, D2 with it at 30 km. D1 could only take D0's place."""
    asked = projects(project(east(0), field=1, demand=2, experts=1))
    people = deputies(deputy(east(100)), deputy(east(300)), deputy(east(30_000), fields=(1,)))
    one = told(asked, people, Rules(), 0, 1)
    assert (one.project_price, one.offer, one.limit, one.regret, one.instead) == (30_000, 300, 100, 200, 0)
    assert one.sentence == "王某某不是本领域的代表，名额须留给专业代表"
    assert told(asked, people, Rules(), 0, 2).sentence == "张某某排第 3（30.0 公里）：名额须留给专业代表"


def test_locked_pairs_are_staffs_word():
    asked, people, _ = crossing()
    rules = Rules(locked=np.array([[1, 0]]))
    one = told(asked, people, rules, 1, 0)
    assert one.locked and one.chosen and one.limit is None and one.sentence == "李某某由工作人员指定"
    assert told(asked, people, rules, 1, 1).sentence == "名额都由指定的代表占了"


def test_whoever_is_missing_elsewhere_leaves_a_place_empty():
    """One deputy, two projects far apart: one stays empty, and he would leave the other one so."""
    asked, people = projects(project(east(0)), project(east(5000))), deputies(deputy(east(0)))
    one = told(asked, people, Rules(), 1, 0)
    assert one.instead is None and one.sentence == "李某某已有 1 项，满额，让他来，别的项目就要空出一个名额"


def test_fairness_leaves_out_what_is_too_far():
    asked = projects(project(east(0)), project(east(2000)))
    people = deputies(deputy(east(0)), deputy(east(2000)), deputy(east(9000)))
    one = told(asked, people, Rules(fair=True), 0, 2)
    assert one.obstacle == Obstacle.worst and one.sentence == "张某某折算 9.0 公里，超过方案里最远的一对（0 米）"


def test_rows_that_are_not_there_are_refused():
    asked, people, rules = crossing()
    with pytest.raises(IndexError, match="没有"):
        explain(asked, people, rules, solve(asked, people, rules), 0, 2)
    assert explain(asked, people, rules, solve(asked, people, rules), 0, 1).sentence.startswith("第 2 位代表")


@settings(max_examples=1000, deadline=None)
@given(problems(sizes=((3, 4), (2, 4), (3, 3))))
def test_prices_agree_with_the_team(problem):
    reference = Reference(*problem)
    if not reference.lock_stands():
        return
    note(problem)
    solution = solve(*problem)
    pairs = {tuple(pair) for pair in solution.pairs.tolist()}
    for i in range(reference.n):
        for j in range(reference.m):
            one = explain(*problem, solution, i, j, homes=True)
            assert (one.chosen, one.locked, one.allowed) == ((i, j) in pairs, (i, j) in reference.locked, (i, j) in reference.allowed)
            assert one.cost == reference.cost.get((i, j)) and one.price == reference.price.get((i, j))
            assert one.sentence and one.team == tuple(d for p, d in sorted(pairs) if p == i) and one.load == sum(d == j for _, d in pairs)
            if one.allowed:
                assert one.rank == 1 + sum(reference.cost[i, k] < one.cost for k in range(reference.m) if (i, k) in reference.allowed)
                assert one.offer == one.price + solution.deputy_price[j]
            if one.limit is None:
                assert one.regret is None and (one.locked or one.obstacle)
            elif one.chosen:
                assert one.regret == one.offer - one.limit <= 0 and one.offer <= one.project_price
            else:
                assert one.regret == one.offer - one.limit >= 0 and one.limit <= one.project_price
                assert one.limit == one.project_price or not reference.expert(i, j)


@settings(max_examples=1000, deadline=None)
@given(problems(sizes=((2, 3), (3, 3))), st.data())
def test_the_regret_is_what_a_pair_may_change_without_changing_the_answer(problem, data):
    """Cheaper: the bonus of that one pair; dearer: a bonus of all the others, since as many places are filled in any case."""
    asked, people, rules = problem
    rules = replace(rules, previous=None, keep_bonus=0)
    if not Reference(asked, people, rules).lock_stands():
        return
    solution = solve(asked, people, rules)
    i, j = data.draw(st.integers(0, len(asked) - 1)), data.draw(st.integers(0, len(people) - 1))
    one = explain(asked, people, rules, solution, i, j)
    if one.regret is None:
        return
    if one.chosen:
        dearer = min(-one.regret, 10**7)
        others = np.array([(p, d) for p in range(len(asked)) for d in range(len(people)) if (p, d) != (i, j)])
        again = solve(asked, people, replace(rules, previous=others, keep_bonus=dearer))
        assert again.total == solution.total - dearer * (len(solution.pairs) - 1)
        return
    cheaper = min(one.regret, 10**7)
    again = solve(asked, people, replace(rules, previous=np.array([[i, j]]), keep_bonus=cheaper))
    assert (again.total, again.unmet.sum()) == (solution.total, solution.unmet.sum())
    if cheaper:
        again = solve(asked, people, replace(rules, previous=np.array([[i, j]]), keep_bonus=cheaper - 1))
        assert again.total == solution.total and [i, j] not in again.pairs.tolist()


@pytest.mark.parametrize("seed", range(4))
def test_without_homes_nothing_said_depends_on_them(seed):
    """The same solution, the residences elsewhere."""
    asked, people, rules = county(12, 16, seed)
    solution = solve(asked, people, rules)
    moved = replace(people, residence_lon=people.residence_lon + np.random.default_rng(seed).normal(0, 0.2, len(people)))
    differ = 0
    for i in range(len(asked)):
        for j in range(len(people)):
            said = [[explain(asked, d, rules, solution, i, j, homes=homes).sentence for d in (people, moved)] for homes in (False, True)]
            assert said[0][0] == said[0][1]
            differ += said[1][0] != said[1][1]
    assert differ > 4
