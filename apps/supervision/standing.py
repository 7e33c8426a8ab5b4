"""How a run stands: the figures of its strip, as its teams are now, by a few sums in the database."""

from dataclasses import dataclass

from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce

from apps.supervision.models import AssignmentRun, TeamMember

MOVES = ("replace", "add", "drop", "rearrange")


@dataclass(frozen=True)
class Standing:
    """topics, places taken, deputies who take them, empty places, places changed by hand, locked ones. changed: the teams are no longer the
    proposal, as its certificate has it; told by what was done, not by metres, so that it says nothing of homes."""

    topics: int
    places: int
    used: int
    unmet: int
    by_hand: int
    locked: int
    changed: bool


def standing(run: AssignmentRun) -> Standing:
    teams = run.teams.aggregate(topics=Count("pk"), unmet=Coalesce(Sum("unmet"), 0))
    members = TeamMember.objects.filter(team__run=run).aggregate(
        places=Count("pk"), used=Count("deputy", distinct=True), by_hand=Count("pk", filter=Q(origin=TeamMember.Origin.STAFF)), locked=Count("pk", filter=Q(locked=True)),
    )
    return Standing(**teams, **members, changed=bool(run.revision) and _changed(run))


def _changed(run: AssignmentRun) -> bool:
    """Whether a change of places stands that was not taken back, since the run was computed."""
    standing: set[int] = set()
    for verb, revision, undoes in run.events.filter(verb__in=(*MOVES, "undo", "solve")).order_by("pk").values_list("verb", "data__revision", "data__undoes"):
        if verb == "solve":
            standing.clear()
        elif verb == "undo":
            standing.discard(undoes)
        else:
            standing.add(revision)
    return bool(standing)

