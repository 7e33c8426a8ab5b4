"""A solved assignment kept warm: one change at a time, each answered by one or two shortest paths on the prices at hand.

After every change the flow is again a cheapest one, equal in empty places and total to solving anew (Ahuja, Magnanti, Orlin, Network
Flows, 1993, ch. 9.11: after a change, what it puts in excess is sent on, what it leaves short is fetched back).
"""

import operator
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from apps.matching import network
from apps.matching.assignment import (
    DEFAULT_RULES,
    ImpossibleLock,
    Solution,
    check_locks,
    objective,
    prepared,
    summed_up,
)
from apps.matching.costs import price_pairs
from apps.matching.network import CAPACITY, CHOSEN, DOUBTFUL, FREE_LOAD, GATE, GATE_ROOM, GATE_USED, LOAD, UNMET
from apps.matching.problem import Deputies, Projects, Rules, checked_pairs

Ints = NDArray[np.int64]

_LARGEST = int(np.iinfo(np.int32).max)  # demand or capacity


@dataclass(frozen=True, eq=False)
class Difference:
    """What a change did to the assignment.

    added, removed: int64[k, 2], sorted pairs (project, deputy) that are new, or gone. total, unmet: metres with bonus and balance and empty
    places, as they are now; total_change, unmet_change: by how much they have moved. seconds: time taken.
    """

    added: Ints
    removed: Ints
    total: int
    unmet: int
    total_change: int
    unmet_change: int
    seconds: float


class WarmAssignment:
    """A solved problem kept warm. Not for two threads at once.

    Rows are those of the projects and deputies it was made of. `fair` is refused: its ceiling is a matter of the whole problem.
    `solution` gives the whole answer with its certificate.
    """

    def __init__(self, projects: Projects, deputies: Deputies, rules: Rules = DEFAULT_RULES, spare: int = 1000) -> None:
        """spare: how many places may be added in all; raises what `solve` raises, and ValueError for fair rules."""
        if rules.fair:
            raise ValueError("逐项调整不支持“最远者最近”（fair），请先按此规则重新计算")
        self._projects, self._deputies, self._rules, self._spare = _own(projects), _own(deputies), rules, spare
        self._filling, self._locked = prepared(projects, deputies, rules, spare)
        self._filling.fill()
        pairs = np.unique(np.concatenate((self._locked, self._filling.pairs())), axis=0)
        self._total = objective(price_pairs(projects, deputies, rules, *pairs.T).price, pairs, rules.balance, len(deputies))
        self._unmet = int(self._filling.unmet.sum())
        self._pairs = set(map(tuple, pairs.tolist()))

    @property
    def solution(self) -> Solution:
        """The assignment as it stands, with its certificate; costs some passes over all lists."""
        started = time.perf_counter()
        rules = replace(self._rules, locked=self._locked)
        return summed_up(self._projects, self._deputies, rules, self._locked, self._filling, None, np.empty(0, np.int64), started)

    @property
    def pairs(self) -> frozenset[tuple[int, int]]:
        """Rows (project, deputy) chosen now, locked ones included."""
        return frozenset(self._pairs)

    @property
    def total(self) -> int:
        """Metres with bonus and balance, without empty places."""
        return self._total

    @property
    def unmet(self) -> int:
        """Empty places."""
        return self._unmet

    # -- changes ------------------------------------------------------------------------------------------------------

    def add(self, project: int, places: int = 1) -> Difference:
        """So many more places wanted at a project. ValueError when `spare` is used up."""
        self._check(project, len(self._projects), "project")
        most = min(self._spare, _LARGEST - int(self._projects.demand[project]))
        if not 0 < operator.index(places) <= most:
            raise ValueError(f"增加的名额应为 1 到 {most} 之间的整数：请重新计算整个方案")
        with _Change(self) as change:
            for _ in range(places):
                self._projects.demand[project] += 1
                self._spare -= 1
                change.more_places(project, self._gate_room(project))
        return change.difference

    def remove(self, project: int, places: int = 1) -> Difference:
        """So many fewer places wanted at a project; expert places shrink when they alone are left. ImpossibleLock when locked pairs fill them."""
        self._check(project, len(self._projects), "project")
        locked = self._locked[self._locked[:, 0] == project]
        if not 0 < operator.index(places) <= self._projects.demand[project]:
            raise ValueError(f"减少的名额应为 1 到 {self._projects.demand[project]} 之间的整数")
        left = int(self._projects.demand[project]) - places
        experts = min(int(self._projects.experts[project]), left)
        if len(locked) > left:
            raise ImpossibleLock("项目所需的代表数不能少于已锁定的", locked)
        if self._gate_room(project) - places + int(self._projects.experts[project]) - experts < 0:
            raise ImpossibleLock("余下的名额须留给专业代表，却已锁定了其他代表", locked)
        with _Change(self) as change:
            for _ in range(places):
                self._projects.demand[project] -= 1
                self._projects.experts[project] = min(self._projects.experts[project], self._projects.demand[project])
                change.fewer_places(project, self._gate_room(project))
        return change.difference

    def change(self, deputy: int, capacity: int) -> Difference:
        """Another capacity of a deputy, 0 for one who is not to be had. ImpossibleLock when locked pairs need more."""
        self._check(deputy, len(self._deputies), "deputy")
        if not 0 <= operator.index(capacity) <= _LARGEST:
            raise ValueError(f"代表可承担的项目数应为 0 到 {_LARGEST} 之间的整数")
        locked = self._locked[self._locked[:, 1] == deputy]
        if len(locked) > capacity:
            raise ImpossibleLock("超过代表可承担的项目数", locked)
        with _Change(self) as change:
            self._deputies.capacity[deputy] = capacity
            change.capacity(deputy, capacity)
        return change.difference

    def lock(self, project: int, deputy: int) -> Difference:
        """The pair must be chosen. ImpossibleLock as in `solve`; a pair that is locked already stays so."""
        self._check(project, len(self._projects), "project")
        self._check(deputy, len(self._deputies), "deputy")
        locked = np.unique(np.concatenate((self._locked, [[project, deputy]])), axis=0)
        if len(locked) == len(self._locked):
            return self._nothing()
        near = (locked[:, 0] == project) | (locked[:, 1] == deputy)
        check_locks(self._projects, self._deputies, self._rules, locked[near])
        with _Change(self) as change:
            self._locked = locked
            change.lock(project, deputy, self._gate_room(project))
        return change.difference

    def unlock(self, project: int, deputy: int) -> Difference:
        """The pair may be chosen, if the rules allow it, and may be given up. ValueError when it is not locked."""
        kept = ~((self._locked[:, 0] == project) & (self._locked[:, 1] == deputy))
        if kept.all():
            raise ValueError(f"（{project}, {deputy}）没有锁定")
        with _Change(self) as change:
            self._locked = self._locked[kept]
            change.unlock(project, deputy, self._gate_room(project))
        return change.difference

    def forbid(self, project: int, deputy: int) -> Difference:
        """The pair may not be chosen any more, unless it is locked; a pair that is forbidden already stays so."""
        self._check(project, len(self._projects), "project")
        self._check(deputy, len(self._deputies), "deputy")
        if (self._forbidden == [project, deputy]).all(axis=1).any():
            return self._nothing()
        with _Change(self) as change:
            self._rule_out(np.unique(np.concatenate((self._forbidden, [[project, deputy]])), axis=0))
            change.forbid(project, deputy)
        return change.difference

    def allow(self, project: int, deputy: int) -> Difference:
        """The reverse of `forbid`. ValueError when it is not forbidden."""
        kept = (self._forbidden != [project, deputy]).any(axis=1)
        if kept.all():
            raise ValueError(f"（{project}, {deputy}）没有排除")
        locked = bool((self._locked == [project, deputy]).all(axis=1).any())
        with _Change(self) as change:
            self._rule_out(self._forbidden[kept])
            change.allow(project, deputy, locked)
        return change.difference

    @contextmanager
    def trial(self) -> Iterator[None]:
        """Whatever is changed inside is taken back at the end, ties included."""
        filling, names = self._filling, ("_rules", "_spare", "_locked", "_total", "_unmet")
        held, pairs = {name: getattr(self, name) for name in names}, set(self._pairs)
        demand, experts, capacity = self._projects.demand.copy(), self._projects.experts.copy(), self._deputies.capacity.copy()
        flow = filling.copy()
        flow = flow._replace(closed_start=flow.closed_start.copy())
        wanted, beyond = filling.wanted.copy(), filling.beyond.copy()
        try:
            yield
        finally:
            for name, value in held.items():
                setattr(self, name, value)
            self._pairs = pairs
            self._projects.demand[:], self._projects.experts[:], self._deputies.capacity[:] = demand, experts, capacity
            filling.restore(flow)
            filling.wanted[:], filling.beyond[:] = wanted, beyond
            filling.follow(self._rules)

    # -- inside ---------------------------------------------------------------------------------------------------------

    @property
    def _forbidden(self) -> Ints:
        return checked_pairs("forbidden", self._rules.forbidden, self._projects, self._deputies)

    def _rule_out(self, forbidden: Ints) -> None:
        self._rules = replace(self._rules, forbidden=forbidden)
        self._filling.follow(self._rules)

    def _gate_room(self, project: int) -> int:
        """Places of a project open to deputies without the field."""
        deputies = self._locked[self._locked[:, 0] == project, 1]
        field = int(self._projects.field[project])
        outside = int((~self._deputies.fields[deputies, field]).sum()) if field >= 0 else len(deputies)
        return int(self._projects.demand[project] - self._projects.experts[project]) - outside

    def _nothing(self) -> Difference:
        none = np.empty((0, 2), np.int64)
        return Difference(none, none, self._total, self._unmet, 0, 0, 0.0)

    def _check(self, row: int, rows: int, name: str) -> None:
        if not 0 <= row < rows:
            raise ValueError(f"{name} 指向不存在的行：{row}")


class _Change:
    """One change under way: which nodes have a place too many or too few, then what moved. Rows are the caller's; i, j, k those inside."""

    def __init__(self, warm: WarmAssignment) -> None:
        self._warm, self._filling = warm, warm._filling
        self._too_many: list[int] = []
        self._too_few: list[int] = []
        self._locks: list[tuple[int, int, int]] = []  # +1 or -1, project, deputy

    def __enter__(self) -> "_Change":
        self._started = time.perf_counter()
        self._filling.net.counts[network.LOGGED] = 0
        return self

    def __exit__(self, kind: type | None, *_: object) -> None:
        if kind is None:
            self._settle()
            self._mend()
            self.difference = self._summed_up()
        self._filling.net.counts[network.LOGGED] = network.UNLOGGED

    # -- what changes, in excess and want ---------------------------------------------------------------------------------

    def more_places(self, project: int, gate_room: int) -> None:
        """One more; gate_room: what is open to deputies without the field from now on."""
        filling = self._filling
        i = filling.project_row[project]
        filling.open(i)
        beyond = filling.wanted[project] > len(filling.net.seats)
        (filling.beyond if beyond else filling.wanted)[project] += 1
        net, source = filling.net, i
        gate, before = net.places[i, GATE], net.places[i, GATE_ROOM]
        if gate >= 0:
            net.places[i, GATE_ROOM] = min(gate_room, filling.wanted[project])
            if net.places[i, GATE_ROOM] > before == net.places[i, GATE_USED] and net.price[gate] < net.price[i]:
                net.places[i, GATE_USED] += 1  # the gate was full: the new place, or an empty one, goes through it at once
                net.places[i, UNMET] -= beyond
                source = gate
        if source != i or not beyond:
            self._too_many.append(source)
            self._settle()

    def fewer_places(self, project: int, gate_room: int) -> None:
        filling = self._filling
        i = filling.project_row[project]
        beyond = filling.beyond[project] > 0
        (filling.beyond if beyond else filling.wanted)[project] -= 1
        source = self._narrowed(i, gate_room)
        filling.net.places[i, UNMET] += beyond and source != i
        if source != i or not beyond:
            self._too_few.append(source)
            self._settle()

    def _narrowed(self, i: int, gate_room: int) -> int:
        """A gate's room made smaller; the node that has to give up a place, of the project and its gate."""
        net = self._filling.net
        gate = net.places[i, GATE]
        if gate < 0:
            return i
        net.places[i, GATE_ROOM] = min(gate_room, self._filling.wanted[self._filling.project_at[i]])
        if net.places[i, GATE_USED] <= net.places[i, GATE_ROOM]:
            return i
        net.places[i, GATE_USED] -= 1
        return gate

    def capacity(self, deputy: int, capacity: int) -> None:
        filling, net = self._filling, self._filling.net
        j = filling.deputy_row[deputy]
        net.seats[j, CAPACITY] = capacity
        while net.seats[j, LOAD] > capacity:
            self._evict(j)
        while net.seats[j, LOAD] < capacity and self._invite(j):
            net = filling.net

    def _evict(self, j: int) -> None:
        net = self._filling.net
        self._load(j, -1)
        net.seats[j, FREE_LOAD] -= 1
        self._too_many.append(len(net.bidder) + j)
        self._settle()

    def _invite(self, j: int) -> bool:
        """Offers a free seat that costs less than the deputy's price; False when none does."""
        net = self._filling.net
        if net.price[len(net.bidder) + j] <= net.seats[j, LOAD] * net.counts[network.BALANCE]:
            return False
        before = int(net.seats[j, LOAD])
        self._load(j, 1)
        net.seats[j, FREE_LOAD] += 1
        self._too_few.append(len(net.bidder) + j)
        self._settle()
        return int(self._filling.net.seats[j, LOAD]) > before

    def lock(self, project: int, deputy: int, gate_room: int) -> None:
        filling, net = self._filling, self._filling.net
        i, j = filling.project_row[project], filling.deputy_row[deputy]
        self._locks.append((1, i, j))
        k = filling.bidder_of(i, j)
        place = network.listed(net.lists, net.pool, k, j)
        if place >= 0 and net.pool[place, 1] & CHOSEN:
            network.unchoose(net, k, j)
            net.seats[j, FREE_LOAD] -= 1
            filling.wanted[project] -= 1
            if k != i:
                net.places[i, GATE_USED] -= 1
            self._narrowed(i, gate_room)
            filling.close(i, j)
            return
        filling.close(i, j)
        if net.seats[j, FREE_LOAD] > 0:
            # The locked place takes the first seat; whoever holds the last one looks for another, or for the next.
            net.seats[j, FREE_LOAD] -= 1
            self._too_many.append(len(net.bidder) + j)
        else:
            self._load(j, 1)
        self._settle()
        self.fewer_places(project, gate_room)

    def unlock(self, project: int, deputy: int, gate_room: int) -> None:
        filling = self._filling
        i, j = filling.project_row[project], filling.deputy_row[deputy]
        self._locks.append((-1, i, j))
        self._load(j, -1)
        self._invite(j)
        self.more_places(project, gate_room)
        if filling.reopen(i, j):
            self._recheck([(filling.bidder_of(i, j), j)])

    def forbid(self, project: int, deputy: int) -> None:
        filling, net = self._filling, self._filling.net
        i, j = filling.project_row[project], filling.deputy_row[deputy]
        k = filling.bidder_of(i, j)
        place = network.listed(net.lists, net.pool, k, j)
        if place >= 0 and net.pool[place, 1] & CHOSEN:
            network.unchoose(net, k, j)
            self._too_many.append(k)
            self._too_few.append(len(net.bidder) + j)
        filling.close(i, j)
        self._settle()

    def allow(self, project: int, deputy: int, locked: bool) -> None:
        filling = self._filling
        i, j = filling.project_row[project], filling.deputy_row[deputy]
        if filling.reopen(i, j, locked):
            self._recheck([(filling.bidder_of(i, j), j)])

    # -- and what follows --------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        for node in self._too_many:
            self._filling.forward(node)
        for node in self._too_few:
            self._filling.backward(node)
        self._too_many.clear()
        self._too_few.clear()

    def _mend(self) -> None:
        """Lets the geodesic decide pairs that were listed on the way; the whole flow is looked through when there were too many to note."""
        done = 0
        while (logged := int(self._filling.net.counts[network.LOGGED])) != network.UNLOGGED and done < logged:
            rows = self._filling.net.log[done:logged]
            doubtful = [(int(k), int(j)) for what, k, j in rows if what == DOUBTFUL]
            done = logged
            if doubtful:
                self._filling.decide(*np.array(doubtful).T)
                self._recheck(doubtful)
        if logged == network.UNLOGGED:
            self._filling.mend()

    def _recheck(self, pairs: list[tuple[int, int]]) -> None:
        wrong = [pair for pair in pairs if self._filling.wrong(*pair)]
        if wrong:
            self._filling.toggle(*np.array(wrong).T)

    def _load(self, j: int, by: int) -> None:
        self._filling.net.seats[j, LOAD] += by

    def _summed_up(self) -> Difference:
        """What moved, from the account that was kept; from all pairs when it ran over."""
        warm, filling = self._warm, self._filling
        net, logged = filling.net, int(filling.net.counts[network.LOGGED])
        if logged == network.UNLOGGED:
            now = set(map(tuple, np.concatenate((warm._locked, filling.pairs())).tolist()))
            added, removed = now - warm._pairs, warm._pairs - now
        else:
            moved: dict[tuple[int, int], int] = {}
            noted = [(what, int(net.bidder[k, 0]), j) for what, k, j in net.log[:logged].tolist() if what != DOUBTFUL]
            for what, i, j in noted + self._locks:
                pair = (int(filling.project_at[i]), int(filling.deputy_at[j]))
                moved[pair] = moved.get(pair, 0) + what
            added = {pair for pair, times in moved.items() if times > 0}
            removed = {pair for pair, times in moved.items() if times < 0}
        rows = np.array(sorted(added) + sorted(removed), np.int64).reshape(-1, 2)
        sign = np.repeat([1, -1], [len(added), len(removed)])
        price = price_pairs(warm._projects, warm._deputies, warm._rules, *rows.T).price
        loads, which = np.unique(rows[:, 1], return_inverse=True)
        change = np.bincount(which, sign, len(loads)).astype(np.int64)
        after = net.seats[filling.deputy_row[loads], LOAD]
        before = after - change
        balance = warm._rules.balance * int((after * (after - 1) // 2 - before * (before - 1) // 2).sum())
        total, unmet = warm._total + int((sign * price).sum()) + balance, int(filling.unmet.sum())
        difference = Difference(
            rows[sign > 0], rows[sign < 0], total, unmet, total - warm._total, unmet - warm._unmet, time.perf_counter() - self._started
        )
        warm._total, warm._unmet = total, unmet
        warm._pairs -= removed
        warm._pairs |= added
        return difference


def _own(record: Projects | Deputies) -> Projects | Deputies:
    """With arrays of its own, which may be changed."""
    return replace(record, **{each.name: getattr(record, each.name).copy() for each in fields(record)})
