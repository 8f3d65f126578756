"""Which incidents of a night belong with which, for the terminal, JSON and notebooks."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from pipelines.assess.incidents.related import related, stories
from pipelines.assess.reasons import Teller
from pipelines.reference.gazetteer import load_gazetteer


def see_also(
    incidents: pd.DataFrame,
    events: pd.DataFrame,
    vessels: pd.DataFrame,
    reference: Path,
    end: pd.Timestamp,
    of: Collection[str],
) -> dict[str, list[dict[str, Any]]]:
    """Return of each incident asked for (`of`) those that it belongs with, the closest first:
    incident_id, rank, title and why.

    Parameters
    ----------
    incidents, events, vessels
        Of the night: `schemas.INCIDENTS`, `events.EVENTS`, and `frames.VESSELS` at its `end`.
    """
    names = dict(zip(vessels["mmsi"].tolist(), vessels["name"].tolist(), strict=True))
    teller = Teller(names, load_gazetteer(reference), end)
    among = stories(incidents, events)
    rows = incidents[["incident_id", "rank", "title"]].to_dict("records")
    told: dict[str, Mapping[Any, Any]] = {str(row["incident_id"]): row for row in rows}
    return {
        one: [
            {**told[other.incident_id], "why": other.why} for other in related(among, one, teller)
        ]
        for one in of
    }
