"""How vessels moved when they were last heard: place, speed and course made good, and mode."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.arrays import Floats, Ints
from detectors.core.frames import SECOND_US, TRACKED, epoch_us, offsets, validate
from detectors.kinematics import geodesy
from pipelines.patrol.prediction import STILL, UNDER_WAY, WORKING, PredictionParameters

_RECENT_S: Final = 3600
"""What a vessel did in the last hour says how it goes on."""
_MADE_GOOD_S: Final = 1200
"""Course and speed are made good over this, not what one report said."""
_FIXED_STATUS: Final = (1, 5, 6)
"""At anchor, moored, aground: ITU-R M.1371-5, table 45."""


@dataclass(frozen=True)
class Motions:
    """How vessels moved when last heard, one entry a vessel."""

    mmsi: Ints
    """In ascending order."""
    time_us: Ints
    """When it was last heard, microseconds since 1970-01-01 UTC."""
    lat: Floats
    lon: Floats
    """Where."""
    speed_kn: Floats
    course_deg: Floats
    """Made good over the last 20 minutes; what the last report says where there is no more."""
    mode: NDArray[np.str_]
    """`STILL`, `WORKING` or `UNDER_WAY`."""

    def __len__(self) -> int:
        return len(self.mmsi)


@dataclass(frozen=True)
class Boat:
    """An incident of a hull that AIS doesn't show, seen so often that its way is known."""

    rank: int
    incident: str
    score: float
    reason: str
    """As listed."""
    time_us: int
    lat: float
    lon: float
    """When and where it was seen last."""
    speed_kn: float
    course_deg: float
    """Made good over the last sightings."""

    @property
    def mmsi(self) -> int:
        """Return what stands for its MMSI among vessels: minus its rank."""
        return -self.rank


def with_boats(motion: Motions, boats: Sequence[Boat], parameters: PredictionParameters) -> Motions:
    """Return motions with those of boats that AIS doesn't show among them."""
    first = sorted(boats, key=lambda boat: boat.mmsi)
    slow = parameters.max_working_kn
    own = {
        "mmsi": [boat.mmsi for boat in first],
        "time_us": [boat.time_us for boat in first],
        "lat": [boat.lat for boat in first],
        "lon": [boat.lon for boat in first],
        "speed_kn": [boat.speed_kn for boat in first],
        "course_deg": [boat.course_deg for boat in first],
        "mode": [UNDER_WAY if boat.speed_kn > slow else WORKING for boat in first],
    }
    return Motions(
        **{
            name: np.concatenate([np.array(values, known.dtype.type), known])
            for name, values in own.items()
            for known in [getattr(motion, name)]
        }
    )


def motions(tracked: pd.DataFrame, parameters: PredictionParameters) -> Motions:
    """Return how each vessel moved when it was last heard.

    `tracked`: `frames.TRACKED`. Of two hulls on one MMSI the one that was heard last counts.
    """
    validate(tracked, TRACKED)
    time_us = epoch_us(tracked["time"])
    lat, lon = tracked["lat"].to_numpy(), tracked["lon"].to_numpy()
    sog, cog = tracked["sog_kn"].to_numpy(), tracked["cog_deg"].to_numpy()
    bounds = offsets(tracked["track_id"].to_numpy())
    last = bounds[1:] - 1 if len(tracked) else np.empty(0, "int64")
    ends = pd.DataFrame(
        {
            "row": last,
            "first": bounds[:-1][: len(last)],
            "time": time_us[last],
            "mmsi": tracked["mmsi"].to_numpy()[last],
        }
    )
    ends = ends.sort_values(["mmsi", "time", "row"], kind="stable")
    ends = ends.drop_duplicates("mmsi", keep="last")
    found = []
    for row, first in zip(ends["row"].tolist(), ends["first"].tolist(), strict=True):
        recent = first + int(
            np.searchsorted(time_us[first : row + 1], time_us[row] - _RECENT_S * SECOND_US)
        )
        part = slice(recent, row + 1)
        found.append(
            _motion(
                time_us[part],
                lat[part],
                lon[part],
                sog[part],
                cog[part],
                int(tracked["nav_status"].iloc[row]),
                parameters,
            )
        )
    rows = ends["row"].to_numpy()
    speed, course, mode = (
        (np.array([f[k] for f in found]) for k in range(3))
        if found
        else (np.empty(0), np.empty(0), np.empty(0, "str"))
    )
    return Motions(
        ends["mmsi"].to_numpy("int64"), time_us[rows], lat[rows], lon[rows], speed, course, mode
    )


def _motion(
    time_us: Ints,
    lat: Floats,
    lon: Floats,
    sog: Floats,
    cog: Floats,
    status: int,
    parameters: PredictionParameters,
) -> tuple[float, float, str]:
    """Speed (kn), course (deg) and mode at the last of some reports of one vessel."""
    back = int(np.searchsorted(time_us, time_us[-1] - _MADE_GOOD_S * SECOND_US))
    if back == len(time_us) - 1 and back > 0:
        back -= 1  # heard rarely: over the last two reports of the hour
    seconds = (time_us[-1] - time_us[back]) / SECOND_US
    speed = float(np.nan_to_num(sog[-1]))
    course = float(np.nan_to_num(cog[-1]))
    straight, mean_kn = 1.0, speed
    if seconds >= 120:
        metres = float(geodesy.distance_m(lat[back], lon[back], lat[-1], lon[-1]))
        speed = float(geodesy.speed_kn(metres, seconds))
        course = float(geodesy.bearing_deg(lat[back], lon[back], lat[-1], lon[-1]))
        legs_m = float(geodesy.distance_m(lat[:-1], lon[:-1], lat[1:], lon[1:]).sum())
        net_m = float(geodesy.distance_m(lat[0], lon[0], lat[-1], lon[-1]))
        straight = net_m / legs_m if legs_m else 1.0
        mean_kn = float(geodesy.speed_kn(legs_m, (time_us[-1] - time_us[0]) / SECOND_US))
    fixed = status in _FIXED_STATUS and speed <= 2 * parameters.max_still_kn
    if fixed or max(speed, mean_kn / 2) <= parameters.max_still_kn:
        return speed, course, STILL
    if speed <= parameters.max_working_kn or straight < parameters.min_straight:
        return max(speed, mean_kn), course, WORKING
    return speed, course, UNDER_WAY
