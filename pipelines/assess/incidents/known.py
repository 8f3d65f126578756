"""What was known of incidents before a look."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from detectors.core import frames
from pipelines.base.schemas import INCIDENTS


@dataclass(frozen=True)
class Known:
    """What was known before a look."""

    incidents: pd.DataFrame
    """`schemas.INCIDENTS`: of each incident its newest row."""
    supersedes: Mapping[str, str]
    """The id of the event that each new event replaces."""
    status: Mapping[str, str]
    """The status of each event that the look was about; see `compare`."""
    by_rules: frozenset[str] = frozenset()
    """Events that were over in what was looked at before, by a detector of another version, and of
    whose vessels no more was heard since."""
    told_before: Mapping[str, bool] = field(default_factory=dict)
    """Of events of an earlier window, which count no more in this one, whether they were looked at
    again or not: whether each alone would score enough."""
    told_after: Mapping[str, bool] = field(default_factory=dict)
    """The same of events that began after the window, where a past span is looked at again: this
    look doesn't see them."""
    told_later: Mapping[str, str] = field(default_factory=dict)
    """Incident by event, as a look at a later window than the newest told it."""
    closed: frozenset[str] = frozenset()
    """Events whose lead a conclusion closes."""
    weak: frozenset[str] = frozenset()
    """Events of this look that are no leads; see `weak_in`."""

    @cached_property
    def later(self) -> dict[str, set[str]]:
        """Return what a later window told of each incident, which its row doesn't hold."""
        found: dict[str, set[str]] = {}
        for event, name in self.told_later.items():
            found.setdefault(name, set()).add(event)
        return found

    @cached_property
    def elsewhere(self) -> dict[str, bool]:
        """Return of events of all other windows whether each alone would score enough."""
        return {**self.told_before, **self.told_after}

    @classmethod
    def of(
        cls,
        incidents: pd.DataFrame,
        compared: pd.DataFrame,
        versions: Mapping[str, str] | None = None,
        looked_at: pd.Timestamp | None = None,
        told_before: Mapping[str, bool] | None = None,
        told_after: Mapping[str, bool] | None = None,
        told_later: Mapping[str, str] | None = None,
        closed: frozenset[str] = frozenset(),
        weak: frozenset[str] = frozenset(),
        heard_late: Collection[str] = (),
    ) -> "Known":
        """Return what was known, from the store and from what `compare` found.

        Parameters
        ----------
        versions, looked_at
            Of the run before: version by detector, and until when it had looked.
        told_before, told_after, told_later, closed, weak
            As the attributes.
        heard_late
            Events of whose vessels more was heard since: what found them can't be told.
        """
        ids = compared["event_id"].tolist()
        by_rules: frozenset[str] = frozenset()
        if versions is not None and looked_at is not None:
            other = [
                versions.get(name) != version
                for name, version in zip(compared["detector"], compared["version"], strict=True)
            ]
            old = compared["end"] <= looked_at  # of what went on since, the sea brought some
            by_rules = frozenset(compared.loc[np.array(other, bool) & old, "event_id"])
            by_rules = by_rules.difference(heard_late)
        return cls(
            incidents,
            {k: v for k, v in zip(ids, compared["supersedes"].tolist(), strict=True) if v},
            dict(zip(ids, compared["status"].tolist(), strict=True)),
            by_rules,
            told_before or {},
            told_after or {},
            told_later or {},
            closed,
            weak,
        )

    @classmethod
    def nothing(cls, compared: pd.DataFrame) -> "Known":
        """Return what is known where no incident was told before."""
        ids, status = compared["event_id"].tolist(), compared["status"].tolist()
        return cls(frames.empty(INCIDENTS), {}, dict(zip(ids, status, strict=True)))


def told_before(
    found: pd.DataFrame, past: pd.DataFrame, over: Collection[str], min_score: float
) -> dict[str, bool]:
    """Return of each event of an earlier window whether it alone scores enough.

    `found`, `past`: events of this look, and of before it; `over`: ids of those found that were
    told then.
    """
    mine = found["event_id"].isin(list(over))
    old = past[~past["event_id"].isin(found["event_id"])]
    return {
        str(name): bool(score >= min_score)
        for one in (old, found[mine])
        for name, score in zip(one["event_id"], one["score"], strict=True)
    }


def weak_in(
    found: pd.DataFrame, compared: pd.DataFrame, stored: pd.DataFrame, min_score: float
) -> frozenset[str]:
    """Return which events of a look alone don't score enough, nor did as they were `stored`: that
    a lead is none any more isn't slight.
    """
    led = stored.loc[stored["score"] >= min_score, "event_id"].tolist()
    heirs = compared.loc[compared["supersedes"].isin(led), "event_id"]
    low = found.loc[found["score"] < min_score, "event_id"]
    return frozenset(low).difference(led, heirs)
