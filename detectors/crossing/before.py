"""What a vessel did at sea before a passage."""

from typing import Final

import numpy as np

from detectors.crossing.limits import Limits
from detectors.kinematics import geodesy, timegrid

WORKED_S: Final = 6 * 3600
"""A tide and half a night."""
WORK_KN: Final = (1.5, 5.0)
"""Nets are towed at 2 to 4 kn; slower lies what is at anchor."""
TO_AND_FRO: Final = 2.5
"""See `hypotheses.at_work.GOES_ABOUT`: what drifts until the stream turns goes twice as far as the
place is wide at most."""


def worked_before_s(limits: Limits, grid: timegrid.Grid, row: int) -> int:
    """Return how long a vessel was at work in the `WORKED_S` before a grid row, in seconds.

    That is the time at `WORK_KN`, if it then went `TO_AND_FRO` times as far as the place was wide,
    or more; else 0.
    """
    first = int(np.searchsorted(grid.track_id[: row + 1], grid.track_id[row]))
    rows = np.arange(first, row)
    rows = rows[grid.tick[rows] >= grid.tick[row] - WORKED_S // limits.step_s]
    speed_kn = grid.speed_kn[rows]
    rows = rows[(speed_kn >= WORK_KN[0]) & (speed_kn < WORK_KN[1])]
    if not len(rows):
        return 0
    lat, east = grid.lat[rows], geodesy.wrap_lon(grid.lon[rows] - grid.lon[rows[0]])
    wide_m = float(geodesy.distance_m(lat.min(), east.min(), lat.max(), east.max()))
    way_m = float(grid.speed_kn[rows].sum()) * geodesy.KNOT_MPS * limits.step_s
    return len(rows) * limits.step_s if way_m >= TO_AND_FRO * wide_m else 0
