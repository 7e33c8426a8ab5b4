"""门牌码: what a code on a door leads to, whoever issued it.

Plates already hang there: an `Issuer` says how its QR text is read, an imported `IssuedPlate` which doorplate an id belongs to.
Where there is none, or a house has no plate at all, we issue a `PlateCode` of our own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Literal, Self
from unicodedata import normalize
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.contrib.gis.db import models
from django.db.models import Q

from apps.record.codes import read_signed
from apps.record.events import Event
from apps.record.issued import IssuedCode, IssuedCodeQuerySet, ScanCount
from apps.record.staging import Merged, Stage
from apps.territory import plate_merging
from apps.territory.patterns import LONGEST_TEXT, read_id
from apps.territory.remembered import Remembered

IN_CHINA = Q(point__coveredby="SRID=4326;POLYGON((73 3, 136 3, 136 54, 73 54, 73 3))")


class IssuerQuerySet(models.QuerySet):
    def merge_staged(self, stage: Stage) -> Merged:
        return plate_merging.issuers(stage)


class Issuer(models.Model):
    """发码单位: who hung up plates before us, and the rule by which the id is read out of their QR text."""

    slug = models.SlugField("代号", max_length=20, unique=True, help_text="用在网址 /d/代号/编号 里：小写字母、数字和连字符")
    name = models.CharField("名称", max_length=60)
    pattern = models.CharField("规则", max_length=300)
    example = models.CharField("示例", max_length=300, help_text="任意一块门牌扫出来的全部文字")
    hung = models.BooleanField("牌子已挂在门上", default=True, help_text="挂了牌的门，成批发码时不再另发；只有编号没有牌子的（如标准地址编码）请不要勾")
    active = models.BooleanField("启用", default=True)

    objects = IssuerQuerySet.as_manager()

    class Meta:
        verbose_name = "发码单位"
        verbose_name_plural = "发码单位"
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.name


class IssuerEvent(Event):
    """One change of an issuer's rule. The database refuses to change it."""

    subject = models.ForeignKey(Issuer, verbose_name="发码单位", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "发码单位经过"
        verbose_name_plural = "发码单位经过"


class IssuedPlateQuerySet(models.QuerySet):
    def leading_to(self, issuer: str, external_id: str) -> "IssuedPlate | None":
        """The plate of an issuer (slug) with that id, as long as both are in use."""
        return self._one(Q(issuer__slug=_askable(issuer), external_id=_askable(external_id)))

    def read(self, text: str) -> "IssuedPlate | None":
        """The plate whose QR says this text, by whichever issuer's rule fits it. Always one query.

        Rules of two issuers may fit one text; then the lists decide, and when those name two doors nobody guesses. A text that no
        rule fits may be the number itself, typed off the plate.
        """
        typed = _askable("".join(normalize("NFKC", text).split()).upper())
        ids = list(_ids(text)) or [(slug, typed) for slug, _ in _rules.current()]
        fits = [Q(issuer__slug=slug, external_id=found) for slug, found in ids] or [Q(issuer__slug="", external_id="")]
        return self._one(reduce(or_, fits))

    def _one(self, asked: Q) -> "IssuedPlate | None":
        rows = list(self.filter(asked, status=IssuedPlate.Status.ACTIVE, issuer__active=True).select_related("issuer", "doorplate")[:9])
        return rows[0] if len({row.doorplate_id for row in rows}) == 1 else None

    def merge_staged(self, stage: Stage) -> Merged:
        return plate_merging.plates(stage)


class IssuedPlate(models.Model):
    """外部门牌码: one entry of an issuer's list: its id leads to a doorplate."""

    class Status(models.TextChoices):
        ACTIVE = "active", "在用"
        RETIRED = "retired", "停用"

    issuer = models.ForeignKey(Issuer, verbose_name="发码单位", on_delete=models.PROTECT, related_name="plates")
    external_id = models.CharField("编号", max_length=80)
    doorplate = models.ForeignKey("territory.Doorplate", verbose_name="门牌", on_delete=models.PROTECT, related_name="issued_plates")
    status = models.CharField("状态", max_length=8, choices=Status.choices, default=Status.ACTIVE)

    objects = IssuedPlateQuerySet.as_manager()

    class Meta:
        verbose_name = "外部门牌码"
        verbose_name_plural = "外部门牌码"
        ordering = ["issuer", "external_id"]
        constraints = [models.UniqueConstraint(fields=["issuer", "external_id"], name="territory_issuedplate_once")]

    def __str__(self) -> str:
        return f"{self.issuer} {self.external_id}"


class LongWork(models.Model):
    """Work that takes minutes: a page shows how far it is; it can be stopped, and begun again where it stopped."""

    class State(models.TextChoices):
        QUEUED = "queued", "排队中"
        RUNNING = "running", "进行中"
        DONE = "done", "已完成"
        CANCELLED = "cancelled", "已取消"
        FAILED = "failed", "未完成"

    area = models.ForeignKey("territory.AdminArea", verbose_name="范围", on_delete=models.PROTECT, related_name="+")
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.QUEUED)
    total = models.PositiveIntegerField("总数", default=0)
    done = models.PositiveIntegerField("已做", default=0)
    note = models.CharField("说明", max_length=200, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="经手人", null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField("开始时间", auto_now_add=True)
    finished_at = models.DateTimeField("结束时间", null=True, blank=True)

    class Meta:
        abstract = True
        ordering = ["-pk"]

    @property
    def at_work(self) -> bool:
        return self.state in (self.State.QUEUED, self.State.RUNNING)

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total if self.total else 0


class ScopedQuerySet(models.QuerySet):
    """Rows that belong to an area."""

    def visible_to(self, user) -> Self:
        return self.filter(area__code__startswith=user.scope) if user.scope else self.none()


class CodeBatch(LongWork):
    """发码批次: own codes for all doorplates of an area that have none."""

    objects = ScopedQuerySet.as_manager()

    class Meta(LongWork.Meta):
        abstract = False
        verbose_name = "发码批次"
        verbose_name_plural = "发码批次"

    def __str__(self) -> str:
        return f"第 {self.pk} 批 {self.area}"


class CodeBatchEvent(Event):
    """One move of a batch. The database refuses to change it."""

    subject = models.ForeignKey(CodeBatch, verbose_name="发码批次", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "发码批次经过"
        verbose_name_plural = "发码批次经过"


class PrintRun(LongWork):
    """印制单: sheets of the codes of a batch or of an area, as PDF files in one archive."""

    class Which(models.TextChoices):
        NEW = "new", "还没有印过的"
        ALL = "all", "全部在用的"

    batch = models.ForeignKey(CodeBatch, verbose_name="发码批次", null=True, blank=True, on_delete=models.PROTECT, related_name="print_runs")
    layout = models.CharField("版式", max_length=12)
    which = models.CharField("哪些码", max_length=4, choices=Which.choices, default=Which.NEW)
    site = models.CharField("网址", max_length=200, help_text="印进二维码，后面接 /d/ 和码")

    objects = ScopedQuerySet.as_manager()

    class Meta(LongWork.Meta):
        abstract = False
        verbose_name = "印制单"
        verbose_name_plural = "印制单"

    def __str__(self) -> str:
        return f"第 {self.pk} 号印制单 {self.area}"


class PrintRunEvent(Event):
    """One move of a print run. The database refuses to change it."""

    subject = models.ForeignKey(PrintRun, verbose_name="印制单", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "印制单经过"
        verbose_name_plural = "印制单经过"


COUNTY_DIGITS = 6


def in_scope(user) -> Q:
    """Doors in a user's scope: by their town; by their village where there are no towns (龙港市); what lies in neither belongs to the county."""
    if not user.scope:
        return Q(pk=None)
    inside = Q(town__code__startswith=user.scope) | Q(town=None, village__code__startswith=user.scope)
    return inside | Q(town=None, village=None) if len(user.scope) <= COUNTY_DIGITS else inside


class PlateCodeQuerySet(IssuedCodeQuerySet):
    def visible_to(self, user) -> Self:
        return self.filter(in_scope(user))

    def within(self, area) -> Self:
        """Codes of doors in a town or village; of the whole county for any area above."""
        columns = {"town": "town", "village": "village"}
        return self.filter(**{columns[area.level]: area}) if area.level in columns else self


class PlateCode(IssuedCode):
    """门牌码: an own code on a door. It leads to a doorplate, or, for a house without one, to a point described in words."""

    doorplate = models.ForeignKey("territory.Doorplate", verbose_name="门牌", null=True, blank=True, on_delete=models.PROTECT, related_name="codes")
    words = models.CharField("地点描述", max_length=200, blank=True)
    point = models.PointField("位置", srid=4326, null=True, blank=True, spatial_index=False)
    town = models.ForeignKey("territory.AdminArea", verbose_name="乡镇街道", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    village = models.ForeignKey("territory.AdminArea", verbose_name="村社", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    batch = models.ForeignKey(CodeBatch, verbose_name="发码批次", null=True, blank=True, on_delete=models.PROTECT, related_name="codes")

    objects = PlateCodeQuerySet.as_manager()

    class Meta(IssuedCode.Meta):
        abstract = False
        verbose_name = "门牌码"
        verbose_name_plural = "门牌码"
        ordering = ["-pk"]
        constraints = [
            *IssuedCode.Meta.constraints,
            models.CheckConstraint(
                condition=Q(doorplate__isnull=False, words="", point__isnull=True) | (Q(doorplate__isnull=True, point__isnull=False) & ~Q(words="") & IN_CHINA),
                name="territory_platecode_place",
            ),
            models.UniqueConstraint(fields=["doorplate"], condition=Q(status="active"), name="territory_platecode_one_a_door"),
        ]
        indexes = [models.Index(fields=["town", "-id"], name="territory_platecode_town")]

    @property
    def place(self):
        """The point it leads to."""
        return self.doorplate.point if self.doorplate_id else self.point

    @property
    def place_words(self) -> str:
        return self.doorplate.address if self.doorplate_id else self.words


class PlateCodeEvent(Event):
    """One move of a code. The database refuses to change it."""

    subject = models.ForeignKey(PlateCode, verbose_name="门牌码", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "门牌码经过"
        verbose_name_plural = "门牌码经过"


class PlateScan(ScanCount):
    """Scans of an own code on a day."""

    subject = models.ForeignKey(PlateCode, verbose_name="门牌码", on_delete=models.PROTECT, related_name="scans")

    class Meta(ScanCount.Meta):
        abstract = False
        verbose_name = "扫码次数"
        verbose_name_plural = "扫码次数"


class IssuedPlateScan(ScanCount):
    """Scans of an issuer's plate on a day."""

    subject = models.ForeignKey(IssuedPlate, verbose_name="外部门牌码", on_delete=models.PROTECT, related_name="scans")

    class Meta(ScanCount.Meta):
        abstract = False
        verbose_name = "外部门牌码扫码次数"
        verbose_name_plural = "外部门牌码扫码次数"


@dataclass(frozen=True, eq=False)
class Scanned:
    """What a scanned or typed text says. `own`: an active code of ours, `plate`; `issued`: an issuer's, `issued`; `deputy`: a
    deputy's page was scanned, `code`; `unknown`: neither. `code`: the signed code in it, which may be a station's or a deputy's: ask
    their tables, with "" too, so that no answer takes longer than another."""

    kind: Literal["own", "issued", "deputy", "unknown"]
    code: str = ""
    plate: PlateCode | None = None
    issued: IssuedPlate | None = None

    @property
    def doorplate(self):
        """The doorplate it leads to; None for a house without one, and where it leads to no door."""
        found = self.plate or self.issued
        return found.doorplate if found else None


def read_scanned(text: str) -> Scanned:
    """What a text leads to. Two queries whatever it says; nothing in it is ever fetched or followed, only read."""
    text = text.strip()[: LONGEST_TEXT + 1]
    door, code, listed = _ours(text)
    plate = PlateCode.objects.select_related("doorplate").leading_to(code if door != "p" else "")
    issued = IssuedPlate.objects.leading_to(*listed) if listed else IssuedPlate.objects.read(text)
    signed = read_signed(code) or ""
    if plate:
        return Scanned("own", plate.code, plate=plate)
    if issued:
        return Scanned("issued", issued=issued)
    return Scanned("deputy" if door == "p" and signed else "unknown", signed)


def _ours(text: str) -> tuple[str, str, tuple[str, str] | None]:
    """Of an address of this site, /d/CODE, /p/CODE or /d/ISSUER/ID: door, code, (issuer, id). Any other text may be a typed code.

    On which host it stands does not matter: sites move, plates stay; the signature tells whether a code is ours.
    """
    try:
        parts = [unquote(part) for part in urlsplit(text).path.split("/") if part] if "/" in text else []
    except ValueError:
        parts = []
    if len(parts) >= 3 and parts[-3] == "d":
        return "d", "", (parts[-2], parts[-1])
    if len(parts) >= 2 and parts[-2] in ("d", "p"):
        return parts[-2], parts[-1], None
    return "", text, None


def _askable(text: str) -> str:
    """What the database can be asked for: no control characters, no halves of characters."""
    return text if text.isprintable() else ""


def _read_rules() -> list[tuple[str, str]]:
    return list(Issuer.objects.filter(active=True).values_list("slug", "pattern"))


_rules = Remembered(("issuer",), _read_rules)


def _ids(text: str) -> Iterator[tuple[str, str]]:
    """(issuer's slug, id) for every rule that fits the text."""
    for slug, pattern in _rules.current():
        if found := read_id(pattern, text):
            yield slug, _askable(found)
