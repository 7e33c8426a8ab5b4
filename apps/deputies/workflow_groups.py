"""Verbs of the groups 代表小组. A deputy is in one at most; one of the members leads. Each is one transaction with its event row."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.models import Role, User
from apps.deputies.groups import MOST, GroupEvent
from apps.deputies.models import Deputy, Group
from apps.record.notices import Notice
from apps.record.states import MoveRefused
from apps.territory.models import AdminArea, LayerVersion


@transaction.atomic
def found(user: User, name: str, area: AdminArea | None) -> Group:
    """A new group of a town, or of the county when there is no area."""
    name = _named(name)
    if user.role == Role.TOWN_OFFICE and (area is None or not user.reaches(area.code)):
        raise MoveRefused("请选择本镇街：镇人大只能设立本镇街的代表小组。")
    if user.role not in (Role.TOWN_OFFICE, Role.COUNTY_OFFICE) or (area and not user.reaches(area.code)):
        raise MoveRefused("这个乡镇街道不在您的管辖范围内。")
    try:
        with transaction.atomic():
            group = Group.objects.create(name=name, area=area)
    except IntegrityError as error:
        raise MoveRefused(f"已经有名为“{name}”的代表小组，请换一个名称。") from error
    GroupEvent.objects.append(group, "found", actor=user, name=name)
    LayerVersion.raise_for("deputy")
    return group


@transaction.atomic
def rename(user: User, group_id: int, name: str) -> Group:
    group, name = _held(user, group_id), _named(name)
    if name == group.name:
        return group
    was, group.name = group.name, name
    try:
        with transaction.atomic():
            group.save(update_fields=["name"])
    except IntegrityError as error:
        raise MoveRefused(f"已经有名为“{name}”的代表小组，请换一个名称。") from error
    GroupEvent.objects.append(group, "rename", actor=user, was=was, now=name)
    LayerVersion.raise_for("deputy")
    return group


@transaction.atomic
def join(user: User, group_id: int, ids: Sequence[int]) -> list[Deputy]:
    """Take deputies in office into the group; they leave the group they are in, whose history says so."""
    known = Deputy.objects.visible_to(user).filter(pk__in=ids).values_list("group", flat=True)
    before = {pk: old for old in _locked({group_id, *known} - {None}) if (pk := old.pk) != group_id}
    group = _held(user, group_id)
    seen = (
        Deputy.objects.visible_to(user)
        .serving_on(timezone.localdate())
        .filter(pk__in=ids)
        .exclude(group=group)
        .values("pk")
    )
    rows = list(Deputy.objects.filter(pk__in=seen).order_by("pk").select_for_update(of=("self",)))
    if not rows:
        raise MoveRefused("请先勾选要加入的在任代表。")
    if group.members.count() + len(rows) > MOST:
        raise MoveRefused(f"一个小组最多 {MOST} 人，请另设一个小组。")
    if {row.group_id for row in rows} - {None} - set(before):
        raise MoveRefused("其中有代表刚刚换了小组，请刷新页面后再看。")
    for old in before.values():
        if old.area and not user.reaches(old.area.code):
            raise MoveRefused(f"“{old.name}”不在您的管辖范围内，不能从那里调人。")
        if left := [row.code for row in rows if row.group_id == old.pk]:
            GroupEvent.objects.append(old, "leave", actor=user, deputies=left, to=group.name)
    Deputy.objects.filter(pk__in=[row.pk for row in rows]).update(group=group, group_leader=False)
    GroupEvent.objects.append(group, "join", actor=user, deputies=[row.code for row in rows])
    Notice.objects.tell({row.user_id for row in rows}, "system", f"您已编入{group.name}", path="/groups/mine/")
    LayerVersion.raise_for("deputy")
    return rows


@transaction.atomic
def leave(user: User, group_id: int, deputy_id: int) -> Deputy:
    group = _held(user, group_id)
    row = group.members.select_for_update(of=("self",)).filter(pk=deputy_id).first()
    if row is None:
        raise MoveRefused("这位代表已经不在本小组，请刷新页面后再看。")
    Deputy.objects.filter(pk=row.pk).update(group=None, group_leader=False)
    GroupEvent.objects.append(group, "leave", actor=user, deputies=[row.code])
    LayerVersion.raise_for("deputy")
    return row


@transaction.atomic
def lead(user: User, group_id: int, deputy_id: int) -> Deputy:
    """Whoever led before is a member like the others from then on."""
    group = _held(user, group_id)
    row = group.members.filter(pk=deputy_id).first()
    if row is None:
        raise MoveRefused("小组长要从本小组成员里选。")
    if not Deputy.objects.serving_on(timezone.localdate()).filter(pk=row.pk).exists():
        raise MoveRefused(f"{row.name}现在不在任，不能担任小组长。")
    was = list(group.members.filter(group_leader=True).values_list("code", flat=True))
    if was == [row.code]:
        return row
    group.members.filter(group_leader=True).update(group_leader=False)
    Deputy.objects.filter(pk=row.pk).update(group_leader=True)
    GroupEvent.objects.append(group, "lead", actor=user, was=was, now=row.code)
    Notice.objects.tell([row.user_id], "system", f"您已担任{group.name}的小组长", path="/groups/mine/")
    LayerVersion.raise_for("deputy")
    return row


@transaction.atomic
def close(user: User, group_id: int) -> Group:
    """A group without members can be dissolved; its history stays."""
    group = _held(user, group_id)
    serving = group.members.filter(pk__in=Deputy.objects.serving_on(timezone.localdate()).values("pk"))
    if count := serving.count():
        raise MoveRefused(f"小组里还有 {count} 位在任代表，请先把他们编入别的小组。")
    group.closed_on = timezone.localdate()
    group.save(update_fields=["closed_on"])
    GroupEvent.objects.append(group, "close", actor=user)
    return group


def _named(name: str) -> str:
    name = name.strip()[:60]
    if not name:
        raise MoveRefused("请写小组名称。")
    return name


def _held(user: User, group_id: int) -> Group:
    """The group under its lock, for an office that answers for it."""
    if (
        user.role not in (Role.TOWN_OFFICE, Role.COUNTY_OFFICE)
        or not Group.objects.visible_to(user).filter(pk=group_id).exists()
    ):
        raise MoveRefused("这个代表小组不在您的管辖范围内。")
    (group,) = _locked({group_id})
    if group.closed_on:
        raise MoveRefused("这个代表小组已经撤销。")
    return group


def _locked(ids: set[int]) -> list[Group]:
    """In the order of ids, so that two who move people between the same groups wait for each other."""
    return list(
        Group.objects.filter(pk__in=ids)
        .order_by("pk")
        .select_for_update(of=("self",))
        .select_related("area")
        .defer("area__geom", "area__geom_3857")
    )
