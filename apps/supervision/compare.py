"""Two runs held side by side: who comes, who goes, topic by topic and deputy by deputy, and what each costs under the same rules."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from apps.deputies.models import Deputy
from apps.matching.assignment import objective
from apps.supervision.instance import Pair, bare_instance, run_members
from apps.supervision.models import AssignmentRun
from apps.supervision.presets import DraftRules
from apps.supervision.topics import Topic
from gis_data.wording import metres_text


@dataclass(frozen=True)
class TopicChange:
    """A topic whose team is another. cost_a, cost_b: metres of its pairs, without balance; empty_a, empty_b: places; None: not in that run."""

    topic: Topic
    left: list[Deputy]
    came: list[Deputy]
    stayed: int
    cost_a: int
    cost_b: int
    empty_a: int | None
    empty_b: int | None


@dataclass(frozen=True)
class DeputyChange:
    """A deputy whose topics are others."""

    deputy: Deputy
    lost: list[Topic]
    got: list[Topic]
    load_a: int
    load_b: int


@dataclass(frozen=True)
class Comparison:
    """a is held to be the earlier. stay, come, leave: pairs. total_a, total_b: metres under b's rules without the bonus for those kept."""

    a: AssignmentRun
    b: AssignmentRun
    stay: int
    come: int
    leave: int
    topics: list[TopicChange]
    deputies: list[DeputyChange]
    total_a: int
    total_b: int
    empty_a: int
    empty_b: int

    @property
    def words(self) -> str:
        """What it comes to, in one sentence."""
        if not self.come and not self.leave:
            return "两个方案的人选完全相同。"
        dearer = self.total_b - self.total_a
        cost = f"总代价{'增加' if dearer > 0 else '减少'} {metres_text(abs(dearer))}" if dearer else "总代价不变"
        empty = "" if self.empty_a == self.empty_b else f"，空缺由 {self.empty_a} 变为 {self.empty_b}"
        return f"{self.stay} 人次不变，{self.leave} 人次换下，{self.come} 人次新派；涉及 {len(self.topics)} 个事项、{len(self.deputies)} 名代表；{cost}{empty}。"


def compare(a: AssignmentRun, b: AssignmentRun, on: dt.date) -> Comparison:
    """What moves from a to b. Both totals are counted anew with the data of today and b's rules, so that they can be held against one another."""
    pairs = [set(run_members(run).values_list("team__topic", "deputy")) for run in (a, b)]
    both = pairs[0] | pairs[1]
    empty = [dict(run.teams.order_by().values_list("topic", "unmet")) for run in (a, b)]
    asked = bare_instance(DraftRules(**b.rules), {t for t, _ in both}, {d for _, d in both})
    price: dict[Pair, int] = {}
    totals = []
    for each in pairs:
        rows = asked.rows(sorted(each))
        costs = asked.priced(rows).cost
        price |= dict(zip(asked.pairs(rows), costs.tolist(), strict=True))
        totals.append(objective(costs, rows, asked.rules.balance, len(asked.deputy_keys)))
    moved = pairs[0] ^ pairs[1]
    topics = Topic.objects.with_facts().in_bulk({t for t, _ in moved} | {t for t in {*empty[0], *empty[1]} if empty[0].get(t) != empty[1].get(t)})
    deputies = Deputy.objects.in_bulk({d for _, d in moved})
    return Comparison(
        a, b, len(pairs[0] & pairs[1]), len(pairs[1] - pairs[0]), len(pairs[0] - pairs[1]),
        _by_topic(topics, deputies, pairs, price, empty), _by_deputy(topics, deputies, pairs), *totals, sum(empty[0].values()), sum(empty[1].values()),
    )  # fmt: skip


def _by_topic(topics: dict[int, Topic], deputies: dict[int, Deputy], pairs: list[set[Pair]], price: dict[Pair, int], empty: list[dict[int, int]]) -> list[TopicChange]:
    teams: list[dict[int, set[int]]] = [defaultdict(set), defaultdict(set)]
    for team, each in zip(teams, pairs, strict=True):
        for topic, deputy in each:
            team[topic].add(deputy)
    found = []
    for key, topic in topics.items():
        a, b = teams[0][key], teams[1][key]
        left, came = ([deputies[pk] for pk in sorted(gone, key=lambda pk: deputies[pk].code)] for gone in (a - b, b - a))
        costs = [sum(price[key, pk] for pk in team) for team in (a, b)]
        found.append(TopicChange(topic, left, came, len(a & b), *costs, empty[0].get(key), empty[1].get(key)))
    return sorted(found, key=lambda change: change.topic.code)


def _by_deputy(topics: dict[int, Topic], deputies: dict[int, Deputy], pairs: list[set[Pair]]) -> list[DeputyChange]:
    lost, got = defaultdict(list), defaultdict(list)
    for into, gone in ((lost, pairs[0] - pairs[1]), (got, pairs[1] - pairs[0])):
        for topic, deputy in gone:
            into[deputy].append(topics[topic])
    loads = [defaultdict(int), defaultdict(int)]
    for load, each in zip(loads, pairs, strict=True):
        for _, deputy in each:
            load[deputy] += 1
    return sorted(
        (DeputyChange(one, _by_code(lost[pk]), _by_code(got[pk]), loads[0][pk], loads[1][pk]) for pk, one in deputies.items()),
        key=lambda change: change.deputy.code,
    )


def _by_code(topics: list[Topic]) -> list[Topic]:
    return sorted(topics, key=lambda topic: topic.code)
