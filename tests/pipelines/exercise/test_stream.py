"""The tide turns, and carries whatever drifts and swings."""

import numpy as np
import pytest

from detectors.kinematics import geodesy
from pipelines.exercise.motion import AT_ANCHOR, UNDER_WAY, carried
from pipelines.exercise.stream import PERIOD_S, Stream

HERE = 2.2, 101.9
T0 = 1_767_628_800.0


def streams():
    return [Stream.draw(np.random.default_rng(seed), T0) for seed in range(8)]


@pytest.mark.parametrize("stream", streams())
def test_it_runs_the_other_way_after_half_a_tide_and_back_after_a_whole_one(stream):
    t = T0 + np.linspace(0, 86_400, 97)
    now = stream.at(*HERE, t)
    np.testing.assert_allclose(stream.at(*HERE, t + PERIOD_S / 2), -now, atol=1e-9)
    np.testing.assert_allclose(stream.at(*HERE, t + PERIOD_S), now, atol=1e-9)
    assert 0.4 < np.abs(now).max() / geodesy.KNOT_MPS < 2.4
    assert np.abs(now).min() > 0.02  # it rotates, it never stops


@pytest.mark.parametrize("stream", streams())
def test_what_it_has_carried_is_its_velocity_summed_up(stream):
    t = T0 + np.arange(0.0, 40_000.0, 10.0)
    moved = stream.carried(*HERE, t)
    velocity = stream.at(*HERE, t)
    summed = np.r_[0, np.cumsum((velocity[1:] + velocity[:-1]) / 2 * np.diff(t))]
    np.testing.assert_allclose(moved, summed, atol=1.0)


def test_two_that_drift_together_stay_together_but_for_the_wind():
    rng, stream = np.random.default_rng(1), streams()[0]
    one, other = (
        carried(stream, place, T0, 20_000.0, rng, "drift", UNDER_WAY, drift_kn=0.0)
        for place in (HERE, (HERE[0] + 0.002, HERE[1]))
    )
    apart_m = geodesy.distance_m(one.lat, one.lon, other.lat, other.lon)
    assert np.ptp(apart_m) < 5
    assert geodesy.distance_m(*HERE, one.lat, one.lon).max() > 3000
    assert (one.t[0], one.place(0.0)) == (0.0, pytest.approx(HERE))


@pytest.mark.parametrize("stream", streams())
def test_what_lies_at_anchor_keeps_its_ground_and_goes_round_with_the_stream(stream):
    path = carried(stream, HERE, T0, 90_000.0, np.random.default_rng(2), "anchor", AT_ANCHOR)
    assert geodesy.distance_m(*HERE, path.lat, path.lon).max() < 301
    half = int(PERIOD_S / 2 / 120)
    swung_m = geodesy.distance_m(
        path.lat[:-half], path.lon[:-half], path.lat[half:], path.lon[half:]
    )
    assert np.median(swung_m) > 100
    step_m = geodesy.distance_m(path.lat[:-1], path.lon[:-1], path.lat[1:], path.lon[1:])
    assert geodesy.speed_kn(step_m, np.diff(path.t)).max() < 0.8
