"""What earlier nights left, as a list takes it into account; and a list without it, where that
fails: a night whose detectors found what they did isn't lost to what was told a week ago.
"""

import traceback
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from detectors.core import events
from pipelines.assess.ranking import Assessment
from pipelines.run.changes import changes_of
from pipelines.store import Queries

NAME: Final = "assessment"


@dataclass(frozen=True)
class History:
    """See the parameters of `ranking.assess`."""

    past: pd.DataFrame
    changes: pd.DataFrame
    told_before: Collection[str]
    in_full: Callable[[list[str]], pd.DataFrame] | None

    @classmethod
    def of(
        cls, store: Queries, past: pd.DataFrame, tonight: Collection[str], over: Collection[str]
    ) -> "History":
        """Return that of a window.

        Parameters
        ----------
        past
            Events that count of the time before it.
        tonight
            Ids of those that were found, and of those that the store has of the window.
        over
            Ids of those found that were known, and were over before it began.
        """
        changes = changes_of(store, past, tonight)
        return cls(past[list(events.EVENTS)], changes, over, store.events_by_id)


@dataclass(frozen=True)
class Listed:
    """A list, and what failed as it was made: a line and a traceback by name."""

    assessed: Assessment
    failures: Mapping[str, str]
    tracebacks: Mapping[str, str]


def listed(make: Callable[..., Assessment], history: Callable[[], History]) -> Listed:
    """Make a list by what earlier nights left, or else without it, which is a failure that is told.

    `make`: `assess` with all but that. Raises what it raises without any history.
    """
    try:
        whole: dict[str, Any] = vars(history())
        return Listed(make(**whole), {}, {})
    except Exception as error:
        none = events.empty()
        alone = make(past=none, changes=none, told_before=frozenset(), in_full=None)
        why = f"{type(error).__name__}: {error}"
        text = (
            "what earlier nights told couldn't be taken into account: the list may tell it again, "
            f"and counts no history ({why})"
        )
        return Listed(alone, {NAME: text}, {NAME: traceback.format_exc()})
