"""False fixes between two sound ones that have a shape: held, far off at one place, or a circle.

Ships off Russian coasts were shown at airports inland, all at one place (C4ADS 2019, Above Us Only
Stars). The verdicts (`kinematics.integrity`) call such fixes false as soon as the vessel is heard
again where it can have sailed; then no track holds them.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from detectors.core.evidence import Bound, at_least, at_most
from detectors.core.frames import FALSE_FIX, SECOND_US, epoch_us, offsets
from detectors.kinematics import geodesy, shapes
from detectors.kinematics.reports import Reports
from detectors.spoofing.circle import max_rms_m
from detectors.spoofing.frozen import as_before, held_since
from detectors.spoofing.limits import Limits
from detectors.spoofing.story import Scene, Story
from detectors.surroundings import coverage, passes

MIN_PASS_FIXES: Final = 3
"""So many false fixes do where the whole feed comes by passes, which may bring one each, if they
agree."""
MAX_PASS_SPREAD: Final = 0.01
"""Over two passes or more they lie within this share of the leap to them. Of fixes thrown evenly
about a disc as wide as the leap two more lie as near to the first once in 10^8 times (0.01^4)."""


class Fixes(NamedTuple):
    """False fixes by time, between one sound report and the next."""

    time_us: NDArray[np.int64]
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]

    def by_time(self) -> Self:
        """Return them in order of time."""
        order = np.argsort(self.time_us, kind="stable")
        return self.at(order)

    def at(self, rows: NDArray[np.int64]) -> Self:
        """Return those in some rows."""
        return type(self)(self.time_us[rows], self.lat[rows], self.lon[rows])


def between_sound(limits: Limits, scene: Scene) -> Iterator[Story]:
    """Find false fixes between two sound ones that for `min_frozen_s` stood or drifted far off,
    were held where the vessel was, or went round a circle.
    """
    reports, noise = scene.reports, scene.context.noise
    noise = noise[(noise["reason"] == FALSE_FIX).to_numpy()]
    noise = noise[np.isin(noise["mmsi"].to_numpy(), np.unique(reports.tracks // 100))]
    for vessel, rejected in noise.groupby("mmsi", sort=True):
        if len(rejected) < MIN_PASS_FIXES:
            continue
        false = Fixes(
            epoch_us(rejected["time"]),
            rejected["lat"].to_numpy("float64"),
            rejected["lon"].to_numpy("float64"),
        ).by_time()
        own, false = _without_strays(limits, reports, 100 * int(str(vessel)), false)
        after = np.searchsorted(reports.time_us[own], false.time_us)
        few = min(MIN_PASS_FIXES, limits.min_reports)
        for low, high in pairwise(offsets(after).tolist()):
            nth = int(after[low])
            if nth == 0 or high - low < few:
                continue
            back = int(own[nth]) if nth < len(own) else -1
            story = _story(limits, scene, int(own[nth - 1]), back, false.at(np.arange(low, high)))
            if story:
                yield story


def _without_strays(
    limits: Limits, reports: Reports, track: int, false: Fixes
) -> tuple[NDArray[np.int64], Fixes]:
    """Return the vessel's reports by time without those of further tracks that are none, and its
    false fixes with such of these as lie among them.

    A further track of a few reports is none. Nor is one that lies, but for a few, at the false fix
    next in time, and that for less than `min_duration_s`, so that `away` tells of none: the first
    fixes of a false place may agree well enough to make a hull, which was never anywhere else.
    """
    own = np.arange(*np.searchsorted(reports.track, [track, track + 100]))
    times = false.time_us
    after = np.searchsorted(times, reports.time_us[own])
    before = np.clip(after - 1, 0, len(times) - 1)
    after = np.clip(after, 0, len(times) - 1)
    at_us = reports.time_us[own]
    nearest = np.where(abs(times[after] - at_us) < abs(times[before] - at_us), after, before)
    here = reports.lat[own], reports.lon[own]
    off_m = np.asarray(geodesy.distance_m(*here, false.lat[nearest], false.lon[nearest]))
    among = (off_m <= limits.max_spread_m) & (
        abs(times[nearest] - at_us) <= limits.max_pause_s * SECOND_US
    )
    strays, joined = np.zeros(len(own), bool), np.zeros(len(own), bool)
    for further in np.unique(reports.track[own]).tolist():
        of_it = reports.track[own] == further
        if further % 100 == 1:
            continue
        if of_it.sum() < limits.min_reports:
            strays |= of_it
        elif (of_it & ~among).sum() < limits.min_reports:
            lasts_us = np.ptp(at_us[of_it & among])
            if lasts_us < limits.min_duration_s * SECOND_US:
                strays |= of_it
                joined |= of_it & among
    more = own[joined]
    every = Fixes(
        np.r_[times, reports.time_us[more]],
        np.r_[false.lat, reports.lat[more]],
        np.r_[false.lon, reports.lon[more]],
    )
    own = own[~strays]
    return own[np.argsort(reports.time_us[own], kind="stable")], every.by_time()


def _story(limits: Limits, scene: Scene, home: int, back: int, false: Fixes) -> Story | None:
    """Return the story of the false fixes between a sound report and the next, if there is one."""
    reports, (times, lat, lon) = scene.reports, false
    start_us, end_us = int(times[0]), int(times[-1])
    lasts_s, pause_s = (
        float(us) / SECOND_US for us in (end_us - start_us, start_us - reports.time_us[home])
    )
    by_passes = _by_passes(scene, home, back, times)
    if (
        len(times) < (MIN_PASS_FIXES if by_passes else limits.min_reports)
        or not limits.min_frozen_s <= lasts_s <= limits.max_away_s
        or pause_s > limits.max_pause_s
    ):
        return None
    middle = len(times) // 2
    place = float(lat[middle]), float(lon[middle])
    figure = shapes.figure(lat, lon)
    jump_m = float(geodesy.distance_m(reports.lat[home], reports.lon[home], *place))
    evidence: dict[str, Any] = {
        "n_bad_fixes": len(times),
        "false_lat": place[0],
        "false_lon": place[1],
        "jump_m": jump_m,
        "jump_s": at_most(pause_s, limits, "max_pause_s"),
        "jump_kn": float(geodesy.speed_kn(jump_m, max(pause_s, 1.0))),
        "away_s": at_least(lasts_s, limits, "min_frozen_s"),
        "returned": back >= 0,
        "leapt": True,
        "came_by_leap": True,
    }
    if back >= 0:
        made_kn = reports.made_good_kn(home, back)
        evidence["home_made_good_kn"] = float(np.nan_to_num(made_kn))
    recent = scene.end_us - end_us <= limits.max_silence_s * SECOND_US
    subkind, score = "jump", 0.6 if back >= 0 else 0.5
    off_m, least_m = figure.off_m, min(figure.off_m, figure.step_m)
    spread_m = max(limits.max_spread_m, MAX_PASS_SPREAD * jump_m if by_passes else 0.0)
    if least_m <= spread_m and jump_m >= limits.min_leap_m:
        evidence["extent_m"] = off_m
        evidence["step_m"] = Bound(least_m, spread_m, "at_most")
    elif off_m <= 2 * limits.max_frozen_m and jump_m < limits.min_leap_m:
        held = _held(limits, reports, home, back)
        if not held:
            return None
        evidence |= held | {"extent_m": Bound(off_m, 2 * limits.max_frozen_m, "at_most")}
        subkind, score = "frozen", 0.7
    else:
        circle = _circle(limits, figure, lasts_s)
        if not circle:
            return None
        evidence |= circle
        subkind, score = "geometric", score + 0.15
    going_on = bool(back < 0 and recent)
    return Story(subkind, home, home, score, start_us, end_us, going_on, evidence, home)


def _by_passes(scene: Scene, home: int, back: int, times: NDArray[np.int64]) -> bool:
    """Tell whether the whole feed comes by passes, and fixes between two sound reports, the second
    of which was heard, in two of them or more.
    """
    tens_us = coverage.FEED_SLOT_S * SECOND_US
    apart = bool(np.diff(times).max(initial=0) > passes.PASS_TENS * tens_us)
    if back < 0 or not apart:
        return False
    ends_us = scene.reports.time_us[[home, back]]
    usual = passes.usual_share(
        scene.context.coverage, ends_us[:1] // tens_us, ends_us[1:] // tens_us
    )
    return bool(usual[0] <= passes.BY_PASSES)


def _held(limits: Limits, reports: Reports, home: int, back: int) -> dict[str, Any]:
    """Return what shows that a vessel sailed on while its fixes stood: it comes to where it would
    have, at the speed that it had; nothing if it didn't.

    The first of those fixes may be sound, as of one from which its next report is within reach.
    """
    if back < 0:
        return {}
    own = np.arange(reports.span_of(int(reports.track[home]))[0], home + 1)
    since = held_since(limits, reports, own)
    return as_before(limits, reports, own[:since], int(own[since]), back)


def _circle(limits: Limits, figure: shapes.Figure, lasts_s: float) -> dict[str, Any]:
    """Return what makes a circle of false fixes, as evidence; nothing if they aren't one."""
    _, _, radius_m, rms_m, turns = figure
    allowed_m = float(max_rms_m(limits, np.array([radius_m]))[0])
    speed_kn = float(geodesy.speed_kn(turns * 2 * np.pi * radius_m, lasts_s))
    if not (
        limits.min_radius_m <= radius_m <= shapes.MAX_RADIUS_M
        and rms_m <= allowed_m
        and turns >= 1.0
        and speed_kn >= limits.min_sog_kn
    ):
        return {}
    return {
        "radius_m": at_least(radius_m, limits, "min_radius_m"),
        "circle_rms_m": Bound(rms_m, allowed_m, "at_most"),
        "turned_deg": Bound(turns * 360.0, 360.0, "at_least"),
        "circle_speed_kn": at_least(speed_kn, limits, "min_sog_kn"),
    }
