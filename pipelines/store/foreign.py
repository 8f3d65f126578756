"""What a catalogue may hold, whoever had it last: our tables, and names of the store's own files.

One comes with a backup, or from a share that others write to. DuckDB looks for functions in it
before it looks among its own, so that a macro, like a view, could have any file that we may read
read into a column, which is published; and what a file is called says what is written to and
removed.
"""

import re
from pathlib import Path
from typing import Final

import duckdb

from pipelines.base.files import identity_of
from pipelines.base.settings import StoreSettings
from pipelines.store.catalogue import KINDS, SNAPSHOT, StoreError, attach, unopened
from pipelines.store.engines import engine

FILE: Final = re.compile(rf"(?:{'|'.join(KINDS)})/date=[^/\0]+/(?!\.)[^/\0]+")
"""A file of a store, relative to it."""

_RUN: Final = re.compile(r"(?!\.)[^/\0]+")
_NAMES: Final = {
    "files": ("path", FILE),
    "track_files": ("path", FILE),
    "superseded": ("path", FILE),
    "runs": ("run_id", _RUN),
}
"""Columns that name files and folders, and what may stand in them."""

_FUNCTIONS: Final = "SELECT function_name FROM duckdb_functions() WHERE database_name = $database"
_VIEWS: Final = "SELECT view_name FROM duckdb_views() WHERE database_name = $database"
_WORKED_OUT: Final = (
    "SELECT table_name FROM duckdb_columns() WHERE database_name = $database AND is_generated"
)
"""Columns that are worked out when they are read may say something else each time."""

_OURS: Final = dict[Path, tuple[int, ...]]()
"""Of catalogues that this process published or looked through last, what tells them from others."""


class ForeignError(StoreError):
    """A catalogue holds what none of ours does: to fetch it again brings the same."""


def note_as_ours(path: Path) -> None:
    """Note that this process made a catalogue: it is looked through again once it is another, which
    takes 40 ms, a twentieth of a small look.
    """
    _OURS[path] = identity_of(path)


def refuse_foreign(path: Path, where: str = "") -> None:
    """Look through a catalogue before anything is asked of it; `where` it came from, if elsewhere.

    Raises StoreError if it holds what none of ours does, or can't be opened.
    """
    now = identity_of(path)
    if _OURS.get(path, ()) == now != ():
        return
    where = where or str(path)
    # Its own functions count only once it is the one that is used: here DuckDB's do.
    with engine(path.parent, StoreSettings()) as connection:
        attach(connection, path, "looked_at", where)
        try:
            wrong = _wrong_in(connection, "looked_at", _FUNCTIONS, _VIEWS, _WORKED_OUT)
        except duckdb.Error as error:
            raise unopened(where, error) from error
    if wrong:
        raise _not_ours(where, wrong)
    _OURS[path] = now  # as it was before: what took its place meanwhile is looked through, too


def refuse_foreign_in(connection: duckdb.DuckDBPyConnection, where: Path) -> None:
    """Look through the catalogue of a `catalogue.snapshot`, in which none of its functions counts:
    to list them takes as long as a query of a small night.

    Raises StoreError as `refuse_foreign`.
    """
    try:
        wrong = _wrong_in(connection, SNAPSHOT, _VIEWS, _WORKED_OUT)
    except duckdb.Error as error:
        raise unopened(where, error, "read") from error
    if wrong:
        raise _not_ours(where, wrong)


def _not_ours(where: Path | str, wrong: str) -> ForeignError:
    return ForeignError(
        f"the catalogue {where} wasn't made by Selat: {wrong}",
        hint="somebody else has changed it: don't trust it; take a backup back instead",
    )


def _wrong_in(connection: duckdb.DuckDBPyConnection, database: str, *programs: str) -> str:
    """Return what is in a catalogue that isn't ours; empty where nothing is."""
    for one in programs:
        if found := connection.execute(one, {"database": database}).fetchone():
            return f"it holds a program, {found[0]!a}"
    held = connection.execute(  # whose names DuckDB finds however they are written
        "SELECT lower(schema_name), lower(table_name) FROM duckdb_tables() "
        "WHERE database_name = $database",
        {"database": database},
    ).fetchall()
    for table, (column, may_be) in _NAMES.items():
        if ("main", table) in held:
            rows = connection.execute(f"SELECT {column} FROM {database}.main.{table}").fetchall()  # noqa: S608 (names of ours)
            odd = next((one for (one,) in rows if not may_be.fullmatch(str(one))), None)
            if odd is not None:
                return f"it names a file elsewhere, {odd!a}"
    return ""
