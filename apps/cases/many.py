"""One move for many cases: each goes through its own verb, so that one that cannot be moved holds nothing up, and is named."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from apps.accounts.models import User
from apps.accounts.perms import allowed
from apps.cases import workflow, workflow_oversight
from apps.cases.models import Case
from apps.organisations.models import Organisation
from apps.record.states import MoveRefused

MOST = 200  # at once: more would keep the page waiting

Call = Callable[[Case, User, str, Organisation | None], Case]


@dataclass(frozen=True)
class ManyMove:
    """A move that may be made for many. said: what the words are for; must: whether they have to be there."""

    verb: str
    label: str
    said: str
    call: Call
    must: bool = False
    unit: bool = False


def _with_note(verb: Callable[[Case, User, str], Case]) -> Call:
    return lambda case, user, note, unit: verb(case, user, note)


def _assign(case: Case, user: User, note: str, unit: Organisation | None) -> Case:
    if unit is None:
        raise MoveRefused("请选择承办单位。")
    return workflow.assign_to_unit(case, user, unit, note)


MOVES = {
    move.verb: move
    for move in (
        ManyMove("pass_to_town", "提交镇人大、街道工委", "说明", _with_note(workflow.pass_to_town)),
        ManyMove("pass_to_county", "提交县人大", "说明", _with_note(workflow.pass_to_county)),
        ManyMove("pass_to_dispatcher", "转县政府办", "转办意见", _with_note(workflow.pass_to_dispatcher)),
        ManyMove("assign_to_unit", "交办承办单位", "交办意见", _assign, unit=True),
        ManyMove("remind", "催办", "催办意见", _with_note(workflow_oversight.remind)),
        ManyMove("take_over", "接手办理", "接手的原因", _with_note(workflow.take_over), must=True),
        ManyMove("take_over_by_county", "接手办理", "接手的原因", _with_note(workflow.take_over_by_county), must=True),
    )
}


def offered(user: User) -> list[ManyMove]:
    """What this user's role may do at all; whether it can be done with a case, its verb says."""
    return [
        move
        for move in MOVES.values()
        if user.role in workflow.MOVES.moves[move.verb].roles and allowed(user, workflow.PERMISSIONS[move.verb])
    ]


def units(user: User) -> list[tuple[str, str]]:
    """Choices of the unit that many are given to, for those who may assign; else none."""
    if not any(move.unit for move in offered(user)):
        return []
    return [("", "请选择"), *((unit.code, str(unit)) for unit in workflow.handling_units())]


@dataclass(frozen=True)
class Outcome:
    """done: how many went through; refused: reason -> the cases that did not."""

    done: int
    refused: dict[str, list[Case]]


def make(move: ManyMove, cases: Iterable[Case], user: User, note: str, unit: Organisation | None) -> Outcome:
    """The move for each of the cases, each in a transaction of its own."""
    done, refused = 0, defaultdict(list)
    for case in cases:
        try:
            move.call(case, user, note, unit)
            done += 1
        except MoveRefused as refusal:
            refused[str(refusal)].append(case)
    return Outcome(done, dict(refused))
