"""A vessel that waits where small craft come."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from detectors.core import events
from detectors.core.detector import Context
from detectors.core.frames import SECOND_US, epoch_us
from detectors.kinematics import geodesy, timespan
from detectors.mother_ship.limits import Limits
from detectors.mother_ship.story import Crafts, Story, of_track
from detectors.surroundings import nearby, sun

DARK_STEP_S: Final = 600
"""The sun is looked at this often (it moves 2.5 degrees meanwhile)."""


def waiting(limits: Limits, positions: pd.DataFrame, context: Context) -> Iterator[Story]:
    """Find vessels that loiter in the dark within reach of small boats."""
    stayed = context.events_of("loitering")
    if stayed.empty:
        return
    window = timespan.window_us(context.start - limits.settle, context.end)
    said = events.evidence_of(stayed)
    unexplained = [e.get("explanation_weight", 0.0) < 0.3 for e in said]
    said = [e for e, kept in zip(said, unexplained, strict=True) if kept]
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
            "dark_s": dark_s,
            "dark_margin_s": dark_s - limits.min_dark_s,
            "landing_place_distance_m": float(landing_m[k]),
            "coast_distance_m": float(coast_m[k]),
            "returned": bool(before.any()),
            "first_report_source": said[k]["first_report_source"],
            "last_report_source": said[k]["last_report_source"],
            "min_dark_s": limits.min_dark_s,
            "max_landing_m": limits.max_landing_m,
            "max_coast_m": limits.max_coast_m,
            "max_sun_altitude_deg": limits.max_sun_altitude_deg,
        }
        base = (0.25 if near_landing else 0.15) + (0.1 if before.any() else 0.0)
        span_us, on = (int(starts[k]), int(ends[k])), bool(still_on[k])
        yield Story("waiting", track, *span_us, on, reports, evidence, base)


def _dark_s(limits: Limits, start_us: int, end_us: int, lat: float, lon: float) -> int:
    """Return how long it was dark."""
    step_us = DARK_STEP_S * SECOND_US
    at_us = np.arange(-(-start_us // step_us), end_us // step_us + 1) * step_us
    dark = sun.altitude_deg(at_us, lat, lon) < limits.max_sun_altitude_deg
    return int(np.count_nonzero(dark)) * DARK_STEP_S
