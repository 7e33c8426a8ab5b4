"""Complaints counted over place and time. Counts are of cases that the asking person may see, by the day they came in."""

import datetime as dt

from django.db import connection
from django.db.models import Count, F, Q
from django.db.models.functions import TruncMonth

from apps.cases.models import OPEN_STATES, Case, Rating
from apps.insights.filters import Question
from apps.projects.models import KeyProject
from apps.territory.models import AdminArea

CELL_METRES = 500
MOST_CELLS = 4000
HOT_PLACES = 10


def asked(user, question: Question, first: dt.date | None = None, last: dt.date | None = None):
    """The cases in question, or those of another period under the same filters."""
    start, end = first or question.first, last or question.last
    zone = dt.timezone(dt.timedelta(hours=8))
    rows = Case.objects.visible_to(user).filter(
        submitted_at__gte=dt.datetime.combine(start, dt.time(), zone), submitted_at__lt=dt.datetime.combine(end + dt.timedelta(days=1), dt.time(), zone)
    )
    return rows.filter(category__code__in=question.categories) if question.categories else rows


def regions(user, question: Question) -> list[dict]:
    """One row a town or village: count, per 1,000 residents, change on the period before. A region without cases counts zero;
    without a population its rate is unknown."""
    key = "village" if question.level == "village" else "town"
    now = dict(asked(user, question).order_by().values_list(key).annotate(n=Count("pk")))
    before = dict(asked(user, question, *question.before).order_by().values_list(key).annotate(n=Count("pk"))) if question.compare else {}
    areas = AdminArea.objects.visible_to(user).filter(level=question.level)
    whole = question.level == "town" and not areas.exists()  # a county without the township level
    if whole:
        areas = AdminArea.objects.visible_to(user).filter(level=AdminArea.Level.COUNTY)
    rows = []
    for pk, code, name, population in areas.order_by("code").values_list("pk", "code", "name", "population"):
        count, earlier = now.get(pk, 0), before.get(pk, 0)
        rows.append({
            "code": code, "name": name, "count": count,
            "per_1000": round(1000 * count / population, 2) if population else None,
            "change": (round(100 * (count - earlier) / earlier) if earlier else None) if question.compare else None,
            "before": earlier if question.compare else None,
            "url": question.cases_url(**({} if whole else {key: code})),
        })
    return rows


def cells(user, question: Question) -> list[list[float]]:
    """[west, south, east, north, count] of square cells, degrees; about 500 m on the ground, the fullest 4,000.

    Raw SQL: the cell is arithmetic on the stored 3857 coordinates, which stretch by 1/cos(latitude).
    """
    sql, params = asked(user, question).order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH asked AS (SELECT point, point_3857 FROM cases_case WHERE id IN ({sql})),
            size AS (SELECT {CELL_METRES} / cos(radians(avg(ST_Y(point)))) AS side FROM asked),
            counted AS (
                SELECT floor(ST_X(point_3857) / side) AS i, floor(ST_Y(point_3857) / side) AS j, side, count(*) AS n
                FROM asked, size GROUP BY 1, 2, 3 ORDER BY n DESC, 1, 2 LIMIT {MOST_CELLS}
            )
            SELECT ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box), n
            FROM counted, LATERAL (
                SELECT ST_Transform(ST_MakeEnvelope(i * side, j * side, (i + 1) * side, (j + 1) * side, 3857), 4326) AS box
            ) b
            """,
            params,
        )
        return [[round(float(value), 6) for value in row[:4]] + [row[4]] for row in cursor.fetchall()]


def fullest_places(user, question: Question) -> list[dict]:
    """The ten villages with the most cases in the period: counted, not tested for significance."""
    rows = (
        asked(user, question).filter(village__isnull=False).order_by()
        .values("village__code", "village__name", "town__name")
        .annotate(n=Count("pk"), open=Count("pk", filter=Q(state__in=OPEN_STATES)))
        .order_by("-n", "village__code")[:HOT_PLACES]
    )
    places = {area.code: area for area in AdminArea.objects.filter(code__in=[row["village__code"] for row in rows])}
    for row in rows:
        area = places[row["village__code"]]
        row["point"] = area.geom.point_on_surface if area.geom else None
        row["url"] = question.cases_url(village=area.code)
    return list(rows)


def trend(user, question: Question) -> dict:
    """Cases by month, months without any included."""
    zone = dt.timezone(dt.timedelta(hours=8))
    counted = dict(asked(user, question).order_by().annotate(month=TruncMonth("submitted_at", tzinfo=zone)).values_list("month").annotate(n=Count("pk")))
    by_month = {month.strftime("%Y-%m"): n for month, n in counted.items()}
    labels, month = [], question.first.replace(day=1)
    while month <= question.last:
        labels.append(f"{month:%Y-%m}")
        month = (month + dt.timedelta(days=32)).replace(day=1)
    return {"labels": labels, "current": [by_month.get(label, 0) for label in labels]}


def figures(user, question: Question, today: dt.date) -> dict:
    """New, still open, late, answered in time and satisfied: shares with what they are shares of."""
    rows = asked(user, question)
    still_open = Q(state__in=OPEN_STATES)
    late = Q(due_on__lt=today) & still_open
    counted = rows.order_by().aggregate(
        total=Count("pk"),
        open=Count("pk", filter=still_open),
        late=Count("pk", filter=late),
        answered=Count("pk", filter=Q(answered_at__isnull=False)),
        in_time=Count("pk", filter=Q(answered_at__isnull=False, answered_late=False)),
    )
    ratings = Rating.objects.filter(case__in=rows, by=Rating.By.REPORTER, part=Rating.Part.OUTCOME, round=F("case__reopened"))
    counted |= ratings.aggregate(rated=Count("pk"), content=Count("pk", filter=~Q(score=Rating.Score.UNSATISFIED)))
    # Overdue work that nobody has answered yet counts against punctuality, or leaving it lying would look good.
    owed = counted["answered"] + counted["late"]
    counted["in_time_share"] = round(100 * counted["in_time"] / owed) if owed else None
    counted["content_share"] = round(100 * counted["content"] / counted["rated"]) if counted["rated"] else None
    return counted


def project_standing(user) -> list[dict]:
    """Projects on plan, slow and behind, by town; of the whole county where there are no towns."""
    rows: dict[str, dict] = {}
    county = None if AdminArea.objects.towns().exists() else AdminArea.objects.defer("geom", "geom_3857").county()
    elsewhere = county.name if county else "未定位"
    counted = KeyProject.objects.order_by().values_list("town__code", "town__name", "state_now__tone").annotate(n=Count("pk"))
    for code, name, tone, n in counted:
        if code and not user.reaches(code):
            continue
        row = rows.setdefault(name or elsewhere, {"label": name or elsewhere, "on_plan": 0, "slightly": 0, "behind": 0})
        row[{"due": "slightly", "late": "behind"}.get(tone, "on_plan")] += n
    return sorted(rows.values(), key=lambda row: (-row["behind"], -row["slightly"], row["label"]))
