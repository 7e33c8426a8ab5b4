"""The presets a clerk chooses from, in the words of the page, and the numbers behind them, which he may change."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from apps.matching import presets
from apps.supervision.models import AssignmentRun
from apps.territory.models import AdminArea

EXPLANATIONS: dict[str, str] = {
    AssignmentRun.Preset.NEAREST: "先看谁住得近、在附近上班，再看懂不懂行",
    AssignmentRun.Preset.BALANCED: "尽量不让一个人担好几项，也不让任何人跑得太远",
    AssignmentRun.Preset.CONTINUITY: "上一个发布方案里的人尽量不换",
}


@dataclass(frozen=True)
class DraftRules(presets.RunRules):
    """What a draft is asked beyond the metres: who counts, how many are wanted, who stays away. The owner's own people always do.

    demand, experts, capacity: instead of what each topic or deputy says; None: as they say.
    """

    demand: int | None = None
    experts: int | None = None
    capacity: int | None = None
    county_leaders: bool = False
    recuse_responsible: bool = True
    recuse_contractors: bool = True


PRESETS: dict[str, DraftRules] = {name: DraftRules(**rules.as_json()) for name, rules in presets.PRESETS.items()}


@dataclass(frozen=True)
class RuleField:
    """One number or switch of the rules as a form shows it. kind: int, float, optional (a whole number or nothing), flag, choice."""

    name: str
    label: str
    kind: str
    least: float = 0
    most: float = 0
    unit: str = ""
    told: str = ""
    choices: tuple[tuple[str, str], ...] = ()


FIELDS: tuple[RuleField, ...] = (
    RuleField("anchor", "距离怎么算", "choice", told="居住地和工作地", choices=(("weighted", "两处按权重合计"), ("nearest", "只看较近的一处"))),
    RuleField("residence_weight", "居住地权重", "float", 0, 1),
    RuleField("workplace_weight", "工作地权重", "float", 0, 1),
    RuleField("stranger_field", "领域不同折算", "int", 0, 100_000, "米", "相近的领域按相近程度减少"),
    RuleField("town_cost", "不在同一乡镇街道折算", "int", 0, 100_000, "米", "同乡镇街道优先"),
    RuleField("max_distance", "最远距离", "optional", 100, 1_000_000, "米", "较近的一处超过它就不派；留空不限"),
    RuleField("balance", "多担一项折算", "int", 0, 1_000_000, "米", "每人从第二项起，越大越均衡"),
    RuleField("fair", "先让最远的人最近", "flag"),
    RuleField("keep_bonus", "沿用上一方案的人减少", "int", 0, 1_000_000, "米", "越大换人越少"),
    RuleField("demand", "每个事项的代表人数", "optional", 1, 5, "人", "留空按事项登记的人数"),
    RuleField("experts", "其中懂行的至少", "optional", 0, 5, "人", "留空按事项登记的人数"),
    RuleField("capacity", "每位代表最多承担", "optional", 0, 20, "项", "留空按代表登记的项数"),
    RuleField("county_leaders", "县领导也参加", "flag"),
    RuleField("recuse_responsible", "责任单位（主管部门）的人回避", "flag"),
    RuleField("recuse_contractors", "参建单位的人回避", "flag"),
)


def fields_here() -> list[RuleField]:
    """Those that mean something in this county: where villages hang right below it, no town comes first."""
    towns = AdminArea.objects.towns().exists()
    return [field for field in FIELDS if towns or field.name != "town_cost"]


def parse_rules(preset: str, typed: Mapping[str, str]) -> tuple[DraftRules, dict[str, str]]:
    """A preset's rules with what was typed instead, and by field what is wrong with it, in words.

    A field that was not sent keeps the preset's number; a flag that was not sent is off once any rule was sent (browsers leave it out).
    """
    rules, wrong, given = PRESETS[preset], {}, {}
    sent = any(field.name in typed for field in FIELDS)
    for field in FIELDS:
        try:
            if field.kind == "flag":
                given[field.name] = typed.get(field.name, "") in ("on", "true", "1") if sent else getattr(rules, field.name)
            elif field.name in typed:
                given[field.name] = _parsed(field, typed[field.name].strip())
        except ValueError as refusal:
            wrong[field.name] = str(refusal)
    if wrong:
        return rules, wrong
    rules = replace(rules, **given)
    if rules.anchor == "weighted" and not rules.residence_weight + rules.workplace_weight > 0:
        wrong["residence_weight"] = "居住地和工作地的权重不能都是 0。"
    if rules.demand is not None and rules.experts is not None and rules.experts > rules.demand:
        wrong["experts"] = "懂行的人数不能多于代表人数。"
    return rules, wrong


def _parsed(field: RuleField, text: str) -> Any:
    if field.kind == "choice":
        if text not in dict(field.choices):
            raise ValueError(f"请选择{field.label}。")
        return text
    if field.kind == "optional" and not text:
        return None
    span = f"{field.least:g} 到 {field.most:g}{' ' + field.unit if field.unit else ''}"
    try:
        number = float(text) if field.kind == "float" else int(text)
    except ValueError:
        raise ValueError(f"请填{'' if field.kind == 'float' else '整'}数，{span}。") from None
    if not field.least <= number <= field.most:
        raise ValueError(f"应在 {span}之间。")
    return number
