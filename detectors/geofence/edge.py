"""Edges of zones: who swings over one at anchor, or works along it, hasn't left."""

import numpy as np
import shapely

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.frames import SECOND_US
from detectors.geofence.limits import Limits
from detectors.geofence.watched import WatchedReports
from detectors.kinematics import geodesy, timegrid
from detectors.surroundings.zones import Zones


def stays_beside(
    limits: Limits, reports: WatchedReports, zones: Zones, point: Ints, row: Ints
) -> Bools:
    """Tell after which reports inside zones the vessel stayed beside the edge until the next.

    It did where it was heard without a silence, for no more than `max_edge_s`, and never further
    than `max_edge_m` outside. `point` and `row` are pairs of reports and zones, sorted by zone.
    """
    a, b = point[:-1], point[1:]
    apart_us = reports.time_us[b] - reports.time_us[a]
    same = (row[1:] == row[:-1]) & (reports.track[b] == reports.track[a])
    found = np.asarray(same & (b > a + 1), bool)
    found &= apart_us > limits.min_outside_s * SECOND_US
    found &= apart_us <= limits.max_edge_s * SECOND_US
    asked = np.flatnonzero(found)
    strays = _strays(limits, reports, zones, row[asked], a[asked], b[asked])
    found[asked[strays]] = False
    return found


def has_left(
    limits: Limits, reports: WatchedReports, zones: Zones, zone: Ints, last: Ints
) -> Bools:
    """Tell whether it is sure that each visit, by its last report inside, won't go on.

    It is where the vessel strayed from the edge afterwards, wasn't heard for too long, or has been
    outside for longer than it may be beside.
    """
    ends = reports.bounds[1:][np.searchsorted(reports.tracks, reports.track[last])] - 1
    now_us, limit_us = reports.window[1], limits.max_edge_s * SECOND_US
    found = now_us - reports.time_us[last] > limit_us
    found |= now_us - reports.time_us[ends] > limits.max_silence_s * SECOND_US
    asked = np.flatnonzero(~found)
    end = ends[asked]
    found[asked[_strays(limits, reports, zones, zone[asked], last[asked], end, whole=True)]] = True
    return np.asarray(found)


def _strays(
    limits: Limits,
    reports: WatchedReports,
    zones: Zones,
    zone: Ints,
    a: Ints,
    b: Ints,
    *,
    whole: bool = False,
) -> Ints:
    """Return which stretches, from report `a` to `b`, hold a silence or a report off the zone.

    Reports between the two are looked at, `b` too where `whole`.
    """
    owner, step = timegrid.ranges(a, b - a)
    silent_us = reports.time_us[step + 1] - reports.time_us[step]
    found = np.zeros(len(a), bool)
    found[owner[silent_us > limits.max_silence_s * SECOND_US]] = True
    count = b - a - (0 if whole else 1)
    # Who sails away is far off half-way: then the others needn't be measured.
    asked = np.flatnonzero(~found & (count > 0))
    middle = a[asked] + 1 + count[asked] // 2
    found[asked] = _away_m(reports, zones, zone[asked], middle) > limits.max_edge_m
    asked = np.flatnonzero(~found)
    owner, at = timegrid.ranges(a[asked] + 1, count[asked])
    away = _away_m(reports, zones, zone[asked[owner]], at) > limits.max_edge_m
    found[asked[owner[away]]] = True
    return np.flatnonzero(found)


def _away_m(reports: WatchedReports, zones: Zones, zone: Ints, at: Ints) -> Floats:
    outlines = zones.frame.geometry.to_numpy()[zone]
    points = shapely.points(reports.lon[at], reports.lat[at])
    ends = shapely.get_coordinates(shapely.shortest_line(points, outlines)).reshape(-1, 2, 2)
    return np.asarray(
        geodesy.distance_m(reports.lat[at], reports.lon[at], ends[:, 1, 1], ends[:, 1, 0])
    )
