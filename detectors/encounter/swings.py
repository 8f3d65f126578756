"""How far two that lay together swung, and whether they turned about one another as they did."""

from typing import Final

import numpy as np

from detectors.core.arrays import Floats, Ints
from detectors.encounter.pairs import Pairs
from detectors.kinematics import geodesy, timegrid

MOST: Final = (0.1, 0.9)
"""Quantiles between which four fifths of the time lie: a swing without its yaws and bad fixes."""


def swings(grid: timegrid.Grid, pairs: Pairs, first: Ints, last: Ints) -> dict[str, Floats]:
    """Return, by name, how far the one that swung less swung (m), over how many degrees one bore
    from the other meanwhile, and the radius of that swing (m) if they were made fast.

    Two that are fast to one another turn as one: in a swing through an angle, the line between
    their antennas turns by the same. Who gets so far through that angle goes round on a circle of
    `swing_radius_m` (radius): wider than any cable, each lay to an anchor of its own.
    """
    sides = pairs.left, pairs.right
    swung_m = np.minimum(*(_across_m(grid, rows, first, last) for rows in sides))
    spread_deg = _direction_spread_deg(grid, pairs, first, last)
    half = np.radians(np.clip(spread_deg, 0.1, 180.0)) / 2
    return {
        "swung_m": swung_m,
        "direction_spread_deg": spread_deg,
        "swing_radius_m": swung_m / (2 * np.sin(half)),
    }


def _across_m(grid: timegrid.Grid, rows: Ints, first: Ints, last: Ints) -> Floats:
    """Return the diagonal of the box in which a vessel lay for four fifths of the time each way."""
    run, covered = timegrid.ranges(first, last - first + 1)
    lat, east = grid.lat[rows], np.full(len(rows), np.nan)
    east[covered] = geodesy.wrap_lon(grid.lon[rows[covered]] - grid.lon[rows[first]][run])
    south, north = timegrid.shares_of(lat, first, last, *MOST)
    left, right = timegrid.shares_of(east, first, last, *MOST)
    zero = np.zeros(len(first))
    height_m = geodesy.distance_m(south, zero, north, zero)
    width_m = geodesy.distance_m((south + north) / 2, left, (south + north) / 2, right)
    return np.asarray(np.hypot(height_m, width_m))


def _direction_spread_deg(grid: timegrid.Grid, pairs: Pairs, first: Ints, last: Ints) -> Floats:
    """Return over how many degrees about its mean the second bore from the first."""
    a, b = pairs.left, pairs.right
    run, covered = timegrid.ranges(first, last - first + 1)
    bearing_deg = geodesy.course_deg(grid, a, b)
    way = np.radians(bearing_deg)
    north, east = (
        timegrid.aggregate(np.add, part, first, last) for part in (np.cos(way), np.sin(way))
    )
    off_deg = np.full(len(a), np.nan)
    mean_deg = np.degrees(np.arctan2(east, north))
    off_deg[covered] = geodesy.wrap_lon(bearing_deg[covered] - mean_deg[run])
    low, high = timegrid.shares_of(off_deg, first, last, *MOST)
    return np.asarray(high - low)
