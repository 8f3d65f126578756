"""Feeds to columns: find the files, open them, tell what they are, read them, count everything.

The steps, a module each: `discover` (what the user names → files), `containers` (compression),
`lines`, `sniff` (which of `formats`), then either `aivdm` (sentences → columns), `dating` (times
from other lines) and `nmea` (→ batches), or for tables of any format `cells` (texts → numbers,
codes, times), `values` (by a layout → quantities) and `tabular` (→ batches); `rows` (checks),
`report` (counts). `decode` puts them together.
"""

from pipelines.ingest.area import Area
from pipelines.ingest.decode import Decoding, decode, key
from pipelines.ingest.discover import STDIN, FeedFile, Feeds, discover
from pipelines.ingest.errors import ChangedError, IngestError, as_text, explained
from pipelines.ingest.options import DECODER_VERSION, IngestOptions
from pipelines.ingest.report import REASONS, Report
from pipelines.ingest.rows import Batch

__all__ = [
    "DECODER_VERSION",
    "REASONS",
    "STDIN",
    "Area",
    "Batch",
    "ChangedError",
    "Decoding",
    "FeedFile",
    "Feeds",
    "IngestError",
    "IngestOptions",
    "Report",
    "as_text",
    "decode",
    "discover",
    "explained",
    "key",
]
