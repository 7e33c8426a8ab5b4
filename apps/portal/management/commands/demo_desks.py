"""Reception days that were and that come, answers to begin with and searches kept, for the demo's people; safe to run again."""

import datetime as dt
from itertools import cycle

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.cases import templates_answer
from apps.cases.desks import AnswerTemplate, SavedFilter
from apps.cases.models import Case
from apps.deputies import workflow_reception
from apps.deputies.models import Station
from apps.deputies.reception import ReceptionDay, ReceptionEvent
from apps.deputies.rota import on_duty
from apps.territory.models import AdminArea
from gis_data.county.content import material

BACK, HEARD = 45, 4  # days; cases of one reception at most


class Command(BaseCommand):
    help = "给演示县排接待日（含已经接待的），给演示账号存几个答复模板和常用筛选；可重复运行。"

    def handle(self, *args, **options) -> None:
        users = {
            user.username: user
            for user in User.objects.filter(
                username__in=("deputy", "town", "county", "dispatcher", "unit"), is_active=True
            )
        }
        county = AdminArea.objects.county()
        if county is None or not county.synthetic or len(users) < 5:  # nobody receives residents for a real county
            return
        content = material("desks")
        if not ReceptionDay.objects.exists():
            self._look_back(users["county"], content["topics"])
            today = timezone.localdate()
            for month in (today, today.replace(day=1) + dt.timedelta(days=31)):
                workflow_reception.lay_out(users["county"], month)
        if not AnswerTemplate.objects.exists():
            for login, share, kind, title, text in content["templates"]:
                templates_answer.write(users[login], kind, title, text, share)
        for login, name, query in content["filters"]:
            SavedFilter.objects.get_or_create(user=users[login], name=name, defaults={"query": query})

    @transaction.atomic
    def _look_back(self, office: User, topics: list[str]) -> None:
        """Days that have been held, and the cases heard at that station then."""
        today, named = timezone.localdate(), cycle(topics)
        for day in (today - dt.timedelta(days=step) for step in range(BACK, 0, -1)):
            stations = [
                station
                for station in Station.objects.exclude(duty_days="").select_related("area__parent").order_by("code")
                if station.receives_on(day)
            ]
            for station, duty in zip(stations, on_duty(stations, day).values(), strict=True):
                if not duty.deputies:
                    continue
                starts, ends = workflow_reception.hours_of(station)
                heard = _heard(station, day)
                held = ReceptionDay.objects.create(
                    station=station,
                    day=day,
                    starts=starts,
                    ends=ends,
                    topic=next(named),
                    state=ReceptionDay.State.HELD,
                    visitors=len(heard) + 2 + day.day % 5,
                    revision=2,
                )
                held.deputies.set(duty.deputies[: workflow_reception.RECEIVING])
                Case.objects.filter(pk__in=heard).update(reception=held)
                at = timezone.make_aware(dt.datetime.combine(day, ends))
                ReceptionEvent.objects.append(
                    held, "arrange", actor=office, at=at - dt.timedelta(days=10), day=day.isoformat(), place=held.where
                )
                ReceptionEvent.objects.append(held, "hold", actor=office, at=at, visitors=held.visitors)


def _heard(station: Station, day: dt.date) -> list[int]:
    """Cases of the station's village or town that came in about then and could have been heard at the station."""
    around = (day - dt.timedelta(days=3), day)
    town = station.area.parent if station.area.level == AdminArea.Level.VILLAGE else station.area
    cases = Case.objects.filter(town=town, channel=Case.Channel.STATION, reception=None, submitted_at__date__range=around)
    return list(cases.order_by("pk").values_list("pk", flat=True)[:HEARD])
