"""Reports of one vessel as the kernels take them, and what is measured of them."""

from typing import Any, Final, NamedTuple

import numpy as np

from detectors.kinematics.geodesy import EARTH_RADIUS_M
from detectors.kinematics.integrity.jit import compiled

QUARTER: Final = 0.25


class Rows(NamedTuple):
    """Columns of reports, in the order of time; see `verdicts.Reports`."""

    time_us: Any
    lat: Any
    lon: Any
    sog: Any
    cog: Any


@compiled
def taken(rows: Rows, places: Any) -> Rows:
    """Return some reports."""
    return Rows(
        rows.time_us[places], rows.lat[places], rows.lon[places], rows.sog[places], rows.cog[places]
    )


@compiled
def within(rows: Rows, begin: int, end: int) -> Rows:
    """Return the reports from one on to before another, not copied."""
    return Rows(
        rows.time_us[begin:end],
        rows.lat[begin:end],
        rows.lon[begin:end],
        rows.sog[begin:end],
        rows.cog[begin:end],
    )


@compiled
def apart(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Return the great-circle distance of two places in metres (see `geodesy.distance_m`)."""
    to_rad = np.pi / 180.0
    half_phi = np.sin((lat_b - lat_a) * to_rad / 2.0)
    half_lam = np.sin((lon_b - lon_a) * to_rad / 2.0)
    h = half_phi**2 + np.cos(lat_a * to_rad) * np.cos(lat_b * to_rad) * half_lam**2
    return float(2.0 * EARTH_RADIUS_M * np.arcsin(np.sqrt(min(max(h, 0.0), 1.0))))


@compiled
def distance_m(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Return the same, rounded as `geodesy.distance_m` rounds it."""
    phi_a, phi_b = np.radians(lat_a), np.radians(lat_b)
    half_phi = np.sin((phi_b - phi_a) / 2)
    half_lam = np.sin((np.radians(lon_b) - np.radians(lon_a)) / 2)
    h = half_phi**2 + np.cos(phi_a) * np.cos(phi_b) * half_lam**2
    return float(2.0 * EARTH_RADIUS_M * np.arcsin(np.sqrt(min(max(h, 0.0), 1.0))))


@compiled
def median(values: Any) -> float:
    """Return the median, the mean of both in the middle."""
    n = len(values)
    upper = np.partition(values, n // 2)
    if n % 2:
        return float(upper[n // 2])
    return float((upper[: n // 2].max() + upper[n // 2]) / 2)


@compiled
def upper_quartile(values: Any) -> float:
    """Return what three quarters are below, interpolated linearly (as `numpy.quantile` does)."""
    place = (len(values) - 1) * (1.0 - QUARTER)
    low = int(place)
    ordered = np.partition(values, low)
    below = ordered[low]
    if place == low:
        return float(below)
    step = ordered[low + 1 :].min() - below
    share = place - low
    return float(below + step * share if share < 0.5 else below + step - step * (1.0 - share))
