"""Columns: what the decoder gives, as arrays.

`Columns` are NumPy structured arrays in the native units of AIS, sentinels as sent; `native` makes
the store's table and the project's frames of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from pipelines.ingest.aivdm import memory as m


@dataclass(frozen=True)
class Columns:
    """Rows of the messages that a block completed."""

    positions: m.Rows
    statics: m.Rows
    bases: m.Rows
    others: m.Rows
    rejects: m.Rows
    """Structured arrays of the types in `memory`. Units: `lon`, `lat` 1/10000 minute; `sog` 1/10
    knot; `cog` 1/10 degree; `heading` degrees; `time` microseconds since 1970, `NO_TIME` where the
    feed has none; `offset` first byte of the message's first piece in the feed; `station` index in
    `stations`, -1 where the feed names none."""
    stamps: m.Rows
    """Times of lines, for rows without one; see `memory.STAMP`."""
    memory: m.Memory

    @property
    def stations(self) -> list[str]:
        """Names of the stations, by code."""
        return self.memory.stations

    def copy(self) -> Columns:
        """Return the same rows in memory of their own."""
        return Columns(
            **{name: m.copied(getattr(self, name)) for name in _TABLES}, memory=self.memory
        )

    @staticmethod
    def joined(parts: Sequence[Columns], memory: m.Memory) -> Columns:
        """Return rows of several `Columns` one behind the other."""
        tables = {
            name: m.joined([getattr(part, name) for part in parts], dtype)
            for name, dtype in _TABLES.items()
        }
        for table in ("positions", "statics"):
            before = np.cumsum([0, *(len(getattr(part, table)) for part in parts)])[:-1]
            tables["stamps"][table] += np.repeat(before, [len(part.stamps) for part in parts])
        return Columns(**tables, memory=memory)


_TABLES: Final = {
    "positions": m.POSITION,
    "statics": m.STATIC,
    "bases": m.BASE,
    "others": m.OTHER,
    "rejects": m.REJECT,
    "stamps": m.STAMP,
}
