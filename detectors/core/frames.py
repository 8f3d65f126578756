"""The column glossary: one name, type and unit per quantity, and the frames made of them.

Every frame that crosses a module boundary is one of the tables below. `validate` is called where
a frame enters the core, so that a kernel never has to guess a type or an order.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.errors import FrameError

TIME: Final = "datetime64[us, UTC]"
SECOND_US: Final = 1_000_000
"""A second in the microseconds of `epoch_us`."""
DAY_US: Final = 86_400 * SECOND_US
NAV_STATUS_UNDEFINED: Final = 15
"""ITU-R M.1371-5, table 45: 15 = undefined, also what a feed without the field gets."""


@dataclass(frozen=True)
class Column:
    """One quantity: its NumPy/pandas type, its unit and what it means."""

    dtype: str
    unit: str
    meaning: str


_PLACE: Final = (
    "where the report is in the feed: byte offset of the sentence in NMEA, line number in CSV and "
    "JSON, row number in Parquet"
)

POSITIONS: Final[Mapping[str, Column]] = {
    "mmsi": Column("int64", "", "Maritime Mobile Service Identity of the transmitter, 9 digits"),
    "time": Column(TIME, "UTC", "when the report was received (or sent, where the feed says so)"),
    "lat": Column("float64", "deg", "WGS84 latitude, never null"),
    "lon": Column("float64", "deg", "WGS84 longitude in [-180, 180], never null"),
    "sog_kn": Column("float64", "kn", "speed over ground, NaN where not available"),
    "cog_deg": Column("float64", "deg", "course over ground in [0, 360), NaN where not available"),
    "heading_deg": Column("float64", "deg", "true heading in [0, 360), NaN where not available"),
    "nav_status": Column("int16", "", "navigation status code, 15 where undefined or not in feed"),
    "msg_type": Column("int16", "", "AIS message type, 0 where the feed has none"),
    "ais_class": Column("str", "", "'A' or 'B' transceiver, empty where the feed doesn't say"),
    "source": Column("str", "", "first 16 hex digits of the feed file's SHA-256"),
    "source_offset": Column("int64", "", _PLACE),
}
"""Position reports as ingested: one row per received report."""

TRACKED: Final[Mapping[str, Column]] = {
    **POSITIONS,
    "ais_class": replace(POSITIONS["ais_class"], dtype="category"),
    "source": replace(POSITIONS["source"], dtype="category"),
    "track_id": Column("int64", "", "mmsi * 100 + ordinal of the hull seen under that MMSI"),
}
"""What a detector gets: cleaned position reports, sorted by (track_id, time), time strictly
increasing within a track."""

REPORTED: Final = ("mmsi", "time", "lat", "lon", "track_id", "source", "source_offset")
"""Columns of `TRACKED` that say whose report it is, of when and where, and where it stands."""

FALSE_FIX: Final = "false fix"
INTERFERENCE: Final = "interference"
CLOCK_FAULT: Final = "clock fault"
NOT_A_VESSEL: Final = "not a vessel"
ASTRAY: Final = (FALSE_FIX, INTERFERENCE)
"""Reasons of reports from where the vessel wasn't."""

NOISE: Final[Mapping[str, Column]] = {
    **POSITIONS,
    "reason": Column("str", "", f"{FALSE_FIX} | {INTERFERENCE} | {CLOCK_FAULT} | {NOT_A_VESSEL}"),
}
"""Reports that belong to no track, each with the reason: its verdict (`kinematics.integrity`)."""

RECEPTIONS: Final[Mapping[str, Column]] = {
    **{k: POSITIONS[k] for k in ("mmsi", "time", "lat", "lon", "ais_class")},
    "station": Column("str", "", "the receiver, as the feed names it; never empty"),
}
"""What receivers that a feed names received: one row per report and receiver, copies included."""

STATICS: Final[Mapping[str, Column]] = {
    "mmsi": Column("int64", "", "Maritime Mobile Service Identity"),
    "time": Column(TIME, "UTC", "when the report was received"),
    "imo": Column("int64", "", "IMO number as reported (0 where none), check digit not enforced"),
    "name": Column("str", "", "vessel name as reported, trailing '@' and blanks removed"),
    "callsign": Column("str", "", "call sign as reported, trailing '@' and blanks removed"),
    "ship_type": Column("int16", "", "AIS ship type code, -1 where not reported"),
    "length_m": Column("float64", "m", "bow + stern dimension, NaN where not reported"),
    "beam_m": Column("float64", "m", "port + starboard dimension, NaN where not reported"),
    "draught_m": Column("float64", "m", "draught, NaN where not reported"),
    "destination": Column("str", "", "destination as reported"),
    "ais_class": Column("str", "", "'A' or 'B' transceiver, empty where the feed doesn't say"),
    "source": Column("str", "", "first 16 hex digits of the feed file's SHA-256"),
    "source_offset": Column("int64", "", _PLACE),
}
"""Static data as ingested: one row per received report; empty text where a part did not say."""

_OF_RECEPTION: Final = ("mmsi", "time", "source", "source_offset")
_SAID: Final = {name: column for name, column in STATICS.items() if name not in _OF_RECEPTION}

STATEMENTS: Final[Mapping[str, Column]] = {
    "mmsi": STATICS["mmsi"],
    "first_time": Column(TIME, "UTC", "when it was first said on its UTC date"),
    "last_time": Column(TIME, "UTC", "when it was last said on its UTC date, as far as is known"),
    **_SAID,
    "reports": Column("int64", "", "static reports that said so, copies in several feeds included"),
    "source": Column("str", "", "the feed that said it first, as in POSITIONS"),
    "source_offset": Column("int64", "", "where its first report is in that feed"),
}
"""What vessels said of themselves: one row per vessel, UTC date and content. Class B sends its
static data in two parts (24 A and B), so a row may leave fields unsaid."""

SIGHTINGS: Final[Mapping[str, Column]] = {
    "sighting_id": Column("str", "", "unique name of the sighting"),
    "time": Column(TIME, "UTC", "when something was seen"),
    "lat": Column("float64", "deg", "WGS84 latitude, never null"),
    "lon": Column("float64", "deg", "WGS84 longitude in [-180, 180], never null"),
    "uncertainty_m": Column("float64", "m", "standard deviation of the position, never null"),
    "source": Column("str", "", "who or what saw it"),
    "length_m": Column("float64", "m", "length of what was seen, NaN where not estimated"),
    "confidence": Column("float64", "", "0-1, that something was there at all"),
    "note": Column("str", "", "free text of whoever saw it"),
}
"""What others saw: radar, satellite and aerial detections, patrol and public reports."""

VESSELS: Final[Mapping[str, Column]] = {
    "mmsi": Column("int64", "", "Maritime Mobile Service Identity; unique in this frame"),
    **_SAID,
    "flag_state": Column("str", "", "ISO 3166 alpha-3 state of the MMSI's MID, empty if none"),
}
"""What each vessel called itself last, as of the end of the window; unique by mmsi."""


def empty(schema: Mapping[str, Column]) -> pd.DataFrame:
    """Return a frame of no rows with the columns and types of `schema`."""
    dtypes = tuple((name, column.dtype) for name, column in schema.items())
    return _empty(dtypes).copy(deep=False)


@cache
def _empty(dtypes: tuple[tuple[str, str], ...]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in dtypes})


def conform(frame: pd.DataFrame, schema: Mapping[str, Column]) -> pd.DataFrame:
    """Return `frame` with exactly the columns of `schema`, in its order and types.

    Raises FrameError if a column is missing or can't be converted.
    """
    missing = [name for name in schema if name not in frame.columns]
    if missing:
        raise FrameError(f"missing columns: {', '.join(missing)}")
    if frame.empty and isinstance(frame.index, pd.RangeIndex):
        return empty(schema)
    try:
        chosen = select(frame, schema)
        other = {
            name: column.dtype
            for (name, column), dtype in zip(schema.items(), chosen.dtypes.array, strict=True)
            if _name_of(dtype) != column.dtype
        }
        return chosen.astype(other) if other else chosen.copy(deep=False)
    except (TypeError, ValueError) as error:
        raise FrameError(f"a column has the wrong type: {error}") from error


@cache
def _name_of(dtype: Any) -> str:
    return str(dtype)


def select(frame: pd.DataFrame, schema: Mapping[str, Column]) -> pd.DataFrame:
    """Return the columns of `schema` in its order, without copying a frame that has just these."""
    names = list(schema)
    return frame if list(frame.columns) == names else frame[names]


def validate(frame: pd.DataFrame, schema: Mapping[str, Column]) -> None:
    """Check columns and types of `frame`, and for tracked positions their order.

    Raises FrameError if a column is missing or has another type, or if (track_id, time) isn't
    strictly increasing where `schema` has a track_id.
    """
    dtypes = dict(zip(frame.columns, frame.dtypes.array, strict=True))
    for name, column in schema.items():
        if name not in dtypes:
            raise FrameError(f"missing column: {name}")
        if _name_of(dtypes[name]) != column.dtype:
            raise FrameError(f"column {name} is {dtypes[name]}, expected {column.dtype}")
    if "track_id" in schema and len(frame) > 1:
        track, time = frame["track_id"].to_numpy(), epoch_us(frame["time"])
        step = np.diff(track)
        if not np.all((step > 0) | ((step == 0) & (np.diff(time) > 0))):
            raise FrameError("positions must be sorted by (track_id, time) without repeats")


_UTC: Final = pd.DatetimeTZDtype("us", "UTC")


def epoch_us(time: pd.Series) -> NDArray[np.int64]:
    """Microseconds since 1970-01-01 UTC as int64, from a column of type `TIME`."""
    return time.to_numpy("datetime64[us]").astype("int64")


def from_epoch_us(epoch: NDArray[np.int64]) -> pd.Series:
    """Return a column of type `TIME` from int64 microseconds since 1970-01-01 UTC."""
    times = np.asarray(epoch, "int64").astype("datetime64[us]")
    return pd.Series(pd.array(times, dtype=_UTC), copy=False)


def is_first(*columns: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which rows are the first of theirs: a value of `columns` differs from the row before.

    >>> is_first(np.array([7, 7, 9]))
    array([ True, False,  True])
    """
    first = np.ones(len(columns[0]), bool)
    first[1:] = False
    for values in columns:
        first[1:] |= values[1:] != values[:-1]
    return first


def each_once(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return keys sorted, each once. `numpy.unique` hashes, and such as lie close all to a few
    places.
    """
    keys = np.sort(keys)
    return np.asarray(keys[is_first(keys)])


def is_last(*columns: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which rows are the last of theirs: a value of `columns` differs from the row behind.

    >>> is_last(np.array([7, 7, 9]))
    array([False,  True,  True])
    """
    last = np.ones(len(columns[0]), bool)
    last[:-1] = is_first(*columns)[1:]
    return last


def offsets(track_id: NDArray[np.int64]) -> NDArray[np.int64]:
    """Start index of each track in a sorted `track_id` array, with its length at the end.

    >>> offsets(np.array([7, 7, 9]))
    array([0, 2, 3])
    """
    return np.append(np.flatnonzero(is_first(track_id)), len(track_id)).astype("int64")


def of_tracks(track_id: NDArray[np.int64], tracks: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which rows of a sorted `track_id` array are of some tracks, each looked up once.

    >>> of_tracks(np.array([7, 7, 9]), np.array([7]))
    array([ True,  True, False])
    """
    bounds = offsets(track_id)
    return np.repeat(np.isin(track_id[bounds[:-1]], tracks), np.diff(bounds))
