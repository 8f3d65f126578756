"""The results of a run, as scoring reads them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pipelines.exercise.truth import ExerciseError


def events_of(path: Path, t1: float) -> pd.DataFrame:
    """Read events, the retracted left out, with start_s and end_s (`t1` where still open).

    events.parquet beside events.csv, if it is there, since it holds context too.
    """
    columns = (
        "event_id",
        "kind",
        "mmsi",
        "other_mmsi",
        "start",
        "end",
        "lat",
        "lon",
        "score",
        "status",
        "explanation",
    )
    whole = path.with_suffix(".parquet")
    frame = _text(whole, columns) if whole.exists() else table(path, columns)
    frame = frame[frame["status"] != "retracted"].reset_index(drop=True)
    try:
        for name in ("start", "end"):
            time = pd.to_datetime(frame[name].replace("", None), utc=True, format="ISO8601")
            since = (time - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(seconds=1)
            frame[f"{name}_s"] = since.fillna(t1) if name == "end" else since
        for name in ("mmsi", "other_mmsi"):
            frame[name] = frame[name].replace("", "0").astype("int64")
        for name in ("lat", "lon", "score"):
            frame[name] = frame[name].replace("", "nan").astype("float64")
    except ValueError as error:
        raise ExerciseError(f"{path} has a value that can't be read: {error}") from error
    return frame


def table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read a table of text that must have these columns."""
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except OSError as error:
        raise ExerciseError(
            f"can't read {path}: {error.strerror}", hint="name the folder of a run's results"
        ) from error
    except ValueError as error:
        raise ExerciseError(f"{path} can't be read: {error}") from error
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise ExerciseError(f"{path} has no column {', '.join(missing)}")
    return frame


def _text(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read the same columns of a Parquet file, as text."""
    try:
        frame = pd.read_parquet(path, columns=list(columns))
    except (OSError, ValueError) as error:
        raise ExerciseError(f"{path} can't be read: {error}") from error
    texts = {}
    for name, column in frame.items():
        is_time = isinstance(column.dtype, pd.DatetimeTZDtype)
        texts[str(name)] = (
            column.dt.strftime("%Y-%m-%dT%H:%M:%SZ") if is_time else column.astype("str")
        ).where(column.notna(), "")
    return pd.DataFrame(texts)


def counts_of(path: Path) -> dict[str, Any]:
    """Read what the manifest counts, at its top or in its counts; nothing where there is none."""
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        return {**manifest, **(manifest.get("counts") or {})}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def number(counts: dict[str, Any], name: str) -> float:
    """Give a count, NaN where there is none."""
    value = counts.get(name)
    return float(value) if isinstance(value, int | float) else float("nan")
