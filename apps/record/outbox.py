"""What leaves the house and how it stands, in one place: notices by mail and robots, and what other rooms send (`SECTIONS`)."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from apps.accounts.models import User
from apps.record.channels import NoticeWay, NoticeWayEvent, Robot, RobotEvent, may_post_to
from apps.record.notices import CHANNELS, Delivery
from apps.record.states import MoveRefused


@dataclass(frozen=True)
class Section:
    """What another room sends: its label, where it is looked after, and how many wait and have failed."""

    label: str
    page: str
    icon: str
    figures: Callable[[], tuple[int, int]]


SECTIONS: list[Section] = []


def shown(state: str, channel: str) -> QuerySet[Delivery]:
    """Deliveries, newest first: what has not arrived, or of one state and one way."""
    rows = Delivery.objects.select_related("notice__recipient").order_by("-pk")
    rows = rows.filter(state=state) if state in Delivery.State.values else rows.unsent()
    return rows.filter(channel=channel) if channel in CHANNELS else rows


def figures() -> list[dict]:
    """For each way how many wait and have failed."""
    unsent = Delivery.objects.unsent().values("channel").order_by("channel")
    counted = {row["channel"]: row for row in unsent.annotate(waiting=Count("pk", filter=Q(state="waiting")), failed=Count("pk", filter=Q(state="failed")))}
    none = {"waiting": 0, "failed": 0}
    return [{"name": name, "label": channel.label or name, **{key: counted.get(name, none)[key] for key in none}} for name, channel in CHANNELS.items()]


@transaction.atomic
def choose(actor: User, *, user: User | None = None, role: str = "", mail: bool | None, silent: list[str]) -> NoticeWay:
    """Whether and of what mail is sent: to a user, as he says himself, or to everybody of a role who has said nothing."""
    way, _ = NoticeWay.objects.select_for_update().get_or_create(user=user, role=role)
    before = {"mail": way.mail, "silent": way.silent}
    way.mail, way.silent = mail, sorted(silent)
    if before != {"mail": way.mail, "silent": way.silent}:
        way.save(update_fields=["mail", "silent"])
        NoticeWayEvent.objects.append(way, "choose", actor=actor, before=before, mail=way.mail, silent=way.silent)
    return way


@transaction.atomic
def choose_own(user: User, mail: str, address: str, silent: list[str]) -> None:
    """yes, no, or role: as his role has it. The address is the user's own."""
    if user.email != address:
        user.email = address
        user.save(update_fields=["email"])
    choose(user, user=user, mail={"yes": True, "no": False}.get(mail), silent=silent)


@transaction.atomic
def set_up(actor: User, name: str, form: str, url: str, secret: str, roles: list[str], scope: str, kinds: list[str]) -> Robot:
    """A robot in a group. Its address is kept sealed and not shown again."""
    if not may_post_to(url):
        raise MoveRefused("这个地址不在允许的主机之内：请核对是不是从钉钉、企业微信群机器人页面复制的。要用别的主机，请让管理员加到 WEBHOOK_HOSTS。", "url")
    if Robot.objects.filter(name=name).exists():
        raise MoveRefused("已经有一个这样叫的群机器人，请换一个名称。", "name")
    robot = Robot(name=name, format=form, roles=sorted(roles), scope=scope, kinds=sorted(kinds))
    robot.keep_address(url, secret)
    robot.save(force_insert=True)
    RobotEvent.objects.append(robot, "set_up", actor=actor, name=name, format=form, host=robot.host, roles=robot.roles, scope=scope, kinds=robot.kinds)
    return robot
