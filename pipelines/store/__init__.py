"""The store: positions in immutable Parquet, everything else in a catalogue that names them.

The only room that imports duckdb; it imports `reference` and `base`. `read` gives a snapshot
that no writer disturbs; `write` gives the one writer. Feeds appear to readers one by one, each
whole; the tracks, events and flags of a run appear together when the run has finished.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pandas as pd

from pipelines.base.files import copy_file
from pipelines.base.settings import StoreSettings
from pipelines.store import catalogue
from pipelines.store.catalogue import SCHEMA_VERSION, DiskFullError, StoreBusyError, StoreError
from pipelines.store.foreign import note_as_ours, refuse_foreign, refuse_foreign_in
from pipelines.store.migrations import migrate, migrate_store, version_of
from pipelines.store.place import Place, place
from pipelines.store.queries import Queries
from pipelines.store.stored import damage_named
from pipelines.store.vessels import Identity
from pipelines.store.writer import Writer, clean, remove_work, writing

__all__ = [
    "RUN_WAIT_S",
    "DiskFullError",
    "Identity",
    "Queries",
    "StoreBusyError",
    "StoreError",
    "Writer",
    "claimed",
    "compact",
    "delete_feed",
    "exists",
    "generation",
    "read",
    "write",
    "writing",
]


RUN_WAIT_S: Final = 15.0
"""How long a run waits for another writer: a conclusion takes under a second, and many desks must
not keep a night from beginning."""


def exists(root: Path, settings: StoreSettings | None = None) -> bool:
    """Return whether a store has been made in this folder, or where its files lie.

    Raises StoreError if files of positions are there, and the catalogue that names them isn't.
    """
    there = bool(generation(root, settings))
    if not there:
        _refuse_orphans(root, place(root, settings or StoreSettings()))
    return there


def generation(root: Path, settings: StoreSettings | None = None) -> tuple[int, ...]:
    """Return what tells the published generation from every other; empty where there is none."""
    place(root, settings or StoreSettings()).pull()
    path = root / "catalogue.duckdb"
    if not path.exists():
        return ()
    stat = path.stat()
    return (stat.st_ino, stat.st_mtime_ns, stat.st_size)


@contextmanager
def read(
    root: Path, settings: StoreSettings | None = None, at: Path | None = None
) -> Iterator[Queries]:
    """Return the newest published generation of the store, read-only; never waits for a writer.

    Or the one `at` a path that the writer let it be seen at (`Publishing.show`).

    One that an older version of the program made is read as it will be once it is migrated.

    Raises StoreError if there is no store, it can't be opened or read, holds what none of ours
    does, or a newer version of the program made it.
    """
    settings = settings or StoreSettings()
    where = place(root, settings)
    if not exists(root, settings):
        raise StoreError(f"no store in {root}", hint="ingest a feed first: selat nightly --feed …")
    published = at or root / "catalogue.duckdb"
    with catalogue.snapshot(published, settings) as connection:
        refuse_foreign_in(connection, published)
        if version_of(connection) == SCHEMA_VERSION:
            with damage_named(published):
                yield Queries(connection, root, where)
            return
    with TemporaryDirectory(prefix="selat-") as folder:
        copy = Path(folder) / published.name
        with _room_to_read(folder):
            copy_file(published, copy)
        refuse_foreign(copy, str(published))
        connection = catalogue.connect(copy, settings)
        try:
            with damage_named(published):
                with _room_to_read(folder):
                    migrate(connection)
                yield Queries(connection, root, where)
        finally:
            connection.close()


@contextmanager
def _room_to_read(folder: str) -> Iterator[None]:
    """Say where room lacks: not on the store's disk."""
    try:
        with catalogue.room(Path(folder)):
            yield
    except DiskFullError as error:
        raise DiskFullError(
            f"no room left in {Path(folder).parent} to read the store of an older version",
            hint="free some there, or let TMPDIR name another folder; the next run migrates the "
            "store, and needs none",
        ) from error


@contextmanager
def claimed(
    root: Path, settings: StoreSettings | None = None, wait_s: float = 0.0
) -> Iterator[Place]:
    """Be the one that may write to the store, here and where its files lie.

    `wait_s`: how long another process of this machine is waited for.

    Raises StoreBusyError if another process or another machine is writing.
    """
    with catalogue.writer_lock(root / "writer.lock", wait_s):
        where = place(root, settings or StoreSettings())
        with where.claim():
            yield where


@contextmanager
def write(
    root: Path, settings: StoreSettings | None = None, wait_s: float = 0.0
) -> Iterator[Writer]:
    """Return the one writer of the store, which is made if there is none.

    `wait_s`: see `claimed`.

    Left-overs of a crash are removed, and superseded files whose grace period is over. A store that
    an older version of the program made is kept as it was, then migrated: see `migrations`.

    Raises
    ------
    StoreBusyError
        If another process, or another machine, is writing.
    StoreError
        If the store can't be opened or be where it is to be, or a newer version of the program made
        it.
    DiskFullError
        If there is no room left.
    """
    settings = settings or StoreSettings()
    if "?" in str(root.absolute()):  # DuckDB takes what is behind it for settings of its own
        raise StoreError(
            f"a store can't be in a folder with a ? in its path: {root.absolute()}",
            hint="rename the folder, or name another home with --home",
        )
    with catalogue.room(_nearest(root)):
        root.mkdir(parents=True, exist_ok=True)
    published = root / "catalogue.duckdb"
    with claimed(root, settings, wait_s) as where, damage_named(published):
        remove_work(root)
        first = where.adopt()
        with catalogue.room(root):
            if not published.exists():
                _make(root, settings, where)
            work = root / "work.duckdb"
            refuse_foreign(published)
            connection = catalogue.copied(published, work, settings)
            try:
                version = version_of(connection)
                named = Queries(connection, root).named()
                if first:
                    for name in sorted(named):
                        where.keep(root / name)
                    where.publish(published)
                clean(root, where, named)
                if version < SCHEMA_VERSION:
                    connection.close()
                    migrate_store(root, settings, version, named, where)
                    connection = catalogue.copied(published, work, settings)
            except BaseException:
                connection.close()
                remove_work(root)
                raise
        writer = Writer(connection, root, settings, where)
        try:
            writer.expire()
            yield writer
        finally:
            writer.close()


def _make(root: Path, settings: StoreSettings, where: Place) -> None:
    _refuse_orphans(root, where)
    work = root / "work.duckdb"
    connection = catalogue.connect(work, settings)
    catalogue.create(connection)
    connection.execute("CHECKPOINT")
    connection.close()
    fresh = catalogue.prepare(work, root / "catalogue.duckdb")
    where.publish(fresh)
    catalogue.swap(fresh, root / "catalogue.duckdb")
    note_as_ours(root / "catalogue.duckdb")
    remove_work(root)


def _refuse_orphans(root: Path, where: Place) -> None:
    """Raise StoreError if files of positions are there, which no catalogue names."""
    names = [name for name in where.sizes() if name.startswith("positions/")]
    orphans = sum(name.endswith(".parquet") for name in names)
    if orphans:
        raise StoreError(
            f"the catalogue of the store in {root} is gone, but {orphans:,} files of positions "
            "are there",
            hint="put catalogue.duckdb back, or move the store and its runs away, and ingest",
        )


def _nearest(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def compact(
    root: Path,
    settings: StoreSettings | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Merge the small files of each UTC date into one, and remove what is past its grace period.

    `progress`: called with (dates done, dates in all).

    Returns dates that were merged: date, files (before), bytes_before, bytes, rows.
    """
    with write(root, settings) as writer:
        before = writer.files_by_date().set_index("date")
        for done, date in enumerate(before.index, 1):
            writer.compact(date)
            if progress:
                progress(done, len(before))
        after = writer.files_by_date().set_index("date")
        writer.expire()
    merged = before[before["files"] > 1]
    table = merged.rename(columns={"bytes": "bytes_before"}).join(after[["bytes"]])
    return table.reset_index()[["date", "files", "bytes_before", "bytes", "rows"]]


def delete_feed(root: Path, *feed_keys: str, settings: StoreSettings | None = None) -> None:
    """Remove all that some feeds declared, and nothing else; see `Writer.delete_feed`."""
    with write(root, settings) as writer:
        writer.delete_feed(*feed_keys)
