"""Rows as the project has them: `NATIVE`, which the store keeps, and the frames of `core.frames`.

Only rows that can be part of a frame; `unfit_positions` and `unfit_statics` say why others can't.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from detectors.core import frames
from pipelines.ingest.aivdm import layouts as at
from pipelines.ingest.aivdm import memory as m
from pipelines.ingest.aivdm.compiled import kernel

_TIME: Final = pa.timestamp("us", "UTC")
_WORD: Final = pa.dictionary(pa.int32(), pa.string())
NATIVE: Final = pa.schema(
    {
        "mmsi": pa.int32(),
        "time": _TIME,
        "lat_x600000": pa.int32(),
        "lon_x600000": pa.int32(),
        "sog_kn_x10": pa.uint16(),
        "cog_deg_x10": pa.uint16(),
        "heading_deg_x1": pa.uint16(),
        "nav_status": pa.int16(),
        "msg_type": pa.int16(),
        "ais_class": _WORD,
        "source": _WORD,
        "source_offset": pa.int64(),
        "station": _WORD,
    }
)
"""`frames.POSITIONS` in the units of AIS: `lat_x600000` is latitude times 600000, and so on; and
the station that received each, null where the feed names none.

These are the store's columns too, which therefore takes them as they are.
"""
# Class by message type: "", "A" or "B". None for message 27, which class A and class B "SO" send
# alike (ITU-R M.1371-5, annex 8, message 27).
_CLASS: Final = np.zeros(64, np.int32)
_CLASS[[1, 2, 3, 5]] = 1
_CLASS[[18, 19, 24]] = 2
# Reasons of `pipelines.ingest.report.REASONS` for rows that can't become part of a frame.
UNFIT: Final = ("", "no time", "mmsi", "time", "no position", "position", "future", "delivery time")
FIT, NO_TIME, BAD_MMSI, BAD_TIME, NO_POSITION, BAD_POSITION, FUTURE, DELIVERY = range(8)


def place_problem(rows: m.Rows) -> NDArray[np.uint8]:
    """Return, per row, what is wrong with its place (index in `UNFIT`).

    ITU-R M.1371-5: longitude 181 and latitude 91 degrees are "not available".
    """
    lon, lat = np.ascontiguousarray(rows["lon"]), np.ascontiguousarray(rows["lat"])
    problem = np.zeros(len(rows), np.uint8)
    nowhere = np.flatnonzero(_beyond(lon, at.LON_LIMIT) | _beyond(lat, at.LAT_LIMIT))
    absent = (lon[nowhere] == at.LON_UNAVAILABLE) | (lat[nowhere] == at.LAT_UNAVAILABLE)
    problem[nowhere] = np.where(absent, NO_POSITION, BAD_POSITION)
    return problem


def wrong_mmsi(mmsi: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which numbers aren't MMSIs: nine digits, the first two zeros or the first none; or one
    zero and a MID, a group's, which only a set sends that lacks a digit of its own.
    """
    coast = (mmsi >= 1_000_000) & (mmsi <= 9_999_999)
    group = (mmsi >= 20_000_000) & (mmsi <= 79_999_999)
    return np.asarray(~coast & ~group & ((mmsi < 100_000_000) | (mmsi > 999_999_999)))


def unfit_statics(rows: m.Rows, latest_us: int = m.LATEST_US) -> NDArray[np.uint8]:
    """Tell, per row, why it can't become part of a frame (index in `UNFIT`, 0 where it can)."""
    time, mmsi = np.ascontiguousarray(rows["time"]), np.ascontiguousarray(rows["mmsi"])
    problem = np.zeros(len(rows), np.uint8)
    problem[time > latest_us] = FUTURE
    problem[(time < m.EARLIEST_US) | (time > m.LATEST_US)] = BAD_TIME
    problem[time == m.DELIVERED] = DELIVERY
    problem[wrong_mmsi(mmsi)] = BAD_MMSI
    problem[time == m.NO_TIME] = NO_TIME
    return problem


def unfit_positions(rows: m.Rows, latest_us: int = m.LATEST_US) -> NDArray[np.uint8]:
    """Tell the same of position reports as `unfit_statics` of static data."""
    problem = unfit_statics(rows, latest_us)
    return np.where(problem == FIT, place_problem(rows), problem)


def _plain(kind: Any, values: NDArray[Any], missing: NDArray[np.bool_] | None = None) -> pa.Array:
    """Return an Arrow array of numbers from a NumPy one, with nulls where `missing`."""
    there = None
    if missing is not None and missing.any():
        there = pa.py_buffer(np.packbits(~missing, bitorder="little"))
    data = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(kind, len(values), [there, data])


def _texts(rows: m.Rows, name: str) -> pd.Series:
    """Return a text of each row up to its first '@'.

    "All unused characters should be represented by the @ symbol, and they should be placed at the
    end of the string" (ITU-R M.1371-5, on character strings): what follows one is left over from a
    longer text.
    """
    rows = np.ascontiguousarray(rows)
    fields = rows.dtype.fields
    assert fields is not None, "rows are structured"  # noqa: S101 (for the type checker)
    lengths = rows[f"{name}_length"]
    ends = np.empty(len(rows) + 1, np.int32)
    data = np.empty(int(lengths.sum(dtype=np.int64)) + 8, np.uint8)
    kernel().gather_texts(
        rows.view(np.uint8),
        len(rows),
        rows.dtype.itemsize,
        fields[name][1],
        fields[f"{name}_length"][1],
        ends,
        data,
    )
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(data)]
    found = pa.Array.from_buffers(pa.string(), len(rows), buffers)
    return pd.Series(found.cast(pa.large_string()), dtype="str")


def _station(rows: m.Rows, stations: Sequence[str]) -> pa.DictionaryArray:
    """Return the station that received each message, null where the feed names none."""
    station = np.ascontiguousarray(rows["station"])
    indices = _plain(pa.int32(), station, station < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(stations, pa.string()), safe=False)


def _beyond(values: NDArray[np.int32], limit: int) -> NDArray[np.bool_]:
    """Return whether numbers (of at most 28 bits) are below -`limit` or above it."""
    return (values + np.int32(limit)).view(np.uint32) > np.uint32(2 * limit)


def native_positions(
    rows: m.Rows, source: str, stations: Sequence[str], offset: int = 0
) -> pa.Table:
    """Return position reports fit for a frame as `NATIVE`; `offset` is added to theirs."""
    sog, cog, heading = (np.ascontiguousarray(rows[name]) for name in ("sog", "cog", "heading"))
    columns = {
        "mmsi": _plain(pa.int32(), rows["mmsi"]),
        "time": _plain(_TIME, rows["time"]),
        "lat_x600000": _plain(pa.int32(), rows["lat"]),
        "lon_x600000": _plain(pa.int32(), rows["lon"]),
        "sog_kn_x10": _plain(pa.uint16(), sog, sog == at.SOG_UNAVAILABLE),
        "cog_deg_x10": _plain(pa.uint16(), cog, cog >= at.COG_UNAVAILABLE),
        "heading_deg_x1": _plain(pa.uint16(), heading, heading >= 360),
        "nav_status": _plain(pa.int16(), rows["nav_status"].astype(np.int16)),
        "msg_type": _plain(pa.int16(), rows["msg_type"].astype(np.int16)),
        "ais_class": pa.DictionaryArray.from_arrays(_CLASS[rows["msg_type"]], ["", "A", "B"]),
        "source": pa.DictionaryArray.from_arrays(np.zeros(len(rows), np.int32), [source]),
        "source_offset": _plain(pa.int64(), rows["offset"] + offset),
        "station": _station(rows, stations),
    }
    return pa.Table.from_arrays(list(columns.values()), schema=NATIVE)


def native_frame(native: pa.Table) -> pd.DataFrame:
    """Return `frames.POSITIONS` of `NATIVE`."""
    values = {name: native[name].combine_chunks() for name in native.column_names}

    def per(name: str, units: float) -> NDArray[np.float64]:
        # Nulls become NaN.
        return np.asarray(values[name].cast(pa.float64())) / units

    return _frame(
        frames.POSITIONS,
        {
            "mmsi": np.asarray(values["mmsi"]).astype(np.int64),
            "time": frames.from_epoch_us(np.asarray(values["time"].cast(pa.int64()))),
            "lat": per("lat_x600000", 600_000.0),
            "lon": per("lon_x600000", 600_000.0),
            "sog_kn": per("sog_kn_x10", 10.0),
            "cog_deg": per("cog_deg_x10", 10.0),
            "heading_deg": per("heading_deg_x1", 1.0),
            "nav_status": np.asarray(values["nav_status"]),
            "msg_type": np.asarray(values["msg_type"]),
            "ais_class": pd.Series(values["ais_class"].cast(pa.large_string()), dtype="str"),
            "source": pd.Series(values["source"].cast(pa.large_string()), dtype="str"),
            "source_offset": np.asarray(values["source_offset"]),
        },
    )


def statics_frame(rows: m.Rows, source: str, offset: int = 0) -> pd.DataFrame:
    """Return `frames.STATICS` of rows that are fit for it, a row per report; `offset` is added to
    the rows' own.
    """
    length = rows["to_bow"].astype(np.float64) + rows["to_stern"]
    beam = rows["to_port"].astype(np.float64) + rows["to_starboard"]
    return _frame(
        frames.STATICS,
        {
            "mmsi": rows["mmsi"].astype(np.int64),
            "time": frames.from_epoch_us(rows["time"]),
            "imo": rows["imo"].astype(np.int64),
            "name": _texts(rows, "name"),
            "callsign": _texts(rows, "callsign"),
            "ship_type": rows["ship_type"],
            # 0 is "not available" in each of these.
            "length_m": _known(length, length == 0),
            "beam_m": _known(beam, beam == 0),
            "draught_m": _known(rows["draught"] / 10.0, rows["draught"] == 0),
            "destination": _texts(rows, "destination"),
            "ais_class": pd.Series(
                pa.DictionaryArray.from_arrays(_CLASS[rows["msg_type"]], ["", "A", "B"]).cast(
                    pa.large_string()
                ),
                dtype="str",
            ),
            "source": pd.Series(
                pa.repeat(pa.scalar(source, pa.large_string()), len(rows)), dtype="str"
            ),
            "source_offset": rows["offset"] + offset,
        },
    )


def _frame(schema: Mapping[str, frames.Column], columns: dict[str, Any]) -> pd.DataFrame:
    """Return a frame of columns that are of the right types already; made without copying them."""
    assert list(columns) == list(schema)  # noqa: S101 (for whoever changes one of them)
    return pd.DataFrame(columns, copy=False)


def _known(values: NDArray[np.float64], missing: NDArray[np.bool_]) -> NDArray[np.float64]:
    values[missing] = np.nan
    return values
