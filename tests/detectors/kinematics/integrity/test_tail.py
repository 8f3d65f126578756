"""The newest reports judged behind those that are known: nothing is lost, and plain ways are the
same as in one go, wherever they are cut.
"""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core import frames
from detectors.kinematics import integrity
from detectors.kinematics.integrity import JUDGED, STATE, Verdict
from tests.detectors.kinematics.integrity.conftest import sail
from tests.detectors.kinematics.integrity.test_dates import KEYS, heard, random_scene

HOURS_S = 3_600


def in_tails(positions, cuts):
    """Judge what was sent up to each cut behind what is known by then."""
    known, state = frames.empty(JUDGED), frames.empty(STATE)
    order = np.argsort(frames.epoch_us(positions["time"]), kind="stable")
    for rows in np.split(order, sorted(cuts)):
        fresh = positions.take(np.sort(rows)).reset_index(drop=True)
        tail = integrity.judge_tail(known, fresh, state)
        state = integrity.state_with(state, tail)
        known = pd.concat([known, tail], ignore_index=True)
    return known.sort_values(KEYS, ignore_index=True), state


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_plain_ways_are_judged_as_in_one_go(data):
    seed = data.draw(st.integers(0, 10_000))
    rng = np.random.default_rng(seed)
    ways = [
        sail(
            np.sort(rng.choice(20 * HOURS_S, 120, replace=False)),
            lat=rng.uniform(1, 6),
            speed=rng.uniform(0, 15),
            course=rng.uniform(0, 360),
            mmsi=533000001 + vessel,
        )
        for vessel in range(3)
    ]
    twice = [way.take(np.arange(0, 120, 7)) for way in ways]  # two stations heard it
    positions = heard(*ways, *twice)
    cuts = data.draw(st.lists(st.integers(1, len(positions) - 1), max_size=12))
    whole = integrity.judge_alone(positions).sort_values(KEYS, ignore_index=True)
    found, state = in_tails(positions, cuts)
    same = [name for name in JUDGED if name not in {"source_offset"}]
    pd.testing.assert_frame_equal(found[same], whole[same])
    ends = whole.groupby("mmsi")["time"].max()
    assert state.set_index("mmsi")["time"].to_dict() == ends.to_dict()


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 9))
def test_no_report_is_lost_or_twice_and_tracks_are_tracks(seed, n):
    positions = random_scene(seed)
    cuts = np.random.default_rng(seed).integers(1, len(positions), n)
    found, _ = in_tails(positions, cuts)
    frames.validate(integrity.parted(found).tracked, frames.TRACKED)
    assert not found.duplicated(KEYS).any()
    lost = positions.merge(found[KEYS], on=KEYS, how="left", indicator=True)
    lost = lost[lost["_merge"] == "left_only"]
    twins = lost.merge(found[["mmsi", "time"]], on=["mmsi", "time"])
    assert len(lost) == len(twins[["mmsi", "time"]].drop_duplicates())


def test_a_fix_from_which_the_track_returns_is_false():
    way, off = (
        sail(np.arange(0, 4 * HOURS_S, 60), speed=0.1),
        sail([3.5 * HOURS_S + 5], lat=3.5, speed=0.1),
    )
    positions = heard(way, off)
    found, _ = in_tails(positions, [190])
    assert found.loc[found["verdict"] == Verdict.FALSE_FIX, "lat"].round(1).tolist() == [3.5]
    assert len(found) == len(positions)


def test_what_is_known_stays():
    """A fix that was last is sound; the track that goes on from before it is no second hull."""
    way, off = (
        sail(np.arange(0, 4 * HOURS_S, 60), speed=0.1),
        sail([2 * HOURS_S - 1], lat=3.5, speed=0.1),
    )
    found, _ = in_tails(heard(way, off), [121])
    assert set(found["hull"]) <= {0, 1}
    assert (found["hull"] == 1).sum() >= 240
