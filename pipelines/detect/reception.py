"""How the last 24 hours were received, against those before: where less was heard than usual."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

import pandas as pd

from pipelines.store import Queries

SLOT: Final = timedelta(minutes=10)
"""Slots of `coverage_feed`."""
MIN_USUAL: Final = 100
"""Blocks with fewer reports in a usual day tell nothing: a few ships more or less."""


@dataclass(frozen=True)
class Block:
    """A block of 1° of latitude and 0.5° of longitude: reports in 24 hours, and what is usual."""

    lat: int
    lon: float
    reports: int
    usual: float


@dataclass(frozen=True)
class Coverage:
    """The last 24 hours against those before."""

    end: datetime
    days: int
    """How many days before are the usual's."""
    blocks: tuple[Block, ...]
    gaps: int
    longest_gap_s: float
    """Stretches of these 24 hours in which no feed heard anything, by slots of ten minutes."""

    def poor(self, share: float) -> "Poor | None":
        """Return where less was heard than that share of the usual; None where nowhere was."""
        usual = [block for block in self.blocks if block.usual >= MIN_USUAL] if self.days else []
        found = [block for block in usual if block.reports < share * block.usual]
        if not found:
            return None
        worst = max(found, key=lambda block: block.usual - block.reports)
        return Poor(len(found), len(usual), worst.lat + 0.5, worst.lon + 0.25)


@dataclass(frozen=True)
class Poor:
    """So many blocks of those usually heard; the middle of the one of which most is missing."""

    blocks: int
    usual: int
    lat: float
    lon: float


def received(reader: Queries, end: pd.Timestamp, days: int) -> Coverage:
    """Compare the 24 hours before `end` with so many days before them."""
    since = end - timedelta(days=days + 1)
    table = reader.heard_by_block(since, end)
    before = sorted(set(table["day"]) - {0})
    slots = list(reader.heard_by_slot(since, end))
    # A feed that began late in its first day says nothing of what is usual in a day.
    if before and slots and min(slots) > end - timedelta(days=before[-1] + 0.5):
        before.pop()
    wide = table.pivot_table(
        index=["lat", "lon_half"], columns="day", values="reports", fill_value=0
    ).reindex(columns=[0, *before], fill_value=0)
    usual = wide[before].median(axis=1) if before else wide[0]
    blocks = tuple(
        Block(int(lat), int(lon_half) / 2, int(reports), float(normal))
        for (lat, lon_half), reports, normal in zip(wide.index, wide[0], usual, strict=True)
    )
    gaps = _gaps_s(slots, end)
    return Coverage(end.to_pydatetime(), len(before), blocks, len(gaps), max(gaps, default=0.0))


def _gaps_s(slots: Sequence[pd.Timestamp], end: pd.Timestamp) -> list[float]:
    """Lengths of the stretches of the last 24 hours in which nothing was heard.

    What is left of a slot behind the last one that was heard is none: feeds pause for seconds.
    """
    day = (end - timedelta(days=1)).floor(SLOT)
    within = [slot for slot in slots if slot >= day]
    edges = [day - SLOT, *within] if len(within) < len(slots) else within
    silent = [after - before - SLOT for before, after in pairwise([*edges, end])]
    return [gap.total_seconds() for gap in silent if gap >= SLOT]
