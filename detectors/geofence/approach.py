"""Approaches to landing places."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.detector import Context
from detectors.core.evidence import at_least, at_most
from detectors.core.frames import SECOND_US
from detectors.geofence.limits import Limits
from detectors.geofence.watched import Story, WatchedReports, about_zone
from detectors.kinematics import geodesy, timegrid
from detectors.surroundings import zone_conduct

MERCHANT_TYPES: Final = (60, 89)
"""Passenger and cargo ships and tankers (ITU-R M.1371-5, table 53): unless they say that they are
short, they are no small craft."""


def approaches(
    limits: Limits,
    reports: WatchedReports,
    grid: timegrid.Grid,
    inside: zone_conduct.Inside,
    context: Context,
    scores: Floats,
) -> Iterator[Story]:
    """Find small craft that come to a landing place at speed and slow down in it."""
    found = zone_conduct.approaches(
        grid,
        inside,
        min_speed_kn=limits.min_approach_kn,
        max_speed_kn=limits.max_landing_kn,
        min_slow_s=limits.min_landing_s,
        max_approach_s=limits.max_approach_s,
    )
    step_us = grid.step_s * SECOND_US
    start_us, end_us = grid.tick[found.slow] * step_us, (grid.tick[found.last] + 1) * step_us
    lengths, small = _small(limits, grid.track_id[found.slow] // 100, context.vessels)
    wanted = small & reports.touches(start_us, end_us, limits.settle)
    outlines = context.zones.frame.geometry.to_numpy()
    for i in np.flatnonzero(wanted).tolist():
        about, shape = context.zones.records[found.zone[i]], outlines[found.zone[i]]
        fast, slow, end = (int(a[i]) for a in (found.fast, found.slow, found.last))
        ticks = slice(slow, end + 1)
        lat, lon = float(grid.lat[slow]), float(grid.lon[slow])
        centre = shape.centroid
        away_m = geodesy.distance_m(grid.lat[ticks], grid.lon[ticks], centre.y, centre.x)
        first, last = int(grid.report[fast]), min(int(grid.report[end + 1]) + 1, reports.last)
        slow_kn, fast_kn = float(np.max(grid.speed_kn[ticks])), float(grid.speed_kn[fast])
        slowing_s = int((grid.tick[slow] - grid.tick[fast]) * grid.step_s)
        evidence = {
            **about_zone(context.zones, int(found.zone[i]), int(start_us[i])),
            "zone_distance_m": float(np.min(away_m)),
            "zone_accuracy_m": _radius_m(shape),
            "approach_speed_kn": at_least(fast_kn, limits, "min_approach_kn"),
            "landing_speed_kn": at_most(slow_kn, limits, "max_landing_kn"),
            "slowing_s": at_most(slowing_s, limits, "max_approach_s"),
            "length_m": at_most(float(lengths[i]), limits, "max_approach_length_m"),
            "nav_status": int(reports.nav_status[int(grid.report[slow])]),
            "n_reports": last - first + 1,
        }
        yield Story(
            "approach",
            str(about["zone_id"]),
            int(grid.track_id[slow]),
            start_us=int(start_us[i]),
            end_us=int(end_us[i]),
            lat=lat,
            lon=lon,
            score=float(scores[found.zone[i]]),
            first=first,
            last=last,
            evidence=evidence,
            settings=("min_landing_s",),
        )


def _small(limits: Limits, mmsi: Ints, vessels: pd.DataFrame) -> tuple[Floats, Bools]:
    """Return the length of each vessel, and whether it is a small craft or may be one."""
    stated = vessels.set_index("mmsi")[["length_m", "ship_type"]].reindex(mmsi)
    length_m = stated["length_m"].to_numpy("float64")
    merchant = stated["ship_type"].between(*MERCHANT_TYPES).to_numpy(bool)
    unknown = ~(length_m > 0) & ~merchant
    with np.errstate(invalid="ignore"):
        return length_m, unknown | ((length_m > 0) & (length_m <= limits.max_approach_length_m))


def _radius_m(shape: Any) -> float:
    """Return half the height of a zone: of a circle its radius."""
    west, south, _, north = shape.bounds
    return float(geodesy.distance_m(south, west, north, west)) / 2
