"""Views for whoever asks the store in SQL: `selat sql`, notebooks.

Each view is a question in `sql/view_<name>.sql` over the tables of the catalogue. They are made
anew in each connection, so that they need no migration and name the files of that generation alone.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

import duckdb
import pyarrow as pa

from pipelines.base.settings import StoreSettings
from pipelines.store import Queries, read
from pipelines.store.catalogue import IS_HELD, StoreError
from pipelines.store.sql import statement

VIEWS: Final[Mapping[str, str]] = {
    "flagged": "the flagged vessels of the newest run, in rank order",
    "incidents": "the incidents of the newest run that aren't over, in rank order",
    "events": "the events that stand: found by the newest look, not retracted",
    "positions": "every position report in the store, as received, copies included",
    "tracks": "one row per track: a hull under an MMSI, from its first to its last report",
    "vessels": "what each vessel called itself last",
    "runs": "the finished runs, oldest first",
}
"""Name of each view and what its rows are."""


BATCH_ROWS: Final = 100_000
_Answer = TypeVar("_Answer")
# DuckDB makes a type of what it finds before it turns a table by it: two statements, one a change.
_NAMED: Final = (
    """name what PIVOT turns into columns: PIVOT events ON kind IN ('gap', 'loitering')"""
)


class QueryError(StoreError):
    """What was asked isn't one question, or DuckDB can't answer it."""

    exit_code = 2


@contextmanager
def asked(
    root: Path, settings: StoreSettings, query: str
) -> Iterator[tuple[duckdb.DuckDBPyRelation, duckdb.DuckDBPyConnection]]:
    """Put one SELECT to the views and tables of the newest published generation.

    Nothing else can be done: a statement that isn't a question is refused, and no file can be
    reached but those of positions that the catalogue names.

    `query`: one SELECT in DuckDB's dialect; DESCRIBE, SHOW and SUMMARIZE are questions too. A
    column whose name another before it has gets a number behind it.

    Raises
    ------
    QueryError
        If it isn't one question, or can't be answered; the message is DuckDB's own.
    StoreError
        If there is no store, or it can't be opened.
    """
    with read(root, settings) as store, _as_query_error():
        connection = store.connection
        kinds = [str(one.type).rpartition(".")[2] for one in connection.extract_statements(query)]
        if kinds != ["SELECT"]:  # EXPLAIN ANALYZE would run what it explains
            raise QueryError(
                "one question at a time, and nothing but questions",
                hint=_NAMED
                if kinds == ["MULTI"] and "pivot" in query.lower()
                else "a SELECT; write its result with --csv, --json or --parquet FILE",
            )
        make_views(store, with_positions="positions" in query.lower())
        # Two columns of one name would be one to whoever reads a row by its names.
        yield connection.sql(query).project("*"), connection


@contextmanager
def _as_query_error() -> Iterator[None]:
    """Turn what an odd query or value makes DuckDB and Arrow raise into a sentence."""
    try:
        yield
    except QueryError:
        raise
    except (duckdb.Error, pa.ArrowException, OverflowError, TypeError, ValueError) as error:
        text = " ".join(str(error).split())
        raise QueryError(text, hint="DESCRIBE events lists a view's columns") from error


def ask(root: Path, settings: StoreSettings, query: str, most: int | None = None) -> pa.Table:
    """Answer a question, see `asked`."""
    with asked(root, settings, query) as (found, connection):
        wanted = found if most is None else found.limit(most)
        return _stoppable(connection, wanted.to_arrow_table)


def batches(root: Path, settings: StoreSettings, query: str) -> Iterator[pa.RecordBatch]:
    """Answer a question piece by piece (at least one), however large the answer."""
    with asked(root, settings, query) as (found, connection):
        reader = _stoppable(connection, lambda: found.to_arrow_reader(BATCH_ROWS))
        yield pa.RecordBatch.from_pylist([], schema=reader.schema)
        while (batch := _stoppable(connection, lambda: _next(reader))) is not None:
            yield batch


def _next(reader: pa.RecordBatchReader) -> pa.RecordBatch | None:
    """Return the next piece of an answer, None at its end."""
    try:
        return next(reader, None)
    except OSError as error:  # as Arrow gives on whatever DuckDB raised
        raise pa.ArrowException(str(error)) from error


def _stoppable(connection: duckdb.DuckDBPyConnection, work: Callable[[], _Answer]) -> _Answer:
    """Let DuckDB work beside this thread: it would hear of no Ctrl-C until the answer is there."""
    with ThreadPoolExecutor(1) as beside:
        working = beside.submit(work)
        try:
            return working.result()
        finally:
            while not wait([working], 0).done:
                connection.interrupt()
                wait([working], 0.1)


def make_views(store: Queries, *, with_positions: bool = True) -> None:
    """Make the views in a reader's connection, and shut it against every other file.

    `with_positions`: whether the files of positions may be asked; where they lie elsewhere they are
    fetched.
    """
    connection = store.connection
    [(catalogue,)] = connection.execute(
        f"SELECT database_name FROM duckdb_databases() WHERE NOT internal AND {IS_HELD}"  # noqa: S608 (names of ours)
    ).fetchall()
    paths = store.fetched(store.files()) if with_positions else []
    for name in VIEWS:
        text = statement(f"view_{name}").replace("{store}", f'"{catalogue}".main')
        if name == "positions":
            if not with_positions:
                continue
            listed = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
            text = (
                text.replace("{files}", f"[{listed}]") if paths else statement("view_no_positions")
            )
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {text}")
    connection.execute("SET allowed_paths = $paths", {"paths": paths})
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
