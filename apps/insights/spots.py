"""Hot spots 热点 as they are kept: places where significantly more is reported than as many residents report elsewhere in the county.

A spot keeps its row, and so its address and what was decided of it, from run to run as long as its cells overlap. Addresses:
`hot_spot_list` (/insight/hot-spots/), `hot_spot` (/insight/hot-spots/<id>/), `hot_spot_data` (/insight/hot-spots.json), `hot_spot_oversee` and
`hot_spot_topic` (POST), `around_list` (/insight/projects/), `around` (/insight/projects/<project code>/).

/insight/hot-spots.json?category=<code of level 1, none: all of them together>&region=<prefix of a town's code, none: the county> answers, for what the
asking person may see:

    {"day": "2026-11-21", "days": 30, "metres": 500, "category": "", "caption": "截至 … 近 30 天 …",
     "cells": GeoJSON FeatureCollection of squares, properties {"state", "label", "hot": bool, "count", "expected", "z", "q"},
     "spots": GeoJSON FeatureCollection of points, properties {"id", "name", "category", "state", "label", "words", "since", "count",
              "expected", "months", "url"}}

state of a cell or spot: new 新出现, growing 加剧, persistent 持续, returning 反复, fading 减弱, gone 已消退; of a cell also cold 偏少. Cells that chance
explains are not there; "day" is null where nothing was worked out yet.
"""

import datetime as dt

from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField
from django.db.models import Q
from django.urls import reverse

from apps.cases.taxonomy import Category
from apps.insights.spells import DAYS, steps_wide
from apps.record.events import Event
from apps.supervision.topics import Topic
from apps.territory.models import AdminArea


class HotSpotRunQuerySet(models.QuerySet):
    def latest(self):
        """The last that was finished, or None."""
        return self.filter(state=HotSpotRun.State.DONE).order_by("-pk").first()


class HotSpotRun(models.Model):
    """热点计算: one working out of all hot spots. `cells`: by category code ("": all), [column, row, state, count, expected, z, q] of each cell
    that chance does not explain, in cells of 500 m; `basis`: what stood for residents."""

    class State(models.TextChoices):
        RUNNING = "running", "进行中"
        DONE = "done", "已完成"
        FAILED = "failed", "未完成"

    class Basis(models.TextChoices):
        RESIDENTS = "residents", "村社常住人口，按门牌分到方格"
        DOORPLATES = "doorplates", "门牌数"
        AREA = "area", "面积"

    state = models.CharField("状态", max_length=8, choices=State.choices, default=State.RUNNING)
    day = models.DateField("截至", help_text="算到这一天为止")
    started_at = models.DateTimeField("开始时间", auto_now_add=True)
    finished_at = models.DateTimeField("完成时间", null=True, blank=True)
    progress = models.PositiveSmallIntegerField("进度%", default=0)
    progress_note = models.CharField("进度说明", max_length=120, blank=True)
    basis = models.CharField("对照", max_length=10, choices=Basis.choices, blank=True)
    populated = models.PositiveIntegerField("有人居住的方格", default=0)
    counted = models.PositiveIntegerField("参与计算的诉求", default=0)
    cells = models.JSONField("方格", default=dict)

    objects = HotSpotRunQuerySet.as_manager()

    class Meta:
        verbose_name = "热点计算"
        verbose_name_plural = "热点计算"
        ordering = ["-pk"]
        indexes = [models.Index(fields=["state", "-id"], name="insights_run_latest")]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.day}"

    @property
    def days(self) -> int:
        """Of a look: more where little is reported."""
        return DAYS * steps_wide(self.counted)


class HotSpotQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Those that touch a town in the user's scope; all of them to whoever sees the whole county."""
        if not user.scope:
            return self.none()
        areas = AdminArea.objects.visible_to(user)
        if areas.filter(level=AdminArea.Level.COUNTY).exists():
            return self
        touched = HotSpot.towns.through.objects.filter(adminarea__in=areas.values("pk"))
        return self.filter(pk__in=touched.values("hotspot"))

    def within(self, region: str):
        """Those that touch the town that the prefix of a code names, or that its village lies in; all of them for the county's."""
        if len(region) <= 6:
            return self
        touched = HotSpot.towns.through.objects.filter(adminarea__code__startswith=region[:9])
        return self.filter(pk__in=touched.values("hotspot"))

    def standing(self):
        """Those that have not gone."""
        return self.exclude(state=HotSpot.State.GONE)

    def pressing(self):
        """What matters most first."""
        return self.order_by("-weight", "pk")


class HotSpot(models.Model):
    """热点. `category`: of level 1, none: complaints of every kind together. `cells`: column and row of its cells of 500 m. `steps`: the last
    twelve periods of 30 days, oldest first, each {"since", "until", "count", "expected", "hot"}. `count`, `expected`, `z`, `q`: of the last look in which it
    was hot; a look is a period, or up to three of them in a county where little is reported. Counted are matters: one told at one place within a
    week is one."""

    class State(models.TextChoices):
        NEW = "new", "新出现"
        GROWING = "growing", "加剧"
        PERSISTENT = "persistent", "持续"
        RETURNING = "returning", "反复"
        FADING = "fading", "减弱"
        GONE = "gone", "已消退"

    category = models.ForeignKey(
        Category, verbose_name="类别", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    state = models.CharField("状态", max_length=10, choices=State.choices)
    name = models.CharField("地点", max_length=80)
    town = models.ForeignKey(
        AdminArea,
        verbose_name="所在乡镇街道",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="反映最多处",
    )
    village = models.ForeignKey(
        AdminArea, verbose_name="所在村社", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    towns = models.ManyToManyField(
        AdminArea, verbose_name="涉及乡镇街道", related_name="+", help_text="不设乡镇的县填县"
    )
    point = models.PointField("中心", srid=4326, help_text="反映最多的方格的中心")
    shape = models.MultiPolygonField("范围", srid=4326)
    cells = ArrayField(ArrayField(models.IntegerField(), size=2), verbose_name="方格")
    since = models.DateField("起于", help_text="这一轮里最早显著的一期的第一天")
    last_hot = models.DateField("最近显著", help_text="最近一个显著的一期的最后一天")
    months = models.PositiveSmallIntegerField("显著期数", help_text="近十二期里")
    count = models.PositiveIntegerField("反映数")
    expected = models.FloatField("对照数", help_text="按全县同样人口应有的反映数")
    z = models.FloatField("Gi*")
    q = models.FloatField("错误发现率")
    steps = models.JSONField("各期", default=list)
    weight = models.FloatField("轻重", default=0, help_text="排先后用")
    day = models.DateField("截至")
    found_at = models.DateTimeField("发现时间", auto_now_add=True)
    topic = models.OneToOneField(
        Topic, verbose_name="监督议题", null=True, blank=True, on_delete=models.SET_NULL, related_name="hot_spot"
    )

    objects = HotSpotQuerySet.as_manager()

    class Meta:
        verbose_name = "热点"
        verbose_name_plural = "热点"
        ordering = ["-weight", "pk"]
        constraints = [models.CheckConstraint(condition=Q(q__gte=0, q__lte=1), name="insights_spot_q")]
        indexes = [models.Index(fields=["state", "-weight"], name="insights_spot_pressing")]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return f"{self.name} {self.category.label if self.category_id else '各类诉求'}"

    @property
    def days(self) -> int:
        """Of the look that `count` is of; the first day of a spell is that of its first look."""
        return (self.last_hot - self.since).days + 1 - DAYS * (self.lasted - 1)

    @property
    def lasted(self) -> int:
        """Steps without a break up to its last hot one."""
        hot = [step["hot"] for step in self.steps]
        last = max(place for place, was in enumerate(hot) if was)
        return next((back for back in range(1, last + 1) if not hot[last - back]), last + 1)

    @property
    def reason(self) -> str:
        """近 30 天反映 18 桩事，同样多的居民在全县一般是 4.2 桩（4.3 倍）"""
        when = f"近 {self.days} 天" if self.last_hot == self.day else f"至 {self.last_hot:%-m月%-d日}的 {self.days} 天"
        times = f"（{self.count / self.expected:.1f} 倍）" if self.expected >= 0.05 else ""
        return f"{when}反映 {self.count} 桩事，同样多的居民在全县一般是 {self.expected:.1f} 桩{times}"

    @property
    def lasting(self) -> str:
        """2026年6月24日起，连续 5 期"""
        return f"{self.since:%Y年%-m月%-d日}起" + (f"，连续 {self.lasted} 期" if self.lasted > 1 else "")

    @property
    def significance(self) -> str:
        """How sure it is, in words."""
        return "几乎不可能是偶然" if self.q <= 0.001 else "很不可能是偶然" if self.q <= 0.01 else "不大可能是偶然"

    @property
    def surely(self) -> str:
        """What q means: how many of the places that are listed at this level are chance."""
        return f"按此标准列出的地方，{'一千' if self.q <= 0.001 else '一百' if self.q <= 0.01 else '二十'}处里至多一处是偶然"

    @property
    def bars(self) -> list[dict]:
        """The twelve periods as bars in a box of 120 by 36, with the expected number as a mark: x, y, height, mark, hot, words."""
        top = max([1.0, *(max(step["count"], step["expected"]) for step in self.steps)])
        return [
            {
                "x": 10 * place + 1, "y": round(36 - 36 * step["count"] / top, 1), "height": round(36 * step["count"] / top, 1), "mark": round(36 - 36 * step["expected"] / top, 1), "hot": step["hot"],
                "words": f"{dt.date.fromisoformat(step['since']):%-m月%-d日}起 30 天 {step['count']} 桩",
            }
            for place, step in enumerate(self.steps)
        ]  # fmt: skip

    @property
    def url(self) -> str:
        return reverse("hot_spot", args=[self.pk])

    @property
    def tone(self) -> str:
        return {"growing": "late", "new": "late", "fading": "due", "gone": "good"}.get(self.state, "due")


class HotSpotEvent(Event):
    """One move of a hot spot: found, changed its state, overseen, made a topic. The database refuses to change it."""

    TELLS_STATE = True

    subject = models.ForeignKey(HotSpot, verbose_name="热点", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "热点经过"
        verbose_name_plural = "热点经过"

    def __str__(self) -> str:
        return f"{self.subject} {self.verb}"
