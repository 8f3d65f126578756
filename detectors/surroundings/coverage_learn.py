"""What a day of reports shows of reception; see `detectors.surroundings.coverage`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.arrays import Floats, Ints
from detectors.core.frames import (
    DAY_US,
    RECEPTIONS,
    SECOND_US,
    conform,
    empty,
    epoch_us,
    from_epoch_us,
    is_first,
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
    cell_of,
    cells_of,
)

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
    return learned([shown(tracked, Heard.of([tracked]))], receptions)


@dataclass(frozen=True)
class Heard:
    """When anything was heard, and of which classes."""

    first_day: int
    newest: Ints
    """The first UTC day, and the newest report of each from there on."""
    first_slot: int
    n_before: Ints
    """The first slot of the feed, and before each from there on in how many something came."""
    classes: pd.Index
    """In their order."""

    @classmethod
    def of(cls, parts: Sequence[pd.DataFrame]) -> "Heard":
        """Return what the reports of all parts say."""
        slot_us = FEED_SLOT_S * SECOND_US
        times = [time for time in (epoch_us(part["time"]) for part in parts) if len(time)]
        names = {str(name) for part in parts for name in part["ais_class"].unique()}
        classes = pd.Index(sorted(names), dtype="str")
        if not times:
            return cls(0, np.zeros(0, "int64"), 0, np.zeros(1, "int64"), classes)
        oldest, last = min(time.min() for time in times), max(time.max() for time in times)
        first_day, first_slot = int(oldest // DAY_US), int(oldest // slot_us)
        newest = np.full(int(last // DAY_US) - first_day + 1, np.iinfo("int64").min)
        heard = np.zeros(int(last // slot_us) - first_slot + 1, "int64")
        for time in times:
            np.maximum.at(newest, time // DAY_US - first_day, time)
            heard[time // slot_us - first_slot] = 1
        return cls(first_day, newest, first_slot, np.r_[0, np.cumsum(heard)], classes)


@dataclass(frozen=True)
class Shown:
    """What the reports of some vessels show: by half hour, cell and class, by slot of the feed, and
    where who lay still.
    """

    classes: pd.Index
    cells: "_Stretches"
    feed: "_Stretches"
    lying: lying.Still


def shown(tracked: pd.DataFrame, heard: Heard) -> Shown:
    """Return what the reports of some vessels show, given when all were heard."""
    validate(tracked, REPORTS)
    time, track = epoch_us(tracked["time"]), tracked["track_id"].to_numpy()
    mmsi, lat, lon = (tracked[name].to_numpy() for name in ("mmsi", "lat", "lon"))
    falls_silent = _falls_silent(track, time, heard)
    still = lying.still(mmsi, track, time, lat, lon, falls_silent)
    feed = _Stretches.of(time // (FEED_SLOT_S * SECOND_US), mmsi)
    own = pd.Categorical(tracked["ais_class"])
    classes = heard.classes.get_indexer(own.categories.astype("str"))[own.codes]
    row, col = cells_of(lat, lon)
    key = cell_key(time // (SLOT_S * SECOND_US), row, col) * len(heard.classes) + classes
    del row, col, classes
    cells = _Stretches.of(key, mmsi, falls_silent, _intervals_us(track, time))
    return Shown(heard.classes, cells, feed, still)


def learned(parts: Sequence[Shown], receptions: pd.DataFrame | None = None) -> Coverage:
    """Return the coverage that parts show, each of other vessels, in the order of their numbers."""
    receivers = _receivers(empty(RECEPTIONS) if receptions is None else receptions)
    whole = _Stretches.joined([part.cells for part in parts])
    if len(whole.key) == 0:
        return Coverage(empty(CELLS), empty(FEED), receivers)
    places = lying.learned([part.lying for part in parts])
    return Coverage(_cells(whole, parts[0].classes), _feed(parts), receivers, places)


def _cells(whole: "_Stretches", classes: pd.Index) -> pd.DataFrame:
    """Return `CELLS`."""
    order, begins = whole.by_key()
    key = whole.key[order[begins]]
    slot, row, col = cell_of(key // len(classes))
    start_us = slot * SLOT_S * SECOND_US
    cells = {
        "date": _dates(start_us),
        "time": from_epoch_us(start_us),
        "lat_cell": row,
        "lon_cell": col,
        "ais_class": pd.Series(np.asarray(classes)[key % len(classes)], dtype="str"),
        "vessels": whole.vessels(order, begins),
        "reports": np.add.reduceat(whole.n_rows[order], begins),
        "silences": np.add.reduceat(whole.silences[order], begins),
        "interval_s": whole.medians(order, begins) / SECOND_US,
    }
    return conform(pd.DataFrame(cells), CELLS)


def _feed(parts: Sequence[Shown]) -> pd.DataFrame:
    """Return `FEED`."""
    whole = _Stretches.joined([part.feed for part in parts])
    order, begins = whole.by_key()
    start_us = whole.key[order[begins]] * FEED_SLOT_S * SECOND_US
    feed = {
        "date": _dates(start_us),
        "time": from_epoch_us(start_us),
        "vessels": whole.vessels(order, begins),
        "reports": np.add.reduceat(whole.n_rows[order], begins),
    }
    return conform(pd.DataFrame(feed), FEED)


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


def _falls_silent(track: Ints, time: Ints, heard: Heard) -> NDArray[np.bool_]:
    """Tell whether a report is its track's last for `SILENCE_S`, as far as that UTC day shows it.

    A report counts when something was heard on the same day that long after it. So a count is
    final as soon as that time has passed, and rests on one day. It doesn't count where the feed
    itself brought nothing in half of that time: an outage says nothing about a place.
    """
    if len(time) == 0:
        return np.zeros(0, bool)
    day = time // DAY_US
    until = time + SILENCE_S * SECOND_US
    goes_on = np.r_[(np.diff(track) == 0) & (np.diff(day) == 0), False]
    goes_on[:-1] &= time[1:] < until[:-1]
    last = np.flatnonzero(~goes_on & (until <= heard.newest[day - heard.first_day]))
    slot_us, n_before = FEED_SLOT_S * SECOND_US, heard.n_before
    behind = np.minimum(until[last] // slot_us - heard.first_slot, len(n_before) - 1)
    meanwhile = n_before[behind] - n_before[time[last] // slot_us - heard.first_slot + 1]
    found = np.zeros(len(time), bool)
    found[last] = meanwhile >= SILENCE_S // FEED_SLOT_S // 2
    return found


class _Stretches(NamedTuple):
    """Rows sorted by vessel and time, as stretches of one vessel with one key.

    A vessel stays in a cell for dozens of reports, so that there are far fewer stretches to sort
    than rows.
    """

    key: Ints
    mmsi: Ints
    n_rows: Ints
    """Rows of each."""
    silences: Ints
    """Of these, how many something holds for."""
    value: Ints
    """Of each row, below 0 where there is none."""

    @classmethod
    def of(
        cls,
        key: Ints,
        mmsi: Ints,
        flags: NDArray[np.bool_] | None = None,
        value: Ints | None = None,
    ) -> "_Stretches":
        """Return the stretches of rows; `flags` and `value` as far as they are asked for."""
        nothing = np.zeros(0, "int64")
        if len(key) == 0:
            return cls(nothing, nothing, nothing, nothing, nothing)
        row = np.flatnonzero(is_first(key, mmsi))
        holds = nothing if flags is None else np.add.reduceat(flags.astype("int64"), row)
        count = np.diff(np.r_[row, len(key)])
        return cls(key[row], mmsi[row], count, holds, nothing if value is None else value)

    @classmethod
    def joined(cls, parts: Sequence["_Stretches"]) -> "_Stretches":
        """Return those of several parts, each of other vessels, in the order of their numbers."""
        return parts[0] if len(parts) == 1 else cls(*map(np.concatenate, zip(*parts, strict=True)))

    def by_key(self) -> tuple[Ints, Ints]:
        """Return the order by key, and where each key begins in it."""
        order = np.argsort(self.key, kind="stable")  # within a key vessels stay in their order
        return order, np.flatnonzero(is_first(self.key[order]))

    def vessels(self, order: Ints, begins: Ints) -> Ints:
        """For each key in order: how many vessels have it."""
        new = is_first(self.mmsi[order])
        new[begins] = True
        return np.asarray(np.add.reduceat(new.astype("int64"), begins))

    def medians(self, order: Ints, begins: Ints) -> Floats:
        """For each key in order: lower median of the values from 0 on, NaN where there is none."""
        number = np.empty(len(order), "int64")
        number[order] = np.repeat(np.arange(len(begins)), np.diff(np.r_[begins, len(order)]))
        known = self.value >= 0
        # Key and value in one number: a day in microseconds takes 37 bits.
        both = np.repeat(number << 37, self.n_rows)[known]
        both |= self.value[known]
        both.sort()
        n = np.bincount(both >> 37, minlength=len(begins))
        middle = np.cumsum(n) - n + np.maximum(n - 1, 0) // 2
        found = np.full(len(n), np.nan)
        found[n > 0] = both[middle[n > 0]] & ((1 << 37) - 1)
        return found
