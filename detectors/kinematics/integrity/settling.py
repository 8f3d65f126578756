"""Verdicts that don't depend on how reports were handed over: by fixed stretches of UTC.

The verdict of a report rests on the reports of its stretch, of `LOOK_BACK_S` before it and of
`SETTLING_S` behind it, and on nothing else. It is final once all of these are there: `SETTLING_S`
after the end of its stretch, at most `STRETCH_S + SETTLING_S` after the report.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.core.frames import SECOND_US
from detectors.kinematics.integrity.jammed import astray, mark_interference
from detectors.kinematics.integrity.verdicts import (
    Judged,
    Last,
    Memory,
    Reports,
    judge_each,
)

Ints = NDArray[np.int64]

STRETCH_S: Final = 6 * 3_600
LOOK_BACK_S: Final = 6 * 3_600
SETTLING_S: Final = 6 * 3_600
"""Feeds deliver up to two hours late, and a false hull of an hour or two is over by then. A second
hull that is heard by satellite only shows within some passes, one in two hours or less."""


class Settled(NamedTuple):
    """What `settle_each` returns.

    Attributes
    ----------
    judged
        Of each report in the span what it is worth; those outside have no hull.
    final
        Whether that can't change any more; false outside the span.
    memory
        The hulls heard up to the end of the last stretch that is final, for the next call.
    astray
        Of each stretch its false fixes and those around it, as `jammed.astray` gives them.
    """

    judged: Judged
    final: NDArray[np.bool_]
    memory: Memory
    astray: list[Ints]


def mark_stretches(reports: Reports, judged: Judged, jammed: Sequence[Ints], start_us: int) -> None:
    """Mark the interference of each stretch from `start_us` on, in place, by its own reports."""
    step_us = STRETCH_S * SECOND_US
    for number, places in enumerate(jammed):
        begin = start_us + number * step_us
        if not len(places):
            continue
        rows = np.flatnonzero((reports.time_us >= begin) & (reports.time_us < begin + step_us))
        verdict, hull = judged.verdict[rows], judged.hull[rows]
        mark_interference(reports.take(rows), verdict, hull, places)
        judged.verdict[rows], judged.hull[rows] = verdict, hull


def settle_each(
    reports: Reports,
    known: NDArray[np.uint8],
    memory: Memory,
    start_us: int,
    end_us: int,
    heard_until_us: int,
) -> Settled:
    """Judge the reports from `start_us` to before `end_us`, stretch by stretch and each vessel by
    itself: what interference makes is a false fix until `mark_stretches` has marked it.

    Parameters
    ----------
    reports
        All there are from `LOOK_BACK_S` before `start_us` to `SETTLING_S` behind `end_us`.
    known
        The hulls of those before `start_us`, as settled before; 0 of all others.
    memory
        The hulls heard before `start_us`, as settled before.
    start_us, end_us
        Multiples of `STRETCH_S` since 1970.
    heard_until_us
        Up to when all reports have arrived.

    Raises
    ------
    ValueError
        If the span isn't of whole stretches.
    """
    step_us = STRETCH_S * SECOND_US
    if start_us % step_us or end_us % step_us:
        raise ValueError("a span of verdicts begins and ends with a stretch")
    n = len(reports)
    found = Judged(np.zeros(n, np.uint8), known.copy(), np.full(n, np.nan, np.float32))
    final = np.zeros(n, bool)
    time_us = reports.time_us
    heard = memory
    strays: list[Ints] = []
    for start in range(start_us, end_us, step_us):
        stop = start + step_us
        within = (time_us >= start - LOOK_BACK_S * SECOND_US) & (
            time_us < stop + SETTLING_S * SECOND_US
        )
        rows = np.flatnonzero(within)
        before = np.where(time_us[rows] < start, found.hull[rows], 0).astype(np.uint8)
        around = reports.take(rows)
        judged = judge_each(around, before, heard)
        strays.append(astray(around, judged.verdict))
        own = (time_us[rows] >= start) & (time_us[rows] < stop)
        found.verdict[rows[own]] = judged.verdict[own]
        found.hull[rows[own]] = judged.hull[own]
        found.shift_s[rows[own]] = judged.shift_s[own]
        heard = remembered(heard, around.take(own), judged.hull[own])
        if stop + SETTLING_S * SECOND_US <= heard_until_us:
            final[rows[own]] = True
            memory = heard
    outside = (time_us < start_us) | (time_us >= end_us)
    found.hull[outside] = 0
    return Settled(found, final, memory, strays)


def remembered(memory: Memory, reports: Reports, hull: NDArray[np.uint8]) -> Memory:
    """Return the memory with the last report of each hull in it."""
    heard = dict(memory)
    rows = np.flatnonzero(hull)
    key = reports.mmsi[rows] * 256 + hull[rows]
    order = np.lexsort((reports.time_us[rows], key))
    last = rows[order[np.r_[np.diff(key[order]) != 0, True][: len(order)]]]
    for row in last.tolist():  # hulls
        here = Last(int(reports.time_us[row]), float(reports.lat[row]), float(reports.lon[row]))
        mmsi = int(reports.mmsi[row])
        heard[mmsi] = {**heard.get(mmsi, {}), int(hull[row]): here}
    return heard
