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
    """`schemas.INCIDENTS` that it is in, the oldest first."""
    dispositions: pd.DataFrame
    """What people concluded on events of it, the oldest first."""


def dossier(reader: Queries, mmsi: int, time: pd.Timestamp) -> Dossier:
    """Return what was known of a vessel at a time."""
    concluded = reader.dispositions(time)
    own = (concluded["mmsi"] == mmsi) | (concluded["other_mmsi"] == mmsi)
    return Dossier(
        *reader.known_at(mmsi, time),
        reader.company(mmsi, time),
        reader.known_incidents(mmsi=mmsi, until=time),
        concluded[own].reset_index(drop=True),
    )


def last_fix(reader: Queries, identity: Identity) -> pd.Series | None:
    """Return the last sound report of a vessel (`frames.TRACKED`); None where it has none."""
    if identity.last_seen is None:
        return None
    start = identity.last_seen - FIX_WITHIN
    found = reader.track_positions([identity.mmsi], start, identity.last_seen)
    return None if found.empty else found.sort_values("time").iloc[-1]
