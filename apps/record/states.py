"""A state table: state -> allowed moves -> who. Each room with a workflow declares one and asks it before every move."""

from collections.abc import Mapping
from dataclasses import dataclass

from apps.accounts.models import Role


class MoveRefused(Exception):
    """The move is not in the table for this state or role, or lacks something. The message is Chinese and fit for the screen; `field`
    names what it lacks, "" when that is not one thing."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Move:
    """From one of `sources` to `target` ("": the state stays), by one of `roles`; `None` among the roles is a resident without a login."""

    verb: str
    label: str
    sources: frozenset[str]
    target: str
    roles: frozenset[Role | None]


class StateTable:
    def __init__(self, labels: Mapping[str, str], moves: list[Move]) -> None:
        self.labels = labels
        self.moves = {move.verb: move for move in moves}
        unknown = {state for move in moves for state in (*move.sources, move.target)} - {*labels, ""}
        if unknown:
            raise ValueError(f"states without a label: {sorted(unknown)}")

    def check(self, verb: str, state: str, role: Role | None) -> Move:
        """The move, if it is allowed from this state by this role; else `MoveRefused`."""
        move = self.moves[verb]
        if state not in move.sources:
            raise MoveRefused(f"现在的状态是“{self.labels[state]}”，不能{move.label}。请刷新页面后再看。")
        if role not in move.roles:
            raise MoveRefused(f"您的岗位不能{move.label}。")
        return move

    def possible(self, state: str, role: Role | None) -> list[Move]:
        return [move for move in self.moves.values() if state in move.sources and role in move.roles]
