"""交办规则: which unit leads on what, in rules that people can read, try and change.

The first that fits decides; where none does, the category itself says whose matter it generally is (`Category.lead_competence`).
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from apps.cases.taxonomy import LEVELS, Category
from apps.organisations.competence import named
from apps.organisations.models import Organisation
from apps.record.events import Event
from apps.territory.models import AdminArea


class RoutingRuleQuerySet(models.QuerySet):
    def standing(self):
        """Those in force, in the order in which they are asked, with what they name."""
        named = ("category__parent__parent", "lead", "town")
        return self.filter(active=True).select_related(*named).prefetch_related("co_handlers").defer("town__geom", "town__geom_3857").order_by("order", "pk")


class RoutingRule(models.Model):
    """类别、用词、地点 → 主办和会办. What is left empty fits everything. The lead is a unit, or whichever unit has a competence."""

    order = models.PositiveIntegerField("次序", help_text="小的先问")
    category = models.ForeignKey(Category, verbose_name="类别", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    words = ArrayField(models.CharField(max_length=20), verbose_name="内容里有其中一个词", default=list, blank=True)
    town = models.ForeignKey(AdminArea, verbose_name="乡镇街道", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    lead = models.ForeignKey(Organisation, verbose_name="主办单位", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    lead_competence = models.CharField("由承担这项职能的单位主办", max_length=20, blank=True, default="")
    co_handlers = models.ManyToManyField(Organisation, verbose_name="会办单位", blank=True, related_name="+")
    co_competences = ArrayField(models.CharField(max_length=20), verbose_name="由承担这些职能的单位会办", default=list, blank=True)
    level = models.CharField("分级", max_length=10, choices=LEVELS, blank=True, default="", help_text="空：按类别和内容")
    reason = models.CharField("依据", max_length=200, blank=True, default="")
    active = models.BooleanField("启用", default=True)
    version = models.PositiveIntegerField("修订号", default=0)

    objects = RoutingRuleQuerySet.as_manager()

    class Meta:
        verbose_name = "交办规则"
        verbose_name_plural = "交办规则"
        ordering = ["order", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(lead__isnull=False, lead_competence="") | (Q(lead=None) & ~Q(lead_competence="")), name="cases_routingrule_one_lead"),
        ]

    def __str__(self) -> str:
        return f"{self.condition()}：{self.lead or self.competence}主办"

    @property
    def competence(self) -> str:
        return named([self.lead_competence]) if self.lead_competence else ""

    def condition(self) -> str:
        """When it fits, in words."""
        said = [f"类别是{self.category}"] if self.category else []
        said += [f"写到{'、'.join(f'“{word}”' for word in self.words)}"] if self.words else []
        said += [f"在{self.town.name}"] if self.town else []
        return "，".join(said) or "其余的"


class RuleEvent(Event):
    """交办规则经过: one change of a rule."""

    subject = models.ForeignKey(RoutingRule, verbose_name="交办规则", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "交办规则经过"
        verbose_name_plural = "交办规则经过"
