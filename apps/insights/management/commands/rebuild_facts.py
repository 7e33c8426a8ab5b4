"""Every case and record compared with what is counted of it, while the pages go on; interrupted, it may be run again."""

import time

from django.core.management.base import BaseCommand

from apps.insights import facts


class Command(BaseCommand):
    help = "按民情件和诉求记录核对计数事实，改正不一致的。可随时运行，中断后可以再来。"

    def handle(self, *args, **options) -> None:
        began, told = time.monotonic(), 0.0

        def tell(done: int, of: int) -> None:
            nonlocal told
            if done == of or time.monotonic() - told > 1:
                told = time.monotonic()
                self.stdout.write(f"已核对 {done:,}/{of:,}")
                self.stdout.flush()

        changed = facts.rebuild(tell)
        self.stdout.write(f"改正 {changed:,} 条，用时 {time.monotonic() - began:.0f} 秒")
