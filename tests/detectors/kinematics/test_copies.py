"""Copies: offsets and lags recovered from tracks made from one, and none from two ships."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from detectors.kinematics import copies, geodesy
from detectors.kinematics.copies import Lag, Offset, Track

LIMITS = {"max_spread_m": 300.0, "min_moved_m": 2000.0, "min_duration_s": 900.0, "min_reports": 5}
HOURS = 4


def sailed(time_s, speed_kn=12.0, bend=1.0, lat0=3.0):
    """Positions of a ship that winds its way east."""
    x_m = speed_kn * geodesy.KNOT_MPS * time_s
    lat = lat0 + bend * 0.03 * np.sin(time_s / 3000.0)
    return lat, 99.0 + x_m / 111_195.0


def track(time_s, lat, lon, rng) -> Track:
    """With 5 m of noise, in the digits of AIS."""
    lat, lon = (v + rng.normal(0, 5 / 111_195, len(v)) for v in (lat, lon))
    lat, lon = (np.round(v * copies.UNIT_PER_DEG) / copies.UNIT_PER_DEG for v in (lat, lon))
    return Track((time_s * 1e6).astype("int64"), lat, lon)


def heard(rng, every_s: float, begin_s: float = 0.0, end_s: float = HOURS * 3600.0):
    """Times of reports, a tenth of which is lost."""
    time_s = np.arange(begin_s, end_s, every_s) + rng.uniform(0, every_s / 3)
    return time_s[rng.uniform(size=len(time_s)) > 0.1]


rates = st.sampled_from([10.0, 60.0, 180.0, 600.0])


@settings(max_examples=30, deadline=None)
@given(
    rates=st.tuples(rates, rates),
    away_m=st.floats(600, 20_000),
    bearing_deg=st.floats(0, 360),
    seed=st.integers(0, 99),
)
def test_an_offset_is_recovered(rates, away_m, bearing_deg, seed):
    rng = np.random.default_rng(seed)
    time_s, own_s = heard(rng, rates[0]), heard(rng, rates[1])
    lat, lon = geodesy.destination(*sailed(own_s), bearing_deg, away_m)
    found = copies.judge(track(time_s, *sailed(time_s), rng), track(own_s, lat, lon, rng), **LIMITS)
    assert isinstance(found, Offset)
    assert found.distance_m == pytest.approx(away_m, abs=60)
    assert abs(geodesy.wrap_lon(found.bearing_deg - bearing_deg)) <= 6


@settings(max_examples=30, deadline=None)
@given(
    rates=st.tuples(rates, rates),
    lag_s=st.one_of(st.floats(300, 1790), st.floats(-1790, -300), st.floats(3570, 3630)),
    seed=st.integers(0, 99),
)
def test_a_clock_that_is_wrong_is_recovered(rates, lag_s, seed):
    rng = np.random.default_rng(seed)
    time_s, own_s = heard(rng, rates[0]), heard(rng, rates[1])
    assume(np.diff(time_s).max() <= copies.ALIVE_S)  # of an hour's lag too little is left else
    copy = track(own_s, *sailed(own_s - lag_s), rng)
    found = copies.judge(track(time_s, *sailed(time_s), rng), copy, **LIMITS)
    assert isinstance(found, Lag)
    assert found.lag_s == pytest.approx(lag_s, abs=15)
    assert found.like_a_clock


def test_the_same_digits_tell_a_lag_even_on_a_straight_course():
    rng = np.random.default_rng(1)
    time_s = heard(rng, 60.0)
    true = track(time_s, *sailed(time_s, bend=0.0), rng)
    late = Track(true.time_us + 2_400_000_000, true.lat, true.lon)
    found = copies.judge(true, late, **LIMITS)
    assert isinstance(found, Lag)
    assert found.exact_fraction > 0.9
    again = track(time_s, *sailed(time_s - 2400.0, bend=0.0), rng)
    assert isinstance(copies.judge(true, again, **LIMITS), Offset), "noise differs: who can tell"


@pytest.mark.parametrize("speed_kn", [9.0, 11.0, 13.0, 16.0])
@pytest.mark.parametrize("lat0", [3.0, 3.02, 4.0])
def test_another_ship_is_no_copy(speed_kn, lat0):
    rng = np.random.default_rng(2)
    time_s, own_s = heard(rng, 60.0), heard(rng, 60.0)
    lat, lon = sailed(own_s, speed_kn, lat0=lat0)
    found = copies.judge(
        track(time_s, *sailed(time_s), rng), track(own_s, lat, lon - 0.2, rng), **LIMITS
    )
    assert found is None


def test_a_lag_of_no_clock_is_no_lag():
    rng = np.random.default_rng(3)
    time_s = heard(rng, 60.0)
    behind = track(time_s, *sailed(time_s - 5000.0), rng)
    assert copies.judge(track(time_s, *sailed(time_s), rng), behind, **LIMITS) is None


def test_steps_along_the_course_are_a_clocks():
    to_and_fro = np.array([1.0, -1.0] * 10)
    lag_s, speed_mps = 600.0, 6.0

    def steps(course_deg: float, turn_deg: float) -> copies.Steps:
        way = np.radians(course_deg + turn_deg)
        east_m, north_m = (f(way) * to_and_fro * lag_s * speed_mps for f in (np.sin, np.cos))
        same = np.full(20, course_deg)
        return copies.Steps(east_m, north_m, np.zeros(20), np.full(20, speed_mps), same)

    assert copies.one_clock(copies.clock_lags_s(steps(70.0, 0.0)))
    assert copies.one_clock(copies.clock_lags_s(steps(70.0, 5.0)))
    assert not copies.one_clock(copies.clock_lags_s(steps(70.0, 30.0)))
    assert not copies.one_clock(np.linspace(-900, 900, 20)), "two ships at different speeds"
    assert not copies.one_clock(np.full(20, np.nan))


def test_lags_of_single_reports_are_the_same_in_blocks_and_by_the_second(monkeypatch):
    rng = np.random.default_rng(3)
    time_s = heard(rng, 20.0)
    way = track(time_s, *sailed(time_s), rng)
    late_s = np.where(rng.uniform(size=len(time_s)) < 0.3, 300.0, 0.0)
    copy = track(time_s, *sailed(time_s - late_s), rng)
    whole = copies.strays_s(way, copy)
    assert np.nanmedian(whole[late_s > 0]) == pytest.approx(300.0, abs=5)
    monkeypatch.setattr(copies, "LEGS", 1000)
    monkeypatch.setattr(copies, "DENSE", 100)
    assert np.array_equal(copies.strays_s(way, copy), whole, equal_nan=True)


def test_a_number_that_sends_without_pause_costs_no_square_of_it():
    """Ten thousand reports in twenty minutes, held against as many: 100 million legs."""
    rng = np.random.default_rng(3)
    time_s = np.sort(rng.uniform(0, 1200, 10_000))
    way, copy = (track(time_s, *sailed(time_s, lat0=lat0), rng) for lat0 in (3.0, 3.5))
    tracemalloc.start()
    assert np.isnan(copies.strays_s(way, copy)).all()
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert held < 500e6
