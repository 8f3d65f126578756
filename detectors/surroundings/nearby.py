"""What lies around: how far it is to the nearest zone of some classes, who else is near."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from detectors.core.arrays import Floats, Ints
from detectors.kinematics import geodesy, near, shapes, timegrid
from detectors.surroundings.zones import Zones

NOT_ASSESSED: Final = "not assessed: no land or zone layer reaches this place"
"""Explanation of an event that rests on layers which don't reach its place."""


def nearest_zone_m(
    zones: Zones, lat: Floats, lon: Floats, classes: Sequence[str], *, excuses: bool = False
) -> Floats:
    """Distance in metres to the nearest zone of `classes`: 0 inside one, NaN where none exists.

    With `excuses` only of those that do; see `Zones.rows_of`.

    The nearest boundary point is sought in degrees, which near the equator differs from the
    sphere by less than 2 % of the distance up to 9 degrees of latitude.
    """
    return nearest_of(zones, lat, lon, zones.rows_of(classes, excuses=excuses))[0]


def nearest_of(
    zones: Zones, lat: Floats, lon: Floats, rows: NDArray[np.bool_]
) -> tuple[Floats, Ints]:
    """Return the distance to the nearest zone among some rows, and its row: NaN, -1 without any."""
    lat, lon = np.atleast_1d(lat), np.atleast_1d(lon)
    among = np.flatnonzero(rows)
    if len(among) == 0 or len(lat) == 0:
        return np.full(len(lat), np.nan), np.full(len(lat), -1, "int64")
    points, shapes = shapely.points(lon, lat), zones.frame.geometry.to_numpy()[among]
    nearest = shapely.STRtree(shapes).nearest(points)
    ends = shapely.get_coordinates(shapely.shortest_line(points, shapes[nearest]))
    ends = ends.reshape(-1, 2, 2)
    return np.asarray(geodesy.distance_m(lat, lon, ends[:, 1, 1], ends[:, 1, 0])), among[nearest]


def within(
    zones: Zones, lat: Floats, lon: Floats, rows: NDArray[np.bool_], reach_m: float
) -> NDArray[np.bool_]:
    """Tell which places lie in a zone among some rows, or no further off; see `nearest_of`.

    Most lie further off than that in degrees, which is told in a part of the time.
    """
    found = np.zeros(len(lat), bool)
    if len(lat):
        level = np.cos(np.radians(min(float(np.abs(lat).max()) + 1.0, 90.0)))
        reach_deg = 1.01 * reach_m / (shapes.DEGREE_M * level)
        tree = shapely.STRtree(zones.frame.geometry.to_numpy()[rows])
        points = shapely.points(lon, lat)
        may_be = np.unique(tree.query(points, predicate="dwithin", distance=reach_deg)[0])
        found[may_be] = nearest_of(zones, lat[may_be], lon[may_be], rows)[0] <= reach_m
    return found


def n_near(grid: timegrid.Grid, rows: Ints, among: Ints, radius_m: float) -> Ints:
    """Return how many of the grid rows `among` lie within `radius_m` of each of `rows`, at its
    tick.

    Rows of the same track don't count.
    """
    if len(among) == 0 or len(rows) == 0:
        return np.zeros(len(rows), "int64")
    since, until = int(grid.tick[rows].min()), int(grid.tick[rows].max())
    wanted = np.zeros(until - since + 1, bool)
    wanted[grid.tick[rows] - since] = True
    moment = grid.tick[among] - since
    then = np.flatnonzero((moment >= 0) & (moment <= until - since))
    among = among[then[wanted[moment[then]]]]
    # In a crowd of n each is asked about with each other, n times: once is enough.
    own, which = np.unique(rows, return_inverse=True)
    some, others = ((grid.lat[at], grid.lon[at], grid.tick[at]) for at in (own, among))
    found = near.n_near(some, others, radius_m)
    themselves = np.zeros(len(grid.tick), bool)
    themselves[among] = True
    return np.asarray(found - themselves[own], "int64")[which]
