"""Kernels over arrays sorted by (track, time): an absolute time grid, runs, run aggregates.

The grid is made of multiples of its step since 1970-01-01 UTC, never of steps since the first
report, so that the same reports give the same ticks however they were cut into windows. A tick
exists only between two reports that are near enough in time; a silence is never bridged.

Runs are built from local conditions only (a tick qualifies or doesn't, a gap is short enough or
isn't), and a run once long enough stays long enough when more of it is seen. This is what makes
the detectors that rest on it independent of partitioning.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.core.arrays import Floats, Ints
from detectors.core.frames import NAV_STATUS_UNDEFINED, SECOND_US, is_last, offsets
from detectors.kinematics import geodesy


@dataclass(frozen=True)
class Grid:
    """Positions of tracks on the absolute time grid, sorted by (track_id, tick)."""

    step_s: int
    """Step of the grid in seconds."""
    track_id: Ints
    """Track of each tick."""
    tick: Ints
    """Time of each tick in steps since 1970-01-01 UTC."""
    lat: Floats
    lon: Floats
    """Interpolated position, degrees."""
    speed_kn: Floats
    """Speed from positions over the step that begins at the tick, NaN where the next tick of the
    track is missing."""
    report: Ints
    """Row of the last report at or before the tick; the next row is the report after it."""

    def last_ticks(self) -> dict[int, int]:
        """Return the last tick of each track whose speed is known."""
        known = np.isfinite(self.speed_kn)
        track, tick = self.track_id[known], self.tick[known]
        last = offsets(track)[1:] - 1 if len(track) else np.zeros(0, "int64")
        return dict(zip(track[last].tolist(), tick[last].tolist(), strict=True))

    def kept(self, keep: NDArray[np.bool_]) -> "Grid":
        """Return the grid without the ticks that aren't to be kept."""
        rows = np.flatnonzero(keep)
        track, tick = self.track_id[rows], self.tick[rows]
        goes_on = np.r_[(track[1:] == track[:-1]) & (tick[1:] == tick[:-1] + 1), False]
        return Grid(
            self.step_s,
            track,
            tick,
            self.lat[rows],
            self.lon[rows],
            np.where(goes_on[: len(rows)], self.speed_kn[rows], np.nan),
            self.report[rows],
        )

    def rows_at(self, track: Ints, tick: Ints) -> Ints:
        """Row of each (track, tick); -1 where the grid has none."""
        if len(self.tick) == 0:
            return np.full(len(track), -1, "int64")
        left, _ = around(self.track_id, self.tick, track, tick)
        there = (self.track_id[left] == track) & (self.tick[left] == tick)
        return np.where(there, left, -1)


def resample(
    track_id: Ints, time_us: Ints, lat: Floats, lon: Floats, step_s: int, max_silence_s: float
) -> Grid:
    """Interpolate each track at the ticks of the absolute grid.

    Parameters
    ----------
    track_id, time_us, lat, lon
        Reports sorted by (track_id, time), times in microseconds since 1970-01-01 UTC.
    step_s
        Step of the grid in seconds.
    max_silence_s
        No tick is made between two reports further apart than this.

    Notes
    -----
    A tick belongs to the half-open stretch from one report to the next, so a tick exactly on the
    last report before a silence isn't made: whether a silence follows is only known later, and
    the grid must not depend on when it is looked at.
    """
    from detectors.kinematics import ticks  # compiled: not for who makes no grid

    silence_us = int(min(max_silence_s * SECOND_US, 2**62))
    track_id, time_us, lat, lon = _read_only(track_id, time_us, lat, lon)
    asked = track_id, time_us, lat, lon, step_s * SECOND_US, silence_us
    n = ticks.count(track_id, time_us, *asked[4:])
    track_of, tick_of, report_of = (np.empty(n, "int64") for _ in range(3))
    lat_of, lon_of, speed_of = (np.empty(n, "float64") for _ in range(3))
    ticks.fill(*asked, (track_of, tick_of, report_of, lat_of, lon_of, speed_of))
    return Grid(step_s, track_of, tick_of, lat_of, lon_of, speed_of, report_of)


def episodes(
    group: Ints,
    tick: Ints,
    *,
    max_break: int,
    min_piece: int,
    min_length: int,
    joins: Callable[[Ints, Ints], NDArray[np.bool_]] | None = None,
) -> tuple[Ints, Ints]:
    """Find runs of ticks within a group, with tolerated interruptions.

    Ticks that follow one another make a piece. Pieces shorter than `min_piece` begin and end no
    run. Pieces no more than `max_break` ticks apart make one run. Runs are kept from `min_length`
    ticks on, counted from their first tick to their last, interruptions included.

    Returns rows of the first and the last tick of each run, both inclusive.

    Parameters
    ----------
    group, tick
        The qualifying ticks, sorted by (group, tick), without repeats.
    max_break
        Largest number of missing ticks between two pieces of a run.
    min_piece, min_length
        Smallest number of ticks of a piece, and of a run.
    joins
        Whether two pieces that are near enough in time belong together, from the rows of the last
        tick of the one and the first of the next; all do when left out.

    Examples
    --------
    >>> group, tick = np.zeros(7, int), np.array([1, 2, 3, 5, 9, 10, 11])
    >>> episodes(group, tick, max_break=5, min_piece=2, min_length=3)
    (array([0]), array([6]))
    >>> episodes(group, tick, max_break=4, min_piece=2, min_length=3)
    (array([0, 4]), array([2, 6]))
    """
    if len(tick) == 0:
        return np.zeros(0, "int64"), np.zeros(0, "int64")
    first, last = stretches(group, cut=np.diff(tick) != 1)
    long_enough = last - first + 1 >= min_piece
    first, last = first[long_enough], last[long_enough]
    if len(first) == 0:
        return first, last
    apart = tick[first[1:]] - tick[last[:-1]] - 1 > max_break
    if joins is not None:
        apart |= ~joins(last[:-1], first[1:])
    begin, end = stretches(group[first], cut=apart)
    first, last = first[begin], last[end]
    long_enough = tick[last] - tick[first] + 1 >= min_length
    return first[long_enough], last[long_enough]


def stretches(*columns: NDArray[Any], cut: NDArray[np.bool_] | None = None) -> tuple[Ints, Ints]:
    """Return the first and the last row, both inclusive, of each stretch of rows.

    A stretch ends where a value of `columns` changes, or after row k where ``cut[k]`` holds.

    >>> stretches(np.array([7, 7, 9, 9]), cut=np.array([True, False, False]))
    (array([0, 1, 2]), array([0, 1, 3]))
    """
    ends = is_last(*columns)
    if cut is not None:
        ends[:-1] |= cut
    last = np.flatnonzero(ends)
    return np.r_[np.zeros(len(last[:1]), "int64"), last[:-1] + 1], last


def ranges(first: NDArray[np.integer[Any]], count: NDArray[np.integer[Any]]) -> tuple[Ints, Ints]:
    """Return the numbers ``first, first + 1, …``, `count` of them for each, with whose they are.

    >>> ranges(np.array([5, 0, 2]), np.array([2, 0, 3]))
    (array([0, 0, 2, 2, 2]), array([5, 6, 2, 3, 4]))
    """
    owner = np.repeat(np.arange(len(count)), count)
    return owner, np.arange(len(owner)) + np.repeat(first - (np.cumsum(count) - count), count)


def aggregate(
    reduce: Callable[..., Any], values: NDArray[Any], first: Ints, last: Ints
) -> NDArray[Any]:
    """Reduce `values` over inclusive, ordered, disjoint stretches of rows, e.g. with ``np.add``.

    >>> aggregate(np.maximum, np.array([3, 1, 4, 1, 5]), np.array([0, 3]), np.array([1, 4]))
    array([3, 5])
    """
    if len(first) == 0:
        return values[:0]
    padded = np.r_[values, values[-1:]]  # reduceat needs an end row even after the last stretch
    bounds = np.stack([first, last + 1], axis=1).ravel()
    return np.asarray(reduce.reduceat(padded, bounds)[::2])  # type: ignore[attr-defined]


def quantiles(values: Floats, first: Ints, last: Ints, q: float) -> Floats:
    """Quantile `q` of each stretch, ignoring NaN; NaN where a stretch holds nothing else.

    The value taken is the one whose rank is nearest from below, so it is one that was measured.

    >>> quantiles(np.array([3.0, 1.0, np.nan, 2.0]), np.array([0]), np.array([3]), 0.5)
    array([2.])
    """
    return np.asarray(shares_of(values, first, last, q)[0])


def shares_of(values: Floats, first: Ints, last: Ints, *q: float) -> Floats:
    """Return several quantiles of each stretch as `quantiles` does, a row each."""
    from detectors.kinematics import ticks

    values = np.asarray(values, "float64").view()
    values.flags.writeable = False  # whatever is given, it is compiled once
    return ticks.ranked(values, first, last, np.array(q, "float64"))


def position_at(
    track_id: Ints, time_us: Ints, lat: Floats, lon: Floats, track: Ints, at_us: Ints
) -> tuple[Floats, Floats]:
    """Positions of tracks at given times, interpolated between the reports around them.

    Before its first and after its last report a track stays where that report says. The caller
    sees to it that the times lie in stretches where interpolating is fair.
    """
    left, right = around(track_id, time_us, track, at_us)
    gap_us = time_us[right] - time_us[left]
    fraction = np.where(gap_us > 0, (at_us - time_us[left]) / np.maximum(gap_us, 1), 0.0)
    return geodesy.interpolate(
        lat[left], lon[left], lat[right], lon[right], np.clip(fraction, 0.0, 1.0)
    )


def around(track_id: Ints, time_us: Ints, track: Ints, at_us: Ints) -> tuple[Ints, Ints]:
    """Rows of the reports of a track at or before, and after, each time; clipped to the track."""
    from detectors.kinematics import ticks

    asked = np.broadcast_arrays(np.asarray(track, "int64"), np.asarray(at_us, "int64"))
    columns = _read_only(track_id, time_us, *(np.ascontiguousarray(a).ravel() for a in asked))
    left, right = ticks.around(*columns).reshape(2, *asked[0].shape)
    return left, right


def _read_only(*columns: NDArray[Any]) -> list[NDArray[Any]]:
    """Return columns that can't be written: frames give such arrays, and all are, or there were two
    kinds to compile for.
    """
    columns = tuple(values.view() for values in columns)
    for values in columns:
        values.flags.writeable = False
    return list(columns)


def most_common(status: NDArray[Any], first: Ints, last: Ints) -> tuple[list[int], list[float]]:
    """Navigation status most often reported in each stretch and its share, undefined ones aside."""
    codes, shares = [], []
    for a, b in zip(first, last, strict=True):
        known = status[a : b + 1]
        known = known[(known >= 0) & (known != NAV_STATUS_UNDEFINED)]
        counts = np.bincount(known) if len(known) else np.zeros(1, "int64")
        codes.append(int(counts.argmax()) if len(known) else NAV_STATUS_UNDEFINED)
        shares.append(float(counts.max()) / (b - a + 1))
    return codes, shares
