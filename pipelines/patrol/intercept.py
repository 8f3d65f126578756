"""When and where a unit meets a vessel that moves as predicted, at the earliest."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.core import geodesy
from detectors.core.frames import SECOND_US
from pipelines.patrol.predict import STEP_S, Prediction
from pipelines.patrol.seamap import Route, SeaMap

Floats = NDArray[np.float64]

MINUTE_US: Final = 60 * SECOND_US
_ROUNDS: Final = 6
_SHORTEST: Final = 0.92


@dataclass(frozen=True)
class Meeting:
    """Where and when a unit meets a vessel.

    Attributes
    ----------
    time_us
        When, to the minute: microseconds since 1970-01-01 UTC.
    lat, lon
        Where: the vessel's most likely place then, moved to free water if it isn't in any.
    route
        The unit's way there.
    """

    time_us: int
    lat: float
    lon: float
    route: Route


def earliest(
    sea: SeaMap,
    start: tuple[float, float],
    start_us: int,
    speed_kn: float,
    prediction: Prediction,
    vessel: int,
    not_before_us: int,
    latest_us: int,
) -> Meeting | None:
    """The first minute at which a unit can be where the vessel is expected then.

    Parameters
    ----------
    start, start_us
        Where (lat, lon) and when the unit starts.
    speed_kn
        Its speed.
    vessel
        Row of the prediction.
    not_before_us, latest_us
        When the meeting may be.

    Returns
    -------
    Meeting | None
        None where there is no such minute. The ticks of the prediction are looked at first, then
        the minutes before the first that will do: where the vessel is the faster, a chance shorter
        than a tick (10 minutes) may be missed.
    """
    step_us = STEP_S * SECOND_US
    first_us = max(not_before_us, start_us, int(prediction.tick_us[0]))
    last_us = min(latest_us, int(prediction.tick_us[-1]))
    ticks = np.arange(first_us, last_us + step_us, step_us)
    ticks = np.unique(np.minimum(ticks, last_us)) if last_us >= first_us else ticks[:0]
    scale = 1.0  # of the way through the graph, which is a little too long
    best: Meeting | None = None
    for _ in range(_ROUNDS):
        found = _first(sea, start, start_us, speed_kn, prediction, vessel, ticks, scale)
        if found is None:
            if scale == 1.0 and best is None:
                scale = _SHORTEST  # too late by the graph, perhaps not by the way itself
                continue
            break
        time_us, lat, lon, metres = found
        if best is not None and time_us >= best.time_us:
            break
        route = sea.route(*start, lat, lon)
        if route is None:
            break
        sail_us = route.distance_m / speed_mps(speed_kn) * SECOND_US
        if start_us + sail_us > time_us + SECOND_US / 1000:
            scale = route.distance_m / metres * 1.002
            continue  # its way is longer than this scale had it
        best = Meeting(time_us, lat, lon, route)
        if metres <= 0 or route.distance_m >= metres * scale * 0.998:
            break
        scale = route.distance_m / metres * 1.001
    return best


def _first(
    sea: SeaMap, start: tuple[float, float], start_us: int, speed_kn: float,
    prediction: Prediction, vessel: int, ticks: NDArray[np.int64], scale: float,
) -> tuple[int, float, float, float] | None:  # fmt: skip
    """Time, place and unscaled distance of the first minute that will do."""
    times = ticks
    for fine in (False, True):
        lat, lon, _ = sea.snap(*prediction.at(vessel, times))
        metres = sea.distances_m(*start, lat, lon)
        straight = geodesy.distance_m(*start, lat, lon)
        way = np.maximum(metres * np.where(metres > straight * (1 + 1e-9), scale, 1.0), straight)
        ready = start_us + way / speed_mps(speed_kn) * SECOND_US <= times
        good = np.flatnonzero(ready)
        if not len(good):
            return None
        k = int(good[0])
        if fine or k == 0:
            return int(times[k]), float(lat[k]), float(lon[k]), float(metres[k])
        minutes = np.arange(int(times[k - 1]) + MINUTE_US, int(times[k]), MINUTE_US)
        times = np.r_[minutes, times[k]]
    return None


def speed_mps(speed_kn: float) -> float:
    """Metres per second."""
    return speed_kn * geodesy.KNOT_MPS
