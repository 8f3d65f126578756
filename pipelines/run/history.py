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


def told_after(
    store: Queries, end: pd.Timestamp, now: pd.Timestamp, ids: Collection[str], enough: float
) -> dict[str, bool]:
    """Return of each of some events that began between a window's end and what is known as it is
    looked at whether it alone scores enough.
    """
    if now == end:  # as of nearly all: nothing was looked at behind it
        return {}
    known = store.events_counted(end, now, float("inf"), ids)
    after = known[known["start"] > end]
    names, scores = after["event_id"].tolist(), after["score"].tolist()
    return {str(name): score >= enough for name, score in zip(names, scores, strict=True)}


def with_told(store: Queries, compared: pd.DataFrame, incidents: pd.DataFrame) -> pd.DataFrame:
    """Return a run's events with those that its incidents tell of as an earlier window told them,
    and that lie further back than it compares: a lead's own event was in no table.
    """
    told = {one for ids in incidents["events"].tolist() for one in ids.split(";")}
    lacking = store.events_by_id(sorted(told.difference(compared["event_id"])))
    lacking = lacking[~lacking["retracted"]].assign(status="unchanged", supersedes="")
    if lacking.empty:
        return compared.reset_index(drop=True)
    whole = pd.concat([lacking[list(compared.columns)], compared])
    return whole.sort_values(["start", "event_id"], ignore_index=True)
