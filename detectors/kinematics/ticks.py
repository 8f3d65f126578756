"""Loops of `timegrid`, compiled."""

import numpy as np

from detectors.core.arrays import Floats, Ints
from detectors.kinematics import geodesy
from detectors.kinematics.integrity.jit import compiled
from detectors.kinematics.integrity.rows import parted_at


@compiled
def count(track_id: Ints, time_us: Ints, step_us: int, silence_us: int) -> int:
    """Return how many ticks `fill` makes."""
    n = 0
    for row in range(len(track_id) - 1):
        silent_us = time_us[row + 1] - time_us[row]
        # What isn't in order has no ticks, here as in `fill`: one too few would be written beyond.
        if track_id[row + 1] == track_id[row] and 0 < silent_us <= silence_us:
            n += -(-time_us[row + 1] // step_us) + -time_us[row] // step_us
    return n


@compiled
def fill(
    track_id: Ints,
    time_us: Ints,
    lat: Floats,
    lon: Floats,
    step_us: int,
    silence_us: int,
    to: tuple[Ints, Ints, Ints, Floats, Floats, Floats],
) -> None:
    """Write the ticks of `timegrid.resample`: track, tick, report, latitude, longitude, speed."""
    track_of, tick_of, report_of, lat_of, lon_of, speed_of = to
    step_s = step_us / 1_000_000
    n, was_level = 0, 0.0
    for row in range(len(track_id) - 1):
        silent_us = time_us[row + 1] - time_us[row]
        if track_id[row + 1] != track_id[row] or not 0 < silent_us <= silence_us:
            continue
        dlat, dlon = lat[row + 1] - lat[row], _wrapped(lon[row + 1] - lon[row])
        for tick in range(-(-time_us[row] // step_us), -(-time_us[row + 1] // step_us)):
            share = (tick * step_us - time_us[row]) / silent_us
            track_of[n], tick_of[n], report_of[n] = track_id[row], tick, row
            lat_of[n], lon_of[n] = lat[row] + share * dlat, _wrapped(lon[row] + share * dlon)
            speed_of[n] = np.nan
            level = np.cos(np.radians(lat_of[n]))
            if n and track_of[n - 1] == track_of[n] and tick_of[n - 1] == tick - 1:
                up = np.sin((np.radians(lat_of[n]) - np.radians(lat_of[n - 1])) / 2)
                on = np.sin((np.radians(lon_of[n]) - np.radians(lon_of[n - 1])) / 2)
                h = min(max(up**2 + was_level * level * on**2, 0.0), 1.0)
                moved_m = 2 * geodesy.EARTH_RADIUS_M * np.arcsin(np.sqrt(h))
                speed_of[n - 1] = moved_m / step_s / geodesy.KNOT_MPS
            was_level = level
            n += 1


@compiled
def _wrapped(lon: float) -> float:
    """Return `geodesy.wrap_lon` of a longitude."""
    return lon if -180.0 <= lon < 180.0 else (lon + 180.0) % 360.0 - 180.0


@compiled
def ranked(values: Floats, first: Ints, last: Ints, shares: Floats) -> Floats:
    """Return the known value of each stretch whose rank is nearest to a share from below: a row for
    each of `shares`.
    """
    found = np.full((len(shares), len(first)), np.nan)
    for k in range(len(first)):
        own = values[first[k] : last[k] + 1]
        own = own[~np.isnan(own)]
        if len(own):
            for i in range(len(shares)):
                nth = int(np.floor((len(own) - 1) * shares[i]))
                own = parted_at(own, nth)
                found[i, k] = own[nth]
    return found


@compiled
def around(track_id: Ints, time_us: Ints, track: Ints, at_us: Ints) -> Ints:
    """Return the rows of `timegrid.around`, those before and those after."""
    found = np.empty((2, len(track)), np.int64)
    low, high = 0, -1
    for k in range(len(track)):
        if k == 0 or track[k] != track[k - 1]:
            low = np.searchsorted(track_id, track[k])
            high = np.searchsorted(track_id, track[k], side="right") - 1
        below, above = low - 1, high + 1
        while above - below > 1:
            middle = (below + above) // 2
            if time_us[middle] <= at_us[k]:
                below = middle
            else:
                above = middle
        found[0, k] = min(max(below, low), high)
        found[1, k] = min(below + 1, high)
    return found
