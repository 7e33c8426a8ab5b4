"""Hot spots and what is reported around projects, worked out now: nightly this is done by itself."""

from django.core.management.base import BaseCommand

from apps.insights import workflow_spots
from apps.insights.around import ProjectAround
from apps.insights.spots import HotSpot


class Command(BaseCommand):
    help = "算热点和重点项目周边的诉求变化。平时每天夜里、每次接收诉求记录后自动计算；可随时运行。"

    def handle(self, *args, **options) -> None:
        run = workflow_spots.work_out()
        places, turns = HotSpot.objects.standing().count(), ProjectAround.objects.count()
        self.stdout.write(f"截至 {run.day}：{run.populated:,} 个有人居住的方格，{run.counted:,} 件诉求，{places} 处热点；项目前后对比 {turns} 处。")
