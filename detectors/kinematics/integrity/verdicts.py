"""Verdicts: of each report whether it is sound, and why not."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.core.frames import SECOND_US, offsets
from detectors.kinematics.timegrid import ranges

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

CONFIRMING_REPORTS: Final = 3
"""A further hull has so many reports in a row within `HULL_STEP_S` of one another: corrupt fixes
seldom agree thrice; or, heard by satellite only, `MANY_REPORTS`."""

MANY_REPORTS: Final = 6

FROZEN_M: Final = 100.0
FROZEN_SHARE: Final = 0.9
MOVING_KN: Final = 3.0
"""Nearly all within errors of 10 m and more; faster than any stream."""

HULL_STEP_S: Final = 900.0
"""Three corrupt fixes of a day would else be a vessel. Class A and B under way report every 30 s or
more often (ITU-R M.1371-5, annex 1, tables 1 and 2)."""

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
    from detectors.kinematics.integrity.several import tell_apart
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
    plain = numbers >= 0
    ships = ~not_a_vessel(mmsis)
    for place in np.flatnonzero(ships & plain).tolist():  # vessels
        own = slice(int(bounds[place]), int(bounds[place + 1]))
        heard = memory.get(int(mmsis[place]), {})
        if len(heard) > 1:
            plain[place] = False
            continue
        number, first = _number(int(numbers[place]), heard, int(reports.time_us[own.start]))
        sound = verdict[own] == Verdict.SOUND
        hull[own][sound] = number
        verdict[own][sound] = Verdict.SOUND if number == first else Verdict.OTHER_HULL
    others = np.flatnonzero(ships & ~plain)
    if len(others):
        _, rows = ranges(bounds[others], np.diff(bounds)[others])
        some = Judged(verdict[rows], hull[rows], shift_s[rows])
        of_each = np.r_[0, np.cumsum(np.diff(bounds)[others])]
        tell_apart(reports.take(rows), of_each, known[rows], memory, some)
        verdict[rows], hull[rows], shift_s[rows] = some
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
        begun = mmsi // 1_000_000
        kinds |= (begun // 10 == low) & (begun % 10 >= 2) & (begun % 10 <= 7)
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


def _number(known: int, heard: Mapping[int, Last], start_us: int) -> tuple[int, int]:
    """Return the number of a vessel's only hull, and the first of those that aren't closed."""
    still = [n for n, last in heard.items() if start_us - last.time_us <= CLOSING_S * SECOND_US]
    number = known or (still[0] if still else max(heard, default=0) + 1)
    return min(number, MAX_NUMBER), min([number, *still])
