"""The presets a clerk chooses from, in the words of the page."""

from apps.matching.presets import PRESETS, RunRules
from apps.supervision.models import AssignmentRun

__all__ = ["EXPLANATIONS", "PRESETS", "RunRules"]

EXPLANATIONS: dict[str, str] = {
    AssignmentRun.Preset.NEAREST: "先看谁住得近、在附近上班，再看懂不懂行",
    AssignmentRun.Preset.BALANCED: "尽量不让一个人担好几项，也不让任何人跑得太远",
    AssignmentRun.Preset.CONTINUITY: "上一个发布方案里的人尽量不换",
}
