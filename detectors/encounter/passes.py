"""Where vessels were between two reports: boats that came planing and lie, and what is heard by
passes.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.core.frames import SECOND_US
from detectors.encounter.limits import Limits
from detectors.kinematics import geodesy, timegrid
from detectors.kinematics.reports import Reports
from detectors.kinematics.timegrid import Grid

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_ENDS: Final = (np.minimum, np.maximum)


def grid_of(limits: Limits, reports: Reports) -> Grid:
    """Return the places of tracks on the absolute grid, also in silences of what stayed slow.

    A silence longer than `max_silence_s`, up to `max_pass_s`, is bridged where the reports at both
    ends state no more speed than a stream gives, and lie no further apart than one carries. What
    lies or drifts at both ends, as far on as it drifts, did so in between, more likely than that it
    left and came back; where it is under way nothing bounds it so.
    """
    grid = _resampled(limits, reports)
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


def _resampled(limits: Limits, reports: Reports) -> Grid:
    """Return the grid of all reports, and of when between two of them a boat came or left.

    A boat that planes at one report and lies at the next didn't slow down all the way, as a
    straight line through time has it: it went at the speed that it states, as far as it had to go,
    and lay for the rest (speeds at both ends bound the way between: Long 2016, Kinematic
    interpolation of movement data, International Journal of Geographical Information Science
    30:854-868, doi:10.1080/13658816.2015.1081909).
    """
    track, time_us = reports.track, reports.time_us
    row = np.flatnonzero(track[1:] == track[:-1])
    took_s = (time_us[row + 1] - time_us[row]) / SECOND_US
    slow_kn, fast_kn = (of(reports.sog_kn[row], reports.sog_kn[row + 1]) for of in _ENDS)
    some = (slow_kn < limits.max_drift_kn) & (fast_kn >= limits.max_alongside_speed_kn)
    some &= (took_s >= limits.step_s) & (took_s <= limits.max_silence_s)
    row, took_s, fast_kn = row[some], took_s[some], fast_kn[some]
    ends = reports.lat[row], reports.lon[row], reports.lat[row + 1], reports.lon[row + 1]
    under_way_s = geodesy.distance_m(*ends) / (fast_kn * geodesy.KNOT_MPS)
    part = under_way_s < took_s - 1.0
    row, took_s, under_way_s = row[part], took_s[part], under_way_s[part]
    comes = reports.sog_kn[row] > reports.sog_kn[row + 1]
    after_s = np.where(comes, under_way_s, took_s - under_way_s)
    lies = np.where(comes, row + 1, row)
    at = np.insert(np.arange(len(track)), row + 1, lies)
    times_us = np.insert(time_us, row + 1, time_us[row] + np.rint(after_s * SECOND_US).astype("int64"))
    silence_s = limits.max_pass_s
    grid = timegrid.resample(
        track[at], times_us, reports.lat[at], reports.lon[at], limits.step_s, silence_s
    )
    real = np.insert(np.arange(len(track)), row + 1, row)
    return replace(grid, report=real[grid.report])


def thin(limits: Limits, reports: Reports, grid: Grid, rows: Ints) -> Bools:
    """Tell whether grid rows lie in a silence that is longer than `max_silence_s`."""
    before = grid.report[rows]
    silent_us = reports.time_us[before + 1] - reports.time_us[before]
    return np.asarray(silent_us > limits.max_silence_s * SECOND_US)
