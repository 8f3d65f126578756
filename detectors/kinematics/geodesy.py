"""The only place that knows the shape of the Earth.

Distances are great-circle distances on the IUGG mean sphere (R1 = 6,371,008.8 m, Moritz 2000,
Geodetic Reference System 1980). Against the WGS84 ellipsoid the error is below 0.56 %, well
under what any threshold here resolves. Angles are degrees, distances metres, speeds knots.
"""

from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import ArrayLike

from detectors.core.arrays import Floats

EARTH_RADIUS_M: Final = 6_371_008.8
METRES_PER_NM: Final = 1852.0
KNOT_MPS: Final = METRES_PER_NM / 3600.0
Rows = Any
"""What indexes places: a row, or an array of rows."""


_BLOCK: Final = 8_192
"""So many elements are worked on at a time: what is in between stays in the processor's cache. Of a
million and more that halves the time and saves ten arrays as long; the result is the same to the
last bit."""


def distance_m(lat1: ArrayLike, lon1: ArrayLike, lat2: ArrayLike, lon2: ArrayLike) -> Floats:
    """Great-circle distance in metres (haversine), element by element.

    >>> distance_m(0.0, 103.0, 0.0, 104.0).round()
    np.float64(111195.0)
    """
    n = max(np.size(lat1), np.size(lat2))
    if n <= 2 * _BLOCK:
        return _distance_m(lat1, lon1, lat2, lon2)
    given = [np.asarray(each) for each in (lat1, lon1, lat2, lon2)]
    if any(each.ndim > 1 or each.size not in (1, n) for each in given):
        return _distance_m(*given)
    parts = [
        _distance_m(*(each if each.size == 1 else each[first : first + _BLOCK] for each in given))
        for first in range(0, n, _BLOCK)
    ]
    return np.concatenate(parts)


def _distance_m(lat1: ArrayLike, lon1: ArrayLike, lat2: ArrayLike, lon2: ArrayLike) -> Floats:
    phi1, phi2 = np.radians(lat1), np.radians(lat2)
    half_dphi, half_dlon = (phi2 - phi1) / 2, (np.radians(lon2) - np.radians(lon1)) / 2
    h = np.sin(half_dphi) ** 2 + np.cos(phi1) * np.cos(phi2) * np.sin(half_dlon) ** 2
    chord = np.sqrt(np.minimum(np.maximum(h, 0.0), 1.0))
    return np.asarray(2 * EARTH_RADIUS_M * np.arcsin(chord))[()]


def bearing_deg(lat1: ArrayLike, lon1: ArrayLike, lat2: ArrayLike, lon2: ArrayLike) -> Floats:
    """Return the initial great-circle bearing from point 1 to point 2 in degrees, [0, 360)."""
    phi1, phi2 = np.radians(lat1), np.radians(lat2)
    dlon = np.radians(lon2) - np.radians(lon1)
    y = np.sin(dlon) * np.cos(phi2)
    x = np.cos(phi1) * np.sin(phi2) - np.sin(phi1) * np.cos(phi2) * np.cos(dlon)
    return np.asarray(np.degrees(np.arctan2(y, x)) % 360.0)[()]


class Places(Protocol):
    """Places by row."""

    @property
    def lat(self) -> Floats:
        """Latitudes."""

    @property
    def lon(self) -> Floats:
        """Longitudes."""


def apart_m(of: Places, a: Rows, b: Rows) -> Floats:
    """Return the distances between some rows of places and others."""
    return distance_m(of.lat[a], of.lon[a], of.lat[b], of.lon[b])


def course_deg(of: Places, a: Rows, b: Rows) -> Floats:
    """Return the bearings from some rows of places to others."""
    return bearing_deg(of.lat[a], of.lon[a], of.lat[b], of.lon[b])


def destination(
    lat: ArrayLike, lon: ArrayLike, bearing: ArrayLike, distance: ArrayLike
) -> tuple[Floats, Floats]:
    """Latitude and longitude reached from a point on a bearing (deg) after a distance (m)."""
    phi, theta = np.radians(lat), np.radians(bearing)
    delta = np.asarray(distance, "float64") / EARTH_RADIUS_M
    sin_phi2 = np.sin(phi) * np.cos(delta) + np.cos(phi) * np.sin(delta) * np.cos(theta)
    phi2 = np.arcsin(np.clip(sin_phi2, -1.0, 1.0))
    dlon = np.arctan2(
        np.sin(theta) * np.sin(delta) * np.cos(phi), np.cos(delta) - np.sin(phi) * sin_phi2
    )
    return np.degrees(phi2)[()], wrap_lon(np.asarray(lon) + np.degrees(dlon))


def wrap_lon(lon: ArrayLike) -> Floats:
    """Longitude brought into [-180, 180); one that lies there stays as it is, to the last bit.

    >>> wrap_lon(181.0)
    np.float64(-179.0)
    """
    wrapped = np.array(lon, "float64")
    outside = (wrapped < -180.0) | (wrapped >= 180.0)
    if outside.any():
        wrapped[outside] = (wrapped[outside] + 180.0) % 360.0 - 180.0
    return wrapped[()]


def speed_kn(distance: ArrayLike, duration_s: ArrayLike) -> Floats:
    """Speed in knots over a distance (m) and duration (s); infinite where the duration is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.divide(distance, duration_s) / KNOT_MPS)[()]


def unit_xyz(lat: ArrayLike, lon: ArrayLike) -> Floats:
    """Points on the unit sphere, (n, 3): a chord search there is exact and has no dateline."""
    phi, lam = np.radians(lat), np.radians(lon)
    return np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=-1)


def from_unit_xyz(xyz: Floats) -> tuple[Floats, Floats]:
    """Latitude and longitude of points on the unit sphere."""
    lat = np.degrees(np.arctan2(xyz[..., 2], np.hypot(xyz[..., 0], xyz[..., 1])))
    return lat, wrap_lon(np.degrees(np.arctan2(xyz[..., 1], xyz[..., 0])))


def chord(distance: float) -> float:
    """Unit-sphere chord of a great-circle distance in metres: the radius of an xyz search."""
    return float(2 * np.sin(distance / EARTH_RADIUS_M / 2))


def interpolate(
    lat1: ArrayLike, lon1: ArrayLike, lat2: ArrayLike, lon2: ArrayLike, fraction: ArrayLike
) -> tuple[Floats, Floats]:
    """Point at `fraction` of the way from 1 to 2, linear in lat/lon and safe at the antimeridian.

    Between two position reports of one vessel the difference to the great circle is far below
    the accuracy of AIS (10 m); at 100 km it is under 40 m in these latitudes.
    """
    f = np.asarray(fraction, "float64")
    dlon = wrap_lon(np.asarray(lon2, "float64") - np.asarray(lon1, "float64"))
    lat = np.asarray(lat1, "float64") + f * (np.asarray(lat2, "float64") - np.asarray(lat1))
    return lat[()], wrap_lon(np.asarray(lon1, "float64") + f * dlon)


def to_local_m(
    lat: ArrayLike, lon: ArrayLike, lat0: ArrayLike, lon0: ArrayLike
) -> tuple[Floats, Floats]:
    """Metres east and north of a point, on the plane that touches the sphere there.

    Equirectangular: 100 km away in these latitudes it is right to 0.2 %. For shapes; distances are
    what `distance_m` says.
    """
    degree_m = np.pi / 180 * EARTH_RADIUS_M
    east = wrap_lon(np.asarray(lon, "float64") - lon0) * degree_m * np.cos(np.radians(lat0))
    return np.asarray(east), np.asarray((np.asarray(lat, "float64") - lat0) * degree_m)


def from_local_m(
    east: ArrayLike, north: ArrayLike, lat0: float, lon0: float
) -> tuple[Floats, Floats]:
    """Latitude and longitude (not wrapped) of points given by `to_local_m`."""
    degree_m = np.pi / 180 * EARTH_RADIUS_M
    lat = lat0 + np.asarray(north, "float64") / degree_m
    return lat, lon0 + np.asarray(east, "float64") / degree_m / np.cos(np.radians(lat0))
