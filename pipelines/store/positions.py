"""Position reports as Parquet: small whole numbers wherever they say the same, floats elsewhere.

AIS sends latitude and longitude in 1/10000 minute, speed in 1/10 knot, course in 1/10 degree and
heading in degrees (ITU-R M.1371-5, annex 8, table 48). A value that is such a multiple is kept as
that whole number, sorted so that neighbours differ little, in Parquet's DELTA_BINARY_PACKED
encoding; a CSV's decimal degrees are kept in 1e-7 degree; any other value as the float it is. Each
value takes the first of these forms that gives it back bit for bit, whatever file it is in, so the
form says nothing about the feeds' order, and merging files changes no value.

A column ``lat_x600000`` holds latitude times 600000. `sql/received.sql` turns the columns back into
`frames.POSITIONS`; division of whole numbers is correctly rounded in IEEE 754, in NumPy and DuckDB
alike, which is how decoders come to their floats as well.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from detectors.core import frames
from detectors.core.errors import FrameError
from detectors.core.frames import DAY_US
from pipelines.base.files import sha256_of
from pipelines.store.arrow import ranks

FORMAT: Final = "2"
"""Version of the files' columns, in each file's metadata."""

ROW_GROUP_ROWS: Final = 250_000
"""Large enough for small files, small enough that a vessel's reports are found without reading the
whole day."""


GRIDS: Final[Mapping[str, tuple[tuple[int, pa.DataType], ...]]] = {
    "lat": ((600_000, pa.int32()), (10_000_000, pa.int32())),
    "lon": ((600_000, pa.int32()), (10_000_000, pa.int32())),
    "sog_kn": ((10, pa.uint16()),),
    "cog_deg": ((10, pa.uint16()),),
    "heading_deg": ((1, pa.uint16()),),
}
"""Per quantity: how many units make one, and the type that holds the whole number."""

_WORD: Final = pa.dictionary(pa.int32(), pa.string())
SCHEMA: Final = pa.schema(
    [
        pa.field("mmsi", pa.int32(), nullable=False),
        pa.field("time", pa.timestamp("us", "UTC"), nullable=False),
        *(
            field
            for name, grids in GRIDS.items()
            for field in (
                *(pa.field(f"{name}_x{per_unit}", kind) for per_unit, kind in grids),
                pa.field(name, pa.float64()),
            )
        ),
        pa.field("nav_status", pa.int16(), nullable=False),
        pa.field("msg_type", pa.int16(), nullable=False),
        pa.field("ais_class", _WORD, nullable=False),
        pa.field("source", _WORD, nullable=False),
        pa.field("source_offset", pa.int64(), nullable=False),
        pa.field("feed_key", _WORD, nullable=False),
        pa.field("station", _WORD),
    ],
    metadata={"selat_positions": FORMAT},
)
JUDGED: Final = pa.schema(
    [
        *(f for f in SCHEMA if f.name not in {"feed_key", "station"}),
        pa.field("verdict", pa.uint8(), nullable=False),
        pa.field("hull", pa.uint8(), nullable=False),
        pa.field("shift_s", pa.float32()),
    ],
    metadata={"selat_judged": "1"},
)
"""Columns of judged reports (`integrity.JUDGED`), copies left out; sorted by vessel and time."""

VERDICTS: Final = pa.schema(
    [
        SCHEMA.field("mmsi"),
        pa.field("row", pa.int32(), nullable=False),
        pa.field("time", SCHEMA.field("time").type),
        *(JUDGED.field(name) for name in ("verdict", "hull", "shift_s")),
    ],
    metadata={"selat_verdicts": "1"},
)
"""Columns of verdicts beside the files that hold the reports (see `verdict_files`): `row` is the
place of the report in these, one after the other, `time` what was put right."""

WITHOUT_STATION: Final = tuple(name for name in SCHEMA.names if name != "station")
"""Columns of files that were written before stations were kept."""

ORDER: Final = ("mmsi", "time", "source", "source_offset", "feed_key")
"""How the rows of every file are sorted."""

_SOUGHT: Final = ("mmsi", "time")
"""Columns by which row groups are passed over when they are read."""

_TIME_LEVEL: Final = 9
"""Of zstd: whole seconds as differences in microseconds take 0.83 bytes each, 1.00 at the level of
the other columns, which gain nothing by it."""

_WORDS: Final = tuple(f.name for f in SCHEMA if f.type == _WORD)
_RUNS: Final = ("verdict", "hull")
"""Columns in which one value follows itself, mostly."""


def _delta(schema: pa.Schema) -> dict[str, str]:
    wholes = (f.name for f in schema if pa.types.is_integer(f.type) or f.name == "time")
    return {name: "DELTA_BINARY_PACKED" for name in wholes if name not in _RUNS}


def encode(positions: pd.DataFrame, feed_key: str) -> pa.Table:
    """Return `frames.POSITIONS` as rows of `SCHEMA`, without columns of nulls alone.

    Raises FrameError if it isn't a positions frame, or an MMSI has more than nine digits.
    """
    frames.validate(positions, frames.POSITIONS)
    mmsi = positions["mmsi"].to_numpy()
    _refuse_long(mmsi)
    columns: dict[str, Any] = {
        "mmsi": mmsi.astype("int32"),
        "time": pa.array(frames.epoch_us(positions["time"])).cast(SCHEMA.field("time").type),
        "nav_status": positions["nav_status"].to_numpy(),
        "msg_type": positions["msg_type"].to_numpy(),
        "ais_class": _words(positions["ais_class"]),
        "source": _words(positions["source"]),
        "source_offset": positions["source_offset"].to_numpy(),
        "feed_key": pa.DictionaryArray.from_arrays(np.zeros(len(mmsi), "int32"), [feed_key]),
    }
    for name in GRIDS:
        columns |= _on_grids(name, np.ascontiguousarray(positions[name].to_numpy()))
    held = [field for field in SCHEMA if field.name in columns]
    return pa.table([pa.array(columns[f.name], f.type) for f in held], schema=pa.schema(held))


def encode_judged(judged: pd.DataFrame) -> pa.Table:
    """Return `integrity.JUDGED` as rows of `JUDGED`."""
    rows = encode(judged[list(frames.POSITIONS)], "").drop_columns("feed_key")
    for name in ("verdict", "hull", "shift_s"):
        kind = JUDGED.field(name).type
        rows = rows.append_column(name, pa.array(judged[name].to_numpy(), kind, from_pandas=True))
    return rows


def adopt(native: pa.Table, feed_key: str) -> pa.Table:
    """Return position reports that are in columns of `SCHEMA` already, but for `feed_key`.

    They must be as `encode` would give them: each quantity in the first unit that fits.

    Raises FrameError if a column isn't of `SCHEMA`, or an MMSI has more than nine digits.
    """
    named = native.append_column(
        "feed_key", pa.DictionaryArray.from_arrays(np.zeros(len(native), "int32"), [feed_key])
    )
    held = [field for field in SCHEMA if field.name in named.column_names]
    other = set(named.column_names) - {field.name for field in held}
    wrong = [field.name for field in held if named.schema.field(field.name).type != field.type]
    if other or wrong:
        raise FrameError(f"columns that the store doesn't have: {sorted({*other, *wrong})}")
    _refuse_long(np.asarray(native["mmsi"]))
    return pa.table([named[field.name] for field in held], schema=pa.schema(held))


def _refuse_long(mmsi: NDArray[Any]) -> None:
    if len(mmsi) and not 0 <= mmsi.min() <= mmsi.max() <= 999_999_999:
        raise FrameError("an MMSI has at most nine digits")


def _on_grids(name: str, values: NDArray[np.float64]) -> dict[str, pa.Array]:
    """Return a quantity in the first form that gives each value back bit for bit."""
    columns: dict[str, pa.Array] = {}
    left = ~np.isnan(values)
    for per_unit, kind in GRIDS[name]:
        if not left.any():
            return columns
        limits = np.iinfo(kind.to_pandas_dtype())
        multiple = np.rint(np.where(left, values, 0.0) * per_unit)
        multiple = np.where((multiple >= limits.min) & (multiple <= limits.max), multiple, 0.0)
        whole = multiple.astype(limits.dtype)
        # Compared by their bits, so that -0.0 isn't taken for 0.0.
        exact = left & ((whole / float(per_unit)).view("int64") == values.view("int64"))
        if exact.any():
            columns[f"{name}_x{per_unit}"] = pa.array(whole, mask=None if exact.all() else ~exact)
            left &= ~exact
    if left.any():
        columns[name] = pa.array(values, mask=~left)
    return columns


def _words(texts: pd.Series) -> pa.Array:
    words = pa.array(texts, pa.large_string()).dictionary_encode()
    if isinstance(words, pa.ChunkedArray):
        words = words.combine_chunks()
    return words.cast(_WORD)


def sorted_by_day(parts: list[pa.Table]) -> Iterator[tuple[int, pa.Table]]:
    """Yield UTC day (days since 1970) and its rows in `ORDER`, of encoded tables."""
    table = pa.concat_tables(parts, promote_options="default").unify_dictionaries().combine_chunks()
    time = times_us(table)
    day = time // DAY_US
    # Mostly there is only one, and finding out takes longer than all else here.
    if day.min() == day.max():
        yield int(day[0]), table.take(pa.array(_order(table)))
        return
    # Each row is moved once, however many days bad clocks name.
    by_day = np.argsort(day, kind="stable")
    days, first = np.unique(day[by_day], return_index=True)
    for one, own in zip(days, np.split(by_day, first[1:]), strict=True):
        rows = table.take(pa.array(own)).combine_chunks()
        yield int(one), rows.take(pa.array(_order(rows)))


def times_us(table: pa.Table) -> NDArray[np.int64]:
    """Return the times of some rows, microseconds since 1970."""
    return np.asarray(table["time"].cast(pa.int64()))


def _order(table: pa.Table) -> NDArray[np.int64]:
    """Return what sorts rows that are all of one day by `ORDER`."""
    mmsi, time = np.asarray(table["mmsi"]).astype("int64"), times_us(table)
    # Nine digits and the 1/1000 s of a day fit one number, which sorts ten times faster than
    # columns do. What it leaves tied is settled below; feeds mostly come in the order of time.
    key = (mmsi << 27) | ((time % DAY_US) // 1000)
    order, tied = _sorting(key)
    for name in ORDER[1:]:
        if not len(tied):
            break
        column = time if name == "time" else _ranks(table, name)
        step = column[order[tied + 1]] - column[order[tied]]
        if np.any(step < 0):
            keys = (*(_ranks(table, name) for name in ORDER[:1:-1]), time, mmsi)
            return np.asarray(np.lexsort(keys), "int64")
        tied = tied[step == 0]
    return order


def _sorting(key: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return what sorts `key` stably, and the places whose key is that of the next.

    NumPy's quick sort is three times as fast as its stable one, even with the ties sorted again.
    """
    order = np.argsort(key)
    same = np.diff(key[order]) == 0
    tied = np.flatnonzero(np.r_[False, same] | np.r_[same, False])
    # Rows with the same key are one run; within a run the row's number decides.
    run = np.cumsum(np.r_[True, ~same])[tied]
    order[tied] = np.sort(run << 32 | order[tied]) & 0xFFFFFFFF
    return order, np.flatnonzero(same)


def _ranks(table: pa.Table, name: str) -> NDArray[np.int64]:
    """Return a column of `ORDER` as numbers that sort like it."""
    column = table[name].combine_chunks()
    if name not in _WORDS:
        return np.asarray(column)
    rank = ranks(column.dictionary.to_pylist()).astype("int64")
    return np.asarray(rank[np.asarray(column.indices)])


def merged(files: list[str], judged: pa.Table) -> pa.Table:
    """Return rows of `JUDGED` with those of some files, sorted as in every file."""
    if not files:
        return judged
    parts = [*(pq.read_table(file, partitioning=None) for file in files), judged]
    rows = pa.concat_tables(parts, promote_options="default").unify_dictionaries()
    mmsi = np.asarray(rows["mmsi"]).astype("int64")
    return rows.combine_chunks().take(pa.array(np.lexsort((times_us(rows), mmsi))))


def write(
    path: Path, batches: pa.Table | Iterator[pa.RecordBatch], schema: pa.Schema = SCHEMA
) -> tuple[int, str]:
    """Write rows of a schema to a new file; returns their number and the file's SHA-256.

    The file isn't flushed to the disk: the caller does.
    """
    parts = batches.to_batches() if isinstance(batches, pa.Table) else batches
    rows = 0
    # A file of our own, since the Parquet writer leaves its file open where the disk is full.
    with (
        pa.OSFile(str(path), "wb") as file,
        pq.ParquetWriter(
            file,
            schema,
            compression="zstd",
            use_dictionary=[n for n in (*_WORDS, *_RUNS) if n in schema.names],
            column_encoding=_delta(schema),
            compression_level={"time": _TIME_LEVEL},
            write_batch_size=16_384,
            write_statistics=list(_SOUGHT),
        ) as writer,
    ):
        for group in _groups(parts):
            writer.write_table(_complete(group, schema), row_group_size=ROW_GROUP_ROWS)
            rows += len(group)
    return rows, sha256_of(path)


def _complete(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return encoded rows with all columns of a schema."""
    there = set(rows.column_names)
    columns = [
        rows[f.name].cast(f.type) if f.name in there else pa.nulls(len(rows), f.type)
        for f in schema
    ]
    return pa.table(columns, schema=schema)


def _groups(batches: Any) -> Iterator[pa.Table]:
    """Yield tables of `ROW_GROUP_ROWS` rows, the last one shorter."""
    held: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        start = 0
        while rows + len(batch) - start >= ROW_GROUP_ROWS:
            taken = ROW_GROUP_ROWS - rows
            yield pa.Table.from_batches([*held, batch.slice(start, taken)])
            held, rows, start = [], 0, start + taken
        if start < len(batch):
            held.append(batch.slice(start))
            rows += len(batch) - start
    if held:
        yield pa.Table.from_batches(held)
