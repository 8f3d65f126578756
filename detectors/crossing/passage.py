"""Passages from one state's coast towards another's."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from detectors.core.arrays import Bools, Floats, Ints
from detectors.crossing.limits import Limits
from detectors.crossing.sieve import Cells, steps_m, worth_a_look
from detectors.kinematics import geodesy, timegrid
from detectors.kinematics.integrity.jit import compiled
from detectors.kinematics.integrity.rows import distance_m
from detectors.surroundings.coasts import Coasts

BLOCK: Final = 8
"""So many ticks in a row are passed by at once where none of them is far enough across."""
AT_A_TIME: Final = 2**17
"""Ticks of which the distance to each coast is held."""
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

    def duration_s(self, step_s: int) -> int:
        """Return how long it took on a grid of so many seconds."""
        return (self.end - self.begin) * step_s


class Track(NamedTuple):
    """What is known of a run at each of its ticks, with two coasts in view."""

    position: Floats
    """Which share of the strait's width lies behind it, from the one coast."""
    across_m: Floats
    path_m: Floats
    width_m: Floats
    """The way made across, the way sailed, and how far both coasts are together."""
    nearest: Ints
    """Whose coast is nearest."""
    lat: Floats
    lon: Floats
    tick: Ints
    report: Ints


class Runs(NamedTuple):
    """The parts of runs in which a passage may lie, one after the other, compiled."""

    bounds: Ints
    """First tick of each, with the number of ticks at the end."""
    states: Bools
    """Whose coasts come into question, (runs, states)."""
    coast_m: Floats
    """How far off these are, (states, ticks); infinity for others."""
    step_m: Floats
    """The way from the tick before."""
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

    @classmethod
    def of(cls, limits: Limits) -> "Search":
        """Return it in the units of the grid."""
        return cls(
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


def passages(
    limits: Limits, grid: timegrid.Grid, first: Ints, last: Ints, coasts: Coasts, cells: Cells
) -> dict[int, Passage]:
    """Return the best passage of each run that holds one, by the run's ordinal.

    More of a run only adds pairs of ticks to choose from: what is a crossing stays one.
    """
    ways_m = steps_m(grid.lat, grid.lon)
    begin, end, states = worth_a_look(limits, ways_m, first, last, cells)
    asked = np.flatnonzero(begin >= 0)
    block = np.cumsum((end - begin)[asked] + 1) // AT_A_TIME
    found: dict[int, Passage] = {}
    for low, high in zip(*timegrid.stretches(block), strict=True):
        own = asked[low : high + 1]
        runs, rows = _runs(grid, ways_m, begin[own], end[own], states[own], coasts)
        best = zip(own.tolist(), _best_passages(limits, runs, rows, coasts), strict=True)
        found |= {k: passage for k, passage in best if passage is not None}
    return found


def _best_passages(limits: Limits, runs: Runs, rows: Ints, coasts: Coasts) -> list[Passage | None]:
    """Return the best passage of each of some runs; `rows` of the grid are those of their ticks."""
    ends, of, metres = _best_of_each(runs, Search.of(limits))
    there = np.flatnonzero(ends[0] >= 0)
    ends, (one, other), metres = ends[:, there], of[:, there], metres[:, there]
    a, b = (runs.coast_m[state, ends] for state in (one, other))
    position, across_m = a / np.maximum(a + b, 1.0), (a - b) / 2
    forth = position[1] > position[0]
    left, ahead = np.where(forth, one, other), np.where(forth, other, one)
    nearest = runs.coast_m[:, ends].argmin(axis=0)
    changed = (nearest[0] == left) & (nearest[1] == ahead)
    made_good_m = geodesy.distance_m(*(at[i] for i in ends for at in (runs.lat, runs.lon)))
    away_m = [runs.coast_m[state, i].tolist() for i in ends for state in (left, ahead)]
    columns = (
        *rows[ends].tolist(),
        *([coasts.states[state] for state in side.tolist()] for side in (left, ahead)),
        np.abs(position[1] - position[0]).tolist(),
        np.abs(across_m[1] - across_m[0]).tolist(),
        metres[0].tolist(),
        np.asarray(made_good_m).tolist(),
        metres[1].tolist(),
        changed.tolist(),
        zip(*away_m, strict=True),
    )
    found: list[Passage | None] = [None] * len(runs.states)
    for k, *values in zip(there.tolist(), *columns, strict=True):
        found[k] = Passage(*values)
    return found


def _runs(
    grid: timegrid.Grid, ways_m: Floats, begin: Ints, end: Ints, states: Bools, coasts: Coasts
) -> tuple[Runs, Ints]:
    """Return parts of runs, from one row of the grid to another, and the row of each tick."""
    length = end - begin + 1
    whose, rows = timegrid.ranges(begin, length)
    lat, lon = grid.lat[rows], grid.lon[rows]
    coast_m = coasts.distance_where_m(lat, lon, states[whose])
    step_m = ways_m[rows - 1]  # of the first of a run none counts
    bounds = np.r_[0, np.cumsum(length)]
    return Runs(bounds, states, coast_m, step_m, lat, lon, grid.tick[rows], grid.report[rows]), rows


@compiled
def _best_of_each(runs: Runs, search: Search) -> tuple[Ints, Ints, Floats]:
    """Return the ticks between which the best passage of each run lies, -1 where there is none; the
    ordinals of the two states; the way sailed, and the least width on it.
    """
    n_runs, n_states = runs.states.shape
    ends, of = np.full((2, n_runs), -1), np.full((2, n_runs), -1)
    metres = np.zeros((2, n_runs))
    for k in range(n_runs):
        low, high = runs.bounds[k], runs.bounds[k + 1]
        path_m, position = np.zeros(high - low), np.zeros(high - low)
        across_m, width_m = np.zeros(high - low), np.zeros(high - low)
        nearest, seen = np.zeros(high - low, np.int64), np.zeros(n_states, np.bool_)
        for i in range(high - low):
            if i:
                path_m[i] = path_m[i - 1] + runs.step_m[low + i]
            for state in range(1, n_states):
                if runs.coast_m[state, low + i] < runs.coast_m[nearest[i], low + i]:
                    nearest[i] = state
            seen[nearest[i]] = True
        best_value = 0.0
        for one in range(n_states):
            for other in range(one + 1, n_states):
                if not (runs.states[k, one] and runs.states[k, other]):
                    continue
                if not (seen[one] or seen[other]):
                    continue
                both = seen[one] and seen[other]
                least = search.min_share if both else search.min_one_sided
                highest, lowest = -np.inf, np.inf
                for i in range(high - low):
                    a, b = runs.coast_m[one, low + i], runs.coast_m[other, low + i]
                    position[i], across_m[i] = a / max(a + b, 1.0), (a - b) / 2
                    width_m[i] = a + b
                    highest, lowest = max(highest, position[i]), min(lowest, position[i])
                if highest - lowest < least:
                    continue
                track = Track(
                    position,
                    across_m,
                    path_m,
                    width_m,
                    nearest,
                    runs.lat[low:high],
                    runs.lon[low:high],
                    runs.tick[low:high],
                    runs.report[low:high],
                )
                begin, end, value = _best(track, search, one, other, least, best_value)
                if begin < 0:
                    continue
                best_value = value
                ends[0, k], ends[1, k], of[0, k], of[1, k] = low + begin, low + end, one, other
                metres[0, k] = path_m[end] - path_m[begin]
                metres[1, k] = width_m[begin]
                for i in range(begin, end + 1):  # as a slice it takes longer to compile
                    metres[1, k] = min(metres[1, k], width_m[i])
    return ends, of, metres


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
        long = track.tick[i] % 3 == 0
        stop = min(i + (search.longest if long else min(search.longest, FINE_STEPS)) + 1, n)
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
            if j - i > FINE_STEPS and track.tick[j] % 3:
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
            good_m = distance_m(track.lat[i], track.lon[i], track.lat[j], track.lon[j])
            mps = good_m / ((track.tick[j] - track.tick[i]) * search.step_s)
            if good_m >= search.min_good_m and search.min_mps <= mps <= search.max_mps:
                begin, end, best_value = i, j, value
    return begin, end, best_value
