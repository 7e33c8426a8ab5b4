"""The office's pages of the rota, as clerks of two offices use them at once."""

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.deputies.rota import DutyTurn, Rota, RotaEvent, answering
from apps.deputies.workflow import Turn, arrange

MONTH = "/rota/S-A/2030-03/"
DAY = dt.date(2030, 3, 12)


@pytest.fixture
def clerk(town_clerk) -> Client:
    client = Client()
    client.force_login(town_clerk)
    return client


def stored() -> list[tuple]:
    return list(DutyTurn.objects.order_by("day", "order").values_list("day", "order", "deputy__code", "absent"))


def test_fill_swap_save(clerk, town):
    page = clerk.post(MONTH, {"version": "0", "do": "fill", "days": "reception", "pace": "day", "a_day": "2", "begin": "D3"})
    body = page.content.decode()
    assert page.status_code == 200 and "已按规则排好 1 天，还没有保存" in body and "data-unsaved" in body and stored() == []
    typed = {"version": "0", "days": "reception", "a_day": "2", "t15-1": "D3", "t15-2": "D6", "t20-1": "D1"}
    page = clerk.post(MONTH, {**typed, "do": "swap", "first": "t15-1", "second": "t20-1"})
    assert "已对调，还没有保存" in page.content.decode() and stored() == []
    done = clerk.post(MONTH, {**typed, "t15-1": "D1", "t20-1": "D3", "t20-1-absent": "on", "do": "save"}, follow=True)
    assert done.redirect_chain == [(MONTH, 302)] and "3月的排班已保存" in done.content.decode()
    assert stored() == [(dt.date(2030, 3, 15), 1, "D1", False), (dt.date(2030, 3, 15), 2, "D6", False), (dt.date(2030, 3, 20), 1, "D3", True)]
    assert Rota.objects.get().rule == {"days": "reception", "pace": "day", "a_day": 2}
    assert "3月15日：无人 → 陈安、蓝天" in done.content.decode()


def test_two_clerks_at_once(clerk, town, county_office):
    """The second is told, sees what is stored now, and loses nothing of what he typed."""
    arrange(county_office, town.stations["SA"], DAY, {DAY: [Turn(town.deputies["D3"])]}, version=0)
    page = clerk.post(MONTH, {"version": "0", "do": "save", "t12-1": "D6", "t13-1": "D1"})
    body = page.content.decode()
    assert page.status_code == 409 and "由县人大常委会工委改过了" in body and "现在排的是：黄杰" in body
    assert '<option value="D6" selected>蓝天</option>' in body and '<option value="D1" selected>陈安</option>' in body
    assert stored() == [(DAY, 1, "D3", False)]
    again = clerk.post(MONTH, {"version": "1", "do": "save", "t12-1": "D6", "t13-1": "D1"})
    assert again.status_code == 302 and [code for _, _, code, _ in stored()] == ["D6", "D1"]


def test_mistakes_are_told_at_their_day_and_nothing_is_lost(clerk, town):
    page = clerk.post(MONTH, {"version": "0", "do": "save", "t12-1": "D6", "t12-2": "D6", "t13-1": "D1", "t14-1": "<b>"})
    body = page.content.decode()
    assert page.status_code == 422 and 'href="#t12-1">3月12日：同一位代表排了两次' in body and "不在本站名单里" in body and "<b>" not in body
    assert '<option value="D1" selected>陈安</option>' in body and stored() == [] and not RotaEvent.objects.exists()


@pytest.mark.parametrize("posted", [
    {}, {"version": "x"}, {"version": "9" * 30, "do": "save", "t12-1": "D6"}, {"version": "²", "do": "save", "t12-1": "D6"}, {"do": "fly"}, {"do": "swap", "first": "t99-1"},
    {"do": "fill", "days": "\x00", "begin": "'"}, {"version": "0", "do": "save", "t12-1": "\x00"},
])  # fmt: skip
def test_odd_posts_change_nothing(clerk, town, posted):
    assert clerk.post(MONTH, posted).status_code in (200, 302, 409, 422) and stored() == []


def test_passed_days_are_read_only(clerk, town):
    today = timezone.localdate()
    last = (today.replace(day=1) - dt.timedelta(days=1)).strftime("%Y-%m")
    page = clerk.get(f"/rota/S-A/{last}/")
    assert "这个月已经过去" in page.content.decode() and "<select" not in page.content.decode()
    clerk.post(f"/rota/S-A/{last}/", {"version": "0", "do": "save", "t01-1": "D1"})
    assert stored() == []


def test_scope_and_addresses(clerk, town, users):
    assert clerk.get("/rota/S-S/2030-03/").status_code == 404, "another town's station"
    assert clerk.get("/rota/S-A/2030-13/").status_code == clerk.get("/rota/S-A/203-1/").status_code == 404
    listed = clerk.get("/rota/").content.decode()
    assert "东溪镇代表联络站" in listed and "城关街道代表联络站" not in listed
    for user in (users.deputy, users.unit_officer, users.leader, users.dispatcher):
        other = Client()
        other.force_login(user)
        assert other.get("/rota/").status_code == other.post(MONTH, {}).status_code == 403


def test_list_says_who_answers_today_and_what_is_filled(clerk, town, town_clerk):
    today = timezone.localdate()
    arrange(town_clerk, town.stations["SA"], today, {today: [Turn(town.deputies["D6"], absent=True), Turn(town.deputies["D3"])]}, version=0)
    body = clerk.get("/rota/").content.decode()
    assert "黄杰受理，陈安接替" in body and "蓝天请假" in body and "已排 1 天" in body and "去排班" in body
    assert "没有符合条件的联络站" in clerk.get("/rota/", {"q": "无此站"}).content.decode()
    assert clerk.get("/rota/", {"q": "\x00'", "town": "1' OR 1", "page": "x"}).status_code == 200


def test_queries_do_not_grow(clerk, town, town_clerk):
    from apps.deputies.models import Station

    def asked(path: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert clerk.get(path).status_code == 200
        return len(queries)

    few = asked("/rota/")
    for k in range(20):
        Station.objects.create(code=f"N{k}", name=f"第{k}站", kind="village", area=town.villages["V1"], point=town.stations["SA"].point)
    assert asked("/rota/") <= few
    arrange(town_clerk, town.stations["SA"], DAY, {DAY: [Turn(town.deputies["D1"])]}, version=0)
    few = max(asked(MONTH), asked(MONTH))
    arrange(town_clerk, town.stations["SA"], DAY, {dt.date(2030, 3, d): [Turn(town.deputies[c]) for c in ("D1", "D3")] for d in range(1, 32)}, version=1)
    assert asked(MONTH) <= few


def test_a_deputy_of_another_station_is_asked(clerk, town):
    """He can then be chosen; who is not in office, or whom two may be meant by, is told and nothing is lost."""
    page = clerk.post(MONTH, {"version": "0", "do": "guest", "guest": "林秀", "t12-1": "D6"})
    body = page.content.decode()
    assert "已把林秀加入可选名单" in body and '<option value="D2">林秀</option>' in body and '<option value="D6" selected>' in body
    done = clerk.post(MONTH, {"version": "0", "do": "save", "guests": ["D2", "x", "\x00"], "t12-1": "D6", "t12-2": "D2"}, follow=True)
    assert [code for _, _, code, _ in stored()] == ["D6", "D2"] and '<option value="D2" selected>林秀</option>' in done.content.decode()
    refused = clerk.post(MONTH, {"version": "1", "do": "guest", "guest": "<无此人>"}).content.decode()
    assert "在任代表里没有“&lt;无此人&gt;”" in refused and 'value="&lt;无此人&gt;"' in refused


class TestOwnTurns:
    @pytest.fixture
    def mine(self, deputy, town, county_office) -> Client:
        today = timezone.localdate()
        arrange(county_office, town.stations["SA"], today, {today: [Turn(town.deputies["D1"]), Turn(town.deputies["D6"])]}, version=0)
        client = Client()
        client.force_login(deputy)
        return client

    def test_says_that_he_cannot_come_and_that_he_can(self, mine, town):
        turn = DutyTurn.objects.get(deputy=town.deputies["D1"])
        assert "同班：蓝天" in mine.get("/duty/").content.decode()
        done = mine.post("/duty/", {"turn": turn.pk, "absent": "yes"}, follow=True).content.decode()
        assert "已记为请假，由下一位接替" in done and "能来了" in done
        assert answering(town.stations["SA"], turn.day)[0] == town.deputies["D6"] and Rota.objects.get().version == 2
        mine.post("/duty/", {"turn": turn.pk, "absent": "no"})
        assert answering(town.stations["SA"], turn.day)[0] == town.deputies["D1"]
        assert list(RotaEvent.objects.values_list("verb", flat=True)) == ["arrange", "excuse", "return"] and RotaEvent.objects.broken_chains() == []

    def test_only_his_own_and_only_to_come(self, mine, town, county_office):
        other = DutyTurn.objects.get(deputy=town.deputies["D6"])
        for turn in (other.pk, 0, "x", "9" * 40, 999_999):
            assert mine.post("/duty/", {"turn": turn, "absent": "yes"}).status_code == 409
        DutyTurn.objects.filter(deputy=town.deputies["D1"]).update(day=timezone.localdate() - dt.timedelta(days=1))
        assert "已经过去" in mine.post("/duty/", {"turn": DutyTurn.objects.get(deputy=town.deputies["D1"]).pk, "absent": "yes"}).content.decode()
        assert not DutyTurn.objects.filter(absent=True).exists()
        staff = Client()
        staff.force_login(county_office)
        assert staff.get("/duty/").status_code == 403

    def test_the_office_is_told_that_the_month_has_changed(self, mine, town, clerk):
        turn = DutyTurn.objects.get(deputy=town.deputies["D1"])
        mine.post("/duty/", {"turn": turn.pk, "absent": "yes"})
        page = clerk.post(f"/rota/S-A/{turn.day:%Y-%m}/", {"version": "1", "do": "save", f"t{turn.day:%d}-1": "D3"})
        assert page.status_code == 409 and "由陈安改过了" in page.content.decode() and "现在排的是：陈安（请假）、蓝天" in page.content.decode()


def test_exported_month_comes_back_as_it_went(clerk, town, town_clerk, county_office, tmp_path):
    from apps.imports.importing import Order, bring_in

    days = {dt.date(2030, 3, d): [Turn(town.deputies["D1"], d == 5), Turn(town.deputies["D3"])] for d in (4, 5, 29)}
    arrange(town_clerk, town.stations["SA"], DAY, days, version=0)
    arrange(county_office, town.stations["SS"], DAY, {DAY: [Turn(town.deputies["D4"])]}, version=0)
    answer = clerk.get("/rota/export.csv", {"month": "2030-03"})
    file = tmp_path / "排班.csv"
    file.write_bytes(b"".join(answer.streaming_content))
    assert file.read_text("utf-8-sig").splitlines()[0] == "联络站编号,日期,次序,代表编号,请假" and "S-S" not in file.read_text("utf-8-sig")
    batch = bring_in(Order("rota", file))
    assert (batch.status, batch.unchanged, batch.rejected) == ("done", 6, 0), batch.message
    assert clerk.get("/rota/export.csv").status_code == 404
