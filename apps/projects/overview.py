"""How a county's projects stand together: sums by level, kind, stage, town, unit or field, as the published lists have them."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection
from django.db.models import QuerySet

from apps.deputies.models import Field
from apps.organisations.models import Organisation
from apps.projects.models import KeyProject, tone_of
from apps.projects.templatetags.projects import money
from apps.territory.models import AdminArea


@dataclass(frozen=True)
class Grouping:
    """One way to group: `key` in SQL over the project (k) or its standing (st); `filter` is the list's own; labels by key."""

    label: str
    key: str
    filter: str
    labels: Callable[[list], dict]


def _choices(choices) -> Callable[[list], dict]:
    return lambda keys: {value: (value, label) for value, label in choices}


GROUPINGS = {
    "level": Grouping("级别", "k.level", "level", _choices(KeyProject.Level.choices)),
    "kind": Grouping("建设性质", "k.kind", "kind", _choices(KeyProject.Kind.choices)),
    "stage": Grouping("状态", "st.stage", "stage", _choices(KeyProject.Stage.choices)),
    "town": Grouping("乡镇街道", "k.town_id::text", "town", lambda keys: {str(pk): (code, name) for pk, code, name in AdminArea.objects.filter(pk__in=keys).values_list("pk", "code", "name")}),
    "unit": Grouping(
        "责任单位", "k.responsible_id::text", "unit",
        lambda keys: {str(pk): (code, f"{short or name}{'（已撤销）' if closed else ''}") for pk, code, name, short, closed in Organisation.objects.filter(pk__in=keys).values_list("pk", "code", "name", "short_name", "closed_on")},
    ),
    "field": Grouping("领域", "k.field_id::text", "field", lambda keys: {str(pk): (code, label) for pk, code, label in Field.objects.filter(pk__in=keys).values_list("pk", "code", "label")}),
}  # fmt: skip


@dataclass(frozen=True)
class Sums:
    """Of some projects. Money in 万元; `spent` only of those whose last report is of the year of `month`."""

    value: str  # what the list's filter takes; empty for all together
    label: str
    projects: int
    total: Decimal
    plan: Decimal
    spent: Decimal
    silent: int  # with a plan for the year, but no money reported in it
    fresh: int  # 新建
    begun: int  # of the 新建
    stages: dict[str, int]
    good: int
    due: int
    late: int
    month: dt.date | None  # of the newest money report of all

    @property
    def rate(self) -> float | None:
        """年度投资完成率, percent."""
        return float(100 * self.spent / self.plan) if self.plan and self.month else None

    @property
    def pace(self) -> float | None:
        """序时进度, percent: how much of the year was over by the end of `month`."""
        return 100 * self.month.month / 12 if self.month else None

    @property
    def ahead(self) -> float | None:
        """Percentage points that the money is ahead of the calendar."""
        return None if self.rate is None or self.pace is None else self.rate - self.pace

    @property
    def begun_rate(self) -> float | None:
        """开工率, percent of the 新建."""
        return 100 * self.begun / self.fresh if self.fresh else None

    # In words, as the page's figures have them.

    @property
    def pace_words(self) -> str:
        gap = abs(self.ahead or 0)
        standing = "与序时进度持平" if gap < 0.05 else f"{'快' if self.ahead > 0 else '慢'} {gap:.1f} 个百分点"
        return f"到 {self.month.month} 月底序时 {self.pace:.1f}%，{standing}"

    @property
    def pace_tone(self) -> str:
        return tone_of(None if self.ahead is None else -self.ahead)

    @property
    def spent_words(self) -> str:
        said = f"本年完成 {money(self.spent)}"
        return f"{said}，{self.silent} 个没有报投资" if self.silent else said

    @property
    def begun_words(self) -> str:
        return f"{self.fresh} 个新建，已开工 {self.begun} 个"

    @property
    def late_words(self) -> str:
        return f"略慢 {self.due} 个，按计划 {self.good} 个"

    @property
    def late_tone(self) -> str:
        return "late" if self.late else "good"


def sums(rows: QuerySet[KeyProject], by: str) -> tuple[Sums, list[Sums]]:
    """All of the projects together, and by group, largest plans first. One query (and one for the groups' names).

    Raw SQL: grouping sets.
    """
    grouping = GROUPINGS[by]
    chosen, params = rows.order_by().values("pk").query.sql_with_params()
    stages = ", ".join(f"count(*) FILTER (WHERE stage = '{value}')" for value in KeyProject.Stage.values)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH each AS (
                SELECT {grouping.key} AS key, st.stage, k.kind, k.investment_total, k.investment_year, st.money_month AS month, st.invested_year, st.tone
                FROM projects_keyproject k LEFT JOIN projects_standing st ON st.project_id = k.id WHERE k.id IN ({chosen})
            ), newest AS (SELECT max(month) AS month FROM each),
            known AS (SELECT e.*, CASE WHEN date_trunc('year', e.month) = date_trunc('year', n.month) THEN e.invested_year END AS spent FROM each e, newest n)
            SELECT grouping(key), key, count(*), sum(investment_total), sum(investment_year), sum(spent), count(*) FILTER (WHERE investment_year > 0 AND spent IS NULL),
                count(*) FILTER (WHERE kind = 'new'), count(*) FILTER (WHERE kind = 'new' AND stage IN ('building', 'finished', 'suspended')), {stages},
                count(*) FILTER (WHERE tone = 'good'), count(*) FILTER (WHERE tone = 'due'), count(*) FILTER (WHERE tone = 'late'), (SELECT month FROM newest)
            FROM known GROUP BY GROUPING SETS ((key), ())
            """,
            params,
        )
        found = cursor.fetchall()
    keys = [key for whole, key, *_ in found if not whole and key is not None]
    labels = grouping.labels([int(key) for key in keys] if by in ("town", "unit", "field") else keys)
    together = next(_sums("", "合计", numbers) for whole, _, *numbers in found if whole)
    groups = [_sums(*labels.get(key, ("", "未登记")), numbers) for whole, key, *numbers in found if not whole]
    return together, sorted(groups, key=lambda group: (-group.plan, -group.total, group.label))


def _sums(value: str, label: str, numbers) -> Sums:
    count, total, plan, spent, silent, fresh, begun, *rest = numbers
    stages = dict(zip(KeyProject.Stage.values, rest, strict=False))
    good, due, late, month = rest[len(stages) :]
    return Sums(value, label, count, total or Decimal(0), plan or Decimal(0), spent or Decimal(0), silent, fresh, begun, stages, good, due, late, month)
