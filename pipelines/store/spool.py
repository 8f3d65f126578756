"""Judged reports of a look, kept by vessel in a file without a name: read again part by part.

A look in parts reads what a vessel reported several times, once for each kind of part. What it
costs to find the rows of a vessel in the files of several dates, and to bring them in order, is
paid once: here they lie by track and time, in whole numbers as `positions` has them, so that a part
is read by copying stretches. Nothing of it stays in memory, or on the disk once it is closed.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile, gettempdir
from types import TracebackType
from typing import IO, Any, Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import union_categoricals

from detectors.core import frames
from detectors.core.arrays import Ints
from detectors.kinematics import timegrid
from detectors.kinematics.integrity import Segmented
from pipelines.store.arrow import categorical
from pipelines.store.catalogue import room
from pipelines.store.judged_files import Within
from pipelines.store.positions import GRIDS

_WORDS: Final = tuple(n for n, c in frames.TRACKED.items() if c.dtype == "category")
_TEXTS: Final = tuple(n for n, c in frames.NOISE.items() if c.dtype == "str")
_MADE: Final = ("mmsi", "track_id")
"""Made of whose stretch a row is in, and of its hull."""


@dataclass(frozen=True)
class _Column:
    """Where a column begins in the file, its type, and units per one: 0 where as it is."""

    at: int
    dtype: np.dtype[Any]
    per_unit: int = 0


@dataclass
class _Chunk:
    """Some vessels: of each its number of rows, in order, and where their columns are; their noise
    by vessel, and where in it each begins.
    """

    mmsi: Ints
    counts: Ints
    noise: pd.DataFrame
    aside: Ints
    columns: dict[str, _Column] = field(default_factory=dict)


class Spool:
    """Tracks and noise of vessels, to be added in the order of their MMSIs and read in any parts.

    `folder`: where its file lies; where nothing can be written there, it is among the system's
    temporary files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._file = file_in(folder)
        self._end = 0
        self._chunks: list[_Chunk] = []
        self._words: dict[str, dict[str, int]] = {name: {} for name in _WORDS}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # of a full disk, which was told: what is left can't be written
            self._file.close()

    def add(self, found: Segmented) -> None:
        """Keep the reports of some vessels, whose MMSIs are above those of all before."""
        tracked = found.tracked
        mmsi = tracked["mmsi"].to_numpy()
        bounds = frames.offsets(mmsi)
        noise = found.noise.astype(dict.fromkeys(_TEXTS, "category"))
        aside = frames.offsets(noise["mmsi"].to_numpy())
        chunk = _Chunk(mmsi[bounds[:-1]], np.diff(bounds), noise, aside)
        hull = tracked["track_id"].to_numpy() - mmsi * 100
        chunk.columns["hull"] = self._written(hull.astype("uint8"))
        for name in tracked.columns.difference(list(_MADE)):
            chunk.columns[name] = self._kept(name, tracked[name])
        self._chunks.append(chunk)

    def _kept(self, name: str, values: pd.Series) -> _Column:
        if name == "time":
            return self._written(frames.epoch_us(values))
        if name in _WORDS:
            known = self._words[name]
            own = [known.setdefault(word, len(known)) for word in values.cat.categories]
            return self._written(np.asarray(own, "int32")[values.cat.codes.to_numpy()])
        plain = values.to_numpy()
        for per_unit, kind in GRIDS.get(name, ()):
            whole = _whole(plain, per_unit, np.dtype(kind.to_pandas_dtype()))
            if whole is not None:
                return self._written(whole, per_unit)
        return self._written(plain)

    def _written(self, values: NDArray[Any], per_unit: int = 0) -> _Column:
        column = _Column(self._end, values.dtype, per_unit)
        with room(self._folder):
            self._file.seek(self._end)
            self._file.write(np.ascontiguousarray(values).data)
            self._file.flush()
        self._end += -(-values.nbytes // 8) * 8
        return column

    def segmented(
        self,
        need: pd.DataFrame,
        end: pd.Timestamp,
        columns: Collection[str] = tuple(frames.TRACKED),
        within: Within | None = None,
    ) -> Segmented:
        """Return what is kept of the vessels in `need`, as `Queries.segmented` does."""
        wanted = need["mmsi"].to_numpy("int64")
        parts = [_Part.of(chunk, wanted) for chunk in self._chunks]
        parts = [part for part in parts if len(part.mmsi)]
        if within is not None:
            parts = [part.within(within, self._read(part, "time")) for part in parts]
        made: dict[str, Any] = {}
        mmsi = np.concatenate([part.mmsi for part in parts] or [np.zeros(0, "int64")])
        for name in (name for name in frames.TRACKED if name in columns):
            if name == "mmsi":
                made[name] = mmsi
            elif name == "track_id":
                made[name] = mmsi * 100 + self._column(parts, "hull", "int64")
            elif name == "time":
                made[name] = frames.from_epoch_us(self._column(parts, name, "int64"))
            elif name in _WORDS:
                made[name] = categorical(
                    list(self._words[name]), self._column(parts, name, "int32")
                )
            else:
                made[name] = self._column(parts, name, frames.TRACKED[name].dtype)
        schema = {name: frames.TRACKED[name] for name in made}
        tracked = frames.conform(pd.DataFrame(made, copy=False), schema)
        return Segmented(tracked, self._noise(wanted, within))

    def _column(self, parts: Sequence["_Part"], name: str, dtype: str) -> NDArray[Any]:
        out = np.empty(sum(len(part.mmsi) for part in parts), dtype)
        done = 0
        for part in parts:
            own = out[done : done + len(part.mmsi)]
            own[:] = self._read(part, name)
            if per_unit := part.chunk.columns[name].per_unit:
                absent = own == _absent(part.chunk.columns[name].dtype)
                own /= per_unit
                own[absent] = np.nan
            done += len(own)
        return out

    def _read(self, part: "_Part", name: str) -> NDArray[Any]:
        column, n = part.chunk.columns[name], int(part.chunk.counts.sum())
        # Mapped for no longer than it is read, so that it doesn't count as held.
        there = np.memmap(self._file, column.dtype, "r", column.at, (n,))
        return np.asarray(there)[part.rows]

    def _noise(self, wanted: Ints, within: Within | None) -> pd.DataFrame:
        parts = [part for chunk in self._chunks if len(part := _noise_of(chunk, wanted, within))]
        if not parts:
            return frames.empty(frames.NOISE)
        made: dict[str, Any] = {}
        for name in frames.NOISE:
            columns = [part[name].array for part in parts]
            if name in _TEXTS:
                columns = [words.categories.array.take(words.codes) for words in columns]
                made[name] = pd.concat([pd.Series(texts) for texts in columns], ignore_index=True)
            elif name in _WORDS:
                made[name] = union_categoricals(columns, sort_categories=True)
            else:
                made[name] = pd.concat([part[name] for part in parts], ignore_index=True)
        return frames.conform(pd.DataFrame(made, copy=False), frames.NOISE)


def _noise_of(chunk: _Chunk, wanted: Ints, within: Within | None) -> pd.DataFrame:
    first, count = chunk.aside[:-1], np.diff(chunk.aside)
    mine = np.isin(chunk.noise["mmsi"].to_numpy()[first], wanted)
    own = chunk.noise
    if not mine.all():
        own = own.take(timegrid.ranges(first[mine], count[mine])[1])
    if within is not None and len(own):
        own = own[within.holds(own["mmsi"].to_numpy(), frames.epoch_us(own["time"]))]
    return own


@dataclass(frozen=True)
class _Part:
    """Some rows of a chunk, and whose they are."""

    chunk: _Chunk
    rows: Ints | slice
    mmsi: Ints

    @classmethod
    def of(cls, chunk: _Chunk, wanted: Ints) -> "_Part":
        mine = np.isin(chunk.mmsi, wanted)
        if mine.all():  # mostly: what is read by ranges of vessels was kept so
            return cls(chunk, slice(None), np.repeat(chunk.mmsi, chunk.counts))
        first = np.cumsum(chunk.counts) - chunk.counts
        _, rows = timegrid.ranges(first[mine], chunk.counts[mine])
        return cls(chunk, rows, np.repeat(chunk.mmsi[mine], chunk.counts[mine]))

    def within(self, times: Within, time_us: Ints) -> "_Part":
        kept = np.flatnonzero(times.holds(self.mmsi, time_us))
        rows = kept if isinstance(self.rows, slice) else self.rows[kept]
        return _Part(self.chunk, rows, self.mmsi[kept])


def file_in(folder: Path) -> tuple[Path, IO[bytes]]:
    """Return a file without a name, and where it lies."""
    with suppress(OSError):
        return folder, TemporaryFile(dir=folder)
    return Path(gettempdir()), TemporaryFile()


def _absent(dtype: np.dtype[Any]) -> int:
    """Return the whole number that stands for none."""
    return int(np.iinfo(dtype).max)


def _whole(values: NDArray[np.float64], per_unit: int, dtype: np.dtype[Any]) -> NDArray[Any] | None:
    """Return values as so many units, if that gives each back bit for bit; else None."""
    known = ~np.isnan(values)
    whole = np.where(known, np.rint(values * per_unit), float(_absent(dtype)))
    about = np.iinfo(dtype)
    fits = (whole >= about.min) & (whole < about.max)
    if not np.array_equal(known, fits & (whole / per_unit == values)):
        return None
    return whole.astype(dtype)
