r"""The tables of the output contract, and their CSV form.

Column lists and their order are a contract with whoever reads the files: columns are neither
dropped nor reordered. In CSV:

- UTF-8, comma, ``\n``; quoted where needed (RFC 4180), one header line.
- Times are ISO 8601 UTC to the second, rounded down as in the evidence: ``2026-11-20T18:03:00Z``;
  `end` is empty while the event is open.
- `mmsi` and `other_mmsi` are text (read them with ``dtype=str``); `other_mmsi` is empty where
  there is no second vessel. A number that isn't nine digits long stays as it is: padding would
  make another vessel of it.
- Text columns are cleaned (`text.clean`; evidence by `text.clean_json`, so it stays JSON), then
  `text.formula_safe`: a text that starts with = + - @ gets an apostrophe in front. Numbers
  never do.
- In a recipient's pack each table ends with the columns `tlp` and `rel`, the marks of the row.
- In an exercise events and flagged vessels say so row by row: `evidence` holds
  ``"simulated": true``, and `reasons` begins with "SIMULATED DATA – EXERCISE" in the language of
  the products.
"""

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Final

import pandas as pd

from detectors.core.errors import FrameError
from detectors.core.frames import TIME
from pipelines.base import labels
from pipelines.base.files import write_text
from pipelines.base.schemas import FLAGGED, MARKS, PARTS
from pipelines.base.text import clean_json, formula_safe
from pipelines.base.visible import clean
from pipelines.publish.products import Products

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
FLAGGED_COLUMNS: Final = (
    "rank",
    "mmsi",
    "imo",
    "name",
    "callsign",
    "flag_state",
    "ship_type",
    "score",
    "reasons",
    "explanations",
    "last_seen",
    "lat",
    "lon",
    "event_ids",
)
assert tuple(FLAGGED) == FLAGGED_COLUMNS  # noqa: S101 - a contract, checked once at import

SIMULATED_PREFIX: Final = f"{labels.labels('en').simulated}: "
"""How `reasons` begins in flagged.csv of an exercise (in a pack: in its language)."""

_NUMBERS: Final = frozenset({"rank", "lat", "lon", "score", "quiet_within_m"})
_IDENTIFIERS: Final = frozenset({"mmsi", "other_mmsi", "imo"})
_POSITION_DECIMALS: Final = 6  # 0.1 m; AIS itself resolves 0.2 m
_SCORE_DECIMALS: Final = 4


def event_table(products: Products) -> pd.DataFrame:
    """Events with exactly `EVENT_COLUMNS` (and marks): events.csv and events.parquet.

    Identifiers are Int64 (null where there is none), times UTC, texts clean. Positions are
    rounded to 6 decimals (0.1 m), scores to 4.

    Raises
    ------
    FrameError
        If a column is missing.
    """
    table = _chosen(products.events, EVENT_COLUMNS, products)
    marked = (replace(one, simulated=products.simulated) for one in table["evidence"])
    table["evidence"] = pd.Series([one.json() for one in marked], table.index, dtype="str")
    return _tidy(table)


def flagged_table(products: Products) -> pd.DataFrame:
    """Flagged vessels with exactly `FLAGGED_COLUMNS` (and marks), in rank order."""
    chosen = _chosen(products.flagged, FLAGGED_COLUMNS, products)
    table = chosen.sort_values("rank", kind="stable")
    if products.simulated:
        prefix = f"{labels.labels(products.language).simulated}: "
        table["reasons"] = [prefix + text for text in table["reasons"]]
    return _tidy(table)


def parts_table(products: Products) -> pd.DataFrame:
    """What each flagged vessel's score is made of, in rank order; types as in `event_table`."""
    return _tidy(_chosen(products.parts, tuple(PARTS), products))


def write_events_csv(products: Products, path: Path) -> Path:
    """Write events.csv (see the module docstring)."""
    return write_text(path, to_csv(event_table(products)))


def write_flagged_csv(products: Products, path: Path) -> Path:
    """Write flagged.csv (see the module docstring)."""
    return write_text(path, to_csv(flagged_table(products)))


def write_parts_csv(products: Products, path: Path) -> Path:
    """Write parts.csv (see the module docstring)."""
    return write_text(path, to_csv(parts_table(products)))


def to_csv(table: pd.DataFrame) -> str:
    """A table made by this module as CSV text (see the module docstring)."""
    columns = {name: _csv_column(table[name]) for name in table.columns}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return out.getvalue()


def tidy_csv(table: pd.DataFrame) -> str:
    """Any table of columns of the glossary as CSV text, by the same rules."""
    return to_csv(_tidy(table.copy()))


def iso_seconds(time: pd.Series) -> pd.Series:
    """Times as ISO 8601 UTC text to the second, rounded down; empty where there is none."""
    texts: pd.Series = time.dt.tz_convert("UTC").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return texts.fillna("").astype("str")


def _chosen(frame: pd.DataFrame, names: tuple[str, ...], products: Products) -> pd.DataFrame:
    names = (*names, *MARKS) if products.release else names
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise FrameError(f"can't export: missing columns {', '.join(missing)}")
    return frame[list(names)].copy()


def _tidy(table: pd.DataFrame) -> pd.DataFrame:
    for name in table.columns:
        column = table[name]
        if name in _IDENTIFIERS:
            table[name] = column.astype("Int64").mask(column.to_numpy() == 0)
        elif isinstance(column.dtype, pd.DatetimeTZDtype):
            table[name] = column.astype(TIME)
        elif name in {"lat", "lon"}:
            table[name] = column.astype("float64").round(_POSITION_DECIMALS)
        elif name == "score":
            table[name] = column.astype("float64").round(_SCORE_DECIMALS)
        elif name not in _NUMBERS and not pd.api.types.is_numeric_dtype(column):
            tidy = clean_json if name == "evidence" else clean
            texts = ["" if pd.isna(text) else tidy(str(text)) for text in column]
            table[name] = pd.Series(texts, dtype="str")
    return table.reset_index(drop=True)


def _csv_column(column: pd.Series) -> list[str]:
    if column.name in _IDENTIFIERS:
        return ["" if pd.isna(value) else str(value) for value in column]
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return list(iso_seconds(column))
    if column.name in _NUMBERS or pd.api.types.is_numeric_dtype(column):
        return ["" if pd.isna(value) else str(value) for value in column]
    return [formula_safe(text) for text in column]
