"""From a file to Arrow."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from pipelines.ingest.aivdm.compiled import Announce
from pipelines.ingest.aivdm.decoder import TABLES, Decoder


def read_arrow(
    path: Path | str, announce: Announce | None = None
) -> Iterator[dict[str, pa.RecordBatch]]:
    """Decode a file; give record batches per table (see `Columns.to_arrow`) as it is read."""
    with Path(path).open("rb", buffering=0) as file:
        yield from stream_arrow(file, Decoder(announce))


def stream_arrow(file: BinaryIO, decoder: Decoder) -> Iterator[dict[str, pa.RecordBatch]]:
    """Decode an open file with a decoder, which is at the feed's end afterwards."""
    while count := file.readinto(decoder.room()):  # type: ignore[attr-defined]
        for columns in decoder.advance(count):
            yield columns.to_arrow()
    for columns in decoder.stream_end():
        if any(len(getattr(columns, table)) for table in TABLES):
            yield columns.to_arrow()
