"""Which craft may cross, and when they are fast."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.frames import SECOND_US, epoch_us, offsets
from detectors.core.hypothesis import MERCHANT
from detectors.crossing.limits import Limits
from detectors.kinematics import geodesy, timegrid

Ints = NDArray[np.int64]


def candidates(limits: Limits, positions: pd.DataFrame, vessels: pd.DataFrame) -> Ints:
    """Return the rows of the tracks that may hold a crossing: small, far enough apart, fast at all.

    Each test follows from the rule, so it takes no crossing away; it only saves work.
    """
    track = positions["track_id"].to_numpy()
    starts = offsets(track)
    mmsi = track[starts[:-1]] // 100
    stated = vessels.drop_duplicates("mmsi").set_index("mmsi")
    length_m = stated["length_m"].reindex(mmsi).to_numpy("float64")
    ship_type = stated["ship_type"].reindex(mmsi).fillna(-1).to_numpy("int64")
    unmeasured = ~(length_m > 0)
    small = np.where(
        unmeasured, ~np.isin(ship_type, list(MERCHANT)), length_m <= limits.max_length_m
    )
    small &= mmsi // 1_000_000 != 111  # search and rescue aircraft, ITU-R M.585

    lat, lon = positions["lat"].to_numpy(), positions["lon"].to_numpy()
    apart_deg = np.degrees(limits.min_distance_m / geodesy.EARTH_RADIUS_M) * 0.7
    far = np.zeros(len(mmsi), bool)
    for values in (lat, lon):  # a track across the antimeridian is far apart by this; good
        high = np.maximum.reduceat(values, starts[:-1])
        far |= high - np.minimum.reduceat(values, starts[:-1]) >= apart_deg
    rows = np.flatnonzero(np.repeat(small & far, np.diff(starts)))
    if len(rows) < 2:
        return rows[:0]

    own = track[rows]
    dlon = (np.diff(lon[rows]) + 180.0) % 360.0 - 180.0
    moved_deg = np.hypot(np.diff(lat[rows]), dlon * np.cos(np.radians(lat[rows[1:]])))
    step_s = np.diff(epoch_us(positions["time"].iloc[rows])) / SECOND_US
    speed = np.radians(moved_deg) * geodesy.EARTH_RADIUS_M / geodesy.KNOT_MPS
    same = own[1:] == own[:-1]
    fast = same & (speed >= 0.9 * limits.min_speed_kn * step_s) & (step_s <= limits.max_silence_s)
    keep = np.unique(own[1:][fast])
    return rows[np.isin(own, keep)]


def fast_runs(limits: Limits, grid: timegrid.Grid, rows: Ints) -> tuple[Ints, Ints]:
    """Find runs of fast ticks that are long enough."""
    return timegrid.episodes(
        grid.track_id[rows],
        grid.tick[rows],
        max_break=limits.max_interruption_s // limits.step_s,
        min_piece=2,
        min_length=-(-limits.min_duration_s // limits.step_s),
    )
