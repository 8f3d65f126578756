"""Which tracks may cross, and when they are under way."""

import numpy as np
import pandas as pd

from detectors.core.arrays import Bools, Ints
from detectors.core.frames import SECOND_US, epoch_us, offsets
from detectors.crossing.limits import Limits
from detectors.kinematics import geodesy, timegrid


def candidates(limits: Limits, positions: pd.DataFrame) -> Ints:
    """Return the rows of the tracks that may hold a crossing: far enough apart, under way at all.

    Each test follows from the rule, so it takes no crossing away; it only saves work. What a vessel
    says of itself is none of them.
    """
    track = positions["track_id"].to_numpy()
    starts = offsets(track)
    lat, lon = positions["lat"].to_numpy(), positions["lon"].to_numpy()
    apart_deg = np.degrees(limits.min_distance_m / geodesy.EARTH_RADIUS_M) * 0.7
    far = np.zeros(len(starts) - 1, bool)
    for values in (lat, lon):  # a track across the antimeridian is far apart by this; good
        high = np.maximum.reduceat(values, starts[:-1])
        far |= high - np.minimum.reduceat(values, starts[:-1]) >= apart_deg
    rows = np.flatnonzero(np.repeat(far, np.diff(starts)))
    if len(rows) < 2:
        return rows[:0]

    own = track[rows]
    dlon = (np.diff(lon[rows]) + 180.0) % 360.0 - 180.0
    moved_deg = np.hypot(np.diff(lat[rows]), dlon * np.cos(np.radians(lat[rows[1:]])))
    step_s = np.diff(epoch_us(positions["time"].iloc[rows])) / SECOND_US
    speed = np.radians(moved_deg) * geodesy.EARTH_RADIUS_M / geodesy.KNOT_MPS
    same = own[1:] == own[:-1]
    moves = same & (speed >= 0.9 * limits.min_speed_kn * step_s)
    moves &= step_s <= limits.longest_way_s
    bounds = offsets(own)
    keep = np.logical_or.reduceat(np.r_[False, moves], bounds[:-1])
    return np.asarray(rows[np.repeat(keep, np.diff(bounds))])


def runs_under_way(
    limits: Limits, grid: timegrid.Grid, rows: Ints, ashore: Bools
) -> tuple[Ints, Ints]:
    """Find runs of ticks under way that are long enough; a stop at the shore ends one.

    `ashore` says of each tick of the grid whether it is at a shore.
    """

    def goes_on(last: Ints, first: Ints) -> Bools:
        """Tell whether no tick between two pieces, at which it was slow, was at a shore."""
        before = np.r_[0, np.cumsum(ashore)]
        return np.asarray(before[rows[first]] == before[rows[last] + 1])

    return timegrid.episodes(
        grid.track_id[rows],
        grid.tick[rows],
        max_break=limits.max_interruption_s // limits.step_s,
        min_piece=2,
        min_length=-(-limits.min_duration_s // limits.step_s),
        joins=goes_on,
    )
