"""What is known of one vessel: for `selat vessel` and the desk."""

from dataclasses import dataclass

import pandas as pd

from pipelines.store import Identity, Queries

FIX_WITHIN = pd.Timedelta(days=1)
"""How long before it was last heard a vessel's last sound fix is looked for."""


@dataclass(frozen=True)
class Dossier:
    """What was known of a vessel at a time."""

    identity: Identity
    """What it called itself last."""
    history: pd.DataFrame
    """`vessels.HISTORY`: all that it ever said of itself, and from when to when."""
    company: pd.DataFrame
    """Whom it met, and whom those met; see `Queries.company`."""
    incidents: pd.DataFrame
    """`schemas.INCIDENTS` that it is in, as they were told then, the oldest first."""
    happened: pd.DataFrame
    """The events of these, as they were known then."""


def dossier(reader: Queries, mmsi: int, time: pd.Timestamp, ordinal: int) -> Dossier:
    """Return what was known of a vessel at a time, whose newest run was the one of that number."""
    incidents = reader.known_incidents(ordinal, mmsi=mmsi, until=time)
    ids = {one for joined in incidents["events"] for one in joined.split(";")}
    return Dossier(
        *reader.known_at(mmsi, time),
        reader.company(mmsi, time),
        incidents,
        reader.events_as_of(ordinal, ids=ids),
    )


def last_fix(reader: Queries, identity: Identity) -> pd.Series | None:
    """Return the last sound report of a vessel (`frames.TRACKED`); None where it has none."""
    if identity.last_seen is None:
        return None
    start = identity.last_seen - FIX_WITHIN
    found = reader.track_positions([identity.mmsi], start, identity.last_seen)
    return None if found.empty else found.sort_values("time").iloc[-1]
