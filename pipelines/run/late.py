"""What came late: which events feeds and sightings that no run had looked at may have brought."""

import pandas as pd

from pipelines.store import Queries


def heard_late(store: Queries, compared: pd.DataFrame, until: pd.Timestamp | None) -> set[str]:
    """Return which new events that were over by `until`, when runs had looked so far, feeds and
    sightings that came since may have brought; see `said_late`.
    """
    if until is None:
        return set()
    found = compared[(compared["status"] == "created") & (compared["end"] <= until)]
    keys = [*store.new_feeds()["feed_key"], *store.new_sightings()["feed_key"]]
    return said_late(store, found, keys)


def said_late(store: Queries, events: pd.DataFrame, keys: list[str]) -> set[str]:
    """Return the ids of events of whose vessels some feeds say something of their time, and of
    unmatched sightings at the time of one of some files.
    """
    if events.empty or not keys:
        return set()
    query = (
        "SELECT mmsi, first_time, last_time FROM presence WHERE list_contains($keys, feed_key) "
        "AND list_contains($mmsis, mmsi)"
    )
    sides = [events[["event_id", "start", "end", name]] for name in ("mmsi", "other_mmsi")]
    whose = pd.concat(
        [side.set_axis(["event_id", "start", "end", "mmsi"], axis=1) for side in sides]
    )
    both = whose.merge(store.sql(query, {"keys": keys, "mmsis": whose["mmsi"].tolist()}), on="mmsi")
    within = (both["first_time"] <= both["end"]) & (both["last_time"] >= both["start"])
    query = 'SELECT "time" FROM sightings WHERE list_contains($keys, file_key) ORDER BY "time"'
    seen = store.sql(query, {"keys": keys})["time"]
    of = events[events["detector"] == "unmatched_sighting"]
    came = seen.searchsorted(of["end"], side="right") > seen.searchsorted(of["start"])
    return {*both.loc[within, "event_id"], *of.loc[came, "event_id"]}
