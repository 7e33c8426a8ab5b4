"""DuplicateIndex against a twin that counts by hand, its reasons, and how often it finds the same matter in citizens' own words."""

import csv
import math
import re
import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from apps.cases import duplicates
from apps.cases.duplicates import DuplicateIndex

REPLIES = Path(__file__).resolve().parents[3] / "shared" / "data" / "complaints" / "replies.csv"
HERE = (120.40, 27.50)
LAMPS = "人民路口的路灯坏了两个月，晚上看不见路"
TEXTS = [LAMPS, "菜场门口垃圾没人清运，臭味很大", "人民路路灯不亮，天黑以后很危险", "学校门口接送时堵车，没有交警", "自来水发黄，有铁锈味", "广场舞音响太吵，影响孩子写作业"]
text = st.text(st.sampled_from("路灯不亮垃圾臭水坏了的人民口门 ，1A"), max_size=25)


def parts(words: str) -> Counter:
    plain = re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", words).lower())
    return Counter([*plain, *(plain[i : i + 2] for i in range(len(plain) - 1))])


def twin(texts: list[str], asked: str) -> list[float]:
    """Likeness of each text, counted with dictionaries."""
    common = parts(duplicates.COMMON)
    counted = [parts(each) for each in texts]
    weight = {}
    for part in {part for each in [*counted, parts(asked)] for part in each}:
        seen = duplicates.ALREADY * duplicates.COMMON_SHARE * (part in common) + sum(part in each for each in counted)
        weight[part] = math.log((1 + duplicates.ALREADY + len(texts)) / (1 + seen)) + 1
    vectors = [{part: weight[part] * (1 + math.log(times)) for part, times in each.items()} for each in [*counted, parts(asked)]]
    *theirs, mine = vectors
    found = []
    for other in theirs:
        both = mine.keys() & other.keys()
        length = math.hypot(*mine.values()) * math.hypot(*other.values())
        cosine = sum(mine[part] * other[part] for part in both) / length if length else 0.0
        lighter = max(min(sum(weight[part] for part in each) for each in (mine, other)), duplicates.SHORTEST)
        found.append(duplicates.COSINE * cosine + duplicates.CONTAINED * sum(weight[part] for part in both) / lighter)
    return found


@settings(max_examples=60, deadline=None)
@given(st.lists(text, max_size=12), text)
def test_likeness_is_as_counted_by_hand(texts: list[str], asked: str) -> None:
    expected = twin(texts, asked)
    found = {match.id: match.text for match in DuplicateIndex(range(len(texts)), texts).query(asked, k=100)}
    assert found.keys() == {number for number, each in enumerate(expected) if each > 0}
    for number, alike in found.items():
        assert alike == pytest.approx(min(expected[number], 1.0), abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.one_of(st.none(), text)), max_size=60), text)
def test_kept_current_it_answers_for_what_is_there(changes: list[tuple[int, str | None]], asked: str) -> None:
    index, there = DuplicateIndex([], []), {}
    for number, words in changes:
        if words is None:
            index.remove(number)
            there.pop(number, None)
        else:
            index.add(number, words)
            there[number] = words
    assert len(index) == len(there) and all(number in index for number in there)
    found = {match.id for match in index.query(asked, k=100)}
    assert found == {number for number, words in there.items() if parts(words).keys() & parts(asked).keys()}


def test_many_added_one_by_one_are_found_as_if_they_had_come_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "LATEST", 7)
    texts = [f"{TEXTS[number % 6]}，第{number}次" for number in range(50)]
    grown = DuplicateIndex([], [])
    for number, words in enumerate(texts):
        grown.add(number, words)
    for number in range(0, 50, 3):
        grown.remove(number)
    left = [number for number in range(50) if number % 3]
    together = DuplicateIndex(left, [texts[number] for number in left])
    for asked in TEXTS:
        assert {match.id % 6 for match in grown.query(asked, k=5)} == {match.id % 6 for match in together.query(asked, k=5)}


def test_the_same_matter_nearby_is_first_and_says_why() -> None:
    lon, lat = (np.array([HERE[axis] + 0.001 * number for number in range(6)]) for axis in (0, 1))
    index = DuplicateIndex([f"K{number}" for number in range(6)], TEXTS, lon, lat)
    first, second, *_ = index.query("人民路口路灯坏了", *HERE)
    assert (first.id, first.because) == ("K0", "both") and first.metres == pytest.approx(0)
    assert second.id == "K2" and first.score > second.score > 0.3
    assert second.metres == pytest.approx(Geod(ellps="WGS84").inv(*HERE, lon[2], lat[2])[2])
    assert index.query("人民路口路灯坏了", HERE[0] + 1, HERE[1])[0].because == "text"
    assert all(match.metres is None for match in index.query("路灯"))


def test_place_adds_only_to_likeness_of_words() -> None:
    here = DuplicateIndex(range(6), TEXTS, np.full(6, HERE[0]), np.full(6, HERE[1]))
    asked = "学校门口的路灯不亮"
    alone = {match.id: match for match in DuplicateIndex(range(6), TEXTS).query(asked, k=6)}
    for match in here.query(asked, *HERE, k=6):
        assert match.text == alone[match.id].text == alone[match.id].score
        assert match.score > match.text if match.text > duplicates.UNLIKE else match.score == match.text
    assert all(match.score < 0.3 for match in here.query("谢谢领导，希望尽快解决", *HERE))


@pytest.mark.parametrize("asked", ["", "　\n", "，。！？", "\x00", "🙂" * 3])
def test_texts_without_words_match_nothing(asked: str) -> None:
    assert DuplicateIndex(range(6), TEXTS).query(asked) == []


def test_hostile_texts_are_only_texts() -> None:
    odd = ["'; DROP TABLE cases; --", "<script>alert(1)</script>", "路" * 100_000, "\ud7ff\U0001f600路灯"]
    index = DuplicateIndex(range(4), odd)
    assert [index.query(each, k=1)[0].id for each in odd] == [0, 1, 2, 3]


def test_what_is_not_one_of_each_is_refused() -> None:
    with pytest.raises(ValueError, match="one id"):
        DuplicateIndex([1, 1], ["a", "b"])
    with pytest.raises(ValueError, match="one lon"):
        DuplicateIndex([1, 2], ["a", "b"], [1.0], [2.0])


@pytest.mark.skipif(not REPLIES.exists(), reason="the citizens' letters are not there")
def test_a_title_finds_its_own_letter() -> None:
    """The bench row's question on a part of it: `python -m tests.bench duplicates` asks it against the peers."""
    csv.field_size_limit(10**8)
    with REPLIES.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[:700]
    index = DuplicateIndex(range(len(rows)), [row["留言详情"] for row in rows])
    first = sum(bool(found := index.query(row["留言主题"], k=1)) and found[0].id == number for number, row in enumerate(rows))
    assert first / len(rows) >= 0.85
