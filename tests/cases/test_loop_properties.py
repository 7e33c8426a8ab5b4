"""Random moves by random people, residents and the clock: whatever they do, nobody falls out of the loop.

One holder while a case is open, an unbroken history whose times never run back, clocks that only go on, units that never pass a case
to another unit, and a refused move that changes nothing.
"""

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from apps.cases import told, workflow, workflow_limits, workflow_ratings
from apps.cases.clocks import Clock
from apps.cases.forms_moves import make
from apps.cases.models import OPEN_STATES, Case, CaseEvent, CoHandler, Joiner
from apps.cases.moves import MOVES, PERMISSIONS, TAKE_OVERS, possible_moves
from apps.deputies.models import Deputy
from apps.record.states import MoveRefused
from tests.cases.conftest import a_report

VERBS = sorted(PERMISSIONS)
UNITS = ("construction", "water", "town_a")
SCORES = st.sampled_from(["satisfied", "fairly", "unsatisfied"])
DONE = ("closed", "merged", "withdrawn")


def machine(town, people, clock) -> type[RuleBasedStateMachine]:
    users = [user for _, user in people]

    class Loop(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.undo = transaction.atomic()
            self.undo.__enter__()
            self.began, self.ended, self.units, self.filed = clock.now, {}, {}, 0

        def teardown(self) -> None:
            transaction.set_rollback(True)
            self.undo.__exit__(None, None, None)
            clock.now = self.began

        @initialize()
        def first(self) -> None:
            self.report(1)

        def some(self, pick: int) -> Case:
            cases = list(Case.objects.order_by("pk"))
            return cases[pick % len(cases)]

        @rule(many=st.integers(1, 2))
        def report(self, many: int) -> None:
            if self.filed < 5:
                for _ in range(many):
                    workflow.submit(a_report(to="D1"))
                    self.filed += 1

        def typed(self, data: st.DataObject, other: Case) -> dict:
            unit = town.organisations[data.draw(st.sampled_from(UNITS))]
            joining = data.draw(st.sampled_from(UNITS))
            return {
                "note": data.draw(st.sampled_from(["说明写在这里。", "说明写在这里。", "  "])), "revision": None, "told": False, "result": "", "organisation": unit,
                "co_handlers": [town.organisations[joining]], "joining": town.organisations[joining], "deputy": Deputy.objects.get(code="D3"), "days": 2,
                "consent": "县政府办", "parts": ["路灯坏了。", "路面也坏了。"], "into": other.code, "body": "office", "decided_on": timezone.localdate(),
                "score": data.draw(SCORES),
            }  # fmt: skip

        @rule(data=st.data(), pick=st.integers(0, 50), other=st.integers(0, 50))
        def anybody_tries_anything(self, data: st.DataObject, pick: int, other: int) -> None:
            self.act(data, self.some(pick), data.draw(st.sampled_from(users)), data.draw(st.sampled_from(VERBS)), other)

        @rule(data=st.data(), pick=st.integers(0, 50), other=st.integers(0, 50))
        def somebody_does_what_he_is_offered(self, data: st.DataObject, pick: int, other: int) -> None:
            case = self.some(pick)
            offered = [(user, move.verb) for user in users for move in possible_moves(case, user)]
            if offered:
                user, verb = data.draw(st.sampled_from(offered))
                self.act(data, case, user, verb, other)

        def act(self, data: st.DataObject, case: Case, user, verb: str, other: int) -> None:
            before, events = Case.objects.filter(pk=case.pk).values().get(), CaseEvent.objects.count()
            offered = verb in {move.verb for move in possible_moves(case, user)}
            try:
                with transaction.atomic():
                    make(verb, case, user, self.typed(data, self.some(other)))
            except MoveRefused:
                assert Case.objects.filter(pk=case.pk).values().get() == before and CaseEvent.objects.count() == events
                return
            assert offered, f"{user} made {verb} that he was not offered"
            after = Case.objects.get(pk=case.pk)
            whole = verb == "turn_away" and case.parent_id
            assert after.revision > before["revision"] and (CaseEvent.objects.count() > events or whole)

        @rule(pick=st.integers(0, 50), score=SCORES)
        def resident_rates(self, pick: int, score: str) -> None:
            self.resident(lambda: workflow_ratings.rate(self.some(pick), score, service=score, words="如实说"))

        @rule(pick=st.integers(0, 50))
        def resident_supplies(self, pick: int) -> None:
            self.resident(lambda: workflow_limits.supply(self.some(pick), "在路口东北角。"))

        @rule(pick=st.integers(0, 200))
        def resident_withdraws(self, pick: int) -> None:
            if pick % 5 == 0:
                self.resident(lambda: workflow_ratings.withdraw(self.some(pick)))

        @rule(pick=st.integers(0, 50), score=SCORES)
        def another_joins_and_rates(self, pick: int, score: str) -> None:
            case = self.some(pick)
            if case.parent_id is None:
                joiner = Joiner.objects.create(case=case)
                self.resident(lambda: workflow_ratings.rate(case, score, joiner=joiner))

        def resident(self, act) -> None:
            try:
                with transaction.atomic():
                    act()
            except MoveRefused:
                pass

        @rule(days=st.integers(0, 6), verb=st.sampled_from(TAKE_OVERS), pick=st.integers(0, 50))
        def time_passes(self, days: int, verb: str, pick: int) -> None:
            clock.pass_days(days)
            workflow.step_in(self.some(pick), verb, "超期没有办理")
            workflow_ratings.close_all_unrated()
            told.tell_waiting()

        @invariant()
        def every_open_case_has_one_holder(self) -> None:
            for case in Case.objects.filter(state__in=OPEN_STATES):
                holding = {user.role for user in users if case.held_by(user)}
                assert len(holding) <= 1 and told.holders(case), (case.state, holding)
                if case.deputy is None or case.deputy.code == "D1" or case.state != "with_deputy":
                    assert holding, f"{case.state}: nobody"
            for case in Case.objects.filter(state__in=DONE):
                assert not any(case.held_by(user) for user in users) and case.paused_at is None
            for case in Case.objects.filter(state="merged").select_related("merged_into"):
                assert case.merged_into.state != "merged"
            for case in Case.objects.filter(state="split"):
                assert case.parts.count() >= 2 and case.parts.filter(state__in=OPEN_STATES).exists()

        @invariant()
        def histories_are_whole(self) -> None:
            assert CaseEvent.objects.broken_chains() == []
            assert Case.objects.filter(parent=None).count() == self.filed
            for case in Case.objects.all():
                events = list(case.events.order_by("pk"))
                assert [event.at for event in events] == sorted(event.at for event in events)
                assert events[-1].data["state"] == case.state and events[-1].data["holder"] == case.holder()
                for event in events:
                    if event.verb in MOVES.moves and "from_state" in event.data:
                        assert event.data["from_state"] in MOVES.moves[event.verb].sources, event.verb

        @invariant()
        def units_pass_nothing_sideways(self) -> None:
            for case in Case.objects.all():
                before = self.units.get(case.pk)
                if before and case.organisation_id and case.organisation_id != before[0]:
                    later = case.events.filter(pk__gt=before[1]).order_by("pk")
                    assert {"with_dispatcher"} & {event.data["state"] for event in later}
                    assert all(event.actor.role == "dispatcher" for event in later if event.verb == "assign_to_unit")
                self.units[case.pk] = (case.organisation_id, case.events.latest("pk").pk)

        @invariant()
        def clocks_only_go_on(self) -> None:
            for row in Clock.objects.values():
                if row["pk" if "pk" in row else "id"] in self.ended:
                    assert self.ended[row["id"]] == row  # what has ended is never written again
                elif row["ended_at"]:
                    self.ended[row["id"]] = row
                assert row["started_on"] <= row["due_on"] and (row["met_at"] is None or row["ended_at"] is not None)
            for case in Case.objects.all():
                running = list(case.clocks.filter(ended_at=None))
                kinds = [clock.kind for clock in running if clock.co_handler_id is None]
                assert len(kinds) == len(set(kinds))
                if case.state in DONE or case.state == "split":
                    assert not running and case.due_on is None
                if case.paused_at:
                    assert case.due_on is None and all(clock.paused_on for clock in running)
                elif case.state in OPEN_STATES:
                    assert case.due_on == next((clock.due_on for clock in running if clock.kind == "answer"), None)
            assert not CoHandler.objects.filter(withdrawn=False).exclude(case__organisation__isnull=False).exists()

    return Loop


@pytest.mark.django_db
def test_whatever_people_do_nobody_falls_out_of_the_loop(town, people, clock):
    bounds = settings(max_examples=12, stateful_step_count=20, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(machine(town, people, clock), settings=bounds)
