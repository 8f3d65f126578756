"""Which vessels worked where they fell silent: they went to and fro on one ground before."""

from typing import Final

import numpy as np

from detectors.core.detector import Context
from detectors.core.frames import SECOND_US
from detectors.gap.limits import Limits
from detectors.gap.silences import History, Silences
from detectors.kinematics import geodesy, timegrid

GOES_KN: Final = 0.5
"""What lies at anchor states up to that much as it swings, which in three hours adds up to many
times the place's width."""


def on_ground(limits: Limits, silences: Silences, reports: History, context: Context) -> Silences:
    """Return all, with how long each was within `ground_m` of its last place in the `history_s`
    before, and how many times as far it went there, by its speed, as the place is wide.
    """
    row, n = silences.row, len(silences.row)
    first = reports.first_since(row, limits.history_s)
    silence, step = timegrid.ranges(first, row - first)
    ends = np.stack([step, step + 1])
    at = row[silence]
    off_m = geodesy.apart_m(reports, ends, at)
    here = (np.asarray(off_m) <= limits.ground_m).all(axis=0)
    silence, ends, at = silence[here], ends[:, here], at[here]
    step_s = (reports.time_us[ends[1]] - reports.time_us[ends[0]]) / SECOND_US
    speed_kn = np.nan_to_num(reports.sog_kn[ends[0]])
    way_m = np.where(speed_kn >= GOES_KN, speed_kn, 0.0) * geodesy.KNOT_MPS * step_s
    north, east = np.zeros((2, n)), np.zeros((2, n))
    for rows in ends:
        for edge, values in (
            (north, reports.lat[rows] - reports.lat[at]),
            (east, geodesy.wrap_lon(reports.lon[rows] - reports.lon[at])),
        ):
            np.minimum.at(edge[0], silence, values)
            np.maximum.at(edge[1], silence, values)
    lat = reports.lat[row]
    wide_m = geodesy.distance_m(lat + north[0], east[0], lat + north[1], east[1])
    return silences.narrowed(
        np.ones(n, bool),
        ground_s=np.bincount(silence, weights=step_s, minlength=n),
        ground_way_ratio=np.bincount(silence, weights=way_m, minlength=n) / np.maximum(wide_m, 1.0),
    )
