"""Conduct in lanes and off coasts: stopping, going against a lane, coming to a landing place."""

from collections.abc import Iterator
from dataclasses import replace
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
from detectors.surroundings import nearby, zone_conduct
from detectors.surroundings.zones import Zones


def in_lanes_and_off_coasts(
    limits: Limits, reports: WatchedReports, context: Context, point: Ints, row: Ints
) -> Iterator[Story]:
    """Find stops, ways against a lane and approaches, from pairs of reports and zones."""
    zones = context.zones
    directed = np.isfinite(zones.direction_deg)
    stop, against, approach = (
        np.array([scores.get(name, 0.0) for name in zones.frame["zone_class"]], "float64")
        for scores in (limits.stop_scores, limits.against_scores, limits.approach_scores)
    )
    against = np.where(directed, against, 0.0)
    watched = (stop > 0) | (against > 0) | (approach > 0)
    tracks = np.unique(reports.track[point[watched[row]]])
    if not len(tracks):
        return
    grid = reports.grid_of(tracks, limits.max_silence_s)
    excluded = zones.within(grid.lat, grid.lon, limits.excluded_classes, excuses=True)
    slow = (grid.speed_kn <= limits.max_stop_kn) & ~excluded
    inside = zone_conduct.Inside.of(grid, zones, stop)
    episodes = zone_conduct.episodes(
        grid, inside, slow, limits.min_stop_s, limits.max_interruption_s
    )
    stopped = list(_episodes(limits, reports, grid, episodes, zones, "stop", stop))
    starts = np.array([a for _, a, _ in stopped], "int64")
    away_m = nearby.nearest_zone_m(zones, grid.lat[starts], grid.lon[starts], ("port", "anchorage"))
    for (story, a, b), off_m in zip(stopped, away_m.tolist(), strict=True):
        more = _stopped(limits, reports, grid, zones, a, b)
        evidence = {**story.evidence, **more, "anchorage_distance_m": off_m}
        yield replace(story, evidence=evidence)
    episodes, turned = zone_conduct.against(
        grid,
        zone_conduct.Inside.of(grid, zones, against),
        zones.direction_deg,
        min_speed_kn=limits.min_against_kn,
        min_turned_deg=limits.min_against_deg,
        min_duration_s=limits.min_against_s,
        max_interruption_s=limits.max_interruption_s,
    )
    for story, a, b in _episodes(limits, reports, grid, episodes, zones, "against_lane", against):
        more = _contrary(limits, grid, turned, a, b)
        yield replace(story, evidence={**story.evidence, **more})
    yield from approaches(
        limits, reports, grid, zone_conduct.Inside.of(grid, zones, approach), context, approach
    )


def _episodes(
    limits: Limits,
    reports: WatchedReports,
    grid: timegrid.Grid,
    found: zone_conduct.Episodes,
    zones: Zones,
    subkind: str,
    scores: Floats,
) -> Iterator[tuple[Story, int, int]]:
    """Return the stories of episodes, with the grid rows of their first and last tick."""
    spans, kept = reports.spans_of(limits, grid, found)
    for i, zone in enumerate(found.zone[kept].tolist()):
        a, b = int(found.rows[spans.first[i]]), int(found.rows[spans.last[i]])
        start_us, end_us = int(spans.start_us[i]), int(spans.end_us[i])
        first, last = int(grid.report[a]), min(int(grid.report[b + 1]) + 1, reports.last)
        lat, lon = reports.place_at(first, (start_us + end_us) // 2)
        about, seconds = zones.records[zone], (end_us - start_us) // SECOND_US
        least = {"stop": "min_stop_s", "against_lane": "min_against_s"}[subkind]
        direction = about.get("direction_deg", np.nan)
        evidence = {
            **about_zone(zones, zone, start_us),
            "direction_deg": None if pd.isna(direction) else float(direction),
            "duration_s": at_least(seconds, limits, least),
            "n_reports": last - first + 1,
        }
        story = Story(
            subkind,
            str(about["zone_id"]),
            int(grid.track_id[a]),
            start_us=start_us,
            end_us=spans.until_us(i),
            lat=lat,
            lon=lon,
            score=float(scores[zone]),
            first=first,
            last=last,
            evidence=evidence,
            settings=("max_interruption_s",),
        )
        yield story, a, b


def _stopped(
    limits: Limits, reports: WatchedReports, grid: timegrid.Grid, zones: Zones, a: int, b: int
) -> dict[str, Any]:
    """Tell how slow it was, how it drifted, and what lay around."""
    ticks = slice(a, b + 1)
    lat, lon = grid.lat[ticks], grid.lon[ticks]
    median_kn = float(np.nanmedian(grid.speed_kn[ticks]))
    made_m = geodesy.distance_m(lat[0], lon[0], grid.lat[b + 1], grid.lon[b + 1])
    seconds = (grid.tick[b] + 1 - grid.tick[a]) * grid.step_s
    first, last = int(grid.report[a]), int(grid.report[b])
    code, share = timegrid.most_common(reports.nav_status, np.array([first]), np.array([last]))
    return {
        "median_speed_kn": at_most(median_kn, limits, "max_stop_kn"),
        "drift_kn": float(geodesy.speed_kn(made_m, seconds)),
        "nav_status": code[0],
        "nav_status_fraction": share[0],
        "pilot_ground_fraction": float(zones.within(lat, lon, ("pilot_ground",)).mean()),
    }


def _contrary(
    limits: Limits, grid: timegrid.Grid, turned: Floats, a: int, b: int
) -> dict[str, Any]:
    """Return its course and speed, and how far it was from the lane's direction."""
    rows = np.arange(a, b + 1)
    rows = rows[np.isfinite(turned[rows]) & (turned[rows] >= limits.min_against_deg)]
    course = np.radians(geodesy.course_deg(grid, rows, rows + 1))
    mean = np.degrees(np.arctan2(np.sin(course).sum(), np.cos(course).sum())) % 360.0
    turned_deg, speed_kn = float(np.median(turned[rows])), float(np.median(grid.speed_kn[rows]))
    return {
        "course_deg": float(mean),
        "turned_deg": at_least(turned_deg, limits, "min_against_deg"),
        "median_speed_kn": at_least(speed_kn, limits, "min_against_kn"),
    }


# ---- approaches to landing places


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
