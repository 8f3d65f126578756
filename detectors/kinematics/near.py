"""Who is near whom at the same moment, of many vessels at many moments, compiled.

Each moment is hashed by itself, by cubes of a grid through the Earth, and only those whose pairs
are asked for look around.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.frames import offsets
from detectors.kinematics import geodesy
from detectors.kinematics.integrity.jit import compiled

Places = tuple[Floats, Floats, Ints]
"""Latitudes, longitudes, and the whole number of the moment of each."""

SLACK: Final = 1.001
"""What is that much further off is a pair, too, where who asks works out the distance himself."""
_ANY: Final = np.zeros(0, bool)


def pairs(
    places: Places,
    radius_m: float,
    *,
    whose: Ints | None = None,
    asked: Bools | None = None,
    kind: Bools = _ANY,
    crowded: Bools = _ANY,
    crowded_m: float = 0.0,
    slack: float = 1.0,
    most: int = 2**62,
) -> tuple[Ints, Ints]:
    """Return the rows of places within a great-circle distance at a moment, each pair once.

    Parameters
    ----------
    whose
        A pair is of two, the lower first; None: each place is of its own.
    asked
        Rows whose pairs with higher ones are wanted; None: all.
    kind
        Rows of the one and of the other kind, where one of each makes a pair; empty where any do.
    crowded, crowded_m
        Rows that make a pair only with what is so near; empty where none are.
    slack
        `slack` times as much is looked at.
    most
        So many pairs are enough, or somewhat more: it stops there.
    """
    n = len(places[2])
    whose = np.arange(n) if whose is None else whose
    asked = np.ones(n, bool) if asked is None else asked
    rows = whose, asked, kind, crowded
    reaches = geodesy.chord(radius_m) * slack, geodesy.chord(crowded_m) * slack
    found, _ = _found(places, rows, reaches, most)
    return found[0].astype("int64"), found[1].astype("int64")


def _from_first(moment: Ints) -> NDArray[Any]:
    """Return moments counted from the first, in 16 bits where they fit: these are sorted by their
    digits, in a fifth of the time.
    """
    counted = moment - (moment.min() if len(moment) else 0)
    return counted.astype("uint16") if counted.max(initial=0) < 1 << 16 else counted


def n_near(some: Places, others: Places, radius_m: float) -> Ints:
    """Return how many of others are near each of some, in no more memory where it is crowded."""
    lat, lon, moment = (np.concatenate(both) for both in zip(some, others, strict=True))
    own = np.arange(len(moment)) < len(some[2])
    rows = np.arange(len(moment)), own, own, _ANY
    _, n = _found((lat, lon, moment), rows, (geodesy.chord(radius_m), 0.0), 0, counted=True)
    return np.asarray(n[: len(some[2])])


def _found(
    places: Places,
    rows: tuple[Ints, Bools, Bools, Bools],
    reaches: tuple[float, float],
    most: int,
    *,
    counted: bool = False,
) -> Any:
    lat, lon, moment = places
    order = np.argsort(_from_first(moment), kind="stable")
    bounds = offsets(moment[order])
    held = 1 << max(int(8 * np.diff(bounds).max(initial=0) - 1).bit_length(), 4)
    return _pairs(bounds, order.astype("int32"), lat, lon, rows, reaches, held, most, counted)


@compiled
def _pairs(
    bounds: Ints,
    order: NDArray[np.int32],
    lat: Floats,
    lon: Floats,
    rows: tuple[Ints, Bools, Bools, Bools],
    reaches: tuple[float, float],
    held: int,
    most_pairs: int,
    counted: bool,
) -> Any:
    """Return the pairs, a side a row, or how many each row is the first of.

    `held` is a power of two, four times above the places of any moment or more: what isn't there is
    mostly not found at once.
    """
    whose, asked, kind, crowded = rows
    reach, narrow = reaches
    most = 0
    for t in range(len(bounds) - 1):
        most = max(most, bounds[t + 1] - bounds[t])
    xyz, cube = np.empty((most, 3), np.float64), np.empty((most, 3), np.int64)
    head, after = np.full(held, -1, np.int32), np.empty(most, np.int32)
    slot, mine = np.empty(most, np.int64), np.empty(most, np.int64)
    low, high = np.empty(3, np.int64), np.empty(3, np.int64)
    found, number = np.empty((2, 1024), np.int32), np.zeros(len(lat) * counted, np.int64)
    n, edge = 0, reach * 1.001
    for t in range(len(bounds) - 1):
        own = order[bounds[t] : bounds[t + 1]]
        n_asked = 0
        for k in range(len(own)):
            n_asked += asked[own[k]]
        if not n_asked:
            continue
        # Where most are asked about, each looks into half of the cubes around, for both.
        both = 2 * n_asked > len(own)
        for k in range(len(own)):
            north, east = np.radians(lat[own[k]]), np.radians(lon[own[k]])
            xyz[k, 0] = np.cos(north) * np.cos(east)
            xyz[k, 1] = np.cos(north) * np.sin(east)
            xyz[k, 2] = np.sin(north)
            for axis in range(3):
                cube[k, axis] = int((xyz[k, axis] + 1.0) / edge)
            mine[k] = whose[own[k]]
            slot[k] = _slot(cube[k, 0], cube[k, 1], cube[k, 2], held)
            after[k] = head[slot[k]]
            head[slot[k]] = k
        for k in range(len(own)):
            if not both and not asked[own[k]]:
                continue
            for axis in range(3):
                # So far along an axis may on the sphere be who is within reach: of the cubes around
                # most hold nothing of it.
                at_most = np.abs(xyz[k, axis]) * reach / 2 + np.sqrt(max(1 - xyz[k, axis] ** 2, 0))
                far = min(at_most, 1.0) * reach * (1 + 1e-9)
                low[axis] = int((xyz[k, axis] - far + 1.0) / edge)
                high[axis] = int((xyz[k, axis] + far + 1.0) / edge)
            wide, deep = high[1] - low[1] + 1, high[2] - low[2] + 1
            n_around = (high[0] - low[0] + 1) * wide * deep
            here = ((cube[k, 0] - low[0]) * wide + cube[k, 1] - low[1]) * deep + cube[k, 2] - low[2]
            for beside in range(here if both else 0, n_around):
                x = low[0] + beside // (wide * deep)
                y = low[1] + beside // deep % wide
                z = low[2] + beside % deep
                other = head[_slot(x, y, z, held)]
                while other >= 0:
                    at = other
                    other = after[other]
                    if mine[at] <= mine[k] and (not both or mine[at] == mine[k]):
                        continue
                    if both and beside == here and at < k:  # in its own cube
                        continue
                    if cube[at, 0] != x or cube[at, 1] != y or cube[at, 2] != z:
                        continue
                    apart = 0.0
                    for axis in range(3):
                        apart += (xyz[k, axis] - xyz[at, axis]) ** 2
                    if apart > reach * reach:
                        continue
                    i, j = own[k], own[at]
                    if mine[at] < mine[k]:
                        i, j = j, i
                    if both and not asked[i]:
                        continue
                    if len(crowded) and (crowded[i] or crowded[j]) and apart > narrow * narrow:
                        continue
                    if len(kind) and kind[i] == kind[j]:
                        continue
                    if counted:
                        number[i] += 1
                        continue
                    if n == found.shape[1]:
                        if n >= most_pairs:
                            return found, number
                        larger = np.empty((2, 2 * n), np.int32)
                        for k_found in range(n):  # a slice takes a second to compile
                            larger[0, k_found] = found[0, k_found]
                            larger[1, k_found] = found[1, k_found]
                        found = larger
                    found[0, n], found[1, n] = i, j
                    n += 1
        for k in range(len(own)):
            head[slot[k]] = -1
    return found[:, :n].copy(), number


@compiled
def _slot(x: int, y: int, z: int, held: int) -> int:
    return (x * 73_856_093 ^ y * 19_349_663 ^ z * 83_492_791) & (held - 1)
