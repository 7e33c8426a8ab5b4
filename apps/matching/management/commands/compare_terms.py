"""Every draft of districts held against the term before it, here and now: what the page's button leaves to the background worker."""

import time
from typing import Any

from django.core.management.base import BaseCommand

from apps.matching import workflow
from apps.territory.terms import Term


class Command(BaseCommand):
    help = "把每个选区草案与上一届比对：门牌改属、人口、重叠和空隙；结果在“换届”页面看。"

    def handle(self, *args: Any, **options: Any) -> None:
        drafts = Term.objects.drafts().select_related("congress").order_by("pk")
        if not drafts:
            self.stdout.write("没有选区草案。导入草案：manage.py import_layer draft 文件")
        for term in drafts:
            began = time.perf_counter()
            review = workflow.compute(workflow.compare(None, term.pk).pk)
            if review.state != review.State.DONE:
                self.stderr.write(f"{term.label}：没有算成，{review.progress_note}")
                continue
            found, seconds = review.result, time.perf_counter() - began
            stops = sum(check["level"] == "stop" for check in found["checks"])
            self.stdout.write(
                f"{term.label}：{len(found['districts'])} 个选区、{found['seats']} 个名额，{found['doorplates']:,} 个门牌中 {found['changed']:,} 个改属，"
                f"{f'{stops} 项必须改正' if stops else '没有必须改正的事项'}；{seconds:.1f} 秒。"
            )
