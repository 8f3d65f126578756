"""JSON objects, one per line or indented, to cells.

Lines are parsed in blocks by pyarrow. A line that isn't an object, or in which a value that is
read has another kind than it must, is rejected by itself.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.json as pajson
from numpy.typing import NDArray

from pipelines.ingest.cells import Cells
from pipelines.ingest.formats.base import Feed, Head
from pipelines.ingest.lines import BOM, MAX_LINE, Block, count_of

# Lines that are parsed together once their block turned out to have a fault.
_GROUP: Final = 256
# pyarrow crashes on "null" in the place of an object, which can only follow the end of one.
_NULL_BEHIND_OBJECT: Final = re.compile(rb"\}\s*n")


def is_indented(head: Head) -> bool:
    """Return whether an object goes over several lines."""
    first = next((line for line in head.lines if line.strip()), "")
    return not first.rstrip().endswith("}")


def first_objects(head: Head, most: int) -> list[dict[str, Any]]:
    """Return the first whole objects of a feed."""
    text = head.data.removeprefix(BOM).decode("utf-8", "replace").replace("\r", "\n")
    if is_indented(head):
        text = re.sub(r"\n(?!\{)", " ", text)
    found = (object_of(line) for line in text.split("\n")[:most])
    return [one for one in found if one is not None]


def object_of(line: str) -> dict[str, Any] | None:
    """Return the object that a line is; None if it is none."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


class Objects:
    """Reads JSON objects, one per line or indented.

    `columns_of`: gives the layout's columns of a table of `schema`, and which of its rows are good.
    """

    def __init__(
        self,
        schema: pa.Schema,
        columns_of: Callable[[pa.Table], tuple[dict[str, pa.Array], NDArray[np.bool_]]],
        indented: bool,
    ) -> None:
        self._schema = schema
        self._columns_of, self._indented = columns_of, indented

    def cells(self, feed: Feed) -> Iterator[Cells]:
        """Yield the cells of a feed."""
        blocks = feed.lines.blocks(feed.options.batch_rows)
        for block in _joined(blocks) if self._indented else blocks:
            if block.overlong:
                feed.report.rows_read += 1
                feed.report.reject("overlong line", int(block.numbers[0]), block.line(0))
            else:
                yield self._of_block(block, feed)

    def _of_block(self, block: Block, feed: Feed) -> Cells:
        """Return the rows of a block; its other lines are counted."""
        report = feed.report
        table = self._all_at_once(block)
        rows = np.arange(len(block))
        if table is None:
            lines = [_clean(block.line(row)) for row in range(len(block))]
            there = [row for row, line in enumerate(lines) if line]
            report.other_line("blank", len(lines) - len(there))
            report.rows_read += len(there)
            table, rows = self._those_that_parse(lines, there)
            wrong = np.setdiff1d(there, rows)
        else:
            report.rows_read += len(block)
            wrong = rows[:0]
        columns, good = self._columns_of(table)
        for row in np.union1d(wrong, rows[~good]):
            report.reject("json", int(block.numbers[row]), block.line(int(row)))
        keep = pa.array(good)
        kept = rows[good]
        return Cells(
            {name: cells.filter(keep) for name, cells in columns.items()},
            block.numbers[kept],
            lambda row: block.line(int(kept[row])),
        )

    def _all_at_once(self, block: Block) -> pa.Table | None:
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
        table = self._by_arrow(data, count)
        return table if isinstance(table, pa.Table) else None

    def _by_arrow(self, data: bytes, count: int) -> pa.Table | int:
        """Return the table of `count` lines that are safe to parse; else which line has a fault.

        -1 if some line has one, but it isn't known which.
        """
        try:
            table = pajson.read_json(
                pa.BufferReader(data),
                pajson.ReadOptions(use_threads=False, block_size=len(data) + 1),
                pajson.ParseOptions(
                    explicit_schema=self._schema, unexpected_field_behavior="ignore"
                ),
            )
        except pa.ArrowInvalid as error:
            row = re.search(r"in row (\d+)$", str(error))
            return int(row[1]) if row and int(row[1]) < count else -1
        # Two objects on one line make two rows.
        return table if table.num_rows == count else -1

    def _those_that_parse(
        self, lines: Sequence[bytes], rows: Sequence[int]
    ) -> tuple[pa.Table, NDArray[np.int64]]:
        """Return the table of those lines that have no fault, and which they are."""
        safe = [row for row in rows if _is_safe(lines[row])]
        found = [
            part
            for start in range(0, len(safe), _GROUP)
            for part in self._of_group(lines, safe[start : start + _GROUP])
        ]
        table = pa.concat_tables([self._schema.empty_table(), *(table for _, table in found)])
        return table, np.asarray([row for group, _ in found for row in group], "int64")

    def _of_group(
        self, lines: Sequence[bytes], rows: list[int]
    ) -> Iterator[tuple[list[int], pa.Table]]:
        """Yield groups of lines without a fault, in order, each with its table."""
        table = self._by_arrow(_text_of(lines, rows), len(rows))
        if isinstance(table, pa.Table):
            yield rows, table
        else:
            # pyarrow names one fault each time, for half a millisecond.
            yield from self._without_faults(lines, [row for row in rows if self._fits(lines[row])])

    def _fits(self, line: bytes) -> bool:
        """Tell whether a line is an object whose values have the kinds of the schema."""
        try:
            found = json.loads(line, **_AS_ARROW)
            if b"\\ud" in line.lower():  # half a pair is no text
                json.dumps(found, ensure_ascii=False, default=str).encode()
        except RecursionError:
            return True  # pyarrow goes as deep as it must
        except ValueError:
            return False
        return isinstance(found, dict) and _has_kinds(found, self._schema)

    def _without_faults(
        self, lines: Sequence[bytes], rows: list[int]
    ) -> Iterator[tuple[list[int], pa.Table]]:
        """Yield groups of lines without a fault, in order, each with its table."""
        good: list[int] = []
        left = rows
        while left:
            table = self._by_arrow(_text_of(lines, left), len(left))
            fault = table if isinstance(table, int) else len(left)
            # Behind a line with two objects, pyarrow's count of rows isn't that of lines.
            if fault < 0 or (fault < len(left) and not self._has_fault(lines[left[fault]])):
                break
            good += left[:fault]
            left = left[fault + 1 :]
        if good:
            table = self._by_arrow(_text_of(lines, good), len(good))
            if isinstance(table, int):
                # What is before the line that pyarrow complains about isn't right either.
                left, good = sorted({*good, *left}), []
            else:
                yield good, table
        if len(left) == 1 and not self._has_fault(lines[left[0]]):
            yield from self._without_faults(lines, left)
        elif len(left) > 1:
            half = len(left) // 2
            yield from self._without_faults(lines, left[:half])
            yield from self._without_faults(lines, left[half:])

    def _has_fault(self, line: bytes) -> bool:
        return isinstance(self._by_arrow(line + b"\n", 1), int)


def _has_kinds(found: dict[str, Any], fields: Iterable[pa.Field]) -> bool:
    """Tell whether values have the kinds of these fields, or are lacking."""
    return all(_is_kind(found[field.name], field.type) for field in fields if field.name in found)


def _is_kind(value: object, kind: pa.DataType) -> bool:
    if value is None:
        return True
    if isinstance(value, dict):
        return pa.types.is_struct(kind) and _has_kinds(value, kind)
    if isinstance(value, list):
        return pa.types.is_list(kind) and all(_is_kind(one, kind.value_type) for one in value)
    if isinstance(value, str):
        return bool(pa.types.is_string(kind))
    if isinstance(value, bool):
        return bool(pa.types.is_boolean(kind))
    return isinstance(value, float) and pa.types.is_floating(kind)


def _unlike_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object in which a name that stands twice has a value of no kind."""
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                found[name] = _OF_NO_KIND
            seen.add(name)
    return found


def _finite(text: str) -> float:
    """Return a number; ValueError where its exponent leads beyond all numbers."""
    value = float(text)
    if math.isinf(value) and "e" in text.lower():
        raise ValueError(text)
    return value


_OF_NO_KIND: Final = object()
_AS_ARROW: Final[dict[str, Any]] = {
    "parse_int": float,
    "parse_float": _finite,
    "object_pairs_hook": _unlike_twice,
}
"""Have Python take what pyarrow takes: what differs is left to pyarrow, line by line."""


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


def _text_of(lines: Sequence[bytes], rows: Sequence[int]) -> bytes:
    return b"".join(lines[row] + b"\n" for row in rows)


def _is_safe(line: bytes) -> bool:
    if not (line.startswith(b"{") and line.endswith(b"}")):
        return False
    # "null" in a text is no harm, if the line is one object.
    return not _NULL_BEHIND_OBJECT.search(line) or object_of(line.decode()) is not None


def _clean(line: bytes) -> bytes:
    line = line.replace(b"\0", b"").replace(b"\r", b" ").strip()
    return line if _is_utf8(line) else line.decode("utf-8", "replace").encode()


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
