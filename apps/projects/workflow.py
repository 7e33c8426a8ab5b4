"""Verbs of projects: take reports in, change a plan, stop and resume work. Each is one transaction with its event row."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Role, User
from apps.projects.checks import Claim, Past, Said, Verdict, judge
from apps.projects.curves import month_end
from apps.projects.models import KeyProject, ProgressReport, Subproject
from apps.projects.plans import PlanPoint
from apps.projects.reports import ProjectEvent, ProjectReport, ReportPhoto
from apps.projects.standing import Standing
from apps.record.files import Photo
from apps.record.states import MoveRefused

VERBS = {"report": "收入月报", "correct": "更正月报", "import": "导入月报", "import_plan": "导入计划", "plan": "调整计划", "suspend": "登记停工", "resume": "登记复工"}


class ReportRefused(MoveRefused):
    """A report that cannot be taken in as it stands; `verdict` says why, field by field."""

    def __init__(self, verdict: Verdict, words: str = "") -> None:
        self.verdict = verdict
        super().__init__(words or "；".join(doubt.words for doubt in verdict.doubts if doubt.level != "note"))


@dataclass
class Entry:
    """One report about to be written."""

    project: KeyProject
    verdict: Verdict
    reason: str = ""
    photos: list[Photo] = field(default_factory=list)


# --- reports -------------------------------------------------------------------------------------------------------------


def past_of(projects: Collection[int]) -> dict[int, Past]:
    """What has been reported of each of these projects (ids), in three queries."""
    found = {pk: Past() for pk in projects}
    for pk, month, *said in ProjectReport.objects.filter(project__in=found).values_list("project", "month", "percent", "invested", "invested_year", "text", "problems"):
        found[pk].whole[month] = Said(*said)
    numbers = {}
    for part, pk, number, name, starts in Subproject.objects.filter(project__in=found).values_list("pk", "project", "number", "name", "starts"):
        numbers[part] = pk, number
        found[pk].names[number], found[pk].starts[number] = name, starts
    last: dict[int, dict[int, Decimal]] = defaultdict(dict)
    reports = ProgressReport.objects.filter(subproject__project__in=found).order_by("month")
    for part, month, percent, note, invested in reports.values_list("subproject", "month", "percent", "note", "invested"):
        pk, number = numbers[part]
        found[pk].parts.setdefault(number, {})[month] = percent, note
        if invested is not None:
            last[pk][part] = invested
            found[pk].spent[month] = sum(last[pk].values(), Decimal(0))
    return found


def locked(projects: Iterable[int]) -> dict[int, KeyProject]:
    """These projects, their rows held till the end of the transaction, always in the same order."""
    rows = KeyProject.objects.filter(pk__in=list(projects)).order_by("pk").select_for_update(of=("self",), no_key=True).defer("geom", "geom_3857")
    return {row.pk: row for row in rows}


def last_event(project: KeyProject) -> int:
    """What a form has seen of a project's history; 0: nothing."""
    return ProjectEvent.objects.filter(subject=project).order_by("-pk").values_list("pk", flat=True).first() or 0


def report(user: User, project: KeyProject, claim: Claim, *, reason: str = "", seen: int | None = None, photos: Collection[Photo] = ()) -> Verdict:
    """Take one project's month in. ReportRefused when the checks or somebody who was quicker stand against it; then nothing has changed.

    seen: the last event that the form knew of (`last_event`): a report of the same month after it was not seen by this person.
    """
    if not KeyProject.objects.reportable_by(user).filter(pk=project.pk).exists():
        raise MoveRefused("这个项目不由您的单位负责，您不能填报。")
    with transaction.atomic():
        project = locked([project.pk])[project.pk]
        verdict = judge(project, past_of([project.pk])[project.pk], claim, timezone.localdate())
        newer = ProjectEvent.objects.filter(subject=project, pk__gt=seen or 0, verb__in=("report", "correct")) if seen is not None else ProjectEvent.objects.none()
        other = next((event for event in newer if event.data.get("month") == f"{claim.month:%Y-%m}"), None)
        if other and verdict.changes:
            raise ReportRefused(verdict, f"您填写的时候，{other.actor_label}已经报了 {claim.month:%Y年%-m月}的月报。下面是您填的内容，请对照后再提交。")
        if not verdict.takes(reason):
            raise ReportRefused(verdict)
        write(user, [Entry(project, verdict, reason, list(photos))])
    return verdict


def write(user: User, entries: list[Entry], source: str = "") -> int:
    """Write reports whose projects the caller has locked and judged, each with its event; how many changed something."""
    entries = [entry for entry in entries if entry.verdict.changes or entry.photos]
    if not entries:
        return 0
    _write_whole(user, entries)
    _write_parts(entries)
    _link_photos(entries)
    events: dict[int, tuple[int, str, str, dict]] = {}
    for entry in entries:
        month = f"{entry.verdict.claim.month:%Y-%m}"
        changes = [[change.what, change.was, change.now] for change in entry.verdict.changes]
        data = {"month": month, "changes": changes, **({"source": source} if source else {}), **({"photos": len(entry.photos)} if entry.photos else {})}
        corrected = any(change.was for change in entry.verdict.changes)
        said = (entry.project.pk, "correct" if corrected else "report", entry.reason.strip(), data)
        if entry.project.pk in events:  # a chain takes one event at a time
            ProjectEvent.objects.append_each([events[entry.project.pk]], actor=user)
        events[entry.project.pk] = said
    ProjectEvent.objects.append_each(list(events.values()), actor=user)
    Standing.objects.renew(timezone.localdate(), {entry.project.pk for entry in entries})
    return len(entries)


def _write_whole(user: User, entries: list[Entry]) -> None:
    """One row a project and month; what was not said stays."""
    names = ("percent", "invested", "invested_year", "text", "problems")
    rows = []
    there = {(row.project_id, row.month): row for row in ProjectReport.objects.filter(project__in=[entry.project.pk for entry in entries])}
    for entry in entries:
        claim = entry.verdict.claim
        key = (entry.project.pk, claim.month)
        row = there.setdefault(key, ProjectReport(project_id=key[0], month=key[1]))
        said = {name: getattr(claim, name) for name in names if getattr(claim, name) is not None}
        if not said and not entry.photos:
            continue
        for name, value in said.items():
            setattr(row, name, value)
        row.reported_by, row.reported_at = user, timezone.now()
        rows.append(row)
    ProjectReport.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["project", "month"], update_fields=[*names, "reported_by", "reported_at"], batch_size=1000
    )


def _write_parts(entries: list[Entry]) -> None:
    parts = {(part.project_id, part.number): part.pk for part in Subproject.objects.filter(project__in=[entry.project.pk for entry in entries])}
    rows = {}
    for entry in entries:
        for number, said in entry.verdict.claim.parts.items():
            key = (parts[entry.project.pk, number], entry.verdict.claim.month)
            rows[key] = ProgressReport(subproject_id=key[0], month=key[1], percent=said.percent, note=said.note or "")
    silent = [key for key, row in rows.items() if not row.note]
    notes = {(part, month): note for part, month, note in ProgressReport.objects.filter(subproject__in={part for part, _ in silent}).values_list("subproject", "month", "note")}
    for key in silent:
        rows[key].note = notes.get(key, "")
    ProgressReport.objects.bulk_create(
        rows.values(), update_conflicts=True, unique_fields=["subproject", "month"], update_fields=["percent", "note"], batch_size=1000
    )


def _link_photos(entries: list[Entry]) -> None:
    for entry in entries:
        if entry.photos:
            row = ProjectReport.objects.get(project=entry.project, month=entry.verdict.claim.month)
            ReportPhoto.objects.bulk_create([ReportPhoto(report=row, photo=photo) for photo in entry.photos], ignore_conflicts=True)


# --- plans and standstill ------------------------------------------------------------------------------------------------


def set_plan(user: User, part: Subproject, *, name: str, weight: float, starts: dt.date, ends: dt.date, points: list[tuple[dt.date, float]], reason: str, seen: int) -> None:
    """Change a subproject (one not saved yet is added) and its curve; what was there stays in the history. MoveRefused when it contradicts itself."""
    if ends <= starts:
        raise MoveRefused("计划完成应在计划开始之后。")
    points = sorted(points)
    outside = [month for month, _ in points if not starts < month_end(month) < ends]
    if outside:
        raise MoveRefused(f"{outside[0]:%Y年%-m月}末不在计划开始和完成之间，请去掉这个月的计划点。")
    if any(later[1] < earlier[1] for earlier, later in pairwise(points)):
        raise MoveRefused("计划累计完成只能逐月增加，不能往回走。")
    with transaction.atomic():
        project = _mine(user, part.project_id, seen)
        fresh = part.pk is None
        if fresh:
            part.number = max(project.subprojects.values_list("number", flat=True), default=0) + 1
        was = {} if fresh else _plan_as_json(Subproject.objects.get(pk=part.pk))
        part.name, part.weight, part.starts, part.ends = name, weight, starts, ends
        part.save()
        part.plan_points.all().delete()
        PlanPoint.objects.bulk_create([PlanPoint(subproject=part, month=month, percent=percent) for month, percent in points])
        now = _plan_as_json(part)
        if was != now:
            ProjectEvent.objects.append(project, "plan", actor=user, note=reason, number=part.number, was=was, now=now)
            Standing.objects.renew(timezone.localdate(), [project.pk])


def remove_part(user: User, part: Subproject, reason: str, seen: int) -> None:
    """Only a subproject that nothing has been reported of can go."""
    with transaction.atomic():
        project = _mine(user, part.project_id, seen)
        if part.reports.exists():
            raise MoveRefused("这个子项目已经有月报，不能删去。可以把权重改为 0，使它不再计入进度。")
        ProjectEvent.objects.append(project, "plan", actor=user, note=reason, number=part.number, was=_plan_as_json(part), now={})
        part.delete()
        Standing.objects.renew(timezone.localdate(), [project.pk])


def _plan_as_json(part: Subproject) -> dict:
    points = [[f"{month:%Y-%m}", percent] for month, percent in part.plan_points.order_by("month").values_list("month", "percent")]
    return {"name": part.name, "weight": part.weight, "starts": part.starts.isoformat(), "ends": part.ends.isoformat(), "points": points}


def _mine(user: User, pk: int, seen: int) -> KeyProject:
    """The project, locked, for the county office; MoveRefused when somebody changed a plan that this person has not seen."""
    if user.role != Role.COUNTY_OFFICE:
        raise MoveRefused("您的岗位不能调整计划。")
    project = locked([pk])[pk]
    other = ProjectEvent.objects.filter(subject=project, pk__gt=seen, verb__in=("plan", "suspend", "resume")).order_by("-pk").first()
    if other:
        raise MoveRefused(f"您填写的时候，{other.actor_label}已经{VERBS[other.verb]}。请看过最新的内容再提交。")
    return project


def suspend(user: User, project: KeyProject, on: dt.date, because: str, seen: int) -> None:
    if on > timezone.localdate():
        raise MoveRefused("停工日期不能在今天之后。")
    with transaction.atomic():
        project = _mine(user, project.pk, seen)
        if project.suspended_on:
            raise MoveRefused(f"项目已经在 {project.suspended_on:%Y年%-m月%-d日}登记停工。")
        project.suspended_on, project.suspended_because = on, because
        project.save(update_fields=["suspended_on", "suspended_because"])
        ProjectEvent.objects.append(project, "suspend", actor=user, note=because, on=on.isoformat())
        Standing.objects.renew(timezone.localdate(), [project.pk])


def resume(user: User, project: KeyProject, on: dt.date, seen: int) -> None:
    with transaction.atomic():
        project = _mine(user, project.pk, seen)
        if not project.suspended_on:
            raise MoveRefused("项目没有停工。")
        if not project.suspended_on <= on <= timezone.localdate():
            raise MoveRefused("复工日期应在停工之后、今天以前。")
        ProjectEvent.objects.append(project, "resume", actor=user, on=on.isoformat(), was=[project.suspended_on.isoformat(), project.suspended_because])
        project.suspended_on, project.suspended_because = None, ""
        project.save(update_fields=["suspended_on", "suspended_because"])
        Standing.objects.renew(timezone.localdate(), [project.pk])
