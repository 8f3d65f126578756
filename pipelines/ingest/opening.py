"""Opening what others may have put where feeds lie.

Who may write to a folder of feeds can put there, at any moment, a link or a pipe by the name of a
feed. A link may lead to what they may not read themselves, and we may: it would be read under the
name, and so with the mark, that they gave it. A pipe has whoever opens it wait for good.
"""

import errno
import fnmatch
import glob
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, cast

from pipelines.ingest.errors import CutOffError, IngestError

_TRUSTED: Final = 0
"""Root's links are the system's."""
_BLOCK: Final = 512
"""What `st_blocks` counts, whatever the file system's own are."""
_MAX_HOLE: Final = 1 << 30
"""More than a recorder sets aside for a day's file before it writes it."""
_MAX_LINKS: Final = 40
"""As many as Linux follows."""
_MAX_DEEP: Final = 100
"""Folders in one another that are looked into: Python walks down a thousand of them at most."""
_MAX_WAYS: Final = 8
"""Ways to one folder that a glob goes: by links that lead back there are without end."""
_READ: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
"""Without waiting for whoever writes to a pipe; reading a file isn't changed by it."""


class OpeningError(IngestError):
    """What is called a feed leads to something else."""


def walked(
    folder: Path, unread: Callable[[OSError], object], *, follow: bool = False
) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Walk as `os.walk` does, links to folders aside, and say of each folder that can't be looked
    into, or lies too deep, why; those beside it are. A disk's own `lost+found` is passed by.

    `follow`: go by links to folders too, to each folder `_MAX_WAYS` ways at most.
    """
    ways = Counter[tuple[int, int]]()
    for where, folders, files in os.walk(folder, onerror=unread, followlinks=follow):
        if follow:
            try:
                about = os.stat(where)  # noqa: PTH116 - as the walk itself
            except OSError as error:
                unread(error)
                folders.clear()
                continue
            ways[about.st_dev, about.st_ino] += 1
            if ways[about.st_dev, about.st_ino] > _MAX_WAYS:
                folders.clear()
                continue
            folders.sort()
        folders[:] = [name for name in folders if name != "lost+found"]
        if len(Path(where).parts) - len(folder.parts) == _MAX_DEEP and folders:
            unread(OSError(errno.ELOOP, f"more than {_MAX_DEEP} folders in one another", where))
            folders.clear()
        yield Path(where), folders, files


def matching(pattern: str, unread: Callable[[OSError], object] = lambda _: None) -> list[Path]:
    """Return what `glob.glob` finds, with ``**`` for folders in one another, in order.

    That follows links back to where it came from: of two there are more ways than there is time.
    """
    parts = Path(pattern).parts
    if "**" not in parts:
        return sorted(Path(name) for name in glob.glob(pattern))  # noqa: PTH207 - may be absolute
    at = parts.index("**")
    found = []
    for top in glob.glob(str(Path(*parts[:at]))):  # noqa: PTH207 - as above
        if not os.path.isdir(top):  # noqa: PTH112 - no error for what is closed
            continue
        for where, folders, files in walked(Path(top), unread, follow=True):
            within = where.relative_to(top).parts
            fits = (one for one in (*folders, *files) if _fits((*within, one), parts[at:]))
            found += [where / one for one in fits]
    return sorted(found)


def _fits(names: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    """Tell whether names in one another are what a pattern stands for; what is hidden is named."""
    if not (names and parts):
        return not names and all(part == "**" for part in parts)
    name, part = names[0], parts[0]
    hidden = name.startswith(".") and not part.startswith(".")
    if part == "**":
        return _fits(names, parts[1:]) or (not hidden and _fits(names[1:], parts))
    return not hidden and fnmatch.fnmatchcase(name, part) and _fits(names[1:], parts[1:])


def opened(path: Path) -> BinaryIO:
    """Open a file to read, as it lies there at this moment.

    Links are followed that are ours or the system's, or lead to what belongs to whoever made them
    (Apache's SymLinksIfOwnerMatch); those on the way alike. Each step is taken from what was looked
    at before it, so that nothing can be changed in between. Where the system can't open what it
    doesn't read (`O_PATH`, Linux) links are followed as it does.

    Raises
    ------
    OpeningError
        If it is no regular file, or somebody else's link leads to it.
    CutOffError
        If most of it was never written.
    OSError
        If it can't be opened.
    """
    try:
        handle = _at_end_of(path) if hasattr(os, "O_PATH") else os.open(path, _READ)
    except OSError as error:  # which names a step, or our own handle
        raise OSError(error.errno, error.strerror, str(path)) from error
    about = os.fstat(handle)
    if stat.S_ISREG(about.st_mode) and not _has_a_large_hole(handle, about):
        return cast(BinaryIO, os.fdopen(handle, "rb"))
    os.close(handle)
    if stat.S_ISREG(about.st_mode):
        text = (
            f"{path.name} says that it has {about.st_size / 1e9:,.0f} GB, of which "
            f"{about.st_blocks * _BLOCK / 1e9:,.1f} were ever written"
        )
        raise CutOffError(text, hint="fetch it again").of_file(about.st_mtime_ns)
    raise OpeningError(f"{path.name} isn't a regular file", hint="pipe it in: … | selat -")


def _has_a_large_hole(handle: int, about: os.stat_result) -> bool:
    """Tell whether more of a file than `_MAX_HOLE` was never written: a terabyte of nothing costs
    who makes it nothing, and each night that reads it half an hour. What a file system compresses
    takes less room, too, but has no holes.
    """
    if about.st_size - about.st_blocks * _BLOCK <= _MAX_HOLE or not hasattr(os, "SEEK_HOLE"):
        return False
    try:
        hole = os.lseek(handle, 0, os.SEEK_HOLE)
        os.lseek(handle, 0, os.SEEK_SET)
    except OSError:  # a file system that doesn't tell
        return False
    return hole < about.st_size


def _at_end_of(path: Path) -> int:
    """Open what a path leads to, step by step."""
    ours = {_TRUSTED, os.geteuid()}
    # Names, and at the end of what somebody else's link leads to, the link's name and its owner.
    left: list[str | tuple[str, int]] = [*reversed(path.absolute().parts[1:])]
    here, links = os.open("/", os.O_PATH | os.O_CLOEXEC), 0
    try:
        while left:
            step = left.pop()
            if isinstance(step, tuple):
                if os.fstat(here).st_uid != step[1]:
                    raise OpeningError(
                        f"{step[0]} is a link by another account to what isn't its own",
                        hint="name the file itself, or make the link as the account that runs "
                        "Selat",
                    )
                continue
            there = os.open(step, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
            about = os.fstat(there)
            if not stat.S_ISLNK(about.st_mode):
                here, before = there, here
                os.close(before)
                continue
            leads = _target(there)
            if (links := links + 1) > _MAX_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            if about.st_uid not in ours:
                left.append((step, about.st_uid))
            left += [name for name in reversed(leads.split("/")) if name]
            if leads.startswith("/"):
                here, before = os.open("/", os.O_PATH | os.O_CLOEXEC), here
                os.close(before)
        return os.open(f"/proc/self/fd/{here}", _READ)
    finally:
        os.close(here)


def _target(link: int) -> str:
    """Return what an open link says; closes it."""
    try:
        return os.readlink("", dir_fd=link)
    finally:
        os.close(link)
