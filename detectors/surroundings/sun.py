"""Where the sun stands, and so whether it is night.

Meeus (1998), Astronomical Algorithms, 2nd edition, chapter 25 ("low accuracy", 0.01 degree between
1900 and 2100) for the apparent position, chapter 12 for sidereal time: the equations behind the
Solar Calculator of NOAA's Global Monitoring Laboratory. Taking UTC for the two time scales that
they ask for (within 70 s of it) adds less than 0.001 degree.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from detectors.core.arrays import Floats
from detectors.core.frames import DAY_US

CIVIL_TWILIGHT_DEG: Final = -6.0
"""Altitude of the sun's centre at which civil twilight ends: from there on things at sea can't be
told apart without light (Explanatory Supplement to the Astronomical Almanac, 2013, 12.3)."""

_J2000_US: Final = 946_728_000_000_000
"""2000-01-01 12:00 UTC in microseconds since 1970."""


def altitude_deg(time_us: ArrayLike, lat: ArrayLike, lon: ArrayLike) -> Floats:
    """Altitude of the sun's centre above the horizon in degrees, without refraction.

    Twilight is defined by this altitude; refraction raises a sun on the horizon by 0.6 degree and
    does nothing to one that is well below it.

    Parameters
    ----------
    time_us
        Microseconds since 1970-01-01 UTC.
    lat, lon
        WGS84 degrees.

    Examples
    --------
    At the equinox noon at Greenwich the sun is nearly overhead at 0 N 0 E:

    >>> float(altitude_deg(1_774_008_000_000_000 + 7 * 60_000_000, 0.0, 0.0).round(0))
    90.0
    """
    right_ascension, declination = apparent_position_deg(time_us)
    days = _days_since_j2000(time_us)
    centuries = days / 36_525.0
    sidereal = 280.46061837 + 360.98564736629 * days + 0.000387933 * centuries**2  # Meeus (12.4)
    hour_angle = np.radians(sidereal + np.asarray(lon, "float64") - right_ascension)
    phi, delta = np.radians(lat), np.radians(declination)
    sine = np.sin(phi) * np.sin(delta) + np.cos(phi) * np.cos(delta) * np.cos(hour_angle)
    return np.asarray(np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0))))[()]


def apparent_position_deg(time_us: ArrayLike) -> tuple[Floats, Floats]:
    """Apparent right ascension in [0, 360) and declination of the sun, degrees."""
    t = _days_since_j2000(time_us) / 36_525.0
    mean_longitude = 280.46646 + t * (36_000.76983 + 0.0003032 * t)  # Meeus (25.2)
    anomaly = np.radians(357.52911 + t * (35_999.05029 - 0.0001537 * t))  # (25.3)
    centre = (
        (1.914602 - t * (0.004817 + 0.000014 * t)) * np.sin(anomaly)
        + (0.019993 - 0.000101 * t) * np.sin(2 * anomaly)
        + 0.000289 * np.sin(3 * anomaly)
    )
    node = np.radians(125.04 - 1934.136 * t)
    longitude = np.radians(mean_longitude + centre - 0.00569 - 0.00478 * np.sin(node))
    obliquity = 23.439291 - t * (0.0130042 + t * (0.00000016 - 0.000000504 * t))  # (22.2)
    epsilon = np.radians(obliquity + 0.00256 * np.cos(node))  # (25.8)
    right_ascension = np.arctan2(np.cos(epsilon) * np.sin(longitude), np.cos(longitude))
    declination = np.arcsin(np.sin(epsilon) * np.sin(longitude))
    return (
        np.asarray(np.degrees(right_ascension) % 360.0)[()],
        np.asarray(np.degrees(declination))[()],
    )


def _days_since_j2000(time_us: ArrayLike) -> Floats:
    return np.asarray((np.asarray(time_us, "int64") - _J2000_US) / DAY_US)
