"""Files as they lie on disk, opened: plain, gzip, zstandard or zip, told apart by their content.

Nothing is written, and no name from an archive is used as a path. What an archive may grow to is
bounded. An archive inside an archive isn't opened.
"""

import errno
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import zstandard

from pipelines.ingest.errors import IngestError

BLOCK: Final = 1 << 20
_READ: Final = 1 << 16
# One zstandard block of 4 bytes may stand for 128 KiB: small reads bound what comes out of one.
_READ_ZSTD: Final = 1 << 12
_RATIO_FROM: Final = 256 << 20
_MAX_MEMBERS: Final = 10_000

_MAGIC: Final = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstandard"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
)
_NOT_READ: Final = (
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"%PDF", "PDF"),
    (b"SQLite format 3\x00", "SQLite"),
)

Progress = Callable[[int], None]


@dataclass
class Budget:
    """How far archives may grow.

    Parameters
    ----------
    max_bytes
        Uncompressed bytes of one file on disk, all members together.
    max_ratio
        Uncompressed over compressed, looked at from 256 MiB on. AIS text shrinks by a factor of 4
        to 12, and an idle receiver's log by less than 100; a decompression bomb by 1,000 and more
        (Fifield, "A better zip bomb", WOOT 2019).
    """

    max_bytes: int
    max_ratio: float
    spent: int = 0

    def spend(self, uncompressed: int, compressed_so_far: int, name: str) -> None:
        """Count bytes that came out of an archive.

        Raises
        ------
        IngestError
            If it has grown beyond the limits.
        """
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
    """One stream of bytes: a file, or a file in an archive.

    Attributes
    ----------
    unreadable
        Why the bytes can't be had at all (encrypted …), else empty.
    path
        The file that holds just these bytes; None if they come out of an archive.
    damage
        Set when the bytes end early: "truncated archive" or "damaged archive", else empty.
    """

    name: str
    _blocks: Iterator[bytes] = field(repr=False)
    unreadable: str = ""
    path: Path | None = None
    damage: str = ""

    def __iter__(self) -> Iterator[bytes]:
        """The bytes, in blocks of about a mebibyte."""
        try:
            yield from _gathered(self._blocks)
        except _DamageError as error:
            self.damage = error.kind


class _DamageError(Exception):
    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


def kind_of(head: bytes) -> str:
    """The container that a file is, by its first bytes: "gzip", "zstandard", "zip" or "plain"."""
    if _is_skippable(head):
        return "zstandard"
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), "plain")


def not_read(head: bytes) -> str:
    """The name of a format that isn't read, by its first bytes; empty for anything else."""
    if head[257:262] == b"ustar":
        return "tar"
    return next((kind for magic, kind in _NOT_READ if head.startswith(magic)), "")


def members(path: Path, name: str, budget: Budget, progress: Progress) -> Iterator[Member]:
    """Open a file: itself, its one content, or every file of a zip, in the archive's order.

    Parameters
    ----------
    path
        The file on disk.
    name
        What the user calls it.
    budget
        What it may grow to.
    progress
        Called with the number of bytes of the file on disk that are dealt with.

    Raises
    ------
    IngestError
        If a zip can't be opened, or an archive grows beyond the budget (while it is read).
    """
    with path.open("rb") as file:
        kind = kind_of(file.read(8))
    if kind == "zip":
        yield from _zip_members(path, name, budget, progress)
        return
    if kind == "plain":
        yield Member(name, _plain(path, progress), path=path)
        return
    start = _zlib_start if kind == "gzip" else _zstd_start
    read = _READ if kind == "gzip" else _READ_ZSTD
    yield Member(name, _inflated(path, name, start, read, budget, progress))


def _plain(path: Path, progress: Progress) -> Iterator[bytes]:
    done = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            done += len(block)
            yield block
            progress(done)


class _Frame(Protocol):
    """One gzip member or zstandard frame being decompressed."""

    def put(self, data: bytes) -> Iterator[bytes]: ...

    def rest(self) -> bytes | None:
        """What follows the end of the frame, None while it hasn't ended."""


class _ZlibFrame:
    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    def put(self, data: bytes) -> Iterator[bytes]:
        try:
            out = self._inner.decompress(data, BLOCK)
            yield out
            # A full block may leave more behind, in the input or inside the decompressor.
            while self._inner.unconsumed_tail or (len(out) == BLOCK and not self._inner.eof):
                out = self._inner.decompress(self._inner.unconsumed_tail, BLOCK)
                yield out
        except zlib.error as error:
            raise _DamageError("damaged archive") from error

    def rest(self) -> bytes | None:
        return self._inner.unused_data if self._inner.eof else None


class _ZstdFrame:
    def __init__(self) -> None:
        self._inner = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()

    def put(self, data: bytes) -> Iterator[bytes]:
        try:
            yield self._inner.decompress(data)
        except (zstandard.ZstdError, MemoryError) as error:
            raise _DamageError("damaged archive") from error

    def rest(self) -> bytes | None:
        return self._inner.unused_data if self._inner.eof else None


def _zlib_start(data: bytes) -> _Frame | None:
    return _ZlibFrame() if data[:1] == b"\x1f" else None


def _zstd_start(data: bytes) -> _Frame | None:
    return _ZstdFrame() if data[0] == 0x28 or 0x50 <= data[0] <= 0x5F else None


def _is_skippable(head: bytes) -> bool:
    # RFC 8878, 3.1.2: frames 0x184D2A50 to 0x184D2A5F are skipped; pzstd begins files with one.
    return head[1:4] == b"\x2a\x4d\x18" and 0x50 <= head[0] <= 0x5F


def _inflated(
    path: Path, name: str, start: Callable[[bytes], _Frame | None], read: int, budget: Budget,
    progress: Progress,
) -> Iterator[bytes]:  # fmt: skip
    """Decompress all frames of a file; `_DamageError` where it ends early or is damaged."""
    consumed, frame = 0, None
    with path.open("rb") as file:
        while chunk := file.read(read):
            consumed += len(chunk)
            data = chunk
            while data:
                if frame is None:
                    # gzip files on tape are padded with zeros.
                    data = data.lstrip(b"\0")
                    if not data:
                        break
                    frame = start(data)
                    if frame is None:
                        raise _DamageError("damaged archive")
                for out in frame.put(data):
                    budget.spend(len(out), consumed, name)
                    yield out
                rest = frame.rest()
                data = rest or b""
                frame = None if rest is not None else frame
            progress(consumed)
    if frame is not None:
        raise _DamageError("truncated archive")


def _zip_members(path: Path, name: str, budget: Budget, progress: Progress) -> Iterator[Member]:
    try:
        archive = zipfile.ZipFile(path)
    except NotImplementedError as error:
        raise IngestError(
            f"{name}: the zip archive can't be read: {error}",
            hint="it is damaged, or made by a newer program: unpack it, and name the folder",
        ) from error
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise IngestError(
            f"{name}: the zip archive is damaged or cut off: {error}",
            hint="its directory is at its end, so nothing can be read; fetch it again",
        ) from error
    with archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        if len(infos) > _MAX_MEMBERS:
            raise IngestError(
                f"{name}: archive too large: it holds {len(infos):,} files",
                hint="unpack it, and name the folder",
            )
        done = 0
        for info in infos:
            blocks = _unzipped(archive, info, done, name, budget, progress)
            yield Member(info.filename, blocks, unreadable=_unreadable(info))
            done += info.compress_size
            progress(done)


def _unzipped(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, before: int, name: str, budget: Budget,
    progress: Progress,
) -> Iterator[bytes]:  # fmt: skip
    try:
        with archive.open(info) as file:
            done = 0
            while block := file.read(BLOCK):
                done += len(block)
                share = min(done / max(info.file_size, 1), 1.0)
                consumed = before + int(info.compress_size * share)
                budget.spend(len(block), before + info.compress_size, name)
                yield block
                progress(consumed)
    except EOFError as error:
        raise _DamageError("truncated archive") from error
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError) as error:
        raise _DamageError("damaged archive") from error
    except OSError as error:
        # A place before the file, or a bzip2 stream that is none; a disk that fails is no damage.
        if error.errno not in {None, errno.EINVAL}:
            raise
        raise _DamageError("damaged archive") from error


def _unreadable(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & 0x1:
        return "it is encrypted"
    known = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    return "" if info.compress_type in known else "its compression isn't read"


def _gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Join small pieces to blocks of about `BLOCK` bytes; what came before damage isn't lost."""
    held: list[bytes] = []
    size = 0
    damage: _DamageError | None = None
    try:
        for piece in pieces:
            held.append(piece)
            size += len(piece)
            if size >= BLOCK:
                yield b"".join(held)
                held, size = [], 0
    except _DamageError as error:
        damage = error
    if size:
        yield b"".join(held)
    if damage is not None:
        raise damage
