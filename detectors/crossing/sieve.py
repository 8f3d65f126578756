"""Where a passage may lie: by the coasts of two states, and which ticks are at a shore."""

from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.crossing.limits import Limits
from detectors.kinematics import geodesy, shapes, timegrid
from detectors.surroundings.coasts import SPACING_M, Coasts
from detectors.surroundings.zones import Zones

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CELL_DEG: Final = 0.005
"""550 m: distances to coasts are looked up by cells of this size first."""
WRONG_M: Final = float(CELL_DEG / np.sqrt(2) * shapes.DEGREE_M)
"""By so much the distance of a cell's middle may be wrong for a place in it."""


class Cells:
    """How far the cells of a grid's ticks are from each state's coast: right by `WRONG_M`."""

    def __init__(self, grid: timegrid.Grid, coasts: Coasts) -> None:
        north, east = (np.floor(at / CELL_DEG).astype("int64") for at in (grid.lat, grid.lon))
        _, one_of, cell = np.unique(north * 10**6 + east, return_index=True, return_inverse=True)
        self._cell = cell.astype("int32")
        self._middle_m = coasts.distance_m(
            (north[one_of] + 0.5) * CELL_DEG, (east[one_of] + 0.5) * CELL_DEG
        )

    def coasts_m(self, rows: Ints) -> Floats:
        """Return the distance to each state's coast from some rows of the grid."""
        return np.asarray(self._middle_m[:, self._cell[rows]])

    def coast_m(self, rows: Ints, state: int) -> Floats:
        """Return the distance to one state's coast from some rows of the grid."""
        return np.asarray(self._middle_m[state, self._cell[rows]])

    def within(self, reach_m: float) -> Bools:
        """Tell which rows may be no further than that from any coast."""
        return np.asarray((self._middle_m.min(axis=0) <= reach_m + WRONG_M)[self._cell])


def at_a_shore(limits: Limits, grid: timegrid.Grid, zones: Zones, cells: Cells) -> Bools:
    """Tell of each tick whether it lies no further than `shore_m` from land."""
    ashore = np.zeros(len(grid.tick), bool)
    # The coast of each state is sampled half a kilometre apart.
    may_be = np.flatnonzero(cells.within(limits.shore_m + SPACING_M))
    ashore[may_be] = zones.near_land(grid.lat[may_be], grid.lon[may_be], limits.shore_m)
    return ashore


def worth_a_look(
    limits: Limits,
    grid: timegrid.Grid,
    stretches: dict[int, Ints],
    cells: Cells,
) -> dict[int, tuple[slice, tuple[int, ...]]]:
    """Return the part of each stretch in which a passage may lie, and the states (their ordinals)
    whose coasts matter there, by the cells that it goes through.

    A distance changes by no more than the way made, so the distance of a cell's middle is wrong
    by half of the cell's diagonal at most. The way across that is asked for is several times
    that; ships that follow the strait don't come near it, and needn't be measured at each tick.
    """
    parts = {}
    for k, ticks in stretches.items():
        path_m = way_m(grid.lat[ticks], grid.lon[ticks])
        part = _may_hold(limits, cells.coasts_m(ticks), path_m, WRONG_M)
        if part is not None:
            parts[k] = part
    return parts


def _may_hold(
    limits: Limits, distance_m: Floats, path_m: Floats, wrong_m: float
) -> tuple[slice, tuple[int, ...]] | None:
    """Tell between which ticks any passage lies if each distance is wrong by up to `wrong_m`, and
    the states it may lead between or have nearest to it; None where there can be none.
    """
    seen = (distance_m <= distance_m.min(axis=0) + 2 * wrong_m).any(axis=1)
    first, last, states = len(path_m), -1, set(np.flatnonzero(seen).tolist())
    for one, other in combinations(range(len(distance_m)), 2):
        if not seen[one] and not seen[other]:
            continue
        least = least_share(limits, bool(seen[one]), bool(seen[other]))
        a, b = distance_m[one], distance_m[other]
        position = a / np.maximum(a + b, 1.0)
        off = np.minimum(wrong_m / np.maximum(a + b - 2 * wrong_m, 1.0), 1.0)
        if (position + off).max() - (position - off).min() < least:
            continue
        begins, ends = leads_across(limits, (a - b) / 2, path_m, 2 * wrong_m)
        if begins.any():
            first = min(first, int(begins.argmax()))
            last = max(last, int(np.flatnonzero(ends)[-1]))
            states |= {one, other}
    return (slice(first, last + 1), tuple(sorted(states))) if last >= 0 else None


def least_share(limits: Limits, one_seen: bool, other_seen: bool) -> float:
    """Return the share of the width to ask for, by whether either coast was the nearest at all."""
    return limits.min_width_fraction if one_seen and other_seen else limits.min_one_sided_fraction


def leads_across(
    limits: Limits, across_m: Floats, path_m: Floats, error_m: float = 0.0
) -> tuple[Bools, Bools]:
    """Tell which ticks begin and end a stretch of `min_distance_m` or more that leads across
    for `min_across_ratio` of its way, or may do so where that is wrong by up to `error_m`.
    """
    begins, ends = np.zeros(len(path_m), bool), np.zeros(len(path_m), bool)
    soonest = np.searchsorted(path_m, path_m + limits.min_distance_m)
    latest = np.searchsorted(path_m, path_m - limits.min_distance_m, side="right") - 1
    for gain_m in (across_m, -across_m):
        # More across than asked for from i to j: then this has grown between them.
        excess_m = gain_m - limits.min_across_ratio * path_m
        later_m = np.append(np.maximum.accumulate(excess_m[::-1])[::-1], -np.inf)
        begins |= later_m[soonest] >= excess_m - error_m
        earlier_m = np.append(np.minimum.accumulate(excess_m), np.inf)
        ends |= earlier_m[latest] <= excess_m + error_m
    return begins, ends


def way_m(lat: Floats, lon: Floats) -> Floats:
    """Return the way sailed up to each tick."""
    steps_m = geodesy.distance_m(lat[:-1], lon[:-1], lat[1:], lon[1:])
    return np.asarray(np.r_[0.0, np.cumsum(steps_m)])
