"""Fixes that stand at one far place for a while, as where a spoofer puts all that it reaches.

Ships off Russian coasts were shown at airports inland, all at one place (C4ADS 2019, Above Us Only
Stars). The verdicts (`kinematics.integrity`) call such fixes false as soon as the vessel is heard
again where it can have sailed; then no track holds them.
"""

from collections.abc import Iterator

import numpy as np

from detectors.core.evidence import at_least, at_most
from detectors.core.frames import FALSE_FIX, SECOND_US, epoch_us
from detectors.kinematics import geodesy
from detectors.spoofing.limits import Limits
from detectors.spoofing.story import Scene, Story


def stood_far_off(limits: Limits, scene: Scene) -> Iterator[Story]:
    """Find false fixes between two sound ones that stood at one place for `min_frozen_s`."""
    reports, noise = scene.reports, scene.context.noise
    noise = noise[(noise["reason"] == FALSE_FIX).to_numpy()]
    noise = noise[np.isin(noise["mmsi"].to_numpy(), np.unique(reports.tracks // 100))]
    for vessel, false in noise.groupby("mmsi", sort=True):
        if len(false) < limits.min_reports:
            continue
        track = 100 * int(str(vessel))
        own = np.arange(*np.searchsorted(reports.track, [track, track + 100]))
        own = own[np.argsort(reports.time_us[own], kind="stable")]
        times = np.sort(epoch_us(false["time"]))
        order = np.argsort(epoch_us(false["time"]), kind="stable")
        lat, lon = (false[name].to_numpy("float64")[order] for name in ("lat", "lon"))
        after = np.searchsorted(reports.time_us[own], times)
        for nth in np.unique(after[after > 0]).tolist():
            rows = np.flatnonzero(after == nth)
            back = int(own[nth]) if nth < len(own) else -1
            story = _story(limits, scene, int(own[nth - 1]), back, (times, lat, lon), rows)
            if story:
                yield story


def _story(
    limits: Limits,
    scene: Scene,
    home: int,
    back: int,
    false: tuple[np.ndarray, np.ndarray, np.ndarray],
    rows: np.ndarray,
) -> Story | None:
    """Return the story of the false fixes between a sound report and the next, if there is one."""
    reports, (times, lat, lon) = scene.reports, false
    start_us, end_us = int(times[rows[0]]), int(times[rows[-1]])
    lasts_s, pause_s = (
        float(us) / SECOND_US for us in (end_us - start_us, start_us - reports.time_us[home])
    )
    middle = rows[len(rows) // 2]
    place = float(lat[middle]), float(lon[middle])
    off_m = geodesy.distance_m(*place, lat[rows], lon[rows])
    jump_m = float(geodesy.distance_m(reports.lat[home], reports.lon[home], *place))
    if (
        len(rows) < limits.min_reports
        or not limits.min_frozen_s <= lasts_s <= limits.max_away_s
        or pause_s > limits.max_pause_s
        or float(off_m.max()) > limits.max_spread_m
        or jump_m < limits.min_leap_m
    ):
        return None
    evidence = {
        "n_bad_fixes": len(rows),
        "false_lat": place[0],
        "false_lon": place[1],
        "jump_m": jump_m,
        "jump_s": at_most(pause_s, limits, "max_pause_s"),
        "jump_kn": float(geodesy.speed_kn(jump_m, max(pause_s, 1.0))),
        "away_s": at_least(lasts_s, limits, "min_frozen_s"),
        "extent_m": at_most(float(off_m.max()), limits, "max_spread_m"),
        "returned": back >= 0,
        "leapt": True,
        "came_by_leap": True,
    }
    if back >= 0:
        made_kn = reports.made_good_kn(home, back)
        evidence["home_made_good_kn"] = float(np.nan_to_num(made_kn))
    recent = scene.end_us - end_us <= limits.max_silence_s * SECOND_US
    score = 0.6 if back >= 0 else 0.5
    return Story("jump", home, home, score, start_us, end_us, back < 0 and recent, evidence, home)
