"""Tracks as lines, cut where they cross the antimeridian."""

from itertools import pairwise
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from detectors.core.frames import offsets
from detectors.kinematics import geodesy

DECIMALS: Final = 6
"""Of degrees, as the products write them."""

_COLUMNS: Final = ("track_id", "mmsi", "start", "end", "n_reports", "geometry")


def track_lines(tracks: pd.DataFrame) -> gpd.GeoDataFrame:
    """One row per track: a line through its reports.

    `tracks`: `frames.TRACKED`.

    Returns columns track_id, mmsi, start, end (UTC), n_reports, geometry (EPSG:4326): a LineString;
    a MultiLineString where the track crosses the antimeridian (RFC 7946, 3.1.9), with both halves
    ending on ±180; a Point where there is one report, or all say one place: a line needs two.
    """
    if tracks.empty:
        return gpd.GeoDataFrame({name: [] for name in _COLUMNS}, geometry="geometry", crs=4326)
    bounds = offsets(tracks["track_id"].to_numpy())
    first, last = bounds[:-1], bounds[1:] - 1
    lon = geodesy.wrap_lon(tracks["lon"].to_numpy())
    lat = tracks["lat"].to_numpy()
    lines = [_line(lon[a:b], lat[a:b]) for a, b in pairwise(bounds)]
    return gpd.GeoDataFrame(
        {
            "track_id": tracks["track_id"].to_numpy()[first],
            "mmsi": tracks["mmsi"].to_numpy()[first],
            "start": tracks["time"].iloc[first].reset_index(drop=True),
            "end": tracks["time"].iloc[last].reset_index(drop=True),
            "n_reports": np.diff(bounds),
        },
        geometry=lines,
        crs=4326,
    )


def _line(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> shapely.Geometry:
    if (np.round(lon, DECIMALS) == np.round(lon[0], DECIMALS)).all() and (
        np.round(lat, DECIMALS) == np.round(lat[0], DECIMALS)
    ).all():
        return shapely.Point(lon[0], lat[0])
    crossing = np.flatnonzero(np.abs(np.diff(lon)) > 180.0)
    if len(crossing) == 0:
        return shapely.LineString(np.column_stack([lon, lat]))
    # Each crossing step gets two points on the meridian: the end of one part, the start of the next
    side = np.where(lon[crossing] > 0, 180.0, -180.0)
    span = np.abs(geodesy.wrap_lon(lon[crossing + 1] - lon[crossing]))
    fraction = np.divide(
        np.abs(side - lon[crossing]), span, out=np.zeros(len(crossing)), where=span > 0
    )
    meridian_lat = lat[crossing] + fraction * (lat[crossing + 1] - lat[crossing])
    where = np.repeat(crossing + 1, 2)
    full_lon = np.insert(lon, where, np.column_stack([side, -side]).ravel())
    full_lat = np.insert(lat, where, np.repeat(meridian_lat, 2))
    cuts = crossing + 2 * np.arange(len(crossing)) + 2
    parts = np.split(np.column_stack([full_lon, full_lat]), cuts)
    return shapely.MultiLineString(parts)
