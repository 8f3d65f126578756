"""Positions on land."""

from collections.abc import Iterator

import numpy as np

from detectors.core.arrays import Bools, Floats
from detectors.core.evidence import at_least
from detectors.kinematics import geodesy, timegrid
from detectors.spoofing.limits import Limits
from detectors.spoofing.story import Scene, Story, extended, leap_m
from detectors.surroundings.zones import Zones


def on_land(limits: Limits, scene: Scene) -> Iterator[Story]:
    """Find stretches further inland than any river that the land layer leaves out."""
    reports, bins, zones = scene.reports, scene.bins, scene.zones
    probe = bins.first
    at = np.flatnonzero(zones.on_land(reports.lat[probe], reports.lon[probe]))
    at = at[inland_by(zones, reports.lat[probe[at]], reports.lon[probe[at]], limits.min_inland_m)]
    first, last = timegrid.episodes(
        bins.track_id[at],
        bins.tick[at],
        max_break=2,
        min_piece=1,
        min_length=-(-limits.min_inland_s // bins.step_s),
    )
    spans = list(zip(bins.first[at[first]].tolist(), bins.last[at[last]].tolist(), strict=True))
    around = [
        (reports.stretch(a, bins.step_s)[0], reports.stretch(b, bins.step_s)[1]) for a, b in spans
    ]
    every = np.concatenate([np.arange(low, high) for low, high in around] or [at[:0]])
    all_inland = inland_by(zones, reports.lat[every], reports.lon[every], limits.min_inland_m)
    parts = np.split(all_inland, np.cumsum([high - low for low, high in around])[:-1])
    for (a, b), (low, _), inland in zip(spans, around, parts[: len(spans)], strict=True):
        begin, finish = extended(inland, a - low, b - low, low)
        while finish > begin and not inland[finish - low]:
            finish -= 1
        inside = slice(begin, finish + 1)
        share = float(inland[begin - low : finish - low + 1].mean())
        moved_m = float(geodesy.apart_m(reports, begin, inside).max())
        duration_s = reports.seconds(begin, finish)
        if (
            share < 0.8
            or moved_m < limits.min_moved_m
            or duration_s < limits.min_inland_s
            or finish - begin + 1 < limits.min_reports
        ):
            continue
        steps_m = geodesy.distance_m(
            reports.lat[begin:finish],
            reports.lon[begin:finish],
            reports.lat[begin + 1 : finish + 1],
            reports.lon[begin + 1 : finish + 1],
        )
        path_m = float(np.sum(steps_m))
        speed_kn = path_m / duration_s / geodesy.KNOT_MPS
        off_m = max(
            leap_m(reports, begin - 1, begin, speed_kn),
            leap_m(reports, finish, finish + 1, speed_kn),
        )
        leapt = off_m >= limits.min_leap_m
        evidence = {
            "inland_fraction": share,
            "inland_s": at_least(duration_s, limits, "min_inland_s"),
            "moved_m": at_least(moved_m, limits, "min_moved_m"),
            "median_speed_kn": speed_kn,
            "straight_fraction": min(moved_m / max(path_m, 1.0), 1.0),
            "leapt": leapt,
            "leap_m": max(off_m, 0.0),
        }
        yield scene.story("on_land", begin, finish, 0.6 if leapt else 0.4, evidence)


def inland_by(zones: Zones, lat: Floats, lon: Floats, distance_m: float) -> Bools:
    """Tell whether each point and eight around it at that distance are on land."""
    inland = np.asarray(zones.on_land(lat, lon)).copy()
    for bearing in range(0, 360, 45):
        at = np.flatnonzero(inland)
        if len(at) == 0:
            break
        inland[at] = zones.on_land(*geodesy.destination(lat[at], lon[at], bearing, distance_m))
    return inland
