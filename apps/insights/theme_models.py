"""民情主题: what many voices say in words of their own, over place and time. Made anew by runs; what people decide on a theme stays."""

from django.conf import settings
from django.contrib.gis.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from apps.cases.models import Category
from apps.organisations.models import Organisation
from apps.record.events import Event
from apps.supervision.topics import Topic
from apps.territory.models import AdminArea


class ThemeRun(models.Model):
    """归并任务: one grouping of the voices of a period. What it was weighed with is kept of the latest whole one, so that newcomers are
    measured by the same."""

    class State(models.TextChoices):
        QUEUED = "queued", "排队中"
        RUNNING = "running", "进行中"
        DONE = "done", "已完成"
        FAILED = "failed", "未完成"

    whole = models.BooleanField("全部重排", default=True, help_text="否：只把新来的归入已有的主题")
    state = models.CharField("状态", max_length=8, choices=State.choices, default=State.QUEUED)
    progress = models.PositiveSmallIntegerField("进度%", default=0)
    progress_note = models.CharField("进度说明", max_length=120, blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="由谁发起",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="空：系统",
    )
    asked_at = models.DateTimeField("发起时间", auto_now_add=True)
    started_at = models.DateTimeField("开始时间", null=True, blank=True)
    finished_at = models.DateTimeField("完成时间", null=True, blank=True)
    figures = models.JSONField(
        "结果", default=dict, help_text="读了多少条，归成多少个主题，新增、拆分、合并、上升各多少"
    )
    weights = models.BinaryField("词的稀有程度", null=True, blank=True, help_text="空：之后又有全部重排")

    class Meta:
        verbose_name = "主题归并"
        verbose_name_plural = "主题归并"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="running"), name="insights_themerun_one_running"
            )
        ]

    def __str__(self) -> str:
        return f"第 {self.pk} 次主题归并"


class ThemeQuerySet(models.QuerySet):
    def standing(self):
        """Those that go by themselves: not merged into another, and with voices left."""
        return self.exclude(state__in=(Theme.State.MERGED, Theme.State.DISSOLVED))

    def rising(self):
        return self.filter(rising_since__isnull=False)

    def in_town(self, code: str):
        """Themes with a voice from this town; by the code's first nine digits."""
        towns = AdminArea.objects.filter(code__startswith=code[:9]).values("pk")
        return self.filter(Exists(ThemeMember.objects.filter(theme=OuterRef("pk"), town__in=towns)))

    def visible_to(self, user):
        """Themes with at least one voice from the user's scope; voices of no known place are the county's alone."""
        if not user.scope:
            return self.none()
        if sees_unplaced(user):
            return self
        return self.filter(Exists(ThemeMember.objects.filter(theme=OuterRef("pk")).visible_to(user)))

    def with_voices(self, user, *, since, until):
        """`here`: voices in the user's scope, all of them; `lately`: of these the ones of the days since..until, both inside."""
        seen = ThemeMember.objects.filter(theme=OuterRef("pk")).visible_to(user).order_by().values("theme")
        counts = {
            "here": seen.annotate(n=Count("pk")),
            "lately": seen.filter(day__gte=since, day__lte=until).annotate(n=Count("pk")),
        }
        return self.annotate(**{name: Coalesce(Subquery(rows.values("n")), 0) for name, rows in counts.items()})


class Theme(models.Model):
    """民情主题. Its id stays between runs. `rise` says what the last judgement found: days, now, expected, ratio, p, q, last_year."""

    class State(models.TextChoices):
        ACTIVE = "active", "进行中"
        QUIET = "quiet", "已平息"
        MERGED = "merged", "已并入其他主题"
        DISSOLVED = "dissolved", "已散开"

    name = models.CharField("名称", max_length=60)
    named_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="命名人",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="空：系统取的名",
    )
    words = models.JSONField("关键词", default=list)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.ACTIVE)
    merged_into = models.ForeignKey(
        "self", verbose_name="并入", null=True, blank=True, on_delete=models.PROTECT, related_name="merged"
    )
    split_from = models.ForeignKey(
        "self", verbose_name="分自", null=True, blank=True, on_delete=models.PROTECT, related_name="parts"
    )
    voices = models.PositiveIntegerField("诉求数", default=0)
    first_on = models.DateField("最早")
    last_on = models.DateField("最近")
    point = models.PointField(
        "代表地点", srid=4326, null=True, blank=True, help_text="离各诉求最近的那一处；诉求都没有位置时为空"
    )
    town = models.ForeignKey(
        AdminArea, verbose_name="主要乡镇街道", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    village = models.ForeignKey(
        AdminArea, verbose_name="主要村社", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    category = models.ForeignKey(
        Category, verbose_name="主要类别", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    organisation = models.ForeignKey(
        Organisation, verbose_name="主要承办单位", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    profile = models.BinaryField("词的轮廓", help_text="新来的诉求据此归入")
    rising_since = models.DateField("上升始于", null=True, blank=True)
    rise = models.JSONField("上升的依据", default=dict)
    noted_at = models.DateTimeField("预警已阅", null=True, blank=True)
    noted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="已阅人",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    topic = models.OneToOneField(
        Topic, verbose_name="监督事项", null=True, blank=True, on_delete=models.PROTECT, related_name="theme"
    )
    created_at = models.DateTimeField("首次归成", auto_now_add=True)

    objects = ThemeQuerySet.as_manager()

    class Meta:
        verbose_name = "民情主题"
        verbose_name_plural = "民情主题"
        ordering = ["-last_on", "-pk"]
        indexes = [
            models.Index(fields=["state", "-voices"], name="insights_theme_largest"),
            models.Index(fields=["-last_on", "-id"], name="insights_theme_latest"),
            models.Index(
                fields=["rising_since"], condition=Q(rising_since__isnull=False), name="insights_theme_rising"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="merged", merged_into__isnull=False) | (~Q(state="merged") & Q(merged_into=None)),
                name="insights_theme_merged",
            ),
            models.CheckConstraint(condition=Q(first_on__lte=F("last_on")), name="insights_theme_days"),
        ]

    def __str__(self) -> str:
        return self.name

    def rise_told(self) -> dict[str, str]:
        """What the last judgement found, in plain words; empty where the theme does not rise."""
        rise = self.rise
        if self.rising_since is None or not rise:
            return {}
        expected = rise["expected"]
        usual = f"按此前半年应有约 {expected:.1f} 条" if expected >= 0.05 else "此前半年几乎没有"
        sure = next(
            words
            for limit, words in ((0.001, "几乎不会是偶然"), (0.01, "很不像偶然"), (1.0, "不像偶然"))
            if rise["q"] <= limit
        )
        share = "不到 0.0001" if rise["q"] < 0.0001 else f" {rise['q']:.2g}"
        before = "" if rise["last_year"] is None else f"去年同期 {rise['last_year']} 条"
        return {
            "now": f"近 {rise['days']} 天 {rise['now']} 条",
            "usual": usual,
            "times": f"{rise['now'] / expected:.1f} 倍" if expected >= 0.5 else "",
            "sure": f"{sure}（错误发现率{share}）",
            "last_year": f"{before}，往年这时也多" if before and rise["seasonal"] else before,
        }


def sees_unplaced(user) -> bool:
    """Whether the user's scope holds the whole county: voices of no known town belong to it alone."""
    return (
        bool(user.scope)
        and AdminArea.objects.filter(level=AdminArea.Level.COUNTY, code__startswith=user.scope).exists()
    )


class ThemeMemberQuerySet(models.QuerySet):
    def visible_to(self, user):
        if sees_unplaced(user):
            return self
        return self.filter(town__in=AdminArea.objects.visible_to(user).values("pk")) if user.scope else self.none()


class ThemeMember(models.Model):
    """One voice of a theme: a case or a record of the hotline, by its key. A voice is in one theme at most."""

    class Kind(models.IntegerChoices):
        CASE = 0, "民情件"
        RECORD = 1, "诉求记录"

    theme = models.ForeignKey(Theme, verbose_name="主题", on_delete=models.CASCADE, related_name="members")
    kind = models.PositiveSmallIntegerField("种类", choices=Kind.choices)
    ref = models.BigIntegerField("民情件或诉求记录")
    day = models.DateField("日期")
    town = models.ForeignKey(
        AdminArea,
        verbose_name="乡镇街道",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    likeness = models.FloatField("与主题的相近程度", help_text="0 到 1")

    objects = ThemeMemberQuerySet.as_manager()

    class Meta:
        verbose_name = "主题成员"
        verbose_name_plural = "主题成员"
        ordering = ["-day", "-pk"]
        constraints = [models.UniqueConstraint(fields=["kind", "ref"], name="insights_thememember_once")]
        indexes = [
            models.Index(fields=["theme", "-day"], name="insights_member_newest"),
            models.Index(fields=["town", "theme", "day"], name="insights_member_town"),
        ]

    def __str__(self) -> str:
        return f"{self.theme}：{self.get_kind_display()} {self.ref}"


class ThemeEvent(Event):
    """民情主题经过: found, split, merged, rose, named, noted, made a topic."""

    WORDS = {
        "find": "归成", "split": "分出", "merge": "并入", "take_in": "并入其他主题", "dissolve": "散开", "rename": "换名", "rise": "开始上升", "ease": "不再上升",
        "name": "改名", "note": "已阅", "draft": "起草监督议题",
    }  # fmt: skip

    subject = models.ForeignKey(Theme, verbose_name="民情主题", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "民情主题经过"
        verbose_name_plural = "民情主题经过"

    def __str__(self) -> str:
        return f"{self.subject} {self.verb}"

    @property
    def told(self) -> str:
        return self.WORDS.get(self.verb, self.verb)
