"""A theme goes on where most of its voices are; the rest is said."""

import numpy as np

from apps.insights.lineage import inherited


def line(before, now):
    return inherited(np.array(before), np.array(now))


def test_a_theme_goes_on_whatever_its_group_is_numbered():
    found = line([7, 7, 7, 9, 9, -1], [1, 1, 1, 0, 0, 0])
    assert found.kept == {1: 7, 0: 9}
    assert not (found.split or found.merged or found.dissolved)


def test_of_a_theme_that_parts_the_larger_part_goes_on():
    found = line([7] * 10, [0] * 6 + [1] * 4)
    assert found.kept == {0: 7}
    assert found.split == {1: 7}


def test_strays_are_no_part():
    found = line([7] * 20, [0] * 17 + [1] * 3)  # group 1 may be made of newcomers
    assert found.kept == {0: 7}
    assert found.split == {}


def test_of_two_that_become_one_the_larger_goes_on():
    found = line([7] * 5 + [9] * 3, [0] * 8)
    assert found.kept == {0: 7}
    assert found.merged == {9: 0}


def test_of_equals_the_older_goes_on():
    assert line([9] * 3 + [7] * 3, [0] * 6).kept == {0: 7}


def test_what_is_nowhere_any_more_is_dissolved():
    found = line([7] * 5 + [9] * 3, [-1] * 5 + [0] * 3)
    assert found.dissolved == [7]
    assert found.kept == {0: 9}


def test_two_that_exchange_their_voices_keep_their_names_by_the_most():
    found = line([7] * 10 + [9] * 10, [0] * 6 + [1] * 4 + [1] * 7 + [0] * 3)
    assert found.kept == {1: 9, 0: 7}
    assert found.merged == {}


def test_nothing_before_and_nothing_now():
    assert line([-1, -1], [0, 0]).kept == {}
    assert line([], []).dissolved == []
