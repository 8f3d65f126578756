"""Files of the reference layers: each is parsed once as long as it doesn't change."""

import re
from functools import lru_cache
from pathlib import Path

import geopandas as gpd

from pipelines.reference.tables import damaged, stamp


def read_geo(path: Path) -> gpd.GeoDataFrame:
    """Return a layer with geometries, a copy of the caller's own."""
    return _parse_geo(path, stamp(path)).copy()


def stamps(folder: Path) -> frozenset[tuple[Path, int, int]]:
    """Return what changes when a file below a folder comes, goes or changes."""
    files = ((path, path.stat()) for path in folder.rglob("*") if path.is_file())
    return frozenset((path, status.st_mtime_ns, status.st_size) for path, status in files)


@lru_cache(maxsize=16)
def _parse_geo(path: Path, _: tuple[int, int]) -> gpd.GeoDataFrame:
    try:
        return gpd.read_parquet(path)
    except (OSError, ValueError) as error:  # pyarrow's ArrowInvalid is a ValueError
        raise damaged(path, error) from error


def slug(name: str) -> str:
    """Return a name as part of an id: small letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
