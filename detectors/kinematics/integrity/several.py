"""Numbers under which there is more than one plain hull, told apart, all at once."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.core.frames import SECOND_US
from detectors.kinematics.geodesy import distance_m
from detectors.kinematics.integrity.chains import LEFT, MAX_CHAINS, TWIN, chains_of_each, usual_kn
from detectors.kinematics.integrity.shifted import shifts_s
from detectors.kinematics.integrity.verdicts import (
    BRIEF_REPORTS,
    CLOSING_S,
    CONFIRMING_REPORTS,
    FROZEN_M,
    FROZEN_SHARE,
    HULL_STEP_S,
    JAMMED_S,
    MANY_REPORTS,
    MAX_NUMBER,
    MOVING_KN,
    SHIFTED_SHARE,
    Judged,
    Last,
    Memory,
    Reports,
    Verdict,
)
from detectors.kinematics.timegrid import stretches

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


def tell_apart(
    reports: Reports, bounds: Ints, known: NDArray[np.uint8], memory: Memory, judged: Judged
) -> None:
    """Tell the hulls of each number apart; `judged` is changed in place.

    Parameters
    ----------
    reports
        Of some vessels, one after the other, each from one of `bounds` to the next.
    known, memory
        As for `verdicts.judge_each`.
    """
    free = judged.verdict == Verdict.SOUND
    chain = np.zeros(len(reports), np.uint8)
    usual = np.zeros(len(bounds) - 1)
    chains_of_each(
        bounds,
        reports.time_us,
        reports.lat,
        reports.lon,
        reports.sog,
        free,
        _usual(reports, bounds, free, usual),
        chain,
    )
    judged.verdict[chain == TWIN] = Verdict.COPY
    judged.verdict[chain == LEFT] = Verdict.FALSE_FIX
    vessel = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    further = _further(reports, vessel, chain, judged)
    hulls: dict[int, list[Ints]] = {}
    for rows in further:
        hulls.setdefault(int(vessel[rows[0]]), []).append(rows)
    first = np.flatnonzero(chain == 1)
    begin = np.searchsorted(vessel[first], np.arange(len(bounds)))
    mmsi = reports.mmsi[bounds[:-1]].tolist()
    for place, (a, b) in enumerate(zip(begin[:-1].tolist(), begin[1:].tolist(), strict=True)):
        if a == b:
            continue
        own = [first[a:b], *hulls.get(place, [])]
        start_us = int(reports.time_us[bounds[place]])
        _numbered(reports, known, memory.get(mmsi[place], {}), start_us, own, judged)


def _usual(reports: Reports, bounds: Ints, free: Bools, usual: NDArray[np.float64]) -> Any:
    """Return `chains.usual_kn` of each vessel that it matters for: two reports state no speed."""
    mute = np.r_[0, np.cumsum(free & np.isnan(reports.sog))]
    for place in np.flatnonzero(mute[bounds[1:]] - mute[bounds[:-1]] > 1).tolist():
        own = slice(int(bounds[place]), int(bounds[place + 1]))
        one = reports.take(own).take(free[own])
        usual[place] = usual_kn(one.time_us, one.lat, one.lon, one.sog)
    return usual


def _further(
    reports: Reports, vessel: Ints, chain: NDArray[np.uint8], judged: Judged
) -> list[Ints]:
    """Judge what is in no first chain, in place, and return the further hulls: of each its rows."""
    rows = np.flatnonzero((chain > 1) & (chain <= MAX_CHAINS))
    rows = rows[np.lexsort((rows, chain[rows], vessel[rows]))]
    if not len(rows):
        return []
    first, last = stretches(vessel[rows], chain[rows])
    length = last - first + 1
    of = np.repeat(np.arange(len(first)), length)
    shifted = shifts_s(reports, np.flatnonzero(chain == 1), rows, vessel)
    for place in np.unique(of[~np.isnan(shifted)]).tolist():
        own = slice(int(first[place]), int(last[place]) + 1)
        if _stands(reports.take(rows[own])):
            shifted[own] = np.nan
    on_way = ~np.isnan(shifted)
    share = np.bincount(of, weights=on_way) / length
    hull = _is_hull(reports.time_us[rows], of, length) & (share < SHIFTED_SHARE)
    # The first hull's reports with wrong times are within the other's reach, hours off.
    strays = on_way & (~hull[of] | _few(reports.time_us[rows], of))
    judged.verdict[rows[strays]] = Verdict.CLOCK_FAULT
    judged.shift_s[rows[strays]] = shifted[strays]
    judged.verdict[rows[~hull[of] & ~on_way]] = Verdict.FALSE_FIX
    found = []
    for place in np.flatnonzero(hull).tolist():
        own = slice(int(first[place]), int(last[place]) + 1)
        found.append(rows[own][~strays[own]])
    return found


def _is_hull(time_us: Ints, of: Ints, length: Ints) -> Bools:
    """Tell which chains are a hull's: some reports close in time, or many."""
    near = (np.diff(time_us) <= HULL_STEP_S * SECOND_US) & (np.diff(of) == 0)
    run = np.cumsum(np.r_[True, ~near]) - 1
    longest = np.zeros(len(length), "int64")
    np.maximum.at(longest, of, np.bincount(run)[run])
    return np.asarray((length >= MANY_REPORTS) | (longest >= CONFIRMING_REPORTS))


def _few(time_us: Ints, of: Ints) -> Bools:
    """Tell which reports of a chain are by themselves, with fewer than `CONFIRMING_REPORTS`."""
    apart_there = (np.diff(time_us) > HULL_STEP_S * SECOND_US) | (np.diff(of) != 0)
    run = np.cumsum(np.r_[False, apart_there])
    return np.asarray(np.bincount(run)[run] < CONFIRMING_REPORTS)


def _stands(chain: Reports) -> bool:
    """Tell whether a chain stays at one place though it says that it sails: a frozen position. A
    copy of a track with wrong times goes along it.
    """
    if len(chain) < MANY_REPORTS or np.median(np.nan_to_num(chain.sog)) < MOVING_KN:
        return False
    far_m = distance_m(np.median(chain.lat), np.median(chain.lon), chain.lat, chain.lon)
    return bool(np.mean(far_m <= FROZEN_M) >= FROZEN_SHARE)


def _numbered(
    reports: Reports,
    known: NDArray[np.uint8],
    heard: Mapping[int, Last],
    start_us: int,
    hulls: list[Ints],
    judged: Judged,
) -> None:
    """Give the hulls of a vessel, the first of which is the main one, their numbers, in place."""
    if len(hulls) > 2:
        scattered = _scattered(reports.time_us, hulls)
        for rows in scattered:
            judged.verdict[rows] = Verdict.FALSE_FIX
        false = {int(rows[0]) for rows in scattered}
        hulls = [rows for rows in hulls if int(rows[0]) not in false]
    still = {n: one for n, one in heard.items() if start_us - one.time_us <= CLOSING_S * SECOND_US}
    numbers = _numbers(reports, hulls, known, still)
    if not still and heard and min(numbers) == 1:
        numbers = [number + max(heard) for number in numbers]
    first = min([*numbers, *still])
    for rows, number in zip(hulls, numbers, strict=True):
        if number > MAX_NUMBER:
            judged.verdict[rows] = Verdict.FALSE_FIX
            continue
        judged.hull[rows] = number
        judged.verdict[rows] = Verdict.SOUND if number == first else Verdict.OTHER_HULL


def _numbers(
    reports: Reports, hulls: list[Ints], known: NDArray[np.uint8], still: Mapping[int, Last]
) -> list[int]:
    """Give hulls the numbers by which they are known, or of the nearest heard before, or new."""
    numbers = [0] * len(hulls)
    for place, rows in enumerate(hulls):
        votes = np.bincount(known[rows], minlength=256)
        votes[[0, *numbers]] = 0
        numbers[place] = int(votes.argmax()) if votes.any() else 0
    # New ones by when they were first heard: a false track begins after the true one.
    for place in sorted(range(len(hulls)), key=lambda place: int(reports.time_us[hulls[place][0]])):
        if numbers[place]:
            continue
        begins = hulls[place][0]
        free = [number for number in still if number not in numbers]
        if free:
            lats, lons = (
                np.array([getattr(still[n], name) for n in free]) for name in Last._fields[1:]
            )
            far_m = distance_m(lats, lons, reports.lat[begins], reports.lon[begins])
            numbers[place] = free[int(np.argmin(far_m))]
        else:
            numbers[place] = max([*numbers, *still], default=0) + 1
    return numbers


def _scattered(times_us: Ints, hulls: list[Ints]) -> list[Ints]:
    """Find further hulls that are heard briefly and seldom, two and more within `HULL_STEP_S`."""
    brief = [rows for rows in hulls[1:] if len(rows) < BRIEF_REPORTS]
    spans = [(int(times_us[rows[0]]), int(times_us[rows[-1]])) for rows in brief]
    reach_us = int(HULL_STEP_S * SECOND_US)
    found = []
    for place, (first, last) in enumerate(spans):  # at most MAX_CHAINS
        near = (a <= last + reach_us and b >= first - reach_us for a, b in spans)
        if last - first <= JAMMED_S * SECOND_US and sum(near) > 1:
            found.append(brief[place])
    return found
