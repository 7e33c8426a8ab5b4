"""What a deputy's supervised topics ask of him next: a finding to confirm, a visit that is planned, a first visit, a project that fell behind."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
from django.contrib.gis.measure import Distance
from django.db.models import Max
from django.urls import reverse

from apps.deputies.models import Deputy
from apps.projects.following import TONE_RANK
from apps.projects.models import KeyProject
from apps.projects.sites import LonLat, Sites
from apps.supervision.findings import Finding
from apps.supervision.topics import Topic
from apps.supervision.visits import Visit

LONG_AGO = dt.timedelta(days=90)


@dataclass(frozen=True)
class Step:
    """rank: the smaller, the sooner. tone: the colour of its mark."""

    rank: int
    words: str
    tone: str
    url: str
    action: str


@dataclass(frozen=True)
class Duty:
    """A topic, its project as it stands (None for other matters), how far away it is, and what to do next."""

    topic: Topic
    project: KeyProject | None
    distance: Distance | None
    visited_on: dt.date | None
    step: Step

    @property
    def tone(self) -> str:
        return self.project.tone if self.project else "neutral"


def duties(deputy: Deputy, places: tuple[LonLat, ...], today: dt.date) -> list[Duty]:
    """The topics that the list in force gives him, what is most pressing first; the number of queries does not depend on how many."""
    topics = list(Topic.objects.supervised_by(deputy).with_facts())
    keys = [topic.pk for topic in topics]
    projects = KeyProject.objects.as_they_stand().select_related("town", "field").defer("geom", "geom_3857", "town__geom", "town__geom_3857").in_bulk(
        [topic.project_id for topic in topics if topic.project_id]
    )  # fmt: skip
    own = Visit.objects.filter(topic__in=keys).of_deputy(deputy)
    visited = dict(own.recorded().values_list("topic").annotate(Max("visited_on")))
    planned = {visit.topic_id: visit for visit in own.open().order_by("-planned_on", "-pk")}
    waiting: dict[int, list[str]] = {}
    for topic, code in Finding.objects.filter(topic__in=keys, follower=deputy, state=Finding.State.ANSWERED).order_by("pk").values_list("topic", "code"):
        waiting.setdefault(topic, []).append(code)
    found = []
    for topic, distance in zip(topics, _distances(topics, places), strict=True):
        project = projects.get(topic.project_id)
        step = _step(topic, project, waiting.get(topic.pk, []), planned.get(topic.pk), visited.get(topic.pk), today)
        found.append(Duty(topic, project, distance, visited.get(topic.pk), step))
    return sorted(found, key=lambda duty: (duty.step.rank, -TONE_RANK[duty.tone], duty.topic.code))


def _distances(topics: list[Topic], places: tuple[LonLat, ...]) -> list[Distance | None]:
    if not places or not topics:
        return [None] * len(topics)
    sites = Sites([topic.site.x for topic in topics], [topic.site.y for topic in topics])
    return [Distance(m=metres) for metres in sites.metres(places, np.arange(len(topics)))]


def _step(topic: Topic, project: KeyProject | None, waiting: list[str], planned: Visit | None, visited_on: dt.date | None, today: dt.date) -> Step:
    new = f"{reverse('visit_new')}?topic={topic.pk}"
    if waiting:
        url = reverse("finding_detail", args=[waiting[0]]) if len(waiting) == 1 else f"{reverse('finding_list')}?state=mine"
        return Step(0, f"{len(waiting)} 个问题已整改，等您到现场确认", "late", url, "去确认")
    if planned and planned.planned_on <= today:
        when = "今天" if planned.planned_on == today else f"{planned.planned_on:%-m月%-d日}"
        return Step(1, f"{when}的{planned.get_kind_display()}还没有记录", "due", reverse("visit_detail", args=[planned.pk]), "去记录")
    if planned:
        return Step(4, f"{planned.planned_on:%-m月%-d日}{planned.get_kind_display()}", "info", reverse("visit_detail", args=[planned.pk]), "看安排")
    if visited_on is None:
        return Step(2, "还没有去看过", "due", new, "记录走访")
    long_ago = today - visited_on > LONG_AGO
    if long_ago or (project and project.tone == "late" and today - visited_on > LONG_AGO / 3):
        return Step(3, f"{'进度落后，' if project and project.tone == 'late' else ''}上次走访是 {visited_on:%Y年%-m月%-d日}", "due", new, "记录走访")
    return Step(5, f"{visited_on:%-m月%-d日}走访过", "good", new, "记录走访")
