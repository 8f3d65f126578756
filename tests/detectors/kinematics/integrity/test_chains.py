"""The chain of most worth, against an exhaustive search."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.kinematics.integrity.chains import HEADS, best_chain, step_cost
from detectors.kinematics.integrity.rows import apart
from tests.detectors.kinematics.integrity.slow import steps_m

S = 1_000_000


def each(n):
    """Every report is a run by itself."""
    return np.array([np.arange(n), np.zeros(n), np.zeros(n), np.ones(n), np.full(n, -1)], float)


def slow(time_us, lat, lon, sog, usual):
    """Worth of the best chain, each report tried behind every one before it."""
    worth = []
    for row in range(len(time_us)):
        best = 1.0
        for head in range(row):
            passed_s = (time_us[row] - time_us[head]) / S
            if passed_s > 0:
                far_m = apart(lat[head], lon[head], lat[row], lon[row])
                cost = step_cost(far_m, passed_s, sog[head], sog[row], usual)
                best = max(best, worth[head] + 1 - cost)
        worth.append(best)
    return max(worth, default=0.0)


def worth_of(chain, time_us, lat, lon, sog, usual):
    rows = np.flatnonzero(chain)
    worth = float(len(rows))
    for a, b in itertools.pairwise(rows):
        passed_s = (time_us[b] - time_us[a]) / S
        worth -= step_cost(apart(lat[a], lon[a], lat[b], lon[b]), passed_s, sog[a], sog[b], usual)
    return worth


reports = st.lists(
    st.tuples(st.integers(1, 900), st.integers(0, 3), st.sampled_from([0.0, 12.0, np.nan])),
    min_size=1,
    max_size=40,
)


@pytest.mark.slow
@settings(deadline=None)
@given(reports)
def test_the_chain_is_worth_as_much_as_any_where_few_hulls_report(made):
    """Each report is of one of four places, miles from one another, or on the way between."""
    passed, place, sog = (np.array(column) for column in zip(*made, strict=True))
    time_us = np.cumsum(passed).astype("int64") * S
    lat, lon = 3.0 + 0.2 * place, np.full(len(place), 100.0)
    chain = np.zeros(len(place), bool)
    length = best_chain(
        time_us,
        lat,
        lon,
        sog,
        steps_m(lat, lon),
        np.ones(len(place), bool),
        each(len(place)),
        10.0,
        chain,
    )
    assert length == chain.sum()
    got = worth_of(chain, time_us, lat, lon, sog, 10.0)
    assert got == slow(time_us, lat, lon, sog, 10.0)


def test_reports_that_are_not_free_are_passed_over():
    time_us, place = np.arange(10) * 60 * S, np.full(10, 3.0)
    free = np.arange(10) % 2 == 0
    chain = np.zeros(10, bool)
    steps = steps_m(place, place)
    assert best_chain(time_us, place, place, np.zeros(10), steps, free, each(10), 10.0, chain) == 5
    assert (chain == free).all()


def test_random_places_cost_no_more_than_the_heads():
    rng = np.random.default_rng(1)
    n = 50_000
    time_us = np.arange(n) * 10 * S
    chain = np.zeros(n, bool)
    lat, lon = rng.uniform(-1, 8, n), rng.uniform(95, 105, n)
    assert (
        best_chain(
            time_us,
            lat,
            lon,
            np.zeros(n),
            steps_m(lat, lon),
            np.ones(n, bool),
            each(n),
            10.0,
            chain,
        )
        < n / HEADS
    )
