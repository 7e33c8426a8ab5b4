"""Why this deputy, or why not that one: what the prices of a solution prove of one pair, and a sentence that says it.

The prices are those of `Solution`. With deputy prices v fixed, a project's team is a cheapest one at the offers price + v among the teams
that its places and its gate for deputies without the field allow. Such teams are the bases of a laminar matroid, so a team is cheapest as
soon as no exchange of one deputy for another is cheaper (Edmonds 1971): one exchange therefore says all that the prices know of a pair.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from apps.matching.assignment import Solution
from apps.matching.costs import PairTable, price_pairs
from apps.matching.problem import Deputies, Projects, Rules, checked_pairs
from gis_data.wording import metres_text

PART_WORDS = {"residence": "住得更远", "workplace": "工作单位更远", "field": "领域不同", "town": "不在本镇街"}


class Obstacle(IntEnum):
    """Why a pair cannot be had at any price."""

    none = 0
    recused = 1  # the deputy works for a body that the project is recused from
    forbidden = 2  # ruled out by staff
    position = 3  # the project, or both anchors of the deputy, have no position
    distance = 4  # beyond max_distance
    worst = 5  # with `fair`: dearer than the worst pair need be
    experts = 6  # every place that is not locked is kept for deputies of the field
    places = 7  # no place is wanted, or locked pairs take them all


@dataclass(frozen=True, eq=False)
class Explanation:
    """One pair as the prices see it. Metres; None where a number would mean nothing.

    chosen, locked: the pair is in the solution; because it was locked.
    parts, cost: as in `Solution`, of this pair; price: after the bonus. None (parts: {}) without a position.
    allowed: what the rules say of the pair, locks included; obstacle: none, or what no price could overcome.
    rank: 1 + how many of the project's allowed deputies cost less.
    project_price, deputy_price: of the solution; offer = price + deputy_price.
    limit: for a pair not chosen, the dearest offer among the places it could take (empty_price for an empty one); for a chosen one, the
    cheapest offer among those who could take its place (or empty_price). None for locked pairs and with an obstacle. Without a gate that
    is full the former is project_price.
    regret = offer - limit. Not chosen: >= 0, and proven is that the solution stays among the best while the pair is at most so much
    cheaper, and that no best one holds the pair while it is less than that cheaper; it may take more. Chosen: <= 0, and proven is that the
    solution stays among the best while the pair is at most -regret dearer (with `fair`, if it stays within worst).
    load: projects the deputy holds; team: deputies of the project, ascending; instead: whose offer `limit` is, None for an empty place.
    sentence: Chinese; without `homes` it is the same wherever the residences lie, as long as the solution is.
    """

    chosen: bool
    locked: bool
    parts: dict[str, float]
    cost: int | None
    price: int | None
    allowed: bool
    obstacle: Obstacle
    rank: int | None
    project_price: int
    deputy_price: int
    offer: int | None
    limit: int | None
    regret: int | None
    load: int
    team: tuple[int, ...]
    instead: int | None
    sentence: str


def explain(
    projects: Projects,
    deputies: Deputies,
    rules: Rules,
    solution: Solution,
    project: int,
    deputy: int,
    names: Sequence[str] | None = None,
    homes: bool = False,
) -> Explanation:
    """Why `solution`, which answers exactly this question, holds or does not hold the pair of rows (project, deputy).

    names: of the deputies, by row; None: 第 n 位代表, counted from 1. homes: the sentence may quote what depends on the residences; only for
    those who may see them. IndexError for rows that are not there.
    """
    return explain_some(projects, deputies, rules, solution, project, [deputy], names, homes)[0]


def explain_some(
    projects: Projects,
    deputies: Deputies,
    rules: Rules,
    solution: Solution,
    project: int,
    some: Sequence[int],
    names: Sequence[str] | None = None,
    homes: bool = False,
    table: PairTable | None = None,
) -> list[Explanation]:
    """`explain` for several deputies of one project, whose pairs are measured once. table: the project's pairs with all deputies, if known."""
    for deputy in some:
        if not (0 <= project < len(projects) and 0 <= deputy < len(deputies)):
            raise IndexError(f"没有第 {project} 行项目或第 {deputy} 行代表（从 0 数起）")
    asked = _Project(projects, deputies, rules, solution, project, table)
    return [_explained(asked, deputies, rules, solution, project, deputy, names, homes) for deputy in some]


def _explained(
    asked: "_Project",
    deputies: Deputies,
    rules: Rules,
    solution: Solution,
    project: int,
    deputy: int,
    names: Sequence[str] | None,
    homes: bool,
) -> Explanation:
    j, table, measured = deputy, asked.table, bool(asked.table.measured[deputy])
    obstacle = asked.obstacle(j)
    allowed = bool(table.allowed[j] or asked.locked[j])
    offer = int(asked.offer[j]) if measured else None
    limit, instead = asked.limit(j) if obstacle == Obstacle.none and not asked.locked[j] else (None, None)
    told = _Told(asked, deputies, rules, j, obstacle, limit, instead, names)
    return Explanation(
        chosen=bool(asked.chosen[j]),
        locked=bool(asked.locked[j]),
        parts={name: float(part[j]) for name, part in table.parts.items()} if measured else {},
        cost=int(table.cost[j]) if measured else None,
        price=int(table.price[j]) if measured else None,
        allowed=allowed,
        obstacle=obstacle,
        rank=asked.rank(j) if allowed else None,
        project_price=int(solution.project_price[project]),
        deputy_price=int(solution.deputy_price[j]),
        offer=offer,
        limit=limit,
        regret=None if limit is None or offer is None else offer - limit,
        load=int(asked.load[j]),
        team=tuple(np.flatnonzero(asked.chosen).tolist()),
        instead=instead,
        sentence=told.with_homes() if homes else told.without_homes(),
    )


class _Project:
    """A project, its team and all deputies' offers to it; arrays bool[m] or int64[m]."""

    table: PairTable
    chosen: NDArray[np.bool_]
    locked: NDArray[np.bool_]

    def __init__(self, projects: Projects, deputies: Deputies, rules: Rules, solution: Solution, i: int, table: PairTable | None) -> None:
        m = len(deputies)
        self.table = price_pairs(projects, deputies, rules, np.full(m, i), np.arange(m)) if table is None else table
        self.chosen, self.locked, self.previous = np.zeros((3, m), bool)
        for marks, pairs in (
            (self.chosen, solution.pairs),
            (self.locked, checked_pairs("locked", rules.locked, projects, deputies)),
            (self.previous, checked_pairs("previous", rules.previous, projects, deputies)),
        ):
            marks[pairs[pairs[:, 0] == i, 1]] = True
        self.load = np.bincount(solution.pairs[:, 1], minlength=m)
        self.value, self.empty_price, self.worst = solution.deputy_price, solution.empty_price, solution.worst
        self.offer = self.table.price + self.value
        self.knows, self.has_field = self.table.has_field, projects.field[i] >= 0
        self.demand, self.unmet = int(projects.demand[i]), int(solution.unmet[i])
        self.wanted = self.demand - int(self.locked.sum())
        self.gate = self.demand - int(projects.experts[i]) - int((self.locked & ~self.knows).sum())
        self.free = self.chosen & ~self.locked
        self.outsiders = int((self.free & ~self.knows).sum())

    def obstacle(self, j: int) -> Obstacle:
        if self.locked[j]:
            return Obstacle.none
        table = self.table
        for stands, obstacle in (
            (table.recused[j], Obstacle.recused),
            (table.forbidden[j], Obstacle.forbidden),
            (not table.measured[j], Obstacle.position),
            (self.wanted == 0, Obstacle.places),
            (self.gate == 0 and not self.knows[j], Obstacle.experts),
            (not table.within[j], Obstacle.distance),
            (self.worst is not None and table.cost[j] > self.worst, Obstacle.worst),
        ):
            if stands:
                return obstacle
        return Obstacle.none

    def kept_for_experts(self, j: int) -> bool:
        """Whether those without the field hold all places that they may, so that j could only take one of theirs."""
        return not self.knows[j] and not self.chosen[j] and self.outsiders == self.gate

    def limit(self, j: int) -> tuple[int, int | None]:
        """The offer that decides of j, and whose it is (None: of an empty place)."""
        if self.chosen[j]:
            room = self.outsiders - (not self.knows[j]) < self.gate
            others = self.table.allowed & ~self.chosen & (self.knows | room)
            if self.worst is not None:
                others &= self.table.cost <= self.worst
            best = _first(others, self.offer)
            return (self.empty_price, None) if best is None or self.offer[best] >= self.empty_price else (int(self.offer[best]), best)
        if self.unmet and not self.kept_for_experts(j):
            return self.empty_price, None
        dearest = _first(self.free & (~self.knows | (not self.kept_for_experts(j))), -self.offer)
        assert dearest is not None  # places are wanted, and those that j may take are taken
        return int(self.offer[dearest]), dearest

    def rank(self, j: int) -> int:
        allowed = self.table.allowed | self.locked
        return 1 + int((allowed & (self.table.cost < self.table.cost[j])).sum())

    def distance(self, j: int) -> float:
        return float(self.table.parts["residence"][j] + self.table.parts["workplace"][j])


def _first(among: NDArray[np.bool_], by: NDArray[np.int64]) -> int | None:
    """The lowest row with the least value."""
    rows = np.flatnonzero(among)
    return int(rows[np.argmin(by[rows])]) if len(rows) else None


class _Told:
    """The sentence about deputy j."""

    def __init__(
        self,
        asked: _Project,
        deputies: Deputies,
        rules: Rules,
        j: int,
        obstacle: Obstacle,
        limit: int | None,
        instead: int | None,
        names: Sequence[str] | None,
    ) -> None:
        self.asked, self.rules, self.j = asked, rules, j
        self.obstacle, self.limit, self.instead, self.names = obstacle, limit, instead, names
        self.load, self.capacity = int(asked.load[j]), int(deputies.capacity[j])
        weights = rules.residence_weight + rules.workplace_weight
        one = np.isnan(deputies.residence_lon[j]) or np.isnan(deputies.workplace_lon[j])
        self.plain = rules.anchor == "nearest" or (bool(one) and abs(weights - 1) < 1e-9)

    def name(self, j: int) -> str:
        return self.names[j] if self.names is not None else f"第 {j + 1} 位代表"

    def without_homes(self) -> str:
        """Of the solution, the fields, the loads and the lists of pairs only: nothing that a residence could change."""
        asked, j, who = self.asked, self.j, self.name(self.j)
        if asked.chosen[j]:
            if asked.locked[j]:
                return f"{who}由工作人员指定"
            return self._kept() or f"{who}由方案选定：{self._field()}本方案中共负责 {self.load} 项"
        if refused := self._refused():
            return refused
        if self.load >= self.capacity:
            return self._full()
        if asked.has_field and not asked.knows[j] and (asked.free & asked.knows).any():
            return f"{who}领域不同，方案选了懂行的代表"
        return f"{who}未入选：综合远近、领域和已承担的项数，方案选了更合适的代表"

    def with_homes(self) -> str:
        asked, j, who = self.asked, self.j, self.name(self.j)
        if asked.chosen[j]:
            return f"{who}由工作人员指定" if asked.locked[j] else self._chosen()
        if refused := self._refused():
            return refused
        if self.obstacle == Obstacle.distance:
            return f"{who}超出限定的 {metres_text(self.rules.max_distance or 0)}"
        if self.obstacle == Obstacle.worst:
            return f"{who}折算 {metres_text(int(asked.table.cost[j]))}，超过方案里最远的一对（{metres_text(asked.worst or 0)}）"
        if self.instead is None:
            return f"{self._full()}，让他来，别的项目就要空出一个名额" if self.load else self._full()
        return self._against(self.instead)

    def _kept(self) -> str:
        return f"{self.name(self.j)}是上一期的代表，沿用" if self.asked.previous[self.j] and self.rules.keep_bonus else ""

    def _refused(self) -> str:
        """What stands against j wherever he lives, or nothing."""
        asked, who = self.asked, self.name(self.j)
        if self.obstacle == Obstacle.position:
            return f"{who}没有登记居住地或工作地" if not self._project_nowhere() else "项目没有登记位置"
        if self.obstacle == Obstacle.places:
            return "名额都由指定的代表占了" if asked.demand else "这个项目不需要代表"
        barred = self.obstacle in (Obstacle.recused, Obstacle.forbidden)
        # Before the distance is looked at: whether somebody lives within it may not be told by another sentence.
        if self.obstacle == Obstacle.experts or (not barred and asked.kept_for_experts(self.j) and asked.wanted > asked.outsiders):
            return f"{who}不是本领域的代表，名额须留给专业代表"
        return {Obstacle.recused: f"{who}须回避：所在单位与项目有关", Obstacle.forbidden: f"{who}已由工作人员排除"}.get(self.obstacle, "")

    def _project_nowhere(self) -> bool:
        return not self.asked.table.measured.any()

    def _field(self) -> str:
        if not self.asked.has_field:
            return ""
        return "懂行，" if self.asked.knows[self.j] else "领域不同，"

    def _full(self) -> str:
        who = self.name(self.j)
        return f"{who}已有 {self.load} 项，满额" if self.capacity else f"{who}本期不承担项目"

    def _far(self) -> str:
        return f"{'' if self.plain else '折算 '}{metres_text(self.asked.distance(self.j))}"

    def _chosen(self) -> str:
        asked, j, who = self.asked, self.j, self.name(self.j)
        allowed = asked.table.allowed | asked.locked
        rank, far = asked.rank(j), self._far()
        if rank == 1:
            nearest = not any(asked.distance(k) < asked.distance(j) for k in np.flatnonzero(allowed).tolist())
            fits = "懂行" if asked.has_field and asked.knows[j] else "能胜任"
            return f"{who}是{f'离得最近且{fits}' if nearest else '综合远近和领域最合适'}的代表（{far}）"
        if kept := self._kept():
            return kept
        ahead = allowed & ~asked.chosen & (asked.table.cost < asked.table.cost[j])
        needed = ahead & (asked.value > asked.value[j])
        if not ahead.any():
            return f"{who}排第 {rank}（{far}），排在前面的也在这个小组"
        if needed[ahead].all():
            return f"{who}排第 {rank}（{far}）：排在前面的 {int(ahead.sum())} 位留给别的项目更合算"
        if asked.knows[j] and not (ahead & ~needed & asked.knows).any():
            return f"{who}排第 {rank}（{far}）：名额须留给专业代表"
        return f"{who}排第 {rank}（{far}）"

    def _against(self, k: int) -> str:
        """j compared with the one whose place he could take."""
        asked, j, who, other = self.asked, self.j, self.name(self.j), self.name(k)
        cost, worth = asked.table.cost, int(asked.value[j] - asked.value[k])
        if cost[j] > cost[k]:
            name = max(PART_WORDS, key=lambda part: float(asked.table.parts[part][j] - asked.table.parts[part][k]))
            more = float(asked.table.parts[name][j] - asked.table.parts[name][k])
            return f"{who}排第 {asked.rank(j)}：{PART_WORDS[name]}（比{other}多 {metres_text(more)}）"
        if worth <= 0:
            kept = asked.previous[k] and not asked.previous[j] and self.rules.keep_bonus
            return f"{who}{self._nearer(k)}，但{other}是上一期的代表，沿用" if kept else f"{who}与{other}同样合适，方案取了后者"
        if worth > asked.empty_price // 2:
            return f"{who}{self._nearer(k)}，但他已有 {self.load} 项，让他来，别的项目就要空出一个名额" if self.load else self._full()
        if not self.load:
            return f"{who}{self._nearer(k)}，但{self._full().removeprefix(who)}"
        if self.load < self.capacity:
            return f"{who}{self._nearer(k)}，但他已有 {self.load} 项，再加一项在均衡上至少多计 {metres_text(worth)}"
        paths_only = self.rules.field_cost is None and not self.rules.town_cost and not self.rules.balance
        farther = f"至少{'' if paths_only else '折算'}多走 {metres_text(worth)}"
        return f"{who}{self._nearer(k)}，但他已有 {self.load} 项，让他来替{other}会使别的项目{farther}"

    def _nearer(self, k: int) -> str:
        mine, theirs = self.asked.distance(self.j), self.asked.distance(k)
        return f"{'更近' if mine < theirs else '一样近' if mine == theirs else '更合适'}（{self._far()}）"
