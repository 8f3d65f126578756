"""Verdicts don't depend on how the reports were handed over."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.kinematics.integrity import SETTLING_S
from detectors.kinematics.integrity.settling import LOOK_BACK_S, STRETCH_S
from detectors.kinematics.integrity.verdicts import nothing_heard
from tests.detectors.kinematics.integrity.conftest import settle

S = 1_000_000
T0_US = 1_700_006_400_000_000 // (STRETCH_S * S) * STRETCH_S * S


def in_one_go(reports, end_us):
    nothing = np.zeros(len(reports), np.uint8)
    return settle(reports, nothing, nothing_heard(), T0_US, end_us).judged


def hour_by_hour(reports, end_us, hours):
    """As a service would: with what has arrived, what is final by then."""
    n = len(reports)
    known, verdict = np.zeros(n, np.uint8), np.zeros(n, np.uint8)
    heard, start_us = nothing_heard(), T0_US
    last_us = end_us + SETTLING_S * S
    for until_us in [*range(T0_US, last_us, hours * 3_600 * S), last_us]:
        settled_us = (until_us - SETTLING_S * S) // (STRETCH_S * S) * STRETCH_S * S
        stop_us = min(settled_us, end_us)
        here = (reports.time_us < until_us) & (reports.time_us >= start_us - LOOK_BACK_S * S)
        if stop_us <= start_us:
            continue
        rows = np.flatnonzero(here)
        before = np.where(reports.time_us[rows] < start_us, known[rows], 0).astype(np.uint8)
        got = settle(reports.take(rows), before, heard, start_us, stop_us)
        inside = (reports.time_us[rows] >= start_us) & (reports.time_us[rows] < stop_us)
        final = rows[inside]
        known[final], verdict[final] = got.judged.hull[inside], got.judged.verdict[inside]
        heard, start_us = got.heard, stop_us
    assert start_us == end_us
    return verdict, known


def random_reports(tracks, seed):
    sail, together = tracks
    rng = np.random.default_rng(seed)
    parts = []
    for vessel in range(3):
        mmsi = 533000001 + vessel
        for _ in range(int(rng.integers(1, 4))):
            at_s = np.sort(rng.uniform(0, 86_400, int(rng.integers(1, 300))))
            lat, speed = rng.uniform(2, 4), rng.uniform(0, 20)
            parts.append(sail(at_s, lat=lat, speed=speed, mmsi=mmsi, course=rng.uniform(0, 360)))
        at_s = rng.uniform(0, 86_400, 4)
        parts += [sail([t], lat=rng.uniform(1, 6), mmsi=mmsi) for t in at_s]
    return together(*parts)[0]


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), hours=st.sampled_from([1, 5, 6, 24]))
def test_hour_by_hour_as_in_one_go(tracks, seed, hours):
    reports = random_reports(tracks, seed)
    end_us = T0_US + 6 * STRETCH_S * S
    whole = in_one_go(reports, end_us)
    verdict, hull = hour_by_hour(reports, end_us, hours)
    assert (verdict == whole.verdict).all()
    assert (hull == whole.hull).all()


def test_a_hull_keeps_its_number_through_a_silence_and_loses_it_after_a_month(tracks):
    sail, together = tracks
    day = 86_400
    one = sail(np.arange(0, 3_600, 60), speed=0.1)
    two = sail(np.arange(0, 3_600, 61), lat=4.0, speed=0.1)
    back = sail(2 * day + np.arange(0, 3_600, 60), lat=4.0, speed=0.1)
    later = sail(40 * day + np.arange(0, 3_600, 60), speed=0.1)
    reports, part = together(one, two, back, later)
    got = in_one_go(reports, T0_US + 41 * 4 * STRETCH_S * S)
    assert [set(got.hull[part == n].tolist()) for n in range(4)] == [{1}, {2}, {2}, {3}]


def test_spans_are_of_whole_stretches(tracks):
    sail, _ = tracks
    with pytest.raises(ValueError, match="stretch"):
        settle(sail([0]), np.zeros(1, np.uint8), nothing_heard(), T0_US + 1, T0_US + STRETCH_S * S)
