"""What lies around a place: land close by, the nearest zone of some classes."""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from detectors.core import geodesy
from detectors.core.zones import Zones

Floats = NDArray[np.float64]

_BEARINGS_DEG = np.arange(0.0, 360.0, 30.0)


def near_land(zones: Zones, lat: Floats, lon: Floats, within_m: float) -> NDArray[np.bool_]:
    """Whether land lies at each point or on a ring around it.

    The rings (full and half radius, 12 bearings) are a probe, not a distance: a rock smaller than
    half the radius can slip through, a coast or a jetty drawn as land can't.
    """
    lat, lon = np.atleast_1d(lat), np.atleast_1d(lon)
    found = zones.on_land(lat, lon)
    for radius_m in (within_m / 2, within_m):
        ring_lat, ring_lon = geodesy.destination(
            lat[:, None], lon[:, None], _BEARINGS_DEG[None, :], radius_m
        )
        on_land = zones.on_land(np.ravel(ring_lat), np.ravel(ring_lon))
        found = found | on_land.reshape(len(lat), -1).any(axis=1)
    return found


def nearest_zone_m(zones: Zones, lat: Floats, lon: Floats, classes: Sequence[str]) -> Floats:
    """Distance in metres to the nearest zone of `classes`: 0 inside one, NaN where none exists.

    The nearest boundary point is sought in degrees, which near the equator differs from the
    sphere by less than 2 % of the distance up to 9 degrees of latitude.
    """
    lat, lon = np.atleast_1d(lat), np.atleast_1d(lon)
    wanted = zones.frame["zone_class"].isin(list(classes)).to_numpy()
    shapes = zones.frame.geometry.to_numpy()[wanted]
    if len(shapes) == 0 or len(lat) == 0:
        return np.full(len(lat), np.nan)
    points = shapely.points(lon, lat)
    nearest = shapes[shapely.STRtree(shapes).nearest(points)]
    ends = shapely.get_coordinates(shapely.shortest_line(points, nearest)).reshape(-1, 2, 2)
    return np.asarray(geodesy.distance_m(lat, lon, ends[:, 1, 1], ends[:, 1, 0]))
