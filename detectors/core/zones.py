"""Zones, land and the reach of those layers: which points lie in which polygon."""

from collections.abc import Sequence
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

ZONE_COLUMNS: Final = ("zone_id", "name", "zone_class", "source", "confidence", "geometry")


class Zones:
    """Polygons by class, land, and the area that these layers are complete for.

    Parameters
    ----------
    frame
        One row per zone with `ZONE_COLUMNS`, EPSG:4326, polygons.
    land
        Land polygons, EPSG:4326.
    reach
        Where both layers can be relied on. Outside, what needs them is not assessed.
    """

    def __init__(
        self, frame: gpd.GeoDataFrame, land: gpd.GeoDataFrame, reach: shapely.Geometry
    ) -> None:
        self.frame = frame.reset_index(drop=True)
        self.land = land
        self.reach = reach
        self._tree = shapely.STRtree(self.frame.geometry.to_numpy())
        self._land_tree = shapely.STRtree(self.land.geometry.to_numpy())

    @classmethod
    def none(cls) -> "Zones":
        """No zones, no land, no reach."""
        frame = gpd.GeoDataFrame({name: [] for name in ZONE_COLUMNS}, geometry="geometry", crs=4326)
        return cls(frame, frame[["geometry"]], shapely.Polygon())

    def members(
        self, lat: NDArray[np.float64], lon: NDArray[np.float64], classes: Sequence[str] = ()
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Pairs (point index, row of `frame`) of the points in zones of `classes` (all if empty),
        sorted by point, then row."""
        point, row = self._tree.query(shapely.points(lon, lat), predicate="intersects")
        keep = np.ones(len(row), bool) if not classes else self._of(classes)[row]
        order = np.lexsort((row[keep], point[keep]))
        return point[keep][order], row[keep][order]

    def within(
        self, lat: NDArray[np.float64], lon: NDArray[np.float64], classes: Sequence[str]
    ) -> NDArray[np.bool_]:
        """Whether each point lies in any zone of `classes`."""
        inside = np.zeros(len(lat), bool)
        inside[self.members(lat, lon, classes)[0]] = True
        return inside

    def on_land(self, lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether each point lies on land."""
        inside = np.zeros(len(lat), bool)
        inside[self._land_tree.query(shapely.points(lon, lat), predicate="intersects")[0]] = True
        return inside

    def reached(self, lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether land and zones are known at each point."""
        return np.asarray(shapely.contains_xy(self.reach, lon, lat))

    def _of(self, classes: Sequence[str]) -> NDArray[np.bool_]:
        return np.asarray(self.frame["zone_class"].isin(list(classes)))

    def id_of(self, row: int) -> str:
        """Zone id of a row of `frame`."""
        return str(pd.Series(self.frame["zone_id"]).iloc[row])
