"""Where a simulated ship may be: clear of land, in or out of zones."""

from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from detectors.core.arrays import Bools, Floats
from detectors.kinematics.geodesy import METRES_PER_NM
from detectors.surroundings.zones import Zones
from pipelines.exercise.geography import Ended, Place

Polygon = shapely.Polygon | shapely.MultiPolygon

_DEGREE_M = 60.0 * METRES_PER_NM * 0.987
"""The shortest degree in the area (of longitude, at 9° N): distances asked for in metres come out
at that or up to 1.3 % longer, so clearances err to the safe side."""
_TILE_DEG = 0.25


class Sea:
    """Land and zones, asked in the way a route builder asks.

    `zones`: zones and land. The land is cut into tiles once, so that a distance to a mainland
    doesn't walk along all of its coast.
    """

    def __init__(self, zones: Zones) -> None:
        self.zones = zones
        self._polygons: dict[str, dict[str, Polygon]] = {}
        self._zones: dict[tuple[tuple[str, ...], bool], shapely.STRtree] = {}
        self._land = _tiled(zones)

    @cached_property
    def _coasts(self) -> Any:
        """The land as it is, to be asked."""
        return self.zones.land.sindex

    @cached_property
    def _states(self) -> NDArray[np.object_]:
        """Return whose each part of the land is."""
        return np.asarray(self.zones.land["iso3"].to_numpy(object))

    def clear(self, lat: Floats, lon: Floats, clearance_m: float | Floats) -> Bools:
        """Tell whether each point is farther than `clearance_m` from land."""
        return _apart(self._land, shapely.points(lon, lat), clearance_m)

    def clear_paths(self, paths: Iterable[Ended], clearance_m: float) -> Bools:
        """Tell whether each line or path, with all of its straight pieces, keeps off land."""
        lines = [shapely.linestrings(path.lon, path.lat) for path in paths]
        return _apart(self._land, lines, clearance_m)

    def outside(
        self,
        lat: Floats,
        lon: Floats,
        classes: Sequence[str],
        margin_m: float,
        *,
        excuses: bool = True,
    ) -> Bools:
        """Tell whether each point is farther than `margin_m` from every zone of `classes` that
        excuses (`Zones.rows_of`), or from every one of them.
        """
        asked = tuple(classes), excuses
        if asked not in self._zones:
            rows = self.zones.rows_of(classes, excuses=excuses)
            self._zones[asked] = shapely.STRtree(self.zones.frame.geometry.to_numpy()[rows])
        return _apart(self._zones[asked], shapely.points(lon, lat), margin_m)

    def country(self, lat: float, lon: float) -> str | None:
        """Return the ISO 3166 alpha-3 code of the land at a place, None at sea."""
        rows = self._coasts.query(shapely.Point(lon, lat), predicate="intersects")
        return str(self._states[int(rows[0])]) if len(rows) else None

    def polygons(self, zone_class: str) -> dict[str, Polygon]:
        """Return the zones of a class by zone id, in the order of their ids."""
        if zone_class not in self._polygons:
            frame = self.zones.frame
            rows = frame[frame["zone_class"] == zone_class].sort_values("zone_id")
            self._polygons[zone_class] = dict(zip(rows["zone_id"], rows.geometry, strict=True))
        return self._polygons[zone_class]

    def transfer_areas(self, *, licensed: bool) -> dict[str, Polygon]:
        """Return the transfer areas where transfers are licensed, or those where they aren't."""
        ids = self.zones.frame["zone_id"][self.zones.licensed]
        areas = self.polygons("sts_area")
        return {name: areas[name] for name in areas if (name in set(ids)) == licensed}

    def sample(
        self,
        polygon: Polygon,
        rng: np.random.Generator,
        n: int,
        clearance_m: float,
    ) -> tuple[Floats, Floats]:
        """Up to `n` random points (lat, lon) inside `polygon` and clear of land."""
        west, south, east, north = polygon.bounds
        tries = 40 * n
        lon, lat = rng.uniform(west, east, tries), rng.uniform(south, north, tries)
        inside = np.flatnonzero(shapely.contains_xy(polygon, lon, lat))
        inside = inside[self.clear(lat[inside], lon[inside], clearance_m)][:n]
        return lat[inside], lon[inside]

    def spot(self, polygon: Polygon, rng: np.random.Generator, clearance_m: float) -> Place | None:
        """Draw one point as `sample` does; None where it finds none."""
        lat, lon = self.sample(polygon, rng, 1, clearance_m)
        return (float(lat[0]), float(lon[0])) if len(lat) else None


def _apart(tree: shapely.STRtree, geometries: object, margin_m: float | Floats) -> Bools:
    """Tell whether each geometry is farther than `margin_m` from all in `tree`."""
    asked = np.asarray(geometries, object)
    apart = np.ones(len(asked), bool)
    apart[tree.query(asked, "dwithin", distance=margin_m / _DEGREE_M)[0]] = False
    return apart


@lru_cache(maxsize=2)
def _tiled(zones: Zones) -> shapely.STRtree:
    """Land in tiles, to be asked; half of a small exercise, so that the newest is kept."""
    return shapely.STRtree(_tiles(np.asarray(zones.land.geometry.to_numpy())))


def _tiles(land: NDArray[np.object_]) -> NDArray[np.object_]:
    """Land cut along a grid of `_TILE_DEG`; first in larger tiles, to walk less along coasts."""
    return _cut(_cut(land, 8 * _TILE_DEG), _TILE_DEG)


def _cut(land: NDArray[np.object_], tile_deg: float) -> NDArray[np.object_]:
    if len(land) == 0:
        return land
    west, south, east, north = (float(edge) for edge in shapely.total_bounds(land))
    columns = np.arange(np.floor(west / tile_deg), np.ceil(east / tile_deg)) * tile_deg
    rows = np.arange(np.floor(south / tile_deg), np.ceil(north / tile_deg)) * tile_deg
    x, y = (axis.ravel() for axis in np.meshgrid(columns, rows))
    boxes = shapely.box(x, y, x + tile_deg, y + tile_deg)
    box, polygon = shapely.STRtree(land).query(boxes, "intersects")
    pieces = shapely.intersection(boxes[box], land[polygon])
    return np.asarray(pieces[shapely.area(pieces) > 0], object)  # edges that only touch are none
