"""The three presets a clerk chooses from, and the numbers behind them. All costs are metres of detour.

No Django: the page, the command for one county and the workers of a whole province ask by the same rules.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from apps.matching.assignment import Rules


@dataclass(frozen=True)
class RunRules:
    """What a run was asked. Stored with it as JSON, so that a published list can be explained years later."""

    residence_weight: float = 0.6
    workplace_weight: float = 0.4
    anchor: Literal["weighted", "nearest"] = "weighted"
    stranger_field: int = 8000  # metres that a field with nothing in common costs; closeness takes its share off
    town_cost: int = 3000  # metres for a deputy with neither home nor work in the project's town (就便)
    max_distance: int | None = 40000
    keep_bonus: int = 0
    balance: int = 500
    fair: bool = False

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def for_fields(
        self, fields: int, affinities: Iterable[tuple[int, int, float]], previous: NDArray[np.int64] | None = None
    ) -> Rules:
        """The solver's rules for so many fields. affinities: two fields' columns and how near they are (0 strangers, 1 the same).

        previous: int64[k, 2], the rows (project, deputy) of the list that is in force.
        """
        cost = np.full((fields, fields), float(self.stranger_field))
        np.fill_diagonal(cost, 0.0)
        for first, second, closeness in affinities:
            cost[first, second] = cost[second, first] = self.stranger_field * (1 - closeness)
        return Rules(
            residence_weight=self.residence_weight, workplace_weight=self.workplace_weight, anchor=self.anchor,
            field_cost=cost, town_cost=self.town_cost, max_distance=self.max_distance,
            previous=previous, keep_bonus=self.keep_bonus, balance=self.balance, fair=self.fair,
        )  # fmt: skip


PRESETS: dict[str, RunRules] = {
    "nearest": RunRules(),
    "balanced": RunRules(balance=6000, fair=True),
    "continuity": RunRules(keep_bonus=5000),
}
