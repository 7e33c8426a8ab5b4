"""Why this deputy: the parts of a choice in words, and the others who could take the place, ranked by what the change costs."""

from dataclasses import dataclass

import numpy as np

from apps.deputies.models import Deputy
from apps.matching.costs import PairTable, distances
from apps.matching.explanation import explain_some
from apps.supervision.effects import EXPERT, Effect, Kept, asking, obstacle_words, run_day
from apps.supervision.instance import Instance, stored_instance
from apps.supervision.models import AssignmentRun, TeamMember
from apps.supervision.topics import Topic
from gis_data.wording import metres_text


@dataclass(frozen=True)
class Alternative:
    """Another deputy for the same place. change: metres added to the total when only this place changes, balance included; best_change, moved:
    when the rest rearranges, and how many places elsewhere then get somebody else (None: not known, or not possible). `obstacle` says why
    he cannot come without more ado.

    sentence: what the prices of the proposal say of him, "" where it no longer fits; it quotes homes.
    """

    deputy: Deputy
    metres: int
    change: int
    best_change: int | None
    moved: int | None
    load: int
    capacity: int
    expert: bool
    obstacle: str
    sentence: str

    @property
    def told(self) -> str:
        return self.sentence or self.obstacle

    @property
    def change_text(self) -> str:
        return signed_metres(self.change)

    @property
    def best_change_text(self) -> str:
        return "" if self.best_change is None else signed_metres(self.best_change)


def signed_metres(metres: int) -> str:
    return f"{'−' if metres < 0 else '+' if metres else ''}{metres_text(abs(metres))}"


HELD = {TeamMember.Origin.KEPT: "上一方案的人选，这次沿用", TeamMember.Origin.CLAIM: "本人认领，工委已确认"}  # who is locked, but not by staff


def reasons(run: AssignmentRun, member: TeamMember, homes: bool) -> list[str]:
    """What speaks for a member. Metres to the home are given only when `homes`; otherwise the village speaks for it."""
    deputy, topic, said = member.deputy, member.team.topic, []
    if member.locked and member.origin in HELD:
        said.append(HELD[TeamMember.Origin(member.origin)])
    elif homes and (sentence := _proposed(run, member)):
        said.append(sentence)
    asked, p, d = _asked(run, member, homes)
    table = asked.priced(np.array([[p, d]]))
    towns, home_known, work_known = asked.deputies.towns[d], not np.isnan(asked.deputies.residence_lon[d]), not np.isnan(asked.deputies.workplace_lon[d])
    if deputy.residence_village:
        near = f"，离现场 {metres_text(_metres(asked, p, d, 'residence'))}" if homes and home_known else ""
        said.append(f"住在{'本镇街的' if topic.town_id == towns[0] else ''}{deputy.residence_village.name}{near}")
    if work_known:
        said.append(f"在{'本镇街' if topic.town_id == towns[1] else (deputy.organisation or '外镇')}工作，离现场 {metres_text(_metres(asked, p, d, 'workplace'))}")
    labels = "、".join(field.label for field in deputy.fields.all())
    if topic.field and table.has_field[0]:
        said.append(f"懂行：工作领域含{topic.field.label}")
    elif labels and topic.field and table.parts["field"][0] < asked.rules.field_cost[asked.projects.field[p]].max():
        said.append(f"领域相近：{labels}")
    elif labels:
        said.append(f"工作领域为{labels}，与事项不同")
    return said


def _asked(run: AssignmentRun, member: TeamMember, homes: bool) -> tuple[Instance, int, int]:
    """The problem with the member's rows in it: the one that is kept for those who are told of prices, else his own place alone."""
    topic, deputy = member.team.topic_id, member.deputy_id
    if homes:
        with asking(run) as kept:
            if deputy in kept.asked.deputy_index:
                return kept.asked, kept.asked.topic_index[topic], kept.asked.deputy_index[deputy]
    asked = stored_instance(run, run_day(run), [topic], [deputy])  # those locked on the team are in it too
    return asked, 0, asked.deputy_index[deputy]


def _proposed(run: AssignmentRun, member: TeamMember) -> str:
    """What the prices prove of a choice; nothing when the best arrangement would not choose it."""
    with asking(run) as kept:
        p, d = kept.asked.topic_index[member.team.topic_id], kept.asked.deputy_index.get(member.deputy_id)
        if d is None or kept.best_total != kept.total:
            return ""
        why = explain_some(kept.asked.projects, kept.asked.deputies, kept.asked.rules, kept.solution, p, [d], kept.asked.deputy_names, True, kept.table(p))[0]
        return why.sentence if why.chosen else ""


def dropping(run: AssignmentRun, member: TeamMember) -> str:
    """By how much the total moves when the member's place is left empty."""
    with asking(run) as kept:
        p, d = kept.asked.topic_index.get(member.team.topic_id), kept.asked.deputy_index.get(member.deputy_id)
        return "" if p is None or d is None else signed_metres(kept.moved_by(p, None, d))


def alternatives(run: AssignmentRun, topic: Topic | int, was: int | None = None, free: int = 8, taken: int = 4, prices: bool = True) -> list[Alternative]:
    """The cheapest others who could take a place of the topic's team, then the nearest ones who cannot, with what stands against them.

    was: id of the deputy whose place it is; None: an empty place, or one more. prices: False leaves out the sentences that need the prices
    of the whole arrangement worked out anew, for the answer to a change that somebody waits for.
    """
    key = getattr(topic, "pk", topic)
    with asking(run) as kept:
        asked, p, old = kept.asked, kept.asked.topic_index[key], kept.asked.deputy_index.get(was)
        team = set(kept.teams[p])
        m = len(asked.deputy_keys)
        table = kept.table(p)
        change = table.price + asked.rules.balance * kept.load + (kept.moved_by(p, None, old) if old is not None else 0)
        full = kept.load >= asked.deputies.capacity
        unfit = ~table.has_field & kept.needs_expert(p, old)
        stopped = table.recused | ~table.measured | ~table.within | full | unfit
        others = np.setdiff1d(np.arange(m), sorted(team))
        order = others[np.lexsort((others, change[others]))]
        listed = [*order[~stopped[order]][:free].tolist(), *order[stopped[order]][:taken].tolist()]
        sentences = _sentences(kept, p, team, listed) if prices or kept.proven else [""] * len(listed)
        able = [d for d in listed if table.measured[d] and not table.recused[d]]
        effects = dict(zip(able, kept.effects("replace" if was else "add", key, was, asked.deputy_keys[able].tolist()), strict=True))
        found = [_alternative(kept, table, change, d, effects.get(d), EXPERT if unfit[d] else "", sentence) for d, sentence in zip(listed, sentences, strict=True)]
    deputies = Deputy.objects.in_bulk([pk for pk, _ in found])
    return [Alternative(deputies[pk], **told) for pk, told in found]


def _alternative(kept: Kept, table: PairTable, change: np.ndarray, d: int, effect: Effect | None, unfit: str, sentence: str) -> tuple[int, dict]:
    asked, deputy = kept.asked, int(kept.asked.deputy_keys[d])
    words = obstacle_words(bool(table.recused[d]), bool(table.measured[d]), int(kept.load[d]), int(asked.deputies.capacity[d]))
    known = effect is not None and effect.best is not None
    return deputy, {
        "metres": int(table.cost[d]), "change": int(change[d]), "best_change": effect.best_change if known else None, "moved": effect.moved if known else None,
        "load": int(kept.load[d]), "capacity": int(asked.deputies.capacity[d]), "expert": bool(table.has_field[d]),
        "obstacle": words or unfit or ("" if table.within[d] else "超出限定距离"), "sentence": sentence,
    }  # fmt: skip


def _sentences(kept: Kept, p: int, team: set[int], listed: list[int]) -> list[str]:
    """What the prices say of the pairs, without the names; nothing once staff have changed the team or a deputy's load."""
    asked, names = kept.asked, kept.asked.deputy_names
    found = explain_some(asked.projects, asked.deputies, asked.rules, kept.solution, p, listed, names, True, kept.table(p))
    return [why.sentence.removeprefix(names[d]) if set(why.team) == team and why.load == kept.load[d] else "" for d, why in zip(listed, found, strict=True)]


def _metres(asked: Instance, p: int, d: int, anchor: str) -> float:
    lon, lat = (getattr(asked.deputies, f"{anchor}_{axis}")[[d]] for axis in ("lon", "lat"))
    return float(distances(asked.projects.lon[[p]], asked.projects.lat[[p]], lon, lat)[0])
