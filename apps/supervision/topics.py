"""Topics 监督事项: what deputies supervise. A key project is one by itself; other matters bring their own title, place and body."""

from collections.abc import Iterable
from typing import Any

from django.contrib.gis.db import models
from django.contrib.gis.geos import Point
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.urls import reverse

from apps.accounts.models import Role
from apps.deputies.models import Deputy, Field
from apps.organisations.models import Organisation
from apps.projects.models import KeyProject
from apps.record.events import Event
from apps.record.staging import Merged, Stage, execute
from apps.supervision import merging_topics
from apps.supervision.models import Team
from apps.territory.models import AdminArea

NEEDED = ("own_code", "own_site", "own_demand", "own_experts")
# A key project speaks for itself, so that its topic says nothing; any other topic says at least these.
SILENT = {"own_title": "", **dict.fromkeys((*NEEDED, "own_field", "own_town", "own_responsible", "own_owner"))}
SPOKEN = {"own_title__gt": "", **{f"{name}__isnull": False for name in NEEDED}}


CODE = Coalesce("project__code", "own_code")


class TopicQuerySet(models.QuerySet):
    def of_projects(self, projects: Iterable[KeyProject]):
        """The topics of these projects; those without one get it now. Safe when two ask at once."""
        keys = projects.values_list("pk", flat=True) if isinstance(projects, models.QuerySet) else [project.pk for project in projects]
        # One statement: looking for what is missing and adding it must not be two for whoever asks at the same time.
        execute(
            """
            INSERT INTO supervision_topic (kind, project_id, text, own_title) SELECT 'project', p.id, '', '' FROM unnest(%s) p (id)
            WHERE NOT EXISTS (SELECT FROM supervision_topic t WHERE t.project_id = p.id) ON CONFLICT (project_id) DO NOTHING
            """,
            [list(keys)],
        )
        return self.filter(project__in=keys)

    def with_facts(self):
        """Everything the uniform properties read, in this query; shapes that are only drawn stay behind."""
        left = [
            *(f"project__{name}" for name in ("geom", "geom_3857")),
            *(f"{town}__{shape}" for town in ("project__town", "own_town") for shape in ("geom", "geom_3857")),
        ]
        return self.select_related(
            "project__field", "project__town", "project__responsible", "project__owner", "own_field", "own_town", "own_responsible", "own_owner"
        ).defer(*left)

    def by_code(self):
        return self.order_by(CODE)

    def current(self, year: int):
        """What is supervised in a year: key projects, and the matters of that year or of no year; no drafts."""
        return self.filter(Q(kind=Topic.Kind.PROJECT) | Q(year=year) | Q(year=None), draft="")

    def settled(self):
        """Those that are supervised or may be: no drafts."""
        return self.filter(draft="")

    def drafted(self):
        """Drafts that the office has not decided on, the latest first."""
        return self.filter(draft=Topic.Draft.OPEN).order_by("-pk")

    def named(self, words: str):
        """Those whose code or title contains the words."""
        own = Q(own_title__icontains=words) | Q(own_code__icontains=words)
        return self.filter(own | Q(project__name__icontains=words) | Q(project__code__icontains=words))

    def in_town(self, code: str):
        """Those whose site lies in the town; the code is compared by its first nine digits."""
        return self.filter(Q(project__town__code__startswith=code[:9]) | Q(own_town__code__startswith=code[:9]))

    def of_field(self, code: str):
        return self.filter(Q(project__field__code=code) | Q(own_field__code=code))

    def supervised_by(self, deputy: Deputy):
        """Those that the list in force gives to the deputy."""
        return self.filter(teams__in=Team.objects.in_force().filter(members__deputy=deputy)).distinct()

    def visible_to(self, user):
        """Every signed-in user may see what is supervised; a unit those it owns or answers for; drafts are the county office's and the
        leaders'."""
        if user.role in (Role.COUNTY_OFFICE, Role.LEADER):
            return self
        if user.role != Role.UNIT:
            return self.settled()
        mine = Organisation.objects.filter(members=user).values("pk")
        held = [f"{source}{name}__in" for source in ("project__", "own_") for name in ("responsible", "owner")]
        return self.settled().filter(Q(*((name, mine) for name in held), _connector=Q.OR))

    def merge_staged(self, stage: Stage) -> Merged:
        return merging_topics.topics(stage)


class Topic(models.Model):
    """监督事项. The `own_…` columns are empty for a key project, which is asked instead: nothing is stored twice."""

    class Kind(models.TextChoices):
        PROJECT = "project", "重点项目"
        LIVELIHOOD = "livelihood", "民生实事项目"
        SUGGESTION = "suggestion", "重点督办建议"
        CONCERN = "concern", "群众关切问题"

    class Draft(models.TextChoices):
        OPEN = "open", "草稿"
        DECLINED = "declined", "不采用"

    kind = models.CharField("类别", max_length=10, choices=Kind.choices)
    project = models.OneToOneField(KeyProject, verbose_name="重点项目", null=True, blank=True, on_delete=models.PROTECT, related_name="topic")
    year = models.PositiveSmallIntegerField("年度", null=True, blank=True)
    text = models.CharField("内容", max_length=1000, blank=True)
    own_code = models.CharField("事项编号", max_length=30, null=True, blank=True, unique=True)  # NULL, not "": many projects have none
    own_title = models.CharField("事项名称", max_length=80, blank=True)
    own_site = models.PointField("地点", srid=4326, null=True, blank=True)
    own_field = models.ForeignKey(Field, verbose_name="领域", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    own_town = models.ForeignKey(AdminArea, verbose_name="所在乡镇街道", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    own_responsible = models.ForeignKey(Organisation, verbose_name="责任单位", null=True, blank=True, on_delete=models.PROTECT, related_name="responsible_topics")
    own_owner = models.ForeignKey(Organisation, verbose_name="实施单位", null=True, blank=True, on_delete=models.PROTECT, related_name="owned_topics")
    own_demand = models.PositiveSmallIntegerField("监督小组人数", null=True, blank=True)
    own_experts = models.PositiveSmallIntegerField("须懂行人数", null=True, blank=True)
    # With a default in the database: rows also come in by SQL.
    draft = models.CharField("草稿", max_length=10, choices=Draft.choices, blank=True, default="", db_default="", help_text="由研判起草的，核对后才纳入监督；空：不是草稿")
    origin_key = models.CharField("由来代号", max_length=40, null=True, blank=True, unique=True, help_text="如 hotspot:12，同一处只起草一次")
    origin_words = models.CharField("由来", max_length=200, blank=True, default="", db_default="")
    origin_url = models.CharField("由来的页面", max_length=120, blank=True, default="", db_default="")

    objects = TopicQuerySet.as_manager()

    class Meta:
        verbose_name = "监督事项"
        verbose_name_plural = "监督事项"
        ordering = [CODE]
        constraints = [
            models.CheckConstraint(condition=Q(kind="project", project__isnull=False, **SILENT) | (~Q(kind="project") & Q(project=None, **SPOKEN)), name="supervision_topic_told_once"),
            models.CheckConstraint(condition=Q(own_experts__lte=F("own_demand")), name="supervision_topic_experts"),
            models.CheckConstraint(condition=Q(own_demand__lte=5), name="supervision_topic_demand"),
        ]

    def __str__(self) -> str:
        return self.title

    def _told(self, name: str) -> Any:
        return getattr(self.project, name) if self.project_id else getattr(self, f"own_{name}")

    @property
    def code(self) -> str:
        return self._told("code")

    @property
    def title(self) -> str:
        return self.project.name if self.project_id else self.own_title

    @property
    def site(self) -> Point:
        """The one point that distances are measured to; lon/lat degrees."""
        return self._told("site")

    @property
    def field(self) -> Field | None:
        return self._told("field")

    @property
    def field_id(self) -> int | None:
        return self._told("field_id")

    @property
    def town(self) -> AdminArea | None:
        return self._told("town")

    @property
    def town_id(self) -> int | None:
        return self._told("town_id")

    @property
    def responsible(self) -> Organisation | None:
        return self._told("responsible")

    @property
    def owner(self) -> Organisation | None:
        return self._told("owner")

    @property
    def demand(self) -> int:
        """How many deputies its team should have."""
        return self._told("demand")

    @property
    def experts(self) -> int:
        """How many of them should know the field."""
        return self._told("experts")

    @property
    def bodies(self) -> set[int]:
        """Ids of every organisation with a stake in it: owner, responsible, contractors."""
        return self.recused()

    def recused(self, responsible: bool = True, contractors: bool = True) -> set[int]:
        """Ids of the organisations with a stake in it, whose deputies stay away: always the owner; also, unless told otherwise, the others."""
        found = {self._told("owner_id"), self._told("responsible_id") if responsible else None}
        if contractors and self.project_id:
            found |= {one.pk for one in self.project.contractors.all()}
        return found - {None}

    @property
    def description(self) -> str:
        return self.text or (self.project.summary if self.project_id else "")

    @property
    def url(self) -> str:
        return reverse("project_detail", args=[self.project.code]) if self.project_id else reverse("topic_detail", args=[self.pk])


class TopicEvent(Event):
    """One change of a topic by hand. The database refuses to change it."""

    subject = models.ForeignKey(Topic, verbose_name="监督事项", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "监督事项经过"
        verbose_name_plural = "监督事项经过"

    def __str__(self) -> str:
        return f"{self.subject} {self.verb}"


def supervises(deputy: Deputy, topic: Topic) -> bool:
    """Whether the list in force gives the topic to the deputy."""
    return Topic.objects.filter(pk=topic.pk).supervised_by(deputy).exists()
