"""The passes that a feed comes by: when what hears it was overhead."""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.core.arrays import Floats, Ints
from detectors.core.frames import SECOND_US, epoch_us
from detectors.surroundings.coverage import FEED_SLOT_S, Coverage

BY_PASSES: Final = 0.9
"""A feed that heard nothing in every tenth of the ten minutes of the day before comes by passes
alone, the longest time aside: simulated nights heard by satellites had 0.5 to 0.8, feeds of
stations, thinned ones too, 1.0."""
DAY_TENS: Final = 86_400 // FEED_SLOT_S
OF_A_PASS: Final = 0.25
"""Ten minutes in which a quarter as many vessels were heard as in any of the day before belong to a
pass: reports that are dated wrong by minutes make ten minutes of a few vessels."""
PASS_TENS: Final = 2
"""A satellite in a low orbit is in sight for a quarter of an hour at most, two of ten minutes."""


YOUNG_TENS: Final = 18
"""A feed that has gone on for less than three hours hasn't shown yet that it comes by passes."""


def usual_share(coverage: Coverage, tens: Ints, until: Ints) -> Floats:
    """Return in what share of the ten minutes of the day up to some the feed heard anything, from
    when it was first heard in it, the longest hole aside; NaN where it wasn't.

    One hole may be an outage, or lie behind a report that is dated too early, and passes leave
    many. Where the feed was young then it is as of when it was no more, or of `until`.
    """
    slots = _heard(coverage)
    if len(slots) == 0:
        return np.full(len(tens), np.nan)
    grown = np.minimum(_first(slots, tens) + YOUNG_TENS, until)
    return _share(slots, np.maximum(tens, grown))


def come_by_passes(coverage: Coverage, tens: Ints) -> NDArray[np.bool_]:
    """Tell of ten minutes whether the feed had shown by then that it comes by passes alone."""
    slots = _heard(coverage)
    if len(slots) == 0:
        return np.zeros(len(tens), bool)
    grown = _first(slots, tens) <= tens - YOUNG_TENS
    return np.asarray(grown & (_share(slots, tens) <= BY_PASSES))


def _heard(coverage: Coverage) -> Ints:
    """Return the ten minutes in which the feed heard anything, sorted."""
    return np.unique(epoch_us(coverage.feed["time"]) // (FEED_SLOT_S * SECOND_US))


def _first(slots: Ints, tens: Ints) -> Ints:
    """Return the first ten minutes heard in the day up to some."""
    return slots[np.minimum(np.searchsorted(slots, tens - DAY_TENS + 1), len(slots) - 1)]


def _share(slots: Ints, tens: Ints) -> Floats:
    """Return the share heard of the day up to some ten minutes; see `usual_share`.

    >>> _share(np.array([1, 4, 5, 6, 7]), np.array([7, 200])).tolist()
    [1.0, nan]
    >>> _share(np.array([1, 3, 5, 9]), np.array([9, 10])).round(2).tolist()
    [0.67, 0.57]
    """
    asked, back = np.unique(tens, return_inverse=True)
    found = np.full(len(asked), np.nan)
    for k, ten in enumerate(asked.tolist()):
        low, high = np.searchsorted(slots, [ten - DAY_TENS, ten], side="right")
        heard = slots[low:high]
        if len(heard):
            hole = int(np.diff(np.r_[heard, ten + 1]).max()) - 1
            found[k] = len(heard) / (ten + 1 - int(heard[0]) - hole)
    return found[back]


class Passes:
    """The passes of a feed, in order of time.

    Attributes
    ----------
    tens
        The ten minutes since 1970-01-01 UTC that belong to a pass, sorted.
    number
        Which pass each belongs to.
    length
        How many of them each pass has: one or two.
    """

    def __init__(self, coverage: Coverage) -> None:
        slot = epoch_us(coverage.feed["time"]) // (FEED_SLOT_S * SECOND_US)
        order = np.argsort(slot, kind="stable")
        slot = slot[order]
        vessels = coverage.feed["vessels"].to_numpy("int64")[order]
        self.tens: Ints = slot[vessels >= OF_A_PASS * _most_before(slot, vessels)]
        new = np.r_[True, np.diff(self.tens) != 1][: len(self.tens)]
        # Of ten minutes in a row each two are one pass.
        since = np.arange(len(new)) - np.maximum.accumulate(np.where(new, np.arange(len(new)), 0))
        self.number: Ints = np.cumsum(since % PASS_TENS == 0) - 1
        self.length: Ints = np.bincount(self.number)

    def at(self, tens: ArrayLike) -> Ints:
        """Return the pass that each ten minutes belong to, -1 where there was none."""
        asked = np.asarray(tens, "int64")
        if len(self.tens) == 0:
            return np.full(asked.shape, -1)
        row = np.minimum(np.searchsorted(self.tens, asked), len(self.tens) - 1)
        return np.where(self.tens[row] == asked, self.number[row], -1)


def _most_before(slot: Ints, vessels: Ints) -> Ints:
    """Return the most vessels heard in any ten minutes of the day up to each.

    >>> _most_before(np.array([0, 1, 200]), np.array([3, 2, 1]))
    array([3, 3, 1])
    """
    if len(slot) == 0:
        return vessels
    whole = np.zeros(int(slot[-1] - slot[0]) + DAY_TENS, "int64")
    whole[slot - slot[0] + DAY_TENS - 1] = vessels
    windows = np.lib.stride_tricks.sliding_window_view(whole, DAY_TENS)
    return np.asarray(windows[slot - slot[0]].max(axis=1))
