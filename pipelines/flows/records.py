"""Prefect's database in a home, made without Prefect's migrations where its making is known.

A hundred migrations take longer than all else that a server does for one run. The first server of
an installation keeps the database that they made, empty, beside this module, as Numba keeps what it
compiled; homes begin with a copy of it. A database whose schema is that one needs no migration.
"""

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Final

from pipelines.base.files import replacing

_NAME: Final = "prefect.db"

_NEEDLESS: Final = {
    "PREFECT_SERVER_DATABASE_MIGRATE_ON_START": "false",
    # Block types are in the copy; no run of ours uses any, and a service's server adds new ones.
    "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
    "PREFECT_SERVER_MEMOIZE_BLOCK_AUTO_REGISTRATION": "false",
}


def kept() -> Path:
    """Return where the empty database of this version of Prefect is kept."""
    return Path(__file__).parent / "__pycache__" / f"prefect-{version('prefect')}.db"


def is_there(folder: Path) -> bool:
    """Tell whether a folder has a database."""
    return (folder / _NAME).exists()


def begin(folder: Path) -> dict[str, str]:
    """Give a folder a database if it has none; returns Prefect's settings for a server of it."""
    place = folder / _NAME
    schema = _schema(kept())
    if schema is None:
        return {}
    if not is_there(folder):
        with suppress(OSError):
            _copy(kept(), place)
    return _NEEDLESS if _schema(place) == schema else {}


def keep(folder: Path) -> None:
    """Keep the database of a folder, whose server has just made it and has recorded nothing yet.

    Where it can't be kept, the next home is migrated again.
    """
    place = kept()
    with suppress(OSError, sqlite3.Error):
        place.parent.mkdir(exist_ok=True)
        with replacing(place) as whole, closing(sqlite3.connect(folder / _NAME)) as database:
            database.execute("VACUUM INTO ?", [str(whole)])  # with what is in its log


def _copy(source: Path, place: Path) -> None:
    """Copy a file to where there is none, whole or not at all; only its owner may read it."""
    handle, beside = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
    try:
        with source.open("rb") as original, os.fdopen(handle, "wb") as copy:
            shutil.copyfileobj(original, copy)
        place.hardlink_to(beside)  # which replaces nothing, if another run was sooner
    finally:
        Path(beside).unlink()


def _schema(place: Path) -> str | None:
    """Return the last migration of a database; None if it isn't one that was migrated."""
    try:
        with closing(sqlite3.connect(f"{place.resolve().as_uri()}?mode=ro", uri=True)) as database:
            found = database.execute("SELECT version_num FROM alembic_version").fetchall()
    except sqlite3.Error:
        return None
    return str(found[0][0]) if len(found) == 1 else None
