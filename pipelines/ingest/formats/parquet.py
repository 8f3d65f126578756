"""Parquet whose columns one of the layouts describes.

Columns may have the types that the table's writer chose: a timestamp is taken as it is (one
without a zone is in the layout's), numbers are numbers, texts are read as in CSV, and the points of
GeoParquet are two columns (`points`). The place of a row in the feed is its number, from 1. Damage
is noticed where the pages are compressed or have
checksums.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as papq

from pipelines.ingest.cells import Cells, is_text
from pipelines.ingest.column_names import candidates, lacking
from pipelines.ingest.containers import PARQUET_MAGIC, Budget
from pipelines.ingest.errors import CutOffError, IngestError
from pipelines.ingest.formats import pages
from pipelines.ingest.formats.base import Feed, Format, Found, Head
from pipelines.ingest.formats.points import LAT, LON, Points, spread
from pipelines.ingest.formats.tables import by_layout
from pipelines.ingest.layouts import Layout, unknown_table, without_rows
from pipelines.ingest.naming import Named, by_names
from pipelines.ingest.opening import opened
from pipelines.ingest.samples import Sample

# Bytes of rows that are looked at together.
_MOST: Final = 1 << 25

# Rows that a table's meaning is told by, where nobody described it, and how large it may grow then.
# They are read some at a time, until they take so many bytes.
_SAMPLED: Final = 2_000
_AT_A_TIME: Final = 100
_SAMPLED_BYTES: Final = 1 << 26
_LONGEST: Final = 500
_MOST_SAMPLED: Final = 1 << 40

# What pyarrow raises for files that are damaged, or made to do harm.
_DAMAGE: Final = (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError)


class Parquet:
    """A Parquet file, not packed once more."""

    title = "Parquet"

    def find(self, head: Head) -> Sequence[Found]:
        """See `base.Format`."""
        if not head.data.startswith(PARQUET_MAGIC) or head.path is None:
            return []
        header = _schema(head).names
        if head.wanted is not None:
            candidates = [head.wanted]
        else:
            candidates = [layout for layout in head.layouts.values() if not layout.header]
        found = [_found(layout) for layout in candidates if not layout.lacking(header)]
        if not found and head.wanted is None:
            named = head.once(_named)
            return [_found(named.layout, named)] if isinstance(named, Named) else []
        return found

    def why_not(self, head: Head) -> IngestError | None:
        """See `base.Format`."""
        if not head.data.startswith(PARQUET_MAGIC):
            return None
        if head.path is None:
            return IngestError(
                f"{head.name} is a Parquet file in an archive",
                hint="unpack it: what describes a Parquet file is at its end",
            )
        named = None if head.wanted else head.once(_named)
        if isinstance(named, IngestError):
            return head.named(named)
        names = _schema(head).names
        with opened(head.path) as file:
            rows = papq.read_metadata(file).num_rows
            points = Points.of(papq.read_schema(file))
        if points and (elsewhere := points.why_not(head.name)):
            return elsewhere
        if not rows and head.wanted is None and not lacking(names):
            return without_rows(head.name)
        return unknown_table(head.name, head.layouts, head.wanted, names) or (
            IngestError(f"{head.name} is a Parquet file without columns", hint="write it again")
        )


def _schema(head: Head) -> pa.Schema:
    assert head.path is not None  # noqa: S101 (for the type checker)
    try:
        with opened(head.path) as file:
            pages.check_footer(file)
            return spread(papq.read_schema(file))
    except pages.TooLargeError as error:
        raise _too_large(head.name, str(error)) from error
    except _DAMAGE as error:
        raise _damaged(head.name, error) from error


def _damaged(name: str, error: BaseException) -> IngestError:
    return CutOffError(
        f"{name}: the Parquet file is damaged or cut off: {str(error).splitlines()[0][:120]}"
        if str(error)
        else f"{name}: the Parquet file is damaged or cut off",
        hint="what describes it is at its end, so nothing can be read; fetch it again",
    )


def _named(head: Head) -> Named | IngestError | None:
    """Return how a table is read whose names tell what is what; an error where they nearly do."""
    assert head.path is not None  # noqa: S101 (for the type checker)
    schema = _schema(head)
    times = Counter(schema.names)
    names = [
        name
        for name in candidates(schema.names)
        if times[name] == 1 and _is_readable(schema.field(name).type)
    ]
    if not names:
        return None
    try:
        texts = [name for name in names if _holds_text(schema.field(name).type)]
        with _table(head.path, names, texts, _MOST_SAMPLED) as batches:
            rows: list[tuple[str, ...]] = []
            size = 0
            for batch in batches(_AT_A_TIME):
                rows += zip(*(_texts(batch.column(name)) for name in names), strict=True)
                size += batch.nbytes
                if len(rows) >= _SAMPLED or size > _SAMPLED_BYTES:
                    break
    except pages.TooLargeError as error:
        raise _too_large(head.name, str(error)) from error
    except _DAMAGE as error:
        raise _damaged(head.name, error) from error
    if not rows:
        return None
    typed = frozenset(n for n in names if pa.types.is_timestamp(schema.field(n).type))
    unzoned = frozenset(name for name in typed if schema.field(name).type.tz is None)
    named = by_names(Sample(names, rows, typed, unzoned))
    if isinstance(named, Named):
        unused = [name for name in schema.names if name not in named.layout.used]
        return replace(named, unused=tuple(unused))
    return named


def _texts(cells: pa.Array) -> list[str]:
    """Return what a column of some rows holds, each cut off."""
    if not pa.types.is_dictionary(cells.type):
        return [_shown(one)[:_LONGEST] if one.is_valid else "" for one in _column(cells)]
    words, index = _column(cells.dictionary), cells.indices.to_pylist()
    cut = {k: words[k].as_py()[:_LONGEST] for k in set(index) - {None}}
    return [cut.get(k, "") for k in index]


def _found(layout: Layout, named: Named | None = None) -> Found:
    return by_layout(layout, lambda feed: _rows(feed, layout), named)


def _rows(feed: Feed, layout: Layout) -> Iterator[Cells]:
    """Yield the rows of a file in batches; where it is damaged, those before the damage."""
    assert feed.path is not None  # noqa: S101 (for the type checker)
    with opened(feed.path) as file:
        schema = spread(papq.read_schema(file))
    used = [name for name in layout.used if name in schema.names]
    _check_types(feed.name, schema, used)
    texts = [name for name in used if _holds_text(schema.field(name).type)]
    first = feed.lines.next
    budget = Budget(feed.options.max_uncompressed_bytes, feed.options.max_ratio)
    try:
        with _table(feed.path, used, texts, feed.options.max_uncompressed_bytes) as batches:
            size = feed.path.stat().st_size
            for batch in batches(feed.options.batch_rows):
                for part in _parts(batch):
                    budget.spend(_unpacked(part), size, feed.name)
                    cells = _cells(part, first)
                    first += len(cells)
                    feed.lines.next = first
                    feed.report.rows_read += len(cells)
                    yield cells
    except pages.TooLargeError as error:
        raise _too_large(feed.name, str(error)) from error
    except _DAMAGE as error:
        if first == 1:
            raise _damaged(feed.name, error) from error
        feed.report.rows_read += 1
        feed.report.reject("damaged archive", first, str(error))


def _cells(batch: pa.RecordBatch, first: int) -> Cells:
    columns = {name: _column(batch.column(name)) for name in batch.schema.names}

    def text(row: int) -> str:
        return ", ".join(f"{name}={_shown(cells[row])}" for name, cells in columns.items())

    line = np.arange(first, first + batch.num_rows, dtype="int64")
    return Cells(columns, line, text)


def _shown(cell: pa.Scalar) -> str:
    try:
        return str(cell.as_py())
    except (ValueError, OverflowError):
        # A timestamp that no calendar has.
        return str(cell.cast(pa.int64()))


def _column(cells: pa.Array) -> pa.Array:
    """Return texts without nulls, as `Cells` wants them; anything else as it is."""
    kind = cells.type
    if _is_number(kind) or pa.types.is_timestamp(kind):
        return cells
    if pa.types.is_boolean(kind):
        return pc.cast(cells, pa.int8())
    if not _holds_text(kind):
        return pc.fill_null(pc.cast(cells, pa.string()), "")
    if pa.types.is_dictionary(kind):
        cells.validate()  # that its indices are some
        return pc.fill_null(_words(cells.dictionary).take(cells.indices), "")
    return pc.fill_null(_words(cells), "")


def _words(cells: pa.Array) -> pa.Array:
    """Return texts as UTF-8, as of CSV: of what isn't, one name would cost all rows of the feed."""
    kind = cells.type if is_text(cells) else pa.string()
    try:
        plain = pc.cast(cells, kind)
        plain.validate(full=True)
    except pa.ArrowInvalid:
        raw = pc.cast(cells, pa.large_binary())
        raw.validate(full=True)  # a damaged page can hold texts that lie outside it
        texts = (one and one.decode("utf-8", "replace") for one in raw.to_pylist())
        return pa.array(texts, kind)  # as other groups of rows have it
    return plain


def _check_types(name: str, schema: pa.Schema, used: Sequence[str]) -> None:
    for column in used:
        if schema.names.count(column) > 1:
            raise IngestError(
                f"{name} has several columns {column!r}", hint="rename all of them but one"
            )
        kind = schema.field(column).type
        if not _is_readable(kind):
            raise IngestError(
                f"{name}: its column {column!r} holds {kind}, which isn't read",
                hint="write texts, numbers or timestamps",
            )


def _is_readable(kind: pa.DataType) -> bool:
    return bool(
        _holds_text(kind)
        or _is_number(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_timestamp(kind)
        or pa.types.is_date(kind)
        or pa.types.is_time(kind)
    )


def check(file: BinaryIO, name: str, max_bytes: int) -> None:
    """Refuse a file that unpacks to too much, in all or in one piece, before any of it is."""
    try:
        pages.check_footer(file)
        _check_size(file, papq.read_schema(file).names, max_bytes)
    except pages.TooLargeError as error:
        raise _too_large(name, str(error)) from error
    except _DAMAGE as error:
        raise _damaged(name, error) from error


@contextmanager
def _table(
    path: Path, used: Collection[str], texts: Sequence[str], max_bytes: int
) -> Iterator[Callable[[int], Iterator[pa.RecordBatch]]]:
    """Open a table whose columns have been looked at; another can't take its place in between.

    It is read by calling what comes back with how many rows are wanted at a time.

    `texts`: columns in which what stands there a thousand times is held once.
    """
    with opened(path) as file:
        points = Points.of(papq.read_schema(file)) if {LON, LAT} & {*used} else None
        columns = points.read_from(used) if points else list(used)
        _check_size(file, columns, max_bytes)
        with papq.ParquetFile(
            file, read_dictionary=texts, page_checksum_verification=True
        ) as table:

            def batches(rows: int) -> Iterator[pa.RecordBatch]:
                for batch in table.iter_batches(rows, columns=columns):
                    yield points.spread(batch) if points else batch

            yield batches


def _check_size(file: BinaryIO, used: Collection[str], max_bytes: int) -> None:
    grown, chunks = pages.chunks(file)
    if grown > max_bytes:
        raise pages.TooLargeError(f"it grows to {grown / 1e9:,.1f} GB")
    for chunk in chunks:
        if chunk.column in used:
            if chunk.start < 0 or chunk.size < 0:
                raise ValueError("a column of less than nothing")
            pages.check_pages(file, chunk.start, chunk.size)


def _too_large(name: str, why: str) -> IngestError:
    return IngestError(
        f"{name}: archive too large: {why}",
        hint="if it is a feed, write it again in smaller pieces, or raise "
        "ingest.max_uncompressed_gb",
    )


def _parts(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yield a batch in pieces none of which takes much memory when each row has its texts."""
    rows = batch.num_rows
    if rows <= 1 or _unpacked(batch) <= _MOST:
        yield batch
    else:
        yield from _parts(batch.slice(0, rows // 2))
        yield from _parts(batch.slice(rows // 2))


def _unpacked(batch: pa.RecordBatch) -> int:
    """Return bytes of a batch when each row has its texts."""
    size = 0
    for cells in batch.columns:
        if pa.types.is_dictionary(cells.type):
            lengths = pc.binary_length(cells.dictionary.cast(pa.binary()))
            size += pc.sum(lengths.take(cells.indices)).as_py() or 0
        else:
            size += cells.nbytes
    return size


def _holds_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    )


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )


PARQUET: Final[Format] = Parquet()
