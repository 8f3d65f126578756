"""Events of a vessel in its own words: each names the other vessel."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from detectors.core.telling import told
from pipelines.assess.reasons import Teller, aside_in
from pipelines.base.visible import clean
from pipelines.store import Queries


def from_side_of(
    mmsi: int,
    events: pd.DataFrame,
    store: Queries,
    reference: Path,
    until: pd.Timestamp,
    names: Mapping[int, str] | None = None,
) -> pd.DataFrame:
    """Return events with those of pairs told from the side of one vessel.

    The store keeps a sentence an event, from the side of the lower number, with the names that were
    known when it was told: to the other vessel it would name herself, and on a page that says what
    a vessel is called by now another name than that.

    `names`: of all vessels, where they are known already.
    """
    if events.empty:
        return events
    mine = (events["mmsi"] == mmsi) | (events["other_mmsi"] == mmsi)
    pairs = (mine & (events["other_mmsi"] > 0)).to_numpy(bool)
    if not pairs.any():
        return events
    from pipelines.reference.layers import load_gazetteer  # half a second, for who asks for none

    names = _names(store, until) if names is None else names
    teller = Teller(names, load_gazetteer(reference), until)
    rows = told(events[pairs])
    teller.look_up(rows)
    reasons = events["reason"].copy()
    said = [
        teller.tell(row, mmsi) + aside_in(reason)
        for row, reason in zip(rows, reasons[pairs].tolist(), strict=True)
    ]
    reasons[pairs] = said
    return events.assign(reason=reasons)


def of_incident(
    mmsi: int, events: pd.DataFrame, store: Queries, reference: Path, until: pd.Timestamp
) -> pd.DataFrame:
    """Return an incident's events: of its vessel from that side, others with whose each is."""
    named = _names(store, until)
    events = from_side_of(mmsi, events, store, reference, until, named)
    others = ~((events["mmsi"] == mmsi) | (events["other_mmsi"] == mmsi)) & (events["mmsi"] > 0)
    whose = [
        f"{clean(named.get(one) or '') or f'MMSI {one:09d}'}: " if other else ""
        for one, other in zip(events["mmsi"].tolist(), others.tolist(), strict=True)
    ]
    return events.assign(reason=pd.Series(whose, events.index, dtype="str") + events["reason"])


def _names(store: Queries, until: pd.Timestamp) -> dict[int, str]:
    vessels = store.vessels(until)
    return dict(zip(vessels["mmsi"].tolist(), vessels["name"].tolist(), strict=True))
