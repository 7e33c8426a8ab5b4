"""Addresses taken apart without any list of places: by hand, by property, and against addresses labelled by others."""

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.territory.addressing import PARTS, Address, parse, respelled, written

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
LABELLED = SHARED / "addresses" / "labelled.jsonl"
VILLAGES = SHARED / "admin" / "330327_towns_villages.csv"

BY_HAND = [
    ("浙江省温州市苍南县灵溪镇建兴东路一百二十三号", "浙江省 温州市 苍南县 灵溪镇|road=建兴东路 number=一百二十三号"),
    ("浙江省杭州市滨江区缤纷北苑47-6-746", "浙江省 杭州市 滨江区|poi=缤纷北苑 building=47 unit=6 room=746"),
    ("阳光小区8-2-301", "|poi=阳光小区 building=8 unit=2 room=301"),
    ("8-2-301", "|building=8 unit=2 room=301"),
    ("3号楼2单元502", "|building=3号楼 unit=2单元 room=502"),
    ("人民路１２＃", "|road=人民路 number=１２＃"),
    ("人民路128-1号", "|road=人民路 number=128-1号"),
    ("人民路12号之一", "|road=人民路 number=12号之一"),
    ("人民路12-502", "|road=人民路 number=12 room=502"),
    ("人民路12－3－502", "|road=人民路 number=12 building=3 room=502"),
    ("龙港市人民路12号", "county=龙港市|road=人民路 number=12号"),
    ("温州市苍南县龙港镇人民路12号3号楼2单元502", "city=温州市 county=苍南县 town=龙港镇|road=人民路 number=12号 building=3号楼 unit=2单元 room=502"),
    ("浙江省杭州市余杭区杭州市余杭区闲林街道五常大道翡翠城竹苑", "浙江省 杭州市 余杭区 闲林街道|road=五常大道 poi=翡翠城竹苑"),
    ("溪口村第五村民小组18号", "village=溪口村|group=第五村民小组 number=18号"),
    ("苍南县桥墩镇溪口村后林12号", "county=苍南县 town=桥墩镇 village=溪口村|hamlet=后林 number=12号"),
    ("文汇路553弄8号502室", "|road=文汇路 number=553弄 building=8号 room=502室"),
    ("八卦四路先科大院七栋六楼", "|road=八卦四路 poi=先科大院 building=七栋 floor=六楼"),
    ("江滨花苑B座1203", "|poi=江滨花苑 building=B座 room=1203"),
    ("下沙街道6号大街118号", "town=下沙街道|road=6号大街 number=118号"),
    ("104国道128号", "|road=104国道 number=128号"),
    ("湖北省黄冈市蕲春县漕河镇齐昌大道58号", "湖北省 黄冈市 蕲春县 漕河镇|road=齐昌大道 number=58号"),
    ("蕲春漕河镇李时珍大道", "county=蕲春 town=漕河镇|road=李时珍大道"),
    ("龙港市下垟郑社区龙金大道1200号", "county=龙港市 village=下垟郑社区|road=龙金大道 number=1200号"),
    ("内蒙古自治区锡林郭勒盟多伦县大北沟镇", "内蒙古自治区 锡林郭勒盟 多伦县 大北沟镇|"),
    ("澄浦县凤洋镇凤头村渔行16号", "county=澄浦县 town=凤洋镇 village=凤头村|hamlet=渔行 number=16号"),
    ("苍南县凤阳畲族乡顶堡村12号", "county=苍南县 town=凤阳畲族乡 village=顶堡村|number=12号"),
    ("壶镇镇镇前街12号", "town=壶镇镇|road=镇前街 number=12号"),
    ("九堡九环路8号", "town=九堡|road=九环路 number=8号"),
    ("温州大厦1203室", "|poi=温州大厦 room=1203室"),
    ("北京路12号", "|road=北京路 number=12号"),
    ("天台县天台山东路396号", "county=天台县|road=天台山东路 number=396号"),
    ("百丈路10号", "|road=百丈路 number=10号"),
    ("人民路12号对面", "|road=人民路 number=12号"),
    ("收件人：张三，电话13800001234，地址：灵溪镇人民路12号", "town=灵溪镇|road=人民路 number=12号"),
    ("张三 138 0000 1234 灵溪镇人民路12号3幢", "town=灵溪镇|road=人民路 number=12号 building=3幢"),
    ("人民路12号 王五收", "|road=人民路 number=12号"),
    ("龙港市世纪大道与人民路交叉口", "county=龙港市|road=世纪大道"),
    ("人民路和平小区3幢", "|road=人民路 poi=和平小区 building=3幢"),
    ("12号人民路", "|road=人民路 number=12号"),
    ("建设路66号(新136号)", "|road=建设路 number=66号"),
    ("江滨路（原建设路）66号", "|road=江滨路 number=66号"),
    ("通福路一弄2号", "|road=通福路 number=一弄 building=2号"),
    ("海安巷8支弄3号", "|road=海安巷 number=8支弄 building=3号"),
    ("金汇大厦12F-1205", "|poi=金汇大厦 floor=12F room=1205"),
    ("石材市场112号", "|poi=石材市场 room=112号"),
    ("县实验小学", "|poi=县实验小学"),
    ("灵溪镇", "town=灵溪镇|"),
    ("", "|"),
    ("!!!", "|"),
]  # fmt: skip
WHOLE = ("province", "city", "county", "town")


def parts_of(line: str) -> dict[str, str]:
    areas, doors = line.split("|")
    if areas and "=" not in areas:
        areas = " ".join(f"{level}={name}" for level, name in zip(WHOLE, areas.split(" "), strict=False))
    return dict(item.split("=") for item in f"{areas} {doors}".split())


@pytest.mark.parametrize(("text", "line"), BY_HAND)
def test_by_hand(text, line):
    address = parse(text)
    assert {part: getattr(address, part) for part in PARTS if getattr(address, part)} == parts_of(line)


def test_one_spelling():
    assert parse("八卦四路一百二十三＃").spelled() == Address(road="八卦4路", number="123")
    assert parse("江滨花苑3号楼二单元５０２室").spelled() == Address(poi="江滨花苑", building="3", unit="2", room="502")
    assert (
        parse("阳光小区七栋五〇二").spelled()
        == parse("阳光小区7#502").spelled()
        == Address(poi="阳光小区", building="7", room="502")
    )
    assert parse("溪口村村委会第五村民小组18号").spelled() == Address(village="溪口村", group="5", number="18")
    assert respelled("number", "128号之一") == respelled("number", "１２８—1号") == "128-1"
    assert respelled("building", "第三幢") == respelled("building", "3号楼") == respelled("building", "3") == "3"


LETTERS = st.sampled_from(
    "人民溪口王下长安东西南北中一二三十百零〇0123456789０９AB#＃-－—号弄路街道巷大村镇乡县市区省幢栋座单元楼层室房期组队社小花园苑厦 ，(（收电话对面新"
)
ANY = st.one_of(st.text(max_size=60), st.text(LETTERS, max_size=60))


@settings(deadline=None, max_examples=300)
@given(ANY)
def test_any_text_is_taken_apart_into_pieces_of_itself(text):
    address = parse(text)
    rest = text
    for part in sorted((getattr(address, part) for part in PARTS), key=len, reverse=True):
        assert part in rest
        rest = rest.replace(part, "\0", 1) if part else rest  # what one part took, no other can
    assert parse(text) == address


@settings(deadline=None, max_examples=300)
@given(ANY)
def test_areas_stand_in_their_order(text):
    address = parse(text)
    named = [getattr(address, level) for level in WHOLE if getattr(address, level)]
    joined = re.compile(".*?".join(map(re.escape, named)), re.DOTALL)
    assert joined.search(text)


@settings(deadline=None, max_examples=300)
@given(ANY)
def test_a_spelling_is_spelled_already(text):
    once = parse(text).spelled()
    assert once.spelled() == once


ROADS = st.sampled_from(
    [
        "人民路",
        "建兴东路",
        "十字街",
        "镇前街",
        "滨江大道",
        "百丈路",
        "新区路",
        "三元巷",
        "环城北路",
        "齐昌大道",
        "李时珍路",
        "龙金大道",
        "八一路",
    ]
)
TOWNS = st.sampled_from(["", "灵溪镇", "东溪镇", "城关街道", "岚溪畲族乡", "漕河镇", "古岙镇", "横店镇"])
VILLAGE_NAMES = st.sampled_from(["溪口村", "上村", "凤头村", "育才社区", "章宅村", "朱家站村", "李家垟社区"])
HAMLETS = st.sampled_from(["后林", "坳里", "三房", "路亭", "渔行", "祠堂边", "第五村民小组", "12组", "三队"])
ESTATES = st.sampled_from(["江滨花苑", "阳光花园", "翡翠湾", "印刷厂宿舍", "学府雅苑", "瑞福家园西区", "海景联建房"])
NUMBERS = st.one_of(
    st.integers(1, 2999).map(str),
    st.tuples(st.integers(1, 400), st.integers(1, 9)).map(lambda pair: f"{pair[0]}-{pair[1]}"),
)
BUILDINGS = st.one_of(st.integers(1, 40).map(str), st.sampled_from(["A", "B2", "12A"]))
UNITS, ROOMS = (
    st.integers(1, 9).map(str),
    st.one_of(st.integers(101, 3604).map(str), st.sampled_from(["A101", "1203B"])),
)


def same(address: Address, **parts: str) -> None:
    spelled = address.spelled()
    assert {part: getattr(spelled, part) for part in parts} == {
        part: respelled(part, value) for part, value in parts.items()
    }


@settings(deadline=None, max_examples=300)
@given(TOWNS, ROADS, NUMBERS, st.one_of(st.just(""), ESTATES), BUILDINGS, UNITS, ROOMS, st.integers(0, 3))
def test_what_was_written_is_read_on_a_road(town, road, number, estate, building, unit, room, depth):
    building, unit, room = (value if depth > level else "" for level, value in enumerate((building, unit, room)))
    text = written(town=town, road=road, number=number, estate=estate, building=building, unit=unit, room=room)
    same(parse(text), town=town, road=road, number=number, poi=estate, building=building, unit=unit, room=room)


@settings(deadline=None, max_examples=300)
@given(TOWNS, VILLAGE_NAMES, st.one_of(st.just(""), HAMLETS), NUMBERS)
def test_what_was_written_is_read_in_a_village(town, village, hamlet, number):
    address = parse(written(town=town, village=village, hamlet=hamlet, number=number))
    same(address, town=town, village=village, number=number)
    assert hamlet in (address.hamlet, address.group)


@settings(deadline=None, max_examples=300)
@given(TOWNS, VILLAGE_NAMES, ESTATES, BUILDINGS, UNITS, ROOMS)
def test_what_was_written_is_read_in_an_estate(town, village, estate, building, unit, room):
    text = written(town=town, village=village, estate=estate, building=building, unit=unit, room=room)
    same(parse(text), town=town, village=village, poi=estate, building=building, unit=unit, room=room)
    same(
        parse(f"{town}{estate}{building}-{unit}-{room}"), town=town, poi=estate, building=building, unit=unit, room=room
    )


def test_pasted_text_without_end_costs_no_more():
    assert parse("人民路12号，" + "1号" * 100_000) == parse("人民路12号，" + "1号" * 200)


@pytest.mark.skipif(not VILLAGES.exists(), reason="the lists of villages are not on this machine")
def test_villages_of_a_whole_county():
    rows = [line.split(",") for line in VILLAGES.read_text(encoding="utf-8").splitlines()[1:]]
    towns = {code[:9]: name for level, code, name, *_ in rows if level == "town"}
    wrong = 0
    villages = [(towns[code[:9]], name) for level, code, name, *_ in rows if level == "village"]
    for town, village in villages:
        alone, whole = parse(f"{village}12号"), parse(f"浙江省温州市苍南县{town}{village}人民路12号")
        wrong += (alone.village, alone.number) != (village, "12号")
        wrong += (whole.county, whole.town, whole.village, whole.road) != ("苍南县", town, village, "人民路")
    assert len(villages) > 400
    assert wrong <= 0.02 * 2 * len(villages)  # 鹤顶山茶场生活区


TAGS = {
    "road": "road",
    "number": "roadno",
    "building": "houseno",
    "unit": "cellno",
    "floor": "floorno",
    "room": "roomno",
}


def labelled() -> list[tuple[Address, dict[str, str], list[list[str]]]]:
    rows = [json.loads(line) for line in LABELLED.read_text(encoding="utf-8").splitlines()]
    return [(parse(row["text"]), dict(reversed(row["chunks"])), row["chunks"]) for row in rows]


def f1(pairs) -> float:
    """Of (told, meant): right when equal and not empty."""
    pairs = list(pairs)
    right = sum(told == meant != "" for told, meant in pairs)
    return 2 * right / (sum(told != "" for told, _ in pairs) + sum(meant != "" for _, meant in pairs))


@pytest.fixture(scope="module")
def rows():
    if not LABELLED.exists():
        pytest.skip("the labelled addresses are not on this machine")
    return labelled()


@pytest.mark.parametrize(
    ("part", "least"),
    [("road", 0.93), ("number", 0.92), ("building", 0.87), ("unit", 0.89), ("floor", 0.95), ("room", 0.90)],
)
def test_parts_of_addresses_labelled_by_others(rows, part, least):
    """Character for character against the label's chunk; no row was learned from."""
    assert f1((getattr(address, part), labels.get(TAGS[part], "")) for address, labels, _ in rows) >= least


def test_numbers_where_labels_divide_otherwise(rows):
    """A lane (69弄) is one of the labels' roads or one of their numbers, 82-11号 is number and house: here both are the number."""

    def meant(address: Address, labels: dict[str, str], chunks: list[list[str]]) -> str:
        number = labels.get("roadno", "") or (
            address.number if labels.get("subRoad") == address.number else labels.get("subroadno", "")
        )
        divided = (
            any(address.number == f"{number}{first}{second}" for (_, first), (_, second) in pairwise(chunks))
            if number
            else False
        )
        return address.number if divided else number

    assert f1((address.number, meant(address, labels, chunks)) for address, labels, chunks in rows) >= 0.95
