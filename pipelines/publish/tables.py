r"""The tables of the output contract, and their CSV form.

Column lists and their order are a contract with whoever reads the files: columns are neither
dropped nor reordered. `csv_text` says how they are written; beside that:

- In a recipient's pack each table ends with the columns `tlp` and `rel`, the marks of the row.
- In an exercise events, incidents and flagged vessels say so row by row: `evidence` holds
  ``"simulated": true``, and `reasons` and `title` begin with "SIMULATED DATA – EXERCISE" in the
  language of the products.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.errors import FrameError
from detectors.core.evidence import Evidence
from pipelines.assess.scoring import MIN_PART_SCORE
from pipelines.base import labels
from pipelines.base.files import write_text
from pipelines.base.schemas import FLAGGED, INCIDENTS, MARKS, PARTS
from pipelines.publish.csv_text import tidy, to_csv
from pipelines.publish.products import Products, once

EVENT_COLUMNS: Final = (
    "event_id",
    "kind",
    "subkind",
    "detector",
    "version",
    "mmsi",
    "other_mmsi",
    "zone_id",
    "track_ids",
    "group_id",
    "start",
    "end",
    "lat",
    "lon",
    "score",
    "status",
    "explanation",
    "evidence",
)
FLAGGED_COLUMNS: Final = tuple(FLAGGED)


def event_table(products: Products) -> pd.DataFrame:
    """Events with exactly `EVENT_COLUMNS` (and marks): events.parquet, and of it events.csv.

    Identifiers are Int64 (null where there is none), times UTC, texts clean. Positions are
    rounded to 6 decimals (0.1 m), scores to 4.

    Raises FrameError if a column is missing.
    """
    return _event_table(products).copy()


@once
def _event_table(products: Products) -> pd.DataFrame:
    table = _chosen(products.events, EVENT_COLUMNS, products)
    evidence: list[Evidence] = table["evidence"].tolist()
    texts = [one.as_simulated() if products.simulated else one.json() for one in evidence]
    table["evidence"] = pd.Series(texts, table.index, dtype="str")
    return tidy(table)


def flagged_table(products: Products) -> pd.DataFrame:
    """Return flagged vessels with exactly `FLAGGED_COLUMNS` (and marks), in rank order."""
    chosen = _chosen(products.flagged, FLAGGED_COLUMNS, products)
    return _as_told(chosen.sort_values("rank", kind="stable"), "reasons", products)


def parts_table(products: Products) -> pd.DataFrame:
    """Return what each flagged vessel's score is made of, in rank order; as in `event_table`."""
    return tidy(_chosen(products.parts, tuple(PARTS), products))


def incident_table(products: Products) -> pd.DataFrame:
    """Return incidents with exactly the columns of `INCIDENTS` (and marks), in rank order.

    Those that are over (rank 0) come last.
    """
    chosen = _chosen(products.incidents, tuple(INCIDENTS), products)
    table = chosen.assign(over=chosen["rank"] == 0)
    table = table.sort_values(["over", "rank"], kind="stable").drop(columns="over")
    return _as_told(table, "title", products)


def _as_told(table: pd.DataFrame, column: str, products: Products) -> pd.DataFrame:
    if products.simulated:
        prefix = f"{labels.labels(products.language).simulated}: "
        table[column] = [prefix + text for text in table[column]]
    return tidy(table)


def _writer(table: Callable[[Products], pd.DataFrame]) -> Callable[[Products, Path], Path]:
    return lambda products, path: write_text(path, to_csv(table(products)))


def leads(products: Products) -> NDArray[np.bool_]:
    """Tell which events are more than context.

    Context (a boundary crossed on a voyage, see `assess.scoring.MIN_PART_SCORE`) grows with traffic
    and would hide the leads; it is in events.parquet, and in the store.
    """
    return np.asarray(products.events["score"] >= MIN_PART_SCORE)


def lead_table(products: Products) -> pd.DataFrame:
    """Return `event_table` of the leads; of all for a recipient, who has no store to ask."""
    table = event_table(products)
    return table if products.release else table[leads(products)].reset_index(drop=True)


write_events_csv = _writer(lead_table)
write_incidents_csv = _writer(incident_table)
write_flagged_csv = _writer(flagged_table)
write_parts_csv = _writer(parts_table)


def _chosen(frame: pd.DataFrame, names: tuple[str, ...], products: Products) -> pd.DataFrame:
    names = (*names, *MARKS) if products.release else names
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise FrameError(f"can't export: missing columns {', '.join(missing)}")
    return frame[list(names)].copy()
