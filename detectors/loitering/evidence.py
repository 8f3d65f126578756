"""What was measured of loiterings."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detectors.core import events
from detectors.core.arrays import Floats, Ints
from detectors.core.detector import Context
from detectors.core.evidence import Bound, at_least, at_most
from detectors.core.frames import SECOND_US
from detectors.kinematics import geodesy, timegrid
from detectors.kinematics.reports import Reports
from detectors.loitering.limits import Limits
from detectors.surroundings import coverage, lanes, nearby
from detectors.surroundings.lying import Lying

MOVES_KN: Final = 1.2
"""A leg on which less was made good has no course to speak of."""

ON_HEADING_DEG: Final = 30.0
"""Of 17 vessels not under command that stated 0.5 to 1.5 kn in four feeds the course of one lay so
near to the heading, of 35 restricted in their ability to manoeuvre that of 14."""
KNOWN_SLOTS: Final = 2
"""Half hours: over when an hour and a half have passed."""

SETTINGS: Final = (
    "max_interruption_s",
    "max_return_s",
    "near_land_m",
    "min_working_kn",
    "max_working_kn",
    "company_m",
    "min_lying",
)
"""Parameters that shape what is measured."""


def evidence_of(
    limits: Limits,
    reports: Reports,
    grid: timegrid.Grid,
    slow: Ints,
    first: Ints,
    last: Ints,
    middle: tuple[Floats, Floats],
    context: Context,
) -> list[dict[str, Any]]:
    """Return what was measured, one mapping per run."""
    rows, time_us = grid.report[slow], reports.time_us
    before, after = rows[first], grid.report[slow[last] + 1] + 1
    begin, end = slow[first], slow[last] + 1
    n_ticks, duration_s = last - first + 1, (grid.tick[end] - grid.tick[begin]) * limits.step_s
    moved_m = geodesy.apart_m(grid, begin, end)
    height_m, width_m = _box(grid, slow, first, last)
    extent_m = np.hypot(height_m, width_m)
    status_code, status_fraction = timegrid.most_common(reports.nav_status[rows], first, last)
    working, turns = _working(limits, grid, begin, end)
    sog_kn = timegrid.quantiles(reports.sog_kn[rows], first, last, 0.5)
    step_us = time_us[np.minimum(rows + 1, len(time_us) - 1)] - time_us[rows]

    lat, lon = np.atleast_1d(middle[0]), np.atleast_1d(middle[1])
    zones = context.zones
    reached = zones.reached(lat, lon)
    away_m = nearby.nearest_zone_m(zones, lat, lon, limits.excluded_classes)
    n_lain, n_sets_off = lain(context, (lat, lon), time_us[before])
    columns: dict[str, Any] = {
        "duration_s": duration_s,
        "n_ticks": n_ticks,
        "slow_fraction": n_ticks * limits.step_s / duration_s,
        "median_speed_kn": timegrid.quantiles(grid.speed_kn[slow], first, last, 0.5),
        "median_sog_kn": sog_kn,
        "drift_kn": geodesy.speed_kn(moved_m, duration_s),
        "extent_m": extent_m,
        "area_km2": height_m * width_m / 1e6,
        "way_ratio": sog_kn * geodesy.KNOT_MPS * duration_s / np.maximum(extent_m, 1.0),
        "working_speed_fraction": working,
        "stated_working_fraction": _stated(limits, reports, before, after),
        "n_turns": turns,
        **stays(limits, grid, begin, end),
        "on_heading_fraction": _on_heading(limits, reports.heading_deg, grid, begin, end),
        "ais_class": _classes(reports, before, after),
        "nav_status": status_code,
        "nav_status_fraction": status_fraction,
        "n_reports": after - before + 1,
        "n_other_hull_reports": [
            reports.n_of_other_hulls(a, b)
            for a, b in zip(before.tolist(), after.tolist(), strict=True)
        ],
        "longest_silence_s": timegrid.aggregate(np.maximum, step_us / SECOND_US, first, last),
        "first_report_source": reports.sources_of(before),
        "last_report_source": reports.sources_of(after),
        "zones_reached": [bool(value) for value in reached],
        **{
            f"in_{name}": [bool(value) for value in zones.within(lat, lon, (name,))]
            for name in ("sts_area", "waiting_area", "pilot_ground")
        },
        "in_licensed_sts_area": zones.licensed_at(lat, lon, time_us[before]).tolist(),
        "near_land": [bool(value) for value in zones.near_land(lat, lon, limits.near_land_m)],
        "anchorage_distance_m": np.where(reached, away_m, np.nan),
        "n_lain": n_lain,
        "n_sets_off": n_sets_off,
    }
    return events.each(columns)


def lain(context: Context, middle: tuple[Floats, Floats], start_us: Ints) -> tuple[Ints, Ints]:
    """Return how many lay at once around each place, itself among them, and how many sets went off
    there as they lay: from a day before it began until it had lasted for `KNOWN_SLOTS`.

    All of that is settled when it has lasted long enough to be a loitering.
    """
    own = start_us // (coverage.SLOT_S * SECOND_US)
    day = 86_400 // coverage.SLOT_S
    return context.coverage.once(Lying.of).around(*middle, own - day, own + KNOWN_SLOTS)


def bounds(limits: Limits, measured: Mapping[str, Any]) -> dict[str, Bound]:
    """Return what of a loitering the rule bounds, by name."""
    return {
        "duration_s": at_least(measured["duration_s"], limits, "min_duration_s"),
        "median_speed_kn": at_most(measured["median_speed_kn"], limits, "max_speed_kn"),
        "longest_silence_s": at_most(measured["longest_silence_s"], limits, "max_silence_s"),
        "n_reports": at_least(measured["n_reports"], limits, "min_reports"),
    }


def _stated(limits: Limits, reports: Reports, first: Ints, last: Ints) -> Floats:
    """Return the share of the reports of each run, from one row to another, that state working
    speed.
    """
    run, row = timegrid.ranges(first, last - first + 1)
    sog_kn = reports.sog_kn[row]
    working = (sog_kn >= limits.min_working_kn) & (sog_kn < limits.max_working_kn)
    return np.asarray(np.bincount(run, working, len(first)) / (last - first + 1))


def _classes(reports: Reports, first: Ints, last: Ints) -> list[str]:
    """Return the class of the set of each run: B where it sent nothing as class A."""
    run, row = timegrid.ranges(first, last - first + 1)
    as_a = np.bincount(run, reports.ais_class_of(row) == "A", len(first)) > 0
    sent: list[str] = np.where(as_a, "A", reports.ais_class_of(first)).tolist()
    return sent


def _working(limits: Limits, grid: timegrid.Grid, begin: Ints, end: Ints) -> tuple[Floats, Ints]:
    """Return each run's share of time at working speed, and how often it turned about."""
    working = (grid.speed_kn >= limits.min_working_kn) & (grid.speed_kn < limits.max_working_kn)
    n_working = np.r_[0, np.cumsum(working)]
    run, here, there = legs(limits, grid, begin, end)
    ends = grid.lat[here], grid.lon[here], grid.lat[there], grid.lon[there]
    moves_m = MOVES_KN * geodesy.KNOT_MPS * limits.leg_s
    moves = np.asarray(geodesy.distance_m(*ends)) >= moves_m
    run, course_deg = run[moves], np.asarray(geodesy.bearing_deg(*ends))[moves]
    turned = lanes.turned_deg(course_deg[1:], course_deg[:-1]) >= limits.min_turn_deg
    turned &= run[1:] == run[:-1]
    turns = np.bincount(run[1:][turned], minlength=len(begin))
    return (n_working[end] - n_working[begin]) / (end - begin), turns


def _on_heading(
    limits: Limits, heading_deg: Floats, grid: timegrid.Grid, begin: Ints, end: Ints
) -> Floats:
    """Return the share of each run's legs that led within `ON_HEADING_DEG` of where its bow pointed
    as they began; NaN where it says that of fewer than half of them.
    """
    run, here, there = legs(limits, grid, begin, end)
    course_deg = geodesy.course_deg(grid, here, there)
    off_deg = lanes.turned_deg(np.asarray(course_deg), heading_deg[grid.report[here]])
    told = np.isfinite(off_deg)
    n, n_told, n_on = (
        np.bincount(run, which, len(begin))
        for which in (np.ones(len(run)), told, told & (off_deg <= ON_HEADING_DEG))
    )
    known = (n_told > 0) & (2 * n_told >= n)
    return np.where(known, n_on / np.maximum(n_told, 1), np.nan)


def _box(grid: timegrid.Grid, slow: Ints, first: Ints, last: Ints) -> tuple[Floats, Floats]:
    """Return height and width in metres of the box around each run's qualifying ticks."""
    lat, (run, covered) = grid.lat[slow], timegrid.ranges(first, last - first + 1)
    begin_lon = np.zeros(len(slow))
    begin_lon[covered] = grid.lon[slow[first]][run]
    east = geodesy.wrap_lon(grid.lon[slow] - begin_lon)
    south, north = (timegrid.aggregate(f, lat, first, last) for f in (np.minimum, np.maximum))
    left, right = (timegrid.aggregate(f, east, first, last) for f in (np.minimum, np.maximum))
    zero = np.zeros(len(first))
    return (
        np.asarray(geodesy.distance_m(south, zero, north, zero)),
        np.asarray(geodesy.distance_m((south + north) / 2, left, (south + north) / 2, right)),
    )


# ---- where within a loitering the vessel held its place, and how often it shifted under way


HELD_KN: Final = 0.2
"""Made good over a leg of 20 minutes, in a swing about an anchor too. On ten simulated nights
drifters and waiting mother ships held their place for 0.16 of the time at most, in a feed of the
Aegean ships at anchor and at berths for 0.78 or more."""
HELD_M: Final = 1000.0
"""Across the circle in which a large ship lies to her anchor (see `hypotheses.held.SWING_M`)."""
NET_KN: Final = 0.1
"""Made good over the whole of a stay: what drifts slowly gets on, what swings doesn't."""


def stays(
    limits: Limits, grid: timegrid.Grid, begin: Ints, end: Ints
) -> dict[str, NDArray[np.float64] | Ints]:
    """Return each run's share of time in which it held a place, at how many places, and its shifts.

    A place is held for as many legs in a row as made good `HELD_KN` or less, if they stay within
    `HELD_M` and make good `NET_KN` or less together. A shift is a stretch at `max_speed_kn` or
    more as its positions have it: the speed that it states is its own to say.

    `begin` and `end` are grid rows, of the run's first tick and of the end of its last step.
    """
    fast = grid.speed_kn >= limits.max_speed_kn
    began = np.r_[0, np.cumsum(fast & ~np.r_[False, fast[:-1]])]
    n_shifts = began[end] - began[begin + 1] + fast[begin]
    run, here, there = legs(limits, grid, begin, end)
    slow = geodesy.apart_m(grid, here, there) <= HELD_KN * geodesy.KNOT_MPS * limits.leg_s
    since, until = timegrid.stretches(run, slow)
    since, until = since[slow[since]], until[slow[since]]
    of, first, last = run[since], here[since], there[until]
    took_s = (last - first) * limits.step_s
    still = geodesy.apart_m(grid, first, last) <= NET_KN * geodesy.KNOT_MPS * took_s
    still &= _across_m(grid, first, last) <= HELD_M
    held_s = np.bincount(of[still], took_s[still], len(begin))
    return {
        "held_fraction": held_s / ((end - begin) * limits.step_s),
        "n_held": np.bincount(of[still], minlength=len(begin)),
        "n_shifts": n_shifts,
    }


def legs(limits: Limits, grid: timegrid.Grid, begin: Ints, end: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the legs of `leg_s` within runs: whose each is, and the rows that it goes from and to.

    From tick to tick of an absolute grid; `begin` and `end` are as of `stays`.
    """
    marks = np.flatnonzero(grid.tick % (limits.leg_s // limits.step_s) == 0)
    first, until = np.searchsorted(marks, begin), np.searchsorted(marks, end, side="right")
    run, mark = timegrid.ranges(first, np.maximum(until - first - 1, 0))
    return run, marks[mark], marks[mark + 1]


def _across_m(grid: timegrid.Grid, first: Ints, last: Ints) -> Floats:
    """Return how far from its first tick each stretch gets."""
    stretch, rows = timegrid.ranges(first, last - first + 1)
    far_m = np.zeros(len(first))
    np.maximum.at(far_m, stretch, geodesy.apart_m(grid, first[stretch], rows))
    return far_m
