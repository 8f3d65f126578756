"""Verdicts of a date beside its files of positions, which hold all else: nothing lies twice.

A judged report is a report as it was received and what came of it. So a file of verdicts says of
each row which row of the date's files it is, and holds what these don't: verdict, hull, and times
that were put right. It takes a sixtieth of what the reports take again, and is read column by
column like a file that holds them. That costs what it saves where a date lies in many files, each
of which holds all vessels: dates of more than `MOST_FILES` are judged into a file that holds the
reports too, which is what tails are, and what older versions made of every date.
"""

import json
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from pathlib import Path, PurePath
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipelines.store.catalogue import StoreError
from pipelines.store.positions import JUDGED, SCHEMA, VERDICTS
from pipelines.store.stored import StoredFile

MOST_FILES: Final = 4
"""A day of Kuala Lumpur makes two files of each UTC date, read again or by halves twice as many."""

STEM: Final = "verdicts-"
"""What the names of these files begin with."""

_OF: Final = b"selat_of"
_PLANNED_ROWS: Final = 4_000_000
"""Of a file: for so many rows it is kept where they are, in 4 bytes each."""


def is_of(path: str | Path) -> bool:
    """Tell whether a file of judged reports holds verdicts alone."""
    return Path(path).name.startswith(STEM)


def stem_of(judged: pa.Table | Path) -> str:
    """Return what the name of a file of judged reports begins with, by what it holds."""
    names = pq.read_schema(judged).names if isinstance(judged, Path) else judged.column_names
    return STEM if "row" in names else "judged-"


def noted(rows: pa.Table, paths: Sequence[str]) -> pa.Table:
    """Return rows of `VERDICTS` that say of which files their places are, in order."""
    metadata = {**(VERDICTS.metadata or {}), _OF: json.dumps(list(paths)).encode()}
    return rows.replace_schema_metadata(metadata)


def schema_of(rows: pa.Table) -> pa.Schema:
    """Return the schema by which rows of judged reports, or of verdicts, are written."""
    if "row" not in rows.column_names:
        return JUDGED
    return VERDICTS.with_metadata(rows.schema.metadata)


def files_of(path: str | Path) -> list[str]:
    """Return the files of positions that a file of verdicts is of, relative to the store.

    Raises StoreError if one of them lies elsewhere.
    """
    return _named(pq.read_schema(path))


def _named(schema: pa.Schema) -> list[str]:
    names = [str(name) for name in json.loads((schema.metadata or {}).get(_OF, b"[]"))]
    for name in names:
        if PurePath(name).is_absolute() or ".." in PurePath(name).parts:
            raise StoreError("a file of verdicts names a file outside the store")
    return names


class _Plan(NamedTuple):
    """Where the rows of a group are: groups of the files of positions, and places in these."""

    groups: list[int]
    places: NDArray[np.int32] | slice


class Beside:
    """The rows of a file of verdicts with what the date's files of positions say of them."""

    def __init__(self, file: pq.ParquetFile, root: Path) -> None:
        self._file = file
        names = _named(file.schema_arrow)
        self.paths = [root / name for name in names]
        self._groups: list[tuple[pq.ParquetFile, int]] = []
        self._starts = [0]
        self._plans: dict[int, _Plan] = {}
        self._planned = 0
        # A group of rows ends where the next begins: within the same groups of the other files.
        # It holds these files and not this, which would hold itself, open, until somebody looks.
        self._read = lru_cache(maxsize=2 * len(names))(partial(_read_group, self._groups))

    def read(
        self, number: int, names: list[str], rows: NDArray[np.int64] | None = None
    ) -> pa.Table:
        """Return columns of `JUDGED` of a group of rows, or of some `rows` of it."""
        own = [name for name in names if name in VERDICTS.names]
        others = [n for n in names if n == "time" or (n not in own and n in SCHEMA.names)]
        columns: dict[str, pa.ChunkedArray] = {}
        if others:
            there = self._taken(number, others, rows)
            columns = {name: there[name] for name in others if name in there.column_names}
        if own:
            here = self._file.read_row_group(number, columns=own, use_threads=False)
            here = here if rows is None else here.take(pa.array(rows))
            for name in own:
                column = here[name]
                if name == "time":  # but where it was put right, it is as it was received
                    if column.null_count == len(column):
                        continue
                    column = pc.coalesce(column, columns[name])
                columns[name] = column
        return pa.table({name: columns[name] for name in names if name in columns})

    def put_right(self, number: int) -> pa.ChunkedArray | None:
        """Return the times of a group of rows that were put right, None where none was."""
        times = self._file.read_row_group(number, columns=["time"], use_threads=False)["time"]
        return None if times.null_count == len(times) else times

    def received(
        self, number: int, rows: NDArray[np.int32]
    ) -> Iterator[tuple[int, NDArray[np.int32], NDArray[np.int64]]]:
        """Give of some rows of a group the groups of the files of positions that hold them, the
        rows of these, and which of the rows they are.
        """
        plan, first = self._plans.get(number) or self._plan(number), 0
        if isinstance(plan.places, slice):
            places = (rows + plan.places.start).astype("int32")
        else:
            places = plan.places[rows]
        for at in plan.groups:
            behind = first + self._starts[at + 1] - self._starts[at]
            which = np.flatnonzero((places >= first) & (places < behind))
            if len(which):
                yield at, (places[which] - first).astype("int32"), which
            first = behind

    def read_received(self, at: int, names: list[str]) -> pa.Table:
        """Return columns of a group of the files of positions."""
        return _read_group(self._groups, at, tuple(names))

    def _taken(self, number: int, names: list[str], rows: NDArray[np.int64] | None) -> pa.Table:
        plan = self._plans.get(number) or self._plan(number)
        if not plan.groups:
            return SCHEMA.empty_table().select(names)
        whole = self._read(plan.groups[0], tuple(names))
        if len(plan.groups) > 1:
            parts = [self._read(at, tuple(names)) for at in plan.groups]
            whole = pa.concat_tables(parts, promote_options="default")
            whole = whole.unify_dictionaries().combine_chunks()
        places = plan.places
        if rows is not None:
            places = rows + places.start if isinstance(places, slice) else places[rows]
        if isinstance(places, slice):
            return whole.slice(places.start, places.stop - places.start)
        return whole.take(pa.array(places))

    def _plan(self, number: int) -> _Plan:
        if not self._groups:
            self._open()
        column = self._file.read_row_group(number, columns=["row"], use_threads=False)["row"]
        rows = np.asarray(column)
        low, high = (int(rows.min()), int(rows.max())) if len(rows) else (0, -1)
        found = _Plan([], slice(0, 0))
        at, held, places = bisect_right(self._starts, low) - 1, 0, np.empty(len(rows), "int32")
        while at < len(self._groups) and self._starts[at] <= high:
            inside = (rows >= self._starts[at]) & (rows < self._starts[at + 1])
            if inside.any():
                found.groups.append(at)
                np.subtract(rows, self._starts[at] - held, out=places, where=inside)
                held += self._starts[at + 1] - self._starts[at]
            at += 1
        straight = not len(rows)
        if len(rows):
            first, last = int(places[0]), int(places[-1])
            straight = last - first == len(rows) - 1 and bool(np.all(np.diff(places) == 1))
            found = found._replace(places=slice(first, last + 1) if straight else places)
        if straight or self._planned + len(rows) <= _PLANNED_ROWS:
            self._plans[number] = found
            self._planned += 0 if straight else len(rows)
        return found

    def _open(self) -> None:
        for path in self.paths:
            file = StoredFile(str(path))
            for number in range(file.num_row_groups):
                self._groups.append((file, number))
                self._starts.append(self._starts[-1] + file.metadata.row_group(number).num_rows)


def _read_group(
    groups: Sequence[tuple[pq.ParquetFile, int]], at: int, names: tuple[str, ...]
) -> pa.Table:
    file, number = groups[at]
    there = set(file.schema_arrow.names)
    wanted = [name for name in names if name in there]
    return file.read_row_group(number, columns=wanted, use_threads=False)
