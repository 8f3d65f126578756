"""What a vessel did at sea before and after a passage, and whether it goes back to where it lay."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.crossing.endings import SOON_S
from detectors.crossing.limits import Limits
from detectors.crossing.sieve import way_m
from detectors.hypotheses.landfalls import SHOAL_M
from detectors.kinematics import geodesy, timegrid
from detectors.surroundings.coasts import Coasts

WORKED_S: Final = 6 * 3600
"""A tide and half a night."""
WORK_KN: Final = (0.5, 5.0)
"""Nets are towed at 2 to 4 kn, and drift with the stream where they aren't; slower lies what is at
anchor."""
TO_AND_FRO: Final = 2.5
"""See `hypotheses.at_work.GOES_ABOUT`: what drifts until the stream turns goes twice as far as the
place is wide at most."""
GROUND_M: Final = 500.0
"""Wider than a boat swings at her anchor, with errors of her fixes."""


def worked_before_s(limits: Limits, grid: timegrid.Grid, row: int) -> int:
    """Return how long a vessel was at work in the `WORKED_S` before a grid row, in seconds."""
    return _worked_s(limits, grid, _before(grid, row, WORKED_S // limits.step_s))


def worked_after_s(limits: Limits, grid: timegrid.Grid, row: int) -> int:
    """Return how long a vessel was at work in the `WORKED_S` after a grid row, in seconds."""
    return _worked_s(limits, grid, _after(grid, row, WORKED_S // limits.step_s))


def _worked_s(limits: Limits, grid: timegrid.Grid, rows: NDArray[np.int64]) -> int:
    """Return the time at `WORK_KN`, in seconds, if the way through these places, back to where nets
    were set before too, was `TO_AND_FRO` times as long as the ground was wide, or more; else 0.
    """
    speed_kn = grid.speed_kn[rows]
    rows = rows[(speed_kn >= WORK_KN[0]) & (speed_kn < WORK_KN[1])]
    if not len(rows):
        return 0
    lat, east = grid.lat[rows], geodesy.wrap_lon(grid.lon[rows] - grid.lon[rows[0]])
    wide_m = float(geodesy.distance_m(lat.min(), east.min(), lat.max(), east.max()))
    worked = wide_m >= GROUND_M and way_m(lat, east)[-1] >= TO_AND_FRO * wide_m
    return len(rows) * limits.step_s if worked else 0


def lain_there(limits: Limits, grid: timegrid.Grid, row: int, since: int) -> bool:
    """Tell whether a vessel lay within `elsewhere_m` of a grid row before another one of its track,
    `since`, in the memory of the rule.
    """
    rows = _before(grid, since, limits.memory_s // limits.step_s)
    rows = rows[grid.speed_kn[rows] < limits.min_speed_kn]
    away_m = geodesy.apart_m(grid, rows, row)
    return bool(np.count_nonzero(away_m < limits.elsewhere_m) * limits.step_s > limits.min_lying_s)


def lay_at_sea(limits: Limits, grid: timegrid.Grid, row: int, coasts: Coasts) -> bool:
    """Tell whether a vessel was heard for all of `SOON_S` before a grid row, a mile or more off any
    coast (`SHOAL_M`): who boards people at a shore and lies off it until the way is clear wasn't.
    """
    rows = _before(grid, row, SOON_S // limits.step_s)
    if len(rows) < SOON_S // limits.step_s:
        return False
    return bool(coasts.distance_m(grid.lat[rows], grid.lon[rows]).min() >= SHOAL_M)


def _before(grid: timegrid.Grid, row: int, n_ticks: int) -> NDArray[np.int64]:
    """Return the rows of the same track in so many ticks before a row."""
    first = int(np.searchsorted(grid.track_id[: row + 1], grid.track_id[row]))
    first += int(np.searchsorted(grid.tick[first:row], grid.tick[row] - n_ticks))
    return np.arange(first, row)


def _after(grid: timegrid.Grid, row: int, n_ticks: int) -> NDArray[np.int64]:
    """Return the rows of the same track in so many ticks from a row on."""
    last = int(np.searchsorted(grid.track_id, grid.track_id[row], side="right"))
    return np.arange(row, row + int(np.searchsorted(grid.tick[row:last], grid.tick[row] + n_ticks)))
