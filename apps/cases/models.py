"""民情件: what a resident reported, where, who holds it now and until when. District, term and grid are pinned when it is filed."""

import datetime as dt
import json
import uuid
from collections.abc import Collection
from dataclasses import asdict, dataclass

from django.conf import settings
from django.contrib.gis.db import models
from django.contrib.gis.db.models.functions import Transform
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.indexes import GinIndex, GistIndex
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import Role
from apps.accounts.perms import Permission, allowed
from apps.cases import crossing, merging
from apps.cases.taxonomy import SOURCES, Category
from apps.deputies.models import Deputy, Station
from apps.deputies.reception import ReceptionDay
from apps.organisations.models import Organisation
from apps.record.codes import new_code
from apps.record.events import Event, EventQuerySet
from apps.record.sealing import seal, unseal
from apps.record.staging import Merged, Stage
from apps.territory.models import AdminArea, Doorplate, ElectoralDistrict, Grid
from apps.worktime.due import edges

OPEN_STATES = ("with_deputy", "with_town", "with_county", "with_dispatcher", "with_unit")
UNCOUNTED_STATES = ("merged", "split", "withdrawn")


class CaseNumber(models.Func):
    """The next 民情件编号, year and running number, drawn by the database so that two who file at once never get the same."""

    function = "cases_next_code"
    output_field = models.CharField()


class CaseQuerySet(models.QuerySet):
    def open(self):
        # Named one by one, not by excluding the others: so the index on state serves it.
        return self.filter(state__in=OPEN_STATES)

    def counted(self):
        """Every matter once: what was merged into another case, split into several or withdrawn is not one of its own."""
        return self.exclude(state__in=UNCOUNTED_STATES)

    def overdue(self, today: dt.date):
        return self.open().filter(due_on__lt=today)

    def due_soon(self, today: dt.date):
        """Not late yet, and due within `SOON` working days."""
        return self.open().filter(edges(today).matching("soon"))

    def very_late(self, today: dt.date):
        return self.open().filter(edges(today).matching("very_late"))

    def visible_to(self, user, *, towns: Collection[int] | None = None):
        """A deputy sees his own and his group's, a town office its town, a unit what it leads or joins in, the dispatcher what reached
        the government side, the county office and leaders their whole scope (DOMAIN: who sees what). towns: keys of the areas in the
        user's scope where they are known, so that the planner knows how many rows they have."""
        if user.role == Role.DEPUTY:
            seen = Deputy.objects.filter(Q(user=user) | Q(group__members__user=user))
            return self.filter(deputy__in=seen.values("pk"))
        if user.role == Role.UNIT:
            return self.filter(Q(organisation__in=user.organisations.values("pk")) | _joined(user))
        if user.role == Role.DISPATCHER:
            return self.filter(dispatched_at__isnull=False)
        if not user.scope:
            return self.none()
        return self.filter(town__in=AdminArea.objects.visible_to(user).values("pk") if towns is None else towns)

    def handled_by(self, user):
        """Cases that this user holds, standing still or not. The dispatcher also holds for units that do not log in, or that nobody
        can log in for."""
        state = Case.State
        if user.role == Role.UNIT:
            return self.filter(organisation__in=user.organisations.values("pk"), state=state.WITH_UNIT)
        visible = self.visible_to(user)
        if user.role == Role.DEPUTY:
            return visible.filter(state=state.WITH_DEPUTY, deputy__user=user)
        if user.role == Role.DISPATCHER:
            return visible.filter(Q(state=state.WITH_DISPATCHER) | _silent_lead())
        mine = {Role.TOWN_OFFICE: state.WITH_TOWN, Role.COUNTY_OFFICE: state.WITH_COUNTY}
        return visible.filter(state=mine[user.role]) if user.role in mine else self.none()

    def waiting_for(self, user):
        """Cases whose next move is this user's: what he holds and what does not stand still, opinions that his unit is asked for, and,
        of the dispatcher, units that ask for more time."""
        running = self.filter(paused_at=None)
        if user.role == Role.UNIT:
            mine = Q(organisation__in=user.organisations.values("pk"))
            return running.filter(mine | _joined(user, asked=True), state=Case.State.WITH_UNIT)
        if user.role == Role.DISPATCHER:
            asking = Q(state=Case.State.WITH_UNIT, extension_days__isnull=False)
            return running.visible_to(user).filter(Q(state=Case.State.WITH_DISPATCHER) | _silent_lead() | asking)
        return running.handled_by(user)

    def followed(self, code: str):
        """The case behind a follow code."""
        return self.filter(follow_code=code).as_followed()

    def as_followed(self):
        """With no more than a resident's page shows: the public role may read no more."""
        return self.select_related("town", "village", "deputy", "organisation", "station", "category").only(*FOLLOWED)

    def merge_staged(self, stage: Stage) -> Merged:
        return merging.cases(stage, CaseEvent)


def speaking_units():
    """Units that answer by themselves; for all others the dispatcher enters what they say."""
    return Organisation.objects.standing().filter(logs_in=True, members__is_active=True)


def _silent_lead() -> Q:
    return Q(state=Case.State.WITH_UNIT) & ~Q(organisation__in=speaking_units().values("pk"))


class _AmongThese(models.Func):
    """id = ANY (ARRAY (SELECT …)): unlike IN (SELECT …) it lets the planner join two indexes where it stands beside another condition."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    output_field = models.BooleanField()


def _joined(user, *, asked: bool = False) -> Q:
    """Cases that the user's units join in; asked: only where their opinion is still wanted."""
    joining = CoHandler.objects.filter(withdrawn=False, organisation__in=user.organisations.values("pk"))
    return Q(_AmongThese(models.F("pk"), ArraySubquery((joining.asked() if asked else joining).values("case"))))


FOLLOWED = (
    "code", "follow_code", "reopened", "paused_at", "pause_reason", "parent", "merged_into", "revision", "level", "unrated", "category__label", "category__level1", "town__level", "text", "place", "state", "submitted_at", "due_on", "answered_at", "answer", "town__name", "town__has_congress", "village__name", "deputy__name",
    "organisation__name", "organisation__short_name", "organisation__closed_on", "station__name", "station__address", "station__phone",
)  # fmt: skip


class Case(models.Model):
    class State(models.TextChoices):
        WITH_DEPUTY = "with_deputy", "代表办理中"
        WITH_TOWN = "with_town", "镇人大、街道工委办理中"
        WITH_COUNTY = "with_county", "县人大常委会工委办理中"
        WITH_DISPATCHER = "with_dispatcher", "县政府办待交办"
        WITH_UNIT = "with_unit", "承办单位办理中"
        ANSWERED = "answered", "已答复"
        CLOSED = "closed", "已办结"
        MERGED = "merged", "已合并办理"
        SPLIT = "split", "已拆分办理"
        WITHDRAWN = "withdrawn", "已撤回或不予受理"

    class Channel(models.TextChoices):
        SCAN = "scan", "扫码"
        WEB = "web", "网页"
        STATION = "station", "联络站接待"
        VISIT = "visit", "代表走访"
        LETTER = "letter", "来信"
        PHONE = "phone", "来电"

    class Level(models.TextChoices):
        DEPUTY = "deputy", "代表级"
        TOWN = "town", "镇级"
        COUNTY = "county", "县级"

    class Result(models.TextChoices):
        SOLVED = "A", "A 已经解决"
        PLANNED = "B", "B 列入计划解决"
        LIMITED = "C", "C 受条件限制，作解释说明"
        REFERENCE = "D", "D 留作参考"

    code = models.CharField("民情件编号", max_length=30, unique=True, db_default=CaseNumber())
    follow_code = models.CharField("查询码", max_length=30, unique=True, default=new_code, help_text="只给反映人")
    submission = models.UUIDField(unique=True, default=uuid.uuid4, help_text="浏览器生成：同一次提交只收一次")
    text = models.TextField("内容", max_length=2000)
    category = models.ForeignKey(Category, verbose_name="类别", null=True, blank=True, on_delete=models.PROTECT, related_name="cases")
    channel = models.CharField("渠道", max_length=12, choices=Channel.choices)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="代录入", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    place = models.CharField("地点描述", max_length=120, blank=True)
    point = models.PointField("位置", srid=4326)
    point_3857 = models.GeneratedField(expression=Transform("point", 3857), output_field=models.PointField(srid=3857, spatial_index=False), db_persist=True)
    doorplate = models.ForeignKey(Doorplate, verbose_name="门牌", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    town = models.ForeignKey(AdminArea, verbose_name="乡镇街道", on_delete=models.PROTECT, related_name="+", help_text="不设乡镇的县填县")
    village = models.ForeignKey(AdminArea, verbose_name="村社", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    grid = models.ForeignKey(Grid, verbose_name="网格", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    county_district = models.ForeignKey(ElectoralDistrict, verbose_name="县级选区", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    township_district = models.ForeignKey(ElectoralDistrict, verbose_name="乡级选区", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField("状态", max_length=20, choices=State.choices)
    level = models.CharField("分级", max_length=10, choices=Level.choices, default=Level.DEPUTY)
    deputy = models.ForeignKey(Deputy, verbose_name="受理代表", null=True, blank=True, on_delete=models.PROTECT, related_name="cases")
    deputy_reason = models.CharField("受理理由", max_length=120, blank=True)
    station = models.ForeignKey(Station, verbose_name="联络站", null=True, blank=True, on_delete=models.PROTECT, related_name="cases")
    organisation = models.ForeignKey(Organisation, verbose_name="承办单位", null=True, blank=True, on_delete=models.PROTECT, related_name="cases")
    accuracy_m = models.FloatField("定位误差（米）", null=True, blank=True, help_text="空：门牌的位置，或在地图上标的")
    datum = models.CharField("换算前的坐标系", max_length=8, blank=True, default="", help_text="空：WGS 84，未换算")
    reception = models.ForeignKey(ReceptionDay, verbose_name="接待日", null=True, blank=True, on_delete=models.PROTECT, related_name="cases")
    scanned = models.CharField("所扫的码", max_length=120, blank=True, default="", help_text="自编码，或 发码单位/编号")
    hide_name = models.BooleanField("不公开姓名", default=True)
    submitted_at = models.DateTimeField("提交时间", default=timezone.now)
    dispatched_at = models.DateTimeField("转县政府办时间", null=True, blank=True)
    due_on = models.DateField("本环节期限", null=True, blank=True)
    answered_at = models.DateTimeField("答复时间", null=True, blank=True)
    answer = models.TextField("答复", max_length=2000, blank=True)
    answered_late = models.BooleanField("逾期答复", default=False)
    revision = models.PositiveIntegerField("修订号", default=0, help_text="每办一步加一：两个人同时办，后一个会知道")
    reopened = models.PositiveSmallIntegerField("重办次数", default=0)
    paused_at = models.DateTimeField("暂停时间", null=True, blank=True)
    pause_reason = models.CharField("等反映人补充什么", max_length=300, blank=True, default="")
    parent = models.ForeignKey("self", verbose_name="拆自", null=True, blank=True, on_delete=models.PROTECT, related_name="parts")
    merged_into = models.ForeignKey("self", verbose_name="并入", null=True, blank=True, on_delete=models.PROTECT, related_name="merged")
    signed_at = models.DateTimeField("签收时间", null=True, blank=True)
    contacted_at = models.DateTimeField("首次联系反映人", null=True, blank=True)
    reminded = models.PositiveSmallIntegerField("催办次数", default=0)
    reminded_at = models.DateTimeField("最近催办", null=True, blank=True)
    overseen_on = models.DateField("督办日期", null=True, blank=True)
    oversight = models.CharField("督办决定", max_length=300, blank=True, default="")
    joint = models.BooleanField("列入联席会议", default=False)
    result = models.CharField("办理结果", max_length=1, choices=Result.choices, blank=True, default="")
    unrated = models.BooleanField("未评价办结", default=False, help_text="评价期满没有评价；不算满意")
    extension_days = models.PositiveSmallIntegerField("申请延期（工作日）", null=True, blank=True)
    # --- columns of other subjects, each in its own migration: DB-level SET DEFAULT there, since rows also come in by SQL -------------
    subcategory = models.ForeignKey(Category, verbose_name="三级类别", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    category_source = models.CharField("类别由谁定", max_length=10, choices=SOURCES, blank=True, default="")
    category_confidence = models.FloatField("识别把握", null=True, blank=True, help_text="0 到 1；只在系统识别时有")
    level_proposed = models.CharField("建议分级", max_length=10, choices=Level.choices, blank=True, default="")
    level_reason = models.CharField("建议分级的理由", max_length=120, blank=True, default="")

    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name = "民情件"
        verbose_name_plural = "民情件"
        ordering = ["-submitted_at", "-pk"]
        indexes = [
            GistIndex("point_3857", name="cases_case_3857"),
            # With what lists are narrowed by: counts and far pages are read from it alone.
            models.Index(fields=["-submitted_at", "-id"], include=["town", "state", "deputy", "organisation", "category", "channel", "dispatched_at", "due_on", "reminded", "reopened"], name="cases_case_newest"),
            models.Index(fields=["state", "due_on"], name="cases_case_due"),
            models.Index(fields=["deputy", "state"], name="cases_case_deputy"),
            models.Index(fields=["organisation", "state"], name="cases_case_organisation"),
            models.Index(fields=["town", "-submitted_at"], name="cases_case_town"),
            models.Index(fields=["due_on", "id"], name="cases_case_due_first"),
            models.Index(fields=["-overseen_on"], condition=Q(overseen_on__isnull=False), name="cases_case_overseen"),
            models.Index(fields=["-submitted_at"], condition=Q(joint=True), name="cases_case_joint"),
            GinIndex(fields=["text"], opclasses=["gin_trgm_ops"], name="cases_case_text"),
        ]
        constraints = [
            # An empty point passes validity; China's bounding box refuses it, and swapped axes with it.
            models.CheckConstraint(condition=Q(point__coveredby="SRID=4326;POLYGON((73 3, 136 3, 136 54, 73 54, 73 3))"), name="cases_case_in_china"),
            models.CheckConstraint(condition=~Q(state="with_unit") | Q(organisation__isnull=False), name="cases_case_unit_named"),
            models.CheckConstraint(condition=~Q(state="with_deputy") | Q(deputy__isnull=False) | Q(station__isnull=False), name="cases_case_deputy_named"),
            models.CheckConstraint(condition=Q(state="merged", merged_into__isnull=False) | (~Q(state="merged") & Q(merged_into=None)), name="cases_case_merged"),
            models.CheckConstraint(condition=Q(paused_at=None, pause_reason="") | (Q(paused_at__isnull=False) & ~Q(pause_reason="")), name="cases_case_paused"),
            models.CheckConstraint(condition=Q(paused_at=None) | Q(state__in=OPEN_STATES), name="cases_case_paused_open"),
        ]

    def __str__(self) -> str:
        return f"民情件 {self.code}"

    def holder(self) -> str:
        """Who has it now, in plain words; never nobody."""
        return {
            self.State.WITH_DEPUTY: f"{self.deputy}代表" if self.deputy else "联络站",
            self.State.WITH_TOWN: f"{self.town}{'人大' if self.town.has_congress else '人大工委'}",
            self.State.WITH_COUNTY: "县人大常委会工委",
            self.State.WITH_DISPATCHER: "县政府办公室",
            self.State.WITH_UNIT: str(self.organisation) if self.organisation else "承办单位",
            self.State.ANSWERED: "已答复，随整件评价" if self.parent_id else "已答复，等反映人评价",
            self.State.CLOSED: "已办结",
            self.State.MERGED: "与另一件一并办理",
            self.State.SPLIT: "已分成几件，分别办理",
            self.State.WITHDRAWN: "已撤回或不予受理",
        }[self.State(self.state)]

    def where(self) -> str:
        """The place in words: what was said of it, and the areas it lies in unless it begins with them."""
        if self.place.startswith(self.town.name):
            return self.place
        return " · ".join(part for part in (f"{self.town.name}{self.village.name if self.village else ''}", self.place) if part)

    def held_by(self, user) -> bool:
        """Whether this user holds it."""
        return Case.objects.handled_by(user).filter(pk=self.pk).exists()

    def main(self) -> "Case":
        """The case that this one goes on in: the one it was merged into, else itself."""
        return Case.objects.as_followed().get(pk=self.merged_into_id) if self.merged_into_id else self

    def reporter_for(self, user) -> "Reporter | None":
        """Who reported, for the current holder only. A hidden name is known to the congress, never to the government side."""
        if not allowed(user, Permission.SEE_REPORTERS_CONTACT) or not self.held_by(user):
            return None
        contact = ReporterContact.objects.filter(case=self.parent_id or self.pk).first()  # a part's reporter is the whole's
        if contact is None:
            return None
        reporter = contact.opened()
        congress = user.role in (Role.DEPUTY, Role.TOWN_OFFICE, Role.COUNTY_OFFICE)
        return reporter if congress or not self.hide_name else Reporter(name="", phone=reporter.phone)


@dataclass(frozen=True)
class Reporter:
    """Who reported and how to tell them; either may be empty."""

    name: str
    phone: str


class ReporterContact(models.Model):
    """How to tell the reporter, encrypted at rest. The public role may add a row and read none."""

    case = models.OneToOneField(Case, primary_key=True, on_delete=models.CASCADE, related_name="reporter")
    sealed = models.BinaryField("密文")

    class Meta:
        verbose_name = "反映人联系方式"
        verbose_name_plural = "反映人联系方式"

    def __str__(self) -> str:
        return f"{self.case}的联系方式"

    @staticmethod
    def seal(reporter: Reporter) -> bytes:
        return seal(json.dumps(asdict(reporter), ensure_ascii=False).encode())

    def opened(self) -> Reporter:
        """In the clear: only for the case's current holder (`Case.reporter_for`)."""
        return Reporter(**json.loads(unseal(bytes(self.sealed))))


class BorderAnswer(models.Model):
    """选区确认: near a border the reporter was asked where he is registered. The public role may add a row and read none."""

    class Reply(models.TextChoices):
        CHOSEN = "chosen", "选了"
        UNSURE = "unsure", "不清楚"
        SILENT = "silent", "没有回答"

    case = models.OneToOneField(Case, verbose_name="民情件", primary_key=True, on_delete=models.CASCADE, related_name="border_answer")
    reply = models.CharField("回答", max_length=8, choices=Reply.choices)
    offered = models.JSONField("可选的选区", help_text="由近到远；每项有 codes、name、metres，0 米的是位置所在的")
    chosen = models.PositiveSmallIntegerField("选了第几项", null=True, blank=True)
    margin_m = models.FloatField("离边界（米）")

    class Meta:
        verbose_name = "选区确认"
        verbose_name_plural = "选区确认"
        constraints = [models.CheckConstraint(condition=Q(reply="chosen", chosen__isnull=False) | (~Q(reply="chosen") & Q(chosen__isnull=True)), name="cases_borderanswer_chosen")]

    def __str__(self) -> str:
        return f"{self.case}的选区确认"

    @property
    def words(self) -> str:
        """What was asked and answered, for those who work on the case."""
        answer, nearest = self.get_reply_display(), self.offered[0]
        here = f"按位置是“{nearest['name']}”" if nearest["metres"] == 0 else "按位置不在任何选区"
        if self.chosen is not None:
            answer = f"登记在“{self.offered[self.chosen]['name']}”"
        offered = "、".join(f"“{side['name']}”" for side in self.offered)
        return f"位置离选区边界约 {self.margin_m:.0f} 米，{here}；问过登记在哪个选区（{offered}），反映人{answer}。"


class CaseEventQuerySet(EventQuerySet):
    def append(self, subject: Case, verb: str, **said) -> "CaseEvent":
        """As every event; and the other zone, where there is one, is to hear of it."""
        event = super().append(subject, verb, **said)
        crossing.posted(event)
        return event


class CaseEvent(Event):
    """One move of a case. The database refuses to change it."""

    TELLS_STATE = True
    subject = models.ForeignKey(Case, verbose_name="民情件", on_delete=models.PROTECT, related_name="events")

    objects = CaseEventQuerySet.as_manager()

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "民情件经过"
        verbose_name_plural = "民情件经过"

    def __str__(self) -> str:
        return f"{self.subject} {self.verb}"


# Other models of this room, in files of their own.
from apps.cases import (  # noqa: E402, F401
    answer_photos,
    clocks,
    desks,
    escalation_rules,
    linked,
    parties,
    publishing,
    ratings,
    reports,
    rules,
    tellings,
    thread,
    untold,
    versions,
)
from apps.cases.parties import CoHandler, Joiner  # noqa: E402, F401
from apps.cases.ratings import Rating  # noqa: E402, F401
