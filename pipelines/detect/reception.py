"""How the last 24 hours were received, against those before: where less was heard than usual."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Final

import numpy as np
import pandas as pd

from detectors.core.arrays import Ints
from detectors.core.frames import DAY_US, SECOND_US, epoch_us
from pipelines.store import Queries

SLOT: Final = timedelta(minutes=10)
"""Slots of `coverage_feed`."""
_SLOT_US: Final = int(SLOT.total_seconds()) * SECOND_US
LONG_GAP: Final = timedelta(hours=1)
"""A boat crosses the Strait at its narrowest in less: what is shorter hides little. A judgement."""
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
    gap_from: datetime | None = None
    """Stretches of these 24 hours in which no feed heard more than next to nothing, by slots of ten
    minutes (`Queries.heard_by_slot`); from when the longest lasts (None without any)."""
    usual_gap_s: float = 0.0
    """The longest of a usual day: the median of the days before."""

    @property
    def broke_off(self) -> bool:
        """Tell whether all feeds stopped for longer than satellites that come by, or days that have
        holes as a rule, explain: `LONG_GAP`, and twice the usual longest.
        """
        return self.longest_gap_s >= max(LONG_GAP.total_seconds(), 2 * self.usual_gap_s)

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
    slots_us, end_us = epoch_us(reader.heard_by_slot(since, end)), round(end.timestamp() * 1e6)
    # A feed that began late in its first day says nothing of what is usual in a day.
    if before and len(slots_us) and slots_us[0] > end_us - (before[-1] + 0.5) * DAY_US:
        before.pop()
    wide = table.pivot_table(
        index=["lat", "lon_half"], columns="day", values="reports", fill_value=0
    ).reindex(columns=[0, *before], fill_value=0)
    usual = wide[before].median(axis=1) if before else wide[0]
    blocks = tuple(
        Block(int(lat), int(lon_half) / 2, int(reports), float(normal))
        for (lat, lon_half), reports, normal in zip(wide.index, wide[0], usual, strict=True)
    )
    gaps = _gaps(slots_us, end_us)
    longest_us, since_us = max(gaps, default=(0, None))
    usual_us = [max(_gaps(slots_us, end_us - day * DAY_US), default=(0, 0))[0] for day in before]
    return Coverage(
        end.to_pydatetime(),
        len(before),
        blocks,
        len(gaps),
        longest_us / 1e6,
        None if since_us is None else datetime.fromtimestamp(since_us / 1e6, UTC),
        median(usual_us or [0]) / 1e6,
    )


def _gaps(slots_us: Ints, end_us: int) -> list[tuple[int, int]]:
    """Return how long next to nothing was heard in the 24 hours before `end_us`, and from when: a
    pair a stretch.

    `slots_us`: starts of the slots in which anything was, in order. What is left of a slot behind
    the last one that was heard is none: feeds pause for seconds.
    """
    day_us = (end_us - DAY_US) // _SLOT_US * _SLOT_US
    first, last = np.searchsorted(slots_us, [day_us, end_us])
    before = [day_us - _SLOT_US] if first else []  # it was heard before that day, too
    edges = np.array([*before, *slots_us[first:last].tolist(), end_us])
    silent_us = np.diff(edges) - _SLOT_US
    rows = np.flatnonzero(silent_us >= _SLOT_US)
    return [(int(silent_us[k]), int(edges[k]) + _SLOT_US) for k in rows]
