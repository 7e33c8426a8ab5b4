"""Deputies and stations as residents see them, with no more than the rights of `geo_public`."""

import datetime as dt
import re

import pytest
from django.contrib.gis.geos import Point
from django.db import ProgrammingError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.deputies.codes import DeputyCode, DeputyScan
from apps.deputies.models import Deputy, Home, Mandate, Station
from apps.deputies.workflow import Turn, arrange, hand_on, issue_cards, move_code, renew
from apps.territory.models import ElectoralDistrict, Term
from tests import town as toy
from tests.conftest import public_role


@pytest.fixture
def get():
    """A resident's browser: every request with the public role's rights only."""
    client = Client()

    def ask(path: str, **data):
        with public_role():
            return client.get(path, data)

    return ask


@pytest.fixture
def codes(town) -> dict[str, DeputyCode]:
    issue_cards(None, deputies=Deputy.objects.all(), stations=Station.objects.all())
    return {code.deputy.code: code for code in DeputyCode.objects.select_related("deputy")}


def words(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def today_and(town, user, *turns: tuple[str, bool]) -> None:
    today = timezone.localdate()
    arrange(user, town.stations["SA"], today, {today: [Turn(town.deputies[code], absent) for code, absent in turns]}, version=0)


class TestDeputy:
    def test_page_behind_the_code(self, town, codes, county_office, get):
        today_and(town, county_office, ("D1", False))
        page = get(f"/p/{codes['D1'].code.lower()}")
        said = words(page)
        assert page.status_code == 200 and page.headers["X-Robots-Tag"] == "noindex, nofollow" and "no-cache" in page.headers["Cache-Control"]
        assert "方格县人大代表 · 第1选区" in said and "东溪镇代表联络站" in said and "每月15日 09:00-11:00" in said and "受理" in said
        assert 'href="/report?to=D1&amp;via=scan"' in page.content.decode() and "水利" in said
        assert DeputyScan.objects.get().count == 1

    def test_both_seats_and_those_elected_by_a_congress(self, town, codes, get):
        assert "方格县人大代表 · 第1选区" in words(get(f"/p/{codes['D2'].code}")) and "南山乡人大代表 · 南山乡第1选区" in words(get(f"/p/{codes['D2'].code}"))
        city = words(get(f"/p/{codes['D8'].code}"))
        assert "方州市人大代表" in city and "由方格县人民代表大会选举，不分选区" in city and "按地址查一查" not in city

    def test_a_renewed_or_handed_on_code_leads_on(self, town, codes, county_office, get):
        new = renew(county_office, codes["D1"], "旧卡印错")
        assert "陈安" in words(get(f"/p/{codes['D1'].code}")) and DeputyScan.objects.get().subject == new
        hand_on(county_office, new, town.deputies["D2"], "补选接任")
        assert get(f"/p/{codes['D1'].code}").context["deputy"] == get(f"/p/{new.code}").context["deputy"] == town.deputies["D2"]

    def test_unknown_void_retired_and_mistyped_are_one_answer(self, town, codes, county_office, get):
        move_code(county_office, "void", codes["D1"], "丢失")
        move_code(county_office, "retire", codes["D3"], "停用")
        never = "23456789ABCD"
        answers = [get(f"/p/{code}") for code in (codes["D1"].code, codes["D3"].code, never, "x", "陈安", "A" * 300, "%27")]
        assert {page.status_code for page in answers} == {404}
        assert len({page.content for page in answers}) == 1 and not DeputyScan.objects.exists()
        asked = []
        for code in (codes["D1"].code, never, "x"):
            with CaptureQueriesContext(connection) as queries:
                get(f"/p/{code}")
            asked.append(sum("deputies_" in query["sql"] for query in queries))
        assert asked == [1, 1, 1]

    def test_out_of_office_says_who_serves_now(self, town, codes, get):
        Mandate.objects.filter(deputy=town.deputies["D1"]).update(ended_on=timezone.localdate())
        said = words(get(f"/p/{codes['D1'].code}"))
        assert "陈安已不再担任代表" in said and "林秀" in said and "黄杰" not in said
        Mandate.objects.filter(deputy=town.deputies["D3"]).update(ended_on=timezone.localdate())
        assert "目前没有在任代表" in words(get("/deputies/D3"))

    def test_after_the_term_the_district_around_the_old_ones_middle(self, town, codes, get):
        today = timezone.localdate()
        Term.objects.filter(pk=town.terms["county"].pk).update(ends=today)
        term = Term.objects.create(congress=town.county, level="county", number=18, starts=today, ends=dt.date(2099, 1, 1))
        new = ElectoralDistrict.objects.create(code="C-NEW", term=term, number=1, name="新第1选区", seats=1, basis="residence", geom=toy.box(0, 0, 3, 1))
        Mandate.objects.create(deputy=town.deputies["D5"], term=term, district=new)
        said = words(get(f"/p/{codes['D1'].code}"))
        assert "陈安已不再担任代表" in said and "郑国" in said and "新第1选区" in said

    def test_nobody_s_home(self, town, codes, get):
        """Moving homes changes no byte, and the role could not read them if a page tried."""
        paths = [f"/p/{code.code}" for code in codes.values()] + ["/deputies/", "/stations/", "/stations/S-A/", *(f"/deputies/D{k}" for k in range(1, 9))]
        paths += [f"/p/{codes['D1'].code}/card"]
        before = [get(path).content for path in paths]
        for home in Home.objects.all():
            Home.objects.filter(pk=home.pk).update(point=Point(home.point.x + 0.001, home.point.y - 0.001, srid=4326))
        assert [get(path).content for path in paths] == before
        with pytest.raises(ProgrammingError), public_role(), transaction.atomic():
            list(Home.objects.all())

    def test_card_to_print(self, town, codes, get):
        page = get(f"/p/{codes['D1'].code}/card")
        assert page.status_code == 200 and "<svg" in page.content.decode() and codes["D1"].spelled in words(page)
        assert get("/p/xyz/card").status_code == 404

    def test_unknown_deputies(self, town, get):
        Deputy.objects.create(code="D9", name="无任职", capacity=1)
        assert get("/deputies/NOBODY").status_code == get("/deputies/D9").status_code == 404


class TestLists:
    def test_by_congress_town_and_name(self, town, get):
        def found(**asked) -> set[str]:
            return {profile.deputy.code for profile in get("/deputies/", **asked).context["profiles"]}

        assert found() == {"D1", "D2", "D3", "D4", "D5", "D6", "D7", "D8"}
        assert found(level="county") == {"D1", "D2", "D3", "D4", "D5"} and found(level="above") == {"D8"}
        assert found(town="339999100000") == {"D3", "D6"} | found(town="339999100000", level="county"), "C2's middle lies on the border of both towns"
        assert found(town="339999001000") == {"D4"}
        assert found(q="第3选区") == {"D4"} and found(q="陈") == {"D1"} and found(q="' OR 1=1 --") == set()
        assert get("/deputies/", q="\x00", town="9" * 30, level="<", page="-1").status_code == 200

    def test_paged_and_counted_in_queries(self, town, get):
        def asked(path: str) -> int:
            with CaptureQueriesContext(connection) as queries:
                assert get(path).status_code == 200
            return len(queries)

        pages = ("/deputies/", "/stations/", "/stations/S-A/")
        few = [max(asked(path), asked(path)) for path in pages]
        people = Deputy.objects.bulk_create(Deputy(code=f"N{k:02d}", name=f"代表{k}", capacity=1, station=town.stations["SA"]) for k in range(40))
        Mandate.objects.bulk_create(Mandate(deputy=deputy, term=town.terms["county"], district=town.districts["C1"]) for deputy in people)
        Station.objects.bulk_create(Station(code=f"S{k:03d}", name=f"{k}站", kind="village", area=town.villages["V1"], point=toy.at(0.5, 0.5)) for k in range(80))
        assert all(asked(path) <= before for path, before in zip(pages, few, strict=True))
        assert len(get("/deputies/").context["profiles"]) == 30 and len(get("/stations/").context["page_obj"]) == 60

    def test_empty_county(self, db, get):
        assert "还没有联络站" in words(get("/stations/")) and "还没有代表名单" in words(get("/deputies/"))


class TestStation:
    def test_who_answers_today_and_who_takes_over(self, town, county_office, get):
        today_and(town, county_office, ("D6", True), ("D3", False))
        said = words(get("/stations/S-A/"))
        assert "今天由 黄杰 代表受理，TA不在时由 陈安 代表接替（蓝天今天请假）" in said
        assert 'href="/report?to=D3"' in get("/stations/S-A/").content.decode()
        listed = words(get("/stations/"))
        assert "今天由 黄杰 代表受理" in listed and "城关街道代表联络站" in listed

    def test_without_a_rota_somebody_still_answers(self, town, get):
        assert "今天没有排班，由本站代表按次序受理" in words(get("/stations/S-A/"))

    def test_without_deputies(self, town, get):
        Mandate.objects.all().update(ended_on=timezone.localdate())
        said = words(get("/stations/S-A/"))
        assert "目前没有在任代表" in said and "找我选区的代表" in said
        assert get("/stations/").status_code == 200 and get("/stations/none/").status_code == 404

    def test_filter_by_town(self, town, get):
        assert [s.code for s in get("/stations/", town="339999001000").context["page_obj"]] == ["S-S"]
        assert [s.code for s in get("/stations/", q="中山路").context["page_obj"]] == ["S-S"]
        assert "没有符合条件的联络站" in words(get("/stations/", q="没有"))
