"""What one feed adds to the store: files of positions, and sums of what they and statics say."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from detectors.core import frames
from detectors.core.frames import DAY_US
from pipelines.base.files import copy_file, sha256_of, sync
from pipelines.store import positions, verdict_files
from pipelines.store.arrow import to_frame, to_table
from pipelines.store.catalogue import TABLES, StoreError, room
from pipelines.store.place import Place

FLUSH_ROWS: Final = 1_000_000
"""Rows held before they are written; bounds the memory of an ingest (about 250 bytes a row while
they are sorted). More isn't faster, and compaction joins the files."""

_SUM_ROWS: Final = 100_000
"""Rows of presence or static data that are held before they are summed."""

_PRESENT: Final = ["day", "feed_key", "mmsi"]
_STATED: Final = [
    *(n for n in frames.STATICS if n not in {"time", "source_offset"}),
    "day",
    "feed_key",
]

_SUMMED: Final = {
    "reports": "sum",
    "first_time": "min",
    "last_time": "max",
    "source_offset": "min",
}


class Batch(Protocol):
    """Part of a feed, decoded.

    It may also have `native`, the same positions as `positions.adopt` takes them.
    """

    @property
    def positions(self) -> pd.DataFrame:
        """`frames.POSITIONS`."""

    @property
    def statics(self) -> pd.DataFrame:
        """`frames.STATICS`."""


class NewFiles:
    """Files of positions being added to a store, and the rows of the catalogue that name them."""

    def __init__(self, root: Path, place: Place) -> None:
        self._root, self._place = root, place
        self._files: list[dict[str, Any]] = []
        self._feeds: list[dict[str, Any]] = []
        self._flushed: set[str] = set()

    def write(
        self,
        date: str,
        stem: str,
        rows: "pa.Table | Iterable[pa.RecordBatch]",
        kind: str = "positions",
    ) -> dict[str, Any]:
        """Write sorted rows of a date to a new file, flushed to the disk; returns its entry.

        `kind` is one of `place.KINDS`.
        """
        entry, path = self._begin(date, stem, kind)
        schema = positions.SCHEMA
        if kind == "tracks":
            named = isinstance(rows, pa.Table)
            schema = verdict_files.schema_of(rows) if named else positions.JUDGED
        entry["rows"], entry["sha256"] = positions.write(path, rows, schema)
        return self._end(entry, path)

    def take(self, date: str, stem: str, source: Path, kind: str) -> dict[str, Any]:
        """Take a file that `positions.write` wrote elsewhere; returns its entry."""
        entry, path = self._begin(date, stem, kind)
        _link(source, path)
        entry["rows"] = pq.read_metadata(path).num_rows
        entry["sha256"] = sha256_of(path)
        return self._end(entry, path)

    def _begin(self, date: str, stem: str, kind: str) -> tuple[dict[str, Any], Path]:
        folder = self._root / kind / f"date={date}"
        path = _unused(folder, stem)
        # Named before it is written, so that `discard` finds it however the writing ends.
        entry: dict[str, Any] = {"path": str(path.relative_to(self._root)), "date": date}
        self._files.append(entry)
        if not folder.exists():
            folder.mkdir(parents=True)
            sync(folder.parent)
            # Once is enough, but who was killed before this may have made it and not flushed it.
            if kind not in self._flushed:
                sync(folder.parent.parent)
                self._flushed.add(kind)
        return entry, path

    def _end(self, entry: dict[str, Any], path: Path) -> dict[str, Any]:
        sync(path)
        sync(path.parent)
        entry["bytes"] = path.stat().st_size
        self._place.keep(path)
        return entry

    def link(self, date: str, source: Path, rows: int, sha256: str) -> dict[str, Any]:
        """Take a file of another store, which never changes; returns its entry."""
        entry, path = self._begin(date, source.stem, "positions")
        _link(source, path)
        entry |= {"rows": rows, "bytes": path.stat().st_size, "sha256": sha256}
        return entry

    def holds(self, entry: dict[str, Any], rows_of_feed: dict[str, int]) -> None:
        """Say how many rows of each feed a written file holds."""
        for feed_key, rows in rows_of_feed.items():
            self._feeds.append({"path": entry["path"], "feed_key": feed_key, "rows": rows})

    def discard(self) -> None:
        """Remove what was written."""
        for entry in self._files:
            (self._root / entry["path"]).unlink(missing_ok=True)
            with suppress(StoreError):  # a left-over then, which the next writer removes
                self._place.remove(entry["path"])

    @property
    def files(self) -> pd.DataFrame:
        """Rows of the table `files`."""
        return pd.DataFrame(self._files, columns=list(TABLES["files"]))

    @property
    def file_feeds(self) -> pd.DataFrame:
        """Rows of the table `file_feeds`."""
        return pd.DataFrame(self._feeds, columns=list(TABLES["file_feeds"]))


def _link(source: Path, path: Path) -> None:
    try:
        path.hardlink_to(source)
    except OSError:  # of another file system, or one without links
        copy_file(source, path)


def _unused(folder: Path, stem: str) -> Path:
    """Return a file that isn't there: one of the same name may still be kept for readers."""
    path, number = folder / f"{stem}.parquet", 1
    while path.exists():
        number += 1
        path = folder / f"{stem}~{number}.parquet"
    return path


class SummedFiles(NewFiles):
    """Files of reports, and sums of who was heard in them and of what vessels stated."""

    def __init__(self, root: Path, place: Place) -> None:
        super().__init__(root, place)
        self._rows = 0
        self._presence, self._statics = _Sums(_PRESENT), _Sums(_STATED)

    @property
    def presence(self) -> pd.DataFrame:
        """Per date and vessel: reports, first and last time."""
        return _dated(self._presence.total(), "presence")

    @property
    def statics(self) -> pd.DataFrame:
        """Static data, one row per date and content."""
        return _dated(self._statics.total(), "statics")


class FeedParts(SummedFiles):
    """The files and sums of one feed while it is read."""

    def __init__(self, root: Path, place: Place, feed_key: str) -> None:
        super().__init__(root, place)
        self._feed_key = feed_key
        self._held: list[pa.Table] = []

    def add(self, batch: Batch) -> None:
        """Take in a batch; writes files when enough is held."""
        # Whole numbers as AIS sends them, if that is what the decoder gives.
        native = getattr(batch, "native", None)
        if native is None:
            rows = positions.encode(batch.positions, self._feed_key)
        else:
            rows = positions.adopt(native, self._feed_key)
        if len(rows):
            self._held.append(rows)
            self._rows += len(rows)
        if len(batch.statics):
            frames.validate(batch.statics, frames.STATICS)
            day = frames.epoch_us(batch.statics["time"]) // DAY_US
            said = {"day": day, "feed_key": self._feed_key, **_once(batch.statics)}
            self._statics.add(batch.statics.assign(**said))
        if self._rows >= FLUSH_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write what is held: one file per UTC date, sorted by vessel and time."""
        held, self._held, self._rows = self._held, [], 0
        if not held:
            return
        with room(self._root):
            for day, rows in positions.sorted_by_day(held):
                stem = f"{self._feed_key}-{len(self._files):04d}"
                entry = self.write(date_of(day), stem, rows)
                self.holds(entry, {self._feed_key: entry["rows"]})
                self._presence.add(_presence(day, rows, self._feed_key))

    @property
    def span(self) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
        """First and last time of its reports of positions; None where there is none."""
        sums = self._presence.total()
        return (None, None) if sums.empty else (sums["first_time"].min(), sums["last_time"].max())

    def given(self) -> dict[int, pa.Table] | None:
        """Return what is held, by day and sorted; None where some of it is written already."""
        if self._files:
            return None
        held, self._held, self._rows = self._held, [], 0
        given = dict(positions.sorted_by_day(held)) if held else {}
        for day, rows in given.items():
            self._presence.add(_presence(day, rows, self._feed_key))
        return given


class Gathered(SummedFiles):
    """What some small feeds add together: a file for each UTC date, and their sums."""

    def __init__(self, root: Path, place: Place) -> None:
        super().__init__(root, place)
        self.entries: dict[str, dict[str, Any]] = {}
        self.places: dict[str, Path] = {}
        self.simulated: bool | None = None
        self._days: dict[int, list[pa.Table]] = {}

    def add(self, parts: FeedParts) -> bool:
        """Take in what a feed holds; tell whether none of it was written."""
        given = parts.given()
        if given is None:
            return False
        for day, rows in given.items():
            self._days.setdefault(day, []).append(rows)
            self._rows += len(rows)
        self._presence.take(parts._presence)
        self._statics.take(parts._statics)
        return True

    @property
    def full(self) -> bool:
        """Tell whether they hold as many reports as a large feed does when it is written."""
        return self._rows >= FLUSH_ROWS

    def write_all(self) -> None:
        """Write the files."""
        with room(self._root):
            for day, parts in sorted(self._days.items()):
                counts = {str(rows["feed_key"][0]): len(rows) for rows in parts}
                for _, rows in positions.sorted_by_day(parts):
                    entry = self.write(date_of(day), f"{min(counts)}-with-{len(counts) - 1}", rows)
                    self.holds(entry, counts)


class _Sums:
    """Rows that are summed by `keys`: now and then, so that memory is bounded by the sums' size,
    and of little once.
    """

    def __init__(self, keys: list[str]) -> None:
        self._keys = keys
        self._parts: list[pd.DataFrame] = []
        self._rows, self._limit = 0, _SUM_ROWS
        self._summed = True

    def add(self, rows: pd.DataFrame) -> None:
        self._parts.append(rows)
        self._rows += len(rows)
        self._summed = False
        if self._rows > self._limit:
            self.total()

    def take(self, others: "_Sums") -> None:
        """Take in what others took in."""
        for rows in others._parts:
            self.add(rows)

    def total(self) -> pd.DataFrame:
        if not self._summed:
            self._parts = [_summed(pd.concat(self._parts), self._keys)]
            self._rows, self._summed = len(self._parts[0]), True
            self._limit = max(_SUM_ROWS, 2 * self._rows)
        return self._parts[0] if self._parts else pd.DataFrame()


def _once(statics: pd.DataFrame) -> dict[str, Any]:
    return {"reports": 1, "first_time": statics["time"], "last_time": statics["time"]}


def _summed(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return rows summed by some columns, in no order."""
    # By Arrow: of the few hundred rows of a quarter of an hour it takes a third of the time.
    sums = [(name, how) for name, how in _SUMMED.items() if name in rows.columns]
    table = to_table(rows[[*keys, *(name for name, _ in sums)]])
    found = table.group_by(keys, use_threads=False).aggregate(sums)
    named = {f"{name}_{how}": name for name, how in sums}
    return to_frame(found.rename_columns([named.get(n, n) for n in found.column_names]))


def _presence(day: int, rows: pa.Table, feed_key: str) -> pd.DataFrame:
    mmsi, time = np.asarray(rows["mmsi"]).astype("int64"), positions.times_us(rows)
    bounds = frames.offsets(mmsi)
    first, last = bounds[:-1], bounds[1:] - 1
    return pd.DataFrame(
        {
            "day": day,
            "feed_key": feed_key,
            "mmsi": mmsi[first],
            "reports": np.diff(bounds),
            "first_time": frames.from_epoch_us(time[first]),
            "last_time": frames.from_epoch_us(time[last]),
        }
    )


def _dated(sums: pd.DataFrame, table: str) -> pd.DataFrame:
    if sums.empty:
        return frames.empty(TABLES[table])
    known, place = np.unique(sums["day"].to_numpy(), return_inverse=True)
    dates = np.array([date_of(int(day)) for day in known], dtype=object)
    dated: pd.DataFrame = sums.assign(date=pd.Series(dates[place], sums.index, dtype="str"))
    return frames.select(dated, TABLES[table])


def date_of(day: int) -> str:
    """Return YYYY-MM-DD of a number of days since 1970.

    >>> date_of(20458)
    '2026-01-05'
    """
    return str(np.datetime64(day, "D"))
