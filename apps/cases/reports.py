"""What comes with a report besides its words: photos, and that it was taken in though its words pointed elsewhere."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.cases.elsewhere import DOORS, Kind
from apps.cases.models import Case
from apps.cases.parties import Joiner
from apps.record.files import Photo

MOST_PHOTOS = 6


class ReportPhotoQuerySet(models.QuerySet):
    def of_case(self, case: Case):
        """The reporter's, in the order in which they were sent; a part shows those of the whole."""
        return self.filter(case_id__in=[pk for pk in (case.pk, case.parent_id) if pk], joiner=None).select_related("photo").order_by("pk")


class ReportPhoto(models.Model):
    """反映照片: sent with a report, or by somebody who joined it. Seen by who may see the case, and by its sender with his follow code."""

    case = models.ForeignKey(Case, verbose_name="民情件", on_delete=models.PROTECT, related_name="photos")
    joiner = models.ForeignKey(Joiner, verbose_name="共同反映人", null=True, blank=True, on_delete=models.PROTECT, related_name="photos")
    photo = models.OneToOneField(Photo, verbose_name="照片", on_delete=models.PROTECT, related_name="+")

    objects = ReportPhotoQuerySet.as_manager()

    class Meta:
        verbose_name = "反映照片"
        verbose_name_plural = "反映照片"
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.case}的照片"


class Overruled(models.Model):
    """照常受理: the words pointed elsewhere (an emergency, a court case …), and somebody said that it belongs here all the same."""

    KINDS = [(kind.value, DOORS[kind].label) for kind in Kind]

    case = models.OneToOneField(Case, verbose_name="民情件", primary_key=True, on_delete=models.PROTECT, related_name="overruled")
    kind = models.CharField("像是哪一类", max_length=12, choices=KINDS)
    found = models.CharField("依据的字句", max_length=80)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="谁定的", null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="空：反映人自己")
    reason = models.CharField("理由", max_length=200, blank=True, default="")
    at = models.DateTimeField("时间", default=timezone.now)

    class Meta:
        verbose_name = "照常受理"
        verbose_name_plural = "照常受理"
        constraints = [models.CheckConstraint(condition=Q(by=None, reason="") | (Q(by__isnull=False) & ~Q(reason="")), name="cases_overruled_reason")]

    def __str__(self) -> str:
        return f"{self.case}：{self.get_kind_display()}，照常受理"

    @property
    def words(self) -> str:
        """For those who work on the case."""
        who = f"{self.by}代录入时写明：{self.reason}" if self.by else "反映人说不是正在发生的紧急情况"
        return f"内容像是“{self.get_kind_display()}”（{self.found}），{who}，照常受理。"
