"""Files as they lie on disk, opened: plain, gzip, zstandard or zip, told apart by their content.

Nothing is written, and no name from an archive is used as a path. What an archive may grow to is
bounded. An archive inside an archive isn't opened.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from pipelines.base import zips
from pipelines.base.bounded import BLOCK, DamageError, Deflate, Source
from pipelines.ingest import zstd
from pipelines.ingest.errors import CutOffError, IngestError
from pipelines.ingest.opening import opened

UNFINISHED: Final = "unfinished line"
"""What is wrong with a file that goes on behind what is looked at."""

_READ: Final = 1 << 16
_RATIO_FROM: Final = 64 << 20

_MAGIC: Final = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstandard"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
)
PARQUET_MAGIC: Final = b"PAR1"
"""How a Parquet file begins and ends: it packs its columns itself."""
_NOT_READ: Final = (
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"%PDF", "PDF"),
    (b"SQLite format 3\x00", "SQLite"),
)
NO_ARCHIVES: Final = ("PDF", "SQLite")
"""Those of them that can't be unpacked."""

Progress = Callable[[int], None]


@dataclass
class Budget:
    """How far archives may grow.

    Parameters
    ----------
    max_bytes
        Uncompressed bytes of one file on disk, all members together.
    max_ratio
        Uncompressed over compressed, looked at from 64 MiB on. AIS text shrinks by a factor of 4
        to 12, and an idle receiver's log by less than 100; a decompression bomb by 1,000 and more
        (Fifield, "A better zip bomb", WOOT 2019).
    """

    max_bytes: int
    max_ratio: float
    spent: int = 0

    def spend(self, uncompressed: int, compressed_so_far: int, name: str) -> None:
        """Count bytes that came out of an archive."""
        self.spent += uncompressed
        ratio = self.spent / max(compressed_so_far, 1)
        if self.spent > self.max_bytes:
            limit = f"more than {self.max_bytes / 1e9:g} GB"
        elif self.spent > _RATIO_FROM and ratio > self.max_ratio:
            limit = f"{ratio:,.0f} times its size"
        else:
            return
        raise IngestError(
            f"{name}: archive too large: it grows to {limit}",
            hint="if it is a feed, unpack it first or raise ingest.max_uncompressed_gb",
        )


@dataclass
class Member:
    """One stream of bytes: a file, or a file in an archive."""

    name: str
    _blocks: Iterator[bytes] = field(repr=False)
    unreadable: str = ""
    """Why the bytes can't be had at all (encrypted …), else empty."""
    path: Path | None = None
    """The file that holds just these bytes; None if they come out of an archive."""
    damage: str = ""
    """Set when the bytes end early: "truncated archive", "damaged archive", or "unfinished line" of
    a file that grows; else empty."""

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes, in blocks of about a mebibyte; none if they can't be had."""
        if self.unreadable:
            return
        try:
            yield from _gathered(self._blocks)
        except DamageError as error:
            self.damage = error.kind


def first_bytes(path: Path) -> bytes:
    """Return what `kind_of` tells a file by."""
    with opened(path) as file:
        return file.read(8)


def kind_of(head: bytes) -> str:
    """Return the container by its first bytes: "gzip", "zstandard", "zip" or "plain"."""
    if zstd.is_skippable(head):
        return "zstandard"
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), "plain")


def not_read(head: bytes) -> str:
    """Return the name of a format that isn't read, by its first bytes; empty for anything else."""
    if head[257:262] == b"ustar":
        return "tar"
    return next((kind for magic, kind in _NOT_READ if head.startswith(magic)), "")


def members(
    path: Path, name: str, budget: Budget, progress: Progress, size: int | None = None
) -> Iterator[Member]:
    """Open a file: itself, its one content, or every file of a zip, in the archive's order.

    Raises IngestError if a zip can't be opened, or an archive grows beyond the budget (while it is
    read).

    Parameters
    ----------
    progress
        Called with the number of bytes of the file on disk that are dealt with.
    size
        How many of its bytes are looked at, for a file that somebody may be writing to; None for
        all. A zip, whose directory is at its end, is always looked at as it is.
    """
    kind = kind_of(first_bytes(path))
    if kind == "zip":
        yield from _zip_members(path, name, budget, progress)
    elif kind == "plain":
        yield Member(name, _plain(path, progress, size), path=path)
    else:
        inflated = _gunzipped if kind == "gzip" else zstd.pieces
        yield Member(name, _counted(path, name, inflated, budget, progress, size))


def _plain(path: Path, progress: Progress, size: int | None) -> Iterator[bytes]:
    done = 0
    with _opened(path, size) as file:
        while block := file.read(BLOCK):
            done += len(block)
            yield block
            progress(done)
    if size is not None and path.stat().st_size > size:
        raise DamageError(UNFINISHED)


class _First:
    """The first bytes of a file."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size = file, size
        self.seek, self.tell = file.seek, file.tell

    def read(self, count: int) -> bytes:
        return self._file.read(max(min(count, self._size - self.tell()), 0))


@contextmanager
def _opened(path: Path, size: int | None) -> Iterator[Source]:
    with opened(path) as file:
        yield file if size is None else _First(file, size)


def _counted(
    path: Path,
    name: str,
    inflated: Callable[[Source], Iterator[bytes]],
    budget: Budget,
    progress: Progress,
    size: int | None,
) -> Iterator[bytes]:
    """Yield what a compressed file stands for, counted."""
    with _opened(path, size) as file:
        try:
            for piece in inflated(file):
                done = file.tell()
                budget.spend(len(piece), done, name)
                yield piece
                progress(done)
        except zstd.WindowError as error:
            raise IngestError(
                f"{name}: archive too large: unpacking it takes {error.window / 1e6:,.0f} MB of "
                "memory for its window alone",
                hint="unpack it first, or pack it again without --long",
            ) from error
        progress(file.tell())


def _gunzipped(file: Source) -> Iterator[bytes]:
    member: Deflate | None = None
    while data := file.read(_READ):
        while data:
            if member is None:
                # Files on tape are padded with zeros.
                data = data.lstrip(b"\0")
                if not data:
                    break
                if data[:1] != b"\x1f":
                    raise DamageError
                member = Deflate(wbits=31)
            yield from member.put(data)
            rest = member.rest()
            data = rest or b""
            member = None if rest is not None else member
    if member is not None:
        raise DamageError("truncated archive")


def _zip_members(path: Path, name: str, budget: Budget, progress: Progress) -> Iterator[Member]:
    with opened(path) as file:
        try:
            found = zips.directory(file)
        except zips.ZipError as error:
            if error.too_large:
                raise IngestError(
                    f"{name}: archive too large: {error}", hint="unpack it, and name the folder"
                ) from error
            raise CutOffError(
                f"{name}: the zip archive is damaged or cut off: {error}",
                hint="its directory is at its end, so nothing can be read; fetch it again",
            ) from error
        size = file.seek(0, os.SEEK_END)
        done = 0
        for entry in found:
            if entry.is_folder:
                continue
            blocks = _unzipped(file, size, entry, done, name, budget, progress)
            yield Member(entry.name, blocks, unreadable=_unreadable(entry))
            done += entry.compressed
            progress(min(done, size))


def _unzipped(
    file: BinaryIO,
    size: int,
    entry: zips.Entry,
    before: int,
    name: str,
    budget: Budget,
    progress: Progress,
) -> Iterator[bytes]:
    done = 0
    for piece in zips.blocks(file, entry):
        done += len(piece)
        share = min(done / max(entry.size, 1), 1.0)
        consumed = before + int(entry.compressed * share)
        budget.spend(len(piece), min(before + entry.compressed, size), name)
        yield piece
        progress(min(consumed, size))


def _unreadable(entry: zips.Entry) -> str:
    if entry.encrypted:
        return "it is encrypted"
    if entry.is_link:
        return "it is a link"
    if entry.overlaps:
        return "it shares its bytes with another file of the archive"
    return "" if entry.method in zips.METHODS else "its compression isn't read"


def _gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Join small pieces to blocks of about `BLOCK` bytes; what came before damage isn't lost."""
    held: list[bytes] = []
    size = 0
    damage: DamageError | None = None
    try:
        for piece in pieces:
            held.append(piece)
            size += len(piece)
            if size >= BLOCK:
                yield b"".join(held)
                held, size = [], 0
    except DamageError as error:
        damage = error
    if size:
        yield b"".join(held)
    if damage is not None:
        raise damage
