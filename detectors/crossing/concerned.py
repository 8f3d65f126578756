"""Whom a look between nights has to ask: whose last hours may hold a crossing, or the end of one.

Each test follows from the rules, by places some minutes apart and straight ways between them, which
are no longer than what was sailed: it takes no crossing away, as `under_way.candidates`.
"""

from typing import Final

import numpy as np
import pandas as pd

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.frames import SECOND_US, epoch_us, is_first, is_last, offsets
from detectors.crossing.limits import Limits
from detectors.crossing.under_way import candidates
from detectors.kinematics import geodesy
from detectors.surroundings.coasts import SPACING_M, Coasts

EVERY_S: Final = 600
"""Ten minutes at 20 kn are 3 nm, the least that a passage makes good, and are sailed at any speed
that gets a boat across within half an hour."""
LATE_S: Final = 120
"""Of the newest reports more are looked at: a landing takes minutes."""
SLACK: Final = 0.7
"""So much of what is asked for is enough: places between two that are looked at lead further."""


def concerned(limits: Limits, positions: pd.DataFrame, since: pd.Timestamp, coasts: Coasts) -> Ints:
    """Return vessels whose reports since a time may make, or end, a passage or a half.

    `positions`: mmsi, time, lat, lon and track_id of tracks, at least of the last `max_voyage_s`.
    """
    if not coasts.states or positions.empty:
        return np.zeros(0, "int64")
    rows = candidates(limits, positions)
    time_us, track = epoch_us(positions["time"]), positions["track_id"].to_numpy()
    oldest_us = since.value // 1_000 - limits.max_voyage_s * SECOND_US
    late = time_us >= since.value // 1_000
    every_us = np.where(late, LATE_S, EVERY_S) * SECOND_US
    slot = time_us // every_us
    first = is_first(track, slot)
    last = is_last(track)
    rows = rows[(time_us[rows] >= oldest_us) & (first | last)[rows]]
    own = track[rows]
    begin = offsets(own)[:-1]
    heard = np.logical_or.reduceat(late[rows], begin) if len(rows) else np.zeros(0, bool)
    kept = np.repeat(heard, np.diff(np.r_[begin, len(rows)]))
    rows, own = rows[kept], own[kept]
    if len(rows) == 0:
        return np.zeros(0, "int64")
    begin = offsets(own)[:-1]
    lat, lon = positions["lat"].to_numpy()[rows], positions["lon"].to_numpy()[rows]
    coast_m = coasts.distance_m(lat, lon)
    leads = _leads_across(limits, coast_m, lat, lon, time_us[rows], begin)
    nearest_m = coast_m.min(axis=0)
    late = late[rows]
    came = np.minimum.reduceat(np.where(late, nearest_m, np.inf), begin)
    out = np.maximum.reduceat(nearest_m, begin)
    way_m = 20.0 * geodesy.KNOT_MPS * LATE_S / 2  # at 20 kn, from the nearest of two reports
    ashore = came <= limits.shore_m + SPACING_M + way_m
    # Who met another has landed from anywhere off the shore.
    lands = ashore & (out >= 2 * limits.shore_m)
    return np.unique(own[begin[leads | lands]] // 100)


def _leads_across(
    limits: Limits, coast_m: Floats, lat: Floats, lon: Floats, time_us: Ints, begin: Ints
) -> Bools:
    """Tell of which tracks the newest place, or the one farthest from it, may be on a passage."""
    n_rows = np.diff(np.r_[begin, len(lat)])
    newest = np.repeat(begin + n_rows - 1, n_rows)
    recent = time_us >= time_us[newest] - limits.max_passage_s * SECOND_US
    made_m = np.asarray(geodesy.distance_m(lat, lon, lat[newest], lon[newest]))
    found = np.zeros(len(lat), bool)
    for one in range(len(coast_m)):
        for other in range(one + 1, len(coast_m)):
            a, b = coast_m[one], coast_m[other]
            share = a / np.maximum(a + b, 1.0)
            across_m = (a - b) / 2
            led = np.abs(share - share[newest]) >= SLACK * limits.min_width_fraction
            led &= np.abs(across_m - across_m[newest]) >= SLACK * limits.min_across_ratio * made_m
            found |= led & (made_m >= SLACK * limits.min_distance_m)
    return np.asarray(np.logical_or.reduceat(found & recent, begin))
