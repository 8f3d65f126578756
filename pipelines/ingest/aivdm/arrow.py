"""Columns of rows as Arrow: "not available" as null, texts as strings."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.ingest.aivdm import memory as m
from pipelines.ingest.aivdm.compiled import kernel

TIME: Final = pa.timestamp("us", "UTC")


def plain(kind: Any, values: NDArray[Any], missing: NDArray[np.bool_] | None = None) -> pa.Array:
    """Return an Arrow array of numbers from a NumPy one, with nulls where `missing`."""
    there = None
    if missing is not None and missing.any():
        there = pa.py_buffer(np.packbits(~missing, bitorder="little"))
    data = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(kind, len(values), [there, data])


def texts(rows: m.Rows, name: str) -> pa.Array:
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
    return pa.Array.from_buffers(pa.string(), len(rows), buffers)


def station(rows: m.Rows, stations: Sequence[str]) -> pa.DictionaryArray:
    """Return the station that received each message, null where the feed names none."""
    station = np.ascontiguousarray(rows["station"])
    indices = plain(pa.int32(), station, station < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(stations, pa.string()), safe=False)


def beyond(values: NDArray[np.int32], limit: int) -> NDArray[np.bool_]:
    """Return whether numbers (of at most 28 bits) are below -`limit` or above it."""
    return (values + np.int32(limit)).view(np.uint32) > np.uint32(2 * limit)
