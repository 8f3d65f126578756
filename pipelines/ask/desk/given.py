"""What a cell is given: vessels by number or text, times; and frames as points."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

import geopandas as gpd
import pandas as pd

from detectors.core.errors import SelatError
from pipelines.assess.incidents import made_of, with_parts
from pipelines.base.text import as_mmsi
from pipelines.run.windows import TimeError, utc

F = TypeVar("F", bound=pd.DataFrame)


def number(mmsi: int | str) -> int:
    """Return an MMSI from a number or its text.

    Raises SelatError if it isn't one.

    >>> number("002320001"), number(533000101)
    (2320001, 533000101)
    """
    found = as_mmsi(str(mmsi).strip())
    if found is None:
        raise SelatError(f"{mmsi!r} isn't an MMSI", hint="nine digits, as a number or a text")
    return found


def numbers(mmsis: Sequence[int | str] | int | str | None) -> list[int] | None:
    """Return the MMSIs of one vessel or several; None for everyone.

    >>> numbers("563000101"), numbers([2320001, "533000101"])
    ([563000101], [2320001, 533000101])
    """
    if mmsis is None:
        return None
    # A text is a sequence too: of its figures, each of which could be a number.
    if isinstance(mmsis, str) or not isinstance(mmsis, Iterable):
        return [number(mmsis)]
    return [number(one) for one in mmsis]


def between(
    start: pd.Timestamp | str, end: pd.Timestamp | str
) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return two times; raise TimeError where one isn't one, or they stand the wrong way round."""
    span = moment(start), moment(end)
    if span[0] > span[1]:
        raise TimeError(f"{start} lies after {end}", hint="swap them")
    return span


def moment(time: pd.Timestamp | str) -> pd.Timestamp:
    """Return a time from a timestamp with a zone, or from a text (ISO 8601, MYT without an offset).

    Raises TimeError if it isn't one, or doesn't say its zone.
    """
    if isinstance(time, str):
        return utc(time)
    if time.tzinfo is None:
        raise TimeError(f"{time} has no zone", hint=f"say which: pd.Timestamp('{time}', tz='UTC')")
    return time.tz_convert("UTC")


def nine(mmsi: int) -> str:
    """Return an MMSI as it is written and heard, empty for 0.

    >>> nine(2320001), nine(0)
    ('002320001', '')
    """
    return f"{mmsi:09d}" if mmsi else ""


def lettered(table: F, events: pd.DataFrame | None = None) -> F:
    """Return a frame for an analyst: vessels as text of nine digits, parts of a score in words.

    `events`: those of a table of incidents, so that what they tell of its scores is told too.
    """
    told: dict[str, pd.Series] = {}
    for name in {"mmsi", "other_mmsi"} & set(table):
        codes, mmsis = pd.factorize(table[name])  # millions of reports, thousands of vessels
        texts = pd.array([nine(int(one)) for one in mmsis], dtype="str")
        told[name] = pd.Series(texts.take(codes), table.index)
    if "made_of" in table:
        parts = table if events is None else with_parts(table, events)
        words = [made_of(str(text), whole=True) for text in parts["made_of"]]
        told["made_of"] = pd.Series(words, table.index, dtype="str")
    return table.assign(**told)


def titled(text: str, *, simulated: bool) -> str:
    """Return a title, which says so of an exercise."""
    return f"EXERCISE – {text}" if simulated else text


def points(table: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return a frame with lat and lon as points."""
    where = gpd.points_from_xy(table["lon"], table["lat"])
    return gpd.GeoDataFrame(table, geometry=where, crs=4326)
