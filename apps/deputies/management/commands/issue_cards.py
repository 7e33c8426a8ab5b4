"""Codes for every deputy in office and every station that has none; safe to run again."""

from django.core.management.base import BaseCommand

from apps.deputies.models import Deputy, Station
from apps.deputies.workflow import issue_cards


class Command(BaseCommand):
    help = "给还没有码的在任代表和联络站发码（代表码 /p/…，联络站码 /d/…）；可重复运行。"

    def handle(self, *args, **options) -> None:
        made = issue_cards(None, deputies=Deputy.objects.all(), stations=Station.objects.all())
        self.stdout.write(f"已发 {made} 个代表码和联络站码。" if made else "代表和联络站都已有码。")
