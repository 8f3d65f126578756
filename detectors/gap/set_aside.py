"""Silences in which reports came that were set aside: the vessel was sending all the same."""

from datetime import timedelta
from typing import Final

import numpy as np
import pandas as pd

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.detector import Context
from detectors.core.frames import (
    CLOCK_FAULT,
    FALSE_FIX,
    NOT_A_VESSEL,
    SECOND_US,
    epoch_us,
)
from detectors.gap.limits import Limits
from detectors.gap.silences import History, Silences
from detectors.kinematics import geodesy, shapes

CLEAR_M: Final = 500.0
"""So far from where it fell silent and from where it was heard again: errors, and what it goes in
the minutes by which clocks are wrong, are less."""
SENDING: Final = 5
"""So many reports with false positions show that it was sending, as `spoofing` asks for
(`min_reports`); a few may be another vessel's with a damaged number."""
SENDING_S: Final = 1200
"""From the first of them to the last, as `spoofing` asks for of one place (`min_frozen_s`): of less
it may tell nothing, and then nothing would be told at all."""
ALIVE: Final = timedelta(minutes=15)
"""No further from the one before, as `spoofing` asks for (`alive_s`): of fixes here and there,
hours apart, nothing is told there, and a silence among them would be told nowhere."""
BEND: Final = 1.1
"""The way by a place is no longer than so many times the straight one: it lies between the ends."""


def not_set_aside(
    limits: Limits, silences: Silences, reports: History, context: Context
) -> Silences:
    """Leave out silences in which the number was heard, and set aside as no vessel's: what sends it
    is taken for a vessel only while it makes way (`integrity.making_way`), and it lay still.
    """
    of_none = (context.noise["reason"] == NOT_A_VESSEL).to_numpy(bool)
    meanwhile = _meanwhile(silences, reports, context.noise[of_none])
    keep = np.ones(len(silences.row), bool)
    keep[meanwhile["silence"].to_numpy("int64")] = False
    return silences.narrowed(keep)


def _meanwhile(silences: Silences, reports: History, noise: pd.DataFrame) -> pd.DataFrame:
    """Return reports of `noise` that were sent within a silence of their number: silence (its place
    among them), time, lat, lon.
    """
    own = {"mmsi": reports.mmsi[silences.row], "silence": np.arange(len(silences.row))}
    both = pd.DataFrame(own).merge(noise[["mmsi", "time", "lat", "lon"]], on="mmsi")
    silence, at_us = both["silence"].to_numpy("int64"), epoch_us(both["time"])
    inside = (at_us > silences.start_us[silence]) & (at_us < silences.end_us[silence])
    return both.iloc[np.flatnonzero(inside)]


def not_sending(limits: Limits, silences: Silences, reports: History, context: Context) -> Silences:
    """Leave out silences in which `SENDING` or more reports came with false positions, each within
    `ALIVE` of the one before and over `SENDING_S`, that lie or drift at a place or go round a
    circle, unless there is a stretch of it, long enough, in which not even these came: whatever it
    hid, it was sending, and `spoofing` tells where. Of false positions that sail a way, or scatter,
    or are interference with several vessels, nothing that counts is told there.
    """
    false = (context.noise["reason"] == FALSE_FIX).to_numpy(bool)
    aside = _meanwhile(silences, reports, context.noise[false])
    silence, at_us = aside["silence"].to_numpy("int64"), epoch_us(aside["time"])
    order = np.lexsort((at_us, silence))
    silence, at_us = silence[order], at_us[order]
    lat, lon = (aside[name].to_numpy("float64")[order] for name in ("lat", "lon"))
    alive_us = ALIVE // timedelta(microseconds=1)
    begins = (np.diff(silence, prepend=-1) != 0) | (np.diff(at_us, prepend=0) > alive_us)
    run = np.cumsum(begins) - 1
    first = np.flatnonzero(begins)
    last = np.r_[first[1:], len(run)][: len(first)] - 1
    long = (last - first + 1 >= SENDING) & (at_us[last] - at_us[first] >= SENDING_S * SECOND_US)
    for one in np.unique(silence[first[long]]).tolist():
        of = slice(*np.searchsorted(silence, [one, one + 1]))
        long[silence[first] == one] &= _is_told(lat[of], lon[of])
    n_false = np.bincount(silence, minlength=len(silences.row))
    many = long[run]
    silence, at_us = silence[many], at_us[many]
    sending = np.bincount(silence, minlength=len(silences.row)) > 0
    return silences.narrowed(
        ~sending | _unheard_for_long(limits, silences, reports, silence, at_us),
        n_false_meanwhile=n_false,
    )


def _is_told(lat: Floats, lon: Floats) -> bool:
    """Tell whether `spoofing` tells of all false positions between two sound ones, by their shape
    (its `false_fixes`).
    """
    figure = shapes.figure(lat, lon)
    allowed_m = max(shapes.ROUND_M, shapes.ROUND_SHARE * figure.radius_m)
    round_it = figure.rms_m <= allowed_m and figure.radius_m <= shapes.MAX_RADIUS_M
    lies = min(figure.off_m, figure.step_m) <= shapes.SPREAD_M
    return lies or (round_it and figure.turns >= 1.0)


def not_heard_between(
    limits: Limits, silences: Silences, reports: History, context: Context
) -> Silences:
    """Leave out silences through which the vessel was heard on its way, by what was set aside.

    A clock that is wrong by minutes or hours dates a report of another time into a silence, and
    what proves a fault of the clock may be dated wrongly itself. But ground that the vessel hadn't
    come to before the silence and had behind it after is where it was meanwhile, whatever the date
    says. A silence counts only while a stretch of it is long enough in which not even that came.
    """
    of_a_fault = context.noise["reason"].isin((CLOCK_FAULT, FALSE_FIX)).to_numpy(bool)
    closed = np.flatnonzero(~silences.is_open)
    if not of_a_fault.any() or len(closed) == 0:
        return silences
    ended = silences.narrowed(~silences.is_open)
    aside = _meanwhile(ended, reports, context.noise[of_a_fault])
    silence, at_us = aside["silence"].to_numpy("int64"), epoch_us(aside["time"])
    a = ended.row[silence]
    b = a + 1
    here = aside["lat"].to_numpy("float64"), aside["lon"].to_numpy("float64")
    from_m = np.asarray(geodesy.distance_m(reports.lat[a], reports.lon[a], *here))
    to_m = np.asarray(geodesy.distance_m(*here, reports.lat[b], reports.lon[b]))
    way_m = geodesy.apart_m(reports, a, b)
    between = (np.minimum(from_m, to_m) >= CLEAR_M) & (from_m + to_m <= BEND * way_m)
    long = _unheard_for_long(limits, ended, reports, silence[between], at_us[between])
    keep = np.ones(len(silences.row), bool)
    keep[closed] = long
    return silences.narrowed(keep)


def _unheard_for_long(
    limits: Limits, silences: Silences, reports: History, silence: Ints, at_us: Ints
) -> Bools:
    """Tell which silences have a stretch that is long enough to be one between some times, each of
    the `silence` of that place, and their ends.
    """
    row, each = silences.row, np.arange(len(silences.row))
    of = np.r_[silence, each, each]
    when_us = np.r_[at_us, silences.start_us, silences.end_us]
    order = np.lexsort((when_us, of))
    of, when_us = of[order], when_us[order]
    longest_us = np.zeros(len(row), "int64")
    same = of[1:] == of[:-1]
    np.maximum.at(longest_us, of[1:][same], np.diff(when_us)[same])
    is_b = reports.is_class_b[row]
    least_s = np.where(is_b, limits.min_duration_b_s, limits.min_duration_a_s)
    return np.asarray(longest_us >= least_s * SECOND_US)
