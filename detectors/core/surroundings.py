"""What lies around a place: how far it is to the nearest zone of some classes."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from detectors.core import geodesy
from detectors.core.zones import Zones

Floats = NDArray[np.float64]

NOT_ASSESSED: Final = "not assessed: no land or zone layer reaches this place"
"""Explanation of an event that rests on layers which don't reach its place."""


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
