"""Reports of some files, in the units of these: read column by column, and only when asked for.

Working out a date goes over everything that came in. So what nobody measures (headings, sources,
types) goes from file to file as the whole numbers that it is, and what is measured is decoded once.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from detectors.core import frames
from detectors.core.arrays import Ints
from pipelines.store.arrow import categorical, ranks
from pipelines.store.groups import Group, groups_of
from pipelines.store.positions import GRIDS, JUDGED, SCHEMA, VERDICTS, times_us

FOREVER: Final = pd.Timestamp("2200-01-01", tz="UTC").as_unit("us")
_KINDS: Final = {field.name: field.type for one in (VERDICTS, JUDGED, SCHEMA) for field in one}
EVERYBODY: Final = (0, 1 << 30)
"""From the first MMSI to below the second."""
_TIME_BITS: Final = 37
"""A day and a half in microseconds."""


class Section:
    """Reports of a span of time of some vessels, in the order of some groups of rows."""

    def __init__(
        self,
        groups: Iterable[Group],
        vessels: tuple[int, int],
        since: pd.Timestamp,
        until: pd.Timestamp = FOREVER,
        only: Ints | None = None,
    ) -> None:
        """Find reports from `since` to before `until`, from the first MMSI to below the second.

        Those of `only` these vessels, if it is given.
        """
        self._found: list[tuple[Group, Ints | None, int]] = []
        mmsis, times = [np.zeros(0, "int32")], [np.zeros(0, "int64")]
        low_us, high_us = since.value // 1_000, until.value // 1_000
        for group in groups:
            table = group.read(["mmsi", "time"])
            mmsi, time_us = np.asarray(table["mmsi"]), times_us(table)
            wanted = (mmsi >= vessels[0]) & (mmsi < vessels[1])
            wanted &= (time_us >= low_us) & (time_us < high_us)
            if only is not None:
                wanted &= np.isin(mmsi, only)
            if not wanted.any():
                continue
            rows = None if wanted.all() else np.flatnonzero(wanted)
            self._found.append((group, rows, len(mmsi) if rows is None else len(rows)))
            mmsis.append(mmsi if rows is None else mmsi[rows])
            times.append(time_us if rows is None else time_us[rows])
        self.mmsi, self.time_us = np.concatenate(mmsis), np.concatenate(times)

    def __len__(self) -> int:
        return len(self.mmsi)

    def column(self, name: str, only: Ints | None = None) -> pa.Array | None:
        """Return a column of the files, None where none of them has it; of `only` some reports, in
        order.
        """
        parts = list(self._parts(name, only))
        if all(part is None for part, _ in parts):
            return None
        kind = _KINDS[name]
        whole = pa.chunked_array(
            [
                chunk
                for part, size in parts
                for chunk in ([pa.nulls(size, kind)] if part is None else part.cast(kind).chunks)
            ],
            kind,
        )
        return whole.unify_dictionaries().combine_chunks()

    def _parts(self, name: str, only: Ints | None) -> Iterator[tuple[pa.ChunkedArray | None, int]]:
        """Give the column of each group, and how many reports it is of."""
        first = 0
        for group, found, size in self._found:
            rows = found
            if only is not None:
                low, high = np.searchsorted(only, [first, first + size]).tolist()
                own = only[low:high] - first
                rows = own if found is None else found[own]
            first += size
            if rows is not None and not len(rows):
                continue
            n = size if rows is None else len(rows)
            if rows is not None and group.beside:
                table, rows = group.beside.read([name], rows), None
            else:
                table = group.read([name])
            if not table.column_names or table[name].null_count == len(table):
                yield None, n
            else:
                yield table[name] if rows is None else table[name].take(pa.array(rows)), n

    def quantity(self, name: str) -> NDArray[np.float64]:
        """Return a quantity: each value in the first form that there is; see `positions`."""
        found: NDArray[np.float64] | None = None
        for per_unit, _ in (*GRIDS[name], (None, None)):
            column = self.column(name if per_unit is None else f"{name}_x{per_unit}")
            if column is None:
                continue
            values = column.to_numpy(zero_copy_only=False) / float(per_unit or 1)
            found = values if found is None else np.where(np.isnan(found), values, found)
        return np.full(len(self), np.nan) if found is None else found

    def frame(self, schema: Mapping[str, frames.Column]) -> pd.DataFrame:
        """Return columns of a schema, in the order of the groups."""
        columns: dict[str, Any] = {"mmsi": self.mmsi, "time": frames.from_epoch_us(self.time_us)}
        for name, asked in schema.items():
            if name in GRIDS:
                columns[name] = self.quantity(name)
            elif name not in columns and (column := self.column(name)) is not None:
                if pa.types.is_dictionary(column.type) and asked.dtype == "category":
                    words = by_first_use(column)
                    codes = np.asarray(words.indices)
                    columns[name] = categorical(words.dictionary.to_pylist(), codes)
                else:
                    columns[name] = column.to_pandas()
            elif name not in columns:  # of no row there is a value
                columns[name] = pd.Series(np.full(len(self), np.nan)) if len(self) else []
        return frames.conform(pd.DataFrame(columns, copy=False), schema)


def groups_in(
    files: Iterable[str], vessels: tuple[int, int], since: pd.Timestamp, until: pd.Timestamp
) -> Iterator[Group]:
    """Return the groups of rows of files that may hold what a section of them does."""
    asked = pd.DataFrame({"mmsi": [vessels[0], vessels[1] - 1], "from_time": since})
    return groups_of(files, asked, until)


def joined(sections: Sequence[Section], name: str) -> NDArray[np.float64]:
    """Return a quantity of some sections, one after the other."""
    return np.concatenate([section.quantity(name) for section in sections])


def in_order(sections: Sequence[Section]) -> Ints:
    """Return what sorts reports by vessel, time, and place in the feeds."""
    mmsi = np.concatenate([section.mmsi for section in sections])
    time_us = np.concatenate([section.time_us for section in sections])
    if not len(mmsi):
        return np.zeros(0, "int64")
    start_us = int(time_us.min())
    if int(time_us.max()) - start_us < 1 << _TIME_BITS:
        begins = frames.is_first(mmsi)
        vessel = np.searchsorted(np.unique(mmsi[begins]), mmsi[begins])
        size = np.diff(np.r_[np.flatnonzero(begins), len(mmsi)])
        key = np.repeat(vessel, size) << _TIME_BITS | (time_us - start_us)
        # Each file is sorted: NumPy's stable sort merges what it finds in order.
        order = np.argsort(key, kind="stable")
        same = np.diff(key[order]) == 0
    else:
        order = np.lexsort((time_us, mmsi))
        same = (np.diff(mmsi[order]) == 0) & (np.diff(time_us[order]) == 0)
    tied = np.flatnonzero(np.r_[False, same] | np.r_[same, False])
    if len(tied):
        rows = order[tied]
        source, offset = _place_in_feeds(sections, rows)
        run = np.cumsum(np.r_[True, ~same])[tied]
        order[tied] = rows[np.lexsort((offset, source, run))]
    return np.asarray(order, "int64")


def _place_in_feeds(sections: Sequence[Section], rows: Ints) -> tuple[NDArray[np.int32], Ints]:
    """Return rank of the source, and offset in it, of some rows of all sections."""
    asked, first = np.sort(rows), 0
    own = []
    for section in sections:
        low, high = np.searchsorted(asked, [first, first + len(section)]).tolist()
        own.append(asked[low:high] - first)
        first += len(section)
    words, offsets = (
        [
            column
            for section, some in zip(sections, own, strict=True)
            if (column := section.column(name, some)) is not None
        ]
        for name in ("source", "source_offset")
    )
    source = pa.chunked_array(words).unify_dictionaries().combine_chunks()
    rank = ranks(source.dictionary.to_pylist())
    offset = np.concatenate([column.to_numpy() for column in offsets])
    at = np.searchsorted(asked, rows)
    return rank[np.asarray(source.indices)[at]], offset[at]


def rows_of(
    section: Section,
    rows: Ints,
    made: dict[str, NDArray[Any]],
    names: Collection[str] = tuple(JUDGED.names),
) -> pa.Table:
    """Return rows with these columns of `JUDGED`, some made, without those of nulls alone."""
    if not len(rows):
        return JUDGED.empty_table()
    columns: dict[str, pa.Array] = {}
    at = pa.array(rows)
    for field in [JUDGED.field(name) for name in names]:
        if field.name in made:
            values = made[field.name]
            columns[field.name] = pa.array(values, field.type, from_pandas=True)
        elif (column := section.column(field.name)) is not None:
            taken = column.take(at)
            if taken.null_count < len(taken):
                is_word = pa.types.is_dictionary(taken.type)
                columns[field.name] = by_first_use(taken) if is_word else taken
    schema = pa.schema([field for field in JUDGED if field.name in columns])
    return pa.table([columns[name] for name in schema.names], schema=schema)


def verdicts_of(section: Section, rows: Ints, made: dict[str, NDArray[Any]]) -> pa.Table:
    """Return what came of rows of a date's files as `positions.VERDICTS`: `made`, and which rows
    they are.
    """
    places = section.column("row")
    columns: dict[str, Any] = {"mmsi": section.mmsi[rows]}
    columns["row"] = np.zeros(0, "int32") if places is None else np.asarray(places)[rows]
    columns |= {name: values for name, values in made.items() if name in VERDICTS.names}
    held = [field for field in VERDICTS if field.name in columns]
    arrays = [pa.array(columns[field.name], field.type, from_pandas=True) for field in held]
    return pa.table(arrays, schema=pa.schema(held))


def by_first_use(words: pa.DictionaryArray) -> pa.DictionaryArray:
    """Return the same words, in the dictionary those that there are as they come first."""
    codes = np.asarray(words.indices)
    first = np.full(len(words.dictionary), len(codes))
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    used = np.argsort(first)[: np.count_nonzero(first < len(codes))]
    place = np.zeros(len(first), "int32")
    place[used] = np.arange(len(used))
    return pa.DictionaryArray.from_arrays(place[codes], words.dictionary.take(pa.array(used)))


def classes_of(rows: pa.Table) -> pd.Categorical:
    """Return the classes of the sets that sent some rows, as `frames.TRACKED` has them."""
    column = rows["ais_class"].combine_chunks()
    return categorical(column.dictionary.to_pylist(), np.asarray(column.indices))
