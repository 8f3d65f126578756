"""How much memory the parts of a Parquet file take, found out before anything unpacks them.

pyarrow believes what a file says: it makes room for a page of 2 GB that 30 kB stand for. The sizes
stand in the headers of the pages (Thrift's compact protocol), which are read here. Sources: Apache
Parquet Format 2.10, parquet.thrift; Thrift compact protocol.
"""

import os
from collections.abc import Mapping
from typing import Any, BinaryIO, Final, NamedTuple

from pipelines.ingest.containers import PARQUET_MAGIC
from pipelines.ingest.formats.thrift import Compact

MAX_PAGE: Final = 1 << 26
"""Largest page, unpacked. Writers make pages of 1 MiB, and of 20,000 rows at most."""

MAX_FOOTER: Final = 1 << 23
"""Longest description of a file: of thousands of row groups, or of thousands of columns."""

_HEADER: Final = 1 << 16


class TooLargeError(Exception):
    """A part of a file would take too much memory; the text says which."""


def check_footer(file: BinaryIO) -> None:
    """Refuse a file whose description is too long."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - 8, 0))
    length = int.from_bytes(file.read(4), "little")
    if MAX_FOOTER < length <= size:
        raise TooLargeError(f"its description takes {length / 1e6:,.0f} MB")


class Chunk(NamedTuple):
    """A column of a row group: its name, where its pages begin, and their bytes as stored."""

    column: str
    start: int
    size: int


def chunks(file: BinaryIO) -> tuple[int, list[Chunk]]:
    """Return to how many bytes a file grows, by its own description, and where its columns are."""
    check_footer(file)
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - 8, 0))
    tail = file.read(8)
    length = int.from_bytes(tail[:4], "little")
    if tail[4:] != PARQUET_MAGIC or length > size - 8:
        raise ValueError("a file without its description")
    file.seek(size - 8 - length)
    described = Compact(file.read(length)).struct()
    grown, found = 0, []
    for group in _structs(described, 4):  # RowGroup
        grown += max(_number(group, 2), 0)
        for column in _structs(group, 1):  # ColumnChunk
            about = column.get(3)  # ColumnMetaData
            if not isinstance(about, dict):
                raise ValueError("a column without its description")
            start, words = _number(about, 9), _number(about, 11)
            # Its dictionary comes first; where that has no words nothing may come behind it.
            if words > 0 and not 0 < start <= words:
                start = words
            parts = about.get(3)
            if not isinstance(parts, list) or not all(isinstance(one, bytes) for one in parts):
                raise ValueError("a column without its name")
            name = b".".join(parts).decode("utf-8", "replace")
            found.append(Chunk(name, start, _number(about, 7)))
    return grown, found


def _structs(fields: Mapping[int, Any], number: int) -> list[dict[int, Any]]:
    values = fields.get(number, [])
    return [one for one in values if isinstance(one, dict)] if isinstance(values, list) else []


def _number(fields: Mapping[int, Any], number: int) -> int:
    value = fields.get(number, 0)
    return value if isinstance(value, int) else 0


def check_pages(file: BinaryIO, start: int, size: int) -> None:
    """Refuse a column of a row group with a page that is too large."""
    place, end = start, start + size
    while place < end:
        file.seek(place)
        reader = Compact(file.read(min(_HEADER, end - place)))
        header = reader.struct()
        unpacked, packed = (_number(header, field) for field in (2, 3))
        if max(unpacked, packed) > MAX_PAGE:
            raise TooLargeError(f"it has a page of {unpacked / 1e6:,.0f} MB")
        if packed < 0:
            raise ValueError("a page of less than nothing")
        place += reader.at + packed
