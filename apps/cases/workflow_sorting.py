"""Saying what a case is about: whoever holds it settles its category, and what people settle is learned from."""

from django.db import transaction

from apps.accounts.models import User
from apps.cases import learning, sorting
from apps.cases.models import Case, CaseEvent, Category
from apps.record.states import MoveRefused
from apps.territory.models import AdminArea


@transaction.atomic
def classify(case: Case, actor: User, category: Category) -> Case:
    """Say what the case is about, confirm what the system or the reporter said, or put it right. category: of the second or third level."""
    if category.level == 1:
        raise MoveRefused("请选到二级类别。", "category")
    locked = Case.objects.select_for_update(of=("self",)).select_related("category", "subcategory", "town").get(pk=case.pk)
    if not locked.held_by(actor):
        raise MoveRefused("这件民情件现在不由您办理，不能改类别。请刷新页面后再看。")
    second, third = (category.parent, category) if category.level == 3 else (category, None)
    if third is None:
        third = locked.subcategory if locked.category_id == second.pk else sorting.recogniser.current().third(locked.text, second)
    settled = (locked.category_id, locked.subcategory_id, locked.category_source)
    if settled == (second.pk, third.pk if third else None, "person"):
        return locked
    before = str(locked.category) if locked.category else "未分类"
    level = sorting.of_category(locked.text, second, has_town=locked.town.level == AdminArea.Level.TOWN)
    locked.category, locked.subcategory, locked.category_source, locked.category_confidence = second, third, "person", None
    locked.level_proposed, locked.level_reason = level.level, level.reason[:120]
    locked.save(update_fields=["category", "subcategory", "category_source", "category_confidence", "level_proposed", "level_reason"])
    CaseEvent.objects.append(locked, "classify", actor=actor, before=before, category=str(second), third=str(third or ""))
    learning.wake()
    return locked
