"""The cockpit's numbers, counted by hand over the toy county."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.cases.models import Case, Category, Rating
from apps.insights import heat
from apps.insights.filters import read_question
from apps.projects.models import KeyProject
from apps.projects.standing import Standing
from apps.territory.models import AdminArea
from tests.town import TODAY

pytestmark = pytest.mark.django_db
ZONE = dt.timezone(dt.timedelta(hours=8))


def file_case(town, village: str, day: dt.date, category: str = "housing", **changes) -> Case:
    area = town.villages[village]
    middle = area.geom.centroid
    state = {
        "state": Case.State.WITH_TOWN,
        "channel": "web",
        "text": "路灯不亮",
        "point": middle,
        "town": area.parent,
        "village": area,
    } | changes
    return Case.objects.create(
        category=Category.objects.get(code=category), submitted_at=dt.datetime.combine(day, dt.time(9), ZONE), **state
    )


@pytest.fixture
def cases(town):
    """Six cases: three in V1 this quarter and one before, two in V3, of which one is late and one answered and rated."""
    days = [TODAY - dt.timedelta(days=n) for n in (1, 2, 3)]
    rows = [file_case(town, "V1", day) for day in days] + [file_case(town, "V1", TODAY - dt.timedelta(days=60))]
    rows.append(file_case(town, "V3", days[0], "noise_fume", due_on=TODAY - dt.timedelta(days=1)))
    answered = file_case(
        town, "V3", days[1], "noise_fume", state=Case.State.CLOSED, answered_at=timezone.now(), answer="已修好"
    )
    Rating.objects.create(case=answered, by="reporter", score="satisfied")
    return [*rows, answered]


def question(query: str = "period=30"):
    from django.http import QueryDict

    return read_question(QueryDict(query), TODAY)


def by_name(rows: list[dict]) -> dict[str, dict]:
    return {row["name"]: row for row in rows}


def test_regions_count_and_rate(cases, leader):
    rows = by_name(heat.regions(leader, question()))
    assert (rows["东溪镇"]["count"], rows["南山乡"]["count"], rows["城关街道"]["count"]) == (3, 0, 2)
    assert rows["东溪镇"]["per_1000"] == 3 / 20  # 20,000 residents


def test_where_there_are_no_towns_the_county_stands_for_them(cases, leader, client):
    """As in 龙港市: villages lie right below the county."""
    county = AdminArea.objects.county()
    Case.objects.update(town=county)
    KeyProject.objects.update(town=None)
    AdminArea.objects.towns().update(level="village")
    (row,) = heat.regions(leader, question())
    assert (row["name"], row["count"]) == ("方格县", 5)
    client.force_login(leader)
    assert "读不出来" not in client.get(row["url"]).content.decode()  # the way to its cases names no town
    assert [row["label"] for row in heat.project_standing(leader)] == ["方格县"]
    assert '<option value="town" selected>方格县</option>' in client.get("/cockpit/").content.decode()


def test_villages_and_categories(cases, leader):
    rows = by_name(heat.regions(leader, question("period=30&level=village&category=noise_fume")))
    assert (rows["溪口村"]["count"], rows["城东社区"]["count"]) == (0, 2)


def test_comparison_is_with_the_period_before(cases, leader):
    rows = by_name(heat.regions(leader, question("period=30&compare=1")))
    assert rows["东溪镇"]["before"] == 0 and rows["东溪镇"]["change"] is None
    rows = by_name(heat.regions(leader, question("period=90&compare=1")))
    assert rows["东溪镇"]["count"] == 4


def test_cells_hold_every_case_once(cases, leader):
    cells = heat.cells(leader, question("period=90&by=cell"))
    assert sum(cell[4] for cell in cells) == 6
    for case in cases:
        assert (
            sum(west <= case.point.x < east and south <= case.point.y < north for west, south, east, north, _ in cells)
            == 1
        )
    west, south, east, *_ = cells[0]
    from pyproj import Geod

    assert Geod(ellps="WGS84").inv(west, south, east, south)[2] == pytest.approx(500, rel=0.01)


def test_no_cases_no_cells(town, leader):
    assert heat.cells(leader, question("by=cell")) == []


def test_punctuality_counts_what_lies_late(cases, leader):
    numbers = heat.figures(leader, question(), TODAY)
    assert (numbers["total"], numbers["open"], numbers["late"], numbers["answered"]) == (5, 4, 1, 1)
    assert numbers["in_time_share"] == 50  # one in time of one answered and one overdue
    assert numbers["content_share"] == 100


def test_trend_has_the_empty_months_too(cases, leader):
    trend = heat.trend(leader, question("period=365"))
    assert len(trend["labels"]) == 13 and sum(trend["current"]) == 6


def test_the_list_behind_a_number_has_as_many_rows(client, cases, leader):
    client.force_login(leader)
    data = client.get(reverse("cockpit_data") + "?period=730&category=noise_fume&by=cell").json()
    for row in data["regions"]:
        assert client.get(row["url"]).context["page_obj"].paginator.count == row["count"]
    cell = max(data["cells"], key=lambda cell: cell[4])
    behind = client.get(data["cells_url"] + ",".join(map(str, cell[:4])))
    assert behind.context["page_obj"].paginator.count == cell[4]


def test_scope_bounds_what_is_counted(cases, leader, town):
    leader.scope = town.towns["B"].code[:9]
    assert heat.figures(leader, question(), TODAY)["total"] == 0
    assert {row["name"] for row in heat.regions(leader, question())} == {"南山乡"}


def test_projects_by_town(town, leader):
    Standing.objects.renew(TODAY)
    rows = {row["label"]: row for row in heat.project_standing(leader)}
    assert rows["东溪镇"]["behind"] == 1


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?by=cell&period=730&level=village&compare=1&measure=count",
        "?by=x&period=-1&category=none&level=%00",
        "?theme=dark",
    ],
)
def test_page_and_data_answer_every_filter(client, leader, cases, query):
    client.force_login(leader)
    assert client.get(reverse("cockpit") + query).status_code == 200
    assert set(client.get(reverse("cockpit_data") + query).json()) >= {"regions", "trend", "projects", "figures_html"}


def test_only_leaders_and_the_county_office(client, leader, county_office, deputy, town_clerk):
    for user, status in ((leader, 200), (county_office, 200), (deputy, 403), (town_clerk, 403)):
        client.force_login(user)
        assert client.get(reverse("cockpit")).status_code == status


def test_queries_do_not_grow(client, leader, cases, town, django_assert_max_num_queries):
    client.force_login(leader)
    with django_assert_max_num_queries(24):
        client.get(reverse("cockpit_data") + "?by=cell")


def test_a_case_far_outside_the_filter_is_not_counted(town, leader):
    file_case(town, "V1", TODAY - dt.timedelta(days=400))
    assert heat.figures(leader, question("period=365"), TODAY)["total"] == 0
