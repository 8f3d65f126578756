"""Where a vessel is held to the ground."""

import numpy as np

from detectors.anchoring.limits import Limits
from detectors.core.arrays import Bools, Floats, Ints
from detectors.kinematics import geodesy, timegrid


def held_ticks(limits: Limits, grid: timegrid.Grid) -> Bools:
    """Tell which ticks lie in a span of `hold_s` in which the vessel kept its place.

    It did where it was within `max_swing_m` of its place at the beginning a third, two thirds and
    the whole of the span later. Each span is judged by itself, so that a longer look adds spans and
    takes none away. A tick from which it is half as far off at the next one isn't: a ferry is back
    at its landing whenever a span looks, and who shifts to another place within two steps makes
    half of the way in one of them.
    """
    n, whole = len(grid.tick), limits.hold_s // limits.step_s
    covered = np.zeros(n + 1, "int64")
    begin = np.arange(max(n - whole, 0))
    same = grid.track_id[begin] == grid.track_id[begin + whole]
    begin = begin[same & (grid.tick[begin + whole] - grid.tick[begin] == whole)]
    for part in (3, 2, 1):
        later = begin + whole * part // 3
        moved_m = geodesy.apart_m(grid, begin, later)
        begin = begin[moved_m <= limits.max_swing_m]
    np.add.at(covered, begin, 1)
    np.add.at(covered, begin + whole, -1)
    left_m = geodesy.distance_m(grid.lat[:-1], grid.lon[:-1], grid.lat[1:], grid.lon[1:])
    same = grid.track_id[:-1] == grid.track_id[1:]
    leaves = np.r_[(left_m > limits.max_swing_m / 2) & same, False]
    held = (np.cumsum(covered[:-1]) > 0) & np.isfinite(grid.speed_kn) & ~leaves
    return np.asarray(held)


def stays(limits: Limits, grid: timegrid.Grid, rows: Ints) -> tuple[Ints, Ints]:
    """Find runs of ticks held at one place, for `min_swung_s` at least."""

    def joins(before: Ints, after: Ints) -> Bools:
        # The ticks beside a break may be under way still: those next to them count too.
        joined = np.ones(len(before), bool)
        for a, b in ((rows[before], rows[after]), (rows[before - 1], rows[after + 1])):
            apart_m = geodesy.apart_m(grid, a, b)
            joined &= np.asarray(apart_m) <= limits.max_swing_m
        return joined

    return timegrid.episodes(
        grid.track_id[rows],
        grid.tick[rows],
        max_break=limits.max_pause_s // limits.step_s,
        min_piece=2,
        min_length=-(-limits.min_swung_s // limits.step_s),
        joins=joins,
    )


def swung_deg(heading_deg: Floats, first: Ints, last: Ints) -> Floats:
    """Return by how much each run's heading turned away from where it pointed first.

    NaN where no heading is known. It only grows as a run does.
    """
    run, at = timegrid.ranges(first, last - first + 1)
    known = np.isfinite(heading_deg[at])
    run, at = run[known], at[known]
    found = np.full(len(first), np.nan)
    if not len(run):
        return found
    begin, end = timegrid.stretches(run)
    owner = run[begin]
    at_first = np.repeat(heading_deg[at[begin]], end - begin + 1)
    turned = np.abs((heading_deg[at] - at_first + 180.0) % 360.0 - 180.0)
    found[owner] = timegrid.aggregate(np.maximum, turned, begin, end)
    return found
