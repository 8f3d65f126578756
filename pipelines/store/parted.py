"""Reports of some spans of time, to be read by ranges of vessels: from the files, each read once.

Of one date there are many files, and each holds all vessels. Who works on a range of them at a time
would decode most of every file once for each range. So where there are several, what belongs to
each is laid down as it is in a file without a name, and read from there.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

import numpy as np
import pandas as pd
import pyarrow as pa

from detectors.core.arrays import Ints
from pipelines.store.catalogue import room
from pipelines.store.groups import Group
from pipelines.store.positions import JUDGED, times_us
from pipelines.store.sections import FOREVER, Section, groups_in
from pipelines.store.spool import file_in

Vessels = tuple[int, int]

ALL_NAMES: Final = (*JUDGED.names, "station", "row")
"""Columns of judged reports, who heard each, by which clocks are told, and the places of their rows
in the files."""
_ALIGNED: Final = 64
"""Arrow reads what begins at a multiple of so many bytes where it is."""


class Parted:
    """Reports by span and range of vessels.

    Parameters
    ----------
    folder
        Where its file lies.
    ranges
        Of MMSIs, in order, each from its first on and below its second.
    names
        The columns that are asked for: no others are laid down.
    """

    def __init__(
        self, folder: Path, ranges: Sequence[Vessels], names: Collection[str] = ALL_NAMES
    ) -> None:
        self._ranges, self._names = ranges, list(names)
        self._spans: list[tuple[pd.Timestamp, pd.Timestamp]] = []
        self._files: list[Collection[str]] = []
        self._kept: list[dict[Vessels, list[Group]]] = []
        self._folder = folder
        self._file: IO[bytes] | None = None
        if len(ranges) > 1:
            self._folder, self._file = file_in(folder)
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        if self._file:
            with suppress(OSError):  # of a full disk, which was told
                self._file.close()

    def add(
        self, files: Collection[str], since: pd.Timestamp, until: pd.Timestamp = FOREVER
    ) -> None:
        """Add a span, from `since` to before `until`, with the files that hold it."""
        self._spans.append((since, until))
        self._files.append(files)
        self._kept.append({vessels: [] for vessels in self._ranges})
        if not self._file or not files:
            return
        whole = self._ranges[0][0], self._ranges[-1][1]
        for group in groups_in(files, whole, since, until):
            # What lies beside others is put in order as it is read: of these only what is inside.
            rows = group.read(self._names if group.beside is None else ["time"])
            time_us = times_us(rows)
            inside = (time_us >= since.value // 1_000) & (time_us < until.value // 1_000)
            if group.beside:
                rows = group.beside.read(self._names, np.flatnonzero(inside))
            elif not inside.all():
                rows = rows.filter(pa.array(inside))
            mmsi = np.asarray(rows["mmsi"])  # in order: a file is sorted by vessel
            for vessels in self._ranges:
                first, last = np.searchsorted(mmsi, vessels).tolist()
                if first < last:
                    self._kept[-1][vessels].append(self._written(rows.slice(first, last - first)))

    def sections(self, vessels: Vessels, only: Ints | None = None) -> tuple[Section, ...]:
        """Return the spans, of one of the ranges or of some vessels in it `only`."""
        return tuple(
            Section(
                kept[vessels] if self._file else groups_in(files, vessels, *span),
                vessels,
                *span,
                only,
            )
            for kept, files, span in zip(self._kept, self._files, self._spans, strict=True)
        )

    def _written(self, rows: pa.Table) -> Group:
        assert self._file is not None  # noqa: S101  # else nothing is kept
        made = pa.BufferOutputStream()
        with pa.ipc.new_stream(made, rows.schema) as stream:
            stream.write_table(rows.combine_chunks())
        text = made.getvalue()
        at, size, file = self._end, text.size, self._file
        with room(self._folder):
            file.seek(at)
            file.write(text)
            file.flush()
        self._end += -(-size // _ALIGNED) * _ALIGNED

        def read(names: list[str]) -> pa.Table:
            # Mapped for no longer than it is read, so that it doesn't count as held.
            there = np.memmap(file, np.uint8, "r", at, (size,))
            table = pa.ipc.open_stream(pa.py_buffer(there)).read_all()
            return table.select([name for name in names if name in table.column_names])

        return Group(read)
