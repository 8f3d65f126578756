"""Reports made wrong on their way into the feed: displaced, misdated, sent a second time."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.core.arrays import Bools, Floats, Ints
from detectors.kinematics import geodesy
from pipelines.exercise.radio import Reception
from pipelines.exercise.receivers import Faults

MISDATED: Final = "dated minutes wrong"
STAMPED_LATE: Final = "a station's clock is off for hours"
COPIED: Final = "track comes a second time, later"
OFF: Final = "one fix or two far off, then back"
CORRUPT: Final = "corrupt position under a right checksum"
FAULT_OF: Final = {
    MISDATED: "clock",
    STAMPED_LATE: "clock",
    COPIED: "copy",
    OFF: "false_fix",
    CORRUPT: "false_fix",
}
"""The fault that each of these is."""
_LATE_S: Final = (60.0, 1500.0)
_EARLY: Final = 0.15
"""Share of the misdated that are dated too early; the rest when they were delivered."""


def displaced(
    faults: Faults, actor: Ints, t: Floats, lat: Floats, lon: Floats
) -> tuple[Floats, Floats, Bools]:
    """Return positions with false fixes among them, and which these are.

    `actor` and `t` say whose report each is and when it was sent.
    """
    lat, lon, off = lat.copy(), lon.copy(), np.zeros(len(t), bool)
    for fix in faults.fixes:
        # Within the hour: a ship that has left sends no false fix either.
        rows = np.flatnonzero((actor == fix.actor) & (t >= fix.at) & (t < fix.at + 3600.0))
        rows = rows[: fix.reports]
        shift = complex(fix.north_m, fix.east_m)
        lat[rows], lon[rows] = geodesy.destination(
            lat[rows], lon[rows], np.degrees(np.angle(shift)), abs(shift)
        )
        off[rows] = True
    return lat, lon, off


def misdated(
    faults: Faults, actor: Ints, t: Floats, heard: Reception, rng: np.random.Generator
) -> tuple[Reception, NDArray[np.str_]]:
    """Return receptions with wrong times and copies among them, and what is wrong with each."""
    n = len(heard.sent)
    wrong = np.full(n, "", "U48")
    epoch_s, arrival_s = heard.epoch_s.copy(), heard.arrival_s.copy()
    shortest, longest = np.log(_LATE_S)
    late_s = np.round(np.exp(rng.uniform(shortest, longest, n))).astype("int64")
    draw = rng.random((2, n))
    dated = draw[0] < faults.misdated
    early = dated & (draw[1] < _EARLY)
    epoch_s[dated] += np.where(early, -late_s, late_s)[dated]
    arrival_s[dated & ~early] += late_s[dated & ~early]
    wrong[dated] = MISDATED
    for station, (start, end), offset_s in faults.stamped_late:
        own = (heard.station == station) & (t[heard.sent] >= start) & (t[heard.sent] < end)
        own &= ~dated
        epoch_s[own] += int(offset_s)
        wrong[own] = STAMPED_LATE
    parts = [(heard.sent, heard.station, epoch_s, arrival_s, wrong)]
    for copy in faults.copies:
        own = (actor[heard.sent] == copy.actor) & (wrong == "")
        own &= (t[heard.sent] >= copy.start) & (t[heard.sent] < copy.end)
        own &= rng.random(n) < copy.share
        shift = int(copy.late_s)
        parts.append(
            (
                heard.sent[own],
                heard.station[own],
                epoch_s[own] + shift,
                arrival_s[own] + shift,
                np.full(int(own.sum()), COPIED, "U48"),
            )
        )
    sent, station_rows, epochs, arrivals, why = (
        np.concatenate(each) for each in zip(*parts, strict=True)
    )
    return Reception(sent, station_rows, epochs, arrivals), why
