"""The store: positions in immutable Parquet, everything else in a catalogue that names them.

The only package that imports duckdb. `read` gives a snapshot that no writer disturbs; `write`
gives the one writer. Feeds appear to readers one by one, each whole; the tracks, events and flags
of a run appear together when the run has finished.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.settings import StoreSettings
from pipelines.store import catalogue
from pipelines.store.catalogue import StoreBusyError, StoreError
from pipelines.store.queries import Queries
from pipelines.store.writer import Writer, clean

__all__ = ["Queries", "StoreBusyError", "StoreError", "Writer", "exists", "read", "write"]


def exists(root: Path) -> bool:
    """Whether a store has been made in this folder."""
    return (root / "catalogue.duckdb").exists()


@contextmanager
def read(root: Path, settings: StoreSettings | None = None) -> Iterator[Queries]:
    """The newest published generation of the store, read-only; never waits for a writer.

    Raises
    ------
    StoreError
        If there is no store, or its version isn't this program's.
    """
    if not exists(root):
        raise StoreError(f"no store in {root}", hint="ingest a feed first: selat nightly --feed …")
    settings = settings or StoreSettings()
    connection = catalogue.connect(root / "catalogue.duckdb", settings, read_only=True)
    try:
        catalogue.check_version(connection)
        yield Queries(connection, root)
    finally:
        connection.close()


@contextmanager
def write(root: Path, settings: StoreSettings | None = None) -> Iterator[Writer]:
    """The one writer of the store, which is made if there is none.

    Raises
    ------
    StoreBusyError
        If another process is writing.
    StoreError
        If the store's version isn't this program's.
    """
    settings = settings or StoreSettings()
    root.mkdir(parents=True, exist_ok=True)
    with catalogue.writer_lock(root / "writer.lock"):
        work, published = root / "work.duckdb", root / "catalogue.duckdb"
        for leftover in root.glob("work.duckdb*"):
            leftover.unlink()
        if not published.exists():
            connection = catalogue.connect(work, settings, read_only=False)
            catalogue.create(connection)
            connection.close()
            catalogue.publish(work, published)
        else:
            shutil.copyfile(published, work)
        connection = catalogue.connect(work, settings, read_only=False)
        catalogue.check_version(connection)
        clean(root, connection)
        connection.close()
        writer = Writer(root, settings)
        try:
            yield writer
        finally:
            writer.close()
