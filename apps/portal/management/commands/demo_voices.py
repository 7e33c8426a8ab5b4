"""The demo's quarters as everybody may read them, on a page that its office has opened; safe to run again."""

from django.core.management.base import BaseCommand
from django.utils import timezone

from apps.accounts.models import User
from apps.insights import workflow_public
from apps.insights.public_counts import VoicesPageEvent
from apps.territory.models import AdminArea


class Command(BaseCommand):
    help = "公布演示数据里已满期的季度统计，并开通民情公开页；可重复运行。"

    def handle(self, *args, **options) -> None:
        county, office = AdminArea.objects.county(), User.objects.filter(username="county", is_active=True).first()
        if county is None or not county.synthetic or office is None:  # nobody speaks for real people
            return
        workflow_public.publish_due(timezone.localdate())
        if not VoicesPageEvent.objects.exists():  # what somebody has decided since stays
            workflow_public.turn_page(office, on=True)
