"""Passages from one state's coast towards another's."""

from dataclasses import dataclass
from itertools import combinations
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.crossing.limits import Limits
from detectors.crossing.sieve import (
    Cells,
    least_share,
    way_m,
    worth_a_look,
)
from detectors.kinematics import geodesy, timegrid
from detectors.kinematics.integrity.jit import compiled
from detectors.surroundings.coasts import Coasts

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BLOCK: Final = 8
"""So many ticks in a row are passed by at once where none of them is far enough across."""
FINE_STEPS: Final = 30
"""Passages of up to so many steps (an hour) may begin and end at any tick."""
ONE_SIDED: Final = 0.6
"""What a passage is worth of which one side of the strait was seen."""


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
        return self.share * ratio * (1.0 if self.sides_changed else ONE_SIDED)


class Track(NamedTuple):
    """What is known of a run at each of its ticks, with two coasts in view.

    Attributes
    ----------
    position
        Which share of the strait's width lies behind it, from the one coast.
    across_m, path_m, width_m
        The way made across, the way sailed, and how far both coasts are together.
    nearest
        Whose coast is nearest.
    """

    position: Floats
    across_m: Floats
    path_m: Floats
    width_m: Floats
    nearest: Ints
    lat: Floats
    lon: Floats
    tick: Ints
    report: Ints


class Search(NamedTuple):
    """What a passage is held against, compiled; see `Limits`."""

    longest: int
    step_s: int
    min_share: float
    min_one_sided: float
    min_ratio: float
    min_width_m: float
    min_reports: int
    min_good_m: float
    min_mps: float
    max_mps: float


def passages(
    limits: Limits, grid: timegrid.Grid, first: Ints, last: Ints, coasts: Coasts, cells: Cells
) -> dict[int, Passage]:
    """Return the best passage of each run that holds one, by the run's ordinal."""
    found: dict[int, Passage] = {}
    begin, end, states = worth_a_look(limits, grid, first, last, cells)
    for k in np.flatnonzero(begin >= 0).tolist():
        own = tuple(np.flatnonzero(states[k]).tolist())
        passage = _passage(limits, grid, slice(begin[k], end[k] + 1), coasts, own)
        if passage is not None:
            found[k] = passage
    return found


def _passage(
    limits: Limits,
    grid: timegrid.Grid,
    ticks: slice,
    coasts: Coasts,
    states: tuple[int, ...],
) -> Passage | None:
    """Return the best passage of a run from one coast towards another, if any; `states` are
    the ordinals of those that come into question.

    More of a run only adds pairs of ticks to choose from: what is a crossing stays one.
    """
    search = Search(
        limits.max_passage_s // limits.step_s,
        limits.step_s,
        limits.min_width_fraction,
        limits.min_one_sided_fraction,
        limits.min_across_ratio,
        limits.min_width_m,
        limits.min_reports,
        limits.min_distance_m,
        limits.min_mean_speed_kn * geodesy.KNOT_MPS,
        limits.max_mean_speed_kn * geodesy.KNOT_MPS,
    )
    lat, lon = grid.lat[ticks], grid.lon[ticks]
    tick, report = grid.tick[ticks], grid.report[ticks]
    distance_m = coasts.distance_m(lat, lon, of=states)
    nearest = distance_m.argmin(axis=0)
    seen = set(np.flatnonzero(np.bincount(nearest)).tolist())
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
        track = Track(position, across_m, path_m, a + b, nearest, lat, lon, tick, report)
        begin, end, value = _best(track, search, one, other, least, best_value)
        if begin < 0:
            continue
        best_value = value
        forth = position[end] > position[begin]
        left, ahead = (one, other) if forth else (other, one)
        best = Passage(
            begin=int(ticks.start) + begin,
            end=int(ticks.start) + end,
            from_state=coasts.states[left],
            to_state=coasts.states[ahead],
            share=float(abs(position[end] - position[begin])),
            across_m=float(abs(across_m[end] - across_m[begin])),
            path_m=float(path_m[end] - path_m[begin]),
            made_good_m=float(geodesy.distance_m(lat[begin], lon[begin], lat[end], lon[end])),
            width_m=float((a + b)[begin : end + 1].min()),
            sides_changed=bool(nearest[begin] == left and nearest[end] == ahead),
            distances_m=(
                float(distance_m[left, begin]),
                float(distance_m[ahead, begin]),
                float(distance_m[left, end]),
                float(distance_m[ahead, end]),
            ),
        )
    return best


@compiled
def _best(
    track: Track, search: Search, one: int, other: int, least: float, best_value: float
) -> tuple[int, int, float]:
    """Return the ticks between which the best passage lies, and its value: -1 and the value to beat
    where none is better.

    They are no more than `longest` apart; more than `FINE_STEPS` apart every third is enough.
    """
    begin, end = -1, -1
    n = len(track.position)
    n_blocks = -(-n // BLOCK)
    low, high = np.full(n_blocks, np.inf), np.full(n_blocks, -np.inf)
    for i in range(n):
        low[i // BLOCK] = min(low[i // BLOCK], track.position[i])
        high[i // BLOCK] = max(high[i // BLOCK], track.position[i])
    for i in range(n):
        stop = min(i + search.longest + 1, n)
        j = i
        while j + 1 < stop:
            j += 1
            if j % BLOCK == 0:
                here, block = track.position[i], j // BLOCK
                most = max(high[block] - here, here - low[block])
                if most < least or most <= best_value:  # no value is more than its share
                    j += BLOCK - 1
                    continue
            share = abs(track.position[j] - track.position[i])
            if share < least or share <= best_value:
                continue
            if j - i > FINE_STEPS and (track.tick[i] % 3 or track.tick[j] % 3):
                continue
            forth = track.position[j] > track.position[i]
            leaves = track.nearest[i] == (one if forth else other)
            arrives = track.nearest[j] == (other if forth else one)
            if not (leaves or arrives):
                continue
            both = leaves and arrives
            if share < (search.min_share if both else search.min_one_sided):
                continue
            sailed_m = track.path_m[j] - track.path_m[i]
            ratio = abs(track.across_m[j] - track.across_m[i]) / max(sailed_m, 1.0)
            value = share * min(ratio, 1.0) * (1.0 if both else ONE_SIDED)
            if value <= best_value or ratio < search.min_ratio:
                continue
            if min(track.width_m[i], track.width_m[j]) < search.min_width_m:
                continue
            if track.report[j] - track.report[i] + 2 < search.min_reports:
                continue
            good_m = _apart_m(track.lat[i], track.lon[i], track.lat[j], track.lon[j])
            mps = good_m / ((track.tick[j] - track.tick[i]) * search.step_s)
            if good_m >= search.min_good_m and search.min_mps <= mps <= search.max_mps:
                begin, end, best_value = i, j, value
    return begin, end, best_value


@compiled
def _apart_m(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Return what `geodesy.distance_m` does of two places."""
    phi1, phi2 = np.radians(lat1), np.radians(lat2)
    half_dphi, half_dlon = (phi2 - phi1) / 2, (np.radians(lon2) - np.radians(lon1)) / 2
    h = np.sin(half_dphi) ** 2 + np.cos(phi1) * np.cos(phi2) * np.sin(half_dlon) ** 2
    return float(2 * geodesy.EARTH_RADIUS_M * np.arcsin(np.sqrt(min(max(h, 0.0), 1.0))))
