"""Positions on a circle that no rudder steers."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.evidence import Bound, at_least
from detectors.core.frames import SECOND_US
from detectors.kinematics import geodesy, shapes, timegrid
from detectors.kinematics.reports import Reports
from detectors.spoofing.limits import Limits
from detectors.spoofing.story import CIRCLE_BINS_S, Scene, Story, extended, leap_m

LEAST_BOX_M: Final = 250.0
"""Mean diagonal of the boxes of ten minutes, from which on circles are looked for: less than the
way at 1 kn, or the diameter of the smallest circle."""
UNCOUNTED_SHARE: Final = 0.25
"""A quarter: turns that go uncounted in less of the time leave enough of the others (judgement)."""
LEAST_AROUND: Final = 10
WIDEST_RAD: Final = np.pi / 2
"""Where turns can't be counted since reports come too seldom, so many lie all around the centre,
none further than a quarter of a turn from the next. Ten, as of replays: three fix a circle, and
each further one lies on a line 20 m wide about it by chance once in dozens."""


def circling(limits: Limits, scene: Scene) -> Iterator[Story]:
    """Find circles, tried in bins of several lengths."""
    reports, lon = scene.reports, scene.lon
    candidates = _winding(reports, scene.bins, scene.box, limits.min_radius_m)
    if not candidates.any():
        return
    at = np.flatnonzero(np.repeat(candidates, scene.bins.n))
    for step_s in CIRCLE_BINS_S:
        groups = shapes.bins(reports.track[at], reports.time_us[at], step_s)
        origin = at[groups.first]
        x, y = shapes.plane_m(
            reports.lat[at],
            lon[at],
            np.repeat(reports.lat[origin], groups.n),
            np.repeat(lon[origin], groups.n),
        )
        fit = shapes.fit_circles(x, y, groups.first)
        turned_rad, _ = _turned(reports, fit.turned_rad, fit.radius_m, at[groups.first], groups.n)
        good = (
            (groups.n >= 5)
            & (fit.radius_m >= limits.min_radius_m)
            & (fit.radius_m <= shapes.MAX_RADIUS_M)
            & (fit.rms_m <= max_rms_m(limits, fit.radius_m))
            & (turned_rad >= 1.0)
        )
        kept = np.flatnonzero(good)
        if len(kept) == 0:
            continue
        centre_lat = reports.lat[origin[kept]] + fit.y_m[kept] / shapes.DEGREE_M
        centre_lon = lon[origin[kept]] + fit.x_m[kept] / (
            shapes.DEGREE_M * np.cos(np.radians(reports.lat[origin[kept]]))
        )
        # A bend on the way to a circle has another centre.
        radius_m = fit.radius_m[kept]
        apart_m = np.hypot(
            *shapes.plane_m(centre_lat[1:], centre_lon[1:], centre_lat[:-1], centre_lon[:-1])
        )
        other = apart_m > 0.5 * np.minimum(radius_m[1:], radius_m[:-1])
        other |= groups.track_id[kept][1:] != groups.track_id[kept][:-1]
        first, last = timegrid.episodes(
            np.r_[0, np.cumsum(other)], groups.tick[kept], max_break=1, min_piece=1, min_length=1
        )
        # What may be added at either end is hardly more than another bin's worth.
        turned = timegrid.aggregate(np.add, turned_rad[kept], first, last)
        enough = turned * (last - first + 3) / (last - first + 1) >= 2 * np.pi
        first, last = first[enough], last[enough]
        begin, end = at[groups.first[kept[first]]], at[groups.last[kept[last]]]
        yield from _circles(limits, scene, begin, end, step_s)


def max_rms_m(limits: Limits, radius_m: Floats) -> Floats:
    """Return how far, root mean square, positions may lie off a circle of some radius."""
    return np.maximum(
        np.minimum(limits.max_circle_rms_m, 0.1 * radius_m), limits.max_circle_rms_ratio * radius_m
    )


def _circles(limits: Limits, scene: Scene, begin: Ints, end: Ints, step_s: int) -> Iterator[Story]:
    """Find circles through reports from `begin` to `end` and those next to them."""
    reports, spans = scene.reports, []
    fit = circles_of(reports, begin, end)
    for k in np.flatnonzero(np.isfinite(fit.rms_m)).tolist():
        a, b = int(begin[k]), int(end[k])
        low, high = reports.stretch(a, step_s)[0], reports.stretch(b, step_s)[1]
        tolerance_m = 4 * max(float(fit.rms_m[k]), 10.0)
        x, y = shapes.plane_m(
            reports.lat[low:high], reports.lon[low:high], reports.lat[a], reports.lon[a]
        )
        off_circle_m = np.abs(np.hypot(x - fit.x_m[k], y - fit.y_m[k]) - fit.radius_m[k])
        a, b = extended(off_circle_m <= tolerance_m, a - low, b - low, low)
        if reports.seconds(a, b) >= limits.min_duration_s:
            spans.append((a, b))
    if not spans:
        return
    fit = circles_of(reports, *np.array(spans, "int64").T)
    for k, (a, b) in enumerate(spans):
        one = _one_circle(limits, scene, (fit, k), a, b)
        if one:
            yield one


def _one_circle(
    limits: Limits, scene: Scene, fitted: tuple[shapes.Circles, int], a: int, b: int
) -> Story | None:
    """Return the circle fitted to reports a to b, one of several, if it is one."""
    reports, (fit, k) = scene.reports, fitted
    n, radius_m = b - a + 1, float(fit.radius_m[k])
    turned_rad, by_speed = _turned(
        reports, fit.turned_rad[[k]], fit.radius_m[[k]], np.array([a]), np.array([n])
    )
    if by_speed[0] and not _all_around(reports, fit, k, a, b):
        return None
    turns = float(turned_rad[0]) / (2 * np.pi)
    rms_m, allowed_m = float(fit.rms_m[k]), float(max_rms_m(limits, fit.radius_m[[k]])[0])
    duration_s = reports.seconds(a, b)
    speed_kn = turns * 2 * np.pi * radius_m / duration_s / geodesy.KNOT_MPS
    off_m = max(leap_m(reports, a - 1, a, speed_kn), leap_m(reports, b, b + 1, speed_kn))
    leapt = off_m >= limits.min_leap_m
    min_turns = 1.0 if leapt else limits.min_turns
    if (
        rms_m > allowed_m
        or radius_m < limits.min_radius_m
        or turns < min_turns
        or speed_kn < limits.min_sog_kn
    ):
        return None
    evidence = {
        "radius_m": at_least(radius_m, limits, "min_radius_m"),
        "circle_rms_m": Bound(rms_m, allowed_m, "at_most"),
        "turned_deg": Bound(turns * 360.0, min_turns * 360.0, "at_least"),
        "circle_speed_kn": at_least(speed_kn, limits, "min_sog_kn"),
        "leapt": leapt,
        "leap_m": max(off_m, 0.0),
    }
    return scene.story("geometric", a, b, 0.7 if leapt else 0.5, evidence)


def _turned(
    reports: Reports, counted_rad: Floats, radius_m: Floats, first: Ints, n: Ints
) -> tuple[Floats, Bools]:
    """Return how far circles turn, and of which that is by the speed stated: for `UNCOUNTED_SHARE`
    of the time or more their reports are half a turn apart or further at that, and which way they
    turned in between can't be counted.
    """
    last = first + n - 1
    lasts_s = (reports.time_us[last] - reports.time_us[first]) / SECOND_US
    way = slice(first[0], last[-1] + 1)  # of one circle among millions of reports
    sog_kn = np.nan_to_num(reports.sog_kn[way])
    speed_kn = timegrid.aggregate(np.add, sog_kn, first - first[0], last - first[0]) / n
    speed_mps = speed_kn * geodesy.KNOT_MPS
    which, row = timegrid.ranges(first, n - 1)
    step_s = (reports.time_us[row + 1] - reports.time_us[row]) / SECOND_US
    uncounted = speed_mps[which] * step_s >= np.pi * radius_m[which]
    uncounted_s = np.bincount(which, np.where(uncounted, step_s, 0.0), len(first))
    by_speed = np.isfinite(radius_m) & (uncounted_s > 0)
    by_speed &= uncounted_s >= UNCOUNTED_SHARE * lasts_s
    stated_rad = speed_mps * lasts_s / np.where(by_speed, radius_m, 1.0)
    return np.where(by_speed, stated_rad, np.abs(counted_rad)), np.asarray(by_speed)


def _all_around(reports: Reports, fit: shapes.Circles, k: int, a: int, b: int) -> bool:
    """Tell whether reports a to b lie all around the centre of circle k, which is fitted to them in
    the plane of the first.
    """
    way = slice(a, b + 1)
    x, y = shapes.plane_m(reports.lat[way], reports.lon[way], reports.lat[a], reports.lon[a])
    angle = np.sort(np.arctan2(y - fit.y_m[k], x - fit.x_m[k]))
    widest_rad = np.diff(np.append(angle, angle[0] + 2 * np.pi)).max()
    return bool(b - a + 1 >= LEAST_AROUND and widest_rad <= WIDEST_RAD)


def _winding(reports: Reports, bins: shapes.Bins, box: shapes.Box, min_radius_m: float) -> Bools:
    """Find bins in half an hour to three hours of which a track covers far more way than ground.

    Only a cheap sieve: a circle covers at least half of it in an hour of half a turn, and a track
    that goes straight hardly more than the diagonal of its box.
    """
    diagonal_m = np.hypot(box.height_m, box.width_m)
    result = np.zeros(len(diagonal_m), bool)
    # Where a track is heard every few minutes its way is that from bin to bin.
    here, there = bins.last[:-1], bins.first[1:]
    east_m, north_m = shapes.step_m(reports, here, there)
    on_m = np.where(bins.track_id[1:] == bins.track_id[:-1], np.hypot(east_m, north_m), 0.0)
    way_m = np.r_[0.0, np.cumsum(diagonal_m + np.r_[0.0, on_m][: len(diagonal_m)])]
    north = box.south + box.height_m / shapes.DEGREE_M
    width_deg = box.width_m / (shapes.DEGREE_M * np.cos(np.radians(box.south)))
    east = box.west + width_deg
    low = [box.south, box.west]
    high = [north, east]
    size = 1
    for times in (3, 2, 3):  # 3, 6, 18 bins: half an hour, an hour, three hours
        n = len(diagonal_m) - times * size + 1
        if n <= 0:
            break
        shifts = [k * size for k in range(times)]
        low = [np.minimum.reduce([v[k : k + n] for k in shifts]) for v in low]
        high = [np.maximum.reduce([v[k : k + n] for k in shifts]) for v in high]
        size *= times
        whole = (bins.track_id[size - 1 :] == bins.track_id[:n]) & (
            bins.tick[size - 1 :] - bins.tick[:n] < 2 * size
        )
        ground_m = shapes.DEGREE_M * np.hypot(
            high[0] - low[0], (high[1] - low[1]) * np.cos(np.radians(low[0]))
        )
        # Boxes of a small circle are each as large as the circle, whatever its speed.
        winds = whole & (way_m[size:] - way_m[:n] >= 1.5 * ground_m)
        winds &= (ground_m >= 1.5 * min_radius_m) & (way_m[size:] - way_m[:n] >= size * LEAST_BOX_M)
        begins = np.flatnonzero(winds)
        change = np.zeros(len(result) + 1, "int32")
        change[begins] += 1
        change[begins + size] -= 1
        result |= np.cumsum(change[:-1]) > 0
    return result


def circles_of(reports: Reports, first: Ints, last: Ints) -> shapes.Circles:
    """Fit circles through the reports from `first` to `last`, each in the plane of its first."""
    n = last - first + 1
    which, every = timegrid.ranges(first, n)
    origin = first[which]
    x, y = shapes.step_m(reports, origin, every)
    return shapes.fit_circles(x, y, np.cumsum(n) - n)
