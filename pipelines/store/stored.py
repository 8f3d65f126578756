"""Files of the store, opened: what is wrong with one is said with its name."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.store.catalogue import KINDS, StoreError, unopened

_DAMAGED: Final = re.compile(
    r'Corrupt database file|Could not read enough bytes from file "[^"]*\.duckdb"'
)
"""What DuckDB says where a block of a catalogue isn't what was written, or isn't there."""


class StoredFile(pq.ParquetFile):  # type: ignore[misc] # pyarrow has no types
    """A Parquet file that the store wrote.

    Raises StoreError if it was damaged since, when it is opened and when it is read.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        with _named(path):
            super().__init__(path)

    def read_row_group(self, *arguments: Any, **named: Any) -> pa.Table:
        """Return a group of rows, as of `pyarrow.parquet.ParquetFile`."""
        with _named(self._path):
            return super().read_row_group(*arguments, **named)


@contextmanager
def _named(path: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise _damaged(path, error, "missing") from error
        if isinstance(error, OSError) and error.errno is not None:  # the system's, which names it
            raise
        raise _damaged(path, error) from error


def _damaged(path: str, error: Exception, what: str = "damaged") -> StoreError:
    return StoreError(
        f"{path} is {what}: {(str(error) or type(error).__name__).splitlines()[0]}",
        hint="selat store check names what is damaged, and what to do about each",
    )


@contextmanager
def damage_named(path: Path) -> Iterator[None]:
    """Say of a catalogue, read there or as a private copy, that what is asked of it is damaged:
    where it isn't read as it is opened nobody knew. The same of the files that it names, where
    DuckDB reads them.
    """
    try:
        yield
    except duckdb.Error as error:
        if _DAMAGED.search(str(error)):
            raise unopened(path, error, "read") from error
        kinds = "|".join(KINDS)
        named = re.search(rf"{re.escape(str(path.parent))}/(?:{kinds})/[^\"']+", str(error))
        if named is None:
            raise
        raise _damaged(named[0], error, "damaged or missing") from error
