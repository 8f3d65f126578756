"""Whose coast is how far: distances to the coasts of each state."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from detectors.core.arrays import Floats
from detectors.kinematics import geodesy

if TYPE_CHECKING:
    pass


SPACING_M: Final = 500.0
"""The coasts are sampled this densely: too far by 250 m at most right at the coast, by 30 m at one
kilometre."""

FARTHEST_M: Final = 150 * geodesy.METRES_PER_NM
"""Beyond this a coast is as good as nowhere; the Strait is 140 nm wide at its entrance."""

ROCK_M2: Final = 10_000.0
"""Nobody lives on less than a hectare of rock (as Pedra Branca), and nobody lands people on it:
UNCLOS, art. 121(3), gives rocks no zone of their own either."""


def _area_m2(polygons: NDArray[Any]) -> Floats:
    """Return areas of polygons in degrees, as on a sphere at the latitude of each one's middle."""
    bounds = shapely.bounds(polygons)
    middle = np.radians((bounds[:, 1] + bounds[:, 3]) / 2)
    degree_m = np.pi / 180 * geodesy.EARTH_RADIUS_M
    return np.asarray(shapely.area(polygons) * degree_m**2 * np.cos(middle))


class Coasts:
    """The coasts of each state in a land layer.

    Parameters
    ----------
    land
        Land polygons, EPSG:4326, with a column `iso3` (ISO 3166 alpha-3). Without that column, or
        where it is empty, land belongs to no state and is left out.

    min_area_m2
        Islands smaller than this are left out.

    Attributes
    ----------
    states
        The states in alphabetical order.
    """

    def __init__(self, land: gpd.GeoDataFrame, min_area_m2: float = 0.0) -> None:
        from detectors.kinematics.nearest import Nearest  # compiled: not for who asks no distance

        known = land[land["iso3"].fillna("") != ""] if "iso3" in land else land.iloc[:0]
        self.states: tuple[str, ...] = tuple(sorted(known["iso3"].unique())) if len(known) else ()
        degree_m = np.pi / 180 * geodesy.EARTH_RADIUS_M
        self._trees: list[Nearest] = []
        for state in self.states:
            own = known.geometry.to_numpy()[(known["iso3"] == state).to_numpy()]
            if min_area_m2:
                own = shapely.get_parts(own)
                own = own[_area_m2(own) >= min_area_m2]
            lon, lat = shapely.get_coordinates(shapely.segmentize(own, SPACING_M / degree_m)).T
            self._trees.append(Nearest(geodesy.unit_xyz(lat, lon)))

    def distance_m(
        self, lat: ArrayLike, lon: ArrayLike, of: Collection[int] | None = None
    ) -> Floats:
        """Distance in metres from each point to the coast of each state, (states, points).

        Inside a state's land it is the distance to its coast too, not 0; farther than `FARTHEST_M`
        it is `FARTHEST_M`. Only the states `of` (their ordinals) are measured, if given: the others
        are infinitely far.
        """
        xyz = geodesy.unit_xyz(np.asarray(lat, "float64"), np.asarray(lon, "float64"))
        distance = np.full((len(self.states), len(xyz)), np.inf)
        for row in range(len(self.states)):
            if of is None or row in of:
                distance[row] = self._distance_m(row, xyz)
        return distance

    def distance_where_m(self, lat: Floats, lon: Floats, of: NDArray[np.bool_]) -> Floats:
        """Return `distance_m` from each point to the coasts that are asked for there, (points,
        states), infinity for others.
        """
        xyz = geodesy.unit_xyz(lat, lon)
        distance = np.full((len(self.states), len(xyz)), np.inf)
        for row in range(len(self.states)):
            own = np.flatnonzero(of[:, row])
            distance[row, own] = self._distance_m(row, xyz[own])
        return distance

    def distance_each_m(self, lat: ArrayLike, lon: ArrayLike, state: NDArray[np.int64]) -> Floats:
        """Distance in metres from each point to the coast of one state, by its ordinal."""
        xyz = geodesy.unit_xyz(np.asarray(lat, "float64"), np.asarray(lon, "float64"))
        distance = np.empty(len(xyz))
        for row in np.unique(state).tolist():
            own = state == row
            distance[own] = self._distance_m(row, xyz[own])
        return distance

    def _distance_m(self, row: int, xyz: Floats) -> Floats:
        chord, _ = self._trees[row].to(xyz, geodesy.chord(FARTHEST_M))
        distance = np.full(len(xyz), FARTHEST_M)
        near = np.isfinite(chord)
        distance[near] = 2 * geodesy.EARTH_RADIUS_M * np.arcsin(chord[near] / 2)
        return distance
