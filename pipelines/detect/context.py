"""What detectors may know beside positions: vessels, coverage, statements, sightings."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import timedelta
from typing import Any, Final

import pandas as pd

from detectors.core import frames
from detectors.core.detector import Context, Detector
from detectors.surroundings.coverage import Coverage
from detectors.surroundings.zones import Zones
from pipelines.reference.codes import flag_states
from pipelines.store import Queries

COVERAGE_BEFORE: Final = timedelta(days=1)
"""Coverage reaches this much further back than positions: a silence is judged by what was heard
around it in the day before."""


def context_of(
    store: Queries,
    mmsi: pd.Series,
    need: pd.DataFrame,
    start: pd.Timestamp,
    end: pd.Timestamp,
    zones: Zones,
    models: Mapping[str, Any],
    detectors: Sequence[Detector],
) -> Context:
    """Return what detectors may know beside the positions of the vessels in `need`, and noise.

    `mmsi` are those of them that were heard.
    """
    first = min(need["from_time"].min(), start) if len(need) else start
    return Context(
        start=start,
        end=end,
        zones=zones,
        vessels=vessels_of(store, mmsi, end),
        coverage=store.coverage(first - COVERAGE_BEFORE, end),
        models=models,
        statements=said(store, need, end, detectors),
        sightings=store.sightings(first, end),
    )


def covered_before(
    store: Queries, coverage: Coverage, first: pd.Timestamp, known: pd.Timestamp
) -> Coverage:
    """Return coverage for positions from `first` on, where it is there for those from `known` on.

    That of a date rests on the date alone, and dates are in order.
    """
    since = (known - COVERAGE_BEFORE).normalize()
    if (first - COVERAGE_BEFORE).normalize() >= since:
        return coverage
    before = store.coverage(first - COVERAGE_BEFORE, since - timedelta(days=1))
    both = {
        each.name: pd.concat(
            [getattr(one, each.name) for one in (before, coverage)], ignore_index=True
        )
        for each in fields(Coverage)
    }
    return Coverage(**both)


def said(
    store: Queries, need: pd.DataFrame, end: pd.Timestamp, detectors: Sequence[Detector]
) -> pd.DataFrame:
    """Return the statements of the vessels in `need`; none where no detector reads them."""
    if any(d.reads_statements for d in detectors):
        return store.statements(need, end)
    return frames.empty(frames.STATEMENTS)


def vessels_of(store: Queries, mmsi: pd.Series, end: pd.Timestamp) -> pd.DataFrame:
    """Return `frames.VESSELS` of some vessels, and of every one that ever sent static data."""
    stated = store.vessels(end)
    silent = pd.DataFrame({"mmsi": mmsi[~mmsi.isin(stated["mmsi"])]})
    vessels = pd.concat([stated, silent], ignore_index=True).sort_values("mmsi", ignore_index=True)
    nothing = dict.fromkeys(("name", "callsign", "destination", "ais_class"), "")
    vessels = vessels.fillna({**nothing, "imo": 0, "ship_type": -1})
    vessels["flag_state"] = flag_states(vessels["mmsi"].to_numpy())
    return frames.conform(vessels, frames.VESSELS)
