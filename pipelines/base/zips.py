"""Zip archives from anybody: their directory, and each file in them as a stream, in bounded memory.

`directory` reads what the archive says of itself and refuses one that is too long; `blocks` gives
a file's bytes. No name is used as a path, nothing is written, and what a file inflates to is never
held: whoever reads decides how much is enough. Python's `zipfile` holds the whole directory.
Members that are packed by bzip2 or LZMA aren't read, as files of these aren't: nothing writes feeds
so. Source: APPNOTE.TXT 6.3.10 (PKWARE).
"""

import os
import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

from pipelines.base.bounded import DamageError, Deflate

MAX_ENTRIES: Final = 10_000
STORED, DEFLATED = 0, 8
METHODS: Final = (STORED, DEFLATED)

_MAX_DIRECTORY: Final = 1 << 24
_READ: Final = 1 << 16
_END: Final = struct.Struct("<4s4H2LH")  # APPNOTE 4.3.16
_END64: Final = struct.Struct("<4sQ2H2L4Q")  # 4.3.14
_LOCATOR64: Final = struct.Struct("<4sLQL")  # 4.3.15
_ENTRY: Final = struct.Struct("<4s4x2H4x3L3H4x2L")  # 4.3.12
_LOCAL: Final = struct.Struct("<4s5H3L2H")  # 4.3.7
_IN_64: Final = 0xFFFFFFFF
_ENCRYPTED: Final = 0x1 | 0x40 | 0x2000
_UTF8: Final = 0x800


class ZipError(Exception):
    """An archive whose directory can't be read, or is too long."""

    def __init__(self, text: str, *, too_large: bool = False) -> None:
        super().__init__(text)
        self.too_large = too_large


@dataclass(frozen=True)
class Entry:
    """What the directory says of a file."""

    name: str
    """Its name, for people: bytes that aren't in its encoding are replaced."""
    raw_name: bytes
    method: int
    encrypted: bool
    is_link: bool
    is_folder: bool
    """What it is beside a file."""
    compressed: int
    size: int
    """Its bytes in the archive, and those that they stand for. It may lie."""
    crc: int
    at: int
    overlaps: bool = False
    """Whether bytes of another file are its own too: so is a small archive made to hold much
    (Fifield, "A better zip bomb", WOOT 2019)."""


def directory(file: BinaryIO) -> tuple[Entry, ...]:
    """Read the directory of an archive, which may stand behind a program that unpacks it.

    Raises ZipError if there is none, it contradicts itself, or it names more files than
    `MAX_ENTRIES`.
    """
    size = file.seek(0, os.SEEK_END)
    tail_at = max(size - _END.size - 0xFFFF, 0)
    file.seek(tail_at)
    tail = file.read(_END.size + 0xFFFF)
    at = tail.rfind(b"PK\x05\x06")
    # A comment, and what is behind, may hold the mark as well.
    while at >= 0 and not _fits(tail, at):
        at = tail.rfind(b"PK\x05\x06", 0, at)
    if at < 0:
        raise ZipError("it has no directory")
    *_, count, length, offset, _ = _END.unpack_from(tail, at)
    end = tail_at + at
    wide = _end64(file, end)
    stop = end
    if wide is not None:
        stop, count, length, offset = wide
    if count > MAX_ENTRIES:
        raise ZipError(f"it holds {count:,} files", too_large=True)
    if length > _MAX_DIRECTORY:
        raise ZipError(f"its directory takes {length / 1e6:,.0f} MB", too_large=True)
    start = stop - length
    if start < offset:
        raise ZipError("its directory isn't where it says")
    file.seek(start)
    return _apart(tuple(_entries(file.read(length), start - offset)))


def _fits(tail: bytes, at: int) -> bool:
    if at + _END.size > len(tail):
        return False
    return at + _END.size + int(_END.unpack_from(tail, at)[-1]) <= len(tail)


def _end64(file: BinaryIO, end: int) -> tuple[int, int, int, int] | None:
    """Return where the directory ends, its entries, length and offset, of an archive with wide
    fields.
    """
    if end < _LOCATOR64.size + _END64.size:
        return None
    file.seek(end - _LOCATOR64.size)
    mark, _, _, _ = _LOCATOR64.unpack(file.read(_LOCATOR64.size))
    if mark != b"PK\x06\x07":
        return None
    at = end - _LOCATOR64.size - _END64.size
    file.seek(at)
    mark, *_, count, length, offset = _END64.unpack(file.read(_END64.size))
    if mark != b"PK\x06\x06":
        raise ZipError("its directory isn't where it says")
    return at, count, length, offset


def _entries(data: bytes, before: int) -> Iterator[Entry]:
    at = found = 0
    while at < len(data):
        if at + _ENTRY.size > len(data):
            raise ZipError("its directory is cut off")
        mark, flags, method, crc, compressed, size, *lengths, attributes, offset = (
            _ENTRY.unpack_from(data, at)
        )
        n_name, n_extra, n_comment = lengths
        if mark != b"PK\x01\x02":
            raise ZipError("its directory is damaged")
        found += 1
        if found > MAX_ENTRIES:
            raise ZipError(f"it holds more than {MAX_ENTRIES:,} files", too_large=True)
        at += _ENTRY.size
        raw = data[at : at + n_name]
        extra = data[at + n_name : at + n_name + n_extra]
        at += n_name + n_extra + n_comment
        if at > len(data):
            raise ZipError("its directory is cut off")
        size, compressed, offset = _widened(extra, size, compressed, offset)
        yield Entry(
            name=raw.decode("utf-8" if flags & _UTF8 else "cp437", "replace"),
            raw_name=raw,
            method=method,
            encrypted=bool(flags & _ENCRYPTED),
            is_link=stat.S_ISLNK(attributes >> 16),
            is_folder=raw.endswith(b"/"),
            compressed=compressed,
            size=size,
            crc=crc,
            at=before + offset,
        )


def _apart(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Return the entries, those marked whose bytes are another's as well."""
    shared, used = set(), 0
    for entry in sorted(entries, key=lambda entry: entry.at):
        if entry.at < used:
            shared.add(id(entry))
        used = max(used, entry.at + _LOCAL.size + len(entry.raw_name) + entry.compressed)
    return tuple(
        replace(entry, overlaps=True) if id(entry) in shared else entry for entry in entries
    )


def _widened(extra: bytes, *fields: int) -> list[int]:
    """Fields of 32 bits, those that are full from the extra field of zip64 (4.5.3)."""
    wide = b""
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, at)
        if tag == 1:
            wide = extra[at + 4 : at + 4 + length]
            break
        at += 4 + length
    found = []
    for field in fields:
        if field == _IN_64 and len(wide) >= 8:
            found.append(int.from_bytes(wide[:8], "little"))
            wide = wide[8:]
        else:
            found.append(field)
    return found


def blocks(file: BinaryIO, entry: Entry) -> Iterator[bytes]:
    """Read the bytes of a file in an archive, in pieces of at most `bounded.BLOCK`.

    Other files of the same archive may be read in between. It goes on to the end of the compressed
    stream, whatever the directory says of its size; more than wanted is for the reader to refuse.

    Raises DamageError if it ends early, or isn't what the directory says: behind all that could be
    read.
    """
    if entry.method not in METHODS:
        raise DamageError
    crc = size = 0
    for piece in _pieces(file, _data_at(file, entry), entry):
        size += len(piece)
        crc = zlib.crc32(piece, crc)
        yield piece
    if size != entry.size or crc != entry.crc:
        raise DamageError


def _data_at(file: BinaryIO, entry: Entry) -> int:
    """Return where the compressed bytes begin."""
    file.seek(entry.at)
    header = file.read(_LOCAL.size)
    if len(header) < _LOCAL.size:
        raise DamageError("truncated archive")
    mark, _, flags, method, *_, n_name, n_extra = _LOCAL.unpack(header)
    if mark != b"PK\x03\x04" or flags & _ENCRYPTED or method != entry.method:
        raise DamageError
    return entry.at + _LOCAL.size + int(n_name) + int(n_extra)


def _pieces(file: BinaryIO, at: int, entry: Entry) -> Iterator[bytes]:
    stop = at + entry.compressed
    inflater = None if entry.method == STORED else Deflate(-15)
    while at < stop:
        file.seek(at)
        data = file.read(min(_READ, stop - at))
        if not data:
            raise DamageError("truncated archive")
        at += len(data)
        if inflater is None:
            yield data
            continue
        yield from inflater.put(data)
        if inflater.rest() is not None:
            return
    if inflater is not None:
        raise DamageError("truncated archive")
