"""Claims 认领: a deputy asks for a topic; once the office confirms, the pair is locked in the drafts that follow."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.accounts.models import Role
from apps.deputies.models import Deputy
from apps.record.events import Event
from apps.supervision.topics import Topic


class ClaimQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Offices and leaders see all, a deputy his own."""
        if user.role == Role.DEPUTY:
            return self.filter(deputy__user=user)
        return self if user.role in (Role.COUNTY_OFFICE, Role.LEADER) else self.none()

    def waiting(self):
        return self.filter(state=Claim.State.OPEN)

    def confirmed(self):
        """Those that drafts must hold to."""
        return self.filter(state=Claim.State.CONFIRMED)


class Claim(models.Model):
    """认领: a deputy who asks to supervise a topic."""

    class State(models.TextChoices):
        OPEN = "open", "待确认"
        CONFIRMED = "confirmed", "已确认"
        DECLINED = "declined", "未同意"
        WITHDRAWN = "withdrawn", "已撤回"

    topic = models.ForeignKey(Topic, verbose_name="监督事项", on_delete=models.PROTECT, related_name="claims")
    deputy = models.ForeignKey(Deputy, verbose_name="代表", on_delete=models.PROTECT, related_name="claims")
    words = models.CharField("认领理由", max_length=200)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.OPEN)
    answer = models.CharField("答复", max_length=200, blank=True)
    created_at = models.DateTimeField("提出时间", auto_now_add=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="确认人", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField("确认时间", null=True, blank=True)

    objects = ClaimQuerySet.as_manager()

    class Meta:
        verbose_name = "认领"
        verbose_name_plural = "认领"
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["topic", "deputy"], condition=Q(state__in=["open", "confirmed"]), name="supervision_claim_once")]
        indexes = [models.Index(fields=["state", "-id"], name="supervision_claim_state")]

    def __str__(self) -> str:
        return f"{self.deputy}认领{self.topic}"


class ClaimEvent(Event):
    """One move of a claim. The database refuses to change it."""

    subject = models.ForeignKey(Claim, verbose_name="认领", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "认领经过"
        verbose_name_plural = "认领经过"

    def __str__(self) -> str:
        return f"{self.subject} {self.verb}"
