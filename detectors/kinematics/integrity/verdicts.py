"""Verdicts: of each report whether it is sound, and why not."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.core.frames import offsets

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

COPY_S: Final = 5.0
"""Reports of one content so close in time are copies of one transmission.

A vessel that isn't moving, the only one whose reports repeat themselves, reports every 10 s or
less often: ITU-R M.1371-5, annex 1, tables 1 and 2. Half of that lets receivers' clocks and network
delays differ by seconds and never joins two true reports, nor chains of them."""

MAX_NUMBER: Final = 99
"""Hulls of one number that a track id has room for. Reports of any further one are false."""

JAMMED_S: Final = 3_600


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


class Heard(NamedTuple):
    """The hulls heard so far, sorted by (mmsi, hull): when and where each was last.

    Attributes
    ----------
    mmsi, hull
        Number, and the one that it has under it, from 1.
    time_us, lat, lon
        As of `Reports`.
    """

    mmsi: Ints
    hull: Ints
    time_us: Ints
    lat: Floats
    lon: Floats

    def within(self, rows: Ints | Bools) -> "Heard":
        """Return some of them."""
        mmsi, hull, time_us, lat, lon = self
        return Heard(mmsi[rows], hull[rows], time_us[rows], lat[rows], lon[rows])

    def and_of(self, others: "Heard") -> "Heard":
        """Return them and those of other numbers."""
        both: list[Any] = [np.concatenate(pair) for pair in zip(self, others, strict=True)]
        whole = Heard(*both)
        return whole.within(np.lexsort((whole.hull, whole.mmsi)))


def nothing_heard() -> Heard:
    """Return no hulls."""
    whole, real = np.zeros(0, "int64"), np.zeros(0)
    return Heard(whole, whole, whole, real, real)


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

    def take(self, rows: Ints | slice) -> "Judged":
        """Return some of them, copied."""
        return Judged(self.verdict[rows].copy(), self.hull[rows].copy(), self.shift_s[rows].copy())


def judge_each(
    reports: Reports, known: NDArray[np.uint8] | None = None, heard: Heard | None = None
) -> Judged:
    """Give each report of a stretch its verdict, each vessel by itself: what interference makes is
    a false fix.

    Parameters
    ----------
    reports
        The stretch, with what is before and behind it.
    known
        The hull of each report as far as it was settled before, else 0: a chain keeps the number
        that most of its reports have.
    heard
        The hulls that were heard before that.
    """
    hull = np.zeros(len(reports), np.uint8) if known is None else known.copy()
    always = np.iinfo("int64").max
    whole = np.array([[-always], [always], [always], [-always], [always]])
    return judge_stretches(reports, whole, hull, heard or nothing_heard()).judged


class Stretched(NamedTuple):
    """What `judge_stretches` returns.

    Attributes
    ----------
    judged
        Of each report that is in a stretch what it is worth; the others are sound and keep the
        hull by which they are known.
    false
        Stretch and row of each report that is a false fix among those around the stretch.
    heard
        The hulls heard up to the end of the last one.
    """

    judged: Judged
    false: Ints
    heard: Heard


def judge_stretches(
    reports: Reports, stretches: Ints, known: NDArray[np.uint8], heard: Heard
) -> Stretched:
    """Give the reports of some stretches their verdicts, stretch after stretch; see `judge_each`.

    Parameters
    ----------
    stretches
        Rows of `stretches.Stretches`.
    """
    # What is compiled is imported by need: whoever only asks the store doesn't pay for it.
    from detectors.kinematics.integrity import stretches as kernel
    from detectors.kinematics.integrity.rows import Rows
    from detectors.kinematics.integrity.several import Last

    n = len(reports)
    found = Judged(np.zeros(n, np.uint8), known.copy(), np.full(n, np.nan, np.float32))
    if n == 0:
        return Stretched(found, np.zeros((2, 0), "int64"), heard)
    bounds = offsets(reports.mmsi)
    mmsis = reports.mmsi[bounds[:-1]]
    own = np.isin(heard.mmsi, mmsis)
    here = heard.within(own)
    stated = reports.lat, reports.lon, reports.sog, reports.cog
    false, last, n_heard = kernel.judge(
        bounds,
        not_a_vessel(mmsis),
        Rows(_own(reports.time_us, "int64"), *(_own(values, "float64") for values in stated)),
        kernel.Stretches(*np.ascontiguousarray(stretches)),
        Last(*map(_own, here[1:], ("int64", "int64", "float64", "float64"))),
        np.searchsorted(here.mmsi, np.r_[mmsis, mmsis[-1] + 1]),
        *found,
    )
    whole = Heard(np.repeat(mmsis, n_heard), *last)
    false = np.array([false >> kernel.ROW_BITS, false & (1 << kernel.ROW_BITS) - 1])
    return Stretched(found, false, whole.and_of(heard.within(~own)))


def _own(values: NDArray[Any], kind: str) -> NDArray[Any]:
    """Return values of a type in memory that may be written: kernels are compiled for that."""
    return np.require(values, kind, ["C", "W"])


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
