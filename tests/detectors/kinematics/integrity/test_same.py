"""The kernels say what plain Python says (`slow`), whatever the feed holds."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.kinematics.integrity.settling import STRETCH_S, settle_each
from detectors.kinematics.integrity.verdicts import nothing_heard
from tests.detectors.kinematics.integrity import slow
from tests.detectors.kinematics.integrity.conftest import T0_US, S, sail, together

HOUR = 3_600


def faulty(rng, mmsi):
    """One or more tracks of one number, with what goes wrong in feeds."""
    parts = []
    for _ in range(rng.integers(1, 4)):
        at_s = np.sort(rng.uniform(0, 24 * HOUR, rng.integers(2, 150)))
        if rng.random() < 0.5:
            at_s = np.round(at_s / 10) * 10
        speed = rng.choice([0.0, 0.1, 4.0, 12.0, 22.0])
        place = 3.0 + rng.choice([0.0, 0.1, 1.0]), 100.5 + rng.choice([0.0, 0.05, 79.4])
        way = sail(at_s, *place, rng.uniform(0, 360), speed, mmsi, seed=rng.integers(99))
        parts += [way, *some_faults(rng, way)]
    return parts


def some_faults(rng, way):
    """Parts of a track again: late, at once, elsewhere, frozen, rounded; no speeds stated."""
    for fault in rng.choice(9, rng.integers(0, 5), replace=False):
        few = np.sort(rng.choice(len(way), min(len(way), rng.integers(1, 40)), replace=False))
        begin = rng.integers(len(way))
        stretch = way.take(slice(begin, begin + int(rng.integers(1, 40))))
        late_us = int(rng.uniform(-2, 9_000) * S)
        if fault == 0:
            yield replace(way.take(few), time_us=way.time_us[few] + late_us)
        elif fault == 1:
            yield replace(stretch, time_us=stretch.time_us + late_us)
        elif fault == 2:
            yield replace(stretch, lat=stretch.lat + rng.uniform(-1, 1))
        elif fault == 3:
            yield replace(way.take(few), lon=way.lon[few] + rng.normal(0, 0.3, len(few)))
        elif fault == 4:
            stretch.lat[:], stretch.lon[:] = stretch.lat[0], stretch.lon[0]
        elif fault == 5:
            way.sog[rng.random(len(way)) < 0.5] = np.nan
        elif fault == 6:
            way.cog[:] = np.nan
        elif fault == 8:
            lag_us = int(rng.uniform(0, 90) * S)
            again = replace(stretch, lat=stretch.lat.round(4), lon=stretch.lon.round(4))
            if lag_us % 3 == 1:  # and to whole knots and degrees, one time of three
                again = replace(again, sog=stretch.sog.round(), cog=stretch.cog.round() % 360)
            yield replace(again, time_us=stretch.time_us + lag_us)
        else:
            way.sog[:] = 0.0


def as_rows(memory):
    return sorted((m, h, *last) for m, hulls in memory.items() for h, last in hulls.items())


def same_as_slow(seed):
    rng = np.random.default_rng(seed)
    numbers = [533000001, 533000002, 9_912_345, 992351000][: rng.integers(1, 5)]
    reports, _ = together(*(part for number in numbers for part in faulty(rng, number)))
    known = np.where(reports.time_us < T0_US + 6 * HOUR * S, rng.integers(0, 3), 0).astype("uint8")
    span = T0_US + STRETCH_S * S, T0_US + 4 * STRETCH_S * S
    got = settle_each(reports, known, nothing_heard(), *span)
    expected, memory, false = slow.settle_each(reports, known, *span)
    for one, other in zip(got.judged, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    assert as_rows(memory) == list(zip(*(c.tolist() for c in got.heard), strict=True))
    vessels = [sorted(set(reports.mmsi[rows])) for rows in false]
    assert [sorted(set(one[:, 3])) for one in got.astray] == vessels


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1_000_000))
def test_as_in_plain_python(seed):
    same_as_slow(seed)


def test_where_a_look_begins_amid_copies_what_came_before_tells_nothing():
    same_as_slow(324)


@pytest.mark.prove
def test_as_in_plain_python_many_times():
    for seed in range(2_000):
        same_as_slow(seed)
