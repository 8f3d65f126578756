"""Where within a loitering the vessel held its place, and how often it shifted under way."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.core.arrays import Floats, Ints
from detectors.kinematics import geodesy, timegrid
from detectors.loitering.limits import Limits

HELD_KN: Final = 0.2
"""Made good over a leg of 20 minutes, in a swing about an anchor too. On ten simulated nights
drifters and waiting mother ships held their place for 0.16 of the time at most, in a feed of the
Aegean ships at anchor and at berths for 0.78 or more."""
HELD_M: Final = 1000.0
"""Across the circle in which a large ship lies to her anchor (see `hypotheses.held.SWING_M`)."""
NET_KN: Final = 0.1
"""Made good over the whole of a stay: what drifts slowly gets on, what swings doesn't."""


def stays(
    limits: Limits, grid: timegrid.Grid, begin: Ints, end: Ints
) -> dict[str, NDArray[np.float64] | Ints]:
    """Return each run's share of time in which it held a place, at how many places, and its shifts.

    A place is held for as many legs in a row as made good `HELD_KN` or less, if they stay within
    `HELD_M` and make good `NET_KN` or less together. A shift is a stretch at `max_speed_kn` or
    more as its positions have it: the speed that it states is its own to say.

    `begin` and `end` are grid rows, of the run's first tick and of the end of its last step.
    """
    fast = grid.speed_kn >= limits.max_speed_kn
    began = np.r_[0, np.cumsum(fast & ~np.r_[False, fast[:-1]])]
    n_shifts = began[end] - began[begin + 1] + fast[begin]
    run, here, there = legs(limits, grid, begin, end)
    slow = geodesy.apart_m(grid, here, there) <= HELD_KN * geodesy.KNOT_MPS * limits.leg_s
    since, until = timegrid.stretches(run, slow)
    since, until = since[slow[since]], until[slow[since]]
    of, first, last = run[since], here[since], there[until]
    took_s = (last - first) * limits.step_s
    still = geodesy.apart_m(grid, first, last) <= NET_KN * geodesy.KNOT_MPS * took_s
    still &= _across_m(grid, first, last) <= HELD_M
    held_s = np.bincount(of[still], took_s[still], len(begin))
    return {
        "held_fraction": held_s / ((end - begin) * limits.step_s),
        "n_held": np.bincount(of[still], minlength=len(begin)),
        "n_shifts": n_shifts,
    }


def legs(limits: Limits, grid: timegrid.Grid, begin: Ints, end: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the legs of `leg_s` within runs: whose each is, and the rows that it goes from and to.

    From tick to tick of an absolute grid; `begin` and `end` are as of `stays`.
    """
    marks = np.flatnonzero(grid.tick % (limits.leg_s // limits.step_s) == 0)
    first, until = np.searchsorted(marks, begin), np.searchsorted(marks, end, side="right")
    run, mark = timegrid.ranges(first, np.maximum(until - first - 1, 0))
    return run, marks[mark], marks[mark + 1]


def _across_m(grid: timegrid.Grid, first: Ints, last: Ints) -> Floats:
    """Return how far from its first tick each stretch gets."""
    stretch, rows = timegrid.ranges(first, last - first + 1)
    far_m = np.zeros(len(first))
    np.maximum.at(far_m, stretch, geodesy.apart_m(grid, first[stretch], rows))
    return far_m
