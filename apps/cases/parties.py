"""Who shares in a case besides its holder and its reporter: units that join in, and residents who met the same problem."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.cases.models import Case
from apps.organisations.models import Organisation
from apps.record.codes import new_code


class CoHandlerQuerySet(models.QuerySet):
    def asked(self):
        """Those whose opinion is still wanted."""
        return self.filter(withdrawn=False, opinion_at=None)


class CoHandler(models.Model):
    """会办单位: a unit that joins in, and its opinion; the one that answers is 主办单位, `Case.organisation`."""

    case = models.ForeignKey(Case, verbose_name="民情件", on_delete=models.CASCADE, related_name="joining")
    organisation = models.ForeignKey(Organisation, verbose_name="会办单位", on_delete=models.PROTECT, related_name="cases_joined")
    added_at = models.DateTimeField("加入时间", default=timezone.now)
    due_on = models.DateField("会办期限", null=True, blank=True)
    opinion = models.TextField("会办意见", max_length=1000, blank=True)
    opinion_at = models.DateTimeField("提出时间", null=True, blank=True)
    withdrawn = models.BooleanField("已撤出", default=False)

    objects = CoHandlerQuerySet.as_manager()

    class Meta:
        verbose_name = "民情件会办单位"
        verbose_name_plural = "民情件会办单位"
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["case", "organisation"], condition=Q(withdrawn=False), name="cases_cohandler_once")]

    def __str__(self) -> str:
        return str(self.organisation)


class Joiner(models.Model):
    """共同反映人: somebody who met the same problem, with a follow code of his own. The public role may add one and read no contact."""

    case = models.ForeignKey(Case, verbose_name="民情件", on_delete=models.PROTECT, related_name="joiners")
    follow_code = models.CharField("查询码", max_length=30, unique=True, default=new_code)
    submission = models.UUIDField(unique=True, default=uuid.uuid4, help_text="浏览器生成：同一次提交只收一次")
    words = models.TextField("补充", max_length=500, blank=True)
    contact = models.BinaryField("联系方式密文", blank=True, default=b"")
    joined_at = models.DateTimeField("加入时间", default=timezone.now)
    told = models.BooleanField("已告知结果", default=False)

    class Meta:
        verbose_name = "共同反映人"
        verbose_name_plural = "共同反映人"
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.case}的共同反映人"
