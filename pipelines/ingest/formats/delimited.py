"""CSV with a header that one of the layouts describes.

Blocks of lines are parsed by pyarrow. A row is one line: a line break inside quotes, which no AIS
text can have, makes both halves rows with too few columns. Line numbers are those of the file.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from pipelines.ingest.cells import Cells, Words
from pipelines.ingest.column_names import lacking
from pipelines.ingest.errors import IngestError
from pipelines.ingest.formats.base import SENTENCE, Feed, Format, Found, Head
from pipelines.ingest.formats.tables import by_layout
from pipelines.ingest.layouts import PLACES, Layout, dimension_of, unknown_table, without_rows
from pipelines.ingest.lines import Block
from pipelines.ingest.naming import Named, by_names
from pipelines.ingest.report import escaped
from pipelines.ingest.samples import Sample

_DELIMITERS: Final = (",", ";", "\t", "|")
# Comments may stand above a header.
_HEADER_WITHIN: Final = 50
# Which vessel, when, latitude and longitude; a folder may hold any number of texts without them.
_NARROWEST, _WIDEST = 3, 500
_BLANK: Final = ' \t\r\0,;|"'


class Delimited:
    """A feed whose first lines hold the header of a layout."""

    title = "CSV with a header"

    def find(self, head: Head) -> Sequence[Found]:
        """See `base.Format`."""
        wanted = head.wanted
        if wanted is not None and wanted.header and not SENTENCE.search(head.data):
            return [_found(wanted, wanted.header, 0)]
        fitting = _fitting(head)
        if any(layout.twice(header) for layout, header, _ in fitting):
            return []
        if fitting:
            return [_found(*one) for one in fitting]
        named = None if wanted else head.once(_named)
        return [_found(*named)] if named and not isinstance(named, IngestError) else []

    def why_not(self, head: Head) -> IngestError | None:
        """See `base.Format`."""
        if head.is_json or SENTENCE.search(head.data):
            return None
        fitting = _fitting(head)
        if twice := next(filter(None, (lay.twice(header) for lay, header, _ in fitting)), ""):
            hint = "rename all of them but one"
            return IngestError(f"{head.name} has several columns {escaped(twice)!r}", hint=hint)
        named = None if head.wanted else head.once(_named)
        if isinstance(named, IngestError):
            return head.named(named)
        last = [line for line in head.text_lines if line.strip()][-1:]
        if head.wanted is None and not lacking(likely_header(last)):
            return without_rows(head.name)
        return unknown_table(head.name, head.layouts, head.wanted, likely_header(head.lines))


def _fitting(head: Head) -> list[tuple[Layout, list[str], int]]:
    """Return the layouts that the first line fits which is the header of any, with that line."""
    wanted = head.wanted
    candidates = [wanted] if wanted else [lay for lay in head.layouts.values() if not lay.header]
    for number, line in enumerate(head.lines):
        rows = {delimiter: _split(line, delimiter) for delimiter in _DELIMITERS}
        fitting = [
            (layout, header, number + 1)
            for layout in candidates
            if (header := rows.get(layout.delimiter) or _split(line, layout.delimiter))
            and set(header).issuperset(layout.needed)
        ]
        if fitting:
            return fitting
    return []


def likely_header(lines: Sequence[str]) -> list[str]:
    """Return columns of the first line that could be a header: four columns and more."""
    for line in lines:
        columns = max((_split(line, d) for d in _DELIMITERS), key=len)
        if len(columns) >= 4:
            return columns
    return []


def _split(line: str, delimiter: str) -> list[str]:
    try:
        row = next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []
    return [column.strip() for column in row]


def _named(head: Head) -> tuple[Layout, Sequence[str], int, Named] | IngestError | None:
    """Return how a table is read whose names tell what is what; an error where they nearly do."""
    if head.is_json or SENTENCE.search(head.data):
        return None
    lines = head.text_lines
    for number, line in enumerate(lines[:_HEADER_WITHIN]):
        for delimiter in (*_DELIMITERS, " "):
            header = _split(line, delimiter)
            if not _NARROWEST <= len(header) <= _WIDEST or lacking(header, points=True):
                continue
            rows = (_split(row, delimiter) for row in lines[number + 1 : -1] or lines[number + 1 :])
            whole = [row for row in rows if len(row) == len(header)]
            named = by_names(Sample(header, whole, delimiter=delimiter))
            if isinstance(named, Named):
                return named.layout, header, number + 1, named
            if named is not None:
                return named
    return None


def _found(layout: Layout, header: Sequence[str], skip: int, named: Named | None = None) -> Found:
    return by_layout(layout, lambda feed: _Reader(layout, header, skip, feed), named)


class _Reader:
    """The cells of a feed.

    The first `skip` lines are the header and what is above it.
    """

    def __init__(self, layout: Layout, header: Sequence[str], skip: int, feed: Feed) -> None:
        self._layout, self._skip, self._feed = layout, skip, feed
        self._width = len(header)
        self._columns = {name: header.index(name) for name in layout.used if name in header}
        self._numbers = _numeric(layout) & set(self._columns)
        self._as_numbers = set(self._numbers)
        self._missing = pa.array(["", *layout.missing], pa.string())

    def __iter__(self) -> Iterator[Cells]:
        report = self._feed.report
        for block in self._feed.lines.blocks(self._feed.options.batch_rows):
            below = block
            if self._skip:
                drop = min(self._skip, len(block))
                self._skip -= drop
                below = block.part(drop, len(block))
            if not len(below):
                continue
            if block.overlong:
                report.rows_read += 1
                report.reject("overlong line", int(block.numbers[0]), block.line(0))
                continue
            yield self._cells(below)

    def _cells(self, raw: Block) -> Cells:
        """Return the rows with the right number of columns; the other lines are counted."""
        block = Block(_as_utf8(raw.data), raw.numbers)
        rows = np.arange(len(block))
        wrong: list[int] = []
        table = self._parsed(block.data, wrong)
        if table is None or table.num_rows + len(wrong) != len(block):
            table, rows = self._line_by_line(block, wrong)
        elif wrong:
            rows = np.delete(rows, wrong)
        columns = {name: self._column(table, name) for name in self._columns}
        blank = self._blank(columns, block, rows)
        if blank.any():
            keep = pa.array(~blank)
            columns = {name: cells.filter(keep) for name, cells in columns.items()}
            rows = rows[~blank]
        rejected = [row for row in sorted(wrong) if block.line(row).strip(_BLANK.encode())]
        report = self._feed.report
        report.other_line("blank", len(block) - len(rows) - len(rejected))
        report.rows_read += len(rows) + len(rejected)
        for row in rejected:
            report.reject("columns", int(block.numbers[row]), raw.line(row))
        return Cells(columns, block.numbers[rows], lambda row: raw.line(int(rows[row])))

    def _parsed(self, data: bytes, wrong: list[int]) -> pa.Table | None:
        """Parse all lines by pyarrow; None if some line can't be read so. Adds to `wrong`."""
        if b"\r" in data and data.count(b"\r") != data.count(b"\r\n"):
            # pyarrow takes a bare carriage return for the end of a row.
            return None
        while True:
            wrong.clear()
            try:
                return self._by_arrow(data, wrong)
            except pa.ArrowInvalid as error:
                column = re.match(r"In CSV column #(\d+)", str(error))
                named = {
                    n for n in self._as_numbers if column and self._columns[n] == int(column[1])
                }
                if not named:
                    return None
                # Not only numbers in there: from here on it is read as text.
                self._as_numbers -= named

    def _by_arrow(self, data: bytes, wrong: list[int]) -> pa.Table:
        def on_invalid(row: pacsv.InvalidRow) -> str:
            wrong.append(row.number - 1)
            return "skip"

        types = {str(i): pa.string() for i in self._columns.values()}
        types |= {str(self._columns[name]): pa.float64() for name in self._as_numbers}
        return pacsv.read_csv(
            pa.BufferReader(data),
            read_options=pacsv.ReadOptions(
                column_names=[str(i) for i in range(self._width)],
                use_threads=False,
                block_size=len(data) + 1,
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=self._layout.delimiter,
                invalid_row_handler=on_invalid,
                ignore_empty_lines=False,
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=types,
                include_columns=[str(i) for i in self._columns.values()],
                null_values=["", *self._layout.missing],
                strings_can_be_null=False,
            ),
        )

    def _line_by_line(self, block: Block, wrong: list[int]) -> tuple[pa.Table, NDArray[np.int64]]:
        """Read lines with quotes one by one: one without its partner swallows those behind it.

        So are lines with a carriage return in them.
        """
        lines = [block.line(row) for row in range(len(block))]
        odd = [row for row, line in enumerate(lines) if b'"' in line or b"\r" in line]
        plain = np.delete(np.arange(len(block)), odd)
        wrong.clear()
        tables: list[pa.Table] = []
        table = self._parsed(b"".join(lines[row] + b"\n" for row in plain), wrong)
        if table is not None and table.num_rows + len(wrong) == len(plain):
            tables.append(table)
        else:
            odd, plain = list(range(len(block))), plain[:0]
            wrong.clear()
        rows = np.delete(plain, wrong)
        wrong[:] = [int(plain[row]) for row in wrong]
        found = []
        for row in odd:
            cells = self._by_itself(lines[row].decode())
            if cells is None:
                wrong.append(row)
            else:
                found.append((row, cells))
        names = [str(i) for i in self._columns.values()]
        tables.append(
            pa.table({i: pa.array([row[int(i)] for _, row in found], pa.string()) for i in names})
        )
        rows = np.r_[rows, np.asarray([row for row, _ in found], "int64")]
        order = np.argsort(rows, kind="stable")
        columns = {
            name: pa.concat_arrays([self._column(table, name) for table in tables]).take(
                pa.array(order)
            )
            for name in self._columns
        }
        return pa.table({str(self._columns[n]): c for n, c in columns.items()}), rows[order]

    def _by_itself(self, line: str) -> list[str] | None:
        try:
            row = next(csv.reader([line], delimiter=self._layout.delimiter), [])
        except csv.Error:
            return None
        return row if len(row) == self._width else None

    def _column(self, table: pa.Table, name: str) -> pa.Array:
        cells = table.column(str(self._columns[name])).combine_chunks()
        if name not in self._numbers or pa.types.is_floating(cells.type):
            return cells
        words = Words.of(cells)
        return pa.array(words.numbers(self._layout.decimal, self._missing))

    def _blank(
        self, columns: dict[str, pa.Array], block: Block, rows: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Return rows of nothing but delimiters, blanks and quotes."""
        blank = np.zeros(len(rows), bool)
        mmsi = columns[self._layout.columns["mmsi"].names[0]]
        short = np.flatnonzero(pc.less(pc.binary_length(mmsi), 9))
        if len(short):
            trimmed = pc.utf8_trim(mmsi.take(pa.array(short)), _BLANK)
            for row in short[np.asarray(pc.equal(trimmed, ""))]:
                blank[row] = not block.line(int(rows[row])).strip(_BLANK.encode())
        return blank


def _numeric(layout: Layout) -> set[str]:
    """Return columns that hold nothing but numbers, and may be read as such."""
    if layout.decimal != "." or layout.missing_numbers:
        return set()
    numeric = {
        name
        for quantity, column in layout.columns.items()
        if (dimension_of(quantity) != "none" or quantity == "milliseconds")
        and column.unit not in PLACES
        for name in column.names
    }
    others = {
        name
        for quantity, column in layout.columns.items()
        if (dimension_of(quantity) == "none" and quantity != "milliseconds")
        or column.unit in PLACES
        for name in column.names
    }
    return numeric - others - set(layout.keep)


def _as_utf8(data: bytes) -> bytes:
    if b"\0" in data:
        data = data.replace(b"\0", b"")
    if data.isascii():
        return data
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace").encode()
    return data


DELIMITED: Final[Format] = Delimited()
