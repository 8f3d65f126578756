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

from detectors.core.arrays import Floats, Ints
from detectors.kinematics.geodesy import wrap_lon

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

    `geometries`: polygons or multipolygons, degrees (longitude, latitude). Their boundary belongs
    to them.
    """

    def __init__(self, geometries: Sequence[shapely.Geometry] | NDArray[np.object_]) -> None:
        self._geometries = unwrap(np.array(geometries, dtype=object).reshape(-1))
        shapely.prepare(self._geometries)
        self._empty = bool(np.all(np.isnan(shapely.bounds(self._geometries))))
        if not self._empty:
            self._build()  # compiled, as are look-ups: not for who only reads zones

    def _build(self) -> None:
        from detectors.surroundings.raster import Grid, Index, cells_of

        bounds = shapely.bounds(self._geometries)
        west, south = np.nanmin(bounds[:, :2], axis=0)
        east, north = np.nanmax(bounds[:, 2:], axis=0)
        extent = (east - west + 1e-6) * (north - south + 1e-6)
        cell_deg = max(_FINEST_CELL_DEG, float(np.sqrt(extent / _MAX_CELLS)))
        west, south = float(west) - cell_deg, float(south) - cell_deg
        n_x, n_y = int((east - west) / cell_deg) + 2, int((north - south) / cell_deg) + 2
        self._grid = Grid(west, south, cell_deg, n_x, n_y, _EPS_DEG / cell_deg)
        polygon, cell, covered = cells_of(self._geometries, self._grid)
        first = np.zeros(n_x * n_y + 1, np.int32)
        np.cumsum(np.bincount(cell, minlength=n_x * n_y), out=first[1:])
        self._index = Index(first, polygon.astype(np.int32), covered)

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
        return self._pairs(lat, lon, wanted, enough=False)

    def any(
        self, lat: ArrayLike, lon: ArrayLike, wanted: NDArray[np.bool_] | None = None
    ) -> NDArray[np.bool_]:
        """Tell whether each point lies in any polygon, or in any of those `wanted`."""
        inside = np.zeros(len(np.asarray(lat)), bool)
        inside[self._pairs(lat, lon, wanted, enough=True)[0]] = True
        return inside

    def _pairs(
        self, lat: ArrayLike, lon: ArrayLike, wanted: NDArray[np.bool_] | None, *, enough: bool
    ) -> tuple[Ints, Ints]:
        """Return `pairs`, or where that is `enough` one at least of each point that is in any."""
        lat, lon = np.asarray(lat, "float64"), np.asarray(lon, "float64")
        if self._empty or not len(lat):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        if wanted is None:
            wanted = np.ones(len(self._geometries), bool)
        if len(wanted) != len(self._geometries):  # compiled look-ups don't check
            raise ValueError(f"{len(wanted)} bools for {len(self._geometries)} polygons")
        # Wrapping rounds, so what needs none stays as it is.
        far = np.flatnonzero((np.abs(lon) > 180.0) & np.isfinite(lon))
        if len(far):
            lon = lon.copy()
            lon[far] = wrap_lon(lon[far])
        found = [
            self._chunk(lat[a : a + _CHUNK], lon[a : a + _CHUNK], wanted, a, enough)
            for a in range(0, len(lat), _CHUNK)
        ]
        seam = np.flatnonzero(np.abs(lon) == 180.0)  # the edge of both hemispheres
        if len(seam):
            index, polygon = self._chunk(lat[seam], -lon[seam], wanted, 0, enough)
            found.append((seam[index], polygon))
        points, polygons = (np.concatenate(parts) for parts in zip(*found, strict=True))
        if len(seam):
            points, polygons = np.unique(np.stack([points, polygons], axis=1), axis=0).T
        return points, polygons

    def _chunk(
        self, lat: Floats, lon: Floats, wanted: NDArray[np.bool_], offset: int, enough: bool
    ) -> tuple[Ints, Ints]:
        from detectors.surroundings.raster import entries_at

        lat, lon = np.ascontiguousarray(lat).view(), np.ascontiguousarray(lon).view()
        lat.flags.writeable = lon.flags.writeable = False  # whatever is given, it is compiled once
        point, polygon, hit = entries_at(lat, lon, self._grid, self._index, wanted, enough)
        ask = np.flatnonzero(~hit)
        hit[ask] = shapely.intersects_xy(
            self._geometries[polygon[ask]], lon[point[ask]], lat[point[ask]]
        )
        return point[hit] + offset, polygon[hit]
