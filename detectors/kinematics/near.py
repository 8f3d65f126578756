"""Who is near whom at the same moment, by one tree over places and moments."""

from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from detectors.kinematics import geodesy

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_MIXED: Final = np.array([2_654_435_761, 805_459_861, 73_856_093, 19_349_663])
_AROUND: Final = np.array(list(product((-1, 0, 1), repeat=3))) @ _MIXED[:3]
_SLOTS: Final = 1 << 22


class Near:
    """Places at moments, to be asked which of them are within `radius_m` at the same moment.

    Time is a fourth coordinate whose steps exceed the radius, so that one tree holds all moments.

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
        points = np.column_stack([geodesy.unit_xyz(lat, lon), moment * (4 * self._radius)])
        self._tree = cKDTree(points, balanced_tree=False)

    def pairs(self) -> tuple[Ints, Ints]:
        """Return the rows of each pair among them, once."""
        found = self._tree.query_pairs(self._radius, output_type="ndarray")
        return found[:, 0], found[:, 1]

    def pairs_with(self, others: "Near") -> tuple[Ints, Ints]:
        """Return the rows of each pair of one of them and one of others."""
        found = self._tree.sparse_distance_matrix(others._tree, self._radius, output_type="ndarray")
        return found["i"], found["j"]

    def n_near(self, lat: Floats, lon: Floats, moment: Ints) -> Ints:
        """Return how many of them are near each of some other places."""
        points = np.column_stack([geodesy.unit_xyz(lat, lon), moment * (4 * self._radius)])
        found = self._tree.query_ball_point(points, self._radius, return_length=True)
        return np.asarray(found, "int64")


def may_be_near(
    places: tuple[Floats, Floats, Ints], others: tuple[Floats, Floats, Ints], radius_m: float
) -> Ints:
    """Find the `others` that may be within `radius_m` of any of some places at its moment.

    By cubes of a grid through the Earth, as hashes: of a million a few are left for a tree.
    """
    edge = geodesy.chord(radius_m) * 1.001

    def keys(lat: Floats, lon: Floats, moment: Ints) -> Ints:
        cubes = ((geodesy.unit_xyz(lat, lon) + 1.0) / edge).astype("int64")
        return np.asarray(cubes @ _MIXED[:3] + moment * _MIXED[3])

    wanted = np.zeros(_SLOTS, bool)
    wanted[(keys(*places)[:, None] + _AROUND) % _SLOTS] = True
    return np.flatnonzero(wanted[keys(*others) % _SLOTS])
