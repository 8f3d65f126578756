"""How often vessels fall silent: the rate of a day, and by how much places differ from it.

A place that is hardly known is judged by all others of the same day, one that is well known by
itself: the number of silences in a cell is beta-binomial, with the beta distribution fitted to all
cells by moments (Kleinman 1973, Proportions with extraneous variance: single and independent
samples, Journal of the American Statistical Association 68:46-54,
doi:10.1080/01621459.1973.10481332; empirical Bayes: Casella 1985, An introduction to empirical
Bayes data analysis, The American Statistician 39:83-87, doi:10.1080/00031305.1985.10479400).

The day is the 48 half hours before the one in which a silence began, all of them settled when it is
an hour old: no run's window, and nothing that came later.
"""

from typing import Final, NamedTuple

import numpy as np

from detectors.core.arrays import Floats, Ints
from detectors.kinematics import geodesy

DAY_SLOTS: Final = 48
MIN_STRENGTH: Final = 1.0
"""Jeffreys' prior weighs one trial."""
MAX_STRENGTH: Final = 100.0
"""Two days and nights of one vessel: however alike the cells are, a place may differ."""
TRICKLE: Final = 0.05
"""A twentieth: traffic comes and goes by halves. Less is an outage through which a late copy of one
ship's track comes, or one reserve receiver's own harbour, and tells nothing of anybody else."""


class Prior(NamedTuple):
    """A beta distribution: its mean and the number of trials that it weighs."""

    mean: Floats
    strength: Floats

    def updated(self, silences: Ints, heard: Ints) -> Floats:
        """Return the chance of falling silent in a half hour, given what a place shows.

        Several hulls of one number fall silent, each by itself, where one vessel is heard: no
        chance is above 1.
        """
        shown = (silences + self.mean * self.strength) / (heard + self.strength)
        return np.minimum(shown, 1.0)


class Rates:
    """What all places of a feed show, by half hour.

    Parameters
    ----------
    keys
        `coverage.cell_key` of cells and half hours, sorted.
    values
        Vessels and silences of each, the first two rows.
    rows, columns
        How many of them there are on the globe.
    """

    def __init__(self, keys: Ints, values: Floats, rows: int, columns: int) -> None:
        self._slot, self._cell = np.divmod(keys, rows * columns)
        self._rank = np.unique(self._cell, return_inverse=True)[1]
        self._columns = columns
        self._values = values

    def before(self, slot: Ints) -> Prior:
        """Return the prior of silences that began in each half hour since 1970-01-01 UTC."""
        slots, of = np.unique(slot, return_inverse=True)
        found = np.array([self._fitted(int(one)) for one in slots]).reshape(-1, 2)
        return Prior(found[of, 0], found[of, 1])

    def heard_a_day(self, slot: Ints, feed: "Rates") -> Floats:
        """Return how many vessels are heard in a day, each counted once for each half hour and cell
        in which it is: as many as in the day before half hours, or since the feed began in it.

        `feed`: what all places of it show, of any class.
        """
        slots, of = np.unique(slot, return_inverse=True)
        first, end = np.searchsorted(self._slot, [slots - DAY_SLOTS, slots])
        total = np.r_[0.0, np.cumsum(self._values[0])]
        began = np.r_[feed._slot, 0][np.searchsorted(feed._slot, slots - DAY_SLOTS)]
        lasted = np.clip(slots - began, 1, DAY_SLOTS)
        return np.asarray((total[end] - total[first]) * DAY_SLOTS / lasted)[of]

    def edge_m(self, lat: Floats, lon: Floats, slot: Ints) -> Floats:
        """Return how far it is from places to the edge of the box of all that was heard in the day
        before half hours, 0 outside; NaN where nothing was.

        A feed is cut to a box more often than not: who leaves it isn't heard on.
        """
        slots, of = np.unique(slot, return_inverse=True)
        south, north, west, width = np.array([self._box(one) for one in slots]).reshape(-1, 4)[of].T
        degree_m = np.pi / 180 * geodesy.EARTH_RADIUS_M
        across_m = degree_m * np.cos(np.radians(lat))
        sides = (
            (lat - south) * degree_m,
            (north - lat) * degree_m,
            (lon - west) % 360.0 * across_m,
            (width - (lon - west) % 360.0) * across_m,
        )
        return np.asarray(np.maximum(np.minimum.reduce(sides), 0.0))

    def _box(self, slot: int) -> tuple[float, float, float, float]:
        """Return south, north, west and width (deg) of all heard in the day before a half hour.

        West is where the widest stretch of meridians ends on which nobody was heard.
        """
        begin, end = np.searchsorted(self._slot, [slot - DAY_SLOTS, slot])
        if begin == end:
            return (np.nan,) * 4
        row, col = np.divmod(self._cell[begin:end], self._columns)
        columns = np.flatnonzero(np.bincount(col))
        empty = np.diff(np.r_[columns, columns[0] + self._columns])
        west = columns[(int(empty.argmax()) + 1) % len(columns)]
        width = self._columns - int(empty.max()) + 1
        deg = 360.0 / self._columns
        return (
            row.min() * deg - 90.0,
            (row.max() + 1) * deg - 90.0,
            west * deg - 180.0,
            width * deg,
        )

    def _fitted(self, slot: int) -> tuple[float, float]:
        begin, end = np.searchsorted(self._slot, [slot - DAY_SLOTS, slot])
        vessels, silences = self._values[:2, begin:end]
        of = self._rank[begin:end]
        n, x = (
            np.asarray(np.bincount(of, weights=part), "float64") for part in (vessels, silences)
        )
        return fitted(x[n > 0], n[n > 0])


def fitted(successes: Floats, trials: Floats) -> tuple[float, float]:
    """Return mean and strength of the beta distribution of the chances of several samples.

    >>> fitted(np.array([]), np.array([]))
    (0.5, 1.0)
    """
    total, k = float(trials.sum()), len(trials)
    mean = (float(successes.sum()) + 0.5) / (total + 1.0)
    spread = total - float((trials**2).sum()) / max(total, 1.0) - (k - 1)
    if k < 2 or spread <= 0:
        return mean, MIN_STRENGTH
    share = successes / trials
    between = float((trials * (share - mean) ** 2).sum()) / (mean * (1.0 - mean))
    intraclass = max((between - (k - 1)) / spread, 1e-6)
    return mean, float(np.clip(1.0 / intraclass - 1.0, MIN_STRENGTH, MAX_STRENGTH))


def usual_share(heard: Ints, slot: Ints, memory: int) -> Floats:
    """Return in what share of the slots something was heard, of the `memory` slots up to each one,
    from the first of them in which it was; NaN where it was in none.

    >>> usual_share(np.array([7, 9]), np.array([6, 7, 10]), 100)
    array([nan, 1. , 0.5])
    """
    slots = np.unique(heard)
    begin = np.searchsorted(slots, slot - memory + 1)
    number = np.searchsorted(slots, slot, side="right") - begin
    first = slots[np.minimum(begin, len(slots) - 1)] if len(slots) else slot
    return np.where(number > 0, number / np.maximum(slot - first + 1, 1), np.nan)


def heard_as_usual(slot: Ints, vessels: Ints, memory: int) -> Ints:
    """Return the slots, sorted, in which `TRICKLE` of the usual number of vessels, or more, came.

    Usual is the lower median of the `memory` slots up to each, from the first of all on, none where
    nothing was heard: by passes, or after days without a feed, any one vessel is enough.

    >>> heard_as_usual(np.arange(6), np.array([200, 210, 190, 2, 10, 200]), 100)
    array([0, 1, 2, 4, 5])
    >>> heard_as_usual(np.array([0, 3, 7, 9]), np.array([90, 1, 80, 1]), 100)
    array([0, 3, 7, 9])
    """
    order = np.argsort(slot, kind="stable")
    slot, vessels = slot[order], vessels[order]
    if len(slot) == 0:
        return slot
    number = np.full(int(slot[-1] - slot[0]) + memory, -1, "int32")
    number[memory - 1 :] = 0
    number[slot - slot[0] + memory - 1] = vessels
    day = np.sort(np.lib.stride_tricks.sliding_window_view(number, memory)[slot - slot[0]], axis=1)
    known = np.minimum(slot - slot[0] + 1, memory)
    usual = day[np.arange(len(slot)), memory - known + (known - 1) // 2]
    return np.asarray(slot[vessels >= TRICKLE * usual])
