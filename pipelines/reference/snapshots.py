"""Names of dated snapshots of what was learned: ``<name>-<date>``, then ``-2`` on the same date."""

import re
from pathlib import Path
from typing import Final

import pandas as pd

_FILE: Final = re.compile(r"(?P<name>[a-z]+)-(?P<date>\d{4}-\d{2}-\d{2})(-(?P<number>\d+))?")


def newest(folder: Path, name: str, suffix: str) -> Path | None:
    """Find the newest snapshot of that name, None where there is none."""
    dated = []
    for path in folder.glob(f"{name}-*{suffix}") if folder.is_dir() else ():
        found = _FILE.fullmatch(path.name.removesuffix(suffix))
        if found and found["name"] == name:
            dated.append((found["date"], int(found["number"] or 1), path))
    return max(dated)[2] if dated else None


def free_path(folder: Path, name: str, until: pd.Timestamp, suffix: str) -> Path:
    """Return where the next snapshot of that name and date goes."""
    stem = f"{name}-{until:%Y-%m-%d}"
    path, number = folder / f"{stem}{suffix}", 1
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}{suffix}"
    return path
