"""Photos that go with an answer: what was put right. Seen by who may see the case, and by the reporter with his follow code."""

from collections.abc import Iterable

from django.db import models, transaction
from django.db.models import Q

from apps.cases.models import OPEN_STATES, Case
from apps.record.files import Photo

MOST_PHOTOS = 6


class AnswerPhotoQuerySet(models.QuerySet):
    def of_answers(self, *cases: Case):
        """Those of the answers that stand on these cases' pages, case by case; not those of an answer that did not help."""
        shown = Q(pk__in=())
        for case in cases:
            shown |= Q(case=case.pk, round=round_shown(case))
        return self.filter(shown).order_by("case", "pk")


class AnswerPhoto(models.Model):
    """答复照片: sent with an answer, in that round of the loop."""

    case = models.ForeignKey(Case, verbose_name="民情件", on_delete=models.PROTECT, related_name="answer_photos")
    photo = models.OneToOneField(Photo, verbose_name="照片", on_delete=models.PROTECT, related_name="+")
    round = models.PositiveSmallIntegerField("第几次办理", default=0)

    objects = AnswerPhotoQuerySet.as_manager()

    class Meta:
        verbose_name = "答复照片"
        verbose_name_plural = "答复照片"
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.case}的答复照片"


def round_shown(case: Case) -> int:
    """In which round the answer that stands on its page was given: while it is done again, in the one before."""
    return case.reopened - (case.reopened > 0 and case.state in OPEN_STATES)


def keep(case: Case, photos: Iterable[Photo]) -> None:
    """With an answer, in the transaction that gives it."""
    with transaction.atomic():
        AnswerPhoto.objects.bulk_create([AnswerPhoto(case=case, photo=photo, round=case.reopened) for photo in photos])
