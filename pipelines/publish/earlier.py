"""Where the vessels of incidents were before a night, of those that began before it: the way to
what is told of them, for maps.
"""

from collections.abc import Callable
from typing import Final

import pandas as pd

from pipelines.assess.incidents import vessels_in

BEFORE: Final = pd.Timedelta(hours=3)
"""Of the way to what began before the night so much is drawn."""
LONGEST: Final = pd.Timedelta(weeks=2)
"""No longer before the end of the night."""

Ask = Callable[[list[int], pd.Timestamp, pd.Timestamp], pd.DataFrame]
"""Returns `products.DRAWN` at least of some vessels between two times, as the store does."""


def begun(start: pd.Timestamp, end: pd.Timestamp) -> pd.Timestamp:
    """Return when the drawing of an incident begins, by its own start and the night's end."""
    return max(start, end - LONGEST) - BEFORE


def ways(ask: Ask, incidents: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    """Return where the vessels of incidents that began before a night were from then on up to it.

    `incidents`: `schemas.INCIDENTS`; what is over has no rank, and nothing of it is drawn.
    """
    early = incidents[(incidents["rank"] > 0) & (incidents["start"] < start)]
    since: dict[int, pd.Timestamp] = {}
    for row in early[["vessels", "start"]].to_dict("records"):
        for mmsi in vessels_in(str(row["vessels"])):
            since[mmsi] = min(since.get(mmsi, start), begun(row["start"], end))
    # One silence of two weeks brings no two weeks of all the others: each day of begins by itself.
    days: dict[pd.Timestamp, list[int]] = {}
    for mmsi in sorted(since):
        days.setdefault(since[mmsi].floor("D"), []).append(mmsi)
    each = [ask(some, min(map(since.__getitem__, some)), start) for some in days.values()]
    found = pd.concat(each, ignore_index=True) if each else ask([], start, start)
    own = pd.to_datetime(found["mmsi"].map(since), utc=True)
    return found[(found["time"] >= own) & (found["time"] < start)].reset_index(drop=True)


def among(positions: pd.DataFrame) -> Ask:
    """Return what answers from reports that are at hand."""

    def ask(mmsis: list[int], start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
        time = positions["time"]
        return positions[positions["mmsi"].isin(mmsis) & (time >= start) & (time <= end)]

    return ask


def joined(before: pd.DataFrame, tracks: pd.DataFrame) -> pd.DataFrame:
    """Return tracks with what of them lies before, each whole."""
    if before.empty:
        return tracks
    both = pd.concat([before[list(tracks.columns)], tracks], ignore_index=True)
    return both.sort_values(["track_id", "time"], kind="stable", ignore_index=True)
