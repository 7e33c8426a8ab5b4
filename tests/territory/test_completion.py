"""The search box's list: what is offered for characters, pinyin, initials and numbers."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.territory.completion import Completer
from apps.territory.gazetteer import Gazetteer
from apps.territory.sounds import readings
from tests.territory.counties import made_up

AREAS = {
    "code": ["33", "3399", "339901", "A", "B", "A1", "A2", "B1"],
    "name": ["东海省", "方州市", "方格县", "东溪镇", "南山乡", "溪口村", "东溪村", "上溪村"],
    "level": ["province", "city", "county", "town", "town", "village", "village", "village"],
    "parent": ["", "33", "3399", "339901", "339901", "A", "A", "B"],
    "former_names": ["", "", "", "老溪镇", "", "", "", ""],
}
DOORS = [
    *[("A1", "人民路", str(number), "", "", "", "", "") for number in (1, 2, 10, 12, 12, 120)],
    ("A1", "人民路", "12", "", "江滨花苑", "3幢", "1单元", ""),
    ("A1", "人民路", "12", "", "江滨花苑", "3幢", "2单元", ""),
    ("A1", "人民路", "12", "", "江滨花苑", "12幢", "", ""),
    ("B1", "人民路", "12", "", "", "", "", ""),
    ("B1", "长安西路", "7", "", "", "", "", ""),
    ("B1", "八卦四路", "9-1", "", "", "", "", ""),
    ("B1", "", "5", "后林", "", "", "", ""),
    ("B1", "", "18", "第五村民小组", "", "", "", ""),
    ("A2", "", "3", "", "", "", "", ""),
]


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    columns = ("village", "road", "number", "hamlet", "estate", "building", "unit", "room")
    plates = {name: list(column) for name, column in zip(columns, zip(*DOORS, strict=True), strict=True)}
    plates |= {
        "code": [f"P{row}" for row in range(len(DOORS))],
        "lon": [120.0] * len(DOORS),
        "lat": [28.0] * len(DOORS),
    }
    return Gazetteer(plates | {"town": [village[0] for village in plates["village"]]}, AREAS)


@pytest.fixture(scope="module")
def completer(gazetteer) -> Completer:
    shown = {"八卦4路": "八卦四路", "5组": "第五村民小组"}
    return Completer(gazetteer.houses, gazetteer.areas, shown, ["方格县实验小学", "人民医院"])


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("人民", ["东溪镇人民路", "南山乡人民路", "人民医院"]),
        ("rm", ["东溪镇人民路", "南山乡人民路", "人民医院"]),
        ("rml", ["东溪镇人民路", "南山乡人民路"]),
        ("renmin", ["东溪镇人民路"]),
        ("RenMinL", ["东溪镇人民路"]),
        ("ren min l", ["东溪镇人民路"]),
        ("ren'minlu", ["东溪镇人民路"]),
        ("人m", ["东溪镇人民路"]),
        ("r民", ["东溪镇人民路"]),
        ("ｒｍ", ["东溪镇人民路"]),
        ("仁民路", ["东溪镇人民路"]),  # the same sound
        ("民路", ["东溪镇人民路", "南山乡人民路"]),
        ("南山人民", ["南山乡人民路"]),
        ("南山rm", ["南山乡人民路"]),
        ("方格县南山乡人民", ["南山乡人民路"]),
        ("老溪镇人民", ["东溪镇人民路"]),
        ("南山乡江滨", ["东溪镇江滨花苑"]),  # in another town than was named
        ("changan", ["南山乡长安西路"]),
        ("zhangan", ["南山乡长安西路"]),  # 长 is read both ways
        ("长安路", ["南山乡长安西路"]),  # a side more
        ("八卦四", ["南山乡八卦四路"]),
        ("八卦4路", ["南山乡八卦四路"]),
        ("bgs", ["南山乡八卦四路"]),
        ("第五村", ["南山乡上溪村第五村民小组"]),
        ("上溪村", ["南山乡上溪村"]),
        ("东溪", ["东溪镇", "东溪镇东溪村", "东溪镇人民路"]),
        ("实验小学", ["方格县实验小学"]),
        ("sy", ["方格县实验小学"]),
        (
            "人民路1",
            ["东溪镇人民路1号", "南山乡人民路12号", "东溪镇人民路10号", "东溪镇人民路12号", "东溪镇人民路120号"],
        ),
        ("rml12", ["东溪镇人民路12号", "南山乡人民路12号", "东溪镇人民路120号"]),
        ("南山人民路1", ["南山乡人民路12号"]),
        ("人民路12号", ["东溪镇人民路12号"]),
        ("人民路十二号", ["东溪镇人民路12号"]),
        ("江滨花苑", ["东溪镇江滨花苑"]),
        ("江滨花苑3", ["东溪镇江滨花苑3幢"]),
        ("jbhy3-", ["东溪镇江滨花苑3幢", "东溪镇江滨花苑3幢1单元", "东溪镇江滨花苑3幢2单元"]),
        ("江滨花苑3号楼2", ["东溪镇江滨花苑3幢2单元"]),
        ("八卦四路9", ["南山乡八卦四路9-1号"]),
        ("后林5", ["南山乡上溪村后林5号"]),
        ("东溪村3", ["东溪镇东溪村3号"]),
        ("东溪镇人民路", ["东溪镇人民路1号", "东溪镇人民路2号", "东溪镇人民路10号"]),  # the whole road: its doors
    ],
)
def test_offered_first(completer, typed, first):
    assert [found.text for found in completer.complete(typed)][: len(first)] == first


@pytest.mark.parametrize("typed", ["", "人", " r ", "火星", "xyzw", "%_\\'\"", "人民路999", "()[]{}*+?|^$.\n"])
def test_nothing_to_offer(completer, typed):
    assert completer.complete(typed) == []


def test_what_is_offered(completer):
    road, *_ = completer.complete("人民")
    assert (road.kind, road.doorplates, road.whole) == ("road", 9, False)
    door = completer.complete("南山乡人民路12号")[0]
    assert (door.text, door.kind, door.whole) == ("南山乡人民路12号", "door", True)
    assert [found.kind for found in completer.complete("实验小学")] == ["unit"]
    assert completer.example() == "东溪镇人民路1号"
    assert len(completer.complete("人民路1", 2)) == 2


def test_of_nothing():
    nothing = Gazetteer({"code": [], "lon": [], "lat": []})
    empty = Completer(nothing.houses, nothing.areas)
    assert empty.complete("人民路1") == [] and empty.example() == ""


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_has_an_answer(completer, text):
    assert len(completer.complete(text)) <= 8


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(["人民路", "rml", "1", "12号", "-", " ", "东溪镇", "江滨花苑", "3幢", "n", "南山"]), max_size=12
    ).map("".join)
)
def test_every_door_offered_is_a_house(completer, gazetteer, text):
    for found in completer.complete(text):
        if found.kind == "door":
            assert gazetteer.resolve(found.text).kind in ("exact", "likely"), found.text


def test_names_of_a_large_county_are_found_by_each_way_of_typing():
    county = made_up(20_000, 5)
    gazetteer = Gazetteer(county.doorplates, county.areas)
    completer = Completer(gazetteer.houses, gazetteer.areas)
    roads = list(dict.fromkeys(zip(county.doorplates["town"], county.doorplates["road"], strict=True)))
    asked, begun = 0, time.process_time()
    for town, road in [pair for pair in roads if pair[1]][:150]:
        text = county.name_of[town] + road
        sounds = [readings(character)[0] for character in road]
        short = county.name_of[town].rstrip("街道镇乡")
        for typed in (
            road,
            f"{short}{road[:2]}",
            short + "".join(sound[0] for sound in sounds),
            short + "".join(sounds),
            f"{text[:-1]}{sounds[-1][0]}",
        ):
            found = [one.text for one in completer.complete(typed, 40)]
            assert text in found, typed
            asked += 1
    assert (time.process_time() - begun) / asked < 0.02  # a hundredth of that on a quiet machine
