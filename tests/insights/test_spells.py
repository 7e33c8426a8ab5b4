"""States of hot spots over time, by hand; the trend against every order there is; places and how they go on."""

from itertools import permutations

import numpy as np
import pytest

from apps.insights.spells import continued, places, spell, states, trend


def told(pattern: str, values=None):
    hot = [mark == "x" for mark in pattern]
    return spell(hot, values if values is not None else [1.0] * len(hot))


@pytest.mark.parametrize(
    ("pattern", "state", "since", "last", "hot_steps"),
    [
        ("...........x", "new", 11, 11, 1),
        ("..........xx", "persistent", 10, 11, 2),
        ("x..........x", "returning", 11, 11, 2),
        ("xx........xx", "persistent", 10, 11, 4),
        ("..........x.", "fading", 10, 10, 1),
        (".........x..", "gone", 9, 9, 1),
        ("xxxxxxxxxxxx", "persistent", 0, 11, 12),
    ],
)
def test_states_by_hand(pattern, state, since, last, hot_steps):
    found = told(pattern)
    assert (found.state, found.since, found.last, found.hot_steps) == (state, since, last, hot_steps)


def test_never_hot_is_no_spell():
    assert told("............") is None


def test_four_steps_that_only_rise_are_growing_and_that_only_fall_fading():
    assert told("..xxxx", [0, 0, 2, 3, 4, 5]).state == "growing"
    assert told("..xxxx", [0, 0, 5, 4, 3, 2]).state == "fading"
    assert told("..xxxx", [0, 0, 2, 4, 3, 5]).state == "persistent"  # four of 24 orders have five or six rising pairs
    assert told("...xxx", [0, 0, 0, 2, 3, 4]).state == "persistent"  # three steps: one of six orders


def test_the_trend_is_the_share_of_all_orders():
    for values in ([3, 1, 2, 5, 4], [1, 2, 3, 4, 5], [5, 5, 1, 2, 2]):
        rising = sum(b > a for i, a in enumerate(values) for b in values[i + 1 :])
        falling = sum(b < a for i, a in enumerate(values) for b in values[i + 1 :])
        pairs = [sum(b > a for i, a in enumerate(order) for b in order[i + 1 :]) for order in permutations(range(5))]
        assert trend(values) == pytest.approx(
            (np.mean([each >= rising for each in pairs]), np.mean([each >= falling for each in pairs]))
        )


def test_cells_are_told_one_by_one_and_cold_ones_too():
    hot = np.array([[0, 0, 1, 0], [0, 0, 0, 0], [1, 0, 0, 0]], bool)
    assert states(hot, np.ones((3, 4)), [False, True, True, False]).tolist() == ["new", "cold", "cold", ""]


def test_corners_touch_and_a_large_place_falls_apart_around_its_peaks():
    part = np.zeros((12, 12), bool)
    part[0, 0] = part[1, 1] = True
    part[5, 1:10] = True
    strength = np.where(part, 1.0, 0.0)
    strength[1, 1], strength[5, 1], strength[5, 8] = 9.0, 8.0, 7.0
    found = [[tuple(cell) for cell in place.tolist()] for place in places(part, strength)]
    assert found[0] == [(1, 1), (0, 0)]
    assert found[1][0] == (5, 1) and set(found[1]) == {(5, 1), (5, 2), (5, 3), (5, 4)}
    assert found[2][0] == (5, 8) and set(found[2]) == {(5, 5), (5, 6), (5, 7), (5, 8), (5, 9)}
    assert places(np.zeros((2, 2), bool), np.zeros((2, 2))) == []


def test_a_place_goes_on_in_the_one_that_shares_most_of_it():
    before = [{(0, 0), (0, 1)}, {(5, 5)}, {(9, 9)}]
    now = [{(0, 1)}, {(0, 0), (0, 1), (0, 2)}, {(5, 5), (5, 6)}, {(7, 7)}]
    assert continued(before, now) == [None, 0, 1, None]
    assert continued([], now) == [None] * 4 and continued(before, []) == []
