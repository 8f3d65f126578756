"""Incidents as they were known at a moment."""

import pandas as pd

from pipelines.ask.recall.moment import Moment
from pipelines.store import Queries


def incident(store: Queries, text: str, moment: Moment) -> pd.DataFrame | None:
    """Return the one incident whose id begins so, as it was known then; None for none or several.

    Returns
    -------
    pandas.DataFrame
        `schemas.INCIDENTS`, one row.
    """
    known = store.known_incidents(moment.ordinal)
    found = known[known["incident_id"].str.startswith(text)] if text else known.iloc[:0]
    return found.reset_index(drop=True) if len(found) == 1 else None


def events_of(store: Queries, incident: pd.DataFrame, moment: Moment) -> pd.DataFrame:
    """Return the events of an incident as they were known then, strongest first."""
    ids = incident["events"].iloc[0].split(";")
    every = store.events_as_of(moment.ordinal)
    own = every[every["event_id"].isin(ids)]
    return own.sort_values(["retracted", "score"], ascending=[True, False], ignore_index=True)
