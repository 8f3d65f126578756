"""Whether predicted positions are as uncertain as they say: against what vessels did next."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from detectors.core.frames import SECOND_US, epoch_us, offsets
from detectors.kinematics import geodesy, timegrid
from detectors.surroundings.zones import Zones
from pipelines.patrol.motions import motions
from pipelines.patrol.predict import predict
from pipelines.patrol.prediction import PredictionParameters, ellipse_factor
from pipelines.patrol.seamap import SeaMap

MAX_SILENCE_S = 1800
"""Where a vessel was is known between two reports no further apart than this."""
MIN_HISTORY_S = 1800


def check(
    tracked: pd.DataFrame,
    parameters: PredictionParameters,
    *,
    hours: Sequence[float] = (1.0, 3.0, 6.0),
    every_h: float = 2.0,
    zones: Zones | None = None,
    sea: SeaMap | None = None,
) -> pd.DataFrame:
    """Predict from many moments and compare with where the vessels were then.

    Parameters
    ----------
    tracked
        `frames.TRACKED`, nothing of which the predictions were fitted to.
    every_h
        How far the moments lie apart from which is predicted.

    Returns
    -------
    pandas.DataFrame
        One row per vessel, moment and horizon at which it was heard: mmsi, made_us, hours, mode,
        error_m, along, across (the error in scales), scaled (1 on the edge of the region that is
        said to hold 80 %, less inside it).
    """
    time_us = epoch_us(tracked["time"])
    track = tracked["track_id"].to_numpy()
    lat, lon = tracked["lat"].to_numpy(), tracked["lon"].to_numpy()
    bounds = offsets(track)
    first_us = time_us[bounds[:-1]] if len(track) else np.empty(0, "int64")
    step = int(every_h * 3600 * SECOND_US)
    parts = []
    for made in range(int(time_us.min()) // step * step + step, int(time_us.max()), step):
        known = tracked[(time_us <= made) & (time_us > made - 2 * 3600 * SECOND_US)]
        if known.empty:
            continue
        motion = motions(known, parameters)
        ahead = [made + int(h * 3600 * SECOND_US) for h in hours]
        guess = predict(motion, ahead[0], ahead[-1], parameters, zones, sea)
        tracks = known.groupby("mmsi")["track_id"].last().reindex(motion.mmsi).to_numpy()
        begun = first_us[np.searchsorted(track[bounds[:-1]], tracks)]
        fresh = (motion.time_us > made - 900 * SECOND_US) & (
            begun <= motion.time_us - MIN_HISTORY_S * SECOND_US
        )
        for h, then in zip(hours, ahead, strict=True):
            column = (then - guess.tick_us[0]) // (guess.tick_us[1] - guess.tick_us[0])
            was, heard = _where(track, time_us, lat, lon, tracks, then)
            rows = np.flatnonzero(fresh & heard)
            north, east = _offsets(guess.lat[rows, column], guess.lon[rows, column], *was, rows)
            turn = np.radians(guess.course_deg[rows, column])
            along = (north * np.cos(turn) + east * np.sin(turn)) / guess.along_m[rows, column]
            across = (east * np.cos(turn) - north * np.sin(turn)) / guess.across_m[rows, column]
            parts.append(
                pd.DataFrame(
                    {
                        "mmsi": motion.mmsi[rows],
                        "made_us": made,
                        "hours": h,
                        "mode": motion.mode[rows],
                        "error_m": np.hypot(north, east),
                        "along": along,
                        "across": across,
                        "scaled": np.hypot(along, across) / ellipse_factor(0.8, guess.dof[rows]),
                    }
                )
            )
    columns = ["mmsi", "made_us", "hours", "mode", "error_m", "along", "across", "scaled"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def coverage(checked: pd.DataFrame) -> pd.DataFrame:
    """By horizon and mode: predictions, the share inside the region said to hold 80 %, errors.

    Returns
    -------
    pandas.DataFrame
        hours, mode, n, inside, median_error_m, p80_error_m.
    """
    inside = checked["scaled"] <= 1.0
    grouped = checked.assign(inside=inside).groupby(["hours", "mode"])
    return grouped.agg(
        n=("inside", "size"),
        inside=("inside", "mean"),
        median_error_m=("error_m", "median"),
        p80_error_m=("error_m", lambda e: float(np.quantile(e, 0.8))),
    ).reset_index()


def _where(
    track: np.ndarray,
    time_us: np.ndarray,
    lat: np.ndarray,
    lon: np.ndarray,
    tracks: np.ndarray,
    then: int,
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Where tracks were at a time, and whether that is known."""
    at = np.full(len(tracks), then, "int64")
    left, right = timegrid.around(track, time_us, tracks, at)
    same = (track[left] == tracks) & (track[right] == tracks)
    near = same & (time_us[left] <= then) & (time_us[right] >= then)
    near &= time_us[right] - time_us[left] <= MAX_SILENCE_S * SECOND_US
    span = np.maximum(time_us[right] - time_us[left], 1)
    where = geodesy.interpolate(
        lat[left], lon[left], lat[right], lon[right], (then - time_us[left]) / span
    )
    return where, near


def _offsets(
    lat: np.ndarray, lon: np.ndarray, true_lat: np.ndarray, true_lon: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Metres north and east from predicted to true places."""
    metres = geodesy.distance_m(lat, lon, true_lat[rows], true_lon[rows])
    bearing = np.radians(geodesy.bearing_deg(lat, lon, true_lat[rows], true_lon[rows]))
    return metres * np.cos(bearing), metres * np.sin(bearing)
