"""Visits that lie together: clusters of places where many vessels did the same thing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from detectors.core.arrays import Floats, Ints
from detectors.core.frames import SECOND_US
from detectors.kinematics import geodesy

NOISE: Final = -1


@dataclass(frozen=True)
class Cluster:
    """Points that lie together."""

    rows: Ints
    """Which points."""
    radius_m: float
    """Each has the fewest points of a cluster within this distance, and the next of its own too."""
    firmness: float
    """1 where that many lie at the same spot, 0.5 where they just are within `radius_m`: the
    mean."""


def bounded(
    lat: Floats,
    lon: Floats,
    *,
    min_size: int,
    radii_m: Sequence[float],
    counts: Callable[[Ints], bool],
    fits: Callable[[Ints, float], bool],
) -> tuple[list[Cluster], list[Cluster]]:
    """Find clusters no larger than a bound: those too large are split where they are denser.

    DBSCAN without border points (DBSCAN*; Campello, Moulavi & Sander 2013, Density-Based
    Clustering Based on Hierarchical Density Estimates, PAKDD, doi:10.1007/978-3-642-37456-2_14),
    cut from one hierarchy at smaller and smaller radii; scikit-learn's implementation. That
    paper's own choice of clusters has no least density: of stops strewn over a strait it made
    areas of thousands of km2. Distances are chords of the sphere, so there is no dateline.

    Returns clusters that fit; those that don't, and of which no smaller radius leaves any that
    counts.

    Parameters
    ----------
    lat, lon
        Points in degrees.
    min_size
        Fewest points of a cluster, and within the radius of each of its points.
    radii_m
        Radii, largest first.
    counts
        Tells whether points make a cluster that matters at all; the others are noise.
    fits
        Tells whether points found with a radius are within the bound.
    """
    found: list[Cluster] = []
    too_large: list[Cluster] = []
    if len(lat) < max(min_size, 2):
        return found, too_large
    from sklearn.cluster import HDBSCAN  # slow to import

    xyz = geodesy.unit_xyz(lat, lon) * geodesy.EARTH_RADIUS_M
    model = HDBSCAN(
        min_cluster_size=min_size, min_samples=min_size, algorithm="kd_tree", copy=True
    ).fit(xyz)
    core_m = np.asarray(cKDTree(xyz).query(xyz, k=[min_size])[0])[:, 0]
    labels = [np.asarray(model.dbscan_clustering(r, min_cluster_size=min_size)) for r in radii_m]

    def split(within: Ints, level: int) -> bool:
        """Sort what lies in clusters of this radius; tell whether anything counts."""
        if level == len(radii_m):
            return False
        label, any_counts = labels[level][within], False
        for one in np.unique(label[label >= 0]):
            rows, radius_m = within[label == one], radii_m[level]
            if not counts(rows):
                continue
            any_counts = True
            firmness = float(1.0 - 0.5 * np.mean(core_m[rows] / radius_m))
            if fits(rows, radius_m):
                found.append(Cluster(rows, radius_m, firmness))
            elif not split(rows, level + 1):
                too_large.append(Cluster(rows, radius_m, firmness))
        return any_counts

    split(np.arange(len(lat)), 0)
    return found, too_large


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

    Returns mmsi, start_us, end_us, lat, lon, spread_m of the longest stay, sorted by (mmsi,
    start_us).

    Parameters
    ----------
    stops
        `stops.STOP_COLUMNS`.
    within_m, max_away_s
        The next stay is the same visit when it is this near in place and time.
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
