"""The catalogue: one small DuckDB database that names every Parquet file of the store.

A writer works on a private copy and publishes it by atomic rename; a reader opens the published
file read-only. So a reader sees one generation, whole, and neither ever waits for the other.
DuckDB itself locks a file against readers in other processes while a writer has it open, which
is why the published file is never opened for writing.
"""

import errno
import json
import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

import duckdb

from detectors.core import events, frames
from detectors.core.errors import SelatError
from detectors.kinematics import integrity, tracks
from detectors.surroundings.coverage import CELLS, FEED, LYING, RECEIVERS
from pipelines.base.files import copy_file, lock_within, sync
from pipelines.base.schemas import DISPOSITIONS, FLAGGED, INCIDENTS, OPERATIONS
from pipelines.base.settings import StoreSettings
from pipelines.store.engines import BLOCK_BYTES, engine, limits
from pipelines.store.sql import statement

SCHEMA_VERSION: Final = 12
SNAPSHOT: Final = "store"
"""What the catalogue is called in a reader's connection; the writer's is the connection's own."""
IS_HELD: Final = f"database_name IN ('{SNAPSHOT}', current_database())"
"""SQL: that something is in the catalogue, of either."""
"""Version of the tables below. To change them: raise it, and say in `migrations` how a store of the
version before comes to it."""

KINDS: Final = ("positions", "tracks")
"""Folders of files: reports as received, and as judged."""

_C = frames.Column
TABLES: Final[Mapping[str, Mapping[str, frames.Column]]] = {
    "meta": {
        "schema_version": _C("int64", "", "version of these tables"),
        "simulated": _C("bool", "", "whether every feed in the store is an exercise"),
    },
    "ledger": {
        "feed_key": _C("str", "", "hash of content, area, mapping and decoder version"),
        "sha256": _C("str", "", "hash of the feed file"),
        "name": _C("str", "", "the feed file as the user named it"),
        "first_time": _C(frames.TIME, "UTC", "earliest position report kept"),
        "last_time": _C(frames.TIME, "UTC", "latest position report kept"),
        "report": _C("str", "", "JSON: format, area, counts, rejects by reason with samples"),
    },
    "feed_places": {
        "feed_key": _C("str", "", "a feed of `ledger`"),
        "uri": _C("str", "", "file: URI of where its file was found last"),
    },
    "late_reports": {
        "feed_key": _C("str", "", "a feed that was read again after a run had looked at it"),
        "first_time": _C(frames.TIME, "UTC", "earliest report that may have come to it then"),
    },
    "files": {
        "path": _C("str", "", "Parquet file of positions, relative to the store"),
        "date": _C("str", "", "UTC date of its rows, YYYY-MM-DD"),
        "rows": _C("int64", "", "position reports in it"),
        "bytes": _C("int64", "B", "size of the file"),
        "sha256": _C("str", "", "hash of the file"),
    },
    "file_feeds": {
        "path": _C("str", "", "a file of `files`"),
        "feed_key": _C("str", "", "a feed that rows of it came from"),
        "rows": _C("int64", "", "how many"),
    },
    "superseded": {
        "path": _C("str", "", "a file that is no longer in `files`, kept for older readers"),
        "time": _C(frames.TIME, "UTC", "when it was replaced"),
    },
    "presence": {
        "date": _C("str", "", "UTC date"),
        "mmsi": frames.POSITIONS["mmsi"],
        "feed_key": _C("str", "", "the feed that heard it"),
        "reports": _C("int64", "", "position reports"),
        "first_time": _C(frames.TIME, "UTC", "earliest report of that date"),
        "last_time": _C(frames.TIME, "UTC", "latest report of that date"),
    },
    "statics": {
        **{k: v for k, v in frames.STATICS.items() if k not in {"time"}},
        "date": _C("str", "", "UTC date"),
        "feed_key": _C("str", "", "the feed that said so"),
        "reports": _C("int64", "", "times it said so that day"),
        "first_time": _C(frames.TIME, "UTC", "first time it said so that day"),
        "last_time": _C(frames.TIME, "UTC", "last time it said so that day"),
    },
    "days": {
        "date": _C("str", "", "UTC date whose tracks and coverage are worked out"),
        "input": _C("str", "", "digest of all that its verdicts rest on"),
        "state": _C("str", "", "digest of the state it ended with"),
        "counts": _C("str", "", "JSON: reports, copies, those not sound, clocks put right"),
    },
    "track_files": {
        "date": _C("str", "", "UTC date of its rows"),
        "path": _C("str", "", "Parquet file of judged reports, or of verdicts on those of `files`"),
        "rows": _C("int64", "", "reports in it, copies left out"),
        "bytes": _C("int64", "B", "size of the file"),
        "sha256": _C("str", "", "hash of the file"),
    },
    "track_state": {"date": _C("str", "", "UTC date that it ends"), **integrity.STATE},
    "track_days": {"date": _C("str", "", "UTC date"), **tracks.SUMMARY},
    "coverage_cells": CELLS,
    "coverage_feed": FEED,
    "coverage_receivers": RECEIVERS,
    "coverage_lying": LYING,
    "events": {
        **events.WRITTEN,
        "run_id": _C("str", "", "the run that wrote it last"),
        "first_run_id": _C("str", "", "the run that raised it first"),
        "retracted": _C("bool", "", "whether a later look did not find it again"),
        "supersedes": _C("str", "", "id of the retracted event it replaces, or empty"),
        "reason": _C("str", "", "the sentence that says what happened"),
    },
    "event_revisions": {
        "run_id": _C("str", "", "the run that learned it"),
        **events.WRITTEN,
        "status": _C("str", "", "created, changed or retracted"),
        "supersedes": _C("str", "", "id of the retracted event it replaces, or empty"),
        "reason": _C("str", "", "the sentence that says what happened"),
    },
    "run_events": {
        "run_id": _C("str", "", "the run"),
        **{k: events.EVENTS[k] for k in ("event_id", "score", "start", "end")},
        "status": _C("str", "", "created, changed, unchanged, retracted or not_assessed"),
    },
    "flags": {"run_id": _C("str", "", "the run"), **FLAGGED},
    "incidents": {"run_id": _C("str", "", "the run"), **INCIDENTS},
    "runs": {
        "run_id": _C("str", "", "the run"),
        "ordinal": _C("int64", "", "1 for the store's first run"),
        "start": _C(frames.TIME, "UTC", "start of the window"),
        "end": _C(frames.TIME, "UTC", "end of the window"),
        "state": _C("str", "", "complete or partial"),
        "manifest": _C("str", "", "JSON: the run's manifest"),
    },
    "run_feeds": {
        "run_id": _C("str", "", "the run"),
        "feed_key": _C("str", "", "a feed, or a file of sightings, that was new to it"),
    },
    "sighting_files": {
        "file_key": _C("str", "", "hash of the file's content"),
        "sha256": _C("str", "", "the same, whole"),
        "name": _C("str", "", "the file as the user named it"),
        "first_time": _C(frames.TIME, "UTC", "its earliest sighting"),
        "last_time": _C(frames.TIME, "UTC", "its latest sighting"),
        "report": _C("str", "", "JSON: format, counts, rejects by reason with samples"),
    },
    "sightings": {**frames.SIGHTINGS, "file_key": _C("str", "", "the file that brought it first")},
    "dispositions": DISPOSITIONS,
    "operations": OPERATIONS,
}

_LONG: Final = frozenset({"evidence", "reason", "explanation", "report", "manifest", "counts"})
"""Columns of sentences and JSON, most of what a catalogue holds: compressed as such they take a
quarter of the room that DuckDB's own choice takes, and less CPU to write."""

SPARE_BYTES: Final = 4_000_000
"""So much of a catalogue may be free: to copy it takes some milliseconds, to write the rest anew
took a tenth of a look, with each of them."""

_SQL_TYPES: Final = {
    "int64": "BIGINT",
    "int32": "INTEGER",
    "int16": "SMALLINT",
    "float64": "DOUBLE",
    "float32": "FLOAT",
    "str": "VARCHAR",
    "bool": "BOOLEAN",
    "bytes": "BLOB",
    "object": "BLOB",
    frames.TIME: "TIMESTAMPTZ",
}


class StoreError(SelatError):
    """The store can't do what was asked."""

    exit_code = 4


class StoreBusyError(StoreError):
    """Another process is writing to the store."""

    exit_code = 5


class DiskFullError(StoreError):
    """There is no room left to write to."""


_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def room(root: Path) -> Iterator[None]:
    """Turn the errors of a full disk into one that says so."""
    try:
        yield
    except (OSError, duckdb.Error) as error:
        text = str(error)
        if "max_temp_directory_size" in text:
            raise DiskFullError(
                "sorting needs more disk than the store's temp_limit allows",
                hint="raise store.temp_limit or store.memory_limit in settings.yaml",
            ) from error
        known = getattr(error, "errno", None) in _NO_ROOM
        if not known and not any(os.strerror(number) in text for number in _NO_ROOM):
            raise
        free_mb = shutil.disk_usage(root).free / 1e6
        raise DiskFullError(
            f"no room left to write to the store in {root} ({free_mb:,.0f} MB free)",
            hint="free some space and run the same again; what was published before is intact",
        ) from error


def connect(path: Path, settings: StoreSettings) -> duckdb.DuckDBPyConnection:
    """Return a connection for the writer's private copy, in UTC, within the limits."""
    return _prepared(duckdb.connect(str(path), config=limits(path.parent, settings)))


@contextmanager
def snapshot(path: Path, settings: StoreSettings) -> Iterator[duckdb.DuckDBPyConnection]:
    """Have a read-only connection to a published catalogue, as it is at this moment.

    The file is attached to a database of its own: `duckdb.connect` would hand out the generation
    that this process may already have open under the same name.
    """
    with engine(path.parent, settings) as connection:
        attach(connection, path, SNAPSHOT)
        # Where somebody else has put a function of a name of DuckDB's into it, DuckDB's counts.
        connection.execute(f"SET search_path = 'system.main,{SNAPSHOT}.main'")
        yield _prepared(connection)


def attach(
    connection: duckdb.DuckDBPyConnection, path: Path, name: str, where: Path | str = ""
) -> None:
    """Attach a catalogue to be read; `where` it came from, if elsewhere.

    Raises StoreError if it can't be opened.
    """
    quoted = str(path).replace("'", "''")
    try:
        connection.execute(f"ATTACH '{quoted}' AS {name} (READ_ONLY)")
    except duckdb.Error as error:
        raise unopened(where or path, error) from error


def copied(published: Path, work: Path, settings: StoreSettings) -> duckdb.DuckDBPyConnection:
    """Return a connection to a private copy of a published catalogue; of one that fails nothing
    is left, which would take the last room of a disk that is full.
    """
    try:
        copy_file(published, work)
        return connect(work, settings)
    except BaseException as error:
        work.unlink(missing_ok=True)
        if isinstance(error, duckdb.Error):
            raise unopened(published, error) from error
        raise


def unopened(path: Path | str, error: duckdb.Error, what: str = "opened") -> StoreError:
    """Return what to say of a catalogue that can't be opened, or read."""
    return StoreError(
        f"the catalogue {path} can't be {what}: {str(error).splitlines()[0]}",
        hint="what is in it wasn't looked at: run this as the account that owns it"
        if "Permission denied" in str(error)
        else "put it back from a copy, or move the store and its runs away and ingest again",
    )


def _prepared(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(statement("received"))
    return connection


def create(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables of an empty catalogue, at once: one by one takes twice as long."""
    connection.begin()
    _make_tables(connection, "")
    connection.execute("INSERT INTO meta VALUES ($version, NULL)", {"version": SCHEMA_VERSION})
    connection.commit()


def _make_tables(connection: duckdb.DuckDBPyConnection, into: str) -> None:
    for table, schema in TABLES.items():
        columns = ", ".join(
            f'"{name}" {_SQL_TYPES[c.dtype]}' + " USING COMPRESSION zstd" * (name in _LONG)
            for name, c in schema.items()
        )
        connection.execute(f"CREATE TABLE {into}{table} ({columns})")


def is_wasteful(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether its blocks are larger than ours, or a quarter of it is free and more than is
    copied in less time than the rest takes to be written anew.
    """
    block_bytes, total, free = connection.execute(
        "SELECT block_size, total_blocks, free_blocks FROM pragma_database_size() "
        "WHERE database_name = current_database()"
    ).fetchall()[0]
    wasted = 4 * free > total and free * block_bytes > SPARE_BYTES
    return bool(block_bytes > BLOCK_BYTES or wasted)


def rewrite(connection: duckdb.DuckDBPyConnection, to: Path) -> None:
    """Write all that a catalogue of this version holds into a new file, and nothing else."""
    name = str(to).replace("'", "''")
    connection.execute(f"ATTACH '{name}' AS rewritten (BLOCK_SIZE {BLOCK_BYTES})")
    _make_tables(connection, "rewritten.")
    for table, schema in TABLES.items():
        columns = ", ".join(f'"{column}"' for column in schema)
        connection.execute(f"INSERT INTO rewritten.{table} SELECT {columns} FROM {table}")  # noqa: S608 (names of ours)
    connection.execute("CHECKPOINT rewritten")
    connection.execute("DETACH rewritten")


def prepare(work: Path, published: Path) -> Path:
    """Copy `work` beside `published` and flush it to the disk: the next generation, unseen."""
    fresh = published.with_name(published.name + ".new")
    try:
        copy_file(work, fresh)
        sync(fresh)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    return fresh


def swap(fresh: Path, published: Path) -> None:
    """Make what `prepare` made the generation that readers see."""
    os.replace(fresh, published)  # noqa: PTH105 - the one call whose atomicity everything rests on
    sync(published.parent)


def _opened(path: Path) -> IO[str]:
    """Open a lock, which is cut off and written to, and never what a link in its place leads to."""
    if path.is_symlink():
        raise StoreError(f"{path} is a link", hint="remove it: what is locked is a plain file")
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    return os.fdopen(file, "a+", encoding="utf-8")


@contextmanager
def writer_lock(path: Path, wait_s: float = 0.0) -> Iterator[None]:
    """Hold the store's writer lock; the system frees it when the process dies, however it dies.

    `wait_s`: how long another is waited for.

    Raises StoreBusyError if another process holds it; the message says which.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _opened(path) as handle:
        if not lock_within(handle.fileno(), wait_s):
            handle.seek(0)
            raise StoreBusyError(
                f"another process is writing to this store: {_holder(handle.read())}",
                hint="wait for it to end; readers and notebooks are not held up by it",
            )
        # Who holds it is for the reader of the message; on a full disk it stays unsaid.
        with suppress(OSError):
            os.ftruncate(handle.fileno(), 0)
            holder = json.dumps({"pid": os.getpid(), "host": socket.gethostname()})
            os.write(handle.fileno(), holder.encode())
        yield


def _holder(text: str) -> str:
    try:
        holder = json.loads(text)
        return f"process {holder['pid']} on {holder['host']}"
    except (ValueError, KeyError, TypeError):
        return "unknown process"
