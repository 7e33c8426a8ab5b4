"""The record of moves: the database refuses to change it, and a change made past the database shows."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from apps.cases import workflow
from apps.cases.models import CaseEvent
from tests.cases.conftest import a_report, brought_to


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE cases_caseevent SET note = '改过'", "UPDATE cases_caseevent SET at = now()", "DELETE FROM cases_caseevent",
        "TRUNCATE cases_caseevent CASCADE", "TRUNCATE cases_case CASCADE",
    ],
)  # fmt: skip
def test_the_database_refuses_to_change_what_was_recorded(statement, town, people):
    workflow.submit(a_report())
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # else checks that are still to come would refuse TRUNCATE, not the trigger
        with pytest.raises(IntegrityError, match="只能追加"), transaction.atomic():
            cursor.execute(statement)
    assert CaseEvent.objects.count() == 1


def behind_the_triggers(statement: str, *params) -> None:
    """As somebody with the database's own rights would do it."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, params)
        assert cursor.rowcount == 1
        cursor.execute("SET LOCAL session_replication_role = origin")


@pytest.mark.parametrize(
    "tamper",
    [
        lambda event: behind_the_triggers("UPDATE cases_caseevent SET note = '改过' WHERE id = %s", event.pk),
        lambda event: behind_the_triggers("UPDATE cases_caseevent SET at = at - interval '1 day' WHERE id = %s", event.pk),
        lambda event: behind_the_triggers("UPDATE cases_caseevent SET data = data || '{\"late\": true}' WHERE id = %s", event.pk),
        lambda event: behind_the_triggers("DELETE FROM cases_caseevent WHERE id = %s", event.pk),
    ],
    ids=["note", "time", "data", "removed"],
)
def test_tampering_shows(tamper, town, people):
    sound, case = brought_to("with_unit", town, people), brought_to("with_unit", town, people)
    assert CaseEvent.objects.broken_chains() == []
    tamper(case.events.get(verb="pass_to_county"))
    assert CaseEvent.objects.broken_chains() == [case.pk] != [sound.pk]


def verify() -> str:
    """What the command complains of."""
    wrong = StringIO()
    with pytest.raises(CommandError, match="不一致"):
        call_command("verify_history", stdout=StringIO(), stderr=wrong)
    return wrong.getvalue()


def test_the_command_checks_every_event_table_and_names_what_is_broken(town, people):
    case = brought_to("answered", town, people)
    said = StringIO()
    call_command("verify_history", stdout=said)
    assert "民情件经过：5 条，完整。" in said.getvalue()
    first = case.events.order_by("pk").first()
    behind_the_triggers("UPDATE cases_caseevent SET actor_label = '别人' WHERE id = %s", first.pk)
    wrong = verify()
    assert f"民情件 {case.code}（对象编号 {case.pk}），第 {first.pk} 号记录：被改动过" in wrong


def test_a_history_without_its_end_shows(town, people):
    sound, case = brought_to("answered", town, people), brought_to("answered", town, people)
    behind_the_triggers("DELETE FROM cases_caseevent WHERE id = %s", case.events.latest("pk").pk)
    assert CaseEvent.objects.broken_chains() == []  # what is left is a chain
    wrong = verify()
    assert f"民情件 {case.code}" in wrong and "经过停在“with_unit”，现在却是“answered”" in wrong and sound.code not in wrong


def test_a_table_that_is_guarded_no_more_shows(town, people):
    workflow.submit(a_report())
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE cases_caseevent DISABLE TRIGGER cases_caseevent_no_truncate")
    assert "民情件经过：防改触发器 cases_caseevent_no_truncate 不在或已停用" in verify()
