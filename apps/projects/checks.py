"""What is wrong, or asks for a reason, with what is said of a project and a month: one judgement for the form and for every row of a table.

No database: it is given the project and what was reported before (`Past`), and says what would change and what speaks against it.
"""

import datetime as dt
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal

from apps.projects.curves import month_start
from apps.projects.models import KeyProject

JUMP = 30.0  # percentage points a month from which a reason is asked
ROUNDING, CENT = 0.05, Decimal("0.01")  # percentage points and 万元 below which figures are the same
ABSURD = 3  # times the total: the unit must be wrong
WORDS = {"percent": "累计完成", "invested": "开工以来累计投资", "invested_year": "本年累计投资", "text": "形象进度", "problems": "存在问题"}
LEAST_REASON = 4  # characters


@dataclass(frozen=True)
class PartClaim:
    """What is said of one subproject; None: not said."""

    percent: float
    note: str | None = None


@dataclass(frozen=True)
class Claim:
    """What is said of a project and a month (its first day); None: not said. Money in 万元, counted to the end of the month."""

    month: dt.date
    percent: float | None = None
    invested: Decimal | None = None
    invested_year: Decimal | None = None
    text: str | None = None
    problems: str | None = None
    parts: dict[int, PartClaim] = field(default_factory=dict)  # by the subproject's number
    invested_month: Decimal | None = None  # only to work the others out
    before: Decimal | None = None  # by the end of last year; the same


@dataclass(frozen=True)
class Said:
    """What a project's report of a month says."""

    percent: float | None = None
    invested: Decimal | None = None
    invested_year: Decimal | None = None
    text: str = ""
    problems: str = ""


@dataclass
class Past:
    """What has been reported: whole[month], parts[number][month] = (percent, note); names[number] of the subprojects there are."""

    whole: dict[dt.date, Said] = field(default_factory=dict)
    parts: dict[int, dict[dt.date, tuple[float, str]]] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    starts: dict[int, dt.date] = field(default_factory=dict)
    spent: dict[dt.date, Decimal] = field(default_factory=dict)  # what the subprojects together had cost by the end of a month

    def take(self, claim: Claim) -> None:
        """As it is after this has been taken in: what comes next in the same table is held against it."""
        was = self.whole.get(claim.month, Said())
        said = {name: getattr(claim, name) for name in WORDS if getattr(claim, name) is not None}
        if said:
            self.whole[claim.month] = replace(was, **said)
        for number, part in claim.parts.items():
            series = self.parts.setdefault(number, {})
            series[claim.month] = part.percent, part.note if part.note is not None else series.get(claim.month, (0, ""))[1]


@dataclass(frozen=True)
class Doubt:
    """refuse: cannot be taken; ask: only with a reason; note: worth knowing."""

    level: Literal["refuse", "ask", "note"]
    words: str


@dataclass(frozen=True)
class Change:
    what: str
    was: str
    now: str


@dataclass(frozen=True)
class Verdict:
    claim: Claim  # completed by what follows from it
    doubts: list[Doubt]
    changes: list[Change]
    repeated: bool  # the month has been reported before

    @property
    def refused(self) -> bool:
        return any(doubt.level == "refuse" for doubt in self.doubts)

    @property
    def asks(self) -> bool:
        return any(doubt.level == "ask" for doubt in self.doubts)

    def takes(self, reason: str) -> bool:
        """Whether it may be taken in with this reason (or none)."""
        return not self.refused and (not self.asks or len(reason.strip()) >= LEAST_REASON)


def judge(project: KeyProject, past: Past, claim: Claim, today: dt.date) -> Verdict:
    """What would change, and what speaks against it. The same figures again change nothing and ask nothing."""
    claim, doubts = _completed(project, past, claim)
    if claim.percent is not None and past.names:
        doubts.append(Doubt("note", f"项目有子项目，完成百分比由子项目算出，没有采用 {claim.percent:g}%"))
        claim = replace(claim, percent=None)
    unknown = sorted(set(claim.parts) - set(past.names))
    if unknown:
        doubts.append(Doubt("refuse", f"没有序号为 {'、'.join(map(str, unknown))} 的子项目"))
        claim = replace(claim, parts={number: part for number, part in claim.parts.items() if number in past.names})
    changes, repeated = _changes(past, claim)
    if claim.month > month_start(today):
        doubts.append(Doubt("refuse", f"{_said(claim.month)}还没有到，请核对月份"))
    if changes:
        doubts += _percents(project, past, claim) + _monies(project, past, claim) + _around(project, past, claim, changes)
    if repeated and changes and any(change.was for change in changes):
        doubts.append(Doubt("ask", f"{_said(claim.month)}已经报过，这次不同，按更正处理"))
    return Verdict(claim, doubts, changes, repeated)


def _said(month: dt.date) -> str:
    return f"{month.year}年{month.month}月"


# --- completing ----------------------------------------------------------------------------------------------------------


def spent_before(project: KeyProject, past: Past, month: dt.date) -> Decimal | None:
    """Money by the end of the year before, where it follows from reports (as the database's `projects_money` has it); None: unknown."""
    for other in sorted((m for m in past.whole if m.year == month.year and m <= month), reverse=True):
        said = past.whole[other]
        if said.invested is not None and said.invested_year is not None:
            return said.invested - said.invested_year
    december = past.whole.get(dt.date(month.year - 1, 12, 1))
    if december and december.invested is not None:
        return december.invested
    earlier = max((m for m in past.spent if m.year < month.year), default=None)
    if earlier:
        return past.spent[earlier]
    return Decimal(0) if project.starts >= dt.date(month.year, 1, 1) else None


def _completed(project: KeyProject, past: Past, claim: Claim) -> tuple[Claim, list[Doubt]]:
    """Sums that follow from what is said: of the year from the month's, from the beginning with last year's."""
    doubts = []
    prior = past.whole.get(month_start(claim.month, -1))
    prior_year = Decimal(0) if claim.month.month == 1 else prior.invested_year if prior else None
    if claim.invested_month is not None:
        if claim.invested_year is None and claim.invested is None:
            if prior_year is not None:
                claim = replace(claim, invested_year=prior_year + claim.invested_month)
            elif prior and prior.invested is not None:
                claim = replace(claim, invested=prior.invested + claim.invested_month)
            else:
                doubts.append(Doubt("note", "只有本月完成投资，上月又没有月报，算不出累计，金额没有采用；请补报上月，或填累计"))
        elif claim.invested_year is not None and prior_year is not None and abs(claim.invested_year - prior_year - claim.invested_month) > 1:
            doubts.append(Doubt("note", f"本月 {claim.invested_month:,} 万元，与累计之差 {claim.invested_year - prior_year:,} 万元不一致，按累计采用"))
    before = claim.before if claim.before is not None else spent_before(project, past, claim.month)
    if before is not None:
        if claim.invested is None and claim.invested_year is not None:
            claim = replace(claim, invested=before + claim.invested_year)
        elif claim.invested is not None and claim.invested_year is None and claim.invested >= before:
            claim = replace(claim, invested_year=claim.invested - before)
        elif claim.invested is not None and claim.invested_year is not None and abs(claim.invested - claim.invested_year - before) > 1:
            doubts.append(Doubt("ask", f"上年底累计 {before:,} 万元，加本年累计应是 {before + claim.invested_year:,} 万元，与所报 {claim.invested:,} 万元不符"))
    return claim, doubts


# --- what changes --------------------------------------------------------------------------------------------------------


def _changes(past: Past, claim: Claim) -> tuple[list[Change], bool]:
    there = past.whole.get(claim.month)
    was = there or Said()
    changes, repeated = [], there is not None
    for name in WORDS:
        old, new = getattr(was, name), getattr(claim, name)
        if new is None or _same(old, new):
            continue
        changes.append(Change(WORDS[name], _shown(name, old), _shown(name, new)))
    for number, part in sorted(claim.parts.items()):
        known = past.parts.get(number, {}).get(claim.month)
        repeated = repeated or known is not None
        label = f"{number}. {past.names[number]}"
        if known is None or abs(known[0] - part.percent) >= ROUNDING:
            changes.append(Change(label, _shown("percent", known[0]) if known else "", _shown("percent", part.percent)))
        if part.note is not None and part.note != (known[1] if known else ""):
            changes.append(Change(f"{label}说明", known[1] if known else "", part.note))
    return changes, repeated


def _same(old: object, new: object) -> bool:
    if isinstance(new, str) or old is None:
        return (old or "") == new if isinstance(new, str) else False
    return abs(old - new) < (ROUNDING if isinstance(new, float) else CENT)


def _shown(name: str, value: object) -> str:
    if value in (None, ""):
        return ""
    return f"{value:.1f}%" if name == "percent" else f"{value:,.2f} 万元" if isinstance(value, Decimal) else str(value)


# --- what speaks against it ----------------------------------------------------------------------------------------------


def _percents(project: KeyProject, past: Past, claim: Claim) -> list[Doubt]:
    found = []
    if claim.percent is not None:
        series = {month: said.percent for month, said in past.whole.items() if said.percent is not None}
        found += _percent("", claim.percent, claim.month, series, project.starts)
    for number, part in sorted(claim.parts.items()):
        series = {month: percent for month, (percent, _) in past.parts.get(number, {}).items()}
        found += _percent(f"“{past.names[number]}”", part.percent, claim.month, series, past.starts.get(number, project.starts))
    return found


def _percent(label: str, now: float, month: dt.date, series: dict[dt.date, float], starts: dt.date) -> list[Doubt]:
    if not 0 <= now <= 100:
        return [Doubt("refuse", f"{label}累计完成应在 0 到 100% 之间，所报是 {now:g}%")]
    earlier, later = max((m for m in series if m < month), default=None), min((m for m in series if m > month), default=None)
    found = []
    if earlier and now < series[earlier] - ROUNDING:
        found.append(Doubt("ask", f"{label}累计完成 {now:g}%，比{_said(earlier)}的 {series[earlier]:g}% 低"))
    if later and now > series[later] + ROUNDING:
        found.append(Doubt("ask", f"{label}累计完成 {now:g}%，比{_said(later)}已报的 {series[later]:g}% 高"))
    since = earlier or min(month_start(starts, -1), month_start(month, -1))
    months = max(1, (month.year - since.year) * 12 + month.month - since.month)
    grown = now - (series[earlier] if earlier else 0.0)
    if grown > JUMP * months:
        found.append(Doubt("ask", f"{label}{'比上次' if earlier else '开工以来'}增加 {grown:g} 个百分点，每月超过 {JUMP:g} 个"))
    return found


def _monies(project: KeyProject, past: Past, claim: Claim) -> list[Doubt]:
    found: list[Doubt] = []
    total, plan = project.investment_total, project.investment_year
    largest = max((value for value in (claim.invested, claim.invested_year) if value is not None), default=None)
    if largest is not None and total and largest > ABSURD * total:
        return [Doubt("refuse", f"累计投资 {largest:,} 万元，是总投资 {total:,} 万元的 {largest / total:.0f} 倍，请核对金额单位（万元、亿元）")]
    if claim.invested is not None and claim.invested_year is not None and claim.invested_year > claim.invested + CENT:
        found.append(Doubt("refuse", f"本年累计 {claim.invested_year:,} 万元，多于开工以来累计 {claim.invested:,} 万元"))
    if claim.invested is not None and total and claim.invested > total + CENT:
        found.append(Doubt("ask", f"累计投资 {claim.invested:,} 万元，超过总投资 {total:,} 万元"))
    if claim.invested_year is not None and plan and claim.invested_year > 2 * plan:
        found.append(Doubt("note", f"本年累计 {claim.invested_year:,} 万元，超过年度计划 {plan:,} 万元的两倍"))
    for name, within in (("invested", None), ("invested_year", claim.month.year)):
        now = getattr(claim, name)
        series = {month: getattr(said, name) for month, said in past.whole.items() if getattr(said, name) is not None and (within is None or month.year == within)}
        earlier, later = max((m for m in series if m < claim.month), default=None), min((m for m in series if m > claim.month), default=None)
        if now is not None and earlier and now < series[earlier] - CENT:
            found.append(Doubt("ask", f"{WORDS[name]} {now:,} 万元，比{_said(earlier)}的 {series[earlier]:,} 万元少"))
        if now is not None and later and now > series[later] + CENT:
            found.append(Doubt("ask", f"{WORDS[name]} {now:,} 万元，比{_said(later)}已报的 {series[later]:,} 万元多"))
    return found


def _around(project: KeyProject, past: Past, claim: Claim, changes: list[Change]) -> list[Doubt]:
    found = []
    known = sorted({*past.whole, *(month for series in past.parts.values() for month in series)})
    earlier = max((month for month in known if month < claim.month), default=None)
    if earlier:
        missing = (claim.month.year - earlier.year) * 12 + claim.month.month - earlier.month - 1
        if missing:
            found.append(Doubt("note", f"与{_said(earlier)}之间缺 {missing} 个月的月报"))
    if project.suspended_on and claim.month >= month_start(project.suspended_on, 1) and any(change.what not in (WORDS["text"], WORDS["problems"]) for change in changes):
        found.append(Doubt("note", f"项目 {project.suspended_on:%Y年%-m月%-d日}起停工，却报了进展；如已复工，请在项目页登记"))
    return found
