"""Where a passage may lie: by the coasts of two states, and which ticks are at a shore."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.frames import is_first
from detectors.crossing.limits import Limits
from detectors.kinematics import geodesy, shapes, timegrid
from detectors.kinematics.integrity.jit import compiled
from detectors.surroundings.coasts import SPACING_M, Coasts
from detectors.surroundings.zones import Zones

CELL_DEG: Final = 0.005
"""550 m: distances to coasts are looked up by cells of this size first."""
WRONG_M: Final = float(CELL_DEG / np.sqrt(2) * shapes.DEGREE_M)
"""By so much the distance of a cell's middle may be wrong for a place in it."""


class Cells:
    """How far the cells of a grid's ticks are from each state's coast: right by `WRONG_M`.

    Attributes
    ----------
    of_row
        The cell of each row of the grid.
    middle_m
        How far the middle of each cell is from each state's coast, (states, cells).
    """

    def __init__(self, grid: timegrid.Grid, coasts: Coasts) -> None:
        north, east = (np.floor(at / CELL_DEG).astype("int64") for at in (grid.lat, grid.lon))
        key = north * 10**6 + east
        # What lies stays in its cell for hours.
        begins = is_first(key)
        came = np.flatnonzero(begins)
        _, one_of, cell = np.unique(key[came], return_index=True, return_inverse=True)
        self.of_row = cell.astype("int32")[np.cumsum(begins) - 1]
        self.middle_m = coasts.distance_m(
            (north[came[one_of]] + 0.5) * CELL_DEG, (east[came[one_of]] + 0.5) * CELL_DEG
        )

    def coast_m(self, rows: Ints, state: int) -> Floats:
        """Return the distance to one state's coast from some rows of the grid."""
        return np.asarray(self.middle_m[state, self.of_row[rows]])

    def within(self, reach_m: float) -> Bools:
        """Tell which rows may be no further than that from any coast."""
        return np.asarray((self.middle_m.min(axis=0) <= reach_m + WRONG_M)[self.of_row])


def at_a_shore(limits: Limits, grid: timegrid.Grid, zones: Zones, cells: Cells) -> Bools:
    """Tell of each tick whether it lies no further than `shore_m` from land."""
    ashore = np.zeros(len(grid.tick), bool)
    # The coast of each state is sampled half a kilometre apart.
    may_be = np.flatnonzero(cells.within(limits.shore_m + SPACING_M))
    ashore[may_be] = zones.near_land(grid.lat[may_be], grid.lon[may_be], limits.shore_m)
    return ashore


class Asked(NamedTuple):
    """What a passage needs, and by how much distances may be wrong, compiled; see `Limits`."""

    min_share: float
    min_one_sided: float
    min_ratio: float
    min_way_m: float
    wrong_m: float


def worth_a_look(
    limits: Limits, ways_m: Floats, first: Ints, last: Ints, cells: Cells
) -> tuple[Ints, Ints, Bools]:
    """Return the part of each run in which a passage may lie, as its first row of the grid and its
    last, -1 where there can be none; and the states whose coasts matter there, (runs, states).

    Runs are `first` to `last` and the row after; `ways_m` is the way from each row to the next.
    Looked at are the cells that they go through. A distance changes by no more than the way made,
    so the distance of a cell's middle is wrong by half of the cell's diagonal at most. The way
    across that is asked for is several times that; ships that follow the strait don't come near
    it, and needn't be measured at each tick.
    """
    asked = Asked(
        limits.min_width_fraction,
        limits.min_one_sided_fraction,
        limits.min_across_ratio,
        limits.min_distance_m,
        WRONG_M,
    )
    return _may_hold(first, last + 1, ways_m, cells.middle_m, cells.of_row, asked)


@compiled
def _may_hold(
    first: Ints,
    last: Ints,
    steps_m: Floats,
    middle_m: Floats,
    cell: NDArray[np.int32],
    asked: Asked,
) -> tuple[Ints, Ints, Bools]:
    """Tell between which rows any passage lies if each distance is wrong by up to `wrong_m`, and
    the states that it may lead between or has nearest to it.

    A stretch of `min_way_m` or more must lead across for `min_ratio` of its way.
    """
    n_states, longest = len(middle_m), 0
    for k in range(len(first)):
        longest = max(longest, last[k] - first[k] + 1)
    begin, end = np.full(len(first), -1), np.full(len(first), -1)
    states = np.zeros((len(first), n_states), np.bool_)
    path_m, best_m, excess_m = np.zeros(longest), np.zeros(longest), np.zeros(longest)
    seen = np.zeros(n_states, np.bool_)
    error_m = 2 * asked.wrong_m
    for k in range(len(first)):
        low, n = first[k], last[k] - first[k] + 1
        seen[:] = False
        for i in range(n):
            path_m[i] = path_m[i - 1] + steps_m[low + i - 1] if i else 0.0
            at = cell[low + i]
            least_m = np.inf
            for state in range(n_states):
                least_m = min(least_m, middle_m[state, at])
            for state in range(n_states):
                seen[state] |= middle_m[state, at] <= least_m + error_m
        begins, ends = n, -1
        for one in range(n_states):
            for other in range(one + 1, n_states):
                if not seen[one] and not seen[other]:
                    continue
                both = seen[one] and seen[other]
                least = asked.min_share if both else asked.min_one_sided
                highest, lowest = -np.inf, np.inf
                for i in range(n):
                    a, b = middle_m[one, cell[low + i]], middle_m[other, cell[low + i]]
                    position = a / max(a + b, 1.0)
                    off = min(asked.wrong_m / max(a + b - error_m, 1.0), 1.0)
                    highest, lowest = max(highest, position + off), min(lowest, position - off)
                if highest - lowest < least:
                    continue
                leads = False
                for sign in (1.0, -1.0):
                    # More across than asked for from i to j: then this has grown between them.
                    for i in range(n):
                        a, b = middle_m[one, cell[low + i]], middle_m[other, cell[low + i]]
                        excess_m[i] = sign * ((a - b) / 2) - asked.min_ratio * path_m[i]
                    best_m[n - 1] = excess_m[n - 1]
                    for i in range(n - 2, -1, -1):
                        best_m[i] = max(best_m[i + 1], excess_m[i])
                    j = 0
                    for i in range(n):
                        while j < n and path_m[j] < path_m[i] + asked.min_way_m:
                            j += 1
                        if j == n:
                            break
                        if best_m[j] >= excess_m[i] - error_m:
                            begins, leads = min(begins, i), True
                            break
                    best_m[0] = excess_m[0]
                    for i in range(1, n):
                        best_m[i] = min(best_m[i - 1], excess_m[i])
                    i = n - 1
                    for j in range(n - 1, -1, -1):
                        while i >= 0 and path_m[i] > path_m[j] - asked.min_way_m:
                            i -= 1
                        if i < 0:
                            break
                        if best_m[i] <= excess_m[j] + error_m:
                            ends = max(ends, j)
                            break
                if leads:
                    states[k, one] = states[k, other] = True
        if ends >= 0 and begins < n:
            begin[k], end[k] = low + begins, low + ends
            for state in range(n_states):  # as a whole takes longer to compile
                states[k, state] |= seen[state]
    return begin, end, states


def steps_m(lat: Floats, lon: Floats) -> Floats:
    """Return the way from each tick to the next."""
    return np.asarray(geodesy.distance_m(lat[:-1], lon[:-1], lat[1:], lon[1:]))


def way_m(lat: Floats, lon: Floats) -> Floats:
    """Return the way sailed up to each tick."""
    return np.asarray(np.r_[0.0, np.cumsum(steps_m(lat, lon))])


def median(values: Floats) -> float:
    """Return what `np.median` does of some numbers, none of them NaN: it takes thrice as long for
    the few of a passage.

    >>> median(np.array([3.0, 1.0, 2.0])), median(np.array([4.0, 1.0, 3.0, 2.0]))
    (2.0, 2.5)
    """
    half = len(values) // 2
    if len(values) % 2:
        return float(np.partition(values, half)[half])
    middle = np.partition(values, (half - 1, half))
    return float((middle[half - 1] + middle[half]) / 2)
