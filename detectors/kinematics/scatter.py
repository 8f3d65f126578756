"""Fixes that scatter: for a while a vessel's positions lie anywhere around where it can be.

That is what receivers of satellite navigation under interference report: Grant, Williams, Ward &
Basker (2009), GPS Jamming and the Impact on Maritime Navigation, Journal of Navigation
62(2):173-187, doi:10.1017/S0373463308005213. Verdicts (`kinematics.integrity`) spread such
reports over several tracks and noise; here they are looked at together again.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.frames import ASTRAY, SECOND_US, epoch_us, offsets
from detectors.kinematics import geodesy, leaps, shapes, timegrid
from detectors.kinematics.integrity.verdicts import COPY_S
from detectors.kinematics.leaps import Leaps

NEAR_S: Final = 1800.0
"""Bad fixes within half an hour of each other come from one cause."""
MAX_BREAK_S: Final = 900.0
"""Sound fixes for longer than this end an episode."""
AROUND_S: Final = 9000.0
"""Reports further from such bad fixes than this aren't looked at: a pause and half an hour."""
MIN_BAD: Final = 3
"""Bad fixes that make more than a chance: so many also confirm a further track."""
AROUND: Final = 2
"""Reports before and after a bad fix, `MIN_BAD` of which, itself included, must be bad too."""
PAIRS: Final = 2
"""Pairs of successive leaps before and after a bad fix that tell how it leaps."""
WANDERS: Final = (0.45, 1.6)
"""Length of the sum of two successive leaps, in leaps. Of positions drawn anew each time it is 1;
of a vessel that takes turns between two tracks, or two clocks, it is 0; of one that sails on 2."""
MIN_FRACTION: Final = 0.5
"""Share of the reports of an episode that must be marked."""


@dataclass(frozen=True)
class Reports:
    """All reports of the vessels that had bad fixes, sorted by (mmsi, time)."""

    mmsi: Ints
    time_us: Ints
    lat: Floats
    lon: Floats
    sog_kn: Floats
    cog_deg: Floats
    row: Ints
    """Its row among the tracked reports, -1 of one that belongs to no track."""
    bad: Bools
    """Whether it belongs to no track, begins a further one, or isn't where speed and course lead
    from the report before on its track."""
    marked: Bools
    """Whether it is bad among others that are, and the leaps around it neither come and go between
    two places nor lead on."""

    def same(self, a: int, b: int) -> bool:
        """Tell whether both exist and are of one vessel."""
        return bool(a >= 0 and b < len(self.mmsi) and self.mmsi[a] == self.mmsi[b])

    def seconds(self, a: int, b: int) -> float:
        """From one report to another; infinite where they aren't of one vessel."""
        if not self.same(a, b):
            return float("inf")
        return float(self.time_us[b] - self.time_us[a]) / SECOND_US


@dataclass(frozen=True)
class Episode:
    """Bad fixes of one vessel, from `first` to `last` (rows of `Reports`)."""

    mmsi: int
    first: int
    last: int
    before: int
    after: int
    """The sound fixes before and after it, -1 where there is none."""
    joined: bool
    """Whether there are both, and the vessel can have sailed from the one to the other."""
    start_us: int
    end_us: int

    @property
    def parted(self) -> bool:
        """Tell whether the vessel can't have sailed from the one to the other."""
        return self.before >= 0 and self.after >= 0 and not self.joined


def merged(track: Ints, tracked: leaps.Reports, leapt: Leaps, noise: pd.DataFrame) -> Reports:
    """Collect the reports of the vessels that may have marked ones.

    Parameters
    ----------
    track, tracked
        Reports sorted by (track, time).
    leapt
        Those that leap from the one before by `leaps.MIN_OFFSET_M` and more.
    noise
        `frames.NOISE`.
    """
    firsts = offsets(track)[:-1]
    further = firsts[track[firsts] % 100 > 1]
    own = np.isin(noise["mmsi"].to_numpy("int64"), track[firsts] // 100)
    aside = noise[noise["reason"].isin(ASTRAY).to_numpy(bool) & own]
    aside = aside.sort_values(["mmsi", "time", "lat", "lon"], kind="stable")
    aside_us, aside_mmsi = epoch_us(aside["time"]), aside["mmsi"].to_numpy("int64")
    is_bad = np.zeros(len(track), bool)
    is_bad[leapt.row] = is_bad[further] = True
    turns = np.r_[track[further] // 100, aside_mmsi], np.r_[tracked.time_us[further], aside_us]
    likely = np.r_[leapt.row[_promising(track, tracked, leapt, *turns)], further]
    mmsi = np.r_[track[likely] // 100, aside_mmsi]
    time_us = np.r_[tracked.time_us[likely], aside_us]
    order = np.lexsort((time_us, mmsi))
    mmsi, time_us = mmsi[order], time_us[order]
    many = np.flatnonzero(
        (mmsi[MIN_BAD - 1 :] == mmsi[: 1 - MIN_BAD])
        & (time_us[MIN_BAD - 1 :] - time_us[: 1 - MIN_BAD] <= NEAR_S * SECOND_US)
    )
    around_us = int(AROUND_S * SECOND_US)
    since_us, until_us = time_us[many] - around_us, time_us[many + MIN_BAD - 1] + around_us
    rows = _within(track, tracked.time_us, mmsi[many], since_us, until_us)
    aside = aside.iloc[_within(aside_mmsi * 100, aside_us, mmsi[many], since_us, until_us)]

    def both(values: Floats, name: str) -> Floats:
        return np.asarray(np.r_[values[rows], aside[name].to_numpy("float64")])

    lat, lon = both(tracked.lat, "lat"), both(tracked.lon, "lon")
    mmsi = np.r_[track[rows] // 100, aside["mmsi"].to_numpy("int64")]
    time_us = np.r_[tracked.time_us[rows], epoch_us(aside["time"])]
    row = np.r_[rows, np.full(len(aside), -1)]
    bad = np.r_[is_bad[rows], np.ones(len(aside), bool)]
    order = np.lexsort((lon, lat, row, time_us, mmsi))
    again = (np.diff(mmsi[order]) == 0) & (np.diff(lat[order]) == 0) & (np.diff(lon[order]) == 0)
    again &= np.diff(time_us[order]) <= COPY_S * SECOND_US
    order = order[~np.r_[np.zeros(len(order[:1]), bool), again]]
    found = Reports(
        mmsi[order],
        time_us[order],
        lat[order],
        lon[order],
        both(tracked.sog_kn, "sog_kn")[order],
        both(tracked.cog_deg, "cog_deg")[order],
        row[order],
        bad[order],
        bad[order],
    )
    return replace(found, marked=_dense(found) & _wandering(found))


def _dense(reports: Reports) -> Bools:
    """Bad fixes among which, with the `AROUND` reports before and after, `MIN_BAD` are bad."""
    bounds = offsets(reports.mmsi)
    n = np.diff(bounds)
    at = np.arange(len(reports.mmsi))
    low = np.maximum(at - AROUND, np.repeat(bounds[:-1], n))
    high = np.minimum(at + AROUND + 1, np.repeat(bounds[1:], n))
    total = np.r_[0, np.cumsum(reports.bad)]
    return np.asarray(reports.bad & (total[high] - total[low] >= MIN_BAD))


def _within(track: Ints, time_us: Ints, mmsi: Ints, since_us: Ints, until_us: Ints) -> Ints:
    """Rows, sorted by (track, time), of some vessels in some spans in order of both."""
    if len(mmsi) == 0:
        return np.zeros(0, "int64")
    first, last = timegrid.stretches(mmsi, cut=since_us[1:] > until_us[:-1])
    found = []
    for vessel, since, until in zip(mmsi[first], since_us[first], until_us[last], strict=True):
        low, high = np.searchsorted(track, [vessel * 100, vessel * 100 + 100]).tolist()
        times = time_us[low:high]
        found.append(low + np.flatnonzero((times >= since) & (times <= until)))
    return np.concatenate(found)


def _promising(
    track: Ints, tracked: leaps.Reports, leapt: Leaps, mmsi: Ints, turn_us: Ints
) -> Bools:
    """Leaps that may be marked once the vessel's reports are merged; a sieve.

    Except near the times at which vessels `mmsi` had a report set aside, or a further track began,
    a vessel's reports are merged already.
    """
    own, time_us = track[leapt.row], tracked.time_us[leapt.row]
    near = 2 * AROUND  # as many may be sent twice
    dense = np.ones(len(own), "int64")
    for k in range(1, MIN_BAD):
        close = (own[k:] == own[:-k]) & (leapt.row[k:] - leapt.row[:-k] <= near)
        dense[k:] += close
        dense[:-k] += close
    promising = (dense >= MIN_BAD) & _wanders(own, time_us, leapt.east_m, leapt.north_m)
    low, high = np.searchsorted(own, mmsi * 100), np.searchsorted(own, mmsi * 100 + 100)
    reach_us = int(NEAR_S * SECOND_US)
    for a, b, at_us in zip(low.tolist(), high.tolist(), turn_us.tolist(), strict=True):  # few
        promising[a:b] |= np.abs(time_us[a:b] - at_us) <= reach_us
    return np.asarray(promising)


def _wandering(reports: Reports) -> Bools:
    """Mark reports around which two leaps in turn neither cancel nor add up; see `WANDERS`."""
    n = len(reports.mmsi)
    far_deg = np.abs(np.diff(reports.lat)) + np.abs(np.diff(reports.lon))
    far = (far_deg * shapes.DEGREE_M > leaps.MIN_OFFSET_M) & (np.diff(reports.mmsi) == 0)
    found = leaps.among(reports, np.flatnonzero(far) + 1)
    if len(found.row) == 0:
        return np.zeros(n, bool)
    wanders = _wanders(
        reports.mmsi[found.row], reports.time_us[found.row], found.east_m, found.north_m
    )
    # What is no leap itself is judged by the one before it, else by the one after it.
    at = np.arange(n)
    after = np.searchsorted(found.row, at)
    result = np.zeros(n, bool)
    for k in (np.minimum(after, len(found.row) - 1), np.maximum(after - 1, 0)):
        near = reports.mmsi[found.row[k]] == reports.mmsi
        near &= np.abs(reports.time_us[found.row[k]] - reports.time_us) <= MAX_BREAK_S * SECOND_US
        result = np.where(near, wanders[k], result)
    result[found.row] = wanders
    return result


def _wanders(group: Ints, time_us: Ints, east_m: Floats, north_m: Floats) -> Bools:
    """Leaps, in order of group and time, around which two in turn neither cancel nor add up."""
    pair = (np.diff(group) == 0) & (np.diff(time_us) <= MAX_BREAK_S * SECOND_US)
    sums_m = np.where(pair, np.hypot(east_m[1:] + east_m[:-1], north_m[1:] + north_m[:-1]), 0.0)
    length_m = np.hypot(east_m, north_m)
    means_m = np.where(pair, (length_m[1:] + length_m[:-1]) / 2, 0.0)
    sums_m, means_m = (np.r_[0.0, np.cumsum(v)] for v in (sums_m, means_m))
    # Pair k is of the leaps k and k + 1. Those of others, and of other times, don't count.
    k, bounds = np.arange(len(group)), np.r_[0, np.flatnonzero(~pair) + 1, len(group)]
    n = np.diff(bounds)
    low = np.maximum(k - PAIRS, np.repeat(bounds[:-1], n))
    high = np.minimum(k + PAIRS, np.repeat(bounds[1:] - 1, n))
    of_pairs = means_m[high] - means_m[low]
    ratio = (sums_m[high] - sums_m[low]) / np.maximum(of_pairs, 1.0)
    return np.asarray((of_pairs < 1.0) | ((ratio >= WANDERS[0]) & (ratio <= WANDERS[1])))


def episodes(
    reports: Reports, *, min_bad: int, min_duration_s: float, max_pause_s: float
) -> list[Episode]:
    """Stretches of marked fixes at most `MAX_BREAK_S` apart: `min_bad` or more over
    `min_duration_s`, and `MIN_FRACTION` of the reports meanwhile.

    Sound fixes before and after count up to `max_pause_s` away, which `AROUND_S` must exceed.
    """
    marked = np.flatnonzero(reports.marked)
    if len(marked) == 0:
        return []
    late = np.diff(reports.time_us[marked]) > MAX_BREAK_S * SECOND_US
    ends = timegrid.stretches(reports.mmsi[marked], cut=late)
    found = []
    for marked_first, marked_last in zip(*(marked[e].tolist() for e in ends), strict=True):  # few
        n = int(np.count_nonzero(reports.marked[marked_first : marked_last + 1]))
        if n < max(min_bad, MIN_FRACTION * (marked_last - marked_first + 1)):
            continue
        first, last = _extended(reports, marked_first, marked_last)
        if reports.seconds(first, last) < min_duration_s:
            continue
        before = _sound(reports, first, -1, max_pause_s)
        after = _sound(reports, last, 1, max_pause_s)
        ends = np.array([before]), np.array([after])
        joined = before >= 0 and after >= 0 and bool(leaps.reachable(reports, *ends)[0])
        found.append(
            Episode(
                int(reports.mmsi[first]),
                first,
                last,
                before,
                after,
                joined,
                int(reports.time_us[first]),
                int(reports.time_us[last]),
            )
        )
    return found


def _extended(reports: Reports, first: int, last: int) -> tuple[int, int]:
    """Find the ends of an episode, such that the `MIN_BAD` reports next to it follow from one
    another: two that scatter may lie near one another by chance.
    """
    # Where the vessel is back, the first fix leaps too, but the next follow from it.
    while last > first and reports.same(last, last + 1) and not _leaps(reports, last):
        last -= 1
    # A bad fix at the very edge may not have been marked; episodes stay apart.
    begin, end, reach_s, by_chance = first, last, MAX_BREAK_S / 2, range(1, MIN_BAD)
    while n := next((k for k in by_chance if _leaps(reports, last + k)), 0):
        if reports.seconds(end, last + n) >= reach_s:
            break
        last += n
    while n := next((k for k in by_chance if _leaps(reports, first - k - 1)), 0):
        if reports.seconds(first - n, begin) >= reach_s:
            break
        first -= n
    return first, last


def _sound(reports: Reports, edge: int, step: int, max_pause_s: float) -> int:
    """Find the nearest report before (-1) or after (1) an episode that isn't astray from the next
    one further away; -1 where there is none within the pause.
    """
    at = edge + step
    while reports.seconds(min(at, edge), max(at, edge)) <= max_pause_s:
        if not _leaps(reports, at if step > 0 else at - 1):
            return at
        at += step  # a bad fix that wasn't marked
    return -1


def _leaps(reports: Reports, at: int) -> bool:
    """Tell whether the report after this one, of the same vessel, is astray from it."""
    if not reports.same(at, at + 1):
        return False
    return bool(leaps.leapt(reports, np.array([at]), np.array([at + 1]))[0])


@dataclass(frozen=True)
class Marks:
    """Marked fixes by time, each with where the vessel's last sound fix before it is."""

    mmsi: Ints
    time_us: Ints
    lat: Floats
    lon: Floats

    def n_suffering(
        self, mmsi: int, since_us: int, until_us: int, lat: float, lon: float, radius_m: float
    ) -> int:
        """Return how many other vessels had `MIN_BAD` of them within `NEAR_S` of a span, near a
        place.
        """
        reach_us = int(NEAR_S * SECOND_US)
        low = int(np.searchsorted(self.time_us, since_us - reach_us))
        high = int(np.searchsorted(self.time_us, until_us + reach_us, side="right"))
        off_m = geodesy.distance_m(lat, lon, self.lat[low:high], self.lon[low:high])
        near = (off_m <= radius_m) & (self.mmsi[low:high] != mmsi)
        _, counts = np.unique(self.mmsi[low:high][near], return_counts=True)
        return int(np.count_nonzero(counts >= MIN_BAD))


def marks(reports: Reports) -> Marks:
    """Collect the marked fixes of some vessels."""
    at = np.flatnonzero(reports.marked)
    at = at[np.argsort(reports.time_us[at], kind="stable")]
    sound = np.maximum.accumulate(np.where(reports.bad, -1, np.arange(len(reports.mmsi))))[at]
    sound = np.where((sound >= 0) & (reports.mmsi[sound] == reports.mmsi[at]), sound, at)
    return Marks(reports.mmsi[at], reports.time_us[at], reports.lat[sound], reports.lon[sound])
