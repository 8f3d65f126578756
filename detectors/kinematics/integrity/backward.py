"""Single misdated reports that a track went out to, as it seems, while they say that they come in.

A boat that came to a ship and lies there seems to dash out and back: within the reach of its speed,
so no chain passes the report over.
"""

from typing import Any, Final

import numpy as np

from detectors.core.frames import SECOND_US
from detectors.kinematics.geodesy import EARTH_RADIUS_M, KNOT_MPS
from detectors.kinematics.integrity.chains import SLACK_M
from detectors.kinematics.integrity.jit import part
from detectors.kinematics.integrity.rows import Rows, distance_m, first_from
from detectors.kinematics.integrity.runs import BRIEF_S
from detectors.kinematics.integrity.shifted import ON_WAY_M, SPEED_FITS_KN
from detectors.kinematics.integrity.verdicts import MIN_SHIFT_S, Verdict

CLOCK_FAULT: Final = int(Verdict.CLOCK_FAULT)

FAST_KN: Final = 7.0
"""Faster than any stream, by which a course over ground may be another than the way."""
BACK_S: Final = 300.0
"""What is due every 3 minutes or more often (class B below 2 kn: ITU-R M.1371-5, annex 1, table 1)
was heard before, or one of it was lost."""
STRAIGHT: Final = 0.5
"""So much of the time since, at the speed that it states, the straight way there took, or more:
what is left hardly takes it past there and round."""
BACK_COS: Final = -0.5
"""It says that it comes from the side to which it went, to 60 degrees."""
SAME_COS: Final = 0.94
"""And goes along a leg of its own, to 20 degrees,"""
OWN_S: Final = 1_800.0
"""of half an hour before or behind: so far are receivers' clocks off as they drift."""


@part
def without_backward(own: Rows, track: Any, verdict: Any, shift_s: Any) -> Any:
    """Return the reports of a track but those that it goes out to backwards and that lie on a leg
    of its own, whose verdicts are written.
    """
    keep = np.ones(len(track), np.bool_)
    for place in range(1, len(track)):
        here, before = track[place], track[place - 1]
        passed_s = (own.time_us[here] - own.time_us[before]) / SECOND_US
        if not own.sog[here] >= FAST_KN or np.isnan(own.cog[here]) or passed_s > BACK_S:
            continue
        way_m = distance_m(own.lat[before], own.lon[before], own.lat[here], own.lon[here])
        if way_m < max(SLACK_M, STRAIGHT * own.sog[here] * KNOT_MPS * passed_s):
            continue
        east_m, north_m = _from(own, before, here)
        if np.cos(np.arctan2(east_m, north_m) - np.radians(own.cog[here])) > BACK_COS:
            continue
        shift = _on_own_way(own, track, place)
        if not np.isnan(shift):
            keep[place] = False
            verdict[here], shift_s[here] = CLOCK_FAULT, shift
    return track[keep]


@part
def _from(own: Rows, here: int, there: int) -> Any:
    """Return metres east and north from one report to another."""
    degree_m = np.pi / 180 * EARTH_RADIUS_M
    east = (own.lon[there] - own.lon[here] + 180.0) % 360.0 - 180.0
    return (
        east * degree_m * np.cos(np.radians(own.lat[here])),
        (own.lat[there] - own.lat[here]) * degree_m,
    )


@part
def _on_own_way(own: Rows, track: Any, place: int) -> float:
    """Return how much later than the vessel a report is at its place on the nearest leg of a track
    that goes as it does; else NaN.
    """
    here = track[place]
    at_us = own.time_us[here]
    reach_us = int(OWN_S * SECOND_US)
    nearest_m, found = ON_WAY_M, np.nan
    begin = first_from(own.time_us[track], at_us - reach_us)
    for leg in range(begin, len(track) - 1):
        a, b = track[leg], track[leg + 1]
        if own.time_us[b] > at_us + reach_us:
            break
        leg_s = (own.time_us[b] - own.time_us[a]) / SECOND_US
        if leg in (place - 1, place) or not 0.0 < leg_s <= BRIEF_S:
            continue
        east_m, north_m = _from(own, a, b)
        length_m = np.hypot(east_m, north_m)
        if np.abs(length_m / leg_s / KNOT_MPS - own.sog[here]) > SPEED_FITS_KN:
            continue
        if np.cos(np.arctan2(east_m, north_m) - np.radians(own.cog[here])) < SAME_COS:
            continue
        own_east_m, own_north_m = _from(own, a, here)
        along = (own_east_m * east_m + own_north_m * north_m) / length_m**2
        along = min(max(along, 0.0), 1.0)
        off_m = np.hypot(own_east_m - along * east_m, own_north_m - along * north_m)
        shift = (at_us - own.time_us[a]) / SECOND_US - along * leg_s
        if off_m < nearest_m and np.abs(shift) >= MIN_SHIFT_S:
            nearest_m, found = off_m, float(shift)
    return found
