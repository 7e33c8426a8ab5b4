"""The one way in: what was imported, from which file, and every row that was refused with its reason."""

from django.conf import settings
from django.db import models


class ImportBatch(models.Model):
    class Status(models.TextChoices):
        DONE = "done", "已导入"
        REFUSED = "refused", "未导入"
        REHEARSED = "rehearsed", "试运行"

    layer = models.CharField("图层", max_length=20)
    file_name = models.CharField("文件名", max_length=200)
    sha256 = models.CharField("文件指纹", max_length=64)
    crs = models.CharField("坐标系", max_length=40)
    encoding = models.CharField("编码", max_length=20, blank=True)
    status = models.CharField("结果", max_length=10, choices=Status.choices)
    message = models.TextField("说明", blank=True)
    rows_read = models.PositiveIntegerField("读到", default=0)
    inserted = models.PositiveIntegerField("新增", default=0)
    updated = models.PositiveIntegerField("更新", default=0)
    unchanged = models.PositiveIntegerField("未变", default=0)
    rejected = models.PositiveIntegerField("拒收", default=0)
    started_at = models.DateTimeField("开始", auto_now_add=True)
    seconds = models.FloatField("用时(秒)", default=0)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="操作人", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = "导入批次"
        verbose_name_plural = "导入批次"
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"{self.file_name} → {self.layer}"


class RejectedRow(models.Model):
    batch = models.ForeignKey(ImportBatch, verbose_name="批次", on_delete=models.CASCADE, related_name="rejected_rows")
    row = models.PositiveIntegerField("行号")
    reason = models.CharField("原因", max_length=300)
    data = models.JSONField("内容", default=dict)

    class Meta:
        verbose_name = "拒收的行"
        verbose_name_plural = "拒收的行"
        ordering = ["batch", "row"]

    def __str__(self) -> str:
        return f"第 {self.row} 行：{self.reason}"
