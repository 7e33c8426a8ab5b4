"""`manage.py propose_grid_members`: deputies for every grid, from the data as they are; the office confirms them under 代表网格."""

from django.core.management.base import BaseCommand

from apps.supervision.grid_needs import propose_all


class Command(BaseCommand):
    help = "按代表名册给每个网格推荐代表（居住地、工作地、工作领域），已确认和不采用的不变"

    def handle(self, *args, **options) -> None:
        told = propose_all(None)
        self.stdout.write(f"新推荐 {told.fresh} 条，结束 {told.ended} 条，{told.doubtful} 条已确认的与资料不再相符")
