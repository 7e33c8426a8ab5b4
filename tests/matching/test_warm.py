"""A kept assignment after every change: as good as solved anew, and the difference it tells is the difference there is."""

from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.matching import filling
from apps.matching.assignment import ImpossibleLock, Rules, solve
from apps.matching.warm import WarmAssignment
from tests.bench import supervision
from tests.matching.flow_faults import faults
from tests.matching.instances import county, deputies, deputy, project, projects, with_locks
from tests.matching.test_assignment import east


class Kept:
    """A warm assignment beside the problem it should stand for, which is kept by other means and solved anew after every change."""

    def __init__(self, asked, people, rules, spare=40, log=None):
        self.asked, self.people, self.rules = asked, people, replace(rules, fair=False)
        self.warm = WarmAssignment(asked, people, self.rules, spare)
        if log is not None:
            self.warm._filling.net = self.warm._filling.net._replace(log=np.zeros((log, 3), np.int64))
        self.spare, self.changes = spare, 0
        self.pairs, self.total, self.unmet = (
            rows_of(self.warm.solution.pairs),
            self.warm.solution.total,
            int(self.warm.solution.unmet.sum()),
        )
        self.check(None)

    @property
    def locked(self):
        return (
            np.empty((0, 2), np.int64)
            if self.rules.locked is None
            else np.unique(self.rules.locked, axis=0).reshape(-1, 2)
        )

    def add(self, i, places):
        if places > self.spare:
            self.refused(ValueError, "add", i, places)
            return
        difference = self.warm.add(i, places)
        self.spare -= places
        self.asked = with_row(self.asked, "demand", i, self.asked.demand[i] + places)
        self.check(difference)

    def remove(self, i, places):
        if places > self.asked.demand[i]:
            self.refused(ValueError, "remove", i, places)
            return
        left = self.asked.demand[i] - places
        fewer = with_row(with_row(self.asked, "experts", i, min(self.asked.experts[i], left)), "demand", i, left)
        self.change_to(fewer, self.people, self.rules, "remove", i, places)

    def change(self, j, capacity):
        self.change_to(self.asked, with_row(self.people, "capacity", j, capacity), self.rules, "change", j, capacity)

    def lock(self, i, j):
        self.change_to(
            self.asked, self.people, replace(self.rules, locked=np.vstack((self.locked, [[i, j]]))), "lock", i, j
        )

    def unlock(self, i, j):
        left = self.locked[(self.locked != [i, j]).any(axis=1)]
        if len(left) == len(self.locked):
            self.refused(ValueError, "unlock", i, j)
            return
        self.change_to(self.asked, self.people, replace(self.rules, locked=left), "unlock", i, j)

    @property
    def forbidden(self):
        return (
            np.empty((0, 2), np.int64)
            if self.rules.forbidden is None
            else np.unique(self.rules.forbidden, axis=0).reshape(-1, 2)
        )

    def forbid(self, i, j):
        self.change_to(
            self.asked,
            self.people,
            replace(self.rules, forbidden=np.vstack((self.forbidden, [[i, j]]))),
            "forbid",
            i,
            j,
        )

    def allow(self, i, j):
        left = self.forbidden[(self.forbidden != [i, j]).any(axis=1)]
        if len(left) == len(self.forbidden):
            self.refused(ValueError, "allow", i, j)
            return
        self.change_to(self.asked, self.people, replace(self.rules, forbidden=left), "allow", i, j)

    def tried(self, others):
        """Changes that are taken back: afterwards everything is as it was."""
        before = self.told()
        with self.warm.trial():
            others()
        assert before == self.told()

    def told(self):
        kept = self.warm.solution
        net = self.warm._filling.net
        chosen = [
            kept.pairs,
            kept.deputy_price,
            kept.project_price,
            kept.unmet,
            net.seats,
            net.places,
            net.closed,
            net.closed_start,
        ]
        return [
            (kept.total, kept.lower_bound, self.warm._spare),
            *(values.tolist() for values in (*chosen, self.warm._filling.wanted)),
        ]

    def change_to(self, asked, people, rules, verb, *row):
        """Asks for a change that leads to this problem: refused when that cannot be solved."""
        try:
            solve(asked, people, rules)
        except ImpossibleLock:
            self.refused(ImpossibleLock, verb, *row)
            return
        self.asked, self.people, self.rules = asked, people, rules
        self.check(getattr(self.warm, verb)(*row))

    def refused(self, error, verb, *row):
        """Nothing has changed: neither what is told nor what the next changes start from."""
        before = [
            values.copy() for record in (self.warm._projects, self.warm._deputies) for values in vars(record).values()
        ]
        before += [
            self.warm._locked,
            *(
                getattr(self.warm._filling.net, name).copy()
                for name in ("places", "seats", "price", "closed", "closed_start")
            ),
        ]
        with pytest.raises(error, match=r"[一-鿿]"):
            getattr(self.warm, verb)(*row)
        after = [values for record in (self.warm._projects, self.warm._deputies) for values in vars(record).values()]
        after += [
            self.warm._locked,
            *(getattr(self.warm._filling.net, name) for name in ("places", "seats", "price", "closed", "closed_start")),
        ]
        assert all(np.array_equal(*both, equal_nan=True) for both in zip(before, after, strict=True))
        assert rows_of(self.warm.solution.pairs) == self.pairs

    def check(self, difference):
        cold = solve(self.asked, self.people, self.rules)
        assert faults(self.warm._filling, self.asked, self.people, self.rules, self.locked) == []
        kept = self.warm.solution
        empty = int(kept.unmet.sum())
        assert kept.total == kept.lower_bound == cold.total and empty == cold.unmet.sum()
        assert rows_of(self.locked) <= rows_of(kept.pairs)
        assert np.array_equal(np.bincount(kept.pairs[:, 0], minlength=len(self.asked)) + kept.unmet, self.asked.demand)
        if not empty:  # an empty place is dearer here, for the sake of places to come, and shows in the prices of those who want one
            assert np.array_equal(kept.deputy_price, cold.deputy_price) and np.array_equal(
                kept.project_price, cold.project_price
            )
        if difference is not None:
            added, removed = rows_of(difference.added), rows_of(difference.removed)
            assert (len(added), len(removed)) == (len(difference.added), len(difference.removed))
            assert (
                not added & self.pairs
                and removed <= self.pairs
                and rows_of(kept.pairs) == (self.pairs - removed) | added
            )
            assert (difference.total, difference.unmet) == (cold.total, empty)
            assert (difference.total_change, difference.unmet_change) == (cold.total - self.total, empty - self.unmet)
            assert sorted(added) == list(map(tuple, difference.added.tolist()))
            self.changes += 1
        self.pairs, self.total, self.unmet = rows_of(kept.pairs), cold.total, empty


def rows_of(pairs):
    return set(map(tuple, pairs.tolist()))


def with_row(record, name, row, value):
    values = getattr(record, name).copy()
    values[row] = value
    return replace(record, **{name: values})


def change(kept, random):
    """One change by chance; those that meet chosen and locked pairs as often as those that meet any."""
    n, m = len(kept.asked), len(kept.people)
    i, j, verb = (
        int(random.integers(n)),
        int(random.integers(m)),
        random.choice(["add", "remove", "change", "lock", "keep", "unlock", "back", "forbid", "drop", "allow", "try"]),
    )
    if verb == "add":
        kept.add(i, int(random.choice([1, 1, 2, m + 1])))
    elif verb == "remove":
        kept.remove(i, int(random.choice([1, max(1, kept.asked.demand[i]), kept.asked.demand[i] + 1])))
    elif verb == "change":
        kept.change(j, int(random.choice([0, 0, 1, 2, 5, 2_000_000_000])))
    elif verb == "keep" and kept.pairs:
        kept.lock(*sorted(kept.pairs)[random.integers(len(kept.pairs))])
    elif verb == "back" and len(kept.locked):
        kept.unlock(*kept.locked[random.integers(len(kept.locked))].tolist())
    elif verb == "unlock":
        kept.unlock(i, j)
    elif verb == "forbid":
        kept.forbid(i, j)
    elif verb == "drop" and kept.pairs:
        kept.forbid(*sorted(kept.pairs)[random.integers(len(kept.pairs))])
    elif verb == "allow":
        kept.allow(*(kept.forbidden[random.integers(len(kept.forbidden))].tolist() if len(kept.forbidden) else (i, j)))
    elif verb == "try":
        kept.tried(lambda: some_changes(kept.warm, random))
    else:
        kept.lock(i, j)


def some_changes(warm, random):
    """A few of every kind that can be carried out."""
    for _ in range(4):
        i, j = int(random.integers(len(warm._projects))), int(random.integers(len(warm._deputies)))
        for verb, row in (
            ("lock", (i, j)),
            ("forbid", (i, j)),
            ("add", (i, 1)),
            ("remove", (i, 1)),
            ("change", (j, int(random.integers(3)))),
        ):
            with suppress(ValueError):
                getattr(warm, verb)(*row)


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 9), st.integers(1, 14), st.sampled_from([None, 0, 2, 9]), st.integers(0, 2**32))
def test_every_change_is_as_good_as_solving_anew(n, m, log, seed):
    """Ten changes of a county under any rules; the account of what moved runs over at any length."""
    random = np.random.default_rng(seed)
    asked, people, rules = county(n, m, seed)
    kept = Kept(asked, people, with_locks(asked, people, rules, random, most=3), log=log)
    for _ in range(10):
        change(kept, random)


@pytest.mark.parametrize(("ratio", "displaced"), [(1.0, False), (1.0, True), (1.3, True), (2.0, False)])
def test_changes_of_a_city_where_seats_are_far(ratio, displaced):
    random = np.random.default_rng(5)
    asked, people, rules = supervision.instance(40, 60, ratio=ratio, displaced=displaced)
    asked = replace(asked, experts=np.minimum(asked.demand, random.integers(0, 3, 40)))
    previous = np.column_stack((random.integers(0, 40, 60), np.arange(60)))
    kept = Kept(asked, people, replace(rules, balance=500, previous=previous, keep_bonus=3000), spare=200)
    for _ in range(60):
        change(kept, random)
    assert kept.changes > 30


def test_changes_with_lists_and_heaps_full(monkeypatch):
    """Room for one listed pair and one waiting node at first, so that paths are cut short and sought again."""
    plain = filling.laid_out

    def laid_out(*given):
        net = plain(*given)
        return net._replace(pool=net.pool[:1].copy(), heap=net.heap[:1].copy())

    monkeypatch.setattr(filling, "laid_out", laid_out)
    for seed in range(15):
        random = np.random.default_rng(seed)
        kept = Kept(*county(8, 12, seed))
        for _ in range(15):
            change(kept, random)


def test_changes_after_all_places_were_filled_at_once(monkeypatch):
    monkeypatch.setattr(filling, "_PATIENCE", 0)
    for seed in range(15):
        random = np.random.default_rng(seed)
        kept = Kept(*county(8, 12, seed))
        for _ in range(15):
            change(kept, random)


# -- by hand ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def village():
    """修路在 0 米，修桥在东 2 公里，各需一人；张代表住在两者正中，可督一项，李代表住在东 6 公里，可督两项。"""
    return WarmAssignment(
        projects(project(east(0)), project(east(2000))), deputies(deputy(east(1000)), deputy(east(6000), capacity=2))
    )


def told(difference):
    return difference.added.tolist(), difference.removed.tolist(), difference.total, difference.unmet


def test_one_falls_ill_and_comes_back(village):
    """起初张督修路（1 公里），李督修桥（4 公里）。张病了：李两项都督，6 + 4 公里。张回来：一切如初。"""
    assert (village.solution.pairs.tolist(), village.solution.total) == ([[0, 0], [1, 1]], 5000)
    ill = village.change(0, 0)
    assert told(ill) == ([[0, 1]], [[0, 0]], 10_000, 0)
    assert (ill.total_change, ill.unmet_change) == (5000, 0)
    assert told(village.change(0, 1)) == ([[0, 0]], [[0, 1]], 5000, 0)


def test_one_place_more(village):
    """修桥再要一人：张、李都去修桥（1 + 4 公里），修路改由李督（6 公里）。再要一人就没有人了；减去这两个名额，一切如初。"""
    more = village.add(1)
    assert told(more) == ([[0, 1], [1, 0]], [[0, 0]], 11_000, 0) and more.total_change == 6000
    beyond = village.add(1)
    assert told(beyond) == ([], [], 11_000, 1) and beyond.unmet_change == 1
    assert told(village.remove(1)) == ([], [], 11_000, 0)
    assert told(village.remove(1)) == ([[0, 0]], [[0, 1], [1, 0]], 5000, 0)


def test_a_pair_locked_and_let_go(village):
    """定下李督修路（6 公里），张便督修桥（1 公里）；解除后一切如初。锁定已有的一对，什么也不动。"""
    assert told(village.lock(0, 1)) == ([[0, 1], [1, 0]], [[0, 0], [1, 1]], 7000, 0)
    assert told(village.lock(0, 1)) == told(village.lock(1, 0)) == ([], [], 7000, 0)
    assert told(village.unlock(1, 0)) == ([], [], 7000, 0)
    assert told(village.unlock(0, 1)) == ([[0, 0], [1, 1]], [[0, 1], [1, 0]], 5000, 0)


def test_a_project_given_up_and_taken_up_again(village):
    assert told(village.remove(0)) == ([[1, 0]], [[0, 0], [1, 1]], 1000, 0)
    assert told(village.add(0)) == ([[0, 0], [1, 1]], [[1, 0]], 5000, 0)


def test_the_callers_rows_stay_as_they_are():
    asked, people = projects(project()), deputies(deputy(), deputy())
    warm = WarmAssignment(asked, people)
    warm.add(0)
    warm.change(1, 5)
    assert (asked.demand.tolist(), people.capacity.tolist()) == ([1], [1, 1])


# -- refused ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "row", "error", "named"),
    [
        ("add", (3, 1), ValueError, "project 指向不存在"),
        ("add", (-1, 1), ValueError, "project 指向不存在"),
        ("add", (0, 0), ValueError, "增加的名额"),
        ("add", (0, 6), ValueError, "1 到 5 之间"),
        ("remove", (2, 2), ValueError, "1 到 1 之间"),
        ("remove", (0, 0), ValueError, "减少的名额"),
        ("remove", (1, 1), ImpossibleLock, "专业代表"),
        ("remove", (0, 1), ImpossibleLock, "少于已锁定"),
        ("change", (4, 1), ValueError, "deputy 指向不存在"),
        ("change", (0, -1), ValueError, "0 到 2147483647"),
        ("change", (0, 2**31), ValueError, "0 到 2147483647"),
        ("change", (0, 0), ImpossibleLock, "可承担"),
        ("lock", (0, 9), ValueError, "deputy 指向不存在"),
        ("lock", (2, 3), ImpossibleLock, "回避"),
        ("lock", (2, 0), ImpossibleLock, "可承担"),
        ("lock", (0, 2), ImpossibleLock, "所需"),
        ("lock", (1, 2), ImpossibleLock, "专业"),
        ("unlock", (2, 2), ValueError, "没有锁定"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(verb, row, error, named):
    """P0 holds D0 by lock, P1 D1 who does not know its field; P2 is recused from where D3 works."""
    warm = WarmAssignment(
        projects(project(), project(field=1, demand=2, experts=1), project(organisations=(7,))),
        deputies(deputy(), deputy(), deputy(), deputy(organisation=7, fields=(1,))),
        Rules(locked=[[0, 0], [1, 1]]),
        spare=5,
    )
    before = warm.solution
    with pytest.raises(error, match=named):
        getattr(warm, verb)(*row)
    after = warm.solution
    assert np.array_equal(before.pairs, after.pairs) and (before.total, before.lower_bound) == (
        after.total,
        after.lower_bound,
    )
    assert told(warm.add(2)) == ([], [], 0, 1) or warm.solution.total == warm.solution.lower_bound


@pytest.mark.parametrize(("verb", "row"), [("add", (0, 1.0)), ("remove", (0, 1.0)), ("change", (0, 1.5))])
def test_numbers_of_a_change_are_whole(verb, row):
    warm = WarmAssignment(projects(project()), deputies(deputy()))
    with pytest.raises(TypeError):
        getattr(warm, verb)(*row)
    assert warm.solution.pairs.tolist() == [[0, 0]] and warm.solution.total == warm.solution.lower_bound


def test_fair_rules_are_refused():
    with pytest.raises(ValueError, match="最远者最近"):
        WarmAssignment(projects(project()), deputies(deputy()), Rules(fair=True))


def test_places_are_filled_whatever_the_balance_of_those_who_had_none():
    """Nobody had a seat when it was solved; then one deputy takes all three, however dear the second and third seat."""
    warm = WarmAssignment(projects(*[project()] * 3), deputies(deputy(capacity=0)), Rules(balance=2**38), spare=0)
    assert warm.solution.unmet.sum() == 3
    assert warm.change(0, 3).unmet == 0 and warm.solution.total == 3 * 2**38


def test_demand_at_the_end_of_its_numbers():
    warm = WarmAssignment(projects(project(demand=2**31 - 1)), deputies(deputy()))
    with pytest.raises(ValueError, match="名额"):
        warm.add(0)
    assert warm.solution.unmet.tolist() == [2**31 - 2]


def test_a_pair_chosen_again_when_every_link_is_in_use():
    """Unlocking puts a pair back among the chosen, and the path that follows chooses before it gives up: one link more than there are places."""
    random = np.random.default_rng(155)
    asked, people, rules = county(int(random.integers(1, 16)), int(random.integers(1, 22)), 155)
    kept = Kept(asked, people, with_locks(asked, people, rules, random, most=4), spare=1)
    kept.change(1, 5)
    kept.add(1, 1)
    kept.change(3, 2_000_000_000)
    kept.unlock(0, 4)
