"""评价: what the reporter, those who joined him and the deputy think of what was done, in rounds that end with each reopening."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.cases.models import Case
from apps.cases.parties import Joiner


class Rating(models.Model):
    """One part of one view of one round. No reply is not satisfaction."""

    class Score(models.TextChoices):
        SATISFIED = "satisfied", "满意"
        FAIRLY = "fairly", "基本满意"
        UNSATISFIED = "unsatisfied", "不满意"

    class By(models.TextChoices):
        REPORTER = "reporter", "反映人"
        JOINER = "joiner", "共同反映人"
        DEPUTY = "deputy", "代表"

    class Part(models.TextChoices):
        SERVICE = "service", "代表的服务"
        OUTCOME = "outcome", "办理的结果"
        HANDLING = "handling", "承办单位的办理"

    case = models.ForeignKey(Case, verbose_name="民情件", on_delete=models.CASCADE, related_name="ratings")
    by = models.CharField("评价人", max_length=10, choices=By.choices)
    joiner = models.ForeignKey(Joiner, verbose_name="共同反映人", null=True, blank=True, on_delete=models.CASCADE, related_name="ratings")
    part = models.CharField("评价什么", max_length=10, choices=Part.choices, default=Part.OUTCOME)
    score = models.CharField("满意度", max_length=12, choices=Score.choices)
    words = models.CharField("意见", max_length=300, blank=True, default="")
    round = models.PositiveSmallIntegerField("第几轮", default=0, help_text="评价时已重办几次")
    at = models.DateTimeField("时间", default=timezone.now)

    class Meta:
        verbose_name = "评价"
        verbose_name_plural = "评价"
        constraints = [
            models.UniqueConstraint(fields=["case", "by", "joiner", "part", "round"], nulls_distinct=False, name="cases_rating_once"),
            models.CheckConstraint(condition=Q(by="joiner", joiner__isnull=False) | (~Q(by="joiner") & Q(joiner=None)), name="cases_rating_joiner"),
            models.CheckConstraint(condition=Q(by="deputy", part="handling") | (~Q(by="deputy") & ~Q(part="handling")), name="cases_rating_part"),
        ]

    def __str__(self) -> str:
        return f"{self.case} {self.get_score_display()}"
