"""分级分类: at which level a matter is handled and, on the government's side, which unit should lead and which join in, with the reason.

A proposal for whoever decides: the deputy, and at the one door of the government its dispatcher. It never sends anything anywhere.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from apps.cases import levels
from apps.cases.rules import RoutingRule
from apps.cases.taxonomy import Category
from apps.organisations.competence import named
from apps.organisations.models import Organisation
from apps.territory.models import AdminArea

DOOR = "gov_office"  # whose matter it is when no unit's is


@dataclass(frozen=True, eq=False)
class Fit:
    """A rule whose conditions hold. `lead` is None when the unit it means has closed, takes no cases or does not exist here: `fault` says so."""

    rule: RoutingRule
    lead: Organisation | None
    fault: str


@dataclass(frozen=True, eq=False)
class Proposal:
    """level: deputy, town, county. lead: None when the congress keeps the matter or the dispatcher has to find the unit himself.

    rule: the rule that decided; None when the category's general lead did, or nothing. fits: every rule whose conditions hold, the deciding one
    among them, in their order. reason: a Chinese sentence. level_reason: another.
    """

    level: str
    level_reason: str
    lead: Organisation | None
    co_handlers: tuple[Organisation, ...]
    rule: RoutingRule | None
    fits: tuple[Fit, ...]
    reason: str


class Units:
    """The units that may handle cases, to be found by what they are competent for. Courts are none of them."""

    def __init__(self, everyone: Iterable[Organisation] | None = None) -> None:
        standing = everyone if everyone is not None else Organisation.objects.standing().filter(handles_cases=True).exclude(kind=Organisation.Kind.COURT)
        self.everyone = sorted(standing, key=lambda unit: unit.code)
        self._competent = {unit.pk: frozenset(unit.competent_for()) for unit in self.everyone}

    def __contains__(self, unit: Organisation) -> bool:
        return unit.pk in self._competent

    def with_competence(self, competence: str, town: AdminArea | None) -> Organisation | None:
        """The town's own unit before the county's, the county's before another town's; `local` is a town's or nobody's."""
        able = [unit for unit in self.everyone if competence in self._competent[unit.pk]]
        here = [unit for unit in able if town is not None and unit.area_code[:9] == town.code[:9] and unit.area_code[6:9] != "000"]
        if here or competence == "local":
            return here[0] if here else None
        return next((unit for unit in able if unit.area_code[6:] in ("", "000000")), able[0] if able else None)


def proposal(
    text: str, category: Category | None, town: AdminArea | None = None, *, rules: Sequence[RoutingRule] | None = None, units: Units | None = None
) -> Proposal:
    """What should become of such a text at such a place. category: of the second or third level. rules, units: when at hand, else read.

    Two queries for the rules, one for the units, none when they are given.
    """
    level = levels.proposed(
        text, str(category or ""), _handled_at(category), congress_only=category is not None and _congress_only(category),
        has_town=town is None or town.level == AdminArea.Level.TOWN,
    )  # fmt: skip
    if category is not None and _congress_only(category):
        return Proposal(level.level, level.reason, None, (), None, (), "法院、检察院的事由县人大常委会有关工委办理，不交政府部门")
    units = units or Units()
    fits = tuple(_fit(rule, units, town) for rule in (RoutingRule.objects.standing() if rules is None else rules) if holds(rule, text, category, town))
    decided = next((fit for fit in fits if fit.lead), None)
    if decided:
        rule = decided.rule
        if rule.level:
            level = levels.Level(rule.level, f"交办规则第 {rule.order} 条：{rule.condition()}")
        helping = _helping(units, town, decided.lead, rule.co_competences, rule.co_handlers.all())
        because = f"：{rule.reason}" if rule.reason else ""
        return Proposal(level.level, level.reason, decided.lead, helping, rule, fits, f"交办规则第 {rule.order} 条（{rule.condition()}）{because}")
    return _general(level, category, town, units, fits)


def _general(level: levels.Level, category: Category | None, town: AdminArea | None, units: Units, fits: tuple[Fit, ...]) -> Proposal:
    """By whose matter the category generally is; else the dispatcher's own office, which then has to say whose it is."""
    second = category.parent if category is not None and category.level == 3 else category
    faults = "".join(f"{fit.fault}；" for fit in fits)
    lead = units.with_competence(second.lead_competence, town) if second is not None and second.lead_competence else None
    if lead and second:
        helping = _helping(units, town, lead, second.co_competences, ())
        return Proposal(level.level, level.reason, lead, helping, None, fits, f"{faults}“{second}”一般由承担{named([second.lead_competence])}职能的单位主办")
    meant = second.lead_competence if second is not None else ""
    missing = f"没有承担{named([meant])}职能的单位" if meant not in ("", DOOR) else "没有规则说到这样的事"
    return Proposal(level.level, level.reason, units.with_competence(DOOR, town), (), None, fits, f"{faults}{missing}，先由县政府办确定主办单位")


def _fit(rule: RoutingRule, units: Units, town: AdminArea | None) -> Fit:
    if rule.lead is not None:
        if rule.lead in units:
            return Fit(rule, rule.lead, "")
        why = f"{rule.lead}已于 {rule.lead.closed_on:%Y-%m-%d} 撤销" if rule.lead.closed_on else f"{rule.lead}不是承办单位"
        return Fit(rule, None, f"第 {rule.order} 条不起作用：{why}")
    lead = units.with_competence(rule.lead_competence, town)
    return Fit(rule, lead, "" if lead else f"第 {rule.order} 条不起作用：没有承担{named([rule.lead_competence])}职能的单位")


def _helping(units: Units, town: AdminArea | None, lead: Organisation, competences: Iterable[str], named_ones: Iterable[Organisation]) -> tuple[Organisation, ...]:
    """The co-handlers that stand, each once, without the lead."""
    found = [unit for unit in named_ones if unit in units]
    found += [unit for competence in competences if (unit := units.with_competence(competence, town))]
    return tuple({unit.pk: unit for unit in found if unit.pk != lead.pk}.values())


def holds(rule: RoutingRule, text: str, category: Category | None, town: AdminArea | None) -> bool:
    """Whether every condition of the rule is met."""
    if rule.category_id is not None and rule.category_id not in _line(category):
        return False
    if rule.words and not any(word in text for word in rule.words):
        return False
    return rule.town_id is None or (town is not None and town.pk == rule.town_id)


def _line(category: Category | None) -> list[int]:
    """Ids of a category and all above it."""
    found: list[int] = []
    while category is not None:
        found.append(category.pk)
        category = category.parent
    return found


def _congress_only(category: Category) -> bool:
    return category.congress_only or (category.parent is not None and category.parent.congress_only)


def _handled_at(category: Category | None) -> str:
    if category is None:
        return ""
    return category.handled_at or (category.parent.handled_at if category.parent else "")


def warnings(rules: Sequence[RoutingRule], units: Units) -> dict[int, list[str]]:
    """By rule id, in words: what keeps a rule from ever deciding. rules: those in force, in their order."""
    found: dict[int, list[str]] = {}
    for place, rule in enumerate(rules):
        said = [] if (fit := _fit(rule, units, rule.town)).lead or rule.lead_competence == "local" else [fit.fault.partition("：")[2]]
        wider = next((other for other in rules[:place] if _covers(other, rule)), None)
        if wider is not None:
            same = (wider.lead_id, wider.lead_competence) == (rule.lead_id, rule.lead_competence)
            said.append(f"轮不到这一条：第 {wider.order} 条（{wider.condition()}）先适用" + ("，主办相同" if same else "，主办不同"))
        closed = [str(unit) for unit in rule.co_handlers.all() if unit not in units]
        said += [f"会办的{'、'.join(closed)}已经撤销或不是承办单位"] if closed else []
        if said:
            found[rule.pk] = said
    return found


def _covers(wide: RoutingRule, narrow: RoutingRule) -> bool:
    """Whether whatever fits `narrow` fits `wide` too."""
    if wide.category_id is not None and wide.category_id not in _line(narrow.category):
        return False
    if wide.words and not (narrow.words and all(any(part in word for part in wide.words) for word in narrow.words)):
        return False
    return wide.town_id is None or wide.town_id == narrow.town_id
