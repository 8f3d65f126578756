"""A user's table of high waters: a CSV with place, lat, lon, time and, if known, height_m.

Times are UTC (ending in Z) or local with their offset (2026-01-31T03:30+08:00); a time without
either is refused, since an hour's doubt is a beach's width.
"""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

from detectors.core.errors import ConfigError
from detectors.surroundings.tide import Tides
from pipelines.base.files import read_plain
from pipelines.base.visible import clean

NEEDED: Final = ("place", "lat", "lon", "time")
OPTIONAL: Final = ("height_m",)
MAX_BYTES: Final = 20_000_000
"""Some 300 years of one place; no table is larger."""
MAX_HEIGHT_M: Final = 20.0
"""The highest tides of the Earth rise 16 m."""
EARLIEST_YEAR, LATEST_YEAR = 1970, 2200
_NAME_CHARS: Final = 60
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HINT: Final = (
    "columns: place, lat, lon, time (UTC with Z, or local with its offset), height_m if known; "
    "the setting `tides` names the file"
)


def load(path: Path | None) -> Tides | None:
    """Return the table of a file; None where no file is named.

    Raises ConfigError if it can't be read, or a row isn't what it should be; it says which.
    """
    if path is None:
        return None
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(
                f"the tide table {path.name} is larger than {MAX_BYTES / 1e6:.0f} MB", hint=_HINT
            )
        text = read_plain(path, MAX_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(
            f"the tide table {path} can't be read: {error.strerror}", hint=_HINT
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"the tide table {path.name} isn't UTF-8 text", hint=_HINT) from error
    try:
        rows = list(_rows(text.splitlines(), path.name))
    except csv.Error as error:
        raise ConfigError(f"the tide table {path.name} is damaged: {error}", hint=_HINT) from error
    places, lats, lons, times, heights = zip(*rows, strict=True) if rows else ((),) * 5
    return Tides(
        tuple(places),
        np.array(lats, "float64"),
        np.array(lons, "float64"),
        np.array(times, "int64"),
        np.array(heights, "float64"),
        path.stem,
    )


def _rows(lines: list[str], name: str) -> Iterator[tuple[str, float, float, int, float]]:
    """Return the rows, checked; lines with "#" above the header and blank ones need no place."""
    table = csv.DictReader(
        (line for line in lines if line.strip() and not line.startswith("#")), strict=True
    )
    header = [column.strip() for column in table.fieldnames or ()]
    missing = [column for column in NEEDED if column not in header]
    unknown = [column for column in header if column not in (*NEEDED, *OPTIONAL)]
    if missing or unknown or len(set(header)) != len(header):
        wrong = f"lacks {', '.join(missing)}" if missing else "has columns that none should have"
        raise ConfigError(f"the tide table {name} {wrong}: {clean(', '.join(header))}", hint=_HINT)
    table.fieldnames = header
    where: dict[str, tuple[float, float]] = {}
    for number, row in enumerate(table, 1):
        try:
            yield _row(row, where)
        except ValueError as error:
            raise ConfigError(
                f"the tide table {name}, high water {number}: {error}", hint=_HINT
            ) from error


def _row(
    row: dict[str, str], where: dict[str, tuple[float, float]]
) -> tuple[str, float, float, int, float]:
    """Return a row, or raise ValueError with what is wrong with it."""
    if None in row or None in row.values():
        raise ValueError("it has more or fewer values than the header")
    place = clean(row["place"]).strip()
    if not place or len(place) > _NAME_CHARS:
        raise ValueError(f"a place has a name of 1 to {_NAME_CHARS} characters")
    lat, lon = _number(row, "lat", -90.0, 90.0), _number(row, "lon", -180.0, 180.0)
    if where.setdefault(place, (lat, lon)) != (lat, lon):
        raise ValueError(f"{place} is at two positions")
    height = row.get("height_m", "").strip()
    height_m = _number(row, "height_m", -MAX_HEIGHT_M, MAX_HEIGHT_M) if height else float("nan")
    return place, lat, lon, _time_us(row["time"].strip()), height_m


def _number(row: dict[str, str], name: str, least: float, most: float) -> float:
    text = row[name].strip().replace("_", "?")  # Python takes "2_5" for 25
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{name} is no number: {clean(text)[:40]!r}") from None
    if not least <= value <= most:  # nor is NaN
        raise ValueError(f"{name} is {clean(text)[:40]}, not from {least:g} to {most:g}")
    return value


def _time_us(text: str) -> int:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"time is none of ISO 8601: {clean(text)[:40]!r}") from None
    if time.tzinfo is None:
        raise ValueError(f"time {clean(text)[:40]} is neither UTC (Z) nor has it an offset")
    if not EARLIEST_YEAR <= time.year <= LATEST_YEAR:
        raise ValueError(f"time {clean(text)[:40]} is of no year that a table is made for")
    return int((time.astimezone(UTC) - _EPOCH).total_seconds()) * 1_000_000
