"""分类模型: every version of what was learned from people's decisions, one of them in use, and what became of each."""

from django.db import models
from django.db.models import Q

from apps.record.events import Event


class ModelVersionQuerySet(models.QuerySet):
    def in_use(self):
        return self.filter(active=True)


class ModelVersion(models.Model):
    """What was learned up to a day, and how well it did on cases it had not seen. `first` and `second`: `Classifier.to_bytes`."""

    made_at = models.DateTimeField("训练时间")
    cases = models.PositiveIntegerField("学了多少件")
    held_out = models.PositiveIntegerField("留出检验多少件")
    figures = models.JSONField("检验结果", default=dict)
    first = models.BinaryField("一级分类", null=True, help_text="空：年代久远，已清理")
    second = models.BinaryField("二级分类", null=True)
    active = models.BooleanField("在用", default=False)

    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        verbose_name = "分类模型"
        verbose_name_plural = "分类模型"
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["active"], condition=Q(active=True), name="cases_modelversion_one_active")]

    def __str__(self) -> str:
        return f"第 {self.pk} 版"


class ModelEvent(Event):
    """分类模型经过: made, put to use, taken back."""

    subject = models.ForeignKey(ModelVersion, verbose_name="分类模型", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "分类模型经过"
        verbose_name_plural = "分类模型经过"
