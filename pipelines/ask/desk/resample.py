"""Tracks at times of one's own, between the reports around each."""

from typing import Final

import numpy as np
import pandas as pd

from detectors.kinematics import geodesy

MAX_SILENCE: Final = pd.Timedelta(minutes=30)
"""Over a longer silence nothing is interpolated: nobody knows."""


def resampled(track: pd.DataFrame, grid: pd.DatetimeIndex) -> pd.DataFrame:
    """Return position and speed at some times; unknown within a silence over `MAX_SILENCE`."""
    if track.empty:
        return pd.DataFrame(np.nan, index=grid, columns=["lat", "lon", "sog_kn"])
    known = track.drop_duplicates("time").set_index("time").sort_index()
    seconds = (grid - grid[0]).total_seconds().to_numpy()
    at = (pd.DatetimeIndex(known.index) - grid[0]).total_seconds().to_numpy()
    lon = np.unwrap(known["lon"].to_numpy(), period=360.0)
    values = {"lat": known["lat"], "lon": lon, "sog_kn": known["sog_kn"]}
    found = {
        name: np.interp(seconds, at, np.asarray(column, "float64"), np.nan, np.nan)
        for name, column in values.items()
    }
    after = np.searchsorted(at, seconds).clip(1, max(len(at) - 1, 1))
    apart = at[after.clip(max=len(at) - 1)] - at[after - 1]
    silent = apart > MAX_SILENCE.total_seconds()
    table = pd.DataFrame(found, index=grid)
    table["lon"] = geodesy.wrap_lon(table["lon"].to_numpy())
    table[silent & ~np.isin(seconds, at)] = np.nan
    return table


def apart(own: pd.DataFrame, other: pd.DataFrame, grid: pd.DatetimeIndex) -> pd.DataFrame:
    """Return how far two tracks are from each other at some times, and their speeds; NaN where
    either isn't known.
    """
    sides = [resampled(track, grid) for track in (own, other)]
    ends = (side[name].to_numpy() for side in sides for name in ("lat", "lon"))
    speeds = (side["sog_kn"].to_numpy() for side in sides)
    told = dict(zip(("sog_kn", "other_sog_kn"), speeds, strict=True))
    return pd.DataFrame({"time": grid, "distance_m": geodesy.distance_m(*ends), **told})
