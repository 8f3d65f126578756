"""Who is near whom at the same moment, by cubes of a grid through the Earth."""

from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.kinematics import geodesy
from detectors.kinematics.integrity.jit import compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_M: Final = 600.0
"""Cubes are no smaller, so that there is room for many moments in a number of 63 bits."""

_MIXED: Final = np.array([2_654_435_761, 805_459_861, 73_856_093, 19_349_663])
_AROUND: Final = np.array(list(product((-1, 0, 1), repeat=3))) @ _MIXED[:3]
_SLOTS: Final = 1 << 22


class Near:
    """Places at moments, to be asked which of them are within `radius_m` at the same moment.

    Parameters
    ----------
    lat, lon, moment
        Places, each with the whole number of its moment.
    radius_m
        Great-circle distance; `slack` times as much is looked at.
    """

    def __init__(
        self, lat: Floats, lon: Floats, moment: Ints, radius_m: float, *, slack: float = 1.0
    ) -> None:
        self._radius = geodesy.chord(radius_m) * slack
        self._xyz, self._moment = geodesy.unit_xyz(lat, lon), np.asarray(moment, "int64")

    def pairs(self) -> tuple[Ints, Ints]:
        """Return the rows of each pair among them, once."""
        return _found(self._xyz, self._moment, self._radius, 0)

    def pairs_with(self, others: "Near") -> tuple[Ints, Ints]:
        """Return the rows of each pair of one of them and one of others."""
        n = len(self._moment)
        xyz, moment = np.r_[self._xyz, others._xyz], np.r_[self._moment, others._moment]
        one, other = _found(xyz, moment, self._radius, n)
        return np.minimum(one, other), np.maximum(one, other) - n

    def n_near(self, lat: Floats, lon: Floats, moment: Ints) -> Ints:
        """Return how many of them are near each of some other places."""
        n, there = len(self._moment), geodesy.unit_xyz(lat, lon)
        xyz, moments = np.r_[self._xyz, there], np.r_[self._moment, moment]
        one, other = _found(xyz, moments, self._radius, n)
        return np.bincount(np.maximum(one, other) - n, minlength=len(there))


def _found(xyz: Floats, moment: Ints, radius: float, n_one: int) -> tuple[Ints, Ints]:
    """Return pairs of places within a chord at one moment, by cubes of a grid through the Earth.

    Where `n_one` isn't 0 each is of one of the first so many and one of the others.
    """
    edge = max(radius, geodesy.chord(LEAST_M)) * 1.001
    size = int(2.0 / edge) + 4  # with room at either side for a cube that is beside
    moment = moment - moment.min(initial=np.iinfo("int64").max)
    if moment.max(initial=0) >= 2**63 // size**3:  # any numbers do that tell them apart
        moment = np.unique(moment, return_inverse=True)[1]
    x, y, z = (((xyz[:, k] + 1.0) / edge).astype("int64") + 1 for k in range(3))
    key = ((moment * size + x) * size + y) * size + z
    order = np.argsort(key)
    of_one = order < n_one
    return _pairs(key[order], xyz[order], order, of_one, n_one > 0, size, radius * radius)


@compiled
def _pairs(
    key: Ints,
    xyz: Floats,
    row: Ints,
    of_one: NDArray[np.bool_],
    apart: bool,
    size: int,
    most: float,
) -> tuple[Ints, Ints]:
    """Return the rows of pairs no further apart than the root of `most`, in the order of `key`.

    The cubes beside one that come after it are the next, and three in each of four columns.
    """
    n, held = len(key), 0
    one, other = np.empty(2 * n + 16, np.int64), np.empty(2 * n + 16, np.int64)
    begin = np.array([0, size - 1, size * size - size - 1, size * size - 1, size * size + size - 1])
    length = np.array([1, 2, 2, 2, 2])
    at = np.zeros(5, np.int64)
    for p in range(n):
        for column in range(5):
            low = key[p] + begin[column]
            q = max(at[column], p + 1)
            while q < n and key[q] < low:
                q += 1
            at[column] = q
            while q < n and key[q] <= low + length[column]:
                dx, dy, dz = xyz[p, 0] - xyz[q, 0], xyz[p, 1] - xyz[q, 1], xyz[p, 2] - xyz[q, 2]
                if dx * dx + dy * dy + dz * dz <= most and not (apart and of_one[p] == of_one[q]):
                    if held == len(one):
                        one = np.concatenate((one, np.empty(held, np.int64)))
                        other = np.concatenate((other, np.empty(held, np.int64)))
                    one[held], other[held] = row[p], row[q]
                    held += 1
                q += 1
    return one[:held].copy(), other[:held].copy()


def may_be_near(
    places: tuple[Floats, Floats, Ints], others: tuple[Floats, Floats, Ints], radius_m: float
) -> Ints:
    """Find the `others` that may be within `radius_m` of any of some places at its moment.

    By cubes of a grid through the Earth, as hashes: of a million a few are left for `Near`.
    """
    edge = geodesy.chord(radius_m) * 1.001

    def keys(lat: Floats, lon: Floats, moment: Ints) -> Ints:
        cubes = ((geodesy.unit_xyz(lat, lon) + 1.0) / edge).astype("int64")
        return np.asarray(cubes @ _MIXED[:3] + moment * _MIXED[3])

    wanted = np.zeros(_SLOTS, bool)
    wanted[(keys(*places)[:, None] + _AROUND) % _SLOTS] = True
    return np.flatnonzero(wanted[keys(*others) % _SLOTS])
