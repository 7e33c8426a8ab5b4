"""民情公开 over the toy county: what is published, attacked through the very pages that everybody reads."""

import csv
import datetime as dt
import io
import random
from itertools import combinations

import numpy as np
import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.urls import reverse

from apps.cases.models import Category
from apps.insights import public_voices, workflow_corrections, workflow_public
from apps.insights.facts import CASE, FIRST_RECORD_SOURCE, RECORD, Fact
from apps.insights.public_counts import PublicCount, PublicTable, TableCorrection, VoicesPage
from apps.insights.public_shape import Voices
from apps.insights.published import public_quarters
from apps.insights.suppression import NoWay
from apps.record.states import MoveRefused
from tests.conftest import public_role
from tests.insights import attacks

pytestmark = pytest.mark.django_db
QUARTER = dt.date(2026, 1, 1)


def voices(town, village: str | None, many: int, *, category: str = "noise_fume", day: dt.date = dt.date(2026, 2, 3), **said) -> None:
    """So many facts in a village (or a town: A, B, S; None: nowhere known)."""
    area = town.villages.get(village) or town.towns.get(village)
    last = Fact.objects.order_by("-ref").values_list("ref", flat=True).first() or 0
    place = {"village": area.pk, "town": area.parent_id} if village in town.villages else {"town": area.pk if area else None}
    given = {"kind": CASE, "source": 2, "told_for": False, "elder": None, "hour": -1, "state": 0, "again": False, "counted": True, "version": 1} | place | said
    pk = Category.objects.get(code=category).pk if category else None
    Fact.objects.bulk_create([Fact(ref=last + number, day=day, category=pk, **given) for number in range(1, many + 1)])


@pytest.fixture
def told(town):
    """A quarter with large and small counts, some nowhere known, some of the hotline, some told for old people."""
    rng = random.Random(7)
    for village in town.villages:
        for category in ("noise_fume", "housing", "education", "transit"):
            voices(town, village, rng.choice([0, 0, 1, 1, 2, 6, 14]), category=category)
    voices(town, "V1", 3, told_for=True, elder=True, source=3)
    voices(town, "V5", 8, told_for=True, elder=True)
    voices(town, "A", 2)
    voices(town, None, 6, kind=RECORD, source=FIRST_RECORD_SOURCE + 1, category="housing", day=dt.date(2026, 3, 31))
    voices(town, "V2", 50, counted=False)
    return town


def published(day: dt.date = dt.date(2026, 5, 1)) -> PublicTable:
    assert workflow_public.publish_due(day) == 1
    return PublicTable.objects.get()


def true_counts(table: PublicTable) -> dict[tuple[str, str, str], int]:
    keys = table.counts.order_by("order").values_list("region", "part", "key")
    return dict(zip(keys, table.behind, strict=True))


def corrected(actor, reason: str) -> PublicTable:
    done = workflow_corrections.make(workflow_corrections.order(actor, QUARTER, reason).pk)
    assert done.state == "done", done.note
    return done.made


def open_page(county_office) -> None:
    workflow_public.turn_page(county_office, on=True)


# --- what is counted ---------------------------------------------------------------------------------------------------------------------


def test_counts_by_hand(town):
    voices(town, "V1", 12)
    voices(town, "V4", 7, category="housing", told_for=True)
    voices(town, "A", 5)
    voices(town, None, 6)
    voices(town, "V1", 9, counted=False)
    voices(town, "V1", 9, day=dt.date(2026, 4, 1))
    counts = true_counts(published())
    county, a, v1 = town.county.code, town.towns["A"].code, town.villages["V1"].code
    assert counts[county, "all", ""] == 30 and counts[a, "all", ""] == 24 and counts[v1, "all", ""] == 12
    assert counts[f"{a}*", "all", ""] == 5 and counts[f"{county}*", "all", ""] == 6
    assert counts[county, "told", "yes"] == 7 and counts[a, "told", "no"] == 17
    assert sum(n for (place, part, _), n in counts.items() if place == county and part == "category") == 30


def test_a_quarter_is_published_once_when_it_is_over_long_enough(town):
    voices(town, "V1", 12)
    assert workflow_public.due(dt.date(2026, 4, 30)) == [] and workflow_public.due(dt.date(2026, 5, 1)) == [QUARTER]
    table = published()
    assert (table.version, table.words, table.key, table.last) == (1, "2026年第一季度", "2026-1", dt.date(2026, 3, 31))
    assert table.since == dt.date(2026, 2, 3), "the first record there is"
    assert workflow_public.publish_due(dt.date(2026, 5, 2)) == 0 and workflow_public.publish(QUARTER) is None
    voices(town, "V1", 12)
    assert true_counts(PublicTable.objects.get())[town.county.code, "all", ""] == 12, "what is public stays as it is"


def test_a_quarter_waits_for_what_the_hotline_has_not_delivered_yet(town):
    voices(town, "V1", 12)
    voices(town, "V1", 40, kind=RECORD, source=FIRST_RECORD_SOURCE + 1, day=dt.date(2026, 3, 10))
    assert workflow_public.due(dt.date(2026, 5, 1)) == [] and workflow_public.due(dt.date(2026, 6, 30)) == [QUARTER], "but not for ever"
    voices(town, "V1", 1, kind=RECORD, source=FIRST_RECORD_SOURCE + 1, day=dt.date(2026, 4, 20))
    assert workflow_public.due(dt.date(2026, 5, 1)) == [QUARTER]


def test_what_is_newer_than_the_table_counts_without_it(town):
    """A category and a village that came after the table was published: a correction counts them where they still fit."""
    town_a = town.towns["A"].code
    shape = public_voices.shape_of(dt.date(2026, 3, 31))
    keys = {"category": "brand_new", "channel": "online", "told": "no", "elder": "unsaid"}
    counts = dict(zip(shape.cells, shape.count([Voices(f"{town_a[:9]}777", keys, 3)]), strict=True))
    some = {(cell.place.code, cell.key.key) for cell, n in counts.items() if n and cell.key.part in ("all", "category")}
    assert some == {(code, key) for code in (town.county.code, town_a) for key in ("", "none")} | {(f"{town_a}*", "")}


def test_without_voices_or_towns(town):
    assert workflow_public.due(dt.date(2030, 1, 1)) == []
    from apps.territory.models import AdminArea

    AdminArea.objects.filter(level="town").update(level="village")
    voices(town, "V1", 12)
    table = published()
    assert table.counts.filter(level="village").exists() and not table.counts.filter(level="town").exists()


# --- attacked ---------------------------------------------------------------------------------------------------------------------------


def everything_shown(client) -> dict[tuple[str, str, str], int | None]:
    """What the page's own table to take away says, place by place."""
    text = client.get(reverse("public_voices_data") + "?quarter=2026-1").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    keys = {(count.region, count.part, count.label): count.key for count in PublicCount.objects.all()}
    parts = {part.label: part.value for part in PublicCount.Part}
    return {
        (row["区划代码"], parts[row["分项"]], keys[row["区划代码"], parts[row["分项"]], row["名称"] or "全部"]): None if row["件数"] == "不单列" else int(row["件数"]) for row in rows
    }


def test_nothing_small_can_be_worked_out_of_all_that_is_shown(told, county_office, client):
    table = published()
    open_page(county_office)
    shown, counts = everything_shown(client), true_counts(table)
    keys = list(counts)
    assert shown.keys() == counts.keys() and all(value is None or value == counts[key] for key, value in shown.items())
    hidden = np.array([shown[key] is None for key in keys])
    values = np.array([counts[key] for key in keys])
    small = [i for i, key in enumerate(keys) if 0 < counts[key] < 5]
    assert len(small) > 10 and hidden[small].all() and not hidden.all()
    sums = workflow_public.shape_of_table(table).sums
    assert not attacks.determined(len(keys), sums, hidden) & set(small)
    least = np.minimum(values, 1)
    for cell, (low, high) in attacks.bounds(values, sums, hidden, least, small).items():
        assert low <= 1 + 1e-6 and high >= 5 - 1e-6, (keys[cell], values[cell], low, high)


def test_no_two_pages_differ_by_a_small_number(told, county_office, client):
    """Every pair of what the page can be asked for, of which one lies in the other."""
    table = published()
    open_page(county_office)
    county = told.county.code
    regions = [county, *(town.code for town in told.towns.values())]
    categories = ["", *(public_quarters()[0].labels("category"))]
    seen = {}
    for region in regions:
        for category in categories:
            page = client.get(reverse("public_voices"), {"quarter": "2026-1", "region": region, "category": category}).context
            seen[region, category] = page["line"].count
            seen |= {(line.place.code, category): line.count for line in page["lines"]}
    under = {row.region: row.parent for row in table.counts.all()}

    def within(one, other) -> bool:
        place = one[0]
        while place and place != other[0]:
            place = under[place]
        return place == other[0] and (not other[1] or one[1] == other[1])

    pairs = [(a, b) for a, b in combinations(seen, 2) if within(a, b) or within(b, a)]
    assert len(pairs) > 50
    for one, other in pairs:
        if seen[one] is not None and seen[other] is not None:
            assert not 0 < abs(seen[one] - seen[other]) < 5, (one, other)


def test_pages_hold_no_small_number_and_no_share_of_one(told, county_office, client):
    published()
    open_page(county_office)
    for place in client.get(reverse("public_voices")).context["lines"]:
        assert place.count is None or place.count == 0 or place.count >= 5
        shown = [public_quarters()[0].count(place.place.code, "told", key) for key in ("yes", "no")]
        assert (place.told is None) == (shown[0] is None or not place.count)


def test_a_database_row_cannot_hold_a_small_count(told):
    row = published().counts.filter(count=None).first()
    with pytest.raises(IntegrityError, match="not_small"), transaction.atomic():
        PublicCount.objects.filter(pk=row.pk).update(count=3)


# --- put right --------------------------------------------------------------------------------------------------------------------------


def test_a_correction_is_a_new_version_protected_with_the_one_before(told, county_office, client):
    first = published()
    voices(told, "V1", 2, category="housing")
    voices(told, "V6", 25, category="housing")
    second = corrected(county_office, "补收了3月的热线记录")
    first.refresh_from_db()
    assert (second.version, second.is_current, first.is_current) == (2, True, False)
    assert [event.verb for event in second.events.all()] == ["correct"]
    before, after = true_counts(first), true_counts(second)
    gone = {table.pk: {(c.region, c.part, c.key) for c in table.counts.filter(count=None)} for table in (first, second)}
    assert gone[first.pk] <= gone[second.pk], "what was hidden stays hidden"
    for key in before.keys() - gone[second.pk]:
        assert after[key] == before[key] or abs(after[key] - before[key]) >= 5, "one report more is not told"
    open_page(county_office)
    page = client.get(reverse("public_voices")).content.decode()
    assert "第 2 版" in page and "补收了3月的热线记录" in page


def test_a_correction_needs_its_reason_its_office_and_something_to_correct(told, county_office, leader):
    published()
    for actor, reason, words in ((leader, "x", "工委"), (county_office, " ", "原因"), (county_office, "看看", "一样")):
        with pytest.raises(MoveRefused, match=words):
            workflow_corrections.order(actor, QUARTER, reason)
    with pytest.raises(MoveRefused, match="还没有公布"):
        workflow_corrections.order(county_office, dt.date(2025, 1, 1), "早了")
    assert PublicTable.objects.count() == 1 and not TableCorrection.objects.exists()


def test_one_corrects_at_a_time_and_is_told(told, county_office):
    first = published()
    voices(told, "V6", 25)
    correction = workflow_corrections.order(county_office, QUARTER, "补收")
    with pytest.raises(MoveRefused, match="已经在重新统计这个季度（原因：补收）"):
        workflow_corrections.order(county_office, QUARTER, "我也补收")
    with pytest.raises(IntegrityError, match="insights_correction_one"), transaction.atomic():
        TableCorrection.objects.create(table=first, area=told.county, reason="x", created_by=county_office)
    done = workflow_corrections.make(correction.pk)
    assert (done.state, done.percent, done.made.version, done.made.by) == ("done", 100, 2, county_office)
    assert workflow_corrections.make(correction.pk).finished_at == done.finished_at, "run again it does nothing"
    assert PublicTable.objects.count() == 2
    assert county_office.notices.filter(path=reverse("voices_table", args=[done.made_id])).count() == 1
    with pytest.raises(MoveRefused, match="不能重新统计"):
        workflow_corrections.resume(county_office, correction.pk)


def test_stopped_or_killed_nothing_is_published_and_it_can_be_done_after_all(told, county_office, monkeypatch):
    """Stopped while it is at it, it ends at its next word of how far it is; killed, the job that is done again finds its row under way."""
    published()
    voices(told, "V6", 25)
    correction = workflow_corrections.order(county_office, QUARTER, "补收")
    monkeypatch.setattr(workflow_corrections, "TOLD_EVERY", 0.0)
    said = []
    protect = workflow_public.protect

    def stopped_on_the_way(table, earlier, seed, tell):
        def then(share: float) -> None:
            said.append(share)
            if len(said) == 3:
                workflow_corrections.cancel(county_office, correction.pk)
            tell(share)

        return protect(table, earlier, seed, then)

    monkeypatch.setattr(workflow_public, "protect", stopped_on_the_way)
    assert workflow_corrections.make(correction.pk).state == "cancelled"
    assert len(said) == 3 and PublicTable.objects.count() == 1
    assert workflow_corrections.make(correction.pk).state == "cancelled", "and stays so when its job comes again"
    workflow_corrections.resume(county_office, correction.pk)

    def killed(table, earlier, seed, tell):
        raise KeyboardInterrupt

    monkeypatch.setattr(workflow_public, "protect", killed)
    with pytest.raises(KeyboardInterrupt):
        workflow_corrections.make(correction.pk)
    assert TableCorrection.objects.get().state == "running" and PublicTable.objects.count() == 1
    monkeypatch.setattr(workflow_public, "protect", protect)
    done = workflow_corrections.make(correction.pk)
    assert done.state == "done" and done.made.reason == "补收"
    assert [event.verb for event in done.table.events.all()] == ["publish", "order", "cancel", "resume"]
    assert [event.verb for event in done.made.events.all()] == ["correct"]


def test_what_cannot_be_published_is_said_and_what_stood_stands(told, county_office, monkeypatch):
    published()
    voices(told, "V6", 25)
    correction = workflow_corrections.order(county_office, QUARTER, "补收")

    def no_way(table, earlier, seed, tell):
        raise NoWay

    monkeypatch.setattr(workflow_public, "protect", no_way)
    failed = workflow_corrections.make(correction.pk)
    assert failed.state == "failed" and "少于 5 件" in failed.note and PublicTable.objects.get().is_current

    def broken(table, earlier, seed, tell):
        raise ZeroDivisionError

    monkeypatch.setattr(workflow_public, "protect", broken)
    workflow_corrections.resume(county_office, correction.pk)
    with pytest.raises(ZeroDivisionError):
        workflow_corrections.make(correction.pk)
    assert "出了故障" in TableCorrection.objects.get().note and PublicTable.objects.count() == 1
    workflow_corrections.resume(county_office, correction.pk)
    Fact.objects.filter(pk__in=list(Fact.objects.order_by("-ref").values_list("pk", flat=True)[:25])).delete()
    assert "一样" in workflow_corrections.make(correction.pk).note, "withdrawn in the meantime"


# --- the pages --------------------------------------------------------------------------------------------------------------------------


def test_the_page_is_closed_until_the_office_opens_it(told, county_office, leader, client):
    published()
    assert "还没有公开的统计" in client.get(reverse("public_voices")).content.decode()
    assert client.get(reverse("public_voices_data") + "?quarter=2026-1").status_code == 404
    with pytest.raises(MoveRefused):
        workflow_public.turn_page(leader, on=True)
    client.force_login(county_office)
    client.post(reverse("voices_turn"), {"on": "yes"})
    assert VoicesPage.objects.get().is_open and "共收到" in client.get(reverse("public_voices")).content.decode()
    client.post(reverse("voices_turn"), {"on": "no", "reason": "先核对"})
    assert "还没有公开的统计" in client.get(reverse("public_voices")).content.decode()
    assert [event.verb for event in VoicesPage.objects.get().events.all()] == ["open", "close"]


def test_the_public_role_reads_the_tables_and_neither_facts_nor_what_the_counts_were(told, county_office, client):
    published()
    open_page(county_office)
    with public_role():
        text = client.get(reverse("public_voices")).content.decode()
        client.get(reverse("public_voices_data") + "?quarter=2026-1")
    assert "不单列" in text
    for refused in ("SELECT 1 FROM insights_fact", "SELECT behind FROM insights_publictable", "UPDATE insights_publiccount SET count = 9"):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE geo_public")
            cursor.execute(refused)


@pytest.mark.parametrize("query", ["?quarter=1999-9&region=x&category=%00&measure=-", "?region=339999100000&category=l1_urban&measure=count", "?region=339999100201"])
def test_every_question_has_an_answer(told, county_office, client, query):
    published()
    open_page(county_office)
    assert client.get(reverse("public_voices") + query).status_code == 200


def test_what_a_reader_should_know_stands_beside_the_numbers(told, county_office, client):
    published()
    open_page(county_office)
    text = client.get(reverse("public_voices")).content.decode()
    for words in ("件数少，不等于问题少", "0 件是没有收到", "少于 5 件的不公布", "2026年第一季度（2月3日—3月31日）", "由别人代为录入", "老年人反映的", "联络站", "上下限"):
        assert words in text


def test_pages_ask_the_database_little(told, county_office, client, django_assert_max_num_queries):
    published()
    open_page(county_office)
    client.get(reverse("public_voices"))
    with django_assert_max_num_queries(12):
        client.get(reverse("public_voices"))


def test_the_office_sees_it_before_and_corrects(told, county_office, town_clerk, client):
    table = published()
    client.force_login(town_clerk)
    assert client.get(reverse("voices_office")).status_code == 403
    client.force_login(county_office)
    assert "2026年第一季度" in client.get(reverse("voices_office")).content.decode()
    url = reverse("voices_table", args=[table.pk])
    assert "和群众看到的一样" in client.get(url).content.decode()
    response = client.post(url, {"reason": "看看"})
    assert response.status_code == 422 and "一样" in response.content.decode() and "看看" in response.content.decode()
    assert client.post(url, {"reason": ""}).status_code == 422
    voices(told, "V6", 25)
    assert client.post(url, {"reason": "补收"}).status_code == 302
    correction = TableCorrection.objects.get()
    page, progress = client.get(url).content.decode(), reverse("correction_progress", args=[correction.pk])
    assert progress in page and "排队中" in page and "重新统计并公布" not in page, "once at a time"
    assert "正在更正2026年第一季度" in client.get(reverse("voices_office")).content.decode()
    again = client.post(url, {"reason": "我也补收"})
    assert again.status_code == 422 and "已经在重新统计" in again.content.decode()
    client.post(reverse("correction_act", args=[correction.pk, "cancel"]))
    assert client.get(progress).headers["HX-Refresh"] == "true" and "重新统计并公布" in client.get(url).content.decode()
    client.post(reverse("correction_act", args=[correction.pk, "resume"]))
    assert "HX-Refresh" not in client.get(progress).headers
    made = workflow_corrections.make(correction.pk).made
    assert client.get(progress).headers["HX-Redirect"] == reverse("voices_table", args=[made.pk])
    assert reverse("voices_table", args=[made.pk]) in client.get(url).content.decode()
    assert client.post(reverse("correction_act", args=[correction.pk, "undo"])).status_code == 404


# --- between the zones ------------------------------------------------------------------------------------------------------------------


def test_the_public_zone_takes_a_table_in_once_and_holds_no_counts_behind(told, county_office):
    table = published()
    open_page(county_office)
    body = workflow_public.fill_table({"table": table.pk})
    shown = list(table.counts.order_by("order").values_list("region", "part", "key", "count"))
    _forget()
    workflow_public.table_told(body)
    workflow_public.table_told(body)
    taken = PublicTable.objects.get()
    assert taken.behind == [] and taken.is_current and list(taken.counts.order_by("order").values_list("region", "part", "key", "count")) == shown
    workflow_public.table_told({**body, "version": 2, "reason": "更正"})
    workflow_public.page_turned({"open": False})
    assert [t.is_current for t in PublicTable.objects.order_by("version")] == [False, True] and not VoicesPage.objects.get().is_open


def _forget() -> None:
    """As in the other zone's database: nothing there yet."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE insights_publictableevent DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM insights_publictableevent")
        cursor.execute("ALTER TABLE insights_publictableevent ENABLE TRIGGER USER")
    PublicTable.objects.all().delete()


def test_quarters():
    assert public_voices.quarter_of(dt.date(2026, 3, 31)) == QUARTER and public_voices.next_quarter(dt.date(2026, 10, 1)) == dt.date(2027, 1, 1)
