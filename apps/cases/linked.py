"""外部工单: an order elsewhere (12345 and its like) that is about the same matter as a case. It stays its owner's; nothing is run twice."""

from django.db import models
from django.utils import timezone

from apps.cases.models import Case


class LinkedOrder(models.Model):
    """The number of an order elsewhere and what its owner last said of it. An order belongs to one case at most."""

    case = models.ForeignKey(Case, verbose_name="民情件", on_delete=models.PROTECT, related_name="linked_orders")
    source = models.CharField("来源", max_length=40)
    number = models.CharField("工单号", max_length=60)
    state = models.CharField("对方的状态", max_length=20, blank=True)
    seen_at = models.DateTimeField("看到的时间", default=timezone.now)

    class Meta:
        verbose_name = "外部工单"
        verbose_name_plural = "外部工单"
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["source", "number"], name="cases_linkedorder_once")]

    def __str__(self) -> str:
        return f"{self.source} {self.number}"
