"""Bulk AIVDM: bytes in, columns out, at the speed of the disk.

`Decoder` decodes blocks of bytes; `Columns` is what it gives, `native` makes the store's table and
the project's frames of it, and `reread` shows the message at an offset as pyais reads it. What no
frame has (rates of turn, base stations' places, aids to navigation …) isn't decoded: `reread` tells
it. Importing this imports no compiler; the kernel is compiled when the first decoder is made, and
kept in a cache.

Modules: `layouts` (where the fields are), `memory` (what rows are made of), `limits`, the kernel
(`words`, `payload`, `characters`, `times`, `tags`, `wrappers`, `framing`, `assembly`, `messages`,
`sentences`, `otherlines`, `kernel`), `compiled` (its cache), `unwrapping` (times from `$PGHP`
lines), `decoder`, and what it gives: `columns`, `native`.
"""

from pipelines.ingest.aivdm.columns import Columns
from pipelines.ingest.aivdm.decoder import Decoder
from pipelines.ingest.aivdm.memory import NO_TIME, REASONS, TIME_FROM
from pipelines.ingest.aivdm.native import (
    FIT,
    FUTURE,
    NATIVE,
    UNFIT,
    native_frame,
    native_positions,
    statics_frame,
    unfit_positions,
    unfit_statics,
    wrong_mmsi,
)
from pipelines.ingest.aivdm.rereading import reread

__all__ = [
    "FIT",
    "FUTURE",
    "NATIVE",
    "NO_TIME",
    "REASONS",
    "TIME_FROM",
    "UNFIT",
    "Columns",
    "Decoder",
    "native_frame",
    "native_positions",
    "reread",
    "statics_frame",
    "unfit_positions",
    "unfit_statics",
    "wrong_mmsi",
]
