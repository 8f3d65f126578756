"""Where a vessel is slow in open water."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.core.detector import Context
from detectors.core.frames import SECOND_US
from detectors.kinematics import geodesy, timegrid
from detectors.kinematics.reports import Reports
from detectors.loitering.limits import Limits

Ints = NDArray[np.int64]


AT_REST_KN: Final = 0.3
"""What a set says of a vessel made fast or at anchor: nothing, but for errors of its position."""
SHIFTED_M: Final = 500.0
"""Further than errors, a swing at anchor, and a ship's length between its aerials together."""


def slow_ticks(limits: Limits, reports: Reports, grid: timegrid.Grid) -> Ints:
    """Return the ticks at which a vessel is slow, as far as that can be told.

    Between two reports further apart than an interruption may last, a straight way between them
    says little. It isn't slow going where either of them states that the vessel was making way: it
    sailed, stopped and sailed again. Nor where it lay at rest at both, in two places: what drifts
    doesn't rest at either end, but a ferry or a tug between two berths does.
    """
    slow = np.flatnonzero(grid.speed_kn < limits.max_speed_kn)
    row, first = np.unique(grid.report[slow], return_inverse=True)
    after = row + 1
    silent_s = (reports.time_us[after] - reports.time_us[row]) / SECOND_US
    stated = np.stack([reports.sog_kn[row], reports.sog_kn[after]])
    lat, lon = reports.lat, reports.lon
    apart_m = geodesy.distance_m(lat[row], lon[row], lat[after], lon[after])
    sailed = (stated >= limits.max_speed_kn).any(axis=0)
    sailed |= (stated < AT_REST_KN).all(axis=0) & (apart_m > SHIFTED_M)
    sailed &= silent_s > limits.max_interruption_s
    return slow[~sailed[first]]


def slow_runs(limits: Limits, grid: timegrid.Grid, rows: Ints) -> tuple[Ints, Ints]:
    """Find runs of slow ticks, with tolerated interruptions, that are long enough."""

    def joins(before: Ints, after: Ints) -> NDArray[np.bool_]:
        a, b = rows[before], rows[after]
        apart_m = geodesy.distance_m(grid.lat[a], grid.lon[a], grid.lat[b], grid.lon[b])
        return np.asarray(apart_m <= limits.max_interruption_m)

    return timegrid.episodes(
        grid.track_id[rows],
        grid.tick[rows],
        max_break=limits.max_interruption_s // limits.step_s,
        min_piece=-(-limits.min_piece_s // limits.step_s),
        min_length=-(-limits.min_duration_s // limits.step_s),
        joins=joins,
    )


def in_open_water(limits: Limits, grid: timegrid.Grid, slow: Ints, context: Context) -> Ints:
    """Return the slow ticks outside excluded zones and land.

    Zones only take ticks away, so only ticks of runs that are long enough without them need
    the test.
    """
    first, last = slow_runs(limits, grid, slow)
    inside = np.zeros(len(slow) + 1, "int64")
    inside[first] += 1
    inside[last + 1] -= 1
    slow = slow[np.cumsum(inside[:-1]) > 0]
    lat, lon = grid.lat[slow], grid.lon[slow]
    zones = context.zones
    return slow[~(zones.within(lat, lon, limits.excluded_classes) | zones.on_land(lat, lon))]
