"""Coverage: where and when the feed heard vessels.

A vessel's silence only means something where, and while, others were heard. GFW uses the density
of received reports for that: gaps count only where more than a few positions a day are received
(Welch et al. 2022, "Hot spots of unseen fishing vessels", Science Advances 8, eabq2109,
doi:10.1126/sciadv.abq2109). The Strait is covered by coast stations, whose reach changes within
hours and ends within a few miles, so here it is kept by half hour and cell of 0.1 degree.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from detectors.core.frames import (
    DAY_US,
    RECEPTIONS,
    SECOND_US,
    TIME,
    TRACKED,
    Column,
    conform,
    empty,
    epoch_us,
    from_epoch_us,
    validate,
)

VERSION: Final = "2"
"""Raised when the same reports give other coverage, so that stored coverage is made anew."""

CELL_DEG: Final = 0.1
"""Side of a cell: 6 nm along a meridian, well below the 20-40 nm that a coast station reaches."""

SLOT_S: Final = 1800
"""Length of a time slot of `CELLS`. Each silence of an hour or more holds a whole one."""

SILENCE_S: Final = 3600
"""A track not heard for so long after a report fell silent there. Where most do, reception ends."""

NEAR_CELLS: Final = 5
"""Side of the blocks of cells in which `Coverage.receiving` looks, half a degree or 30 nm: a block
and the eight around it are about what one coast station hears."""

FEED_SLOT_S: Final = 600
"""Length of a time slot of `FEED`."""

CELLS: Final = {
    "date": Column("str", "", "UTC date, YYYY-MM-DD"),
    "time": Column(TIME, "UTC", "start of the half hour"),
    "lat_cell": Column("int16", "0.1 deg", "floor of latitude / 0.1, from the south pole: 0-1800"),
    "lon_cell": Column("int16", "0.1 deg", "floor of longitude / 0.1, from 180 W: 0-3599"),
    "ais_class": TRACKED["ais_class"],
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

REPORTS: Final = {
    name: TRACKED[name] for name in ("mmsi", "time", "lat", "lon", "ais_class", "track_id")
}
"""What is learned from: `frames.TRACKED` without the columns that don't matter."""

MAX_RECEIVERS: Final = 500
"""So many receivers of a day are kept, those that heard most: who writes names into a feed mustn't
fill the store. All of the Strait's coast is heard by some dozens."""

CELL_SLOTS: Final = 1 << 24
"""More half hours than there are in nine centuries from 1970 on."""

_LAT_CELLS: Final = 1801
_LON_CELLS: Final = 3600

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Coverage:
    """What was heard, by UTC day and cell. Each day's rows rest on that day's reports only.

    Attributes
    ----------
    cells
        `CELLS`.
    feed
        `FEED`.
    receivers
        `RECEIVERS`.
    """

    cells: pd.DataFrame
    feed: pd.DataFrame
    receivers: pd.DataFrame = field(default_factory=lambda: empty(RECEIVERS))

    @classmethod
    def none(cls) -> "Coverage":
        """No knowledge of coverage."""
        return cls(empty(CELLS), empty(FEED))

    def around(
        self, lat: ArrayLike, lon: ArrayLike, slot: ArrayLike, ais_class: ArrayLike
    ) -> "Heard":
        """What was heard in the cell of each point and the eight around it, in a half hour.

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
        for chosen, (keys, values) in (
            (class_b, self._class_b),
            (~class_b, self._any_class),
        ):
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

    def receiving(self, lat: ArrayLike, lon: ArrayLike, slot: ArrayLike) -> Ints:
        """Vessels of any class heard in the block of `NEAR_CELLS` of each point and the eight
        around it, in a half hour: whether what receives there was working.
        """
        keys, vessels = self._blocks
        key, inside = block_keys(lat, lon, slot, NEAR_CELLS)
        if len(keys) == 0:
            return np.zeros(len(key), "int64")
        at = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
        return np.asarray(np.where((keys[at] == key) & inside, vessels[at], 0).sum(axis=1))

    def feed_heard(self, slot: ArrayLike) -> NDArray[np.bool_]:
        """Whether the feed heard anything in each ten minutes since 1970-01-01 UTC."""
        return np.isin(np.asarray(slot, "int64"), self._feed_slots)

    @cached_property
    def _feed_slots(self) -> Ints:
        return epoch_us(self.feed["time"]) // (FEED_SLOT_S * SECOND_US)

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
    def _blocks(self) -> tuple[Ints, Ints]:
        """Sorted keys of blocks of cells and half hours; the vessels heard in each."""
        keys, values = self._any_class
        slot, row, col = _parts_of(keys)
        key = _cell_key(slot, row // NEAR_CELLS, col // NEAR_CELLS)
        blocks, at = np.unique(key, return_inverse=True)
        return blocks, np.bincount(at, weights=values[0]).astype("int64")


class Heard(NamedTuple):
    """What was heard around points.

    Attributes
    ----------
    vessels
        Vessels heard; one that changed cells counts in each, so an upper bound.
    silences
        Tracks that were last heard there for `SILENCE_S`.
    interval_s
        Typical reporting interval, NaN where unknown.
    """

    vessels: Ints
    silences: Ints
    interval_s: Floats


def learn(tracked: pd.DataFrame, receptions: pd.DataFrame | None = None) -> Coverage:
    """Coverage shown by the reports of one UTC day (or of several: each day stands for itself).

    Parameters
    ----------
    tracked
        `REPORTS`, or all of `frames.TRACKED`.
    receptions
        `frames.RECEPTIONS`, as far as the feeds name receivers.
    """
    validate(tracked, REPORTS)
    receivers = _receivers(empty(RECEPTIONS) if receptions is None else receptions)
    if tracked.empty:
        return Coverage(empty(CELLS), empty(FEED), receivers)
    time, track = epoch_us(tracked["time"]), tracked["track_id"].to_numpy()
    row, col = cells_of(tracked["lat"].to_numpy(), tracked["lon"].to_numpy())
    classes, class_names = pd.factorize(tracked["ais_class"], sort=True)
    slot = time // (SLOT_S * SECOND_US)
    key = _cell_key(slot, row, col) * len(class_names) + classes
    stretches = _Stretches(key, tracked["mmsi"].to_numpy())
    first, vessels, reports = stretches.counts()
    silences = stretches.totals(_falls_silent(track, time))
    cells = pd.DataFrame(
        {
            "date": _dates(time[first]),
            "time": from_epoch_us(slot[first] * SLOT_S * SECOND_US),
            "lat_cell": row[first],
            "lon_cell": col[first],
            "ais_class": pd.Series(np.asarray(class_names)[classes[first]], dtype="str"),
            "vessels": vessels,
            "reports": reports,
            "silences": silences,
            "interval_s": stretches.medians(_intervals_us(track, time)) / SECOND_US,
        }
    )
    slot = time // (FEED_SLOT_S * SECOND_US)
    first, vessels, reports = _Stretches(slot, tracked["mmsi"].to_numpy()).counts()
    feed = pd.DataFrame(
        {
            "date": _dates(time[first]),
            "time": from_epoch_us(slot[first] * FEED_SLOT_S * SECOND_US),
            "vessels": vessels,
            "reports": reports,
        }
    )
    return Coverage(conform(cells, CELLS), conform(feed, FEED), receivers)


def _receivers(receptions: pd.DataFrame) -> pd.DataFrame:
    """`RECEIVERS` of what was received, of each day's `MAX_RECEIVERS` that heard most."""
    validate(receptions, RECEPTIONS)
    if receptions.empty:
        return empty(RECEIVERS)
    time = epoch_us(receptions["time"])
    stations, names = pd.factorize(receptions["station"], sort=True)
    by_day, at, n_reports = np.unique(
        time // DAY_US * len(names) + stations, return_inverse=True, return_counts=True
    )
    ranked = np.lexsort((by_day, -n_reports, by_day // len(names)))
    day = by_day[ranked] // len(names)
    rank = np.empty(len(by_day), "int64")
    rank[ranked] = np.arange(len(by_day)) - np.searchsorted(day, day)
    row, col = cells_of(receptions["lat"].to_numpy(), receptions["lon"].to_numpy())
    classes, class_names = pd.factorize(receptions["ais_class"], sort=True)
    slot = time // (SLOT_S * SECOND_US)
    key = (_cell_key(slot, row, col) * len(class_names) + classes) * len(names) + stations
    _, first, reports = np.unique(
        key[rank[at] < MAX_RECEIVERS], return_index=True, return_counts=True
    )
    first = np.flatnonzero(rank[at] < MAX_RECEIVERS)[first]
    return conform(
        pd.DataFrame(
            {
                "date": _dates(time[first]),
                "time": from_epoch_us(slot[first] * SLOT_S * SECOND_US),
                "lat_cell": row[first],
                "lon_cell": col[first],
                "ais_class": pd.Series(np.asarray(class_names)[classes[first]], dtype="str"),
                "station": pd.Series(np.asarray(names)[stations[first]], dtype="str"),
                "reports": reports,
            }
        ),
        RECEIVERS,
    )


def concat(parts: Sequence[Coverage]) -> Coverage:
    """Coverage of several days as one."""
    if not parts:
        return Coverage.none()
    return Coverage(
        pd.concat([part.cells for part in parts], ignore_index=True),
        pd.concat([part.feed for part in parts], ignore_index=True),
        pd.concat([part.receivers for part in parts], ignore_index=True),
    )


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


def _cell_key(slot: Ints, row: Ints, col: Ints) -> Ints:
    return np.asarray((slot * _LAT_CELLS + row) * _LON_CELLS + col)


def _parts_of(key: Ints) -> tuple[Ints, Ints, Ints]:
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
    return _cell_key(when, near_row, near_col), inside


def _totals(keys: Ints, values: Floats) -> tuple[Ints, Floats]:
    """Keys sorted by cell and slot, and running totals of vessels and silences before each."""
    slot, row, col = _parts_of(keys)
    key = place_key(row, col, slot)
    order = np.argsort(key)
    totals = np.zeros((2, len(key) + 1))
    np.cumsum(values[:2, order], axis=1, out=totals[:, 1:])
    return key[order], totals


def _lookup(cells: pd.DataFrame) -> tuple[Ints, Floats]:
    """Sorted keys; for each, classes taken together: vessels, silences, and the number of reports
    with an interval and the sum of those intervals (both as far as medians tell).
    """
    slot = epoch_us(cells["time"]) // (SLOT_S * SECOND_US)
    row, col = cells["lat_cell"].to_numpy("int64"), cells["lon_cell"].to_numpy("int64")
    key = _cell_key(slot, row, col)
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


def _dates(time: Ints) -> pd.Series:
    text = np.datetime_as_string(time.astype("datetime64[us]"), unit="D")
    return pd.Series(text, dtype="str")


def _intervals_us(track: Ints, time: Ints) -> Ints:
    """Time since the report before of the same track and UTC day, -1 for the first."""
    step_us = np.r_[-1, np.diff(time)]
    step_us[1:][(np.diff(track) != 0) | (np.diff(time // DAY_US) != 0)] = -1
    return np.asarray(step_us)


def _falls_silent(track: Ints, time: Ints) -> NDArray[np.bool_]:
    """Whether a report is its track's last for `SILENCE_S`, as far as that UTC day shows it.

    A report counts when something was heard on the same day that long after it. So a count is
    final as soon as that time has passed, and rests on one day. It doesn't count where the feed
    itself brought nothing in half of that time: an outage says nothing about a place.
    """
    day = time // DAY_US
    index = day - day.min()
    newest = np.full(int(index.max()) + 1, np.iinfo("int64").min)
    np.maximum.at(newest, index, time)
    until = time + SILENCE_S * SECOND_US
    following = np.r_[time[1:], 0]
    goes_on = np.r_[(np.diff(track) == 0) & (np.diff(day) == 0), False] & (following < until)
    slot_us = FEED_SLOT_S * SECOND_US
    own = time // slot_us
    begin = own.min()
    heard = np.zeros(int(own.max() - begin) + 1, "int64")
    heard[own - begin] = 1
    n_before = np.r_[0, np.cumsum(heard)]
    meanwhile = (
        n_before[np.minimum(until // slot_us - begin, len(heard))] - n_before[own - begin + 1]
    )
    feed_goes_on = meanwhile >= SILENCE_S // FEED_SLOT_S // 2
    return np.asarray(~goes_on & (until <= newest[index]) & feed_goes_on)


class _Stretches:
    """Rows sorted by vessel and time, as stretches of one vessel with one key.

    A vessel stays in a cell for dozens of reports, so that there are far fewer stretches to sort
    than rows.
    """

    def __init__(self, key: Ints, mmsi: Ints) -> None:
        begins = np.r_[True, (np.diff(key) != 0) | (np.diff(mmsi) != 0)]
        self._row = np.flatnonzero(begins)
        self._count = np.diff(np.r_[self._row, len(key)])
        # Stable: within a key vessels stay in their order.
        self._order = np.argsort(key[self._row], kind="stable")
        sorted_key, self._mmsi = key[self._row][self._order], mmsi[self._row][self._order]
        self._new_key = np.r_[True, np.diff(sorted_key) != 0]
        self._first = np.flatnonzero(self._new_key)

    def counts(self) -> tuple[Ints, Ints, Ints]:
        """For each key in order: a row that has it, how many MMSIs and rows have it."""
        new_vessel = self._new_key | np.r_[True, np.diff(self._mmsi) != 0]
        vessels = np.add.reduceat(new_vessel.astype("int64"), self._first)
        reports = np.add.reduceat(self._count[self._order], self._first)
        return self._row[self._order[self._first]], vessels, reports

    def totals(self, flags: NDArray[np.bool_]) -> Ints:
        """For each key in order: the rows for which something holds."""
        each = np.add.reduceat(flags.astype("int64"), self._row)
        return np.asarray(np.add.reduceat(each[self._order], self._first))

    def medians(self, value: Ints) -> Floats:
        """For each key in order: lower median of the values from 0 on, NaN where there is none."""
        number = np.empty(len(self._row), "int64")
        number[self._order] = np.cumsum(self._new_key) - 1
        known = value >= 0
        # Key and value in one number: a day in microseconds takes 37 bits.
        both = np.sort((np.repeat(number, self._count)[known] << 37) | value[known])
        n = np.bincount(both >> 37, minlength=len(self._first))
        middle = np.cumsum(n) - n + np.maximum(n - 1, 0) // 2
        found = np.full(len(n), np.nan)
        found[n > 0] = both[middle[n > 0]] & ((1 << 37) - 1)
        return found
