"""诉求记录: what was told elsewhere, on the 12345 hotline and its like, and taken in here. Only redacted text is ever kept.

The order stays its owner's: its number and state are noted, and a case and its order point at each other (`workflow.link`).
"""

from django.conf import settings
from django.contrib.gis.db import models
from django.contrib.postgres.indexes import GinIndex
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import Role
from apps.cases.models import Case
from apps.cases.taxonomy import Category
from apps.organisations.models import Organisation
from apps.record.events import Event
from apps.territory.models import AdminArea
from gis_data.streams import row_words


class Source(models.Model):
    """来源: where records come from, and how its tables are to be read.

    mapping: column heading -> field (`columns.FIELDS`), settled once by a person; state_words: its word for a state -> `Record.State`."""

    class Kind(models.TextChoices):
        HOTLINE = "hotline", "12345热线"
        BOARD = "board", "领导留言板"
        STATION = "station", "联络站记录"
        MEETING = "meeting", "会议意见"
        OTHER = "other", "其他"

    class Crs(models.TextChoices):
        WGS84 = "wgs84", "WGS 84、CGCS2000"
        GCJ02 = "gcj02", "GCJ-02（高德、腾讯）"
        BD09 = "bd09", "BD-09（百度）"

    code = models.SlugField("代码", max_length=30, unique=True, help_text="用在接口地址里：小写字母、数字、短横线")
    name = models.CharField("名称", max_length=40, unique=True)
    kind = models.CharField("种类", max_length=10, choices=Kind.choices)
    channel = models.CharField("渠道", max_length=20, blank=True, default="", help_text="表里没有渠道这一列时用")
    mapping = models.JSONField("列的对应", default=dict, blank=True)
    state_words = models.JSONField("状态用词", default=dict, blank=True)
    folder = models.CharField("收件文件夹", max_length=60, blank=True, default="", help_text="INTAKE_DIR 下的文件夹名；空：不看文件夹")
    pushers = models.JSONField("可推送的接口密钥", default=list, blank=True, help_text="接口密钥的名称")
    crs = models.CharField("坐标系", max_length=8, choices=Crs.choices, default=Crs.WGS84)
    is_open = models.BooleanField("接收", default=True)

    class Meta:
        verbose_name = "诉求来源"
        verbose_name_plural = "诉求来源"
        ordering = ["kind", "code"]
        constraints = [models.UniqueConstraint(fields=["folder"], condition=~Q(folder=""), name="hotline_source_folder")]

    def __str__(self) -> str:
        return self.name


class SourceEvent(Event):
    """诉求来源经过: made, its columns settled, opened or closed."""

    subject = models.ForeignKey(Source, verbose_name="诉求来源", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "诉求来源经过"
        verbose_name_plural = "诉求来源经过"


class IntakeQuerySet(models.QuerySet):
    def unfinished(self):
        return self.filter(state__in=(Intake.State.WAITING, Intake.State.RUNNING, Intake.State.FAILED))


class Intake(models.Model):
    """接收批次: one file, or one day's pushes, on its way in. `cursor`: rows done, where it goes on after a restart."""

    class State(models.TextChoices):
        WAITING = "waiting", "待确定列"
        RUNNING = "running", "接收中"
        DONE = "done", "已接收"
        FAILED = "failed", "未完成"
        CANCELLED = "cancelled", "已取消"

    class Way(models.TextChoices):
        UPLOAD = "upload", "上传"
        FOLDER = "folder", "文件夹"
        COMMAND = "command", "命令"
        PUSH = "push", "接口推送"

    source = models.ForeignKey(Source, verbose_name="来源", on_delete=models.PROTECT, related_name="intakes")
    way = models.CharField("方式", max_length=8, choices=Way.choices, default=Way.UPLOAD)
    file_name = models.CharField("文件名", max_length=120)
    sha256 = models.CharField("文件摘要", max_length=64, blank=True, default="", help_text="加密钥的摘要：认出同一个文件，查不回内容")
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.WAITING)
    fault = models.CharField("没有完成的原因", max_length=300, blank=True, default="")
    total = models.PositiveIntegerField("行数", null=True, blank=True, help_text="空：还没有数过")
    cursor = models.PositiveIntegerField("已处理到第几行", default=0)
    read = models.PositiveIntegerField("读了", default=0)
    taken = models.PositiveIntegerField("新收", default=0)
    changed = models.PositiveIntegerField("更新", default=0)
    unchanged = models.PositiveIntegerField("没有变化", default=0)
    refused = models.PositiveIntegerField("没读懂", default=0)
    linked = models.PositiveIntegerField("关联民情件", default=0)
    unlocated = models.PositiveIntegerField("没有定位", default=0)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="谁接收的", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField("收到时间", default=timezone.now)
    started_at = models.DateTimeField("开始时间", null=True, blank=True)
    finished_at = models.DateTimeField("结束时间", null=True, blank=True)

    objects = IntakeQuerySet.as_manager()

    class Meta:
        verbose_name = "接收批次"
        verbose_name_plural = "接收批次"
        ordering = ["-pk"]
        indexes = [models.Index(fields=["state"], name="hotline_intake_state"), models.Index(fields=["source", "sha256"], name="hotline_intake_same")]

    def __str__(self) -> str:
        return f"{self.source} {self.file_name}"


class IntakeEvent(Event):
    """接收批次经过: begun, gone on with, done, cancelled."""

    TELLS_STATE = True
    subject = models.ForeignKey(Intake, verbose_name="接收批次", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "接收批次经过"
        verbose_name_plural = "接收批次经过"


class IntakePiece(models.Model):
    """接收密文: a piece of the file as it came, sealed (`record.sealing`); gone when the intake is done or cancelled."""

    intake = models.ForeignKey(Intake, verbose_name="接收批次", on_delete=models.CASCADE, related_name="pieces")
    number = models.PositiveIntegerField("序号")
    sealed = models.BinaryField("密文")

    class Meta:
        verbose_name = "接收密文"
        verbose_name_plural = "接收密文"
        constraints = [models.UniqueConstraint(fields=["intake", "number"], name="hotline_piece_once")]

    def __str__(self) -> str:
        return f"{self.intake_id}/{self.number}"


class IntakeProblem(models.Model):
    """没读懂的行: which row and field of an intake, and why; never what the row says. refused: the whole row was left out."""

    intake = models.ForeignKey(Intake, verbose_name="接收批次", on_delete=models.CASCADE, related_name="problems")
    row = models.PositiveIntegerField("行号")
    field = models.CharField("栏目", max_length=20, blank=True)
    reason = models.CharField("原因", max_length=120)
    refused = models.BooleanField("整行没有收", default=True)

    class Meta:
        verbose_name = "没读懂的行"
        verbose_name_plural = "没读懂的行"
        ordering = ["row", "pk"]
        indexes = [models.Index(fields=["intake", "row"], name="hotline_problem_row")]

    def __str__(self) -> str:
        return f"{self.place}：{self.reason}"

    @property
    def place(self) -> str:
        """The row's number, with its sheet where there are several."""
        return row_words(self.row)


class RecordQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Of the towns in the user's scope; what could not be located only to those who see the whole county."""
        if not user.scope or user.role in (Role.DEPUTY, Role.UNIT):
            return self.none()
        if AdminArea.objects.filter(level=AdminArea.Level.COUNTY, code__startswith=user.scope).exists():
            return self
        return self.filter(town__in=AdminArea.objects.visible_to(user).values("pk"))

    def open(self):
        return self.filter(state=Record.State.OPEN)


class Record(models.Model):
    """诉求记录: one order of somebody else's, redacted, at the centre of its 100 m cell."""

    class State(models.TextChoices):
        OPEN = "open", "办理中"
        ANSWERED = "answered", "已答复"
        CLOSED = "closed", "已办结"

    class Satisfied(models.TextChoices):
        SATISFIED = "satisfied", "满意"
        PLAIN = "plain", "基本满意"
        UNSATISFIED = "unsatisfied", "不满意"

    class LocatedBy(models.TextChoices):
        COORDINATES = "coordinates", "坐标"
        DOORPLATE = "doorplate", "门牌"
        ROAD = "road", "道路"
        VILLAGE = "village", "村社"
        TOWN = "town", "乡镇街道"

    source = models.ForeignKey(Source, verbose_name="来源", on_delete=models.PROTECT, db_index=False, related_name="records")
    number = models.CharField("工单号", max_length=60, help_text="对方的编号")
    intake = models.ForeignKey(Intake, verbose_name="接收批次", on_delete=models.PROTECT, related_name="records")
    received_at = models.DateTimeField("受理时间")
    timed = models.BooleanField("时刻可知", default=True, help_text="否：只知道是哪一天")
    channel = models.CharField("渠道", max_length=20, blank=True)
    told_for = models.BooleanField("代录入", default=False, help_text="当面说给别人、由别人记下的")
    elder = models.BooleanField("老年人", null=True, blank=True)
    title = models.CharField("标题", max_length=200, blank=True)
    text = models.TextField("内容", max_length=4000)
    marks = models.JSONField("隐去了什么", default=dict, help_text="每种标记各几处")
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.OPEN)
    due_on = models.DateField("期限", null=True, blank=True)
    answered_at = models.DateTimeField("答复时间", null=True, blank=True)
    satisfied = models.CharField("满意度", max_length=12, choices=Satisfied.choices, null=True, blank=True)
    unit_words = models.CharField("承办单位（原文）", max_length=80, blank=True)
    organisation = models.ForeignKey(Organisation, verbose_name="承办单位", null=True, blank=True, on_delete=models.PROTECT, db_index=False, related_name="+")
    category = models.ForeignKey(Category, verbose_name="类别", null=True, blank=True, on_delete=models.PROTECT, db_index=False, related_name="+")
    category_sure = models.FloatField("识别把握", default=0.0)
    point = models.PointField("位置", srid=4326, null=True, blank=True, help_text="所在 100 米格的中心；空：只知道村社、乡镇，或没有定位")
    located_by = models.CharField("按什么定位", max_length=12, choices=LocatedBy.choices, blank=True, default="")
    town = models.ForeignKey(AdminArea, verbose_name="乡镇街道", null=True, blank=True, on_delete=models.PROTECT, db_index=False, related_name="+", help_text="不设乡镇的县填县")
    village = models.ForeignKey(AdminArea, verbose_name="村社", null=True, blank=True, on_delete=models.PROTECT, db_index=False, related_name="+")
    case = models.ForeignKey(Case, verbose_name="关联的民情件", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    proposed = models.ForeignKey(Case, verbose_name="可能是同一件事的民情件", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField("关联的理由", max_length=120, blank=True, default="")
    like = models.ForeignKey("self", verbose_name="重复反映", null=True, blank=True, on_delete=models.PROTECT, related_name="repeats", help_text="同一件事较早的一条")
    created = models.DateTimeField("收进来的时间", default=timezone.now)
    changed_at = models.DateTimeField("最近变动", default=timezone.now)

    objects = RecordQuerySet.as_manager()

    class Meta:
        verbose_name = "诉求记录"
        verbose_name_plural = "诉求记录"
        ordering = ["-received_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["source", "number"], name="hotline_record_number"),
            models.CheckConstraint(condition=Q(point__isnull=True) | Q(point__coveredby="SRID=4326;POLYGON((73 3, 136 3, 136 54, 73 54, 73 3))"), name="hotline_record_in_china"),
            models.CheckConstraint(condition=Q(point__isnull=True) | ~Q(located_by=""), name="hotline_record_located"),
        ]
        indexes = [
            models.Index(fields=["-received_at", "-id"], include=["source", "state", "town", "category", "case"], name="hotline_record_newest"),
            models.Index(fields=["town", "-received_at"], name="hotline_record_town"),
            models.Index(fields=["changed_at"], name="hotline_record_changed"),
            models.Index(fields=["number"], opclasses=["text_pattern_ops"], name="hotline_record_by_number"),
            GinIndex(fields=["title", "text"], opclasses=["gin_trgm_ops", "gin_trgm_ops"], name="hotline_record_words"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.number}"


class RecordEvent(Event):
    """诉求记录经过: its owner's state changed, linked to a case and unlinked."""

    subject = models.ForeignKey(Record, verbose_name="诉求记录", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "诉求记录经过"
        verbose_name_plural = "诉求记录经过"
