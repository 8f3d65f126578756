"""Boundaries that are crossed."""

from collections.abc import Iterator

import numpy as np

from detectors.core.evidence import at_most
from detectors.core.frames import SECOND_US
from detectors.geofence.limits import Limits
from detectors.geofence.watched import Story, WatchedReports, silence
from detectors.kinematics import geodesy, visits
from detectors.surroundings import boundaries


def crossed_lines(
    limits: Limits, reports: WatchedReports, lines: boundaries.Boundaries
) -> Iterator[Story]:
    """Find boundaries crossed by vessels that were clear of them before and after."""
    found = boundaries.passages(
        lines,
        reports.track,
        reports.time_us,
        reports.lat,
        reports.lon,
        beside_m=limits.min_beside_m,
        max_beside_s=limits.max_beside_s,
    )
    before, after = found.step, found.step + 1
    silence_us = reports.time_us[after] - reports.time_us[before]
    near = silence_us <= limits.max_silence_s * SECOND_US
    at_us = reports.time_us[before] + visits.part_us(silence_us, found.fraction)
    start_us = np.where(near, at_us, reports.time_us[before])
    end_us = np.where(near, at_us, reports.time_us[after])
    lat, lon = geodesy.interpolate(
        reports.lat[before],
        reports.lon[before],
        reports.lat[after],
        reports.lon[after],
        np.where(near, found.fraction, 1.0),
    )
    records = lines.frame.drop(columns="geometry").to_dict("records")
    watched = lines.frame["boundary_class"].isin(list(limits.boundary_scores)).to_numpy()
    wanted = watched[found.row] & reports.touches(start_us, end_us, limits.settle)
    for i in np.flatnonzero(wanted).tolist():
        about = records[found.row[i]]
        a, b = int(before[i]), int(after[i])
        sides = (str(about["right"]), str(about["left"]))
        from_side, to_side = sides if found.to_left[i] else sides[::-1]
        clear_us = reports.time_us[found.after[i]] - reports.time_us[found.before[i]]
        beside_us = clear_us if found.after[i] > found.before[i] + 1 else 0  # none was beside it
        evidence = {
            "zone_class": str(about["boundary_class"]),
            "zone_name": str(about["name"]),
            "zone_confidence": str(about["confidence"]),
            "boundary_treaty": str(about["source"]),
            "from_side": from_side,
            "to_side": to_side,
            "n_cuts": int(found.cuts[i]),
            "beside_s": at_most(round(beside_us / SECOND_US), limits, "max_beside_s"),
            "crossing_interpolated": bool(near[i]),
            "silence_s": silence(limits, float(silence_us[i] / SECOND_US)),
            "speed_kn": reports.made_good_kn(a, b),
            "nav_status": int(reports.nav_status[b]),
            "n_reports": int(found.after[i] - found.before[i] + 1),
        }
        yield Story(
            "cross_line",
            str(about["boundary_id"]),
            int(reports.track[a]),
            start_us=int(start_us[i]),
            end_us=int(end_us[i]),
            lat=float(lat[i]),
            lon=float(lon[i]),
            score=limits.boundary_scores[about["boundary_class"]],
            first=int(found.before[i]),
            last=int(found.after[i]),
            evidence=evidence,
            settings=("min_beside_m",),
            anchor_us=int(reports.time_us[b]),
        )
