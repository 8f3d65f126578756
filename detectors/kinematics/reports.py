"""Tracked positions as arrays, with what detectors ask of them again and again."""

from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.frames import SECOND_US, epoch_us, is_last, offsets
from detectors.kinematics import geodesy, timegrid


class Reports:
    """Position reports sorted by (track, time); times in microseconds since 1970-01-01 UTC.

    Columns beside track, time and place are taken from the frame when they are first asked for, so
    that a detector reads those that it requires and no others.

    Attributes
    ----------
    track, time_us, lat, lon
        One value a report.
    bounds
        First report of each track, with the number of reports at the end.
    """

    def __init__(self, positions: pd.DataFrame) -> None:
        self._positions = positions
        self.track: Ints = positions["track_id"].to_numpy()
        self.time_us: Ints = epoch_us(positions["time"])
        self.lat: Floats = positions["lat"].to_numpy()
        self.lon: Floats = positions["lon"].to_numpy()
        self.bounds: Ints = offsets(self.track)

    def __len__(self) -> int:
        return len(self.track)

    @cached_property
    def mmsi(self) -> Ints:
        """MMSI of each report."""
        return np.asarray(self._positions["mmsi"].to_numpy())

    @cached_property
    def sog_kn(self) -> Floats:
        """Speed over ground, NaN where it isn't stated."""
        return np.asarray(self._positions["sog_kn"].to_numpy())

    @cached_property
    def cog_deg(self) -> Floats:
        """Course over ground, NaN where it isn't stated."""
        return np.asarray(self._positions["cog_deg"].to_numpy())

    @cached_property
    def heading_deg(self) -> Floats:
        """True heading, NaN where it isn't stated."""
        return np.asarray(self._positions["heading_deg"].to_numpy("float64"))

    @cached_property
    def nav_status(self) -> NDArray[np.int16]:
        """Navigation status of each report."""
        return np.asarray(self._positions["nav_status"].to_numpy())

    @cached_property
    def is_class_b(self) -> Bools:
        """Tell whether each report was sent by a set of class B."""
        return np.asarray((self._positions["ais_class"] == "B").to_numpy(bool))

    def ais_class_of(self, rows: Any) -> NDArray[Any]:
        """Return the class of the set that sent each of some reports."""
        classes, codes = self._ais_classes
        return np.asarray(classes[codes[rows]])

    @cached_property
    def _ais_classes(self) -> tuple[NDArray[Any], NDArray[Any]]:
        own = pd.Categorical(self._positions["ais_class"])
        return own.categories.to_numpy("str"), own.codes

    @property
    def tracks(self) -> Ints:
        """All tracks, in order."""
        return self.track[self.bounds[:-1]]

    @cached_property
    def final(self) -> Bools:
        """Tell whether each report is the last of its track."""
        return is_last(self.track)

    def span_of(self, track: int) -> tuple[int, int]:
        """Return the first row of a track and the row after its last."""
        low, high = np.searchsorted(self.track, [track, track + 1]).tolist()
        return low, high

    def stretch(self, row: int, reach_s: float) -> tuple[int, int]:
        """Return the first row of the same track within so many seconds of a row, and the row after
        the last.
        """
        low, high = self.span_of(int(self.track[row]))
        times, reach_us = self.time_us[low:high], int(reach_s * SECOND_US)
        near = np.searchsorted(
            times, [self.time_us[row] - reach_us, self.time_us[row] + reach_us + 1]
        )
        return low + int(near[0]), low + int(near[1])

    def n_of_other_hulls(self, first: int, last: int) -> int:
        """Count reports of the number of some row, of any other of its tracks, from the time of
        that row to that of a later row of its track.
        """
        low, high = np.searchsorted(self.mmsi, self.mmsi[first] + np.arange(2)).tolist()
        times_us = self.time_us[low:high]
        if self.track[low] != self.track[high - 1]:
            times_us = np.sort(times_us)
        since, until = np.searchsorted(times_us, self.time_us[[first, last]] + np.arange(2))
        return max(int(until - since) - (last - first + 1), 0)

    def distance_m(self, a: int, b: int) -> float:
        """Return the distance between two reports."""
        return float(geodesy.apart_m(self, a, b))

    def seconds(self, a: int, b: int) -> float:
        """Return the time from one report to another."""
        return float(self.time_us[b] - self.time_us[a]) / SECOND_US

    def made_good_kn(self, a: int, b: int) -> float:
        """Return the speed made good from one report to another, NaN to one that isn't later."""
        if self.time_us[b] <= self.time_us[a]:
            return float("nan")
        return float(geodesy.speed_kn(self.distance_m(a, b), self.seconds(a, b)))

    def position_at(self, track: Ints, at_us: Ints) -> tuple[Floats, Floats]:
        """Return where tracks were at some times; see `timegrid.position_at`."""
        lat, lon = timegrid.position_at(self.track, self.time_us, self.lat, self.lon, track, at_us)
        return np.atleast_1d(lat), np.atleast_1d(lon)

    def grid(self, step_s: int, max_silence_s: float) -> timegrid.Grid:
        """Return their places on the absolute time grid; see `timegrid.resample`."""
        return timegrid.resample(
            self.track, self.time_us, self.lat, self.lon, step_s, max_silence_s
        )

    def source_of(self, row: int) -> str:
        """Return where a report came from, as evidence names it: ``<source>:<line>``."""
        return self.sources_of([row])[0]

    def sources_of(self, rows: Any) -> list[str]:
        """Return where reports came from, as evidence names it."""
        return sources(self._positions, rows)


def sources(positions: pd.DataFrame, rows: Ints) -> list[str]:
    """Return where reports came from, as evidence names it: ``<source>:<line>``."""
    taken = np.asarray(rows, "int64")
    column, places = positions["source"].array, positions["source_offset"].array[taken].tolist()
    if isinstance(
        column, pd.Categorical
    ):  # asked for by event, and taken so in a tenth of the time
        known, codes = [*column.categories.tolist(), np.nan], column.codes[taken].tolist()
        names = [known[code] for code in codes]
    else:
        names = column[taken].tolist()
    return [f"{a}:{b}" for a, b in zip(names, places, strict=True)]
