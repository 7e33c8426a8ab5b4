"""One spelling for one address, and the key that leaves the areas away."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.territory.addressing import plain, search_key, split, written

LABELLED = Path(__file__).resolve().parents[3] / "shared" / "data" / "addresses" / "labelled.jsonl"


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("浙江省温州市苍南县灵溪镇建兴东路一百二十三号", "建兴东路123号"),
        ("浦阳街道人民路１２＃", "人民路12号"),
        ("人民路 12号之一", "人民路12-1号"),
        ("温州市龙港市龙港镇人民路128—1号", "人民路128-1号"),
        ("溪口村第五村民小组18号", "溪口村5组18号"),
        ("溪口村五组十八号", "溪口村5组18号"),
        ("江滨花苑3号楼2单元五〇二室", "江滨花苑3幢2单元502室"),
        ("阳光小区B栋", "阳光小区B幢"),
        ("十字街12号", "十字街12号"),
        ("百丈路十号", "百丈路10号"),
        ("镇前街12号", "镇前街12号"),
        ("农贸市场", "农贸市场"),
        ("瑞福家园西区12幢", "瑞福家园西区12幢"),
        ("新区路12号", "新区路12号"),
        ("城关街道办事处人民街道口1号", "人民街道口1号"),
        ("灵溪镇", "灵溪镇"),
        ("", ""),
        ("!!!", ""),
    ],
)
def test_search_key(typed, key):
    assert search_key(typed) == key


@pytest.mark.parametrize(
    ("han", "number"),
    [
        ("十", 10),
        ("十二", 12),
        ("二十", 20),
        ("一百零三", 103),
        ("三百二十一", 321),
        ("一千二百", 1200),
        ("二〇三", 203),
        ("两", 2),
    ],
)
def test_numerals(han, number):
    assert plain(f"人民路{han}号") == f"人民路{number}号"


def test_written():
    assert (
        written(town="东溪镇", village="溪口村", road="人民路", number="12", building="3", room="502")
        == "东溪镇人民路12号3幢502室"
    )
    assert written(town="东溪镇", village="上溪村", hamlet="后林", number="12号") == "东溪镇上溪村后林12号"


@given(st.text(max_size=60))
def test_any_text_has_a_key(text):
    areas, rest = split(text)
    assert areas + rest == plain(text)
    assert plain(plain(text)) == plain(text)


@given(
    st.integers(1, 9999),
    st.sampled_from(["", "方格县", "浙江省方州市方格县"]),
    st.sampled_from(["", "东溪镇", "城关街道"]),
)
def test_the_areas_in_front_do_not_matter(number, county, town):
    assert search_key(f"{county}{town}人民路{number}号") == f"人民路{number}号"


@pytest.mark.skipif(not LABELLED.exists(), reason="the labelled addresses are not on this machine")
def test_roads_and_villages_survive_in_labelled_addresses():
    """What the labels call road, community or place must still be in the key: dropping it would lead to another house."""
    total = lost = 0
    for line in LABELLED.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        names = [text for tag, text in row["chunks"] if tag in ("road", "community", "poi")]
        if names:
            total += 1
            lost += plain(names[0]) not in search_key(row["text"])
    assert total > 8000
    assert lost / total < 0.02
