"""The volume guard: a rule that raises more than its share isn't poured out."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.assess.alike import beyond_few, labels
from pipelines.base.settings import AssessSettings


@dataclass(frozen=True)
class HeldBack:
    """A rule that raised too many vessels."""

    detector: str
    vessels: int
    limit: int
    """Vessels that it would have raised, and how many of them (the strongest) count."""
    looked_at: int
    alike: int = 0
    """Of them, those that did so at one place and time, where most did."""

    def __str__(self) -> str:
        more = f"; {self.alike} of all did so within six miles and an hour" if self.alike else ""
        return (
            f"{self.detector} would raise {self.vessels} of {self.looked_at} vessels, more than "
            f"its share; only its strongest {self.limit} count{more}"
        )


def guard(
    events: pd.DataFrame, looked_at: int, settings: AssessSettings
) -> tuple[pd.DataFrame, list[HeldBack]]:
    """Leave out what a rule raises beyond its share of the vessels looked at.

    A rule that suddenly finds every fourth ship is broken, or its feed is: its leads would bury
    those of the others. So of each detector only the vessels of its strongest events count, up to
    `max_shares` (else `max_share`) of the vessels looked at, though at least `min_share_vessels`.
    Events weaker than a flag pass. Of what is alike `alike.FEW` are its strongest; the others come
    behind what is elsewhere.

    Returns the events that count, and what was held back.
    """
    by, scores, ids = (events[name].to_numpy() for name in ("detector", "score", "event_id"))
    sides = list(zip(events["mmsi"].tolist(), events["other_mmsi"].tolist(), strict=True))
    raised = np.flatnonzero(scores >= settings.min_score)
    strongest = raised[np.lexsort((ids[raised].astype(str), -scores[raised]))]
    strongest = strongest[np.argsort(beyond_few(events, strongest)[strongest], kind="stable")]
    limits, seen = dict[str, int](), dict[str, set[int]]()
    kept = np.ones(len(events), bool)
    for row in strongest.tolist():
        share = settings.max_shares.get(str(by[row]), settings.max_share)
        limits[by[row]] = max(settings.min_share_vessels, int(share * looked_at))
        own = seen.setdefault(by[row], set())
        own |= {sides[row][0], *(other for other in sides[row][1:] if other > 0)}
        kept[row] = len(own) <= limits[by[row]]
    held = [
        HeldBack(name, len(own), limits[name], looked_at, _most_alike(events[by == name], own))
        for name, own in sorted(seen.items())
        if len(own) > limits[name]
    ]
    return events[kept], held


def _most_alike(events: pd.DataFrame, raised: Collection[int]) -> int:
    """Return how many vessels of those raised did so at one place and time; 0 if less than half."""
    sides = (events[name].to_numpy("int64") for name in ("mmsi", "other_mmsi"))
    label = labels(events)
    who = pd.DataFrame({"label": np.r_[label, label], "mmsi": np.concatenate([*sides])})
    who = who[who["mmsi"].isin([*raised])].drop_duplicates()
    most = int(who.groupby("label").size().max())
    return most if 2 * most >= len(raised) else 0
