"""Who is near whom at the same tick, of many vessels at many ticks, compiled.

What is found is a superset of those within a great-circle distance, by less than a hundredth of it;
who needs the distance asks `geodesy` for it. `near` sorts the cubes of all ticks and lists every
pair; here each tick is hashed by itself, and only those whose pairs are asked for look around.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detectors.kinematics import geodesy
from detectors.kinematics.integrity.jit import compiled

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SLACK: Final = 1.001


def pairs(
    tick: Ints, lat: Floats, lon: Floats, mmsi: Ints, asked: Bools, kind: Bools, radius_m: float
) -> tuple[Ints, Ints]:
    """Return rows of two MMSIs near one another at a tick, the lower first, each pair once.

    Parameters
    ----------
    tick, lat, lon, mmsi
        Where vessels were at ticks.
    asked
        Rows whose pairs with higher MMSIs are wanted.
    kind
        Rows of the one and of the other kind, where one of each makes a pair; empty where any do.
    """
    if len(tick) == 0:
        return np.zeros(0, "int64"), np.zeros(0, "int64")
    edge = geodesy.chord(radius_m) * SLACK
    since = int(tick.min())
    counts = np.bincount(tick - since)
    order = np.argsort((tick - since).astype("int32"), kind="stable").astype("int32")
    held = 1 << max(int(2 * counts.max() - 1).bit_length(), 4)
    found = _pairs(np.r_[0, np.cumsum(counts)], order, lat, lon, mmsi, asked, kind, edge, held)
    return found[0], found[1]


@compiled
def _pairs(
    bounds: Ints,
    order: NDArray[np.int32],
    lat: Floats,
    lon: Floats,
    mmsi: Ints,
    asked: Bools,
    kind: Bools,
    edge: float,
    held: int,
) -> Any:
    """Return the pairs, a side a row; `held` is a power of two above the vessels of any tick."""
    most = 0
    for t in range(len(bounds) - 1):
        most = max(most, bounds[t + 1] - bounds[t])
    xyz, cube = np.empty((most, 3), np.float64), np.empty((most, 3), np.int64)
    head, after = np.full(held, -1, np.int32), np.empty(most, np.int32)
    slot = np.empty(most, np.int64)
    found = np.empty((2, 1024), np.int64)
    n, within = 0, edge * edge
    for t in range(len(bounds) - 1):
        own = order[bounds[t] : bounds[t + 1]]
        anybody = False
        for k in range(len(own)):
            anybody |= asked[own[k]]
        if not anybody:
            continue
        for k in range(len(own)):
            north, east = np.radians(lat[own[k]]), np.radians(lon[own[k]])
            xyz[k, 0] = np.cos(north) * np.cos(east)
            xyz[k, 1] = np.cos(north) * np.sin(east)
            xyz[k, 2] = np.sin(north)
            for axis in range(3):
                cube[k, axis] = int((xyz[k, axis] + 1.0) / edge)
            slot[k] = _slot(cube[k, 0], cube[k, 1], cube[k, 2], held)
            after[k] = head[slot[k]]
            head[slot[k]] = k
        for k in range(len(own)):
            i = own[k]
            if not asked[i]:
                continue
            for beside in range(27):
                x = cube[k, 0] + beside // 9 - 1
                y = cube[k, 1] + beside // 3 % 3 - 1
                z = cube[k, 2] + beside % 3 - 1
                other = head[_slot(x, y, z, held)]
                while other >= 0:
                    j, at = own[other], other
                    other = after[other]
                    if mmsi[j] <= mmsi[i] or (len(kind) and kind[i] == kind[j]):
                        continue
                    if cube[at, 0] != x or cube[at, 1] != y or cube[at, 2] != z:
                        continue
                    apart = 0.0
                    for axis in range(3):
                        apart += (xyz[k, axis] - xyz[at, axis]) ** 2
                    if apart > within:
                        continue
                    if n == found.shape[1]:
                        larger = np.empty((2, 2 * n), np.int64)
                        larger[:, :n] = found
                        found = larger
                    found[0, n], found[1, n] = i, j
                    n += 1
        for k in range(len(own)):
            head[slot[k]] = -1
    return found[:, :n].copy()


@compiled
def _slot(x: int, y: int, z: int, held: int) -> int:
    return (x * 73_856_093 ^ y * 19_349_663 ^ z * 83_492_791) & (held - 1)
