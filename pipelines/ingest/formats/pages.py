"""How much memory the parts of a Parquet file take, found out before anything unpacks them.

pyarrow believes what a file says: it makes room for a page of 2 GB that 30 kB stand for. The sizes
stand in the headers of the pages (Thrift's compact protocol), which are read here. Sources: Apache
Parquet Format 2.10, parquet.thrift; Thrift compact protocol.
"""

import os
from pathlib import Path
from typing import BinaryIO, Final

MAX_PAGE: Final = 1 << 26
"""Largest page, unpacked. Writers make pages of 1 MiB, and of 20,000 rows at most."""

MAX_FOOTER: Final = 1 << 23
"""Longest description of a file: of thousands of row groups, or of thousands of columns."""

_HEADER: Final = 1 << 16
_MAX_DEPTH: Final = 8
_STRUCT, _LIST, _SET, _MAP, _BINARY, _DOUBLE, _BYTE = 12, 9, 10, 11, 8, 7, 3


class TooLargeError(Exception):
    """A part of a file would take too much memory; the text says which."""


def check_footer(path: Path) -> None:
    """Refuse a file whose description is too long.

    Raises
    ------
    TooLargeError
        If it is.
    """
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 8, 0))
        length = int.from_bytes(file.read(4), "little")
    if MAX_FOOTER < length <= size:
        raise TooLargeError(f"its description takes {length / 1e6:,.0f} MB")


def check_pages(file: BinaryIO, start: int, size: int) -> None:
    """Refuse a column of a row group with a page that is too large.

    Raises
    ------
    TooLargeError
        If there is one.
    ValueError
        If a header can't be read.
    """
    place, end = start, start + size
    while place < end:
        file.seek(place)
        header = _Header(file.read(min(_HEADER, end - place)))
        if max(header.unpacked, header.packed) > MAX_PAGE:
            raise TooLargeError(f"it has a page of {header.unpacked / 1e6:,.0f} MB")
        if header.packed < 0:
            raise ValueError("a page of less than nothing")
        place += header.length + header.packed


class _Header:
    """What a page's header says of sizes.

    Attributes
    ----------
    unpacked, packed
        Bytes of the page.
    length
        Bytes of the header.
    """

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0
        fields = self._struct(0)
        self.unpacked, self.packed = fields.get(2, 0), fields.get(3, 0)
        self.length = self._at

    def _byte(self) -> int:
        if self._at >= len(self._data):
            raise ValueError("a page without its header")
        self._at += 1
        return self._data[self._at - 1]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise ValueError("a number that is too long")

    def _whole(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _struct(self, depth: int) -> dict[int, int]:
        """Return the whole numbers among the fields of a struct, by field."""
        if depth > _MAX_DEPTH:
            raise ValueError("a header that is too deep")
        numbers: dict[int, int] = {}
        field = 0
        while byte := self._byte():
            kind = byte & 15
            field = field + (byte >> 4) if byte >> 4 else self._whole()
            if 4 <= kind <= 6:
                numbers[field] = self._whole()
            else:
                self._skip(kind, depth)
        return numbers

    def _skip(self, kind: int, depth: int) -> None:
        if kind == _BINARY:
            length = self._varint()
            self._at += length
        elif kind == _DOUBLE:
            self._at += 8
        elif kind == _BYTE:
            self._at += 1
        elif kind == _STRUCT:
            self._struct(depth + 1)
        elif kind in (_LIST, _SET, _MAP):
            raise ValueError("a list in a page's header")
        elif kind not in (1, 2):
            raise ValueError("a field of an unknown kind")
