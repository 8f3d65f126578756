"""Rows as Arrow: the units of AIS as sent, "not available" as null, texts as strings."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.ingest.aivdm import layouts as at
from pipelines.ingest.aivdm import memory as m
from pipelines.ingest.aivdm.compiled import kernel

TIME: Final = pa.timestamp("us", "UTC")


def plain(kind: Any, values: NDArray[Any], missing: NDArray[np.bool_] | None = None) -> pa.Array:
    """Return an Arrow array of numbers from a NumPy one, with nulls where `missing`."""
    data = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(kind, len(values), [validity(missing), data])


def validity(missing: NDArray[np.bool_] | None) -> pa.Buffer | None:
    """Return Arrow's bits of what is there; None where nothing is missing."""
    if missing is None or not missing.any():
        return None
    return pa.py_buffer(np.packbits(~missing, bitorder="little"))


def texts(
    rows: m.Rows, name: str, missing: NDArray[np.bool_] | None = None, *, whole: bool = True
) -> pa.Array:
    """Return strings of a text of each row, up to its first '@' unless `whole`."""
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


def carried(rows: m.Rows, name: str, bit: int) -> pa.Array:
    """Return a text of static data, null where the message doesn't carry it."""
    return texts(rows, name, (rows["has"] & bit) == 0)


def common(rows: m.Rows, stations: Sequence[str]) -> dict[str, pa.Array]:
    """Return the columns that every message has."""
    time = np.ascontiguousarray(rows["time"])
    return {
        "time": plain(TIME, time, time <= m.ABSURD),
        "time_from": plain(pa.uint8(), rows["time_from"]),
        "mmsi": plain(pa.uint32(), rows["mmsi"]),
        "msg_type": plain(pa.uint8(), rows["msg_type"]),
        "station": station(rows, stations),
        "offset": plain(pa.int64(), rows["offset"]),
    }


def station(rows: m.Rows, stations: Sequence[str]) -> pa.DictionaryArray:
    """Return the station that received each message, null where the feed names none."""
    station = np.ascontiguousarray(rows["station"])
    indices = plain(pa.int32(), station, station < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(stations, pa.string()), safe=False)


def place(rows: m.Rows) -> dict[str, pa.Array]:
    """Return longitude and latitude in 1/10000 minute, null where there is no place."""
    lon, lat = map(np.ascontiguousarray, (rows["lon"], rows["lat"]))
    nowhere = beyond(lon, at.LON_LIMIT) | beyond(lat, at.LAT_LIMIT)
    return {
        "lon_e4min": plain(pa.int32(), lon, nowhere),
        "lat_e4min": plain(pa.int32(), lat, nowhere),
    }


def beyond(values: NDArray[np.int32], limit: int) -> NDArray[np.bool_]:
    """Return whether numbers (of at most 28 bits) are below -`limit` or above it."""
    return (values + np.int32(limit)).view(np.uint32) > np.uint32(2 * limit)


def extent(rows: m.Rows, missing: NDArray[np.bool_] | None = None) -> dict[str, pa.Array]:
    """Return distances from the reference point, in metres."""
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
    """Return a record batch of named arrays."""
    return pa.RecordBatch.from_arrays(list(columns.values()), list(columns))


def positions_arrow(rows: m.Rows, stations: Sequence[str]) -> pa.RecordBatch:
    """Return position reports: `sog_dkn` 1/10 kn, `cog_ddeg` 1/10°, `rot_ais` as sent."""
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
    """Return static data; null where the message (or its part) doesn't carry a field."""
    has = rows["has"]
    no_voyage, no_type = (has & m.HAS_VOYAGE) == 0, (has & m.HAS_SHIP_TYPE) == 0
    no_vendor, no_mother = (has & m.HAS_VENDOR) == 0, (has & m.HAS_MOTHER_SHIP) == 0
    return batch(
        {
            **common(rows, stations),
            "part": plain(pa.uint8(), rows["part"]),
            "imo": plain(pa.uint32(), rows["imo"], no_voyage),
            "name": carried(rows, "name", m.HAS_NAME),
            "callsign": carried(rows, "callsign", m.HAS_CALLSIGN),
            "ship_type": plain(pa.uint8(), rows["ship_type"], no_type),
            **extent(rows, (has & m.HAS_SIZE) == 0),
            "draught_dm": plain(pa.uint8(), rows["draught"], no_voyage),
            "destination": carried(rows, "destination", m.HAS_VOYAGE),
            "eta_ais": plain(pa.uint32(), rows["eta"], no_voyage),
            "epfd": plain(pa.uint8(), rows["epfd"]),
            "vendor": carried(rows, "vendor", m.HAS_VENDOR),
            "vendor_model": plain(pa.uint8(), rows["vendor_model"], no_vendor),
            "vendor_serial": plain(pa.uint32(), rows["vendor_serial"], no_vendor),
            "mother_ship": plain(pa.uint32(), rows["mother_ship"], no_mother),
            "flags": plain(pa.uint8(), rows["flags"]),
        }
    )


def bases_arrow(rows: m.Rows, stations: Sequence[str]) -> pa.RecordBatch:
    """Return base stations: `utc` is the time that the station sent."""
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
    """Return aids to navigation."""
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


def rejects_arrow(rows: m.Rows) -> pa.RecordBatch:
    """Return pieces that became no row: bytes from `start` to before `end`, and the reason."""
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
