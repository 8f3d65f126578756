"""Outlines of learned places."""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from detectors.kinematics import geodesy

Floats = NDArray[np.float64]
_SIMPLIFY_DEG = 0.0005
"""55 m: finer than what any learned outline knows."""


def around(lat: Floats, lon: Floats, margin_m: float) -> Any:
    """Return concave outline of points with a margin, in WGS84."""
    lat0, lon0 = float(np.median(lat)), float(lon[0])
    points = shapely.multipoints(np.stack(geodesy.to_local_m(lat, lon, lat0, lon0), axis=-1))
    outline = shapely.concave_hull(points, ratio=0.4)
    return _to_wgs84(shapely.buffer(outline, margin_m, quad_segs=4), lat0, lon0)


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
