"""The deputy grid 代表网格: for every grid its deputies by name, proposed from the data and confirmed by staff.

By residence means the village the home lies in, all of its grids: a roster must not say in which of them a deputy lives.
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.accounts.models import Role
from apps.deputies import merging
from apps.deputies.models import Deputy, Field
from apps.record.events import Event
from apps.record.staging import Merged, Stage, execute, query
from apps.territory.models import Grid

LOCK = 0x6765_6720


def take_turn() -> None:
    """The one lock under which rows are moved: a proposal touches hundreds of thousands, and nobody decides in between."""
    execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


class GridMemberQuerySet(models.QuerySet):
    def open(self):
        """All but the ended: what stands on the roster, waits for a decision, or was decided against."""
        return self.exclude(state=GridMember.State.ENDED)

    def confirmed(self):
        return self.filter(state=GridMember.State.CONFIRMED)

    def waiting(self):
        return self.filter(state=GridMember.State.PROPOSED)

    def under(self, code: str):
        """Of the grids of an area: of a town, of a village; everywhere when there is no code."""
        return self.filter(grid__village__code__startswith=area_prefix(code)) if code else self

    def visible_to(self, user):
        """Offices and leaders see the grids of their scope; a deputy those where he himself is confirmed."""
        if user.role == Role.DEPUTY:
            return self.confirmed().filter(deputy__user=user)
        return self.filter(grid__village__code__startswith=user.scope) if user.scope else self.none()

    def in_order(self):
        """As a roster names them: who lives there, who works there, who knows a field; then by code."""
        rank = models.Case(
            *(models.When(basis=basis, then=models.Value(place)) for place, basis in enumerate(GridMember.Basis.values))
        )
        return self.annotate(rank=rank).order_by("grid__code", "rank", "deputy__code")

    def merge_staged(self, stage: Stage) -> Merged:
        take_turn()
        wanted = merging.grid_members(stage)
        if moved := [pk for (pk,) in query(f"SELECT id FROM {wanted.name} WHERE fresh OR changed ORDER BY id")]:
            GridMemberEvent.objects.append_many(moved, "import")
        return wanted.merged()


def area_prefix(code: str) -> str:
    """What the codes of all villages of an area begin with: six digits of a county's code, nine of a town's, all of a village's."""
    return code[: 12 if code[9:] != "000" else 9 if code[6:9] != "000" else 6]


class GridMember(models.Model):
    """网格代表: one deputy at one grid, once, for the strongest reason there is. `fits`: the data still say so."""

    class Basis(models.TextChoices):
        RESIDENCE = "residence", "居住地"
        WORKPLACE = "workplace", "工作地"
        FIELD = "field", "工作领域"

    class State(models.TextChoices):
        PROPOSED = "proposed", "待确认"
        CONFIRMED = "confirmed", "已确认"
        DECLINED = "declined", "不采用"
        ENDED = "ended", "已结束"

    class Origin(models.TextChoices):
        DATA = "data", "按资料推荐"
        STAFF = "staff", "人工添加"

    grid = models.ForeignKey(Grid, verbose_name="网格", on_delete=models.PROTECT, related_name="members")
    deputy = models.ForeignKey(Deputy, verbose_name="代表", on_delete=models.PROTECT, related_name="grids")
    basis = models.CharField("依据", max_length=10, choices=Basis.choices)
    field = models.ForeignKey(
        Field, verbose_name="所需领域", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    origin = models.CharField("来源", max_length=6, choices=Origin.choices, default=Origin.DATA)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.PROPOSED)
    reason = models.CharField("理由", max_length=200, blank=True)
    fits = models.BooleanField("与资料相符", default=True)
    since = models.DateField("起始日期")
    until = models.DateField("结束日期", null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="确认人",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    decided_at = models.DateTimeField("确认时间", null=True, blank=True)

    objects = GridMemberQuerySet.as_manager()

    class Meta:
        verbose_name = "网格代表"
        verbose_name_plural = "网格代表"
        ordering = ["grid__code", "deputy__code"]
        constraints = [
            models.UniqueConstraint(
                fields=["grid", "deputy"], condition=~Q(state="ended"), name="deputies_gridmember_once"
            ),
            models.CheckConstraint(
                condition=Q(state="ended", until__isnull=False) | ~Q(state="ended") & Q(until=None),
                name="deputies_gridmember_ended",
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")), name="deputies_gridmember_order"
            ),
            models.CheckConstraint(condition=~Q(origin="staff") | ~Q(reason=""), name="deputies_gridmember_reason"),
        ]
        indexes = [models.Index(fields=["deputy", "state"], name="deputies_gridmember_deputy")]

    def __str__(self) -> str:
        return f"{self.grid} {self.deputy}"

    @property
    def because(self) -> str:
        """Why he stands here, in words that say nothing of where exactly he lives."""
        if self.basis == self.Basis.FIELD:
            return f"懂{self.field}" if self.field else "工作领域"
        return {"residence": "住在本村社", "workplace": "在本网格工作"}[self.basis]


class GridMemberEvent(Event):
    """网格代表经过: one move of one deputy at one grid."""

    subject = models.ForeignKey(GridMember, on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        verbose_name = "网格代表经过"
        verbose_name_plural = "网格代表经过"
