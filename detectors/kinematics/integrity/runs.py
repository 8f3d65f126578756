"""Runs: reports one after the other that are plainly of one hull.

A run is whole: what is of a hull by its beginning is by its end. Whoever passes over the first hour
of one to reach the second went nowhere: the position leapt, or it is another hull.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detectors.core.frames import SECOND_US
from detectors.kinematics.geodesy import KNOT_MPS
from detectors.kinematics.integrity.chains import HEADS, NEAR_M, SLACK_M, apart, step_cost
from detectors.kinematics.integrity.jit import compiled

LINKED_S: Final = 21_600.0
"""A report goes on a run within this of the one before: as long as verdicts look around."""

UNSTATED_S: Final = 900.0
"""The same where neither report states speed and course. Class A and B under way are due every
30 s or more often (ITU-R M.1371-5, annex 1, tables 1 and 2)."""

MISSED_SHARE: Final = 0.5
"""By more than `SLACK_M` and half of the way (as in `jammed`), of `NEAR_M` at most, the place of the
next report is missed by going on from either as it states."""

HELD_M: Final = 100.0
HELD_S: Final = 1_200.0
"""A run that ends within so little for so long may have ended before: a position that is held while
the vessel sails on, up to the leap to where it is."""


def runs(reports: Any, free: NDArray[np.bool_], usual: float) -> NDArray[np.int64]:
    """Return rows of (run, reports of it before this one, behind it) for one vessel's reports.

    Those that aren't `free` are each by themselves. Where two runs meet, all of them end.
    """
    columns = (reports.time_us, reports.lat, reports.lon, reports.sog, reports.cog)
    before = np.full(len(free), -1, np.int64)
    _link(*columns, free, usual, before)
    found = np.zeros((3, len(free)), np.int64)
    _count(reports.time_us, reports.lat, reports.lon, before, found)
    return found


@compiled
def _link(
    time_us: Any, lat: Any, lon: Any, sog: Any, cog: Any, free: Any, usual: float, before: Any
) -> None:
    """Write to `before` the report that each goes on from, -1 where none or several may be it."""
    tails = np.full(HEADS, -1, np.int64)
    count = 0
    for row in range(len(time_us)):
        if not free[row]:
            continue
        kept = 0
        n_sure = 0
        twin = False
        for place in range(count):
            tail = tails[place]
            passed_s = (time_us[row] - time_us[tail]) / SECOND_US
            if passed_s > LINKED_S:
                continue
            apart_m = apart(lat[tail], lon[tail], lat[row], lon[row])
            if passed_s <= 0.0:
                twin = twin or apart_m <= NEAR_M
            elif _sure(
                apart_m,
                passed_s,
                _missed_m(lat, lon, sog, cog, tail, row, passed_s),
                sog[tail],
                sog[row],
                usual,
            ):
                n_sure += 1
                before[row] = tail
                continue
            tails[kept] = tail
            kept += 1
        count = kept
        if twin:  # times are coarse: it is neither the next nor another
            if n_sure == 1 and count < HEADS:
                tails[count] = before[row]
                count += 1
            before[row] = -1
            continue
        if n_sure > 1:
            before[row] = -1
        if count == HEADS:
            for later in range(1, count):
                tails[later - 1] = tails[later]
            count -= 1
        tails[count] = row
        count += 1


@compiled
def _missed_m(
    lat: Any, lon: Any, sog: Any, cog: Any, here: int, there: int, passed_s: float
) -> float:
    """Return how far from one report the other is due, by either's speed and course, the less."""
    least = np.inf
    for a, b, way_s in ((here, there, passed_s), (there, here, -passed_s)):
        if np.isnan(sog[a]) or (np.isnan(cog[a]) and sog[a] > 0.5):
            continue
        course = 0.0 if np.isnan(cog[a]) else np.radians(cog[a])
        way_deg = sog[a] * KNOT_MPS * way_s / 111_195.0
        due_lat = lat[a] + way_deg * np.cos(course)
        due_lon = lon[a] + way_deg * np.sin(course) / max(np.cos(np.radians(lat[a])), 0.01)
        least = min(least, apart(due_lat, due_lon, lat[b], lon[b]))
    return float(least)


@compiled
def _sure(
    apart_m: float, passed_s: float, missed_m: float, sog_a: float, sog_b: float, usual: float
) -> bool:
    """Tell whether a report goes on from another: one hull can, at the speeds stated, and does."""
    if step_cost(apart_m, passed_s, sog_a, sog_b, usual) > 0.0:
        return False
    if np.isinf(missed_m):
        return passed_s <= UNSTATED_S
    slower = sog_a if sog_a < sog_b or np.isnan(sog_b) else sog_b
    way_m = slower * KNOT_MPS * passed_s
    return bool(missed_m <= SLACK_M + min(MISSED_SHARE * way_m, NEAR_M))


@compiled
def _count(time_us: Any, lat: Any, lon: Any, before: Any, found: Any) -> None:
    """Write to `found` what `runs` returns; what a run holds at its end is one by itself."""
    n = len(before)
    after = np.full(n, -1, np.int64)
    for row in range(n):
        if before[row] >= 0:
            after[before[row]] = row
    for row in range(n):
        if after[row] >= 0:
            continue
        first = row
        while before[first] >= 0:
            last = before[first]
            if apart(lat[last], lon[last], lat[row], lon[row]) > HELD_M:
                break
            first = last
        if before[first] >= 0 and time_us[row] - time_us[first] >= HELD_S * SECOND_US:
            after[before[first]] = -1
            before[first] = -1
    for row in range(n):
        one = before[row]
        found[0, row] = row if one < 0 else found[0, one]
        found[1, row] = 0 if one < 0 else found[1, one] + 1
    for row in range(n - 1, -1, -1):
        one = after[row]
        found[2, row] = 0 if one < 0 else found[2, one] + 1
