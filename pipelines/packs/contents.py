"""What is inside a pack, a folder or an archive, read without ever writing or leaving it."""

import hashlib
import io
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import pyrage

from pipelines.packs import manifest
from pipelines.packs.keys import AGE
from pipelines.packs.manifest import PackError

MAX_FILES: Final = 10_000
MAX_BYTES: Final = 2 << 30
MAX_SEALED_BYTES: Final = 512 << 20
"""Limits on what is read, so that no pack fills a disk or the memory: files, bytes in all
unpacked, bytes of an encrypted archive (which is decrypted in memory)."""

_BLOCK: Final = 1 << 20


@dataclass(frozen=True)
class Contents:
    """The files of a pack by name, and what else is in it that has no safe name.

    Attributes
    ----------
    sizes
        Bytes of each file as the folder or archive says.
    odd
        Links, special files and names that no pack has.
    """

    sizes: Mapping[str, int]
    odd: tuple[str, ...]
    _source: "_Folder | _Archive"

    def read(self, name: str, limit: int) -> bytes:
        """A file, whole.

        Raises
        ------
        PackError
            If it is larger than the limit or can't be read.
        """
        with self._source.open(name) as file:
            content = _guarded(file, name, limit + 1)
        if len(content) > limit:
            raise PackError(f"{name} is larger than {limit:,} bytes")
        return content

    def sha256(self, name: str) -> str:
        """SHA-256 of a file, in hex; reading stops at the size it claims to have."""
        digest = hashlib.sha256()
        with self._source.open(name) as file:
            left = self.sizes[name]
            while left >= 0 and (block := _guarded(file, name, _BLOCK)):
                left -= len(block)
                digest.update(block)
        return digest.hexdigest() if left >= 0 else ""

    def copy(self, name: str, target: Path) -> None:
        """Write a file to a path that isn't there yet."""
        with self._source.open(name) as file, target.open("xb") as out:
            left = self.sizes[name]
            while block := _guarded(file, name, _BLOCK):
                left -= len(block)
                if left < 0:
                    raise PackError(f"{name} is larger than the archive says")
                out.write(block)


_BROKEN: Final = (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, zlib.error)
"""What reading a broken archive raises."""


@contextmanager
def opened(path: Path, identities: list[pyrage.x25519.Identity]) -> Iterator[Contents]:
    """The contents of a pack, for the length of a with block.

    Parameters
    ----------
    path
        A folder, a .zip or an encrypted .zip.age.
    identities
        What may open an encrypted one.

    Raises
    ------
    PackError
        If it is none of these, breaks a limit, or no identity opens it.
    """
    if path.is_dir():
        yield _contents(_Folder(path))
        return
    try:
        with path.open("rb") as file:
            sealed = file.read(40).startswith(AGE)
            size = path.stat().st_size
            file.seek(0)
            if sealed and size > MAX_SEALED_BYTES:
                raise PackError(f"{path.name} is larger than {MAX_SEALED_BYTES:,} bytes")
            inner = io.BytesIO(_decrypted(file.read(), identities)) if sealed else file
            with zipfile.ZipFile(inner) as archive:
                yield _contents(_Archive(archive))
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise PackError(f"{path} is neither a folder nor a sound archive: {error}") from error


def _decrypted(content: bytes, identities: list[pyrage.x25519.Identity]) -> bytes:
    if not identities:
        raise PackError(
            "the pack is encrypted, and there is no key here that opens packs",
            hint="on the machine that it was encrypted for; see docs/keys.md",
        )
    try:
        return bytes(pyrage.decrypt(content, identities))
    except pyrage.DecryptError as error:
        raise PackError(
            f"the pack is encrypted, and no key here opens it: {error}",
            hint="the public key in config/recipients.yaml must be this machine's "
            "(selat keys list)",
        ) from error


def _contents(source: "_Folder | _Archive") -> Contents:
    sizes: dict[str, int] = {}
    odd: list[str] = []
    taken: set[str] = set()  # on some systems two names that differ in case are one file
    total = 0
    for name, size in source.entries():
        if len(sizes) + len(odd) >= MAX_FILES:
            raise PackError(f"there are more than {MAX_FILES:,} files in it")
        total += max(size, 0)
        if total > MAX_BYTES:
            raise PackError(f"it holds more than {MAX_BYTES:,} bytes")
        if size < 0 or name.casefold() in taken or not manifest.is_safe(name):
            odd.append(name)
        else:
            sizes[name] = size
            taken.add(name.casefold())
    return Contents(sizes, tuple(odd), source)


class _Folder:
    def __init__(self, root: Path) -> None:
        self._root = root

    def entries(self) -> Iterator[tuple[str, int]]:
        """Name and size of each file, size -1 of what isn't a plain file; links aren't followed."""
        pending = [self._root]
        while pending:
            folder = pending.pop()
            with os.scandir(folder) as found:
                for entry in sorted(found, key=lambda one: one.name):
                    path = Path(entry.path)
                    name = path.relative_to(self._root).as_posix()
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(path)
                    elif entry.is_file(follow_symlinks=False):
                        yield name, entry.stat(follow_symlinks=False).st_size
                    else:
                        yield name, -1

    def open(self, name: str) -> IO[bytes]:
        return (self._root / name).open("rb")


class _Archive:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        names = [info.filename for info in archive.infolist()]
        tops = {name.split("/", 1)[0] for name in names}
        # One folder around everything is the pack's own.
        self._top = f"{tops.pop()}/" if len(tops) == 1 and all("/" in n for n in names) else ""

    def entries(self) -> Iterator[tuple[str, int]]:
        """Name and size of each file, size -1 of what isn't a plain file."""
        for info in self._archive.infolist():
            name = info.filename.removeprefix(self._top)
            kind = (info.external_attr >> 16) & 0o170000
            plain = kind in {0, 0o100000} and not info.flag_bits & 0x1
            if info.filename.endswith("/"):  # is_dir() fails where there is no name at all
                if name.strip("/"):
                    continue
            else:
                yield name, info.file_size if plain else -1

    def open(self, name: str) -> IO[bytes]:
        try:
            return self._archive.open(self._top + name)
        except (*_BROKEN, RuntimeError) as error:  # RuntimeError: encrypted within
            raise PackError(f"{name} can't be read: {error}") from error


def _guarded(file: IO[bytes], name: str, size: int) -> bytes:
    try:
        return file.read(size)
    except _BROKEN as e:
        raise PackError(f"{name} can't be read: {e}") from e
