"""Ingest: find the files, open them, tell what they are, read them to columns, count everything.

The steps, a module each: `discovery` (what the user names → files), `containers` (compression),
`lines`, `sniff` (which of `formats`), then either `aivdm` (sentences → columns), `dating` (times
from other lines) and `nmea` (→ batches), or for tables of any format `cells` (texts → numbers,
codes, times), `values` (by a layout → quantities) and `tabular` (→ batches); `rows` (checks),
`report` (counts). `decoding` puts them together.

It imports `base`, and gives batches of positions and statements. Each of its names is imported when
it is first asked for: to read one report back takes few of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pipelines.ingest.area import Area
    from pipelines.ingest.decoding import Decoding, decode, key, keys
    from pipelines.ingest.discovery import STDIN, FeedFile, Feeds, discover
    from pipelines.ingest.errors import ChangedError, IngestError, as_text, explained
    from pipelines.ingest.opening import matching
    from pipelines.ingest.options import IngestOptions
    from pipelines.ingest.report import Report
    from pipelines.ingest.rows import Batch

__all__ = [
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
    "keys",
    "matching",
]

_MODULES: Final = {
    "area": ("Area",),
    "decoding": ("Decoding", "decode", "key", "keys"),
    "discovery": ("STDIN", "FeedFile", "Feeds", "discover"),
    "errors": ("ChangedError", "IngestError", "as_text", "explained"),
    "opening": ("matching",),
    "options": ("IngestOptions",),
    "report": ("Report",),
    "rows": ("Batch",),
}
_MODULE_OF: Final = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import what is asked for from its module (PEP 562)."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = found
    return found
