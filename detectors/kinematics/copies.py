"""Tracks that repeat another: beside it at a constant offset, or along it some time later.

An offset is a displaced copy; a lag is what a receiver with a wrong clock makes of one ship.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.frames import SECOND_US, is_first
from detectors.kinematics import geodesy, shapes, timegrid
from detectors.kinematics.leaps import Reports

SAMPLE: Final = 200
"""Reports of the copy that lags are tried on, evenly spread."""
UNIT_PER_DEG: Final = 600_000.0
"""AIS positions come in ten-thousandths of a minute (ITU-R M.1371-5, annex 8, table 48)."""
COARSE_S: Final = 60
FINE_S: Final = 5
"""Steps of the lag: a ship at 20 kn makes 600 m in the one and 50 m in the other."""
STRETCH: Final = 60
"""Reports in a stretch of the original, around which a box is drawn to see what is near it."""
MIN_SHARE: Final = 0.6
"""Share of the copy that must fall between reports of the original at a lag."""
ALIVE_S: Final = 1800.0
"""Silences of the original over which it is interpolated, as of class A every ten minutes of which
a third is lost."""
NEAR_M: Final = 200.0
MAX_ACROSS: Final = 0.15
"""How far from its course a vessel may be put by a wrong clock: 200 m or 9 degrees, for bends."""
MAX_LAG_S: Final = 7300.0
"""Lags that are tried."""
DENSE: Final = 4_000
"""A set of class A sends every two seconds at most (ITU-R M.1371-5, annex 1, table 1), so many in
more than two hours."""
LEGS: Final = 1_000_000
"""So many legs of a way are looked at at once, some 100 MB."""

MAX_CLOCK_S: Final = 1800.0
HOUR_S: Final = 3600.0
NEAR_HOUR_S: Final = 45.0
"""By how much receivers' clocks are wrong: half an hour as they drift, or whole hours of a time
zone to three quarters of a minute."""

SAME_LAG: Final = 0.6
"""Where a ship speeds up, slows down or turns, dead reckoning misses. Of the steps between tracks
that receivers' clocks had made on 42 simulated nights 0.62 and more were by one lag, of those
between two hulls none, of false positions half at most."""


@dataclass(frozen=True)
class Track:
    """Reports of one track by time; times in microseconds since 1970-01-01 UTC."""

    time_us: Ints
    lat: Floats
    lon: Floats


@dataclass(frozen=True)
class Offset:
    """How constantly a track keeps beside another.

    `spread_m` is what nine tenths of its reports keep within of the median offset; `moved_m` how
    far both moved at least; `first`, `last` the copy's reports that were compared.
    """

    east_m: float
    north_m: float
    spread_m: float
    moved_m: float
    first: int
    last: int
    n: int

    @property
    def distance_m(self) -> float:
        """Length of the offset."""
        return float(np.hypot(self.east_m, self.north_m))

    @property
    def bearing_deg(self) -> float:
        """Direction of the offset, from the original to the copy."""
        return float(np.degrees(np.arctan2(self.east_m, self.north_m)) % 360.0)


@dataclass(frozen=True)
class Lag:
    """How well a track repeats another some time later (earlier, where negative).

    `spread_m` is what nine tenths of its reports keep within of where the original was then;
    `exact_fraction` the share of them that repeat a position to the last digit.
    """

    lag_s: float
    spread_m: float
    exact_fraction: float

    @property
    def like_a_clock(self) -> bool:
        """Tell whether a receiver's clock may be wrong by that."""
        off_hour_s = abs(self.lag_s - HOUR_S * round(self.lag_s / HOUR_S))
        return (
            self.exact_fraction >= 0.5
            or abs(self.lag_s) <= MAX_CLOCK_S
            or off_hour_s <= NEAR_HOUR_S
        )


def offset(original: Track, copy: Track) -> Offset | None:
    """Return the offset of a copy from where the original was at the same time; None where never.

    The original is interpolated between reports at most `ALIVE_S` apart.
    """
    lat, lon, seen = at(original, copy.time_us)
    rows = np.flatnonzero(seen)
    if len(rows) == 0:
        return None
    lat, lon, own_lat, own_lon = lat[rows], lon[rows], copy.lat[rows], copy.lon[rows]
    moved_m = min(
        float(np.max(geodesy.distance_m(la[0], lo[0], la, lo)))
        for la, lo in ((lat, lon), (own_lat, own_lon))
    )
    east_m, north_m = shapes.plane_m(own_lat, own_lon, lat, lon)
    east, north = float(np.median(east_m)), float(np.median(north_m))
    spread_m = float(np.quantile(np.hypot(east_m - east, north_m - north), 0.9))
    return Offset(east, north, spread_m, moved_m, int(rows[0]), int(rows[-1]), len(rows))


def lag(original: Track, copy: Track, max_spread_m: float) -> Lag | None:
    """Return the lag at which a copy agrees best with the original; None where there is none to
    try, or the copy lies too far from it to keep within `max_spread_m` at any.

    Lags of up to `MAX_LAG_S` either way are tried in steps of `COARSE_S`, then around the best in
    steps of `FINE_S`; the best makes the smallest median distance.
    """
    few = np.unique(np.linspace(0, len(copy.time_us) - 1, SAMPLE).astype("int64"))
    some = Track(copy.time_us[few], copy.lat[few], copy.lon[few])
    # Nine tenths of those that compare, of which there must be `MIN_SHARE`, keep within the spread.
    if np.count_nonzero(_near(original, some, max_spread_m)) < 0.9 * MIN_SHARE * len(few) - 2:
        return None

    def best(lags_s: Floats) -> tuple[float, float]:
        medians_m = _medians_m(original, some, lags_s)
        at = int(np.argmin(medians_m))
        return float(lags_s[at]), float(medians_m[at])

    coarse = np.arange(-MAX_LAG_S, MAX_LAG_S + 1, COARSE_S)
    lag_s, median_m = best(coarse[np.abs(coarse) >= COARSE_S])
    if not np.isfinite(median_m):
        return None
    lag_s, _ = best(np.arange(lag_s - COARSE_S, lag_s + COARSE_S + 1, FINE_S))
    lat, lon, seen = at(original, some.time_us - int(lag_s * SECOND_US))
    away_m = geodesy.distance_m(some.lat[seen], some.lon[seen], lat[seen], lon[seen])
    return Lag(lag_s, float(np.quantile(away_m, 0.9)), _exact(original, some, lag_s))


def judge(
    original: Track,
    copy: Track,
    *,
    max_spread_m: float,
    min_moved_m: float,
    min_duration_s: float,
    min_reports: int,
) -> Offset | Lag | None:
    """Return what a track is of another: an offset copy, the same ship by a wrong clock, or
    neither.

    Both must move by `min_moved_m`, and be compared for `min_duration_s` and `min_reports`. Along a
    straight course at constant speed a lag and an offset are the same; there it counts as an offset
    unless positions repeat to the last digit.
    """
    beside = offset(original, copy)
    if beside and (
        beside.spread_m > max_spread_m
        or beside.moved_m < min_moved_m
        or beside.n < min_reports
        or copy.time_us[beside.last] - copy.time_us[beside.first] < min_duration_s * SECOND_US
    ):
        beside = None
    if len(copy.time_us) < min_reports or _extent_m(copy) < min_moved_m:
        return beside
    along = lag(original, copy, max_spread_m)
    if along is None or along.spread_m > max_spread_m or not along.like_a_clock:
        return beside
    if beside and along.exact_fraction < 0.5 and 2 * along.spread_m > beside.spread_m:
        return beside
    return along


@dataclass(frozen=True)
class Steps:
    """Steps from one report to another: metres east and north, seconds, and the speed and course
    that the second states, NaN where it doesn't.
    """

    east_m: Floats
    north_m: Floats
    step_s: Floats
    speed_mps: Floats
    course_deg: Floats


def steps(reports: Reports, here: Ints, there: Ints) -> Steps:
    """Return steps from some reports to others."""
    east_m, north_m = shapes.step_m(reports, here, there)
    return Steps(
        east_m,
        north_m,
        (reports.time_us[there] - reports.time_us[here]) / SECOND_US,
        reports.sog_kn[there] * geodesy.KNOT_MPS,
        reports.cog_deg[there],
    )


def clock_lags_s(steps: Steps) -> Floats:
    """By how much a clock must be wrong for each step to be along the course; NaN where it can't.

    What dead reckoning leaves of the step must lie along the course, ahead or astern, within
    `MAX_ACROSS` of its length or `NEAR_M`, and take up to `MAX_CLOCK_S` at the vessel's speed.
    """
    course = np.radians(steps.course_deg)
    east_m = steps.east_m - steps.speed_mps * steps.step_s * np.sin(course)
    north_m = steps.north_m - steps.speed_mps * steps.step_s * np.cos(course)
    along_m = east_m * np.sin(course) + north_m * np.cos(course)
    across_m = np.abs(east_m * np.cos(course) - north_m * np.sin(course))
    lag_s = along_m / np.maximum(steps.speed_mps, 0.5)
    fits = (across_m <= np.maximum(NEAR_M, MAX_ACROSS * np.abs(along_m))) & (
        np.abs(lag_s) <= MAX_CLOCK_S
    )
    return np.where(fits, lag_s, np.nan)


def one_clock(lags_s: Floats) -> bool:
    """Tell whether steps to and fro come from one wrong clock: `SAME_LAG` of them by one lag."""
    known = np.abs(lags_s[np.isfinite(lags_s)])
    if not len(known):
        return False
    middle_s = float(np.median(known))
    same = np.count_nonzero(np.abs(known - middle_s) <= max(COARSE_S, 0.1 * middle_s))
    return bool(middle_s >= COARSE_S and same >= SAME_LAG * len(lags_s))


def strays_s(original: Track, copy: Track) -> Floats:
    """By how much the clock must be wrong for each report of a copy to be one of the original's.

    NaN where the original's way within `MAX_CLOCK_S` of it leads past it by more than `NEAR_M`.
    Each report has a lag of its own: single receptions are misdated, or a receiver for a while.
    Of more than `DENSE` reports one a second is looked at, for all others in it.
    """
    original, _ = _sparse(original)
    some, whose = _sparse(copy)
    window_us = int(MAX_CLOCK_S * SECOND_US)
    first = np.searchsorted(original.time_us, some.time_us - window_us) - 1
    last = np.searchsorted(original.time_us, some.time_us + window_us)
    first, last = np.maximum(first, 0), np.minimum(last, len(original.time_us) - 1)
    legs = np.maximum(last - first, 0)
    found = np.full(len(some.time_us), np.nan)
    block = np.cumsum(legs) // LEGS
    for rows in np.split(np.arange(len(legs)), np.flatnonzero(np.diff(block)) + 1):
        own = Track(some.time_us[rows], some.lat[rows], some.lon[rows])
        found[rows] = _strays_s(original, own, first[rows], legs[rows])
    return np.where(np.abs(found) <= MAX_CLOCK_S, found, np.nan)[whose]


def _sparse(track: Track) -> tuple[Track, Ints]:
    """Return reports, one a second where they are more than `DENSE`, and which stands for each."""
    if len(track.time_us) <= DENSE:
        return track, np.arange(len(track.time_us))
    _, rows, whose = np.unique(track.time_us // SECOND_US, return_index=True, return_inverse=True)
    return Track(track.time_us[rows], track.lat[rows], track.lon[rows]), whose


def _strays_s(original: Track, copy: Track, first: Ints, legs: Ints) -> Floats:
    """Return lags to the nearest of so many legs of the original's way, NaN for none near."""
    owner, leg = timegrid.ranges(first, legs)
    found = np.full(len(copy.time_us), np.nan)
    if len(owner) == 0:
        return found
    at = original.lat[leg], original.lon[leg]
    east_m, north_m = shapes.plane_m(original.lat[leg + 1], original.lon[leg + 1], *at)
    own_east_m, own_north_m = shapes.plane_m(copy.lat[owner], copy.lon[owner], *at)
    squared = np.maximum(east_m**2 + north_m**2, 1.0)
    share = np.clip((own_east_m * east_m + own_north_m * north_m) / squared, 0.0, 1.0)
    off_m = np.hypot(own_east_m - share * east_m, own_north_m - share * north_m)
    order = np.lexsort((off_m, owner))
    nearest = order[is_first(owner[order])]
    nearest = nearest[off_m[nearest] <= NEAR_M]
    before_us = original.time_us[leg]
    then_us = before_us + share * (original.time_us[leg + 1] - before_us)
    whose = owner[nearest]
    found[whose] = (copy.time_us[whose] - then_us[nearest]) / SECOND_US
    return found


def places(lat: Floats, lon: Floats) -> Ints:
    """Return a number for each position in AIS resolution."""
    units = (np.rint(axis * UNIT_PER_DEG).astype("int64") for axis in (lat, lon))
    return np.asarray((next(units) << 30) + next(units))


def _extent_m(track: Track) -> float:
    away_m = geodesy.distance_m(track.lat[0], track.lon[0], track.lat, track.lon)
    return float(np.max(away_m))


def _near(original: Track, some: Track, distance_m: float) -> Bools:
    """Return which reports lie within a distance of the boxes around stretches of the original; a
    sieve, generous by a tenth.
    """
    first = np.arange(0, len(original.time_us), STRETCH)
    # A stretch reaches up to the first report of the next.
    stretch = np.minimum(first[:, None] + np.arange(STRETCH + 1), len(original.time_us) - 1)
    lat, lon = original.lat[stretch], geodesy.wrap_lon(original.lon[stretch] - original.lon[0])
    own_lon = geodesy.wrap_lon(some.lon - original.lon[0])
    slack_deg = 1.1 * distance_m / shapes.DEGREE_M
    wide_deg = slack_deg / np.cos(np.radians(np.minimum(np.abs(some.lat).max() + 1.0, 89.0)))
    south, north = lat.min(axis=1)[:, None] - slack_deg, lat.max(axis=1)[:, None] + slack_deg
    west, east = lon.min(axis=1)[:, None] - wide_deg, lon.max(axis=1)[:, None] + wide_deg
    inside = (some.lat >= south) & (some.lat <= north) & (own_lon >= west) & (own_lon <= east)
    return np.asarray(inside.any(axis=0))


def at(track: Track, time_us: Ints, alive_s: float = ALIVE_S) -> tuple[Floats, Floats, Bools]:
    """Return where a track was, and whether two of its reports at most `alive_s` apart are around
    that.
    """
    after = np.clip(np.searchsorted(track.time_us, time_us), 1, max(len(track.time_us) - 1, 1))
    if len(track.time_us) < 2:
        nowhere = np.full(len(time_us), np.nan)
        return nowhere, nowhere, np.zeros(len(time_us), bool)
    left, right = after - 1, after
    step_us = track.time_us[right] - track.time_us[left]
    fraction = (time_us - track.time_us[left]) / np.maximum(step_us, 1)
    seen = (fraction >= 0) & (fraction <= 1) & (step_us <= alive_s * SECOND_US)
    lat, lon = geodesy.interpolate(
        track.lat[left],
        track.lon[left],
        track.lat[right],
        track.lon[right],
        np.clip(fraction, 0.0, 1.0),
    )
    return np.asarray(lat), np.asarray(lon), seen


def _medians_m(original: Track, copy: Track, lags_s: Floats) -> Floats:
    """Median distance at each lag; infinite where too few of the copy's reports compare."""
    lags_us = (lags_s * SECOND_US).astype("int64")
    time_us = copy.time_us[None, :] - lags_us[:, None]
    rows = (len(lags_s), len(copy.time_us))
    lat, lon, heard = at(original, time_us.ravel())
    lat, lon, seen = lat.reshape(rows), lon.reshape(rows), heard.reshape(rows)
    away_m = np.where(seen, geodesy.distance_m(copy.lat, copy.lon, lat, lon), np.inf)
    away_m.sort(axis=1)
    n = np.count_nonzero(seen, axis=1)
    every = np.arange(len(lags_s))
    low = away_m[every, np.maximum((n - 1) // 2, 0)]
    high = away_m[every, np.minimum(n // 2, rows[1] - 1)]
    return np.where(n < max(MIN_SHARE * rows[1], 3), np.inf, (low + high) / 2)


def _exact(original: Track, copy: Track, lag_s: float) -> float:
    """Share of the copy's positions that the original had at about that lag, digit by digit."""
    keys = [places(t.lat, t.lon) for t in (original, copy)]
    order = np.lexsort((original.time_us, keys[0]))
    low = np.searchsorted(keys[0][order], keys[1], side="left")
    high = np.searchsorted(keys[0][order], keys[1], side="right")
    wanted_us = copy.time_us - int(lag_s * SECOND_US)
    once = high > low
    first = order[np.minimum(low, len(order) - 1)]
    last = order[np.maximum(high - 1, 0)]
    off_us = np.minimum(
        np.abs(original.time_us[first] - wanted_us), np.abs(original.time_us[last] - wanted_us)
    )
    return float(np.mean(once & (off_us <= COARSE_S * SECOND_US)))
