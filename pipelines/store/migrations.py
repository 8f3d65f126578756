"""A store made by an older version of the program, brought to this one's tables.

The catalogue carries `schema_version`. Each version has the statements that bring the one before
to it; they are frozen, like a store that is on somebody's disk: what `catalogue.TABLES` says today
is what a new store gets, and a test holds that both come to the same. A migration touches the
catalogue only, never a file of positions.

A writer keeps the store as it was before it changes anything; a reader migrates a copy of its own,
so that it needs no permission to write and never waits. An older program refuses a newer store.
"""

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import duckdb

from pipelines.base.files import copy_file, sha256_of, sync
from pipelines.base.settings import StoreSettings
from pipelines.store import catalogue, flat_evidence, written_parts
from pipelines.store.catalogue import SCHEMA_VERSION, StoreError
from pipelines.store.place import Place
from pipelines.store.sql import statement

MIGRATIONS: Final = {
    3: ("to_3_sighting_files", "to_3_sightings"),
    4: ("to_4_dispositions", "to_4_event_revisions", "to_4_seed_revisions"),
    5: ("to_5_operations",),
    6: ("to_6_coverage_receivers",),
    7: ("to_7_feed_places", "to_7_late_reports", "to_7_disposition_sources"),
    8: ("to_8_evidence", "to_8_evidence_revisions"),
    9: (
        "to_9_flags",
        "to_9_incidents",
        "to_9_derived",
        "to_9_track_state",
        "to_9_track_files",
        "to_9_coverage_lying",
    ),
    10: ("to_10_incidents",),
    11: ("to_11_incidents",),
    12: (),  # files of verdicts, which an older program can't read
}
"""By version: the statements (files of `sql/`) that bring the version before to it."""

OLDEST: Final = min(MIGRATIONS) - 1
"""The oldest version that can be brought to this one."""

KEPT: Final = "before-migration"
"""Folder of the store with stores as they were before a migration."""


def version_of(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the schema version of a catalogue that this program can use or migrate.

    Raises StoreError if a newer version of the program made it, one that is too old, or it says
    none.
    """
    try:
        found = connection.execute("SELECT schema_version FROM meta").fetchall()
    except duckdb.Error as error:
        raise StoreError(
            "the store's catalogue says no version", hint="put catalogue.duckdb back from a copy"
        ) from error
    if len(found) != 1:
        raise StoreError(
            f"the store's catalogue says {len(found)} versions", "put it back from a copy"
        )
    version = int(found[0][0])
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"the store has schema version {version}, this program knows {SCHEMA_VERSION}: a newer "
            "Selat has written to it",
            hint=f"update Selat, or go back to the store as it was before, in the store's {KEPT}",
        )
    if version < OLDEST:
        raise StoreError(
            f"the store has schema version {version}, too old for this program, which brings "
            f"versions from {OLDEST} on to {SCHEMA_VERSION}",
            hint="use the version of Selat that wrote it, or ingest the feeds into a new home",
        )
    return version


def migrate(connection: duckdb.DuckDBPyConnection) -> None:
    """Bring a catalogue to this program's version, step by step, in one transaction."""
    version = version_of(connection)
    if version == SCHEMA_VERSION:
        return
    text = "VARCHAR"
    connection.create_function("evidence_of_flat", flat_evidence.converted, [text, text], text)
    connection.create_function("parts_of_text", written_parts.converted, [text], text)
    connection.begin()
    try:
        for step in range(version + 1, SCHEMA_VERSION + 1):
            for name in MIGRATIONS[step]:
                connection.execute(statement(name))
        connection.execute("UPDATE meta SET schema_version = $v", {"v": SCHEMA_VERSION})
        connection.commit()
    except BaseException:
        with suppress(duckdb.Error):
            connection.rollback()
        raise
    finally:
        connection.remove_function("evidence_of_flat")
        connection.remove_function("parts_of_text")


def migrate_store(
    root: Path, settings: StoreSettings, version: int, named: set[str], place: Place
) -> None:
    """Keep the store as it is, then publish its catalogue in this program's version.

    To be called while the writer lock is held. A crash at any moment leaves the store as it was or
    as it will be.
    """
    published, work = root / "catalogue.duckdb", root / "work.duckdb"
    kept = keep(root, f"schema-{version}", named)
    copy_file(published, work)
    connection = catalogue.connect(work, settings)
    try:
        migrate(connection)
        connection.execute("CHECKPOINT")
    finally:
        connection.close()
    fresh = catalogue.prepare(work, published)
    place.publish(fresh)
    catalogue.swap(fresh, published)
    work.unlink()
    sys.stderr.write(
        f"the store was brought from schema version {version} to {SCHEMA_VERSION}; as it was "
        f"before, it is kept in {kept}\n"
    )


def keep(root: Path, label: str, named: set[str]) -> Path:
    """Keep a store as it is published: a copy of the catalogue, and the same files.

    The files of positions are hard links, so that they take no room and outlive a compaction;
    where the file system has no links the catalogue is kept alone, and its files stay as long as
    they aren't replaced.

    Raises StoreError if the copy of the catalogue isn't what was copied.
    """
    published = root / "catalogue.duckdb"
    digest = sha256_of(published)
    folder = root / KEPT / f"{label}-{digest[:12]}"
    if folder.exists():
        return folder  # a migration that was cut off later on
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    for left_over in folder.parent.glob(".*.unfinished"):
        shutil.rmtree(left_over, ignore_errors=True)
    unfinished.mkdir(parents=True)
    copy = unfinished / published.name
    try:
        copy_file(published, copy)
    except OSError:  # of a full disk, whose last room it has
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    if sha256_of(copy) != digest:
        raise StoreError(
            f"the copy {copy} isn't what was copied", hint="check the disk; nothing was changed"
        )
    sync(copy)
    for name in named:
        target = unfinished / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with suppress(OSError):  # lost, which `check` says, or a file system without links
            os.link(root / name, target)
    unfinished.rename(folder)
    sync(folder.parent)
    return folder
