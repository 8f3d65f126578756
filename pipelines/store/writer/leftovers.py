"""Files of writers that are no more, and files of positions that nothing names."""

import json
import os
import shutil
import socket
from collections.abc import Container
from datetime import UTC, datetime
from pathlib import Path

from pipelines.store.own_files import sizes_here
from pipelines.store.place import Place


def strays(root: Path, place: Place, named: Container[str]) -> list[Path]:
    """Return files among the positions, here or where they lie, that the catalogue doesn't name."""
    found = sizes_here(root).keys() | place.sizes().keys()
    return sorted(root / name for name in found if name not in named)


def work_files(root: Path) -> list[Path]:
    """Return files of writers that are no more; to be asked for while no other writes."""
    spills = [path for path in root.glob("spill-*") if not _is_running(path.name[6:])]
    return sorted([*root.glob("work.duckdb*"), *root.glob("catalogue.duckdb.new"), *spills])


def remove_work(root: Path) -> None:
    """Remove `work_files`."""
    for left_over in work_files(root):
        if left_over.is_dir():
            shutil.rmtree(left_over, ignore_errors=True)
        else:
            left_over.unlink(missing_ok=True)


def clean(root: Path, place: Place, named: Container[str]) -> None:
    """Remove files of positions that the published catalogue doesn't name."""
    for path in strays(root, place, named):
        place.remove(path.relative_to(root).as_posix())


def writing(root: Path) -> datetime | None:
    """Return since when somebody writes to a store; None for nobody.

    It looks at what a writer leaves, and never takes the lock, which might hold up the next one.
    """
    try:
        lock = root / "writer.lock"
        holder = json.loads(lock.read_text(encoding="utf-8"))
        if not (root / "work.duckdb").exists():
            return None
        since = datetime.fromtimestamp(lock.stat().st_mtime, UTC)
        return since if _is_running(f"{holder['pid']}-{holder['host']}") else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_running(spill: str) -> bool:
    """Return whether the process of a `spill-PID-HOST` may be running; of another host it may."""
    pid, _, host = spill.partition("-")
    if host not in {"", socket.gethostname()}:
        return True
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except OSError:
        return True  # another user's
    return True
