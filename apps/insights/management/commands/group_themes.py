"""Themes, grouped now: nightly and after records have come in this is done by itself."""

from django.core.management.base import BaseCommand

from apps.insights import theme_runs
from apps.insights.theme_models import ThemeRun


class Command(BaseCommand):
    help = "把诉求归成民情主题，检验哪些在上升。平时每天夜里、每次接收诉求记录后自动进行；可随时运行。"

    def handle(self, *args, **options) -> None:
        figures = theme_runs.carry_out(ThemeRun.objects.create().pk).figures
        self.stdout.write(f"{figures['voices']:,} 条诉求，{figures['grouped']:,} 条归成 {figures['themes']} 个主题，{figures['rising']} 个在上升。")
