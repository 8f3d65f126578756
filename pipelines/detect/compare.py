"""Events of a run against those in the store: created, changed, unchanged, retracted."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.detector import Detector
from detectors.core.events import EVENTS, parsed
from detectors.core.evidence import Evidence


def compare(
    found: pd.DataFrame,
    stored: pd.DataFrame,
    assessed: Collection[str],
    stands: Collection[str] = (),
) -> pd.DataFrame:
    """Give each event its status in this run.

    Returns `events.EVENTS`, reason, status, and `supersedes`: for a created event the retracted
    event of the same detector, kind, vessels and zone that overlaps it, whose story it takes over
    (late data can move the report that anchors an event); else empty.

    Parameters
    ----------
    found
        `events.EVENTS` of this run's window, with `reason`.
    stored
        The store's events that touch the same window, with `reason`; their evidence may be text:
        of those that are found as they are it isn't parsed.
    assessed
        Names of the detectors that succeeded in looking at the whole window again. Events of
        the others are not retracted: they are not assessed.
    stands
        Ids of events that are found as they are stored.
    """
    columns = [*EVENTS, "reason"]
    now = found[columns].set_index(found["event_id"].rename("id"))
    before = stored[columns].set_index(stored["event_id"].rename("id"))
    again = now.index.intersection(before.index)
    status = pd.Series("created", index=now.index, dtype="str")
    as_it_was = again.isin(list(stands))
    status[again[as_it_was]] = "unchanged"
    again = again[~as_it_was]
    same = _equal(now.loc[again], before.loc[again])
    status[again] = np.where(same, "unchanged", "changed")
    missing = parsed(before.loc[before.index.difference(now.index)])
    looked_at = missing["detector"].isin(list(assessed))
    missing = missing.assign(status=np.where(looked_at, "retracted", "not_assessed"))
    whole = pd.concat([now.assign(status=status), missing])
    whole["supersedes"] = _superseded(whole)
    return whole.sort_values(["start", "event_id"]).reset_index(drop=True)


def _equal(now: pd.DataFrame, before: pd.DataFrame) -> NDArray[np.bool_]:
    plain = [name for name in EVENTS if name != "evidence"]
    alike = (now[plain] == before[plain]) | (now[plain].isna() & before[plain].isna())
    evidence = zip(now["evidence"], before["evidence"], strict=True)
    same = [_is(one, other) for one, other in evidence]
    return np.asarray(alike.to_numpy().all(axis=1) & np.array(same, bool))


def _is(found: Evidence, stored: Evidence | str) -> bool:
    """Tell whether evidence is the same; texts that differ may say the same in another order."""
    if isinstance(stored, Evidence):
        return found == stored
    return found.json() == stored or found == Evidence.parse(stored)


def _superseded(events: pd.DataFrame) -> pd.Series:
    if not {"created", "retracted"}.issubset(events["status"].tolist()):
        return pd.Series("", index=events.index, dtype="str")
    story = ["detector", "kind", "subkind", "mmsi", "other_mmsi", "zone_id"]
    columns = [*story, "start", "end", "event_id", "status"]
    plain = events[columns].reset_index(drop=True)
    new, old = plain[plain["status"] == "created"], plain[plain["status"] == "retracted"]
    pairs = new.merge(old, on=story, suffixes=("", "_old"))
    # An event without an end goes on: every start lies before its end.
    begins = pairs["end_old"].isna() | (pairs["start"] <= pairs["end_old"])
    ends = pairs["end"].isna() | (pairs["start_old"] <= pairs["end"])
    pairs = pairs[begins & ends].sort_values(["start_old", "event_id_old"])
    pairs = pairs.drop_duplicates("event_id")
    replaced = dict(zip(pairs["event_id"], pairs["event_id_old"], strict=True))
    names = [replaced.get(event_id, "") for event_id in events["event_id"]]
    return pd.Series(names, index=events.index, dtype="str")


def succeeded_of(configured: Sequence[Detector], failures: Mapping[str, str]) -> set[str]:
    """Names of detectors that neither failed nor read the events of one that did."""
    return {d.name for d in configured} - readers_of(configured, *failures)


def readers_of(detectors: Sequence[Detector], *names: str) -> set[str]:
    """Return these and those that read their events, directly or by way of others."""
    readers = set(names)
    while more := {d.name for d in detectors if set(d.after) & readers} - readers:
        readers |= more
    return readers
