"""Whose coast is how far: distances to the coasts of each state."""

from collections.abc import Collection
from typing import Final

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from detectors.kinematics import geodesy

Floats = NDArray[np.float64]

SPACING_M: Final = 500.0
"""The coasts are sampled this densely: too far by 250 m at most right at the coast, by 30 m at one
kilometre."""

FARTHEST_M: Final = 150 * geodesy.METRES_PER_NM
"""Beyond this a coast is as good as nowhere; the Strait is 140 nm wide at its entrance."""


class Coasts:
    """The coasts of each state in a land layer.

    Parameters
    ----------
    land
        Land polygons, EPSG:4326, with a column `iso3` (ISO 3166 alpha-3). Without that column, or
        where it is empty, land belongs to no state and is left out.

    Attributes
    ----------
    states
        The states in alphabetical order.
    """

    def __init__(self, land: gpd.GeoDataFrame) -> None:
        from scipy.spatial import cKDTree  # a quarter of a second, for who asks for no distance

        known = land[land["iso3"].fillna("") != ""] if "iso3" in land else land.iloc[:0]
        self.states: tuple[str, ...] = tuple(sorted(known["iso3"].unique())) if len(known) else ()
        degree_m = np.pi / 180 * geodesy.EARTH_RADIUS_M
        self._trees: list[cKDTree] = []
        for state in self.states:
            own = known.geometry.to_numpy()[(known["iso3"] == state).to_numpy()]
            lon, lat = shapely.get_coordinates(shapely.segmentize(own, SPACING_M / degree_m)).T
            self._trees.append(cKDTree(geodesy.unit_xyz(lat, lon)))

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
        for row, tree in enumerate(self._trees):
            if of is not None and row not in of:
                continue
            distance[row] = FARTHEST_M
            chord, _ = tree.query(xyz, distance_upper_bound=geodesy.chord(FARTHEST_M))
            near = np.isfinite(chord)
            distance[row, near] = 2 * geodesy.EARTH_RADIUS_M * np.arcsin(chord[near] / 2)
        return distance
