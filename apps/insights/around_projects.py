"""Matters reported around key projects: counted before and after each turning point, compared with places like it, kept for the list.

Compared are all kinds together and each kind (category of the second level) by itself: dust that begins where an old nuisance ends is no change
of the sum. The share of false discoveries is held over all turning points and kinds at once.
"""

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
import shapely
from django.db import connection
from django.db.models import Min
from numpy.typing import NDArray

from apps.cases.taxonomy import Category
from apps.insights.around import ProjectAround
from apps.insights.before_after import FEW, Change, changed, elsewhere
from apps.insights.facts import Fact
from apps.insights.ground import BLOCKS, Ground
from apps.insights.rates import false_discoveries
from apps.projects import curves
from apps.projects.models import FINISHED, KeyProject

WITHIN = 500
RINGS = (300, 500, 1000)
APART = 500  # metres beyond the ring that are neither here nor elsewhere
LONGEST, SHORTEST = 365, 60  # days
PLACE = 10  # cells of 100 m: other places are squares of 1 km
KINDS = 3  # sparse, middling, dense
CALLED = 0.05
_WIDE = 1 << 20  # cells: a row of them, so that column and row make one number
Turn, Verdict = ProjectAround.Turn, ProjectAround.Verdict
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Compared:
    """One turning point of one project, of one kind of matters (`category`, its key; None: all together); `change` is None where there is too
    little to tell, and `too_little` says why."""

    project: KeyProject
    turn: str
    turned_on: dt.date
    within: int
    day: dt.date
    days: int
    before: int = 0
    after: int = 0
    rest_before: int = 0
    rest_after: int = 0
    change: Change | None = None
    too_little: str = ""
    category: int | None = None

    @property
    def since(self) -> dt.date:
        return self.turned_on - dt.timedelta(days=self.days)

    @property
    def until(self) -> dt.date:
        return self.turned_on + dt.timedelta(days=self.days - 1)

    def verdict(self, q: float | None) -> str:
        if self.change is None or q is None:
            return self.too_little
        if q > CALLED:
            return str(Verdict.SAME)
        return str(Verdict.MORE if self.after > self.change.expected else Verdict.FEWER)


def turns(project: KeyProject) -> list[tuple[str, dt.date]]:
    """When work began, stopped, and was done: the last from reports."""
    found = [(str(Turn.STARTED), project.starts)]
    if project.suspended_on:
        found.append((str(Turn.STOPPED), project.suspended_on))
    if done := _finished_on(project):
        found.append((str(Turn.FINISHED), done))
    return found


def _finished_on(project: KeyProject) -> dt.date | None:
    """The end of the month in which the last part was reported done."""
    parts = [[(report.month, report.percent) for report in part.reports.all()] for part in project.subprojects.all()]
    parts = parts or [[(report.month, report.percent) for report in project.reports.all() if report.percent is not None]]
    done = [min((month for month, percent in part if percent >= FINISHED), default=None) for part in parts]
    return curves.month_end(max(done)) if done and None not in done else None


def projects_with_reports():
    return KeyProject.objects.prefetch_related("subprojects__reports", "reports").select_related("state_now").defer("geom_3857").order_by("code")


Judged = list[tuple[Compared, float | None]]
"""Of one turning point: all kinds together first, then each that there is enough of; with q."""


def compare_all(day: dt.date, ground: Ground | None) -> list[Judged]:
    """Every turning point up to a day, with q over all of them and all kinds."""
    told = Told.read(day) if ground else None
    return judged([compare(project, turn, on, WITHIN, day, ground, told) for project in projects_with_reports() for turn, on in turns(project) if on <= day])


def judged(found: list[list[Compared]]) -> list[Judged]:
    q = iter(false_discoveries([np.nan if one.change is None else one.change.p for each in found for one in each]).tolist())
    return [[(one, None if np.isnan(share) else share) for one, share in zip(each, q, strict=False)] for each in found]


@dataclass(frozen=True, eq=False)
class Told:
    """Every matter that has a place, by the first day of its week on which it was told: int64 arrays of the cell of 100 m, of days since
    `first`, the day from which anything is known, and of its kind's key (0: not sorted). As for hot spots one matter told at one place within
    a week counts once."""

    first: dt.date
    col: Ints
    row: Ints
    day: Ints
    category: Ints

    def of(self, category: int) -> "Told":
        some = self.category == category
        return Told(self.first, self.col[some], self.row[some], self.day[some], self.category[some])

    @classmethod
    def read(cls, day: dt.date) -> "Told | None":
        """Up to a day; None where nothing is known."""
        first = Fact.objects.counted().aggregate(first=Min("day"))["first"]
        if first is None:
            return None
        facts, categories = (connection.ops.quote_name(model._meta.db_table) for model in (Fact, Category))
        with connection.cursor() as cursor:
            # As text of numbers, which numpy reads ten times quicker than rows: there may be a million.
            cursor.execute(
                f"""SELECT string_agg(col::text, ' '), string_agg("row"::text, ' '), string_agg(day::text, ' '), string_agg(about::text, ' ') FROM (
                    SELECT f.col, f."row", min(f.day - %(first)s::date) AS day, coalesce(CASE WHEN c.level = 3 THEN c.parent_id ELSE c.id END, 0) AS about
                    FROM {facts} f LEFT JOIN {categories} c ON c.id = f.category WHERE f.counted AND f.col IS NOT NULL AND f.day <= %(day)s
                    GROUP BY f.col, f."row", about, (f.day - %(first)s::date) / 7) matters""",
                {"first": first, "day": day},
            )
            columns = (np.array((text or "").split(), np.int64) for text in cursor.fetchone())
        return cls(first, *columns)


def compare(project: KeyProject, turn: str, on: dt.date, within: int, day: dt.date, ground: Ground | None, told: Told | None) -> list[Compared]:
    """One turning point: all kinds together, then each that is enough to tell anything. The periods are of one length and reach as far as both can."""
    days = min(LONGEST, (day - on).days + 1, (on - told.first).days if told else 0)
    seen = Compared(project, turn, on, within, day, max(days, 0))
    if ground is None or told is None or days < SHORTEST:
        return [replace(seen, too_little=str(Verdict.SHORT))]
    counts = _Counts.of(told, ground, on, days)
    near, far = counts.distances(project, within)
    found = [_compared(seen, counts, near, far)]
    for category in _kinds(counts, near <= within, told, on, days):
        counts = _Counts.of(told.of(category), ground, on, days)
        found.append(_compared(replace(seen, category=category), counts, *counts.distances(project, within)))
    return found


def _compared(seen: Compared, counts: "_Counts", near: NDArray[np.float64], far: NDArray[np.bool_]) -> Compared:
    here = near <= seen.within
    before, after = int(counts.before[here].sum()), int(counts.after[here].sum())
    matched = counts.places(far & (near > seen.within + APART))
    wanted = np.bincount(counts.kind[here], weights=(counts.before + counts.after)[here], minlength=KINDS)
    used = matched.of(np.flatnonzero(wanted))
    seen = replace(seen, before=before, after=after, rest_before=int(used.before.sum()), rest_after=int(used.after.sum()), too_little=str(Verdict.FEW))
    usual = elsewhere(matched.before, matched.after, matched.kind, wanted)
    if before + after < FEW or usual is None:
        return seen
    own = counts.places(here)
    both = own.before + own.after
    return replace(seen, change=changed(before, after, usual, float((both * (both - 1)).sum() / both.sum())))


def _kinds(counts: "_Counts", here: NDArray[np.bool_], told: Told, on: dt.date, days: int) -> list[int]:
    """Kinds of which enough is told in some cells in both periods together."""
    if not here.any():
        return []
    col, row, turned = counts.col[here], counts.row[here], (on - told.first).days
    near = np.flatnonzero(
        (told.day >= turned - days) & (told.day < turned + days) & (told.col >= col.min()) & (told.col <= col.max()) & (told.row >= row.min()) & (told.row <= row.max())
    )
    near = near[np.isin(told.row[near] * _WIDE + told.col[near], row * _WIDE + col)]
    kinds, many = np.unique(told.category[near], return_counts=True)
    return kinds[(kinds > 0) & (many >= FEW)].tolist()


@dataclass(frozen=True, eq=False)
class _Places:
    before: Ints
    after: Ints
    kind: Ints

    def of(self, kinds: Ints) -> "_Places":
        some = np.isin(self.kind, kinds)
        return _Places(self.before[some], self.after[some], self.kind[some])


@dataclass(frozen=True, eq=False)
class _Counts:
    """Matters of two periods by cell of 100 m, where people live; kind: how densely, by thirds of them."""

    ground: Ground
    col: Ints
    row: Ints
    before: Ints
    after: Ints
    kind: Ints

    @classmethod
    def of(cls, told: Told, ground: Ground, on: dt.date, days: int) -> "_Counts":
        turned = (on - told.first).days
        within = (told.day >= turned - days) & (told.day < turned + days)
        cells, which = np.unique(told.row[within] * _WIDE + told.col[within], return_inverse=True)
        row = (cells + _WIDE // 2) // _WIDE
        col = cells - row * _WIDE
        late = told.day[within] >= turned
        before, after = (np.bincount(which.reshape(-1), weights=some, minlength=len(cells)).astype(np.int64) for some in (~late, late))
        down, across, inside = ground.at(col // BLOCKS, row // BLOCKS)
        lived = np.zeros(len(col))
        lived[inside] = ground.residents[down[inside], across[inside]]
        some = lived > 0
        col, row, before, after, lived = (each[some] for each in (col, row, before, after, lived))
        return cls(ground, col, row, before, after, _thirds(lived, before + after))

    def distances(self, project: KeyProject, within: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Metres from each cell's centre to the project, and which cells have a place of 1 km that no part of its ring reaches."""
        fine = self.ground.lattice
        plane = shapely.transform(shapely.from_wkb(bytes(project.geom.wkb)), lambda at: np.column_stack(fine.metric(at[:, 0], at[:, 1])))
        side = fine.metres / BLOCKS
        x, y = (self.col + 0.5) * side, (self.row + 0.5) * side
        west, south, east, north = plane.bounds
        reach = within + APART + 2 * PLACE * side
        some = (x > west - reach) & (x < east + reach) & (y > south - reach) & (y < north + reach)  # the others lie far off
        near, far = np.full(len(x), np.inf), np.ones(len(x), bool)
        near[some] = shapely.distance(shapely.points(x[some], y[some]), plane)
        left, low = self.col[some] // PLACE * PLACE * side, self.row[some] // PLACE * PLACE * side
        far[some] = shapely.distance(shapely.box(left, low, left + PLACE * side, low + PLACE * side), plane) > within
        return near, far

    def places(self, some: NDArray[np.bool_]) -> _Places:
        """The chosen cells as places of 1 km and one kind."""
        keys = np.column_stack([self.col[some] // PLACE, self.row[some] // PLACE, self.kind[some]])
        kept, which = np.unique(keys, axis=0, return_inverse=True)
        which = which.reshape(-1)
        before, after = (np.bincount(which, weights=each[some], minlength=len(kept)).astype(np.int64) for each in (self.before, self.after))
        return _Places(before, after, kept[:, 2] if len(kept) else np.zeros(0, np.int64))


def _thirds(lived: NDArray[np.float64], reports: Ints) -> Ints:
    """0 sparse, 1 middling, 2 dense, so that each holds about a third of the reports."""
    if not len(lived):
        return np.zeros(0, np.int64)
    order = np.argsort(lived, kind="stable")
    running = np.cumsum(reports[order])
    edges = [lived[order][min(np.searchsorted(running, running[-1] * part / KINDS), len(order) - 1)] for part in range(1, KINDS)]
    return np.searchsorted(edges, lived, side="left").astype(np.int64)


def keep(found: list[Judged]) -> None:
    """In the caller's transaction: what the list shows, in place of what it showed."""
    ProjectAround.objects.all().delete()
    ProjectAround.objects.bulk_create(_row(each) for each in found)


def telling(found: Judged) -> tuple[Compared, float | None]:
    """What the list says of a turning point: the surest of what is more, else of what is less, else all kinds together."""
    for wanted in (Verdict.MORE, Verdict.FEWER):
        called = [(q, place) for place, (one, q) in enumerate(found) if q is not None and one.verdict(q) == wanted]
        if called:
            return found[min(called)[1]]
    return found[0]


def _row(found: Judged) -> ProjectAround:
    one, q = telling(found)
    verdict, change = one.verdict(q), one.change
    finite = {name: value for name in ("ratio", "low", "high") if change and np.isfinite(value := getattr(change, name))}
    return ProjectAround(
        project=one.project, turn=one.turn, turned_on=one.turned_on, within=one.within, days=one.days, category_id=one.category, before=one.before, after=one.after,
        rest_before=one.rest_before, rest_after=one.rest_after, q=q, verdict=verdict, weight=_weight(one, verdict), day=one.day,
        kinds=[[each.category, share] for each, share in found if share is not None], **finite,
    )  # fmt: skip


def _weight(one: Compared, verdict: str) -> float:
    """First where more is reported than elsewhere, by how much more; then where work lies behind its plan; last where there is little to see."""
    base = {Verdict.MORE: 1000.0, Verdict.SAME: 0.0, Verdict.FEWER: -500.0, Verdict.FEW: -1000.0, Verdict.SHORT: -1000.0}[Verdict(verdict)]
    state = getattr(one.project, "state_now", None)
    behind = {"late": 100.0, "due": 40.0}.get(getattr(state, "tone", ""), 0.0)
    more = one.after - one.change.expected if one.change else 0.0
    return round(base + behind + max(-100.0, min(400.0, more)), 2)
