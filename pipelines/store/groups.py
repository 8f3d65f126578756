"""Groups of rows of the store's files, sorted by vessel and time, read column by column.

Verdicts of a date lie beside the files of positions that hold the reports (see `verdict_files`), so
a group of them says of which rows of which groups of these it is.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipelines.store.positions import JUDGED
from pipelines.store.verdict_files import Beside, is_of

_MOST_MMSI: Final = 999_999_999
FEW_ROWS: Final = 65_536
"""So many rows of a file, as a tail of an hour has, are read at once, and kept for the next look;
larger groups are read column by column."""

KEPT_BYTES: Final = 64_000_000
"""So much of them is kept, in all: 700,000 reports."""


@dataclass(frozen=True)
class Group:
    """Rows that are sorted by vessel and time, as a file of judged reports has them.

    `read` returns some of their columns. What was received of rows that lie `beside` these is read
    where it lies, each group once, and put into its place from there.
    """

    read: Callable[[list[str]], pa.Table]
    beside: "OfBeside | None" = None


@dataclass(frozen=True)
class OfBeside:
    """A group of rows of a file of verdicts, and groups of what was received, as far as known."""

    file: Beside
    number: int
    known: dict[int, Group]

    def received(
        self, rows: NDArray[np.int32]
    ) -> Iterator[tuple[Group, NDArray[np.int32], NDArray[np.int64]]]:
        """Give groups that hold what was received, the rows of these, and which of `rows` it is."""
        for at, own, which in self.file.received(self.number, rows):
            if at not in self.known:
                self.known[at] = Group(partial(self.file.read_received, at))
            yield self.known[at], own, which


def groups_of(files: Iterable[str], need: pd.DataFrame, end: pd.Timestamp) -> Iterator[Group]:
    """Return the row groups of files that may hold reports of the vessels in `need` up to `end`.

    Of files of positions their column `row` is the place in all of them, one after the other.
    """
    low, high = int(need["mmsi"].min()), int(need["mmsi"].max())
    since = need["from_time"].min()
    first = 0
    for path in files:
        file = pq.ParquetFile(path)
        beside = Beside(file, Path(path).parents[2]) if is_of(path) else None
        received: dict[int, Group] = {}
        at = {name: file.schema_arrow.names.index(name) for name in ("mmsi", "time")}
        for number in range(file.num_row_groups):
            about = file.metadata.row_group(number)
            first += about.num_rows
            mmsi, time = (about.column(at[name]).statistics for name in ("mmsi", "time"))
            if mmsi is not None and (mmsi.max < low or mmsi.min > high):
                continue
            if beside:
                yield Group(partial(beside.read, number), OfBeside(beside, number, received))
                continue
            if time is not None and (pd.Timestamp(time.max) < since or time.min > end):
                continue
            yield Group(_reader(file, number, first - about.num_rows, path))


def rows_in(path: str) -> Iterator[pa.RecordBatch]:
    """Yield all that a file of judged reports says of them, as rows of `positions.JUDGED`."""
    everybody = pd.DataFrame({"mmsi": [0, _MOST_MMSI], "from_time": pd.Timestamp(0, tz="UTC")})
    for group in groups_of([path], everybody, pd.Timestamp.max.tz_localize("UTC")):
        rows = group.read(JUDGED.names)
        for place, name in enumerate(rows.column_names):  # each group has words of its own
            if pa.types.is_dictionary(rows[name].type):
                rows = rows.set_column(place, name, rows[name].cast(pa.string()))
        yield from rows.combine_chunks().to_batches()


def group_of(rows: pa.Table) -> Group:
    """Return rows that are at hand as a group."""
    return Group(lambda names: rows.select([n for n in names if n in rows.column_names]))


def _reader(
    file: pq.ParquetFile, number: int, first: int, path: str
) -> Callable[[list[str]], pa.Table]:
    there = set(file.schema_arrow.names)
    n_rows = file.metadata.row_group(number).num_rows

    def whole() -> pa.Table:
        return file.read_row_group(number, use_threads=False)

    def read(names: list[str]) -> pa.Table:
        held = [name for name in names if name in there]
        if n_rows <= FEW_ROWS:
            rows = _KEPT.table(path, number, whole).select(held)
        else:
            rows = file.read_row_group(number, columns=held, use_threads=False)
        if "row" not in names:
            return rows
        places = np.arange(first, first + n_rows, dtype="int32")
        return rows.append_column("row", pa.array(places))

    return read


class _Kept:
    """Small row groups that were read last: tails are read by each look, which took a tenth of
    it, column by column. They never change; that a file isn't another of its name is looked at.
    """

    def __init__(self) -> None:
        self._tables: dict[tuple[Any, ...], pa.Table] = {}
        self._lock = Lock()
        self._bytes = 0

    def table(self, path: str, number: int, read: Callable[[], pa.Table]) -> pa.Table:
        """Return a row group of a file with all its columns."""
        stat = Path(path).stat()
        key = (path, number, stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)
        with self._lock:
            found = self._tables.pop(key, None)
            if found is None:
                found = read()
                self._bytes += found.nbytes
            self._tables[key] = found  # the last is that which was read last
            while self._bytes > KEPT_BYTES and len(self._tables) > 1:
                self._bytes -= self._tables.pop(next(iter(self._tables))).nbytes
        return found


_KEPT: Final = _Kept()
