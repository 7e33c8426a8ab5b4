"""Random moves by random people, residents and the clock: whatever they do, nobody falls out of the loop.

One holder while a case is open, an unbroken history whose times never run back, clocks that only go on, units that never pass a case
to another unit, and a refused move that changes nothing. `WALKS` of them; what a seed found once can be walked again by its number.
"""

import os
import random
from collections import Counter

from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from apps.cases import told, workflow, workflow_limits, workflow_ratings
from apps.cases.clocks import Clock
from apps.cases.forms_moves import make
from apps.cases.models import OPEN_STATES, Case, CaseEvent, CoHandler, Joiner
from apps.cases.moves import MOVES, PERMISSIONS, TAKE_OVERS, possible_moves
from apps.record.states import MoveRefused
from tests.cases.conftest import a_report, brought_to

WALKS = int(os.environ.get("LOOP_WALKS", "2"))
STEPS = 40
MOST_CASES = 4
VERBS = sorted(PERMISSIONS)
UNITS = ("construction", "water", "town_a")
SCORES = ("satisfied", "fairly", "unsatisfied")
START = ["with_deputy", "with_town", "with_county", "with_dispatcher", "with_unit", "answered"]
LEFT = ("closed", "merged", "withdrawn", "split")
RARE = ("turn_away", "merge", "put_on_joint_list", "take_off_joint_list", "oversee", "note_contact", "remind")  # offered often, or ending what would go on


class Walk:
    """A county's cases, and everybody at them. `made` counts the moves that went through."""

    def __init__(self, town, people, clock, seed: int) -> None:
        self.town, self.people, self.clock, self.dice = town, people, clock, random.Random(seed)
        self.users = [user for _, user in people]
        self.filed, self.made = 0, Counter()
        self.ended: dict[int, dict] = {}
        self.units: dict[int, tuple[int | None, int]] = {}

    def go(self) -> Counter:
        for state in self.dice.sample(START, 3):  # so that short walks get everywhere
            brought_to(state, self.town, self.people)
            self.filed += 1
        for _ in range(STEPS):
            acts = (self.offered, self.anything, self.resident, self.time_passes, self.report)
            touched = self.dice.choices(acts, weights=(70, 8, 12, 6, 4))[0]()
            self.check(touched)
        self.check(list(Case.objects.all()))
        assert CaseEvent.objects.broken_chains() == []
        assert Case.objects.filter(parent=None).count() == self.filed
        return self.made

    def some(self) -> Case:
        """Any case; mostly one that is open."""
        cases = list(Case.objects.order_by("pk"))
        still = [case for case in cases if case.state in OPEN_STATES or case.state == "answered"]
        return self.dice.choice(still if still and self.dice.random() < 0.9 else cases)

    def report(self) -> list[Case]:
        if self.filed - Case.objects.filter(parent=None, state__in=LEFT).count() < MOST_CASES:
            workflow.submit(a_report(to="D1"))
            self.filed += 1
        return list(Case.objects.order_by("-pk")[:1])

    def offered(self) -> list[Case]:
        case = self.some()
        by_verb: dict[str, list] = {}
        for user in self.users:
            for move in possible_moves(case, user):
                by_verb.setdefault(move.verb, []).append(user)
        if not by_verb:
            return []
        verb = self.dice.choices(sorted(by_verb), weights=[0.3 if verb in RARE else 1 for verb in sorted(by_verb)])[0]
        return self.act(case, self.dice.choice(by_verb[verb]), verb)

    def anything(self) -> list[Case]:
        return self.act(self.some(), self.dice.choice(self.users), self.dice.choice(VERBS))

    def act(self, case: Case, user, verb: str) -> list[Case]:
        before, events = Case.objects.filter(pk=case.pk).values().get(), CaseEvent.objects.count()
        could = verb in {move.verb for move in possible_moves(case, user)}
        others = dict(Case.objects.values_list("pk", "revision"))
        try:
            with transaction.atomic():
                make(verb, case, user, self.typed())
        except MoveRefused:
            assert Case.objects.filter(pk=case.pk).values().get() == before and CaseEvent.objects.count() == events
            return []
        assert could, f"{user} made {verb} that he was not offered"
        self.made[verb] += 1
        changed = [each for each in Case.objects.all() if others.get(each.pk) != each.revision]
        assert case.pk in {each.pk for each in changed} and CaseEvent.objects.count() > events
        return changed

    def typed(self) -> dict:
        units, dice = self.town.organisations, self.dice
        return {
            "note": dice.choice(["说明写在这里。", "说明写在这里。", "说明写在这里。", "  "]), "revision": None, "told": dice.random() < 0.5, "result": dice.choice(["", "A"]),
            "organisation": units[dice.choice(UNITS)], "co_handlers": [units[dice.choice(UNITS)]], "joining": units[dice.choice(UNITS)],
            "deputy": self.town.deputies["D3"], "days": 2, "consent": "县政府办", "parts": ["路灯坏了。", "路面也坏了。"], "into": self.some().code,
            "body": dice.choice(["office", "chairs"]), "decided_on": timezone.localdate(), "score": dice.choice(SCORES),
        }  # fmt: skip

    def resident(self) -> list[Case]:
        case = self.some()
        kind, score = self.dice.choices(["rate", "supply", "withdraw", "join"], weights=(5, 5, 1, 2))[0], self.dice.choice(SCORES)
        try:
            with transaction.atomic():
                if kind == "rate":
                    workflow_ratings.rate(case, score, service=score, words="如实说")
                elif kind == "supply":
                    workflow_limits.supply(case, "在路口东北角。")
                elif kind == "withdraw":
                    workflow_ratings.withdraw(case)
                elif case.parent_id is None:
                    workflow_ratings.rate(case, score, joiner=Joiner.objects.create(case=case))
        except MoveRefused:
            return []
        self.made[kind] += 1
        return list(Case.objects.all())

    def time_passes(self) -> list[Case]:
        self.clock.pass_days(self.dice.choice([0, 1, 3, 12, 40]))
        if workflow.step_in(self.some(), self.dice.choice(TAKE_OVERS), "超期没有办理"):
            self.made["step_in"] += 1
        self.made["close_unrated"] += workflow_ratings.close_all_unrated()
        told.tell_waiting()
        return list(Case.objects.all())

    # -- what always holds ------------------------------------------------------------------------------------------------------

    def check(self, cases: list[Case]) -> None:
        for case in cases:
            case.refresh_from_db()
            self.has_one_holder(case)
            self.has_a_whole_history(case)
            self.was_not_passed_sideways(case)
            self.has_clocks_that_fit(case)
        for row in Clock.objects.filter(case__in=[case.pk for case in cases], ended_at__isnull=False).values():
            assert self.ended.setdefault(row["id"], row) == row, "a clock that had ended was written again"
        assert not CoHandler.objects.filter(withdrawn=False, case__organisation=None).exists()

    def has_one_holder(self, case: Case) -> None:
        holding = {user.role for user in self.users if case.held_by(user)}
        assert len(holding) == (case.state in OPEN_STATES), (case.state, holding)
        assert bool(told.holders(case)) == (case.state in OPEN_STATES)
        if case.state == "merged":
            assert case.merged_into.state != "merged" and case.merged_into.parent_id is None
        if case.state == "split":
            assert case.parts.count() >= 2 and case.parts.filter(state__in=OPEN_STATES).exists()

    def has_a_whole_history(self, case: Case) -> None:
        events = list(case.events.order_by("pk"))
        assert [event.at for event in events] == sorted(event.at for event in events)
        assert (events[-1].data["state"], events[-1].data["holder"]) == (case.state, case.holder())
        for event in events:
            if event.verb in MOVES.moves and "from_state" in event.data:
                assert event.data["from_state"] in MOVES.moves[event.verb].sources, event.verb
            if event.verb == "assign_to_unit":  # whatever the table says
                assert event.data["from_state"] == "with_dispatcher" and event.actor.role == "dispatcher"

    def was_not_passed_sideways(self, case: Case) -> None:
        unit, seen = self.units.get(case.pk, (None, 0))
        last = case.events.latest("pk").pk
        if unit and case.organisation_id and case.organisation_id != unit:
            since = list(case.events.filter(pk__gt=seen))
            assert any(event.data["state"] == "with_dispatcher" for event in since)
            assert [event.actor.role for event in since if event.verb == "assign_to_unit"][-1:] == ["dispatcher"]
        self.units[case.pk] = (case.organisation_id, last)

    def has_clocks_that_fit(self, case: Case) -> None:
        running = list(case.clocks.filter(ended_at=None))
        kinds = [clock.kind for clock in running if clock.co_handler_id is None]
        assert len(kinds) == len(set(kinds)) and all(clock.started_on <= clock.due_on for clock in running)
        assert {clock.step for clock in running} <= {case.state}
        if case.state in LEFT:
            assert not running and case.due_on is None
        elif case.paused_at:
            assert case.due_on is None and all(clock.paused_on for clock in running)
        elif case.state in OPEN_STATES:
            assert case.due_on == next((clock.due_on for clock in running if clock.kind == "answer"), None)


def test_whatever_people_do_nobody_falls_out_of_the_loop(town, people, clock):
    made, began = Counter(), clock.now
    town.deputies["D3"].user = people.mate
    town.deputies["D3"].save()

    @settings(max_examples=WALKS, phases=[Phase.generate], deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(seed=st.integers(0, 2**32))
    def walk(seed: int) -> None:
        clock.now = began
        with transaction.atomic():
            made.update(Walk(town, people, clock, seed).go())
            transaction.set_rollback(True)

    walk()
    assert len(made) >= 15, f"the walks went nowhere: {made}"  # so many kinds of moves have gone through
