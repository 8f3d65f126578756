"""Which silences interrupt regular reports."""

from typing import Final

import numpy as np
import pandas as pd

from detectors.core.detector import Context
from detectors.core.frames import SECOND_US, epoch_us, is_last, of_tracks
from detectors.gap.limits import Limits
from detectors.gap.passes import chances
from detectors.gap.reception import unheard
from detectors.gap.set_aside import ALIVE
from detectors.gap.silences import History, Silences
from detectors.kinematics import timegrid, timespan

USUAL_TOP: Final = 0.9
"""A vessel's usual top speed is what it states itself in a tenth of the reports of a day or more:
one that lay still before it fell silent may go as fast again."""
FIRST_SHIP_MMSI: Final = 200_000_000
LAST_SHIP_MMSI: Final = 799_999_999


def of_silent(limits: Limits, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Return the positions of numbers that may have a silence that touches the window: of most a
    look between nights asks for nothing.

    A report that is left out as a late copy, or as a glimpse, is followed by a pause that ends when
    the silence does: that of a late copy is as long as a silence, that of a glimpse `ALIVE`.
    """
    track, time_us = positions["track_id"].to_numpy(), epoch_us(positions["time"])
    window = timespan.window_us(context.start, context.end)
    end_us = np.where(is_last(track), window[1], np.r_[time_us[1:], 0])
    shortest_s = min(limits.min_duration_a_s, limits.min_duration_b_s, ALIVE.total_seconds())
    silent = end_us - time_us >= shortest_s * SECOND_US
    silent &= timespan.touches(time_us, end_us, window, limits.settle)
    number = track // 100
    asked = of_tracks(number, np.unique(number[silent]))
    return positions[list(limits.requires)][asked]


def silences_of(limits: Limits, reports: History, context: Context) -> Silences:
    """Find silences that are long enough, touch the window and are of the whole MMSI."""
    window = timespan.window_us(context.start, context.end)
    last = reports.final
    end_us = np.where(last, window[1], np.r_[reports.time_us[1:], 0])
    duration_s = (end_us - reports.time_us) / SECOND_US
    shortest_s = np.where(reports.is_class_b, limits.min_duration_b_s, limits.min_duration_a_s)
    wanted = (duration_s >= shortest_s) & (duration_s <= limits.max_duration_s)
    wanted &= timespan.touches(reports.time_us, end_us, window, limits.settle)
    row = np.flatnonzero(wanted)
    row = row[reports.heard_elsewhere(row, end_us[row] + last[row]) == 0]
    columns = {
        "duration_s": duration_s[row],
    }
    return Silences(row, last[row], reports.time_us[row], end_us[row], columns)


def regular(limits: Limits, silences: Silences, reports: History, context: Context) -> Silences:
    """Keep those that follow upon regular reports, or upon too little track to tell, or in which
    more chances of being heard were missed than a vessel heard by passes misses; of what has no
    ship's number only those of what makes way.

    An interval of the history in which the others around weren't heard either says nothing
    about this vessel's reports: it is left out of the longest, and of the regular time.
    """
    first = reports.first_since(silences.row, limits.history_s)
    n_reports = silences.row - first + 1
    count = silences.row - first
    silence, step = timegrid.ranges(first, count)
    step_s = reports.step_s[step]
    excused = unheard(limits, step, reports, context)
    counted_s = np.where(excused, np.nan, step_s)
    n = len(count)
    is_late = step >= reports.first_since(silences.row, limits.recent_s)[silence]
    regular_s, late_s = (
        np.bincount(silence[among], weights=np.nan_to_num(counted_s[among]), minlength=n)
        for among in (np.ones(len(step), bool), is_late)
    )
    n_late = np.bincount(silence[is_late], minlength=n)
    lately = (n_late + 1 >= limits.min_history_reports) & (late_s >= limits.min_regular_s)
    last = np.cumsum(count) - 1
    some = count > 0
    longest_s, median_s = np.full(n, np.nan), np.full(n, np.nan)
    for into, among, q in (
        (longest_s, np.where(lately, n_late, count), 1.0),
        (median_s, count, 0.5),
    ):
        into[some] = timegrid.quantiles(counted_s, (last - among + 1)[some], last[some], q)
    duration_s = silences.columns["duration_s"]
    ratio = duration_s / longest_s
    regular = (
        (n_reports >= limits.min_history_reports)
        & (regular_s >= limits.min_regular_s)
        & (ratio >= limits.min_interval_ratio)
    )
    track_s = (silences.start_us - reports.track_start_us(silences.row)) / SECOND_US
    maybe_cut = duration_s >= limits.unproven_after_s
    unproven = maybe_cut & (~regular & (track_s < limits.history_s) | (track_s < limits.approach_s))
    since = reports.first_since(silences.row, limits.habit_s)
    fastest_kn = timegrid.quantiles(reports.sog_kn, since, silences.row, USUAL_TOP)
    mmsi = reports.mmsi[silences.row]
    ship = (mmsi >= FIRST_SHIP_MMSI) & (mmsi <= LAST_SHIP_MMSI)
    ship |= fastest_kn >= limits.moving_kn
    heard = chances(limits, silences, reports, context)
    speed_kn, course_deg = reports.way_before(silences.row, limits.approach_s)
    return silences.narrowed(
        ship & (regular | unproven | heard["by_passes"]),
        history_known=~unproven | heard["by_passes"],
        n_history_reports=n_reports,
        regular_s=regular_s,
        longest_interval_s=longest_s,
        median_interval_s=median_s,
        interval_ratio=ratio,
        speed_before_kn=speed_kn,
        course_before_deg=course_deg,
        usual_top_speed_kn=fastest_kn,
        nav_status=reports.nav_status[silences.row],
        **heard,
    )


def by_habit(limits: Limits, silences: Silences, reports: History, context: Context) -> Silences:
    """Return all, with how often their vessels had been silent like this in the day before."""
    shortest_s = limits.alike_share * silences.columns["duration_s"]
    long = np.flatnonzero(reports.step_s >= shortest_s.min())
    first = np.searchsorted(long, reports.first_since(silences.row, limits.habit_s))
    count = np.searchsorted(long, silences.row) - first
    silence, nth = timegrid.ranges(first, count)
    step = long[nth]
    alike = reports.step_s[step] >= shortest_s[silence]
    alike[alike] = ~unheard(limits, step[alike], reports, context)
    return silences.narrowed(
        np.ones(len(count), bool),
        n_alike_silences=np.bincount(silence[alike], minlength=len(count)),
    )
