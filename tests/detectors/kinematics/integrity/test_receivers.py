"""Receivers whose clocks are minutes off are told by the vessels that several of them heard."""

from dataclasses import replace

import numpy as np
import pytest

from detectors.kinematics.geodesy import KNOT_MPS, destination
from detectors.kinematics.integrity import clock_errors, late_us, receivers
from detectors.kinematics.integrity.receivers import STEP_S
from detectors.kinematics.integrity.verdicts import Reports

SECOND_US = 1_000_000
START_US = 20_458 * 86_400 * SECOND_US
HOURS = 12
APART_M = 40_000.0


def heard(wrong, n=5, seed=1):
    """Ships sail east past receivers in a row, each heard by one of the two nearest; `wrong` says
    how late the clock of which of them is at a time in hours.
    """
    rng = np.random.default_rng(seed)
    parts = []
    for vessel in range(24):
        at_s = np.arange(0, HOURS * 3_600, 60) + rng.uniform(0, 60)
        sog = rng.uniform(9, 16)
        way_m = sog * KNOT_MPS * at_s + rng.uniform(-1.0, 0.8) * n * APART_M
        at_s, way_m = (x[(way_m > 0) & (way_m < (n - 1) * APART_M)] for x in (at_s, way_m))
        place = way_m / APART_M
        receiver = np.floor(place + rng.uniform(0, 1, len(place))).astype(int)
        lat, lon = destination(
            3.0 + vessel / 100, 100.5, 90.0, way_m + rng.normal(0, 10, len(at_s))
        )
        dated_s = np.floor(at_s) + [
            wrong(r, t / 3_600) for r, t in zip(receiver, at_s, strict=True)
        ]
        said = np.round(sog + rng.normal(0, 0.1, len(at_s)), 1)
        parts.append((np.full(len(at_s), 533000001 + vessel), dated_s, lat, lon, said, receiver))
    mmsi, dated_s, lat, lon, said, receiver = (np.concatenate(p) for p in zip(*parts, strict=True))
    time_us = START_US + (dated_s * SECOND_US).astype("int64")
    order = np.lexsort((time_us, mmsi))
    reports = Reports(mmsi, time_us, lat, lon, said, np.full(len(lat), 90.0)).take(order)
    return reports, receiver[order]


def errors_of(reports, receiver, hours=HOURS):
    off, errors = clock_errors(reports, receiver, START_US, START_US + hours * 3_600 * SECOND_US)
    found = np.zeros((int(receiver.max(initial=-1)) + 1, errors.shape[1]))
    found[off] = errors
    return found


def step(hour):
    return int(hour * 3_600 // STEP_S)


def test_the_one_that_is_off_is_told_and_by_how_much():
    errors = errors_of(*heard(lambda r, t: -250.0 if r == 2 else 3.0 * r))
    there = errors[2] != 0
    assert there[step(1) : step(11)].mean() > 0.9
    assert errors[2][there] == pytest.approx(-256.0, abs=20)
    assert not errors[[0, 1, 3, 4]].any()


def test_a_clock_that_is_set_anew_is_off_until_then():
    errors = errors_of(*heard(lambda r, t: 600.0 if r == 1 and 2 <= t < 4 else 0.0))
    assert errors[1, step(2.5) : step(3.7)] == pytest.approx(600.0, abs=30)
    assert not errors[1, : step(1.7)].any()
    assert not errors[1, step(4.7) :].any()
    assert not errors[[0, 2, 3, 4]].any()


@pytest.mark.parametrize("late_s", [600.0, -240.0])
def test_of_two_the_one_whose_own_vessels_leap_was_set(late_s):
    """Two alone are compared, of a feed of three: since a clock was set, both differ."""
    reports, receiver = heard(lambda r, t: late_s if r == 0 and 2 <= t < 4 else 0.0, n=2)
    errors = errors_of(reports, receiver + 1)
    assert errors[1, step(2.5) : step(3.7)] == pytest.approx(late_s, abs=30)
    assert not errors[1, : step(1.5)].any()
    assert not errors[1, step(4.7) :].any()
    assert not errors[[0, 2]].any()


def test_a_vessel_that_leaps_alone_sets_no_clock():
    """Who displaces her positions along her way does so whoever hears her, and does it alone."""
    reports, receiver = heard(lambda r, t: 0.0)
    hour = (reports.time_us - START_US) / (3_600 * SECOND_US)
    for own in np.unique(reports.mmsi)[:3]:
        displaced = (reports.mmsi == own) & (hour >= 2) & (hour < 5)
        moved = replace(reports, time_us=reports.time_us + displaced * 600 * SECOND_US)
        order = np.lexsort((moved.time_us, moved.mmsi))
        assert not errors_of(moved.take(order), receiver[order]).any()
        assert not errors_of(moved.take(order), np.full(len(order), 2)).any()


def test_of_two_nobody_can_say_which_is_right():
    wrong = heard(lambda r, t: 300.0 * r, n=2)
    assert not errors_of(*wrong).any()
    # Nor where the feed doesn't say who heard it.
    reports, receiver = heard(lambda r, t: 300.0 if r == 2 else 0.0)
    assert not errors_of(reports, np.full(len(receiver), -1)).any()


def test_of_many_receivers_the_busiest_are_told(monkeypatch):
    reports, receiver = heard(lambda r, t: 200.0 if r == 2 else 0.0)
    monkeypatch.setattr(receivers, "MAX_RECEIVERS", 3)
    errors = errors_of(reports, 10 * receiver)
    assert (np.abs(errors[20] - 200.0) <= 20).mean() > 0.8
    assert not np.delete(errors, 20, axis=0).any()


def test_a_stretch_of_verdicts_is_told_by_its_own_reports():
    reports, receiver = heard(lambda r, t: 200.0 if r == 3 else 0.0)
    first = reports.time_us < START_US + 6 * 3_600 * SECOND_US
    alone = errors_of(reports.take(first), receiver[first], 6)
    np.testing.assert_array_equal(alone, errors_of(reports, receiver)[:, : step(6)])


def test_what_is_late_is_taken_off_but_not_over_midnight():
    errors_s = np.array([[0.0, 0.0], [90.0, -90.0]])
    dated_s = np.array([30, 100, 100, 700, 700, 86_390])
    receiver = np.array([1, 1, 0, 1, -1, 1])
    got = late_us(errors_s, receiver, START_US + dated_s * SECOND_US, START_US)
    assert (got // SECOND_US).tolist() == [0, 90, 0, -90, 0, 0]
