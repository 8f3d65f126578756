"""Files that are whole or not there: written beside their place, then renamed into it."""

import errno
import fcntl
import glob
import hashlib
import os
import re
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Final

from detectors.core.errors import SelatError

FRESH_NS: Final = 3_000_000_000
"""What was changed no longer ago may have been changed again without its times showing it: clocks
of file systems go in steps, of network shares' of up to two seconds."""

LEFT_S: Final = 86_400
"""What somebody began to write so long ago is finished by nobody: its process was killed."""

LISTED_S: Final = 3600
MAX_LISTED: Final = 256

_UNSHARED: Final = frozenset(
    {errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, errno.EPERM, errno.ETXTBSY}
)
"""Of `os.copy_file_range`: not here, or not between these two."""
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path in the same folder that becomes `path` when the block ends well.

    A reader sees the old file or the new one, never half of one: rename is atomic on POSIX and on
    NTFS. After an error the temporary file is gone and an old `path` is as it was; one that a
    process left that was killed goes when the same file is written a day later.
    """
    # A number that nobody can tell: in a folder that others write to, a link might be there else.
    temporary = path.with_name(f".{path.name}.{secrets.randbits(64)}.part")
    _remove_parts(path)
    try:
        with named_if_full(path):
            yield temporary
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def named_if_full(path: Path) -> Iterator[None]:
    """Have an error of a disk without room name what was written: of an open file it doesn't."""
    try:
        yield
    except OSError as error:
        unnamed = error.filename is None or str(error.filename).endswith(".part")
        if error.errno in _NO_ROOM and unnamed:
            error.filename = str(path)
        raise


_parts: Final[dict[Path, tuple[float, list[str]]]] = {}
"""By folder when it was listed, and what was being written in it: the listing of a folder of many
files takes longer than to write one."""


def _remove_parts(path: Path) -> None:
    """Remove what processes that were killed left of a file; its folder is listed once an hour."""
    now = time.time()
    listed_s, parts = _parts.get(path.parent, (0.0, []))
    if not 0 <= now - listed_s < LISTED_S:
        with suppress(OSError):
            parts = [one.name for one in path.parent.iterdir() if one.suffix == ".part"]
        if len(_parts) >= MAX_LISTED:
            _parts.clear()
        _parts[path.parent] = now, parts
    own = [name for name in parts if re.fullmatch(rf"\.{re.escape(path.name)}\.\d+\.part", name)]
    for left in own:
        with suppress(OSError):
            if path.with_name(left).stat().st_mtime < now - LEFT_S:
                path.with_name(left).unlink()


def copy_file(source: Path, to: Path) -> None:
    """Copy what is in a file.

    File systems that can let the copy share the blocks of what was copied until either changes
    (XFS, Btrfs): however large it is, that takes a millisecond and no room.
    """
    if hasattr(os, "copy_file_range") and _shared(source, to):
        return
    shutil.copyfile(source, to)


def _shared(source: Path, to: Path) -> bool:
    """Copy within the system; return whether all of it came."""
    with source.open("rb") as here, to.open("wb") as there:
        left = os.fstat(here.fileno()).st_size
        try:
            while left and (copied := os.copy_file_range(here.fileno(), there.fileno(), left)):
                left -= copied
        except OSError as error:
            if error.errno not in _UNSHARED:
                raise
    return not left


def sync(path: Path) -> None:
    """Flush a file or folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_all(path: Path) -> None:
    """Flush a file, or a folder with all that is in it, to the disk: a stick may be pulled then."""
    for one in (*(path.rglob("*") if path.is_dir() else ()), path):
        if one.is_file():
            sync(one)
        else:
            with suppress(OSError):  # shares that can't flush a folder
                sync(one)


@contextmanager
def locked(folder: Path) -> Iterator[Path]:
    """Let one process at a time change what is in a folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    with _open(folder) as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield folder


@contextmanager
def unfinished(path: Path, *, tidy: bool) -> Iterator[Path]:
    """Give an empty folder beside `path` to make it in, which is gone when the block ends.

    What a process that was killed left there is removed first: of `path`, and with `tidy`, in a
    folder that is ours alone, of whatever was made in it. What is still being made stays.

    Raises SelatError if somebody else is making `path`.
    """
    own = path.with_name(f".{path.name}.unfinished")
    path.parent.mkdir(parents=True, exist_ok=True)
    with _open(path.parent) as folder:
        _lock(folder, fcntl.LOCK_EX)
        for left in path.parent.glob(".*.unfinished") if tidy else (own,):
            _remove_left(left, sure=left == own)
        try:
            own.mkdir()
        except FileExistsError as error:
            said = f"{path.name} is being made by somebody else"
            raise SelatError(said, hint="wait for it") from error
        held = os.open(own, os.O_RDONLY)
        _lock(held, fcntl.LOCK_EX)
    try:
        yield own
    finally:
        shutil.rmtree(own, ignore_errors=True)
        os.close(held)


def _remove_left(folder: Path, *, sure: bool) -> None:
    """Remove an unfinished folder that nobody is making any more, as its lock tells.

    `sure`: also where there are no locks.
    """
    with suppress(OSError), _open(folder) as handle:
        if _lock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB) or sure:
            shutil.rmtree(folder)


@contextmanager
def _open(folder: Path) -> Iterator[int]:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)  # what is none is never waited for
    try:
        yield handle
    finally:
        os.close(handle)


def _lock(handle: int, how: int) -> bool:
    """Lock a folder; False on a share that knows no such locks, where nobody is kept out.

    Raises BlockingIOError if somebody has it and isn't waited for.
    """
    try:
        fcntl.flock(handle, how)
    except BlockingIOError:
        raise
    except OSError:
        return False
    return True


@contextmanager
def private_folder(prefix: str) -> Iterator[Path]:
    """Give an empty folder of the system's place for temporary files that no other account can have
    made, read or changed, which is gone when the block ends; what processes that were killed left
    of the same prefix goes a day later.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{glob.escape(prefix)}*"):
        with suppress(OSError):
            about = left.lstat()
            mine = stat.S_ISDIR(about.st_mode) and about.st_uid == os.geteuid()
            if mine and about.st_mtime < time.time() - LEFT_S:
                _remove_left(left, sure=False)
    made = tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True)
    with made as name, _open(Path(name)) as handle:
        _lock(handle, fcntl.LOCK_EX)
        yield Path(name)


def lock_now(handle: int, *, shared: bool = False) -> bool:
    """Lock an open file unless somebody else has; tell whether it is ours, or `shared` with others
    who look whether it is held.
    """
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


_TRY_EVERY_S: Final = 0.002
"""How often a lock is tried that is waited for: more often than anybody's loop of conclusions."""


def lock_within(handle: int, wait_s: float) -> bool:
    """Lock an open file as `lock_now`; `wait_s`: how long whoever has it is waited for."""
    last = time.monotonic() + wait_s
    while not (got := lock_now(handle)) and time.monotonic() < last:
        time.sleep(_TRY_EVERY_S)
    return got


MAX_NOTE: Final = 1 << 26
"""Bytes. What a home keeps beside its store is smaller."""
_BLOCK: Final = 1 << 16


def read_plain(path: Path, max_bytes: int = MAX_NOTE) -> bytes:
    """Return what is in a file, without waiting for a pipe or reading a device that has no end.

    Raises OSError if it can't be read, is no file, or is larger than that.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "it isn't a file", str(path))
        content = bytearray()
        while block := file.read(_BLOCK):  # what is asked for is taken from memory at once
            content += block
            if len(content) > max_bytes:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
    return bytes(content)


def write_text(path: Path, text: str) -> Path:
    """Write UTF-8 text with the line ends it has, whole or not at all; return `path`."""
    with replacing(path) as temporary:
        temporary.write_bytes(text.encode("utf-8"))
    return path


def write_durably(path: Path, content: bytes) -> None:
    """Write a file for its owner alone, whole or not at all, on the disk before this returns."""
    with replacing(path) as temporary:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, 0o600)
            file.write(content)
            file.flush()
            os.fsync(handle)
    sync(path.parent)


def make_private(path: Path, line: str) -> None:
    """Make a file of one line that only its owner may read; of two who try, the first wins.

    An empty one, of a disk that was full, is replaced.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # As in `replacing`: a link that somebody put there is never written through.
    fresh = path.with_name(f".{path.name}.{secrets.randbits(64)}.part")
    _remove_parts(path)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"{line}\n")
            file.flush()
            os.fsync(file.fileno())
        if path.exists() and path.stat().st_size == 0:
            fresh.replace(path)
            return
        try:
            os.link(fresh, path)
        except FileExistsError:
            return
        except OSError:  # a file system without links
            fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def as_it_is(path: Path) -> tuple[int, ...]:
    """Return what tells a file from another, and from itself once it was changed, by anybody."""
    at = identity_of(path)
    if at and max(at[3:]) < time.time_ns() - FRESH_NS:
        return at
    return (time.time_ns(),)  # nothing is the same as that


def identity_of(path: Path) -> tuple[int, ...]:
    """Return a file's device, number, size and times (ns) of change; empty if it can't be asked."""
    with suppress(OSError):
        stat = path.stat()
        return (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
    return ()


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remembered_sha256(path: Path) -> str:
    """Return the same; the file isn't read again by this process while it is as it was."""
    return _sha256(path, as_it_is(path))


@lru_cache(maxsize=1024)
def _sha256(path: Path, _: tuple[int, ...]) -> str:
    return sha256_of(path)


def digest_of_files(folder: Path) -> str:
    """Return a digest of the names and contents of the files below a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file():
            digest.update(f"{path.relative_to(folder).as_posix()}\0".encode())
            digest.update(bytes.fromhex(remembered_sha256(path)))
    return digest.hexdigest()
