"""One generation of the store held fast, for a copy that is whole while others write on."""

from dataclasses import dataclass
from pathlib import Path

from pipelines.base.files import copy_file
from pipelines.base.settings import StoreSettings
from pipelines.store import catalogue
from pipelines.store.catalogue import TABLES
from pipelines.store.foreign import refuse_foreign, refuse_foreign_in
from pipelines.store.migrations import version_of
from pipelines.store.place import place
from pipelines.store.queries import Queries
from pipelines.store.stored import damage_named


@dataclass(frozen=True)
class PinnedFile:
    """A file of positions: its name relative to the store, and what the catalogue says of it."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Pinned:
    """A generation of the store.

    `files`: the immutable files that it names and that no later generation has replaced for it.
    """

    files: tuple[PinnedFile, ...]
    run_ids: tuple[str, ...]
    schema_version: int
    simulated: bool | None


def pin(root: Path, copy: Path, settings: StoreSettings) -> Pinned:
    """Copy the published catalogue, read all of it, and say what it names.

    A writer publishes by renaming a new file into place, so that what is copied here is one
    generation, whole, whatever is published meanwhile. The files that it names stay for the grace
    period after they are replaced.

    Raises StoreError if any of it is damaged: DuckDB reads, and copies, what nobody asks for
    unlooked at.
    """
    where = place(root, settings)
    where.pull()
    copy_file(root / "catalogue.duckdb", copy)
    with catalogue.snapshot(copy, settings) as connection:
        refuse_foreign_in(connection, root / "catalogue.duckdb")
        version = version_of(connection)
        store = Queries(connection, root)
        with damage_named(root / "catalogue.duckdb"):
            files = store.contents().to_dict("records")
            named = [PinnedFile(**{str(k): v for k, v in file.items()}) for file in files]
            runs = store.sql("SELECT run_id FROM runs ORDER BY ordinal")["run_id"]
            held = store.columns()
            for table in TABLES:
                if table in held:  # an older store lacks some
                    store.read_whole(table)
            return Pinned(tuple(named), tuple(map(str, runs)), version, store.simulated)


def fetch(root: Path, settings: StoreSettings, files: tuple[PinnedFile, ...]) -> None:
    """Have pinned files in the store's folder, if they lie elsewhere."""
    place(root, settings).fetch({file.path: (file.bytes, file.sha256) for file in files})


def forget_superseded(root: Path, settings: StoreSettings) -> None:
    """Publish a catalogue without the replaced files that only older readers had need of.

    Raises StoreError if it isn't one that Selat made.
    """
    work, published = root / "work.duckdb", root / "catalogue.duckdb"
    with catalogue.writer_lock(root / "writer.lock"):
        refuse_foreign(published)
        copy_file(published, work)
        connection = catalogue.connect(work, settings)
        try:
            connection.execute("DELETE FROM superseded")
            connection.execute("CHECKPOINT")
        finally:
            connection.close()
        catalogue.swap(catalogue.prepare(work, published), published)
        work.unlink()
