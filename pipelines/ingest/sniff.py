"""What a stream of bytes is, told by its content: AIS sentences, a CSV of a known layout, or not
a feed and why.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pipelines.ingest.containers import kind_of, not_read
from pipelines.ingest.errors import IngestError
from pipelines.ingest.layouts import Layout, choose, closest
from pipelines.ingest.report import escaped

_SENTENCE: Final = re.compile(rb"![A-Z]{2}VD[MO],\d+,\d+,")
_MAX_PREAMBLE: Final = 50
_BOM: Final = b"\xef\xbb\xbf"
_DELIMITERS: Final = (",", ";", "\t", "|")


@dataclass(frozen=True)
class Nmea:
    """AIVDM and AIVDO sentences."""

    name: str = "nmea"


@dataclass(frozen=True)
class Csv:
    """A table with a header.

    Parameters
    ----------
    layout
        How to read it.
    header
        Column names as in the file.
    skip
        Number of lines to skip: the header and what is above it.
    """

    layout: Layout
    header: tuple[str, ...]
    skip: int

    @property
    def name(self) -> str:
        """Name of the layout."""
        return self.layout.name


def sniff(head: bytes, name: str, layouts: Mapping[str, Layout], mapping: str | None) -> Nmea | Csv:
    """Tell what a feed is by its first bytes.

    Parameters
    ----------
    head
        The first 256 KiB of it.
    name
        What the user calls it, for messages.
    layouts
        The CSV layouts that there are.
    mapping
        Name of the layout that the user wants for CSV feeds; None to recognise it.

    Raises
    ------
    IngestError
        If it is empty, not a feed, or a CSV that matches no layout or several.
    """
    if not head.strip(b"\0 \r\n\t" + _BOM):
        raise IngestError(f"{name} is empty", hint="there is nothing to read in it")
    wanted = choose(layouts, mapping) if mapping else None
    if wanted is not None and wanted.header and not _SENTENCE.search(head):
        return Csv(wanted, wanted.header, 0)
    found = _by_header(head, layouts, wanted)
    if len(found) == 1:
        return found[0]
    if len(found) > 1:
        names = ", ".join(csv.name for csv in found)
        raise IngestError(
            f"{name}: its header matches several layouts: {names}", hint="name one: --mapping NAME"
        )
    if _SENTENCE.search(head) and not _is_json(head):
        return Nmea()
    raise _why_not(head, name, layouts, wanted)


def looks_like_csv(head: bytes) -> bool:
    """Whether the text begins with a header that has an MMSI column."""
    return any("mmsi" in column.casefold() for column in _likely_header(head))


def _text_lines(head: bytes) -> list[str]:
    text = head.removeprefix(_BOM).decode("utf-8", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:_MAX_PREAMBLE]


def _by_header(head: bytes, layouts: Mapping[str, Layout], wanted: Layout | None) -> list[Csv]:
    candidates = [wanted] if wanted else [lay for lay in layouts.values() if not lay.header]
    found: dict[str, Csv] = {}
    for number, line in enumerate(_text_lines(head)):
        for layout in candidates:
            header = _split(line, layout.delimiter)
            if layout.name not in found and header and not layout.lacking(header):
                found[layout.name] = Csv(layout, tuple(header), number + 1)
        if found:
            break
    return list(found.values())


def _split(line: str, delimiter: str) -> list[str]:
    try:
        row = next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []
    return [column.strip() for column in row]


def _likely_header(head: bytes) -> list[str]:
    """Columns of the first line that could be a header: four columns and more."""
    for line in _text_lines(head):
        columns = max((_split(line, d) for d in _DELIMITERS), key=len)
        if len(columns) >= 4:
            return columns
    return []


def _why_not(
    head: bytes, name: str, layouts: Mapping[str, Layout], wanted: Layout | None
) -> IngestError:
    other = not_read(head)
    if other:
        return IngestError(f"{name} is a {other} file, which isn't read", hint="unpack it first")
    if kind_of(head) != "plain":
        return IngestError(f"{name} is an archive in an archive", hint="unpack it first")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return IngestError(f"{name} is UTF-16 text", hint="save it as UTF-8")
    if _is_binary(head):
        return IngestError(
            f"{name} is binary, not text",
            hint="feeds are AIVDM sentences or CSV, plain or as .gz, .zst, .zip",
        )
    if _is_json(head):
        return IngestError(f"{name} is JSON, which isn't read", hint="convert it to CSV")
    header = _likely_header(head)
    shown = escaped(", ".join(header))
    if wanted is not None:
        lacking = ", ".join(wanted.lacking(header))
        return IngestError(
            f"{name} doesn't have the columns of mapping {wanted.name!r}: {lacking} missing",
            hint=f"its columns are: {shown}" if header else "it has no header",
        )
    near = closest(layouts.values(), header)
    if near is not None:
        layout, lacking_columns = near
        return IngestError(
            f"{name} looks like {layout.name!r} ({layout.title}), but has no column "
            f"{', '.join(lacking_columns)}",
            hint=f"its columns are: {shown}; rename them, or describe them in config/mappings.yaml",
        )
    if header:
        return IngestError(
            f"{name} is a table of an unknown layout",
            hint=f"its columns are: {shown}; describe them in config/mappings.yaml",
        )
    return IngestError(
        f"{name} isn't a feed: there is no AIS sentence and no table header in it",
        hint="feeds are AIVDM sentences (!AIVDM,1,1,…) or CSV with a header",
    )


def _is_json(head: bytes) -> bool:
    return re.match(rb"\s*(?:\{\s*\"|\[\s*\{)", head.removeprefix(_BOM)) is not None


def _is_binary(head: bytes) -> bool:
    odd = sum(head.count(byte) for byte in (*range(9), *range(14, 27), *range(28, 32)))
    return odd > len(head) / 100
