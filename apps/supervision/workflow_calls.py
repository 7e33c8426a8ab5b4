"""The verb of nearby calls: deputies are asked to come, in one transaction with the row that stays as its record."""

from django.contrib.gis.geos import Point
from django.db import transaction
from django.urls import reverse

from apps.accounts.models import Role, User
from apps.deputies.models import Deputy
from apps.record.notices import Notice
from apps.record.states import MoveRefused
from apps.supervision.calls import NearbyCall

MOST = 10  # deputies asked at once


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
