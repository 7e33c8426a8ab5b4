"""Rules by which a limit that comes near or has passed is told to somebody, or takes a case away from who is silent; and what they did.

A rule names who: the holder, an office, a leader, or one person. It begins on a day: what had come so far before is left alone, so that
neither a new rule nor an import sets off hundreds of old ones. It is never deleted, only switched off, since what it did points at it.
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from apps.cases.clocks import LIMITS, Clock
from apps.cases.models import Case
from apps.record.events import Event
from apps.territory.models import AdminArea

STEPS = [(state.value, state.label) for state in Case.State if state in LIMITS]


class EscalationRule(models.Model):
    """催报规则: so many working days before or after the last day of a duty, somebody is told, or takes over."""

    class Action(models.TextChoices):
        TELL = "tell", "告知"
        TAKE_OVER = "take_over", "接手"

    class To(models.TextChoices):
        HOLDER = "holder", "办理人"
        TOWN_OFFICE = "town_office", "镇人大、街道工委"
        COUNTY_OFFICE = "county_office", "县人大常委会工委"
        DISPATCHER = "dispatcher", "县政府办"
        LEADER = "leader", "领导"
        PERSON = "person", "指定的人"

    step = models.CharField("环节", max_length=20, choices=STEPS)
    kind = models.CharField("事项", max_length=8, choices=Clock.Kind.choices, default=Clock.Kind.ANSWER)
    town = models.ForeignKey(
        AdminArea,
        verbose_name="只在",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="空：各乡镇街道",
    )
    days = models.SmallIntegerField("超期几个工作日", help_text="负数：到期前几个工作日")
    action = models.CharField("做什么", max_length=10, choices=Action.choices, default=Action.TELL)
    to = models.CharField("对谁", max_length=14, choices=To.choices)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="指定的人",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    active = models.BooleanField("启用", default=True)
    since = models.DateField("从哪一天起", default=timezone.localdate, help_text="那一天已经到了这一步的不补做")

    class Meta:
        verbose_name = "催报规则"
        verbose_name_plural = "催报规则"
        ordering = ["step", "kind", "days", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(to="person", person__isnull=False) | (~Q(to="person") & Q(person=None)),
                name="cases_escalationrule_person",
            ),
            models.CheckConstraint(condition=Q(days__range=(-30, 60)), name="cases_escalationrule_days"),
            models.CheckConstraint(
                condition=~Q(action="take_over")
                | Q(
                    step__in=("with_deputy", "with_town"),
                    kind="answer",
                    days__gte=1,
                    to__in=("town_office", "county_office", "person"),
                ),
                name="cases_escalationrule_take_over",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_step_display()}：{self.when}，{self.what}"

    @property
    def when(self) -> str:
        duty = f"{self.get_kind_display()}期限"
        if self.days == 0:
            return f"{duty}最后一日"
        return f"超过{duty} {self.days} 个工作日" if self.days > 0 else f"{duty}到期前 {-self.days} 个工作日"

    @property
    def whom(self) -> str:
        return str(self.person) if self.to == self.To.PERSON else self.get_to_display()

    @property
    def what(self) -> str:
        return f"由{self.whom}接手" if self.action == self.Action.TAKE_OVER else f"告知{self.whom}"


class EscalationRuleEvent(Event):
    """One change of a rule. The database refuses to change it."""

    subject = models.ForeignKey(
        EscalationRule, verbose_name="催报规则", on_delete=models.PROTECT, related_name="events"
    )

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "催报规则经过"
        verbose_name_plural = "催报规则经过"

    def __str__(self) -> str:
        return f"{self.subject} {self.verb}"


class Escalation(models.Model):
    """催报: a rule has done its work for one clock and one last day; never twice for the same."""

    clock = models.ForeignKey(Clock, verbose_name="期限时钟", on_delete=models.CASCADE, related_name="escalations")
    rule = models.ForeignKey(
        EscalationRule, verbose_name="催报规则", on_delete=models.PROTECT, related_name="escalations"
    )
    due_on = models.DateField("最后一日")
    at = models.DateTimeField("时间", default=timezone.now)
    told = models.PositiveSmallIntegerField("告知人数", default=0)

    class Meta:
        verbose_name = "催报"
        verbose_name_plural = "催报"
        ordering = ["-pk"]
        indexes = [models.Index(F("rule"), F("id").desc(), name="cases_escalation_rule")]
        constraints = [models.UniqueConstraint(fields=["clock", "rule", "due_on"], name="cases_escalation_once")]

    def __str__(self) -> str:
        return f"{self.clock} {self.rule_id}"
