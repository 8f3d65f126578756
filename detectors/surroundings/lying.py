"""Where vessels lie still: berths and anchorages by what is done there, mapped or not.

A vessel lies in a half hour when all of its reports in it and the one before them are within
`STAY_M` of one another and span `LEAST_S` or more. That is known as soon as the half hour is over,
and rests on one UTC day. Where many lie at once, and sets go off with the lights, is a lying place
(stops as places: Pallotta, Vespe & Bryan 2013, Vessel pattern knowledge discovery from AIS data,
Entropy 15:2218-2245, doi:10.3390/e15062218, clusters stops into ports and anchorages likewise).
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from detectors.core.arrays import Bools, Floats, Ints
from detectors.core.frames import (
    DAY_US,
    SECOND_US,
    conform,
    empty,
    epoch_us,
    from_epoch_us,
    is_first,
)
from detectors.kinematics import geodesy, timegrid
from detectors.surroundings.coverage import LYING, SLOT_US, Coverage

CELL_UNITS: Final = 10_000
"""Side of a cell in millionths of a degree: 0.01 degree, 0.6 nm along a meridian."""
STAY_M: Final = 400.0
"""Across: a ship at anchor swings in a circle of some 300 m; one adrift at half a knot goes 460 m
in half an hour."""
LEAST_S: Final = 1200
BEFORE_S: Final = 7200
"""A report longer ago than that says nothing of the half hour."""

_LAT_CELLS: Final = 18_001
_LON_CELLS: Final = 36_000
_PLACES: Final = 2_048
"""Looked around at once: in a crowd each has some hundred rows, a night asks of fifty thousand."""


class Lying:
    """`LYING`, to be asked what lies around places.

    `frame`: `LYING`, of any days.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        slot = epoch_us(frame["time"]) // SLOT_US
        row, col = frame["lat_cell"].to_numpy("int64"), frame["lon_cell"].to_numpy("int64")
        self._first = int(slot.min()) if len(slot) else 0
        self._n_slots = int(np.ptp(slot)) + 1 if len(slot) else 1
        # By cell and then by half hour: what is asked of a cell lies together.
        key = (row * _LON_CELLS + col) * self._n_slots + slot - self._first
        order = np.argsort(key, kind="stable")
        self._keys = key[order]
        self._values = frame[["vessels", "silences"]].to_numpy("float64")[order]

    @classmethod
    def of(cls, coverage: Coverage) -> "Lying":
        """Return what a coverage knows of that."""
        return cls(coverage.lying)

    def around(self, lat: ArrayLike, lon: ArrayLike, first: Ints, last: Ints) -> tuple[Ints, Ints]:
        """Return how many lay at once around each place at most, and how many sets went off.

        In its cell and the eight around it, over half hours since 1970-01-01 UTC, both inclusive.
        """
        n = len(first)
        most, silences = np.zeros(n, "int64"), np.zeros(n, "int64")
        row, col = _cells(lat, lon)
        since = np.clip(first - self._first, 0, self._n_slots)
        until = np.maximum(np.clip(last - self._first + 1, 0, self._n_slots), since)
        for begin in range(0, n if len(self._keys) else 0, _PLACES):
            some = slice(begin, begin + _PLACES)
            most[some], silences[some] = self._of_some(
                row[some], col[some], since[some], until[some]
            )
        return most, silences

    def _of_some(self, row: Ints, col: Ints, since: Ints, until: Ints) -> tuple[Floats, Floats]:
        near_row = row[:, None] + np.repeat([-1, 0, 1], 3)
        near_col = (col[:, None] + np.tile([-1, 0, 1], 3)) % _LON_CELLS
        cell = (near_row * _LON_CELLS + near_col) * self._n_slots
        bounds = np.searchsorted(
            self._keys, np.stack([cell + since[:, None], cell + until[:, None]])
        )
        inside = (near_row >= 0) & (near_row < _LAT_CELLS)
        owner, at = timegrid.ranges(
            bounds[0].ravel(), (np.diff(bounds, axis=0)[0] * inside).ravel()
        )
        place, count = owner // 9, until - since
        begins = np.cumsum(count) - count
        slot = begins[place] + self._keys[at] % self._n_slots - since[place]
        vessels, off = self._values[at].T
        lain = np.bincount(slot, vessels, int(count.sum()))
        most = np.zeros(len(row))
        asked = np.flatnonzero(count)
        most[asked] = timegrid.aggregate(
            np.maximum, lain, begins[asked], (begins + count - 1)[asked]
        )
        return most, np.bincount(place, off, len(row)).astype("float64")


class Still(NamedTuple):
    """Who lay still where: once for each half hour and cell of a track."""

    key: Ints
    mmsi: Ints
    falls_silent: Ints


def still(
    mmsi: Ints, track: Ints, time_us: Ints, lat: Floats, lon: Floats, falls_silent: Bools
) -> Still:
    """Return who lay still of the reports of one UTC day (or of several: each stands for itself).

    Parameters
    ----------
    mmsi, track, time_us, lat, lon
        Reports sorted by track and time.
    falls_silent
        Whether each is its track's last for a while, see `coverage_learn`.
    """
    if len(track) == 0:
        return Still(*(np.zeros(0, "int64") for _ in Still._fields))
    slot = time_us // SLOT_US
    first, last = timegrid.stretches(track, slot)
    before = np.maximum(first - 1, 0)
    follows = (track[before] == track[first]) & (
        time_us[before] // DAY_US == time_us[first] // DAY_US
    )
    follows &= time_us[first] - time_us[before] <= BEFORE_S * SECOND_US
    begin = np.where(follows, before, first)
    # In metres from the last report, so that a cell's edge or the antimeridian makes no difference.
    owner = np.repeat(np.arange(len(first)), last - first + 1)
    east, north = _from(lat, lon, last[owner])
    ahead_east, ahead_north = _from(lat, lon, last, begin)
    spans = []
    for values, of_begin in ((east, ahead_east), (north, ahead_north)):
        low = np.minimum(np.minimum.reduceat(values, first), of_begin)
        spans.append(np.maximum(np.maximum.reduceat(values, first), of_begin) - low)
    lay = (np.hypot(*spans) <= STAY_M) & (time_us[last] - time_us[begin] >= LEAST_S * SECOND_US)
    first, last = first[lay], last[lay]
    row, col = _cells(lat[last], lon[last])
    return Still(_key(slot[last], row, col), mmsi[last], falls_silent[last].astype("int64"))


def learned(parts: Sequence[Still]) -> pd.DataFrame:
    """Return `LYING` of parts, each of other vessels."""
    key, mmsi, off = map(np.concatenate, zip(*parts, strict=True))
    # One vessel once in each half hour and cell, however many tracks it has.
    order = np.lexsort((mmsi, key))
    key, who, off = key[order], mmsi[order], off[order]
    if len(key) == 0:
        return empty(LYING)
    begins = np.flatnonzero(is_first(key))
    new = is_first(key, who).astype("int64")
    key = key[begins]
    start_us = key // (_LAT_CELLS * _LON_CELLS) * SLOT_US
    dates = np.datetime_as_string(start_us.astype("datetime64[us]"), unit="D")
    return conform(
        pd.DataFrame(
            {
                "date": pd.Series(dates, dtype="str"),
                "time": from_epoch_us(start_us),
                "lat_cell": key // _LON_CELLS % _LAT_CELLS,
                "lon_cell": key % _LON_CELLS,
                "vessels": np.add.reduceat(new, begins),
                "silences": np.add.reduceat(off, begins),
            }
        ),
        LYING,
    )


def _from(lat: Floats, lon: Floats, origin: Ints, of: Ints | None = None) -> tuple[Floats, Floats]:
    """Return metres east and north of the report `origin` of each report (of some of them)."""
    rows = slice(None) if of is None else of
    degree_m = np.pi / 180 * geodesy.EARTH_RADIUS_M
    east = geodesy.wrap_lon(lon[rows] - lon[origin]) * np.cos(np.radians(lat[origin]))
    return np.asarray(east * degree_m), np.asarray((lat[rows] - lat[origin]) * degree_m)


def _cells(lat: ArrayLike, lon: ArrayLike) -> tuple[Ints, Ints]:
    row = np.rint(np.asarray(lat, "float64") * 1e6).astype("int64") + 90_000_000
    col = np.rint(np.asarray(lon, "float64") * 1e6).astype("int64") + 180_000_000
    return row // CELL_UNITS, col // CELL_UNITS % _LON_CELLS


def _key(slot: Ints, row: Ints, col: Ints) -> Ints:
    return np.asarray((slot * _LAT_CELLS + row) * _LON_CELLS + col)
