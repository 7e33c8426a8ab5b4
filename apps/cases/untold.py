"""Moves made where nobody can be told: the public role knows no users, so it leaves a row, and a job in the office tells of it."""

from django.db import models

from apps.cases.models import CaseEvent


class Untold(models.Model):
    """待通知: an event that its holder is yet to be told of. Gone when told."""

    event = models.OneToOneField(CaseEvent, verbose_name="经过", primary_key=True, on_delete=models.CASCADE, related_name="untold")

    class Meta:
        verbose_name = "待通知"
        verbose_name_plural = "待通知"

    def __str__(self) -> str:
        return f"待通知：{self.event}"
