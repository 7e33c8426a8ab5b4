"""Draft and solve one supervision assignment at once, without the queue; with --publish, approve and publish it too."""

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.accounts.models import Role, User
from apps.projects.models import KeyProject
from apps.supervision import workflow
from apps.supervision.models import AssignmentRun
from apps.supervision.presets import PRESETS
from apps.territory.models import AdminArea


class Command(BaseCommand):
    help = "按预设分配重点项目的监督小组"

    def add_arguments(self, parser):
        parser.add_argument("--preset", choices=list(PRESETS), default=AssignmentRun.Preset.NEAREST)
        parser.add_argument("--publish", action="store_true", help="算成后直接批准并发布（演示用）")
        parser.add_argument("--if-none", action="store_true", help="已有发布的方案时不再新建")

    def handle(self, *args, preset, publish, if_none, **options):
        if if_none and AssignmentRun.objects.in_force():
            self.stdout.write("已有发布的方案，未新建。")
            return
        if not KeyProject.objects.exists():
            raise CommandError("还没有重点项目，请先导入（import_layer project …）。")
        run = workflow.draft(None, preset, f"{timezone.localdate():%Y年}监督分工")
        run = workflow.compute(run.pk, timezone.localdate())
        if run.state == AssignmentRun.State.FAILED:
            raise CommandError(f"未算成：{run.progress_note}")
        numbers = run.statistics
        proof = "已证明最优" if run.proven else "未证明最优"
        self.stdout.write(
            f"{numbers['topics']} 个事项，从 {numbers['deputies']} 名代表中选派 {numbers['used']} 人、{numbers['pairs']} 人次，"
            f"空缺 {numbers['unmet']}，总代价 {run.total / 1000:.1f} 公里，{proof}，用时 {numbers['seconds']} 秒。"
        )
        if publish:
            office = User.objects.filter(role=Role.COUNTY_OFFICE).order_by("pk").first() or _office()
            workflow.approve(office, run.pk)
            workflow.publish(office, run.pk)
            self.stdout.write(f"已发布：{run}")


def _office() -> User:
    """The county office's first account, with no password, so that the list has somebody who published it."""
    county = AdminArea.objects.county()
    user = User(username="county-office", display_name="县人大常委会工委", role=Role.COUNTY_OFFICE, scope=county.code[:6] if county else "")
    user.set_unusable_password()
    user.save()
    return user
