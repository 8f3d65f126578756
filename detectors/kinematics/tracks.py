"""Tracks by day: how long, how far, and which way.

A *track* is what one hull reported: ``track_id`` is ``mmsi * 100 + ordinal``, the ordinal counting
the hulls of an MMSI; see `kinematics.integrity` for how they are told apart.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from detectors.core.arrays import Floats, Ints
from detectors.core.frames import (
    DAY_US,
    TIME,
    TRACKED,
    Column,
    conform,
    empty,
    epoch_us,
    from_epoch_us,
    is_first,
    validate,
)
from detectors.kinematics.geodesy import distance_m, wrap_lon

SUMMARY: Final[Mapping[str, Column]] = {
    "track_id": TRACKED["track_id"],
    "day": Column(TIME, "UTC", "start of the UTC day"),
    "mmsi": TRACKED["mmsi"],
    "start": Column(TIME, "UTC", "first report of the day"),
    "end": Column(TIME, "UTC", "last report of the day"),
    "n_reports": Column("int64", "", "reports of the day"),
    "south": Column("float64", "deg", "lowest latitude"),
    "north": Column("float64", "deg", "highest latitude"),
    "west": Column("float64", "deg", "westernmost longitude; > east across the antimeridian"),
    "east": Column("float64", "deg", "easternmost longitude"),
    "length_m": Column("float64", "m", "sum of the distances between the day's reports"),
    "geometry": Column("object", "", "WKB, EPSG:4326, simplified; a point for a single report"),
}
"""One row per track and UTC day, sorted by (track_id, day)."""

REPORTS: Final = {name: TRACKED[name] for name in ("mmsi", "time", "lat", "lon", "track_id")}
"""What is summarised: `frames.TRACKED` without the columns that don't matter."""

SIMPLIFY_DEG: Final = 0.0005
"""Douglas-Peucker tolerance of stored tracks: 56 m along a meridian, invisible on a chart of the
Strait and a few times the accuracy of a fix."""


def summarise(tracked: pd.DataFrame) -> pd.DataFrame:
    """Extent, length and simplified line of each track and UTC day.

    The line joins the day's reports and may cut corners or land where the vessel was silent. Its
    longitudes run on beyond +-180 where it crosses the antimeridian.

    `tracked`: `REPORTS`, or all of `frames.TRACKED`.

    Returns `SUMMARY`.
    """
    validate(tracked, REPORTS)
    if tracked.empty:
        return empty(SUMMARY)
    track, time = tracked["track_id"].to_numpy(), epoch_us(tracked["time"])
    lat, lon = tracked["lat"].to_numpy(), tracked["lon"].to_numpy()
    day = time // DAY_US
    new = is_first(track, day)
    first = np.flatnonzero(new)
    last = np.r_[first[1:], len(tracked)] - 1
    group = np.cumsum(new) - 1
    # Within a group each longitude is the one nearest to its predecessor's: no jump of 360. Turns
    # are counted, not degrees added up, whose rounding would tell of the vessels before.
    jump_deg = np.diff(lon)
    turns = np.cumsum(np.r_[0, np.rint((wrap_lon(jump_deg) - jump_deg) / 360.0).astype("int64")])
    unwrapped = lon + 360.0 * (turns - turns[first][group])
    leg_m = np.r_[0.0, distance_m(lat[:-1], lon[:-1], lat[1:], lon[1:])]
    leg_m[first] = 0.0
    lines = _lines(unwrapped, lat, group, last - first + 1)
    return conform(
        pd.DataFrame(
            {
                "track_id": track[first],
                "day": from_epoch_us(day[first] * DAY_US),
                "mmsi": tracked["mmsi"].to_numpy()[first],
                "start": from_epoch_us(time[first]),
                "end": from_epoch_us(time[last]),
                "n_reports": last - first + 1,
                "south": np.minimum.reduceat(lat, first),
                "north": np.maximum.reduceat(lat, first),
                "west": wrap_lon(np.minimum.reduceat(unwrapped, first)),
                "east": wrap_lon(np.maximum.reduceat(unwrapped, first)),
                "length_m": np.add.reduceat(leg_m, first),
                "geometry": pd.Series(list(shapely.to_wkb(lines)), dtype="object"),
            }
        ),
        SUMMARY,
    )


def _lines(lon: Floats, lat: Floats, group: Ints, size: Ints) -> NDArray[np.object_]:
    coords = np.column_stack([lon, lat])
    shapes = np.empty(len(size), dtype=object)
    single = size == 1
    shapes[single] = shapely.points(coords[single[group]])
    if not single.all():
        many = ~single[group]
        index = np.repeat(np.arange(np.count_nonzero(~single)), size[~single])
        lines = shapely.linestrings(coords[many], indices=index)
        shapes[~single] = shapely.simplify(lines, SIMPLIFY_DEG, preserve_topology=False)
    return shapes
