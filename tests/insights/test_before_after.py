"""Before and after, held against places like it: against exact binomials, on simulated counties, and where there is too little to tell."""

import numpy as np
import pytest
from scipy import stats

from apps.insights.before_after import Usual, changed, elsewhere
from apps.insights.rates import changed as rates_changed


def test_by_hand_and_as_the_rates_have_it():
    # Ten before and thirty after, while elsewhere a third of the reports fell into the second period.
    found = changed(10, 30, Usual(1 / 3))
    assert found.ratio == pytest.approx(3 / (1 / 2))
    assert found.expected == pytest.approx(40 / 3)
    assert found.p == pytest.approx(2 * stats.binom.sf(29, 40, 1 / 3))
    assert found.p == pytest.approx(float(rates_changed(10, 30, 0.5)))
    assert found.low < found.ratio < found.high and found.low > 1


def test_a_likeness_makes_it_less_sure():
    plain, granted = changed(10, 30, Usual(0.5)), changed(10, 30, Usual(0.5, 1.0, 0.1))
    assert (
        granted.p > 10 * plain.p
        and granted.low < plain.low
        and granted.high > plain.high
        and granted.ratio == plain.ratio
    )


def test_forty_places_of_one_matter_stray_no_more_than_single_matters():
    strayed = Usual(0.5, 1.0, 0.1)
    assert changed(10, 30, strayed, beside=0.0).p == pytest.approx(changed(10, 30, Usual(0.5)).p)
    assert changed(10, 30, strayed, beside=20.0).p < changed(10, 30, strayed).p


def test_nothing_before_nothing_after_nothing_at_all():
    assert (
        changed(0, 12, Usual(0.5)).ratio == np.inf
        and changed(0, 12, Usual(0.5)).high == np.inf
        and changed(0, 12, Usual(0.5)).low > 2
    )
    assert changed(12, 0, Usual(0.5)).ratio == 0 and changed(12, 0, Usual(0.5)).low == 0
    assert np.isnan(changed(0, 0, Usual(0.5)).ratio) and changed(0, 0, Usual(0.5)).p == 1.0


@pytest.mark.parametrize("given", [(-1, 0, Usual(0.5)), (0, -1, Usual(0.5)), (1, 1, Usual(0.0)), (1, 1, Usual(1.0))])
def test_what_cannot_be_meant_is_refused(given):
    with pytest.raises(ValueError):
        changed(*given)


def test_places_are_matched_by_kind():
    # Dense places doubled, sparse ones stayed; here all reports lie in dense cells.
    before, after, kind = [50, 50, 40, 40], [100, 100, 40, 40], [1, 1, 0, 0]
    assert elsewhere(before, after, kind, [0, 30]).share == pytest.approx(2 / 3)
    assert elsewhere(before, after, kind, [10, 30]).share == pytest.approx((10 * 0.5 + 30 * 2 / 3) / 40)
    assert elsewhere([5, 5], [5, 5], [0, 0], [1]) is None  # too few elsewhere
    assert elsewhere([50], [0], [0], [1]) is None


@pytest.mark.parametrize("stray", [0.0, 0.08])
def test_places_where_nothing_happened_are_not_called(stray):
    """Other places stray from their common share as this one does; false alarms stay at one in twenty."""
    rng = np.random.default_rng(11)
    called = 0
    for _ in range(400):
        n = rng.integers(2, 40, 121)
        share = rng.beta(0.6 * (1 - stray) / stray, 0.4 * (1 - stray) / stray, 121) if stray else np.full(121, 0.6)
        after = rng.binomial(n, share)
        usual = elsewhere((n - after)[1:], after[1:], np.zeros(120, int), [1])
        called += changed(30 - (here := int(rng.binomial(30, share[0]))), here, usual).p <= 0.05
    assert called <= 400 * 0.05 + 2.33 * np.sqrt(400 * 0.05 * 0.95)


def test_what_has_doubled_is_seen():
    rng = np.random.default_rng(12)
    seen = 0
    for _ in range(100):
        n = rng.integers(2, 40, 120)
        after = rng.binomial(n, 0.5)
        usual = elsewhere(n - after, after, np.zeros(120, int), [1])
        seen += changed(int(rng.poisson(30)), int(rng.poisson(75)), usual).p <= 0.05
    assert seen >= 90
