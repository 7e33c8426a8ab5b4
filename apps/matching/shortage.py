"""Why a place stayed empty: one reason per project, the first rule that staff could loosen."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from apps.matching.costs import PairTable, price_pairs
from apps.matching.problem import Deputies, Projects, Rules


class Reason(IntEnum):
    """Why places of a project are empty. Numbers stay as they are: they may be stored."""

    none = 0  # nothing is empty
    capacity = 1  # enough deputies are allowed, but they are taken; or there are too few deputies at all
    distance = 2  # too few within the largest distance
    recusal = 3  # the others must stay away: recused, or forbidden by staff
    expert = 4  # only places kept for deputies of the field are empty
    position = 5  # the project, or the deputies it needs, have no position


def reasons(
    projects: Projects, deputies: Deputies, rules: Rules, pairs: NDArray[np.int64], unmet: NDArray[np.int32]
) -> NDArray[np.object_]:
    """Reason[n] for the final `pairs` (int64[s, 2], locked ones included), of which `unmet` (int32[n]) places are missing.

    A project without position says so. If only expert places are empty while someone without the field may come: expert. Else the project
    is looked at as if it were alone in the world, and the rules are lifted one after another, distance, recusal, missing anchors, the
    field: the first that lets one more deputy in is named. When none does: capacity, others took them or there are too few.
    """
    result = np.array([Reason.none] * len(projects), dtype=object)
    ends = np.searchsorted(pairs[:, 0], np.arange(len(projects) + 1))
    everybody = np.arange(len(deputies))
    for i in np.flatnonzero(unmet):
        team = np.zeros(len(deputies), bool)
        team[pairs[ends[i] : ends[i + 1], 1]] = True
        result[i] = _reason(i, projects, deputies, price_pairs(projects, deputies, rules, np.full(len(deputies), i), everybody), team)
    return result


def _reason(i: np.intp, projects: Projects, deputies: Deputies, table: PairTable, team: NDArray[np.bool_]) -> Reason:
    """Of project i; table: its pairs with all deputies."""
    if np.isnan(projects.lon[i]):
        return Reason.position
    has_field, demand = table.has_field, int(projects.demand[i])
    gate = demand - int(projects.experts[i])
    may_come = (deputies.capacity > 0) | team

    def alone(allowed: NDArray[np.bool_], gate: int = gate) -> int:
        """Places filled if no other project wanted anyone."""
        usable = (allowed & may_come) | team
        return min(demand, int((usable & has_field).sum()) + min(gate, int((usable & ~has_field).sum())))

    allowed, measured, barred = table.allowed, table.measured, table.recused | table.forbidden
    if (team & ~has_field).sum() == gate < demand and (allowed & may_come & ~team & ~has_field).any():
        return Reason.expert
    served = alone(allowed)
    for reason, lifted in (
        (Reason.distance, measured & ~barred),
        (Reason.recusal, measured),
        (Reason.position, np.ones_like(measured)),
    ):
        if alone(lifted) > served:
            return reason
    return Reason.expert if alone(np.ones_like(measured), demand) > served else Reason.capacity
