"""Who changed which zone, when and how: a line each in a file of the home."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from pipelines.base.files import locked

CHANGES_FILE: Final = "zones.jsonl"
_MAX_TAIL: Final = 100_000
"""So many bytes of its end are read: some hundred changes."""


@dataclass(frozen=True)
class Changed:
    """A change: when (UTC), by whom, of which file and zone, and what is other than before."""

    at: str
    by: str
    file: str
    zone_id: str
    what: str


def note_change(folder: Path, change: Changed) -> None:
    """Add a change to the file, which is made if need be.

    A last line that was cut off, as when the power went, stays a line of its own.
    """
    line = json.dumps(asdict(change), ensure_ascii=False).encode("utf-8") + b"\n"
    with locked(folder), (folder / CHANGES_FILE).open("ab+") as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            line = line if file.read(1) == b"\n" else b"\n" + line
        file.write(line)


def last_changes(folder: Path, n: int) -> Sequence[Changed]:
    """Return the last changes, the newest first; what is no such line is passed over."""
    path = folder / CHANGES_FILE
    if not path.is_file():
        return []
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - _MAX_TAIL, 0))
        lines = file.read().decode("utf-8", "replace").splitlines()
    found = [one for line in reversed(lines) if (one := _read(line)) is not None]
    return found[:n]


def _read(line: str) -> Changed | None:
    try:
        made = json.loads(line)
        return Changed(**{key: str(value) for key, value in made.items()})
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
