"""Monthly tables on their way in: a file as it was read, and how the columns of that kind of table are understood."""

from django.conf import settings
from django.db import models


class ReportMapping(models.Model):
    """月报列对应: what the columns of one source's table mean. Settled once by a person, used for every table with the same headings.

    columns: for each column in its order {"means": …, "unit": …} (`gis_data.bulletins`); aliases: a name as that source writes it -> project code.
    """

    source = models.CharField("来源", max_length=60)
    fingerprint = models.CharField("表头指纹", max_length=64, unique=True)
    columns = models.JSONField("列", default=list)
    aliases = models.JSONField("项目别名", default=dict)
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="确定人", null=True, on_delete=models.PROTECT, related_name="+")
    settled_at = models.DateTimeField("确定时间", auto_now=True)

    class Meta:
        verbose_name = "月报列对应"
        verbose_name_plural = "月报列对应"
        ordering = ["source"]

    def __str__(self) -> str:
        return self.source


class ReportUpload(models.Model):
    """月报文件: a table as it was read, what was decided about its rows, and what became of it."""

    class State(models.TextChoices):
        OPEN = "open", "待收入"
        TAKEN = "taken", "已收入"
        DROPPED = "dropped", "已放弃"

    name = models.CharField("文件名", max_length=120)
    sha256 = models.CharField(max_length=64)
    source = models.CharField("来源", max_length=60)
    sheet = models.CharField("工作表", max_length=60, blank=True)
    title = models.CharField("标题", max_length=200, blank=True)
    headings = models.JSONField("表头", default=list)
    fingerprint = models.CharField("表头指纹", max_length=64)
    rows = models.JSONField("行", default=list, help_text="每行：[行号, [单元格…]]")
    month = models.DateField("月份", null=True, blank=True)
    decisions = models.JSONField("逐行处理", default=dict, help_text="行号 → 项目、理由、跳过")
    state = models.CharField("状态", max_length=8, choices=State.choices, default=State.OPEN)
    result = models.JSONField("结果", default=dict)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="上传人", on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField("上传时间", auto_now_add=True)
    taken_at = models.DateTimeField("收入时间", null=True, blank=True)

    class Meta:
        verbose_name = "月报文件"
        verbose_name_plural = "月报文件"
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["sha256"], condition=~models.Q(state="dropped"), name="projects_upload_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def mapping(self) -> ReportMapping | None:
        return ReportMapping.objects.filter(fingerprint=self.fingerprint).first()
