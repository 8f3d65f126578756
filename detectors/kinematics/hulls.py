"""Several hulls under one MMSI at the same time: tracks whose reports alternate."""

from dataclasses import dataclass

import numpy as np

from detectors.core.arrays import Floats, Ints
from detectors.core.frames import SECOND_US, offsets
from detectors.kinematics import geodesy, leaps, timegrid

MIN_OF_HULL = 3
MAX_LEAPING = 0.3
"""Reports that a hull has at least, and the share of them at most that may not be where speed and
course lead from the one before: more are fixes that scatter, spread over tracks by chance."""


@dataclass(frozen=True)
class Alternation:
    """A stretch of time in which an MMSI was heard from different tracks in turn."""

    rows: Ints
    """Reports of the MMSI in it, by time."""
    here: Ints
    there: Ints
    """The reports before and after each switch."""
    tracks: tuple[int, ...]
    """Tracks in the order in which they take part."""
    n_switches: int
    """How often the report after one of a track was of another."""
    apart_m: Floats
    """Distance between the reports at each switch."""


def alternations(
    track: Ints,
    time_us: Ints,
    lat: Floats,
    lon: Floats,
    *,
    max_interruption_s: float,
    min_switches: int,
    min_duration_s: float,
) -> list[Alternation]:
    """Find them.

    Parameters
    ----------
    track, time_us, lat, lon
        Reports sorted by (track, time); a track id is mmsi * 100 + ordinal.
    max_interruption_s
        Switches further apart than this belong to different stretches.
    min_switches, min_duration_s
        What makes a stretch: a hull that was away and came back makes two switches only.
    """
    bounds = offsets(track)
    if len(bounds) < 2:
        return []
    vessel = track[bounds[:-1]] // 100
    shared = np.isin(vessel, vessel[1:][np.diff(vessel) == 0])
    counts = np.diff(bounds)
    rows = np.flatnonzero(np.repeat(shared, counts))
    if len(rows) == 0:
        return []
    rows = rows[np.lexsort((track[rows], time_us[rows], track[rows] // 100))]
    mmsi, hull, at_us = track[rows] // 100, track[rows], time_us[rows]
    switch = np.flatnonzero((np.diff(mmsi) == 0) & (np.diff(hull) != 0))
    if len(switch) == 0:
        return []
    late = np.diff(at_us[switch + 1]) > max_interruption_s * SECOND_US
    first, last = timegrid.stretches(mmsi[switch], cut=late)
    lasts_us = at_us[switch[last] + 1] - at_us[switch[first]]
    kept = (last - first + 1 >= min_switches) & (lasts_us >= min_duration_s * SECOND_US)
    found = []
    for a, b in zip(first[kept].tolist(), last[kept].tolist(), strict=True):  # few vessels
        here, there = rows[switch[a : b + 1]], rows[switch[a : b + 1] + 1]
        own = rows[switch[a] : switch[b] + 2]
        found.append(
            Alternation(
                own,
                here,
                there,
                tuple(dict.fromkeys(track[own].tolist())),
                b - a + 1,
                np.atleast_1d(geodesy.distance_m(lat[here], lon[here], lat[there], lon[there])),
            )
        )
    return found


def n_plausible(one: Alternation, track: Ints, reports: leaps.Reports) -> int:
    """Return how many of the tracks that take turns are each a way that a hull can have sailed."""
    n = 0
    for each in one.tracks:
        own = one.rows[track[one.rows] == each]
        leaping = leaps.leapt(reports, own[:-1], own[1:])
        n += len(own) >= MIN_OF_HULL and bool(np.mean(leaping) < MAX_LEAPING)
    return n
