"""Ratios of small counts: exact, honest, and silent where nothing can be said."""

import subprocess
import sys
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pipelines.assess.operations.rates import FEW, displacement, mean_ratio, rate_ratio

counts = st.integers(0, 60)


def test_who_compares_no_rates_waits_for_no_statistics():
    """A desk starts a second sooner."""
    program = "import sys, pipelines.assess.operations.report; print('scipy.stats' in sys.modules)"
    command = [sys.executable, "-c", program]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "False\n"


exposures = st.floats(1.0, 1e5)


@given(counts, exposures, counts, exposures)
def test_the_interval_holds_the_ratio_and_turns_over(later, e1, earlier, e0):
    found = rate_ratio(later, e1, earlier, e0)
    if later + earlier < FEW:
        assert found.verdict == "too few to tell"
        return
    assert found.low <= found.ratio <= found.high
    turned = rate_ratio(earlier, e0, later, e1)
    if later and earlier:
        assert turned.ratio == pytest.approx(1 / found.ratio)
        assert turned.low == pytest.approx(1 / found.high)
        assert turned.high == pytest.approx(1 / found.low)


@pytest.mark.parametrize(("later", "earlier"), [(0, 9), (3, 17), (12, 5), (8, 8)])
def test_the_ends_are_where_the_exact_test_turns(later, earlier):
    """Slow oracle: at each end of the interval the one-sided binomial probability is 2.5 %."""
    found = rate_ratio(later, 300.0, earlier, 200.0)
    total = later + earlier
    for ratio, tail in ((found.low, "sf"), (found.high, "cdf")):
        if ratio in (0.0, float("inf")):
            continue
        p = ratio * 300 / (ratio * 300 + 200)
        chance = (
            stats.binom.sf(later - 1, total, p)
            if tail == "sf"
            else stats.binom.cdf(later, total, p)
        )
        assert chance == pytest.approx(0.025, abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rate", "truth"),
    [
        (6.0, 0.4),
        *(pytest.param(*one, marks=pytest.mark.prove) for one in ((3.0, 1.0), (10.0, 2.0))),
    ],
)
def test_the_interval_holds_the_truth_as_often_as_it_says(rate, truth):
    random = np.random.default_rng(4)
    earlier, later = random.poisson(rate, 1500), random.poisson(rate * truth, 1500)
    held = asked = 0
    ratio = cache(lambda a, b: rate_ratio(a, 1.0, b, 1.0))  # most counts come again
    for a, b in zip(later.tolist(), earlier.tolist(), strict=True):
        found = ratio(a, b)
        if found.verdict != "too few to tell":
            asked += 1
            held += found.low <= truth <= found.high
    assert asked > 500
    assert held / asked >= 0.94


def test_days_too_few_or_enough():
    days = np.array([10.0, 12, 11, 9, 10, 12])
    assert mean_ratio(days[:3], days).verdict == "too few to tell"
    assert mean_ratio(days / 2, days).verdict == "fewer"
    assert mean_ratio(days, days).verdict == "no clear change"
    assert mean_ratio(days, days * 0).verdict == "too few to tell"


def test_displacement():
    assert displacement((40, 20), (20, 40), (100, 100)) == pytest.approx(-1.0)
    assert displacement((40, 20), (20, 20), (100, 100)) == pytest.approx(0.0)
    assert displacement((40, 20), (20, 10), (100, 100)) == pytest.approx(0.5)
    assert np.isnan(displacement((9, 2), (20, 40), (100, 100)))
    assert np.isnan(displacement((40, 50), (20, 40), (100, 100)))
