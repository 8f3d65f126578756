"""The earliest meeting, against a slow oracle that tries every minute."""

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from detectors.kinematics import geodesy
from pipelines.patrol.intercept import MINUTE_US, earliest
from pipelines.patrol.motions import motions
from pipelines.patrol.predict import predict
from pipelines.patrol.prediction import PredictionParameters
from tests.pipelines.patrol.conftest import T0, TEN_EXAMPLES, tracked

P = PredictionParameters()
US = int(T0.value // 1000)
HOUR = 3_600_000_000
MILLIMETRE = 1e-3
"""Of a place that is put on the water twice the two may differ by less, and be one."""


def every_minute(sea, start, start_us, speed_kn, guess, latest_us, east_of):
    """The first minute at which the exact way takes no longer than there is."""
    for time_us in range(start_us, latest_us + 1, MINUTE_US):
        lat, lon, _ = sea.snap(*guess.at(0, np.array([time_us])))
        reach_m = (time_us - start_us) / 1e6 * speed_kn * geodesy.KNOT_MPS + MILLIMETRE
        if lon[0] < east_of or geodesy.distance_m(*start, lat[0], lon[0]) > reach_m:
            continue  # it may not be there, or no way is shorter
        route = sea.route(*start, lat[0], lon[0])
        if route and route.distance_m <= reach_m:
            return time_us
    return None


@pytest.mark.slow
@TEN_EXAMPLES
@given(
    st.tuples(st.floats(2.05, 3.95), st.floats(100.05, 101.75)),
    st.tuples(st.floats(2.05, 3.95), st.floats(100.05, 101.75)),
    st.floats(0, 25),
    st.floats(0, 359),
    st.sampled_from([12.0, 16.0, 20.0, 30.0]),
    st.sampled_from([0.0, 100.6, 101.2]),
)
@example(
    (3.1, 101.57386428150197),
    (3.01095558409249, 100.90951031407597),
    8.313932057226545,
    357.0680203098768,
    16.0,
    0.0,
)
@example((2.3, 100.8), (2.3, 101.05), 25.0, 0.0, 30.0, 0.0)  # behind a wall, bound for its gap
@example(  # where the unit lies itself: who is faster is met at once, or never
    (3.757331292527143, 100.5298928584289),
    (3.757331292527143, 100.5298928584289),
    23.65758671930051,
    135.0,
    20.0,
    0.0,
)
def test_as_early_as_the_oracle(sea, base, vessel, speed_kn, course, unit_kn, east_of):
    (lat, vessel_lat), (lon, vessel_lon), moved = sea.snap(
        [base[0], vessel[0]], [base[1], vessel[1]]
    )
    assume(np.isfinite(moved).all())
    motion = motions(tracked((1, vessel_lat, vessel_lon, speed_kn, course)), P)
    guess = predict(motion, US, US + 8 * HOUR, P, None, sea)
    start = (float(lat), float(lon))
    times = US, US + 8 * HOUR
    found = earliest(sea, start, US, unit_kn, guess, 0, *times, lambda _, lon: lon >= east_of)
    oracle = every_minute(sea, start, US, unit_kn, guess, US + 8 * HOUR, east_of)
    assert (found is None) == (oracle is None)
    if found:
        assert found.lon >= east_of
        # Ways round land are pulled taut a little differently from minute to minute.
        assert found.time_us - oracle <= max(3 * MINUTE_US, 0.03 * (oracle - US))
        assert found.time_us >= oracle - MINUTE_US
        took_us = found.route.distance_m / (unit_kn * geodesy.KNOT_MPS) * 1e6
        assert took_us <= found.time_us - US + 1e3
        expected = sea.snap(*guess.at(0, np.array([found.time_us])))
        assert (found.lat, found.lon) == pytest.approx((expected[0][0], expected[1][0]))


def test_head_on_and_chase_by_arithmetic(sea):
    motion = motions(tracked((1, 2.2, 101.5, 12.0, 270.0)), P)
    guess = predict(motion, US, US + 4 * HOUR, P)
    lon = 101.5 - 45 / 60 / np.cos(np.radians(2.2))  # 45 nm to the west: 1.5 h at 12 + 18 kn
    wide = type(sea)([], (100.0, 2.0, 102.0, 4.0))
    head_on = earliest(wide, (2.2, lon), US, 18.0, guess, 0, US, US + 4 * HOUR)
    assert (head_on.time_us - US) / HOUR == pytest.approx(1.5, abs=2 / 60)
    behind = earliest(wide, (2.2, 101.5 + 6 / 60), US, 18.0, guess, 0, US, US + 4 * HOUR)
    assert (behind.time_us - US) / HOUR == pytest.approx(1.0, abs=2 / 60)


def test_never_before_it_is_allowed_nor_after_it_is_late(sea):
    motion = motions(tracked((1, 2.2, 101.5, 0.0, 0.0)), P)
    guess = predict(motion, US, US + 4 * HOUR, P)
    at = earliest(sea, (2.2, 101.4), US, 18.0, guess, 0, US + 2 * HOUR, US + 4 * HOUR)
    assert at.time_us == US + 2 * HOUR
    assert earliest(sea, (2.2, 101.1), US, 18.0, guess, 0, US, US + HOUR // 6) is None
