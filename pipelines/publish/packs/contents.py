"""What is inside a pack, a folder or an archive, read without ever writing or leaving it."""

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyrage

from pipelines.base.visible import clean
from pipelines.publish.packs import manifest, sealed, zipread
from pipelines.publish.packs.manifest import PackError, UnsoundError
from pipelines.publish.packs.zipread import BLOCK, MAX_FILES

MAX_BYTES: Final = 2 << 30
"""Bytes of all files of a pack in all: no pack fills a disk, or a night."""


@dataclass(frozen=True)
class Contents:
    """The files of a pack by name, and what else is in it that has no safe name."""

    sizes: Mapping[str, int]
    """Bytes of each file as the folder or archive says."""
    odd: tuple[str, ...]
    """Links, special files and names that no pack has."""
    problems: tuple[str, ...]
    """What is wrong with the archive around the files."""
    own: bool
    """Whether it is an archive as Selat writes it."""
    top: str
    """Name of the folder around everything in an archive; empty where there is none."""
    _source: "_Folder | _Archive"

    def read(self, name: str, limit: int) -> bytes:
        """Read a file, whole.

        Raises UnsoundError if it is larger than the limit or can't be read.
        """
        if self.sizes[name] > limit:
            raise UnsoundError(f"{name} is larger than {limit:,} bytes")
        return b"".join(self._blocks(name))

    def hashes(self, name: str) -> tuple[str, str]:
        """SHA-256 of a file, in hex, and of how it is packed: empty where Selat didn't pack it.

        Raises UnsoundError if it can't be read.
        """
        digest, packed = hashlib.sha256(), hashlib.sha256()
        for block in self._blocks(name, packed.update):
            digest.update(block)
        return digest.hexdigest(), packed.hexdigest() if self.own else ""

    def copy(self, name: str, target: Path) -> None:
        """Write a file to a path that isn't there yet."""
        with target.open("xb") as out:
            for block in self._blocks(name):
                out.write(block)

    def _blocks(self, name: str, packed: zipread.Hear | None = None) -> Iterator[bytes]:
        left = self.sizes[name]
        for block in self._source.blocks(name, packed):
            left -= len(block)
            if left < 0:
                raise UnsoundError(f"{name} is larger than it was")
            yield block


@contextmanager
def opened(path: Path, identities: list[pyrage.x25519.Identity]) -> Iterator[Contents]:
    """Return the contents of a pack, for the length of a with block.

    `path`: a folder, a .zip or an encrypted .zip.age.

    Raises
    ------
    PackError
        If it is none of these, or no identity opens it.
    UnsoundError
        If it breaks a limit, or what is in it can't be told.
    """
    if path.is_dir():
        yield _contents(_Folder(path))
        return
    with _plain_file(path) as file:
        if sealed.is_sealed(file):
            yield _contents(_Archive(sealed.unsealed(file, identities)))
        else:
            yield _contents(_Archive(file))


def _contents(source: "_Folder | _Archive") -> Contents:
    sizes: dict[str, int] = {}
    odd: list[str] = []
    taken: set[str] = set()  # on some systems two names that differ in case are one file
    total = 0
    for name, size in source.entries():
        if len(sizes) + len(odd) >= MAX_FILES:
            raise UnsoundError(f"there are more than {MAX_FILES:,} files in it")
        total += max(size, 0)
        if total > MAX_BYTES:
            raise UnsoundError(f"it holds more than {MAX_BYTES:,} bytes")
        if size < 0 or name.casefold() in taken or not manifest.is_safe(name):
            odd.append(name)
        else:
            sizes[name] = size
            taken.add(name.casefold())
    return Contents(sizes, tuple(odd), source.problems, source.own, source.top, source)


class _File:
    """A plain file, read where it is asked for."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self.size = os.fstat(handle).st_size

    def at(self, offset: int, length: int) -> bytes:
        """Read so many bytes from there, fewer at the end."""
        return os.pread(self._handle, length, offset)


@contextmanager
def _plain_file(path: Path, *, follow: bool = True) -> Iterator[_File]:
    """Open a plain file; what isn't one is never waited for."""
    flags = os.O_RDONLY | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW)
    try:
        handle = os.open(path, flags)
    except OSError as error:
        raise PackError(f"{clean(path.name)} can't be read: {error.strerror}") from error
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise PackError(f"{clean(path.name)} is neither a folder nor a file")
        yield _File(handle)
    finally:
        os.close(handle)


class _Folder:
    """A pack that was unpacked."""

    problems: tuple[str, ...] = ()
    own = False
    top = ""

    def __init__(self, root: Path) -> None:
        self._root = root

    def entries(self) -> Iterator[tuple[str, int]]:
        """Name and size of each file, size -1 of what isn't a plain file; links aren't followed.

        A file that has another name elsewhere (a hard link) can be changed there, and an empty
        folder is in no manifest: neither is plain.
        """
        pending = [self._root]
        while pending:
            folder = pending.pop()
            found = self._listed(folder)
            if not found and folder != self._root:
                yield f"{folder.relative_to(self._root).as_posix()}/", -1
            for path, info in found:
                if stat.S_ISDIR(info.st_mode):
                    pending.append(path)
                    if len(pending) > MAX_FILES:
                        raise UnsoundError(f"there are more than {MAX_FILES:,} folders in it")
                    continue
                plain = (
                    stat.S_ISREG(info.st_mode) and info.st_nlink == 1 and not info.st_mode & 0o7000
                )
                yield path.relative_to(self._root).as_posix(), info.st_size if plain else -1

    @staticmethod
    def _listed(folder: Path) -> list[tuple[Path, os.stat_result]]:
        try:
            found: list[tuple[Path, os.stat_result]] = []
            with os.scandir(folder) as entries:
                for entry in entries:
                    if len(found) > MAX_FILES:
                        raise UnsoundError(f"there are more than {MAX_FILES:,} files in it")
                    found.append((Path(entry.path), entry.stat(follow_symlinks=False)))
        except OSError as error:
            raise UnsoundError(f"the folder can't be read: {error.strerror}") from error
        return sorted(found, key=lambda one: one[0].name)

    def blocks(self, name: str, packed: zipread.Hear | None) -> Iterator[bytes]:
        """Read the content of a file."""
        del packed  # it isn't
        with _plain_file(self._root / name, follow=False) as file:
            at = 0
            while block := file.at(at, BLOCK):
                at += len(block)
                yield block


class _Archive:
    """A pack in an archive."""

    def __init__(self, source: zipread.Bytes) -> None:
        self._source = source
        found = zipread.directory(source)
        self.problems, self.own = found.problems, found.own
        names = [member.name for member in found.members]
        tops = {name.split("/", 1)[0] for name in names}
        # One folder around everything is the pack's own.
        self._top = f"{tops.pop()}/" if len(tops) == 1 and all("/" in n for n in names) else ""
        self.top = self._top.removesuffix("/")
        if self.top and not ("/" not in self.top and manifest.is_safe(self.top)):
            self.problems = (
                *self.problems,
                f"the folder in the archive is {zipread.shown(self.top)}",
            )
        self._listed = [m for m in found.members if not m.name.endswith("/")]
        self._members = {member.name: member for member in reversed(self._listed)}

    def entries(self) -> Iterator[tuple[str, int]]:
        """Name and size of each file, size -1 of what isn't a plain file."""
        for member in self._listed:
            yield member.name.removeprefix(self._top), member.size if member.plain else -1

    def blocks(self, name: str, packed: zipread.Hear | None) -> Iterator[bytes]:
        """Read the content of a file."""
        return zipread.blocks(self._source, self._members[self._top + name], packed)
