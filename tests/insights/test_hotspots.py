"""Gi* against exact fractions, its permutations against every set of neighbours, and grids on which nothing can vary."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as some
from scipy.stats import hypergeom

from apps.insights.hotspots import gi_star
from tests.insights import reference_hotspots as reference

SHAPES = some.array_shapes(min_dims=2, max_dims=2, max_side=6)
RADII = st.one_of(st.sampled_from([0, 1, 2, 5, 100, np.inf, np.sqrt(2), np.sqrt(5), np.sqrt(13)]), st.floats(0, 9))


@st.composite
def grids(draw):
    shape = draw(SHAPES)
    numbers = draw(
        st.sampled_from(
            [
                (np.int64, st.integers(0, 5)),
                (np.int64, st.integers(-(2**40), 2**40)),
                (np.uint8, st.integers(0, 255)),
                (np.bool_, st.booleans()),
                (np.float64, st.floats(0, 10, width=32)),
                (np.float64, st.floats(1e6, 1e6 + 3)),
                (np.float64, st.floats(-1e300, 1e300)),
                (np.float32, st.floats(0, 1, width=32)),
            ]
        )
    )
    counts = draw(some.arrays(numbers[0], shape, elements=numbers[1]))
    mask = draw(st.one_of(st.just(np.zeros(shape, bool)), some.arrays(bool, shape)))
    return counts, mask


@settings(max_examples=1000, deadline=None)
@given(grids(), RADII)
def test_every_cell_as_exact_fractions_have_it(grid, radius):
    counts, mask = grid
    found = gi_star(counts, radius, mask)
    expected = reference.standardised(counts, mask, radius)
    z = np.full(counts.shape, np.nan)
    for cell, value in expected.items():
        z[cell] = value
    np.testing.assert_allclose(found.z, z, rtol=1e-13, atol=1e-12)
    np.testing.assert_allclose(found.p[~mask], [reference.one_sided(v) for v in found.z[~mask]], rtol=1e-9)
    two_sided = [min(1.0, 2.0 * p) for p in found.p[~mask]]
    np.testing.assert_allclose(found.q[~mask], reference.adjusted(two_sided), rtol=1e-12)
    assert np.isnan(found.p[mask]).all() and np.isnan(found.q[mask]).all()


def test_a_grid_by_hand():
    # Nine cells that sum to 9: mean 1, variance 8. In the corner's disc of three cells lie 9, 0, 0.
    counts = np.zeros((3, 3), int)
    counts[0, 0] = 9
    found = gi_star(counts, 1)
    assert found.z[0, 0] == pytest.approx((9 - 3) / np.sqrt(8 * 3 * 6 / 8))
    assert found.z[2, 2] == pytest.approx(-3 / np.sqrt(8 * 3 * 6 / 8))
    assert found.z[1, 1] == pytest.approx(-5 / np.sqrt(8 * 5 * 4 / 8))


@pytest.mark.parametrize(
    ("counts", "radius", "mask"),
    [
        (np.full((4, 5), 7), 2, None),
        (np.full((4, 5), 0.1), 2, None),
        (np.zeros((4, 5)), 2, None),
        ([[3]], 1, None),
        ([[3, 1], [4, 1]], 100, None),
        (np.arange(12).reshape(3, 4), np.inf, None),
        (np.arange(12).reshape(3, 4), 1, np.arange(12).reshape(3, 4) != 5),
    ],
)
@pytest.mark.parametrize("permutations", [0, 99])
def test_where_nothing_can_vary_nothing_stands_out(counts, radius, mask, permutations):
    found = gi_star(counts, radius, mask, permutations, seed=1)
    part = np.ones(np.shape(counts), bool) if mask is None else ~mask
    assert (found.z[part] == 0).all() and (found.p[part] == 0.5).all() and (found.q[part] == 1).all()


@pytest.mark.parametrize("permutations", [0, 9])
def test_all_masked_and_no_cells(permutations):
    masked = gi_star([[1.0, np.nan]], 1, [[True, True]], permutations)
    assert np.isnan([masked.z, masked.p, masked.q]).all()
    assert gi_star(np.empty((0, 3)), 1, None, permutations).z.shape == (0, 3)
    assert gi_star(np.empty((3, 0)), 1, None, permutations).z.shape == (3, 0)


def test_a_lone_cell_has_no_neighbours_to_draw():
    found = gi_star([[9, 1, 2, 1]], 0, permutations=99, seed=1)
    assert found.z[0, 0] > 1 and (found.p == 0.5).all() and (found.q == 1).all()


def test_what_is_masked_may_be_anything():
    counts = np.array([[1.0, 2.0, np.nan], [np.inf, 5.0, 3.0]])
    mask = ~np.isfinite(counts)
    found = gi_star(counts, 1, mask)
    assert (found.z[~mask] == gi_star(np.where(mask, -7.0, counts), 1, mask).z[~mask]).all()


def test_any_layout_of_the_same_counts_gives_the_same():
    counts = np.random.default_rng(3).poisson(2, (9, 14))
    expected = gi_star(counts, 3, permutations=19, seed=5)
    frozen = np.asfortranarray(counts.astype(float))
    frozen.flags.writeable = False
    for other in (counts.tolist(), frozen, counts.astype(np.float32), np.repeat(counts, 2, axis=1)[:, ::2]):
        found = gi_star(other, 3, permutations=19, seed=5)
        assert all((getattr(found, name) == getattr(expected, name)).all() for name in ("z", "p", "q"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([1, 2, 3], 1), "rows and columns"),
        (([[1j]], 1), "real numbers"),
        (([["a"]], 1), "real numbers"),
        (([[1.0, np.nan]], 1), "row 0, column 1"),
        (([[1.0]], -1), "radius"),
        (([[1.0]], np.nan), "radius"),
        (([[1.0]], 1, [[True, False]]), "mask"),
        (([[1.0]], 1, None, -1), "permutations"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        gi_star(*arguments)


# --- permutations --------------------------------------------------------------------------------------------------------

DRAWS = 40_000


def folded(reached, passed):
    """p and the two-sided p that so many draws should come to."""
    one = np.minimum(reached, 1 - reached)
    return one, np.minimum(1.0, 2.0 * np.minimum(reached, passed))


def assert_as_likely(found, chance, draws, factor=1.0):
    """Within five standard deviations of the draws, and of the one that is added."""
    noise = 5.0 * np.sqrt(np.clip(chance, 1 / draws, None) / draws) + 2.0 / draws
    assert (np.abs(found - chance) <= factor * noise).all(), (found, chance)


@pytest.mark.parametrize("radius", [1, 1.5, 2])
@pytest.mark.parametrize("kind", ["ties", "fractions", "masked"])
def test_permutations_as_every_set_of_neighbours_has_it(radius, kind):
    rng = np.random.default_rng([radius == 1, len(kind)])
    counts = rng.integers(0, 4, (3, 4)) if kind != "fractions" else rng.gamma(1.0, size=(3, 4))
    mask = rng.random((3, 4)) < (0.25 if kind == "masked" else 0)
    found = gi_star(counts, radius, mask, permutations=DRAWS, seed=11)
    exact = reference.tails(counts, mask, radius)
    discs = reference.discs(mask, radius)
    cells = [cell for cell, disc in discs.items() if 1 < len(disc) < len(discs)]
    assert cells
    one, both = folded(*np.array([exact[cell] for cell in cells]).T)
    assert_as_likely(np.array([found.p[cell] for cell in cells]), one, DRAWS)
    everywhere = np.array([both[cells.index(cell)] if cell in cells else 1.0 for cell in discs])
    assert_as_likely(found.q[~mask], reference.adjusted(list(everywhere)), DRAWS, factor=2.0 * len(discs))


def test_permutations_of_marked_cells_are_hypergeometric():
    rng = np.random.default_rng(8)
    counts = (rng.random((30, 41)) < 0.3).astype(int)
    counts[5:9, 5:9] = 1
    draws = 20_000
    found = gi_star(counts, 3, permutations=draws, seed=4)
    rows, columns = np.indices(counts.shape)
    discs = [(rows - r) ** 2 + (columns - c) ** 2 <= 9 for r, c in np.ndindex(counts.shape)]
    k = np.array([disc.sum() - 1 for disc in discs])
    own = counts.ravel()
    marked = np.array([counts[disc].sum() for disc in discs]) - own
    reached = hypergeom.sf(marked - 1, counts.size - 1, counts.sum() - own, k)
    one, _ = folded(reached, 1.0)
    assert_as_likely(found.p.ravel(), one, draws)
    assert found.q[6, 6] < 0.05 < np.median(found.q)


def test_many_ties_are_no_cold_spot():
    counts = np.zeros((20, 20), int)
    counts[3, 3] = counts[15, 9] = 1
    found = gi_star(counts, 1, permutations=199, seed=2)
    assert found.p[10, 15] == 1 / 200  # as esda folds it: no draw lies below 0
    assert found.q[10, 15] == 1.0


def test_the_seed_decides():
    counts = np.random.default_rng(1).poisson(4, (15, 15))
    first, again, other = (gi_star(counts, 2, permutations=99, seed=seed) for seed in (6, 6, 7))
    assert (first.p == again.p).all() and (first.p != other.p).any()


def test_draws_in_several_pieces_are_the_same_draws(monkeypatch):
    counts = np.random.default_rng(2).poisson(4, (15, 15))
    whole = gi_star(counts, 2, permutations=99, seed=6)
    monkeypatch.setattr("apps.insights.hotspots._DRAWS_AT_ONCE", 130)
    assert (gi_star(counts, 2, permutations=99, seed=6).p == whole.p).all()
