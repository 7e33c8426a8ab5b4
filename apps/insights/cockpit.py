"""The cockpit's numbers: what came in and how it is handled, the limits, hot spots, projects against plan, supervision, what deputies did.

Every number is that of the list it leads to. Voices are counted from the cube, what is open now from the cases themselves.
"""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncMonth
from django.urls import reverse

from apps.accounts.models import User
from apps.cases.clocks import Clock
from apps.cases.models import OPEN_STATES, Case
from apps.cases.punctuality import counted as duties
from apps.cases.punctuality import punctuality
from apps.deputies.reception import ReceptionDay
from apps.insights import held, rates
from apps.insights.cube import Cube, Figures
from apps.insights.facts import CASE, RECORD
from apps.insights.filters import Question
from apps.insights.held import Area, Mask
from apps.insights.shares import Share
from apps.insights.spots import HotSpot
from apps.insights.theme_models import Theme
from apps.projects.models import KeyProject
from apps.supervision import evaluation
from apps.supervision.coverage import Coverage
from apps.supervision.topics import Topic
from apps.supervision.visits import Visit
from apps.territory.models import AdminArea
from apps.worktime.due import edges
from apps.worktime.periods import Period, around, between

SPOTS = 10
MONTHS = 6
MOST_TOWNS = 8  # as many as can be read on one panel
CHANCE = 0.05
STEPS = dict(Case.State.choices)
SHORT = {"with_deputy": "代表", "with_town": "镇街人大", "with_county": "县人大", "with_dispatcher": "县政府办", "with_unit": "承办单位"}


@dataclass(frozen=True)
class Number:
    """One figure of the strip. `url`: the list behind it; tone: late, due or ""."""

    label: str
    value: str
    unit: str
    note: str
    icon: str
    url: str
    tone: str = ""


@dataclass(frozen=True)
class Cockpit:
    """What one user sees of one period, which ends today."""

    user: User
    question: Question

    @cached_property
    def cube(self) -> Cube:
        """One and the same for all numbers of an answer."""
        return held.current()

    @cached_property
    def now(self) -> dict[int, Figures]:
        """By kind: how the voices of the period stand."""
        return {kind: self._figures(self._mask(kind)) for kind in (CASE, RECORD)}

    @cached_property
    def before(self) -> dict[int, int]:
        return {kind: int(self._mask(kind, before=True).sum()) for kind in (CASE, RECORD)}

    def _mask(self, *kinds: int, before: bool = False) -> Mask:
        return held.asked(self.cube, self.user, self.question, before=before, kinds=kinds)

    def _clumping(self, *kinds: int) -> float:
        """How many voices come as one, in both periods."""
        question = self.question
        periods = [(self._mask(*kinds), question.first, question.last)]
        if question.before:
            periods.append((self._mask(*kinds, before=True), *question.before))
        return held.clumping(self.cube, *periods)

    def _figures(self, mask: Mask) -> Figures:
        return self.cube.figures(mask, self.question.today)

    @cached_property
    def town(self) -> Area | None:
        """The one town that the user sees; None where it is the whole county."""
        return None if held.sees_all(self.user) else next((area for area in held.areas("town") if self.user.reaches(area.code)), None)

    def _listed(self, name: str, **query: object) -> str:
        """A list's address, narrowed to the user's town."""
        return f"{reverse(name)}?{urlencode(query | ({'town': self.town.code} if self.town else {}))}"

    # --- the strip ----------------------------------------------------------------------------------------------------

    def numbers(self) -> list[Number]:
        return [*self._voices(), *self._handling(), *self._supervised()]

    def _voices(self) -> list[Number]:
        question = self.question
        return [
            Number("新收民情件", str(self.now[CASE].total), "件", self._change(CASE), "inbox", question.cases_url()),
            Number("热线等诉求", str(self.now[RECORD].total), "件", self._change(RECORD), "phone-incoming", question.records_url()),
        ]

    def _change(self, kind: int) -> str:
        """Against the days before, and whether that is more than chance."""
        now, before = self.now[kind].total, self.before[kind]
        if not before:
            return "上一时段没有" if now else ""
        percent = round(100 * (now - before) / before)
        if float(rates.changed(before, now, dispersion=self._clumping(kind))) >= CHANCE:
            return "和上一时段差不多"
        return f"比上一时段{'多' if percent > 0 else '少'} {abs(percent)}%"

    def _handling(self) -> list[Number]:
        standing, question, voices = self.standing, self.question, self.now[CASE]
        due = punctuality(question.first, question.last, today=question.today, user=self.user).total
        days = urlencode({"period": "days", "since": question.first, "until": question.last, "by": "step"})
        content = Share(voices.satisfied + voices.fairly, voices.rated)
        open_url = f"{reverse('case_list')}?state=open"
        value, unit = due.figure
        return [
            Number("正在办理", str(standing["open"]), "件", f"快到期 {standing['soon']} 件", "clock", open_url),
            Number("已超期", str(standing["late"]), "件", "还没有办完的", "alert-triangle", f"{open_url}&late=late", "late" if standing["late"] else ""),
            Number("按时办理", value or "—", unit if value else "", f"到期 {due.due} 项，超期 {due.late}" if value else unit, "clock-check", f"{reverse('punctuality')}?{days}"),
            Number("满意和基本满意", *self._percent(content), f"不满意 {voices.unsatisfied} 件，已评 {voices.rated}", "star", question.cases_url(mark="unsatisfied")),
        ]  # fmt: skip

    @staticmethod
    def _percent(share: Share) -> tuple[str, str]:
        return ("—", "") if share.percent is None else (f"{share.percent:.0f}", "%")

    def _supervised(self) -> list[Number]:
        spots, tones, done, active, question = self._spots(), self.tones, self.supervision, self.activity, self.question
        fresh = spots.filter(state__in=(HotSpot.State.NEW, HotSpot.State.GROWING)).count()
        behind, given = self._listed("project_list", tone="late"), self._listed("evaluation", by="topic", period="year")
        made = self._listed("evaluation", **{"by": "deputy", "period": "days", "from": question.first, "to": question.last})
        return [
            Number("热点", str(spots.count()), "处", f"新出现和加剧 {fresh} 处", "flame", reverse("hot_spot_list"), "due" if fresh else ""),
            Number("明显落后的项目", str(tones["late"]), "个", f"共 {sum(tones.values())} 个，略慢 {tones['due']}", "crane", behind, "due" if tones["late"] else ""),
            Number("监督到位", *self._percent(done.coverage), f"今年分到 {done.assigned} 人次，去过 {done.visited}", "walk", given),
            Number("走访视察", str(active.looks + active.inspections), "人次", f"发现问题 {active.found} 个", "users", made),
        ]  # fmt: skip

    # --- cases and their limits ---------------------------------------------------------------------------------------

    @cached_property
    def standing(self) -> dict[str, int]:
        """What is open now, whenever it came in."""
        return {name: sum(row[name] for row in self.limits) for name in ("open", "soon", "late")}

    @cached_property
    def limits(self) -> list[dict]:
        """Open cases by who holds them: in time, due soon, late; with the lists behind."""
        today = self.question.today
        soon, late = Q(edges(today).matching("soon")), Q(due_on__lt=today)
        counted = Case.objects.visible_to(self.user).open().order_by().values_list("state")
        rows = {state: (n, near, over) for state, n, near, over in counted.annotate(n=Count("pk"), near=Count("pk", filter=soon), over=Count("pk", filter=late))}
        found = []
        for state in OPEN_STATES:
            n, near, over = rows.get(state, (0, 0, 0))
            url = f"{reverse('case_list')}?state={state}"
            found.append({"label": SHORT[state], "words": STEPS[state], "open": n, "soon": near, "late": over, "in_time": n - near - over, "url": url})
        return found

    def trend(self) -> dict:
        """Cases and records by day, by week beyond 45 days, by month beyond a year."""
        question = self.question
        series = [self.cube.days(self._mask(kind), question.first, question.last) for kind in (CASE, RECORD)]
        starts = _steps(question.first, question.last)
        ends = [*starts[1:], question.last + dt.timedelta(days=1)]
        at = [((start - question.first).days, (end - question.first).days) for start, end in zip(starts, ends, strict=True)]
        cases, records = ([int(days[a:b].sum()) for a, b in at] for days in series)
        step = (starts[-1] - starts[-2]).days if len(starts) > 1 else 1  # the first may be cut short
        words = "每天" if step == 1 else "每周" if step == 7 else "每月"
        return {"title": f"{words}收到多少", "labels": [_label(start, starts) for start in starts], "cases": cases, "records": records}

    def content(self) -> list[dict]:
        """Satisfied, fairly, unsatisfied: cases, and what other sources say of theirs."""
        return [
            {"label": label, "satisfied": each.satisfied, "fairly": each.fairly, "unsatisfied": each.unsatisfied, "url": url}
            for label, each, url in (
                ("民情件", self.now[CASE], self.question.cases_url(mark="unsatisfied")), ("热线等", self.now[RECORD], self.question.records_url(state="unsatisfied")),
            )
        ]  # fmt: skip

    # --- places -------------------------------------------------------------------------------------------------------

    def regions(self) -> list[dict]:
        """Voices of the period by town, 0 included; rates with their bounds."""
        cube, mask = self.cube, self._mask(CASE, RECORD)
        counted = {int(key): int(n) for key, n in zip(*cube.counts(mask, "town"), strict=True)}
        clumped = self._clumping(CASE, RECORD)
        found = []
        for area in held.areas("town"):
            if not self.user.reaches(area.code):
                continue
            n = counted.get(area.pk, 0)
            low, high = rates.interval(n, area.population or float("nan"), dispersion=clumped)
            per = 1000 * n / area.population if area.population else None
            words = [f"{n} 件"] if per is None else [f"{n} 件", f"每千人 {per:.1f} 件（{float(low):.1f}—{float(high):.1f}）"]
            query = self.question.query(region=area.code[:9] if area.level == "town" else "", level="village", compare="")
            found.append({"code": area.code, "name": area.name, "level": area.level, "value": None if per is None else round(per, 2), "words": words, "url": f"{reverse('insight_map')}?{query}"})
        return found

    def _spots(self):
        return HotSpot.objects.visible_to(self.user).standing()

    def spots(self) -> list[HotSpot]:
        """What matters most first."""
        return list(self._spots().select_related("category").defer("shape", "cells").pressing()[:SPOTS])

    def rising(self) -> int:
        return Theme.objects.visible_to(self.user).standing().rising().count()

    # --- projects, supervision, deputies ------------------------------------------------------------------------------

    def _projects(self) -> QuerySet[KeyProject]:
        return (KeyProject.objects.filter(town=self.town.pk) if self.town else KeyProject.objects.all()).order_by()

    @cached_property
    def tones(self) -> dict[str, int]:
        counted = dict(self._projects().values_list("state_now__tone").annotate(n=Count("pk")))
        return {"late": counted.get("late", 0), "due": counted.get("due", 0), "good": sum(n for tone, n in counted.items() if tone not in ("late", "due"))}

    def projects(self) -> list[dict]:
        """On plan, slow and behind, by town; of the whole county where there are no towns."""
        county = None if AdminArea.objects.towns().exists() else AdminArea.objects.defer("geom", "geom_3857").county()
        elsewhere = county.name if county else "未定位"
        rows: dict[str, dict] = {}
        for code, name, tone, n in self._projects().values_list("town__code", "town__name", "state_now__tone").annotate(n=Count("pk")):
            url = f"{reverse('project_list')}?{urlencode({'town': code})}" if code else reverse("project_list")
            row = rows.setdefault(name or elsewhere, {"label": name or elsewhere, "on_plan": 0, "slightly": 0, "behind": 0, "url": url})
            row[{"due": "slightly", "late": "behind"}.get(tone, "on_plan")] += n
        found = sorted(rows.values(), key=lambda row: (-row["behind"], -row["slightly"], -row["on_plan"], row["label"]))
        rest = found[MOST_TOWNS:]
        if len(rest) < 2:
            return found
        sums = {name: sum(row[name] for row in rest) for name in ("on_plan", "slightly", "behind")}
        return [*found[:MOST_TOWNS], {"label": f"其余 {len(rest)} 地", **sums, "url": f"{reverse('project_list')}?by=town"}]

    def _evaluated(self, by: str, period: Period) -> evaluation.Figures:
        return evaluation.evaluate(evaluation.Asked(by, period, town=self.town.pk if self.town else None), limit=1).total

    @cached_property
    def supervision(self) -> evaluation.Figures:
        """Of this year."""
        return self._evaluated("topic", around("year", self.question.today))

    @cached_property
    def activity(self) -> evaluation.Figures:
        """Of the period, by deputy: one at an inspection counts for himself."""
        return self._evaluated("deputy", between(self.question.first, self.question.last))

    def shares(self) -> list[dict]:
        """How far supervision reaches: places given out and visited, grids with a deputy, findings put right in time."""
        done, grids = self.supervision, Coverage(self.user, self.town.code if self.town else "", self.question.today).summary()
        return [
            {"label": "分到的去过", "words": "今年分到的监督任务里去过的", "part": done.visited, "whole": done.assigned, "url": self._listed("evaluation", by="topic", period="year")},
            {"label": "网格有代表", "words": "已确认代表的网格", "part": grids.covered, "whole": grids.grids, "url": self._listed("coverage", show="")},
            {"label": "问题按时改好", "words": "今年发现的问题里按时整改的", "part": done.in_time, "whole": done.closed + done.late_open, "url": self._listed("evaluation", by="topic", period="year", sort="punctual")},
        ]  # fmt: skip

    def activity_months(self) -> dict:
        """What deputies did by month: visits and inspections, reception days held, cases they answered in time."""
        starts = _months(self.question.today)
        first, today = starts[0], self.question.today
        visits = Visit.objects.visible_to(self.user).recorded().filter(visited_on__range=(first, today))
        if self.town:
            visits = visits.filter(topic__in=Topic.objects.in_town(self.town.code).values("pk"))
        receptions = ReceptionDay.objects.visible_to(self.user).filter(state=ReceptionDay.State.HELD, day__range=(first, today))
        answered = duties(first, around("month", today).last, today, self.user).filter(kind=Clock.Kind.ANSWER, step=Case.State.WITH_DEPUTY, was_late=False)
        series = [
            ("走访视察", visits, "visited_on", lambda month: self._listed("evaluation", by="topic", period="month", on=month)),
            ("接待日", receptions, "day", lambda month: f"{reverse('reception_list')}?when=past&month={month:%Y-%m}"),
            ("按时答复民情", answered, "due_on", lambda month: self._listed("punctuality", by="deputy", period="month", on=month, step="with_deputy", kind="answer")),
        ]  # fmt: skip
        return {
            "labels": [f"{start.month}月" for start in starts],
            "series": [{"name": name, "counts": _by_month(rows, day, starts), "urls": [url(start) for start in starts]} for name, rows, day, url in series],
        }


def _by_month(rows, day: str, starts: list[dt.date]) -> list[int]:
    counted = dict(rows.order_by().annotate(month=TruncMonth(day)).values_list("month").annotate(n=Count("pk")))
    return [counted.get(start, 0) for start in starts]


def _months(today: dt.date) -> list[dt.date]:
    """The first days of the last months, this one the last."""
    number = today.year * 12 + today.month - 1
    return [dt.date(each // 12, each % 12 + 1, 1) for each in range(number - MONTHS + 1, number + 1)]


def _steps(first: dt.date, last: dt.date) -> list[dt.date]:
    days = (last - first).days + 1
    if days <= 45:
        return [first + dt.timedelta(days=day) for day in range(days)]
    if days <= 180:
        return [first + dt.timedelta(days=day) for day in range(0, days, 7)]
    number, starts = first.year * 12 + first.month, [first]
    while (start := dt.date(number // 12, number % 12 + 1, 1)) <= last:
        starts.append(start)
        number += 1
    return starts


def _label(start: dt.date, starts: list[dt.date]) -> str:
    monthly = len(starts) > 1 and (starts[-1] - starts[-2]).days > 7
    return f"{start:%Y-%m}" if monthly else f"{start.month}.{start.day}"
