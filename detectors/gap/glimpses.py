"""Silences but for single reports: an hour in which a set is heard once isn't one of its usual."""

from datetime import timedelta
from typing import Final

import numpy as np
import pandas as pd

from detectors.core.arrays import Ints
from detectors.core.detector import Context
from detectors.core.frames import SECOND_US, epoch_us
from detectors.gap.limits import Limits
from detectors.gap.set_aside import ALIVE, SENDING
from detectors.gap.silences import History, Silences

_ALIVE_US: Final = ALIVE // timedelta(microseconds=1)
GLIMPSE_S: Final = 300
"""What is heard for no longer between two silences of 15 minutes (`ALIVE`), or in fewer than five
reports (`SENDING`), is a glimpse: false positions so few are told by no detector, and a report may
be anybody's. A judgement: a set that is on for longer shows where it is."""


def without_glimpses(limits: Limits, positions: pd.DataFrame) -> tuple[pd.DataFrame, Ints, Ints]:
    """Return the positions of class A numbers that were heard for a glimpse, on whatever track,
    without these; and of each report left out its number and its time, in order.

    Class A alone: of the weaker sets of class B single reports are what a crowd leaves.
    """
    mmsi, time_us = positions["mmsi"].to_numpy("int64"), epoch_us(positions["time"])
    order = np.lexsort((time_us, mmsi))
    number, when_us = mmsi[order], time_us[order]
    other = np.diff(number, prepend=-1) != 0
    begins = other | (np.diff(when_us, prepend=0) > _ALIVE_US)
    first = np.flatnonzero(begins)
    after = np.r_[first[1:], len(order)]
    # What a number was first or last heard for lies between no two silences of it.
    between = ~other[first] & ~np.r_[other, True][after]
    short = when_us[after - 1] - when_us[first] <= GLIMPSE_S * SECOND_US
    glimpse = np.repeat(between & (short | (after - first < SENDING)), after - first)
    is_b = (positions["ais_class"] == "B").to_numpy(bool)[order]
    asked = np.isin(mmsi, np.setdiff1d(number[glimpse], number[is_b]))
    left_out = np.zeros(len(order), bool)
    left_out[order[glimpse]] = True
    gone = glimpse & asked[order]
    thinned = positions[list(limits.requires)][asked & ~left_out]
    return thinned, number[gone], when_us[gone]


def of_glimpses(
    limits: Limits, silences: Silences, reports: History, number: Ints, when_us: Ints
) -> Silences:
    """Keep those that ended and that glimpses would have broken up, with how many reports these
    were. Not those so long that what was before them may not be loaded.
    """
    numbers = np.unique(number)
    own = reports.mmsi[silences.row].astype("int64")
    place = np.minimum(np.searchsorted(numbers, own), len(numbers) - 1)
    since_us = min(int(reports.time_us.min()), int(when_us.min()))
    span_us = max(int(reports.time_us.max()), int(when_us.max())) - since_us + 1
    key = np.searchsorted(numbers, number) * span_us + when_us - since_us
    start, end = (
        np.searchsorted(key, place * span_us + np.minimum(at_us - since_us, span_us))
        for at_us in (silences.start_us, silences.end_us)
    )
    count = np.where(numbers[place] == own, end - start, 0)
    known = silences.columns["duration_s"] < limits.unproven_after_s
    return silences.narrowed((count > 0) & known & ~silences.is_open, n_reports_meanwhile=count)


def sharp(limits: Limits, silences: Silences, reports: History, context: Context) -> Silences:
    """Keep those cut off sharply: who sails out of reach is heard for glimpses, too."""
    return silences.narrowed(np.asarray(silences.columns["cut_off_sharply"], bool))
