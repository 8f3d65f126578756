"""Legs and stays, joined."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.kinematics import geodesy
from pipelines.exercise.geography import AXIS, lane, line
from pipelines.exercise.motion import AT_ANCHOR, UNDER_WAY, alongside, join, sail, speed_kn, stay


def dice() -> np.random.Generator:
    return np.random.default_rng(7)


@given(
    st.floats(2, 25),
    st.booleans(),
    st.booleans(),
    st.lists(st.tuples(st.floats(1, 6), st.floats(95, 105)), min_size=2, max_size=5, unique=True),
)
def test_a_leg_begins_and_ends_on_its_line_at_about_its_speed(speed, ease_in, ease_out, places):
    way = line(*places)
    if way.length_m < 5000:
        return
    path = sail(way, speed, dice(), ease_in=ease_in, ease_out=ease_out)
    assert np.all(np.diff(path.t) > 0)
    assert (path.lat[0], path.lon[0]) == pytest.approx(places[0], abs=1e-9)
    assert path.end_place == pytest.approx(places[-1], abs=1e-9)
    assert np.quantile(speed_kn(path), 0.5) <= speed * 1.06
    # Off the line by no more than the helm wanders, and what a chord cuts off.
    off = [way.nearest_m(*path.place(t))[1] for t in path.t[:: max(len(path.t) // 20, 1)]]
    assert max(off) < 700


@given(st.floats(60, 40_000), st.floats(0.1, 1.5))
def test_drifting_begins_at_the_place_and_stays_slow(duration, drift):
    path = stay((3.0, 100.0), duration, dice(), mode="drift", status=UNDER_WAY, drift_kn=drift)
    assert path.place(0.0) == pytest.approx((3.0, 100.0), abs=1e-9)
    assert path.duration_s == pytest.approx(duration)
    assert speed_kn(path).max() <= drift + 1e-6


def test_an_anchored_ship_swings_slowly_about_one_point():
    path = stay((3.0, 100.0), 86_400, dice(), mode="anchor", status=AT_ANCHOR)
    assert path.place(0.0) == pytest.approx((3.0, 100.0), abs=1e-9)
    assert speed_kn(path).max() < 0.3
    assert geodesy.distance_m(3.0, 100.0, path.lat, path.lon).max() < 310


def test_joined_parts_follow_one_another_and_keep_their_status():
    first = sail(line((3, 100), (3, 100.2)), 10, dice())
    rest = stay(first.end_place, 3600, dice(), mode="anchor", status=AT_ANCHOR)
    path = join(first, rest).shifted(1000)
    assert path.t[0] == 1000
    assert path.duration_s == pytest.approx(first.duration_s + 3600)
    turn = 1000 + first.duration_s
    np.testing.assert_array_equal(path.status_at(np.array([turn - 1, turn + 1])), [0, 1])
    cut = path.within(turn - 100, turn + 100)
    assert (cut.t[0], cut.t[-1]) == (turn - 100, turn + 100)
    assert cut.place(turn) == pytest.approx(path.place(turn))
    assert len(path.within(0, 500).t) == 0


def test_a_ship_alongside_keeps_its_distance():
    host = stay((3.0, 100.0), 7200, dice(), mode="drift", status=UNDER_WAY)
    beside = alongside(host, 600, 5000, 60.0, 30.0, UNDER_WAY)
    t = np.linspace(600, 5000, 500)
    apart_m = geodesy.distance_m(*host.at(t), *beside.at(t))
    np.testing.assert_allclose(apart_m, 60.0, atol=0.5)


@pytest.mark.parametrize("across", [-1.0, 0.0, 1.0])
def test_lane_directions_keep_to_starboard_and_apart(across):
    east, west = lane("east", across), lane("west", across)
    west_lat, west_lon = west.lat[::-1], west.lon[::-1]
    apart_nm = geodesy.distance_m(east.lat, east.lon, west_lat, west_lon) / geodesy.METRES_PER_NM
    axis = np.asarray(AXIS)
    np.testing.assert_allclose(apart_nm, 2 * (axis[:, 2] + across * axis[:, 3]), rtol=1e-3)
    # Going south-east, starboard is Sumatra's side: south of the other direction.
    assert np.all(east.lat < west_lat)
