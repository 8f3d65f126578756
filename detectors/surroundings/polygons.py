"""Which points lie in which polygons, for millions of points.

A raster over the polygons knows for each cell the polygons that cover it whole and those whose
boundary runs through it. A point needs GEOS only in the latter, so the answer is exact and most
points cost one array look-up. The technique is the "true hit" filtering of Kipf et al., Adaptive
Main-Memory Indexing for High-Performance Point-Polygon Joins, EDBT 2020,
doi:10.5441/002/edbt.2020.31.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from detectors.kinematics import timegrid
from detectors.kinematics.geodesy import wrap_lon

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_FINEST_CELL_DEG: Final = 0.01
_MAX_CELLS: Final = 4_000_000
_EPS_DEG: Final = 1e-9
"""A boundary is taken to be a little wider than it is (0.1 mm), so that rounding in the cell number
of a point on a cell's edge can't matter."""
_CHUNK: Final = 2_000_000


def unwrap(geometries: NDArray[np.object_]) -> NDArray[np.object_]:
    """Geometries with what lies beyond longitude ±180 moved to the other side of the antimeridian.

    A polygon across the antimeridian may be written cut in two, as GeoJSON asks (RFC 7946, 3.1.9),
    or in one piece with longitudes beyond 180; after this both are the same area.
    """
    bounds = shapely.bounds(geometries)
    beyond = (bounds[:, 0] < -180) | (bounds[:, 2] > 180)
    if not beyond.any():
        return geometries
    result = geometries.copy()
    for k in np.flatnonzero(beyond):
        whole = geometries[k]
        parts = [
            _moved(shapely.intersection(whole, shapely.box(turn - 180, -90, turn + 180, 90)), -turn)
            for turn in (-360, 0, 360)
        ]
        result[k] = shapely.union_all([part for part in parts if shapely.area(part) > 0])
    return result


def _moved(geometry: shapely.Geometry, degrees: float) -> shapely.Geometry:
    return shapely.transform(geometry, lambda lon_lat: np.add(lon_lat, [degrees, 0.0]))


class PolygonIndex:
    """Polygons prepared for the question which points lie in them.

    Parameters
    ----------
    geometries
        Polygons or multipolygons, degrees (longitude, latitude). Their boundary belongs to them.
    """

    def __init__(self, geometries: Sequence[shapely.Geometry] | NDArray[np.object_]) -> None:
        self._geometries = unwrap(np.array(geometries, dtype=object).reshape(-1))
        shapely.prepare(self._geometries)
        self._empty = bool(np.all(np.isnan(shapely.bounds(self._geometries))))
        if not self._empty:
            self._build()

    def _build(self) -> None:
        from detectors.surroundings.raster import Grid, cells_of  # compiled: not for who only reads

        bounds = shapely.bounds(self._geometries)
        west, south = np.nanmin(bounds[:, :2], axis=0)
        east, north = np.nanmax(bounds[:, 2:], axis=0)
        extent = (east - west + 1e-6) * (north - south + 1e-6)
        self._cell_deg = max(_FINEST_CELL_DEG, float(np.sqrt(extent / _MAX_CELLS)))
        self._west, self._south = west - self._cell_deg, south - self._cell_deg
        self._nx = int((east - self._west) / self._cell_deg) + 2
        self._ny = int((north - self._south) / self._cell_deg) + 2
        grid = Grid(
            self._west, self._south, self._cell_deg, self._nx, self._ny, _EPS_DEG / self._cell_deg
        )
        polygon, cell, self._covered = cells_of(self._geometries, grid)
        self._polygon = polygon.astype(np.int32)
        self._first = np.zeros(self._nx * self._ny + 1, np.int32)
        np.cumsum(np.bincount(cell, minlength=self._nx * self._ny), out=self._first[1:])

    def pairs(
        self, lat: ArrayLike, lon: ArrayLike, wanted: NDArray[np.bool_] | None = None
    ) -> tuple[Ints, Ints]:
        """Pairs (point, polygon) of the points in polygons, sorted by point, then polygon.

        Parameters
        ----------
        lat, lon
            Degrees, any longitude; a point with a NaN lies in no polygon.
        wanted
            Which polygons to ask about, one bool each; all when left out.
        """
        lat, lon = np.asarray(lat, "float64"), np.asarray(lon, "float64")
        if self._empty or not len(lat):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        point = np.flatnonzero(np.isfinite(lat) & np.isfinite(lon))
        lat, lon = lat[point], lon[point]
        # Wrapping rounds, so what needs none stays as it is.
        lon = np.where(np.abs(lon) > 180.0, wrap_lon(lon), lon)
        seam = np.flatnonzero(np.abs(lon) == 180.0)  # the edge of both hemispheres
        found = [
            self._chunk(lat[a : a + _CHUNK], lon[a : a + _CHUNK], wanted, a)
            for a in range(0, len(lat), _CHUNK)
        ]
        if len(seam):
            index, polygon = self._chunk(lat[seam], -lon[seam], wanted, 0)
            found.append((seam[index], polygon))
        points = np.concatenate([part[0] for part in found] or [np.empty(0, np.int64)])
        polygons = np.concatenate([part[1] for part in found] or [np.empty(0, np.int64)])
        if len(seam):
            points, polygons = np.unique(np.stack([points, polygons], axis=1), axis=0).T
        return point[points], polygons

    def _chunk(
        self, lat: Floats, lon: Floats, wanted: NDArray[np.bool_] | None, offset: int
    ) -> tuple[Ints, Ints]:
        x = np.floor((lon - self._west) / self._cell_deg).astype(np.int64)
        y = np.floor((lat - self._south) / self._cell_deg).astype(np.int64)
        inside = (x >= 0) & (x < self._nx) & (y >= 0) & (y < self._ny)
        cell = np.where(inside, y * self._nx + x, 0)
        count = np.where(inside, self._first[cell + 1] - self._first[cell], 0)
        point = np.flatnonzero(count)
        count = count[point]
        owner, entry = timegrid.ranges(self._first[cell[point]], count)
        point, polygon = point[owner], self._polygon[entry]
        hit = self._covered[entry]
        ask = ~hit
        if wanted is not None:
            hit &= wanted[polygon]
            ask &= wanted[polygon]
        ask = np.flatnonzero(ask)
        hit[ask] = shapely.intersects_xy(
            self._geometries[polygon[ask]], lon[point[ask]], lat[point[ask]]
        )
        return point[hit] + offset, polygon[hit].astype(np.int64)

    def any(self, lat: ArrayLike, lon: ArrayLike) -> NDArray[np.bool_]:
        """Tell whether each point lies in any polygon."""
        inside = np.zeros(len(np.asarray(lat)), bool)
        inside[self.pairs(lat, lon)[0]] = True
        return inside
