"""A vessel that waits where small craft come."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from detectors.core.detector import Context
from detectors.core.evidence import Bound, Evidence, at_least, at_most
from detectors.core.frames import SECOND_US, epoch_us
from detectors.kinematics import geodesy, timespan
from detectors.mother_ship.limits import Limits
from detectors.mother_ship.story import Crafts, Story, explained_weight, of_track
from detectors.surroundings import nearby, sun

DARK_STEP_S: Final = 600
"""The sun is looked at this often (it moves 2.5 degrees meanwhile)."""
WELL_EXPLAINED: Final = 0.3
"""A loitering whose reason takes away as much of its score counts for nothing here."""
SETTINGS: Final = ("max_landing_m", "max_coast_m", "max_sun_altitude_deg")
"""Parameters that shape what is measured, or bound nothing of this story."""


def waiting(limits: Limits, positions: pd.DataFrame, context: Context) -> Iterator[Story]:
    """Find vessels that loiter in the dark within reach of small boats."""
    stayed = context.events_of("loitering")
    if stayed.empty:
        return
    window = timespan.window_us(context.start - limits.settle, context.end)
    unexplained = [explained_weight(e) < WELL_EXPLAINED for e in stayed["evidence"]]
    stayed = stayed[unexplained].reset_index(drop=True)
    lat, lon = stayed["lat"].to_numpy("float64"), stayed["lon"].to_numpy("float64")
    zones = context.zones
    landing_m = nearby.nearest_zone_m(zones, lat, lon, ("landing_place",))
    away_m = nearby.nearest_zone_m(zones, lat, lon, ("port", "anchorage"))
    coast_m = zones.distance_to_land_m(lat, lon, limits.max_coast_m)
    starts = epoch_us(stayed["start"])
    ends = np.where(
        stayed["end"].isna(), window[1], epoch_us(stayed["end"].fillna(stayed["start"]))
    )
    crafts = Crafts(positions, context.vessels, stayed["mmsi"])
    still_on = stayed["end"].isna().to_numpy()
    for k, event in enumerate(stayed.to_dict("records")):
        near_landing = bool(landing_m[k] <= limits.max_landing_m)
        if not (near_landing or coast_m[k] <= limits.max_coast_m):
            continue
        if away_m[k] < limits.min_anchorage_m or ends[k] < window[0] or starts[k] > window[1]:
            continue
        stated: Evidence = event["evidence"]
        mmsi, track = int(event["mmsi"]), int(event["track_ids"])
        if crafts.is_b(mmsi) or crafts.length_m(mmsi) <= limits.max_visitor_m:
            continue
        dark_s = _dark_s(limits, int(starts[k]), int(ends[k]), float(lat[k]), float(lon[k]))
        reports = of_track(positions, track)
        if dark_s < limits.min_dark_s or reports is None:
            continue
        before = (stayed["track_ids"] == event["track_ids"]).to_numpy() & (ends < starts[k])
        before &= starts[k] - ends <= limits.max_wait_s * SECOND_US
        before &= geodesy.distance_m(lat, lon, lat[k], lon[k]) <= limits.max_move_m
        evidence = {
            "duration_s": int(ends[k] - starts[k]) // SECOND_US,
            "dark_s": at_least(dark_s, limits, "min_dark_s"),
            "landing_place_distance_m": _within(landing_m[k], limits, "max_landing_m"),
            "coast_distance_m": _within(coast_m[k], limits, "max_coast_m"),
            "returned": bool(before.any()),
            "first_report_source": stated["first_report_source"],
            "last_report_source": stated["last_report_source"],
        }
        base = (0.25 if near_landing else 0.15) + (0.1 if before.any() else 0.0)
        span_us, on = (int(starts[k]), int(ends[k])), bool(still_on[k])
        yield Story("waiting", track, *span_us, on, reports, evidence, SETTINGS, base)


def _within(away_m: float, limits: Limits, parameter: str) -> Bound | float:
    """Return a distance that is bounded if it is within its limit: either of two is enough."""
    near = away_m <= getattr(limits, parameter)
    return at_most(away_m, limits, parameter) if near else float(away_m)


def _dark_s(limits: Limits, start_us: int, end_us: int, lat: float, lon: float) -> int:
    step_us = DARK_STEP_S * SECOND_US
    at_us = np.arange(-(-start_us // step_us), end_us // step_us + 1) * step_us
    dark = sun.altitude_deg(at_us, lat, lon) < limits.max_sun_altitude_deg
    return int(np.count_nonzero(dark)) * DARK_STEP_S
