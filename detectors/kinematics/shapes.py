"""The shape of tracks, by bins of an absolute time grid: extent, and the circle that fits best.

A bin holds the reports of one track in one step of the grid of multiples of the step since
1970-01-01 UTC, so the same reports give the same bins however they were cut into windows.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from detectors.core.arrays import Floats, Ints
from detectors.core.frames import SECOND_US
from detectors.kinematics import geodesy, timegrid

DEGREE_M: Final = float(np.pi / 180 * geodesy.EARTH_RADIUS_M)
"""Length of a degree along a meridian."""
SPREAD_M: Final = 300.0
"""Fixes that lie at a place, or drift, are no further from the middle one, or from the next."""
DRIFT_SHARE: Final = 0.95
"""Of the steps of what drifts so many are short; one dated minutes wrong makes two long ones."""
ROUND_M: Final = 20.0
ROUND_SHARE: Final = 0.03
"""Fixes on a circle are no further off it, or than this share of its radius."""
MAX_RADIUS_M: Final = 40_000.0
"""A larger circle can't be told from a bend in a lane."""


@dataclass(frozen=True)
class Bins:
    """Stretches of reports of one track in one step of the grid, sorted by (track_id, tick)."""

    step_s: int
    """Step of the grid in seconds."""
    track_id: Ints
    tick: Ints
    """Track and step since 1970-01-01 UTC of each bin."""
    first: Ints
    last: Ints
    """Its first and last report, both inclusive."""

    @property
    def n(self) -> Ints:
        """Reports in each bin."""
        return self.last - self.first + 1


class Box(NamedTuple):
    """The box around the reports of each bin: its corner, and its height and width."""

    south: Floats
    west: Floats
    """Its south-western corner in degrees; west counts from the bin's first report on."""
    height_m: Floats
    width_m: Floats
    """Metres."""


class Circles(NamedTuple):
    """The circle that fits each group of points best."""

    x_m: Floats
    y_m: Floats
    radius_m: Floats
    """Centre, relative to the origin of the points, and radius; infinite for points on a line."""
    rms_m: Floats
    """Root mean square of the distance to the circle."""
    turned_rad: Floats
    """Angle passed around the centre from the first to the last point, counter-clockwise positive;
    steps of more than half a turn can't be told from their opposites."""


class Figure(NamedTuple):
    """What fixes make together: how far the furthest lies from the middle one, what `DRIFT_SHARE`
    of their steps aren't longer than, and the circle that fits best.
    """

    off_m: float
    step_m: float
    radius_m: float
    rms_m: float
    turns: float


def figure(lat: Floats, lon: Floats) -> Figure:
    """Return what fixes by time make together, two or more."""
    middle = len(lat) // 2
    off_m = geodesy.distance_m(lat[middle], lon[middle], lat, lon)
    steps_m = geodesy.distance_m(lat[:-1], lon[:-1], lat[1:], lon[1:])
    step_m = np.quantile(steps_m, DRIFT_SHARE, method="inverted_cdf")
    fit = fit_circles(*plane_m(lat, lon, lat[0], lon[0]), np.zeros(1, "int64"))
    turns = np.abs(fit.turned_rad) / (2 * np.pi)
    parts = off_m.max(), step_m, fit.radius_m[0], fit.rms_m[0], turns[0]
    return Figure(*(float(part) for part in parts))


def bins(track_id: Ints, time_us: Ints, step_s: int) -> Bins:
    """Bins of reports sorted by (track_id, time); times in microseconds since 1970-01-01 UTC.

    >>> found = bins(np.array([7, 7, 7]), np.array([0, 9, 11]) * 1_000_000, 10)
    >>> found.first, found.tick
    (array([0, 2]), array([0, 1]))
    """
    tick = time_us // (step_s * SECOND_US)
    first, last = timegrid.stretches(tick, track_id)
    return Bins(step_s, track_id[first], tick[first], first, last)


def boxes(lat: Floats, lon: Floats, first: Ints) -> Box:
    """Box around each stretch of points that begins at `first` and ends where the next begins.

    Longitudes are taken as they are; see `continuous_lon`.
    """
    south, north = np.minimum.reduceat(lat, first), np.maximum.reduceat(lat, first)
    west, east = np.minimum.reduceat(lon, first), np.maximum.reduceat(lon, first)
    width_m = (east - west) * DEGREE_M * np.cos(np.radians((south + north) / 2))
    return Box(south, west, (north - south) * DEGREE_M, width_m)


def continuous_lon(track_id: Ints, lon: Floats) -> Floats:
    """Longitudes of each track without a leap at the antimeridian, in [0, 360) near it."""
    near = np.abs(lon) > 170.0
    if not near.any():
        return lon
    return np.asarray(np.where(np.isin(track_id, np.unique(track_id[near])), lon % 360.0, lon))


def plane_m(lat: Floats, lon: Floats, lat0: Floats, lon0: Floats) -> tuple[Floats, Floats]:
    """East and north of an origin in metres, for distances up to some 50 km."""
    east = geodesy.wrap_lon(lon - lon0) * DEGREE_M * np.cos(np.radians((lat + lat0) / 2))
    return np.asarray(east), np.asarray((lat - lat0) * DEGREE_M)


def step_m(of: geodesy.Places, here: Ints, there: Ints) -> tuple[Floats, Floats]:
    """East and north of rows `there` of places from rows `here`, as of `plane_m`."""
    return plane_m(of.lat[there], of.lon[there], of.lat[here], of.lon[here])


def fit_circles(x_m: Floats, y_m: Floats, first: Ints) -> Circles:
    """Least-squares circle of each group of points.

    First the algebraic fit, which has a closed form: Kåsa (1976), A circle fitting procedure and
    its error analysis, IEEE Transactions on Instrumentation and Measurement 25(1),
    doi:10.1109/TIM.1976.6312298. It is biased towards small radii where the arc is short, so a few
    Gauss-Newton steps towards the least distance follow: Gander, Golub & Strebel (1994),
    Least-squares fitting of circles and ellipses, BIT 34:558-578,
    doi:10.1007/BF01934268. The best radius about a centre is the mean distance from it, which
    leaves two unknowns. A step that doesn't lessen the distance isn't taken.

    Parameters
    ----------
    x_m, y_m
        Points, each group with an origin of its own choice close to it.
    first
        Start of each group; a group ends where the next begins.
    """
    from detectors.kinematics import circles  # compiled: not for who fits none

    x_m, y_m = (np.ascontiguousarray(at, "float64") for at in (x_m, y_m))
    found = circles.fit(x_m, y_m, np.asarray(first, "int64"))
    return Circles(*found)
