"""Events of a run against those in the store: created, changed, unchanged, retracted."""

from collections.abc import Collection
from typing import Final

import pandas as pd

from detectors.core.events import EVENTS

STATUSES: Final = ("created", "changed", "unchanged", "retracted", "not_assessed")


def compare(
    found: pd.DataFrame, stored: pd.DataFrame, assessed: Collection[str]
) -> pd.DataFrame:
    """Give each event its status in this run.

    Parameters
    ----------
    found
        `events.EVENTS` of this run's window, with `reason`.
    stored
        The store's events that touch the same window, with `reason`.
    assessed
        Names of the detectors that succeeded in looking at the whole window again. Events of
        the others are not retracted: they are not assessed.

    Returns
    -------
    pandas.DataFrame
        `events.EVENTS`, reason, status, and `supersedes`: for a created event the retracted
        event of the same detector, kind, vessels and zone that overlaps it, whose story it
        takes over (late data can move the report that anchors an event); else empty.
    """
    columns = [*EVENTS, "reason"]
    before = stored[columns].set_index("event_id", drop=False)
    now = found[columns].set_index("event_id", drop=False)
    again = now.index.intersection(before.index)
    status = pd.Series("created", index=now.index)
    same = _equal(now.loc[again], before.loc[again])
    status[again] = same.map({True: "unchanged", False: "changed"})
    missing = before.loc[before.index.difference(now.index)]
    looked_at = missing["detector"].isin(list(assessed))
    missing = missing.assign(status=looked_at.map({True: "retracted", False: "not_assessed"}))
    whole = pd.concat([now.assign(status=status), missing])
    whole["supersedes"] = _superseded(whole)
    return whole.sort_values(["start", "event_id"]).reset_index(drop=True)


def _equal(now: pd.DataFrame, before: pd.DataFrame) -> pd.Series:
    columns = [name for name in EVENTS if name != "event_id"]
    alike = (now[columns] == before[columns]) | (now[columns].isna() & before[columns].isna())
    return alike.all(axis="columns")


def _superseded(events: pd.DataFrame) -> pd.Series:
    story = ["detector", "kind", "subkind", "mmsi", "other_mmsi", "zone_id"]
    new = events.loc[events["status"] == "created", [*story, "start", "end", "event_id"]]
    old = events.loc[events["status"] == "retracted", [*story, "start", "end", "event_id"]]
    replaced = pd.Series("", index=events.index, dtype="str")
    if new.empty or old.empty:
        return replaced
    pairs = new.reset_index(drop=True).merge(old.reset_index(drop=True), on=story, suffixes=("", "_old"))
    for_ever = pd.Timestamp.max.tz_localize("UTC").as_unit("us")
    ends, old_ends = pairs["end"].fillna(for_ever), pairs["end_old"].fillna(for_ever)
    pairs = pairs[(pairs["start"] <= old_ends) & (pairs["start_old"] <= ends)]
    first = pairs.sort_values(["start_old", "event_id_old"]).drop_duplicates("event_id")
    replaced[first["event_id"].to_numpy()] = first["event_id_old"].to_numpy()
    return replaced
