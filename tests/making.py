"""Small tables for tests: what a test doesn't say has a plain value, the same for all."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from detectors.core import frames


def reports(schema: Mapping[str, frames.Column] = frames.POSITIONS, **columns: Any) -> pd.DataFrame:
    """Return position reports as a schema has them; what isn't given isn't stated."""
    given = {name: getattr(values, "array", values) for name, values in columns.items()}
    n = max(np.size(values) for values in given.values())
    unsaid = {
        "sog_kn": np.nan,
        "cog_deg": np.nan,
        "heading_deg": np.nan,
        "nav_status": 15,
        "msg_type": 1,
        "ais_class": "A",
        "source": "aa",
        "source_offset": np.arange(n),
        "track_id": np.asarray(given["mmsi"]) * 100 + 1,
    }
    return frames.conform(pd.DataFrame({**unsaid, **given}, index=range(n)), schema)


def said(*rows: Mapping[str, Any], schema: Mapping[str, frames.Column] = frames.STATICS) -> Any:
    """Return what vessels say as a schema has it; what a row doesn't name isn't said."""
    unsaid = {
        "imo": 0,
        "name": "",
        "callsign": "",
        "ship_type": -1,
        "length_m": np.nan,
        "beam_m": np.nan,
        "draught_m": np.nan,
        "destination": "",
        "ais_class": "A",
        "flag_state": "",
        "source": "aa",
    }
    each = [{**unsaid, "source_offset": k, **row} for k, row in enumerate(rows)]
    return frames.conform(pd.DataFrame(each), schema) if rows else frames.empty(schema)


def event_row(
    kind: str, start: pd.Timestamp, end: pd.Timestamp | None, /, **columns: Any
) -> dict[str, Any]:
    """Return an event for `events.build`, of one vessel; without an end it is open."""
    mmsi = columns.get("mmsi", 533000001)
    return {
        "kind": kind,
        "detector": kind,
        "version": "1",
        "mmsi": mmsi,
        "track_ids": f"{mmsi}01",
        "start": start,
        "anchor": start,
        "end": pd.NaT if end is None else end,
        "lat": 4.0,
        "lon": 100.0,
        "score": 0.5,
        "evidence": {},
        **columns,
    }
