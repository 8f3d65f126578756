"""Verdicts that don't depend on how reports were handed over: by fixed stretches of UTC.

The verdict of a report rests on the reports of its stretch, of `LOOK_BACK_S` before it and of
`SETTLING_S` behind it, and on nothing else. It is final once all of these are there: `SETTLING_S`
after the end of its stretch, at most `STRETCH_S + SETTLING_S` after the report.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.core.arrays import Ints
from detectors.core.frames import SECOND_US
from detectors.kinematics.integrity.jammed import astray, in_squares_around, mark_interference
from detectors.kinematics.integrity.judging import judge_stretches
from detectors.kinematics.integrity.verdicts import Heard, Judged, Reports

STRETCH_S: Final = 6 * 3_600
STRETCH_US: Final = STRETCH_S * SECOND_US
LOOK_BACK_S: Final = 6 * 3_600
SETTLING_S: Final = 6 * 3_600
"""Feeds deliver up to two hours late, and a false hull of an hour or two is over by then. A second
hull that is heard by satellite only shows within some passes, one in two hours or less."""


class Settled(NamedTuple):
    """What `settle_each` returns."""

    judged: Judged
    """Of each report in the span what it is worth; those outside have no hull."""
    heard: Heard
    """The hulls heard up to its end, for the next call."""
    astray: list[Ints]
    """Of each stretch its false fixes and those around it, as `jammed.astray` gives them."""


def mark_stretches(reports: Reports, judged: Judged, jammed: Sequence[Ints], start_us: int) -> None:
    """Mark the interference of each stretch from `start_us` on, in place, by its own reports."""
    step_us = STRETCH_US
    for number, places in enumerate(jammed):
        begin = start_us + number * step_us
        if not len(places):
            continue
        rows = np.flatnonzero((reports.time_us >= begin) & (reports.time_us < begin + step_us))
        columns = (reports.time_us[rows], reports.lat[rows], reports.lon[rows])
        around = in_squares_around(*columns, places)
        mmsi = reports.mmsi[rows]
        near = np.isin(mmsi, np.unique(mmsi[around]))
        rows, around = rows[near], around[near]
        verdict, hull = judged.verdict[rows], judged.hull[rows]
        mark_interference(reports.take(rows), verdict, hull, around)
        judged.verdict[rows], judged.hull[rows] = verdict, hull


def settle_each(
    reports: Reports, known: NDArray[np.uint8], heard: Heard, start_us: int, end_us: int
) -> Settled:
    """Judge the reports from `start_us` to before `end_us`, stretch by stretch and each vessel by
    itself: what interference makes is a false fix until `mark_stretches` has marked it.

    Raises ValueError if the span isn't of whole stretches.

    Parameters
    ----------
    reports
        All there are from `LOOK_BACK_S` before `start_us` to `SETTLING_S` behind `end_us`.
    known
        The hulls of those before `start_us`, as settled before; 0 of all others.
    heard
        The hulls heard before `start_us`, as settled before.
    start_us, end_us
        Multiples of `STRETCH_S` since 1970.
    """
    step_us = STRETCH_US
    if start_us % step_us or end_us % step_us:
        raise ValueError("a span of verdicts begins and ends with a stretch")
    start = np.arange(start_us, end_us, step_us)
    stop = start + step_us
    around = start - LOOK_BACK_S * SECOND_US, stop + SETTLING_S * SECOND_US
    got = judge_stretches(reports, np.array([*around, start, start, stop]), known, heard)
    outside = (reports.time_us < start_us) | (reports.time_us >= end_us)
    got.judged.hull[outside] = 0
    strays = [astray(reports, got.false[1, got.false[0] == k]) for k in range(len(start))]
    return Settled(got.judged, got.heard, strays)
