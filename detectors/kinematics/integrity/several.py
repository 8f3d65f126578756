"""The hulls of one number, told apart.

Of a number the chain that one hull can have made and that is worth most is sound, and what goes on
from it while nothing of it is heard; the next ones are other hulls where they have
`CONFIRMING_REPORTS`, or a copy of a track shifted in time where they lie on its way, but for one
that comes nearer to it or falls back, or takes up its silence from end to end.
"""

from typing import Any, Final, NamedTuple

import numpy as np

from detectors.core.frames import SECOND_US
from detectors.kinematics.geodesy import KNOT_MPS
from detectors.kinematics.integrity.backward import without_backward
from detectors.kinematics.integrity.chains import NEAR_M, best_chain, usual_kn
from detectors.kinematics.integrity.confirmed import MANY_REPORTS
from detectors.kinematics.integrity.jit import part
from detectors.kinematics.integrity.rows import Rows, distance_m, taken
from detectors.kinematics.integrity.runs import BRIEF_S, goes_on, runs
from detectors.kinematics.integrity.seldom import few, is_hull, late_of, of_another, scattered
from detectors.kinematics.integrity.shifted import (
    MOVING_KN,
    between,
    drifts,
    fills,
    legs_of,
    misdated_s,
)
from detectors.kinematics.integrity.verdicts import MAX_NUMBER, Verdict

SOUND: Final = int(Verdict.SOUND)
COPY: Final = int(Verdict.COPY)
CLOCK_FAULT: Final = int(Verdict.CLOCK_FAULT)
FALSE_FIX: Final = int(Verdict.FALSE_FIX)
OTHER_HULL: Final = int(Verdict.OTHER_HULL)
NOT_A_VESSEL: Final = int(Verdict.NOT_A_VESSEL)

CLOSING_S: Final = 30 * 86_400.0
"""A hull silent for longer is closed: by then anything on Earth is within its reach."""

MAX_HULLS: Final = 8
"""Hulls looked for under one number in one stretch; what is left over then is false."""

STUCK_SHARE: Final = 0.25
"""A vessel that never says that it makes even so much of its own derived speed states none. In m/s,
the lowest that feeds use, it says half. Nearly all its reports are one hull's then: two hulls that
lie far apart look as fast, one by the other."""

ONE_SHARE: Final = 0.95

SHIFTED_SHARE: Final = 0.5
"""So much of a chain on another's way at other times is that one's copy, shifted in time. The rest
of such a copy lies where the vessel wasn't heard, or turned."""


class Last(NamedTuple):
    """The hulls of one number that were heard before, and where each was last."""

    hull: Any
    """Their numbers, from 1."""
    time_us: Any
    lat: Any
    lon: Any
    """When and where."""


@part
def open_at(heard: Last, start_us: int) -> Any:
    """Return the places of the hulls that aren't closed by then."""
    return np.flatnonzero(start_us - heard.time_us <= CLOSING_S * SECOND_US)


@part
def _highest(numbers: Any) -> int:
    highest = 0
    for number in numbers:
        highest = max(highest, number)
    return highest


@part
def _least(numbers: Any, least: int) -> int:
    """Return the least of some numbers, 0 being none, and of one that is known."""
    for number in numbers:
        if number:
            least = min(least, number) if least else number
    return least


@part
def _among(number: int, numbers: Any) -> bool:
    found = False
    for one in numbers:
        found = found or one == number
    return found


@part
def only_hull(number: int, heard: Last, start_us: int, verdict: Any, hull: Any) -> None:
    """Write what reports that are all of one hull are worth.

    `number` is the one by which they are known, or 0.
    """
    still = open_at(heard, start_us)
    if number == 0:
        number = heard.hull[still[0]] if len(still) else _highest(heard.hull) + 1
    first = number
    for place in still:
        first = min(first, heard.hull[place])
    number = min(number, MAX_NUMBER)
    for row in range(len(verdict)):
        if verdict[row] == SOUND:
            hull[row] = number
            verdict[row] = SOUND if number == first else OTHER_HULL


@part
def tell_apart(
    own: Rows, step_m: Any, known: Any, heard: Last, verdict: Any, hull: Any, shift_s: Any
) -> None:
    """Write what the reports of one number are worth, those of which `verdict` says nothing yet."""
    free = verdict == SOUND
    usual = usual_kn(own, step_m, free)
    own = _as_stated(own, step_m, free, usual)
    of_hull, n_hulls = _chains(own, step_m, free, usual, verdict, shift_s)
    scattered(own.time_us, of_hull, n_hulls, verdict)
    numbers = _numbers(own, known, of_hull, n_hulls, heard)
    first = 0
    for place in open_at(heard, own.time_us[0]):
        first = min(first, heard.hull[place]) if first else heard.hull[place]
    first = _least(numbers, first)
    for row in range(len(free)):
        if of_hull[row] == 0:
            continue
        number = numbers[of_hull[row] - 1]
        if number > MAX_NUMBER:
            verdict[row] = FALSE_FIX
            continue
        hull[row] = number
        verdict[row] = SOUND if number == first else OTHER_HULL


@part
def _as_stated(own: Rows, step_m: Any, free: Any, usual: float) -> Rows:
    """Return the reports, without their speeds where these are stuck at 0."""
    for row in range(len(free)):
        if free[row] and own.sog[row] >= STUCK_SHARE * usual:
            return own
    if not usual > 0.0:
        return own
    unstated = Rows(own.time_us, own.lat, own.lon, np.full(len(free), np.nan), own.cog)
    chain = np.zeros(len(free), np.bool_)
    whole = runs(unstated, step_m, free, usual)
    length = best_chain(
        own.time_us, own.lat, own.lon, unstated.sog, step_m, free, whole, usual, chain
    )
    return unstated if length >= ONE_SHARE * np.count_nonzero(free) else own


@part
def _chains(own: Rows, step_m: Any, free: Any, usual: float, verdict: Any, shift_s: Any) -> Any:
    """Return the hull of each report, from 1 in the order in which they were found, and how many
    there are; the verdicts of what is of none are written.
    """
    n = len(free)
    of_hull = np.zeros(n, np.int64)
    whole = runs(own, step_m, free, usual)
    chain = np.zeros(n, np.bool_)
    if best_chain(own.time_us, own.lat, own.lon, own.sog, step_m, free, whole, usual, chain) == 0:
        return of_hull, 0
    first = np.flatnonzero(chain)
    free[first] = False
    first = without_backward(own, first, verdict, shift_s)
    of_hull[first] = 1
    _same_time(own, first, free, verdict)
    _behind_leaps(own, first, whole, free, verdict, shift_s)
    track = taken(own, first)
    legs = legs_of(track)
    n_hulls = 1
    for _ in range(MAX_HULLS - 1):
        chain[:] = False
        if (
            best_chain(own.time_us, own.lat, own.lon, own.sog, step_m, free, whole, usual, chain)
            == 0
        ):
            break
        rows = np.flatnonzero(chain)
        free[rows] = False
        alone = few(own.time_us[rows])
        if goes_on(own, first, rows[~alone], usual):
            of_hull[rows[~alone]] = 1
            free[rows[alone]] = True
            first = np.flatnonzero(of_hull == 1)
            _same_time(own, first, free, verdict)
            track = taken(own, first)
            legs = legs_of(track)
            continue
        others = taken(own, rows)
        shifted = misdated_s(track, legs, others)
        copied = _share_on_way(shifted, others.sog) >= SHIFTED_SHARE
        further = is_hull(others.time_us) and not copied
        if not further:
            further = drifts(track, shifted, others.time_us)
        if not further:
            further = fills(track, shifted, others.time_us)
        if copied and not further:
            between(others, shifted)
        for number in range(2, n_hulls + 1):
            hull = taken(own, np.flatnonzero(of_hull == number))
            late_s = late_of(hull, others)
            if further and _share_on_way(late_s, others.sog) >= SHIFTED_SHARE:
                further = drifts(hull, late_s, others.time_us)
            for place in range(len(rows)):
                if np.isnan(shifted[place]):
                    shifted[place] = late_s[place]
        n_hulls += further
        for place in range(len(rows)):
            on_way = not np.isnan(shifted[place])
            # The first hull's reports with wrong times are within the other's reach, hours off.
            if further and not (on_way and alone[place]):
                of_hull[rows[place]] = n_hulls
                continue
            verdict[rows[place]] = CLOCK_FAULT if on_way else FALSE_FIX
            shift_s[rows[place]] = shifted[place]
        if further:
            other = np.flatnonzero(of_hull == n_hulls)
            of_another(own, first, other, of_hull, verdict, shift_s)
            first = np.flatnonzero(of_hull == 1)
            track = taken(own, first)
            legs = legs_of(track)
    for row in range(n):
        if free[row]:
            verdict[row] = FALSE_FIX
    return of_hull, n_hulls


@part
def _share_on_way(shifted: Any, sog: Any) -> float:
    """Return the share of reports on the vessel's way, among those that sail if any do."""
    sail, on_way, on_way_sail = 0, 0, 0
    for row in range(len(sog)):
        sails, fits = not sog[row] < MOVING_KN, not np.isnan(shifted[row])
        sail += sails
        on_way += fits
        on_way_sail += sails and fits
    return on_way_sail / sail if sail else on_way / len(sog)


@part
def _same_time(own: Rows, track: Any, free: Any, verdict: Any) -> None:
    """Take out what lies near the vessel's report of the very same time: times may be coarse."""
    place = 0
    for row in range(len(free)):
        while place < len(track) - 1 and own.time_us[track[place]] < own.time_us[row]:
            place += 1
        twin = track[place]
        if free[row] and own.time_us[row] == own.time_us[twin]:
            far_m = distance_m(own.lat[row], own.lon[row], own.lat[twin], own.lon[twin])
            if far_m <= NEAR_M:
                verdict[row] = COPY
                free[row] = False


@part
def _behind_leaps(own: Rows, track: Any, whole: Any, free: Any, verdict: Any, shift_s: Any) -> None:
    """Take out what a run brings after the track left it where a clock leapt (`runs`): until it is
    put right, or the other receiver alone is left, what is dated wrongly comes in between.
    """
    for place in range(1, len(track)):
        here, there = track[place - 1], track[place]
        if whole[4, there] != here or whole[2, here] == 0:
            continue
        north = own.lat[there] - own.lat[here]
        east = (own.lon[there] - own.lon[here]) * np.cos(np.radians(own.lat[there]))
        ahead = np.cos(np.arctan2(east, north) - np.radians(own.cog[there])) > 0.0
        leap_m = distance_m(own.lat[here], own.lon[here], own.lat[there], own.lon[there])
        way_s = leap_m / (own.sog[there] * KNOT_MPS)
        late_s = (way_s if ahead else -way_s) - (own.time_us[there] - own.time_us[here]) / SECOND_US
        for row in range(here + 1, len(free)):
            if own.time_us[row] - own.time_us[there] > BRIEF_S * SECOND_US:
                break
            if free[row] and whole[0, row] == whole[0, here]:
                verdict[row], free[row] = CLOCK_FAULT, False
                shift_s[row] = late_s


@part
def _numbers(own: Rows, known: Any, of_hull: Any, n_hulls: int, heard: Last) -> Any:
    """Give hulls the numbers by which they are known, or of the nearest heard before, or new.

    A hull that is of no report any more has 0.
    """
    numbers = np.zeros(n_hulls, np.int64)
    first = np.full(n_hulls, -1, np.int64)
    since_us = np.full(n_hulls, np.iinfo(np.int64).max)
    votes = np.zeros((n_hulls, 256), np.int64)
    for row in range(len(of_hull)):
        one = of_hull[row] - 1
        if one >= 0:
            votes[one, known[row]] += 1
            if first[one] < 0:
                first[one], since_us[one] = row, own.time_us[row]
    # A chain that joins what two were known by is the elder's.
    for enough in (MANY_REPORTS, 1):
        for number in range(1, 256):
            if _among(number, numbers):
                continue
            best, most = -1, enough - 1
            for one in range(n_hulls):
                if numbers[one] == 0 and votes[one, number] > most:
                    best, most = one, votes[one, number]
            if best >= 0:
                numbers[best] = number
    still = open_at(heard, own.time_us[0])
    # New ones by when they were first heard: a false track begins after the true one.
    for _ in range(n_hulls):
        one = -1
        for other in range(n_hulls):
            if first[other] < 0 or numbers[other]:
                continue
            if one < 0 or since_us[other] < since_us[one]:
                one = other
        if one < 0:
            break
        row = first[one]
        nearest_m = np.inf
        highest = _highest(numbers)
        for place in still:
            highest = max(highest, heard.hull[place])
            if _among(heard.hull[place], numbers):
                continue
            far_m = distance_m(heard.lat[place], heard.lon[place], own.lat[row], own.lon[row])
            if far_m < nearest_m:
                nearest_m = far_m
                numbers[one] = heard.hull[place]
        if not numbers[one]:
            numbers[one] = highest + 1
    if len(still) == 0 and len(heard.hull) and _least(numbers, 0) == 1:
        closed = _highest(heard.hull)
        for one in range(n_hulls):
            numbers[one] = numbers[one] + closed if numbers[one] else 0
    return numbers
