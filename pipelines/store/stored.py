"""Parquet files of the store, opened: what is wrong with one is said with its name."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.store.catalogue import StoreError


class StoredFile(pq.ParquetFile):  # type: ignore[misc] # pyarrow has no types
    """A Parquet file that the store wrote.

    Raises
    ------
    StoreError
        If it was damaged since, when it is opened and when it is read.
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
        if isinstance(error, OSError) and error.errno is not None:  # the system's, which names it
            raise
        raise StoreError(
            f"{path} is damaged: {(str(error) or type(error).__name__).splitlines()[0]}",
            hint="selat store check names what is damaged, and what to do about each",
        ) from error
