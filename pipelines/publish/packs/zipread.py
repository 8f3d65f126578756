"""A pack's ZIP archive, read strictly: every byte of the file has its place, and no other.

The signature of a pack vouches for the files in it, not for the archive around them, so whatever
the format leaves free is looked at here: bytes before, between and behind the members, comments,
extra fields, names that stand twice or differ in the two places where the format keeps them, links,
data behind the end of a packed member. What can still be read is read, and told as a problem.

Nothing is trusted on the way: members are stored or deflated and nothing else, they don't overlap,
their number and names are bounded, and each is unpacked as a stream that ends where its size says.

Source: APPNOTE.TXT 6.3.10 of PKWARE, sections 4.3 and 4.4; RFC 1951.
"""

import stat
import struct
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from pipelines.publish.packs.manifest import PackError, UnsoundError

MAX_FILES: Final = 10_000
_MAX_DIRECTORY: Final = 4 << 20
_MAX_NAME: Final = 400
BLOCK: Final = 1 << 18

_CENTRAL: Final = struct.Struct("<4s6H3I5H2I")
_LOCAL: Final = struct.Struct("<4s5H3I2H")
_END: Final = struct.Struct("<4s4H2IH")
_MAX_COMMENT: Final = 0xFFFF
_STORED, _DEFLATED = 0, 8
_ENCRYPTED, _AS_STREAM, _KNOWN_FLAGS = 0x1, 0x8, 0x806
_OWN: Final = (0x0314, 20, 0, 0, 0x21, 0, 0o100644 << 16)
"""Made by, needs, flags, time, date, inner and outer attributes of a member that Selat writes."""


Hear = Callable[[bytes], object]


class Bytes(Protocol):
    """Bytes of a known number that can be read anywhere."""

    size: int

    def at(self, offset: int, length: int) -> bytes:
        """Read so many bytes from there, fewer at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Member:
    """A file of the archive, as the directory at its end has it."""

    name: str
    method: int
    crc: int
    packed: int
    """Bytes that it takes in the archive."""
    size: int
    data: int
    """Where these begin."""
    plain: bool
    """Whether it is a file that can be read: no link, not encrypted, stored or deflated."""


@dataclass(frozen=True)
class Directory:
    """All members of an archive, and what is wrong with it."""

    members: tuple[Member, ...]
    problems: tuple[str, ...]
    own: bool
    """Whether Selat wrote it, as far as one can tell by its form."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A member of the directory with all fields that the format has."""

    name: str
    raw: bytes
    made_by: int
    fields: tuple[int, ...]  # needs, flags, method, time, date, crc, packed, size
    inner: int
    outer: int
    start: int

    @property
    def form(self) -> tuple[int, ...]:
        needs, flags, _, time, date = self.fields[:5]
        return (self.made_by, needs, flags, time, date, self.inner, self.outer)


def directory(source: Bytes) -> Directory:
    """Read the directory of an archive, and see that all of the file is accounted for.

    Raises
    ------
    PackError
        If this is no archive.
    UnsoundError
        If its members can't be told, or there are more, or longer names, than in a pack.
    """
    problems: list[str] = []
    entries, begin, shift = _entries(source, problems)
    end = 0
    members: list[Member] = []
    for entry in sorted(entries, key=lambda one: one.start):
        at = entry.start + shift
        data = _data(source, entry, at, problems)
        if at < end:
            raise UnsoundError(f"members of the archive overlap at {shown(entry.name)}")
        if at > end:
            problems.append(f"{at - end:,} bytes before {shown(entry.name)} belong to nothing")
        end = data + entry.fields[6]
        _, flags, method, _, _, crc, packed, size = entry.fields
        kind = stat.S_IFMT(entry.outer >> 16)
        plain = (
            kind in {0, stat.S_IFREG} and not flags & _ENCRYPTED and method in {_STORED, _DEFLATED}
        )
        members.append(Member(entry.name, method, crc, packed, size, data, plain))
    if end > begin:
        raise UnsoundError("members of the archive overlap its directory")
    if end < begin:
        problems.append(f"{begin - end:,} bytes before the directory belong to nothing")
    own = any(entry.form == _OWN for entry in entries)
    problems += _form(entries, own=own)
    return Directory(tuple(members), tuple(problems), own)


def _entries(source: Bytes, problems: list[str]) -> tuple[list[_Entry], int, int]:
    """Entries of the directory, where it begins, and by how much all else is moved."""
    at, (_, disk, disk_of, here, number, size, offset, comment) = _end(source)
    behind = source.size - at - _END.size
    if comment:
        problems.append(f"the archive has a comment of {comment:,} bytes")
    if behind > comment:
        problems.append(f"{behind - comment:,} bytes behind the archive belong to nothing")
    if 0xFFFF in {here, number} or 0xFFFFFFFF in {size, offset}:
        raise UnsoundError("the archive is of the large kind (ZIP64), which no pack is")
    if (disk, disk_of) != (0, 0) or here != number:
        problems.append("the archive says that it is one of several parts")
    if number > MAX_FILES:
        raise UnsoundError(f"there are more than {MAX_FILES:,} files in it")
    if size > _MAX_DIRECTORY:
        raise UnsoundError(f"its list of files is larger than {_MAX_DIRECTORY:,} bytes")
    begin = offset
    if source.at(offset, 4) != b"PK\x01\x02" or offset + size > at:
        begin = at - size  # bytes were put before an archive that doesn't know of them
    if begin < offset:
        raise UnsoundError("the archive is shorter than it says")
    if begin + size < at:
        problems.append(f"{at - begin - size:,} bytes behind the directory belong to nothing")
    entries = _parsed(source.at(begin, size), problems)
    if len(entries) != number:
        problems.append(f"the archive says that it has {number:,} members, not {len(entries):,}")
    return entries, begin, begin - offset


def _end(source: Bytes) -> tuple[int, tuple[int, ...]]:
    """Return where the record at the end of the archive is, and its fields."""
    tail_at = max(0, source.size - _END.size - _MAX_COMMENT)
    tail = source.at(tail_at, source.size - tail_at)
    at = tail.rfind(b"PK\x05\x06")
    while at >= 0:
        if at + _END.size <= len(tail):
            fields = _END.unpack_from(tail, at)
            if at + _END.size + fields[-1] <= len(tail):
                return tail_at + at, fields
        at = tail.rfind(b"PK\x05\x06", 0, at)
    if source.at(0, 2) == b"PK":
        raise UnsoundError("the archive has no end: it was cut off, or changed")
    raise PackError("this is neither a folder nor an archive of a pack")


def _parsed(content: bytes, problems: list[str]) -> list[_Entry]:
    entries: list[_Entry] = []
    at = 0
    while at < len(content):
        if len(entries) >= MAX_FILES:
            raise UnsoundError(f"there are more than {MAX_FILES:,} files in it")
        if at + _CENTRAL.size > len(content) or content[at : at + 4] != b"PK\x01\x02":
            raise UnsoundError("the directory of the archive can't be read")
        (_, made_by, *fields, name, extra, comment, disk, inner, outer, start) = (
            _CENTRAL.unpack_from(content, at)
        )
        at += _CENTRAL.size
        if name > _MAX_NAME:
            raise UnsoundError(f"a name in the archive is longer than {_MAX_NAME} bytes")
        raw = content[at : at + name]
        at += name + extra + comment
        if at > len(content):
            raise UnsoundError("the directory of the archive can't be read")
        text = raw.decode("utf-8", "surrogateescape")
        if extra or comment:
            problems.append(f"{extra + comment:,} bytes beside {shown(text)} belong to nothing")
        if disk:
            problems.append(f"{shown(text)} says that it is in another part of the archive")
        entries.append(_Entry(text, raw, made_by, tuple(fields), inner, outer, start))
    return entries


def _data(source: Bytes, entry: _Entry, at: int, problems: list[str]) -> int:
    """Return where the bytes of a member begin; what stands before them must say what its entry
    says.
    """
    head = source.at(at, _LOCAL.size + len(entry.raw))
    if len(head) < _LOCAL.size or head[:4] != b"PK\x03\x04":
        raise UnsoundError(f"{shown(entry.name)} isn't where the archive says")
    (_, *fields, name, extra) = _LOCAL.unpack_from(head)
    if tuple(fields) != entry.fields or name != len(entry.raw) or head[_LOCAL.size :] != entry.raw:
        problems.append(f"the archive says two things of {shown(entry.name)}")
    if extra:
        problems.append(f"{extra:,} bytes before {shown(entry.name)} belong to nothing")
    return at + _LOCAL.size + int(name) + int(extra)


def _form(entries: Sequence[_Entry], *, own: bool) -> list[str]:
    """Name the form of the members that neither Selat nor a plain packing program gives.

    Where one member looks as Selat writes it, all must, to the last bit: what the format leaves
    free could hold anything. Other programs' archives may hold their times and modes, the same in
    all members as far as that goes.
    """
    files = [entry for entry in entries if not entry.name.endswith("/")]
    folders = {e.name[:at] for e in files for at in range(len(e.name)) if e.name[at - 1] == "/"}
    problems = []
    if own and not _in_order(entries):
        problems.append("the members of the archive aren't in their order")
    for entry in entries:
        problems += _sizes(entry, folders)
        name = shown(entry.name)
        if own and entry.form != _OWN:
            problems.append(f"{name} isn't as Selat writes it into an archive")
        if not own and not _is_plain(entry):
            streamed = ": its size stands behind it" if entry.fields[1] & _AS_STREAM else ""
            problems.append(f"{name} isn't a plain file of the archive{streamed}")
    if not own and len({(entry.made_by, entry.outer) for entry in files}) > 1:
        problems.append("the members of the archive have different attributes")
    return problems


def _in_order(entries: Sequence[_Entry]) -> bool:
    """Tell whether members stand by their names, in the directory and in the archive."""
    by_name = sorted(entries, key=lambda entry: (entry.name, entry.start))
    return list(entries) == by_name == sorted(entries, key=lambda entry: entry.start)


def _sizes(entry: _Entry, folders: Collection[str]) -> Iterator[str]:
    """Name what an entry says of the member's content that can't be, or that a folder hasn't."""
    _, _, method, _, _, crc, packed, size = entry.fields
    name = shown(entry.name)
    if method not in {_STORED, _DEFLATED}:
        yield f"{name} is packed by a method that packs don't use ({method})"
    elif method == _STORED and packed != size:
        yield f"{name} has two sizes"
    if entry.name.endswith("/") and (any((crc, packed, size)) or entry.name not in folders):
        yield f"not in the manifest: {name}"


def _is_plain(entry: _Entry) -> bool:
    """Tell whether a member is a file or a folder without anything out of the ordinary."""
    kind, mode = (stat.S_IFDIR if entry.name.endswith("/") else stat.S_IFREG), entry.outer >> 16
    as_usual = not (entry.fields[1] & ~_KNOWN_FLAGS or entry.inner & ~1)
    return as_usual and stat.S_IFMT(mode) in {0, kind} and not mode & 0o7000


def blocks(source: Bytes, member: Member, packed: Hear | None = None) -> Iterator[bytes]:
    """Read the content of a member, block by block; never more than its size.

    `packed`: is told the bytes as they are in the archive.

    Raises UnsoundError if it isn't as long, or hasn't the checksum, that the archive says, or can't
    be unpacked.
    """
    if not member.plain:
        raise UnsoundError(f"{shown(member.name)} can't be read")
    crc, length = 0, 0
    read = _stored if member.method == _STORED else _inflated
    for block in read(source, member, packed):
        crc = zlib.crc32(block, crc)
        length += len(block)
        if length > member.size:
            raise UnsoundError(f"{shown(member.name)} is larger than the archive says")
        yield block
    if length < member.size:
        raise UnsoundError(f"{shown(member.name)} is smaller than the archive says")
    if crc != member.crc:
        raise UnsoundError(f"{shown(member.name)} hasn't the checksum that the archive says")


def _stored(source: Bytes, member: Member, packed: Hear | None) -> Iterator[bytes]:
    at, end = member.data, member.data + member.packed
    while at < end:
        block = source.at(at, min(BLOCK, end - at))
        if not block:
            raise UnsoundError(f"{shown(member.name)} is cut off")
        at += len(block)
        if packed is not None:
            packed(block)
        yield block


def _inflated(source: Bytes, member: Member, packed: Hear | None) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    behind = f"bytes behind the end of {shown(member.name)} belong to nothing"
    try:
        for block_in in _stored(source, member, packed):
            if unpacker.eof:
                raise UnsoundError(behind)
            pending = block_in
            while pending:
                block = unpacker.decompress(pending, BLOCK)
                pending = unpacker.unconsumed_tail
                if block:
                    yield block
        while not unpacker.eof and (block := unpacker.decompress(b"", BLOCK)):
            yield block
    except zlib.error as error:
        raise UnsoundError(f"{shown(member.name)} can't be unpacked: {error}") from error
    if unpacker.unused_data:
        raise UnsoundError(behind)
    if not unpacker.eof:
        raise UnsoundError(f"{shown(member.name)} is cut off")


def shown(name: str) -> str:
    """Return a name out of an archive, for a message: ASCII, quoted, not too long."""
    return ascii(name if len(name) <= 100 else name[:99] + "…")
