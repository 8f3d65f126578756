"""In which cubes of a grid through the Earth vessels were, by stretch of time, compiled.

It says who can have been near whom: a superset is right, so distances of a step are those on a
plane, and slightly too short.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.core.arrays import Floats, Ints
from detectors.kinematics import geodesy
from detectors.kinematics.integrity.jit import compiled

BITS: Final = 15
"""Of each coordinate in a key."""
_SLACK: Final = 0.98
"""By what share of itself a step on a plane may seem longer than on the sphere, and more."""
AT_A_TIME: Final = 300_000
"""Reports: each has some ticks, and each of these its place by each rule."""
_METRES_PER_RADIAN: Final = geodesy.EARTH_RADIUS_M


class Ticks(NamedTuple):
    """Which ticks of the absolute grid (`timegrid.resample`) count, and what cubes they are in."""

    slow_m: float
    """How far a vessel that is slow enough gets in a step; infinity for any."""
    pause: int
    """So many ticks before and after such ones count too."""
    per_edge: float
    """How many edges of a cube make the Earth's radius."""


class Slots(NamedTuple):
    """Stretches of time: the number of the first since 1970, how long each is, and how many."""

    first: int
    step_us: int
    n: int


class Tracks(NamedTuple):
    """Tracks, one after the other."""

    bounds: Ints
    """First report of each, with the number of reports at the end."""
    vessel: NDArray[np.int32]
    """Whose each is."""
    time_us: Ints
    lat: Floats
    lon: Floats


def keys(
    tracks: Tracks, grid: tuple[int, int], asked: Sequence[Ticks], slots: Slots
) -> list[tuple[NDArray[np.int32], Ints]]:
    """Return whose cube each is, and stretch and cube as one number, each once as long as the
    vessel stays there: of each of those `asked`.

    `grid`: its step, and the longest silence that is bridged, both in microseconds.
    """
    slow_m, pause, per_edge = (np.array(each) for each in zip(*asked, strict=True))
    rules = slow_m.astype("float64"), pause.astype("int64"), per_edge.astype("float64")
    found: list[list[tuple[NDArray[np.int32], Ints]]] = [[] for _ in asked]
    low, n_tracks = 0, len(tracks.vessel)
    while low < n_tracks:  # of all at once room for their ticks would be held
        upto = int(np.searchsorted(tracks.bounds, tracks.bounds[low] + AT_A_TIME, "right")) - 1
        high = min(max(upto, low + 1), n_tracks)
        bounds = tracks.bounds[low : high + 1]
        whose, key, n = _keys(bounds, tracks.vessel[low:high], *tracks[2:], *grid, rules, slots)
        for k, count in enumerate(n.tolist()):
            found[k].append((whose[k, :count].copy(), key[k, :count].copy()))
        low = high
    return [
        (
            np.concatenate([np.zeros(0, "int32"), *(whose for whose, _ in each)]),
            np.concatenate([np.zeros(0, "int64"), *(key for _, key in each)]),
        )
        for each in found
    ]


@compiled
def _keys(
    bounds: Ints,
    vessel: NDArray[np.int32],
    time_us: Ints,
    lat: Floats,
    lon: Floats,
    step_us: int,
    silence_us: int,
    rules: tuple[Floats, Ints, Floats],
    slots: Slots,
) -> tuple[NDArray[np.int32], Ints, Ints]:
    """Return the same with room behind, and how much of each is filled."""
    slow_m, pause, per_edge = rules
    most, n_all = 0, 0
    for k in range(len(vessel)):
        n = 0
        for row in range(bounds[k], bounds[k + 1] - 1):
            # What isn't in order has no ticks, here as below: one too few would be written beyond.
            if 0 < time_us[row + 1] - time_us[row] <= silence_us:
                n += -(-time_us[row + 1] // step_us) + -time_us[row] // step_us
        most, n_all = max(most, n), n_all + n
    tick, made_m = np.empty(most, np.int64), np.empty(most, np.float64)
    north, east = np.empty(most, np.float64), np.empty(most, np.float64)
    x, y, z = np.empty(most, np.float64), np.empty(most, np.float64), np.empty(most, np.float64)
    counts, slow = np.empty(most, np.bool_), np.empty(most, np.bool_)
    whose = np.empty((len(slow_m), n_all), np.int32)
    key, done = np.empty((len(slow_m), n_all), np.int64), np.zeros(len(slow_m), np.int64)
    for k in range(len(vessel)):
        n = 0
        for row in range(bounds[k], bounds[k + 1] - 1):
            apart_us = time_us[row + 1] - time_us[row]
            if not 0 < apart_us <= silence_us:
                continue
            dlon = (lon[row + 1] - lon[row] + 180.0) % 360.0 - 180.0
            for at in range(-(-time_us[row] // step_us), -(-time_us[row + 1] // step_us)):
                share = (at * step_us - time_us[row]) / apart_us
                tick[n] = at
                north[n] = np.radians(lat[row] + share * (lat[row + 1] - lat[row]))
                east[n] = np.radians(lon[row] + share * dlon)
                level = np.cos(north[n])
                x[n] = level * np.cos(east[n]) + 1.0
                y[n] = level * np.sin(east[n]) + 1.0
                z[n] = np.sin(north[n]) + 1.0
                n += 1
        for i in range(n):
            made_m[i] = np.inf
            if i + 1 < n and tick[i + 1] == tick[i] + 1:
                up = north[i + 1] - north[i]
                along = (east[i + 1] - east[i]) * np.cos((north[i] + north[i + 1]) / 2)
                made_m[i] = _SLACK * np.hypot(up, along) * _METRES_PER_RADIAN
        for a in range(len(slow_m)):
            _mark(n, tick, made_m, slow_m[a], pause[a], slow, counts)
            filled, last = done[a], np.int64(-1)
            for i in range(n):
                if not counts[i]:
                    continue
                slot = tick[i] * step_us // slots.step_us - slots.first
                slot = min(max(slot, 0), slots.n - 1)
                one = int(x[i] * per_edge[a]) + 1
                other = int(y[i] * per_edge[a]) + 1
                third = int(z[i] * per_edge[a]) + 1
                found = (((((slot << BITS) + one) << BITS) + other) << BITS) + third
                if found != last:
                    whose[a, filled], key[a, filled] = vessel[k], found
                    filled += 1
                    last = found
            done[a] = filled
    return whose, key, done


@compiled
def among(known: Ints, asked: Ints) -> Any:
    """Tell which of some keys are of cubes among others or beside one of these, in the same stretch
    of time; both are sorted.
    """
    found = np.zeros(len(known), np.bool_)
    for column in range(9):
        # What leads from a cube to the first of three beside it along the last axis.
        shift = ((column // 3 - 1) << 2 * BITS) + ((column % 3 - 1) << BITS) - 1
        at = 0
        for k in range(len(asked)):
            first = asked[k] + shift
            while at < len(known) and known[at] < first:
                at += 1
            for beside in range(at, min(at + 3, len(known))):
                if known[beside] <= first + 2:
                    found[beside] = True
    return found


@compiled
def _mark(
    n: int, tick: Ints, made_m: Floats, slow_m: float, pause: int, slow: Any, counts: Any
) -> None:
    """Mark the ticks of a track that count."""
    for i in range(n):
        slow[i] = np.isinf(slow_m) or made_m[i] < slow_m
        counts[i] = slow[i]
    if not pause:
        return
    last = -(2**62)
    for i in range(n):
        if slow[i]:
            last = tick[i]
        counts[i] |= tick[i] - last <= pause
    last = 2**62
    for i in range(n - 1, -1, -1):
        if slow[i]:
            last = tick[i]
        counts[i] |= last - tick[i] <= pause
