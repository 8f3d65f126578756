"""Times for reports that have none of their own, from the lines around them.

A report without a time takes the time of the nearest line before it that has one, provided that the
next line with one follows within a given gap: the logger wrote the report between those two
moments, so the time is known to that precision.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.ingest.aivdm import NO_TIME, Columns
from pipelines.ingest.aivdm.memory import POSITION, STATIC, Rows, copied, joined
from pipelines.ingest.report import MAX_SAMPLES

MAX_WAITING: Final = 50_000
"""Reports that wait for the next time in the feed; if there are more, none of them gets one."""

TABLES: Final = ("positions", "statics")

Text = Callable[[int], bytes]


@dataclass
class Dated:
    """Rows whose times are settled: found, or known to be missing.

    Parameters
    ----------
    rows
        Positions and static data.
    found
        Which of them got the time of the line before.
    texts
        What stands at the offsets of some rows that had to wait.
    """

    rows: tuple[Rows, Rows]
    found: tuple[NDArray[np.bool_], NDArray[np.bool_]]
    texts: dict[int, bytes] = field(default_factory=dict)

    @staticmethod
    def of(rows: tuple[Rows, Rows]) -> "Dated":
        """Rows none of which got another line's time."""
        return Dated(rows, (np.zeros(len(rows[0]), bool), np.zeros(len(rows[1]), bool)))


class Dating:
    """Settles the times of rows in the order of the feed.

    Rows without a time wait for the next time in the feed, with all rows behind them, so that
    neither the rows nor their order depend on how the feed was cut into blocks.

    Parameters
    ----------
    gap_us
        How far the times around a row may be apart; 0 to find no times.
    text
        What stands at an offset of the feed, for samples of rows that get no time after all.
    """

    def __init__(self, gap_us: int, text: Text) -> None:
        self._gap_us, self._text = gap_us, text
        self._before = NO_TIME
        self._waiting: list[tuple[Rows, Rows]] = []
        self._texts: tuple[dict[int, bytes], dict[int, bytes]] = ({}, {})

    def date(self, columns: Columns) -> list[Dated]:
        """Return the rows whose times are settled by these."""
        rows, stamps = (columns.positions, columns.statics), columns.stamps
        undated = bool(self._waiting) or any((table["time"] == NO_TIME).any() for table in rows)
        if not undated or not self._gap_us:
            if len(stamps):
                self._before = int(stamps["time"][-1])
            return [Dated.of(rows)]
        if not len(stamps):
            return self._later(rows)
        cuts = [int(stamps[table][-1]) for table in TABLES]
        first = self._settled((rows[0][: cuts[0]], rows[1][: cuts[1]]), stamps)
        self._before = int(stamps["time"][-1])
        return [first, *self._later((rows[0][cuts[0] :], rows[1][cuts[1] :]))]

    def end(self) -> Dated:
        """Return the rows that wait for a time which doesn't come any more."""
        return self._settled(_NONE, _NO_STAMPS)

    def _later(self, rows: tuple[Rows, Rows]) -> list[Dated]:
        """Rows behind the last time in the feed; they wait if that helps."""
        undated = sum(int(np.count_nonzero(table["time"] == NO_TIME)) for table in rows)
        if self._before == NO_TIME or not (undated or self._waiting):
            return [Dated.of(rows)]
        self._waiting.append((copied(rows[0]), copied(rows[1])))
        for table, texts in zip(rows, self._texts, strict=True):
            missing = table["offset"][table["time"] == NO_TIME]
            for offset in missing[: MAX_SAMPLES - len(texts)].tolist():
                texts[offset] = self._text(offset)
        waiting = sum(
            np.count_nonzero(table["time"] == NO_TIME) for part in self._waiting for table in part
        )
        if waiting <= MAX_WAITING:
            return []
        dated = self._settled(_NONE, _NO_STAMPS)
        self._before = NO_TIME
        return [dated]

    def _settled(self, rows: tuple[Rows, Rows], stamps: Rows) -> Dated:
        """Return waiting rows and `rows`, dated by times before, among (`stamps`) and behind."""
        starts = [sum(len(part[table]) for part in self._waiting) for table in (0, 1)]
        parts = [*self._waiting, rows]
        dated = Dated.of(
            (joined([p[0] for p in parts], POSITION), joined([p[1] for p in parts], STATIC))
        )
        dated.texts = self._texts[0] | self._texts[1]
        self._waiting, self._texts = [], ({}, {})
        times = np.r_[self._before, stamps["time"], NO_TIME]
        before, after = times[:-1], times[1:]
        missing = [np.flatnonzero(table["time"] == NO_TIME) for table in dated.rows]
        # In which span between two times each row without one lies.
        spans = [
            np.searchsorted(stamps[name] + start, places, side="right")
            for name, start, places in zip(TABLES, starts, missing, strict=True)
        ]
        waiting = sum(np.bincount(span, minlength=len(before)) for span in spans)
        known = (before != NO_TIME) & (after != NO_TIME) & (waiting <= MAX_WAITING)
        near = np.zeros(len(before), bool)
        near[known] = np.abs(after[known] - before[known]) <= self._gap_us
        for table, found, places, span in zip(dated.rows, dated.found, missing, spans, strict=True):
            given = near[span]
            table["time"][places[given]] = before[span[given]]
            found[places[given]] = True
        return dated


_NONE: Final = (np.zeros(0, POSITION), np.zeros(0, STATIC))
_NO_STAMPS: Final = np.zeros(0, [("time", "i8"), ("positions", "i4"), ("statics", "i4")])
