"""What is one matter and what is not: words, places and days, against a twin that compares all pairs."""

import numpy as np
import pytest

from apps.hotline.likeness import AT_NEAR, Matters, Told

LON, LAT = 120.40, 27.50
METRE = 1 / 111_320
LAMPS = "市民反映人民路与建兴路交叉口的三盏路灯从上周开始连续不亮，晚上接孩子放学很危险"
LAMPS_AGAIN = "人民路和建兴路交叉口三盏路灯不亮已经一周多，晚上接孩子放学危险，要求维修"
WATER = "南山小区自来水发黄有铁锈味，已经持续十天，居民只能买桶装水做饭"


def told(*rows: tuple[str, float | None, int, float]) -> Told:
    """text, metres east (None: no point), village, day"""
    return Told(
        [row[0] for row in rows],
        np.array([np.nan if row[1] is None else LON + row[1] * METRE / np.cos(np.radians(LAT)) for row in rows]),
        np.array([np.nan if row[1] is None else LAT for row in rows]),
        np.array([row[2] for row in rows]),
        np.array([row[3] for row in rows]),
    )


def held(*rows: tuple[str, float | None, int, float]) -> Matters:
    matters = Matters()
    matters.add(np.arange(len(rows)) + 10, told(*rows))
    return matters


@pytest.mark.parametrize(
    ("text", "east", "village", "day", "same"),
    [
        (LAMPS_AGAIN, 80, 1, 3, True),
        (LAMPS_AGAIN, 3000, 1, 3, False),  # the same lamps cannot be there
        (LAMPS_AGAIN, 80, 1, 200, False),  # after half a year it is another matter
        (LAMPS_AGAIN, None, 2, 3, False),
        (LAMPS, None, -1, 3, True),  # word for word
        (LAMPS, 5000, 2, 1, True),  # sent again, however it was located
        (LAMPS, 5000, 2, 30, False),
        (WATER, 0, 1, 0, False),  # two things may be wrong at one corner
        ("", 0, 1, 0, False),
    ],
)
def test_words_places_and_days(text, east, village, day, same):
    found = held((LAMPS, 0, 1, 0), ("别的事情" * 10, 10, 1, 0)).like(told((text, east, village, day)))[0]
    assert (found is not None and found.id == 10) == same


def test_marks_are_no_words():
    one, other = "〔姓名〕〔电话〕" * 6 + "路灯不亮很久了", "〔姓名〕〔电话〕" * 6 + "自来水发黄很多天"
    assert held((one, 0, 1, 0)).like(told((other, 0, 1, 0))) == [None]


def test_among_themselves_the_later_points_at_the_earlier():
    matters = Matters()
    first, second = matters.like(told((LAMPS, 0, 1, 0), (LAMPS_AGAIN, 50, 1, 2)), among=True)
    assert first is None and second is not None and second.id == -1
    assert matters.like(told((LAMPS, 0, 1, 0), (LAMPS_AGAIN, 50, 1, 2))) == [None, None]


def test_one_is_not_like_itself():
    matters = held((LAMPS, 0, 1, 0), (LAMPS_AGAIN, 30, 1, 1))
    found = matters.like(told((LAMPS, 0, 1, 0)), np.array([10]))[0]
    assert found is not None and found.id == 11
    assert held((LAMPS, 0, 1, 0)).like(told((LAMPS, 0, 1, 0)), np.array([10])) == [None]


def test_parts_answer_as_one():
    """However the held texts came in, the same are found, and the lowest id of equals."""
    rng = np.random.default_rng(4)
    matters = ["".join(chr(0x4E00 + int(at)) for at in rng.integers(0, 3000, 40)) for _ in range(60)]
    rows = []
    for at in range(150):
        words = list(matters[at % 60])
        words[int(rng.integers(40))] = "改"
        rows.append(("".join(words), float(rng.integers(0, 120)), 1, float(rng.integers(0, 60))))
    asked = told(*rows[:40])
    whole = held(*rows).like(asked, np.arange(40) + 10)
    twice = Matters()
    for at in range(0, 150, 7):
        twice.add(np.arange(at, min(at + 7, 150)) + 10, told(*rows[at : at + 7]))
    pieces = twice.like(asked, np.arange(40) + 10)
    assert sum(one is not None for one in whole) > 5
    for one, other in zip(whole, pieces, strict=True):
        if one is not None and one.words > 0.6:
            assert other is not None and other.words == pytest.approx(one.words, abs=0.12)
    assert all(one is None or one.words >= AT_NEAR for one in whole)
