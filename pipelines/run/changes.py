"""Changes of numbers that the store knows of, which tell where a silent hull is heard since."""

from collections.abc import Collection

import pandas as pd

from detectors.core import events as event_schema
from pipelines.assess.incidents.silences import numbers_since
from pipelines.store import Queries

_CHANGES = (
    "SELECT event_id FROM events WHERE kind = 'identity' AND other_mmsi > 0 AND start <= $end "
    "AND list_has_any($silent::BIGINT[], [mmsi, other_mmsi])"
)


def heard_since(
    store: Queries, events: pd.DataFrame, ordinal: int, end: pd.Timestamp
) -> dict[tuple[int, pd.Timestamp], int]:
    """Return `silences.numbers_since` of a run's silences, which may go on for days, by all changes
    that were known with it.

    Parameters
    ----------
    events
        `events.EVENTS` of the run.
    ordinal, end
        Of the run: what was known then, and until when it looked.
    """
    gaps = pd.DataFrame(events[events["kind"] == "gap"])
    known = {"silent": gaps["mmsi"].unique().tolist(), "end": end}
    ids = store.sql(_CHANGES, known)["event_id"]
    changes = store.events_as_of(ordinal, ids=ids)
    changes = changes[~changes["retracted"].to_numpy(bool)]
    return numbers_since(pd.concat([gaps, changes[gaps.columns.intersection(changes.columns)]]))


def changes_of(store: Queries, past: pd.DataFrame, tonight: Collection[str]) -> pd.DataFrame:
    """Return the changes of numbers among events counted (`Queries.events_counted`), with what
    these lack; but for those of tonight, by id: found, or in the store for the same window.
    """
    changed = past.loc[(past["kind"] == "identity") & (past["other_mmsi"] > 0), "event_id"]
    changed = changed[~changed.isin(list(tonight))]
    return store.events_by_id(changed.tolist())[list(event_schema.EVENTS)]
