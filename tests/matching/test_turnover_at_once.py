"""Two clerks publish two drafts of one term at once: one is published, the other clerk is told, nothing is half done."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from apps.matching import workflow
from apps.record.states import MoveRefused
from apps.territory.terms import Term, TermEvent
from tests import town as toy
from tests.matching.next_term import drafted


@pytest.mark.django_db(transaction=True)
def test_one_of_two_drafts_is_published():
    town = toy.build()
    office = toy.build_users(town).county_office
    drafts = [drafted(town, "方案一"), drafted(town, "方案二")]
    for draft in drafts:
        assert workflow.compute(workflow.compare(office, draft.pk).pk).state == "done"
    start = Barrier(2)

    def publish(draft: Term) -> str:
        try:
            start.wait()
            return workflow.publish(office, draft.pk, "县选举委员会公告第3号", timezone.localdate()).state
        except MoveRefused as refusal:
            return str(refusal)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        said = sorted(pool.map(publish, drafts))
    assert said[0] == "published" and "未采用" in said[1], said
    assert sorted(Term.objects.filter(number=18).values_list("state", flat=True)) == ["published", "set_aside"]
    assert TermEvent.objects.filter(verb="publish").count() == 1
    assert TermEvent.objects.broken_chains() == []
