"""监督成效评估: what came of supervision in a period, by topic, deputy or unit. Every figure is counted, none is typed.

What is counted:
- coverage: of the places that the list in force on the period's last day gave out, those whose deputy was there in the period;
- visits: recorded ones, made in the period; a deputy has been at an inspection when he signed in;
- findings: raised in the period; those merged into another or taken back by the deputy are not counted;
- in time: closed without a late answer, of all that are decided: closed, or open and late with the unit already. What is open and
  not yet late is in neither, and shown beside it. The state is today's;
- ratings: the mean of all marks from 1 to 5.
Where fewer than `LEAST` are counted there is no percentage and no mean, only the counts.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, fields

from django.db import connection
from django.utils import timezone

from apps.supervision.models import AssignmentRun
from apps.worktime.periods import Period

LEAST = 5
BY = {"topic": "监督事项", "deputy": "代表", "unit": "承办单位"}
ONLY = {"": "全部", "unvisited": "分到而没有去过", "late": "有整改超期"}


@dataclass(frozen=True)
class Share:
    """A part of a whole. `percent` only where the whole is large enough to say so."""

    part: int
    whole: int

    @property
    def percent(self) -> float | None:
        return 100 * self.part / self.whole if self.whole >= LEAST else None

    @property
    def figure(self) -> tuple[str, str]:
        """For a figure: the large words and the small ones beside them."""
        if self.percent is None:
            return self.words, ""
        return f"{self.percent:.0f}%", f"{self.part}/{self.whole}"

    @property
    def words(self) -> str:
        if not self.whole:
            return "—"
        return f"{self.part}/{self.whole}" if self.percent is None else f"{self.percent:.0f}%（{self.part}/{self.whole}）"


@dataclass(frozen=True)
class Figures:
    """The counts of one row, or of all."""

    assigned: int = 0
    visited: int = 0
    looks: int = 0
    inspections: int = 0
    found: int = 0
    passed_on: int = 0
    declined: int = 0
    closed: int = 0
    in_time: int = 0
    late_closed: int = 0
    late_open: int = 0
    waiting: int = 0  # open and not late
    marks: int = 0
    marks_sum: int = 0

    @property
    def coverage(self) -> Share:
        return Share(self.visited, self.assigned)

    @property
    def punctual(self) -> Share:
        """Put right in time, of what is decided."""
        return Share(self.in_time, self.closed + self.late_open)

    @property
    def mean(self) -> float | None:
        return self.marks_sum / self.marks if self.marks >= LEAST else None

    @property
    def mean_figure(self) -> tuple[str, str]:
        return (self.mean_words, "") if self.mean is None else (f"{self.mean:.1f}", f"{self.marks} 次")

    @property
    def mean_words(self) -> str:
        if not self.marks:
            return "—"
        return f"{self.marks} 次" if self.mean is None else f"{self.mean:.1f}（{self.marks} 次）"


COUNTS = tuple(field.name for field in fields(Figures))


@dataclass(frozen=True)
class Row(Figures):
    """One topic, deputy or unit. project: the code of a key project's page."""

    pk: int = 0
    code: str = ""
    name: str = ""
    place: str = ""
    project: str = ""


@dataclass(frozen=True)
class Asked:
    """What a page asks for. subjects: the ids that its reader may see, None for all."""

    by: str
    period: Period
    subjects: tuple[int, ...] | None = None
    town: int | None = None
    words: str = ""
    only: str = ""
    sort: str = ""
    government: bool = False  # its side knows what was passed on to it, and nothing of visits


@dataclass(frozen=True)
class Evaluation:
    rows: list[Row]
    total: Figures
    count: int
    run: AssignmentRun | None


# Raw SQL: three aggregates side by side, which joined in one query would multiply each other.
COMMON = """
WITH made AS (
    SELECT id, topic_id, kind FROM supervision_visit
    WHERE state = 'recorded' AND visited_on BETWEEN %(first)s AND %(last)s AND NOT %(government)s
), there AS (
    SELECT p.deputy_id, v.id AS visit_id, v.topic_id, v.kind FROM made v JOIN supervision_visitparticipant p ON p.visit_id = v.id
    WHERE v.kind = 'look' OR EXISTS (SELECT FROM supervision_checkin c WHERE c.participant_id = p.id)
), given AS (
    SELECT t.topic_id, m.deputy_id, w.topic_id IS NOT NULL AS visited
    FROM supervision_team t JOIN supervision_teammember m ON m.team_id = t.id
    LEFT JOIN (SELECT DISTINCT topic_id, deputy_id FROM there) w ON w.topic_id = t.topic_id AND w.deputy_id = m.deputy_id
    WHERE t.run_id = %(run)s AND NOT %(government)s
), raised AS (
    SELECT topic_id, raised_by_id, lead_id, state, forwarded_at IS NOT NULL AS passed_on, late, late_with_id,
           state IN ('raised', 'with_dispatcher', 'with_unit', 'answered') AS open, state = 'with_unit' AND rectify_by < %(today)s AS overdue
    FROM supervision_finding
    WHERE raised_at >= %(start)s AND raised_at < %(end)s AND state NOT IN ('merged', 'withdrawn') AND (forwarded_at IS NOT NULL OR NOT %(government)s)
), marked AS (
    SELECT v.id AS visit_id, v.topic_id, count(*) AS marks, sum(r.value) AS marks_sum
    FROM made v JOIN supervision_indicatorrating r ON r.visit_id = v.id JOIN supervision_indicator i ON i.id = r.indicator_id AND i.scale = 'score' GROUP BY 1, 2
), topics AS (
    SELECT t.id, coalesce(p.code, t.own_code) AS code, coalesce(p.name, t.own_title) AS name, coalesce(p.town_id, t.own_town_id) AS town_id,
           coalesce(p.responsible_id, t.own_responsible_id) AS unit_id, coalesce(p.code, '') AS project
    FROM supervision_topic t LEFT JOIN projects_keyproject p ON p.id = t.project_id
), """

FOUND = """count(*) AS found, count(*) FILTER (WHERE passed_on) AS passed_on, count(*) FILTER (WHERE state = 'declined') AS declined,
    count(*) FILTER (WHERE state = 'closed') AS closed, count(*) FILTER (WHERE state = 'closed' AND NOT late) AS in_time,
    count(*) FILTER (WHERE state = 'closed' AND late) AS late_closed, count(*) FILTER (WHERE open AND (late OR overdue)) AS late_open,
    count(*) FILTER (WHERE open AND NOT (late OR overdue)) AS waiting"""

PARTS = {
    "topic": f"""
    subject AS (SELECT s.id, s.code, s.name, s.project, s.town_id, a.name AS place FROM topics s LEFT JOIN territory_adminarea a ON a.id = s.town_id),
    c AS (SELECT topic_id AS id, count(*) AS assigned, count(*) FILTER (WHERE visited) AS visited FROM given GROUP BY 1),
    v AS (SELECT topic_id AS id, count(*) FILTER (WHERE kind = 'look') AS looks, count(*) FILTER (WHERE kind = 'inspection') AS inspections FROM made GROUP BY 1),
    f AS (SELECT topic_id AS id, {FOUND} FROM raised GROUP BY 1),
    m AS (SELECT topic_id AS id, sum(marks) AS marks, sum(marks_sum) AS marks_sum FROM marked GROUP BY 1)""",
    "deputy": f"""
    subject AS (
        SELECT d.id, d.code, d.name, '' AS project, home.parent_id AS town_id, coalesce(g.name, a.name) AS place FROM deputies_deputy d
        LEFT JOIN territory_adminarea home ON home.id = d.residence_village_id LEFT JOIN territory_adminarea a ON a.id = home.parent_id
        LEFT JOIN deputies_group g ON g.id = d.group_id),
    c AS (SELECT deputy_id AS id, count(*) AS assigned, count(*) FILTER (WHERE visited) AS visited FROM given GROUP BY 1),
    v AS (SELECT deputy_id AS id, count(*) FILTER (WHERE kind = 'look') AS looks, count(*) FILTER (WHERE kind = 'inspection') AS inspections FROM there GROUP BY 1),
    f AS (SELECT raised_by_id AS id, {FOUND} FROM raised GROUP BY 1),
    m AS (SELECT t.deputy_id AS id, sum(marks) AS marks, sum(marks_sum) AS marks_sum FROM there t JOIN marked USING (visit_id) GROUP BY 1)""",
    "unit": f"""
    subject AS (SELECT o.id, o.code, o.name, '' AS project, a.id AS town_id, a.name AS place FROM organisations_organisation o
        LEFT JOIN territory_adminarea a ON left(a.code, 9) = left(o.area_code, 9) AND a.level = 'town'),
    c AS (SELECT unit_id AS id, count(*) AS assigned, count(*) FILTER (WHERE visited) AS visited
        FROM (SELECT topic_id, bool_or(visited) AS visited FROM given GROUP BY 1) g JOIN topics t ON t.id = g.topic_id GROUP BY 1),
    v AS (SELECT unit_id AS id, count(*) FILTER (WHERE kind = 'look') AS looks, count(*) FILTER (WHERE kind = 'inspection') AS inspections
        FROM made JOIN topics t ON t.id = made.topic_id GROUP BY 1),
    f AS (SELECT lead_id AS id, {FOUND} FROM (  -- a unit answers for its own delay, not for that of the one before it
        SELECT lead_id, state, passed_on, open, overdue, late AND coalesce(late_with_id, lead_id) = lead_id AS late FROM raised WHERE lead_id IS NOT NULL
    ) own GROUP BY 1),
    m AS (SELECT unit_id AS id, sum(marks) AS marks, sum(marks_sum) AS marks_sum FROM marked JOIN topics t ON t.id = marked.topic_id GROUP BY 1)""",
}

SORTS = {  # what a rate of few says comes after every rate
    "": "late_open DESC, found DESC, code",
    "name": "code",
    "coverage": f"(assigned >= {LEAST}) DESC, visited::float / nullif(assigned, 0) NULLS LAST, assigned DESC, code",
    "visits": "looks + inspections DESC, code",
    "found": "found DESC, code",
    "punctual": f"(closed + late_open >= {LEAST}) DESC, in_time::float / nullif(closed + late_open, 0) NULLS LAST, closed + late_open DESC, code",
    "mean": f"(marks >= {LEAST}) DESC, marks_sum::float / nullif(marks, 0) NULLS LAST, code",
}


def evaluate(asked: Asked, limit: int | None = None, offset: int = 0) -> Evaluation:
    """The rows asked for and the sum of all of them, in one grouped query after one for the list in force."""
    run = in_force_at(asked.period.last)
    counted = ", ".join(f"coalesce({name}, 0)::bigint AS {name}" for name in COUNTS)
    sums = ", ".join(f"(sum({name}) OVER ())::bigint" for name in COUNTS)
    shown = {"unvisited": "assigned > 0 AND visited = 0", "late": "late_open > 0"}.get(asked.only, "true")
    query = f"""{COMMON}{PARTS[asked.by]},
        counted AS (
            SELECT subject.id, code, name, coalesce(place, '') AS place, project, {counted}
            FROM subject LEFT JOIN c USING (id) LEFT JOIN v USING (id) LEFT JOIN f USING (id) LEFT JOIN m USING (id)
            WHERE coalesce(c.id, v.id, f.id) IS NOT NULL AND (%(subjects)s::bigint[] IS NULL OR subject.id = ANY(%(subjects)s))
                AND (%(town)s::bigint IS NULL OR town_id = %(town)s) AND (%(words)s = '' OR strpos(name, %(words)s) > 0 OR strpos(code, %(words)s) > 0)
        )
        SELECT count(*) OVER (), {sums}, {', '.join(COUNTS)}, id, code, name, place, project FROM counted
        WHERE {shown} ORDER BY {SORTS.get(asked.sort, SORTS[''])} LIMIT %(limit)s OFFSET %(offset)s"""
    with connection.cursor() as cursor:
        cursor.execute(query, {
            "first": asked.period.first, "last": asked.period.last, "today": timezone.localdate(), "run": run and run.pk,
            "start": _midnight(asked.period.first), "end": _midnight(asked.period.last + dt.timedelta(days=1)), "government": asked.government,
            "subjects": None if asked.subjects is None else list(asked.subjects), "town": asked.town, "words": asked.words, "limit": limit, "offset": offset,
        })  # fmt: skip
        found = cursor.fetchall()
    wide = len(COUNTS)
    rows = [Row(*values[1 + wide : 1 + 2 * wide], *values[1 + 2 * wide :]) for values in found]
    return Evaluation(rows, Figures(*found[0][1 : 1 + wide]) if found else Figures(), found[0][0] if found else 0, run)


def in_force_at(day: dt.date) -> AssignmentRun | None:
    """The list that was in force at the end of a day."""
    return AssignmentRun.objects.published().filter(published_at__lt=_midnight(day + dt.timedelta(days=1))).order_by("-published_at").first()


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))


def table(rows: Iterable[Row], government: bool) -> list[list]:
    """For a workbook: one list a row, percentages and means only where enough was counted."""
    seen = lambda row: [] if government else [row.assigned, row.visited, _rounded(row.coverage.percent), row.looks, row.inspections]  # noqa: E731
    rated = lambda row: [] if government else [row.marks, _rounded(row.mean)]  # noqa: E731
    return [
        [row.code, row.name, row.place, *seen(row), row.found, row.passed_on, row.declined, row.closed, row.in_time, row.late_closed, row.late_open, row.waiting,
         _rounded(row.punctual.percent), *rated(row)]
        for row in rows
    ]  # fmt: skip


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
