"""Silences but for single reports: an hour in which a set is heard once isn't one of its usual."""

from datetime import timedelta
from typing import Final

import numpy as np
import pandas as pd

from detectors.core.arrays import Ints
from detectors.core.detector import Context
from detectors.core.frames import SECOND_US, epoch_us, is_first
from detectors.gap.limits import Limits
from detectors.gap.set_aside import ALIVE, SENDING
from detectors.gap.silences import History, Silences
from detectors.kinematics import geodesy, timegrid
from detectors.kinematics.integrity.chains import MAX_SPEED_KN
from detectors.kinematics.reports import Reports

_ALIVE_US: Final = ALIVE // timedelta(microseconds=1)
GLIMPSE_S: Final = 300
"""What is heard for no longer between two silences of 15 minutes (`ALIVE`), or in fewer than five
reports (`SENDING`), is a glimpse: false positions so few are told by no detector, and a report may
be anybody's. A judgement: a set that is on for longer shows where it is."""
MOST_SENT: Final = 0.05
"""A judgement, as is `SELDOM`: ships between two coast stations, which satellites heard on three or
four passes, sent 7 and 12 % of their reports where one silence in 14 and in 7 was chance."""
SELDOM: Final = 0.03
"""See `MOST_SENT`."""
MOST_TRACKS: Final = 8
"""What makes more tracks isn't one ship, and each would be held against each."""


def without_glimpses(limits: Limits, positions: pd.DataFrame) -> tuple[pd.DataFrame, Ints, Ints]:
    """Return the positions of numbers of class A, by most of their reports, that were heard for a
    glimpse, on whatever track, without these; and of each report left out its number and its time,
    in order.

    Class A alone: of the weaker sets of class B single reports are what a crowd leaves.
    """
    mmsi, time_us = positions["mmsi"].to_numpy("int64"), epoch_us(positions["time"])
    other = is_first(mmsi)
    vessel = np.cumsum(other) - 1
    # Tracks are sorted, and most numbers have one: NumPy's stable sort merges what is in order.
    key = vessel * (np.ptp(time_us) + 1) + time_us - time_us.min()
    order = np.argsort(key, kind="stable")
    when_us = time_us[order]
    begins = other | (np.diff(when_us, prepend=0) > _ALIVE_US)
    first = np.flatnonzero(begins)
    after = np.r_[first[1:], len(order)]
    # What a number was first or last heard for lies between no two silences of it.
    between = ~other[first] & ~np.r_[other, True][after]
    short = when_us[after - 1] - when_us[first] <= GLIMPSE_S * SECOND_US
    glimpse = np.repeat(between & (short | (after - first < SENDING)), after - first)
    is_b = np.bincount(vessel, (positions["ais_class"] == "B").to_numpy(bool))
    weak = is_b > np.bincount(vessel) / 2
    glimpsed = np.zeros(len(weak), bool)
    glimpsed[vessel[glimpse]] = True
    asked = (glimpsed & ~weak)[vessel]
    left_out = np.zeros(len(order), bool)
    left_out[order[glimpse]] = True
    gone = glimpse & asked
    thinned = positions[list(limits.requires)][asked & ~left_out]
    return _rejoined(thinned, positions[asked & left_out]), mmsi[gone], when_us[gone]


def _rejoined(thinned: pd.DataFrame, glimpses: pd.DataFrame) -> pd.DataFrame:
    """Return what is left with the tracks put together again that glimpses cut: one ends there,
    but for fewer than `SENDING` reports that are strewn in later, another begins with a glimpse,
    and a ship can have gone from one to the other. Of two that go on at once it is one alone.
    """
    if thinned.empty:
        return thinned
    left, gone = Reports(thinned), Reports(glimpses)
    first, end, tracks = left.bounds[:-1], left.bounds[1:], left.tracks
    since_us, start_us = left.time_us[first], left.time_us.min()
    _, early, cut = np.intersect1d(gone.tracks, tracks, return_indices=True)
    cut = cut[gone.time_us[gone.bounds[early]] < since_us[cut]]
    # Each beside every track of its number: where that ends, but for what is strewn in later.
    low, high = (np.searchsorted(tracks // 100, tracks[cut] // 100, of) for of in ("left", "right"))
    one, before = timegrid.ranges(low, np.where(high - low <= MOST_TRACKS, high - low, 0))
    track, span_us = cut[one], np.ptp(left.time_us) + 1
    key = np.repeat(np.arange(len(tracks)) * span_us, end - first) + left.time_us - start_us
    later = np.searchsorted(key, before * span_us + since_us[track] - start_us)
    last = np.maximum(later - 1, 0)
    took_s = (since_us[track] - left.time_us[last]) / SECOND_US
    way_m = geodesy.apart_m(left, last, first[track])
    fits = (later > first[before]) & (end[before] - later < SENDING)
    fits &= way_m <= MAX_SPEED_KN * geodesy.KNOT_MPS * took_s
    rows = _in_turn(np.flatnonzero(fits), since_us, track, before)
    into, keep = np.arange(len(tracks)), np.ones(len(thinned), bool)
    into[track[rows]] = before[rows]
    while (into[into] != into).any():
        into = into[into]
    keep[timegrid.ranges(later[rows], (end[before] - later)[rows])[1]] = False
    joined = thinned.assign(track_id=np.repeat(tracks[into], end - first))[keep]
    return joined.take(np.lexsort((epoch_us(joined["time"]), joined["track_id"])))


def _in_turn(fits: Ints, since_us: Ints, track: Ints, before: Ints) -> Ints:
    """Return of pairs that fit those that are taken: each track, by time, goes on from the first
    that none goes on from yet.
    """
    begun, ended, taken = set[int](), set[int](), list[int]()
    for row in fits[np.argsort(since_us[track[fits]], kind="stable")].tolist():
        if track[row] not in begun and before[row] not in ended:
            begun.add(track[row])
            ended.add(before[row])
            taken.append(row)
    return np.array(taken, "int64")


def of_glimpses(
    limits: Limits, silences: Silences, reports: History, number: Ints, when_us: Ints
) -> Silences:
    """Keep those that ended and that glimpses would have broken up, with how many reports these
    were. Not those so long that what was before them may not be loaded.
    """
    numbers = np.unique(number)
    own = reports.mmsi[silences.row].astype("int64")
    place = np.minimum(np.searchsorted(numbers, own), len(numbers) - 1)
    since_us = min(int(reports.time_us.min()), int(when_us.min()))
    span_us = max(int(reports.time_us.max()), int(when_us.max())) - since_us + 1
    key = np.searchsorted(numbers, number) * span_us + when_us - since_us
    start, end = (
        np.searchsorted(key, place * span_us + np.minimum(at_us - since_us, span_us))
        for at_us in (silences.start_us, silences.end_us)
    )
    count = np.where(numbers[place] == own, end - start, 0)
    known = silences.columns["duration_s"] < limits.unproven_after_s
    keep = (count > 0) & known & ~silences.is_open
    return silences.narrowed(keep, n_reports_meanwhile=count)


def sharp(limits: Limits, silences: Silences, reports: History, context: Context) -> Silences:
    """Keep those cut off sharply where others were heard meanwhile and silences are rare, with one
    in twenty of the reports that it sends at most: who sails out of reach is heard for glimpses,
    too, by a far receiver or a satellite, and who is heard every five minutes now and then.
    """
    columns = silences.columns
    sent_s = columns["n_reports_meanwhile"] * columns["median_interval_s"]
    few = sent_s <= MOST_SENT * columns["duration_s"]
    others = columns["n_neighbours"] >= limits.min_neighbours
    others &= columns["silence_probability"] < SELDOM
    return silences.narrowed(np.asarray(columns["cut_off_sharply"] & few & others, bool))
