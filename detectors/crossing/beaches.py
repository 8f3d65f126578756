"""Where a boat can have landed between two reports."""

from typing import Final, NamedTuple

import numpy as np

from detectors.core.frames import SECOND_US
from detectors.crossing.limits import Limits
from detectors.kinematics import geodesy
from detectors.kinematics.reports import Reports
from detectors.surroundings.coasts import SPACING_M, Coasts

CARRIED_ON: Final = 128
"""Places at which the way ahead is looked at: half a mile apart at 30 kn for two hours."""
SAMPLED_M: Final = SPACING_M / 2
"""By so much a coast may be nearer than it is measured."""


class Beach(NamedTuple):
    """Where a boat can have landed between two reports: place, way and time there, time left, and
    by how much it was nearer to that coast as it was heard again than at the report after.
    """

    lat: float
    lon: float
    in_m: float
    in_s: float
    spare_s: float
    away_m: float


def beach_between(
    limits: Limits, reports: Reports, last: int, own: int, coasts: Coasts, within_m: float
) -> Beach | None:
    """Return where a boat came within so far of the coast `own` if it went on as it did when it
    fell silent after report `last`, in time to be where it is heard next, at the fastest of its
    speeds before and after: the stated ones too, since that of its positions may be the mean of a
    silence.
    """
    rows = np.arange(last - 1, last + 3)
    if rows[0] < 0 or rows[-1] >= len(reports.track) or np.ptp(reports.track[rows]):
        return None
    lat, lon, sog = reports.lat[rows], reports.lon[rows], reports.sog_kn[rows[1:3]]
    step_s = np.diff(reports.time_us[rows]) / SECOND_US
    made_m = np.asarray(geodesy.distance_m(lat[:-1], lon[:-1], lat[1:], lon[1:]))
    made_kn = np.asarray(geodesy.speed_kn(made_m, np.maximum(step_s, 1.0)))[[0, 2]]
    way_kn = min(float(np.fmax(made_kn, sog).max()), limits.max_mean_speed_kn)
    mps = max(way_kn, limits.min_speed_kn) * geodesy.KNOT_MPS
    course_deg = geodesy.bearing_deg(lat[0], lon[0], lat[1], lon[1])
    on_m = np.linspace(0.0, mps * step_s[1], CARRIED_ON)
    on_lat, on_lon = map(np.asarray, geodesy.destination(lat[1], lon[1], course_deg, on_m))
    back_m = np.asarray(geodesy.distance_m(on_lat, on_lon, lat[2], lon[2]))
    beach_m = coasts.distance_m(on_lat, on_lon, of=(own,))[own]
    at = np.flatnonzero((beach_m <= within_m + SAMPLED_M) & (on_m + back_m <= on_m[-1]))
    if len(at) == 0:
        return None
    k = at[0]
    off_m = coasts.distance_m(lat[2:], lon[2:], of=(own,))[own]
    return Beach(
        float(on_lat[k]),
        float(on_lon[k]),
        float(on_m[k]),
        float(on_m[k] / mps),
        float(step_s[1] - (on_m[k] + back_m[k]) / mps),
        float(off_m[1] - off_m[0]),
    )
