"""Where a vessel is slow in open water."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

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

    def joins(before: Ints, after: Ints) -> NDArray[np.bool_]:
        a, b = rows[before], rows[after]
        apart_m = geodesy.distance_m(grid.lat[a], grid.lon[a], grid.lat[b], grid.lon[b])
        return np.asarray(apart_m <= limits.max_interruption_m)

    return timegrid.episodes(
        grid.track_id[rows],
        grid.tick[rows],
        max_break=limits.max_interruption_s // limits.step_s,
        min_piece=-(-limits.min_piece_s // limits.step_s),
        min_length=-(-limits.min_duration_s // limits.step_s),
        joins=joins,
    )


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
