"""Keys for programs that file reports over Open311: given out by the office, kept as a hash, each with a limit of its own.

What somebody files with a key is his to follow with it (`PostedRequest`), also before a person has reviewed it for everybody.
"""

import hashlib
import secrets

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.cases.models import Case
from apps.record.codes import new_code
from apps.record.events import Event
from apps.record.messages import OFFICE, Kind, Outgoing, register
from apps.record.states import MoveRefused

SHOWN = 6  # characters of a key by which people tell it from others
PER_HOUR, MOST_PER_HOUR = 120, 100_000
CROSSING = "open311.key"


class ApiKeyQuerySet(models.QuerySet):
    def holder_of(self, key: str) -> "ApiKey | None":
        """Whose key this is, as long as it counts. No more columns than the public role may read."""
        return self.filter(digest=digest(key), stopped_at=None).only("id", "name", "per_hour", "by_token").order_by("pk").first() if key else None


class ApiKey(models.Model):
    """接口密钥: lets one program file reports. `by_token`: it is answered with a token first, and asks for the number later."""

    name = models.CharField("给谁用", max_length=60, unique=True)
    contact = models.CharField("联系人和电话", max_length=80)
    digest = models.CharField("密钥摘要", max_length=64, unique=True, editable=False)
    shown = models.CharField("密钥开头", max_length=SHOWN, editable=False)
    per_hour = models.PositiveIntegerField("每小时最多", default=PER_HOUR)
    by_token = models.BooleanField("先给凭证", default=False)
    made_at = models.DateTimeField("发放时间", default=timezone.now)
    stopped_at = models.DateTimeField("停用时间", null=True, blank=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "接口密钥"
        verbose_name_plural = "接口密钥"
        ordering = ["-made_at", "-pk"]

    def __str__(self) -> str:
        return self.name


class ApiKeyEvent(Event):
    """接口密钥经过: given out, stopped and why."""

    subject = models.ForeignKey(ApiKey, verbose_name="接口密钥", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "接口密钥经过"
        verbose_name_plural = "接口密钥经过"


class PostedRequest(models.Model):
    """接口来件: a case that a program filed. `code` is its number there, and opens nothing: the case's own codes stay here."""

    case = models.OneToOneField(Case, verbose_name="民情件", primary_key=True, on_delete=models.PROTECT, related_name="posted_request")
    key = models.ForeignKey(ApiKey, verbose_name="接口密钥", on_delete=models.PROTECT, related_name="requests")
    code = models.CharField("来件编号", max_length=20, unique=True, default=new_code)
    token = models.CharField("凭证", max_length=20, unique=True, default=new_code)
    device = models.CharField("设备", max_length=120, blank=True, default="")

    class Meta:
        verbose_name = "接口来件"
        verbose_name_plural = "接口来件"

    def __str__(self) -> str:
        return self.code


def digest(key: str) -> str:
    """What is kept of a key. It has 190 bits by chance, so one hash without salt is enough."""
    return hashlib.sha256(key.encode()).hexdigest()


@transaction.atomic
def give_out(actor: User, name: str, contact: str, per_hour: int, *, by_token: bool = False) -> tuple[ApiKey, str]:
    """A new key: its row, and the key itself, which is shown once and kept nowhere."""
    secret = secrets.token_urlsafe(24)
    try:
        with transaction.atomic():
            key = ApiKey.objects.create(name=name, contact=contact, digest=digest(secret), shown=secret[:SHOWN], per_hour=per_hour, by_token=by_token)
    except IntegrityError:
        raise MoveRefused("已经有一个这样叫的密钥，请换一个名称。", "name") from None
    ApiKeyEvent.objects.append(key, "give_out", actor=actor, name=name, contact=contact, per_hour=per_hour, by_token=by_token)
    _tell_public_zone(key)
    return key, secret


@transaction.atomic
def stop(pk: int, actor: User, reason: str) -> ApiKey:
    """From now on the key counts no more; what came with it stays."""
    key = ApiKey.objects.select_for_update().get(pk=pk)
    if key.stopped_at:
        raise MoveRefused("这个密钥已经停用了。")
    if not reason.strip():
        raise MoveRefused("请写明停用的原因。", "reason")
    key.stopped_at = timezone.now()
    key.save(update_fields=["stopped_at"])
    ApiKeyEvent.objects.append(key, "stop", actor=actor, note=reason.strip())
    _tell_public_zone(key)
    return key


def _tell_public_zone(key: ApiKey) -> None:
    """Keys are given out in the office, and used in the public zone."""
    if settings.ZONE == OFFICE:
        Outgoing.objects.post(CROSSING, f"key {key.digest[:16]}", {
            "digest": key.digest, "name": key.name, "shown": key.shown, "per_hour": key.per_hour, "by_token": key.by_token, "stopped": key.stopped_at is not None,
        })  # fmt: skip


def _take_in(body: dict) -> None:
    """The public zone knows of a key what it needs to let it in; whom it was given to is the office's."""
    stopped = timezone.now() if body["stopped"] else None
    fields = {"name": body["name"], "shown": body["shown"], "per_hour": body["per_hour"], "by_token": body["by_token"], "stopped_at": stopped}
    ApiKey.objects.update_or_create(digest=body["digest"], defaults=fields)


def register_kinds() -> None:
    register(Kind(CROSSING, "接口密钥", OFFICE, _take_in))
