"""The numbers behind the maps: counted by hand, the same as the lists they lead to, within the asker's scope."""

import base64
import datetime as dt
import gzip
import json
from collections import Counter

import numpy as np
import pytest
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from apps.cases.models import Category, Rating
from apps.insights import answers, facts, filters, held, rates
from apps.insights.cube import DIMENSIONS, FLAGS, NO_DAY, ROW, Cube, day_number
from apps.territory.county_lattice import county_lattice
from tests.insights.voices import case, moment, record, source
from tests.town import TODAY

pytestmark = pytest.mark.django_db
PARTS = ",".join(answers.PARTS)


@pytest.fixture
def voices(town, monkeypatch):
    """In 30 days: V1 three cases (one late, one answered and not satisfied) and a record; V2 one record, at night; V3 one case; one record from
    nowhere and one that is a case. The 30 days before: V1 one case."""
    monkeypatch.setattr(timezone, "localdate", lambda *_: TODAY)
    late = case(town, "V1", ago=2, due_on=TODAY - dt.timedelta(days=1))
    answered = case(town, "V1", ago=3, state="answered", answered_at=moment(TODAY))
    Rating.objects.create(case=answered, by="reporter", part="outcome", score="unsatisfied")
    case(town, "V1", ago=20, channel="phone", category="noise_fume")
    record(town, "V1", ago=2)
    record(town, "V2", ago=2, hour=23)
    case(town, "V3", ago=2, category="noise_fume")
    record(town, None, ago=2)
    record(town, "V1", ago=2, case=late)
    case(town, "V1", ago=40)
    case(town, "V1", ago=2, state="withdrawn")
    facts.refresh()


@pytest.fixture
def ask(client, leader):
    client.force_login(leader)

    def asked(query: str = "period=30", parts: str = PARTS) -> dict:
        response = client.get(f"{reverse('insight_data')}?{query}&part={parts}")
        assert response.status_code == 200
        return response.json()

    return asked


def test_regions_with_rates_and_how_sure_they_are(voices, ask):
    answer = ask()
    assert (answer["total"], answer["unlocated"], answer["linked_excluded"]) == (7, 1, 1)
    assert answer["caption"].startswith("方格县；2026年2月9日—2026年3月10日")
    rows = {row["name"]: row for row in answer["regions"]}
    assert {name: row["count"] for name, row in rows.items()} == {"东溪镇": 4, "南山乡": 1, "城关街道": 1}
    assert rows["东溪镇"]["per_1000"] == 0.2  # 20,000 residents
    assert (rows["东溪镇"]["low"], rows["东溪镇"]["high"]) == (0.054, 0.512)  # Garwood's 1.09 and 10.24
    villages = {row["name"]: row["count"] for row in ask("period=30&level=village", "regions")["regions"]}
    assert villages == {"溪口村": 4, "南山村": 1, "城东社区": 1, "上溪村": 0, "岭头村": 0, "城北社区": 0}
    grids = ask("period=30&level=grid", "regions")["regions"]
    assert sorted(row["count"] for row in grids) == [0, 0, 0, 1, 1, 4]
    assert [row["count"] for row in ask("period=30&level=county", "regions")["regions"]] == [7]


def test_filters_narrow_everything(voices, ask):
    def total(query: str) -> int:
        return ask(f"period=30&{query}", "figures")["total"]

    assert [total(f"state={state}") for state in filters.STATES] == [7, 6, 1, 1, 0]
    assert [total(f"source={each}") for each in ("web", "phone", "case", "record", "s.12345")] == [3, 1, 4, 3, 3]
    level1 = Category.objects.get(code="noise_fume").parent.code
    assert total("category=noise_fume") == total(f"category={level1}") == 2
    assert total("hour=23") == 1 and total("hour=9") == 6
    assert (
        total("region=339999100000") == 4
        and total("region=339999200201") == 1
        and total(f"weekday={(TODAY - dt.timedelta(days=20)).weekday()}") == 1
    )


def test_choices_show_what_they_would_give(voices, ask):
    answer = ask("period=30&state=late&source=phone&category=housing&hour=9")
    counted = {row["code"]: row["count"] for row in answer["sources"]}
    assert counted["web"] == 1 and counted["phone"] == 0 and counted["s.12345"] == 0
    assert {row["code"]: row["count"] for row in answer["states"]}["late"] == 0  # of those by telephone
    answer = ask()
    assert {row["code"]: row["count"] for row in answer["states"]} == {
        "all": 7,
        "open": 6,
        "late": 1,
        "unsatisfied": 1,
        "closed": 0,
    }
    tree = {row["code"]: row for row in answer["categories"]}
    noise = tree["noise_fume"]
    assert (noise["count"], noise["level"]) == (2, 2) and tree[noise["parent"]]["count"] >= 2
    assert sum(row["count"] for row in answer["categories"] if row["level"] == 1) == 7
    assert answer["clock"]["count"][(TODAY - dt.timedelta(days=2)).weekday()][23] == 1


def test_figures(voices, ask):
    found = ask()["figures"]
    assert (
        found["total"],
        found["open"],
        found["late_open"],
        found["in_time"],
        found["due"],
        found["in_time_share"],
    ) == (7, 6, 1, 1, 2, 50)
    assert (found["rated"], found["satisfied"], found["content_share"]) == (1, 0, 0)


def test_two_periods(voices, ask):
    rows = {row["name"]: row for row in ask("period=30&compare=before", "regions")["regions"]}
    assert (rows["东溪镇"]["count"], rows["东溪镇"]["before"], rows["东溪镇"]["ratio"]) == (4, 1, 4)
    assert (
        rows["东溪镇"]["p"] == 0.375 and rows["东溪镇"]["q"] == 1 and rows["东溪镇"]["mark"] == ""
    )  # 2 * P(4 or 5 of 5)
    assert rows["南山乡"]["ratio"] is None and rows["南山乡"]["p"] == 1
    answer = ask("period=30&compare=before&by=change&size=500", "change,trend")
    assert (sum(answer["change"]["now"]), sum(answer["change"]["before"])) == (6, 1)
    assert (sum(answer["trend"]["count"]), sum(answer["trend"]["before"])) == (7, 1)
    assert answer["trend"]["step"] == "day" and len(answer["trend"]["first"]) == 30
    assert answer["trend"]["before"][-11] == 1  # forty days ago: as far from the end of its period


def test_a_rise_beyond_chance_is_marked_and_a_fall(town, ask, monkeypatch):
    monkeypatch.setattr(timezone, "localdate", lambda *_: TODAY)
    for n in range(14):
        case(town, "V1", ago=n % 7)
        case(town, "V3", ago=30 + n % 7)
    facts.refresh()
    marks = {row["name"]: row["mark"] for row in ask("period=30&compare=before", "regions")["regions"]}
    assert marks == {"东溪镇": "more", "南山乡": "", "城关街道": "less"}


def test_periods_of_other_lengths_are_compared_day_by_day_and_shared_days_not_at_all(town, ask, monkeypatch):
    """Thirty in ten days after thirty in thirty: three times as much; and a period cannot be held against a part of itself."""
    monkeypatch.setattr(timezone, "localdate", lambda *_: TODAY)
    for ago in range(40):
        for _ in range(3 if ago < 10 else 1):
            case(town, "V1", ago=ago)
    facts.refresh()
    since, cut = TODAY - dt.timedelta(days=39), TODAY - dt.timedelta(days=9)
    query = f"by=change&over=cell&since={cut}&until={TODAY}&since2={since}&until2="
    (change,) = [ask(query + str(cut - dt.timedelta(days=1)), "change")["change"]]
    assert (change["now"], change["before"], change["ratio"], change["mark"]) == ([30], [30], [3.0], ["more"])
    answer = ask(query + str(cut), "change,regions")
    assert answer["change"]["q"] == [None] and answer["change"]["mark"] == [""]
    assert {row["mark"] for row in answer["regions"]} == {""}


def test_a_burst_is_one_event_and_no_trend(town, ask, monkeypatch):
    """40 calls of one day before, 45 of one day and 20 of another now: singly they would be a rise, as bursts they are none."""
    monkeypatch.setattr(timezone, "localdate", lambda *_: TODAY)
    ago = np.repeat([40, 9, 1], [40, 45, 20])
    rows = np.zeros(len(ago), ROW)
    rows["id"], rows["day"], rows["due"] = np.arange(len(ago)), day_number(TODAY) - ago, NO_DAY
    rows["flags"], rows["town"], rows["village"] = 1 << FLAGS["counted"][0], town.towns["A"].pk, town.villages["V1"].pk
    cube = Cube.of([rows])
    monkeypatch.setattr(held, "current", lambda: cube)
    answer = ask("period=30&compare=before", "regions")
    row = next(row for row in answer["regions"] if row["name"] == "东溪镇")
    assert (row["before"], row["count"]) == (40, 65) and rates.changed(40, 65) < 0.02
    assert answer["clumping"] > 10 and row["p"] > 0.3 and row["mark"] == "" and row["ratio_low"] < 1 < row["ratio_high"]


def test_cells_hold_each_voice_where_it_is(voices, ask, town):
    found = ask("period=30&by=cell&size=500", "cells")["cells"]
    middle = town.villages["V1"].geom.centroid
    spots = {
        (found["lon0"] + col * found["lon_step"], found["lat0"] + row * found["lat_step"]): n
        for col, row, n in zip(found["col"], found["row"], found["n"], strict=True)
    }
    (n,) = [
        n
        for (west, south), n in spots.items()
        if west <= middle.x < west + found["lon_step"] and south <= middle.y < south + found["lat_step"]
    ]
    assert n == 4 and sum(spots.values()) == 6
    assert ask("period=30&by=cell", "cells")["unlocated"] == 1


def test_hexes_frames_and_density(voices, ask, town):
    answer = ask("period=90&size=1000")
    hexes = answer["hexes"]
    assert sum(hexes["n"]) == 7 and len(hexes["corners"]) == 6
    middle = town.villages["V1"].geom.centroid
    nearest = min(
        zip(hexes["lon"], hexes["lat"], hexes["n"], strict=True),
        key=lambda each: (each[0] - middle.x) ** 2 + (each[1] - middle.y) ** 2,
    )
    assert nearest[2] == 5
    frames = answer["frames"]
    assert sum(frames["n"]) == 7 and max(frames["frame"]) < len(frames["labels"])
    at_first = frames["labels"].index("1月26日起一周")
    assert [n for frame, n in zip(frames["frame"], frames["n"], strict=True) if frame == at_first] == [
        1
    ]  # forty days ago
    density = answer["density"]
    shades = np.frombuffer(base64.b64decode(density["data"]), np.uint8).reshape(density["rows"], density["cols"])
    assert shades.max() == 255
    row, col = np.unravel_index(shades.argmax(), shades.shape)
    lon = density["west"] + (col + 0.5) * (density["east"] - density["west"]) / density["cols"]
    lat = density["north"] - (row + 0.5) * (density["north"] - density["south"]) / density["rows"]
    assert (lon, lat) == (pytest.approx(middle.x, abs=0.002), pytest.approx(middle.y, abs=0.002))
    per_km2 = density["most"] * (shades / 255.0) ** 2
    square = (
        (density["east"] - density["west"])
        / density["cols"]
        * 98.36
        * (density["north"] - density["south"])
        / density["rows"]
        * 110.82
    )
    assert per_km2.sum() * square == pytest.approx(7, rel=0.12)  # all of them, but for what reaches beyond the edge


QUESTIONS = ["period=30", "period=30&category=noise_fume", "period=30&source=web&source=phone", "period=30&state=late", "period=30&state=unsatisfied", "period=730&hour=9", "period=730&weekday=6&weekday=5", "period=30&state=open&level=village", "period=60&level=grid", "period=60&level=county&source=record"]  # fmt: skip


def test_the_list_behind_a_number_has_as_many_rows(voices, ask, client):
    for query in QUESTIONS:
        for row in ask(query, "regions")["regions"]:
            pages = [client.get(url).context["page_obj"] for url in (row["url"], row["records_url"]) if url]
            assert sum(page.paginator.count for page in pages) == row["count"], row["url"]


def test_a_category_of_any_level_leads_to_its_cases(voices, ask, client, town):
    third = Category.objects.filter(level=3, parent__code="housing").first()
    case(town, "V2", subcategory=third)
    facts.refresh()
    for code, count in ((third.code, 1), ("housing", 3), (third.parent.parent.code, None)):
        total = ask(f"period=30&source=case&category={code}", "figures")["total"]
        assert count is None or total == count
        url = filters.read_question(QueryDict(f"period=30&source=case&category={code}"), TODAY).cases_url()
        assert client.get(url).context["page_obj"].paginator.count == total


def test_what_has_no_place_is_what_the_map_does_not_show(voices, ask):
    """Of seven one lies nowhere; by area all others are shown, whether their cell is known or not."""
    facts.Fact.objects.filter(kind=facts.RECORD).update(col=None, row=None, version=10**6)
    facts.FactState.objects.update(version=10**6)
    for query, unlocated in (("by=region", 1), ("by=change", 1), ("by=cell", 3), ("by=change&over=cell", 3)):
        answer = ask(f"period=30&level=village&{query}", "regions")
        shown = sum(row["count"] for row in answer["regions"]) if unlocated == 1 else answer["total"] - unlocated
        assert (answer["unlocated"], shown) == (unlocated, answer["total"] - unlocated), query


def test_a_level_of_which_nothing_is_seen_is_answered_by_the_next(voices, ask, client, town_clerk, town):
    """A town's map of the county would be empty, and empty says that nothing was reported."""
    (inside,) = ask(f"period=30&level=county&region={town.towns['A'].code[:9]}", "regions")["regions"]
    assert (inside["name"], inside["count"]) == ("东溪镇", 4)
    client.force_login(town_clerk)  # one town in one colour says nothing more: its villages do
    own = client.get(f"{reverse('insight_data')}?period=30&level=county&part=regions").json()["regions"]
    assert {row["parent"] for row in own} == {"东溪镇"} and sum(row["count"] for row in own) == 4
    page = client.get(f"{reverse('insight_map')}?period=30&level=county")
    assert page.context["question"].level == page.context["beside"]["level"] == "village"
    assert dict(page.context["levels"]).keys() == {"village", "grid"}


def test_a_town_counts_its_own_and_not_what_lies_nowhere(voices, client, town_clerk):
    client.force_login(town_clerk)
    answer = client.get(f"{reverse('insight_data')}?period=30&part={PARTS}").json()
    assert (answer["total"], answer["unlocated"], answer["caption"][:4]) == (4, 0, "东溪镇；")
    assert [row["name"] for row in answer["regions"]] == ["溪口村", "上溪村"]
    assert sum(answer["cells"]["n"]) == 4
    other = client.get(f"{reverse('insight_data')}?period=30&region=339999200000&part=regions,figures").json()
    assert (other["total"], other["regions"]) == (0, [])


def test_who_may_ask(voices, client, users):
    for user, status in (
        (users.leader, 200),
        (users.county_office, 200),
        (users.town_clerk, 200),
        (users.deputy, 403),
        (users.unit_officer, 403),
        (users.stranger, 403),
    ):
        client.force_login(user)
        assert client.get(reverse("insight_data")).status_code == status


def test_an_empty_county_answers_everything(db, client, django_user_model):
    """Before anything has been imported."""
    user = django_user_model.objects.create_user("early", role="leader", scope="339999", display_name="领导")
    client.force_login(user)
    for by in filters.BY:
        answer = client.get(f"{reverse('insight_data')}?by={by}&compare=year&part={PARTS}").json()
        assert answer["total"] == 0 and answer["density"] is None and answer["cells"]["n"] == []


def test_a_county_without_towns_counts_as_one(voices, ask, town):
    from apps.cases.models import Case
    from apps.territory.models import AdminArea, LayerVersion

    Case.objects.update(town=town.county)
    AdminArea.objects.towns().update(level="village")
    LayerVersion.raise_for("area")
    facts.refresh()
    (row,) = ask("period=30&source=case", "regions")["regions"]
    assert (row["name"], row["count"]) == ("方格县", 4)


def test_every_address_is_answered(voices, client, leader):
    client.force_login(leader)
    odd = (
        "",
        "part=x",
        "part=",
        "part=regions,regions&part=cells",
        "by=hot",
        "by=density&size=2000",
        "part=change",
        "since=x&part=trend",
        "part=%00",
        "region=%00&hour=-1",
    )
    for query in odd:
        assert client.get(f"{reverse('insight_data')}?{query}").status_code == 200, query


def test_queries_do_not_grow(voices, ask, town, django_assert_max_num_queries):
    for n in range(20):
        case(town, "V2", ago=n)
        record(town, "V3", ago=n, of=source("board", kind="board"))
    facts.refresh()
    with django_assert_max_num_queries(30):
        ask("period=730&level=village&compare=before&category=housing&source=record&source=web")


def test_the_fullest_question_is_small_and_quick(voices, town, client, leader, monkeypatch):
    """200,000 voices spread over the whole county and two years, all parts at once: under 100 KB on the wire."""
    random, n = np.random.default_rng(5), 200_000
    rows = np.zeros(n, ROW)
    rows["id"] = rows["ref"] = np.arange(1, n + 1)
    rows["day"], rows["due"] = day_number(TODAY) - random.integers(0, 730, n), NO_DAY
    rows["hour"], rows["flags"] = random.integers(0, 24, n), (1 << FLAGS["counted"][0]) + random.integers(0, 2, n)
    west, south = county_lattice().cells([119.8], [27.8])
    rows["col"], rows["row"] = west[0] + random.integers(0, 500, n), south[0] + random.integers(0, 500, n)
    for name in DIMENSIONS:
        rows[name] = random.integers(1, 12, n)
    monkeypatch.setattr(held, "current", lambda: cube)
    cube = Cube.of([rows])
    client.force_login(leader)
    answer = client.get(
        f"{reverse('insight_data')}?period=730&compare=before&size=100&level=village&part={PARTS}",
        HTTP_ACCEPT_ENCODING="gzip",
    )
    assert answer["Content-Encoding"] == "gzip" and len(answer.content) <= 100_000
    found = json.loads(gzip.decompress(answer.content))
    assert sum(found["cells"]["n"]) == sum(found["hexes"]["n"]) == n and found["cells"]["size"] > 100
    assert any("米" in note for note in found["notes"])
    assert Counter(found["frames"]["frame"]).keys() == set(range(len(found["frames"]["labels"])))
