"""Density against the exact sum over all events, at any bandwidth, weight and place, inside the grid and beyond."""

import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.insights import density as room
from apps.insights.density import density


def at(places_x, places_y, x, y, weight, h):
    """The exact sum in events per km² at some places."""
    squares = (places_x[:, None] - x) ** 2 + (places_y[:, None] - y) ** 2
    return (np.exp(-squares / (2 * h * h)) * weight).sum(axis=1) * 1e6 / (2 * np.pi * h * h)


def exact(x, y, weight, extent, shape, h):
    west, south, east, north = extent
    across = west + (np.arange(shape[1]) + 0.5) * (east - west) / shape[1]
    up = south + (np.arange(shape[0]) + 0.5) * (north - south) / shape[0]
    gx, gy = np.meshgrid(across, up)
    return at(gx.ravel(), gy.ravel(), x, y, weight, h).reshape(shape)


@st.composite
def questions(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = draw(st.tuples(st.integers(1, 14), st.integers(1, 14)))
    cell = draw(st.tuples(st.floats(1, 5000), st.floats(1, 5000)))
    corner = draw(st.sampled_from([(0.0, 0.0), (5e5, 3.2e6), (-1e5, -40.0)]))
    extent = (*corner, corner[0] + shape[1] * cell[0], corner[1] + shape[0] * cell[1])
    h = draw(st.floats(0.05, 30)) * np.sqrt(cell[0] * cell[1])
    events = draw(st.integers(1, 30))
    margin = draw(st.sampled_from([0.0, 5.0]))
    x = rng.uniform(extent[0] - margin * h, extent[2] + margin * h, events)
    y = rng.uniform(extent[1] - margin * h, extent[3] + margin * h, events)
    weight = rng.integers(1, 4, events).astype(float) if draw(st.booleans()) else None
    return x, y, weight, extent, shape, h


@settings(max_examples=1000, deadline=None)
@given(questions(), st.booleans())
def test_as_the_exact_sum(question, laid_fine):
    x, y, weight, extent, shape, h = question
    few, room._FEW_NODES = room._FEW_NODES, room._FEW_NODES if laid_fine else 0
    try:
        found = density(*question)
    finally:
        room._FEW_NODES = few
    weights = np.ones(len(x)) if weight is None else weight
    expected = exact(x, y, weights, extent, shape, h)
    peak = max(expected.max(), at(x, y, x, y, weights, h).max())
    assert found.shape == shape and found.dtype == np.float64 and (found >= 0).all()
    assert np.abs(found - expected).max() <= 1e-4 * peak


@pytest.mark.parametrize("h", [150.0, 400.0, 800.0, 1500.0, 4000.0, 60_000.0])
def test_a_tenth_of_a_percent_of_the_grids_own_peak(h):
    """One event is the hardest: no errors of others make up for its own."""
    rng = np.random.default_rng(5)
    extent, shape = (0.0, 0.0, 30_000.0, 25_000.0), (60, 75)
    for x, y in rng.uniform([0, 0], [30_000, 25_000], (25, 2)):
        expected = exact(np.array([x]), np.array([y]), 1.0, extent, shape, h)
        assert np.abs(density(x, y, None, extent, shape, h) - expected).max() <= 1e-3 * expected.max()


def test_both_ways_agree_where_they_meet():
    rng = np.random.default_rng(6)
    x, y = rng.uniform(0, 512 * 100.0, (2, 20_000))
    answers = [density(x, y, None, (0, 0, 51_200, 51_200), (512, 512), h) for h in (190.0, 215.0)]
    for answer, h in zip(answers, (190.0, 215.0), strict=True):
        rows, columns = rng.integers(0, 512, (2, 200))
        expected = at(columns * 100.0 + 50, rows * 100.0 + 50, x, y, 1.0, h)
        assert np.abs(answer[rows, columns] - expected).max() <= 1e-4 * answer.max()


def test_row_0_is_in_the_south_and_column_0_in_the_west():
    found = density([450.0], [50.0], None, (0, 0, 500, 300), (3, 5), 60.0)
    assert np.unravel_index(found.argmax(), found.shape) == (0, 4)
    assert found[0, 4] == pytest.approx(1e6 / (2 * np.pi * 3600), rel=1e-4)


def test_all_events_are_there():
    rng = np.random.default_rng(7)
    x, y = rng.normal(0, 500, (2, 1000))
    for h in (3.0, 60.0, 300.0):
        found = density(x, y, None, (-6000, -6000, 6000, 6000), (1200, 1200), h)
        assert found.sum() * 0.01**2 == pytest.approx(1000, rel=2e-4 if h > 10 else 0.2)


def test_events_beyond_the_border_reach_in():
    found = density([-100.0], [50.0], None, (0, 0, 100, 100), (1, 1), 100.0)
    assert found[0, 0] == pytest.approx(np.exp(-0.5 * 1.5**2) * 1e6 / (2 * np.pi * 1e4), rel=1e-3)
    assert density([-1e9, 1e300], [50.0, -1e300], None, (0, 0, 100, 100), (1, 1), 100.0)[0, 0] == 0.0


def test_events_without_a_place_are_left_out():
    lost = [np.nan, 1.0, np.inf, -np.inf]
    for h in (1.0, 40.0):
        with_lost = density([62.5, *lost], [62.5, 1.0, np.nan, 1.0, 2.0], None, (0, 0, 100, 100), (4, 4), h)
        without = density([62.5, 1.0], [62.5, np.nan], None, (0, 0, 100, 100), (4, 4), h)
        assert (with_lost == without).all() and without.any()


def test_no_events():
    for h in (1.0, 40.0):
        assert not density([], [], None, (0, 0, 100, 100), (4, 7), h).any()


def test_weights_count():
    x, y = np.random.default_rng(8).uniform(0, 100, (2, 50))
    extent, shape = (0, 0, 100, 100), (8, 8)
    for h in (3.0, 30.0):
        one = density(x, y, None, extent, shape, h)
        np.testing.assert_allclose(density(x, y, np.full(50, 2.5), extent, shape, h), 2.5 * one, rtol=1e-12)
        taken_away = density([*x, *x], [*y, *y], [1] * 50 + [-1] * 50, extent, shape, h)
        np.testing.assert_allclose(taken_away, 0.0, atol=1e-12 * one.max())


def test_any_layout_of_the_same_events_gives_the_same():
    both = np.random.default_rng(9).integers(0, 100, (40, 2)).astype(float)
    extent, shape = (0, 0, 100, 100), (6, 6)
    expected = density(both[:, 0].copy(), both[:, 1].copy(), np.ones(40), extent, shape, 20.0)
    frozen = both.T.copy()
    frozen.flags.writeable = False
    for x, y in ((both[:, 0], both[:, 1]), both.T.tolist(), frozen, both.T.astype(np.float32)):
        assert (density(x, y, np.ones(40, int), extent, shape, 20.0) == expected).all()


def test_memory_goes_by_the_grid():
    rng = np.random.default_rng(10)
    extent, shape = (0, 0, 51_200, 51_200), (256, 256)
    peaks = []
    for events in (50_000, 500_000):
        x, y = rng.uniform(0, 51_200, (2, events))
        density(x[:10], y[:10], None, extent, shape, 800.0)
        tracemalloc.start()
        density(x, y, None, extent, shape, 800.0)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 2 * 8 * 400**2 < 20e6  # at most another piece's nodes


def test_threads_do_not_meet():
    rng = np.random.default_rng(11)
    questions = [(*rng.uniform(0, 1000, (2, 3000)), None, (0, 0, 1000, 1000), (50, 50), h) for h in (5.0, 30.0) * 8]
    alone = [density(*question) for question in questions]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda question: density(*question), questions))
    assert all((a == b).all() for a, b in zip(alone, together, strict=True))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"x": [1.0, 2.0]}, "one length"),
        ({"x": [[1.0]], "y": [[1.0]]}, "one length"),
        ({"weight": [1.0, 2.0]}, "weight"),
        ({"weight": [np.nan]}, "weight 0 is nan"),
        ({"extent": (1, 0, 1, 1)}, "extent"),
        ({"extent": (0, 1, 1, 0)}, "extent"),
        ({"extent": (0, 0, np.inf, 1)}, "extent"),
        ({"shape": (0, 3)}, "shape"),
        ({"bandwidth": 0.0}, "bandwidth"),
        ({"bandwidth": np.nan}, "bandwidth"),
        ({"bandwidth": np.inf}, "bandwidth"),
    ],
)
def test_what_cannot_be_meant_is_refused(changes, words):
    asked = {"x": [1.0], "y": [1.0], "weight": None, "extent": (0, 0, 9, 9), "shape": (3, 3), "bandwidth": 2.0}
    with pytest.raises(ValueError, match=words):
        density(**asked | changes)
