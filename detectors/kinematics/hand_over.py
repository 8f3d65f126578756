"""Tracks that end where and as others begin: one hull changing its MMSI under way.

Only the first and last reports of each stretch of track take part, so the work grows with the
number of vessels and not with that of their reports.
"""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from detectors.core.arrays import Floats, Ints
from detectors.core.frames import SECOND_US
from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import KNOT_MPS
from detectors.kinematics.track_ends import Ends, Limits

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
class HandOvers:
    """Pairs of an end and a beginning, aligned.

    `clock_s` is by how much the clock of the receiver of the beginning had to run behind that of
    the end; `likeness`, from 0 to 1, is how well the miss agrees with one hull: a half at twice
    `LIKELY_MISS_M` + `LIKELY_MISS_RATIO` of the way; `rivals` counts other pairs of the same end or
    beginning that fit too; `max_pause_s` is the longest pause that they were allowed.
    """

    end: Ends
    begin: Ends
    pause_s: Floats
    miss_m: Floats
    miss_limit_m: Floats
    clock_s: Floats
    course_change_deg: Floats
    course_limit_deg: Floats
    speed_change_kn: Floats
    speed_limit_kn: Floats
    likeness: Floats
    rivals: Ints
    max_pause_s: Floats

    def take(self, rows: NDArray[np.bool_]) -> "HandOvers":
        """Return some of them."""
        some: dict[str, Any] = {
            name: values.take(rows) if isinstance(values, Ends) else values[rows]
            for name, values in vars(self).items()
        }
        return HandOvers(**some)

    def limited(self, speed_kn: float, course_deg: float = np.inf) -> "HandOvers":
        """Return those whose speed and course change by no more, whatever the pause."""
        some = replace(
            self,
            speed_limit_kn=np.minimum(self.speed_limit_kn, speed_kn),
            course_limit_deg=np.minimum(self.course_limit_deg, course_deg),
        )
        return some.take(
            (some.speed_change_kn <= some.speed_limit_kn)
            & (some.course_change_deg <= some.course_limit_deg)
        )

    def join(self, other: "HandOvers") -> "HandOvers":
        """Return those of both."""
        both: dict[str, Any] = {
            name: mine.join(theirs) if isinstance(mine, Ends) else np.concatenate([mine, theirs])
            for (name, mine), theirs in zip(vars(self).items(), vars(other).values(), strict=True)
        }
        return HandOvers(**both)


def pairs(ending: Ends, beginning: Ends, limits: Limits, *, within_m: float = np.inf) -> HandOvers:
    """Return ends and beginnings that one hull can have made, the best of each only.

    Further than `within_m` from one another none are looked at.

    Both are carried on by dead reckoning through the pause: the end on its course until a moment,
    the beginning back on its course to the same moment. How far apart they then are, at the
    moment that suits best, is the miss: a straight run and one turn at any time make none. Where
    it is too far and both seem to be heard at once, clocks that differ are tried, and the
    difference that makes the smallest miss is taken.
    """
    fitting = _fitting(ending, beginning, limits, within_m)
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
        best.course_limit_deg,
        best.speed_change_kn,
        best.speed_limit_kn,
        likeness,
        rivals,
        np.full(len(best.end), float(limits.max_pause_s)),
    )


def reach_m(limits: Limits) -> float:
    """Return how far apart an end and a beginning that one hull made may lie, at most."""
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
    course_limit_deg: Floats
    speed_change_kn: Floats
    speed_limit_kn: Floats
    travelled_m: Floats
    cost: Floats

    def take(self, rows: Ints) -> "_Fitting":
        return _Fitting(**{name: values[rows] for name, values in self._asdict().items()})


def _fitting(ending: Ends, beginning: Ends, limits: Limits, within_m: float) -> _Fitting:
    found = _near(ending, beginning, limits, within_m)
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
        & (end.heard_s > -pause_s)  # who is heard from the same moment on has taken over nothing
        & (pause_s <= limits.max_pause_s)
        & (speed_change_kn <= speed_limit_kn)
        & (course_change_deg <= course_limit_deg)
        & (geodesy.distance_m(end.lat, end.lon, begin.lat, begin.lon) <= within_m)
    )
    miss_m, clock_s = np.full(len(end), np.inf), np.zeros(len(end))
    left = np.flatnonzero(fits)
    miss_m[left] = _miss_m(end.take(left), begin.take(left), pause_s[left])
    # Only who seems to be heard under both numbers at once needs clocks that differ.
    left = left[(miss_m[left] > miss_limit_m[left]) & (pause_s[left] < 0)]
    for difference_s in np.arange(CLOCK_STEP_S, limits.max_clock_s + 1e-9, CLOCK_STEP_S).tolist():
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
        course_limit_deg,
        speed_change_kn,
        speed_limit_kn,
        travelled_m,
        cost,
    ).take(np.flatnonzero(fits))


def _near(ending: Ends, beginning: Ends, limits: Limits, within_m: float) -> tuple[Ints, Ints]:
    """Rows of ends and beginnings within reach of one another in place and time."""
    if len(ending) == 0 or len(beginning) == 0:
        return np.zeros(0, "int64"), np.zeros(0, "int64")
    fastest_kn = max(float(ending.speed_kn.max()), float(beginning.speed_kn.max()))
    # Distances are scaled by what the fastest of all can make; pairs are then held to their own.
    scale_m = 2 * limits.max_miss_m + min(fastest_kn, MAX_KN) * KNOT_MPS * (
        limits.max_pause_s + limits.max_clock_s
    )
    scale_m = min(scale_m, within_m)
    zero_us = min(int(ending.time_us.min()), int(beginning.time_us.min()))

    def tree(part: Ends) -> cKDTree:
        place = geodesy.unit_xyz(part.lat, part.lon) / geodesy.chord(scale_m)
        at = (part.time_us - zero_us) / SECOND_US / max(limits.max_pause_s, limits.max_clock_s)
        return cKDTree(np.column_stack([place, at]))

    near = tree(ending).sparse_distance_matrix(
        tree(beginning), 1.0, p=np.inf, output_type="coo_matrix"
    )
    return near.row.astype("int64"), near.col.astype("int64")


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
