"""Spans of time of what happened: those that touch a window, and whether they may still go on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.arrays import Floats, Ints
from detectors.core.frames import SECOND_US
from detectors.kinematics.reports import Reports
from detectors.kinematics.timegrid import Grid


def window_us(start: pd.Timestamp, end: pd.Timestamp) -> tuple[int, int]:
    """Return a window in microseconds since 1970-01-01 UTC."""
    first, last = (int(time.as_unit("us").asm8.astype("int64")) for time in (start, end))
    return first, last


@dataclass(frozen=True)
class Spans:
    """Runs of grid ticks as spans of time, those that touch a window."""

    first: Ints
    last: Ints
    """First and last qualifying tick of each run, as rows of what was given to `episodes`."""
    start_us: Ints
    end_us: Ints
    """From the first tick to the end of the last step."""
    open: NDArray[np.bool_]
    """Whether it may still go on: nothing qualifying could have followed yet."""

    def __len__(self) -> int:
        return len(self.first)

    def take(self, at: Ints) -> "Spans":
        """Return some of them."""
        return Spans(**{name: values[at] for name, values in vars(self).items()})

    def middle(self, reports: Reports, track: Ints) -> tuple[Floats, Floats]:
        """Return where a track of each was at the middle of its time."""
        return reports.position_at(track, (self.start_us + self.end_us) // 2)

    def until_us(self, i: int) -> int | None:
        """Return the end of one, none while it is open."""
        return None if self.open[i] else int(self.end_us[i])


def of_runs(
    grid: Grid,
    sides: Sequence[Ints],
    first: Ints,
    last: Ints,
    *,
    window: tuple[int, int],
    settle: timedelta,
    max_break_s: int,
) -> tuple[Spans, NDArray[np.int64]]:
    """Return the spans of runs that touch a window, and which of the runs they are.

    Returns the spans, and their ordinals among the given runs.

    Parameters
    ----------
    grid
        What the runs are made of.
    sides
        Grid rows of the qualifying ticks, one array for each vessel of a run.
    first, last
        Runs, as `episodes` gives them.
    window
        See `window_us`.
    settle, max_break_s
        See `touches`; a run whose vessels' ticks end with it is open until `max_break_s` have
        passed.
    """
    step_us = grid.step_s * SECOND_US
    tick = grid.tick[sides[0]]
    start_us, end_us = tick[first] * step_us, (tick[last] + 1) * step_us
    wanted = np.flatnonzero(touches(start_us, end_us, window, settle))
    first, last, start_us, end_us = (a[wanted] for a in (first, last, start_us, end_us))
    ended = np.full(len(first), np.iinfo("int64").max)
    last_ticks = grid.last_ticks() if len(first) else {}
    for rows in sides:
        tracks = grid.track_id[rows[last]].tolist()
        ended = np.minimum(ended, np.array([last_ticks[t] for t in tracks], "int64"))
    still = (tick[last] >= ended) & (window[1] - end_us <= max_break_s * SECOND_US)
    return Spans(first, last, start_us, end_us, still), wanted


def touches(
    start_us: Ints, end_us: Ints, window: tuple[int, int], settle: timedelta
) -> NDArray[np.bool_]:
    """Tell whether stories touch a window.

    A story whose end can still move belongs to the window too: one that ended less than
    `settle` before the window began was not settled then, and only this window knows how it
    ended.
    """
    begin_us, finish_us = window
    settled_us = end_us + settle // timedelta(microseconds=1)
    return np.asarray((start_us <= finish_us) & (settled_us >= begin_us))
