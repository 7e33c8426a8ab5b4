"""Rules for the lead unit: made, changed and switched off by people, each with its event; nothing that is under way is moved by them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from apps.accounts.models import User
from apps.accounts.perms import Permission, allowed
from apps.cases.routing import Units
from apps.cases.rules import RoutingRule, RuleEvent
from apps.cases.taxonomy import Category
from apps.organisations.competence import COMPETENCES
from apps.organisations.models import Organisation
from apps.record.states import MoveRefused
from apps.territory.models import AdminArea

MOST_WORDS = 20


@dataclass(frozen=True)
class Draft:
    """What a rule should say. Either `lead` or `lead_competence`."""

    order: int
    category: Category | None = None
    words: tuple[str, ...] = ()
    town: AdminArea | None = None
    lead: Organisation | None = None
    lead_competence: str = ""
    co_handlers: tuple[Organisation, ...] = ()
    co_competences: tuple[str, ...] = ()
    level: str = ""
    reason: str = ""


@transaction.atomic
def add_rule(draft: Draft, actor: User) -> RoutingRule:
    _demand(draft, actor)
    rule = RoutingRule()
    _write(rule, draft)
    RuleEvent.objects.append(rule, "add", actor=actor, **said(rule))
    return rule


@transaction.atomic
def change_rule(rule: RoutingRule, draft: Draft, actor: User, *, version: int) -> RoutingRule:
    """version: of the rule that stood on his page; MoveRefused when somebody has changed it since."""
    _demand(draft, actor)
    locked = _locked(rule, version)
    before = said(locked)
    _write(locked, draft)
    after = said(locked)
    if after != before:
        RuleEvent.objects.append(locked, "change", actor=actor, before=before, **after)
    return locked


@transaction.atomic
def switch_rule(rule: RoutingRule, actor: User, *, active: bool, version: int) -> RoutingRule:
    """Out of force, or back into it."""
    _may(actor)
    locked = _locked(rule, version)
    if locked.active == active:
        raise MoveRefused("这一条已经在用。" if active else "这一条已经停用。")
    locked.active, locked.version = active, locked.version + 1
    locked.save(update_fields=["active", "version"])
    RuleEvent.objects.append(locked, "switch_on" if active else "switch_off", actor=actor, **said(locked))
    return locked


def said(rule: RoutingRule) -> dict:
    """The rule in words, as its events keep it."""
    helping = [*map(str, rule.co_handlers.order_by("code")), *(COMPETENCES[one] for one in rule.co_competences)]
    lead = str(rule.lead) if rule.lead else COMPETENCES[rule.lead_competence]
    return {"order": rule.order, "when": rule.condition(), "lead": lead, "with": helping, "level": rule.level, "reason": rule.reason}


def _may(actor: User) -> None:
    if not allowed(actor, Permission.MANAGE_RULES):
        raise MoveRefused("您的岗位不能改交办规则。")


def _demand(draft: Draft, actor: User) -> None:
    _may(actor)
    if bool(draft.lead) == bool(draft.lead_competence):
        raise MoveRefused("主办单位和主办职能，请填其中一项。", "lead")
    if draft.lead and draft.lead not in Units():
        raise MoveRefused(f"{draft.lead}不是在用的承办单位，请另选一个。", "lead")
    if draft.lead_competence and draft.lead_competence not in COMPETENCES:
        raise MoveRefused("没有这项职能，请重新选。", "lead_competence")
    if draft.category and (draft.category.congress_only or (draft.category.parent and draft.category.parent.congress_only)):
        raise MoveRefused("法院、检察院的事只由人大办理，不能定主办单位。", "category")
    if len(draft.words) > MOST_WORDS:
        raise MoveRefused(f"最多 {MOST_WORDS} 个词，现在有 {len(draft.words)} 个。", "words")
    if any(unit == draft.lead for unit in draft.co_handlers):
        raise MoveRefused("主办单位不能同时是会办单位。", "co_handlers")


def _locked(rule: RoutingRule, version: int) -> RoutingRule:
    locked = RoutingRule.objects.select_for_update(of=("self",)).select_related("category__parent__parent", "lead", "town").get(pk=rule.pk)
    if locked.version != version:
        raise MoveRefused("这一条刚才有人改过。请看过现在的样子，再改一次。")
    return locked


def _write(rule: RoutingRule, draft: Draft) -> None:
    rule.order, rule.category, rule.words, rule.town = draft.order, draft.category, _plain(draft.words), draft.town
    rule.lead, rule.lead_competence, rule.co_competences = draft.lead, draft.lead_competence, list(draft.co_competences)
    rule.level, rule.reason, rule.version = draft.level, draft.reason, rule.version + 1
    rule.save()
    rule.co_handlers.set(draft.co_handlers)


def _plain(words: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(word for word in words if word))
