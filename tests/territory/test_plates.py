"""Any code on the door: ours and the issuers', in whatever way it was typed or scanned, leads to the door and nowhere else."""

import contextlib
import re
import time

import pytest
from django.contrib.gis.geos import Point
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from apps.record import issuing
from apps.record.codes import ALPHABET, check_character, grouped, signed_code
from apps.record.states import MoveRefused
from apps.territory.models import Doorplate, IssuedPlate, IssuedPlateScan, Issuer, PlateCode, PlateCodeEvent, PlateScan
from apps.territory.patterns import PatternRefused, compiled, read_id
from apps.territory.plates import read_scanned
from tests import town as toy


def code_for(door: Doorplate | None = None, **fields) -> PlateCode:
    rows = [PlateCode(doorplate=door, **fields)]
    return issuing.issue(rows)[0]


@pytest.fixture
def doors(town: toy.Town) -> list[Doorplate]:
    return list(Doorplate.objects.order_by("code")[:4])


@pytest.fixture
def police(doors) -> Issuer:
    issuer = Issuer.objects.create(
        slug="police", name="公安", pattern=r"https?://mp\.example\.gov\.cn/q\?c=(?P<id>\d{16})", example="https://mp.example.gov.cn/q?c=3399010010000012"
    )
    IssuedPlate.objects.create(issuer=issuer, external_id="3399010010000012", doorplate=doors[0])
    IssuedPlate.objects.create(issuer=issuer, external_id="3399010010000029", doorplate=doors[1], status="retired")
    return issuer


# -- reading -----------------------------------------------------------------------------------------------------------------


def test_every_way_to_show_our_code_leads_to_its_door(doors):
    code = code_for(doors[0])
    ways = (
        code.code, code.code.lower(), code.spelled, grouped(code.code, 3), f" {code.code}\n", f"/d/{code.code}", f"https://renda.example.gov.cn/d/{code.code}",
        f"https://old.example.cn/renda/d/{code.code.lower()}/?from=plate#x", f"http://127.0.0.1:8000/d/{code.spelled}",
    )  # fmt: skip
    for text in ways:
        scanned = read_scanned(text)
        assert (scanned.kind, scanned.plate, scanned.doorplate, scanned.code) == ("own", code, doors[0], code.code), text


def test_a_house_without_a_plate_leads_to_its_point(town):
    code = code_for(words="后山脚黄色平房", point=Point(120.41, 27.51, srid=4326))
    scanned = read_scanned(code.spelled)
    assert scanned.kind == "own" and scanned.doorplate is None
    assert (scanned.plate.place.x, scanned.plate.place_words) == (120.41, "后山脚黄色平房")


def test_an_issuers_plate_leads_to_the_doorplate_of_its_list(doors, police):
    for text in ("https://mp.example.gov.cn/q?c=3399010010000012", " http://mp.example.gov.cn/q?c=3399010010000012 ", "/d/police/3399010010000012"):
        scanned = read_scanned(text)
        assert (scanned.kind, scanned.doorplate, scanned.issued.issuer) == ("issued", doors[0], police), text
    assert IssuedPlate.objects.leading_to("police", "3399010010000012").doorplate == doors[0]


def test_the_number_may_be_typed_off_an_issuers_plate(doors, police):
    civil = Issuer.objects.create(slug="civil", name="民政", pattern=r"门牌编号：(?P<id>MZ\d{4})", example="门牌编号：MZ0001")
    IssuedPlate.objects.create(issuer=civil, external_id="MZ0001", doorplate=doors[1])
    for text, door in (("3399010010000012", doors[0]), (" 3399 0100 1000 0012", doors[0]), ("mz０００１", doors[1])):
        assert read_scanned(text).doorplate == door, text
    assert read_scanned("3399010010000029").kind == read_scanned("MZ0002").kind == "unknown"
    IssuedPlate.objects.create(issuer=civil, external_id="3399010010000012", doorplate=doors[2])
    assert read_scanned("3399010010000012").kind == "unknown"  # two doors: nobody guesses


@pytest.mark.parametrize("text", [
    "", " ", "人民路12号", "https://mp.example.gov.cn/q?c=3399010010000013", "https://mp.example.gov.cn/q?c=3399010010000029",
    "https://evil.example/https://mp.example.gov.cn/q?c=3399010010000012", "https://mp.example.gov.cn/q?c=33990100100000123", "/d/police/3399010010000029",
    "/d/nobody/3399010010000012", "/d/", "/d//", "//", "https://[broken/d/x", "javascript:alert(1)", "/d/\x00", "/d/police/%00", "/d/police/\x00", "/d/\ud800/1", "/d/police/" + "9" * 900, "9" * 5000, "𠮷" * 12, "\ud800",
])  # fmt: skip
def test_anything_else_leads_nowhere(doors, police, text):
    scanned = read_scanned(text)
    assert (scanned.kind, scanned.doorplate, scanned.code) == ("unknown", None, "")


def test_an_issuer_out_of_use_is_not_read(doors, police):
    police.active = False
    police.save()
    assert read_scanned("/d/police/3399010010000012").kind == "unknown"


def test_two_rules_that_fit_are_decided_by_the_lists_and_never_guessed(doors, police):
    other = Issuer.objects.create(slug="dzbm", name="标准地址", pattern=r".*(?P<id>\d{16})", example="3399010010000012")
    text = "https://mp.example.gov.cn/q?c=3399010010000012"
    assert read_scanned(text).doorplate == doors[0]
    listed = IssuedPlate.objects.create(issuer=other, external_id="3399010010000012", doorplate=doors[0])
    assert read_scanned(text).doorplate == doors[0]
    listed.doorplate = doors[2]
    listed.save()
    assert read_scanned(text).kind == "unknown"


def test_a_deputys_page_is_recognised_and_other_rooms_codes_are_handed_on(town):
    code = signed_code()
    assert (read_scanned(f"https://x.example/p/{code}").kind, read_scanned(f"https://x.example/p/{code}").code) == ("deputy", code)
    assert read_scanned("https://x.example/p/AAAAAAAAAAAA").kind == "unknown"
    assert (read_scanned(code).kind, read_scanned(code).code) == ("unknown", code)


def test_no_text_takes_more_queries_than_another(doors, police):
    void = code_for(doors[0])
    issuing.move("void", void, "印错")
    badly = void.code[:8] + ("2" if void.code[8] != "2" else "3") + void.code[9:11]
    texts = [void.code, signed_code(), badly + check_character(badly), "不是码", "", code_for(doors[1]).code, "/d/police/3399010010000012", "/p/" + void.code]
    for text in texts:
        read_scanned(text)
        with CaptureQueriesContext(connection, ) as queries:
            read_scanned(text)
        assert len([q for q in queries if "territory_layerversion" not in q["sql"]]) == 2, text


def test_unknown_badly_signed_retired_and_void_are_one_answer(doors):
    void, retired = code_for(doors[0]), code_for(doors[1])
    issuing.move("void", void, "被盗")
    issuing.move("retire", retired, "拆除")
    for text in (void.code, retired.code, signed_code(), "2" * 12, f"/d/{void.code}"):
        scanned = read_scanned(text)
        assert (scanned.kind, scanned.plate, scanned.issued) == ("unknown", None, None)
        assert PlateCode.objects.leading_to(text) is None


def test_public_pages_may_read_what_scanning_needs(doors, police, as_public):
    assert read_scanned("/d/police/3399010010000012").doorplate == doors[0]


def test_scans_are_counted_by_code_and_day_as_the_public(doors, police, as_public):
    plate = IssuedPlate.objects.leading_to("police", "3399010010000012")
    for _ in range(3):
        IssuedPlateScan.objects.count_scan(plate, toy.TODAY)
    assert list(IssuedPlateScan.objects.values_list("subject", "day", "count")) == [(plate.pk, toy.TODAY, 3)]
    assert {field.name for field in PlateScan._meta.get_fields()} == {"id", "subject", "day", "count"}


# -- patterns ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", [r"(?P<id>(a+)+)$", r"(?P<id>(a|aa)+)$", r"(.*a){20}(?P<id>b)", r"(?P<id>([a-z]+)*)!"])
def test_no_pattern_holds_up_the_server(pattern):
    began = time.process_time()
    read_id(pattern, "a" * 999 + "#")
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("pattern", ["", "(", r"\d+", r"(?P<id>(?=x))", r"(?P<id>\1)", "(?P<id>x){1000}{1000}", "(?P<id>" + "x" * 400 + ")", "(?P<id>\x00)", "(?P<id>\ud800)"])
def test_a_pattern_that_cannot_be_used_says_what_to_do(pattern):
    with pytest.raises(PatternRefused, match=re.compile("请|规则")):
        compiled(pattern)


@given(st.text(max_size=60))
def test_any_pattern_is_taken_or_refused(pattern):
    with contextlib.suppress(PatternRefused):
        assert isinstance(read_id(pattern, pattern), str | None)


# -- moves -------------------------------------------------------------------------------------------------------------------


def test_a_replaced_code_leads_on_however_often(doors):
    codes = [code_for(doors[0])]
    for number in range(5):
        old = codes[-1]
        PlateCode.objects.filter(pk=old.pk).update(doorplate=doors[1])  # one active code a door
        codes.append(code_for(doors[0]))
        issuing.replace(old, codes[-1], f"磨损 {number}")
    assert {PlateCode.objects.leading_to(code.code) for code in codes} == {codes[-1]}
    issuing.move("void", codes[-1], "印错")
    assert {PlateCode.objects.leading_to(code.code) for code in codes} == {None}


def test_circles_are_refused(doors):
    a, b, c = (code_for(door) for door in doors[:3])
    issuing.replace(a, b, "合并")
    issuing.replace(b, c, "合并")
    for code, by in ((c, a), (c, b), (c, c), (a, c)):
        with pytest.raises(MoveRefused):
            issuing.replace(code, by, "绕回")
    restored = issuing.move("restore", a, "分开")
    assert PlateCode.objects.leading_to(a.code) == restored
    issuing.replace(c, restored, "合并")
    assert PlateCode.objects.leading_to(b.code) == restored


def test_void_is_for_ever_and_moves_need_a_reason(doors):
    code = code_for(doors[0])
    with pytest.raises(MoveRefused, match="原因"):
        issuing.move("void", code, "  ")
    issuing.move("void", code, "泄露")
    for verb in ("restore", "retire", "void"):
        with pytest.raises(MoveRefused, match="作废"):
            issuing.move(verb, code, "再来")
    with pytest.raises(MoveRefused):
        issuing.note_print([code])
    assert [event.verb for event in code.events.all()] == ["issue", "void"]
    assert PlateCodeEvent.objects.broken_chains() == []


def test_histories_begun_together_are_chained_like_others(doors):
    codes = issuing.issue([PlateCode(doorplate=door) for door in doors], note="首批", batch=7)
    issuing.move("retire", codes[0], "拆除")
    issuing.note_print(codes[1:], "补印")
    assert PlateCodeEvent.objects.broken_chains() == []
    assert [event.verb for event in codes[1].events.all()] == ["issue", "print"]
    assert (codes[1].events.first().data, codes[1].events.first().note) == ({"batch": 7}, "首批")
    assert PlateCode.objects.get(pk=codes[1].pk).prints == 1


def test_codes_are_unlike_each_other(doors):
    codes = [code_for(words=f"房 {n}", point=Point(120.4, 27.5, srid=4326)).code for n in range(50)]
    assert len({code[:8] for code in codes}) == 50 and all(set(code) <= set(ALPHABET) for code in codes)
