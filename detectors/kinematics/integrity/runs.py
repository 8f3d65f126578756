"""Runs: reports one after the other that are plainly of one hull.

A run is whole: what is of a hull by its beginning is by its end. Whoever passes over the first hour
of one to reach the second went nowhere: the position leapt, or it is another hull.
"""

from typing import Any, Final

import numpy as np

from detectors.core.frames import SECOND_US
from detectors.kinematics.geodesy import KNOT_MPS
from detectors.kinematics.integrity.chains import HEADS, NEAR_M, SLACK_M, stated_m, step_cost
from detectors.kinematics.integrity.jit import compiled, part
from detectors.kinematics.integrity.rows import Rows, apart, first_from

LINKED_S: Final = 21_600.0
"""A report goes on a run within this of the one before: as long as verdicts look around."""

BRIEF_S: Final = 900.0
"""After a longer silence it doesn't where speed and course aren't stated, or where the vessel can
have been at the reports in between: a ferry is back at its berth. Class A and B under way are due
every 30 s or more often (ITU-R M.1371-5, annex 1, tables 1 and 2)."""

UNSEEN_KN: Final = 12.0
"""So fast a vessel may have gone there and back that says at both places that it lies. Measured:
with it the ferries of a Baltic feed of every sixth minute are one hull each, and made-up neighbours
of one number, 10 to 30 nm apart and silent by turns, are two."""

MISSED_SHARE: Final = 0.5
"""By more than `SLACK_M` and half of the way (as in `jammed`), at most `NEAR_M`, the place of the
next report is missed by going on from either as it states."""

DEGREE_M: Final = 111_190.0

MAX_ACROSS: Final = 0.35
"""Sine of the angle, 20 degrees, from the course within which a leap is a clock's (as in the
detector `spoofing`)."""

HELD_M: Final = 100.0
HELD_S: Final = 1_200.0
"""A run that ends within so little for so long may have ended before: a position that is held while
the vessel sails on, up to the leap to where it is."""

HELD_KN: Final = 3.0
HELD_SHARE: Final = 0.8
HELD_WORTH: Final = 0.1
"""Such reports, most of which say that the vessel goes so fast (as in the detector `spoofing`), are
worth so much beside one that doesn't gainsay itself."""


@compiled
def runs(rows: Rows, step_m: Any, free: Any, usual: float) -> Any:
    """Return rows of (run, reports of it before this one, behind it, worth of this one, the report
    from which a clock leapt to it, or -1) for one vessel's reports; `step_m` as of `best_chain`.

    Those that aren't `free` are each by themselves. Where two runs meet, all of them end.
    """
    before = np.full(len(free), -1, np.int64)
    _link(rows.time_us, rows.lat, rows.lon, rows.sog, rows.cog, step_m, free, usual, before)
    found = np.ones((5, len(free)))
    _clock_leaps(rows.time_us, rows.lat, rows.lon, rows.sog, rows.cog, free, before, found[4])
    _count(rows.time_us, rows.lat, rows.lon, rows.sog, before, found)
    return found


@part
def _link(
    time_us: Any,
    lat: Any,
    lon: Any,
    sog: Any,
    cog: Any,
    step_m: Any,
    free: Any,
    usual: float,
    before: Any,
) -> None:
    """Write to `before` the report that each goes on from, -1 where none or several may be it.

    Where none surely is, the only one nearby: from that a chain can always turn back. And the one
    nearby may still be another's that surely goes on from it: a misdated report lies astern or
    ahead on the very way, and the vessel sails on past it. So it does past one further off: a run
    of `CONFIRMING_REPORTS` that is heard next goes on, whatever single report before is as near.
    """
    tails = np.full(HEADS, -1, np.int64)
    behind = np.full(len(time_us), -1, np.int64)
    strays = np.full(len(time_us), -1, np.int64)
    passed_by = np.zeros(len(time_us), np.bool_)
    count = 0
    last = -1
    for row in range(len(time_us)):
        if not free[row]:
            continue
        if last >= 0:
            behind[last] = row
        came = last
        last = row
        kept = 0
        n_sure = 0
        n_near = 0
        near = -1
        left = -1
        doubtful = -1
        silent = -1
        n_alone = 0
        alone = -1
        known = -1
        twin = False
        for place in range(count):
            tail = tails[place]
            passed_s = (time_us[row] - time_us[tail]) / SECOND_US
            if passed_s > LINKED_S:
                continue
            # Mostly the latitudes alone are too far apart; a degree is never less than this.
            reach_m = max(stated_m(passed_s, sog[tail], sog[row], usual), NEAR_M)
            if abs(lat[row] - lat[tail]) * DEGREE_M > reach_m:
                tails[kept] = tail
                kept += 1
                continue
            apart_m = step_m[row]
            if tail < row - 1:
                apart_m = apart(lat[tail], lon[tail], lat[row], lon[row])
            if passed_s <= 0.0:
                twin = twin or apart_m <= NEAR_M
            elif _sure(lat, lon, sog, cog, tail, row, apart_m, passed_s, usual):
                sure = (
                    passed_s <= BRIEF_S
                    or came == tail
                    or (
                        not _possible(time_us, lat, lon, sog, tail, behind[tail], usual)
                        and not _possible(time_us, lat, lon, sog, came, row, usual)
                    )
                )
                if sure and strays[tail] < 0:
                    if passed_by[tail]:
                        doubtful = tail
                    else:
                        n_sure += 1
                        before[row] = tail
                        if before[tail] < 0:
                            n_alone += 1
                            alone = max(alone, tail)
                        elif before[before[tail]] >= 0 and passed_s <= BRIEF_S:
                            known = tail
                    continue
                if sure:
                    left = tail
                else:
                    silent = max(silent, tail)
            elif passed_s <= BRIEF_S and apart_m <= NEAR_M and strays[tail] < 0:
                n_near += 1
                near = kept
            tails[kept] = tail
            kept += 1
        count = kept
        if (
            n_alone > 0
            and n_sure == n_alone + 1
            and known >= 0
            and (known == came or time_us[row] - time_us[alone] > BRIEF_S * SECOND_US)
        ):
            n_sure = 1
            before[row] = known
        if n_sure == 0 and doubtful >= 0:
            n_sure = 1
            before[row] = doubtful
        if twin:  # times are coarse: it is neither the next nor another
            if n_sure == 1 and count < HEADS:
                tails[count] = before[row]
                count += 1
            before[row] = -1
            continue
        # Misdated reports by one clock lie on one way too, and half an hour on it may lead here as
        # well; what the last report of a run leads to minutes on is that run's.
        lately = left >= 0 and time_us[row] - time_us[left] <= BRIEF_S * SECOND_US
        if lately and n_sure == 1 and _silent(time_us, before, row):
            for place in range(count, 0, -1):
                tails[place] = tails[place - 1]
            tails[0] = before[row]
            count += 1
            n_sure = 0
        # After a silence it surely continues nothing heard before what it may continue:
        # misdated reports lie on the way to it too, and a false fix is all that came last.
        if n_sure > 1 or (n_sure == 1 and silent > before[row] and _silent(time_us, before, row)):
            before[row] = -1
        elif n_sure == 0 and left >= 0:
            before[strays[left]] = -1
            before[row] = left
            count = _without(tails, count, left)
            # Minutes on, the stray lies where the vessel can have come from, as well.
            passed_by[strays[left]] = True
        elif n_sure == 0 and n_near == 1:
            before[row] = tails[near]
            strays[tails[near]] = row
        elif n_sure == 1 and strays[before[before[row]]] == before[row]:
            count = _without(tails, count, before[before[row]])
        if count == HEADS:
            for later in range(1, count):
                tails[later - 1] = tails[later]
            count -= 1
        tails[count] = row
        count += 1


@part
def _silent(time_us: Any, before: Any, row: int) -> bool:
    return bool(time_us[row] - time_us[before[row]] > BRIEF_S * SECOND_US)


@part
def _without(tails: Any, count: int, tail: int) -> int:
    """Take one out of the first `count`; return how many are left."""
    kept = 0
    for place in range(count):
        if tails[place] != tail:
            tails[kept] = tails[place]
            kept += 1
    return kept


@part
def _clock_leaps(
    time_us: Any, lat: Any, lon: Any, sog: Any, cog: Any, free: Any, before: Any, found: Any
) -> None:
    """Write to `found` the report before each with which a run begins, where it lies ahead or
    astern of it by less than `BRIEF_S`: another receiver takes over, whose clock differs, or a
    clock is put right. For so long reports of before may still come.
    """
    until_us = time_us.copy()  # of each run: but for its last report, which may be a stray
    goes_on = np.zeros(len(time_us), np.bool_)
    for row in range(len(time_us) - 1, -1, -1):
        if before[row] >= 0:
            goes_on[before[row]] = True
            if goes_on[row]:
                until_us[before[row]] = until_us[row]
    last = -1
    for row in range(len(time_us)):
        found[row] = -1.0
        if not free[row]:
            continue
        here = last
        last = row
        came = before[row]
        if here < 0 or came == here or not (min(sog[here], sog[row]) >= HELD_KN):
            continue
        # What was heard once of the other one before is left, as a chain leaves it (`EDGE`).
        if came >= 0 and before[came] >= 0:
            continue
        if until_us[here] - time_us[row] > BRIEF_S * SECOND_US:
            continue
        north = lat[row] - lat[here]
        east = (lon[row] - lon[here]) * np.cos(np.radians(lat[row]))
        apart_m = apart(lat[here], lon[here], lat[row], lon[row])
        if apart_m > max(sog[here], sog[row]) * KNOT_MPS * BRIEF_S:
            continue
        course = np.arctan2(east, north)
        off_here = np.abs(np.sin(course - np.radians(cog[here])))
        off_row = np.abs(np.sin(course - np.radians(cog[row])))
        if off_here <= MAX_ACROSS and off_row <= MAX_ACROSS:
            found[row] = here


@part
def _possible(
    time_us: Any, lat: Any, lon: Any, sog: Any, here: int, there: int, usual: float
) -> bool:
    """Tell whether one hull can have gone between both reports, and back before long."""
    passed_s = (time_us[there] - time_us[here]) / SECOND_US
    apart_m = apart(lat[here], lon[here], lat[there], lon[there])
    if apart_m <= max(NEAR_M, UNSEEN_KN * KNOT_MPS * passed_s):
        return True
    return bool(step_cost(apart_m, passed_s, sog[here], sog[there], usual) == 0.0)


@part
def _missed_m(lat: Any, lon: Any, sog: Any, cog: Any, a: int, b: int, way_s: float) -> float:
    """Return how far one report lies from where the other is due from it by its speed and course;
    infinity where it states none.
    """
    if np.isnan(sog[a]) or (np.isnan(cog[a]) and sog[a] > 0.5):
        return np.inf
    course = 0.0 if np.isnan(cog[a]) else np.radians(cog[a])
    way_deg = sog[a] * KNOT_MPS * way_s / 111_195.0
    due_lat = lat[a] + way_deg * np.cos(course)
    due_lon = lon[a] + way_deg * np.sin(course) / max(np.cos(np.radians(lat[a])), 0.01)
    return apart(due_lat, due_lon, lat[b], lon[b])


@part
def _sure(
    lat: Any,
    lon: Any,
    sog: Any,
    cog: Any,
    here: int,
    there: int,
    apart_m: float,
    passed_s: float,
    usual: float,
) -> bool:
    """Tell whether a report goes on from another: one hull can, at the speeds stated, and does."""
    if apart_m > stated_m(passed_s, sog[here], sog[there], usual):
        return False
    if apart_m <= HELD_M:
        return True
    ahead_m = _missed_m(lat, lon, sog, cog, here, there, passed_s)
    sog_a, sog_b = sog[here], sog[there]
    slower = sog_a if sog_a < sog_b or np.isnan(sog_b) else sog_b
    limit_m = SLACK_M + min(MISSED_SHARE * slower * KNOT_MPS * passed_s, NEAR_M)
    if ahead_m <= limit_m:
        return True
    back_m = _missed_m(lat, lon, sog, cog, there, here, -passed_s)
    if np.isinf(ahead_m) and np.isinf(back_m):
        return passed_s <= BRIEF_S
    return bool(back_m <= limit_m)


@part
def goes_on(own: Rows, track: Any, rows: Any, usual: float) -> bool:
    """Tell whether some reports are the track's own: they lie in one silence of it, go on from what
    is before that or lead to what is behind within `BRIEF_S`, and the other end is within reach.

    A misdated report at a run's end is enough that no chain may leave it for the next.
    """
    if len(rows) == 0:
        return False
    place = first_from(track, rows[0])
    if place != first_from(track, rows[-1]):
        return False
    n_sure = 0
    for side in range(2):
        if (side == 0 and place == 0) or (side == 1 and place == len(track)):
            continue
        here = track[place - 1] if side == 0 else rows[-1]
        there = rows[0] if side == 0 else track[place]
        passed_s = (own.time_us[there] - own.time_us[here]) / SECOND_US
        apart_m = apart(own.lat[here], own.lon[here], own.lat[there], own.lon[there])
        if passed_s <= 0.0:
            return False
        if np.isinf(step_cost(apart_m, passed_s, own.sog[here], own.sog[there], usual)):
            return False
        n_sure += passed_s <= BRIEF_S and _sure(
            own.lat, own.lon, own.sog, own.cog, here, there, apart_m, passed_s, usual
        )
    return n_sure > 0


@part
def _count(time_us: Any, lat: Any, lon: Any, sog: Any, before: Any, found: Any) -> None:
    """Write to `found` what `runs` returns; what a run holds at its end is one by itself."""
    after = np.full(len(before), -1, np.int64)
    for row in range(len(before)):
        if before[row] >= 0:
            after[before[row]] = row
    for row in range(len(before)):
        if after[row] >= 0:
            continue
        first = row
        n = 1
        sailing = 1 if sog[row] >= HELD_KN else 0
        while before[first] >= 0:
            last = before[first]
            if apart(lat[last], lon[last], lat[row], lon[row]) > HELD_M:
                break
            first = last
            n += 1
            sailing += 1 if sog[first] >= HELD_KN else 0
        if time_us[row] - time_us[first] < HELD_S * SECOND_US:
            continue
        # What came to rest there, as it said itself, isn't held.
        if before[first] >= 0 and sog[before[first]] < HELD_KN:
            continue
        if before[first] >= 0:
            after[before[first]] = -1
            before[first] = -1
        if sailing >= HELD_SHARE * n:
            one = row
            while one >= 0:
                found[3, one] = HELD_WORTH
                one = before[one]
    for row in range(len(before)):
        one = before[row]
        found[0, row] = row if one < 0 else found[0, one]
        found[1, row] = 0 if one < 0 else found[1, one] + 1
    for row in range(len(before) - 1, -1, -1):
        one = after[row]
        found[2, row] = 0 if one < 0 else found[2, one] + 1
