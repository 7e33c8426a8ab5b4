"""Gi* against residents: Gi* itself where all cells hold as many, exact chances against scipy's distributions, false discoveries on simulated counties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from apps.insights.excess import clumping, excess, tails
from apps.insights.hotspots import gi_star
from apps.insights.rates import false_discoveries


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9), st.sampled_from([0, 1, 1.5, 2.3, 5]), st.integers(2, 9), st.integers(2, 9))
def test_it_is_gi_star_where_every_cell_has_as_many_residents(seed, radius, rows, columns):
    rng = np.random.default_rng(seed)
    counts = rng.poisson(2.0, (rows, columns))
    lived_in = rng.random((rows, columns)) < 0.8
    lived_in[0, :2] = True
    counts[~lived_in] = 9  # takes no part
    own = counts[lived_in]
    if own.min() == own.max():
        return
    dispersion = own.var() * len(own) / (own.mean() * (len(own) - 1))
    found = excess(counts, lived_in * 37.5, radius, dispersion)
    reference = gi_star(counts, radius, ~lived_in)
    np.testing.assert_allclose(found.z[lived_in], reference.z[lived_in], rtol=1e-7, atol=1e-7)
    assert np.isnan(found.z[~lived_in]).all()


def test_a_county_by_hand():
    # Four cells in a row; half of the residents live in the first. Six reports, all in the last, where a tenth lives.
    found = excess([[0, 0, 0, 6]], [[50, 20, 20, 10]], 0, dispersion=1.0)
    assert found.expected[0].tolist() == pytest.approx([3.0, 1.2, 1.2, 0.6])
    assert found.z[0, 3] == pytest.approx((6 - 0.6) / np.sqrt(0.6 * 0.9))
    assert found.p[0, 3] == pytest.approx(0.1**6)
    assert found.p[0, 0] == pytest.approx(0.5**6)  # none of six where half live
    assert found.both[0].tolist() == pytest.approx([2 * 0.5**6, 2 * 0.8**6, 2 * 0.8**6, 2 * 0.1**6])


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 60), st.integers(1, 60), st.floats(0.001, 0.6), st.sampled_from([1.0, 1.7, 4.0]))
def test_tails_are_those_of_the_distributions_they_are_named_after(observed, total, share, dispersion):
    observed = min(observed, total)
    above, below = tails(observed, total, share, dispersion)
    clumped = dispersion * (1 - share)
    chance = stats.nbinom(total * share / (clumped - 1), 1 / clumped) if clumped > 1.001 else stats.binom(total, share)
    assert above == pytest.approx(chance.sf(observed - 1), rel=1e-6, abs=1e-12)
    if observed < total:
        assert below == pytest.approx(chance.cdf(observed), rel=1e-6, abs=1e-12)


def county(rng, side=60):
    """Residents as in a county: a dense seat, villages, empty hills."""
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    seat = 3000 * np.exp(-((x - 20) ** 2 + (y - 25) ** 2) / 30)
    villages = rng.gamma(0.6, 80, (side, side)) * (rng.random((side, side)) < 0.5)
    return np.rint(seat + villages)


@pytest.mark.parametrize(("reports", "clumps"), [(250, 1), (2500, 1), (1500, 3)])
def test_noise_is_not_called_hot_in_a_county_of_uneven_residents(reports, clumps):
    """One in twenty maps of pure chance may have any false discovery; clumps of three voices on one matter are chance too."""
    rng = np.random.default_rng(7)
    falsely = 0
    for _ in range(80):
        people = county(rng)
        share = (people / people.sum()).ravel()
        sizes = 1 + rng.poisson(clumps - 1, reports // clumps) if clumps > 1 else np.ones(reports, int)
        counts = np.zeros(people.size, int)
        np.add.at(counts, rng.choice(people.size, len(sizes), p=share), sizes)
        found = excess(counts.reshape(people.shape), people, 1.5)
        falsely += bool((false_discoveries(found.both) <= 0.05).any())
    assert falsely <= 80 * 0.05 + 2.33 * np.sqrt(80 * 0.05 * 0.95)


def test_the_plain_normal_distribution_would_have_called_noise_hot():
    """Why it is counted: the same counties by z and the normal distribution."""
    rng = np.random.default_rng(7)
    falsely = 0
    for _ in range(20):
        people = county(rng)
        share = (people / people.sum()).ravel()
        found = excess(rng.multinomial(250, share).reshape(people.shape), people, 1.5)
        falsely += bool((false_discoveries(2 * stats.norm.sf(np.abs(found.z))) <= 0.05).any())
    assert falsely >= 10


def test_planted_spots_are_found_and_little_else():
    rng = np.random.default_rng(3)
    hit, called, off = 0, 0, 0
    for _ in range(20):
        people = county(rng)
        counts = rng.multinomial(600, (people / people.sum()).ravel()).reshape(people.shape)
        lived = np.argwhere((people > 20) & (people < 200))
        spots = lived[rng.choice(len(lived), 6, replace=False)]
        for row, column in spots:
            counts[row, column] += 12
        hot = (false_discoveries((found := excess(counts, people, 1.5)).both) <= 0.05) & (
            found.observed > found.expected
        )
        hit += sum(bool(hot[row, column]) for row, column in spots)
        at = np.argwhere(hot)
        called += len(at)
        off += int((np.abs(at[:, None] - spots[None]).max(axis=2).min(axis=1) > 1).sum())
    assert hit >= 0.95 * 120
    assert off <= 0.06 * called


def test_many_hot_spots_do_not_hide_each_other():
    """The variance is read from the common run of blocks, not from the hot ones."""
    rng = np.random.default_rng(5)
    people = np.full((60, 60), 100.0)
    counts = rng.poisson(0.2, (60, 60))
    plain = clumping(counts, np.full((60, 60), counts.mean()), 3)
    counts[::12, ::12] += 25
    assert clumping(counts, np.full((60, 60), counts.mean()), 3) < 2.0 * plain
    found = excess(counts, people, 1.5)
    assert (false_discoveries(found.both)[::12, ::12] <= 0.05).all()
    assert 1.0 <= plain < 1.5


@pytest.mark.parametrize(
    ("counts", "residents", "radius"),
    [
        ([1, 2], [1, 2], 1),
        ([[1, 2]], [[1]], 1),
        ([[1.5]], [[1]], 1),
        ([[-1]], [[1]], 1),
        ([[1]], [[-1]], 1),
        ([[1]], [[np.nan]], 1),
        ([[1]], [[1]], -1),
    ],
)
def test_what_cannot_be_meant_is_refused(counts, residents, radius):
    with pytest.raises(ValueError):
        excess(counts, residents, radius)


def test_nobody_and_nothing():
    assert np.isnan(excess([[3, 0]], [[0, 0]], 1).z).all()
    empty = excess([[0, 0]], [[5, 5]], 1)
    assert empty.z.tolist() == [[0.0, 0.0]] and empty.both.tolist() == [[1.0, 1.0]]
    alone = excess([[4]], [[5]], 1)
    assert alone.both.tolist() == [[1.0]]
