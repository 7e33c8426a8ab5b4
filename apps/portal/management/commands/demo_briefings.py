"""A briefing of last month for the demo's county office, made by the worker when it starts; safe to run again."""

import datetime as dt

from django.core.management.base import BaseCommand
from django.utils import timezone

from apps.accounts.models import Role, User
from apps.insights.briefings import Briefing
from apps.insights.theme_models import Theme
from apps.insights.workflow_briefings import Wanted, order
from apps.territory.models import AdminArea
from apps.worktime.periods import around

THEMES = 4


class Command(BaseCommand):
    help = "给演示县预订一份上个月的情况简报；已有就不再预订。"

    def handle(self, *args, **options) -> None:
        county = AdminArea.objects.defer("geom", "geom_3857").county()
        office = User.objects.filter(role=Role.COUNTY_OFFICE, is_active=True).order_by("pk").first()
        if county is None or not county.synthetic or office is None or Briefing.objects.exists():
            return
        month = around("month", timezone.localdate().replace(day=1) - dt.timedelta(days=1))
        themes = Theme.objects.standing().order_by("-voices", "pk").values_list("pk", flat=True)[:THEMES]
        order(office, Wanted(f"{county.name}{month.label}民情简报", county, month, themes=list(themes)))
