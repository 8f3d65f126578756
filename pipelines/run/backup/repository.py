"""Where backups lie: objects named by the hash of their content, and snapshots that name objects.

::

    README.txt
    objects/3f/3f9a…                          a file's content, named by its SHA-256
    snapshots/20261125T180000000000Z-1c0d….json     a snapshot's files, named by its own hash

What is in already isn't copied again, so each backup costs what is new; every snapshot is whole in
itself; nothing in it is ever changed. Object and snapshot are verified by their names alone.

A disk with backups may have been in other hands: links in it aren't followed, what isn't a plain
file isn't waited for, no more is read of anything than is said of it, and nothing is removed that
hasn't the name of an object. Whoever had it can still have put a whole other backup there.
"""

import errno
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final

from detectors.core.errors import SelatError
from pipelines.base.files import named_if_full, sha256_of, sync, write_text
from pipelines.base.text import one_line
from pipelines.base.visible import clean
from pipelines.store import StoreBusyError
from pipelines.store.catalogue import writer_lock

FORMAT: Final = 1
TIME: Final = "%Y%m%dT%H%M%S%fZ"

README: Final = """\
Backups of a Selat installation. `selat restore` takes one back; without it: snapshots/*.json name
the files of each backup with the SHA-256 hash of their content, and the content of a file is in
objects/<first two digits>/<hash>. Copy them to their names.
"""

_CHUNK: Final = 1 << 20
_MAX_LIST: Final = 256 << 20
_LAST_NS: Final = (1 << 63) - 1
_NAME: Final = re.compile(r"[0-9]{8}T[0-9]{6,12}Z-[0-9a-f]{16}")
_OBJECT: Final = re.compile(r"[0-9a-f]{64}")


class BackupError(SelatError):
    """A backup can't be made, or isn't whole."""

    exit_code = 12


@dataclass(frozen=True)
class Entry:
    """A file of a snapshot."""

    path: str
    """``home/…`` or ``config/…``, with slashes."""
    bytes: int
    sha256: str
    mtime_ns: int
    """When it was changed last, to tell whether it has changed since."""


@dataclass(frozen=True)
class Snapshot:
    """A backup: what it is of, and its files."""

    name: str
    """Time in UTC, later than all that are there, and the hash of the list."""
    made: str
    version: str
    schema_version: int | None
    simulated: bool | None
    latest: str
    """Id of the run that was the newest, empty if there was none."""
    keys: bool
    entries: tuple[Entry, ...]

    @property
    def bytes(self) -> int:
        """Size of all files."""
        return sum(entry.bytes for entry in self.entries)


class Repository:
    """A folder of backups."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._objects = folder / "objects"
        self._snapshots = folder / "snapshots"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only one to write here; the folder is made if there is none.

        Raises BackupError if the folder holds something else, can't be written to, or is being
        written to.
        """
        there = self.folder.is_dir() and any(self.folder.iterdir())
        if there and not self._snapshots.is_dir():
            raise BackupError(f"{self.folder} isn't a folder of backups", hint="name an empty one")
        readme, lock = self.folder / "README.txt", self.folder / "lock"
        for path in (self._objects, self._snapshots, readme, lock):
            if path.is_symlink():
                raise BackupError(f"{path} leads elsewhere", hint="don't trust that folder")
        # What tells a folder of backups comes first: whoever is killed here leaves one.
        for folder in (self.folder, self._snapshots, self._objects):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not readme.exists():
            write_text(readme, README)
        try:
            with writer_lock(lock):
                for folder in (self._objects, self._snapshots):
                    for left_over in folder.glob("*.new"):
                        left_over.unlink()
                yield
        except StoreBusyError as error:
            raise BackupError("another backup is being made there", hint="wait for it") from error

    def has(self, sha256: str, size: int) -> bool:
        """Tell whether a content is in, by its name and size."""
        try:
            found = self._path(sha256).lstat()
        except OSError:
            return False
        return stat.S_ISREG(found.st_mode) and found.st_size == size

    def put(self, source: Path, expected: str = "") -> tuple[str, int, bool]:
        """Copy a file's content in, flushed to the disk and read again.

        Returns its SHA-256, its size, whether it is new here.

        Raises BackupError if it hasn't the expected hash, or isn't in the copy what it is in the
        source.
        """
        fresh = self._objects / f"{os.getpid()}.new"
        try:
            with source.open("rb") as file, fresh.open("wb") as copy:
                os.fchmod(copy.fileno(), 0o400)
                digest, size = _copied(file, copy)
                os.fsync(copy.fileno())
            if expected and digest != expected:
                raise BackupError(
                    f"{source} isn't what the store says it is",
                    hint="selat store check; earlier backups are as they were",
                )
            path = self._path(digest)
            if self.has(digest, size):
                return digest, size, False
            if sha256_of(fresh) != digest:
                raise BackupError(f"the copy of {source} isn't what was copied", "check the disk")
            if not path.parent.is_dir():
                path.parent.mkdir(mode=0o700)
                sync(self._objects)
            fresh.rename(path)
            sync(path.parent)
            return digest, size, True
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise BackupError(
                    f"no room left in {self.folder}",
                    hint="free some and run it again: what is in isn't copied again; or --keep",
                ) from error
            raise
        finally:
            fresh.unlink(missing_ok=True)

    def take(self, entry: Entry, target: Path) -> None:
        """Copy a file out, verified; its folder must exist.

        Raises BackupError if its content is lost or has changed.
        """
        source = self._path(entry.sha256)
        if not source.is_file():
            raise BackupError(f"{clean(entry.path)} is lost from the backup", _OTHER)
        if not self.has(entry.sha256, entry.bytes):
            raise BackupError(f"{clean(entry.path)} has changed in the backup", _OTHER)
        with _opened(source) as file, target.open("xb") as copy:
            os.fchmod(copy.fileno(), 0o600)
            digest, _ = _copied(file, copy, entry.bytes)
            os.fsync(copy.fileno())
        if digest != entry.sha256:
            raise BackupError(f"{clean(entry.path)} has changed in the backup", _OTHER)
        os.utime(target, ns=(entry.mtime_ns, entry.mtime_ns))

    def add(self, snapshot: Snapshot) -> Snapshot:
        """Write a snapshot; from then on it is there, whole."""
        content = asdict(snapshot) | {"format": FORMAT, "name": ""}
        text = json.dumps(content, ensure_ascii=False, indent=1).encode()
        name = f"{self._after_all(snapshot.made)}-{hashlib.sha256(text).hexdigest()[:16]}"
        fresh = self._snapshots / f".{name}.new"
        with named_if_full(fresh):
            fresh.write_bytes(text)
            fresh.chmod(0o400)
            sync(fresh)
        fresh.rename(self._snapshots / f"{name}.json")
        sync(self._snapshots)
        return self.snapshot(name)

    def _after_all(self, made: str) -> str:
        """Return a time that comes after those of all that are there.

        That is the clock's, unless it was set back: what is made now stays the newest all the same,
        which is taken back, and kept when others go.
        """
        last = max((name.partition("-")[0] for name in self.names()), default="")
        with suppress(ValueError, OverflowError):
            if last >= made:
                newest = datetime.strptime(last, TIME).replace(tzinfo=UTC)
                return f"{newest + timedelta(microseconds=1):{TIME}}"
        return made

    def names(self) -> list[str]:
        """Names of the snapshots, oldest first."""
        found = (path.stem for path in self._snapshots.glob("*.json"))
        return sorted(name for name in found if _NAME.fullmatch(name))

    def snapshot(self, name: str = "") -> Snapshot:
        """Find the snapshot whose name begins so; the newest if none is named.

        Raises BackupError if there is none or several, or its list has changed.
        """
        if not self._snapshots.is_dir():
            raise BackupError(f"{self.folder} isn't a folder of backups", "selat backup makes one")
        found = [one for one in self.names() if one.startswith(name)]
        if not found:
            raise BackupError(
                f"no backup {name} in {self.folder}".replace("  ", " "),
                hint="selat backup FOLDER --list",
            )
        if name and len(found) > 1:
            raise BackupError(f"{name} begins {len(found)} backups", "name more of it")
        with _opened(self._snapshots / f"{found[-1]}.json") as file:
            text = file.read(_MAX_LIST)
        if hashlib.sha256(text).hexdigest()[:16] != found[-1].partition("-")[2]:
            raise BackupError(f"the list of the backup {found[-1]} has changed", _OTHER)
        try:
            content = json.loads(text)
            if content.pop("format") != FORMAT:
                raise BackupError(f"a newer Selat made the backup {found[-1]}", "update Selat")
            entries = tuple(_entry(entry) for entry in content.pop("entries"))
            return _snapshot({**content, "name": found[-1], "entries": entries})
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise BackupError(
                f"the list of the backup {found[-1]} isn't one: {one_line(str(error), 200)}", _OTHER
            ) from error

    def verify(self, snapshot: Snapshot) -> list[str]:
        """Read all that a snapshot names again; what is wrong, in words."""
        wrong, known = [], dict[str, str]()
        for entry in snapshot.entries:
            if entry.sha256 not in known:
                path = self._path(entry.sha256)
                if not path.is_file():
                    known[entry.sha256] = "is lost"
                else:
                    same = self.has(entry.sha256, entry.bytes) and sha256_of(path) == entry.sha256
                    known[entry.sha256] = "" if same else "has changed"
            if known[entry.sha256]:
                wrong.append(f"{clean(entry.path)} {known[entry.sha256]}")
        return wrong

    def prune(self, keep: int) -> int:
        """Remove all but the newest snapshots, and what only these named; bytes that it freed."""
        gone = self.names()[:-keep]
        if not gone:
            return 0
        for name in gone:
            (self._snapshots / f"{name}.json").unlink()
        sync(self._snapshots)
        needed = {entry.sha256 for name in self.names() for entry in self.snapshot(name).entries}
        freed = 0
        for path in self._objects.glob("*/*"):
            ours = _OBJECT.fullmatch(path.name) and not path.parent.is_symlink()
            if ours and path.name not in needed:
                freed += path.lstat().st_size
                path.unlink()
        return freed

    def _path(self, sha256: str) -> Path:
        return self._objects / sha256[:2] / sha256


_OTHER: Final = "take another one: selat backup FOLDER --list; --verify says which are whole"


def _entry(content: Any) -> Entry:
    """Read a file of a list; raises ValueError or TypeError if it is none."""
    entry = Entry(**content)
    numbers = (entry.bytes, entry.mtime_ns)
    if not all(type(n) is int and abs(n) <= _LAST_NS for n in numbers) or entry.bytes < 0:
        raise ValueError("a size or a time isn't one")
    if not isinstance(entry.path, str) or not entry.path.encode() or "\0" in entry.path:
        raise ValueError("a path isn't one")
    if not isinstance(entry.sha256, str) or not _OBJECT.fullmatch(entry.sha256):
        raise ValueError("a hash isn't one")
    return entry


def _snapshot(content: dict[str, Any]) -> Snapshot:
    """Read a backup out of its list; raises ValueError or TypeError if it is none."""
    snapshot = Snapshot(**content)
    if not all(isinstance(t, str) for t in (snapshot.made, snapshot.version, snapshot.latest)):
        raise TypeError("a field isn't a text")
    if len({entry.path for entry in snapshot.entries}) < len(snapshot.entries):
        raise ValueError("a file stands twice")
    return snapshot


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open a plain file of the folder, no link; what isn't one is never waited for."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError as error:
        raise BackupError(f"{path.name} can't be read: {error.strerror}", _OTHER) from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise BackupError(f"{path.name} isn't a file", _OTHER)
    with os.fdopen(handle, "rb") as file:
        yield file


def _copied(file: BinaryIO, copy: BinaryIO, most: int | None = None) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while chunk := file.read(_CHUNK if most is None else min(_CHUNK, most - size)):
        digest.update(chunk)
        copy.write(chunk)
        size += len(chunk)
    copy.flush()
    return digest.hexdigest(), size
