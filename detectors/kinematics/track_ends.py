"""Where and how stretches of track end and begin.

Only the first and last reports of each stretch take part.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.frames import SECOND_US
from detectors.kinematics import geodesy, shapes, timegrid
from detectors.kinematics.geodesy import KNOT_MPS

NEAREST_REPORTS = 64
"""Reports at an end of a stretch that its motion is judged by: over 2 min of a vessel heard every
2 s, the shortest interval of ITU-R M.1371-5, annex 1, table 1."""
STRAY_M = 200.0
STRAY_RATIO = 0.3
"""A report this far, and this share of the way, from where those around it say is a stray one."""
BASELINE_S = 120.0
"""Time over which speed and course are measured from positions: 10 m of noise then make 0.2 kn."""

STATED_S = 900.0
"""Where positions lie further apart than that, speed and course are those that are stated: a pass
of a satellite lasts a quarter of an hour at most."""


@dataclass(frozen=True)
class Limits:
    """What a hand-over must keep to; see the detector's parameters of the same names.

    Of a stretch that has fewer than `min_reports` those do that it has, if `min_some_reports`.
    """

    min_silence_s: float
    max_pause_s: float
    max_clock_s: float
    min_before_s: float
    min_after_s: float
    min_reports: int
    min_some_reports: int
    max_thin_s: float
    max_miss_m: float
    max_miss_ratio: float
    max_course_change_deg: float
    max_speed_change_kn: float


@dataclass(frozen=True)
class Ends:
    """Ends (or beginnings) of stretches of track, one row each."""

    row: Ints
    """Report at the end."""
    track_id: Ints
    """Its track."""
    time_us: Ints
    lat: Floats
    lon: Floats
    speed_kn: Floats
    course_deg: Floats
    """Motion there, by positions."""
    mean_kn: Floats
    mean_deg: Floats
    """The same, over all reports nearest to the end, at most `min_before_s` or `min_after_s`: of
    what lies or drifts the noise of two fixes is the larger part of a shorter way."""
    interval_s: Floats
    """Median time between its nearest reports."""
    heard_s: Floats
    """Length of the stretch up to there."""
    silent_s: Floats
    """How long the track was not heard beyond the end: until it was heard again; infinite where it
    never was, as far as is loaded."""
    n_reports: Ints
    """How many of the reports nearest to the end `interval_s` is of, `min_reports` at most."""

    def take(self, rows: Ints | Bools) -> "Ends":
        """Return some of them."""
        return Ends(*(values[rows] for values in vars(self).values()))

    def join(self, other: "Ends") -> "Ends":
        """Return those of both."""
        both = zip(vars(self).values(), vars(other).values(), strict=True)
        return Ends(*(np.concatenate(values) for values in both))

    def __len__(self) -> int:
        return len(self.row)


def stretches(track: Ints, time_us: Ints, silence_s: float) -> tuple[Ints, Ints]:
    """Return the first and last row of each stretch without a silence of `silence_s` or more."""
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
    """Find the last and first reports of stretches heard well and long enough.

    Returns ends and beginnings.

    Parameters
    ----------
    track, time_us, lat, lon, sog_kn, cog_deg
        Reports sorted by (track, time).
    limits
        See `Limits`.
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
    """Return ends (step -1) or beginnings (1) of stretches, with the motion there."""
    wanted_s = limits.min_before_s if step < 0 else limits.min_after_s
    heard_s = (time_us[last] - time_us[first]) / SECOND_US
    kept = (heard_s >= wanted_s) & (last - first + 1 >= limits.min_some_reports)
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
    every = np.arange(len(row))

    def motion_from(far: Ints) -> tuple[Floats, Floats]:
        """Return speed and course between the end and the reports at some places."""
        earlier, later = (near[every, far], row) if step < 0 else (row, near[every, far])
        moved_m = geodesy.distance_m(lat[earlier], lon[earlier], lat[later], lon[later])
        bearing_deg = geodesy.bearing_deg(lat[earlier], lon[earlier], lat[later], lon[later])
        speed_kn = geodesy.speed_kn(moved_m, away_s[every, far])
        return np.atleast_1d(speed_kn), np.atleast_1d(bearing_deg)

    baseline_s = away_s[every, far]
    speed_kn, course_deg = motion_from(far)
    # Where even the first one that is far enough lies further off, that one.
    last_within = np.count_nonzero(away_s <= wanted_s, axis=1) - 1
    mean_kn, mean_deg = motion_from(np.where(far < 0, far, np.maximum(far, last_within)))
    # In passes of a satellite the next report may be of a turn later; its own course is of now.
    stated = (baseline_s > STATED_S) & np.isfinite(sog_kn[row]) & np.isfinite(cog_deg[row])
    speed_kn = np.where(stated, sog_kn[row], speed_kn)
    course_deg = np.where(stated, cog_deg[row], course_deg)
    # Heard at least so often around its end; what is clipped to the stretch repeats its end.
    n_reports = np.minimum(last - first + 1, limits.min_reports)
    nearest_s = away_s[:, limits.min_reports - 1]
    steady = nearest_s <= limits.max_thin_s
    interval_s = nearest_s / (n_reports - 1)
    known = (baseline_s > 0) & np.isfinite(speed_kn)
    return Ends(
        row,
        track[row],
        time_us[row],
        lat[row],
        lon[row],
        speed_kn,
        course_deg,
        mean_kn,
        mean_deg,
        interval_s,
        np.abs(time_us[row] - time_us[first if step < 0 else last]) / SECOND_US,
        silent_s,
        n_reports,
    ).take(known & steady)


def _strays(
    near: Ints, time_us: Ints, lat: Floats, lon: Floats, sog_kn: Floats, cog_deg: Floats
) -> NDArray[np.bool_]:
    """Return which of the reports nearest to an end are elsewhere than those around them say.

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
        # Without speed and course, or between passes, anything up to 30 kn may be.
        known = np.isfinite(off_m) & (np.abs(step_s) <= STATED_S)
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
