"""代表—政府部门在线: what a case's deputy and the units that handle it say to each other. Offices read it, the reporter never does.

A message is an event: chained by hash, and the database refuses to change or remove it.
"""

from django.conf import settings
from django.db import models
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from apps.cases.models import Case
from apps.record.events import Event, EventQuerySet
from apps.record.files import Photo

SAY = "say"


class CaseMessageQuerySet(EventQuerySet):
    def visible_to(self, user) -> "CaseMessageQuerySet":
        """Whoever sees the case reads what was said on it."""
        return self.filter(subject__in=Case.objects.visible_to(user).values("pk"))

    def unread_by(self, user) -> "CaseMessageQuerySet":
        """Said by others since he last looked. Whom of them it concerns, `visible_to` says."""
        seen = ThreadReading.objects.filter(case=OuterRef("subject"), user=user).values("read_upto")
        return self.filter(pk__gt=Coalesce(Subquery(seen), 0)).exclude(actor=user)

    def counted_by_case(self) -> dict[int, int]:
        """Case id → how many of these messages."""
        return dict(self.order_by().values_list("subject").annotate(many=Count("pk")))


class CaseMessage(Event):
    """往来消息: `note` is what was said; `data` names the side that the writer spoke for, his unit, and his photos."""

    subject = models.ForeignKey(Case, verbose_name="民情件", on_delete=models.PROTECT, related_name="messages")

    objects = CaseMessageQuerySet.as_manager()

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "往来消息"
        verbose_name_plural = "往来消息"
        indexes = [models.Index(fields=["subject", "-id"], name="cases_message_newest")]


class MessagePhoto(models.Model):
    """往来照片: shown with its message."""

    message = models.ForeignKey(CaseMessage, verbose_name="往来消息", on_delete=models.PROTECT, related_name="photos")
    photo = models.ForeignKey(Photo, verbose_name="照片", on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = "往来照片"
        verbose_name_plural = "往来照片"
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["message", "photo"], name="cases_messagephoto_once")]

    def __str__(self) -> str:
        return f"{self.message_id} {self.photo}"


class ThreadReadingQuerySet(models.QuerySet):
    def note(self, case: Case, user, upto: int) -> None:
        """He has seen the case's messages up to this one; what he has seen before stays seen, whichever page comes last."""
        reading, new = self.get_or_create(case=case, user=user, defaults={"read_upto": upto})
        if not new and reading.read_upto < upto:
            self.filter(Q(pk=reading.pk), read_upto__lt=upto).update(read_upto=upto)


class ThreadReading(models.Model):
    """往来已读: up to which message somebody has read a case's."""

    case = models.ForeignKey(Case, verbose_name="民情件", on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="用户", on_delete=models.CASCADE, related_name="+")
    read_upto = models.BigIntegerField("读到")

    objects = ThreadReadingQuerySet.as_manager()

    class Meta:
        verbose_name = "往来已读"
        verbose_name_plural = "往来已读"
        constraints = [models.UniqueConstraint(F("case"), F("user"), name="cases_threadreading_once")]

    def __str__(self) -> str:
        return f"{self.user} {self.case}"
