"""Where two vessels can have been together while both were silent."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.core.frames import SECOND_US
from detectors.kinematics import geodesy
from detectors.possible_meeting.story import Table

Floats = NDArray[np.float64]

GRID: Final = 41
"""Points along each side of the grid that the joint area is measured on."""
ZOOMS: Final = 8
"""Steps in which the best place is sought, each a third as wide as the one before."""


@dataclass(frozen=True)
class Joint:
    """Of pairs of silences: how long they can have been together at most and where, and the area
    of all places where they can have been together long enough.
    """

    longest_s: Floats
    lat: Floats
    lon: Floats
    area_km2: Floats


def together(a: Table, b: Table, stay_s: float) -> Joint:
    """Find where and how long pairs of silent vessels can have been together.

    At a place x vessel i can have been from ``start + |x - last| / v`` until
    ``until - |x - next| / v``. The time that two can have been there together is the smallest of
    the latter less the largest of the former: a concave function of the place, so that narrowing a
    grid around its best point finds the maximum to within seconds.
    """
    centre_lat, centre_lon, half_m = _search_box(a, b, stay_s)
    step = np.linspace(-1.0, 1.0, GRID)
    north, east = (part.ravel()[None, :] for part in np.meshgrid(step, step, indexing="ij"))
    lat, lon = _moved(centre_lat[:, None], centre_lon[:, None], north, east, half_m[:, None])
    time_s = _time_together_s(a, b, lat, lon)
    cell_km2 = (2 * half_m / (GRID - 1) / 1000) ** 2
    area_km2 = np.maximum((time_s >= stay_s).sum(axis=1), 1) * cell_km2
    rows = np.arange(len(half_m))
    best = time_s.argmax(axis=1)
    width_m = half_m / 6
    fine = np.linspace(-1.0, 1.0, 9)
    north, east = (part.ravel()[None, :] for part in np.meshgrid(fine, fine, indexing="ij"))
    best_lat, best_lon, longest_s = lat[rows, best], lon[rows, best], time_s[rows, best]
    for _ in range(ZOOMS):
        lat, lon = _moved(best_lat[:, None], best_lon[:, None], north, east, width_m[:, None])
        time_s = _time_together_s(a, b, lat, lon)
        best = time_s.argmax(axis=1)
        best_lat, best_lon, longest_s = lat[rows, best], lon[rows, best], time_s[rows, best]
        width_m = width_m / 3
    return Joint(longest_s, best_lat, best_lon, area_km2)


def _search_box(a: Table, b: Table, stay_s: float) -> tuple[Floats, Floats, Floats]:
    """Return centre and half side of a square that holds the smaller of two reachable areas."""
    centres = []
    for one in (a, b):
        is_open = np.isnan(one.next_lat)
        to = (np.where(is_open, one.lat, one.next_lat), np.where(is_open, one.lon, one.next_lon))
        lat, lon = geodesy.interpolate(one.lat, one.lon, *to, 0.5)
        way_m = one.mps * np.maximum((one.until_us - one.start_us) / SECOND_US - stay_s, 0.0)
        centres.append((lat, lon, np.where(is_open, way_m, way_m / 2)))
    smaller = centres[0][2] <= centres[1][2]
    lat, lon, half_m = (np.where(smaller, x, y) for x, y in zip(*centres, strict=True))
    return lat, lon, np.maximum(half_m, 1.0)


def _moved(
    lat: Floats, lon: Floats, north: Floats, east: Floats, unit_m: Floats
) -> tuple[Floats, Floats]:
    """Return places so many units north and east of others."""
    up = geodesy.destination(lat, lon, 0.0, north * unit_m)
    return geodesy.destination(*up, 90.0, east * unit_m)


def _time_together_s(a: Table, b: Table, lat: Floats, lon: Floats) -> Floats:
    """Return how long both can have been at places, one row a pair."""
    origin_us = np.minimum(a.start_us, b.start_us)
    arrivals, departures = [], []
    for one in (a, b):
        mps = one.mps[:, None]
        start_s, until_s = (
            ((time_us - origin_us) / SECOND_US)[:, None] for time_us in (one.start_us, one.until_us)
        )
        gone_m = geodesy.distance_m(one.lat[:, None], one.lon[:, None], lat, lon)
        left_m = geodesy.distance_m(lat, lon, one.next_lat[:, None], one.next_lon[:, None])
        arrivals.append(start_s + gone_m / mps)
        departures.append(until_s - np.nan_to_num(left_m) / mps)
    return np.asarray(np.minimum(*departures) - np.maximum(*arrivals))
