"""Rows of a table of sightings: one whose quotes don't close takes none of those behind it."""

import csv
import io
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from pipelines.ingest.sightings.report import SightingsError

UNCLOSED: Final = "a quote isn't closed"
_MAX_FIELD: Final = 1_000_000
_MAX_AGAIN: Final = 200_000_000
"""Characters that are read again behind such quotes, in all: as many as a file may have."""


class Raw(NamedTuple):
    """A row as it stands in the file: its number, its fields by name, its text."""

    number: int
    fields: dict[str, Any]
    text: str
    wrong: str = ""


class Table:
    """A table as text; `name`: of its file.

    Raises SightingsError if its header can't be read.
    """

    def __init__(self, text: str, name: str) -> None:
        self._name = name
        self._source = io.StringIO(text, newline="")
        first = text.lstrip().split("\n", 1)[0]
        self._delimiter = max(",;\t", key=first.count)
        self._again = 0
        csv.field_size_limit(_MAX_FIELD)
        rows = csv.reader(_Lines(self._source), delimiter=self._delimiter)
        try:
            self.header = next((row for row in rows if any(one.strip() for one in row)), [])
        except csv.Error as error:
            raise SightingsError(f"{name}, its header: {error}") from error

    def rows(self, places: dict[str, int]) -> Iterator[Raw]:
        """Return the rows behind the header; `places`: where in them each quantity stands.

        Raises SightingsError if more of them than can be read again lack the end of a quote.
        """
        number, width = 1, len(self.header)
        # A quote that took other rows for its field's ends at one of theirs, with more behind it.
        rows = csv.reader(_Lines(self._source), delimiter=self._delimiter, strict=True)
        while True:
            number += 1
            begins = self._source.tell()
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error:
                row = []
            if len(row) != width and (line := self._first_line(begins)) is not None:
                yield Raw(number, {}, line, UNCLOSED)
                continue
            if not row:  # a blank line, or one with a quote that isn't doubled: read as it can be
                self._source.seek(begins)
                row = next(csv.reader([self._source.readline()], delimiter=self._delimiter), [])
            if len(row) != width and any(field.strip() for field in row):
                yield Raw(number, {}, ",".join(row), "wrong number of fields")
            elif any(field.strip() for field in row):
                fields = {quantity: row[at] for quantity, at in places.items()}
                yield Raw(number, fields, ",".join(row))

    def _first_line(self, begins: int) -> str | None:
        """Go on behind the first line of a row; None where it has no other."""
        ends = self._source.tell()
        self._source.seek(begins)
        line = self._source.readline()
        if self._source.tell() == ends and len(line) <= _MAX_FIELD:
            return None
        self._again += ends - self._source.tell()
        if self._again > _MAX_AGAIN:
            raise SightingsError(f"{self._name} is full of quotes that aren't closed")
        return line.rstrip("\r\n")


class _Lines:
    """Lines of a text that may be set back; more may come behind its end then."""

    def __init__(self, source: io.StringIO) -> None:
        self._source = source

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._source.readline()
        if not line:
            raise StopIteration
        return line
