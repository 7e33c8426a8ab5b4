"""Verbs of region reports: made when a period is over, kept as counted, counted again as the next version."""

import datetime as dt
from collections.abc import Callable

from django.db import transaction
from django.db.models import Min
from django.urls import reverse

from apps.accounts.models import User
from apps.accounts.perms import TABLE, Permission
from apps.insights.facts import Fact
from apps.insights.region_reports import RegionReport, RegionReportEvent
from apps.insights.report_counting import awaited, count
from apps.insights.report_figures import Report
from apps.record.notices import Notice
from apps.record.states import MoveRefused
from apps.territory.models import AdminArea
from apps.worktime.periods import Period, around

COUNTY_DIGITS = 6
Kind = RegionReport.Kind


def over(today: dt.date) -> list[Period]:
    """The periods of every kind that ended last before a day: a month always, a quarter, half-year or year in the month after it."""
    last = today.replace(day=1) - dt.timedelta(days=1)
    return [period for period in (around(kind, last) for kind in Kind.values) if period.last == last]


def make_due(today: dt.date, *, ended: dt.date | None = None, announced: bool = True, tell: Callable[[str], None] = lambda words: None) -> int:
    """Every report of the periods just over that is not there yet, of the county and each town, and anew those that a source was missing from
    which has delivered since; how many were made. Safe to run twice.

    ended: the day to look back from, today unless said otherwise; what is counted is as it stands today."""
    begun = Fact.objects.counted().aggregate(day=Min("day"))["day"]
    made = 0
    for period in over(ended or today):
        if begun is None or begun > period.last:  # nothing was counted anywhere then: there is nothing to say yet
            continue
        last = {report.area_id: report for report in RegionReport.objects.filter(kind=period.kind, first=period.first).in_force()}
        silent = awaited(period.last)
        for area in reported_areas():
            there = last.get(area.pk)
            if there is None or not silent.issuperset(there.missing):
                made += _keep(area, period, today, user=None, again=there is not None, announced=announced) is not None
                tell(f"{area} {period.label}")
    return made


def reported_areas() -> list[AdminArea]:
    """The county and its towns."""
    areas = AdminArea.objects.filter(level__in=(AdminArea.Level.COUNTY, AdminArea.Level.TOWN), valid_to=None)
    return list(areas.defer("geom", "geom_3857").order_by("code"))


def keep(user: User, area: AdminArea, period: Period, today: dt.date) -> RegionReport:
    """A person keeps a report: the first of a period, or the next version where figures have changed since."""
    if not user.reaches(area.code):
        raise MoveRefused("这个区域不在您管辖的范围内。")
    if period.kind not in Kind.values:
        raise MoveRefused("月、季度、半年和年才能存成报告；自选日期的请直接导出。")
    if period.last >= today:
        raise MoveRefused(f"{period.label}还没有过完，过完以后再存成报告；现在的数字可以直接导出。")
    report = _keep(area, period, today, user=user, again=True)
    if report is None:
        raise MoveRefused("数字和已经存的那一版一样，不用再存。")
    return report


@transaction.atomic
def _keep(area: AdminArea, period: Period, today: dt.date, *, user: User | None, again: bool, announced: bool = False) -> RegionReport | None:
    """The report as it is kept now, and told where it is `announced`; None where one is there already (again: and says the same)."""
    AdminArea.objects.select_for_update(no_key=True, of=("self",)).only("pk").get(pk=area.pk)  # two who keep the same meet here, before they count
    last = RegionReport.objects.filter(area=area, kind=period.kind, first=period.first).order_by("-version").first()
    if last is not None and not again:
        return None
    counted = count(area, period, today)
    content = counted.content()
    if last is not None and _figures(last.content) == _figures(content):
        return None
    report = RegionReport.objects.create(
        area=area, kind=period.kind, first=period.first, last=period.last, version=last.version + 1 if last else 1, content=content, by=user,
    )  # fmt: skip
    RegionReportEvent.objects.append(report, "make" if last is None else "count_again", actor=user, version=report.version, count=counted.total.count)
    if announced:
        announce(report, counted)
    return report


def _figures(content: dict) -> dict:
    return {name: value for name, value in content.items() if name != "counted_at"}


def announce(report: RegionReport, counted: Report) -> int:
    """Those whose place it is are told: the county's people of the county's report, a town's of their town's."""
    roles = TABLE[Permission.SEE_INSIGHT]
    whole = report.area.level == AdminArea.Level.COUNTY
    readers = [
        user for user in User.objects.filter(role__in=roles, is_active=True).exclude(scope="")
        if report.area.code.startswith(user.scope) and (len(user.scope) <= COUNTY_DIGITS) == whole
    ]  # fmt: skip
    missing = "、".join(report.missing)
    words = f"收到诉求 {counted.total.count} 件。" + (f"{missing}的数据没有收到期末，收到后自动再统计一版。" if missing else "")
    title = f"{report}" if report.version == 1 else f"{report}（第 {report.version} 版）"
    return Notice.objects.tell(readers, "insight", title, words, reverse("region_report", args=[report.pk]), key=f"region-report-{report.pk}")
