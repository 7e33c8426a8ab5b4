"""Codes on cards and at stations' doors: 码上提. A deputy's opens his page, /p/CODE; a station's opens the station's, /d/CODE."""

from typing import Self

from django.db import models
from django.db.models import Q

from apps.deputies.models import Deputy, Station
from apps.record.events import Event
from apps.record.issued import IssuedCode, IssuedCodeQuerySet, ScanCount


class DeputyCodeQuerySet(IssuedCodeQuerySet):
    def visible_to(self, user) -> Self:
        return self.filter(deputy__in=Deputy.objects.visible_to(user))


class DeputyCode(IssuedCode):
    """代表码: on a deputy's card. Whoever comes after him may take his code over: the code is then replaced by the successor's."""

    deputy = models.ForeignKey(Deputy, verbose_name="代表", on_delete=models.PROTECT, related_name="codes")

    objects = DeputyCodeQuerySet.as_manager()

    class Meta(IssuedCode.Meta):
        abstract = False
        verbose_name = "代表码"
        verbose_name_plural = "代表码"
        ordering = ["-pk"]
        constraints = [
            *IssuedCode.Meta.constraints,
            models.UniqueConstraint(fields=["deputy"], condition=Q(status="active"), name="deputies_deputycode_one_each"),
        ]


class DeputyCodeEvent(Event):
    """One move of a deputy's code. The database refuses to change it."""

    subject = models.ForeignKey(DeputyCode, verbose_name="代表码", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "代表码经过"
        verbose_name_plural = "代表码经过"


class DeputyScan(ScanCount):
    """Scans of a deputy's code on a day."""

    subject = models.ForeignKey(DeputyCode, verbose_name="代表码", on_delete=models.PROTECT, related_name="scans")

    class Meta(ScanCount.Meta):
        abstract = False
        verbose_name = "代表码扫码次数"
        verbose_name_plural = "代表码扫码次数"


class StationCodeQuerySet(IssuedCodeQuerySet):
    def visible_to(self, user) -> Self:
        return self.filter(station__in=Station.objects.visible_to(user))


class StationCode(IssuedCode):
    """联络站码: at a station's door."""

    station = models.ForeignKey(Station, verbose_name="联络站", on_delete=models.PROTECT, related_name="codes")

    objects = StationCodeQuerySet.as_manager()

    class Meta(IssuedCode.Meta):
        abstract = False
        verbose_name = "联络站码"
        verbose_name_plural = "联络站码"
        ordering = ["-pk"]
        constraints = [
            *IssuedCode.Meta.constraints,
            models.UniqueConstraint(fields=["station"], condition=Q(status="active"), name="deputies_stationcode_one_each"),
        ]


class StationCodeEvent(Event):
    """One move of a station's code. The database refuses to change it."""

    subject = models.ForeignKey(StationCode, verbose_name="联络站码", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "联络站码经过"
        verbose_name_plural = "联络站码经过"


class StationScan(ScanCount):
    """Scans of a station's code on a day."""

    subject = models.ForeignKey(StationCode, verbose_name="联络站码", on_delete=models.PROTECT, related_name="scans")

    class Meta(ScanCount.Meta):
        abstract = False
        verbose_name = "联络站码扫码次数"
        verbose_name_plural = "联络站码扫码次数"
