"""DuckDB in memory, to attach a catalogue to: kept when it is no longer used, for the next one.

To start one takes some 20 ms, for its functions by the thousand: five times what it takes to attach
a catalogue. A page of the desk opens the store several times, and so does a command.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import duckdb

from pipelines.base.settings import StoreSettings

BLOCK_BYTES: Final = 65_536
"""Of a new catalogue. DuckDB's 262,144 make an empty one 4 MB, of thirty tables' beginnings; 16,384
take twice the CPU to write a large one."""

_MOST: Final = 2
"""So many are kept: as many as are open at once in most processes."""
_IDLE: Final = list[tuple[tuple[tuple[str, Any], ...], duckdb.DuckDBPyConnection]]()
"""Those that nobody uses, by the limits that they were started with."""

_SPILL: Final = "temp_directory"


def limits(root: Path, settings: StoreSettings) -> dict[str, Any]:
    """Return what DuckDB is to be started with for a store."""
    config: dict[str, Any] = {
        "memory_limit": settings.memory_limit,
        # DuckDB names its temporary files the same in every process. It makes this folder, but not
        # one above it. Readers of a shared folder may be on several machines.
        _SPILL: str(root / f"spill-{os.getpid()}-{socket.gethostname()}"),
        "max_temp_directory_size": settings.temp_limit,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "default_block_size": str(BLOCK_BYTES),
    }
    if settings.threads:
        config["threads"] = settings.threads
    return config


@contextmanager
def engine(root: Path, settings: StoreSettings) -> Iterator[duckdb.DuckDBPyConnection]:
    """Have a DuckDB to oneself for a with block, which nothing is attached to yet.

    It is ended where an error ends the block, or where something of it can't be taken back.
    """
    config = limits(root, settings)
    spill = str(config[_SPILL])
    started = tuple((name, value) for name, value in config.items() if name != _SPILL)
    held = _idle(started, spill) or duckdb.connect(":memory:", config=config)
    kept = False
    try:
        with held.cursor() as connection:  # what is set, made and registered goes with it
            yield connection
        with suppress(duckdb.Error):
            _clear(held)
            kept = not Path(spill).exists()
    finally:
        if kept and len(_IDLE) < _MOST:
            _IDLE.append((started, held))
        else:
            held.close()


def _idle(started: tuple[tuple[str, Any], ...], spill: str) -> duckdb.DuckDBPyConnection | None:
    with suppress(IndexError):  # threads may take at the same time: each has what its own pop gives
        while _IDLE:
            limited, held = _IDLE.pop()
            if limited == started:
                with suppress(duckdb.Error):  # of one that has spilt it can't be changed
                    held.execute(f"SET {_SPILL} = $spill", {"spill": spill})
                    return held
            held.close()
    return None


def _clear(held: duckdb.DuckDBPyConnection) -> None:
    """Make it as one that was just started; it fails of one whose settings were locked."""
    query = "SELECT database_name FROM duckdb_databases() WHERE NOT internal"
    for (name,) in held.execute(query).fetchall():
        if name != "memory":
            held.execute(f'DETACH "{name}"')
    for state in ("false", "true"):  # what it has of files that it read is forgotten
        held.execute(f"SET enable_external_file_cache = {state}")


def end_idle() -> None:
    """End those that nobody uses: a fork has none of their threads, and would wait for them."""
    while _IDLE:
        _IDLE.pop()[1].close()


os.register_at_fork(before=end_idle)
