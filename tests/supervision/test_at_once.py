"""Two at once on one draft, or on two: one is served, the other is refused in words; nothing is lost, nothing double."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier, Event

import pytest
from django.db import connection

from apps.accounts.models import User
from apps.deputies.models import Deputy
from apps.record.states import MoveRefused
from apps.supervision import effects, workflow, workflow_changes, workflow_claims, workflow_topics
from apps.supervision.claims import Claim
from apps.supervision.effects import Change, effect
from apps.supervision.models import AssignmentRun, RunEvent, TeamMember
from apps.supervision.topics import Topic
from tests import town as toy

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Scene:
    town: toy.Town
    users: toy.Users
    office: User
    run: AssignmentRun

    def member(self, name: str = "东溪防洪堤") -> TeamMember:
        return TeamMember.objects.get(team__run=self.run, team__topic__project__name=name)


@pytest.fixture
def scene() -> Scene:
    town = toy.build()
    users = toy.build_users(town)
    for project in town.projects.values():
        project.demand, project.experts = 1, 0
        project.save()
    Deputy.objects.update(capacity=3)
    run = workflow.compute(workflow.draft(users.county_office, "nearest").pk, toy.TODAY)
    return Scene(town, users, users.county_office, run)


def at_once(*deeds: Callable[[], object]) -> list[str]:
    """What each says, in the order given: "done", or why it was refused."""
    start = Barrier(len(deeds))

    def carry_out(deed: Callable[[], object]) -> str:
        try:
            start.wait()
            deed()
            return "done"
        except MoveRefused as refusal:
            return str(refusal)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(carry_out, deeds))


def test_one_of_two_replacements_of_the_same_member_wins(scene):
    member = scene.member()
    said = at_once(*(lambda name=name: workflow_changes.replace(scene.office, member.pk, scene.town.deputies[name].pk, f"换成{name}") for name in ("D3", "D4")))
    assert sorted(words == "done" for words in said) == [False, True] and any("刚刚被别人改过" in words for words in said)
    assert TeamMember.objects.filter(team=member.team).count() == 1
    assert RunEvent.objects.filter(subject=scene.run, verb="replace").count() == 1
    assert RunEvent.objects.broken_chains() == []
    # Different members, one revision: whoever is second saw a list that is no longer so.
    first, second, seen = scene.member(), scene.member("城关老旧小区改造"), AssignmentRun.objects.get(pk=scene.run.pk).revision
    said = at_once(*(lambda pk=one.pk: workflow_changes.drop(scene.office, pk, "撤", seen) for one in (first, second)))
    assert sorted(words == "done" for words in said) == [False, True]
    assert "没有执行" in next(words for words in said if words != "done")
    assert AssignmentRun.objects.get(pk=scene.run.pk).revision == seen + 1


def test_published_once_and_of_two_drafts_one_has_to_look(scene):
    workflow.approve(scene.office, scene.run.pk)
    said = at_once(*[lambda: workflow.publish(scene.office, scene.run.pk)] * 3)
    assert sorted(words == "done" for words in said) == [False, False, True]
    assert all("已发布" in words for words in said if words != "done")
    assert scene.run.events.filter(verb="publish").count() == 1
    others = [workflow.compute(workflow.draft(scene.office, "continuity", name).pk, toy.TODAY) for name in ("一", "二")]
    for run in others:
        workflow.approve(scene.office, run.pk)
    said = at_once(*(lambda pk=run.pk: workflow.publish(scene.office, pk) for run in others))
    assert sorted(words == "done" for words in said) == [False, True]
    assert any("请先比较两个方案" in words for words in said) and AssignmentRun.objects.published().count() == 2


def test_approved_or_published_while_somebody_changes_it(scene):
    """Either the change is in what was approved, or it was refused; what is approved is changed no more."""
    for _ in range(4):
        run = AssignmentRun.objects.get(pk=scene.run.pk)
        member, other = scene.member(), scene.town.deputies["D3" if scene.member().deputy_id == scene.town.deputies["D4"].pk else "D4"]
        said = at_once(
            lambda run=run: workflow.approve(scene.users.leader, run.pk, run.revision),
            lambda run=run, member=member, other=other: workflow_changes.replace(scene.office, member.pk, other.pk, "换", run.revision),
        )
        run.refresh_from_db()
        assert (said[0] == "done") != (said[1] == "done")
        assert (run.state, scene.member().deputy_id == other.pk) == (("approved", False) if said[0] == "done" else ("draft", True))
        if run.state == "approved":
            workflow.withdraw(scene.office, run.pk)
    workflow.approve(scene.office, scene.run.pk)
    member = scene.member()
    said = at_once(
        lambda: workflow.publish(scene.office, scene.run.pk),
        lambda: workflow_changes.drop(scene.office, member.pk, "撤"),
    )
    assert said[0] == "done" and ("已批准" in said[1] or "已发布" in said[1])
    assert scene.member() == member


def test_cancelled_while_the_result_is_stored_and_computed_by_two(scene, monkeypatch):
    """Either it is cancelled with nothing stored, or it is a draft and cancelling is refused."""
    made, storing = workflow.draft(scene.office, "balanced"), Event()
    plain = workflow._store

    def store(*row):
        storing.set()
        return plain(*row)

    monkeypatch.setattr(workflow, "_store", store)
    said = at_once(lambda: workflow.compute(made.pk, toy.TODAY), lambda: (storing.wait(20), workflow.cancel(scene.office, made.pk)))
    run = AssignmentRun.objects.get(pk=made.pk)
    assert said[0] == "done" and run.state == ("cancelled" if said[1] == "done" else "draft")
    assert run.teams.exists() == (run.state == "draft")

    monkeypatch.undo()
    made = workflow.draft(scene.office, "nearest")
    assert at_once(*[lambda: workflow.compute(made.pk, toy.TODAY)] * 2) == ["done", "done"]
    run = AssignmentRun.objects.get(pk=made.pk)
    assert run.state == "draft" and run.teams.count() == 3 and run.events.filter(verb="solve").count() == 1


def test_many_ask_what_a_change_would_cost_while_others_change(scene):
    """Answers come from one problem that is kept; none is torn, and afterwards it is what a fresh one would be."""
    member, run = scene.member(), scene.run
    change = Change("replace", member.team.topic_id, scene.town.deputies["D4"].pk, member.deputy_id)
    effects._kept.clear()
    told = effect(run, change)
    found: list = []
    other = scene.member("城关老旧小区改造")
    said = at_once(*[lambda: found.append(effect(run, change))] * 5, lambda: workflow_changes.lock(scene.office, other.pk), lambda: workflow_changes.unlock(scene.office, member.pk))
    assert said[:5] == ["done"] * 5 and all(one == told for one in found)
    now = AssignmentRun.objects.get(pk=run.pk)
    kept = effect(now, change)
    effects._kept.clear()
    assert kept == effect(now, change)


def test_a_claim_is_decided_once(scene):
    topic = Topic.objects.get(project=scene.town.projects["K3"])
    made = at_once(*[lambda: workflow_claims.claim(scene.users.deputy, topic.pk, "熟悉")] * 2)
    assert sorted(words == "done" for words in made) == [False, True]
    claim = Claim.objects.get()
    said = at_once(lambda: workflow_claims.decide(scene.office, claim.pk, True), lambda: workflow_claims.decide(scene.office, claim.pk, False, "不便"))
    assert sorted(words == "done" for words in said) == [False, True]
    assert claim.events.exclude(verb="claim").count() == 1


def test_two_matters_entered_at_once_get_two_codes(scene):
    matter = workflow_topics.Matter("livelihood", "老年食堂", toy.at(0.5, 0.3), None, scene.town.organisations["construction"], None, 1, 0, year=2026)
    assert at_once(*[lambda: workflow_topics.add_topic(scene.office, matter)] * 3) == ["done"] * 3
    assert sorted(Topic.objects.filter(own_title="老年食堂").values_list("own_code", flat=True)) == ["MS2026-001", "MS2026-002", "MS2026-003"]
