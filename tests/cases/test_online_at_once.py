"""Two people at the same moment around one case: what is said is said once and in one chain, what is published was confirmed by one of them."""

import uuid

import pytest

from apps.cases import workflow_publishing, workflow_thread
from apps.cases.models import CaseEvent
from apps.cases.publishing import Publication, PublishedAnswer
from apps.cases.thread import CaseMessage, ThreadReading
from apps.cases.workflow_publishing import Words, source_of
from apps.record.states import MoveRefused
from tests.cases.conftest import brought_to
from tests.cases.test_at_once import at_once, county  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True)


def test_messages_at_once_stand_in_one_chain_and_none_is_doubled(county):  # noqa: F811
    town, people = county
    case, number = brought_to("with_unit", town, people), uuid.uuid4()
    said = at_once(
        *[lambda: workflow_thread.say(case, people.deputy, "同一句话", [], number)] * 3,
        lambda: workflow_thread.say(case, people.unit_officer, "另一句", [], uuid.uuid4()),
    )
    assert all(isinstance(message, CaseMessage) for message in said) and len({message.pk for message in said}) == 2
    assert CaseMessage.objects.broken_chains() == [] and CaseMessage.objects.count() == 2
    newest = max(message.pk for message in said)
    at_once(
        *[
            lambda upto=upto: ThreadReading.objects.note(case, people.leader, upto)
            for upto in (newest, 1, newest - 1, 2)
        ]
    )
    assert ThreadReading.objects.get(user=people.leader).read_upto == newest


def test_two_who_publish_at_once_one_is_told(county):  # noqa: F811
    town, people = county
    case = brought_to("answered", town, people)
    case.refresh_from_db()
    results = at_once(*[
        lambda title=title: workflow_publishing.publish(case, people.county_office, Words(title, "路灯坏了。", "修好了。"), source=source_of(case), version=0)
        for title in ("甲的标题", "乙的标题")
    ])  # fmt: skip
    published = [result for result in results if isinstance(result, Publication)]
    assert len(published) == 1 and sum(isinstance(result, MoveRefused) for result in results) == 1
    assert PublishedAnswer.objects.get().title == published[0].title
    assert case.events.filter(verb="publish_answer").count() == 1 and CaseEvent.objects.broken_chains() == []
