"""What a day of reports shows of reception; see `detectors.surroundings.coverage`."""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.frames import (
    DAY_US,
    RECEPTIONS,
    SECOND_US,
    conform,
    empty,
    epoch_us,
    from_epoch_us,
    validate,
)
from detectors.surroundings import lying
from detectors.surroundings.coverage import (
    CELLS,
    FEED,
    FEED_SLOT_S,
    RECEIVERS,
    REPORTS,
    SILENCE_S,
    SLOT_S,
    Coverage,
    cell_key,
    cells_of,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MAX_RECEIVERS: Final = 500
"""So many receivers of a day are kept, those that heard most: who writes names into a feed mustn't
fill the store. All of the Strait's coast is heard by some dozens."""


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
    key = cell_key(slot, row, col) * len(class_names) + classes
    stretches = _Stretches(key, tracked["mmsi"].to_numpy())
    first, vessels, reports = stretches.counts()
    falls_silent = _falls_silent(track, time)
    silences = stretches.totals(falls_silent)
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
    places = lying.learn(
        tracked["mmsi"].to_numpy(),
        track,
        time,
        tracked["lat"].to_numpy(),
        tracked["lon"].to_numpy(),
        falls_silent,
    )
    return Coverage(conform(cells, CELLS), conform(feed, FEED), receivers, places)


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
    key = (cell_key(slot, row, col) * len(class_names) + classes) * len(names) + stations
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


def _dates(time: Ints) -> pd.Series:
    text = np.datetime_as_string(time.astype("datetime64[us]"), unit="D")
    return pd.Series(text, dtype="str")


def _intervals_us(track: Ints, time: Ints) -> Ints:
    """Time since the report before of the same track and UTC day, -1 for the first."""
    step_us = np.r_[-1, np.diff(time)]
    step_us[1:][(np.diff(track) != 0) | (np.diff(time // DAY_US) != 0)] = -1
    return np.asarray(step_us)


def _falls_silent(track: Ints, time: Ints) -> NDArray[np.bool_]:
    """Tell whether a report is its track's last for `SILENCE_S`, as far as that UTC day shows it.

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
