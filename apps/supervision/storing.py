"""A solution put into rows: teams, members, proposed leaders, the run's numbers. Tens of thousands at a time, in three statements."""

import json

import numpy as np
from django.db import connection

from apps.matching.assignment import Reason, Solution
from apps.supervision.claims import Claim
from apps.supervision.instance import Instance
from apps.supervision.models import AssignmentRun, Team, TeamMember

UNMET_REASONS = {
    Reason.capacity: "符合条件的代表都已满额",
    Reason.distance: "限定距离内没有更多代表",
    Reason.recusal: "附近代表须回避",
    Reason.expert: "缺少懂行的代表",
    Reason.position: "项目或代表没有登记位置",
}
GONE = "原代表已离任，待补选"
TOLD = 20  # pairs named in the statistics that could not be held
Origin = TeamMember.Origin


def store_teams(run: AssignmentRun, asked: Instance, solution: Solution) -> None:
    """Teams and members in place of those the run had, and its statistics (the run itself is the caller's to save)."""
    run.teams.all().delete()
    gone = _gone(run, asked)
    teams = Team.objects.bulk_create(
        (
            Team(run=run, topic_id=key, carried=key in asked.carried, unmet=empty + gone.get(key, 0),
                 unmet_reason=UNMET_REASONS[reason] if empty else GONE if gone.get(key) else "")
            for key, empty, reason in zip(asked.topic_keys.tolist(), solution.unmet.tolist(), solution.reasons, strict=True)
        ),
        batch_size=5000,
    )  # fmt: skip
    _copy_members([team.pk for team in teams], run, asked, solution)
    table = asked.topic_codes
    run.statistics = {
        "topics": len(table), "carried": len(asked.carried), "deputies": len(asked.deputy_keys), "pairs": len(solution.pairs),
        "used": len(np.unique(solution.pairs[:, 1])), "unmet": int(solution.unmet.sum()) + sum(gone.values()),
        "arcs": solution.arcs, "seconds": round(solution.seconds, 2), "worst": solution.worst,
        "left_out": [[table[asked.topic_index[t]], asked.deputy_names[asked.deputy_index[d]], why] for (t, d), why in list(asked.left_out.items())[:TOLD]],
    }  # fmt: skip


def _gone(run: AssignmentRun, asked: Instance) -> dict[int, int]:
    """Places of carried topics that nobody holds any more; they wait for a supplement."""
    if not asked.carried:
        return {}
    held = dict(zip(asked.topic_keys.tolist(), asked.projects.demand.tolist(), strict=True))
    had = {team.topic_id: len(team.members.all()) + team.unmet for team in run.follows.teams.filter(topic__in=asked.carried).prefetch_related("members")}
    return {topic: places - held[topic] for topic, places in had.items() if places > held[topic]}


def _copy_members(teams: list[int], run: AssignmentRun, asked: Instance, solution: Solution) -> None:
    leaders = _leaders(run, asked, solution)
    locked = set(map(tuple, asked.rules.locked.tolist()))
    claims = dict(_words(asked))
    columns = ("team_id", "deputy_id", "leader", "cost", "parts", "origin", "locked", "reason")
    parts = {name: np.rint(part).astype(int).tolist() for name, part in solution.parts.items()}
    table = connection.ops.quote_name(TeamMember._meta.db_table)
    # COPY: of twenty thousand rows bulk_create would take seconds.
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for k, ((p, d), cost) in enumerate(zip(solution.pairs.tolist(), solution.cost.tolist(), strict=True)):
            pair = int(asked.topic_keys[p]), int(asked.deputy_keys[d])
            claimed = pair in asked.claimed
            held = (p, d) in locked
            origin = Origin.CLAIM if claimed else Origin.KEPT if held else Origin.SOLVER
            copy.write_row((teams[p], pair[1], leaders.get(p) == d, cost, json.dumps({name: part[k] for name, part in parts.items()}), origin.value, held, claims.get(pair, "")))


def _words(asked: Instance):
    for topic, deputy, words in Claim.objects.confirmed().values_list("topic", "deputy", "words") if asked.claimed else ():
        if (topic, deputy) in asked.claimed:
            yield (topic, deputy), words


def _leaders(run: AssignmentRun, asked: Instance, solution: Solution) -> dict[int, int]:
    """The proposed leader of each team, by row: who leads it already where it is kept; someone of the field before others, an official last, then the nearest."""
    kept = {tuple(row) for row in asked.rows(_leading(run)).tolist()} & set(map(tuple, asked.rules.locked.tolist()))
    knows = asked.priced(solution.pairs).has_field
    ranked = sorted(
        (p, (p, d) not in kept, not expert, bool(asked.official[d]), cost, d)
        for (p, d), cost, expert in zip(solution.pairs.tolist(), solution.cost.tolist(), knows.tolist(), strict=True)
    )
    leaders: dict[int, int] = {}
    for p, *_, d in ranked:
        leaders.setdefault(p, d)
    return leaders


def _leading(run: AssignmentRun) -> list[tuple[int, int]]:
    return list(TeamMember.objects.filter(team__run=run.follows_id, leader=True).order_by().values_list("team__topic", "deputy")) if run.follows_id else []
