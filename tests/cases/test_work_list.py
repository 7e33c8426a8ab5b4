"""The work list: filters, order, pages, what it costs, and the same as CSV."""

import csv
import io
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.cases import listing, workflow
from apps.cases.models import Case, Category
from apps.portal import tiles
from apps.territory.remembered import Remembered
from tests import town as toy
from tests.cases.conftest import a_report
from tests.cases.test_public_pages import words


def report_from(x: float, y: float, text: str, **changes) -> Case:
    place = toy.at(x, y)
    return workflow.submit(a_report(lon=place.x, lat=place.y, text=text, **changes))


@pytest.fixture
def office(people):
    client = Client()
    client.force_login(people.county_office)
    return client


def titles(response) -> list[str]:
    return [case.text for case in response.context["page_obj"]]


def test_everyone_starts_with_what_waits_for_him(town, people):
    first, second = report_from(0.5, 0.5, "一号", to="D1"), report_from(0.5, 0.5, "二号", to="D1")
    workflow.pass_to_town(second, people.deputy)
    for person, shown in (("deputy", ["一号"]), ("town_clerk", ["二号"]), ("mate", []), ("leader", ["一号", "二号"])):
        client = Client()
        client.force_login(getattr(people, person))
        assert sorted(titles(client.get("/cases/"))) == shown, person
    assert Case.objects.get(pk=first.pk).state == "with_deputy"


def test_the_filters(town, people, office, clock):
    lights, drains = Category.objects.get(code="road_facility"), Category.objects.get(code="drainage_water")
    report_from(0.5, 0.5, "溪口村的路灯", category=lights)
    clock.pass_days(9)
    report_from(1.5, 0.5, "南山村的水沟", category=drains)
    done = report_from(0.5, 0.5, "溪口村的井盖", to="D1")
    workflow.answer_as_deputy(done, people.deputy, "好了")
    box = ",".join(str(part) for part in (*toy.at(1, 0).coords, *toy.at(2, 1).coords))
    for query, shown in (
        ("", []),  # nothing waits for the county's office
        ("state=all", ["南山村的水沟", "溪口村的井盖", "溪口村的路灯"]),
        ("state=open", ["南山村的水沟", "溪口村的路灯"]),
        ("state=answered", ["溪口村的井盖"]),
        ("state=all&q=溪口", ["溪口村的井盖", "溪口村的路灯"]),
        ("state=all&q=溪口村的井", ["溪口村的井盖"]),
        ("state=all&q=%25", []),
        ("state=all&category=road_facility", ["溪口村的路灯"]),
        ("state=all&category=road_facility&category=drainage_water", ["南山村的水沟", "溪口村的路灯"]),
        ("state=all&town=339999200000", ["南山村的水沟"]),
        ("state=all&village=339999100201", ["溪口村的井盖", "溪口村的路灯"]),
        ("state=all&late=late", ["溪口村的路灯"]),
        ("state=all&late=soon", []),
        ("state=all&since=2026-03-11", ["南山村的水沟", "溪口村的井盖"]),
        ("state=all&until=2026-03-10", ["溪口村的路灯"]),
        ("state=all&since=2026-03-19&until=2026-03-19", ["南山村的水沟", "溪口村的井盖"]),
        (f"state=all&bbox={box}", ["南山村的水沟"]),
    ):
        response = office.get(f"/cases/?{query}")
        assert sorted(titles(response)) == shown, query
        assert f"共 {len(shown)} 件" in words(response)
    clock.pass_days(6)  # 25 March; the ditch falls due on the 26th
    assert titles(office.get("/cases/?state=open&late=soon")) == ["南山村的水沟"]


def test_the_filters_that_maps_lead_here_with(town, people, office, clock):
    """Categories of any level, several channels, hours and weekdays, a grid, and every matter once."""
    light = Category.objects.get(code="road_facility")
    other = Category.objects.offered().exclude(parent=light.parent).first()
    third = Category.objects.filter(parent=light).first()
    first = report_from(0.5, 0.5, "路灯", category=light)
    Case.objects.filter(pk=first.pk).update(subcategory=third)
    clock.pass_days(1)
    report_from(1.5, 0.5, "水沟", category=other, channel="letter")
    gone = report_from(0.5, 0.5, "已撤回", category=light)
    Case.objects.filter(pk=gone.pk).update(state="withdrawn")
    moment = timezone.localtime(first.submitted_at)
    for query, shown in (
        ("state=counted", ["水沟", "路灯"]),
        (f"state=counted&category={third.code}", ["路灯"]),
        (f"state=counted&category={light.parent.code}", ["路灯"]),
        (f"state=counted&category={third.code}&category={other.code}", ["水沟", "路灯"]),
        ("state=all&channel=letter&channel=phone", ["水沟"]),
        (f"state=counted&weekday={moment.weekday()}&hour={moment.hour}&hour={(moment.hour + 3) % 24}", ["路灯"]),
        (f"state=counted&hour={(moment.hour + 1) % 24}", []),
        (f"state=counted&grid={town.grids['V2'].code}", ["水沟"]),
        ("state=counted&grid=none", []),
        ("state=counted&mark=unsatisfied", []),
    ):
        response = office.get(f"/cases/?{query}")
        assert sorted(titles(response)) == sorted(shown), query
    kept = office.get(f"/cases/?state=counted&category={third.code}&hour=9&weekday=0&channel=letter&grid=x").content.decode()
    assert f'<option value="{third.code}" selected>' in kept and '<option value="letter" selected>' in kept
    assert all(f'<input type="hidden" name="{name}" value="{value}">' in kept for name, value in (("hour", 9), ("weekday", 0), ("grid", "x")))


def test_a_clerk_is_offered_no_town_but_his_own(town, people, office):
    report_from(0.5, 0.5, "一号")
    choices = [code for code, _ in office.get("/cases/?state=all").context["form"].fields["town"].choices]
    assert choices == ["", "339999001000", "339999100000", "339999200000"]
    clerk = Client()
    clerk.force_login(people.town_clerk)
    response = clerk.get("/cases/?state=all&town=339999200000")
    assert "乡镇街道</label>" not in response.content.decode()  # nothing to choose
    assert "地址里有筛选条件读不出来" in words(response)


@pytest.mark.parametrize("query", ["state=nonsense", "category=x", "channel=x", "hour=24", "weekday=x", "town=zz", "since=2026-13-01", "bbox=1,2,3", "bbox=a,b,c,d", "sort=x", "late=z", "q=" + "长" * 61])
def test_a_filter_that_cannot_be_read_is_said_and_left_out(query, town, people, office):
    response = office.get(f"/cases/?{query}")
    assert response.status_code == 200 and "有筛选条件读不出来" in words(response)


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=abc", "page=999999999999", "q=%00", "town=%00", "village=%00", "category=%00", "bbox=%00"])
def test_odd_addresses_open_all_the_same(query, town, people, office):
    workflow.submit(a_report())
    assert office.get(f"/cases/?state=all&{query}").status_code == 200


def test_the_form_itself_sends_empty_filters(town, people, office):
    workflow.submit(a_report())
    response = office.get("/cases/?q=&state=all&late=&category=&town=&since=&until=&sort=")
    assert len(titles(response)) == 1 and "读不出来" not in words(response) and not response.context["narrowed"]


def test_open_cases_by_limit_and_done_ones_by_newest(town, people, office, clock):
    for text in ("最早", "其次"):
        workflow.answer_as_deputy(report_from(0.5, 0.5, text, to="D1"), people.deputy, "好了")
        clock.pass_days(1)
    report_from(0.5, 0.5, "期限近")
    clock.pass_days(3)
    report_from(0.5, 0.5, "期限远")
    assert titles(office.get("/cases/?state=open")) == ["期限近", "期限远"]
    assert titles(office.get("/cases/?state=open&sort=newest")) == ["期限远", "期限近"]
    assert titles(office.get("/cases/?state=answered")) == ["其次", "最早"]


def test_limits_stand_in_working_days_and_times_absolute(town, people, office, clock):
    report_from(0.5, 0.5, "路灯")
    assert "3月10日 09:00（刚刚）" in words(office.get("/cases/?state=open")) and "还剩 5 个工作日" in words(office.get("/cases/?state=open"))
    clock.pass_days(9)
    said = words(office.get("/cases/?state=open"))
    assert "3月10日 09:00（9 天前）" in said and "超期 2 个工作日" in said


def test_empty_lists_say_what_would_be_here(town, people, office):
    assert "现在没有等您办理的民情件" in words(office.get("/cases/"))
    assert "没有符合条件的民情件" in words(office.get("/cases/?state=all&q=没有的"))
    mine = office.get("/cases/", {"q": "没有的", "state": "mine"}).content.decode()
    assert "在全部民情件里找" in mine and f"?q={quote('没有的')}&amp;state=all" in mine
    assert "这里还没有民情件" in words(office.get("/cases/?state=all"))


def test_the_csv_holds_the_same_rows_and_no_contact(town, people, office):
    report_from(0.5, 0.5, "=1+1 的公式")
    report_from(0.5, 0.5, '第一行\n第二行,"引号"')
    report_from(1.5, 0.5, "别的镇")
    response = office.get("/cases/export.csv?state=all&q=的")
    assert response.streaming and response["Content-Type"] == "text/csv; charset=utf-8" and ".csv" in response["Content-Disposition"]
    raw = b"".join(response.streaming_content)
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))
    assert sorted(row["内容"] for row in rows) == ["'=1+1 的公式", "别的镇"]
    assert {row["现由谁办"] for row in rows} == {"陈安代表", "林秀代表"}
    everything = b"".join(office.get("/cases/export.csv?state=all").streaming_content).decode()
    assert '第一行\n第二行,""引号""' in everything and "13900001111" not in everything and "李梅" not in everything


def test_the_csv_gives_each_only_his_own(town, people):
    report_from(0.5, 0.5, "溪口")
    report_from(2.4, 0.6, "城东")
    for person, shown in (("town_clerk", "溪口"), ("other_clerk", "城东"), ("other_deputy", "城东")):
        client = Client()
        client.force_login(getattr(people, person))
        text = b"".join(client.get("/cases/export.csv?state=all").streaming_content).decode()
        assert shown in text and ({"溪口", "城东"} - {shown}).pop() not in text


def fill(town: toy.Town, count: int) -> None:
    """So many cases over two years, most of them done, written by one statement."""
    deputies = [deputy.pk for name, deputy in sorted(town.deputies.items()) if name != "D8"]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO cases_case (code, follow_code, submission, text, channel, place, point, town_id, state, level, deputy_id, deputy_reason, organisation_id, category_id,
                                    hide_name, submitted_at, dispatched_at, due_on, answer, answered_late)
            SELECT 'C' || n, 'F' || n, gen_random_uuid(), '第' || n || '件：' || (ARRAY['路灯坏了', '水沟堵了', '夜里噪声', '公交太少'])[1 + n %% 4], 'web', '',
                   ST_SetSRID(ST_MakePoint(120 + (n %% 300) * 0.0001, 28 + (n %% 200) * 0.0001), 4326),
                   (%s::bigint[])[1 + n %% 3], CASE WHEN n %% 20 > 0 THEN 'closed' ELSE (ARRAY['with_deputy', 'with_town', 'with_county', 'with_unit'])[1 + n / 20 %% 4] END,
                   'deputy', (%s::bigint[])[1 + n %% 7], '', %s, (SELECT id FROM cases_category ORDER BY id LIMIT 1 OFFSET n %% 17), true,
                   '2026-03-10'::timestamptz - n * interval '10 minutes', CASE WHEN n %% 80 = 60 THEN '2026-03-01'::timestamptz END,
                   CASE WHEN n %% 20 = 0 THEN '2026-03-10'::date + (n / 20 %% 15) END, '', false
            FROM generate_series(1, %s) AS n
            """,
            [[area.pk for area in town.towns.values()], deputies, town.organisations["construction"].pk, count],
        )
        cursor.execute("ANALYZE cases_case")


def test_a_page_costs_the_same_few_queries_with_any_number_of_cases(town, people, office, monkeypatch):
    monkeypatch.setattr(Remembered, "check_seconds", 3600)  # the shell's look at the layers' versions comes once a second
    monkeypatch.setattr(tiles, "VERSION_SECONDS", 3600)

    def cost(address: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert office.get(address).status_code == 200
        return len(queries)

    fill(town, 40)
    cost("/cases/?state=all")  # what the process remembers of the county is read once
    few = cost("/cases/?state=all")
    Case.objects.all().delete()
    fill(town, 400)
    assert cost("/cases/?state=all") == cost("/cases/?state=all&page=8") == few <= 14
    assert len(titles(office.get("/cases/?state=all"))) == listing.PAGE


def test_the_list_stays_on_indexes_with_a_hundred_thousand_cases(town, people):
    fill(town, 100_000)
    for filters, sort in (
        ({"state": "all"}, "newest"), ({"state": "open"}, "due"), ({"state": "mine"}, "due"), ({"state": "open", "late": "late"}, "due"),
        ({"state": "all", "town": town.towns["A"]}, "newest"), ({"state": "with_unit"}, "due"), ({"state": "all", "q": "第7777件"}, "newest"),
    ):  # fmt: skip
        for person in (people.county_office, people.town_clerk, people.deputy, people.unit_officer):
            cases = listing.ordered(listing.narrowed(filters, person), sort)
            plan = cases.values_list("pk", flat=True)[: listing.PAGE].explain(analyze=True)
            assert "Seq Scan on cases_case" not in plan, (filters, person.username, plan)
            assert float(plan.rsplit("Execution Time: ", 1)[1].split(" ")[0]) < 500, (filters, person.username, plan)


def test_a_search_that_no_index_serves_is_counted_and_paged_as_any_other(town, people, office):
    fill(town, 240)  # every fourth names the lights
    for page, first, rows in (("1", 4, 50), ("2", 204, 10), ("9", 204, 10), ("0", 204, 10), ("x", 4, 50), ("9" * 30, 204, 10)):
        response = office.get("/cases/", {"state": "all", "q": "路灯", "page": page})
        shown = response.context["page_obj"]
        assert (shown.paginator.count, len(titles(response))) == (60, rows) and titles(response)[0] == f"第{first}件：路灯坏了", page
    nothing = office.get("/cases/?state=all&q=没有")
    assert titles(nothing) == [] and "没有符合条件的民情件" in words(nothing)


def test_the_map_of_a_list_that_cannot_hold_anything_is_empty(town, people, office):
    report_from(0.5, 0.5, "一号")
    for query in ("deputy=D99", "village=339999999999", "deputy=D99&q=一号"):
        assert titles(office.get(f"/cases/?state=all&{query}")) == []
        assert office.get(f"/cases/marks?state=all&{query}").content == b"GRC1" + bytes(4)
        assert b"".join(office.get(f"/cases/export.csv?state=all&{query}").streaming_content).count(b"\n") == 1
    assert len(office.get("/cases/marks?state=all&deputy=D1").content) in (8, 21)
