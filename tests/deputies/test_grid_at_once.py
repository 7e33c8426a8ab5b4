"""Two who propose, decide or add at once, and groups whose members are moved from two sides: nothing double, nothing lost."""

import pytest

from apps.deputies.grid import GridMember, GridMemberEvent
from apps.deputies.groups import GroupEvent
from apps.deputies.models import Deputy
from apps.deputies.workflow_grid import Proposed, add, decide, propose
from apps.deputies.workflow_groups import found, join, lead, leave
from apps.record.states import MoveRefused
from tests.deputies.test_at_once import at_once
from tests.town import build, build_users

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people():
    town = build()
    return town, build_users(town)


def test_proposing_deciding_and_adding_at_once(people):
    town, users = people
    told = at_once(*[lambda: propose(users.county_office)] * 3, lambda: add(users.county_office, town.grids["V1"], town.deputies["D1"], "field", "熟悉情况"))
    assert sum((one for one in told if isinstance(one, Proposed)), Proposed()).fresh in (8, 9), told
    open_rows = list(GridMember.objects.open().values_list("grid", "deputy"))
    assert len(open_rows) == len(set(open_rows)) == 9 and GridMember.objects.get(grid=town.grids["V1"], deputy=town.deputies["D1"]).state == "confirmed"
    pk = GridMember.objects.get(grid=town.grids["V1"], deputy=town.deputies["D6"]).pk
    ended = at_once(lambda: decide(users.county_office, "confirm", [pk]), lambda: decide(users.town_clerk, "confirm", [pk]), lambda: propose(None))
    assert sum(isinstance(one, MoveRefused) for one in ended) == 1 and not [one for one in ended if isinstance(one, Exception) and not isinstance(one, MoveRefused)]
    assert GridMemberEvent.objects.filter(subject=pk, verb="confirm").count() == 1 and GridMemberEvent.objects.broken_chains() == []


def test_members_moved_from_two_sides(people):
    """Nobody ends in two groups or in none, whoever is first; no deadlock between two that move people crosswise."""
    town, users = people
    one, other = (found(users.county_office, name, None) for name in ("甲组", "乙组"))
    first, second = town.deputies["D1"].pk, town.deputies["D3"].pk
    join(users.county_office, one.pk, [first])
    join(users.county_office, other.pk, [second])
    for _ in range(5):
        told = at_once(
            lambda: join(users.county_office, other.pk, [first]), lambda: join(users.county_office, one.pk, [second]),
            lambda: lead(users.county_office, one.pk, first), lambda: leave(users.county_office, other.pk, second),
        )  # fmt: skip
        assert not [error for error in told if isinstance(error, Exception) and not isinstance(error, MoveRefused)], told
        for group, deputy in ((one, first), (other, second)):
            if Deputy.objects.get(pk=deputy).group_id != group.pk:
                join(users.county_office, group.pk, [deputy])
        assert Deputy.objects.filter(group_leader=True, group__in=[one, other]).count() <= 1
    assert GroupEvent.objects.broken_chains() == []
