"""When and where a unit meets a vessel that moves as predicted, at the earliest."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.core.arrays import Bools, Floats
from detectors.core.frames import SECOND_US
from detectors.kinematics import geodesy
from pipelines.patrol.prediction import Prediction
from pipelines.patrol.route import Route
from pipelines.patrol.seamap import SeaMap

MINUTE_US: Final = 60 * SECOND_US
_ROUNDING_M: Final = 0.001
_SURE_SHARE: Final = 0.97
"""Of a route's length: routes are this near to the shortest way over water, as good as always."""


@dataclass(frozen=True)
class Meeting:
    """Where and when a unit meets a vessel."""

    time_us: int
    """When, to the minute: microseconds since 1970-01-01 UTC."""
    lat: float
    lon: float
    """Where: the vessel's most likely place then, moved to free water if it isn't in any."""
    route: Route
    """The unit's way there."""


def earliest(
    sea: SeaMap,
    start: tuple[float, float],
    start_us: int,
    speed_kn: float,
    prediction: Prediction,
    vessel: int,
    not_before_us: int,
    latest_us: int,
    may: Callable[[Floats, Floats], Bools] | None = None,
) -> Meeting | None:
    """Return the first minute at which a unit can be where the vessel is expected then.

    Ways are worked out minute by minute, but only for the minutes that may do. One is passed over
    where even a straight line would be too long, or where the way to the vessel's place of an
    earlier minute was so much too long that what it has moved since can't make up for it: over
    water, going there and then after the vessel is never shorter than the way to where it is.

    Returns None where there is no such minute.

    Parameters
    ----------
    vessel
        Row of the prediction.
    not_before_us, latest_us
        When the meeting may be.
    may
        Tells at which of some places it may be; None: anywhere.
    """
    first_us = max(not_before_us, start_us, int(prediction.tick_us[0]))
    last_us = min(latest_us, int(prediction.tick_us[-1]))
    if last_us < first_us:
        return None
    times = np.unique(np.r_[np.arange(first_us, last_us, MINUTE_US), last_us])
    lat, lon, _ = sea.snap(*prediction.at(vessel, times))
    in_reach_m = (times - start_us) / SECOND_US * speed_mps(speed_kn) + _ROUNDING_M
    allowed = np.ones(len(lat), bool) if may is None else may(lat, lon)
    at_least_m = geodesy.distance_m(*start, lat, lon)  # what is known of each minute's way
    leap, moved_m = _moved(sea, lat, lon)
    k = 0
    while len(may_do := np.flatnonzero(allowed[k:] & (at_least_m[k:] <= in_reach_m[k:]))):
        k += int(may_do[0])
        route = sea.route(*start, float(lat[k]), float(lon[k]))
        if route is not None and route.distance_m <= in_reach_m[k]:
            return Meeting(int(times[k]), float(lat[k]), float(lon[k]), route)
        k += 1
        if route is not None:
            since_m = np.where(leap[k:] == leap[k - 1], moved_m[k:] - moved_m[k - 1], np.inf)
            at_least_m[k:] = np.fmax(at_least_m[k:], route.distance_m * _SURE_SHARE - since_m)
    return None


def _moved(sea: SeaMap, lat: Floats, lon: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Return how many leaps a vessel has made by each minute and how far it went otherwise (m).

    A leap is a step that isn't straight over free water: its length over water isn't known.
    """
    steps = lat[:-1], lon[:-1], lat[1:], lon[1:]
    straight = np.isfinite(sum(steps))
    straight[straight] = sea.sees(*(ends[straight] for ends in steps))
    metres = np.where(straight, geodesy.distance_m(*steps), 0.0)
    return np.cumsum(np.r_[False, ~straight]), np.cumsum(np.r_[0.0, metres])


def speed_mps(speed_kn: float) -> float:
    """Metres per second."""
    return speed_kn * geodesy.KNOT_MPS
