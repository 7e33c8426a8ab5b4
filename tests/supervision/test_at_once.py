"""Two clerks at once on one draft: one change is made, the other is refused in words, nothing is lost."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from apps.deputies.models import Deputy
from apps.record.states import MoveRefused
from apps.supervision import workflow, workflow_changes
from apps.supervision.models import RunEvent, TeamMember
from tests import town as toy


@pytest.mark.django_db(transaction=True)
def test_one_of_two_replacements_of_the_same_member_wins():
    town = toy.build()
    office = toy.build_users(town).county_office
    for project in town.projects.values():
        project.demand, project.experts = 1, 0
        project.save()
    Deputy.objects.update(capacity=3)
    run = workflow.draft(office, "nearest")
    workflow.compute(run.pk, toy.TODAY)
    member = TeamMember.objects.get(team__run=run, team__topic__project__name="东溪防洪堤")
    start = Barrier(2)

    def change(deputy: str) -> str:
        try:
            start.wait()
            return workflow_changes.replace(office, member.pk, town.deputies[deputy].pk, f"换成{deputy}").deputy.name
        except MoveRefused as refusal:
            return str(refusal)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        said = sorted(pool.map(change, ("D3", "D4")))
    assert len([words for words in said if "刚刚被别人改过" in words]) == 1, said
    assert TeamMember.objects.filter(team=member.team).count() == 1
    assert RunEvent.objects.filter(subject=run, verb="replace").count() == 1
    assert RunEvent.objects.broken_chains() == []
