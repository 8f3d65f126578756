"""Plain tables of the reference data, read without the cost of importing geometry."""

from functools import lru_cache
from pathlib import Path
from typing import Final

import pandas as pd

from detectors.core.errors import ConfigError

REFERENCE_HINT: Final = (
    "data/reference comes with the project: fetch it again; a folder that the setting `reference` "
    "names is made by selat reference make"
)


def damaged(path: Path, error: Exception, kind: str = "layer") -> ConfigError:
    """Return what to say of a file of the reference that can't be parsed."""
    return ConfigError(f"reference {kind} {path.name} is damaged: {error}", hint=REFERENCE_HINT)


def read_table(path: Path) -> pd.DataFrame:
    """Return a table of texts, a copy of the caller's own."""
    return _parse_table(path, stamp(path)).copy()


def stamp(path: Path) -> tuple[int, int]:
    """Return what changes when the file does, so that a cached parse is never stale."""
    try:
        status = path.stat()
    except OSError as error:
        raise ConfigError(
            f"reference layer {path.name} can't be read: {error.strerror}", hint=REFERENCE_HINT
        ) from error
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=16)
def _parse_table(path: Path, _: tuple[int, int]) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8")
    except ValueError as error:
        raise damaged(path, error, "table") from error
