"""The volume guard: a rule that raises more than its share isn't poured out."""

from dataclasses import dataclass

import pandas as pd

from pipelines.base.settings import AssessSettings


@dataclass(frozen=True)
class HeldBack:
    """A rule that raised too many vessels.

    Attributes
    ----------
    vessels, limit
        Vessels that it would have raised, and how many of them (the strongest) count.
    """

    detector: str
    vessels: int
    limit: int
    looked_at: int

    def __str__(self) -> str:
        """In words."""
        return (
            f"{self.detector} would raise {self.vessels} of {self.looked_at} vessels, more than "
            f"its share; only its strongest {self.limit} count"
        )


def guard(
    events: pd.DataFrame, looked_at: int, settings: AssessSettings
) -> tuple[pd.DataFrame, list[HeldBack]]:
    """Leave out what a rule raises beyond its share of the vessels looked at.

    A rule that suddenly finds every fourth ship is broken, or its feed is: its leads would bury
    those of the others. So of each detector only the vessels of its strongest events count, up to
    `max_shares` (else `max_share`) of the vessels looked at, though at least `min_share_vessels`.
    Events weaker than a flag pass.

    Returns
    -------
    tuple
        The events that count, and what was held back.
    """
    kept, held = [events[events["score"] < settings.min_score]], []
    raised = events[events["score"] >= settings.min_score]
    raised = raised.sort_values(["score", "event_id"], ascending=[False, True])
    for detector, own in raised.groupby("detector", sort=True):
        share = settings.max_shares.get(str(detector), settings.max_share)
        limit = max(settings.min_share_vessels, int(share * looked_at))
        seen: set[int] = set()
        within = []
        for vessels in zip(own["mmsi"].tolist(), own["other_mmsi"].tolist(), strict=True):
            sides = {vessels[0], *(other for other in vessels[1:] if other > 0)}
            within.append(len(seen | sides) <= limit)
            seen |= sides
        kept.append(own[within])
        if len(seen) > limit:
            held.append(HeldBack(str(detector), len(seen), limit, looked_at))
    return pd.concat(kept).sort_index(), held
