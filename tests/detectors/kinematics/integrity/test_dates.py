"""Dates judged one after the other are as in one go, and rest on what is said and nothing else."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core import frames
from detectors.kinematics import integrity
from detectors.kinematics.integrity import JUDGED, STATE, Verdict, dates, segment
from tests.detectors.kinematics.integrity.conftest import as_positions, sail, together

KEYS = ["mmsi", "time", "source", "source_offset"]


def heard(*parts):
    return as_positions(together(*parts)[0])


def date_by_date(positions):
    """As the store does it; returns the judged dates by midnight, and the last state."""
    first, last = (positions["time"].agg(what).floor("D") for what in ("min", "max"))
    before, state, judged = frames.empty(JUDGED), frames.empty(STATE), {}
    for midnight in pd.date_range(first, last, freq="D"):
        morning = midnight + timedelta(days=1)
        time = positions["time"]
        got = dates._judged(
            midnight.as_unit("us"),
            morning.as_unit("us"),
            before[before["time"] >= midnight - integrity.LOOK_BACK].reset_index(drop=True),
            positions[(time >= midnight) & (time < morning)].reset_index(drop=True),
            positions[(time >= morning) & (time < morning + integrity.SETTLING)].reset_index(
                drop=True
            ),
            state,
        )
        before, state = got.judged, got.state
        judged[midnight] = got
    return judged, state


def random_scene(seed):
    rng = np.random.default_rng(seed)
    parts = []
    for vessel in range(3):
        mmsi = 533000001 + vessel
        for _ in range(int(rng.integers(1, 3))):
            at_s = np.sort(rng.uniform(0, 3 * 86_400, int(rng.integers(20, 400))))
            lat, speed = rng.uniform(2, 4), rng.uniform(0, 15)
            parts.append(sail(at_s, lat=lat, speed=speed, mmsi=mmsi, course=rng.uniform(0, 360)))
        at_s = rng.uniform(0, 3 * 86_400, 5)
        parts += [sail([t], lat=rng.uniform(1, 6), mmsi=mmsi) for t in at_s]
    return heard(*parts)


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_date_by_date_as_in_one_go(seed):
    positions = random_scene(seed)
    dates, _ = date_by_date(positions)
    parts = pd.concat([got.judged for got in dates.values()]).sort_values(KEYS, ignore_index=True)
    whole = integrity.judge_alone(positions).sort_values(KEYS, ignore_index=True)
    pd.testing.assert_frame_equal(parts, whole)


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_order_of_rows_is_irrelevant_and_tracks_are_tracks(seed):
    positions = random_scene(seed)
    one = segment(positions)
    other = segment(positions.sample(frac=1, random_state=seed))
    pd.testing.assert_frame_equal(one.tracked, other.tracked)
    pd.testing.assert_frame_equal(one.noise, other.noise)
    frames.validate(one.tracked, frames.TRACKED)
    frames.validate(one.noise, frames.NOISE)
    assert len(one.tracked) + len(one.noise) <= len(positions)


def test_the_next_morning_decides_on_the_last_reports_of_a_date():
    """A fix in the last minutes is false once the track goes on from before it; alone it isn't."""
    at_s = np.arange(18 * 3_600, 86_400, 300)
    way = sail(at_s, speed=0.1)
    off = sail([86_390.0], lat=3.3, speed=0.1)
    alone, _ = date_by_date(heard(way, off))
    back = sail(np.arange(86_700, 90_000, 300), speed=0.1)
    known, _ = date_by_date(heard(way, off, back))
    [first] = alone.values()
    judged = next(iter(known.values())).judged
    assert len(first.judged) == len(judged)
    assert (judged["verdict"] == Verdict.FALSE_FIX).sum() == 1
    assert judged.loc[judged["verdict"] == Verdict.FALSE_FIX, "time"].dt.hour.tolist() == [23]


def test_two_hulls_keep_their_numbers_over_midnight():
    one = sail(np.arange(0, 3 * 86_400, 600), lat=2.0, speed=0.0)
    two = sail(np.arange(40_000, 3 * 86_400, 500), lat=5.0, speed=0.0)
    dates, state = date_by_date(heard(one, two))
    judged = pd.concat([got.judged for got in dates.values()])
    south = judged["lat"] < 3.0
    assert set(judged.loc[south, "hull"]) == {1}
    assert set(judged.loc[~south, "hull"]) == {2}
    assert state[["mmsi", "hull"]].values.tolist() == [[533000001, 1], [533000001, 2]]
    assert sum(got.counts["further_hulls"] for got in dates.values()) == 1


def test_one_transmission_heard_thrice_is_one_report():
    one = sail([0.0, 600.0], speed=0.0, scatter_m=0.0)
    again = sail([3.0, 603.0], speed=0.0, scatter_m=0.0)
    found = segment(heard(one, one, again))
    assert found.tracked["time"].dt.second.tolist() == [0, 0]
    assert found.noise.empty


def test_a_moored_vessel_keeps_its_reports():
    still = sail(np.arange(0, 300, 10), speed=0.0, scatter_m=0.0)
    assert len(segment(heard(still)).tracked) == 30


@pytest.mark.parametrize(
    ("mmsi", "is_a_vessel"),
    [
        (9_912_345, True),
        (1_193_046, True),
        (852_345_678, True),
        (992_351_000, False),
        (5_030_148, False),
    ],
)
def test_what_boats_sets_are_left_with_is_a_vessels(mmsi, is_a_vessel):
    """009... and 1193046 are defaults of class B sets; a buoy and a shore station have others."""
    found = segment(heard(sail(np.arange(0, 600, 60), mmsi=mmsi)))
    assert len(found.tracked) == (10 if is_a_vessel else 0)
    assert set(found.noise["reason"]) == (set() if is_a_vessel else {frames.NOT_A_VESSEL})


def test_scattered_fixes_are_no_hulls_and_a_second_boat_is():
    rng = np.random.default_rng(4)
    way = sail(np.arange(0, 21_600, 60), speed=8.0)
    bad = [
        sail([t], lat=3.0 + rng.normal(0, 0.05), lon=100.45 + rng.normal(0, 0.05), speed=8.0)
        for t in np.arange(7_230, 9_630, 60)
    ]
    found = segment(heard(way, *bad))
    assert set(found.tracked["track_id"]) == {53300000101}
    assert (found.noise["reason"] == frames.FALSE_FIX).sum() > 0.8 * len(bad)
    brief = sail(np.arange(7_230, 8_430, 120), lat=4.0, speed=8.0)
    assert segment(heard(way, brief)).tracked["track_id"].value_counts().tolist() == [360, 10]


def test_what_ended_twelve_hours_ago_is_final():
    now = pd.Timestamp("2026-01-06T00:00Z")
    hour = timedelta(hours=1)
    assert integrity.final_at(now - 12 * hour, now) is None
    assert integrity.final_at(now - 11 * hour, now) == now + hour
    assert integrity.final_at(None, now) == now + 12 * hour


def test_nothing_in_nothing_out():
    nothing = frames.empty(frames.POSITIONS)
    found = segment(nothing)
    assert found.tracked.empty
    assert found.noise.empty
    midnight = pd.Timestamp("2026-01-05", tz="UTC").as_unit("us")
    got = dates._judged(
        midnight,
        midnight + timedelta(days=1),
        frames.empty(JUDGED),
        nothing,
        nothing,
        frames.empty(STATE),
    )
    assert got.judged.empty
    assert got.state.empty
