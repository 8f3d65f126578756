"""Coverage: where and when the feed heard vessels.

A vessel's silence only means something where, and while, others were heard. GFW uses the density
of received reports for that: gaps count only where more than a few positions a day are received
(Welch et al. 2022, "Hot spots of unseen fishing vessels", Science Advances 8, eabq2109,
doi:10.1126/sciadv.abq2109). The Strait is covered by coast stations, whose reach changes within
hours and ends within a few miles, so here it is kept by half hour and cell of 0.1 degree.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from detectors.core.arrays import Floats, Ints
from detectors.core.frames import RECEPTIONS, SECOND_US, TIME, TRACKED, Column, empty, epoch_us
from detectors.surroundings.rates import Rates, heard_as_usual, usual_share

VERSION: Final = "3"
"""Raised when the same reports give other coverage, so that stored coverage is made anew."""

CELL_DEG: Final = 0.1
"""Side of a cell: 6 nm along a meridian, well below the 20-40 nm that a coast station reaches."""

SLOT_S: Final = 1800
"""Length of a time slot of `CELLS`. Each silence of an hour or more holds a whole one."""
SLOT_US: Final = SLOT_S * SECOND_US

SILENCE_S: Final = 3600
"""A track not heard for so long after a report fell silent there. Where most do, reception ends."""

NEAR_CELLS: Final = 5
SIGHT_CELLS: Final = 40
"""Sides of the blocks of cells in which `Coverage.receiving` looks, 30 nm and 240 nm: a block and
the eight around it are about what a coast station hears, or well within what a satellite does at a
time (3,000 km across from 600 km up)."""

FEED_SLOT_S: Final = 600
"""Length of a time slot of `FEED`."""

CELLS: Final = {
    "date": Column("str", "", "UTC date, YYYY-MM-DD"),
    "time": Column(TIME, "UTC", "start of the half hour"),
    "lat_cell": Column("int16", "0.1 deg", "floor of latitude / 0.1, from the south pole: 0-1800"),
    "lon_cell": Column("int16", "0.1 deg", "floor of longitude / 0.1, from 180 W: 0-3599"),
    "ais_class": RECEPTIONS["ais_class"],
    "vessels": Column("int32", "", "distinct vessels (MMSI) heard"),
    "reports": Column("int32", "", "reports heard"),
    "silences": Column(
        "int32",
        "",
        "tracks last heard here for SILENCE_S while the feed went on; none whose hour "
        "isn't over that day",
    ),
    "interval_s": Column(
        "float64", "s", "lower median time since the same track's report before, NaN if none"
    ),
}
"""What was heard by half hour, cell and AIS class; no row where nothing was."""

FEED: Final = {
    "date": CELLS["date"],
    "time": Column(TIME, "UTC", "start of the ten minutes"),
    "vessels": CELLS["vessels"],
    "reports": CELLS["reports"],
}
"""What the whole feed heard by ten minutes; no row where it heard nothing."""

RECEIVERS: Final = {
    **{k: CELLS[k] for k in ("date", "time", "lat_cell", "lon_cell", "ais_class")},
    "station": RECEPTIONS["station"],
    "reports": Column("int32", "", "reports it received, copies of one transmission each counted"),
}
"""What each receiver heard by half hour, cell and AIS class; no row where the feed names none."""

LYING: Final = {
    "date": CELLS["date"],
    "time": CELLS["time"],
    "lat_cell": Column("int32", "0.01 deg", "floor of latitude / 0.01, from the south pole"),
    "lon_cell": Column("int32", "0.01 deg", "floor of longitude / 0.01, from 180 W"),
    "vessels": Column("int32", "", "distinct vessels (MMSI) that lay still there"),
    "silences": Column("int32", "", "tracks that lay there and were last heard then for SILENCE_S"),
}
"""Where vessels lay still, by half hour and a cell of half a mile; see `lying`."""

REPORTS: Final = {k: TRACKED[k] for k in ("mmsi", "time", "lat", "lon", "ais_class", "track_id")}
"""What is learned from: `frames.TRACKED` without the columns that don't matter."""

CELL_SLOTS: Final = 1 << 24
"""More half hours than there are in nine centuries from 1970 on."""

_LAT_CELLS: Final = 1801
_LON_CELLS: Final = 3600

Made = TypeVar("Made")


@dataclass(frozen=True)
class Coverage:
    """What was heard, by UTC day and cell. Each day's rows rest on that day's reports only."""

    cells: pd.DataFrame
    """`CELLS`."""
    feed: pd.DataFrame
    """`FEED`."""
    receivers: pd.DataFrame = field(default_factory=lambda: empty(RECEIVERS))
    """`RECEIVERS`."""
    lying: pd.DataFrame = field(default_factory=lambda: empty(LYING))
    """`LYING`."""

    @classmethod
    def none(cls) -> "Coverage":
        """No knowledge of coverage."""
        return cls(empty(CELLS), empty(FEED))

    def around(
        self, lat: ArrayLike, lon: ArrayLike, slot: ArrayLike, ais_class: ArrayLike
    ) -> "Heard":
        """Return what was heard in the cell of each point and the eight around it, in a half hour.

        A class B transmitter has 2-5 W against 12.5 W of class A (ITU-R M.1371-5, annexes 2 and
        7): that class A vessels were heard doesn't show that one of class B would have been. So for
        class B only its like count, for all others everything.

        Parameters
        ----------
        lat, lon
            Points, deg.
        slot
            Half hours since 1970-01-01 UTC.
        ais_class
            'A', 'B' or empty.
        """
        key, inside = block_keys(lat, lon, slot)
        class_b = np.asarray(np.asarray(ais_class, "str") == "B")
        sums = np.zeros((4, len(key)))
        for chosen, (keys, values) in ((class_b, self._class_b), (~class_b, self._any_class)):
            if not chosen.any() or len(keys) == 0:
                continue
            at = np.minimum(np.searchsorted(keys, key[chosen]), len(keys) - 1)
            hit = (keys[at] == key[chosen]) & inside[chosen]
            sums[:, chosen] = np.where(hit, values[:, at], 0.0).sum(axis=2)
        vessels, silences, timed, seconds = sums
        interval_s = np.where(timed > 0, seconds / np.maximum(timed, 1), np.nan)
        return Heard(vessels.astype("int64"), silences.astype("int64"), interval_s)

    def between(
        self,
        lat: ArrayLike,
        lon: ArrayLike,
        first: ArrayLike,
        last: ArrayLike,
        ais_class: ArrayLike,
    ) -> tuple[Ints, Ints]:
        """Vessels and silences around points as in `around`, summed over half hours.

        Parameters
        ----------
        lat, lon, ais_class
            See `around`.
        first, last
            The first and the last half hour since 1970-01-01 UTC, both inclusive.
        """
        (low, inside), (high, _) = (
            block_keys(lat, lon, np.asarray(slot, "int64") + more, by_cell=True)
            for slot, more in ((first, 0), (last, 1))
        )
        class_b = np.asarray(np.asarray(ais_class, "str") == "B")
        sums = np.zeros((2, len(low)))
        for chosen, (keys, totals) in (
            (class_b, self._class_b_totals),
            (~class_b, self._any_class_totals),
        ):
            if not chosen.any() or len(keys) == 0:
                continue
            begin = np.searchsorted(keys, low[chosen])
            end = np.maximum(np.searchsorted(keys, high[chosen]), begin)
            found = (totals[:, end] - totals[:, begin]) * inside[chosen]
            sums[:, chosen] = found.sum(axis=2)
        vessels, silences = sums.astype("int64")
        return vessels, silences

    def receiving(
        self, lat: ArrayLike, lon: ArrayLike, slot: ArrayLike, size: int = NEAR_CELLS
    ) -> Ints:
        """Vessels heard in a half hour in and around the block of each point, of `NEAR_CELLS` or
        `SIGHT_CELLS`: whether what receives there was working.
        """
        keys, vessels = self._blocks[size]
        key, inside = block_keys(lat, lon, slot, size)
        if len(keys) == 0:
            return np.zeros(len(key), "int64")
        at = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
        return np.asarray(np.where((keys[at] == key) & inside, vessels[at], 0).sum(axis=1))

    def within(self, lat: ArrayLike, lon: ArrayLike, slot: ArrayLike, reach: int) -> Ints:
        """Return how many vessels were heard no more than `reach` cells off in a half hour."""
        keys, values = self._any_class
        row, col = cells_of(lat, lon)
        if len(keys) == 0:
            return np.zeros(len(row), "int64")
        north, east = np.divmod(np.arange((2 * reach + 1) ** 2), 2 * reach + 1)
        near_row = row[:, None] + north - reach
        near_col = (col[:, None] + east - reach) % _LON_CELLS
        key = cell_key(np.asarray(slot, "int64")[:, None], near_row, near_col)
        at = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
        hit = (keys[at] == key) & (near_row >= 0) & (near_row < _LAT_CELLS)
        return np.asarray(np.where(hit, values[0, at], 0).sum(axis=1), "int64")

    def density(self, lat: ArrayLike, lon: ArrayLike, first: ArrayLike, last: ArrayLike) -> Floats:
        """Return how many reports a vessel was heard by in a half hour, if it was, on average.

        Of any class, over the blocks of `receiving` and half hours from the first to the last, both
        inclusive; NaN where none was heard.
        """
        keys, totals = self._block_totals
        (low, inside), (high, _) = (
            block_keys(lat, lon, np.asarray(slot, "int64") + more, NEAR_CELLS, by_cell=True)
            for slot, more in ((first, 0), (last, 1))
        )
        begin, end = np.searchsorted(keys, low), np.searchsorted(keys, high)
        vessels, reports = ((totals[:, end] - totals[:, begin]) * inside).sum(axis=2)
        return np.where(vessels > 0, reports / np.maximum(vessels, 1.0), np.nan)

    def feed_heard(self, slot: ArrayLike) -> NDArray[np.bool_]:
        """Tell of ten minutes since 1970-01-01 UTC if the feed was heard; a trickle is none."""
        return np.isin(np.asarray(slot, "int64"), self._feed_slots)

    def feed_usual(self, slot: ArrayLike) -> Floats:
        """Return in what share of the ten minutes the feed heard anything, in the day up to each
        ten minutes since 1970-01-01 UTC, from when it was first heard in it; NaN where it wasn't.
        """
        return usual_share(self._feed_slots, np.asarray(slot, "int64"), 86_400 // FEED_SLOT_S)

    def once(self, make: Callable[["Coverage"], Made]) -> Made:
        """Return what is made of it, made once for all that ask."""
        made: dict[Any, Made] = self.__dict__.setdefault("_made", {})
        return made[make] if make in made else made.setdefault(make, make(self))

    @cached_property
    def _feed_slots(self) -> Ints:
        slot = epoch_us(self.feed["time"]) // (FEED_SLOT_S * SECOND_US)
        return heard_as_usual(slot, self.feed["vessels"].to_numpy("int64"), 86_400 // FEED_SLOT_S)

    def rates(self, *, class_b: bool = False) -> Rates:
        """Return how often vessels fall silent by day and all places: class B, or any class."""
        return self._rates[class_b]

    @cached_property
    def _rates(self) -> tuple[Rates, Rates]:
        globe = _LAT_CELLS, _LON_CELLS
        return Rates(*self._any_class, *globe), Rates(*self._class_b, *globe)

    @cached_property
    def _any_class(self) -> tuple[Ints, Floats]:
        return _lookup(self.cells)

    @cached_property
    def _class_b(self) -> tuple[Ints, Floats]:
        return _lookup(self.cells[self.cells["ais_class"] == "B"])

    @cached_property
    def _any_class_totals(self) -> tuple[Ints, Floats]:
        return _totals(*self._any_class)

    @cached_property
    def _class_b_totals(self) -> tuple[Ints, Floats]:
        return _totals(*self._class_b)

    @cached_property
    def _block_totals(self) -> tuple[Ints, Floats]:
        """Sorted keys of blocks and half hours; running totals of vessels and reports before."""
        slot = epoch_us(self.cells["time"]) // SLOT_US
        row, col = (self.cells[name].to_numpy("int64") for name in ("lat_cell", "lon_cell"))
        key = place_key(row // NEAR_CELLS, col // NEAR_CELLS, slot)
        order = np.argsort(key, kind="stable")
        totals = np.zeros((2, len(key) + 1))
        values = self.cells[["vessels", "reports"]].to_numpy("float64").T
        np.cumsum(values[:, order], axis=1, out=totals[:, 1:])
        return key[order], totals

    @cached_property
    def _blocks(self) -> dict[int, tuple[Ints, Ints]]:
        """By size: sorted keys of blocks of cells and half hours, the vessels heard in each."""
        keys, values = self._any_class
        slot, row, col = cell_of(keys)
        found = {}
        for size in (NEAR_CELLS, SIGHT_CELLS):
            blocks, at = np.unique(cell_key(slot, row // size, col // size), return_inverse=True)
            found[size] = blocks, np.bincount(at, weights=values[0]).astype("int64")
        return found


class Heard(NamedTuple):
    """What was heard around points."""

    vessels: Ints
    """Vessels heard; one that changed cells counts in each, so an upper bound."""
    silences: Ints
    """Tracks that were last heard there for `SILENCE_S`."""
    interval_s: Floats
    """Typical reporting interval, NaN where unknown."""


def cells_of(lat: ArrayLike, lon: ArrayLike) -> tuple[Ints, Ints]:
    """Cell row (from the south pole) and column (from 180 W) of each point.

    >>> cells_of([1.25], [103.85])
    (array([912]), array([2838]))
    """
    # In whole units of 1e-6 degree, so that 103.8 / 0.1 isn't 1037.99.
    units = np.rint(np.asarray(lat, "float64") * 1e6).astype("int64")
    row = (units + 90_000_000) // 100_000
    units = np.rint(np.asarray(lon, "float64") * 1e6).astype("int64")
    return row, (units + 180_000_000) // 100_000 % _LON_CELLS


def place_key(row: Ints, col: Ints, slot: Ints) -> Ints:
    """One number for a cell and a half hour, sorted by cell first."""
    return np.asarray((row * _LON_CELLS + col) * CELL_SLOTS + slot)


def cell_key(slot: Ints, row: Ints, col: Ints) -> Ints:
    """Return one number for a half hour and a cell, sorted by half hour first."""
    return np.asarray((slot * _LAT_CELLS + row) * _LON_CELLS + col)


def cell_of(key: Ints) -> tuple[Ints, Ints, Ints]:
    """Slot, row and column of a key."""
    return key // (_LAT_CELLS * _LON_CELLS), key // _LON_CELLS % _LAT_CELLS, key % _LON_CELLS


def block_keys(
    lat: ArrayLike, lon: ArrayLike, slot: ArrayLike, size: int = 1, *, by_cell: bool = False
) -> tuple[Ints, NDArray[np.bool_]]:
    """Keys of the square of `size` cells of each point and the eight around it, shape (n, 9), and
    whether it lies on the globe; sorted by slot first, or by cell first.
    """
    row, col = cells_of(lat, lon)
    near_row = (row // size)[:, None] + np.repeat([-1, 0, 1], 3)
    near_col = ((col // size)[:, None] + np.tile([-1, 0, 1], 3)) % (_LON_CELLS // size)
    inside = (near_row >= 0) & (near_row < -(-_LAT_CELLS // size))
    when = np.asarray(slot, "int64")[:, None]
    if by_cell:
        return place_key(near_row, near_col, when), inside
    return cell_key(when, near_row, near_col), inside


def _totals(keys: Ints, values: Floats) -> tuple[Ints, Floats]:
    """Keys sorted by cell and slot, and running totals of vessels and silences before each."""
    slot, row, col = cell_of(keys)
    key = place_key(row, col, slot)
    order = np.argsort(key)
    totals = np.zeros((2, len(key) + 1))
    np.cumsum(values[:2, order], axis=1, out=totals[:, 1:])
    return key[order], totals


def _lookup(cells: pd.DataFrame) -> tuple[Ints, Floats]:
    """Sorted keys; for each, classes taken together: vessels, silences, and the number of reports
    with an interval and the sum of those intervals (both as far as medians tell).
    """
    slot = epoch_us(cells["time"]) // SLOT_US
    row, col = cells["lat_cell"].to_numpy("int64"), cells["lon_cell"].to_numpy("int64")
    key = cell_key(slot, row, col)
    order = np.argsort(key, kind="stable")
    key, first = np.unique(key[order], return_index=True)
    if len(key) == 0:
        return key, np.zeros((4, 0))
    seconds = cells["interval_s"].to_numpy()
    timed = np.where(np.isfinite(seconds), cells["reports"].to_numpy("float64"), 0.0)
    values = np.stack(
        [
            cells["vessels"].to_numpy("float64"),
            cells["silences"].to_numpy("float64"),
            timed,
            timed * np.nan_to_num(seconds),
        ]
    )
    return key, np.add.reduceat(values[:, order], first, axis=1)
