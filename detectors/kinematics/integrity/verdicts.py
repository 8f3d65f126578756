"""Verdicts: of each report whether it is sound, and why not."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.frames import epoch_us
from detectors.core.mids import MIDS

COPY_S: Final = 5.0
"""Reports of one content so close in time are copies of one transmission.

A vessel that isn't moving, the only one whose reports repeat themselves, reports every 10 s or
less often: ITU-R M.1371-5, annex 1, tables 1 and 2. Half of that lets receivers' clocks and network
delays differ by seconds and never joins two true reports, nor chains of them."""

MIN_SHIFT_S: Final = 60.0
"""A time that is off by so much is a clock's fault; positions err by what less makes of them."""

MAX_NUMBER: Final = 99
"""Hulls of one number that a track id has room for. Reports of any further one are false."""

JAMMED_S: Final = 3_600
"""Interference is looked for by the hour: fixes of several vessels that it puts at one place."""


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
    "its number is no vessel's, and it doesn't make way as one",
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

    @classmethod
    def of(cls, positions: pd.DataFrame) -> "Reports":
        """Return position reports, `frames.POSITIONS` in that order, as arrays."""
        names = ("lat", "lon", "sog_kn", "cog_deg")
        numbers = (positions[name].to_numpy() for name in names)
        return cls(positions["mmsi"].to_numpy(), epoch_us(positions["time"]), *numbers)

    def __len__(self) -> int:
        return len(self.mmsi)

    def take(self, rows: Ints | Bools | slice) -> "Reports":
        """Return some of them."""
        return Reports(**{name: values[rows] for name, values in vars(self).items()})


class Heard(NamedTuple):
    """The hulls heard so far, sorted by (mmsi, hull): when and where each was last."""

    mmsi: Ints
    hull: Ints
    """Number, and the one that it has under it, from 1."""
    time_us: Ints
    lat: Floats
    lon: Floats
    """As of `Reports`."""

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
    """What `judge` finds of each report."""

    verdict: NDArray[np.uint8]
    """A `Verdict`, as uint8; `REASONS` says why."""
    hull: NDArray[np.uint8]
    """The hull that it is of, from 1; 0 for none. Those of the first that isn't silent for
    `CLOSING_S` are sound."""
    shift_s: NDArray[np.float32]
    """Of a clock fault, how much later its time is than the vessel was there; else NaN."""

    def take(self, rows: Ints | slice) -> "Judged":
        """Return some of them, copied."""
        return Judged(self.verdict[rows].copy(), self.hull[rows].copy(), self.shift_s[rows].copy())


def not_a_vessel(mmsi: Ints) -> Bools:
    """Tell which numbers are no vessel's: ITU-R M.585-9, annexes 1 and 2. Whether what sends one is
    none, too, its conduct tells (`making_way`).

    Coast stations (00MIDxxxx), aircraft (see `rescue_aircraft`), aids to navigation (99),
    transmitters of distress (970 to 979). A handheld set (8MIDxxxxx) is aboard something: boats of
    these waters are left with such numbers, and their conduct is looked at. A number that has none
    of the formats, such as the 009... of many sets, is a vessel's that says a wrong one; so is that
    of a group (0MIDxxxxx), by which ships are called and none ever calls: it is a ship's less a
    digit.
    """
    first = mmsi // 1_000_000
    kinds = rescue_aircraft(mmsi) | ((first >= 970) & (first <= 979))
    for low in (0, 99):  # 00MIDxxxx and 99MIDxxxx
        # The digit behind the prefix begins a MID: 2 to 7.
        kinds |= (first // 10 == low) & (first % 10 >= 2) & (first % 10 <= 7)
    return np.asarray(kinds)


def rescue_aircraft(mmsi: Ints) -> Bools:
    """Tell which numbers are search and rescue aircraft's: 111MIDxxx with a MID in use, ITU-R
    M.585-9, annex 1. Any other that begins with 111 was made up at a keyboard, and is a boat's.
    """
    return np.asarray((mmsi // 1_000_000 == 111) & np.isin(mmsi // 1_000 % 1_000, list(MIDS)))
