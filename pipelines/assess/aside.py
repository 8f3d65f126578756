"""What is found and stands, but is no lead: of own vessels, of false positions, of a hull that was
heard elsewhere.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.assess.misplaced import heard_elsewhere, misplaced
from pipelines.assess.reasons import aside_in
from pipelines.assess.watchlists import Watchlist, of_own

Bools = NDArray[np.bool_]


class Aside(NamedTuple):
    """Which events are set aside by what is known, whatever anybody concluded."""

    own: Bools
    """They are of what own vessels do."""
    false: Bools
    """They rest on false positions."""
    renumbered: Bools
    """The hull of one was heard meanwhile under another number."""

    @property
    def any(self) -> Bools:
        """Tell which of them for any of these reasons."""
        return np.asarray(self.own | self.false | self.renumbered)


def known_aside(
    events: pd.DataFrame,
    changes: pd.DataFrame,
    lists: Sequence[Watchlist],
    min_score: float,
    now: pd.Timestamp,
    answered: Bools | None = None,
    doubted: Bools | None = None,
) -> Aside:
    """Tell which events are set aside by what is known, and why.

    Parameters
    ----------
    events, changes
        As of `misplaced.heard_elsewhere`.
    answered
        Which of them a conclusion sets aside: they say nothing of others, but for false positions.
    doubted
        Which of them are changes of number, or false positions, of which somebody concluded that
        there may be none: these say nothing of meetings, or of what lay there.
    """
    asks = np.ones(len(events), bool) if answered is None else ~answered
    sure = np.ones(len(events), bool) if doubted is None else ~doubted
    own = of_own(events, lists, min_score, answered=~asks)
    false, renumbered = np.zeros((2, len(events)), bool)
    false[sure] = misplaced(events[sure], min_score, now)
    false &= asks & ~own
    sure &= asks
    renumbered[sure] = heard_elsewhere(events[sure], changes, min_score)
    return Aside(own, false, renumbered & ~(own | false))


def noticed(compared: pd.DataFrame, stored: pd.DataFrame) -> pd.DataFrame:
    """Return events with their status, see `compare`: *changed*, too, where one that is as it was
    is set aside since, for another reason, or no longer: else nothing is kept of when it was.

    `compared`, `stored`: events with `reason`, as they are told now and as the store has them.
    """
    ids, texts = stored["event_id"].tolist(), stored["reason"].tolist()
    before = dict(zip(ids, map(aside_in, texts), strict=True))
    rows = zip(compared["event_id"], compared["status"], compared["reason"], strict=True)
    status = [
        "changed" if was == "unchanged" and aside_in(reason) != before.get(key, "") else was
        for key, was, reason in rows
    ]
    return compared.assign(status=pd.Series(status, compared.index, dtype="str"))
