"""Shapes of tracks: bins and circles, each beside an obvious slow oracle."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares

from detectors.core.frames import SECOND_US
from detectors.kinematics import geodesy, shapes


@given(
    steps=st.lists(st.tuples(st.integers(1, 3), st.integers(0, 900)), min_size=1, max_size=40),
    step_s=st.sampled_from([60, 600]),
)
def test_bins_are_groups_of_track_and_tick(steps, step_s):
    table = pd.DataFrame(steps, columns=["track", "s"]).sort_values(["track", "s"])
    track, time_us = table["track"].to_numpy(), table["s"].to_numpy() * SECOND_US
    found = shapes.bins(track, time_us, step_s)
    rows = pd.DataFrame({"track": track, "tick": table["s"].to_numpy() // step_s})
    expected = rows.reset_index().groupby(["track", "tick"])["index"].agg(["min", "max", "size"])
    assert found.first.tolist() == expected["min"].tolist()
    assert found.last.tolist() == expected["max"].tolist()
    assert found.n.tolist() == expected["size"].tolist()
    assert list(zip(found.track_id, found.tick, strict=True)) == list(expected.index)


@settings(max_examples=50, deadline=None)
@example(radius_m=200.0, arc_rad=2.0, seed=0)
@example(radius_m=200.0, arc_rad=1.5, seed=425)
@given(radius_m=st.floats(200, 20_000), arc_rad=st.floats(1.5, 12.0), seed=st.integers(0, 1000))
def test_a_circle_is_what_a_solver_finds(radius_m, arc_rad, seed):
    rng = np.random.default_rng(seed)
    angle = np.linspace(0.3, 0.3 + arc_rad, 60)
    x, y = (radius_m * f(angle) + rng.normal(0, 5, 60) for f in (np.cos, np.sin))
    found = shapes.fit_circles(x + 700, y - 300, np.array([0]))
    solved = least_squares(
        lambda p: np.hypot(x + 700 - p[0], y - 300 - p[1]) - p[2], [700, -300, radius_m]
    )
    near = {"abs": 0.002 * radius_m + 0.5}
    assert found.radius_m[0] == pytest.approx(solved.x[2], **near)
    assert found.x_m[0] == pytest.approx(solved.x[0], **near)
    assert found.y_m[0] == pytest.approx(solved.x[1], **near)
    assert found.rms_m[0] == pytest.approx(np.sqrt(np.mean(solved.fun**2)), rel=0.01)
    bearing = np.unwrap(np.arctan2(y - 300 - solved.x[1], x + 700 - solved.x[0]))
    assert found.turned_rad[0] == pytest.approx(bearing[-1] - bearing[0], abs=0.01)


def test_each_group_has_its_own_circle_and_a_line_has_none():
    angle = np.linspace(0, 6, 30)
    x = np.r_[100 * np.cos(angle), np.arange(30.0), 900 * np.cos(-angle)]
    y = np.r_[100 * np.sin(angle), 2 * np.arange(30.0), 900 * np.sin(-angle)]
    found = shapes.fit_circles(x, y, np.array([0, 30, 60]))
    assert found.radius_m.tolist() == pytest.approx([100, np.inf, 900])
    assert found.turned_rad.tolist() == pytest.approx([6, 0, -6])


def test_one_place_has_no_circle():
    found = shapes.fit_circles(np.zeros(5), np.zeros(5), np.array([0]))
    assert np.isinf(found.rms_m[0])


def test_the_plane_agrees_with_the_sphere():
    lat, lon = np.array([3.1, 2.9, 3.0]), np.array([-179.9, 179.8, 179.95])
    east, north = shapes.plane_m(lat, lon, 3.0, 179.95)
    away_m = geodesy.distance_m(3.0, 179.95, lat, lon)
    assert np.hypot(east, north).tolist() == pytest.approx(away_m.tolist(), rel=1e-4)


def test_boxes_have_no_dateline():
    track, lon = np.array([1, 1, 2]), np.array([179.9, -179.9, 5.0])
    whole = shapes.continuous_lon(track, lon)
    assert whole.tolist() == pytest.approx([179.9, 180.1, 5.0])
    box = shapes.boxes(np.array([0.0, 0.1, 1.0]), whole, np.array([0, 2]))
    assert box.width_m[0] == pytest.approx(0.2 * shapes.DEGREE_M, rel=1e-5)
    assert box.height_m.tolist() == pytest.approx([0.1 * shapes.DEGREE_M, 0.0])
