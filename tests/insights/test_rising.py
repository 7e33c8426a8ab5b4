"""What rises: found where it was planted, said of nothing where nothing was, whatever season or source comes and goes."""

import numpy as np
import pytest

from apps.insights.rising import SPANS, rises

LAST = 20_000  # a day; its weekday is nobody's business
YEARS = 2 * 365


def quiet(random, themes, a_week=1.5, days=YEARS, source=1):
    """Voices of themes that come as ever, and ten times as many of none."""
    per_theme = random.poisson(a_week * days / 7, themes)
    theme = np.concatenate([np.repeat(np.arange(themes), per_theme), np.full(10 * per_theme.sum(), -1)])
    return theme, np.full(len(theme), source), LAST - random.integers(0, days, len(theme))


def with_more(seen, theme, days, source=1):
    add = np.full(len(days), theme)
    return tuple(
        np.concatenate([kept, more])
        for kept, more in zip(seen, (add, np.full(len(days), source), np.asarray(days)), strict=True)
    )


def test_a_planted_rise_is_found_and_dated():
    random = np.random.default_rng(1)
    seen = with_more(quiet(random, 40), 3, LAST - random.integers(0, 21, 30))
    found = rises(*seen, themes=40, last=LAST)
    assert np.flatnonzero(found.called).tolist() == [3]
    assert found.span[3] in SPANS
    assert found.now[3] >= 3 * found.expected[3]
    assert LAST - 35 <= found.since[3] <= LAST - 10
    assert not found.seasonal[3]


def test_a_new_theme_of_a_few_days_is_found():
    random = np.random.default_rng(2)
    seen = with_more(quiet(random, 40), 40, [LAST - day for day in (0, 1, 1, 2, 4, 5)])
    found = rises(*seen, themes=41, last=LAST)
    assert found.called[40]
    assert found.expected[40] == 0
    assert LAST - 6 < found.since[40] <= LAST


def test_false_alarms_stay_below_their_share():
    """400 counties where nothing rises: at most one in twenty raises any alarm, give or take three standard errors."""
    random = np.random.default_rng(3)
    alarms = sum(rises(*quiet(random, 25, a_week=1.0, days=300), themes=25, last=LAST).called.any() for _ in range(400))
    assert alarms <= 400 * 0.05 + 3 * np.sqrt(400 * 0.05 * 0.95)


def test_bunches_are_no_rise():
    """Voices that always come in fives raise fewer alarms than an exact test of single ones would."""
    random = np.random.default_rng(4)
    alarms = 0
    for _ in range(100):
        bunch = np.repeat(np.arange(20), 24)
        days = LAST - random.integers(0, 300, len(bunch))
        theme, day = np.repeat(bunch, 5), np.repeat(days, 5)
        rest = LAST - random.integers(0, 300, 20_000)
        found = rises(
            np.concatenate([theme, np.full(20_000, -1)]),
            np.ones(len(theme) + 20_000, int),
            np.concatenate([day, rest]),
            themes=20,
            last=LAST,
        )
        alarms += found.called.any()
    assert alarms <= 15


def test_a_week_in_which_everything_is_told_of_twice_as_often_raises_nothing():
    random = np.random.default_rng(5)
    theme, source, day = quiet(random, 30)
    again = day > LAST - 7
    seen = (
        np.concatenate([theme, theme[again]]),
        np.concatenate([source, source[again]]),
        np.concatenate([day, day[again]]),
    )
    assert not rises(*seen, themes=30, last=LAST).called.any()


def test_a_source_that_has_only_begun_raises_nothing():
    random = np.random.default_rng(6)
    theme, source, day = quiet(random, 30)
    new_theme, new_source, new_day = quiet(random, 30, a_week=8, days=20, source=2)
    seen = tuple(np.concatenate(pair) for pair in ((theme, new_theme), (source, new_source), (day, new_day)))
    assert not rises(*seen, themes=30, last=LAST).called.any()


def test_what_comes_every_year_is_said_to():
    random = np.random.default_rng(7)
    this = LAST - random.integers(0, 21, 30)
    seen = with_more(with_more(quiet(random, 40, days=YEARS), 3, this), 3, this - 364)
    found = rises(*seen, themes=40, last=LAST)
    assert found.called[3]
    assert found.seasonal[3]
    assert found.last_year[3] >= 20


def test_days_after_the_last_are_not_looked_at():
    random = np.random.default_rng(8)
    seen = quiet(random, 10)
    later = with_more(seen, 2, [LAST + 1] * 50)
    assert np.array_equal(rises(*seen, themes=10, last=LAST).p, rises(*later, themes=10, last=LAST).p)


@pytest.mark.parametrize("themes", [0, 3])
def test_nothing_told_rises_nowhere(themes):
    none = np.empty(0, int)
    found = rises(none, none, none, themes=themes, last=LAST)
    assert found.called.tolist() == [False] * themes
