"""类别: what a case is about, as a tree of three levels. People choose the second; the third says it more closely.

The words of a category are how it is recognised before anybody has sorted a case here; of the first level they are the names that it had. Which of them belongs to the congress alone (courts
and procuratorates) is said in the tree, so that no list of units can lead such a matter to one.
"""

from collections.abc import Iterable

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from apps.record.events import Event

SOURCES = [("person", "工作人员确定"), ("machine", "系统识别"), ("reporter", "反映人选的"), ("", "未注明")]
"""Who said what a case is about. Only a person's word is learned from."""

LEVELS = [("deputy", "代表级"), ("town", "镇级"), ("county", "县级")]


class CategoryQuerySet(models.QuerySet):
    def offered(self):
        """The second level, in the order of the tree: what people choose from."""
        return self.filter(level=2, active=True).order_by("order")

    def under(self, codes: Iterable[str]):
        """These categories and all that lie below them."""
        codes = list(codes)
        return self.filter(Q(code__in=codes) | Q(parent__code__in=codes) | Q(parent__parent__code__in=codes))


class Category(models.Model):
    """One category. `level1` is the label of its first level, which groups lists and limits."""

    code = models.CharField("代码", max_length=30, unique=True)
    label = models.CharField("名称", max_length=40)
    level1 = models.CharField("一级类别", max_length=40)
    level = models.PositiveSmallIntegerField("层级", default=2, choices=[(1, "一级"), (2, "二级"), (3, "三级")])
    parent = models.ForeignKey("self", verbose_name="上级类别", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    order = models.PositiveSmallIntegerField("次序", default=0)
    words = ArrayField(models.CharField(max_length=20), verbose_name="识别用词", default=list, blank=True)
    handled_at = models.CharField("一般由哪一级办理", max_length=10, choices=LEVELS, blank=True, default="")
    lead_competence = models.CharField("一般由承担这项职能的单位主办", max_length=20, blank=True, default="", help_text="交办规则没有另定时")
    co_competences = ArrayField(models.CharField(max_length=20), verbose_name="一般由承担这些职能的单位会办", default=list, blank=True)
    congress_only = models.BooleanField("只由人大办理", default=False, help_text="法院、检察院的事，不转政府部门")
    active = models.BooleanField("在用", default=True, help_text="停用的不再供选、不再识别；已经是这一类的民情件不变")
    version = models.PositiveIntegerField("修订号", default=0)

    objects = CategoryQuerySet.as_manager()

    class Meta:
        verbose_name = "类别"
        verbose_name_plural = "类别"
        ordering = ["order", "pk"]
        constraints = [models.CheckConstraint(condition=Q(level=1, parent=None) | (~Q(level=1) & Q(parent__isnull=False)), name="cases_category_parent")]

    def __str__(self) -> str:
        return self.label


class CategoryEvent(Event):
    """类别经过: one change of a category."""

    subject = models.ForeignKey(Category, verbose_name="类别", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "类别经过"
        verbose_name_plural = "类别经过"
