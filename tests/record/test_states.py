"""The state table refuses what is not in it, in words for the screen."""

import pytest

from apps.accounts.models import Role
from apps.record.states import Move, MoveRefused, StateTable

TABLE = StateTable(
    {"open": "待办", "done": "办结"},
    [Move("finish", "办结", frozenset({"open"}), "done", frozenset({Role.UNIT})), Move("rate", "评价", frozenset({"done"}), "done", frozenset({None}))],
)


def test_allowed_move():
    assert TABLE.check("finish", "open", Role.UNIT).target == "done"
    assert [move.verb for move in TABLE.possible("done", None)] == ["rate"]


def test_wrong_state_and_wrong_role_are_told_apart():
    with pytest.raises(MoveRefused, match="现在的状态是“办结”"):
        TABLE.check("finish", "done", Role.UNIT)
    with pytest.raises(MoveRefused, match="您的岗位不能"):
        TABLE.check("finish", "open", Role.LEADER)


def test_a_table_with_an_unlabelled_state_is_refused():
    with pytest.raises(ValueError, match="elsewhere"):
        StateTable({"open": "待办"}, [Move("go", "走", frozenset({"open"}), "elsewhere", frozenset())])
