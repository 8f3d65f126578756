"""What is peculiar about the positions of an excursion."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from detectors.core.arrays import Bools
from detectors.core.evidence import Bound, at_least, at_most
from detectors.kinematics import geodesy, shapes
from detectors.kinematics.reports import Reports
from detectors.spoofing.circle import circles_of, max_rms_m
from detectors.spoofing.limits import Limits
from detectors.spoofing.on_land import inland_by
from detectors.spoofing.story import Scene, Story


def shaped(limits: Limits, scene: Scene, stories: Sequence[Story]) -> list[Story]:
    """Return excursions with what is peculiar about their positions."""
    reports = scene.reports
    further = np.repeat(np.r_[False, np.diff(reports.tracks // 100) == 0], np.diff(reports.bounds))
    inland = np.zeros(len(reports), bool)
    inland[further] = inland_by(
        scene.zones, reports.lat[further], reports.lon[further], limits.min_leapt_inland_m
    )
    # What stood still has no home, and a shape already.
    away = [k for k, story in enumerate(stories) if story.home >= 0]
    spans = np.array([(stories[k].first, stories[k].last) for k in away], "int64")
    fits = circles_of(reports, *spans.reshape(-1, 2).T)
    found = list(stories)
    for i, k in enumerate(away):
        story = stories[k]
        shape = _shape(limits, reports, story, fits, i, inland)
        kind = str(shape.pop("subkind", ""))
        if not kind:
            continue
        evidence, score = {**story.evidence, **shape}, story.score + 0.15
        found[k] = replace(story, score=score, evidence=evidence)
        if story.subkind == "jump":
            found[k] = replace(found[k], subkind=kind, start_us=int(reports.time_us[story.first]))
    return found


def _shape(
    limits: Limits, reports: Reports, story: Story, fits: shapes.Circles, i: int, inland: Bools
) -> dict[str, Any]:
    """Return what is peculiar about the positions of an excursion; nothing if nothing is."""
    a, b = story.first, story.last
    lat, lon, sog_kn = (v[a : b + 1] for v in (reports.lat, reports.lon, reports.sog_kn))
    duration_s = reports.seconds(a, b)
    turns = abs(float(fits.turned_rad[i])) / (2 * np.pi)
    radius_m, rms_m = float(fits.radius_m[i]), float(fits.rms_m[i])
    allowed_m = float(max_rms_m(limits, fits.radius_m[i : i + 1])[0])
    circles = limits.min_radius_m <= radius_m <= shapes.MAX_RADIUS_M and rms_m <= allowed_m
    if circles and turns >= 1.0:
        speed_kn = float(geodesy.speed_kn(turns * 2 * np.pi * radius_m, duration_s))
        return {
            "subkind": "geometric",
            "radius_m": at_least(radius_m, limits, "min_radius_m"),
            "circle_rms_m": Bound(rms_m, allowed_m, "at_most"),
            "turned_deg": Bound(turns * 360.0, 360.0, "at_least"),
            "circle_speed_kn": speed_kn,
        }
    share = float(inland[a : b + 1].mean())
    if share >= 0.5:
        return {"subkind": "on_land", "inland_fraction": share}
    place = np.median(lat), lon[0] + np.median(geodesy.wrap_lon(lon - lon[0]))
    off_m = geodesy.distance_m(*place, lat, lon)
    near = off_m <= limits.max_frozen_m
    # The last true fixes before it are no further off than that, and may go with it.
    if np.count_nonzero(~near) >= limits.min_reports or near.mean() < 0.8:
        return {}
    held = {
        "subkind": "frozen",
        "extent_m": at_most(float(off_m[near].max()), limits, "max_frozen_m"),
    }
    fast = np.isfinite(sog_kn) & (sog_kn >= limits.min_sog_kn)
    if fast.mean() >= 0.8:
        median_kn = float(np.nanmedian(sog_kn))
        return {**held, "median_sog_kn": at_least(median_kn, limits, "min_sog_kn")}
    # Where it was held from, only the leap to where it had sailed meanwhile shows it.
    if not story.evidence["came_by_leap"]:
        return {**held, "frozen_s": at_least(duration_s, limits, "min_frozen_s")}
    return {}
