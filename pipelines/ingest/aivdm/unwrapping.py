"""Sentences whose `$PGHP` line stands somewhere near them: held until all that is near is known.

The last rows of a block are held back, so that where a feed is cut into blocks doesn't matter; no
more of them, and of wrappers, than fit into the pieces that are near one another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.ingest.aivdm import limits
from pipelines.ingest.aivdm import memory as m
from pipelines.ingest.aivdm.columns import Columns

ROWS: Final = ("positions", "statics", "bases", "others")
_HORIZON: Final = limits.WRAPPED_WITHIN_PIECES + limits.FRESH_WITHIN_PIECES
_FOREVER: Final = np.iinfo(np.int64).max


class Unwrapping:
    """Dates rows by the wrappers near them, in the order of the feed."""

    def __init__(self, match: Callable[..., Any]) -> None:
        self._match = match
        self._held: Columns | None = None
        self._wrappers: m.Rows = np.zeros(0, m.WRAPPER)
        self._counts = np.zeros(4, np.int64)
        self._pieces = 0
        self._unmatched = 0

    @property
    def counts(self) -> dict[str, int]:
        """Wrappers whose sentence isn't near them, and what became of rows with a time of delivery.

        How many got the time of their reception, and how much too late (in all) theirs was; how
        many got it from the wrappers around them; how many have no other time than that.
        """
        delivered, around, refused, lag_us = self._counts.tolist()
        return {
            "unmatched_wrappers": self._unmatched,
            "delivered": delivered,
            "delivered_around": around,
            "delivered_refused": refused,
            "delivered_lag_us": lag_us,
        }

    def settled(self, columns: Columns, wrappers: m.Rows, pieces: int) -> Iterator[Columns]:
        """Give the rows near which all is known, once `pieces` of the feed have been read."""
        self._note(wrappers)
        self._pieces = pieces
        yield from self._give(columns, pieces - _HORIZON)

    def end(self, memory: m.Memory) -> Iterator[Columns]:
        """Give the rows that are left at the end of the feed."""
        yield from self._give(Columns.joined([], memory), _FOREVER)

    def _give(self, columns: Columns, until: int) -> Iterator[Columns]:
        ready, later = _cut(columns, until)
        parts = [ready]
        if self._held is not None:
            first, left = _cut(self._held, until)
            parts = [first, ready]
            later = Columns.joined([left, later], columns.memory)
            if any(len(getattr(left, table)) for table in ROWS):
                # Nothing may overtake what is held.
                parts = [first]
                later = Columns.joined([left, columns], columns.memory)
        held = later.copy() if _holds(later) else None
        if len(self._wrappers):
            self._date(parts)
            self._forget(held, until)
        yield from parts
        self._held = held

    def _date(self, parts: list[Columns]) -> None:
        tables = [rows for part in parts for name in ROWS if len(rows := getattr(part, name))]
        if not any((rows["time_from"] != m.FROM_WRAPPER).any() for rows in tables):
            return
        pieces = np.concatenate([rows["piece"] for rows in tables])
        order = np.argsort(pieces, kind="stable")
        checksums, times, times_from = (
            np.concatenate([rows[name] for rows in tables])[order]
            for name in ("checksum", "time", "time_from")
        )
        near, counts = self._wrappers, self._counts
        self._match(pieces[order], checksums, times, times_from, near, self._pieces, counts)
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        start = 0
        for rows in tables:
            places = back[start : start + len(rows)]
            rows["time"], rows["time_from"] = times[places], times_from[places]
            start += len(rows)

    def _note(self, rows: m.Rows) -> None:
        """Add wrappers, and mark those that the sentence directly behind them took."""
        there = rows["time"] != m.NO_TIME
        if len(rows):
            self._wrappers = m.joined([self._wrappers, rows[there]], m.WRAPPER)
        taken = rows[~there]
        places = np.searchsorted(self._wrappers["piece"], taken["piece"])
        self._wrappers["taken"][places] = 1
        known = taken["lag"] != m.NO_TIME
        self._wrappers["lag"][places[known]] = taken["lag"][known]

    def _forget(self, held: Columns | None, until: int) -> None:
        """Let go of wrappers that no row to come is near to."""
        near = until
        if held is not None:
            first = [rows["piece"][0] for name in ROWS if len(rows := getattr(held, name))]
            near = min([near, *map(int, first)])
        gone = int(np.searchsorted(self._wrappers["piece"], near - limits.WRAPPED_WITHIN_PIECES))
        if gone:
            self._unmatched += int(np.count_nonzero(self._wrappers["taken"][:gone] == 0))
            self._wrappers = self._wrappers[gone:].copy()


def _holds(columns: Columns) -> bool:
    return any(len(getattr(columns, table)) for table in (*ROWS, "rejects", "stamps"))


def _cut(columns: Columns, until: int) -> tuple[Columns, Columns]:
    """Cut rows into those of pieces up to `until`, with all rejects, and those behind them."""
    ends = {name: _end(getattr(columns, name), until) for name in ROWS}
    stamps = columns.stamps
    first = (stamps["positions"] <= ends["positions"]) & (stamps["statics"] <= ends["statics"])
    ends |= {"rejects": len(columns.rejects), "stamps": int(np.count_nonzero(first))}
    tables = {name: getattr(columns, name) for name in ends}
    ready = Columns(
        **{name: rows[: ends[name]] for name, rows in tables.items()}, memory=columns.memory
    )
    later = Columns(
        **{name: rows[ends[name] :] for name, rows in tables.items()}, memory=columns.memory
    )
    if len(later.stamps):
        left: NDArray[Any] = later.stamps.copy()
        for table in ("positions", "statics"):
            left[table] -= ends[table]
        later = Columns(
            **{name: getattr(later, name) for name in (*ROWS, "rejects")},
            stamps=left,
            memory=columns.memory,
        )
    return ready, later


def _end(rows: m.Rows, until: int) -> int:
    """Return how many rows are of pieces up to `until`; only the last few may be of others."""
    last = rows["piece"][-_HORIZON:]
    return len(rows) - int(np.count_nonzero(last > until))
