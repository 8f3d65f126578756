"""An open generation of the store: its connection, and how statements and files are read."""

from collections.abc import Iterable, Mapping
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from detectors.core import frames
from pipelines.store.arrow import to_frame
from pipelines.store.place import Here, Place
from pipelines.store.sql import statement


class Generation:
    """One generation of the store, open, and the means to ask it.

    Parameters
    ----------
    connection
        An open catalogue.
    root
        The store's folder, which the catalogue's file names are relative to.
    place
        Where the files lie, if it isn't that folder.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, root: Path, place: Place | None = None
    ) -> None:
        self._connection = connection
        self._root = root
        self._place = place or Here(root)

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The open catalogue, for `views`."""
        return self._connection

    def sql(self, query: str, parameters: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Return the result of any read-only query over the catalogue's tables."""
        return self._connection.execute(query, dict(parameters or {})).df()

    def _ask(self, name: str, **parameters: Any) -> pd.DataFrame:
        return self.sql(statement(name), parameters)

    @property
    def simulated(self) -> bool | None:
        """Whether the store holds exercise data; None while it is empty."""
        [(simulated,)] = self._connection.execute("SELECT simulated FROM meta").fetchall()
        return None if simulated is None else bool(simulated)

    def columns(self, table: str) -> list[str]:
        """Return names of a table's columns in their order; none if there is no such table."""
        query = (
            "SELECT column_name FROM duckdb_columns() "
            "WHERE table_name = $table AND database_name = current_database() "
            "ORDER BY column_index"
        )
        return [str(name) for name in self.sql(query, {"table": table})["column_name"]]

    def fetched(self, paths: Iterable[str]) -> list[str]:
        """Return files of positions where DuckDB can read them, downloaded if need be.

        Raises
        ------
        StoreError
            If one is lost there, or isn't what the catalogue says.
        """
        wanted = list(paths)
        if not wanted:
            return []
        query = (
            "SELECT path, bytes, sha256 FROM files WHERE list_contains($paths, path) UNION ALL "
            "SELECT path, bytes, sha256 FROM track_files WHERE list_contains($paths, path)"
        )
        rows = self._connection.execute(query, {"paths": wanted}).fetchall()
        self._place.fetch({str(path): (int(size), str(digest)) for path, size, digest in rows})
        return [str(self._root / path) for path in wanted]

    def _read(
        self,
        name: str,
        paths: list[str],
        schema: Mapping[str, frames.Column] = frames.POSITIONS,
        **parameters: Any,
    ) -> pd.DataFrame:
        """Return the columns of a schema that a statement gives of some files."""
        if not paths:
            return frames.empty(schema)
        files = self.fetched(paths)
        # By way of Arrow: seven times faster than `df`, which makes an object of every text.
        rows = self._connection.sql(statement(name), params={"files": files, **parameters})
        return frames.conform(
            to_frame(rows.project(*(f'"{name}"' for name in schema)).to_arrow_table()), schema
        )

    def _registered(self, name: str, frame: pd.DataFrame) -> "_Registered":
        return _Registered(self._connection, name, frame)


class _Registered:
    """A frame that a statement can name as a table, for the length of a with block."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, name: str, frame: pd.DataFrame
    ) -> None:
        self._connection, self._name, self._frame = connection, name, frame

    def __enter__(self) -> None:
        self._connection.register(self._name, self._frame)

    def __exit__(self, kind: object, *_: object) -> None:
        # In an aborted transaction this fails too, and would hide what aborted it.
        with suppress(duckdb.Error) if kind else nullcontext():
            self._connection.unregister(self._name)
