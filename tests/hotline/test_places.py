"""Where running texts speak of, in a county small enough to see through and in made-up ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.hotline.places import NOWHERE, Places
from apps.territory.gazetteer import Gazetteer
from tests.hotline.told_places import told_places
from tests.territory.counties import made_up
from tests.territory.test_gazetteer import AREAS, gazetteer  # noqa: F401 - a fixture

CODE = {code: name for code, name, *_ in AREAS}


@pytest.fixture
def places(gazetteer):  # noqa: F811
    return Places(gazetteer)


def where(places: Places, *texts: str, **columns: str) -> tuple[str, str, str]:
    found = places.find(texts, **columns)
    assert (found.lon is None) == (found.by == "") == (found.lat is None)
    return found.by, CODE.get(places.code(found.town), ""), CODE.get(places.code(found.village), "")


@pytest.mark.parametrize(
    ("text", "by", "town", "village"),
    [
        ("市民来电反映，江口街道人民路12号门口的路灯不亮，要求尽快维修。", "doorplate", "江口街道", "中对口社区"),
        ("白沙镇人民路十二号有人夜间施工", "doorplate", "白沙镇", "上河村"),
        ("江滨花苑3幢2单元电梯故障", "doorplate", "江口街道", "中对口社区"),
        ("本人家住白沙镇斜浦村，反映江口街道新华路7号油烟扰民。", "doorplate", "江口街道", "中对口社区"),
        ("反映新华路7号油烟扰民，多次向白沙镇政府反映无果。", "doorplate", "江口街道", "中对口社区"),
        ("斜浦村后林二十一号旁边的垃圾没人清运", "doorplate", "白沙镇", "斜浦村"),
        ("江口街道新华路路面破损", "road", "江口街道", "中对口社区"),  # sixty metres long
        ("斜浦村后林的水渠堵了", "road", "白沙镇", "斜浦村"),
        ("白沙镇路灯不亮", "", "白沙镇", ""),
        ("三联村的路灯不亮", "", "白沙镇", "斜浦村"),  # its former name; too large to be a point
        ("自来水发黄", "", "", ""),
        ("", "", "", ""),
    ],
)
def test_running_text(places, text, by, town, village):
    assert where(places, "", text) == (by, town, village)


def test_columns_say_where(places):
    assert where(places, "路灯不亮", address="江口街道人民路12号") == ("doorplate", "江口街道", "中对口社区")
    assert where(places, "人民路12号路灯不亮", town="白沙镇") == (
        "doorplate",
        "白沙镇",
        "上河村",
    )  # two streets of that name
    assert where(places, "路灯不亮", town="白沙镇人民政府", village="上河村")[1:] == ("白沙镇", "上河村")
    assert where(places, "路灯不亮", unit="白沙镇人民政府")[1] == "白沙镇"
    assert where(places, "路灯不亮", unit="县住建局") == ("", "", "")


def test_a_street_of_two_towns_alone_is_no_place(places):
    by, town, _ = where(places, "人民路12号路灯不亮")
    assert (by, town) in (("", ""),)


def test_streets_that_meet():
    """新街 runs east, 老街 north; they cross at (500, 500)."""
    metre = 1 / 111_320
    rows = [("新街", 2 * n, 50.0 * n, 500.0) for n in range(20)] + [("老街", 2 * n, 500.0, 50.0 * n) for n in range(20)]
    table = {
        "code": [f"{road}{number}" for road, number, *_ in rows], "road": [f"建设{road}" for road, *_ in rows], "number": [f"{number}号" for _, number, *_ in rows],
        "town": ["白沙镇"] * 40, "village": ["上河村"] * 40, "lon": [120 + x * metre for *_, x, _ in rows], "lat": [28 + y * metre for *_, y in rows],
    }  # fmt: skip
    found = Places(Gazetteer(table)).find(["", "建设新街与建设老街交叉口红绿灯坏了"])
    assert found.by == "road" and found.lon is not None and found.lat is not None
    assert np.hypot(found.lon - 120 - 500 * metre, found.lat - 28 - 500 * metre) / metre < 60


def test_most_are_located_and_hardly_any_wrongly():
    county = made_up(6_000, 9)
    places = Places(Gazetteer(county.doorplates, county.areas))
    told = list(told_places(county, 300, 9))
    found = [places.find([one.title, one.text], town=one.town) for one in told]
    villages = [county.doorplates["village"][one.row] for one in told]
    right = [places.code(where.village) == village for where, village in zip(found, villages, strict=True)]
    wrong = [where.village >= 0 and not ok for where, ok in zip(found, right, strict=True)]
    house = [at for at, one in enumerate(told) if one.kind == "house with its town"]
    assert np.mean(np.array(right)[house]) > 0.95
    assert np.mean(right) > 0.7 and np.mean(wrong) < 0.04
    assert all((where.lon is None) == (where.by == "") for where in found)


SIGNS = "江口街道人民路12号白沙镇斜浦村后林新华江滨花苑幢与交叉口家住，。 3-三十"


@settings(max_examples=120, deadline=None)
@given(st.text(st.sampled_from(SIGNS), max_size=60), st.text(max_size=20), st.text(st.sampled_from(SIGNS), max_size=12))
def test_any_text_has_an_answer(text, other, column):
    found = _PLACES.find([other, text], address=column, town=column, village=other, unit=text)
    assert found.known >= 0 and (found is NOWHERE or found.by in ("", "village", "road", "doorplate"))


def _places() -> Places:
    names = ("code", "name", "level", "parent", "former_names")
    county = made_up(500, 3)
    areas = {name: list(column) for name, column in zip(names, zip(*AREAS, strict=True), strict=True)}
    return Places(Gazetteer(county.doorplates, {name: county.areas[name] + areas[name] for name in names}))


_PLACES = _places()
