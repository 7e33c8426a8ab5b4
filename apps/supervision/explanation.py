"""Why this deputy: the parts of a choice in words, and the others who could take the place, ranked by what the change costs."""

from dataclasses import dataclass, replace

import numpy as np

from apps.deputies.models import Deputy
from apps.matching.assignment import Solution, solve
from apps.matching.costs import distances
from apps.matching.explanation import explain
from apps.supervision.instance import Instance
from apps.supervision.models import AssignmentRun, Team, TeamMember
from gis_data.wording import metres_text


@dataclass(frozen=True)
class Alternative:
    """Another deputy for the same place. `change` is metres added to the total, balance included; `obstacle` says why not.

    sentence: what the prices of the proposal say of him, "" where it no longer fits; it quotes homes.
    """

    deputy: Deputy
    metres: int
    change: int
    load: int
    expert: bool
    obstacle: str
    sentence: str

    @property
    def told(self) -> str:
        return self.sentence or self.obstacle

    @property
    def change_text(self) -> str:
        return f"{'−' if self.change < 0 else '+' if self.change else ''}{metres_text(abs(self.change))}"


def proposal(run: AssignmentRun, asked: Instance) -> Solution | None:
    """The run's solution with its prices, which are not stored; None when the data have changed so that it is another by now."""
    try:
        solution = solve(asked.projects, asked.deputies, asked.rules)
    except ValueError:  # data that contradict themselves by now
        return None
    return solution if solution.total == run.total else None


def reasons(member: TeamMember, asked: Instance, homes: bool, proposed: Solution | None = None) -> list[str]:
    """What speaks for a member. Metres to the home are given only when `homes`; otherwise the village speaks for it."""
    deputy, topic = member.deputy, member.team.topic
    said = []
    p, d = asked.topic_index[topic.pk], asked.deputy_index.get(deputy.pk)
    if d is None:
        return ["这位代表现已不在可分配名单里"]
    if homes and proposed is not None and (why := explain(asked.projects, asked.deputies, asked.rules, proposed, p, d, _names(asked), True)).chosen:
        said.append(why.sentence)
    towns = asked.deputies.towns[d]
    if deputy.residence_village:
        near = f"，离现场 {metres_text(_metres(asked, p, d, 'residence'))}" if homes and not np.isnan(asked.deputies.residence_lon[d]) else ""
        said.append(f"住在{'本镇街的' if topic.town_id == towns[0] else ''}{deputy.residence_village.name}{near}")
    if not np.isnan(asked.deputies.workplace_lon[d]):
        said.append(f"在{'本镇街' if topic.town_id == towns[1] else (deputy.organisation or '外镇')}工作，离现场 {metres_text(_metres(asked, p, d, 'workplace'))}")
    labels = "、".join(field.label for field in deputy.fields.all())
    if asked.table.has_field[p, d]:
        said.append(f"懂行：工作领域含{topic.field.label}")
    elif asked.table.parts["field"][p, d] < asked.table.parts["field"][p].max():
        said.append(f"领域相近：{labels}")
    elif labels:
        said.append(f"工作领域为{labels}，与事项不同")
    return said


def alternatives(
    member: TeamMember, asked: Instance, proposed: Solution | None = None, free: int = 8, taken: int = 4
) -> list[Alternative]:
    """The cheapest others who could take a member's place, then the nearest ones who cannot, with what stands against them."""
    team: Team = member.team
    p = asked.topic_index[team.topic_id]
    load = dict.fromkeys(asked.deputy_index, 0)
    for pk in TeamMember.objects.filter(team__run=team.run).values_list("deputy", flat=True):
        load[pk] = load.get(pk, 0) + 1
    here = {other.deputy_id for other in team.members.all()}
    old = asked.deputy_index.get(member.deputy_id)
    saved = int(asked.table.price[p, old]) + asked.rules.balance * (load[member.deputy_id] - 1) if old is not None else 0
    found: list[Alternative] = []
    for d in np.argsort(asked.table.price[p], kind="stable").tolist():
        deputy = asked.deputy_rows[d]
        if deputy.pk in here:
            continue
        added = int(asked.table.price[p, d]) + asked.rules.balance * load[deputy.pk]
        found.append(Alternative(
            deputy, int(asked.table.cost[p, d]), added - saved, load[deputy.pk], bool(asked.table.has_field[p, d]), _obstacle(asked, p, d, load[deputy.pk]), "",
        ))
    possible = sorted((one for one in found if not one.obstacle), key=lambda one: (one.change, one.deputy.code))
    listed = possible[:free] + [one for one in found if one.obstacle][:taken]
    team = {asked.deputy_index.get(pk) for pk in here}
    return [replace(one, sentence=_sentence(asked, proposed, p, asked.deputy_index[one.deputy.pk], team, one.load)) for one in listed]


def _sentence(asked: Instance, proposed: Solution | None, p: int, d: int, team: set[int | None], load: int) -> str:
    """What the proposal says of the pair, without the name; nothing once staff have changed the team or the deputy's load."""
    if proposed is None:
        return ""
    names = _names(asked)
    why = explain(asked.projects, asked.deputies, asked.rules, proposed, p, d, names, True)
    return why.sentence.removeprefix(names[d]) if set(why.team) == team and why.load == load else ""


def _names(asked: Instance) -> list[str]:
    return [deputy.name for deputy in asked.deputy_rows]


def totals(run_pairs: list[tuple[int, int]], asked: Instance) -> int:
    """The objective of these (topic, deputy) keys as they stand now: metres with bonus and balance."""
    rows = [(asked.topic_index[p], asked.deputy_index[d]) for p, d in run_pairs if p in asked.topic_index and d in asked.deputy_index]
    load = np.bincount([d for _, d in rows], minlength=len(asked.deputy_rows))
    return sum(int(asked.table.price[p, d]) for p, d in rows) + asked.rules.balance * int((load * (load - 1) // 2).sum())


def _metres(asked: Instance, p: int, d: int, anchor: str) -> float:
    lon, lat = getattr(asked.deputies, f"{anchor}_lon")[d], getattr(asked.deputies, f"{anchor}_lat")[d]
    return float(distances(asked.projects.lon[[p]], asked.projects.lat[[p]], np.array([lon]), np.array([lat]))[0])


def _obstacle(asked: Instance, p: int, d: int, load: int) -> str:
    if asked.table.recused[p, d]:
        return "须回避：所在单位与事项有关"
    if not asked.table.measured[p, d]:
        return "没有登记居住地或工作地"
    if not asked.table.within[p, d]:
        return "超出限定距离"
    if load >= asked.deputies.capacity[d]:
        return f"已有 {load} 项，满额"
    return ""
