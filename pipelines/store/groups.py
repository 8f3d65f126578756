"""Groups of rows of the store's files, sorted by vessel and time, read column by column.

Verdicts of a date lie beside the files of positions that hold the reports (see `verdict_files`), so
a group of them says of which rows of which groups of these it is.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipelines.base.files import identity_of
from pipelines.store.kept import COLUMNS, Kept
from pipelines.store.positions import GRIDS, JUDGED
from pipelines.store.stored import StoredFile
from pipelines.store.verdict_files import Beside, is_of

Rows = NDArray[np.signedinteger[Any]] | slice

ALL: Final = slice(None)
_MOST_MMSI: Final = 999_999_999
FEW_ROWS: Final = 65_536
"""So many rows of a file, as a tail of an hour has, are read at once, and kept for the next look;
larger groups are read column by column."""

KEPT_BYTES: Final = 64_000_000
"""So much of them is kept, in all: 700,000 reports."""


@dataclass(frozen=True)
class Quantity:
    """A quantity of some rows as it is in the file, which takes half as much as floats."""

    n_rows: int
    """How many rows there are."""
    forms: tuple[tuple[NDArray[Any], float, NDArray[np.bool_] | None], ...]
    """The values in each form that any row has, how many of its units make one, and which rows have
    it; None where all do."""

    @classmethod
    def of(cls, table: pa.Table, forms: Sequence[tuple[str, float]]) -> "Quantity":
        """Return it of columns of a table, by name and units."""
        held = []
        for form, per_unit in forms:
            if form not in table.column_names:
                continue
            column = table.column(form).combine_chunks()
            if column.null_count < len(column):
                there = np.asarray(column.is_valid()) if column.null_count else None
                values = column.fill_null(0) if column.null_count else column
                held.append((values.to_numpy(zero_copy_only=False), per_unit, there))
        return cls(len(table), tuple(held))

    @property
    def nbytes(self) -> int:
        """Return how much memory it takes."""
        return sum(v.nbytes + (0 if t is None else t.nbytes) for v, _, t in self.forms)

    def at(self, rows: Rows) -> NDArray[np.float64]:
        """Return the values of some rows, NaN where there is none."""
        found: NDArray[np.float64] | None = None
        for values, per_unit, there in self.forms:
            here = values[rows] / per_unit
            if there is not None:
                here[~there[rows]] = np.nan
            found = here if found is None else np.where(np.isnan(found), here, found)
        return np.full(self.n_rows, np.nan)[rows] if found is None else found


@dataclass(frozen=True)
class Group:
    """Rows that are sorted by vessel and time, as a file of judged reports has them.

    `read` returns some of their columns. What was received of rows that lie `beside` these is read
    where it lies, each group once, and put into its place from there. What never changes has a
    `key`, by which columns are kept where looks go on (`keeping`).
    """

    read: Callable[[list[str]], pa.Table]
    beside: "OfBeside | None" = None
    key: tuple[Any, ...] = ()

    def numbers(self, name: str, rows: Rows = ALL) -> NDArray[Any]:
        """Return a column of numbers, of times in microseconds since 1970-01-01 UTC."""

        def made(rows: Rows) -> NDArray[Any]:
            column = self.read([name]).column(name).combine_chunks()
            if pa.types.is_timestamp(column.type):
                column = column.cast(pa.int64())
            return np.asarray(column.to_numpy(zero_copy_only=False)[rows])

        return self._kept(name, rows, made)

    def quantity(self, name: str, rows: Rows = ALL) -> NDArray[np.float64]:
        """Return a quantity: each value in the first form that there is; see `positions`."""

        def made() -> Quantity:
            forms = [(f"{name}_x{per_unit}", float(per_unit)) for per_unit, _ in GRIDS[name]]
            return Quantity.of(
                self.read([*(form for form, _ in forms), name]), [*forms, (name, 1.0)]
            )

        found: Quantity = COLUMNS.get((*self.key, name), made) if self.key else made()
        return found.at(rows)

    def words(self, name: str) -> pa.DictionaryArray:
        """Return a column of words."""

        def made() -> pa.DictionaryArray:
            table = self.read([name]).unify_dictionaries()
            column = table.column(name).combine_chunks()
            return column if pa.types.is_dictionary(column.type) else column.dictionary_encode()

        return COLUMNS.get((*self.key, name), made) if self.key else made()

    def _kept(self, name: str, rows: Rows, make: Callable[[Rows], NDArray[Any]]) -> NDArray[Any]:
        """Return some rows of what is made of a column: of all of it where it is kept."""
        if not self.key or not COLUMNS.most_bytes:
            return make(rows)
        kept: NDArray[Any] = COLUMNS.get((*self.key, name), lambda: make(ALL))
        return kept[rows]


@dataclass(frozen=True)
class OfBeside:
    """A group of rows of a file of verdicts, and groups of what was received, as far as known."""

    file: Beside
    number: int
    known: dict[int, Group]
    key: tuple[Any, ...]

    def read(self, names: list[str], rows: NDArray[np.int64]) -> pa.Table:
        """Return some columns of some rows: of what lies beside them no others are put in order."""
        return self.file.read(self.number, names, rows)

    def received(
        self, rows: NDArray[np.int32]
    ) -> Iterator[tuple[Group, NDArray[np.int32], NDArray[np.int64]]]:
        """Give groups that hold what was received, the rows of these, and which of `rows` it is."""
        for at, own, which in self.file.received(self.number, rows):
            if at not in self.known:
                read = partial(self.file.read_received, at)
                self.known[at] = Group(read, key=(*self.key, "received", at))
            yield self.known[at], own, which


def groups_of(files: Iterable[str], need: pd.DataFrame, end: pd.Timestamp) -> Iterator[Group]:
    """Return the row groups of files that may hold reports of the vessels in `need` up to `end`.

    Of files of positions their column `row` is the place in all of them, one after the other.
    """
    low, high = int(need["mmsi"].min()), int(need["mmsi"].max())
    since = need["from_time"].min()
    first = 0
    for path in files:
        file = StoredFile(path)
        beside = Beside(file, Path(path).parents[2]) if is_of(path) else None
        lie = Path(path), *(beside.paths if beside else ())
        known = tuple((str(one), identity_of(one)) for one in lie)
        received: dict[int, Group] = {}
        at = {name: file.schema_arrow.names.index(name) for name in ("mmsi", "time")}
        for number in range(file.num_row_groups):
            about = file.metadata.row_group(number)
            first += about.num_rows
            mmsi, time = (about.column(at[name]).statistics for name in ("mmsi", "time"))
            if mmsi is not None and (mmsi.max < low or mmsi.min > high):
                continue
            if beside:
                own = OfBeside(beside, number, received, known)
                yield Group(partial(beside.read, number), own, (*known, number))
                continue
            if time is not None and (pd.Timestamp(time.max) < since or time.min > end):
                continue
            key = (*known, number)
            yield Group(_reader(file, number, first - about.num_rows, key), key=key)


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
    file: pq.ParquetFile, number: int, first: int, key: tuple[Any, ...]
) -> Callable[[list[str]], pa.Table]:
    there = set(file.schema_arrow.names)
    n_rows = file.metadata.row_group(number).num_rows

    def whole() -> pa.Table:
        return file.read_row_group(number, use_threads=False)

    def read(names: list[str]) -> pa.Table:
        held = [name for name in names if name in there]
        if n_rows <= FEW_ROWS:
            rows = _KEPT.get(key, whole).select(held)
        else:
            rows = file.read_row_group(number, columns=held, use_threads=False)
        if "row" not in names:
            return rows
        places = np.arange(first, first + n_rows, dtype="int32")
        return rows.append_column("row", pa.array(places))

    return read


_KEPT: Final = Kept(KEPT_BYTES)
