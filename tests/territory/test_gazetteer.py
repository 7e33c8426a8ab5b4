"""The gazetteer: rules on a county small enough to see through, figures on made-up ones, and never a confident wrong house."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.territory.gazetteer import Gazetteer
from tests.territory.counties import County, made_up
from tests.territory.judged import Count, judge, split
from tests.territory.noise import MIXED, UNDECIDED, Noise

AREAS = [  # code, name, level, parent, former names
    ("330000000000", "浙江省", "province", "", ""),
    ("330300000000", "温州市", "city", "330000000000", ""),
    ("330383000000", "龙港市", "county", "330300000000", "苍南县龙港镇;龙港镇"),
    ("330383001000", "江口街道", "town", "330383000000", "龙江乡"),
    ("330383002000", "白沙镇", "town", "330383000000", ""),
    ("330383001001", "中对口社区", "village", "330383001000", ""),
    ("330383002201", "斜浦村", "village", "330383002000", "三联村"),
    ("330383002202", "上河村", "village", "330383002000", ""),
]
HOUSES = [  # code, town, village, road, number, hamlet, estate, building, unit, room, metres east, metres north
    *((f"R{n}", "330383001000", "330383001001", "人民路", f"{n}号", "", "", "", "", "", 10 * n, 20 * (n % 2)) for n in (1, 2, 3, 5, 7, 8, 11, 12, 14)),
    ("R128-1", "330383001000", "330383001001", "人民路", "128-1号", "", "", "", "", "", 1280, 0),
    *((f"X{n}", "330383001000", "330383001001", "新华路", f"{n}号", "", "", "", "", "", 10 * n, 500) for n in (1, 3, 5, 7)),
    *((f"Y{n}", "330383001000", "330383001001", "兴华路", f"{n}号", "", "", "", "", "", 10 * n, 700) for n in (1, 2, 4, 6)),
    ("L7", "330383001000", "330383001001", "解放路56弄", "7号", "", "", "", "", "", 300, 300),
    ("W8", "330383002000", "330383002202", "人民路", "8号", "", "", "", "", "", 9000, 0),
    ("W12", "330383002000", "330383002202", "人民路", "12号", "", "", "", "", "", 9100, 0),
    *((f"E{b}-{u}", "330383001000", "330383001001", "", "", "", "江滨花苑", f"{b}幢", f"{u}单元", "", 600 + 50 * b, 200 + 10 * u) for b in (1, 2, 3) for u in (1, 2)),
    ("E9", "330383001000", "330383001001", "", "", "", "江滨花苑", "9幢", "", "", 1200, 200),
    *((f"H{n}", "330383002000", "330383002201", "", f"{n}号", "后林", "", "", "", "", 8000 + 10 * n, 900) for n in range(1, 30)),
    *((f"G{n}", "330383002000", "330383002201", "", f"{n}号", "第五村民小组", "", "", "", "", 8000 + 10 * n, 1500) for n in range(1, 30)),
]  # fmt: skip


@pytest.fixture(scope="module")
def gazetteer():
    names = ("code", "town", "village", "road", "number", "hamlet", "estate", "building", "unit", "room", "x", "y")
    columns = dict(zip(names, map(list, zip(*HOUSES, strict=True)), strict=True))
    columns["lon"] = [120.5 + x / 98_300 for x in columns.pop("x")]
    columns["lat"] = [27.6 + y / 111_320 for y in columns.pop("y")]
    keys = ("code", "name", "level", "parent", "former_names")
    return Gazetteer(columns, dict(zip(keys, map(list, zip(*AREAS, strict=True)), strict=True)))


def asked(gazetteer, text):
    found = gazetteer.resolve(text)
    return found.kind, [one.code for one in found.candidates]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("江口街道人民路12号", "R12"),
        ("浙江省温州市龙港市江口街道人民路１２＃", "R12"),
        ("温州龙港江口人民路十二号", "R12"),
        ("龙港市龙港市江口街道人民路12号", "R12"),
        ("苍南县龙港镇新华路7号", "X7"),  # what the city was called
        ("龙江乡新华路7", "X7"),  # what the street office was
        ("江口街道人民路128号之1", "R128-1"),
        ("江口街道人民路12号，王先生 138 0577 1234", "R12"),
        ("江口街道人民路12号2单元502室", "R12"),  # the doorplate is the building's
        ("江口街道人民路12号好又来超市", "R12"),
        ("龍港市江口街道人民路第12號", "R12"),
        ("解放路56弄7号", "L7"),
        ("江滨花苑3号楼2单元501", "E3-2"),
        ("江滨花苑3-2-501", "E3-2"),
        ("江滨花苑九栋", "E9"),
        ("白沙镇斜浦村后林二十一号", "H21"),
        ("后林21号", "H21"),
        ("三联村后林21号", "H21"),  # merged into 斜浦村
        ("斜浦村五组18号", "G18"),
        ("斜浦村第5生产队18号", "G18"),
    ],
)
def test_exact(gazetteer, text, code):
    assert asked(gazetteer, text) == ("exact", [code])


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("江口街道人氏路12号", "R12"),
        ("江口街道仁民路12号", "R12"),
        ("江口街道人民街12号", "R12"),
        ("江口街道民人路12号", "R12"),
        ("江口街道人民12号", "R12"),
        ("江口街道江宾花苑9幢", "E9"),
        ("白沙镇新华路7号", "X7"),  # there is one 新华路
        ("江囗街道新华路5号", "X5"),
        ("杭州市西湖区新华路7号", "X7"),
        ("白沙镇斜浦村人民路12号", "W12"),  # it lies in 上河村
        ("新华路7号对面", "X7"),
    ],
)
def test_slips_are_asked_about(gazetteer, text, first):
    kind, codes = asked(gazetteer, text)
    assert (kind, codes[0]) == ("likely", first)


def test_two_houses_that_fit_equally_are_for_the_person_to_choose(gazetteer):
    found = gazetteer.resolve("人民路12号")
    assert (found.kind, found.why, found.total, found.missing) == ("likely", "several", 2, "乡镇")
    assert {one.code for one in found.candidates[:2]} == {"R12", "W12"}
    assert all(one.confidence == pytest.approx(0.5, abs=0.05) for one in found.candidates[:2])


def test_two_streets_that_sound_alike(gazetteer):
    """新华路1号 and 兴华路1号 stand: whoever asks by ear is asked back; 新华路3号 has no twin."""
    assert asked(gazetteer, "江口街道欣华路1号")[0] == "likely"
    assert asked(gazetteer, "江口街道新华路3号") == ("exact", ["X3"])


def test_a_number_between_is_interpolated_on_its_side(gazetteer):
    found = gazetteer.resolve("江口街道人民路9号")
    assert (found.kind, found.candidates, found.missing, found.position.basis) == (
        "partial",
        (),
        "9号的门牌",
        "interpolated",
    )
    assert found.place == "江口街道人民路"
    assert found.position.lon == pytest.approx(120.5 + 90 / 98_300) and found.position.lat == pytest.approx(
        27.6 + 20 / 111_320
    )
    assert "7 号和 11 号之间" in found.position.words


def test_a_part_of_a_known_house(gazetteer):
    found = gazetteer.resolve("江滨花苑3幢7单元")
    assert (found.kind, found.place, found.missing) == ("partial", "江口街道江滨花苑3幢", "7单元的门牌")
    found = gazetteer.resolve("江口街道人民路12-3号")
    assert found.kind == "partial" and found.position.within_m <= 60 and "12 号的位置" in found.position.words


def test_names_are_shown_as_the_table_has_them(gazetteer):
    assert gazetteer.resolve("斜浦村5组99号").place == "白沙镇斜浦村第五村民小组"


def test_far_behind_the_last_number_only_the_street_is_known(gazetteer):
    found = gazetteer.resolve("江口街道新华路901号")
    assert (found.kind, found.position.basis) == ("partial", "street")


def test_a_street_an_estate_a_village_without_number(gazetteer):
    street, estate, village = (gazetteer.resolve(text) for text in ("江口街道人民路", "江滨花苑", "斜浦村"))
    assert [(one.kind, one.missing, one.position.basis) for one in (street, estate, village)] == [
        ("partial", "门牌号", "street"), ("partial", "楼幢号", "street"), ("partial", "门牌号", "village")]  # fmt: skip
    assert gazetteer.resolve("人民路").position is None  # of two streets
    assert all(one.confidence <= 0.5 for one in street.candidates)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("！？", "empty"),
        ("江口街道", "area"),
        ("龙港市", "area"),
        ("天上街999号", "unknown"),
        ("abc", "unknown"),
    ],
)
def test_nothing_like_it(gazetteer, text, why):
    found = gazetteer.resolve(text)
    assert (found.kind, found.why, found.candidates) == ("none", why, ())


@pytest.mark.parametrize(
    "text",
    [
        "北人民路12号",
        "江口街道东人民路12号",
        "人民一路12号",
        "江口街道人民路21号",
        "江口街道人民支路12号",
        "后林村人民大道12号",
        "江滨花苑5幢",
        "上河村后林12号",
    ],
)
def test_what_only_resembles_it_is_never_sure(gazetteer, text):
    found = gazetteer.resolve(text)
    assert found.kind != "exact" and all(one.confidence < 0.9 for one in found.candidates)


@pytest.mark.parametrize("text", ["杭州市新华路4号", "平阳县新华路", "江苏省新华路999号"])
def test_another_county_has_no_place_here(gazetteer, text):
    """A house that the street lacks is not worked out for a street of the same name somewhere else."""
    found = gazetteer.resolve(text)
    assert (found.kind, found.position, found.candidates) == ("none", None, ())


def test_choices_for_another_county_say_that_it_was_not_found(gazetteer):
    assert gazetteer.resolve("杭州市人民路12号").why == "elsewhere"
    assert gazetteer.resolve("杭州市仁民路12号").why == "alike"


def test_two_roads_as_like_a_missing_one_have_no_middle(gazetteer):
    """欣华路 sounds like 新华路 and like 兴华路: nobody guesses on which of them number 9 would be."""
    found = gazetteer.resolve("江口街道欣华路9号")
    assert (found.kind, found.position) == ("partial", None)
    assert "新华路" in found.place and "兴华路" in found.place
    assert gazetteer.resolve("江口街道新华路9号").position is not None


def test_a_house_written_as_a_building_is_asked_about(gazetteer):
    kind, codes = asked(gazetteer, "江口街道人民路12＃楼")
    assert (kind, codes[0]) == ("likely", "R12")


def test_the_number_it_goes_by_is_named(gazetteer):
    assert "没有 128 号的门牌，按 128-1 号的位置推算" in gazetteer.resolve("江口街道人民路128号").position.words


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("江口街道人民路壹拾贰号", "R12"),
        ("江口街道人民路 1 2 8 号附1", "R128-1"),
        ("江口街道人民路百二十八号附1", "R128-1"),
        ("江口街道人民路128号附1", "R128-1"),
        ("白沙镇斜浦村后林廿三号", "H23"),
        ("江口街道人民路l2号", "R12"),
    ],
)
def test_numbers_as_hands_write_them(gazetteer, text, code):
    assert asked(gazetteer, text) == ("exact", [code])


def test_a_lane_lies_at_its_own_number(gazetteer):
    found = gazetteer.resolve("江口街道人民路9弄1号")
    assert found.kind == "partial" and found.position.lon == pytest.approx(120.5 + 90 / 98_300, abs=1e-5)
    assert "没有9弄的门牌" in found.position.words and found.position.within_m > 150
    lane = gazetteer.resolve("江口街道解放路56弄9号")
    assert lane.kind == "partial" and lane.position.lat == pytest.approx(27.6 + 300 / 111_320, abs=1e-6)


@pytest.mark.parametrize("text", ["江口街道人民路12号北侧", "江口街道人民路12号东50米"])
def test_steps_from_a_house_are_not_the_house(gazetteer, text):
    assert asked(gazetteer, text)[0] == "likely"


def test_plain_tables_will_do(tmp_path):
    """No areas, names instead of codes, numbers as numbers, gaps: as tables come."""
    import pandas as pd

    frame = pd.DataFrame({"code": [101, 102, 103], "lon": [115.4, 115.5, 115.6], "lat": [30.2, 30.2, 30.3], "town": ["漕河镇", "漕河镇", None],
                          "road": ["蕲阳大道", "蕲阳大道", float("nan")], "number": [1, 3, None], "estate": [None, None, "时珍雅苑"], "building": [None, None, "A栋"]})  # fmt: skip
    found = Gazetteer(frame)
    assert asked(found, "漕河镇蕲阳大道３号") == ("exact", ["102"])
    assert asked(found, "时珍雅苑A座") == ("exact", ["103"])
    assert asked(Gazetteer({"code": [], "lon": [], "lat": []}), "蕲阳大道3号") == ("none", [])
    with pytest.raises(ValueError):
        Gazetteer({"code": ["1"], "lon": [1.0], "lat": [1.0], "road": ["一路", "二路"]})


def test_saved_and_loaded_it_answers_alike(gazetteer, tmp_path):
    gazetteer.save(tmp_path)
    loaded = Gazetteer.load(tmp_path)
    for text in ("江口街道人民路12号", "人民路12号", "江口街道人民路9号", "江滨花苑3-2", "斜浦村", "仁民路12号"):
        assert loaded.resolve(text) == gazetteer.resolve(text)


@settings(max_examples=300, deadline=None)
@given(
    st.text(
        st.sampled_from("江口街道人民路新华1203号弄幢栋-单元室村社区五组＃ ，。（）市县镇A后林滨花苑对面一二"),
        max_size=40,
    )
    | st.text(max_size=60)
)
def test_any_text_has_an_answer(gazetteer, text):
    found = gazetteer.resolve(text)
    assert len(found.candidates) <= 5 and all(0.0 <= one.confidence <= 1.0 for one in found.candidates)
    assert (found.kind == "exact") <= (len(found.candidates) == 1 and found.candidates[0].confidence >= 0.9)
    assert (
        sorted(found.candidates, key=lambda one: -one.confidence)[:1] == list(found.candidates[:1])
        or not found.candidates
    )


# --- figures ---


@pytest.fixture(scope="module")
def judged():
    """Answers about a made-up county whose table lacks houses and streets, of a seed that nothing was fitted on."""
    county = made_up(20_000, 31)
    left, held = split(county, 31)
    gazetteer, noise, rng = Gazetteer(left.doorplates, left.areas), Noise(county, 31), np.random.default_rng(31)
    kept = np.setdiff1d(np.arange(len(county)), held)
    counts: dict[str, Count] = {}
    answers = []
    for rows, absent in ((kept, False), (held, True)):
        for row in rng.choice(rows, 30 if absent else 170, replace=False).tolist():
            for kind, text in noise.every_kind(row).items():
                count = counts.setdefault("absent" if absent else kind, Count())
                answers.append(judge(gazetteer, text, county.doorplates["code"][row], absent, count))
    return counts, [answer for answer in answers if answer]


def test_right_first_in_every_kind_of_noise(judged):
    counts, _ = judged
    told = {kind: count for kind, count in counts.items() if kind not in (*UNDECIDED, "absent")}
    assert len(told) >= 24
    for kind, count in told.items():
        assert count.first >= (0.90 if kind == MIXED else 0.94) * count.asked - 1, f"{kind}: {count}"
    every = sum(told.values(), Count())
    assert every.first >= 0.97 * every.asked, str(every)
    for kind in UNDECIDED:
        assert counts.get(kind, Count()).silent == 0


def test_hardly_ever_silently_wrong(judged):
    counts, _ = judged
    every, absent = sum(counts.values(), Count()), counts["absent"]
    assert every.silent <= 0.005 * every.asked, str(every)
    assert absent.silent <= 0.02 * absent.asked and absent.first >= 0.7 * absent.asked, str(absent)


def test_confidence_is_the_share_that_is_right(judged):
    _, answers = judged
    confidence, right = np.array([one.confidence for one in answers]), np.array([one.right for one in answers])
    for low, high, off in ((0.0, 0.1, 0.05), (0.1, 0.5, 0.25), (0.5, 0.9, 0.15), (0.9, 0.98, 0.06), (0.98, 1.01, 0.02)):
        mine = (confidence >= low) & (confidence < high)
        if mine.sum() >= 30:
            assert abs(right[mine].mean() - confidence[mine].mean()) <= off, (
                low,
                high,
                right[mine].mean(),
                confidence[mine].mean(),
                mine.sum(),
            )


def test_houses_left_out_lie_within_the_radius_that_is_said():
    """Numbered houses of streets, each left out alone with a tenth of all others."""
    county = made_up(20_000, 32)
    rng = np.random.default_rng(32)
    held = np.flatnonzero(rng.random(len(county)) < 0.1)
    gazetteer, noise = _without(county, held), Noise(county, 32)
    inside, widths = [], []
    for row in [row for row in held.tolist() if county.doorplates["road"][row]][:400]:
        found = gazetteer.resolve(noise.written(row).text())
        if found.kind == "partial" and found.position and found.position.basis == "interpolated":
            east = (
                (county.doorplates["lon"][row] - found.position.lon) * 111_320 * np.cos(np.radians(found.position.lat))
            )
            north = (county.doorplates["lat"][row] - found.position.lat) * 111_320
            inside.append(np.hypot(east, north) <= found.position.within_m)
            widths.append(found.position.within_m)
    assert len(inside) > 200
    assert np.mean(inside) >= 0.95 and np.median(widths) <= 60


def _without(county: County, held) -> Gazetteer:
    left = county.without(held)
    return Gazetteer(left.doorplates, left.areas)


def test_quick():
    """Loose limits, for busy machines: the benchmark has the figures."""
    county = made_up(100_000, 33)
    began = time.process_time()
    gazetteer = Gazetteer(county.doorplates, county.areas)
    assert time.process_time() - began < 5.0
    noise = Noise(county, 33)
    texts = [text for row in range(0, len(county), 4_000) for text in noise.every_kind(row).values()]
    seconds = []
    for text in texts:
        began = time.process_time()
        gazetteer.resolve(text)
        seconds.append(time.process_time() - began)
    assert np.quantile(seconds, 0.95) < 0.02 and np.median(seconds) < 0.005
