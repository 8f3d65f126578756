"""A private copy of the catalogue, and how it is published: whole or not at all.

Order of effects, so that a crash at any moment followed by a rerun gives the same store: Parquet
files first, flushed to disk; then one transaction on the private copy of the catalogue that names
them; then the copy is published by rename.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath
from typing import Any, Final

import duckdb
import pandas as pd

from detectors.core import frames
from pipelines.base.files import copy_file
from pipelines.base.settings import StoreSettings
from pipelines.store import catalogue
from pipelines.store.arrow import to_table
from pipelines.store.catalogue import TABLES, DiskFullError, StoreError, room
from pipelines.store.feeds import NewFiles
from pipelines.store.foreign import note_as_ours
from pipelines.store.place import Place
from pipelines.store.queries import Queries
from pipelines.store.writer.leftovers import remove_work

KEY_OF: Final = {"ledger": "feed_key", "sighting_files": "file_key"}
"""The column of keys of the tables of what was taken in."""


class Publishing(Queries):
    """A catalogue being changed."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        root: Path,
        settings: StoreSettings,
        place: Place,
    ) -> None:
        self._work = root / "work.duckdb"
        self._published = root / "catalogue.duckdb"
        self._settings = settings
        self._publishes = 0
        self._held = self._owed = self._lost = False
        super().__init__(connection, root, place)

    def _open(self) -> duckdb.DuckDBPyConnection:
        return catalogue.connect(self._work, self._settings)

    def close(self) -> None:
        """Close the private copy; what wasn't published is forgotten."""
        self._connection.close()
        remove_work(self._root)

    def publish(self) -> None:
        """Let readers see all that was written so far; where it is `held`, at its end.

        Raises DiskFullError if there is no room; what wasn't published is forgotten then.
        """
        if self._held:
            self._owed = True
            return
        try:
            with room(self._root):
                # What a checkpoint leaves is whole: nothing is written before the next statement.
                self._connection.execute("CHECKPOINT")
                self._tidy()
                fresh = catalogue.prepare(self._work, self._published)
                # From here on it may be published, whatever happens, so that what it names stays.
                self._publishes += 1
                self._place.publish(fresh)
        except BaseException:
            self._restore()
            raise
        catalogue.swap(fresh, self._published)
        note_as_ours(self._published)

    def _names_kept(
        self, table: str, replaced: Collection[str], sha256: str, name: str
    ) -> tuple[str, dict[str, list[str]]]:
        """Return the first name of a feed, or of a file of sightings, that takes the place of
        others, and its further ones, for its report: those that the same content came by before.

        Whoever may have it by one of them still may; so not those of what is another to a byte.
        """
        query = (
            f"SELECT name, report FROM {table} "  # noqa: S608 (names of ours)
            f"WHERE list_contains($keys, {KEY_OF[table]}) AND sha256 = $of ORDER BY {KEY_OF[table]}"
        )
        asked = {"keys": list(replaced), "of": sha256}
        rows = self._connection.execute(query, asked).fetchall() if replaced else []
        every = {
            PurePath(one).name: one
            for first, report in rows
            for one in (first, *json.loads(report).get("also_named", ()))
        }
        every[PurePath(name).name] = name
        first, *more = every.values()
        return first, {"also_named": more} if more else {}

    def show(self, path: Path) -> None:
        """Let whoever is told of a path see there all that was written so far; see `store.read`."""
        with room(self._root):
            self._connection.execute("CHECKPOINT")
            copy_file(self._work, unseen := path.with_name(f".{path.name}.new"))
            unseen.replace(path)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Publish once, at the end of a with block, however it ends, what is to be published in it.

        A process that dies meanwhile leaves the generation from before; files that came meanwhile
        are left-overs then.
        """
        self._held, self._lost = True, False
        try:
            yield
        finally:
            self._held = False
            if self._owed:
                self._owed = False
                self.publish()
        if self._lost:
            raise DiskFullError(
                "no room left to write to the store: what came is forgotten",
                hint="free some space and run the same again",
            )

    def _tidy(self) -> None:
        """Make a catalogue small again that was rewritten so often that most of it is free."""
        if not catalogue.is_wasteful(self._connection):
            return
        tidied = self._work.with_name(f"{self._work.name}.tidied")
        tidied.unlink(missing_ok=True)
        catalogue.rewrite(self._connection, tidied)
        self._connection.close()
        tidied.replace(self._work)
        self._connection = self._open()

    def _restore(self) -> None:
        self._lost, self._owed = self._lost or self._owed, False
        with suppress(duckdb.Error):
            self._connection.close()
        remove_work(self._root)
        with room(self._root):
            copy_file(self._published, self._work)
            self._connection = self._open()
        self._known = {}

    def _publish_whole(self, parts: NewFiles, work: Callable[[], None]) -> None:
        """Do `work` and publish; if that fails, remove the files that it wrote."""
        before = self._publishes
        try:
            with room(self._root):
                work()
        except BaseException:
            parts.discard()
            self._restore_if_broken()
            raise
        try:
            self.publish()
        except BaseException:
            if self._publishes == before:
                parts.discard()
            raise

    def _restore_if_broken(self) -> None:
        """Go back to what is published if DuckDB refuses all further work, as after a full disk."""
        try:
            self._connection.execute("SELECT 1").fetchall()
        except duckdb.Error:
            self._restore()

    def _refuse_mixture(self, simulated: bool, name: str) -> None:
        held = self.simulated
        if held is None or held == simulated:
            return
        words = {True: "simulated", False: "real"}
        raise StoreError(
            f"{name} is {words[simulated]}, but this store holds {words[held]} data",
            hint="name another home with --home for it",
        )

    def _insert(self, table: str, rows: pd.DataFrame | Path) -> None:
        if isinstance(rows, Path):
            query = f"INSERT INTO {table} BY NAME FROM read_parquet($path)"
            self._connection.execute(query, {"path": str(rows)})
            return
        if rows.empty:
            return
        # DuckDB finds it by its name among these variables: to register it takes as long again.
        rows_in = to_table(frames.conform(rows, TABLES[table]))  # noqa: F841 (found by its name)
        self._connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM rows_in")  # noqa: S608 (names of ours)

    @contextmanager
    def _transaction(self, *, of_feeds: bool = True) -> Iterator[None]:
        """Write all that is written in a with block, or nothing; what is known `of_feeds` stays
        where none comes or goes.
        """
        self._keeps = False
        self._connection.begin()
        try:
            with room(self._root):
                yield
                self._connection.commit()
        except BaseException:
            # It fails where a full disk ended the transaction, and would hide what did.
            with suppress(duckdb.Error):
                self._connection.rollback()
            raise
        finally:
            self._keeps = True
            if of_feeds:
                self._known = {}


def one_row(table: str, values: Mapping[str, Any]) -> pd.DataFrame:
    """Return a frame of one row of a table, with the types of its columns."""
    return some_rows(table, [values])


def some_rows(table: str, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return a frame of rows of a table, with the types of its columns."""
    columns = {}
    for name, column in TABLES[table].items():
        values = [row[name] for row in rows]
        if column.dtype == frames.TIME:
            columns[name] = pd.Series(pd.to_datetime(values, utc=True)).astype(frames.TIME)
        else:
            columns[name] = pd.Series(values, dtype=column.dtype)
    return pd.DataFrame(columns)


def keys_frame(feed_keys: Iterable[str]) -> pd.DataFrame:
    """Return keys of feeds as a table of one column."""
    return pd.DataFrame({"feed_key": pd.Series(list(feed_keys), dtype="str")})
