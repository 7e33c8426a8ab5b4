"""Verbs of the rating sheets: a sheet is never rewritten, its next version takes its place."""

from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.perms import Permission, allowed
from apps.deputies.models import Field
from apps.record.states import MoveRefused
from apps.supervision.rating_sheets import Indicator, RatingSheet, RatingSheetEvent


@dataclass(frozen=True)
class Line:
    label: str
    hint: str
    scale: str


@dataclass(frozen=True)
class Wanted:
    name: str
    topic_kind: str
    field: Field | None
    lines: tuple[Line, ...]


def save(user: User, wanted: Wanted, follows: int | None = None) -> RatingSheet:
    """A new sheet, or the version after the one that it follows (id), for the same purpose."""
    _demand(user)
    try:
        with transaction.atomic():
            before = _in_use(follows) if follows else None
            purpose = {"topic_kind": before.topic_kind, "field": before.field} if before else {"topic_kind": wanted.topic_kind, "field": wanted.field}
            if before:
                _put_away(before)
            last = RatingSheet.objects.filter(**purpose).order_by("-version").values_list("version", flat=True).first() or 0
            sheet = RatingSheet.objects.create(name=wanted.name, version=last + 1, **purpose)
            Indicator.objects.bulk_create(Indicator(sheet=sheet, number=n, label=line.label, hint=line.hint, scale=line.scale) for n, line in enumerate(wanted.lines, 1))
            RatingSheetEvent.objects.append(sheet, "make", actor=user, follows=follows, lines=[line.label for line in wanted.lines])
    except IntegrityError:
        raise MoveRefused("这类事项已经有一张评分表在用，请打开那一张修改。") from None
    return sheet


@transaction.atomic
def retire(user: User, sheet_id: int) -> RatingSheet:
    """Put out of use: visits fall back to the more general sheet. The one for all topics stays."""
    _demand(user)
    sheet = _in_use(sheet_id)
    if sheet.general:
        raise MoveRefused("各类事项通用的这张不能停用，可以修改。")
    _put_away(sheet)
    RatingSheetEvent.objects.append(sheet, "retire", actor=user)
    return sheet


def _in_use(pk: int) -> RatingSheet:
    sheet = RatingSheet.objects.select_for_update(of=("self",)).filter(pk=pk).first()
    if sheet is None or sheet.replaced_at:
        raise MoveRefused("这张评分表刚刚被别人改过，请打开新的一版再改。您填的内容还在下面。")
    return sheet


def _put_away(sheet: RatingSheet) -> None:
    sheet.replaced_at = timezone.now()
    sheet.save(update_fields=["replaced_at"])


def _demand(user: User) -> None:
    if not allowed(user, Permission.MANAGE_SHEETS):
        raise MoveRefused("您的岗位不能改评分表。")
