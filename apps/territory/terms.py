"""Terms 届: five years of one congress, first a draft, then published; and what a draft would change against the term before.

A draft is in force nowhere, whatever its dates: finding, tiles and exports ask for published terms only. Several drafts (方案) of
one term may stand side by side until one is published; the others are then set aside.
"""

import datetime as dt

from django.conf import settings
from django.contrib.gis.db import models
from django.db import connection
from django.db.models import F, Q

from apps.record.events import Event


class TermQuerySet(models.QuerySet):
    def published(self):
        return self.filter(state=Term.State.PUBLISHED)

    def drafts(self):
        return self.filter(state=Term.State.DRAFT)

    def current(self, on: dt.date):
        return self.published().filter(starts__lte=on, ends__gt=on)

    def visible_to(self, user):
        """Offices see the congresses of their scope; the county's own lies in no town's scope."""
        return self.filter(congress__code__startswith=user.scope) if user.scope else self.none()


class Term(models.Model):
    """届: one congress's five years (地方组织法). Districts and mandates are bound to it."""

    class Level(models.TextChoices):
        PROVINCE = "province", "省级"
        CITY = "city", "市级"
        COUNTY = "county", "县级"
        TOWNSHIP = "township", "乡级"

    class State(models.TextChoices):
        DRAFT = "draft", "草案"
        PUBLISHED = "published", "已公布"
        SET_ASIDE = "set_aside", "未采用"

    congress = models.ForeignKey("territory.AdminArea", verbose_name="人民代表大会", on_delete=models.PROTECT, related_name="terms")
    level = models.CharField("层级", max_length=10, choices=Level.choices)
    number = models.PositiveSmallIntegerField("届次")
    starts = models.DateField("起")
    ends = models.DateField("止")
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.PUBLISHED)
    plan = models.CharField("方案", max_length=20, blank=True, help_text="同一届有几个草案时的名称")
    seats = models.PositiveSmallIntegerField("核定名额", null=True, blank=True, help_text="选举法第十三条：县级由省级、乡级由县级人大常委会确定")
    approval = models.CharField("批准依据", max_length=120, blank=True)
    approved_on = models.DateField("批准日期", null=True, blank=True)
    published_at = models.DateTimeField("公布时间", null=True, blank=True)

    objects = TermQuerySet.as_manager()

    class Meta:
        verbose_name = "届"
        verbose_name_plural = "届"
        ordering = ["level", "congress__code", "number", "plan"]
        constraints = [
            models.UniqueConstraint(fields=["congress", "number", "plan"], condition=~Q(state="set_aside"), name="territory_term_once"),
            models.UniqueConstraint(fields=["congress", "number"], condition=Q(state="published"), name="territory_term_published_once"),
            models.CheckConstraint(condition=Q(ends__gt=F("starts")), name="territory_term_order"),
        ]

    def __str__(self) -> str:
        return f"{self.congress.name}第{self.number}届人民代表大会"

    @property
    def label(self) -> str:
        """With the name of the draft where there is one: 浦南县第18届（方案二）."""
        return f"{self.congress.name}第{self.number}届" + (f"（{self.plan}）" if self.plan else "")

    def before(self) -> "Term | None":
        """The published term that this one follows; None for a congress's first."""
        return Term.objects.published().filter(congress=self.congress_id, number__lt=self.number).order_by("-number").first()

    def fingerprint(self) -> str:
        """Of all that its districts say: two equal ones mean the same districts.

        Raw SQL: the polygons stay in the database.
        """
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT coalesce(md5(string_agg(concat_ws('|', d.code, d.number, d.name, d.seats, d.basis, d.population, md5(ST_AsBinary(d.geom)),
                       (SELECT string_agg(e.organisation_id::text, ',' ORDER BY e.organisation_id) FROM territory_electoraldistrict_employers e
                        WHERE e.electoraldistrict_id = d.id)), ';' ORDER BY d.code)), '') FROM territory_electoraldistrict d WHERE d.term_id = %s""",
                [self.pk],
            )
            return str(cursor.fetchone()[0])


class TermEvent(Event):
    """届的经过: a term published, taken back, its seats determined. The database refuses to change it."""

    subject = models.ForeignKey(Term, verbose_name="届", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "届的经过"
        verbose_name_plural = "届的经过"

    def __str__(self) -> str:
        return f"{self.subject} {self.verb}"


class TurnoverReviewQuerySet(models.QuerySet):
    def waiting(self):
        return self.filter(state__in=(TurnoverReview.State.QUEUED, TurnoverReview.State.RUNNING))

    def done(self):
        return self.filter(state=TurnoverReview.State.DONE)


class TurnoverReview(models.Model):
    """换届比对: a draft held against another set of districts, doorplate by doorplate.

    result: what the pages show, see `apps.matching.turnover`. fingerprint: of all it was computed from; another one now means that
    the data have changed since.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "排队中"
        RUNNING = "running", "计算中"
        DONE = "done", "已算成"
        FAILED = "failed", "未算成"

    term = models.ForeignKey(Term, verbose_name="届", on_delete=models.CASCADE, related_name="reviews")
    base = models.ForeignKey(Term, verbose_name="对照", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    state = models.CharField("状态", max_length=8, choices=State.choices, default=State.QUEUED)
    progress = models.PositiveSmallIntegerField("进度%", default=0)
    progress_note = models.CharField("进度说明", max_length=200, blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="提出人", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField("提出时间", auto_now_add=True)
    finished_at = models.DateTimeField("算成时间", null=True, blank=True)
    fingerprint = models.CharField("数据指纹", max_length=64, blank=True)
    result = models.JSONField("结果", default=dict)

    objects = TurnoverReviewQuerySet.as_manager()

    class Meta:
        verbose_name = "换届比对"
        verbose_name_plural = "换届比对"
        ordering = ["-requested_at", "-pk"]
        indexes = [models.Index(fields=["term", "base", "-requested_at"], name="territory_review_latest")]

    def __str__(self) -> str:
        return f"{self.term.label}对{self.base.label if self.base else '（无）'}"


class DistrictChange(models.Model):
    """门牌改属: a doorplate that changes district between the two sets of a review. None: in no district."""

    review = models.ForeignKey(TurnoverReview, verbose_name="换届比对", on_delete=models.CASCADE, related_name="changes")
    doorplate = models.ForeignKey("territory.Doorplate", verbose_name="门牌", on_delete=models.CASCADE, related_name="+")
    old = models.ForeignKey("territory.ElectoralDistrict", verbose_name="原选区", null=True, on_delete=models.CASCADE, related_name="+")
    new = models.ForeignKey("territory.ElectoralDistrict", verbose_name="新选区", null=True, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = "门牌改属"
        verbose_name_plural = "门牌改属"
        ordering = ["pk"]
        indexes = [models.Index(fields=["review", "old", "new"], name="territory_change_pair")]

    def __str__(self) -> str:
        return f"{self.doorplate_id}: {self.old_id} → {self.new_id}"
