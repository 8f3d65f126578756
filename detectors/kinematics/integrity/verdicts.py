"""Verdicts: of each report whether it is sound, and why not."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.core.frames import SECOND_US, offsets
from detectors.kinematics.geodesy import distance_m
from detectors.kinematics.integrity.confirmed import (
    CONFIRMING_REPORTS,
    HULL_STEP_S,
    MANY_REPORTS,
)

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

COPY_S: Final = 5.0
"""Reports of one content so close in time are copies of one transmission.

A vessel that isn't moving, the only one whose reports repeat themselves, reports every 10 s or
less often: ITU-R M.1371-5, annex 1, tables 1 and 2. Half of that lets receivers' clocks and network
delays differ by seconds and never joins two true reports, nor chains of them."""

CLOSING_S: Final = 30 * 86_400.0
"""A hull silent for longer is closed: by then anything on Earth is within its reach."""

MAX_NUMBER: Final = 99
"""Hulls of one number that a track id has room for. Reports of any further one are false."""

MAX_HULLS: Final = 8
"""Hulls looked for under one number in one stretch; what is left over then is false."""

MOVING_KN: Final = 3.0
"""Faster than any stream."""

STUCK_SHARE: Final = 0.25
"""A vessel that never says that it makes even so much of its own derived speed states none. In m/s,
the lowest that feeds use, it says half. Nearly all its reports are one hull's then: two hulls that
lie far apart look as fast, one by the other."""

ONE_SHARE: Final = 0.95

SHIFTED_SHARE: Final = 0.5
"""So much of a chain on another's way at other times is that one's copy, shifted in time. The rest
of such a copy lies where the vessel wasn't heard, or turned."""

JAMMED_S: Final = 3_600

BRIEF_REPORTS: Final = 12
"""Two further hulls of one number at once, each heard so seldom and for at most `JAMMED_S`, are
fixes that scatter, of which some lie on ways that a vessel can have gone. Boats that share a
default number are heard more often or for longer."""


class Verdict(IntEnum):
    """What one report is worth."""

    SOUND = 0
    COPY = 1
    CLOCK_FAULT = 2
    FALSE_FIX = 3
    OTHER_HULL = 4
    INTERFERENCE = 5
    NOT_A_VESSEL = 6


REASONS: Final = (
    "it fits the reports before and after it",
    "another report of it, of the same content or time, was received",
    "it lies where the vessel was at another time",
    "the track is elsewhere before and after it",
    "no one vessel can have sent it and the others of its number",
    "the fixes of several vessels at one place are false in that hour",
    "its number is no vessel's",
)
"""Why, by verdict."""


@dataclass(frozen=True)
class Reports:
    """Reports sorted by (mmsi, time), as arrays.

    Parameters
    ----------
    mmsi, time_us
        Number, and microseconds since 1970 UTC.
    lat, lon
        Degrees.
    sog, cog
        Knots and degrees, NaN where not stated.
    """

    mmsi: Ints
    time_us: Ints
    lat: Floats
    lon: Floats
    sog: Floats
    cog: Floats

    def __len__(self) -> int:
        return len(self.mmsi)

    def take(self, rows: Ints | Bools | slice) -> "Reports":
        """Return some of them."""
        return Reports(**{name: values[rows] for name, values in vars(self).items()})


class Last(NamedTuple):
    """Where a hull was heard last."""

    time_us: int
    lat: float
    lon: float


Memory = Mapping[int, Mapping[int, Last]]
"""The hulls of each number, by the number that they have under it, and where each was last."""


class Judged(NamedTuple):
    """What `judge` finds of each report.

    Attributes
    ----------
    verdict
        A `Verdict`, as uint8; `REASONS` says why.
    hull
        The hull that it is of, from 1; 0 for none. Those of the first that isn't silent for
        `CLOSING_S` are sound.
    shift_s
        Of a clock fault, how much later its time is than the vessel was there; else NaN.
    """

    verdict: NDArray[np.uint8]
    hull: NDArray[np.uint8]
    shift_s: NDArray[np.float32]


def judge_each(
    reports: Reports,
    known: NDArray[np.uint8] | None = None,
    memory: Memory | None = None,
) -> Judged:
    """Give each report of a stretch its verdict, each vessel by itself: what interference makes is
    a false fix.

    Of each number the chain that one hull can have made and that is worth most is sound; the next
    ones are other hulls where they have `CONFIRMING_REPORTS`, or a copy of a track shifted in time
    where they lie on its way.

    Parameters
    ----------
    reports
        The stretch, with what is before and behind it.
    known
        The hull of each report as far as it was settled before, else 0: a chain keeps the number
        that most of its reports have.
    memory
        The hulls of each number that were heard before that.
    """
    # What is compiled is imported by need: whoever only asks the store doesn't pay for it.
    from detectors.kinematics.integrity.chains import one_hull
    from detectors.kinematics.integrity.shifted import repeated

    n = len(reports)
    memory = memory or {}
    known = np.zeros(n, np.uint8) if known is None else known
    verdict = np.zeros(n, np.uint8)
    hull = np.zeros(n, np.uint8)
    shift_s = np.full(n, np.nan, np.float32)
    if n == 0:
        return Judged(verdict, hull, shift_s)
    copies, late_s = repeated(reports.mmsi, reports.time_us, _content(reports), COPY_S)
    verdict[copies] = Verdict.COPY
    late = ~np.isnan(late_s)
    verdict[late] = Verdict.CLOCK_FAULT
    shift_s[late] = late_s[late]
    bounds = offsets(reports.mmsi)
    mmsis = reports.mmsi[bounds[:-1]]
    nobody = np.repeat(not_a_vessel(mmsis), np.diff(bounds))
    verdict[nobody] = Verdict.NOT_A_VESSEL
    shift_s[nobody] = np.nan
    numbers = np.zeros(len(mmsis), np.int64)
    one_hull(bounds, reports, verdict == Verdict.SOUND, known, numbers)
    for place in np.flatnonzero(~not_a_vessel(mmsis)):  # vessels
        own = slice(int(bounds[place]), int(bounds[place + 1]))
        heard = memory.get(int(mmsis[place]), {})
        one = Judged(verdict[own], hull[own], shift_s[own])
        if numbers[place] >= 0 and len(heard) < 2:
            number, first = _number(int(numbers[place]), heard, int(reports.time_us[own.start]))
            sound = one.verdict == Verdict.SOUND
            one.hull[sound] = number
            one.verdict[sound] = Verdict.SOUND if number == first else Verdict.OTHER_HULL
        else:
            _one_vessel(reports.take(own), known[own], heard, one)
    return Judged(verdict, hull, shift_s)


def not_a_vessel(mmsi: Ints) -> Bools:
    """Tell which numbers are no vessel's: ITU-R M.585-9, annexes 1 and 2.

    Coast stations (00MIDxxxx), aircraft (111), aids to navigation (99), transmitters of distress
    (970 to 979). A handheld set (8MIDxxxxx) is aboard something: boats of these waters are left
    with such numbers, and their conduct is looked at. A number that has none of the formats, such
    as the 009... of many sets, is a vessel's that says a wrong one; so is that of a group
    (0MIDxxxxx), by which ships are called and none ever calls: it is a ship's less a digit.
    """
    first = mmsi // 1_000_000
    kinds = (first == 111) | ((first >= 970) & (first <= 979))
    for low in (0, 99):  # 00MIDxxxx and 99MIDxxxx
        # The digit behind the prefix begins a MID: 2 to 7.
        kinds |= (first // 10 == low) & (first % 10 >= 2) & (first % 10 <= 7)
    return np.asarray(kinds)


def _content(reports: Reports) -> tuple[Ints, ...]:
    """Return latitude, longitude, speed and course in the resolution of AIS."""
    sog = np.nan_to_num(reports.sog, nan=102.3)
    return (
        np.rint(reports.lat * 600_000).astype("int64"),
        np.rint(reports.lon * 600_000).astype("int64"),
        np.rint(sog * 10).astype("int64"),
        np.rint(np.nan_to_num(reports.cog, nan=360.0) * 10).astype("int64"),
    )


def _one_vessel(
    own: Reports, known: NDArray[np.uint8], heard: Mapping[int, Last], judged: Judged
) -> None:
    """Tell the hulls of one number apart; `judged` is changed in place."""
    from detectors.kinematics.integrity.chains import best_chain, usual_kn
    from detectors.kinematics.integrity.runs import runs
    from detectors.kinematics.integrity.shifted import misdated_s

    free = judged.verdict == Verdict.SOUND
    times, lat, lon, sog = own.time_us, own.lat, own.lon, own.sog
    usual = usual_kn(times[free], lat[free], lon[free], sog[free])
    if np.nanmax(sog[free], initial=0.0) < STUCK_SHARE * usual:  # it says 0 kn, always
        unstated = replace(own, sog=np.full(len(own), np.nan))
        chain = np.zeros(len(own), bool)
        whole = runs(unstated, free, usual)
        length = best_chain(times, lat, lon, unstated.sog, free, whole, usual, chain)
        if length >= ONE_SHARE * np.count_nonzero(free):
            own, sog = unstated, unstated.sog
    whole = runs(own, free, usual)
    hulls: list[Ints] = []
    for _ in range(MAX_HULLS):
        chain = np.zeros(len(own), bool)
        if best_chain(times, lat, lon, sog, free, whole, usual, chain) == 0:
            break
        free &= ~chain
        rows = np.flatnonzero(chain)
        if not hulls:
            hulls.append(rows)
            twins = _same_time(own, rows, free)
            judged.verdict[twins] = Verdict.COPY
            free[twins] = False
            continue
        shifted = misdated_s(own.take(hulls[0]), own.take(rows))
        on_way = ~np.isnan(shifted)
        sails = ~(sog[rows] < MOVING_KN)
        judged_by = sails if sails.any() else np.ones(len(rows), bool)
        if _is_hull(times[rows]) and np.mean(on_way[judged_by]) < SHIFTED_SHARE:
            # The first hull's reports with wrong times are within the other's reach, hours off.
            strays = on_way & _few(times[rows])
            judged.verdict[rows[strays]] = Verdict.CLOCK_FAULT
            judged.shift_s[rows[strays]] = shifted[strays]
            hulls.append(rows[~strays])
            continue
        judged.verdict[rows] = np.where(on_way, Verdict.CLOCK_FAULT, Verdict.FALSE_FIX)
        judged.shift_s[rows] = shifted
    judged.verdict[free] = Verdict.FALSE_FIX
    scattered = _scattered(times, hulls)
    for rows in scattered:
        judged.verdict[rows] = Verdict.FALSE_FIX
    false = {int(rows[0]) for rows in scattered}
    hulls = [rows for rows in hulls if int(rows[0]) not in false]
    still = {
        number: last
        for number, last in heard.items()
        if own.time_us[0] - last.time_us <= CLOSING_S * SECOND_US
    }
    numbers = _numbers([own.take(rows) for rows in hulls], [known[rows] for rows in hulls], still)
    if numbers and not still and heard and min(numbers) == 1:
        numbers = [number + max(heard) for number in numbers]
    first = min([*numbers, *still], default=1)
    for rows, number in zip(hulls, numbers, strict=True):
        if number > MAX_NUMBER:
            judged.verdict[rows] = Verdict.FALSE_FIX
            continue
        judged.hull[rows] = number
        judged.verdict[rows] = Verdict.SOUND if number == first else Verdict.OTHER_HULL


def _numbers(
    hulls: list[Reports], known: list[NDArray[np.uint8]], still: Mapping[int, Last]
) -> list[int]:
    """Give hulls the numbers by which they are known, or of the nearest heard before, or new."""
    numbers = [0] * len(hulls)
    for place, votes_of in enumerate(known):
        votes = np.bincount(votes_of, minlength=256)
        votes[[0, *numbers]] = 0
        numbers[place] = int(votes.argmax()) if votes.any() else 0
    # New ones by when they were first heard: a false track begins after the true one.
    for place in sorted(range(len(hulls)), key=lambda place: int(hulls[place].time_us[0])):
        if numbers[place]:
            continue
        hull = hulls[place]
        free = [number for number in still if number not in numbers]
        if free:
            lats, lons = ([getattr(still[n], name) for n in free] for name in ("lat", "lon"))
            far_m = distance_m(np.array(lats), np.array(lons), hull.lat[0], hull.lon[0])
            numbers[place] = free[int(np.argmin(far_m))]
        else:
            numbers[place] = max([*numbers, *still], default=0) + 1
    return numbers


def _number(known: int, heard: Mapping[int, Last], start_us: int) -> tuple[int, int]:
    """Return the number of a vessel's only hull, and the first of those that aren't closed."""
    still = [n for n, last in heard.items() if start_us - last.time_us <= CLOSING_S * SECOND_US]
    number = known or (still[0] if still else max(heard, default=0) + 1)
    return min(number, MAX_NUMBER), min([number, *still])


def _same_time(own: Reports, track: Ints, free: Bools) -> Ints:
    """Find what lies near the vessel's report of the very same time: times may be coarse."""
    from detectors.kinematics.integrity.chains import NEAR_M

    rows = np.flatnonzero(free)
    place = np.minimum(np.searchsorted(own.time_us[track], own.time_us[rows]), len(track) - 1)
    twin = track[place]
    far_m = distance_m(own.lat[rows], own.lon[rows], own.lat[twin], own.lon[twin])
    return np.asarray(rows[(own.time_us[rows] == own.time_us[twin]) & (far_m <= NEAR_M)])


def _is_hull(times_us: Ints) -> bool:
    """Tell whether a chain is a hull's: some reports close in time, or many."""
    if len(times_us) >= MANY_REPORTS:
        return True
    if len(times_us) < CONFIRMING_REPORTS:
        return False
    near = np.diff(times_us) <= HULL_STEP_S * SECOND_US
    return bool(np.lib.stride_tricks.sliding_window_view(near, CONFIRMING_REPORTS - 1).all(1).any())


def _scattered(times_us: Ints, hulls: list[Ints]) -> list[Ints]:
    """Find further hulls that are heard briefly and seldom, two and more within `HULL_STEP_S`."""
    brief = [rows for rows in hulls[1:] if len(rows) < BRIEF_REPORTS]
    spans = [(int(times_us[rows[0]]), int(times_us[rows[-1]])) for rows in brief]
    reach_us = int(HULL_STEP_S * SECOND_US)
    found = []
    for place, (first, last) in enumerate(spans):  # at most MAX_HULLS
        near = (a <= last + reach_us and b >= first - reach_us for a, b in spans)
        if last - first <= JAMMED_S * SECOND_US and sum(near) > 1:
            found.append(brief[place])
    return found


def _few(times_us: Ints) -> Bools:
    """Tell which reports of a chain are by themselves, with fewer than `CONFIRMING_REPORTS`."""
    run = np.cumsum(np.r_[False, np.diff(times_us) > HULL_STEP_S * SECOND_US])
    return np.asarray(np.bincount(run)[run] < CONFIRMING_REPORTS)
