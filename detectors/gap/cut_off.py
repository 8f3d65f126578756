"""Which silences are cut off sharply, and which last reports are late copies of earlier ones.

Beyond the horizon field strength falls steadily with distance (ITU-R P.1546-6, annex 2), so a
vessel that sails out of a coast station's reach is lost report by report, over miles, and comes
back the same way. One that is heard in full up to its last report, and in full from the first one
after, was well within reach at both: it would have needed an hour to leave it.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.detector import Context
from detectors.core.frames import SECOND_US
from detectors.gap.limits import Limits
from detectors.gap.silences import History, Silences
from detectors.kinematics import geodesy, timegrid, timespan
from detectors.surroundings.coverage import SLOT_S

LEAVES_KN: Final = 12.0
"""Going so fast a vessel leaves the last quarter of a station's reach in `in_full_s` and more: of a
tow of 5 kn the fading takes 50 minutes."""
STRAIGHT_SHARE: Final = 0.8
"""What goes to and fro on its ground makes less good in that time, and leaves nothing."""


def sharply(limits: Limits, silences: Silences, reports: History, context: Context) -> Silences:
    """Return all, with which of them were heard in full up to their beginning and from their end.

    Heard in full for `in_full_s`: `in_full_share` of the reports that its usual interval makes, in
    the `recent_s` before (in that time itself after), and none of the intervals longer than
    `max_in_full_ratio` times that. Cut off sharply is what was so at both ends, and wasn't about to
    leave the feed's own area. Who goes straight on slower than `LEAVES_KN` takes as much longer
    to leave a station's reach, and is held against as much longer before.
    """
    row, n = silences.row, len(silences.row)
    speed_kn = np.nan_to_num(silences.columns["speed_before_kn"])
    slower = np.maximum(LEAVES_KN / np.maximum(speed_kn, limits.moving_kn), 1.0)
    straight_kn, _ = reports.way_before(row, limits.in_full_s * slower)
    leaves = (speed_kn >= limits.moving_kn) & (straight_kn >= STRAIGHT_SHARE * speed_kn)
    slower = np.where(leaves, slower, 1.0)
    in_full_s = limits.in_full_s * slower
    first = reports.first_since(row, in_full_s)
    before = _in_full(limits, reports, first, row, limits.recent_s * slower, in_full_s)
    closed = np.flatnonzero(~silences.is_open)
    after = np.zeros(n, bool)
    # A vessel lost again, or a run's end, in that time: it isn't known yet.
    after[closed] = _in_full(
        limits,
        reports,
        row[closed] + 1,
        reports.last_within(row[closed] + 1, limits.in_full_s),
        limits.in_full_s,
        limits.in_full_s,
    )
    return silences.narrowed(
        np.ones(n, bool),
        heard_in_full_before=before,
        heard_in_full_after=after,
        cut_off_sharply=before & after & ~_over_the_edge(limits, silences, reports, context),
    )


def in_full_at_an_end(columns: Mapping[str, NDArray[Any]]) -> Bools:
    """Tell which were heard in full up to the last report before, or from the first one after: who
    comes back into reach is found as it was lost, report by report.
    """
    return np.asarray(columns["heard_in_full_before"] | columns["heard_in_full_after"])


def _over_the_edge(limits: Limits, silences: Silences, reports: History, context: Context) -> Bools:
    """Tell which would by dead reckoning have been out of the box of all that the feed hears within
    `in_full_s`: a feed that is cut to an area cuts off sharply there. One that is heard again
    outside that box shows that the feed isn't.
    """
    row, columns = silences.row, silences.columns
    speed_kn = np.nan_to_num(columns["speed_before_kn"])
    place = geodesy.destination(
        reports.lat[row],
        reports.lon[row],
        np.nan_to_num(columns["course_before_deg"]),
        speed_kn * geodesy.KNOT_MPS * limits.in_full_s,
    )
    slot = silences.start_us // (SLOT_S * SECOND_US)
    lat, lon = (np.asarray(axis) for axis in place)
    edge_m = context.coverage.rates().edge_m(lat, lon, slot)
    after = np.minimum(row + 1, len(reports) - 1)
    again_m = context.coverage.rates().edge_m(reports.lat[after], reports.lon[after], slot)
    over = (speed_kn >= limits.moving_kn) & (edge_m <= 0.0)
    return np.asarray(over & (silences.is_open | ~(again_m <= 0.0)))


def _in_full(
    limits: Limits,
    reports: History,
    first: Ints,
    last: Ints,
    usual_s: float | Floats,
    in_full_s: float | Floats,
) -> Bools:
    """Tell whether reports from a first to a last one came in full; see `sharply`."""
    since = np.minimum(reports.first_since(last, usual_s), first)
    intervals = reports.step_s
    usual_interval_s = timegrid.quantiles(intervals, since, np.maximum(last - 1, since), 0.5)
    longest_s = timegrid.quantiles(intervals, first, np.maximum(last - 1, first), 1.0)
    enough = last - first + 1 >= limits.min_history_reports
    share = (last - first + 1) * usual_interval_s / in_full_s
    steady = longest_s <= limits.max_in_full_ratio * usual_interval_s
    return np.asarray(enough & (share >= limits.in_full_share) & steady)


def without_late_copies(limits: Limits, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Leave out last reports before a silence that can't be of the time that they bear.

    Of a vessel that makes way: it states `moving_kn` or more, as before, on the same course, but
    after a pause of `late_pause_s` to `max_late_pause_s` (in longer ones a trawler turns) it stands
    not `late_share` of the way ahead that it would have gone, or astern. A copy that reached the
    feed late is dated late (as of receivers without a clock, and of satellites); it would let the
    silence begin too late, at the wrong place, and after a pause, as at the end of reception.
    """
    reports = History(positions)
    n = len(reports)
    if n < 2:
        return positions
    row = np.flatnonzero(~np.r_[True, reports.final[:-1]])
    pause_s = reports.step_s[row - 1]
    window_end_us = timespan.window_us(context.start, context.end)[1]
    until_us = np.where(reports.final[row], window_end_us, reports.time_us[(row + 1) % n])
    silent_s = (until_us - reports.time_us[row]) / SECOND_US
    shortest_s = np.where(reports.is_class_b[row], limits.min_duration_b_s, limits.min_duration_a_s)
    soon = (pause_s >= limits.late_pause_s) & (pause_s <= limits.max_late_pause_s)
    row = row[soon & (silent_s >= shortest_s)]
    pause_s = reports.step_s[row - 1]
    slower_kn = np.minimum(reports.sog_kn[row - 1], reports.sog_kn[row])
    turned = geodesy.wrap_lon(reports.cog_deg[row] - reports.cog_deg[row - 1])
    ends = (reports.lat[row - 1], reports.lon[row - 1], reports.lat[row], reports.lon[row])
    off = np.radians(geodesy.bearing_deg(*ends) - reports.cog_deg[row])
    ahead_m = geodesy.distance_m(*ends) * np.cos(off)
    late = (slower_kn >= limits.moving_kn) & (np.abs(turned) <= limits.same_course_deg)
    late &= ahead_m < limits.late_share * slower_kn * geodesy.KNOT_MPS * pause_s
    if not late.any():
        return positions
    keep = np.ones(n, bool)
    keep[row[late]] = False
    return positions[list(limits.requires)][keep]
