"""zstandard files, a block at a time, so that memory stays bounded whatever a frame stands for.

The library takes any number of bytes and gives all that they stand for; four of them may be 128
KiB. Blocks say their length, so that they are handed to it one by one. Source: RFC 8878, 3.1.
"""

from collections.abc import Iterator
from typing import Final

import zstandard

from pipelines.base.bounded import DamageError, Source

MAX_WINDOW: Final = 1 << 27
"""The window that zstd itself allows for unless told otherwise; `zstd --long=31` writes 2 GiB."""

_MAX_BLOCK: Final = 1 << 17
_READ: Final = 1 << 16
_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_ID_SIZES: Final = (0, 1, 2, 4)
_RLE, _RESERVED = 1, 3


class WindowError(Exception):
    """A frame needs more memory than is allowed for: so many bytes."""

    def __init__(self, window: int) -> None:
        super().__init__(window)
        self.window = window


def is_skippable(head: bytes) -> bool:
    """Return whether a frame begins that is to be skipped (3.1.2), as pzstd's files do."""
    return head[1:4] == b"\x2a\x4d\x18" and 0x50 <= head[0] <= 0x5F


def pieces(file: Source) -> Iterator[bytes]:
    """Yield what all frames of a file stand for, in pieces of at most 128 KiB.

    Raises
    ------
    DamageError
        Behind all that comes before the damage.
    WindowError
        If a frame needs too much memory.
    """
    while magic := _next_magic(file):
        if is_skippable(magic):
            _pass_over(file, int.from_bytes(_exactly(file, 4), "little"))
        elif magic == _MAGIC:
            yield from _frame(file)
        else:
            raise DamageError("damaged archive" if len(magic) == 4 else "truncated archive")


def _next_magic(file: Source) -> bytes:
    """Return the next four bytes behind the zeros with which files on tape are padded."""
    while data := file.read(_READ):
        found = data.lstrip(b"\0")
        if found:
            file.seek(-len(found), 1)
            return file.read(4)
    return b""


def _frame(file: Source) -> Iterator[bytes]:
    header = _exactly(file, 1)
    descriptor = header[0]
    single = descriptor >> 5 & 1
    id_size, size_size = _ID_SIZES[descriptor & 3], (single, 2, 4, 8)[descriptor >> 6]
    header += _exactly(file, (not single) + id_size + size_size)
    if single:  # its content
        window = int.from_bytes(header[-size_size:], "little") + (256 if size_size == 2 else 0)
    else:
        window = (8 + (header[1] & 7)) << (7 + (header[1] >> 3))
    if window > MAX_WINDOW:
        raise WindowError(window)
    inner = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW).decompressobj()
    try:
        yield inner.decompress(_MAGIC + header)
        last = 0
        while not last:
            head = _exactly(file, 3)
            fields = int.from_bytes(head, "little")
            last, kind, size = fields & 1, fields >> 1 & 3, fields >> 3
            if size > _MAX_BLOCK or kind == _RESERVED:
                raise DamageError
            yield inner.decompress(head + _exactly(file, 1 if kind == _RLE else size))
        if descriptor >> 2 & 1:
            inner.decompress(_exactly(file, 4))
    except zstandard.ZstdError as error:
        raise DamageError from error
    if not inner.eof:
        raise DamageError


def _pass_over(file: Source, size: int) -> None:
    if size:
        file.seek(size - 1, 1)
        _exactly(file, 1)


def _exactly(file: Source, size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise DamageError("truncated archive")
    return data
