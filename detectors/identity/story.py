"""Stories about identities, and the reports of each vessel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.arrays import Ints
from detectors.core.frames import SECOND_US
from detectors.kinematics import geodesy
from detectors.kinematics.reports import Reports
from detectors.vessels.numbers import OTHER_STATION, mmsi_kind

SCORES: Final[Mapping[str, float]] = {
    "hand_over": 0.8,
    "two_hulls": 0.7,
    "two_numbers": 0.5,
    "changed_imo": 0.6,
    "changed_name": 0.45,
    "changed_callsign": 0.35,
    "look_alike": 0.15,
    "invalid_imo": 0.12,
    "invalid_mmsi": 0.15,
}
"""Scores before explanations of a clear-cut case; see the class for what lowers and raises them."""
HANDHELD: Final = 8
"""First digit of a handheld set's number, 8MIDxxxxx (ITU-R M.585-9, annex 2), with which boats'
sets of class B are left; the set itself sends no positions. A boat of a ship's, 98MIDxxxx, may."""
FIELDS: Final = {"name": "changed_name", "imo": "changed_imo", "callsign": "changed_callsign"}


@dataclass(frozen=True)
class Story:
    """What doesn't agree: about one track, or two, between two times; it may go on.

    `end_us` is its end, or that of what is loaded while it goes on; `anchor_us` the start where
    left out; `settings` names the parameters that shaped what was measured.
    """

    subkind: str
    tracks: tuple[int, ...]
    start_us: int
    end_us: int
    lat: float
    lon: float
    score: float
    evidence: Mapping[str, Any]
    settings: tuple[str, ...] = ()
    anchor_us: int | None = None
    going_on: bool = False


def told_apart(stories: Sequence[Story]) -> list[Story]:
    """Return them with anchors of their own, where several values begin in one moment: a name after
    another within a second, of the same vessel. Two events with one id would end the detector.
    """
    begun: dict[tuple[Any, ...], int] = {}
    order = sorted(range(len(stories)), key=lambda i: str(stories[i].evidence.get("new_value")))
    made = list(stories)
    for i in order:
        one = stories[i]
        anchor_us = one.start_us if one.anchor_us is None else one.anchor_us
        key = one.subkind, one.tracks, anchor_us
        if "new_value" in one.evidence and key in begun:
            made[i] = replace(one, anchor_us=anchor_us + begun[key])
        begun[key] = begun.get(key, 0) + 1
    return made


class VesselReports(Reports):
    """Reports, with where each vessel's are."""

    def __init__(self, positions: pd.DataFrame) -> None:
        super().__init__(positions)
        self.vessels, at = np.unique(self.tracks // 100, return_index=True)
        self._first = self.bounds[at]
        self._stop = np.r_[self._first[1:], len(self.track)]

    @staticmethod
    def is_ship(mmsi: Ints) -> NDArray[np.bool_]:
        """Tell whether MMSIs are not those of other stations: aircraft, buoys, boats of a ship."""
        return np.asarray((mmsi_kind(mmsi) != OTHER_STATION) | (mmsi // 100_000_000 == HANDHELD))

    def of(self, mmsi: int) -> Ints:
        """Return the rows of a vessel, by track."""
        slot = int(np.searchsorted(self.vessels, mmsi))
        return np.arange(self._first[slot], self._stop[slot])

    def between(self, mmsi: int, since_us: int, until_us: int) -> Ints:
        """Return the rows of a vessel from one time to another."""
        rows = self.of(mmsi)
        time_us = self.time_us[rows]
        return rows[(time_us >= since_us) & (time_us <= until_us)]

    def at(self, mmsi: int, time_us: int) -> int:
        """Return the last row of a vessel at or before a time, its first where there is none."""
        rows = self.of(mmsi)
        away_us = time_us - self.time_us[rows]
        before = np.flatnonzero(away_us >= 0)
        if len(before):
            return int(rows[before[away_us[before].argmin()]])
        return int(rows[away_us.argmax()])

    def speed_kn(self, row: int) -> float:
        """Return the speed over the ten minutes and more up to a report; NaN if none before."""
        rows = self.of(int(self.track[row] // 100))
        rows = rows[(self.track[rows] == self.track[row]) & (rows < row)]
        away_s = (self.time_us[row] - self.time_us[rows]) / SECOND_US
        far = np.flatnonzero(away_s >= 600.0)
        if not len(far):
            return float("nan")
        then = int(rows[far[-1]])
        moved_m = geodesy.apart_m(self, then, row)
        return float(geodesy.speed_kn(moved_m, away_s[far[-1]]))
