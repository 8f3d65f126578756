"""Vessels that move across their heading: adrift by what they say of course and bow."""

from typing import Any, Final

import numpy as np

from detectors.core import events
from detectors.core.detector import Context
from detectors.core.evidence import at_least
from detectors.core.frames import SECOND_US
from detectors.kinematics import geodesy, timegrid, timespan
from detectors.kinematics.reports import Reports
from detectors.loitering.limits import Limits
from detectors.surroundings import lanes, nearby

SIDEWAYS: Final = "sideways"
FRESH_S: Final = 600.0
"""Course and heading are as stated for so long at most."""
SCORE: Final = 0.4
"""Before explanations: a little more than of two hours' loitering."""


def sideways(
    limits: Limits, reports: Reports, grid: timegrid.Grid, context: Context
) -> list[dict[str, Any]]:
    """Return the events of vessels that moved across their heading for `min_sideways_s`."""
    row = grid.report
    after = np.minimum(row + 1, len(reports) - 1)
    fresh = (reports.time_us[after] - reports.time_us[row]) / SECOND_US <= FRESH_S
    off_deg = lanes.turned_deg(reports.heading_deg[row], reports.cog_deg[row])
    sog_kn = reports.sog_kn[row]
    across = fresh & np.isfinite(grid.speed_kn) & (off_deg >= limits.min_sideways_deg)
    across &= (sog_kn >= limits.min_sideways_kn) & (sog_kn <= limits.max_sideways_kn)
    rows = np.flatnonzero(across)
    first, last = timegrid.episodes(
        grid.track_id[rows],
        grid.tick[rows],
        max_break=2,
        min_piece=1,
        min_length=-(-limits.min_sideways_s // limits.step_s),
    )
    begin, end = rows[first], rows[last] + 1
    ends = grid.lat[begin], grid.lon[begin], grid.lat[end], grid.lon[end]
    moved_m = np.asarray(geodesy.distance_m(*ends))
    far = moved_m >= limits.min_sideways_m
    spans, kept = timespan.of_runs(
        grid,
        [rows],
        first[far],
        last[far],
        window=timespan.window_us(context.start, context.end),
        settle=limits.settle,
        max_break_s=2 * limits.step_s,
    )
    if not len(spans):
        return []
    begin, end = rows[spans.first], rows[spans.last] + 1
    tracks = grid.track_id[begin]
    lat, lon = spans.middle(reports, tracks)
    zones = context.zones
    reached = zones.reached(lat, lon)
    told = events.each(
        {
            "drifted_m": moved_m[far][kept],
            "median_sog_kn": timegrid.quantiles(sog_kn[rows], spans.first, spans.last, 0.5),
            "median_off_heading_deg": timegrid.quantiles(
                off_deg[rows], spans.first, spans.last, 0.5
            ),
            "nav_status": timegrid.most_common(
                reports.nav_status[row[rows]], spans.first, spans.last
            )[0],
            "ais_class": reports.ais_class_of(row[begin]).tolist(),
            "n_reports": row[end] - row[begin] + 1,
            "first_report_source": reports.sources_of(row[begin]),
            "last_report_source": reports.sources_of(row[end]),
            "zones_reached": [bool(value) for value in reached],
            "near_land": [bool(v) for v in zones.near_land(lat, lon, limits.near_land_m)],
            "anchorage_distance_m": np.where(
                reached, nearby.nearest_zone_m(zones, lat, lon, limits.excluded_classes), np.nan
            ),
        }
    )
    return [
        events.row(
            limits,
            [int(tracks[i])],
            subkind=SIDEWAYS,
            start_us=int(spans.start_us[i]),
            end_us=spans.until_us(i),
            lat=lat[i],
            lon=lon[i],
            score=SCORE if reached[i] else 0.0,
            explanation="" if reached[i] else nearby.NOT_ASSESSED,
            evidence={
                **measured,
                "duration_s": at_least(
                    int(spans.end_us[i] - spans.start_us[i]) // SECOND_US, limits, "min_sideways_s"
                ),
            },
            settings=("min_sideways_deg", "min_sideways_kn", "max_sideways_kn", "min_sideways_m"),
        )
        for i, measured in enumerate(told)
    ]
