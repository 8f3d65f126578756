"""Vessels that are heard by passes: where they were in a silence of which both ends are slow."""

import numpy as np
from numpy.typing import NDArray

from detectors.core.frames import SECOND_US
from detectors.encounter.limits import Limits
from detectors.kinematics import geodesy
from detectors.kinematics.reports import Reports
from detectors.kinematics.timegrid import Grid

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def grid_of(limits: Limits, reports: Reports) -> Grid:
    """Return the places of tracks on the absolute grid, also in silences of what stayed slow.

    A silence longer than `max_silence_s`, up to `max_pass_s`, is bridged where the reports at both
    ends state no more speed than a stream gives, and lie no further apart than one carries. What
    lies or drifts at both ends, as far on as it drifts, did so in between, more likely than that it
    left and came back; where it is under way nothing bounds it so.
    """
    grid = reports.grid(limits.step_s, limits.max_pass_s)
    before = grid.report
    long = thin(limits, reports, grid, np.arange(len(before)))
    some = np.flatnonzero(long)
    if len(some) == 0:
        return grid
    a, b = before[some], before[some] + 1
    moved_m = geodesy.distance_m(reports.lat[a], reports.lon[a], reports.lat[b], reports.lon[b])
    took_s = (reports.time_us[b] - reports.time_us[a]) / SECOND_US
    stated_kn = np.fmax(reports.sog_kn[a], reports.sog_kn[b])
    slow = (stated_kn < limits.max_drift_kn) | np.isnan(stated_kn)
    slow &= np.asarray(geodesy.speed_kn(moved_m, took_s)) < limits.max_drift_kn
    keep = ~long
    keep[some[slow]] = True
    rows = np.flatnonzero(keep)
    track, tick = grid.track_id[rows], grid.tick[rows]
    goes_on = np.r_[(track[1:] == track[:-1]) & (tick[1:] == tick[:-1] + 1), False]
    return Grid(
        grid.step_s,
        track,
        tick,
        grid.lat[rows],
        grid.lon[rows],
        np.where(goes_on, grid.speed_kn[rows], np.nan),
        before[rows],
    )


def thin(limits: Limits, reports: Reports, grid: Grid, rows: Ints) -> Bools:
    """Tell whether grid rows lie in a silence that is longer than `max_silence_s`."""
    before = grid.report[rows]
    silent_us = reports.time_us[before + 1] - reports.time_us[before]
    return np.asarray(silent_us > limits.max_silence_s * SECOND_US)
