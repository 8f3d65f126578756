"""Which of the newest reports can be believed: the time up to which a run looks.

"Now" that is too late makes silences of everybody: one receiver whose clock is ahead, or a few
forged vessels, would raise a gap for each vessel that was heard honestly. "Now" that is too early
costs a delay: what lies beyond is looked at by the next run. So it errs to the early side.

A time is believed if enough vessels were heard within the hour before it, or later. Enough is a
quarter of the vessels that a day hears (the busiest of the last four dates that have reports,
however long ago they are), no more than 50, no fewer than three. The quarter keeps a sea of 80
vessels a day from 20 forged ones; 50 keeps the bar in reach where ever more vessels are heard, or
made up: numbers flooded into the past can't hold "now" back in a sea where 50 vessels are heard in
an hour. A feed that thins out at night is believed up to where it falls below a quarter of its day;
one that hears far fewer from now on is believed again after four dates.

So with f forged vessels, fewer than are needed, "now" is never later than an hour after the newest
honest report: that far a single one is believed, since clocks of receivers differ.

Where a day hears fewer than ten vessels nobody can be outvoted: the newest report is believed, and
`Now.few` says so. But where there were ten before, a single vessel long after all the others isn't.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import pandas as pd

from pipelines.base.text import age, minute

FEW_VESSELS: Final = 10
SHARE: Final = 0.25
MOST_NEEDED: Final = 50
LEAST_NEEDED: Final = 3
WITHIN: Final = pd.Timedelta(hours=1)
REFERENCE_DATES: Final = 4


@dataclass(frozen=True)
class Now:
    """The newest time that is believed, and what it rests on."""

    time: pd.Timestamp
    vessels: int
    """Vessels heard within the hour before it, or later; counted up to `MOST_NEEDED`."""
    needed: int
    """How many of them are enough."""
    few: bool
    """Whether there are too few vessels to contradict one another, so that the newest report is
    believed as it is."""
    newest: pd.Timestamp
    later: int

    def in_words(self) -> str:
        """Return what a person should know of it; empty where enough vessels agree.

        >>> t = pd.Timestamp("2026-01-05T12:00Z")
        >>> Now(t, 1, 3, True, t, 0).in_words()
        'now (2026-01-05 20:00 MYT) rests on one vessel'
        """
        if self.later:
            vessels = "one vessel was" if self.later == 1 else f"{self.later} vessels were"
            ahead = age((self.newest - self.time).total_seconds())
            return (
                f"now is {minute(self.time)}: {vessels} heard up to {ahead} later, "
                f"fewer than the {self.needed} that are needed to believe it; those reports are "
                "looked at by a later run"
            )
        if self.few:
            vessels = "one vessel" if self.vessels == 1 else f"{self.vessels} vessels"
            return f"now ({minute(self.time)}) rests on {vessels}"
        return ""


def believed(newest: pd.Series, busiest: Callable[[pd.Timestamp], int]) -> Now | None:
    """Return the newest time that enough vessels confirm; None where there is no report.

    Parameters
    ----------
    newest
        Time of the newest report of each vessel, the latest first; `MOST_NEEDED` of them decide.
    busiest
        How many vessels were heard on the busiest of the last `REFERENCE_DATES` that have reports,
        up to a time. Dates without any don't count: else what comes days after all others would
        meet nobody who could outvote it.
    """
    if newest.empty:
        return None
    times = newest.reset_index(drop=True)
    # There is one: the last of them has all before it, which are `MOST_NEEDED`, or all there are.
    return next(now for now in _candidates(times, busiest) if now.vessels >= now.needed)


def _candidates(times: pd.Series, busiest: Callable[[pd.Timestamp], int]) -> Iterator[Now]:
    """Yield what would be "now", the latest first, and what it would rest on."""
    crowd = 1 if len(times) < FEW_VESSELS else 2
    for time in times.drop_duplicates():
        heard = busiest(time)
        few = heard < FEW_VESSELS
        yield Now(
            time=time,
            vessels=int((times >= time - WITHIN).sum()),
            needed=crowd if few else min(MOST_NEEDED, max(LEAST_NEEDED, math.ceil(SHARE * heard))),
            few=few,
            newest=times.iloc[0],
            later=int((times > time).sum()),
        )
