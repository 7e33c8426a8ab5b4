"""Ways out of the house for notices: e-mail to those who want it, and group robots of DingTalk and WeCom.

Whether a user gets mail, and of what, he says himself (`NoticeWay`); where he has said nothing his role's row counts. A robot speaks into a
group of people whom the office has put there: it says the title and the page, nothing more, once for each thing that somebody of its
roles was told. Its address holds the group's key and lies sealed. Robots may stand on the hosts of WEBHOOK_HOSTS only.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import Role, User
from apps.record.events import Event
from apps.record.notices import CHANNELS, Channel, Notice, Postponed
from apps.record.posting import post_json
from apps.record.sealing import seal, unseal

MAIL, ROBOT = "mail", "robot"
TOO_MANY = {130101, 45009}  # DingTalk's and WeCom's words for “twenty a minute”
PAUSE = 60  # seconds until such a robot is asked again


class NotTaken(Exception):
    """The other end answered, and did not take it."""


class NoticeWay(models.Model):
    """通知方式: whether and of what e-mail is sent, to one user or, where he has not said, to everybody of a role."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, verbose_name="用户", null=True, blank=True, on_delete=models.PROTECT, related_name="notice_way")
    role = models.CharField("角色", max_length=20, choices=Role.choices, blank=True, default="")
    mail = models.BooleanField("发邮件", null=True, default=None, help_text="空：按岗位的设置")
    silent = models.JSONField("不发的种类", default=list)

    class Meta:
        verbose_name = "通知方式"
        verbose_name_plural = "通知方式"
        constraints = [
            models.CheckConstraint(condition=Q(user__isnull=True) ^ Q(role=""), name="record_noticeway_whose"),
            models.UniqueConstraint(fields=["role"], condition=Q(user=None), name="record_noticeway_role"),
        ]

    def __str__(self) -> str:
        return f"{self.user or self.get_role_display()}的通知方式"


class NoticeWayEvent(Event):
    """通知方式经过: what was chosen before and after."""

    subject = models.ForeignKey(NoticeWay, verbose_name="通知方式", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "通知方式经过"
        verbose_name_plural = "通知方式经过"


class RobotQuerySet(models.QuerySet):
    def speaking(self) -> "RobotQuerySet":
        return self.filter(stopped_at=None)


class Robot(models.Model):
    """群机器人: speaks into a group when somebody of its roles, within its scope, is told something."""

    class Format(models.TextChoices):
        DINGTALK = "dingtalk", "钉钉"
        WECOM = "wecom", "企业微信"

    name = models.CharField("名称", max_length=40, unique=True)
    format = models.CharField("平台", max_length=10, choices=Format.choices)
    sealed = models.BinaryField("地址与密钥（密文）")
    host = models.CharField("主机", max_length=120)
    roles = models.JSONField("角色", default=list)
    scope = models.CharField("管辖区划", max_length=12, blank=True, default="", help_text="区划代码前缀：只说其中的人收到的；空：不限")
    kinds = models.JSONField("种类", default=list, help_text="空：都说")
    stopped_at = models.DateTimeField("停用时间", null=True, blank=True)

    objects = RobotQuerySet.as_manager()

    class Meta:
        verbose_name = "群机器人"
        verbose_name_plural = "群机器人"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def keep_address(self, url: str, secret: str) -> None:
        self.sealed = seal(json.dumps({"url": url, "secret": secret}).encode())
        self.host = urlsplit(url).netloc

    def concerns(self, notice: Notice, recipient: User) -> bool:
        return recipient.role in self.roles and recipient.scope.startswith(self.scope) and (not self.kinds or notice.kind in self.kinds)

    def say(self, title: str, path: str) -> None:
        """Raises NotPosted, NotTaken, Postponed."""
        held = json.loads(unseal(bytes(self.sealed)))
        url, payload = FORMATS[self.format](held["url"], held["secret"], title, path)
        answer = post_json(url, json.dumps(payload, ensure_ascii=False).encode())
        code = answer.get("errcode")
        if code in TOO_MANY:
            raise Postponed(PAUSE)
        if code != 0:
            raise NotTaken(f"{self.get_format_display()}没有收：{code} {answer.get('errmsg', '')}"[:200])


class RobotEvent(Event):
    """群机器人经过: set up, changed, stopped."""

    subject = models.ForeignKey(Robot, verbose_name="群机器人", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "群机器人经过"
        verbose_name_plural = "群机器人经过"


def may_post_to(url: str) -> bool:
    """Whether a robot may stand there: a host of WEBHOOK_HOSTS, over https unless the list names the host with http:// before it."""
    parts = urlsplit(url)
    if parts.username or parts.password or not parts.hostname:
        return False
    return (parts.scheme == "https" and parts.netloc in settings.WEBHOOK_HOSTS) or f"{parts.scheme}://{parts.netloc}" in settings.WEBHOOK_HOSTS


def _dingtalk(url: str, secret: str, title: str, path: str) -> tuple[str, dict]:
    """自定义机器人: with a secret the address carries the moment in milliseconds and HMAC-SHA256 over `moment\\nsecret`."""
    if secret:
        moment = str(int(time.time() * 1000))
        signature = base64.b64encode(hmac.digest(secret.encode(), f"{moment}\n{secret}".encode(), hashlib.sha256)).decode()
        url += f"{'&' if '?' in url else '?'}timestamp={moment}&sign={quote(signature, safe='')}"
    return url, {"msgtype": "markdown", "markdown": {"title": title, "text": _markdown(title, path)}}


def _wecom(url: str, secret: str, title: str, path: str) -> tuple[str, dict]:
    """群机器人: its key stands in the address; nothing else is signed."""
    return url, {"msgtype": "markdown", "markdown": {"content": _markdown(title, path)}}


FORMATS: dict[str, Callable[[str, str, str, str], tuple[str, dict]]] = {Robot.Format.DINGTALK: _dingtalk, Robot.Format.WECOM: _wecom}
MARKS = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_[]<>#"})


def _markdown(title: str, path: str) -> str:
    plain = title.translate(MARKS)
    return f"{plain}\n\n[打开看]({settings.OFFICE_URL}{path})" if path and settings.OFFICE_URL else plain


def _mail_targets(notices: Sequence[Notice]) -> Iterable[tuple[int, str]]:
    """The notices whose recipients have an address and want mail of that kind: a user's own row goes before his role's."""
    if not settings.EMAIL_HOST:
        return
    recipients = {notice.recipient_id for notice in notices}
    ways = {row.user_id or row.role: row for row in NoticeWay.objects.filter(Q(user__in=recipients) | Q(user=None))}
    if not any(way.mail for way in ways.values()):
        return
    users = User.objects.in_bulk(recipients)
    for notice in notices:
        user = users[notice.recipient_id]
        own, role = ways.get(user.pk), ways.get(user.role)
        wanted = own.mail if own and own.mail is not None else bool(role and role.mail)
        if wanted and user.email and user.is_active and notice.kind not in (own.silent if own else []):
            yield notice.pk, ""


def _send_mail(notice: Notice, target: str) -> None:
    link = f"\n\n{settings.OFFICE_URL}{notice.path}" if notice.path and settings.OFFICE_URL else ""
    title = " ".join(notice.title.split())  # a line break would end the header
    message = EmailMessage(f"[{settings.MAIL_SUBJECT}] {title}", f"{notice.title}\n\n{notice.body}".strip() + link, to=[notice.recipient.email])
    message.extra_headers["Message-ID"] = f"<notice-{notice.pk}@{settings.MAIL_DOMAIN}>"  # sent twice, it is shown once
    message.send()


def _robot_targets(notices: Sequence[Notice]) -> Iterable[tuple[int, str]]:
    """For each robot the first of the notices that concerns it: a group hears a thing once, however many of its people are told."""
    robots = list(Robot.objects.speaking())
    users = User.objects.in_bulk({notice.recipient_id for notice in notices}) if robots else {}
    for robot in robots:
        first = next((notice for notice in notices if robot.concerns(notice, users[notice.recipient_id])), None)
        if first is not None:
            yield first.pk, str(robot.pk)


def _send_to_robot(notice: Notice, target: str) -> None:
    robot = Robot.objects.speaking().filter(pk=target).first()
    if robot is None:
        raise NotTaken("这个群机器人已经停用。")
    robot.say(notice.title, notice.path)


def plug_in() -> None:
    """Both ways, in every process: what is not chosen sends nothing."""
    CHANNELS[MAIL] = Channel(MAIL, _send_mail, label="邮件", targets=_mail_targets)
    CHANNELS[ROBOT] = Channel(ROBOT, _send_to_robot, label="群机器人", targets=_robot_targets)


@transaction.atomic
def stop(pk: int, actor: User) -> Robot:
    """It says nothing any more; what it has said stays on record."""
    robot = Robot.objects.select_for_update().get(pk=pk)
    if robot.stopped_at is None:
        robot.stopped_at = timezone.now()
        robot.save(update_fields=["stopped_at"])
        RobotEvent.objects.append(robot, "stop", actor=actor)
    return robot
