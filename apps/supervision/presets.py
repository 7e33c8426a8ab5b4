"""The three presets a clerk chooses from, and the numbers behind them. All costs are metres of detour."""

from dataclasses import asdict, dataclass
from typing import Literal

from apps.supervision.models import AssignmentRun


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

    def as_json(self) -> dict:
        return asdict(self)


PRESETS: dict[str, RunRules] = {
    AssignmentRun.Preset.NEAREST: RunRules(),
    AssignmentRun.Preset.BALANCED: RunRules(balance=6000, fair=True),
    AssignmentRun.Preset.CONTINUITY: RunRules(keep_bonus=5000),
}

EXPLANATIONS: dict[str, str] = {
    AssignmentRun.Preset.NEAREST: "先看谁住得近、在附近上班，再看懂不懂行",
    AssignmentRun.Preset.BALANCED: "尽量不让一个人担好几项，也不让任何人跑得太远",
    AssignmentRun.Preset.CONTINUITY: "上一个发布方案里的人尽量不换",
}
