"""Tracks that end where and as others begin: one hull changing its MMSI under way.

Only the first and last reports of each stretch of track take part, so the work grows with the
number of vessels and not with that of their reports.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from detectors.core.frames import SECOND_US
from detectors.kinematics import geodesy, shapes, timegrid
from detectors.kinematics.geodesy import KNOT_MPS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NEAREST_REPORTS = 64
"""Reports at an end of a stretch that its motion is judged by: over 2 min of a vessel heard every
2 s, the shortest interval of ITU-R M.1371-5, annex 1, table 1."""
STRAY_M = 200.0
STRAY_RATIO = 0.3
"""A report this far, and this share of the way, from where those around it say is a stray one."""
BASELINE_S = 120.0
"""Time over which speed and course are measured from positions: 10 m of noise then make 0.2 kn."""
SWITCHES = np.linspace(0.0, 1.0, 11)
"""Moments of the pause, as shares of it, at which a change of course is tried."""
LIKELY_MISS_M = 150.0
LIKELY_MISS_RATIO = 0.04
"""What dead reckoning of one hull misses by: the size of a ship and noise, and 0.4 knots in ten.
Ships in a lane follow one another at half a mile and more."""
MAX_KN = 70.0
"""No vessel is believed to be faster between its last report and the next."""
CLOCK_STEP_S = 20.0
"""Steps in which the difference of two receivers' clocks is tried: 120 m at 12 kn."""


@dataclass(frozen=True)
class Limits:
    """What a hand-over must keep to; see the detector's parameters of the same names."""

    min_silence_s: float
    max_pause_s: float
    max_clock_s: float
    min_before_s: float
    min_after_s: float
    min_reports: int
    max_thin_s: float
    min_speed_kn: float
    max_miss_m: float
    max_miss_ratio: float
    max_course_change_deg: float
    max_speed_change_kn: float


@dataclass(frozen=True)
class Ends:
    """Ends (or beginnings) of stretches of track, one row each.

    Attributes
    ----------
    row
        Report at the end.
    track_id
        Its track.
    speed_kn, course_deg
        Motion there, by positions.
    interval_s
        Median time between its nearest reports.
    heard_s
        Length of the stretch.
    silent_s
        How long the track was not heard beyond the end: until it was heard again; infinite where
        it never was, as far as is loaded.
    """

    row: Ints
    track_id: Ints
    time_us: Ints
    lat: Floats
    lon: Floats
    speed_kn: Floats
    course_deg: Floats
    interval_s: Floats
    heard_s: Floats
    silent_s: Floats

    def take(self, rows: Ints | Bools) -> "Ends":
        """Some of them."""
        return Ends(*(values[rows] for values in vars(self).values()))

    def __len__(self) -> int:
        return len(self.row)


@dataclass(frozen=True)
class HandOvers:
    """Pairs of an end and a beginning, aligned.

    `clock_s` is by how much the clock of the receiver of the beginning had to run behind that of
    the end; `likeness`, from 0 to 1, is how well the miss agrees with one hull: a half at twice
    `LIKELY_MISS_M` + `LIKELY_MISS_RATIO` of the way; `rivals` counts other pairs of the same end or
    beginning that fit too.
    """

    end: Ends
    begin: Ends
    pause_s: Floats
    miss_m: Floats
    miss_limit_m: Floats
    clock_s: Floats
    course_change_deg: Floats
    speed_change_kn: Floats
    speed_limit_kn: Floats
    likeness: Floats
    rivals: Ints


def stretches(track: Ints, time_us: Ints, silence_s: float) -> tuple[Ints, Ints]:
    """First and last row of each stretch without a silence of `silence_s` or more."""
    return timegrid.stretches(track, cut=np.diff(time_us) >= silence_s * SECOND_US)


def ends(
    track: Ints,
    time_us: Ints,
    lat: Floats,
    lon: Floats,
    sog_kn: Floats,
    cog_deg: Floats,
    limits: Limits,
) -> tuple[Ends, Ends]:
    """Last and first reports of the stretches that are heard well and long enough, and move.

    Parameters
    ----------
    track, time_us, lat, lon, sog_kn, cog_deg
        Reports sorted by (track, time).
    limits
        See `Limits`.

    Returns
    -------
    tuple
        Ends and beginnings.
    """
    first, last = stretches(track, time_us, limits.min_silence_s)
    same_before = np.zeros(len(first), bool)
    same_before[1:] = track[first[1:]] == track[first[:-1]]
    before_s = np.full(len(first), np.inf)
    before_s[same_before] = (
        time_us[first[same_before]] - time_us[first[same_before] - 1]
    ) / SECOND_US
    after_s = np.r_[before_s[1:], np.inf]
    after_s[:-1][~same_before[1:]] = np.inf
    reports = track, time_us, lat, lon, sog_kn, cog_deg
    ending = _motion(*reports, first, last, after_s, limits, -1)
    beginning = _motion(*reports, first, last, before_s, limits, 1)
    return ending, beginning


def _motion(
    track: Ints,
    time_us: Ints,
    lat: Floats,
    lon: Floats,
    sog_kn: Floats,
    cog_deg: Floats,
    first: Ints,
    last: Ints,
    silent_s: Floats,
    limits: Limits,
    step: int,
) -> Ends:
    """Ends (step -1) or beginnings (1) of stretches, with the motion there."""
    wanted_s = limits.min_before_s if step < 0 else limits.min_after_s
    heard_s = (time_us[last] - time_us[first]) / SECOND_US
    kept = (heard_s >= wanted_s) & (last - first + 1 >= limits.min_reports)
    first, last, heard_s, silent_s = first[kept], last[kept], heard_s[kept], silent_s[kept]
    row = last if step < 0 else first
    near = row[:, None] + step * np.arange(NEAREST_REPORTS)
    near = np.clip(near, first[:, None], last[:, None])
    strays = _strays(near, time_us, lat, lon, sog_kn, cog_deg)
    # Those that are none move up; at the far end they repeat the last of them.
    order = np.argsort(strays, axis=1, kind="stable")
    sound = NEAREST_REPORTS - np.count_nonzero(strays, axis=1)
    order = np.take_along_axis(
        order, np.minimum(np.arange(NEAREST_REPORTS), np.maximum(sound, 1)[:, None] - 1), axis=1
    )
    near = np.take_along_axis(near, order, axis=1)
    row = near[:, 0]
    away_s = np.abs(time_us[near] - time_us[row][:, None]) / SECOND_US
    far = np.where((away_s >= BASELINE_S).any(axis=1), (away_s >= BASELINE_S).argmax(axis=1), -1)
    other = near[np.arange(len(row)), far]
    baseline_s = away_s[np.arange(len(row)), far]
    earlier, later = (other, row) if step < 0 else (row, other)
    moved_m = geodesy.distance_m(lat[earlier], lon[earlier], lat[later], lon[later])
    speed_kn = np.atleast_1d(geodesy.speed_kn(moved_m, baseline_s))
    course_deg = np.atleast_1d(
        geodesy.bearing_deg(lat[earlier], lon[earlier], lat[later], lon[later])
    )
    # Heard at least so often around its end; what is clipped to the stretch repeats its end.
    nth = limits.min_reports - 1
    steady = away_s[:, nth] <= limits.max_thin_s
    interval_s = away_s[:, nth] / nth
    moving = (baseline_s > 0) & np.isfinite(speed_kn) & (speed_kn >= limits.min_speed_kn)
    return Ends(
        row,
        track[row],
        time_us[row],
        lat[row],
        lon[row],
        speed_kn,
        course_deg,
        interval_s,
        heard_s,
        silent_s,
    ).take(moving & steady)


def _strays(
    near: Ints, time_us: Ints, lat: Floats, lon: Floats, sog_kn: Floats, cog_deg: Floats
) -> NDArray[np.bool_]:
    """Which of the reports nearest to an end are elsewhere than those around them say.

    A receiver that is late by minutes repeats positions long passed, and corrupt fixes lie
    anywhere; one of them at the very end would lead dead reckoning astray.
    """
    speed_mps = sog_kn * KNOT_MPS
    course = np.radians(cog_deg)
    east_mps, north_mps = speed_mps * np.sin(course), speed_mps * np.cos(course)

    def leaps(here: Ints, there: Ints) -> NDArray[np.bool_]:
        step_s = (time_us[there] - time_us[here]) / SECOND_US
        east_m, north_m = shapes.plane_m(lat[there], lon[there], lat[here], lon[here])
        way_east_m = (east_mps[here] + east_mps[there]) / 2 * step_s
        way_north_m = (north_mps[here] + north_mps[there]) / 2 * step_s
        change_mps = np.hypot(east_mps[there] - east_mps[here], north_mps[there] - north_mps[here])
        allowed_m = (
            STRAY_M
            + STRAY_RATIO * np.hypot(way_east_m, way_north_m)
            + change_mps / 2 * np.abs(step_s)
        )
        off_m = np.hypot(east_m - way_east_m, north_m - way_north_m)
        # Without speed and course anything up to 30 kn may be.
        known = np.isfinite(off_m)
        moved_m = np.hypot(east_m, north_m)
        return np.asarray(
            np.where(known, off_m > allowed_m, moved_m > STRAY_M + 30.0 * KNOT_MPS * np.abs(step_s))
        )

    step = leaps(near[:, :-1], near[:, 1:])
    passes_by = ~leaps(near[:, :-2], near[:, 2:])
    strays = np.zeros(near.shape, bool)
    strays[:, 1:-1] = step[:, :-1] & step[:, 1:] & passes_by
    strays[:, 0] = step[:, 0] & ~strays[:, 1]
    return strays


def pairs(ending: Ends, beginning: Ends, limits: Limits) -> HandOvers:
    """Ends and beginnings that one hull can have made, the best of each only.

    Both are carried on by dead reckoning through the pause: the end on its course until a moment,
    the beginning back on its course to the same moment. How far apart they then are, at the
    moment that suits best, is the miss: a straight run and one turn at any time make none. Where
    it is too far and both seem to be heard at once, clocks that differ are tried, and the
    difference that makes the smallest miss is taken.
    """
    fitting = _fitting(ending, beginning, limits)
    best = fitting.take(_mutual(fitting.end, fitting.begin, fitting.cost))
    n_end = np.bincount(fitting.end, minlength=len(ending))
    n_begin = np.bincount(fitting.begin, minlength=len(beginning))
    rivals = n_end[best.end] + n_begin[best.begin] - 2
    likely_m = LIKELY_MISS_M + LIKELY_MISS_RATIO * best.travelled_m
    likeness = 1 / (1 + (best.miss_m / (2 * likely_m)) ** 2)
    return HandOvers(
        ending.take(best.end),
        beginning.take(best.begin),
        best.pause_s,
        best.miss_m,
        best.miss_limit_m,
        best.clock_s,
        best.course_change_deg,
        best.speed_change_kn,
        best.speed_limit_kn,
        likeness,
        rivals,
    )


def candidates(ending: Ends, beginning: Ends, limits: Limits) -> tuple[Ints, Ints]:
    """Rows of the ends and beginnings that one hull can have made, whichever suit best."""
    fitting = _fitting(ending, beginning, limits)
    return fitting.end, fitting.begin


def reach_m(limits: Limits) -> float:
    """How far apart an end and a beginning that one hull made may lie, at most."""
    return 2 * limits.max_miss_m + MAX_KN * KNOT_MPS * (limits.max_pause_s + limits.max_clock_s)


class _Fitting(NamedTuple):
    """Rows of ends and beginnings that fit, and how well."""

    end: Ints
    begin: Ints
    pause_s: Floats
    miss_m: Floats
    miss_limit_m: Floats
    clock_s: Floats
    course_change_deg: Floats
    speed_change_kn: Floats
    speed_limit_kn: Floats
    travelled_m: Floats
    cost: Floats

    def take(self, rows: Ints) -> "_Fitting":
        return _Fitting(**{name: values[rows] for name, values in self._asdict().items()})


def _fitting(ending: Ends, beginning: Ends, limits: Limits) -> _Fitting:
    found = _near(ending, beginning, limits)
    end, begin = ending.take(found[0]), beginning.take(found[1])
    pause_s = (begin.time_us - end.time_us) / SECOND_US
    mean_kn = (end.speed_kn + begin.speed_kn) / 2
    travelled_m = mean_kn * KNOT_MPS * np.abs(pause_s)
    share = np.clip(pause_s, 0, None) / limits.max_pause_s
    miss_limit_m = limits.max_miss_m + limits.max_miss_ratio * travelled_m
    speed_limit_kn = limits.max_speed_change_kn * (1 + share) + 0.1 * mean_kn
    course_limit_deg = limits.max_course_change_deg * (1 + share)
    speed_change_kn = np.abs(begin.speed_kn - end.speed_kn)
    course_change_deg = np.abs(geodesy.wrap_lon(begin.course_deg - end.course_deg))
    fits = (
        (end.track_id // 100 != begin.track_id // 100)
        & (pause_s >= -limits.max_clock_s)
        & (pause_s <= limits.max_pause_s)
        & (speed_change_kn <= speed_limit_kn)
        & (course_change_deg <= course_limit_deg)
    )
    miss_m, clock_s = np.full(len(end), np.inf), np.zeros(len(end))
    left = np.flatnonzero(fits)
    miss_m[left] = _miss_m(end.take(left), begin.take(left), pause_s[left])
    # Only who seems to be heard under both numbers at once needs clocks that differ.
    left = left[(miss_m[left] > miss_limit_m[left]) & (pause_s[left] < 0)]
    for difference_s in _differences(limits.max_clock_s):
        tried_m = _miss_m(end.take(left), begin.take(left), pause_s[left] + difference_s)
        better = tried_m < miss_m[left]
        miss_m[left[better]], clock_s[left[better]] = tried_m[better], difference_s
    fits &= miss_m <= miss_limit_m
    miss_m = np.where(fits, miss_m, np.inf)
    cost = (
        miss_m / miss_limit_m
        + speed_change_kn / speed_limit_kn
        + course_change_deg / course_limit_deg
        + np.abs(pause_s) / limits.max_pause_s
        + np.abs(clock_s) / max(limits.max_clock_s, 1.0)
    )
    return _Fitting(
        *found,
        pause_s,
        miss_m,
        miss_limit_m,
        clock_s,
        course_change_deg,
        speed_change_kn,
        speed_limit_kn,
        travelled_m,
        cost,
    ).take(np.flatnonzero(fits))


def _near(ending: Ends, beginning: Ends, limits: Limits) -> tuple[Ints, Ints]:
    """Rows of ends and beginnings within reach of one another in place and time."""
    if len(ending) == 0 or len(beginning) == 0:
        return np.zeros(0, "int64"), np.zeros(0, "int64")
    fastest_kn = max(float(ending.speed_kn.max()), float(beginning.speed_kn.max()))
    # Distances are scaled by what the fastest of all can make; pairs are then held to their own.
    scale_m = 2 * limits.max_miss_m + min(fastest_kn, MAX_KN) * KNOT_MPS * (
        limits.max_pause_s + limits.max_clock_s
    )
    zero_us = min(int(ending.time_us.min()), int(beginning.time_us.min()))

    def tree(part: Ends) -> cKDTree:
        place = geodesy.unit_xyz(part.lat, part.lon) / geodesy.chord(scale_m)
        at = (part.time_us - zero_us) / SECOND_US / max(limits.max_pause_s, limits.max_clock_s)
        return cKDTree(np.column_stack([place, at]))

    near = tree(ending).sparse_distance_matrix(
        tree(beginning), 1.0, p=np.inf, output_type="coo_matrix"
    )
    return near.row.astype("int64"), near.col.astype("int64")


def _differences(max_clock_s: float) -> list[float]:
    """Clock differences to try, the smallest first."""
    steps: list[float] = np.arange(CLOCK_STEP_S, max_clock_s + 1e-9, CLOCK_STEP_S).tolist()
    return steps


def _miss_m(end: Ends, begin: Ends, pause_s: Floats) -> Floats:
    best = np.full(len(end), np.inf)
    for share in SWITCHES:  # eleven moments, not pairs
        on_m = end.speed_kn * KNOT_MPS * pause_s * share
        back_m = begin.speed_kn * KNOT_MPS * pause_s * (1 - share)
        here = geodesy.destination(end.lat, end.lon, end.course_deg, on_m)
        there = geodesy.destination(begin.lat, begin.lon, begin.course_deg, -back_m)
        best = np.minimum(best, geodesy.distance_m(*here, *there))
    return best


def _mutual(end: Ints, begin: Ints, cost: Floats) -> Ints:
    """Pairs that are the cheapest both of their end and of their beginning."""
    order = np.lexsort((begin, end, cost))
    best = np.zeros(len(order), bool)
    best[np.unique(end[order], return_index=True)[1]] = True
    other = np.zeros(len(order), bool)
    other[np.unique(begin[order], return_index=True)[1]] = True
    return np.asarray(np.sort(order[best & other]))
