"""Reports as they stand in the feed, read back by their place (`frames.POSITIONS`, source_offset).

Of AIVDM the place is a byte of the decompressed feed, so everything before it is unpacked again; of
tables it is a line, of Parquet a row.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from detectors.core.errors import SelatError
from pipelines.base import zips
from pipelines.ingest.aivdm import reread
from pipelines.ingest.aivdm.rereading import FIRST_WINDOW, WINDOW
from pipelines.ingest.containers import PARQUET_MAGIC, Budget, first_bytes, kind_of, members
from pipelines.ingest.errors import IngestError
from pipelines.ingest.lines import MAX_LINE, Lines
from pipelines.ingest.opening import opened

NMEA = "nmea"
_BLOCK_LINES = 100_000


@dataclass(frozen=True)
class Reported:
    """A report as it stands in the feed."""

    lines: tuple[str, ...] = ()
    """The sentences of a message, tag block included, or the line of a table below its header."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """What it says by name: of sentences as pyais reads them."""
    problem: str = ""
    """Why it can't be shown; empty where it can."""


def read_back(
    path: Path, name: str, format_: str, places: Sequence[int], max_bytes: int
) -> dict[int, Reported]:
    """Return the reports at some places of a feed file.

    `format_` is that of the ledger's report, `places` are the `source_offset` of the reports.

    Raises
    ------
    IngestError
        If the file can't be opened, or holds more than one file.
    OSError
        If it can't be read.
    """
    head = first_bytes(path)
    if kind_of(head) == "zip" and _files_in(path, name) > 1:
        raise IngestError(
            f"{name} holds several files, through which places are counted", hint="unpack it"
        )
    if head.startswith(PARQUET_MAGIC):
        return _rows(path, name, places, max_bytes)
    budget = Budget(max_bytes, float("inf"))
    for member in members(path, name, budget, lambda _: None):
        if member.unreadable:
            raise IngestError(f"{name} can't be read: {member.unreadable}")
        if format_ == NMEA:
            return _sentences(iter(member), places)
        return _lines(Lines(member), places)
    raise IngestError(f"{name} is empty")


def _files_in(path: Path, name: str) -> int:
    try:
        with opened(path) as file:
            return sum(not entry.is_folder for entry in zips.directory(file))
    except zips.ZipError as error:
        raise IngestError(f"{name} can't be read: {error}", hint="fetch it again") from error


def _sentences(pieces: Iterator[bytes], places: Sequence[int]) -> dict[int, Reported]:
    """Return messages at bytes of a stream, which is read no further than it must be."""
    found: dict[int, Reported] = {}
    held, begin, ended = b"", 0, False
    for place in sorted(set(places)):
        while not ended and begin + len(held) < place + WINDOW:
            # What lies before the place isn't wanted any more.
            cut = max(0, min(place - begin, len(held)))
            held, begin = held[cut:], begin + cut
            piece = next(pieces, None)
            ended = piece is None
            held += piece or b""
        found[place] = _message(held[place - begin : place - begin + WINDOW])
    return found


def _message(window: bytes) -> Reported:
    try:
        again = reread(window, 0)
    except SelatError as error:
        return Reported(problem=error.message)
    first = window[:FIRST_WINDOW].splitlines()[0]
    # The first line with its tag block; parts may come in any order, and share a line.
    lines = (first, *(sentence for sentence in again.sentences if sentence not in first))
    return Reported(tuple(_text(line) for line in lines), again.fields)


def _lines(lines: Lines, places: Sequence[int]) -> dict[int, Reported]:
    wanted, header, found = sorted(set(places), reverse=True), "", {}
    for block in lines.blocks(_BLOCK_LINES):
        if not header:
            header = _text(block.line(0))
        while wanted and wanted[-1] <= block.numbers[-1]:
            place = wanted.pop()
            text = _text(block.line(place - int(block.numbers[0])))
            is_table = not text.lstrip().startswith(("{", "[", '"'))
            found[place] = Reported((header, text) if is_table else (text,))
        if not wanted:
            break
    return {place: found.get(place, Reported(problem="no such line")) for place in places}


def _rows(path: Path, name: str, places: Sequence[int], max_bytes: int) -> dict[int, Reported]:
    # All formats come with it, and most feeds are sentences.
    import pyarrow.parquet as papq

    from pipelines.ingest.formats import parquet

    found: dict[int, Reported] = {}
    first = 1
    with opened(path) as file:
        parquet.check(file, name, max_bytes)
        held = papq.ParquetFile(file)
        for group in range(held.num_row_groups):
            rows = held.metadata.row_group(group).num_rows
            mine = [place for place in places if first <= place < first + rows]
            if mine:
                table = held.read_row_group(group)
                for place in mine:
                    row = table.slice(place - first, 1).to_pylist()[0]
                    found[place] = Reported((str(row),), row)
            first += rows
    return {place: found.get(place, Reported(problem="no such row")) for place in places}


def _text(line: bytes) -> str:
    return line[:MAX_LINE].decode("utf-8", "replace").rstrip("\r\n")
