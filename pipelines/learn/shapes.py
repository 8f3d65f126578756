"""Outlines of learned places."""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from detectors.core.arrays import Floats
from detectors.kinematics import geodesy

_SIMPLIFY_DEG = 0.0005
"""55 m: finer than what any learned outline knows."""
_GRAIN_M = 20.0
"""Points of an outline nearer than this count as one: thousands lie at one anchorage."""


def around(lat: Floats, lon: Floats, margin_m: float, reach_m: float) -> Any:
    """Return the outline of points with a margin, in WGS84; concave, and nowhere in it is the next
    point much farther than `reach_m` (or the margin): the empty middle of a ring is not theirs.
    """
    lat0, lon0 = float(np.median(lat)), float(lon[0])
    xy = np.stack(geodesy.to_local_m(lat, lon, lat0, lon0), axis=-1)
    points = shapely.multipoints(np.unique(np.round(xy / _GRAIN_M), axis=0) * _GRAIN_M)
    outline = shapely.buffer(shapely.concave_hull(points, ratio=0.4), margin_m, quad_segs=4)
    reach_m = max(reach_m, margin_m)
    cell_m = reach_m / 3.0  # thousands of discs over one another are slow to unite
    centres = np.unique(np.round(xy / cell_m), axis=0) * cell_m
    discs = shapely.buffer(shapely.points(centres), reach_m, quad_segs=4)
    near = shapely.union_all(discs)
    return _to_wgs84(shapely.intersection(outline, near), lat0, lon0)


def area_km2(shape: shapely.Geometry) -> float:
    """Return the area of a shape in WGS84."""
    return float(shapely.area(_local_m(shape))) / 1e6


def diameter_m(shape: shapely.Geometry) -> float:
    """Return the diameter of the smallest circle around a shape in WGS84."""
    return 2.0 * float(shapely.minimum_bounding_radius(_local_m(shape)))


def _local_m(shape: shapely.Geometry) -> Any:
    middle = shapely.centroid(shape)

    def to(lon_lat: Floats) -> Floats:
        east, north = geodesy.to_local_m(lon_lat[:, 1], lon_lat[:, 0], middle.y, middle.x)
        return np.stack([east, north], axis=-1)

    return shapely.transform(shape, to)


def corridor(lat: Floats, lon: Floats, half_width_m: float) -> Any:
    """Return a line with a width, in WGS84."""
    lat0, lon0 = float(np.median(lat)), float(lon[0])
    line = shapely.linestrings(np.stack(geodesy.to_local_m(lat, lon, lat0, lon0), axis=-1))
    return _to_wgs84(shapely.buffer(line, half_width_m, quad_segs=4), lat0, lon0)


def _to_wgs84(shape: Any, lat0: float, lon0: float) -> Any:
    def back(xy: Floats) -> Floats:
        lat, lon = geodesy.from_local_m(xy[:, 0], xy[:, 1], lat0, lon0)
        return np.stack([lon, lat], axis=-1)

    return shapely.transform(shape, back)


def tidy(
    shape: shapely.Geometry, land: NDArray[np.object_], tree: shapely.STRtree
) -> shapely.Geometry:
    """Return a shape without land, simplified, polygons only; empty where nothing is left."""
    near = land[tree.query(shape, predicate="intersects")]
    if len(near):
        shape = shapely.difference(shape, shapely.union_all(near))
    shape = shapely.make_valid(shapely.simplify(shape, _SIMPLIFY_DEG))
    if len(near):  # simplifying may cut a corner over land again
        shape = shapely.difference(shape, shapely.union_all(near))
    parts = shapely.get_parts(shape)
    parts = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    parts = parts[shapely.area(parts) > _SIMPLIFY_DEG**2]
    if not len(parts):
        return shapely.Polygon()
    return shapely.set_precision(shapely.union_all(parts), 1e-6)
