"""How a vessel came and went on: past a shore, into a port unheard, or out of it again."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from detectors.core.arrays import Bools, Ints
from detectors.core.detector import Context
from detectors.core.frames import SECOND_US
from detectors.crossing.beaches import SAMPLED_M
from detectors.crossing.endings import SOON_S, STAYS_OFF_S
from detectors.crossing.limits import Limits
from detectors.hypotheses.landfalls import SHOAL_M
from detectors.kinematics import geodesy, timegrid
from detectors.kinematics.reports import Reports
from detectors.surroundings import coverage, nearby, passes
from detectors.surroundings.coasts import Coasts

PAST_S: Final = 600
"""So long before and after it is nearest to the shore: who turns in to land and out again within
minutes is far from where a straight way would have led."""
HEARD_TIMES: Final = 4
"""In between it was heard so often: class B reports every 3 minutes at least, and of six or seven
reports some are lost."""

UNHEARD_S: Final = 3 * 3600
UNHEARD_M: Final = 5 * geodesy.METRES_PER_NM
"""Within so long and so near it went into the port that it made for (judgement). Who switches its
set off, lands at a beach and is home by morning also lies in a port when it is heard next."""
UNHEARD_BY_PASSES_S: Final = 6 * 3600
APPROACHES_M: Final = geodesy.METRES_PER_NM
"""The same where satellites hear now and then a set of class B that lies: of a boat that was in the
approaches as it was heard last, a mile off the port's outline at most, half a night (judgement)."""

PAST_SHARE: Final = 0.9
"""Of its mean speed, made good straight on: a stop of 4 minutes leaves 0.8, a turn still less."""

WAITS_S: Final = 4 * 3600
DASH_KN: Final = 15.0
"""Who waits so long off a beach for the dark, and then goes in faster than boats that work, hasn't
fished there (judgement; see `SLOW_KN` of the explanations)."""

MOVING_SHARE: Final = 0.6
"""Of its mean speed, made over four minutes: a stop of two leaves a half, and who slows to set
swimmers off less. A tow against a stream of 1.5 kn, or round a buoy, makes more."""
MOST_STEPS: Final = 3
"""Heard so often at least: between reports further apart a stop wouldn't show."""
OFTEN_S: Final = 120
"""What a vessel says of its speed tells of a stop of minutes where it says it as often."""


def passed(evidence: Mapping[str, Any]) -> bool:
    """Tell whether a vessel kept its way past the shore that it came to: and went on for long, or
    was heard to stop a mile off any coast.
    """
    made_kn = evidence["passing_kn"]
    on_kn = PAST_SHARE * evidence["mean_speed_kn"]
    stopped_off = evidence["heard_after"] and evidence["run_end_coast_m"] >= SHOAL_M
    went_on = evidence["sailed_on"] or stopped_off
    return bool(went_on and made_kn is not None and made_kn >= on_kn)


def kept_moving(
    limits: Limits, reports: Reports, grid: timegrid.Grid, final: int, mean_kn: float
) -> bool:
    """Tell whether a vessel was heard to stop nowhere around the final row of a run, at which it
    was slow or turned: over no two steps of the grid, from `PAST_S` before until a landing would be
    over, did it make less than `MOVING_SHARE` of its mean speed along its way. Or it said in each
    of many reports that it made as much: those of a receiver whose clock is wrong, among those of
    others, hold it back.
    """
    track, tick = grid.track_id[final], grid.tick[final]
    ticks = tick + np.array([-PAST_S // limits.step_s, limits.max_landing_s // limits.step_s])
    a, b = grid.rows_at(np.repeat(track, 2), ticks).tolist()
    if a < 0 or b < 0 or b - a < 2 or b - a != ticks[1] - ticks[0]:
        return False
    changes = np.flatnonzero(np.diff(grid.report[a : b + 1], prepend=-1))
    silent_steps = np.diff(changes, append=b - a + 1)
    along_kn = grid.speed_kn[a:b]
    slowest_kn = (along_kn[1:] + along_kn[:-1]).min() / 2
    if silent_steps.max() > MOST_STEPS:
        return False
    rows = slice(int(grid.report[a]), int(grid.report[b]) + 1)
    often = np.diff(reports.time_us[rows]).max(initial=0) <= OFTEN_S * SECOND_US
    says_so = often and (reports.sog_kn[rows] >= MOVING_SHARE * mean_kn).all()
    return bool(says_so or slowest_kn >= MOVING_SHARE * mean_kn)


def goes_on(evidence: Mapping[str, Any], final_kn: float) -> bool:
    """Tell whether a vessel still makes its way along a shore as the feed ends, by its last speed:
    who lands takes the way off it.
    """
    under_way = final_kn >= PAST_SHARE * evidence["mean_speed_kn"]
    return bool(evidence["sailed_on"] and evidence["feed_ends"] and under_way)


def came_past(evidence: Mapping[str, Any], lay_at_sea: bool) -> bool:
    """Tell whether a vessel came from where it lay at sea and kept its way past the shore that its
    passage begins at: nobody boards from there. It was under way for long before, or had lain well
    off any coast for as long (`before.lay_at_sea`).
    """
    made_kn = evidence["came_past_kn"]
    on_kn = PAST_SHARE * evidence["mean_speed_kn"]
    from_sea = evidence["heard_before"] and (evidence["came_on"] or lay_at_sea)
    return from_sea and made_kn is not None and made_kn >= on_kn


def past_kn(
    limits: Limits, grid: timegrid.Grid, rows: Ints
) -> tuple[list[float | None], list[float | None]]:
    """Return the speed made good straight past the place of each row of the grid, and that along
    the way past it: None where it wasn't heard.
    """
    shift = PAST_S // limits.step_s
    a, b = (grid.rows_at(grid.track_id[rows], grid.tick[rows] + way) for way in (-shift, shift))
    heard = np.flatnonzero((a >= 0) & (b >= 0))
    heard = heard[grid.report[b[heard]] - grid.report[a[heard]] >= HEARD_TIMES]
    a, b = a[heard], b[heard]
    straight_m = geodesy.apart_m(grid, a, b)
    _, way = timegrid.ranges(a, b - a)
    along_m = geodesy.apart_m(grid, way, way + 1)
    begin = np.cumsum(b - a) - (b - a)
    along_m = np.add.reduceat(along_m, begin) if len(heard) else along_m
    found = []
    for made_m in (straight_m, along_m):
        made_kn = np.full(len(rows), None, object)
        made_kn[heard] = np.asarray(geodesy.speed_kn(made_m, 2 * shift * limits.step_s)).tolist()
        found.append(made_kn.tolist())
    return found[0], found[1]


def came_and_went(
    limits: Limits, grid: timegrid.Grid, turn: Ints, before: Ints, after: Ints
) -> Bools:
    """Tell who went back the way it came from a row of the grid at which it was nearest to a coast:
    for `min_distance_m` both ways, at most 60 degrees off it (as `min_across_ratio`), by the rows
    of the grid where it came from and got to.
    """
    here = grid.lat[turn], grid.lon[turn]
    there = [(grid.lat[rows], grid.lon[rows]) for rows in (before, after)]
    came_deg, went_deg = (geodesy.bearing_deg(*here, *place) for place in there)
    least_m = np.minimum(*(geodesy.distance_m(*here, *place) for place in there))
    along = np.cos(np.radians(went_deg - came_deg)) >= limits.min_across_ratio
    return np.asarray(along & (least_m >= limits.min_distance_m))


def left_again(limits: Limits, grid: timegrid.Grid, first: Ints, last: Ints, final: int) -> bool:
    """Tell whether a vessel went off `min_distance_m` or more within `max_landing_s` after the
    final row of a run; `first` and `last` are the rows of all runs.
    """
    after = int(np.searchsorted(first, final))
    if after == len(first) or grid.track_id[first[after]] != grid.track_id[final]:
        return False
    stayed_s = int(grid.tick[first[after]] - grid.tick[final]) * limits.step_s
    off = last[after]
    away_m = geodesy.apart_m(grid, final, off)
    return bool(stayed_s <= limits.max_landing_s and away_m >= limits.min_distance_m)


def ashore_after(
    limits: Limits, grid: timegrid.Grid, ashore: Bools, final: int, to_state: str, context: Context
) -> int | None:
    """Return the row of the grid at which a vessel that stopped off the coast it made for, at the
    final row of a run, came to its shore after all, `port_m` or more from ports and anchorages;
    None where it didn't.

    It waited there for `STAYS_OFF_S` at most, or `WAITS_S` where it then dashed in; that near the
    way in takes `SOON_S` at most.
    """
    track, shores = grid.track_id[final], context.zones.shores
    until = grid.tick[final] + (WAITS_S + SOON_S) // limits.step_s
    low, high = final + 1, int(np.searchsorted(grid.track_id, track, side="right"))
    high = low + int(np.searchsorted(grid.tick[low:high], until, side="right"))
    rows = low + np.flatnonzero(ashore[low:high])
    if len(rows) == 0:
        return None
    row = int(rows[0])
    place = grid.lat[[row]], grid.lon[[row]]
    there = shores.states[int(shores.distance_m(*place)[:, 0].argmin())]
    berths_m = nearby.nearest_zone_m(context.zones, *place, ("port", "anchorage"))[0]
    if there != to_state or berths_m < limits.port_m:
        return None
    waited_s = int(grid.tick[row] - grid.tick[final]) * limits.step_s
    return row if waited_s <= STAYS_OFF_S + SOON_S or _dashed(limits, grid, final, row) else None


def _dashed(limits: Limits, grid: timegrid.Grid, off: int, row: int) -> bool:
    """Tell whether a boat that lay off a coast came to its shore, at a row of the grid, faster than
    boats that work there go home.
    """
    lay = off + np.flatnonzero(grid.speed_kn[off:row] < limits.lying_kn)
    if not len(lay) or lay[-1] + 1 >= row:
        return False
    begin = int(lay[-1]) + 1
    way_m = float(geodesy.apart_m(grid, begin, row))
    return bool(geodesy.speed_kn(way_m, (row - begin) * limits.step_s) >= DASH_KN)


def heard_next(
    limits: Limits, reports: Reports, grid: timegrid.Grid, row: int, shores: Coasts
) -> dict[str, Any]:
    """Return where and when a vessel was heard at a shore that it came to at a row of the grid,
    where that lies between a report off it and one at it, further apart than `max_interruption_s`:
    the way between says neither when it came nor that it had stopped before. Else nothing.
    """
    then = min(int(grid.report[row]) + 1, len(reports.track) - 1)
    two = [then - 1, then]
    off_m, near_m = shores.distance_m(reports.lat[two], reports.lon[two]).min(axis=0).tolist()
    silent_s = int(reports.time_us[then] - reports.time_us[then - 1]) / SECOND_US
    one_track = reports.track[then] == reports.track[then - 1]
    at_shore_m = limits.shore_m + SAMPLED_M
    if not (one_track and silent_s > limits.max_interruption_s and near_m <= at_shore_m < off_m):
        return {}
    return {
        "ashore_lat": float(reports.lat[then]),
        "ashore_lon": float(reports.lon[then]),
        "ashore_time": pd.Timestamp(int(reports.time_us[then]), unit="us", tz="UTC"),
        "next_ashore": True,
    }


def next_in_port(limits: Limits, grid: timegrid.Grid, final: Ints, context: Context) -> Bools:
    """Tell of runs after whose final rows nothing was heard whether the next was from a port close
    by, where the vessel lay, soon. By passes, nothing need have been heard for ten minutes only:
    the grid goes on through such a silence, from the last report, which may lie a step on.
    """
    on = np.minimum(final + 1, len(grid.tick) - 1)
    goes_on = (grid.track_id[on] == grid.track_id[final]) & (grid.tick[on] == grid.tick[final] + 1)
    last = np.where(goes_on, on, final)
    there = np.searchsorted(grid.report, grid.report[last], side="right")
    there = np.minimum(there, len(grid.tick) - 1)
    silent_s = (grid.tick[there] - grid.tick[final]) * limits.step_s
    away_m = geodesy.apart_m(grid, last, there)
    soon = ~goes_on & (silent_s <= UNHEARD_S) & (away_m <= UNHEARD_M)
    off_port_m = nearby.nearest_zone_m(context.zones, grid.lat[last], grid.lon[last], ("port",))
    in_approaches = (off_port_m <= APPROACHES_M) & (away_m <= 2 * APPROACHES_M)  # berths lie inside
    off_it = (silent_s <= UNHEARD_BY_PASSES_S) & in_approaches
    tens, until = (
        grid.tick[rows] * limits.step_s // coverage.FEED_SLOT_S for rows in (final, there)
    )
    soon |= off_it & (passes.usual_share(context.coverage, tens, until) <= passes.BY_PASSES)
    known = (grid.track_id[there] == grid.track_id[final]) & soon
    in_port = context.zones.within(grid.lat[there], grid.lon[there], ("port",))
    lies = grid.speed_kn[there] < limits.lying_kn
    unheard_s = np.where(goes_on, limits.max_interruption_s, limits.step_s)
    return np.asarray(known & (silent_s > unheard_s) & in_port & lies)
