"""Silences, the history before them, and the time slots inside them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.frames import SECOND_US, of_tracks
from detectors.kinematics import geodesy, timegrid
from detectors.kinematics.reports import Reports


class History(Reports):
    """Reports with look-ups back along a track and across an MMSI's tracks."""

    def __init__(self, positions: pd.DataFrame) -> None:
        super().__init__(positions)
        self.step_s: Floats = np.r_[np.diff(self.time_us), 0] / SECOND_US
        # Rows are sorted by (track, time), so a number that counts tracks and then time is too.
        self._track_number = np.repeat(np.arange(len(self.tracks)), np.diff(self.bounds))
        self._start_us = int(self.time_us.min())
        self._span_us = int(self.time_us.max()) - self._start_us + 1
        self._key = self._track_number * self._span_us + self.time_us - self._start_us

    def first_since(self, row: Ints, seconds: float | Floats) -> Ints:
        """Return the first row of the same track no more than `seconds` before each row."""
        ago_us = (np.asarray(seconds) * SECOND_US).astype("int64")
        back_us = self.time_us[row] - ago_us - self._start_us
        wanted = self._track_number[row] * self._span_us + np.maximum(back_us, 0)
        return np.asarray(np.searchsorted(self._key, wanted))

    def last_within(self, row: Ints, seconds: float) -> Ints:
        """Return the last row of the same track no more than `seconds` after each row."""
        until_us = self.time_us[row] + int(seconds * SECOND_US) - self._start_us
        wanted = self._track_number[row] * self._span_us + np.minimum(until_us, self._span_us - 1)
        return np.asarray(np.searchsorted(self._key, wanted, side="right") - 1)

    def track_start_us(self, row: Ints) -> Ints:
        """Return when the track of each row begins, as far as it is loaded."""
        return np.asarray(self.time_us[self.bounds[self._track_number[row]]])

    def way_before(self, row: Ints, seconds: float | Floats) -> tuple[Floats, Floats]:
        """Return speed (kn) and course (deg) made good over the `seconds` before each report.

        From positions, since speed and course are often missing; over the last step where that is
        longer. Zero and NaN for the first report of a track.
        """
        back = np.minimum(self.first_since(row, seconds), row - 1)
        back = np.maximum(back, self.bounds[self._track_number[row]])
        moved_m = geodesy.apart_m(self, back, row)
        took_s = (self.time_us[row] - self.time_us[back]) / SECOND_US
        speed_kn = np.where(took_s > 0, geodesy.speed_kn(moved_m, np.maximum(took_s, 1e-6)), 0.0)
        course = geodesy.course_deg(self, back, row)
        return speed_kn, np.where(moved_m > 0, course, np.nan)

    def heard_elsewhere(self, row: Ints, end_us: Ints) -> Ints:
        """Count reports of the same MMSI strictly inside each silence; they are of other tracks."""
        vessels = np.asarray(self.tracks) // 100
        several = np.unique(vessels[1:][np.diff(vessels) == 0])
        asked = np.flatnonzero(np.isin(self.mmsi[row], several))
        count = np.zeros(len(row), "int64")
        if len(asked) == 0:
            return count
        row, end_us = row[asked], end_us[asked]
        rows = np.flatnonzero(of_tracks(self.mmsi, self.mmsi[row]))
        order = rows[np.lexsort((self.time_us[rows], self.mmsi[rows]))]
        number = np.cumsum(np.r_[False, np.diff(self.mmsi[order]) != 0])
        key = number * self._span_us + self.time_us[order] - self._start_us
        own = np.empty(len(self.mmsi), "int64")
        own[order] = number
        low = own[row] * self._span_us + self.time_us[row] - self._start_us
        inside_us = np.minimum(end_us - self._start_us, self._span_us)
        high = own[row] * self._span_us + inside_us
        count[asked] = np.searchsorted(key, high, side="left") - np.searchsorted(
            key, low, side="right"
        )
        return count


@dataclass(frozen=True)
class Slots:
    """The whole time slots inside each silence, with the place where the vessel may have been."""

    silence: Ints
    slot: Ints
    lat: Floats
    lon: Floats
    count: Ints

    def mean(self, values: NDArray[Any]) -> Floats:
        """Return the mean of the known values of each silence, NaN where there is none."""
        known = ~np.isnan(values)
        n = len(self.count)
        total = np.bincount(self.silence[known], weights=values[known], minlength=n)
        some = np.bincount(self.silence[known], minlength=n)
        return np.where(some > 0, total / np.maximum(some, 1), np.nan)

    def median(self, values: NDArray[Any]) -> Floats:
        """Return the lower median of the known values of each silence, NaN where there is none."""
        last = np.cumsum(self.count) - 1
        known = values.astype("float64")
        return timegrid.quantiles(known, last - self.count + 1, last, 0.5)


@dataclass(frozen=True)
class Silences:
    """Silences, one each: the row of the last report before it, its span, what was measured."""

    row: Ints
    is_open: Bools
    start_us: Ints
    end_us: Ints
    columns: dict[str, NDArray[Any]]

    def narrowed(self, keep: Bools, **measured: NDArray[Any]) -> "Silences":
        """Return those to keep, with more that was measured of them."""
        columns = {name: values[keep] for name, values in {**self.columns, **measured}.items()}
        return Silences(
            self.row[keep], self.is_open[keep], self.start_us[keep], self.end_us[keep], columns
        )

    def pieces(self, n: int) -> Iterator["Silences"]:
        """Return them in their order, no more than `n` at a time."""
        place = np.arange(len(self.row))
        for first in range(0, len(place), n):
            yield self.narrowed((place >= first) & (place < first + n))

    def at_slots(self, reports: History, slot_s: int, at_most_s: int) -> Slots:
        """Return whole slots of `slot_s` (absolute) inside each silence, `at_most_s` of them.

        The place is on the straight line to the report after the silence, or while there is none
        where it began. Only whole slots count, so that what is heard later changes nothing.
        """
        slot_us = slot_s * SECOND_US
        first = -(-self.start_us // slot_us)
        count = np.clip(self.end_us // slot_us - first, 0, at_most_s // slot_s)
        silence, slot = timegrid.ranges(first, count)
        middle_us = slot * slot_us + slot_us // 2 - self.start_us[silence]
        fraction = middle_us / (self.end_us - self.start_us)[silence]
        fraction = np.where(self.is_open[silence], 0.0, fraction)
        here = self.row[silence]
        there = np.minimum(here + 1, len(reports.lat) - 1)
        lat, lon = geodesy.interpolate(
            reports.lat[here], reports.lon[here], reports.lat[there], reports.lon[there], fraction
        )
        return Slots(silence, slot, lat, lon, count)
