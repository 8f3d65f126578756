r"""Tables of columns of the glossary as CSV text.

- UTF-8, comma, ``\n``; quoted where needed (RFC 4180), one header line.
- Times are ISO 8601 UTC to the second, rounded down as in the evidence: ``2026-11-20T18:03:00Z``;
  `end` is empty while the event is open.
- `mmsi` and `other_mmsi` are text (read them with ``dtype=str``); `other_mmsi` is empty where
  there is no second vessel. A number of seven digits is written with its two zeros in front;
  a shorter one stays as it is: padding would make another vessel of it.
- Text columns are cleaned (`text.clean`; evidence by `text.clean_json`, so it stays JSON), then
  `text.formula_safe`: a text that starts with = + - @, or goes on so behind a semicolon, gets an
  apostrophe in front of that; evidence the semicolon as a JSON escape. Numbers never do.
"""

from typing import Any, Final

import pandas as pd

from detectors.core.frames import TIME
from pipelines.base.text import clean_json, formula_safe, formula_safe_json
from pipelines.base.visible import clean

_NUMBERS: Final = frozenset({"rank", "lat", "lon", "score", "quiet_within_m"})
_IDENTIFIERS: Final = frozenset({"mmsi", "other_mmsi", "imo"})
_POSITION_DECIMALS: Final = 6  # 0.1 m; AIS itself resolves 0.2 m
SHORTEST_MMSI: Final = 1_000_000
"""An MMSI has seven digits behind two zeros, or nine; less is none, and padding would make one."""
_SCORE_DECIMALS: Final = 4


def to_csv(table: pd.DataFrame) -> str:
    """Write a table whose columns are tidy as CSV text (see the module docstring)."""
    columns = [map(_quoted, [str(name), *_csv_column(table[name])]) for name in table.columns]
    return "\n".join([*map(",".join, zip(*columns, strict=True)), ""])


def _quoted(text: str) -> str:
    if '"' in text or "," in text or "\n" in text or "\r" in text:
        return '"' + text.replace('"', '""') + '"'
    return text


def tidy_csv(table: pd.DataFrame) -> str:
    """Write any table of columns of the glossary as CSV text."""
    return to_csv(tidy(table.copy()))


def iso_seconds(time: pd.Series) -> pd.Series:
    """Write times as ISO 8601 UTC text to the second, rounded down; empty where there is none."""
    texts: pd.Series = time.dt.tz_convert("UTC").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return texts.fillna("").astype("str")


def tidy(table: pd.DataFrame) -> pd.DataFrame:
    """Clean texts, round places and scores, and make identifiers whole numbers or null."""
    for name in table.columns:
        column = table[name]
        if name in _IDENTIFIERS:
            table[name] = column.astype("Int64").mask(column.to_numpy() == 0)
        elif isinstance(column.dtype, pd.DatetimeTZDtype):
            table[name] = column.astype(TIME)
        elif name in {"lat", "lon", "last_lat", "last_lon"}:
            table[name] = column.astype("float64").round(_POSITION_DECIMALS)
        elif name == "score":
            table[name] = column.astype("float64").round(_SCORE_DECIMALS)
        elif name not in _NUMBERS and not pd.api.types.is_numeric_dtype(column):
            cleaned = clean_json if name == "evidence" else clean
            texts = column.tolist()
            # Most say what few others say: a text is cleaned once.
            told = {text: "" if pd.isna(text) else cleaned(str(text)) for text in set(texts)}
            table[name] = pd.Series([told[text] for text in texts], dtype="str")
    return table.reset_index(drop=True)


def identifier(value: Any, wide: int) -> str:
    """Write a number that names something, so wide at least; one too short to be an MMSI as is."""
    if pd.isna(value):
        return ""
    return f"{value:0{wide}d}" if value >= SHORTEST_MMSI else str(value)


def _csv_column(column: pd.Series) -> list[str]:
    if column.name in _IDENTIFIERS:
        wide = 0 if column.name == "imo" else 9
        return [identifier(value, wide) for value in column]
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return iso_seconds(column).tolist()
    if column.name in _NUMBERS or pd.api.types.is_numeric_dtype(column):
        return ["" if pd.isna(value) else str(value) for value in column.tolist()]
    safe = formula_safe_json if column.name == "evidence" else formula_safe
    return [safe(text) for text in column.tolist()]
