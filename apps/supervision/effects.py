"""What a change of a draft would cost, told before it is made: at this place alone, and when the rest rearranges.

The problem of a run is kept solved in each process (`WarmAssignment`), the last few runs of them. A change of the draft is carried over
to what is kept; when deputies, topics or areas have changed it is read and solved anew.
"""

import threading
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.db import connection
from django.utils import timezone

from apps.matching.assignment import Solution, solve
from apps.matching.costs import PairTable
from apps.matching.warm import Difference, WarmAssignment
from apps.record.staging import query
from apps.supervision.instance import Instance, Pair, ruled_out, run_members, stored_instance
from apps.supervision.models import AssignmentRun

TABLES = 4  # topics whose pairs with all deputies are kept; one takes 2 MB
KEPT = 3  # runs whose problem a process keeps; one of 10,000 topics and 20,000 deputies takes some 60 MB
LAYERS = ["area", "deputy", "organisation", "project", "topic"]
EXPERT = "小组里须有懂行的代表"
REFUSED = "规则不允许这样调整。"
PLACED = ("replace", "add", "drop", "lead", "lock", "unlock")  # changes of one team, and of those that moved along with it
FAIR = "这个方案先让最远的人最近，换人后的重排要整体重算；这里只按这一处计算，不能让其余人选随之重排。"


@dataclass(frozen=True)
class Change:
    """What may be done to a draft. kind: replace, add, drop, rearrange; topic, deputy (who comes), was (who goes): ids."""

    kind: str
    topic: int | None = None
    deputy: int | None = None
    was: int | None = None


@dataclass(frozen=True)
class Effect:
    """Totals in metres with bonus and balance, of the draft as it stands (before), of this change alone (plain), and of the best arrangement
    that holds to it and to all that is locked (best). None: not possible, `obstacle` says why.

    added, removed: pairs (topic, deputy ids) that the rearranging moves besides the change itself, where one change was asked about; moved:
    how many places elsewhere then get somebody else. arithmetic: nothing is known of a rearrangement, `said` tells why.
    """

    before: int
    plain: int | None
    best: int | None
    obstacle: str = ""
    added: list[Pair] = field(default_factory=list)
    removed: list[Pair] = field(default_factory=list)
    moved: int = 0
    unmet_before: int = 0
    unmet_best: int = 0
    arithmetic: bool = False
    said: str = ""

    @property
    def plain_change(self) -> int | None:
        return None if self.plain is None else self.plain - self.before

    @property
    def best_change(self) -> int | None:
        return None if self.best is None else self.best - self.before


class Kept:
    """One run's problem, solved. Ask it under its `lock`."""

    def __init__(self, run: AssignmentRun, data: tuple) -> None:
        self.lock, self.data, self.revision = threading.Lock(), data, run.revision
        self.asked: Instance = stored_instance(run, run_day(run))
        self.warm = None if self.asked.rules.fair else WarmAssignment(self.asked.projects, self.asked.deputies, self.asked.rules)
        self._solution: Solution | None = None
        self._tables: OrderedDict[int, PairTable] = OrderedDict()
        self.pairs: set[tuple[int, int]] = set()
        self.teams: dict[int, list[int]] = defaultdict(list)
        self.load, self.total = np.zeros(len(self.asked.deputy_keys), np.int64), 0
        self._held, self._empty = (np.zeros(len(self.asked.topic_keys), np.int64) for _ in range(2))
        self._now_locked: set[tuple[int, int]] = set()
        self._read(run)
        self._demand = self.asked.projects.demand.copy()
        self._locked = set(map(tuple, self.asked.rules.locked.tolist()))
        self._forbidden = set(map(tuple, self.asked.rules.forbidden.tolist()))
        self._hold_apart()

    def _hold_apart(self) -> None:
        """How the best arrangement differs from the draft: +1 for pairs it has besides, -1 for those it lacks."""
        best = self.warm.pairs if self.warm else self.pairs
        self._apart = dict.fromkeys(best - self.pairs, 1) | dict.fromkeys(self.pairs - best, -1)

    def _read(self, run: AssignmentRun, topics: set[int] | None = None) -> None:
        """The draft as it stands: its pairs (rows), loads and totals. topics: ids, where only their teams have changed since it was last
        read; None: all. What has not moved is not priced again."""
        # As arrays, and only what moved in Python: read after every change, of tens of thousands of members.
        chosen = [sorted(topics)] * 2 if topics is not None else [None, None]
        ((of, deputies, locked),) = query(
            """SELECT array_agg(t.topic_id), array_agg(m.deputy_id), array_agg(m.locked::int) FROM supervision_teammember m
               JOIN supervision_team t ON t.id = m.team_id WHERE t.run_id = %s AND (%s::bigint[] IS NULL OR t.topic_id = ANY(%s))""",
            [run.pk, *chosen],
        )
        members = np.column_stack([np.array(column or [], np.int64) for column in (of, deputies)])
        now = set(map(tuple, self.asked.rows(members).tolist()))
        places = range(len(self.asked.topic_keys)) if topics is None else [self.asked.topic_index[key] for key in topics if key in self.asked.topic_index]
        was = {(p, d) for p in places for d in self.teams[p]}
        came, left = (np.array(sorted(moved), np.int64).reshape(-1, 2) for moved in (now - was, was - now))
        load = self.load.copy()
        for moved, one in ((left, -1), (came, 1)):
            np.add.at(load, moved[:, 1], one)
            np.add.at(self._held, moved[:, 0], one)
        for p, d in left.tolist():
            self.teams[p].remove(d)
        for p, d in came.tolist():
            self.teams[p].append(d)
        self.total += int(self.asked.priced(came).price.sum() - self.asked.priced(left).price.sum()) + self.asked.rules.balance * int(_pairs_of(load) - _pairs_of(self.load))
        self.pairs, self.load = self.pairs - (was - now) | now, load
        here = set(places)
        firm = set(map(tuple, self.asked.rows(members[np.array(locked or [], bool)]).tolist()))
        self._now_locked = {pair for pair in self._now_locked if pair[0] not in here} | firm
        ((of, unmet),) = query(
            "SELECT array_agg(topic_id), array_agg(unmet) FROM supervision_team WHERE run_id = %s AND (%s::bigint[] IS NULL OR topic_id = ANY(%s))", [run.pk, *chosen]
        )
        self._empty[self.asked.topic_rows(np.array(of or [], np.int64))] = np.array(unmet or [], np.int64)
        self._places, self.unmet = self._held + self._empty, int(self._empty.sum())

    def follow(self, run: AssignmentRun) -> bool:
        """Carry over what has been changed by hand since; False when it has to be read and solved anew."""
        if run.revision == self.revision:
            return True
        if self.warm is None:
            return False
        self._read(run, _touched(run, self.revision))
        forbidden = set(map(tuple, self.asked.rows(ruled_out(run)).tolist()))
        try:
            for pair in self._locked - self._now_locked:
                self.warm.unlock(*pair)
            for pair in self._forbidden - forbidden:
                self.warm.allow(*pair)
            for row in np.flatnonzero(self._places > self._demand).tolist():
                self.warm.add(row, int(self._places[row] - self._demand[row]))
            for pair in forbidden - self._forbidden:
                self.warm.forbid(*pair)
            for pair in self._now_locked - self._locked:
                self.warm.lock(*pair)
            for row in np.flatnonzero(self._places < self._demand).tolist():
                self.warm.remove(row, int(self._demand[row] - self._places[row]))
        except ValueError:  # a lock that no longer fits the numbers at hand: those are read anew
            return False
        self._demand, self._locked, self._forbidden = self._places, self._now_locked, forbidden
        self._solution, self.revision = None, run.revision
        self._hold_apart()
        return True

    def table(self, p: int) -> PairTable:
        """A topic with every deputy; of the last few that were asked for."""
        if p not in self._tables:
            m = len(self.asked.deputy_keys)
            self._tables[p] = self.asked.priced(np.column_stack((np.full(m, p), np.arange(m))))
            if len(self._tables) > TABLES:
                self._tables.popitem(last=False)
        self._tables.move_to_end(p)
        return self._tables[p]

    @property
    def proven(self) -> bool:
        """Whether the prices are at hand: after a change they cost some passes over all lists."""
        return self._solution is not None

    @property
    def best_total(self) -> int:
        """Metres of the best arrangement under all that is locked."""
        return self.warm.total if self.warm else self.solution.total

    @property
    def solution(self) -> Solution:
        """The best arrangement under all that is locked, with its prices."""
        if self._solution is None:
            self._solution = self.warm.solution if self.warm else solve(self.asked.projects, self.asked.deputies, self.asked.rules)
        return self._solution

    def moved_by(self, p: int, new: int | None, old: int | None) -> int:
        """Metres by which the total moves when only this place changes; rows."""
        moved, balance = 0, self.asked.rules.balance
        if new is not None:
            moved += int(self.table(p).price[new]) + balance * int(self.load[new])
        if old is not None:
            moved -= int(self.table(p).price[old]) + balance * int(self.load[old] - 1)
        return moved

    def obstacle(self, p: int, new: int, old: int | None) -> str:
        """Why a deputy cannot take the place without more ado, in words; rows."""
        table = self.table(p)
        words = obstacle_words(bool(table.recused[new]), bool(table.measured[new]), int(self.load[new]), int(self.asked.deputies.capacity[new]))
        return words or (EXPERT if not table.has_field[new] and self.needs_expert(p, old) else "")

    def needs_expert(self, p: int, old: int | None) -> bool:
        """Whether the place of a deputy who knows the field must go to another who does."""
        team = self.teams[p]
        knows = dict(zip(team, self.table(p).has_field[team].tolist(), strict=True))
        return knows.get(old, False) and sum(knows.values()) - 1 < min(int(self.asked.projects.experts[p]), len(team))

    def effect(self, change: Change) -> Effect:
        """As `effect`, rows inside."""
        return self.effects(change.kind, change.topic, change.was, [change.deputy], named=True)[0]

    def effects(self, kind: str, topic: int | None, was: int | None, people: Iterable[int | None], named: bool = False) -> list[Effect]:
        """The same change with each of these in the place, ids: the place is emptied once for all. named: with the pairs that move along."""
        p, old = self.asked.topic_index.get(topic), self.asked.deputy_index.get(was)
        with self._emptied(p, old) as moved:
            return [self._effect(kind, p, key, old, moved, named) for key in people]

    @contextmanager
    def _emptied(self, p: int | None, old: int | None) -> Iterator[Counter | None]:
        """Without the deputy in the place: what has moved, +1 and -1 by pair; None where the rules forbid it."""
        moved: Counter | None = Counter(self._apart)
        if self.warm is None or p is None or old is None:
            yield moved
            return
        with self.warm.trial():
            try:
                if (p, old) in self._locked:
                    _follow(moved, self.warm.unlock(p, old))
                _follow(moved, self.warm.forbid(p, old))
            except ValueError:
                moved = None
            yield moved

    def _effect(self, kind: str, p: int | None, deputy: int | None, old: int | None, emptied: Counter | None, named: bool) -> Effect:
        new = self.asked.deputy_index.get(deputy)
        if kind != "rearrange" and (p is None or (deputy is not None and new is None)):
            return Effect(self.total, None, None, "这位代表不在可分配的名单里。", unmet_before=self.unmet)
        obstacle = self.obstacle(p, new, old) if new is not None else ""
        plain = None if obstacle or kind == "rearrange" else self.total + self.moved_by(p, new, old)
        told: dict[str, Any] = {"before": self.total, "plain": plain, "obstacle": obstacle, "unmet_before": self.unmet}
        if self.warm is None:
            return Effect(**told, best=None, arithmetic=True, said=FAIR)
        if emptied is None:
            return Effect(**(told | {"obstacle": obstacle or REFUSED}), best=None)
        moved = emptied.copy()
        with self.warm.trial():
            try:
                if new is not None:
                    if kind == "add" and self._held[p] >= self._demand[p]:
                        _follow(moved, self.warm.add(p))
                    _follow(moved, self.warm.lock(p, new))
            except ValueError:  # recused, without a position, no seat at all
                return Effect(**(told | {"obstacle": obstacle or REFUSED}), best=None)
            best, unmet = self.warm.total, self.warm.unmet
        for pair in ((p, new), (p, old)):
            moved.pop(pair, None)
        ways = list(moved.values())
        told |= {"best": best, "unmet_best": unmet, "moved": max(ways.count(1), ways.count(-1))}
        if named:
            added, removed = (np.array(sorted(pair for pair, times in moved.items() if times == way), np.int64).reshape(-1, 2) for way in (1, -1))
            told |= {"added": self.asked.pairs(added), "removed": self.asked.pairs(removed)}
        return Effect(**told)


def _touched(run: AssignmentRun, since: int) -> set[int] | None:
    """Topics (ids) whose teams may have changed after this revision, by what the changes' events say; None where one does not say it."""
    found: set[int] = set()
    told = run.events.filter(data__revision__gt=since, data__revision__lte=run.revision).values_list("verb", "data")
    for verb, data in told:
        if "topic_id" not in data or verb not in PLACED:
            return None
        found |= {data["topic_id"], *(topic for name in ("came", "left") for topic, _ in data.get(name, ()))}
    return found if len(told) == run.revision - since else None


def _pairs_of(load: np.ndarray) -> int:
    """How many pairs of topics share a deputy: what `balance` is counted by."""
    return int((load * (load - 1) // 2).sum())


def _follow(moved: Counter, step: Difference) -> None:
    moved.update(map(tuple, step.added.tolist()))
    moved.subtract(map(tuple, step.removed.tolist()))


_kept: OrderedDict[int, Kept] = OrderedDict()
_holding = threading.Lock()  # of the dictionary
_building = threading.Lock()  # one problem at a time is read and solved: the memory of two is not needed twice


def run_day(run: AssignmentRun):
    """The day whose deputies count: today for a draft, for a published list the day it was computed."""
    return timezone.localtime(run.solved_at).date() if run.state == run.State.PUBLISHED else timezone.localdate()


def _data() -> tuple:
    """Tells apart states of the data that the problem is made of."""
    # xmin tells apart what two transactions wrote under the same number, of which one was rolled back.
    with connection.cursor() as cursor:
        cursor.execute("SELECT layer, version, xmin::text FROM territory_layerversion WHERE layer = ANY(%s) ORDER BY layer", [LAYERS])
        return (timezone.localdate(), *cursor.fetchall())


@contextmanager
def asking(run: AssignmentRun) -> Iterator[Kept]:
    """The run's kept problem, as the draft stands now and for this thread alone."""
    data, kept = _data(), None
    while kept is None:
        kept = _current(run, data)
        kept.lock.acquire()
        if not kept.follow(run):
            kept.lock.release()
            with _holding:
                if _kept.get(run.pk) is kept:
                    del _kept[run.pk]
            kept = None
    try:
        yield kept
    finally:
        kept.lock.release()


def _current(run: AssignmentRun, data: tuple) -> Kept:
    """What is kept of the run, built when it is not there or was made of other data."""
    with _holding:
        if (kept := _kept.get(run.pk)) is not None and kept.data == data:
            _kept.move_to_end(run.pk)
            return kept
    with _building:
        with _holding:
            if (kept := _kept.get(run.pk)) is not None and kept.data == data:
                return kept  # another thread has just built it
        kept = Kept(run, data)
        with _holding:
            _kept[run.pk] = kept
            _kept.move_to_end(run.pk)
            while len(_kept) > KEPT:
                _kept.popitem(last=False)
        return kept


def effect(run: AssignmentRun, change: Change) -> Effect:
    """What the change does to the total, at its place alone and when the rest rearranges."""
    with asking(run) as kept:
        return kept.effect(change)


def moved_by(run: AssignmentRun, added: Iterable[Pair], removed: Iterable[Pair]) -> int:
    """Metres by which the total moves when these pairs come and go, by what the rows in the database say; ids."""
    added, removed = list(added), list(removed)
    people = {d for _, d in (*added, *removed)}
    asked = stored_instance(run, timezone.localdate(), {t for t, _ in (*added, *removed)}, people)
    before = Counter(run_members(run).filter(deputy__in=people).values_list("deputy", flat=True))
    after = before.copy()
    after.update(d for _, d in added)
    after.subtract(d for _, d in removed)
    metres = sum(sign * int(asked.priced(asked.rows(pairs)).price.sum()) for sign, pairs in ((1, added), (-1, removed)))
    return metres + asked.rules.balance * sum(after[d] * (after[d] - 1) - before[d] * (before[d] - 1) for d in people) // 2


def obstacle_words(recused: bool, measured: bool, load: int, capacity: int) -> str:
    if recused:
        return "须回避：所在单位与事项有关"
    if not measured:
        return "没有登记居住地或工作地"
    return f"已有 {load} 项，满额" if load >= capacity else ""
