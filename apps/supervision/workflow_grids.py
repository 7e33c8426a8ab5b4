"""按资料推荐 in the background: in a county of a hundred thousand grids it takes half a minute. Asked for once, however often it is pressed; what
came of it is told to whoever asked, in the transaction that did it."""

from django.db import transaction
from django.db.models import Min
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django import app as jobs
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import AlreadyEnqueued

from apps.accounts.models import User
from apps.deputies.workflow_grid import Proposed
from apps.record.notices import Notice
from apps.record.states import MoveRefused
from apps.supervision import grid_needs

TASK = "supervision.propose_grids"  # by name: the task leans on this module
OPEN = ("todo", "doing")


def ask(user: User) -> int:
    """The job's number. MoveRefused while one that was asked for before is not done."""
    if proposing() is None:
        try:
            with transaction.atomic():  # two may press at once: the queue takes one of them
                return jobs.configure_task(TASK, queueing_lock="propose_grids").defer(user=user.pk)
        except AlreadyEnqueued:
            pass
    raise MoveRefused("正在按资料推荐，不用再点一次。完成后名册会更新。")


def proposing() -> ProcrastinateJob | None:
    """The job that waits or is being done, with `waited`: whole seconds since it was asked for."""
    job = ProcrastinateJob.objects.filter(task_name=TASK, status__in=OPEN).order_by("pk").annotate(since=Min("procrastinateevent__at")).first()
    if job is not None:
        job.waited = int((timezone.now() - job.since).total_seconds()) if job.since else 0
    return job


def failed(job: int) -> bool:
    return ProcrastinateJob.objects.filter(pk=job, task_name=TASK, status="failed").exists()


@transaction.atomic
def propose_and_tell(user: int, job: int) -> Proposed:
    """Carries the job out, once: done again after a worker was killed, it finds what it did undone."""
    asked_by = User.objects.get(pk=user)
    told = grid_needs.propose_all(asked_by)
    Notice.objects.tell([asked_by], "grid", "网格代表已按资料推荐", words(told), reverse("grid_list") + "?show=waiting", _key(job))
    return told


def outcome(user: User, job: int) -> str:
    """What came of a job that the user asked for, in words; "" when it has not been done."""
    return Notice.objects.filter(recipient=user, key=_key(job)).values_list("body", flat=True).first() or ""


def _key(job: int) -> str:
    return f"propose-grids:{job}"


def words(told: Proposed) -> str:
    if not (told.fresh or told.ended or told.doubtful):
        return "资料没有变化，没有新的推荐。"
    parts = (
        f"新推荐 {told.fresh} 条", f"结束 {told.ended} 条" if told.ended else "",
        f"{told.doubtful} 条已确认的与资料不再相符，请核对" if told.doubtful else "",
    )  # fmt: skip
    return "、".join(filter(None, parts)) + "。"
