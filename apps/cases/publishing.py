"""公开答复: what everybody may read of an answered case, once a person has gone over it.

`Publication` is the office's: the words as a person settled them, beside the case. `PublishedAnswer` is the public's: a row that
holds nothing but what stands on the page, there only while the answer is public. The public role reads that table and no other.
"""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.cases.models import Case, Category
from apps.record.events import Event
from apps.record.files import Photo
from apps.territory.models import AdminArea

TITLE, WORDS = 60, 3000  # characters; marks may make the words longer than what was reported


class PublicationQuerySet(models.QuerySet):
    def visible_to(self, user) -> "PublicationQuerySet":
        return self.filter(case__in=Case.objects.visible_to(user).values("pk"))


class Publication(models.Model):
    """答复公开稿: an answered case in words that everybody may read, settled by a person. One for each case; `version` counts its changes."""

    class State(models.TextChoices):
        DRAFT = "draft", "待确认"
        PUBLISHED = "published", "已公开"
        WITHDRAWN = "withdrawn", "已撤回"

    case = models.OneToOneField(Case, verbose_name="民情件", on_delete=models.PROTECT, related_name="publication")
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.DRAFT)
    title = models.CharField("标题", max_length=TITLE)
    question = models.TextField("反映的问题", max_length=WORDS)
    answer = models.TextField("答复", max_length=WORDS)
    show_village = models.BooleanField("公开村社", default=True)
    source = models.CharField(
        "原文摘要", max_length=64, help_text="据以整理的问题和答复的 SHA-256：原文变了就要重新整理"
    )
    version = models.PositiveIntegerField("版本", default=1)
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="整理人", on_delete=models.PROTECT, related_name="+"
    )
    edited_at = models.DateTimeField("整理时间", default=timezone.now)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="确认人",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    confirmed_at = models.DateTimeField("确认时间", null=True, blank=True)
    reason = models.CharField("撤回原因", max_length=300, blank=True)
    photos = ArrayField(
        models.BigIntegerField(), verbose_name="选出公开的照片", default=list, blank=True, help_text="Photo 的编号"
    )

    objects = PublicationQuerySet.as_manager()

    class Meta:
        verbose_name = "答复公开稿"
        verbose_name_plural = "答复公开稿"
        ordering = ["-edited_at", "-pk"]
        indexes = [models.Index(fields=["state", "-edited_at"], name="cases_publication_state")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="published") | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
                name="cases_publication_confirmed",
            ),
            models.CheckConstraint(condition=~Q(state="withdrawn") | ~Q(reason=""), name="cases_publication_reason"),
        ]

    def __str__(self) -> str:
        return self.title


class PublishedAnswerQuerySet(models.QuerySet):
    def public(self) -> "PublishedAnswerQuerySet":
        """What anybody may read: nothing as long as the office has not turned the page on."""
        if not AnswersPage.objects.filter(is_open=True).exists():
            return self.none()
        return self.select_related("category", "town", "village").defer(
            "town__geom", "town__geom_3857", "village__geom", "village__geom_3857"
        )

    def about(self, words: str) -> "PublishedAnswerQuerySet":
        """Every word that was typed stands in the title, the question or the answer."""
        found = self
        for word in words.split()[:6]:
            found = found.filter(Q(title__contains=word) | Q(question__contains=word) | Q(answer__contains=word))
        return found


class PublishedAnswer(models.Model):
    """公开答复: one row on the public page. No code, no point, nobody's name but the answering office's or deputy's."""

    publication = models.OneToOneField(
        Publication, primary_key=True, verbose_name="答复公开稿", on_delete=models.CASCADE, related_name="published"
    )
    title = models.CharField("标题", max_length=TITLE)
    question = models.TextField("反映的问题", max_length=WORDS)
    answer = models.TextField("答复", max_length=WORDS)
    category = models.ForeignKey(
        Category, verbose_name="类别", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    town = models.ForeignKey(AdminArea, verbose_name="乡镇街道", on_delete=models.PROTECT, related_name="+")
    village = models.ForeignKey(
        AdminArea, verbose_name="村社", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    answered_by = models.CharField("答复人", max_length=120)
    asked_on = models.DateField("反映日期")
    answered_on = models.DateField("答复日期")
    published_at = models.DateTimeField("公开时间", default=timezone.now)

    objects = PublishedAnswerQuerySet.as_manager()

    class Meta:
        verbose_name = "公开答复"
        verbose_name_plural = "公开答复"
        ordering = ["-published_at", "-pk"]
        indexes = [
            models.Index(fields=["-published_at", "-publication"], name="cases_published_newest"),
            models.Index(fields=["town", "-published_at"], name="cases_published_town"),
            models.Index(fields=["category", "-published_at"], name="cases_published_category"),
            GinIndex(
                fields=["title", "question", "answer"], opclasses=["gin_trgm_ops"] * 3, name="cases_published_words"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def where(self) -> str:
        return f"{self.town.name}{self.village.name if self.village else ''}"


class PublishedPhoto(models.Model):
    """公开照片: a photo of the answer that somebody has looked at and chosen; there only while the answer is public."""

    answer = models.ForeignKey(
        PublishedAnswer, verbose_name="公开答复", on_delete=models.CASCADE, related_name="photos"
    )
    photo = models.ForeignKey(Photo, verbose_name="照片", on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = "公开照片"
        verbose_name_plural = "公开照片"
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["answer", "photo"], name="cases_publishedphoto_once")]

    def __str__(self) -> str:
        return f"{self.answer}的照片"


class AnswersPage(models.Model):
    """公开答复页: whether the county shows it at all; the office turns it on. One row, or none as long as nobody has."""

    is_open = models.BooleanField("已开通", default=False)

    class Meta:
        verbose_name = "公开答复页"
        verbose_name_plural = "公开答复页"
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="cases_answerspage_one")]

    def __str__(self) -> str:
        return "公开答复页"


class AnswersPageEvent(Event):
    """公开答复页经过: turned on, or off and why."""

    subject = models.ForeignKey(AnswersPage, verbose_name="公开答复页", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "公开答复页经过"
        verbose_name_plural = "公开答复页经过"
