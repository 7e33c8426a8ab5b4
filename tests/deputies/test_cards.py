"""Codes of deputies and stations as offices keep them: issuing, printing what a phone can read, and what becomes of a code."""

import io
import re
import shutil
import subprocess
import threading

import pypdfium2
import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from apps.deputies.cards import _title, site
from apps.deputies.codes import DeputyCode, DeputyCodeEvent, DeputyScan, StationCode
from apps.deputies.models import Deputy, Mandate, Station
from apps.deputies.workflow import hand_on, issue_cards, move_code, renew
from apps.record.codes import read_signed
from apps.record.states import MoveRefused
from apps.territory.models import AdminArea


@pytest.fixture
def office(county_office) -> Client:
    client = Client()
    client.force_login(county_office)
    return client


def everyone() -> dict:
    return {"deputies": Deputy.objects.all(), "stations": Station.objects.all()}


class TestVerbs:
    def test_each_gets_one_and_once(self, town):
        Mandate.objects.filter(deputy=town.deputies["D7"]).update(ended_on=timezone.localdate())
        assert issue_cards(None, **everyone()) == 7 + 2
        assert issue_cards(None, **everyone()) == 0
        codes = list(DeputyCode.objects.values_list("code", flat=True))
        assert len(set(codes)) == 7 and all(read_signed(code) == code for code in codes)
        assert DeputyCodeEvent.objects.count() == 7 and DeputyCodeEvent.objects.broken_chains() == []

    def test_renewed_and_handed_on(self, town, county_office):
        issue_cards(None, **everyone())
        old = DeputyCode.objects.get(deputy=town.deputies["D1"])
        new = renew(county_office, old, "旧卡磨损")
        old.refresh_from_db()
        assert (old.status, old.successor, new.status, new.deputy) == ("replaced", new, "active", old.deputy)
        hand_on(county_office, new, town.deputies["D3"], "补选接任")
        assert DeputyCode.objects.leading_to(old.code).deputy == town.deputies["D3"]
        assert DeputyCodeEvent.objects.broken_chains() == []

    def test_refusals_change_nothing(self, town, county_office, town_clerk):
        issue_cards(None, **everyone())
        code = DeputyCode.objects.get(deputy=town.deputies["D1"])
        Mandate.objects.filter(deputy=town.deputies["D7"]).update(ended_on=timezone.localdate())
        before = (list(DeputyCode.objects.values()), DeputyCodeEvent.objects.count())
        for attempt, words in [
            (lambda: renew(county_office, code, " "), "原因"),
            (lambda: hand_on(county_office, code, code.deputy, "x"), "另一位"),
            (lambda: hand_on(county_office, code, town.deputies["D7"], "x"), "不在任"),
            (lambda: move_code(county_office, "explode", code, "x"), "没有这个操作"),
            (lambda: move_code(county_office, "restore", code, "x"), "在用"),
            (lambda: move_code(town_clerk, "void", StationCode.objects.get(station=town.stations["SS"]), "x"), "管辖范围"),
        ]:
            with pytest.raises(MoveRefused, match=words), transaction.atomic():
                attempt()
        assert (list(DeputyCode.objects.values()), DeputyCodeEvent.objects.count()) == before

    def test_only_one_in_use_after_restoring(self, town, county_office):
        issue_cards(None, **everyone())
        code = DeputyCode.objects.get(deputy=town.deputies["D1"])
        move_code(county_office, "retire", code, "停用")
        issue_cards(None, **everyone())
        with pytest.raises(MoveRefused, match="另一个在用的码"):
            move_code(county_office, "restore", code, "又要用")
        assert DeputyCode.objects.active().filter(deputy=town.deputies["D1"]).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_offices_issue_at_once():
    """The second waits and finds nothing left to do; nobody gets two codes."""
    from tests.town import build

    town = build()
    made: list[int] = []

    def issue() -> None:
        made.append(issue_cards(None, **everyone()))
        connection.close()

    threads = [threading.Thread(target=issue) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [0, 0, 10] and DeputyCode.objects.count() == len(town.deputies)


class TestPages:
    def test_issue_print_count(self, office, town):
        page = office.get("/cards/").content.decode()
        assert "给这 8 位发码" in page and "下载 PDF" not in page
        done = office.post("/cards/issue", {"kind": "deputy"}, follow=True).content.decode()
        assert "已发 8 个代表码" in done and "给这" not in done
        code = DeputyCode.objects.get(deputy=town.deputies["D1"])
        DeputyScan.objects.count_scan(code, timezone.localdate())
        pdf = office.post("/cards/print", {"kind": "deputy", "layout": "sticker10", "site": "https://renda.example.gov.cn/"})
        assert pdf.headers["Content-Type"] == "application/pdf" and "attachment" in pdf.headers["Content-Disposition"]
        code.refresh_from_db()
        assert code.prints == 1 and code.printed_at
        row = office.get("/cards/", {"q": code.spelled}).content.decode()
        assert row.count("<tr>") == 2 and re.search(r'class="number"[^>]*>1</td>', row)

    @pytest.mark.parametrize(("kind", "layout", "door"), [("deputy", "sticker10", "p"), ("station", "small", "d"), ("station", "medium", "d")])
    def test_a_phone_reads_every_printed_code(self, office, town, tmp_path, kind, layout, door):
        zbar = shutil.which("zbarimg")
        assert zbar, "没有找到 zbarimg：请先运行 make setup"
        office.post("/cards/issue", {"kind": kind})
        pdf = office.post("/cards/print", {"kind": kind, "layout": layout, "site": "https://renda.example.gov.cn"}).content
        read: set[str] = set()
        for page in pypdfium2.PdfDocument(io.BytesIO(pdf)):
            for dpi in (150, 200, 300):  # of many codes on a page zbar now and then loses one: a phone comes nearer
                page.render(scale=dpi / 72).to_pil().save(tmp_path / "page.png")
                read |= set(subprocess.run([zbar, "--raw", "-q", tmp_path / "page.png"], capture_output=True, text=True, check=True).stdout.split())
        codes = (DeputyCode if kind == "deputy" else StationCode).objects.values_list("code", flat=True)
        assert read == {f"https://renda.example.gov.cn/{door}/{code}" for code in codes}
        assert Client().get(f"/{door}/{codes[0]}", follow=True).status_code == 200

    def test_bad_print_orders(self, office, town):
        office.post("/cards/issue", {"kind": "deputy"})
        for order in ({}, {"layout": "large", "site": "https://a.cn"}, {"layout": "small", "site": "javascript:alert(1)"}, {"layout": "small", "site": "https://a.cn", "part": "99"},
                      {"layout": "small", "site": "https://a.cn", "only": "9" * 40}, {"layout": "small", "site": "https://a.cn", "only": "²"}):  # fmt: skip
            answer = office.post("/cards/print", {"kind": "deputy", **order})
            assert answer.status_code in (200, 302) and (answer.status_code == 302 or "only" in order)

    def test_moves_with_their_reasons(self, office, town):
        office.post("/cards/issue", {"kind": "deputy"})
        code = DeputyCode.objects.get(deputy=town.deputies["D1"])
        address = f"/cards/deputy/{code.pk}/"
        refused = office.post(f"{address}move", {"verb": "void", "reason": ""})
        assert refused.status_code == 422 and "原因" in refused.content.decode()
        refused = office.post(f"{address}move", {"verb": "hand_on", "reason": "接任", "to": "无此人"})
        assert refused.status_code == 422 and 'value="无此人"' in refused.content.decode()
        office.post(f"{address}move", {"verb": "hand_on", "reason": "接任", "to": "林秀"})
        assert DeputyCode.objects.leading_to(code.code).deputy == town.deputies["D2"]
        history = office.get(address).content.decode()
        assert "换发</strong>：接任" in history and "已换发" in history

    def test_scope(self, town, town_clerk, county_office, users):
        issue_cards(None, **everyone())
        client = Client()
        client.force_login(town_clerk)
        assert "吴敏" not in client.get("/cards/").content.decode() and "陈安" in client.get("/cards/").content.decode()
        other = DeputyCode.objects.get(deputy=town.deputies["D4"])
        assert client.get(f"/cards/deputy/{other.pk}/").status_code == client.post(f"/cards/deputy/{other.pk}/move", {"verb": "void", "reason": "x"}).status_code == 404
        assert client.get(f"/cards/nobody/{other.pk}/").status_code == 404
        for user in (users.deputy, users.leader, users.unit_officer):
            client.force_login(user)
            assert client.get("/cards/").status_code == 403

    def test_queries_do_not_grow(self, office, town):
        from django.test.utils import CaptureQueriesContext

        office.post("/cards/issue", {"kind": "deputy"})
        with CaptureQueriesContext(connection) as few:
            office.get("/cards/")
        people = Deputy.objects.bulk_create(Deputy(code=f"N{k:02d}", name=f"代表{k}", capacity=1, station=town.stations["SA"]) for k in range(40))
        Mandate.objects.bulk_create(Mandate(deputy=deputy, term=town.terms["county"], district=town.districts["C1"]) for deputy in people)
        office.post("/cards/issue", {"kind": "deputy"})
        with CaptureQueriesContext(connection) as many:
            office.get("/cards/")
        assert len(many) <= len(few) and AdminArea.objects.exists()


@pytest.mark.parametrize(("typed", "is_site"), [
    ("https://renda.example.gov.cn/", "https://renda.example.gov.cn"), (" http://10.0.0.1:8000 ", "http://10.0.0.1:8000"), ("renda.example.gov.cn", ""),
    ("ftp://a.cn", ""), ("https://user@a.cn", ""), ("https://a.cn/x", ""), ("https://a.cn?x", ""), ("https://[", ""), ("https://a.cn:99999", ""), ("", ""),
])  # fmt: skip
def test_the_printed_site(typed, is_site):
    assert site(typed) == is_site


def test_a_long_district_is_printed_without_its_villages():
    assert _title(("方格县人大代表 · 第60选区(河西、东埭等3村社)",)) == "方格县人大代表 · 第60选区"
    assert _title(("方格县人大代表 · 第1选区(桥头)",)) == "方格县人大代表 · 第1选区(桥头)" and _title(()) == "人大代表"
