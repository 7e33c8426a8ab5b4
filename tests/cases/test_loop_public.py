"""A resident's moves with no more than the public role's rights, whatever state they lead to; and his code, which no office ever sees."""

import importlib

import pytest
from django.db import ProgrammingError, connection, transaction
from django.test import Client

from apps.cases import told, workflow, workflow_limits, workflow_parts, workflow_ratings
from apps.cases.models import Case, CaseEvent, Joiner
from apps.record.notices import Notice
from tests.cases.conftest import a_report, brought_to
from tests.conftest import public_role


def now(case: Case) -> Case:
    return Case.objects.get(pk=case.pk)


def as_resident(case: Case) -> Case:
    return Case.objects.followed(case.follow_code).get()


def answer(case: Case, town, people) -> Case:
    return {
        "with_deputy": lambda: workflow.answer_as_deputy(case, people.deputy, "办好了。"),
        "with_town": lambda: workflow.answer_as_town(case, people.town_clerk, "办好了。"),
        "with_county": lambda: workflow.answer_as_county(case, people.county_office, "办好了。"),
        "with_unit": lambda: workflow.answer_as_unit(case, people.unit_officer, "办好了。"),
    }[case.state]()


@pytest.mark.parametrize("state", ["with_deputy", "with_town", "with_county", "with_unit"])
def test_rated_reopened_and_closed_by_the_resident_alone(state, town, people):
    case = answer(brought_to(state, town, people), town, people)
    with public_role():
        again = workflow_ratings.rate(as_resident(case), "unsatisfied", service="fairly", words="还没好")
    assert (again.state, again.reopened) == (state, 1) and now(case).due_on is not None
    answer(now(case), town, people)
    with public_role():
        workflow_ratings.rate(as_resident(case), "unsatisfied")
    assert now(case).state == "with_county"
    assert told.tell_waiting() == 5  # filed, twice rated and reopened
    assert Notice.objects.filter(recipient=people.county_office, title="反映人认为还没有解决，请重新办理").exists()
    answer(now(case), town, people)
    with public_role():
        assert workflow_ratings.rate(as_resident(case), "satisfied").state == "closed"
    assert CaseEvent.objects.broken_chains() == []


def test_supplied_withdrawn_and_joined_by_residents_alone(town, people):
    asked, gone, answered = brought_to("with_unit", town, people), brought_to("with_town", town, people), brought_to("answered", town, people)
    workflow_limits.pause(asked, people.unit_officer, "是哪一盏？")
    joiner = Joiner.objects.create(case=answered)
    with public_role():
        workflow_limits.supply(as_resident(asked), "东北角那一盏。")
        workflow_ratings.withdraw(as_resident(gone), "解决了")
        workflow_ratings.rate(as_resident(answered), "fairly", joiner=Joiner.objects.only("case").get(pk=joiner.pk))
    assert (now(asked).paused_at, now(gone).state, now(answered).state) == (None, "withdrawn", "answered")
    told.tell_waiting()
    assert Notice.objects.filter(recipient=people.unit_officer, title="反映人补充了情况，请继续办理").exists()
    assert Notice.objects.filter(recipient=people.town_clerk, title="反映人撤回了一件民情件").exists()


def test_a_whole_and_a_merged_case_are_rated_by_residents_alone(town, people):
    whole, main, merged = brought_to("with_town", town, people), brought_to("with_deputy", town, people), brought_to("with_deputy", town, people)
    parts = workflow_parts.split(whole, people.town_clerk, ["灯。", "路。"])
    for part in parts:
        workflow.answer_as_town(part, people.town_clerk, "好了。")
    workflow_parts.merge(merged, people.deputy, main)
    workflow.answer_as_deputy(now(main), people.deputy, "好了。")
    with public_role():
        workflow_ratings.rate(as_resident(merged), "unsatisfied", words="我家门口的没好")
        workflow_ratings.rate(as_resident(whole), "satisfied")
    assert (now(main).state, now(whole).state) == ("with_deputy", "closed") and {now(part).state for part in parts} == {"closed"}


def test_what_offices_said_and_who_they_are_is_not_the_publics(town, people):
    brought_to("answered", town, people)
    for statement in (
        "SELECT reminded FROM cases_case", "SELECT oversight FROM cases_case", "SELECT entered_by_id FROM cases_case", "SELECT opinion FROM cases_cohandler",
        "SELECT score FROM cases_rating", "SELECT words FROM cases_rating", "SELECT contact FROM cases_joiner", "SELECT * FROM cases_untold", "SELECT * FROM record_notice",
        "DELETE FROM cases_untold", "UPDATE cases_case SET organisation_id = NULL", "UPDATE cases_joiner SET told = true", "SELECT nextval('cases_case_code')",
        "UPDATE cases_case SET follow_code = 'x'",
    ):  # fmt: skip
        with public_role(), pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_no_office_sees_a_follow_code(town, people):
    case, other = brought_to("with_unit", town, people), brought_to("with_town", town, people)
    joiner = Joiner.objects.create(case=case)
    told.tell_waiting()
    codes = [case.follow_code, other.follow_code, joiner.follow_code]
    addresses = ["/cases/", "/cases/?state=all", "/cases/export.csv?state=all", f"/cases/{case.code}/", f"/cases/{other.code}/", "/notices/", f"/cases/?q={case.follow_code}"]
    for name, user in people:
        if name not in ("deputy", "town_clerk", "county_office", "unit_officer", "leader"):
            continue
        client = Client()
        client.force_login(user)
        for address in addresses:
            response = client.get(address, follow=True)
            said = b"".join(response.streaming_content) if response.streaming else response.content
            text = said.decode(errors="replace").replace("-", "")
            assert not any(code in text for code in codes if address[-10:] != code), (name, address)
        assert client.get(f"/cases/{case.follow_code}/").status_code == 404
    assert not any(code in str(event.data) + event.note for event in CaseEvent.objects.all() for code in codes)


def test_numbers_go_on_and_pass_over_what_came_by_file(town, people):
    first = workflow.submit(a_report(to="D1"))
    year, _, number = first.code.partition("-")
    assert len(year) == 4 and len(number) == 6
    taken = f"{year}-{int(number) + 1:06d}"
    Case.objects.filter(pk=first.pk).update(code=taken)
    with public_role():
        second = workflow.submit(a_report(to="D1"))
    assert second.code == f"{year}-{int(number) + 2:06d}" and second.follow_code != first.follow_code


def test_what_residents_held_before_stays_their_key(town, people):
    """The step that parted the two codes: filed here, the old code is the resident's; imported, the file's number stays."""
    filed, imported = workflow.submit(a_report(to="D1")), brought_to("with_deputy", town, people)
    migration = importlib.import_module("apps.cases.migrations.0005_loop")
    Case.objects.filter(pk=filed.pk).update(code="ABCDEFGHJ2")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE cases_caseevent DISABLE TRIGGER USER")
        cursor.execute("UPDATE cases_caseevent SET data = data || '{\"deputy_code\": \"D1\"}' WHERE subject_id = %s", [imported.pk])
        cursor.execute("ALTER TABLE cases_caseevent ENABLE TRIGGER USER")
        cursor.execute(migration.PART_CODES)
    assert now(filed).follow_code == "ABCDEFGHJ2" and now(filed).code.startswith("2026-")
    assert (now(imported).code, now(imported).follow_code) == (imported.code, imported.follow_code)
