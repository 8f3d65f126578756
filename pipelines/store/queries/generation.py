"""An open generation of the store: its connection, and how statements and files are read."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from detectors.core import frames
from pipelines.store import verdict_files
from pipelines.store.arrow import answer, to_frame, to_table
from pipelines.store.catalogue import IS_HELD
from pipelines.store.place import Place
from pipelines.store.sql import statement


class Generation:
    """One generation of the store, open, and the means to ask it.

    Names of files in the catalogue are relative to `root`; they may lie in another `place`.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, root: Path, place: Place | None = None
    ) -> None:
        self._connection = connection
        self._root = root
        self._place = place or Place(root)
        self._known: dict[tuple[Any, ...], Any] = {}
        self._keeps = True

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The open catalogue, for `views`."""
        return self._connection

    def sql(self, query: str, parameters: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Return the result of any read-only query over the catalogue's tables."""
        return answer(self._connection.execute(query, dict(parameters or {})))

    def _ask(self, name: str, **parameters: Any) -> pd.DataFrame:
        return self.sql(statement(name), parameters)

    def _ask_much(self, name: str, **parameters: Any) -> pd.DataFrame:
        """Return the same of thousands of rows, by way of Arrow: it makes no object of a text."""
        rows = self._connection.sql(statement(name), params=parameters)
        return to_frame(rows.to_arrow_table())

    def _ask_of(self, name: str, frame: pd.DataFrame | pa.Table, **parameters: Any) -> pd.DataFrame:
        """Return what a statement gives of a frame, which it calls need, reach, known or wanted."""
        # DuckDB finds it by its name among these variables: to register it takes as long again.
        need = reach = known = wanted = _as_table(frame)  # noqa: F841 (found by its name)
        return answer(self._connection.execute(statement(name), parameters))

    def _once(self, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        """Return what is asked again and again of feeds, as it is until something comes or goes."""
        if not self._keeps:
            return make()
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]

    def _forget(self, *names: str) -> None:
        """Ask anew what is known by these names alone."""
        for name in names:
            self._known.pop((name,), None)

    @property
    def simulated(self) -> bool | None:
        """Tell whether the store holds exercise data; None while it is empty."""
        query = "SELECT simulated FROM meta"
        known = self._once((query,), lambda: self._connection.execute(query).fetchall())
        [(simulated,)] = known
        return None if simulated is None else bool(simulated)

    def columns(self) -> dict[str, list[str]]:
        """Return the names of each table's columns in their order."""
        query = (
            f"SELECT table_name, column_name FROM duckdb_columns() WHERE {IS_HELD} "  # noqa: S608 (names of ours)
            "ORDER BY column_index"
        )
        found = self.sql(query).groupby("table_name")["column_name"]
        return {str(table): list(map(str, names)) for table, names in found}

    def read_whole(self, table: str) -> None:
        """Read all of a table, so that what of it is damaged is an error."""
        self.sql(f"SELECT bit_xor(hash({table})) FROM {table}")  # noqa: S608 - one of ours

    def fetched(self, paths: Iterable[str]) -> list[str]:
        """Return files of positions where DuckDB can read them, downloaded if need be."""
        wanted = list(paths)
        self._fetch(wanted)
        # What is judged beside the files that hold the reports can't be read without these.
        beside = [self._root / path for path in wanted if verdict_files.is_of(path)]
        self._fetch(sorted({name for path in beside for name in verdict_files.files_of(path)}))
        return [str(self._root / path) for path in wanted]

    def _fetch(self, wanted: list[str]) -> None:
        if not wanted or self._place.is_here:
            return
        query = (
            "SELECT path, bytes, sha256 FROM files WHERE list_contains($paths, path) UNION ALL "
            "SELECT path, bytes, sha256 FROM track_files WHERE list_contains($paths, path)"
        )
        rows = self._connection.execute(query, {"paths": wanted}).fetchall()
        self._place.fetch({str(path): (int(size), str(digest)) for path, size, digest in rows})

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

    @contextmanager
    def _registered(self, name: str, frame: pd.DataFrame | pa.Table) -> Iterator[None]:
        """Let statements name a frame as a table, for the length of a with block."""
        connection = self._connection
        connection.register(name, _as_table(frame))
        try:
            yield
        except BaseException:
            # In an aborted transaction this fails too, and would hide what aborted it.
            with suppress(duckdb.Error):
                connection.unregister(name)
            raise
        connection.unregister(name)


def _as_table(frame: pd.DataFrame | pa.Table) -> pa.Table:
    # As Arrow it takes half as long: of a frame DuckDB looks at each value of its texts.
    return frame if isinstance(frame, pa.Table) else to_table(frame)
