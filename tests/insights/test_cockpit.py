"""The cockpit over the toy county: every number counted by hand, and the same as the list it leads to."""

import datetime as dt
import re

import pytest
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from apps.cases.models import Case, CaseEvent, Category, Rating
from apps.deputies.reception import ReceptionDay
from apps.insights import facts
from apps.insights.cockpit import Cockpit
from apps.insights.filters import read_question
from apps.projects.models import KeyProject
from apps.projects.standing import Standing
from apps.territory.models import AdminArea

pytestmark = pytest.mark.django_db
ZONE = dt.timezone(dt.timedelta(hours=8))


def file_case(town, village: str, ago: int, category: str = "housing", **changes) -> Case:
    """One filed so many days before today."""
    area, day = town.villages[village], timezone.localdate() - dt.timedelta(days=ago)
    given = {"state": Case.State.WITH_TOWN, "channel": "web", "text": "路灯不亮", "point": area.geom.centroid, "town": area.parent, "village": area} | changes
    return Case.objects.create(category=Category.objects.get(code=category), submitted_at=dt.datetime.combine(day, dt.time(9), ZONE), **given)


@pytest.fixture
def cases(town):
    """Six cases: three in V1 lately and one before, two in V3, of which one is late and one answered and rated."""
    rows = [file_case(town, "V1", ago) for ago in (1, 2, 3)] + [file_case(town, "V1", 50)]
    rows.append(file_case(town, "V3", 1, "noise_fume", due_on=timezone.localdate() - dt.timedelta(days=1)))
    answered = file_case(town, "V3", 2, "noise_fume", state=Case.State.CLOSED, answered_at=timezone.now(), answer="已修好")
    Rating.objects.create(case=answered, by="reporter", score="satisfied")
    facts.refresh()
    return [*rows, answered]


def cockpit(user, query: str = "period=30&compare=before") -> Cockpit:
    return Cockpit(user, read_question(QueryDict(query), timezone.localdate()))


def by_label(numbers) -> dict:
    return {number.label: number for number in numbers}


def test_numbers_by_hand(cases, leader):
    seen = by_label(cockpit(leader).numbers())
    assert {label: number.value for label, number in seen.items()} == {
        "新收民情件": "5", "热线等诉求": "0", "正在办理": "5", "已超期": "1", "按时办理": "—", "满意和基本满意": "—", "热点": "0", "明显落后的项目": "0", "监督到位": "—", "走访视察": "0",
    }  # fmt: skip
    assert seen["新收民情件"].note == "和上一时段差不多", "five after one can be chance"
    assert seen["满意和基本满意"].note == "不满意 0 件，已评 1", "of one rating no share is told"


def test_every_number_is_that_of_its_list(client, cases, leader):
    client.force_login(leader)
    seen = by_label(cockpit(leader).numbers())
    for label in ("新收民情件", "正在办理", "已超期"):
        assert client.get(seen[label].url).context["page_obj"].paginator.count == int(seen[label].value), label
    for number in seen.values():
        assert client.get(number.url).status_code == 200, number.label
    (row,) = [row for row in cockpit(leader).limits if row["open"]]
    assert (row["label"], row["open"], row["late"], row["in_time"]) == ("镇街人大", 5, 1, 4)
    assert client.get(f"{row['url']}&late=late").context["page_obj"].paginator.count == 1
    for region in cockpit(leader).regions():
        assert client.get(region["url"]).status_code == 200
    for share in cockpit(leader).shares():
        assert client.get(share["url"]).status_code == 200


def test_regions_count_and_rate(cases, leader):
    rows = {row["name"]: row for row in cockpit(leader).regions()}
    assert rows["东溪镇"]["value"] == 3 / 20 and rows["南山乡"]["value"] == 0, "of 20,000 residents each"
    assert rows["东溪镇"]["words"][0] == "3 件"


def test_where_there_are_no_towns_the_county_stands_for_them(cases, leader, client):
    """As in 龙港市: villages lie right below the county."""
    county = AdminArea.objects.county()
    Case.objects.update(town=county)
    KeyProject.objects.update(town=None)
    AdminArea.objects.towns().update(level="village")
    facts.refresh()
    (row,) = cockpit(leader).regions()
    assert (row["name"], row["words"][0]) == ("方格县", "5 件")
    assert [row["label"] for row in cockpit(leader).projects()] == ["方格县"]
    client.force_login(leader)
    assert client.get(reverse("cockpit")).status_code == 200


def test_trend_has_the_empty_days_too(cases, leader):
    month, year = cockpit(leader).trend(), cockpit(leader, "period=365").trend()
    assert len(month["labels"]) == 30 and sum(month["cases"]) == 5
    assert 12 <= len(year["labels"]) <= 13 and sum(year["cases"]) == 6 and sum(year["records"]) == 0
    assert len(cockpit(leader, "period=90").trend()["labels"]) == 13


def test_scope_bounds_what_is_counted(cases, leader, town):
    leader.scope = town.towns["B"].code[:9]
    assert by_label(cockpit(leader).numbers())["新收民情件"].value == "0"
    assert {row["name"] for row in cockpit(leader).regions()} == {"南山乡"}


def test_whoever_sees_a_town_has_its_projects_supervision_and_activity(town, leader, client):
    """And the lists behind them are as narrow."""
    Standing.objects.renew(dt.date(2026, 3, 10))
    whole = cockpit(leader)
    assert whole.town is None and whole.tones
    leader.scope = town.towns["A"].code[:9]
    leader.save()
    client.force_login(leader)
    seen = cockpit(leader)
    assert seen.town.name == "东溪镇"
    here = KeyProject.objects.filter(town=town.towns["A"]).count()
    assert sum(seen.tones.values()) == here < sum(whole.tones.values()) and [row["label"] for row in seen.projects()] == ["东溪镇"]
    strip = by_label(seen.numbers())
    listed = client.get(strip["明显落后的项目"].url).context["page_obj"].paginator.count
    assert listed == int(strip["明显落后的项目"].value)
    for label in ("监督到位", "走访视察"):
        assert f"town={town.towns['A'].code}" in strip[label].url
    (grids,) = [share for share in seen.shares() if share["label"] == "网格有代表"]
    listed = client.get(grids["url"])
    assert listed.context["page_obj"].paginator.count == grids["whole"] > 0 and listed.context["sums"].covered == grids["part"]
    assert listed.context["town"].code == town.towns["A"].code
    for url in [share["url"] for share in seen.shares()] + [url for series in seen.activity_months()["series"] for url in series["urls"]]:
        assert client.get(url).status_code == 200


def test_activity_leads_to_the_lists_of_its_months(town, leader, client):
    """A look, a reception held and one called off: each month's bar is what its list says."""
    client.force_login(leader)
    today = timezone.localdate()
    for state, station in (("held", "SA"), ("called_off", "SS")):
        ReceptionDay.objects.create(station=town.stations[station], day=today, starts=dt.time(9), ends=dt.time(11), state=state)
    seen = {series["name"]: series for series in cockpit(leader).activity_months()["series"]}
    assert seen["接待日"]["counts"] == [0, 0, 0, 0, 0, 1]
    for count, url in zip(seen["接待日"]["counts"], seen["接待日"]["urls"], strict=True):
        assert client.get(url).context["page_obj"].paginator.count == count
    for name, field in (("走访视察", "looks"), ("按时答复民情", "on_time")):
        for count, url in zip(seen[name]["counts"], seen[name]["urls"], strict=True):
            total = client.get(url).context["found"].total
            assert (total.looks + total.inspections if field == "looks" else total.on_time) == count


def test_projects_by_town(town, leader):
    Standing.objects.renew(dt.date(2026, 3, 10))
    rows = {row["label"]: row for row in cockpit(leader).projects()}
    assert rows["东溪镇"]["behind"] == 1 and cockpit(leader).tones["late"] == sum(row["behind"] for row in rows.values())


@pytest.mark.parametrize("query", ["", "?period=730&theme=dark", "?wall=1", "?period=-1&category=none&level=%00&since=x", "?since=2026-01-01&until=2026-02-01"])
def test_page_and_data_answer_everything(client, leader, cases, query):
    client.force_login(leader)
    assert client.get(reverse("cockpit") + query).status_code == 200
    assert set(client.get(reverse("cockpit_data") + query).json()) >= {"version", "regions", "trend", "projects", "numbers_html", "activity"}


def test_the_wall_is_dark_and_without_navigation(client, leader, cases):
    client.force_login(leader)
    wall, page = (client.get(reverse("cockpit") + query).content.decode() for query in ("?wall=1", ""))
    assert 'data-bs-theme="dark"' in wall and "app-header" not in wall and "退出大屏" in wall
    assert 'data-bs-theme="light"' in page and "app-header" in page


def test_nothing_new_is_told_as_such_and_what_happens_is_seen(client, leader, cases, town, django_assert_max_num_queries, monkeypatch):
    monkeypatch.setattr("apps.insights.views.OLDEST", 10**9)
    client.force_login(leader)
    first = client.get(reverse("cockpit_data"))
    again = {"HTTP_IF_NONE_MATCH": first["ETag"]}
    with django_assert_max_num_queries(6):
        assert client.get(reverse("cockpit_data"), **again).status_code == 304
    file_case(town, "V1", 0)
    facts.refresh()
    second = client.get(reverse("cockpit_data"), **again)
    assert second.status_code == 200 and re.search(r"新收民情件.*?>6<", second.json()["numbers_html"], re.S)
    CaseEvent.objects.append(cases[0], "remind", actor=leader)
    assert client.get(reverse("cockpit_data"), HTTP_IF_NONE_MATCH=second["ETag"]).status_code == 200


def test_only_leaders_and_the_county_office(client, leader, county_office, deputy, town_clerk):
    for user, status in ((leader, 200), (county_office, 200), (deputy, 403), (town_clerk, 403)):
        client.force_login(user)
        assert client.get(reverse("cockpit")).status_code == status


def test_queries_do_not_grow(client, leader, cases, town, django_assert_max_num_queries):
    client.force_login(leader)
    client.get(reverse("cockpit_data"))
    with django_assert_max_num_queries(50):
        client.get(reverse("cockpit_data"))
