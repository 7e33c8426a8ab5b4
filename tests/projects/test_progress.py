"""Progress against plan, computed by hand for the toy county, and the pages that show it."""

import datetime as dt

import pytest
from django.urls import reverse

from apps.projects.models import KeyProject
from apps.projects.standing import Standing
from tests.town import TODAY, at

pytestmark = pytest.mark.django_db


def test_actual_and_planned_are_weighted_at_the_end_of_the_last_reported_month(town):
    dyke = KeyProject.objects.with_progress(TODAY).get(name="东溪防洪堤")
    assert dyke.as_of == dt.date(2025, 12, 31)
    assert dyke.actual == pytest.approx(0.6 * 90 + 0.4 * 30)
    assert dyke.planned == pytest.approx(0.6 * 100 * 364 / 365 + 0.4 * 100 * 183 / 365)
    assert dyke.tone == "late"
    assert dyke.standing == "比计划慢 14 个百分点"


def test_a_report_of_a_later_month_does_not_count_before_it(town):
    dyke = KeyProject.objects.with_progress(dt.date(2025, 7, 20)).get(name="东溪防洪堤")
    assert dyke.as_of == dt.date(2025, 6, 30)
    assert dyke.actual == pytest.approx(0.6 * 40)


def test_a_project_without_reports_is_measured_today(town):
    houses = KeyProject.objects.with_progress(TODAY).get(name="城关老旧小区改造")
    assert houses.as_of == TODAY
    assert houses.actual == 0
    assert houses.planned == pytest.approx(0.5 * 100 * (TODAY - dt.date(2025, 9, 1)).days / 365 + 0.5 * 100 * (TODAY - dt.date(2026, 1, 1)).days / 334)


def test_a_project_without_subprojects_has_no_progress(town):
    school = KeyProject.objects.get(name="南山中心小学迁建")
    school.subprojects.all().delete()
    school = KeyProject.objects.with_progress(TODAY).get(pk=school.pk)
    assert (school.actual, school.planned, school.tone, school.standing) == (None, None, "neutral", "尚未分解子项目")


def test_tones_in_sql_and_in_python_agree(town):
    rows = KeyProject.objects.with_progress(TODAY)
    for tone in ("good", "due", "late"):
        assert {project.pk for project in rows.in_tone(tone)} == {project.pk for project in rows if project.tone == tone}


def test_curve_meets_the_numbers_of_the_list(town):
    dyke = KeyProject.objects.with_progress(TODAY).get(name="东溪防洪堤")
    curve = dyke.curve(TODAY)
    month = curve["months"].index("2025-12")
    assert curve["actual"][month] == pytest.approx(dyke.actual, abs=0.05)
    assert curve["plan"][month] == pytest.approx(dyke.planned, abs=0.05)
    assert curve["actual"][month + 1] is None
    assert curve["plan"][-1] == 100


def test_nearest_is_ordered_on_the_ellipsoid(town):
    rows = list(KeyProject.objects.with_progress(TODAY).nearest(at(0.5, 0.2)))
    assert [project.name for project in rows] == ["东溪防洪堤", "南山中心小学迁建", "城关老旧小区改造"]
    assert rows[0].distance.m == pytest.approx(0, abs=0.01)


def test_nearest_to_two_places_takes_the_nearer(town):
    rows = list(KeyProject.objects.with_progress(TODAY).nearest(at(0.5, 0.2), at(2.5, 0.6)))
    assert rows[-1].name == "南山中心小学迁建"


@pytest.mark.parametrize("query", ["", "?tone=late", "?field=water&sort=ends", "?lat=28.002&lon=120.005", "?lat=abc&lon=1", "?town=339999100000&q=堤", "?page=999"])
def test_list_answers_every_filter(client, leader, query):
    Standing.objects.renew(TODAY)
    client.force_login(leader)
    page = client.get(reverse("project_list") + query)
    assert page.status_code == 200
    assert "东溪防洪堤" in page.content.decode()


def test_list_asks_the_database_the_same_however_many_projects(client, leader, django_assert_max_num_queries):
    client.force_login(leader)
    with django_assert_max_num_queries(16):
        client.get(reverse("project_list"))


def test_empty_list_says_what_to_do(client, leader):
    client.force_login(leader)
    assert "没有符合条件的项目" in client.get(reverse("project_list") + "?q=没有这个").content.decode()


def test_page_shows_state_subprojects_and_curve(client, leader, town):
    client.force_login(leader)
    text = client.get(reverse("project_detail", args=[town.projects["K1"].code])).content.decode()
    for words in ("比计划慢 14 个百分点", "堤身", "绿化", "截至 2025年12月31日", "2025-12"):
        assert words in text


def test_strangers_are_sent_to_sign_in(client, town):
    for url in (reverse("project_list"), reverse("project_detail", args=[town.projects["K1"].code])):
        assert client.get(url).headers["Location"].startswith("/accounts/login/")


def test_deputy_desk_puts_the_nearest_first_and_tells_only_him_where_he_lives(client, deputy, town):
    client.force_login(deputy)
    page = client.get(reverse("desk"))
    assert page.status_code == 200
    assert page.context["projects"][0].name == "东溪防洪堤"
    kinds = [place["properties"]["kind"] for place in page.context["nearby_data"]["places"]["features"]]
    assert "home" in kinds


def test_desk_leads_everyone_to_their_own_list(client, leader, town_clerk):
    client.force_login(leader)
    assert client.get(reverse("desk")).headers["Location"] == reverse("cockpit")
    client.force_login(town_clerk)
    assert client.get(reverse("desk")).headers["Location"] == reverse("case_list")
