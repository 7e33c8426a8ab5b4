"""What makes a desk quick: answers one has written before, and searches one makes every day."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import Role
from apps.cases.models import Case
from apps.organisations.models import Organisation
from apps.record.events import Event


class AnswerTemplateQuerySet(models.QuerySet):
    def visible_to(self, user):
        """One's own, those of one's office, those of one's unit."""
        office = Q(owner=None, organisation=None) & Q(
            scope__in=[user.scope[:length] for length in range(1, len(user.scope) + 1)]
        )
        return self.filter(Q(owner=user) | Q(organisation__in=user.organisations.values("pk")) | office)

    def in_use(self):
        return self.filter(retired=False)

    def kept_by(self, user):
        """Those that the user may change: his own, and those of the office or unit that he speaks for."""
        kept = Q(owner=user)
        if user.role == Role.UNIT:
            kept |= Q(organisation__in=user.organisations.values("pk"))
        if user.role in (Role.TOWN_OFFICE, Role.COUNTY_OFFICE) and user.scope:
            kept |= Q(owner=None, organisation=None, scope=user.scope)
        return self.filter(kept)


class AnswerTemplate(models.Model):
    """答复模板: words to begin an answer or a note with. Its owner's alone, or shared with a unit or with all offices of a scope."""

    class Kind(models.TextChoices):
        ANSWER = "answer", "答复"
        NOTE = "note", "转交、交办、退回的说明"

    kind = models.CharField("用在", max_length=8, choices=Kind.choices, default=Kind.ANSWER)
    title = models.CharField("名称", max_length=30)
    text = models.TextField("内容", max_length=1000)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="所有人",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    organisation = models.ForeignKey(
        Organisation, verbose_name="单位", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    scope = models.CharField("管辖区划", max_length=12, blank=True)
    retired = models.BooleanField("停用", default=False)

    objects = AnswerTemplateQuerySet.as_manager()

    class Meta:
        verbose_name = "答复模板"
        verbose_name_plural = "答复模板"
        ordering = ["kind", "title", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(owner__isnull=False, organisation__isnull=True, scope="")
                | Q(owner__isnull=True, organisation__isnull=False, scope="")
                | (Q(owner__isnull=True, organisation__isnull=True) & ~Q(scope="")),
                name="cases_template_of_somebody",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def shared(self) -> bool:
        return self.owner_id is None


class AnswerTemplateEvent(Event):
    """答复模板经过: written, changed, retired. The database refuses to change it."""

    subject = models.ForeignKey(
        AnswerTemplate, verbose_name="答复模板", on_delete=models.PROTECT, related_name="events"
    )

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "答复模板经过"
        verbose_name_plural = "答复模板经过"

    def __str__(self) -> str:
        return f"{self.subject} {self.verb}"


class SavedFilterQuerySet(models.QuerySet):
    def of(self, user):
        return self.filter(user=user)


class SavedFilter(models.Model):
    """常用筛选: a search of the work list that somebody makes often, under a name of his own."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="用户", on_delete=models.CASCADE, related_name="+")
    name = models.CharField("名称", max_length=20)
    query = models.CharField("条件", max_length=600)

    objects = SavedFilterQuerySet.as_manager()

    class Meta:
        verbose_name = "常用筛选"
        verbose_name_plural = "常用筛选"
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="cases_savedfilter_once")]

    def __str__(self) -> str:
        return self.name


PLACEHOLDERS = {  # what may stand in a template -> what it becomes
    "编号": lambda case: case.code,
    "日期": lambda case: f"{timezone.localtime(case.submitted_at):%-m月%-d日}",
    "地点": lambda case: case.where(),
    "类别": lambda case: str(case.category) if case.category else "",
    "代表": lambda case: str(case.deputy) if case.deputy else "",
    "承办单位": lambda case: str(case.organisation) if case.organisation else "",
    "期限": lambda case: f"{case.due_on:%-m月%-d日}" if case.due_on else "",
}


def filled(text: str, case: Case) -> str:
    """The template's words for this case; what is in brackets and unknown stays, for the writer to see."""
    for name, words in PLACEHOLDERS.items():
        if f"〔{name}〕" in text:
            text = text.replace(f"〔{name}〕", words(case))
    return text
