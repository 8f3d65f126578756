"""What was heard of each vessel in a look: how much, by what set, and where last."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from detectors.core import frames
from detectors.core.arrays import Floats
from detectors.core.frames import SECOND_US, TRACKED, Column, is_first, is_last
from pipelines.detect import memory
from pipelines.detect.digests import Digests
from pipelines.detect.nearness import Nearness
from pipelines.store import Queries
from pipelines.store.spool import Spool

HEARD: Final[Mapping[str, Column]] = {
    "mmsi": TRACKED["mmsi"],
    "reports": Column("int64", "", "reports up to a time; 0 where it was only heard later"),
    "hours": Column("int64", "", "hours of the clock in the window in which it was heard by then"),
    "class_b_only": Column("bool", "", "whether all of these reports are of a set of class B"),
    "last_seen": Column(frames.TIME, "UTC", "when it was heard last by then"),
    "lat": Column("float64", "deg", "where that was"),
    "lon": Column("float64", "deg", "where that was"),
    "sog_kn": Column("float64", "kn", "speed over ground that it reported there"),
    "cog_deg": Column("float64", "deg", "course over ground that it reported there"),
}
"""Every vessel with a track, sorted by mmsi."""

COLUMNS: Final = ("mmsi", "time", "lat", "lon", "sog_kn", "cog_deg", "ais_class", "track_id")
"""Columns of `frames.TRACKED` that it is made of."""

_HOUR_US: Final = 3600 * SECOND_US
_MOST: Final = 0.5
"""The narrowest span that holds so many of the vessels, and as far again on each side, is where
they were heard: of a feed of one coast some are of another ocean."""


@dataclass(frozen=True)
class Heard:
    """How much was looked at: reports, vessels, and hours of the clock in which a vessel was heard
    within the window, summed over vessels; and within which whole degrees (west, south, east,
    north; east beyond 180 where they span the antimeridian) most were heard last.
    """

    reports: int
    vessels: int
    vessel_hours: int
    within_deg: tuple[float, ...] = ()

    @classmethod
    def of(cls, each: pd.DataFrame) -> "Heard":
        """Sum up `HEARD`."""
        vessels = int((each["reports"] > 0).sum())
        within = _within_deg(each[each["reports"] > 0])
        return cls(int(each["reports"].sum()), vessels, int(each["hours"].sum()), within)


def _within_deg(each: pd.DataFrame) -> tuple[float, ...]:
    if each.empty:
        return ()
    lon = np.sort(each["lon"].to_numpy())
    west, east = _where_most_are(np.r_[lon, lon + 360.0], len(lon))
    there = (each["lon"].to_numpy() - west) % 360.0 <= east - west
    south, north = _where_most_are(np.sort(each["lat"].to_numpy()[there]), int(there.sum()))
    east = min(east, west + 360.0)
    west, east = west - 360.0 * (west >= 180.0), east - 360.0 * (west >= 180.0)
    box = np.floor(west), np.floor(south), np.ceil(east), np.ceil(north)
    return tuple(float(value) for value in box)


def _where_most_are(values: Floats, n: int) -> tuple[float, float]:
    """Return ends among sorted values of `n` vessels, twice around where they go in a circle."""
    more = min(max(int(np.ceil(_MOST * n)) - 1, 1), n - 1)
    first = int((values[more:] - values[: len(values) - more]).argmin())
    low, high = values[first], values[first + more]
    near = values[(values >= 2 * low - high) & (values <= 2 * high - low)]
    return float(near.min()), float(near.max())


def heard_by_vessel(
    tracked: pd.DataFrame, start: pd.Timestamp, until: pd.Timestamp
) -> pd.DataFrame:
    """Return `HEARD` of tracks up to a time, hours of the clock from `start` on.

    `tracked`: `COLUMNS` at least.
    """
    mmsi, all_us = tracked["mmsi"].to_numpy(), frames.epoch_us(tracked["time"])
    everybody = mmsi[frames.offsets(mmsi)[:-1]]
    then = np.flatnonzero(all_us <= until.value // 1_000)
    mmsi, time_us = mmsi[then], all_us[then]
    first = frames.offsets(mmsi)[:-1]
    own = mmsi[first]
    # Tracks of one vessel interleave, so that an hour may show more than once.
    inside = time_us >= start.value // 1_000
    hours = mmsi[inside] * 2**32 + time_us[inside] // _HOUR_US
    hours = np.unique(hours[is_first(hours)]) >> 32
    is_b = (tracked["ais_class"] == "B").to_numpy(bool)[then]
    # Of two hulls heard last at the same time the later track counts.
    ends = frames.offsets(tracked["track_id"].to_numpy()[then])[1:] - 1
    ends = ends[np.lexsort((ends, time_us[ends], mmsi[ends]))]
    last = then[ends[is_last(mmsi[ends])]]
    found = pd.DataFrame(
        {
            "mmsi": own,
            "reports": np.diff(np.r_[first, len(mmsi)]),
            "hours": np.searchsorted(hours, own, "right") - np.searchsorted(hours, own),
            "class_b_only": np.logical_and.reduceat(is_b, first) if len(first) else is_b[:0],
            "last_seen": frames.from_epoch_us(all_us[last]),
            **{
                name: tracked[name].to_numpy()[last] for name in ("lat", "lon", "sog_kn", "cog_deg")
            },
        }
    )
    found = found.set_index("mmsi").reindex(everybody).rename_axis("mmsi").reset_index()
    counts = {"reports": 0, "hours": 0, "class_b_only": False}
    found["class_b_only"] = found["class_b_only"].astype("boolean")
    return frames.conform(found.fillna(counts), HEARD)


def heard_in_parts(
    store: Queries,
    need: pd.DataFrame,
    ranges: Sequence[tuple[int, int]],
    times: tuple[pd.Timestamp, pd.Timestamp, pd.Timestamp],
    columns: Collection[str],
    spool: Spool,
    near: Nearness,
    digests: Digests,
    each: Callable[[pd.DataFrame], None] | None = None,
) -> pd.DataFrame:
    """Return `HEARD` of the vessels in `need`, read by ranges of MMSIs.

    Parameters
    ----------
    times
        From when hours count, up to when is read, and up to when reports count.
    columns
        What is kept in `spool` of each report; `COLUMNS` are among them.
    near
        Notes where they were.
    digests
        Keeps what of each matters to others.
    each
        Called with the tracks that were read.
    """
    start, end, until = times
    heard = []
    for low, high in ranges:
        part = memory.of_range(need, low, high)
        if len(part):
            found = store.segmented(part, end, columns)
            if each:
                each(found.tracked)
            heard.append(heard_by_vessel(found.tracked, start, until))
            spool.add(found)
            near.add(found.tracked)
            digests.add(found)
    whole = pd.concat(heard, ignore_index=True) if heard else frames.empty(HEARD)
    return whole.sort_values("mmsi", ignore_index=True)
