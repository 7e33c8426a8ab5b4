"""A batch of raw rows in the toy county: what may be kept of them, where they are, what they are about, and which earlier one is the same matter."""

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from django.contrib.gis.geos import Point
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.cases.models import Case
from apps.cases.taxonomy import Category
from apps.hotline.earlier import earlier
from apps.hotline.models import Intake, Record, Source
from apps.hotline.reading import Known, RawRow, read
from apps.territory.county_lattice import county_lattice
from gis_data.crs import wgs84_to_gcj02
from tests import town as toy

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 10, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
LAMPS = "东溪镇人民路12号门口连着三盏路灯上周起一直不亮，晚上接孩子放学看不见路，要求尽快维修。"
LAMPS_AGAIN = "反映东溪镇人民路12号门口三盏路灯一直不亮，晚上接孩子放学看不见路，请尽快来维修。"


@pytest.fixture(autouse=True)
def fresh_memory_of_matters():
    earlier.forget()


@pytest.fixture
def known(town: toy.Town) -> Known:
    source = Source.objects.create(code="12345", name="县12345热线", kind=Source.Kind.HOTLINE)
    return Known(source.pk)


def one(known: Known, text: str, **columns):
    return read([RawRow(columns.pop("number", "A1"), text=text, received_at=columns.pop("at", NOW), **columns)], known)[
        0
    ]


def stored(known: Known, number: str, text: str, at: Point | None = None, **columns) -> Record:
    intake = Intake.objects.get_or_create(source_id=known.source, file_name="earlier.csv")[0]
    return Record.objects.create(
        source_id=known.source, intake=intake, number=number, text=text, received_at=columns.pop("when", NOW - dt.timedelta(days=2)), point=at,
        located_by="doorplate" if at else "", **columns,
    )  # fmt: skip


def a_case(town: toy.Town, text: str, **columns) -> Case:
    return Case.objects.create(
        text=text, channel="web", point=columns.pop("point", toy.at(0.5, 0.55)), town=town.towns["A"], village=town.villages["V1"], state=columns.pop("state", "with_town"),
        submitted_at=columns.pop("when", NOW - dt.timedelta(days=1)), **columns,
    )  # fmt: skip


def test_nothing_that_leads_to_a_person_is_left(known):
    raw = RawRow(
        "A1", "投诉邻居张伟民", "来电人：王小燕，电话13900000001，住东溪镇人民路12号3幢2单元501室，反映楼上漏水。小燕称多次联系无果。", NOW, "东溪镇人民政府",
        private=("王小燕", "13900000001", "小燕"),
    )  # fmt: skip
    row = read([raw], known)[0]
    everything = f"{row.title}{row.text}{row.unit_words}"
    assert not [
        said for said in ("王小燕", "小燕", "13900000001", "3幢", "501", "12号", "张伟民") if said in everything
    ]
    assert "东溪镇人民路" in row.text and "漏水" in row.text and row.unit_words == "东溪镇人民政府"
    assert row.marks["电话"] == 1 and row.marks["姓名"] == 3
    assert "王小燕" not in repr(raw) + str(raw)


def test_the_place_is_the_middle_of_a_cell(known, town):
    place = one(known, LAMPS).place
    assert (place.located_by, place.town, place.village) == ("doorplate", town.towns["A"].pk, town.villages["V1"].pk)
    lattice = county_lattice()
    col, row = lattice.cells(place.lon, place.lat)
    assert np.allclose(lattice.centres(col, row), (place.lon, place.lat), atol=1e-9)
    house = toy.at(0.5, 0.55)
    assert np.hypot((place.lon - house.x) * np.cos(np.radians(28)), place.lat - house.y) * 111_320 < 75


def test_where_no_more_is_said_than_the_village_there_is_no_point(known, town):
    place = one(known, "南山乡岭头村的自来水发黄").place
    assert (place.located_by, place.lon, place.town, place.village) == (
        "village",
        None,
        town.towns["B"].pk,
        town.villages["V5"].pk,
    )
    assert one(known, "自来水发黄", town_words="南山乡").place.located_by == "town"
    nowhere = one(known, "自来水发黄").place
    assert (nowhere.located_by, nowhere.town, nowhere.lon) == ("", None, None)


def test_coordinates_of_the_source_count_where_they_lie_in_the_county(known, town):
    known.crs = "gcj02"
    lon, lat = (float(axis[0]) for axis in wgs84_to_gcj02(toy.at(2.5, 0.5).x, toy.at(2.5, 0.5).y))
    place = one(known, LAMPS, lon=lon, lat=lat).place
    assert (place.located_by, place.village) == ("coordinates", town.villages["V3"].pk)
    assert one(known, LAMPS, lon=0.0, lat=0.0).place.located_by == "doorplate"  # an empty column is often 0
    assert one(known, LAMPS, lon=float("nan"), lat=lat).place.located_by == "doorplate"


def test_an_owner_s_own_sorting_counts_where_it_names_ours(known):
    own = Category.objects.filter(level=2).first()
    assert (
        one(known, "随便说说", category_words=("别的", own.label)).category,
        one(known, "随便说说", category_words=(own.label,)).category_sure,
    ) == (own.pk, 1.0)
    lamps = one(known, LAMPS)
    assert Category.objects.get(pk=lamps.category).level >= 2 and 0 < lamps.category_sure <= 1


def test_the_same_matter_among_stored_records(known, town):
    stored(known, "B1", "东溪镇人民路菜场垃圾没人清运，发臭", toy.at(0.5, 0.5))
    stored(known, "B2", LAMPS, toy.at(0.5, 0.55))
    assert one(known, LAMPS_AGAIN).like == (known.source, "B2")
    assert one(known, LAMPS, number="B2").like is None  # itself, come again
    assert one(known, LAMPS_AGAIN, at=NOW + dt.timedelta(days=300)).like is None


def test_the_same_matter_within_a_batch_whatever_its_order(known):
    late, early = (
        RawRow("L", text=LAMPS_AGAIN, received_at=NOW),
        RawRow("E", text=LAMPS, received_at=NOW - dt.timedelta(days=1)),
    )
    for batch in ([late, early], [early, late]):
        found = {row.number: row for row in read(batch, known)}
        assert (found["L"].like, found["E"].like) == ((known.source, "E"), None)


def test_records_that_come_later_are_known_without_being_told(known):
    assert one(known, LAMPS_AGAIN).like is None
    stored(known, "B2", LAMPS, toy.at(0.5, 0.55))
    assert one(known, LAMPS_AGAIN).like == (known.source, "B2")


def test_a_case_is_linked_when_words_place_and_days_agree(known, town):
    case = a_case(town, LAMPS)
    sure = one(known, LAMPS)
    assert (sure.case.case, sure.case.certain) == (case.pk, True) and "内容相似" in sure.case.reason
    likely = one(known, "东溪镇人民路12号门口路灯不亮，接孩子放学看不见路")
    assert (likely.case.case, likely.case.certain) == (case.pk, False)
    assert not one(known, LAMPS, at=NOW + dt.timedelta(days=30)).case.certain
    Case.objects.filter(pk=case.pk).update(state="withdrawn")
    assert one(known, LAMPS).case is None


def test_numbers_link_without_any_likeness(known, town):
    case = a_case(town, "我打过12345，工单号GD20260309-0077，到现在没有人管")
    whole = a_case(town, "自来水发黄")
    Case.objects.filter(pk=case.pk).update(state="merged", merged_into=whole)
    found = one(known, "别的话", number="gd20260309-0077").case
    assert (found.case, found.certain) == (whole.pk, True)
    found = one(known, f"已有民情件编号 {whole.code}，再次反映", number="Z").case
    assert (found.case, found.certain) == (whole.pk, True)


def test_a_batch_takes_as_many_queries_as_a_row(known):
    one(known, LAMPS)
    counts = []
    for many in (1, 60):
        with CaptureQueriesContext(connection) as queries:
            read([RawRow(f"N{at}", text=f"{LAMPS}{at}", received_at=NOW) for at in range(many)], known)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 9


def test_any_row_is_read(known):
    rows = [
        RawRow(""),
        RawRow(
            "x" * 90,
            "\x00\ud800",
            "〔姓名〕" * 3000,
            private=("", "\x00", "1" * 400),
            lon=1e300,
            lat=-1e300,
            category_words=("", "类"),
        ),
    ]
    assert [row.number for row in read(rows, known)] == ["", "x" * 90] and read([], known) == []
