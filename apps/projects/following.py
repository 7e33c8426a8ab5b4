"""Following 关注: who wants to hear of a project, and what is told when its progress moves or it falls behind its plan.

Progress is told once for each figure: a report taken in again says nothing new. Many moves at once (a month's file) become one notice.
"""

from collections import defaultdict
from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple, Protocol

from django.conf import settings
from django.db import models
from django.urls import reverse

from apps.projects.models import KeyProject
from apps.record.notices import Notice

TONE_RANK = {"neutral": 0, "good": 0, "due": 1, "late": 2}
LEAST_CHANGE = 0.05  # percentage points: less is lost in rounding
ONE_BY_ONE = 3  # moves of one person's projects that are told each for itself; more become one notice
LISTED = 8  # projects that such a notice names


class Progress(Protocol):
    """How far a project was: a `Standing`, or a `KeyProject` read `with_progress`."""

    actual: float | None
    as_of: object
    lag_points: float | None
    tone: str
    standing: str


class Move(NamedTuple):
    project: KeyProject
    before: Progress
    after: Progress

    @property
    def worth_telling(self) -> bool:
        """Something was done, or its colour changed. What begins with a plan and no report is told only when it is behind already."""
        if TONE_RANK[self.after.tone] != TONE_RANK[self.before.tone]:
            return True
        done = (self.before.actual, self.after.actual)
        return None not in done and abs(done[1] - done[0]) >= LEAST_CHANGE

    @property
    def worse(self) -> bool:
        return TONE_RANK[self.after.tone] > TONE_RANK[self.before.tone]

    @property
    def key(self) -> str:
        return f"project-{self.project.pk}-{self.after.as_of}-{_percent(self.after)}-{self.after.tone}"

    @property
    def title(self) -> str:
        if self.worse:
            return f"{self.project.name}落后了：{self.after.standing}"
        if TONE_RANK[self.after.tone] < TONE_RANK[self.before.tone]:
            return f"{self.project.name}赶上来了：{self.after.standing}"
        return f"{self.project.name}有新进展：累计完成 {_percent(self.after)}"

    @property
    def words(self) -> str:
        earlier = f"，上次 {_percent(self.before)}" if self.before.actual is not None else ""
        done = f"累计完成 {_percent(self.after)}{earlier}；" if self.after.actual is not None else ""
        return f"{done}{self.after.standing}。" + (f"截至 {self.after.as_of:%Y年%-m月%-d日}。" if self.after.as_of else "")


def _percent(progress: Progress) -> str:
    return "" if progress.actual is None else f"{progress.actual:.1f}%"


class FollowQuerySet(models.QuerySet):
    def of(self, user):
        return self.filter(user=user)

    def tell_moves(self, moves: Iterable[Move]) -> None:
        """Tell each project's followers, in the caller's transaction, when its progress moved or its colour changed; who follows more than a few of
        them gets one notice that names them."""
        telling = {move.project.pk: move for move in moves if move.worth_telling}
        followed: dict[int, list[Move]] = defaultdict(list)
        for user, project in self.filter(project__in=telling, user__is_active=True).order_by("project_id").values_list("user", "project"):
            followed[user].append(telling[project])
        single: dict[int, list[int]] = defaultdict(list)
        for user, theirs in followed.items():
            if len(theirs) > ONE_BY_ONE:
                _tell_together(user, theirs)
            else:
                for move in theirs:
                    single[move.project.pk].append(user)
        for project, users in single.items():
            move = telling[project]
            Notice.objects.tell(users, "progress", move.title, move.words, reverse("project_detail", args=[move.project.code]), move.key)


def _tell_together(user: int, moves: list[Move]) -> None:
    moves = sorted(moves, key=lambda move: (not move.worse, -(move.after.lag_points or 0.0), move.project.code))
    worse = sum(move.worse for move in moves)
    title = f"您关注的 {len(moves)} 个项目有新进展" + (f"，其中 {worse} 个落后了" if worse else "")
    more = f"\n还有 {len(moves) - LISTED} 个。" if len(moves) > LISTED else ""
    body = "\n".join(f"{move.project.name}：{move.words}" for move in moves[:LISTED]) + more
    key = f"projects-{sha256(' '.join(sorted(move.key for move in moves)).encode()).hexdigest()[:40]}"
    Notice.objects.tell([user], "progress", title, body, reverse("project_following"), key)


class Follow(models.Model):
    """关注: one person follows one project."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="用户", on_delete=models.CASCADE, related_name="+")
    project = models.ForeignKey(KeyProject, verbose_name="项目", on_delete=models.CASCADE, related_name="follows")
    since = models.DateTimeField("开始时间", auto_now_add=True)

    objects = FollowQuerySet.as_manager()

    class Meta:
        verbose_name = "关注"
        verbose_name_plural = "关注"
        ordering = ["-since", "-pk"]
        constraints = [models.UniqueConstraint(fields=["user", "project"], name="projects_follow_once")]

    def __str__(self) -> str:
        return f"{self.user} {self.project}"
