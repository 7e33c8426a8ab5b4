"""What maps and reports count: one narrow row a voice, whether it came as a case or as a record of the hotline.

Triggers note what has changed (`Touched`); `refresh` writes it anew here, in one transaction that holds `FactState`, so versions are
committed in their order and whoever has seen version n needs only what is above it. All of it can be made anew from the cases and records.
"""

from django.db import models
from django.db.models import Q

CASE, RECORD = 0, 1
CHANNELS = ("scan", "web", "station", "visit", "letter", "phone")
"""A case's channels; `Fact.source` is the place in this list, counted from 1."""
FIRST_RECORD_SOURCE = 100
"""`Fact.source` of a record is this and its source's key."""


class FactQuerySet(models.QuerySet):
    def counted(self):
        """Every voice once: without what was merged into another, withdrawn, or stands in two places."""
        return self.filter(counted=True)


class Fact(models.Model):
    """计数事实: one voice. Areas, category, unit and `ref` are keys without a constraint: nothing here may hold up a change of theirs."""

    class State(models.IntegerChoices):
        OPEN = 0, "办理中"
        ANSWERED = 1, "已答复"
        CLOSED = 2, "已办结"

    class Content(models.IntegerChoices):
        SATISFIED = 1, "满意"
        FAIRLY = 2, "基本满意"
        UNSATISFIED = 3, "不满意"

    kind = models.PositiveSmallIntegerField("种类", choices=[(CASE, "民情件"), (RECORD, "诉求记录")])
    ref = models.BigIntegerField("民情件或诉求记录")
    day = models.DateField("日期")
    hour = models.SmallIntegerField("时", help_text="0 到 23；-1：来源没有给出时刻")
    col = models.IntegerField("格列", null=True)
    row = models.IntegerField("格行", null=True)
    town = models.BigIntegerField("乡镇街道", null=True)
    village = models.BigIntegerField("村社", null=True)
    grid = models.BigIntegerField("网格", null=True)
    category = models.BigIntegerField("类别", null=True)
    source = models.PositiveSmallIntegerField("来源")
    told_for = models.BooleanField("代录入")
    elder = models.BooleanField("老年人", null=True)
    state = models.PositiveSmallIntegerField("状态", choices=State.choices)
    due_on = models.DateField("期限", null=True)
    met_late = models.BooleanField("逾期答复", null=True)
    satisfied = models.PositiveSmallIntegerField("满意度", null=True, choices=Content.choices)
    organisation = models.BigIntegerField("承办单位", null=True)
    again = models.BooleanField("重办或重复反映")
    counted = models.BooleanField("计数")
    version = models.BigIntegerField("版次")

    objects = FactQuerySet.as_manager()

    class Meta:
        verbose_name = "计数事实"
        verbose_name_plural = "计数事实"
        constraints = [models.UniqueConstraint(fields=["kind", "ref"], name="insights_fact_once")]
        indexes = [
            models.Index(fields=["version"], name="insights_fact_version"),
            models.Index(fields=["day"], condition=Q(counted=True), name="insights_fact_day"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.ref}"


class FactState(models.Model):
    """计数版次: how far the facts are; the one row that every writer of facts holds until it has committed."""

    only = models.BooleanField(primary_key=True, default=True)
    epoch = models.UUIDField("重建标识", help_text="另一个：此前的版次都不作数")
    version = models.BigIntegerField("版次", default=0)
    refreshed_at = models.DateTimeField("更新时间", null=True)

    class Meta:
        verbose_name = "计数版次"
        verbose_name_plural = "计数版次"
        constraints = [models.CheckConstraint(condition=Q(only=True), name="insights_factstate_one")]

    def __str__(self) -> str:
        return f"v{self.version}"


class Touched(models.Model):
    """待计数: a case or record that has changed since the facts were last refreshed. Triggers write it."""

    kind = models.PositiveSmallIntegerField("种类")
    ref = models.BigIntegerField("民情件或诉求记录")

    class Meta:
        verbose_name = "待计数"
        verbose_name_plural = "待计数"

    def __str__(self) -> str:
        return f"{self.kind} {self.ref}"


def refresh() -> int:
    """Write anew what has changed; how many facts that were. 0 at once while another process is at it. Safe to run twice."""
    raise NotImplementedError


def rebuild(tell=lambda done, of: None) -> int:
    """Every fact anew, a batch at a time, while pages go on with those there are; tell(done, of) after each batch."""
    raise NotImplementedError
