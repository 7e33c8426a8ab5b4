"""Nearby calls 就近联络: something happens somewhere, and deputies near it are asked to come. The row is the record; nobody changes it."""

from django.conf import settings
from django.contrib.gis.db import models
from django.contrib.gis.geos import Point
from django.db import transaction
from django.urls import reverse

from apps.accounts.models import Role, User
from apps.deputies.models import Deputy
from apps.record.notices import Notice
from apps.record.states import MoveRefused

MOST = 10  # deputies asked at once
OFFICES = (Role.COUNTY_OFFICE, Role.LEADER)


class NearbyCallQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The county office and leaders see all, a deputy those he was asked in."""
        if user.role in OFFICES:
            return self
        return self.filter(deputies__user=user) if user.role == Role.DEPUTY else self.none()


class NearbyCall(models.Model):
    """就近联络: where it is, what is asked, and of whom."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="联络人", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField("联络时间", auto_now_add=True)
    place = models.CharField("地点", max_length=120)
    point = models.PointField("位置", srid=4326)
    text = models.CharField("事由", max_length=300)
    deputies = models.ManyToManyField(Deputy, verbose_name="代表", related_name="nearby_calls")

    objects = NearbyCallQuerySet.as_manager()

    class Meta:
        verbose_name = "就近联络"
        verbose_name_plural = "就近联络"
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.place


@transaction.atomic
def call(user: User, place: str, point: Point, text: str, deputies: list[int]) -> tuple[NearbyCall, list[Deputy]]:
    """Ask these deputies to come; the row, and those who have no account and must be telephoned."""
    if user.role != Role.COUNTY_OFFICE:
        raise MoveRefused("就近联络由县人大常委会工委发出。")
    if not text.strip():
        raise MoveRefused("请写明什么事、请代表做什么。")
    people = list(Deputy.objects.filter(pk__in=deputies).select_related("user").order_by("code"))
    if not people:
        raise MoveRefused("请至少勾选一位代表。")
    if len(people) > MOST:
        raise MoveRefused(f"一次最多联络 {MOST} 位代表，请少选几位。")
    made = NearbyCall.objects.create(by=user, place=place[:120] or "地图上的位置", point=point, text=text.strip()[:300])
    made.deputies.set(people)
    Notice.objects.tell([one.user_id for one in people], "assignment", f"请就近到场：{made.place}", made.text, reverse("call_detail", args=[made.pk]), f"call:{made.pk}")
    return made, [one for one in people if one.user_id is None]
