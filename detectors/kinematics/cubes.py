"""In which cubes of a grid through the Earth vessels were, by stretch of time, compiled.

It says who can have been near whom: a superset is right, so distances of a step are those on a
plane, and slightly too short.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.kinematics import geodesy
from detectors.kinematics.integrity.jit import compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BITS: Final = 15
"""Of each coordinate in a key."""
_SLACK: Final = 0.98
"""By what share of itself a step on a plane may seem longer than on the sphere, and more."""
_METRES_PER_RADIAN: Final = geodesy.EARTH_RADIUS_M


class Ticks(NamedTuple):
    """Which ticks of the absolute grid (see `timegrid.resample`) count.

    Attributes
    ----------
    step_us, silence_us
        The step, and the longest silence that is bridged.
    slow_m
        How far a vessel that is slow enough gets in a step; infinity for any.
    pause
        So many ticks before and after such ones count too.
    """

    step_us: int
    silence_us: int
    slow_m: float
    pause: int


class Slots(NamedTuple):
    """Stretches of time: the number of the first since 1970, how long each is, and how many."""

    first: int
    step_us: int
    n: int


@compiled
def keys(
    bounds: Ints,
    vessel: NDArray[np.int32],
    time_us: Ints,
    lat: Floats,
    lon: Floats,
    ticks: Ticks,
    slots: Slots,
    per_edge: float,
) -> tuple[NDArray[np.int32], Ints]:
    """Return whose cube each is, and stretch and cube as one number, each once as long as the
    vessel stays there.

    Parameters
    ----------
    bounds
        First report of each track, with the number of reports at the end.
    vessel
        Whose each track is.
    per_edge
        How many edges of a cube make the Earth's radius.
    """
    step_us = ticks.step_us
    most, n_all = 0, 0
    for k in range(len(vessel)):
        n = 0
        for row in range(bounds[k], bounds[k + 1] - 1):
            # What isn't in order has no ticks, here as below: one too few would be written beyond.
            if 0 < time_us[row + 1] - time_us[row] <= ticks.silence_us:
                n += -(-time_us[row + 1] // step_us) + -time_us[row] // step_us
        most, n_all = max(most, n), n_all + n
    tick, counts = np.empty(most, np.int64), np.empty(most, np.bool_)
    north, east = np.empty(most, np.float64), np.empty(most, np.float64)
    whose, key = np.empty(n_all, np.int32), np.empty(n_all, np.int64)
    done = 0
    for k in range(len(vessel)):
        n = 0
        for row in range(bounds[k], bounds[k + 1] - 1):
            silence_us = time_us[row + 1] - time_us[row]
            if not 0 < silence_us <= ticks.silence_us:
                continue
            dlon = (lon[row + 1] - lon[row] + 180.0) % 360.0 - 180.0
            for at in range(-(-time_us[row] // step_us), -(-time_us[row + 1] // step_us)):
                share = (at * step_us - time_us[row]) / silence_us
                tick[n] = at
                north[n] = np.radians(lat[row] + share * (lat[row + 1] - lat[row]))
                east[n] = np.radians(lon[row] + share * dlon)
                n += 1
        _mark(tick[:n], north[:n], east[:n], ticks, counts[:n])
        begin = done
        for i in range(n):
            if not counts[i]:
                continue
            slot = tick[i] * step_us // slots.step_us - slots.first
            slot = min(max(slot, 0), slots.n - 1)
            level = np.cos(north[i])
            x = int((level * np.cos(east[i]) + 1.0) * per_edge) + 1
            y = int((level * np.sin(east[i]) + 1.0) * per_edge) + 1
            z = int((np.sin(north[i]) + 1.0) * per_edge) + 1
            found = (((((slot << BITS) + x) << BITS) + y) << BITS) + z
            if done > begin and key[done - 1] == found:
                continue
            whose[done], key[done] = vessel[k], found
            done += 1
    return whose[:done].copy(), key[:done].copy()


@compiled
def _mark(tick: Ints, north: Floats, east: Floats, ticks: Ticks, counts: Any) -> None:
    """Mark the ticks of a track that count."""
    n = len(tick)
    if np.isinf(ticks.slow_m):
        counts[:] = True
        return
    counts[:] = False
    for i in range(n - 1):
        if tick[i + 1] != tick[i] + 1:
            continue
        up = north[i + 1] - north[i]
        along = (east[i + 1] - east[i]) * np.cos((north[i] + north[i + 1]) / 2)
        counts[i] = _SLACK * np.hypot(up, along) * _METRES_PER_RADIAN < ticks.slow_m
    if not ticks.pause:
        return
    last = -(2**62)
    slow = counts.copy()
    for i in range(n):
        if slow[i]:
            last = tick[i]
        counts[i] |= tick[i] - last <= ticks.pause
    last = 2**62
    for i in range(n - 1, -1, -1):
        if slow[i]:
            last = tick[i]
        counts[i] |= last - tick[i] <= ticks.pause
