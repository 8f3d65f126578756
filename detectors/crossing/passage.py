"""Passages from one state's coast towards another's."""

from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from detectors.crossing.limits import Limits
from detectors.crossing.sieve import (
    Cells,
    leads_across,
    least_share,
    way_m,
    worth_a_look,
)
from detectors.kinematics import geodesy, timegrid
from detectors.surroundings.coasts import Coasts

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FINE_STEPS: Final = 30
"""Passages of up to so many steps (an hour) may begin and end at any tick."""


@dataclass(frozen=True)
class Passage:
    """The part of a run that best shows a crossing; `begin` and `end` are rows of the grid."""

    begin: int
    end: int
    from_state: str
    to_state: str
    share: float
    across_m: float
    path_m: float
    made_good_m: float
    width_m: float
    sides_changed: bool
    distances_m: tuple[float, float, float, float]
    """To the coast left and the coast made for, at the beginning; the same at the end."""

    @property
    def value(self) -> float:
        """The better it shows a crossing the larger."""
        ratio = min(self.across_m / max(self.path_m, 1.0), 1.0)
        return self.share * ratio * (1.0 if self.sides_changed else 0.6)


def passages(
    limits: Limits, grid: timegrid.Grid, first: Ints, last: Ints, coasts: Coasts, cells: Cells
) -> dict[int, Passage]:
    """Return the best passage of each run that holds one, by the run's ordinal."""
    ends = enumerate(zip(first.tolist(), last.tolist(), strict=True))
    stretches = {k: np.arange(a, b + 2) for k, (a, b) in ends}  # the last step's end belongs to it
    found: dict[int, Passage] = {}
    for k, (part, states) in worth_a_look(limits, grid, stretches, cells).items():
        passage = _passage(limits, grid, stretches[k][part], coasts, states)
        if passage is not None:
            found[k] = passage
    return found


def _passage(
    limits: Limits,
    grid: timegrid.Grid,
    ticks: Ints,
    coasts: Coasts,
    states: tuple[int, ...],
) -> Passage | None:
    """Return the best passage of a run from one coast towards another, if any; `states` are
    the ordinals of those that come into question.

    More of a run only adds pairs of ticks to choose from: what is a crossing stays one.
    """
    longest = limits.max_passage_s // limits.step_s
    lat, lon = grid.lat[ticks], grid.lon[ticks]
    distance_m = coasts.distance_m(lat, lon, of=states)
    nearest = distance_m.argmin(axis=0)
    seen = set(np.unique(nearest).tolist())
    path_m = way_m(lat, lon)
    best, best_value = None, 0.0
    for one, other in combinations(states, 2):
        at_one, at_other = one in seen, other in seen
        if not at_one and not at_other:
            continue
        least = least_share(limits, at_one, at_other)
        a, b = distance_m[one], distance_m[other]
        position = a / np.maximum(a + b, 1.0)
        if np.ptp(position) < least:
            continue
        across_m = (a - b) / 2
        i, j = _far_apart(limits, position, across_m, path_m, grid.tick[ticks], longest, least)
        if len(i) == 0:
            continue
        forth = position[j] > position[i]
        leaves = nearest[i] == np.where(forth, one, other)
        arrives = nearest[j] == np.where(forth, other, one)
        share = np.abs(position[j] - position[i])
        made_m, sailed_m = np.abs(across_m[j] - across_m[i]), path_m[j] - path_m[i]
        ratio = made_m / np.maximum(sailed_m, 1.0)
        asked = np.where(leaves & arrives, limits.min_width_fraction, limits.min_one_sided_fraction)
        value = share * np.minimum(ratio, 1.0) * np.where(leaves & arrives, 1.0, 0.6)
        ok = (
            (leaves | arrives)
            & (share >= asked)
            & (ratio >= limits.min_across_ratio)
            & (np.minimum((a + b)[i], (a + b)[j]) >= limits.min_width_m)
            & (grid.report[ticks[j]] - grid.report[ticks[i]] + 2 >= limits.min_reports)
            & (value > best_value)
        )
        # What takes long is asked of the few that are left.
        among = np.flatnonzero(ok)
        i, j = i[among], j[among]
        seconds = (grid.tick[ticks[j]] - grid.tick[ticks[i]]) * limits.step_s
        good_m = geodesy.distance_m(lat[i], lon[i], lat[j], lon[j])
        speed_kn = geodesy.speed_kn(good_m, seconds)
        fits = (
            (good_m >= limits.min_distance_m)
            & (speed_kn >= limits.min_mean_speed_kn)
            & (speed_kn <= limits.max_mean_speed_kn)
        )
        if not fits.any():
            continue
        at = int(np.where(fits, value[among], 0.0).argmax())
        begin, end, k = int(i[at]), int(j[at]), int(among[at])
        best_value = float(value[k])
        left, ahead = (one, other) if forth[k] else (other, one)
        best = Passage(
            begin=int(ticks[begin]),
            end=int(ticks[end]),
            from_state=coasts.states[left],
            to_state=coasts.states[ahead],
            share=float(share[k]),
            across_m=float(made_m[k]),
            path_m=float(sailed_m[k]),
            made_good_m=float(good_m[at]),
            width_m=float((a + b)[begin : end + 1].min()),
            sides_changed=bool(leaves[k] & arrives[k]),
            distances_m=(
                float(distance_m[left, begin]),
                float(distance_m[ahead, begin]),
                float(distance_m[left, end]),
                float(distance_m[ahead, end]),
            ),
        )
    return best


def _far_apart(
    limits: Limits,
    position: Floats,
    across_m: Floats,
    path_m: Floats,
    tick: Ints,
    longest: int,
    least: float,
) -> tuple[Ints, Ints]:
    """Find pairs of ticks, no more than `longest` apart, worth a closer look.

    A tick without another `least` of the width away within reach is in none, nor is one that no
    stretch of `min_distance_m` begins or ends at that leads across for `min_across_ratio` of
    its way. More than `FINE_STEPS` apart every third tick is enough.
    """
    size = 2 * longest + 1
    high = np.maximum(
        maximum_filter1d(position, size) - position, position - minimum_filter1d(position, size)
    )
    far = high >= least
    if not far.any():
        return np.empty(0, "int64"), np.empty(0, "int64")
    begins, ends = leads_across(limits, across_m, path_m)
    one, other = np.flatnonzero(far & begins), np.flatnonzero(far & ends)
    first = np.searchsorted(other, one, side="right")
    n = np.searchsorted(other, one + longest, side="right") - first
    owner, at = timegrid.ranges(first, n)
    i, j = one[owner], other[at]
    coarse = tick % 3 == 0
    near = (j - i <= FINE_STEPS) | (coarse[i] & coarse[j])
    return i[near], j[near]
