"""Deputies 代表: a person is not a seat. Homes and contacts live in tables of their own that the public role cannot read."""

import datetime as dt

from django.conf import settings
from django.contrib.gis.db import models
from django.db.models import F, Q

from apps.accounts.models import Role
from apps.deputies import merging
from apps.record.staging import Merged, Stage
from apps.territory.models import AdminArea, ElectoralDistrict, Term


class Field(models.Model):
    """领域: a field of work, shared by deputies and projects."""

    code = models.CharField("代码", max_length=20, unique=True)
    label = models.CharField("名称", max_length=20)

    class Meta:
        verbose_name = "领域"
        verbose_name_plural = "领域"
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.label


class FieldAffinity(models.Model):
    """How near two fields are: 0 strangers, 1 the same. Unnamed pairs are strangers; the relation is symmetric."""

    first = models.ForeignKey(Field, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(Field, on_delete=models.CASCADE, related_name="+")
    closeness = models.FloatField("相近程度")

    class Meta:
        verbose_name = "领域相近程度"
        verbose_name_plural = "领域相近程度"
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="deputies_affinity_once"),
            models.CheckConstraint(condition=Q(closeness__gte=0, closeness__lte=1), name="deputies_affinity_range"),
        ]

    def __str__(self) -> str:
        return f"{self.first}–{self.second} {self.closeness}"


WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


def _reception_words(token: str) -> str:
    kind, rest = token[:1], token[1:]
    if kind == "D" and rest.isdigit():
        return f"每月{rest}日"
    weekday = f"周{'一二三四五六日'[WEEKDAYS.index(rest)]}" if rest in WEEKDAYS else ""
    return {"W": f"每{weekday}", "L": f"每月最后一个{weekday}"}.get(kind, "") if weekday else ""


class StationQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Offices see the stations of their scope."""
        return self.filter(area__code__startswith=user.scope) if user.scope else self.none()

    def of_town(self, code: str):
        """Those of the town itself and of its villages."""
        return self.filter(area__code__startswith=code[:9])

    def merge_staged(self, stage: Stage) -> Merged:
        return merging.stations(stage)


class Station(models.Model):
    """联络站: the place where deputies receive residents. Places, unlike homes, are public."""

    class Kind(models.TextChoices):
        CENTRE = "centre", "中心联络站"
        TOWN = "town", "乡镇街道联络站"
        VILLAGE = "village", "村社联络点"
        TRADE = "trade", "行业联络点"

    code = models.CharField("联络站编号", max_length=30, unique=True)
    name = models.CharField("名称", max_length=60)
    kind = models.CharField("类型", max_length=10, choices=Kind.choices)
    area = models.ForeignKey(AdminArea, verbose_name="所属区划", on_delete=models.PROTECT, related_name="stations")
    point = models.PointField("位置", srid=4326)
    address = models.CharField("地址", max_length=120, blank=True)
    duty_days = models.CharField("接待日", max_length=60, blank=True, help_text="D15：每月15日；LFRI：每月最后一个周五；WMON：每周一")
    duty_hours = models.CharField("接待时间", max_length=20, blank=True)
    liaison = models.CharField("联络员", max_length=30, blank=True)
    phone = models.CharField("电话", max_length=20, blank=True)

    objects = StationQuerySet.as_manager()

    class Meta:
        verbose_name = "联络站"
        verbose_name_plural = "联络站"
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name

    def next_duty(self, today: dt.date) -> dt.date | None:
        """The next reception day from today on, by the tokens of `duty_days`; None when there is no fixed day."""
        days = (today + dt.timedelta(days=step) for step in range(62 if self.duty_days else 0))
        return next((day for day in days if self.receives_on(day)), None)

    def receives_on(self, day: dt.date) -> bool:
        """Whether it is a reception day, by the tokens of `duty_days`."""
        tokens = self.duty_days.split(";")
        name = WEEKDAYS[day.weekday()]
        last = (day + dt.timedelta(days=7)).month != day.month
        return f"D{day.day}" in tokens or f"W{name}" in tokens or (last and f"L{name}" in tokens)

    @property
    def reception(self) -> str:
        """The reception days in words: 每月15日、每月最后一个周五; nothing when there is no fixed day."""
        return "、".join(words for token in self.duty_days.split(";") if (words := _reception_words(token)))


class GroupQuerySet(models.QuerySet):
    def active(self):
        return self.filter(closed_on=None)

    def visible_to(self, user):
        """Offices and leaders see the groups of their scope, those of no area belong to the county; a deputy his own."""
        if user.role == Role.DEPUTY:
            return self.filter(members__user=user)
        inside = Q(area__code__startswith=user.scope) | (Q(area=None) if user.role in (Role.COUNTY_OFFICE, Role.LEADER) else Q(pk=None))
        return self.filter(inside) if user.scope else self.none()


def counted(name: str) -> models.Func:
    """A column of names to order by, 第二 before 第三: Chinese numbers are not in their order among the characters."""
    return models.Func(name, models.Value("一二三四五六七八九十"), models.Value("123456789:"), function="translate", output_field=models.CharField())


class Group(models.Model):
    """代表小组: the basic form of activity (代表法). A deputy is in one at most, one of them leads it; see `groups.py`."""

    name = models.CharField("名称", max_length=60, unique=True)
    area = models.ForeignKey(AdminArea, verbose_name="所属区划", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    closed_on = models.DateField("撤销日期", null=True, blank=True)

    objects = GroupQuerySet.as_manager()

    class Meta:
        verbose_name = "代表小组"
        verbose_name_plural = "代表小组"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class DeputyQuerySet(models.QuerySet):
    def serving_on(self, on: dt.date):
        """Deputies with a mandate in force on that day."""
        return self.filter(pk__in=Mandate.objects.in_force(on).values("deputy"))

    def serving(self, district: ElectoralDistrict, on: dt.date):
        """Deputies elected by that district and in office on that day."""
        return self.filter(pk__in=Mandate.objects.in_force(on).filter(district=district).values("deputy"))

    def of_town(self, code: str):
        """Those whose station lies in the town, and those of the town's own congress."""
        congress = Mandate.objects.published().filter(term__congress__code=code, ended_on=None).values("deputy")
        return self.filter(Q(station__area__code__startswith=code[:9]) | Q(pk__in=congress))

    def visible_to(self, user):
        """Staff and leaders see those whose residence village, station or congress lies in their scope; a deputy sees himself."""
        if user.role == "deputy":
            return self.filter(user=user)
        if not user.scope:
            return self.none()
        inside = Q(residence_village__code__startswith=user.scope) | Q(station__area__code__startswith=user.scope)
        return self.filter(inside | Q(mandates__term__congress__code__startswith=user.scope)).distinct()

    def merge_staged(self, stage: Stage) -> Merged:
        return merging.deputies(stage)


class Deputy(models.Model):
    """代表, the person. What he was elected to is a `Mandate`; where he lives is a `Home`."""

    class Sex(models.TextChoices):
        MALE = "male", "男"
        FEMALE = "female", "女"

    code = models.CharField("代表编号", max_length=30, unique=True)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, verbose_name="账号", null=True, blank=True, on_delete=models.SET_NULL, related_name="deputy")
    name = models.CharField("姓名", max_length=30)
    sex = models.CharField("性别", max_length=6, choices=Sex.choices, blank=True)
    birth_year = models.PositiveSmallIntegerField("出生年份", null=True, blank=True)
    ethnicity = models.CharField("民族", max_length=12, blank=True)
    occupation = models.CharField("职业职务", max_length=40, blank=True)
    occupation_group = models.CharField("界别", max_length=20, blank=True)
    official = models.BooleanField("党政干部", default=False)
    county_leader = models.BooleanField("县领导", default=False, help_text="默认不参加监督分配")
    fields = models.ManyToManyField(Field, verbose_name="工作领域", blank=True, related_name="deputies")
    capacity = models.PositiveSmallIntegerField("可承担项目数", default=1)
    organisation = models.ForeignKey("organisations.Organisation", verbose_name="工作单位", null=True, blank=True, on_delete=models.PROTECT, related_name="deputies")
    workplace = models.PointField("工作地", srid=4326, null=True, blank=True)
    residence_village = models.ForeignKey(AdminArea, verbose_name="居住村社", null=True, blank=True, on_delete=models.PROTECT, related_name="resident_deputies")
    station = models.ForeignKey(Station, verbose_name="联络站", null=True, blank=True, on_delete=models.PROTECT, related_name="deputies")
    group = models.ForeignKey(Group, verbose_name="代表小组", null=True, blank=True, on_delete=models.PROTECT, related_name="members")
    group_leader = models.BooleanField("小组长", default=False)

    objects = DeputyQuerySet.as_manager()

    class Meta:
        verbose_name = "代表"
        verbose_name_plural = "代表"
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class Home(models.Model):
    """Where a deputy lives. Read by staff with the permission and by the deputy; the public role has no right on this table."""

    deputy = models.OneToOneField(Deputy, primary_key=True, on_delete=models.CASCADE, related_name="home")
    point = models.PointField("居住地", srid=4326)

    class Meta:
        verbose_name = "居住地"
        verbose_name_plural = "居住地"

    def __str__(self) -> str:
        return f"{self.deputy}的居住地"


class Contact(models.Model):
    """How a deputy is reached. The public role has no right on this table."""

    deputy = models.OneToOneField(Deputy, primary_key=True, on_delete=models.CASCADE, related_name="contact")
    phone = models.CharField("电话", max_length=20)

    class Meta:
        verbose_name = "联系方式"
        verbose_name_plural = "联系方式"

    def __str__(self) -> str:
        return f"{self.deputy}的联系方式"


class MandateQuerySet(models.QuerySet):
    def in_force(self, on: dt.date):
        return self.published().filter(Q(ended_on=None) | Q(ended_on__gt=on), term__starts__lte=on, term__ends__gt=on)

    def published(self):
        """Of published terms; who has been entered for a draft is known to the office alone."""
        return self.filter(term__state=Term.State.PUBLISHED)


class Mandate(models.Model):
    """任职: a deputy's seat in one congress for one term. City and province deputies have no district of their own."""

    deputy = models.ForeignKey(Deputy, verbose_name="代表", on_delete=models.CASCADE, related_name="mandates")
    term = models.ForeignKey(Term, verbose_name="届", on_delete=models.PROTECT, related_name="mandates")
    district = models.ForeignKey(ElectoralDistrict, verbose_name="选区", null=True, blank=True, on_delete=models.PROTECT, related_name="mandates")
    elected_by = models.CharField("选举单位", max_length=60, blank=True)
    reelected = models.BooleanField("连任", default=False)
    ended_on = models.DateField("终止日期", null=True, blank=True)

    objects = MandateQuerySet.as_manager()

    class Meta:
        verbose_name = "任职"
        verbose_name_plural = "任职"
        ordering = ["term__level", "deputy__code"]
        constraints = [
            models.UniqueConstraint(F("deputy"), F("term"), name="deputies_mandate_once"),
            models.CheckConstraint(condition=Q(district__isnull=False) | ~Q(elected_by=""), name="deputies_mandate_elected"),
        ]

    def __str__(self) -> str:
        return f"{self.deputy} {self.term}"


from apps.deputies import codes, grid, groups, reception, rota  # noqa: E402, F401  their models are this room's too, and lean on the ones above
