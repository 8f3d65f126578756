"""How a passage began or ended: at a coast, near one, where nothing is heard, or at sea."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.frames import is_first
from detectors.crossing.beaches import SAMPLED_M, beach_between
from detectors.crossing.limits import Limits
from detectors.crossing.passage import Passage
from detectors.crossing.sieve import WRONG_M, Cells, median
from detectors.crossing.straight import may_land
from detectors.kinematics import bridges, geodesy, timegrid
from detectors.kinematics.reports import Reports
from detectors.surroundings.coasts import Coasts

SOON_S: Final = 1800
"""A run that goes on for longer than this beyond its passage leads elsewhere."""
STAYS_OFF_S: Final = 3600
"""Who waits for a beach to be clear doesn't do so for longer; a trip's fishing takes hours."""
AT_WORK_KN: Final = 1.5
RECENT: Final = 15
"""Ticks (half an hour) to either side that show a vessel's speed."""
HURRY: Final = 1.25
"""By so much faster than that it can have gone unheard."""
SHORE, NEAR, UNHEARD, AT_SEA = "shore", "near", "unheard", "at sea"
"""How a passage began or ended: at the coast, near it, where nothing is heard before or after, or
at sea, where the vessel came from elsewhere or went on or lay.
"""
AT_A_COAST: Final = frozenset({SHORE, NEAR})


class Ending(NamedTuple):
    """How a passage began or ended."""

    how: str
    """One of the words above."""
    ashore: float | None
    """How likely it was ashore where it wasn't heard; None where that isn't asked or known."""
    row: int
    coast_m: float
    """Row of the grid at which it was nearest to that coast, and how near."""


class End(NamedTuple):
    """What lies between an end of a passage and that of its run."""

    row: int
    last: int
    """Of the grid: where the passage ends (or begins), and where its run does."""
    step: int
    """-1 for the beginning, 1 for the end."""
    states: tuple[int, ...]
    """Ordinals of the states of the coast left or made for there, and of the other one."""


class Nearest(NamedTuple):
    """Where each end is nearest to its coast: the row of the grid, how near, and how far it is from
    the other coast there.
    """

    row: Ints
    own_m: Floats
    other_m: Floats


def endings(
    limits: Limits,
    reports: Reports,
    grid: timegrid.Grid,
    passages: Sequence[Passage],
    ends: Ints,
    coasts: Coasts,
    sieve: tuple[Bools, Cells],
) -> dict[int, tuple[Ending, Ending]]:
    """Return how passages began and how they ended, of those that may lead across (`may_cross`).

    `ends` are the first and last rows of their runs; `sieve` says which rows of the grid are at a
    shore, and how far off the coasts all are.
    """
    ashore, cells = sieve
    stretches = [
        End(row, last, step, tuple(coasts.states.index(state) for state in states))
        for passage, (first, last_of_run) in zip(passages, ends.T.tolist(), strict=True)
        for row, last, step, states in (
            (passage.begin, first, -1, (passage.from_state, passage.to_state)),
            (passage.end, last_of_run, 1, (passage.to_state, passage.from_state)),
        )
    ]
    known = may_land(limits, reports, grid)
    nearest = _nearest(grid, stretches, coasts, cells, known)
    near_m = max(limits.near_m, limits.turned_m)
    may_be = nearest.own_m <= limits.near_fraction * (nearest.own_m + nearest.other_m)
    may_be = (may_be & (nearest.own_m <= near_m)) | (nearest.own_m <= limits.shore_m + SAMPLED_M)
    of_each = list(zip(*(values.tolist() for values in nearest), strict=True))

    def ending(k: int) -> Ending:
        how = _ending(limits, reports, grid, stretches[k], of_each[k], coasts, (ashore, known))
        return Ending(*how, *of_each[k][:2])

    found = {}
    for k in np.flatnonzero(may_be[::2] | may_be[1::2]).tolist():
        began, changed = ending(2 * k), passages[k].sides_changed
        if may_cross(changed, began.how, NEAR if may_be[2 * k + 1] else UNHEARD):
            ended = ending(2 * k + 1)
            if may_cross(changed, began.how, ended.how):
                found[k] = began, ended
    return found


def may_cross(sides_changed: bool, began: str, ended: str) -> bool:
    """Tell whether a passage that began and ended so may be one across.

    It is none where neither end is at a coast, or where it only leads out from one (or in to one)
    and the vessel is heard at its other end: it went out, or came in from sea.
    """
    at_a_coast = began in AT_A_COAST or ended in AT_A_COAST
    return at_a_coast and (sides_changed or AT_SEA not in (began, ended))


def _nearest(
    grid: timegrid.Grid, ends: Sequence[End], coasts: Coasts, cells: Cells, known: Bools
) -> Nearest:
    """Find where each end is nearest to its coast, the first such row on its way that is `known`,
    or at all if none is.
    """
    row, last, step = np.array([end[:3] for end in ends]).T
    own, other = np.array([end.states for end in ends]).T
    whose, way = timegrid.ranges(np.zeros_like(row), np.abs(last - row) + 1)
    rows = row[whose] + step[whose] * way
    counts = known[rows]
    counts |= ~np.logical_or.reduceat(counts, np.flatnonzero(way == 0))[whose]
    rows, whose = rows[counts], whose[counts]
    about_m = cells.middle_m[own[whose], cells.of_row[rows]]
    least_m = np.minimum.reduceat(about_m, np.flatnonzero(is_first(whose)))
    kept = about_m <= least_m[whose] + 2 * WRONG_M
    rows, whose = rows[kept], whose[kept]
    own_m = coasts.distance_each_m(grid.lat[rows], grid.lon[rows], own[whose])
    begin = np.flatnonzero(is_first(whose))
    at = np.flatnonzero(own_m == np.minimum.reduceat(own_m, begin)[whose])
    at = at[is_first(whose[at])]
    rows, own_m = rows[at], own_m[at]
    other_m = coasts.distance_each_m(grid.lat[rows], grid.lon[rows], other)
    return Nearest(rows, own_m, other_m)


def _ending(
    limits: Limits,
    reports: Reports,
    grid: timegrid.Grid,
    end: End,
    nearest: tuple[int, float, float],
    coasts: Coasts,
    rows: tuple[Bools, Bools],
) -> tuple[str, float | None]:
    """Tell how a passage began or ended: how close to the coast left or made for it had come, or
    comes, between that end of the passage and that of its run (see `_nearest`); and how likely it
    was ashore where it wasn't heard, None where that isn't asked or known. `rows` of the grid:
    which are at a shore, and which show where it can have been ashore.
    """
    ashore, known = rows
    step, own = end.step, end.states[0]
    row, coast_m, other_m = nearest
    if coast_m <= limits.shore_m + SAMPLED_M:
        return SHORE, _landed_between(limits, grid, row, own, coasts, known)
    width_m = coast_m + other_m
    turned = _home_again(grid, end.last, end.states[1], coasts, ashore)
    near_m = limits.turned_m if turned else limits.near_m
    if coast_m <= near_m and coast_m <= limits.near_fraction * width_m:
        back = _went_back(limits, grid, row, step, own, coasts, ashore)
        return (AT_SEA if back else NEAR), _landed_between(limits, grid, row, own, coasts, known)
    if abs(end.last - end.row) * limits.step_s > SOON_S:
        if _turned_unheard(limits, reports, grid, row, own, coasts, turned, known):
            return UNHEARD, _landed_between(limits, grid, row, own, coasts, known)
        return AT_SEA, None
    chance = _landed(limits, grid, end.row, end.last, step, own, coasts)
    return (UNHEARD, chance) if chance is None or chance > 0 else (AT_SEA, None)


def _home_again(grid: timegrid.Grid, last: int, state: int, coasts: Coasts, ashore: Bools) -> bool:
    """Tell whether a run has its other end, `last`, at the shore that this passage left, or leads
    back to: it turned about. Of there and back in one run either way may be the passage.
    """
    if not ashore[last]:
        return False
    here_m = coasts.distance_m(grid.lat[[last]], grid.lon[[last]])[:, 0]
    return int(here_m.argmin()) == state


def _landed(
    limits: Limits,
    grid: timegrid.Grid,
    end: int,
    of_run: int,
    step: int,
    own: int,
    coasts: Coasts,
) -> float | None:
    """Return how likely a vessel was at the coast `own` in the silence that follows (or comes
    before) a run, as far as it goes at its speed, and then where it is heard next: by the share of
    its ways that reach it (`kinematics.bridges`). None where it isn't heard again.
    """
    on = int(grid.rows_at(grid.track_id[[of_run]], grid.tick[[of_run]] + step)[0])
    if on < 0:
        return None
    low, high = np.searchsorted(grid.report, [grid.report[on], grid.report[on] + 1]).tolist()
    then = high if step > 0 else low - 1
    if not 0 <= then < len(grid.tick) or grid.track_id[then] != grid.track_id[on]:
        return None
    speed_kn = grid.speed_kn[min(end, of_run) - RECENT : max(end, of_run) + RECENT]
    return _reached(limits, grid, np.array([of_run, then]), speed_kn, own, coasts)


def _landed_between(
    limits: Limits, grid: timegrid.Grid, row: int, own: int, coasts: Coasts, known: Bools
) -> float | None:
    """Return how likely a vessel was at the coast `own` between the two reports around a row of the
    grid at which it turned about there, as `_landed`; None where they lie less than `SOON_S` apart.
    """
    found = []
    for low, high in _silences_about(limits, grid, row, known):
        around = np.r_[max(low - RECENT, 0) : low, high : min(high + RECENT, len(grid.tick))]
        around = around[grid.track_id[around] == grid.track_id[row]]
        ends = np.array([low, high])
        found.append(_reached(limits, grid, ends, grid.speed_kn[around], own, coasts))
    return max(found, default=None)


def _silences_about(
    limits: Limits, grid: timegrid.Grid, row: int, known: Bools
) -> Iterator[tuple[int, int]]:
    """Give the times between two reports of `SOON_S` or more in which a row of the grid lies, or
    that end or begin at it, as their first row and the first after; none that it crossed straight.
    """
    track, n = grid.track_id[row], len(grid.tick)
    about = (at for at in (row - 1, row, row + 1) if 0 <= at < n and grid.track_id[at] == track)
    for report in sorted({int(grid.report[at]) for at in about}):
        low, high = np.searchsorted(grid.report, [report, report + 1]).tolist()
        if high >= n or grid.track_id[high] != track:
            continue
        if int(grid.tick[high] - grid.tick[low]) * limits.step_s >= SOON_S and known[low + 1]:
            yield low, high


def _reached(
    limits: Limits,
    grid: timegrid.Grid,
    rows: Ints,
    speed_kn: Floats,
    own: int,
    coasts: Coasts,
) -> float:
    """Return how likely the coast `own` was reached in the silence between two rows of the grid, at
    the usual speed under way of those made about it.
    """
    coast_m = coasts.distance_m(grid.lat[rows], grid.lon[rows], of=(own,))[own]
    usual_kn = _usual_kn(limits, speed_kn)
    silence_s = abs(int(grid.tick[rows[1]] - grid.tick[rows[0]])) * limits.step_s
    way_m = np.array(HURRY * usual_kn * geodesy.KNOT_MPS * silence_s)
    apart_m = geodesy.distance_m(*(at[row] for row in rows for at in (grid.lat, grid.lon)))
    return float(bridges.reached(way_m, np.asarray(apart_m), coast_m[0], coast_m[1]))


def _turned_unheard(
    limits: Limits,
    reports: Reports,
    grid: timegrid.Grid,
    row: int,
    own: int,
    coasts: Coasts,
    home_again: bool,
    known: Bools,
) -> bool:
    """Tell whether a vessel made for the coast `own` as it fell silent, came from there as it was
    heard again, and had time to be ashore: as of a boat that a satellite hears on its way in and on
    its way out. `row` of the grid lies in that silence, or where it ends or begins. Of one that
    came from the other coast and went home there it is enough that it can have come within
    `turned_m`.

    In a silence of less than `SOON_S` the line between its reports is its way.
    """
    within_m = limits.turned_m if home_again else limits.shore_m
    for low, _ in _silences_about(limits, grid, row, known):
        last = int(grid.report[low])
        beach = beach_between(limits, reports, last, own, coasts, within_m)
        if beach is not None and beach.away_m > 0:
            return True
    return False


def _went_back(
    limits: Limits,
    grid: timegrid.Grid,
    row: int,
    step: int,
    own: int,
    coasts: Coasts,
    ashore: Bools,
) -> bool:
    """Tell whether a vessel was off a coast between shores that aren't that coast's, for longer
    than the way there and back takes: it fished there, say, and came from elsewhere.

    `row` is where it was off the coast `own`; `step` is -1 where it went on from there, 1 where it
    had come from there.
    """
    memory = limits.memory_s // limits.step_s
    low, high = np.searchsorted(grid.track_id, [grid.track_id[row], grid.track_id[row] + 1])
    first, end = (low, row) if step < 0 else (row + 1, high)
    reach = np.searchsorted(grid.tick[first:end], grid.tick[row] + np.array([-memory, memory + 1]))
    first, end = (first + reach).tolist()
    if first == end:
        return False
    at_shore = first + np.flatnonzero(ashore[first:end])
    if len(at_shore):
        shore = int(at_shore[-1] if step < 0 else at_shore[0])
        here = coasts.distance_m(grid.lat[[shore]], grid.lon[[shore]])[:, 0]
        if int(here.argmin()) == own:
            return False
    else:  # no shore is known: it may have lain off one, or worked there
        shore = first if step < 0 else end - 1
        known_kn = grid.speed_kn[first:end]
        if not median(np.r_[0.0, known_kn[~np.isnan(known_kn)]]) >= AT_WORK_KN:
            return False
    way = geodesy.apart_m(grid, shore, row)
    between = slice(min(shore, row), max(shore, row) + 1)
    usual_kn = _usual_kn(limits, grid.speed_kn[between])
    # While it wasn't heard for so long it may have landed as well.
    ticks = np.bincount(grid.report[between] - grid.report[between.start])
    heard = int(ticks[ticks * limits.step_s < SOON_S].sum())
    out_s = heard * limits.step_s
    return bool(out_s - float(way) / (usual_kn * geodesy.KNOT_MPS) > STAYS_OFF_S)


def _usual_kn(limits: Limits, speed_kn: Floats) -> float:
    moving = speed_kn[speed_kn >= limits.min_speed_kn]
    return median(moving) if len(moving) else limits.min_speed_kn
