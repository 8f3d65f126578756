"""The formats of feeds that can be read.

A new format is one module here with an object of `base.Format` (`title`, `find`, `why_not`), its
name in `FORMATS`, one sample in tests/pipelines/ingest/samples with what must come out of it in
samples.yaml beside it. A new *layout* of CSV or Parquet files needs no module: describe it in
layouts.yaml (or an installation's config/mappings.yaml), with a sample.
"""

from typing import Final

from pipelines.ingest.formats.aisstream import AISSTREAM
from pipelines.ingest.formats.base import Feed, Format, Found, Head
from pipelines.ingest.formats.delimited import DELIMITED
from pipelines.ingest.formats.objects import OBJECTS
from pipelines.ingest.formats.parquet import PARQUET
from pipelines.ingest.formats.sentences import SENTENCES

FORMATS: Final[tuple[Format, ...]] = (
    PARQUET,
    AISSTREAM,
    OBJECTS,
    DELIMITED,
    SENTENCES,
)
"""Asked in this order; the first that finds a way to read a feed reads it."""

__all__ = ["FORMATS", "Feed", "Format", "Found", "Head"]
