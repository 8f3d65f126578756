"""Messages of aisstream.io, one JSON object per line as its socket sends them, or indented.

An object is an envelope: `MessageType`, `MetaData` with `time_utc` (when aisstream received it, as
the language Go prints times), and in `Message` the message under its type's name. Described at
https://aisstream.io/documentation. Units are those of the frames already: degrees, knots, metres;
values that AIS calls "not available" are sent as they are.

Lines are parsed in blocks by pyarrow. A line that isn't an object, or in which a value that is
read has another kind than it must, is rejected by itself.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.json as pajson
from numpy.typing import NDArray

from pipelines.ingest.cells import Cells
from pipelines.ingest.errors import IngestError
from pipelines.ingest.formats.base import Feed, Format, Found, Head
from pipelines.ingest.formats.envelopes import LAYOUT, SCHEMA, columns_of
from pipelines.ingest.lines import BOM, MAX_LINE, Block, count_of
from pipelines.ingest.report import escaped
from pipelines.ingest.rows import Batch
from pipelines.ingest.tabular import Table

_NEEDED: Final = ("MessageType", "Message", "MetaData")
_BARE: Final = ("MessageID", "UserID")
# Lines that are parsed together once their block turned out to have a fault.
_GROUP: Final = 256
# pyarrow crashes on "null" in the place of an object, which can only follow the end of one.
_NULL_BEHIND_OBJECT: Final = re.compile(rb"\}\s*n")


class Aisstream:
    """A feed of aisstream.io's envelopes."""

    title = "aisstream.io messages (JSON lines)"

    def find(self, head: Head) -> Sequence[Found]:
        """See `base.Format`."""
        # The first line may be cut: a recording begins wherever it begins.
        if b'"MessageType"' not in head.data or not any(map(_is_envelope, _keys(head))):
            return []
        return [Found("aisstream", _Reader(_is_indented(head)).batches)]

    def why_not(self, head: Head) -> IngestError | None:
        """See `base.Format`."""
        if not head.is_json:
            return None
        name = head.name
        if head.data.removeprefix(BOM).lstrip().startswith(b"["):
            return IngestError(
                f"{name} is a JSON list, which isn't read",
                hint="write one object per line: jq -c '.[]' FILE",
            )
        found = _keys(head)
        keys = found[0] if found else []
        shown = escaped(", ".join(keys))
        if all(key in keys for key in _BARE):
            return IngestError(
                f"{name} looks like aisstream.io messages without their envelopes: it has no "
                "times, MetaData.time_utc is missing",
                hint="record the whole envelope (MessageType, MetaData, Message): nothing else "
                "says when a message was received",
            )
        near = [key for key in _NEEDED if key in keys]
        if near:
            lacking = ", ".join(key for key in _NEEDED if key not in keys) or "MetaData.time_utc"
            return IngestError(
                f"{name} looks like 'aisstream' ({self.title}), but has no {lacking}",
                hint=f"its keys are: {shown}",
            )
        return IngestError(
            f"{name} is JSON of an unknown kind",
            hint=(f"its keys are: {shown}; " if keys else "")
            + f"of JSON only {self.title} are read; convert it to CSV",
        )


def _is_envelope(keys: Sequence[str]) -> bool:
    return all(key in keys for key in (*_NEEDED, "MetaData.time_utc"))


def _is_indented(head: Head) -> bool:
    first = next((line for line in head.lines if line.strip()), "")
    return not first.rstrip().endswith("}")


def _keys(head: Head) -> list[list[str]]:
    """Return keys of the first objects, those in `MetaData` with their path."""
    text = head.data.removeprefix(BOM).decode("utf-8", "replace").replace("\r", "\n")
    if _is_indented(head):
        text = re.sub(r"\n(?!\{)", " ", text)
    found = []
    for line in text.split("\n")[:100]:
        keys = _object(line)
        if keys is not None:
            inner = keys.get("MetaData")
            found.append(
                [*keys, *(f"MetaData.{k}" for k in inner if isinstance(inner, dict))]
                if isinstance(inner, dict)
                else [*keys]
            )
    return found


def _object(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


class _Reader:
    """Reads envelopes.

    Parameters
    ----------
    indented
        Whether an object goes over several lines.
    """

    def __init__(self, indented: bool) -> None:
        self._indented = indented

    def batches(self, feed: Feed) -> Iterator[Batch]:
        table = Table(LAYOUT, feed.source, feed.options, feed.report)
        return table.batches(self._cells(feed))

    def _cells(self, feed: Feed) -> Iterator[Cells]:
        blocks = feed.lines.blocks(feed.options.batch_rows)
        for block in _joined(blocks) if self._indented else blocks:
            if block.overlong:
                feed.report.rows_read += 1
                feed.report.reject("overlong line", int(block.numbers[0]), block.line(0))
            else:
                yield _of_block(block, feed)


def _joined(blocks: Iterator[Block]) -> Iterator[Block]:
    """Put each indented object on one line, with the number of its first.

    An object begins where a line begins with "{"; what is indented belongs to the one before.
    """
    held, numbers = b"", np.zeros(0, "int64")
    for block in blocks:
        if block.overlong:
            yield block
            continue
        data = held + block.data
        numbers = np.r_[numbers, block.numbers]
        cut = data.rfind(b"\n{") + 1
        if not cut and len(data) <= MAX_LINE:
            held = data
            continue
        cut = cut or len(data)
        count = data.count(b"\n", 0, cut)
        yield _on_one_line(data[:cut], numbers[:count])
        held, numbers = data[cut:], numbers[count:]
    if held:
        yield _on_one_line(held, numbers)


def _on_one_line(data: bytes, numbers: NDArray[np.int64]) -> Block:
    values = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(values == 0x0A)
    starts = np.r_[True, values[ends[:-1] + 1] == ord("{")]
    return Block(re.sub(rb"\r?\n(?!\{)", b" ", data[:-1]) + b"\n", numbers[starts])


def _of_block(block: Block, feed: Feed) -> Cells:
    """Return the rows of a block; its other lines are counted."""
    report = feed.report
    table = _all_at_once(block)
    rows = np.arange(len(block))
    if table is None:
        lines = [_clean(block.line(row)) for row in range(len(block))]
        there = [row for row, line in enumerate(lines) if line]
        report.other_line("blank", len(lines) - len(there))
        report.rows_read += len(there)
        table, rows = _those_that_parse(lines, there)
        wrong = np.setdiff1d(there, rows)
    else:
        report.rows_read += len(block)
        wrong = rows[:0]
    columns, good = columns_of(table)
    for row in np.union1d(wrong, rows[~good]):
        report.reject("json", int(block.numbers[row]), block.line(int(row)))
    keep = pa.array(good)
    kept = rows[good]
    return Cells(
        {name: cells.filter(keep) for name, cells in columns.items()},
        block.numbers[kept],
        lambda row: block.line(int(kept[row])),
    )


def _all_at_once(block: Block) -> pa.Table | None:
    """Return a table with a row per line; None if the lines must be looked at one by one."""
    data, count = block.data, len(block)
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    if b"\0" in data or not (data.isascii() or _is_utf8(data)):
        return None
    # What begins with "{" and ends with "}" on each line can't be an object over several lines.
    starts, ends = count_of(data, b"\n{") + 1, count_of(data, b"}\n")
    if not data.startswith(b"{") or starts != count or ends != count:
        return None
    if _NULL_BEHIND_OBJECT.search(data):
        return None
    table = _by_arrow(data, count)
    return table if isinstance(table, pa.Table) else None


def _by_arrow(data: bytes, count: int) -> pa.Table | int:
    """Return the table of `count` lines that are safe to parse; else which line has a fault.

    -1 if some line has one, but it isn't known which.
    """
    try:
        table = pajson.read_json(
            pa.BufferReader(data),
            pajson.ReadOptions(use_threads=False, block_size=len(data) + 1),
            pajson.ParseOptions(explicit_schema=SCHEMA, unexpected_field_behavior="ignore"),
        )
    except pa.ArrowInvalid as error:
        row = re.search(r"in row (\d+)$", str(error))
        return int(row[1]) if row and int(row[1]) < count else -1
    # Two objects on one line make two rows.
    return table if table.num_rows == count else -1


def _those_that_parse(
    lines: Sequence[bytes], rows: Sequence[int]
) -> tuple[pa.Table, NDArray[np.int64]]:
    """Return the table of those lines that have no fault, and which they are."""
    safe = [row for row in rows if _is_safe(lines[row])]
    found = [
        part
        for start in range(0, len(safe), _GROUP)
        for part in _without_faults(lines, safe[start : start + _GROUP])
    ]
    table = pa.concat_tables([SCHEMA.empty_table(), *(table for _, table in found)])
    return table, np.asarray([row for group, _ in found for row in group], "int64")


def _without_faults(
    lines: Sequence[bytes], rows: list[int]
) -> Iterator[tuple[list[int], pa.Table]]:
    """Yield groups of lines without a fault, in order, each with its table."""
    good: list[int] = []
    left = rows
    while left:
        table = _by_arrow(_text_of(lines, left), len(left))
        fault = table if isinstance(table, int) else len(left)
        # Behind a line with two objects, pyarrow's count of rows isn't that of lines.
        if fault < 0 or (fault < len(left) and not _has_fault(lines[left[fault]])):
            break
        good += left[:fault]
        left = left[fault + 1 :]
    if good:
        table = _by_arrow(_text_of(lines, good), len(good))
        if isinstance(table, int):
            # What is before the line that pyarrow complains about isn't right either.
            left, good = sorted({*good, *left}), []
        else:
            yield good, table
    if len(left) == 1 and not _has_fault(lines[left[0]]):
        yield from _without_faults(lines, left)
    elif len(left) > 1:
        half = len(left) // 2
        yield from _without_faults(lines, left[:half])
        yield from _without_faults(lines, left[half:])


def _has_fault(line: bytes) -> bool:
    return isinstance(_by_arrow(line + b"\n", 1), int)


def _text_of(lines: Sequence[bytes], rows: Sequence[int]) -> bytes:
    return b"".join(lines[row] + b"\n" for row in rows)


def _is_safe(line: bytes) -> bool:
    if not (line.startswith(b"{") and line.endswith(b"}")):
        return False
    # "null" in a text is no harm, if the line is one object.
    return not _NULL_BEHIND_OBJECT.search(line) or _object(line.decode()) is not None


def _clean(line: bytes) -> bytes:
    line = line.replace(b"\0", b"").replace(b"\r", b" ").strip()
    return line if _is_utf8(line) else line.decode("utf-8", "replace").encode()


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


AISSTREAM: Final[Format] = Aisstream()
