"""Columns: what the decoder gives, as arrays, as Arrow, and as the project's frames.

Three forms, from raw to ready:

* `Columns`: NumPy structured arrays in the native units of AIS, sentinels as sent.
* Arrow (`Columns.to_arrow`): the same units, "not available" as null, texts as strings, stations as
  a dictionary.
* `to_positions`, `to_statics`: `frames.POSITIONS` and `frames.STATICS` in degrees and knots; what
  has no place, time or vessel is left out (`unfit_positions` and `unfit_statics` say why).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from detectors.core import frames
from pipelines.ingest.aivdm import layouts as at
from pipelines.ingest.aivdm import memory as m
from pipelines.ingest.aivdm.compiled import kernel

if TYPE_CHECKING:
    from pipelines.ingest.aivdm.decoder import Decoder

TIME: Final = pa.timestamp("us", "UTC")
_WORD: Final = pa.dictionary(pa.int32(), pa.string())

NATIVE: Final = pa.schema(
    {
        "mmsi": pa.int32(),
        "time": TIME,
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

# Class by message type: "", "A" or "B". None for message 9, an aircraft's, and for message 27,
# which class A and class B "SO" send alike (ITU-R M.1371-5, annex 8, message 27).
_CLASS: Final = np.zeros(64, np.int32)
_CLASS[[1, 2, 3, 5]] = 1
_CLASS[[18, 19, 24]] = 2

# Reasons of `pipelines.ingest.report.REASONS` for rows that can't become part of a frame.
UNFIT: Final = ("", "no time", "mmsi", "time", "no position", "position", "future", "delivery time")
FIT, NO_TIME, BAD_MMSI, BAD_TIME, NO_POSITION, BAD_POSITION, FUTURE, DELIVERY = range(8)


@dataclass(frozen=True)
class Columns:
    """Rows of the messages that a block completed.

    Attributes
    ----------
    positions, statics, bases, aids, others, rejects
        Structured arrays of the types in `memory`. Units: `lon`, `lat` 1/10000 minute; `sog` 1/10
        knot; `cog` 1/10 degree; `heading` degrees; `time` microseconds since 1970, `NO_TIME` where
        the feed has none; `offset` first byte of the message's first piece in the feed; `station`
        index in `stations`, -1 where the feed names none.
    stamps
        Times of lines, for rows without one; see `memory.STAMP`.
    decoder
        Where the rows come from; it knows the names of the stations.
    """

    positions: m.Rows
    statics: m.Rows
    bases: m.Rows
    aids: m.Rows
    others: m.Rows
    rejects: m.Rows
    stamps: m.Rows
    decoder: Decoder

    @property
    def stations(self) -> list[str]:
        """Names of the stations, by code."""
        return self.decoder.stations

    def copy(self) -> Columns:
        """The same rows in memory of their own."""
        return Columns(
            **{name: m.copied(getattr(self, name)) for name in _TABLES}, decoder=self.decoder
        )

    @staticmethod
    def joined(parts: Sequence[Columns], decoder: Decoder) -> Columns:
        """Rows of several `Columns` one behind the other."""
        tables = {
            name: m.joined([getattr(part, name) for part in parts], dtype)
            for name, dtype in _TABLES.items()
        }
        for table in ("positions", "statics"):
            before = np.cumsum([0, *(len(getattr(part, table)) for part in parts)])[:-1]
            tables["stamps"][table] += np.repeat(before, [len(part.stamps) for part in parts])
        return Columns(**tables, decoder=decoder)

    def to_arrow(self) -> dict[str, pa.RecordBatch]:
        """One record batch per table, "not available" as null; see `SCHEMAS`."""
        return {
            "positions": positions_arrow(self.positions, self.stations),
            "statics": statics_arrow(self.statics, self.stations),
            "bases": bases_arrow(self.bases, self.stations),
            "aids": aids_arrow(self.aids, self.stations),
            "others": others_arrow(self.others, self.stations),
            "rejects": rejects_arrow(self.rejects),
        }


_TABLES: Final = {
    "positions": m.POSITION,
    "statics": m.STATIC,
    "bases": m.BASE,
    "aids": m.AID,
    "others": m.OTHER,
    "rejects": m.REJECT,
    "stamps": m.STAMP,
}


# -- Arrow --------------------------------------------------------------------------------------


def plain(kind: Any, values: NDArray[Any], missing: NDArray[np.bool_] | None = None) -> pa.Array:
    """An Arrow array of numbers from a NumPy one, with nulls where `missing`."""
    data = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(kind, len(values), [validity(missing), data])


def validity(missing: NDArray[np.bool_] | None) -> pa.Buffer | None:
    """Arrow's bits of what is there; None where nothing is missing."""
    if missing is None or not missing.any():
        return None
    return pa.py_buffer(np.packbits(~missing, bitorder="little"))


def texts(
    rows: m.Rows, name: str, missing: NDArray[np.bool_] | None = None, *, whole: bool = True
) -> pa.Array:
    """An Arrow array of strings from a text of each row, up to its first '@' unless `whole`."""
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
        whole,
        ends,
        data,
    )
    buffers = [validity(missing), pa.py_buffer(ends), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.string(), len(rows), buffers)


def said(rows: m.Rows, name: str, bit: int) -> pa.Array:
    """A text of static data, null where the message doesn't carry it."""
    return texts(rows, name, (rows["has"] & bit) == 0)


def common(rows: m.Rows, stations: Sequence[str]) -> dict[str, pa.Array]:
    """The columns that every message has."""
    time = np.ascontiguousarray(rows["time"])
    return {
        "time": plain(TIME, time, time <= m.ABSURD),
        "time_from": plain(pa.uint8(), rows["time_from"]),
        "mmsi": plain(pa.uint32(), rows["mmsi"]),
        "msg_type": plain(pa.uint8(), rows["msg_type"]),
        "station": _station(rows, stations),
        "offset": plain(pa.int64(), rows["offset"]),
    }


def _station(rows: m.Rows, stations: Sequence[str]) -> pa.DictionaryArray:
    """The station that received each message, null where the feed names none."""
    station = np.ascontiguousarray(rows["station"])
    indices = plain(pa.int32(), station, station < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(stations, pa.string()), safe=False)


def place(rows: m.Rows) -> dict[str, pa.Array]:
    """Longitude and latitude in 1/10000 minute, null where there is no place."""
    lon, lat = map(np.ascontiguousarray, (rows["lon"], rows["lat"]))
    nowhere = beyond(lon, at.LON_LIMIT) | beyond(lat, at.LAT_LIMIT)
    return {
        "lon_e4min": plain(pa.int32(), lon, nowhere),
        "lat_e4min": plain(pa.int32(), lat, nowhere),
    }


def beyond(values: NDArray[np.int32], limit: int) -> NDArray[np.bool_]:
    """Whether numbers (of at most 28 bits) are below -`limit` or above it."""
    return (values + np.int32(limit)).view(np.uint32) > np.uint32(2 * limit)


def extent(rows: m.Rows, missing: NDArray[np.bool_] | None = None) -> dict[str, pa.Array]:
    """Distances from the reference point, in metres."""
    return {
        f"{name}_m": plain(kind, rows[name], missing)
        for name, kind in (
            ("to_bow", pa.uint16()),
            ("to_stern", pa.uint16()),
            ("to_port", pa.uint8()),
            ("to_starboard", pa.uint8()),
        )
    }


def batch(columns: dict[str, pa.Array]) -> pa.RecordBatch:
    """A record batch of named arrays."""
    return pa.RecordBatch.from_arrays(list(columns.values()), list(columns))


def positions_arrow(rows: m.Rows, stations: Sequence[str]) -> pa.RecordBatch:
    """Position reports: `sog_dkn` in 1/10 knot, `cog_ddeg` in 1/10 degree, `rot_ais` as sent."""
    sog, cog, heading, altitude, rot = (
        np.ascontiguousarray(rows[name]) for name in ("sog", "cog", "heading", "altitude", "rot")
    )
    return batch(
        {
            **common(rows, stations),
            **place(rows),
            "sog_dkn": plain(pa.uint16(), sog, sog == at.SOG_UNAVAILABLE),
            "cog_ddeg": plain(pa.uint16(), cog, cog >= at.COG_UNAVAILABLE),
            "heading_deg": plain(pa.uint16(), heading, heading >= 360),
            "altitude_m": plain(pa.uint16(), altitude, altitude == at.ALTITUDE_UNAVAILABLE),
            "rot_ais": plain(pa.int8(), rot, rot == at.ROT_UNAVAILABLE),
            "nav_status": plain(pa.uint8(), rows["nav_status"]),
            "second": plain(pa.uint8(), rows["second"]),
            "flags": plain(pa.uint8(), rows["flags"]),
            "channel": plain(pa.uint8(), rows["channel"]),
        }
    )


def statics_arrow(rows: m.Rows, stations: Sequence[str]) -> pa.RecordBatch:
    """Static data; null where the message (or its part) doesn't carry a field."""
    has = rows["has"]
    no_voyage, no_type = (has & m.HAS_VOYAGE) == 0, (has & m.HAS_SHIP_TYPE) == 0
    no_vendor, no_mother = (has & m.HAS_VENDOR) == 0, (has & m.HAS_MOTHER_SHIP) == 0
    return batch(
        {
            **common(rows, stations),
            "part": plain(pa.uint8(), rows["part"]),
            "imo": plain(pa.uint32(), rows["imo"], no_voyage),
            "name": said(rows, "name", m.HAS_NAME),
            "callsign": said(rows, "callsign", m.HAS_CALLSIGN),
            "ship_type": plain(pa.uint8(), rows["ship_type"], no_type),
            **extent(rows, (has & m.HAS_SIZE) == 0),
            "draught_dm": plain(pa.uint8(), rows["draught"], no_voyage),
            "destination": said(rows, "destination", m.HAS_VOYAGE),
            "eta_ais": plain(pa.uint32(), rows["eta"], no_voyage),
            "epfd": plain(pa.uint8(), rows["epfd"]),
            "vendor": said(rows, "vendor", m.HAS_VENDOR),
            "vendor_model": plain(pa.uint8(), rows["vendor_model"], no_vendor),
            "vendor_serial": plain(pa.uint32(), rows["vendor_serial"], no_vendor),
            "mother_ship": plain(pa.uint32(), rows["mother_ship"], no_mother),
            "flags": plain(pa.uint8(), rows["flags"]),
        }
    )


def bases_arrow(rows: m.Rows, stations: Sequence[str]) -> pa.RecordBatch:
    """Base stations: `utc` is the time that the station sent."""
    return batch(
        {
            **common(rows, stations),
            "utc": plain(TIME, rows["utc"], rows["utc"] == m.NO_TIME),
            **place(rows),
            "epfd": plain(pa.uint8(), rows["epfd"]),
            "flags": plain(pa.uint8(), rows["flags"]),
        }
    )


def aids_arrow(rows: m.Rows, stations: Sequence[str]) -> pa.RecordBatch:
    """Aids to navigation."""
    return batch(
        {
            **common(rows, stations),
            "aid_type": plain(pa.uint8(), rows["aid_type"]),
            "name": texts(rows, "name"),
            "name_extension": texts(rows, "extension"),
            **place(rows),
            **extent(rows),
            "epfd": plain(pa.uint8(), rows["epfd"]),
            "second": plain(pa.uint8(), rows["second"]),
            "flags": plain(pa.uint8(), rows["flags"]),
        }
    )


def others_arrow(rows: m.Rows, stations: Sequence[str]) -> pa.RecordBatch:
    """Messages that are only listed."""
    return batch(common(rows, stations))


def rejects_arrow(rows: m.Rows) -> pa.RecordBatch:
    """Pieces that became no row: bytes from `start` to before `end`, and the reason."""
    reasons = pa.DictionaryArray.from_arrays(
        plain(pa.uint8(), rows["reason"]), pa.array(m.REASONS, pa.string())
    )
    return batch(
        {
            "start": plain(pa.int64(), rows["start"]),
            "end": plain(pa.int64(), rows["end"]),
            "reason": reasons,
        }
    )


# -- the project's frames -----------------------------------------------------------------------


def place_problem(rows: m.Rows) -> NDArray[np.uint8]:
    """Per row, what is wrong with its place (index in `UNFIT`).

    ITU-R M.1371-5: longitude 181 and latitude 91 degrees are "not available".
    """
    lon, lat = np.ascontiguousarray(rows["lon"]), np.ascontiguousarray(rows["lat"])
    problem = np.zeros(len(rows), np.uint8)
    nowhere = np.flatnonzero(beyond(lon, at.LON_LIMIT) | beyond(lat, at.LAT_LIMIT))
    absent = (lon[nowhere] == at.LON_UNAVAILABLE) | (lat[nowhere] == at.LAT_UNAVAILABLE)
    problem[nowhere] = np.where(absent, NO_POSITION, BAD_POSITION)
    return problem


def unfit_statics(rows: m.Rows, latest_us: int = m.LATEST_US) -> NDArray[np.uint8]:
    """Per row, why it can't become part of a frame (index in `UNFIT`, 0 where it can)."""
    time, mmsi = np.ascontiguousarray(rows["time"]), np.ascontiguousarray(rows["mmsi"])
    problem = np.zeros(len(rows), np.uint8)
    problem[time > latest_us] = FUTURE
    problem[(time < m.EARLIEST_US) | (time > m.LATEST_US)] = BAD_TIME
    problem[time == m.DELIVERED] = DELIVERY
    problem[(mmsi < 100_000_000) | (mmsi > 999_999_999)] = BAD_MMSI
    problem[time == m.NO_TIME] = NO_TIME
    return problem


def unfit_positions(rows: m.Rows, latest_us: int = m.LATEST_US) -> NDArray[np.uint8]:
    """Like `unfit_statics`, for position reports."""
    problem = unfit_statics(rows, latest_us)
    return np.where(problem == FIT, place_problem(rows), problem)


def to_positions(columns: Columns, source: str) -> pd.DataFrame:
    """The position reports as `frames.POSITIONS`; rows that `unfit_positions` names are left out.

    `source_offset` is the byte of the feed at which the report's first piece begins.
    """
    rows = columns.positions
    good = rows[unfit_positions(rows) == FIT]
    return native_frame(native_positions(good, source, columns.stations))


def native_positions(
    rows: m.Rows, source: str, stations: Sequence[str], offset: int = 0
) -> pa.Table:
    """Position reports that are fit for a frame, as `NATIVE`; `offset` is added to their own."""
    sog, cog, heading = (np.ascontiguousarray(rows[name]) for name in ("sog", "cog", "heading"))
    columns = {
        "mmsi": plain(pa.int32(), rows["mmsi"]),
        "time": plain(TIME, rows["time"]),
        "lat_x600000": plain(pa.int32(), rows["lat"]),
        "lon_x600000": plain(pa.int32(), rows["lon"]),
        "sog_kn_x10": plain(pa.uint16(), sog, sog == at.SOG_UNAVAILABLE),
        "cog_deg_x10": plain(pa.uint16(), cog, cog >= at.COG_UNAVAILABLE),
        "heading_deg_x1": plain(pa.uint16(), heading, heading >= 360),
        "nav_status": plain(pa.int16(), rows["nav_status"].astype(np.int16)),
        "msg_type": plain(pa.int16(), rows["msg_type"].astype(np.int16)),
        "ais_class": pa.DictionaryArray.from_arrays(_CLASS[rows["msg_type"]], ["", "A", "B"]),
        "source": pa.DictionaryArray.from_arrays(np.zeros(len(rows), np.int32), [source]),
        "source_offset": plain(pa.int64(), rows["offset"] + offset),
        "station": _station(rows, stations),
    }
    return pa.Table.from_arrays(list(columns.values()), schema=NATIVE)


def native_frame(native: pa.Table) -> pd.DataFrame:
    """`frames.POSITIONS` of `NATIVE`."""
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


def to_statics(columns: Columns, source: str) -> pd.DataFrame:
    """The static data as `frames.STATICS`, a row per report (see `merged`)."""
    rows = columns.statics
    return statics_frame(rows[unfit_statics(rows) == FIT], source)


def statics_frame(rows: m.Rows, source: str, offset: int = 0) -> pd.DataFrame:
    """`frames.STATICS` of rows that are fit for it; `offset` is added to the rows' own."""
    length = rows["to_bow"].astype(np.float64) + rows["to_stern"]
    beam = rows["to_port"].astype(np.float64) + rows["to_starboard"]
    ship_type = rows["ship_type"].astype(np.int16)
    ship_type[(rows["has"] & m.HAS_SHIP_TYPE) == 0] = -1
    return _frame(
        frames.STATICS,
        {
            "mmsi": rows["mmsi"].astype(np.int64),
            "time": frames.from_epoch_us(rows["time"]),
            "imo": rows["imo"].astype(np.int64),
            "name": _strings(rows, "name"),
            "callsign": _strings(rows, "callsign"),
            "ship_type": ship_type,
            # 0 is "not available" in each of these.
            "length_m": _known(length, length == 0),
            "beam_m": _known(beam, beam == 0),
            "draught_m": _known(rows["draught"] / 10.0, rows["draught"] == 0),
            "destination": _strings(rows, "destination"),
            "ais_class": pd.Series(
                pa.DictionaryArray.from_arrays(_CLASS[rows["msg_type"]], ["", "A", "B"]).cast(
                    pa.large_string()
                ),
                dtype="str",
            ),
            "source": _same(source, len(rows)),
            "source_offset": rows["offset"] + offset,
        },
    )


def _frame(schema: Mapping[str, frames.Column], columns: dict[str, Any]) -> pd.DataFrame:
    """A frame of columns that are of the right types already; made without copying them."""
    assert list(columns) == list(schema)  # noqa: S101 (for whoever changes one of them)
    return pd.DataFrame(columns, copy=False)


def _known(values: NDArray[np.float64], missing: NDArray[np.bool_]) -> NDArray[np.float64]:
    values[missing] = np.nan
    return values


def merged(statics: pd.DataFrame) -> pd.DataFrame:
    """One row per vessel: the last word of each about each field, whatever message it was in.

    Parts A and B of message 24 carry different halves of a class B vessel's data.
    """
    blank = statics.replace({"name": "", "callsign": "", "destination": ""}, pd.NA)
    blank["ship_type"] = blank["ship_type"].where(blank["ship_type"] >= 0).astype("Float64")
    blank["imo"] = blank["imo"].where(blank["imo"] > 0).astype("Float64")
    # `last` takes the last value that isn't missing.
    newest = blank.sort_values("time", kind="stable").groupby("mmsi", as_index=False).last()
    for name in ("name", "callsign", "destination"):
        newest[name] = newest[name].fillna("")
    newest["ship_type"] = newest["ship_type"].fillna(-1)
    newest["imo"] = newest["imo"].fillna(0)
    return frames.conform(newest, frames.STATICS)


def _same(text: str, count: int) -> pd.Series:
    return pd.Series(pa.repeat(pa.scalar(text, pa.large_string()), count), dtype="str")


def _strings(rows: m.Rows, name: str) -> pd.Series:
    """A text up to its first '@'.

    "All unused characters should be represented by the @ symbol, and they should be placed at the
    end of the string" (ITU-R M.1371-5, on character strings): what follows one is left over from a
    longer text. The columns keep it.
    """
    words = texts(rows, name, whole=False)
    return pd.Series(words.cast(pa.large_string()), dtype="str")
