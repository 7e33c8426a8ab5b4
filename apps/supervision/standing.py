"""How a run stands: the figures of its strip, as its teams are now, by a few sums in the database."""

from dataclasses import dataclass

from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce

from apps.supervision.models import AssignmentRun, TeamMember


@dataclass(frozen=True)
class Standing:
    """topics, places taken, deputies who take them, empty places, places changed by hand, locked ones."""

    topics: int
    places: int
    used: int
    unmet: int
    by_hand: int
    locked: int


def standing(run: AssignmentRun) -> Standing:
    teams = run.teams.aggregate(topics=Count("pk"), unmet=Coalesce(Sum("unmet"), 0))
    members = TeamMember.objects.filter(team__run=run).aggregate(
        places=Count("pk"), used=Count("deputy", distinct=True), by_hand=Count("pk", filter=Q(origin=TeamMember.Origin.STAFF)), locked=Count("pk", filter=Q(locked=True)),
    )
    return Standing(**teams, **members)

