"""Where vessels were between two reports: boats that came planing and lie, and what is heard by
passes.
"""

from dataclasses import replace
from typing import Final

import numpy as np

from detectors.core.arrays import Bools, Ints
from detectors.core.frames import SECOND_US
from detectors.encounter.limits import Limits
from detectors.kinematics import geodesy, timegrid
from detectors.kinematics.reports import Reports
from detectors.kinematics.timegrid import Grid

STRAIGHT: Final = 0.9
"""A way that leaves less than a tenth of the time to spare at the speed stated went straight: as
crossings have it (`crossing`, `max_straight_s`)."""
SET_OUT_KN: Final = 2.0
"""So much faster at one end than its way over the silence, it lay at the other and set out, or came
and lay: when is unknown, and to join the two by a straight line puts it at places between for an
hour. A stream that turns meanwhile differs by half of its own speed from what it carried off."""


def grid_of(limits: Limits, reports: Reports) -> Grid:
    """Return the places of tracks on the absolute grid, also in silences of what stayed slow or
    went straight on.

    A silence longer than `max_silence_s`, up to `max_pass_s`, is bridged where the reports at both
    ends state no more speed than a stream gives, and lie no further apart than one carries. What
    lies or drifts at both ends, as far on as it drifts, did so in between, more likely than that it
    left and came back; not so who states `SET_OUT_KN` more at one end than it made. Where it is
    under way only a way bounds it that fills the silence: to `STRAIGHT` at the greater of the
    speeds stated, which is less than `max_alongside_speed_kn`.
    """
    grid = _resampled(limits, reports)
    before = grid.report
    long = thin(limits, reports, grid, np.arange(len(before)))
    some = np.flatnonzero(long)
    if len(some) == 0:
        return grid
    a, b = before[some], before[some] + 1
    moved_m = geodesy.apart_m(reports, a, b)
    took_s = (reports.time_us[b] - reports.time_us[a]) / SECOND_US
    stated_kn = np.fmax(reports.sog_kn[a], reports.sog_kn[b])
    made_kn = np.asarray(geodesy.speed_kn(moved_m, took_s))
    slow = (stated_kn < limits.max_drift_kn) | np.isnan(stated_kn)
    slow &= made_kn < limits.max_drift_kn
    slow &= ~(stated_kn > made_kn + SET_OUT_KN)
    straight = (stated_kn >= limits.max_drift_kn) & (stated_kn < limits.max_alongside_speed_kn)
    straight &= made_kn >= STRAIGHT * stated_kn
    keep = ~long
    keep[some[slow | straight]] = True
    return grid.kept(keep)


def _resampled(limits: Limits, reports: Reports) -> Grid:
    """Return the grid of all reports, and of when between two of them a boat came or left.

    A boat that planes at one report and lies at the next didn't slow down all the way, as a
    straight line through time has it: it went at the speed that it states, as far as it had to go,
    and lay for the rest (speeds at both ends bound the way between: Long 2016, Kinematic
    interpolation of movement data, International Journal of Geographical Information Science
    30:854-868, doi:10.1080/13658816.2015.1081909).
    """
    leg, comes = _comes_or_leaves(limits, reports)
    took_s = (reports.time_us[leg + 1] - reports.time_us[leg]) / SECOND_US
    fast_kn = np.where(comes, reports.sog_kn[leg], reports.sog_kn[leg + 1])
    ends = reports.lat[leg], reports.lon[leg], reports.lat[leg + 1], reports.lon[leg + 1]
    under_way_s = geodesy.distance_m(*ends) / (fast_kn * geodesy.KNOT_MPS)
    part = under_way_s < took_s - 1.0
    leg, comes, took_s, under_way_s = leg[part], comes[part], took_s[part], under_way_s[part]
    after_s = np.where(comes, under_way_s, took_s - under_way_s)
    at_us = reports.time_us[leg] + np.rint(after_s * SECOND_US).astype("int64")
    own = np.arange(len(reports))
    place = np.insert(own, leg + 1, np.where(comes, leg + 1, leg))
    grid = timegrid.resample(
        reports.track[place],
        np.insert(reports.time_us, leg + 1, at_us),
        reports.lat[place],
        reports.lon[place],
        limits.step_s,
        limits.max_pass_s,
    )
    return replace(grid, report=np.insert(own, leg + 1, leg)[grid.report])


def _comes_or_leaves(limits: Limits, reports: Reports) -> tuple[Ints, Bools]:
    """Return the first reports of legs on which a boat came to where it lies, or left it, and
    whether it came.

    It lies from report to report for a whole step of the grid at least, slowly however its places
    are joined: who was near is known by that. Or once, between two at which it planes.
    """
    sog_kn, time_us = reports.sog_kn, reports.time_us
    took_us = np.diff(time_us)
    within = (np.diff(reports.track) == 0) & (took_us <= limits.max_silence_s * SECOND_US)
    lies = within & (sog_kn[:-1] < limits.max_drift_kn) & (sog_kn[1:] < limits.max_drift_kn)
    fast = sog_kn >= limits.max_alongside_speed_kn
    # Most that lie never plane: they neither came so nor left so.
    planes = np.logical_or.reduceat(fast, reports.bounds[:-1])
    lies &= np.repeat(planes, np.diff(reports.bounds))[:-1]
    a = np.flatnonzero(lies)
    b = a + 1
    moved_m = geodesy.apart_m(reports, a, b)
    lies[a] = moved_m < limits.max_drift_kn * geodesy.KNOT_MPS * took_us[a] / SECOND_US
    first, last = timegrid.stretches(lies)
    step_us = limits.step_s * SECOND_US
    whole = -(-time_us[first] // step_us) * step_us + step_us <= time_us[last + 1]
    first, last = first[lies[first] & whole], last[lies[first] & whole] + 1
    came, left = first[first > 0] - 1, last[last < len(lies)]
    long = within & (took_us >= step_us)
    came, left = came[(long & fast[:-1])[came]], left[(long & fast[1:])[left]]
    once = _once(limits, reports, np.flatnonzero((long & fast[:-1])[:-1] & (long & fast[1:])[1:]))
    came, left = np.r_[came, once], np.r_[left, once + 1]
    legs = np.r_[came, left]
    order = np.argsort(legs, kind="stable")
    return legs[order], (np.arange(len(legs)) < len(came))[order]


def _once(limits: Limits, reports: Reports, fast: Ints) -> Ints:
    """Return the reports of boats that plane, there and at the second report after, and lay for a
    whole step of the grid around the one between, by the speeds that they state. Class B that lies
    sends every 3 minutes (ITU-R M.1371-5, annex 1, table 1): of a visit of minutes one is heard.

    On one of the two legs joined straight it is as slow as to be within `max_distance_m` at the
    step beside that report: who was near is known by that.
    """
    lies = fast + 1
    fast, lies = (some[reports.sog_kn[lies] < limits.max_drift_kn] for some in (fast, lies))
    far_m, way_us, slow = [], [], np.zeros(len(fast), bool)
    for end, first in ((fast, fast), (lies + 1, lies)):
        own = np.stack([first, first + 1])
        lat, lon = reports.lat[own], reports.lon[own]
        far_m.append(np.asarray(geodesy.distance_m(lat[0], lon[0], lat[1], lon[1])))
        way_us.append(far_m[-1] / (reports.sog_kn[end] * geodesy.KNOT_MPS) * SECOND_US)
        took_s = (reports.time_us[own[1]] - reports.time_us[own[0]]) / SECOND_US
        beside_m = far_m[-1] / took_s * limits.step_s
        slow |= beside_m <= limits.max_distance_m - limits.max_alongside_m
    step_us = limits.step_s * SECOND_US
    came_us, left_us = reports.time_us[fast] + way_us[0], reports.time_us[lies + 1] - way_us[1]
    return fast[slow & (np.ceil(came_us / step_us) * step_us + step_us <= left_us)]


def thin(limits: Limits, reports: Reports, grid: Grid, rows: Ints) -> Bools:
    """Tell whether grid rows lie in a silence that is longer than `max_silence_s`."""
    before = grid.report[rows]
    silent_us = reports.time_us[before + 1] - reports.time_us[before]
    return np.asarray(silent_us > limits.max_silence_s * SECOND_US)
