"""Whether a boat fell silent as it came back to where it had lain."""

from typing import Final

import numpy as np

from detectors.core.detector import Context
from detectors.core.frames import SECOND_US
from detectors.gap.limits import Limits
from detectors.gap.silences import History, Silences
from detectors.kinematics import geodesy, timegrid

LAY_S: Final = 3600
"""So long at least it lay there: who sets people ashore, or waits for them, stays for minutes."""
LIES_KN: Final = 0.5
"""By its positions: errors of 10 m at both ends of three minutes make 0.2 kn; what drifts goes on
with the stream, and no mooring lies further than `alongside_m` off a shore."""
HEARD_S: Final = 1800
"""Unheard for longer it may have been elsewhere meanwhile."""
HOME_M: Final = 926.0
"""Half a mile: at 7 kn four minutes, in which the last reports of a set of class B may be lost
before its engine and set are switched off."""
CAME_M: Final = 1852.0
"""So much nearer than a quarter of an hour before (`approach_s`): who is outbound isn't."""


def back_home(limits: Limits, silences: Silences, reports: History, context: Context) -> Silences:
    """Return all, with how far each last position was from where the vessel had lain for `LAY_S` or
    longer by a shore in the `habit_s` before: NaN where it had lain nowhere within `HOME_M`, or
    wasn't coming in to it.
    """
    row, n = silences.row, len(silences.row)
    first = reports.first_since(row, limits.habit_s)
    silence, step = timegrid.ranges(first, row - first)
    at = row[silence]
    lat, lon = reports.lat, reports.lon
    away_m = np.asarray(geodesy.distance_m(lat[step], lon[step], lat[at], lon[at]))
    beside = np.flatnonzero(away_m <= HOME_M)
    silence, step, away_m = silence[beside], step[beside], away_m[beside]
    moved_m = geodesy.distance_m(lat[step], lon[step], lat[step + 1], lon[step + 1])
    took_s = (reports.time_us[step + 1] - reports.time_us[step]) / SECOND_US
    lay = np.asarray(geodesy.speed_kn(moved_m, np.maximum(took_s, 1e-6))) <= LIES_KN
    lay &= took_s <= HEARD_S
    lay &= context.zones.near_land(lat[step], lon[step], limits.alongside_m)
    silence, step, away_m, took_s = silence[lay], step[lay], away_m[lay], took_s[lay]
    lay_s = np.bincount(silence, weights=took_s, minlength=n)
    # The last of the places there at which it lay.
    last = np.zeros(n, "int64")
    last[silence] = step
    home_m = np.full(n, np.inf)
    home_m[silence] = away_m
    back = np.maximum(reports.first_since(row, limits.approach_s) - 1, first)
    before_m = np.asarray(geodesy.distance_m(lat[back], lon[back], lat[last], lon[last]))
    came = (lay_s >= LAY_S) & (before_m - home_m >= CAME_M)
    return silences.narrowed(np.ones(n, bool), home_distance_m=np.where(came, home_m, np.nan))
