"""Files of the reference layers: each is parsed once as long as it doesn't change."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd

from detectors.core.errors import ConfigError

_REFERENCE_HINT: Final = "data/reference comes with the project: fetch it again"


def read_geo(path: Path) -> gpd.GeoDataFrame:
    """Return a layer with geometries, a copy of the caller's own."""
    return _parse_geo(path, _stamp(path)).copy()


def read_table(path: Path) -> pd.DataFrame:
    """Return a table of texts, a copy of the caller's own."""
    return _parse_table(path, _stamp(path)).copy()


def _stamp(path: Path) -> tuple[int, int]:
    """Return what changes when the file does, so that a cached parse is never stale."""
    try:
        status = path.stat()
    except OSError as error:
        raise ConfigError(
            f"reference layer {path.name} can't be read: {error.strerror}", hint=_REFERENCE_HINT
        ) from error
    return status.st_mtime_ns, status.st_size


def stamps(folder: Path) -> frozenset[tuple[Path, int, int]]:
    """Return what changes when a file below a folder comes, goes or changes."""
    files = ((path, path.stat()) for path in folder.rglob("*") if path.is_file())
    return frozenset((path, status.st_mtime_ns, status.st_size) for path, status in files)


@lru_cache(maxsize=16)
def _parse_geo(path: Path, _: tuple[int, int]) -> gpd.GeoDataFrame:
    try:
        return gpd.read_parquet(path)
    except (OSError, ValueError) as error:  # pyarrow's ArrowInvalid is a ValueError
        raise ConfigError(
            f"reference layer {path.name} is damaged: {error}", hint=_REFERENCE_HINT
        ) from error


@lru_cache(maxsize=16)
def _parse_table(path: Path, _: tuple[int, int]) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8")
    except ValueError as error:
        raise ConfigError(
            f"reference table {path.name} is damaged: {error}", hint=_REFERENCE_HINT
        ) from error


def slug(name: str) -> str:
    """Return a name as part of an id: small letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
