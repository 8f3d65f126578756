"""Where a vessel is slow in open water."""

from typing import Final

import numpy as np

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.detector import Context
from detectors.core.frames import SECOND_US, is_first
from detectors.kinematics import geodesy, timegrid
from detectors.kinematics.reports import Reports
from detectors.loitering.limits import Limits

AT_REST_KN: Final = 0.3
"""What a set says of a vessel made fast or at anchor: nothing, but for errors of its position."""
SHIFTED_M: Final = 500.0
"""Further than errors, a swing at anchor, and a ship's length between its aerials together."""


def slow_ticks(limits: Limits, reports: Reports, grid: timegrid.Grid) -> tuple[Ints, Bools]:
    """Return the ticks at which a vessel is slow, as far as that can be told, and which of them are
    of a silence at an end of which it made way.

    Between two reports further apart than an interruption may last, a straight way between them
    says little. Where it lay at rest at both, in two places, it isn't slow going: what drifts
    doesn't rest at either end, but a ferry or a tug between two berths does. Where either report
    says that the vessel was making way, it sailed for a part of it: see `in_open_water`. Of a feed
    without speeds the interval beyond says it.
    """
    slow = np.flatnonzero(grid.speed_kn < limits.max_speed_kn)
    report = grid.report[slow]  # in order, as the ticks are
    begins = is_first(report)
    row = report[begins]
    silent_s = (reports.time_us[row + 1] - reports.time_us[row]) / SECOND_US
    row = row[silent_s > limits.max_interruption_s]
    after = row + 1
    stated = np.stack([_speed_kn(limits, reports, row, -1), _speed_kn(limits, reports, after, 1)])
    lat, lon = reports.lat, reports.lon
    apart_m = geodesy.distance_m(lat[row], lon[row], lat[after], lon[after])
    shifted, sailed = np.zeros((2, len(reports)), bool)
    shifted[row] = (stated < AT_REST_KN).all(axis=0) & (apart_m > SHIFTED_M)
    sailed[row] = (stated >= limits.max_speed_kn).any(axis=0)
    kept = ~shifted[report]
    return slow[kept], sailed[report[kept]]


def _speed_kn(limits: Limits, reports: Reports, row: Ints, by: int) -> Floats:
    """Return the speed stated in each report; where none is, made good from or to the next one.

    Not over a longer time than an interruption may last: that is known when it is settled.
    """
    beside = np.clip(row + by, 0, len(reports) - 1)
    took_s = np.abs(reports.time_us[beside] - reports.time_us[row]) / SECOND_US
    known = (reports.track[beside] == reports.track[row]) & (took_s > 0)
    known &= took_s <= limits.max_interruption_s
    lat, lon = reports.lat, reports.lon
    found_kn = reports.sog_kn[row]
    asked = np.flatnonzero(known & np.isnan(found_kn))
    a, b = row[asked], beside[asked]
    moved_m = geodesy.distance_m(lat[a], lon[a], lat[b], lon[b])
    found_kn[asked] = geodesy.speed_kn(moved_m, took_s[asked])
    return found_kn


def slow_runs(limits: Limits, grid: timegrid.Grid, rows: Ints) -> tuple[Ints, Ints]:
    """Find runs of slow ticks, with tolerated interruptions, that are long enough."""

    def joins(before: Ints, after: Ints) -> Bools:
        a, b = rows[before], rows[after]
        apart_m = geodesy.apart_m(grid, a, b)
        pause = grid.tick[b] - grid.tick[a] - 1
        near = np.asarray(apart_m <= limits.max_interruption_m)
        near &= pause <= limits.max_interruption_s // limits.step_s
        near &= grid.track_id[a] == grid.track_id[b]
        return near | comes_back(limits, grid, rows, before, after, near)

    return timegrid.episodes(
        grid.track_id[rows],
        grid.tick[rows],
        max_break=limits.max_return_s // limits.step_s,
        min_piece=-(-limits.min_piece_s // limits.step_s),
        min_length=-(-limits.min_duration_s // limits.step_s),
        joins=joins,
    )


def comes_back(
    limits: Limits, grid: timegrid.Grid, rows: Ints, before: Ints, after: Ints, near: Bools
) -> Bools:
    """Tell after which pauses that don't join two stays yet (`near`) a vessel came back to where it
    had lain: within `max_interruption_m` of where it was slow in the same loitering, in the
    `min_duration_s` before the pause; and lay, before or after it, for as long as it took.

    `before` and `after` are places in `rows`, slow ticks of the grid: the last one of each stay and
    the first one of the next stay.
    """
    track, tick = grid.track_id[rows], grid.tick[rows]
    pause = tick[after] - tick[before] - 1
    asked = ~near & (track[before] == track[after])
    asked &= pause <= limits.max_return_s // limits.step_s
    lay = np.zeros(len(near), bool)
    for row, by in ((before, 1 - pause), (after, pause - 1)):
        end = np.clip(row + by, 0, len(rows) - 1)
        lay |= (track[end] == track[row]) & (tick[end] - tick[row] == by)
    asked &= lay
    back = np.zeros(len(near), bool)
    if not asked.any():
        return back
    # Which stay each loitering begins with, and its first tick.
    whole = np.maximum.accumulate(np.r_[0, np.where(near, 0, np.arange(1, len(near) + 1))])
    broken = np.flatnonzero(np.diff(tick[: before[0] + 1]) != 1)
    since = np.r_[broken[-1] + 1 if len(broken) else 0, after]
    ago = limits.min_duration_s // limits.step_s
    for k in np.flatnonzero(asked).tolist():
        first, last = int(since[whole[k]]), int(before[k]) + 1
        first += int(np.searchsorted(tick[first:last], tick[last - 1] - ago, side="right"))
        there, here = rows[first:last], rows[after[k]]
        off_m = geodesy.apart_m(grid, there, here)
        back[k] = np.min(off_m) <= limits.max_interruption_m
        if back[k]:
            whole[k + 1 :][whole[k + 1 :] == k + 1] = whole[k]
    return back


def in_open_water(
    limits: Limits, grid: timegrid.Grid, slow: Ints, sailed: Bools, context: Context
) -> Ints:
    """Return the slow ticks outside excluded zones and land.

    Zones only take ticks away, so only ticks of runs that are long enough without them need
    the test. A run neither begins nor ends with ticks at which the vessel `sailed`: it came, or
    went on, in that silence. Between others they stay, as of one that regains its place.
    """
    first, last = slow_runs(limits, grid, slow)
    run, covered = timegrid.ranges(first, last - first + 1)
    slow, sailed = slow[covered], sailed[covered]
    lat, lon = grid.lat[slow], grid.lon[slow]
    zones = context.zones
    open_water = ~(zones.within(lat, lon, limits.excluded_classes) | zones.on_land(lat, lon))
    n = len(first)
    lies = np.flatnonzero(open_water & ~sailed)
    begin, end = np.full(n, len(slow)), np.full(n, -1)
    np.minimum.at(begin, run[lies], lies)
    np.maximum.at(end, run[lies], lies)
    at = np.arange(len(slow))
    return slow[open_water & (at >= begin[run]) & (at <= end[run])]
