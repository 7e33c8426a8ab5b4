"""The verb of nearby calls: deputies are asked to come, in one transaction with the row that stays as its record."""

import datetime as dt

from django.contrib.gis.geos import Point
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Role, User
from apps.deputies.models import Deputy
from apps.record.notices import Notice
from apps.record.states import MoveRefused
from apps.supervision.calls import NearbyCall
from apps.supervision.instance import serving_on

MOST = 10  # deputies asked at once
AGAIN = dt.timedelta(minutes=2)  # the same call within it is a button pressed twice


@transaction.atomic
def call(user: User, place: str, point: Point, text: str, deputies: list[int]) -> tuple[NearbyCall, list[Deputy]]:
    """Ask these deputies to come; the row, and those who have no account and must be telephoned. Pressed twice it is one call."""
    if user.role != Role.COUNTY_OFFICE:
        raise MoveRefused("就近联络由县人大常委会工委发出。")
    if not text.strip():
        raise MoveRefused("请写明什么事、请代表做什么。")
    people = list(Deputy.objects.filter(pk__in=deputies).select_related("user").order_by("code"))
    if not people:
        raise MoveRefused("请至少勾选一位代表。")
    serving = set(serving_on(timezone.localdate()).filter(deputy__in=people))
    if left := [one for one in people if one.pk not in serving]:
        raise MoveRefused(f"{'、'.join(map(str, left))}已不是在任的县人大代表，请另选。")
    if len(people) > MOST:
        raise MoveRefused(f"一次最多联络 {MOST} 位代表，请少选几位。")
    untold = [one for one in people if one.user_id is None]
    User.objects.select_for_update(no_key=True).get(pk=user.pk)  # the second press waits for the first
    said = {"by": user, "place": place[:120] or "地图上的位置", "point": point, "text": text.strip()[:300]}
    last = NearbyCall.objects.filter(**said, at__gte=timezone.now() - AGAIN).first()
    if last and set(last.deputies.all()) == set(people):
        return last, untold
    made = NearbyCall.objects.create(**said)
    made.deputies.set(people)
    Notice.objects.tell([one.user_id for one in people], "assignment", f"请就近到场：{made.place}", made.text, reverse("call_detail", args=[made.pk]), f"call:{made.pk}")
    return made, untold
