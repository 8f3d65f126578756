"""Visits that lie together: clusters of places where many vessels did the same thing."""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.frames import SECOND_US
from detectors.kinematics import geodesy

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NOISE: Final = -1


def dense(lat: Floats, lon: Floats, *, min_size: int, merge_m: float) -> tuple[Ints, Floats]:
    """Clusters of points of whatever density, by HDBSCAN.

    Campello, Moulavi & Sander (2013), Density-Based Clustering Based on Hierarchical Density
    Estimates, PAKDD, doi:10.1007/978-3-642-37456-2_14; scikit-learn's implementation. Distances are
    chords of the sphere, so there is no dateline.

    Parameters
    ----------
    lat, lon
        Points in degrees.
    min_size
        Fewest points of a cluster.
    merge_m
        Clusters that would only part below this distance stay one (Malzer & Baum 2020).

    Returns
    -------
    label, membership
        Cluster of each point, `NOISE` for none, and how firmly it belongs there (0-1).
    """
    if len(lat) < max(min_size, 2):
        return np.full(len(lat), NOISE, "int64"), np.zeros(len(lat))
    from sklearn.cluster import HDBSCAN  # slow to import

    model = HDBSCAN(
        min_cluster_size=min_size,
        min_samples=min(min_size, 5),
        cluster_selection_epsilon=merge_m,
        allow_single_cluster=True,
        algorithm="kd_tree",
        copy=True,
    )
    model.fit(geodesy.unit_xyz(lat, lon) * geodesy.EARTH_RADIUS_M)
    return np.asarray(model.labels_, "int64"), np.asarray(model.probabilities_, "float64")


def close(lat: Floats, lon: Floats, *, min_size: int, radius_m: float) -> Ints:
    """Clusters of points with `min_size` points within `radius_m`, by DBSCAN; `NOISE` for none.

    Ester, Kriegel, Sander & Xu (1996), A Density-Based Algorithm for Discovering Clusters, KDD.
    """
    if len(lat) == 0:
        return np.zeros(0, "int64")
    from sklearn.cluster import DBSCAN

    model = DBSCAN(eps=radius_m, min_samples=min_size)
    model.fit(geodesy.unit_xyz(lat, lon) * geodesy.EARTH_RADIUS_M)
    return np.asarray(model.labels_, "int64")


def visits(stops: pd.DataFrame, *, within_m: float, max_away_s: float) -> pd.DataFrame:
    """Stays of one vessel at one place, in a row, as one visit.

    A lost report or a shifted anchor cuts a stay; counted as two it would weigh twice.

    Parameters
    ----------
    stops
        `stops.STOP_COLUMNS`.
    within_m, max_away_s
        The next stay is the same visit when it is this near in place and time.

    Returns
    -------
    pandas.DataFrame
        mmsi, start_us, end_us, lat, lon, spread_m of the longest stay, sorted by (mmsi, start_us).
    """
    ordered = stops.sort_values(["mmsi", "start_us"], kind="stable", ignore_index=True)
    if ordered.empty:
        return ordered[["mmsi", "start_us", "end_us", "lat", "lon", "spread_m"]]
    mmsi, lat, lon = (ordered[c].to_numpy() for c in ("mmsi", "lat", "lon"))
    begins = np.ones(len(ordered), bool)
    away_s = (ordered["start_us"].to_numpy()[1:] - ordered["end_us"].to_numpy()[:-1]) / SECOND_US
    moved_m = geodesy.distance_m(lat[:-1], lon[:-1], lat[1:], lon[1:])
    begins[1:] = (mmsi[1:] != mmsi[:-1]) | (away_s > max_away_s) | (moved_m > within_m)
    ordered["visit"] = np.cumsum(begins)
    ordered["length_us"] = ordered["end_us"] - ordered["start_us"]
    span = ordered.groupby("visit").agg(first=("start_us", "min"), last=("end_us", "max"))
    longest = ordered.sort_values(["visit", "length_us"], kind="stable").drop_duplicates(
        "visit", keep="last"
    )
    return longest.assign(
        start_us=span["first"].to_numpy(), end_us=span["last"].to_numpy()
    ).reset_index(drop=True)[["mmsi", "start_us", "end_us", "lat", "lon", "spread_m"]]
