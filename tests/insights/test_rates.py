"""How sure rates are: against the printed tables, against scipy's own test, and by counting how often they are right."""

import numpy as np
import pytest
from scipy import stats

from apps.insights.rates import changed, clumping, false_discoveries, interval, ratio


def test_interval_is_the_one_in_the_tables():
    """Garwood 1936, as every epidemiology handbook prints it: 0, 1, 5, 10, 100 events."""
    low, high = interval([0, 1, 5, 10, 100], 1000)
    assert low == pytest.approx([0, 0.0253, 1.6235, 4.7954, 81.3640], abs=1e-4)
    assert high == pytest.approx([3.6889, 5.5716, 11.6683, 18.3904, 121.6264], abs=3e-3)


def test_interval_holds_the_true_rate_as_often_as_it_says():
    """Exactly, by summing over every count that can be: at least 95 %, for 20,000 residents and rates from rare to frequent."""
    counts = np.arange(400)
    low, high = interval(counts, 20_000)
    for rate in (0.02, 0.1, 0.31, 1.0, 4.7):
        chance = stats.poisson.pmf(counts, rate * 20)
        assert chance[(low <= rate) & (rate <= high)].sum() >= 0.95


def test_rates_are_per_thousand_and_unknown_without_residents():
    low, high = interval([7, 7, 7], [20_000, 0, np.nan])
    assert low[0] < 7 / 20 < high[0]
    assert np.isnan(low[1:]).all() and np.isnan(high[1:]).all()


def test_change_is_scipys_when_both_periods_are_alike():
    """With shares of a half the two-sided test of scipy is twice the smaller tail as well."""
    pairs = [(0, 5), (3, 3), (10, 25), (40, 22), (1, 0)]
    for before, now in pairs:
        assert changed(before, now) == pytest.approx(stats.binomtest(now, before + now, 0.5).pvalue)


def test_nothing_counted_is_no_change_and_a_longer_period_excuses_more():
    assert changed(0, 0) == 1
    assert changed(10, 40) < 1e-4 < 0.9 < changed(10, 40, 4.0)


def test_false_alarms_are_as_rare_as_they_should_be():
    """Rates that stay the same are called changed no more often than 5 %: summed over all pairs of counts."""
    for mean, longer in ((0.5, 1.0), (4.0, 1.0), (20.0, 2.5)):
        counts = np.arange(200)
        chance = stats.poisson.pmf(counts, mean)[:, None] * stats.poisson.pmf(counts, mean * longer)
        assert chance[changed(counts[:, None], counts[None, :], longer) < 0.05].sum() <= 0.05


def test_ratio_and_test_say_the_same():
    before, now = np.meshgrid(np.arange(30), np.arange(30))
    middle, low, high = ratio(before, now, 1.5)
    certain = changed(before, now, 1.5) < 0.05
    assert (certain == ((low > 1) | (high < 1))).all()
    assert np.isnan(middle[0, 0]) and np.isinf(middle[5, 0]) and middle[0, 5] == 0
    assert (low[1:, 1:] <= middle[1:, 1:]).all() and (middle[1:, 1:] <= high[1:, 1:]).all()


def bursts(random: np.random.Generator, places: int, steps: int, incidents: float, calls: float) -> np.ndarray:
    """Incidents that come singly, each told by as many people as a geometric die says."""
    number = random.poisson(incidents, (places, steps))
    return number + random.negative_binomial(np.maximum(number, 1), 1 / calls) * (number > 0)


def test_clumps_are_measured():
    """Calls per incident are geometric with mean 3: variance over mean is 5. Single calls: 1. A steady rise is no clump."""
    random = np.random.default_rng(4)
    assert clumping(bursts(random, 300, 52, 2.0, 3.0)) == pytest.approx(5.0, rel=0.1)
    assert clumping(random.poisson(4.0, (300, 52))) == pytest.approx(1.0, abs=0.03)
    assert clumping(random.poisson(np.linspace(2, 40, 52), (300, 52))) == pytest.approx(1.0, abs=0.03)
    assert clumping(random.poisson(0.05, (400, 26))) == pytest.approx(1.0, abs=0.1)  # hamlets
    assert (
        clumping([[30, 0, 0]]) == 1.0 == clumping([[900]]) == clumping(np.zeros((0, 9)), np.zeros((3, 0)))
    )  # too little to tell
    assert clumping([[30, 0]], [[0, 30]]) == 30.0  # (30² + 30²) / 2 over 15 + 15


def test_bursts_are_no_change():
    """Two periods of the same incidents: told by several each, they would be called changed far too often; allowed for, they are not."""
    random = np.random.default_rng(5)
    weeks = bursts(random, 4000, 8, 3.0, 3.0)
    before, now = weeks[:, :4].sum(axis=1), weeks[:, 4:].sum(axis=1)
    assert (changed(before, now) < 0.05).mean() > 0.3
    assert (changed(before, now, dispersion=clumping(weeks)) < 0.05).mean() < 0.055
    low, high = interval(now, 1000, dispersion=clumping(weeks))
    assert ((low <= 36) & (high >= 36)).mean() > 0.93  # 4 weeks of 3 incidents, 3 calls each


def test_dispersion_of_one_is_the_plain_test():
    pairs = np.array([(0, 5), (3, 3), (10, 25), (40, 22), (1, 0), (0, 0)])
    exact = [min(1.0, 2 * min(stats.binom.cdf(b, a + b, 0.6), stats.binom.sf(b - 1, a + b, 0.6))) for a, b in pairs]
    assert changed(pairs[:, 0], pairs[:, 1], 1.5) == pytest.approx(exact)
    assert np.isnan(changed(3, 4, np.nan))


def test_false_discoveries_by_hand():
    """Benjamini and Hochberg: p times n over its rank, no smaller than for the next larger p."""
    q = false_discoveries([0.01, 0.04, np.nan, 0.03, 0.5])
    assert q[[0, 1, 3, 4]] == pytest.approx([0.04, 0.16 / 3, 0.16 / 3, 0.5]) and np.isnan(q[2])
    assert len(false_discoveries([])) == 0


@pytest.mark.parametrize(
    ("ask", "wrong"), [(interval, (-1, 10)), (changed, (-1, 3)), (changed, (1, 2, 0)), (ratio, (1, -2))]
)
def test_what_cannot_be_counted_is_refused(ask, wrong):
    with pytest.raises(ValueError, match="must"):
        ask(*wrong)


def test_confidence_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="sure"):
        interval(1, 1, sure=1.0)
    with pytest.raises(ValueError, match="dispersion"):
        changed(1, 1, dispersion=0.5)
