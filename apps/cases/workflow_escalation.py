"""Verbs on the rules of escalation: lay down, change, switch off and on. Each is one transaction with its event row."""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Role, User
from apps.accounts.perms import Permission, allowed
from apps.cases.clocks import LIMITS, Clock
from apps.cases.escalation_rules import EscalationRule, EscalationRuleEvent
from apps.cases.models import Case
from apps.record.states import MoveRefused
from apps.territory.models import AdminArea

A, To = EscalationRule.Action, EscalationRule.To
LONG_AGO = dt.date(2000, 1, 1)
TAKERS = (Role.DEPUTY, Role.TOWN_OFFICE, Role.COUNTY_OFFICE)  # who can hold a case


@dataclass(frozen=True)
class Said:
    """What a rule says. days: working days after the last day of the duty, negative before it."""

    step: str
    kind: str
    days: int
    action: str
    to: str
    town: AdminArea | None = None
    person: User | None = None

    def fault(self) -> tuple[str, str]:
        """Why there can be no such rule, in Chinese, and at which field; empty when there can."""
        if self.kind not in duties_of(self.step):
            return f"“{Case.State(self.step).label}”没有“{Clock.Kind(self.kind).label}”这一期限。", "kind"
        if not -30 <= self.days <= 60:
            return "工作日要在到期前 30 个到超期 60 个之间。", "days"
        if (self.to == To.PERSON) != (self.person is not None):
            return ("请填指定的人的登录名。" if self.to == To.PERSON else "只有对“指定的人”才填登录名。"), "person"
        return self._fault_of_taking() if self.action == A.TAKE_OVER else ("", "")

    def _fault_of_taking(self) -> tuple[str, str]:
        if self.step not in (Case.State.WITH_DEPUTY, Case.State.WITH_TOWN) or self.kind != Clock.Kind.ANSWER:
            return "只有代表、镇人大的办理期限过了可以由别人接手。", "action"
        if self.days < 1:
            return "接手要在超期 1 个工作日以后。", "days"
        if self.to not in (To.TOWN_OFFICE, To.COUNTY_OFFICE, To.PERSON) or (self.step == Case.State.WITH_TOWN and self.to == To.TOWN_OFFICE):
            return "接手的要比现在办理的高一级，或是指定的人。", "to"
        if self.person and (self.person.role not in TAKERS or (self.step == Case.State.WITH_TOWN and self.person.role != Role.COUNTY_OFFICE)):
            return f"{self.person}的岗位不能接手这一环节的民情件。", "person"
        return "", ""


def duties_of(step: str) -> list[str]:
    """What runs in a step."""
    return [*LIMITS.get(step, {}), *([Clock.Kind.OPINION] if step == Case.State.WITH_UNIT else [])]


@transaction.atomic
def lay_down(actor: User, said: Said, *, backlog: bool = False) -> EscalationRule:
    """A new rule, from today on; backlog: also for what has come so far already."""
    _check(actor, said)
    if (same := EscalationRule.objects.filter(**vars(said)).first()) is not None:
        raise MoveRefused("已经有这样一条规则了。" if same.active else "已经有这样一条规则，只是停用了：把它启用就可以。")
    rule = EscalationRule.objects.create(**vars(said), **({"since": LONG_AGO} if backlog else {}))
    EscalationRuleEvent.objects.append(rule, "lay_down", actor=actor, now=str(rule), backlog=backlog)
    return rule


@transaction.atomic
def change(actor: User, pk: int, said: Said, *, backlog: bool = False) -> EscalationRule:
    """What the rule has done stays; from today on it says this, with backlog also for what has come so far already."""
    _check(actor, said)
    rule = EscalationRule.objects.select_for_update(of=("self",)).get(pk=pk)
    was, same = str(rule), all(getattr(rule, name) == value for name, value in vars(said).items())
    if same and not backlog:
        return rule
    for name, value in vars(said).items():
        setattr(rule, name, value)
    rule.since = LONG_AGO if backlog else timezone.localdate()
    rule.save()
    EscalationRuleEvent.objects.append(rule, "change", actor=actor, was=was, now=str(rule), backlog=backlog)
    return rule


@transaction.atomic
def switch(actor: User, pk: int, active: bool) -> EscalationRule:
    """On or off; switching twice is as once. On again it begins today."""
    _may(actor)
    rule = EscalationRule.objects.select_for_update(of=("self",)).get(pk=pk)
    if rule.active != active:
        rule.active, rule.since = active, timezone.localdate() if active else rule.since
        rule.save(update_fields=["active", "since"])
        EscalationRuleEvent.objects.append(rule, "switch_on" if active else "switch_off", actor=actor, now=str(rule))
    return rule


def _may(actor: User) -> None:
    if not allowed(actor, Permission.MANAGE_ESCALATION):
        raise MoveRefused("您的岗位不能改催报规则。")


def _check(actor: User, said: Said) -> None:
    _may(actor)
    message, field = said.fault()
    if message:
        raise MoveRefused(message, field)
