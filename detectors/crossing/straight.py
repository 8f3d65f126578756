"""Which silences a boat crossed straight on: its way leaves no time for anything else.

Who has no time to spare was on the line between (space-time prism: Hägerstrand 1970, What about
people in regional science?, Papers of the Regional Science Association 24:7-21).
"""

from typing import Final

import numpy as np

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.frames import SECOND_US, is_first
from detectors.crossing.limits import Limits
from detectors.kinematics import geodesy, timegrid
from detectors.kinematics.reports import Reports

MISSED_S: Final = 1800.0
"""A shorter silence is as good as heard: the line between its ends is the way."""
FILLED: Final = 0.9
"""A way that takes so much of a silence at the speed stated at its ends was made straight: the rest
is what a helmsman and a stream take."""
ON_COURSE_DEG: Final = 30.0
"""Who turns in to a shore off its way and out again comes from there on another course, unless that
shore lies on the way (judgement)."""


def grid_of(limits: Limits, reports: Reports) -> timegrid.Grid:
    """Return the places of tracks on the absolute grid, also in silences longer than
    `max_silence_s`, up to `max_straight_s`, that the way across them fills, or up to
    `max_steered_s` if it kept one course too.
    """
    grid = reports.grid(limits.step_s, limits.longest_way_s)
    silent_s = _silent_s(reports, grid.report)
    long = np.flatnonzero(silent_s > limits.max_silence_s)
    last, of = np.unique(grid.report[long], return_inverse=True)
    way = _filled(limits, reports, last)
    way &= (_silent_s(reports, last) <= limits.max_straight_s) | _steered(limits, reports, last)
    keep = np.ones(len(grid.tick), bool)
    keep[long[~way[of]]] = False
    return grid.kept(keep)


def may_land(limits: Limits, reports: Reports, grid: timegrid.Grid) -> Bools:
    """Tell which rows of the grid show where a boat can have been ashore: not those in silences of
    `MISSED_S` or more, but their first, that it crossed straight on, on one course.
    """
    silent_s = _silent_s(reports, grid.report)
    begins = is_first(grid.report)
    inside = np.flatnonzero(~begins & (silent_s >= MISSED_S))
    last, of = np.unique(grid.report[inside], return_inverse=True)
    straight = _filled(limits, reports, last) & _steered(limits, reports, last)
    found = np.ones(len(grid.tick), bool)
    found[inside[straight[of]]] = False
    return found


def _silent_s(reports: Reports, last: Ints) -> Floats:
    return np.asarray((reports.time_us[last + 1] - reports.time_us[last]) / SECOND_US)


def _filled(limits: Limits, reports: Reports, last: Ints) -> Bools:
    """Tell of silences after reports whether the way across them fills them."""
    a, b = last, last + 1
    made_m = geodesy.apart_m(reports, a, b)
    made_kn = np.asarray(geodesy.speed_kn(made_m, _silent_s(reports, last)))
    filled = made_kn >= FILLED * np.fmax(reports.sog_kn[a], reports.sog_kn[b])
    return np.asarray(filled & (made_kn >= limits.min_speed_kn))


def _steered(limits: Limits, reports: Reports, last: Ints) -> Bools:
    """Tell of silences after reports whether their tracks kept one course from the report before
    the last heard to the second after.
    """
    return one_course(limits, reports, last, last - 1, last + 2)


def one_course(limits: Limits, reports: Reports, before: Ints, first: Ints, last: Ints) -> Bools:
    """Tell of silences after reports whether their tracks were under way, by positions, from the
    first report of a run (or the one before the last heard) to the silence, across it, and on to
    the last report of the run (or the next but one), on one course within `ON_COURSE_DEG`.
    """
    rows = np.stack(
        [np.minimum(first, before - 1), before, before + 1, np.maximum(last, before + 2)]
    )
    rows = np.clip(rows, 0, len(reports.track) - 1)
    lat, lon = reports.lat[rows], reports.lon[rows]
    legs = lat[:-1], lon[:-1], lat[1:], lon[1:]
    took_s = np.maximum(np.diff(reports.time_us[rows], axis=0) / SECOND_US, 1.0)
    made_kn = np.asarray(geodesy.speed_kn(geodesy.distance_m(*legs), took_s))
    course_deg = np.asarray(geodesy.bearing_deg(*legs))
    off_deg = np.abs((course_deg[[0, 2]] - course_deg[1] + 180.0) % 360.0 - 180.0)
    one = (reports.track[rows] == reports.track[rows[1]]).all(axis=0)
    under_way = (made_kn >= limits.min_speed_kn).all(axis=0)
    return np.asarray(one & under_way & (off_deg <= ON_COURSE_DEG).all(axis=0))
