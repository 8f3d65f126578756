"""Who changed which zone, when and how: a line each in a file of the home."""

import errno
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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


@contextmanager
def noting(folder: Path, change: Changed) -> Iterator[None]:
    """Add a change to the file, which is made if need be, for a with block that makes the change.

    It is noted first, so that none is made that nobody answers for, as where the disk of the home
    is full and that of the zones isn't; what the block then doesn't make isn't noted. A last line
    that was cut off, as when the power went, stays a line of its own.
    """
    line = json.dumps(asdict(change), ensure_ascii=False).encode("utf-8") + b"\n"
    with locked(folder), (folder / CHANGES_FILE).open("ab+", buffering=0) as file:
        if end := file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            line = line if file.read(1) == b"\n" else b"\n" + line
        try:
            if file.write(line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            yield
        except BaseException:
            file.truncate(end)
            raise


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
