"""What so many vessels do that it is their feed: held positions, tracks that come twice."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.frames import SECOND_US, epoch_us
from detectors.spoofing.frozen import lay_behind

HOUR_US: Final = 3600 * SECOND_US
SHARE: Final = 0.05
VESSELS: Final = 5
"""So many vessels, and so large a share of those looked at. Of some fifty feeds, real ones among
them, three vessels had such an event at most; of ones that were polled every few minutes, or came
once more with times of another zone, a third to a half of all (decision 193), a twelfth where that
was one feed of three (194)."""
AT_ONCE: Final = 0.5
"""Where as many of these events begin in one hour it may be interference, which holds those within
its reach. A judgement."""

HELD: Final = "frozen"
FAULTS: Final = {
    ("spoofing", HELD): (
        "reported one position again and again while under way, each at another time: a feed seems "
        "to say again what it heard last"
    ),
    ("spoofing", "replay"): (
        "sent an earlier stretch of their track once more: a feed seems to hold reports under two "
        "times, of a wrong clock or zone"
    ),
    ("identity", "two_hulls"): (
        "are two hulls under one number by their reports: a feed seems to hold reports under two "
        "times, of a wrong clock or zone"
    ),
}
"""What may be a fault of a feed, by kind and subkind, and how that is said."""


@dataclass(frozen=True)
class FeedFault:
    """How many vessels of those looked at did what only a feed has so many do."""

    vessels: int
    looked_at: int
    what: str

    def __str__(self) -> str:
        return f"{self.vessels} of {self.looked_at} vessels {self.what}; that counts for nothing"


def feed_faults(
    events: pd.DataFrame,
    looked_at: int,
    min_score: float,
    told_before: Collection[str] = (),
) -> tuple[NDArray[np.bool_], list[FeedFault]]:
    """Tell which events are their feed's, as so many vessels have them, and say what of how many.

    Parameters
    ----------
    events
        `events.EVENTS`.
    looked_at
        Vessels that were looked at.
    min_score
        Those vessels count that have one of it or more.
    told_before
        Ids of those that were told with an earlier window: of these alone nothing is said again.
    """
    kinds, faulty = events[["kind", "subkind"]].to_numpy("str"), np.zeros(len(events), bool)
    found = []
    for (kind, subkind), what in FAULTS.items():
        which = (kinds[:, 0] == kind) & (kinds[:, 1] == subkind)
        if subkind == HELD:  # of one that sailed on meanwhile that is heard elsewhere it is known
            which[which] = [not lay_behind(one) for one in events["evidence"][which]]
        strong = events[which & (events["score"] >= min_score).to_numpy(bool)]
        vessels = int(strong["mmsi"].nunique())
        if vessels < max(VESSELS, SHARE * looked_at):
            continue
        if subkind == HELD and _busiest(strong) > AT_ONCE * len(strong):
            continue
        faulty |= which
        if not strong["event_id"].isin(list(told_before)).all():
            found.append(FeedFault(vessels, looked_at, what))
    return faulty, found


def _busiest(events: pd.DataFrame) -> int:
    """Return how many events begin within an hour of one of them, at most."""
    start_us = np.sort(epoch_us(events["start"]))
    return int((np.searchsorted(start_us, start_us + HOUR_US) - np.arange(len(start_us))).max())
