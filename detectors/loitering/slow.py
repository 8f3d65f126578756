"""Where a vessel is slow in open water."""

import numpy as np
from numpy.typing import NDArray

from detectors.core.detector import Context
from detectors.kinematics import geodesy, timegrid
from detectors.loitering.limits import Limits

Ints = NDArray[np.int64]


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
