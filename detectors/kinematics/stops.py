"""Where vessels stopped: stays of a track at one place, the raw material of learned places."""

from typing import Final

import numpy as np
import pandas as pd

from detectors.core.arrays import Floats, Ints
from detectors.core.frames import SECOND_US
from detectors.kinematics import geodesy, timegrid

STOP_COLUMNS: Final = (
    "mmsi",
    "track_id",
    "start_us",
    "end_us",
    "lat",
    "lon",
    "spread_m",
    "median_speed_kn",
)


def stops(
    grid: timegrid.Grid, *, max_speed_kn: float, min_duration_s: int, max_interruption_s: int
) -> pd.DataFrame:
    """Stays of each track slower than a speed, with their middle and their spread.

    The rule is the stop of TREAD (Pallotta, Vespe & Bryan 2013, Entropy 15(6), 2218-2245, 3.1):
    speed below a threshold, from positions since the reported SOG may be stuck.

    Returns one row per stay, `STOP_COLUMNS`: `lat`, `lon` the median position, `spread_m` the 90 %
    quantile of the distances from it.

    Parameters
    ----------
    grid
        Tracks on the absolute time grid, see `timegrid.resample`.
    max_speed_kn
        Slower than this over a step is standing still.
    min_duration_s, max_interruption_s
        Shortest stay; longest movement within one.
    """
    slow = np.flatnonzero(grid.speed_kn < max_speed_kn)
    first, last = timegrid.episodes(
        grid.track_id[slow],
        grid.tick[slow],
        max_break=max_interruption_s // grid.step_s,
        min_piece=2,
        min_length=-(-min_duration_s // grid.step_s),
    )
    track, tick = grid.track_id[slow], grid.tick[slow]
    middle_lat, middle_lon, away_m, row = _middle(grid.lat[slow], grid.lon[slow], first, last)
    bounds = np.flatnonzero(np.diff(row, prepend=-1))
    ends = np.r_[bounds[1:], len(row)] - 1
    step_us = grid.step_s * SECOND_US
    return pd.DataFrame(
        {
            "mmsi": track[first] // 100,
            "track_id": track[first],
            "start_us": tick[first] * step_us,
            "end_us": (tick[last] + 1) * step_us,
            "lat": middle_lat,
            "lon": middle_lon,
            "spread_m": timegrid.quantiles(away_m, bounds, ends, 0.9),
            "median_speed_kn": timegrid.quantiles(grid.speed_kn[slow], first, last, 0.5),
        }
    )[list(STOP_COLUMNS)]


def _middle(
    lat: Floats, lon: Floats, first: Ints, last: Ints
) -> tuple[Floats, Floats, Floats, Ints]:
    """Median position of each stretch of rows, and the distance of each row from its own."""
    row, at = timegrid.ranges(first, last - first + 1)
    east = np.zeros(len(lat))
    east[at] = geodesy.wrap_lon(lon[at] - lon[first][row])
    middle_lat = timegrid.quantiles(lat, first, last, 0.5)
    middle_lon = np.atleast_1d(
        geodesy.wrap_lon(lon[first] + timegrid.quantiles(east, first, last, 0.5))
    )
    away_m = geodesy.distance_m(lat[at], lon[at], middle_lat[row], middle_lon[row])
    return middle_lat, middle_lon, np.atleast_1d(away_m), row
