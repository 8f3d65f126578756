"""Where catalogues that are written to are opened: each by itself, or while looks go on at one.

To begin with a new database takes DuckDB thirty times as long as to attach a file to one that is
there, and as long as a fortieth of a look. So while looks go on one in memory stays, to which each
look's private copy is attached.
"""

from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, Final

import duckdb

_ATTACHED: Final = "attached_"
_NUMBERS: Final = count()


class _Engines:
    """Databases in memory by their limits."""

    def __init__(self) -> None:
        self.kept: dict[str, duckdb.DuckDBPyConnection] | None = None

    def of(self, limits: Mapping[str, Any]) -> duckdb.DuckDBPyConnection | None:
        """Return the one of some limits; None where none is kept."""
        if self.kept is None:
            return None
        key = repr(sorted(limits.items()))
        if key not in self.kept:
            self.kept[key] = duckdb.connect(":memory:", config=dict(limits))
        return self.kept[key]

    def forget(self) -> None:
        """Close them: the next catalogue is attached to a new one."""
        if self.kept is not None:
            for engine in self.kept.values():
                engine.close()
            self.kept = {}


ENGINES: Final = _Engines()


def connect(path: Path, limits: Mapping[str, Any]) -> duckdb.DuckDBPyConnection:
    """Return a connection to a file, which is made if it isn't there."""
    engine = ENGINES.of(limits)
    if engine is None:
        return duckdb.connect(str(path), config=dict(limits))
    connection, name = engine.cursor(), f"{_ATTACHED}{next(_NUMBERS)}"
    quoted = str(path).replace("'", "''")
    try:
        connection.execute(f"ATTACH '{quoted}' AS {name}")
        connection.execute(f"USE {name}")
    except BaseException:
        connection.close()
        ENGINES.forget()
        raise
    return connection


def disconnect(connection: duckdb.DuckDBPyConnection) -> None:
    """Close what `connect` gave; what isn't committed is forgotten."""
    if ENGINES.kept:
        with suppress(duckdb.Error):  # where nothing was begun
            connection.rollback()
        try:
            [(name,)] = connection.execute("SELECT current_database()").fetchall()
            if str(name).startswith(_ATTACHED):
                connection.execute("USE memory")
                connection.execute(f"DETACH {name}")
        except duckdb.Error:  # after a full disk it does nothing any more
            ENGINES.forget()
    connection.close()
