"""`manage.py learn_categories`: learn now from the cases whose category is settled; the same as at night and by the button."""

from django.core.management.base import BaseCommand
from django.utils import timezone

from apps.cases import learning


class Command(BaseCommand):
    help = "从已定类别的民情件里学习，检验后不比在用的差就换上；有新的才学，--again 不管有没有新的"

    def add_arguments(self, parser) -> None:
        parser.add_argument("--again", action="store_true", help="没有新定的类别也重新学习")

    def handle(self, *args, **options) -> None:
        if not options["again"] and not learning.due():
            self.stdout.write("没有足够的新例子，没有学习")
            return
        version = learning.learn(timezone.now())
        if version is None:
            self.stdout.write(f"至少要有 {learning.LEAST} 件定了类别的民情件，没有学习")
            return
        after = version.figures["after"]
        used = "已换上" if version.active else "不比在用的好，没有换上"
        self.stdout.write(f"{version}：学了 {version.cases} 件，检验 {version.held_out} 件，二级类别正确 {after['right']:.1%}，有把握的 {after['sure']:.0%}；{used}")
