"""Verbs of the answer templates 答复模板: written, changed, retired by whoever keeps them; each one transaction with its event row."""

from django.db import transaction
from django.db.models import F

from apps.accounts.models import Role, User
from apps.accounts.perms import Permission, allowed
from apps.cases.desks import AnswerTemplate, AnswerTemplateEvent, filled
from apps.cases.models import Case
from apps.record.states import MoveRefused

MOST = 60  # of one owner: more nobody finds his way in
OWN, SHARED = "own", "shared"


def sharing(user: User) -> str:
    """With whom this user's shared templates are shared, in words; empty when he speaks for no office."""
    if user.role == Role.UNIT:
        unit = user.organisations.order_by("pk").first()
        return f"{unit}的人都能用" if unit else ""
    if user.role == Role.COUNTY_OFFICE and user.scope:
        return "全县各岗位都能用"
    if user.role == Role.TOWN_OFFICE and user.scope:
        return "本乡镇街道的人都能用"
    return ""


def _whose(user: User, share: str) -> dict:
    if share != SHARED:
        return {"owner": user}
    if not sharing(user):
        raise MoveRefused("您的岗位只能存自己用的模板。", "share")
    if user.role == Role.UNIT:
        return {"organisation": user.organisations.order_by("pk").first()}
    return {"scope": user.scope}


@transaction.atomic
def write(user: User, kind: str, title: str, text: str, share: str = OWN) -> AnswerTemplate:
    if not allowed(user, Permission.USE_TEMPLATES):
        raise MoveRefused("您的岗位不用答复模板。")
    whose = _whose(user, share)
    User.objects.select_for_update(of=("self",)).get(pk=user.pk)  # two pages of one person count after one another
    if AnswerTemplate.objects.in_use().filter(**whose).count() >= MOST:
        raise MoveRefused(f"最多存 {MOST} 个模板，请先停用不常用的。")
    template = AnswerTemplate.objects.create(kind=kind, title=title, text=text, **whose)
    AnswerTemplateEvent.objects.append(template, "write", actor=user, title=title, text=text, kind=kind)
    return template


@transaction.atomic
def change(user: User, pk: int, title: str, text: str) -> AnswerTemplate:
    template = _kept(user, pk)
    if (template.title, template.text) != (title, text):
        template.title, template.text = title, text
        template.save(update_fields=["title", "text"])
        AnswerTemplateEvent.objects.append(template, "change", actor=user, title=title, text=text)
    return template


@transaction.atomic
def retire(user: User, pk: int, *, retired: bool = True) -> AnswerTemplate:
    """No longer offered; it can be taken up again."""
    template = _kept(user, pk)
    if template.retired != retired:
        template.retired = retired
        template.save(update_fields=["retired"])
        AnswerTemplateEvent.objects.append(template, "retire" if retired else "take_up", actor=user)
    return template


def _kept(user: User, pk: int) -> AnswerTemplate:
    template = AnswerTemplate.objects.kept_by(user).filter(pk=pk).select_for_update(of=("self",)).first()
    if template is None:
        raise MoveRefused("这个模板不是您的，不能改。可以另存一个自己的。")
    return template


def offered(user: User, case: Case) -> list[tuple[str, str, str]]:
    """Kind, title and words, filled in for this case, of all that the user may begin with; his own first."""
    if not allowed(user, Permission.USE_TEMPLATES):
        return []
    rows = AnswerTemplate.objects.visible_to(user).in_use().order_by(F("owner").desc(nulls_last=True), "kind", "title", "pk")
    return [(row.kind, row.title, filled(row.text, case)) for row in rows[:100]]
