"""What a cell is given: vessels by number or text, times, areas; and frames as points."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, TypeAlias, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from detectors.core.errors import SelatError
from pipelines.assess.incidents import made_of, with_parts
from pipelines.base.text import as_mmsi
from pipelines.run.windows import TimeError, utc

F = TypeVar("F", bound=pd.DataFrame)
Time: TypeAlias = str | date | np.datetime64
"""A time as a cell has it; a datetime, and so a timestamp of pandas, is a date too."""
Polygons: TypeAlias = gpd.GeoDataFrame | gpd.GeoSeries


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


def between(start: Time, end: Time) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return two times; raise TimeError where one isn't one, or they stand the wrong way round."""
    span = moment(start), moment(end)
    if span[0] > span[1]:
        raise TimeError(f"{start} lies after {end}", hint="swap them")
    return span


def moment(time: Time) -> pd.Timestamp:
    """Return a time from a timestamp with a zone, or from a text (ISO 8601, MYT without an offset);
    a date is the text of it.

    Raises TimeError if it isn't one, or doesn't say its zone.

    >>> moment(datetime.fromisoformat("2026-01-08T00:00+08:00")) == moment(date(2026, 1, 8))
    True
    """
    given: Any = time  # a cell holds what it holds
    if isinstance(given, str) or (isinstance(given, date) and not isinstance(given, datetime)):
        return utc(str(given))
    if given is not None and not isinstance(given, datetime | np.datetime64):
        raise TimeError(f"{given!r} is no time", hint="a text, or a timestamp with a zone")
    stamp = pd.NaT if given is None else pd.Timestamp(given)
    if pd.isna(stamp):
        raise TimeError(
            "a time is missing", hint="what goes on has no end yet: take night.run['end']"
        )
    if stamp.tzinfo is None:
        raise TimeError(
            f"{stamp} has no zone", hint=f"say which: pd.Timestamp('{stamp}', tz='UTC')"
        )
    return stamp.tz_convert("UTC")


def named(time: Time | None) -> str | None:
    """Return a text as it is, since it may be a run's id; anything else as the time that it is."""
    return time if time is None or isinstance(time, str) else moment(time).isoformat()


def drawn(area: Polygons) -> Any:
    """Return one's own polygons as one outline in degrees.

    Raises SelatError if they aren't a frame or a column of geometries, don't say their coordinate
    system, or hold no polygon.
    """
    if not isinstance(area, gpd.GeoDataFrame | gpd.GeoSeries):
        raise SelatError(
            f"the area is a {type(area).__name__}, which says no coordinate system",
            hint="in degrees: gpd.GeoSeries([…], crs=4326)",
        )
    if area.crs is None:
        raise SelatError("the area says no coordinate system", hint="in degrees: .set_crs(4326)")
    found: shapely.Geometry = area.to_crs(4326).union_all()
    if not shapely.area(found):
        raise SelatError("the area holds no polygon", hint="points may be given a .buffer(…)")
    return found


def nine(mmsi: int) -> str:
    """Return an MMSI as it is written and heard, empty for 0.

    >>> nine(2320001), nine(0)
    ('002320001', '')
    """
    return f"{mmsi:09d}" if mmsi else ""


def lettered(table: F, events: pd.DataFrame | None = None) -> F:
    """Return a frame for an analyst: vessels as text of nine digits, parts of a score in words,
    evidence as the JSON that events.csv has of it, which any kind of file holds.

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
    if "evidence" in table:
        written = [one.json() for one in table["evidence"]]
        told["evidence"] = pd.Series(written, table.index, dtype="str")
    return table.assign(**told)


def titled(text: str, *, simulated: bool) -> str:
    """Return a title, which says so of an exercise."""
    return f"EXERCISE – {text}" if simulated else text


def points(table: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return a frame with lat and lon as points."""
    where = gpd.points_from_xy(table["lon"], table["lat"])
    return gpd.GeoDataFrame(table, geometry=where, crs=4326)
