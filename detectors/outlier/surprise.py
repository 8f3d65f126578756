"""How surprising each tick of a vessel is."""

from typing import Final

import numpy as np
import pandas as pd

from detectors.core.arrays import Floats, Ints
from detectors.kinematics import sliding
from detectors.surroundings import normal
from detectors.surroundings.normal import Normal

PART_SHARE: Final = 0.8
"""A tick of an odd hour is a part of it from this share of the threshold on."""


def classes(mmsi: Ints, vessels: pd.DataFrame) -> Ints:
    """Return the row of `normal.CLASSES` of each vessel, from what it says it is."""
    own, row = np.unique(mmsi, return_inverse=True)
    types = vessels.set_index("mmsi")["ship_type"].reindex(own).fillna(-1).to_numpy()
    return normal.ship_class(types)[row]


def excess_of(
    model: Normal, found: normal.Surprise, ship: Ints, track_id: Ints, tick: Ints
) -> Floats:
    """Return how far the mean of the oddest window around a tick lies beyond its threshold; minus
    infinity where none does, or the tick itself is too usual to be a part of it.
    """
    excess = np.full(len(ship), -np.inf)
    for values, threshold in (
        (found.total, model.threshold(ship)),
        (found.flow, model.flow_threshold(ship)),
    ):
        for k, window in enumerate(normal.WINDOWS):
            beyond = sliding.mean(track_id, tick, values, window) - threshold[:, k]
            margin = sliding.highest(beyond, window)
            with np.errstate(invalid="ignore"):
                part = (margin > 0) & (values >= PART_SHARE * threshold[:, k])
            excess = np.where(part, np.maximum(excess, margin), excess)
    return excess


def measured_of(
    model: Normal,
    found: normal.Surprise,
    ship: Ints,
    course_deg: Floats,
    speed_kn: Floats,
    excess: Floats,
) -> pd.DataFrame:
    """Return what each tick shows: how much less surprising each feature's usual value is."""
    return pd.DataFrame(
        {
            "ship": ship,
            "surprise": found.total,
            "threshold": model.threshold(ship)[:, 0],
            "flow": found.flow,
            "flow_threshold": model.flow_threshold(ship)[:, 0],
            "excess": excess,
            "course": np.fmax(found.motion - found.without_course, found.flow),
            "speed": found.motion - found.without_speed,
            "place": found.place - model.arrays["typical_place"][ship],
            "course_deg": course_deg,
            "speed_kn": speed_kn,
            "usual_course": np.where(
                found.flow > normal.MIN_FLOW_SURPRISE, found.flow_deg, found.course_deg
            ),
            "usual_speed": found.speed_kn,
            "vessels": found.vessels,
            "level": found.level,
        }
    )
