"""The page around the map of voices, counted by hand over the toy county: what its list, its hours and its steps of time say."""

import datetime as dt
import re
from itertools import pairwise

import pytest
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from apps.cases.models import Case, Category
from apps.insights import beside, facts
from apps.insights.filters import read_question
from apps.territory.remembered import Remembered
from tests.insights.voices import record
from tests.town import TODAY, at

pytestmark = pytest.mark.django_db
ZONE = dt.timezone(dt.timedelta(hours=8))
NOON = dt.datetime.combine(TODAY, dt.time(12), ZONE)  # a Tuesday


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOON)


def voice(
    town,
    village: str,
    day: dt.date,
    hour: int = 9,
    category: str = "housing",
    place: tuple[float, float] | None = None,
    **more,
) -> Case:
    area = town.villages[village]
    values = {
        "state": Case.State.WITH_TOWN,
        "channel": "web",
        "text": "路灯不亮",
        "town": area.parent,
        "village": area,
    } | more
    point = at(*place) if place else area.geom.centroid
    moment = dt.datetime.combine(day, dt.time(hour), ZONE)
    return Case.objects.create(category=Category.objects.get(code=category), submitted_at=moment, point=point, **values)


@pytest.fixture
def voices(town) -> list[Case]:
    """V1: five of March at 9 o'clock and one of January at 20; V3: two of March, of another category."""
    march = [voice(town, "V1", TODAY - dt.timedelta(days=n)) for n in range(1, 6)]
    rows = [
        *march,
        voice(town, "V1", dt.date(2026, 1, 15), 20),
        *(voice(town, "V3", TODAY - dt.timedelta(days=n), 9, "noise_fume") for n in (1, 2)),
    ]
    facts.refresh()
    return rows


def ask(client, query: str) -> dict:
    return client.get(f"{reverse('insight_beside')}?{query}").json()


def rows(html: str) -> list[tuple[str, str]]:
    """(place, what stands in the cell after it) of each row of the list."""
    return re.findall(r'<tr data-id="\d+">.*?<a [^>]*>(.*?)</a>.*?<td class="number">(\d+)', html, re.DOTALL)


def asked(query: str):
    return read_question(QueryDict(query), TODAY)


# --- time ----------------------------------------------------------------------------------------------------------------


def test_months_are_cut_to_the_period():
    steps = beside.empty_steps(asked("since=2025-12-20&until=2026-02-10"), "month")
    assert [(step.key, step.first.day, step.last.day) for step in steps] == [
        ("2025-12", 20, 31),
        ("2026-01", 1, 31),
        ("2026-02", 1, 10),
    ]
    assert [step.words for step in steps] == ["2025年12月（20—31 日）", "2026年1月", "2026年2月（1—10 日）"]


def test_weeks_begin_on_mondays():
    steps = beside.empty_steps(asked("since=2026-03-04&until=2026-03-16"), "week")
    assert [(step.key, step.first, step.last) for step in steps] == [
        ("2026-03-02", dt.date(2026, 3, 4), dt.date(2026, 3, 8)), ("2026-03-09", dt.date(2026, 3, 9), dt.date(2026, 3, 10)),
    ]  # fmt: skip
    assert all(one.last + dt.timedelta(days=1) == after.first for one, after in pairwise(steps))


@pytest.mark.parametrize(("query", "step"), [("period=30", "week"), ("period=30&step=month", "month"), ("period=365", "month"), ("period=365&step=week", "week"), ("period=730&step=week", "month"), ("period=365&step=x", "month")])  # fmt: skip
def test_a_period_is_gone_through_in_steps_that_one_can_look_at(query, step):
    wanted = QueryDict(query).get("step", "")
    assert beside.step_of(wanted, asked(query)) == step
    assert len(beside.empty_steps(asked(query), step)) <= 54


def test_steps_add_up_and_one_of_them_narrows_everything(client, leader, voices):
    client.force_login(leader)
    whole = ask(client, "period=90&step=month")
    assert [(step["key"], step["n"]) for step in whole["steps"]] == [
        ("2025-12", 0),
        ("2026-01", 1),
        ("2026-02", 0),
        ("2026-03", 7),
    ]
    assert whole["counted"].startswith("共 8 件") and whole["at"] is None
    january = ask(client, "period=90&step=month&at=2026-01")
    assert january["counted"].startswith("共 1 件") and "2026年1月1日—2026年1月31日" in january["caption"]
    assert january["steps"] == whole["steps"] and january["bars"].count('class="is-now"') == 1
    assert "since=2026-01-01" in january["lists"]["cases"]
    assert ask(client, "period=90&step=month&at=1999-01")["at"] is None


def test_hours_of_the_week(client, leader, voices):
    client.force_login(leader)
    clock = ask(client, "period=90")["clock"]
    assert clock.count("<td class=") == 7 * 24
    assert re.search(
        r'<td class="heat-\d" data-hour="20" data-weekday="3">1</td>', clock
    )  # 15 January 2026 was a Thursday
    assert sum(int(n) for n in re.findall(r'data-weekday="\d">(\d+)</td>', clock)) == 8
    assert re.search(r'<td class="heat-0" data-hour="3" data-weekday="3">0</td>', clock)


# --- the list ------------------------------------------------------------------------------------------------------------


def test_the_list_is_the_map_in_words(client, leader, voices):
    client.force_login(leader)
    page = client.get(reverse("insight_map"), {"period": "90", "measure": "count"})
    assert rows(page.content.decode()) == [("东溪镇", "6"), ("城关街道", "2"), ("南山乡", "0")]
    villages = ask(client, "period=90&level=village&measure=count")["list"]
    assert rows(villages)[:2] == [("溪口村", "6"), ("城东社区", "2")] and len(rows(villages)) == 6


def test_rates_say_how_sure_they_are(client, leader, voices):
    client.force_login(leader)
    listed = ask(client, "period=90")["list"]
    assert re.search(r"0\.3<br><small[^>]*>0\.1–0\.7</small>", listed)  # 6 of 20,000: Garwood 0.110 to 0.653


def test_changes_come_with_what_they_are_worth(client, leader, voices, town):
    for n in range(40):
        voice(town, "V6", TODAY - dt.timedelta(days=n % 25))
    facts.refresh()
    client.force_login(leader)
    listed = ask(client, "by=change&period=30")["list"]
    assert rows(listed)[0] == ("城关街道", "42")  # the surest first
    assert listed.count("显著增多") == 1 and listed.count("可能是偶然") == 2


def test_places_name_their_village_and_lead_to_what_is_behind(client, leader, voices):
    client.force_login(leader)
    for query in ("by=cell&size=500", "by=hex&size=500"):
        listed = ask(client, f"{query}&period=90")["list"]
        first = re.search(r'<li data-id="([^"]+)"><a class="list-row-title" href="([^"]+)">(.*?)</a>', listed)
        assert first[3] == "东溪镇溪口村"
        behind = client.get(first[2].replace("&amp;", "&"))
        assert behind.context["page_obj"].paginator.count == 6
    data = client.get(reverse("insight_data"), {"by": "cell", "period": "90", "size": "500", "part": "cells"}).json()[
        "cells"
    ]
    west = data["lon0"] + data["col"][0] * data["lon_step"]
    assert (
        f"{west:.6f}".rstrip("0") in ask(client, "by=cell&size=500&period=90")["list"]
    )  # as the script names the cell


def test_a_hexagon_leads_to_what_is_counted_in_it(client, leader, voices, town):
    """And not to its neighbours: boxes around hexagons overlap. Records whose village alone is known are in no cell, and behind none."""
    for n in range(40):
        voice(town, f"V{1 + n % 6}", TODAY - dt.timedelta(days=n), place=(0.1 + 0.07 * n, 0.13 + 0.041 * n))
    record(town, "V1", located_by="village")
    record(town, "V1")
    facts.refresh()
    client.force_login(leader)
    listed = ask(client, "by=hex&size=500&period=90")["list"]
    found = re.findall(
        r'<li data-id="(500,-?\d+,-?\d+)"><a class="list-row-title" href="([^"]+)">.*?<span class="text-secondary">(\d+) 件',
        listed,
    )
    assert len(found) > 10
    for name, url, count in found:
        pages = (
            client.get(url.replace("&amp;", "&")),
            client.get(reverse("record_list"), {"link": "none", "since": "2026-01-01", "bbox": name}),
        )
        assert sum(page.context["page_obj"].paginator.count for page in pages) == int(count), name
    for wrong in ("500,0.5,1", "500,1e300,1", "inf,1,1", "nan,nan,nan", "1,2", "10,0,0"):
        assert client.get(reverse("case_list"), {"state": "counted", "bbox": wrong}).status_code == 200


def test_a_list_is_paged(client, leader, voices, town):
    for n in range(25):
        voice(town, "V1", TODAY, place=(0.05 + 0.115 * n, 0.1))
    facts.refresh()
    client.force_login(leader)
    first, second = (ask(client, f"by=cell&size=100&period=30&page={n}")["list"] for n in (1, 2))
    assert first.count("<li data-id=") == 20 and 0 < second.count("<li data-id=") < 20
    assert "page=2" in first


def test_nothing_is_not_no_problem(client, leader, town):
    client.force_login(leader)
    listed = ask(client, "period=30&by=cell")["list"]
    assert "没有反映，不等于没有问题" in listed and "件数少不等于问题少" in listed


# --- the form ------------------------------------------------------------------------------------------------------------


def test_a_chosen_category_narrows_the_one_above_it(client, leader, voices):
    """Without scripts both boxes are ticked and sent."""
    client.force_login(leader)
    above = Category.objects.get(code="noise_fume").parent.code
    page = client.get(reverse("insight_map"), {"period": "90", "category": [above, "noise_fume"]})
    assert page.context["question"].categories == ("noise_fume",)
    ticked = re.findall(r'name="category" value="(\w+)"[^>]*checked', page.content.decode())
    assert set(ticked) == {above, "noise_fume"}


def test_a_difference_is_one_from_something(client, leader, voices):
    client.force_login(leader)
    page = client.get(reverse("insight_map"), {"by": "change", "period": "30"})
    assert page.context["question"].compare == "before"
    assert page.context["before"] == (TODAY - dt.timedelta(days=59), TODAY - dt.timedelta(days=30))


def test_days_to_compare_with_count_only_where_they_are_chosen(client, leader, voices):
    client.force_login(leader)
    days = {"since2": "2025-01-01", "until2": "2025-01-31"}
    for compare, before in (("", None), ("before", dt.date(2026, 1, 10)), ("custom", dt.date(2025, 1, 1))):
        question = client.get(reverse("insight_map"), {"period": "30", "compare": compare, **days}).context["question"]
        assert (question.before and question.before[0]) == before


def test_what_is_compared_with_days_not_yet_known_is_said(client, leader, voices):
    """The first voice is of 15 January."""
    client.force_login(leader)
    assert "2026年1月15日" in ask(client, "period=30&compare=before")["warning"]  # with 10 January on
    assert ask(client, "since=2026-03-01&until=2026-03-10&compare=before")["warning"] == ""
    assert ask(client, "period=30")["warning"] == ""


def test_a_town_counts_and_offers_its_own(client, town_clerk, voices):
    client.force_login(town_clerk)
    page = client.get(reverse("insight_map"), {"period": "90", "measure": "count"})
    assert rows(page.content.decode()) == [("溪口村", "6"), ("上溪村", "0")]
    assert page.context["regions"] == [] and page.context["bounds"].startswith("120.0")
    assert page.context["beside"]["counted"] == "共 6 件"


QUERIES = (
    "", "by=cell&size=100", "by=hex&period=30", "by=density", "by=hot", "by=change&over=cell&compare=year", "level=county", "level=grid&breaks=natural", "region=339999100&level=village",
    "by=x&level=y&period=-1&size=z&hour=99&weekday=a&category=none&category=%00&source=s.%00&region=%00&at=%00&page=x&since=x&compare=custom", "since=2026-03-01&until=2026-02-01", "since2=2025-01-01&until2=2025-01-31&by=change",
    "category=noise_fume&source=web&source=record&state=late&hour=8&hour=9&weekday=0",
)  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
def test_every_address_is_answered(client, leader, voices, query):
    client.force_login(leader)
    assert client.get(f"{reverse('insight_map')}?{query}").status_code == 200
    assert client.get(f"{reverse('insight_data')}?{query}").status_code == 200
    assert set(ask(client, query)) >= {"caption", "list", "clock", "bars", "steps", "lists"}


def test_before_any_data(client, leader, db):
    client.force_login(leader)
    for query in QUERIES[:7]:
        assert client.get(f"{reverse('insight_map')}?{query}").status_code == 200


def test_who_may(client, users):
    for user, status in (
        (users.leader, 200),
        (users.county_office, 200),
        (users.town_clerk, 200),
        (users.deputy, 403),
        (users.unit_officer, 403),
        (users.dispatcher, 403),
    ):
        client.force_login(user)
        assert (
            client.get(reverse("insight_map")).status_code
            == client.get(reverse("insight_beside")).status_code
            == status
        )


def test_queries_do_not_grow(client, leader, voices, town, monkeypatch, django_assert_max_num_queries):
    """What processes remember for a second is not counted."""
    monkeypatch.setattr(Remembered, "check_seconds", 60.0)
    for n in range(15):
        voice(town, "V5", TODAY, place=(1.05 + 0.15 * n, 1.5))
    facts.refresh()
    client.force_login(leader)
    ask(client, "period=90&by=cell")
    with django_assert_max_num_queries(16):
        ask(client, "period=90&by=cell&category=housing&source=web&at=2026-03&step=month")
