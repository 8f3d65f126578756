"""Making a backup: one generation of the store, its runs, and what else can't be made again.

A nightly run may be going on: the catalogue is pinned first, the files that it names never change,
and the folder of each run that it knows was whole before the catalogue was published. Runs that it
doesn't know yet are left to the next backup.
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from pipelines.base.files import write_text
from pipelines.base.progress import Bar, Reporter
from pipelines.base.settings import Installation
from pipelines.publish.packs import log, record
from pipelines.run.backup.repository import TIME, BackupError, Entry, Repository, Snapshot
from pipelines.store import exists, generation
from pipelines.store.pin import Pinned, PinnedFile, fetch, pin

TRIES: Final = 20
"""How often the store is pinned anew when its files were replaced and removed meanwhile."""

KEPT: Final = (
    "learned",
    "recordings",
    "operations",
    "packs",
    "exported",
    "photographs",
    "changes",
    "published.json",
)
"""What else of a home is kept, beside the log of exports and keys: all that isn't made anew by
itself."""

HELD: Final = frozenset({"store", "runs", "keys", "exports.jsonl", *KEPT})
"""What of a home is in a backup; `restore` takes nothing else."""


@dataclass(frozen=True)
class Made:
    """A backup that was made."""

    snapshot: Snapshot
    new_bytes: int
    """What wasn't in before."""
    freed_bytes: int
    """What only older backups needed, which were removed."""
    gone: tuple[str, ...]
    """Files that were removed while it was made, such as a recording that got its final name."""


def backup(
    installation: Installation,
    folder: Path,
    report: Reporter,
    *,
    keep: int | None = None,
    keys: bool = False,
) -> Made:
    """Make a backup; verified as it is made, and there only when it is whole.

    Raises BackupError if there is nothing to keep, a file of the store is damaged, or there is no
    room.

    Parameters
    ----------
    folder
        Where backups lie.
    keep
        Remove all but so many of the newest afterwards.
    keys
        Whether private keys go in too. They are left out otherwise: who has them can sign.
    """
    if not exists(installation.store, installation.settings.store):
        raise BackupError(f"no store in {installation.home}", hint="name another one: --home")
    inside = folder.resolve()
    if inside == installation.home or installation.home in inside.parents:
        raise BackupError(
            f"{folder} lies in the home that it would keep", hint="name one on another disk"
        )
    repository = Repository(folder)
    with repository.locked(), report.bar("Backing up", None) as bar:
        making = _Making(repository, bar)
        pinned = making.store(installation)
        for run_id in pinned.run_ids:
            making.tree(installation.runs / run_id, f"home/runs/{run_id}")
        for name in KEPT:
            making.tree(installation.home / name, f"home/{name}")
        making.again(installation.recordings, "home/recordings")
        with log.still(installation.exports):  # so that its record, beside the keys, fits it
            making.tree(installation.keys, "home/keys", secrets=keys)
            making.tree(installation.exports, f"home/{installation.exports.name}")
        making.tree(installation.config, "config")
        snapshot = repository.add(
            Snapshot(
                name="",
                made=datetime.now(UTC).strftime(TIME),
                version=version("selat"),
                schema_version=pinned.schema_version,
                simulated=pinned.simulated,
                latest=pinned.run_ids[-1] if pinned.run_ids else "",
                keys=keys,
                entries=tuple(making.entries[path] for path in sorted(making.entries)),
            )
        )
        freed = repository.prune(keep) if keep else 0
    note = {"folder": str(folder.resolve()), "name": snapshot.name, "made": snapshot.made}
    with suppress(OSError):  # a home that is full has its backup all the same
        write_text(installation.last_backup, json.dumps(note) + "\n")
    return Made(snapshot, making.new_bytes, freed, tuple(making.gone))


class _Making:
    """A backup while it is made."""

    def __init__(self, repository: Repository, bar: Bar) -> None:
        self._repository, self._bar = repository, bar
        names = repository.names()
        before = repository.snapshot(names[-1]).entries if names else ()
        self._before = {entry.path: entry for entry in before}
        self.entries: dict[str, Entry] = {}
        self.new_bytes = 0
        self.gone: list[str] = []

    def store(self, installation: Installation) -> Pinned:
        root, settings, tried = installation.store, installation.settings.store, 0
        with tempfile.TemporaryDirectory(prefix="selat-") as scratch:
            while True:
                tried += 1
                copy, seen = Path(scratch) / "catalogue.duckdb", generation(root, settings)
                pinned = pin(root, copy, settings)
                try:
                    missing = [
                        f for f in pinned.files if not self._repository.has(f.sha256, f.bytes)
                    ]
                    fetch(root, settings, tuple(missing))
                    found = [self._immutable(root, f) for f in pinned.files]
                except FileNotFoundError as error:
                    if tried < TRIES and generation(root, settings) != seen:
                        continue  # replaced and removed meanwhile: a newer one names another
                    raise BackupError(
                        f"{error.filename} is missing", "selat store check"
                    ) from error
                self._put(copy, "home/store/catalogue.duckdb")
                self.entries |= {entry.path: entry for entry in found}
                return pinned

    def _immutable(self, root: Path, file: PinnedFile) -> Entry:
        if not self._repository.has(file.sha256, file.bytes):
            self._bar.say(f"Backing up {file.path}")
            _, _, new = self._repository.put(root / file.path, file.sha256)
            self.new_bytes += file.bytes if new else 0
        return Entry(f"home/store/{file.path}", file.bytes, file.sha256, 0)

    def tree(self, root: Path, name: str, *, secrets: bool = True) -> None:
        """Put a file, or all files of a folder; what vanishes meanwhile is noted."""
        for path in _files(root):
            inner = path.relative_to(root).as_posix()
            if not secrets and _is_secret(path):
                continue
            try:
                self._put(path, name if path == root else f"{name}/{inner}")
            except FileNotFoundError:
                self.gone.append(f"{name}/{inner}")

    def again(self, root: Path, name: str) -> None:
        """Put what of a recorder's folder has got its final name meanwhile."""
        if self.gone:
            self.tree(root, name)

    def _put(self, path: Path, name: str) -> None:
        stat = path.stat()
        before = self._before.get(name)
        unchanged = (
            before is not None
            and (before.bytes, before.mtime_ns) == (stat.st_size, stat.st_mtime_ns)
            and self._repository.has(before.sha256, before.bytes)
        )
        if unchanged and before is not None:
            self.entries[name] = before
            return
        self._bar.say(f"Backing up {name}")
        sha256, size, new = self._repository.put(path)
        self.new_bytes += size if new else 0
        self.entries[name] = Entry(name, size, sha256, stat.st_mtime_ns)


def _files(root: Path) -> Iterator[Path]:
    """Return the files of a folder, or the file itself; links are left out."""
    if root.is_file() and not root.is_symlink():
        yield root
    elif root.is_dir():
        for path in sorted(root.rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield path


def _is_secret(path: Path) -> bool:
    """Tell whether a file of HOME/keys is more than a public key, the list of keys or a record."""
    return path.suffix != ".pub" and path.name not in {"keys.json", record.NAME}
