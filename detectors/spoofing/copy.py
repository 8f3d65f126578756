"""Copies of a track: beside it by a constant vector, or along it after a constant time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from detectors.core.arrays import Ints
from detectors.core.evidence import at_least, at_most
from detectors.core.frames import SECOND_US
from detectors.kinematics import copies, shapes, timegrid
from detectors.kinematics.leaps import MIN_OFFSET_M
from detectors.kinematics.reports import Reports
from detectors.spoofing.limits import Limits
from detectors.spoofing.story import MIN_ACROSS, Scene, Story

DEAD_AHEAD: Final = 0.05
"""Sine of 3 degrees, in which one in thirty of displaced copies lies, ahead or astern, were all
bearings alike; the clocks of receivers put tracks 0.0 to 0.3 degrees off their way."""


@dataclass(frozen=True)
class Copied:
    """What a stretch repeats of another track: subkind and score of a story of it, and evidence."""

    subkind: str
    score: float
    evidence: Mapping[str, Any]


def beside(limits: Limits, scene: Scene) -> Iterator[Story]:
    """Find copies too near for the segmentation: the track leaps to and fro by one vector."""
    reports, leapt = scene.reports, scene.leaps
    at, east, north = leapt.row, leapt.east_m, leapt.north_m
    if len(at) < 2 * limits.min_reports:
        return
    late = np.diff(reports.time_us[at]) > limits.alive_s * SECOND_US
    starts, ends = timegrid.stretches(reports.track[at], cut=late)
    n_leaps, first, last = ends - starts + 1, at[starts], at[ends]
    many = (n_leaps >= 2 * limits.min_reports) & (n_leaps >= 0.3 * (last - first + 1))
    many &= reports.time_us[last] - reports.time_us[first] >= limits.min_frozen_s * SECOND_US
    for i, j in zip(starts[many].tolist(), (ends[many] + 1).tolist(), strict=True):
        a, b, n = int(at[i]), int(at[j - 1]), j - i
        sign = np.sign(east[i:j] * east[i] + north[i:j] * north[i])
        turns = float(np.mean(sign[1:] != sign[:-1]))
        if turns < 0.8:
            continue
        to_east, to_north = sign * east[i:j], sign * north[i:j]
        offset = (float(np.median(to_east)), float(np.median(to_north)))
        offset_m = float(np.hypot(*offset))
        spread_m = float(np.quantile(np.hypot(to_east - offset[0], to_north - offset[1]), 0.9))
        made_east, made_north = shapes.plane_m(
            reports.lat[[b]], reports.lon[[b]], reports.lat[[a]], reports.lon[[a]]
        )
        if sign[0] != sign[-1]:  # both ends on the same one of the two tracks
            made_east, made_north = made_east + offset[0], made_north + offset[1]
        made_m = float(np.hypot(made_east, made_north)[0])
        across_m = abs(offset[0] * made_north[0] - offset[1] * made_east[0]) / max(made_m, 1.0)
        if (
            spread_m > limits.max_spread_m
            or made_m < limits.min_moved_m
            or across_m < MIN_ACROSS * offset_m
        ):
            continue
        evidence = {
            "offset_m": offset_m,
            "offset_bearing_deg": float(np.degrees(np.arctan2(*offset)) % 360.0),
            "offset_across_m": float(across_m),
            "offset_spread_m": at_most(spread_m, limits, "max_spread_m"),
            "moved_m": at_least(made_m, limits, "min_moved_m"),
            "n_leaps": n,
            "min_offset_m": MIN_OFFSET_M,
        }
        yield scene.story("offset_copy", a, b, 0.6, evidence)


def copied(limits: Limits, reports: Reports, home: Ints, a: int, b: int) -> Copied | None:
    """Return what the reports a to b repeat of the home track, at an offset or a lag."""
    original, copy = (
        copies.Track(reports.time_us[own], reports.lat[own], reports.lon[own])
        for own in (home, np.arange(a, b + 1))
    )
    found = copies.judge(
        original,
        copy,
        max_spread_m=limits.max_spread_m,
        min_moved_m=limits.min_moved_m,
        min_duration_s=2 * limits.min_duration_s,
        min_reports=limits.min_reports,
    )
    if found is None:
        return None
    spread_m = at_most(found.spread_m, limits, "max_spread_m")
    if isinstance(found, copies.Lag):
        evidence = {
            "lag_s": found.lag_s,
            "lag_spread_m": spread_m,
            "copied_fraction": found.exact_fraction,
            "like_a_clock": True,
        }
        return Copied("replay", 0.6, evidence)
    compared = np.arange(a + found.first, a + found.last + 1)
    off_rad = _off_the_way_rad(reports, found, compared)
    if np.abs(np.sin(off_rad)) < MIN_ACROSS and (
        _dead_ahead(limits, reports, off_rad, compared) or _follows(limits, original, copy, found)
    ):
        return None
    evidence = {
        "offset_m": found.distance_m,
        "offset_bearing_deg": found.bearing_deg,
        "offset_spread_m": spread_m,
        "moved_m": at_least(found.moved_m, limits, "min_moved_m"),
    }
    return Copied("offset_copy", 0.7, evidence)


def _follows(
    limits: Limits, original: copies.Track, copy: copies.Track, found: copies.Offset
) -> bool:
    """Tell whether a track also keeps to the other's way after some time: where that bends, only
    what a clock misdates does. Told by what it sent while both were heard: once the clock is put
    right it goes on where the other never was.
    """
    both = slice(found.first, found.last + 1)
    beside = copies.Track(copy.time_us[both], copy.lat[both], copy.lon[both])
    along = copies.lag(original, beside, limits.max_spread_m)
    return along is not None and along.spread_m <= limits.max_spread_m


def _off_the_way_rad(reports: Reports, found: copies.Offset, compared: Ints) -> float:
    """Return the angle between an offset and the way of the reports that were compared; that across
    it where the offset leads further than a wrong clock makes of that way.
    """
    first, last = compared[:1], compared[-1:]
    east, north = shapes.step_m(reports, first, last)
    speed_mps = np.hypot(east[0], north[0]) / max(reports.seconds(first[0], last[0]), 1.0)
    if found.distance_m > copies.MAX_CLOCK_S * speed_mps:
        return np.pi / 2
    return float(np.radians(found.bearing_deg) - np.arctan2(east[0], north[0]))


def _dead_ahead(limits: Limits, reports: Reports, off_rad: float, compared: Ints) -> bool:
    """Tell whether an offset leads along a straight way to `DEAD_AHEAD`: there a displaced copy and
    a track that a receiver misdates are the same, and few of the former lie so.
    """
    lat, lon = reports.lat[compared], reports.lon[compared]
    east, north = shapes.plane_m(lat, lon, lat[:1], lon[:1])
    aside_m = np.abs(east * north[-1] - north * east[-1]) / max(np.hypot(east[-1], north[-1]), 1.0)
    straight = bool(aside_m.max() <= limits.max_spread_m)
    return straight and bool(np.abs(np.sin(off_rad)) < DEAD_AHEAD)
