"""Reports of one vessel as the kernels take them, and what is measured of them."""

from typing import Any, Final, NamedTuple

import numpy as np

from detectors.kinematics.geodesy import EARTH_RADIUS_M
from detectors.kinematics.integrity.jit import compiled, part

QUARTER: Final = 0.25
TO_RAD: Final = np.pi / 180.0


class Rows(NamedTuple):
    """Columns of reports, in the order of time; see `verdicts.Reports`."""

    time_us: Any
    lat: Any
    lon: Any
    sog: Any
    cog: Any


@part
def taken(rows: Rows, places: Any) -> Rows:
    """Return some reports."""
    return Rows(
        rows.time_us[places], rows.lat[places], rows.lon[places], rows.sog[places], rows.cog[places]
    )


@part
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
    return apart_by(np.cos(lat_a * TO_RAD), np.cos(lat_b * TO_RAD), lat_b - lat_a, lon_b - lon_a)


@part
def apart_by(cos_a: float, cos_b: float, d_lat: float, d_lon: float) -> float:
    """Return the same by the cosines of the latitudes, and the differences in degrees."""
    half_phi, half_lam = np.sin(d_lat * TO_RAD / 2.0), np.sin(d_lon * TO_RAD / 2.0)
    h = half_phi**2 + cos_a * cos_b * half_lam**2
    return float(2.0 * EARTH_RADIUS_M * np.arcsin(np.sqrt(min(max(h, 0.0), 1.0))))


@part
def distance_m(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Return the same, rounded as `geodesy.distance_m` rounds it."""
    phi_a, phi_b = np.radians(lat_a), np.radians(lat_b)
    half_phi = np.sin((phi_b - phi_a) / 2)
    half_lam = np.sin((np.radians(lon_b) - np.radians(lon_a)) / 2)
    h = half_phi**2 + np.cos(phi_a) * np.cos(phi_b) * half_lam**2
    return float(2.0 * EARTH_RADIUS_M * np.arcsin(np.sqrt(min(max(h, 0.0), 1.0))))


@part
def first_from(time_us: Any, at_us: int) -> int:
    """Return the first report at a time or after it."""
    low, high = 0, len(time_us)
    while low < high:
        middle = (low + high) // 2
        if time_us[middle] < at_us:
            low = middle + 1
        else:
            high = middle
    return low


@part
def median(values: Any) -> float:
    """Return the median, the mean of both in the middle."""
    n = len(values)
    ordered = parted_at(values, n // 2)
    if n % 2:
        return float(ordered[n // 2])
    below = ordered[0]
    for place in range(1, n // 2):
        below = max(below, ordered[place])
    return float((below + ordered[n // 2]) / 2)


@part
def upper_quartile(values: Any) -> float:
    """Return what three quarters are below, interpolated linearly (as `numpy.quantile` does)."""
    place = (len(values) - 1) * (1.0 - QUARTER)
    low = int(place)
    ordered = parted_at(values, low)
    below = ordered[low]
    if place == low:
        return float(below)
    above = ordered[low + 1]
    for later in range(low + 2, len(values)):
        above = min(above, ordered[later])
    share = place - low
    step = above - below
    return float(below + step * share if share < 0.5 else above - step * (1.0 - share))


@part
def parted_at(values: Any, place: int) -> Any:
    """Return the values with the one in a place of their order there, none above it before it.

    Hoare's quick select (Algorithm 65: find, 1961).
    """
    found = values.copy()
    low, high = 0, len(found) - 1
    while low < high:
        pivot = found[place]
        left, right = low, high
        while left <= right:
            while found[left] < pivot:
                left += 1
            while pivot < found[right]:
                right -= 1
            if left <= right:
                found[left], found[right] = found[right], found[left]
                left += 1
                right -= 1
        if right < place:
            low = left
        if place < left:
            high = right
    return found
