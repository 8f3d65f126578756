"""What a vessel said of itself that was otherwise after an event than before it.

Draught and destination are typed in at the start of a voyage and when they change (IMO resolution
A.1106(29), annex, 12.3): a ship that says she lies deeper after a silence or a meeting than before
took something in meanwhile, if it was typed in right. They are statements, so nothing is scored by
them; whoever asks about an event is told.
"""

from dataclasses import dataclass
from typing import Final

import pandas as pd

from pipelines.store.vessels import FIELDS

AROUND: Final = pd.Timedelta(hours=12)
"""What was said longer before or after an event belongs to another voyage. Own choice: it is often
typed only when the vessel goes on."""
TYPED: Final = tuple(field for field in FIELDS if field != "ais_class")
"""The fields that people fill in."""


@dataclass(frozen=True)
class Otherwise:
    """A value that took another's place over an event, or soon after."""

    field: str
    """One of `TYPED`."""
    before: str
    after: str
    """The values, as in `vessels.HISTORY`."""
    until: pd.Timestamp
    since: pd.Timestamp
    """When the one was said last, and the other first."""


def otherwise(stated: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> list[Otherwise]:
    """Return what was said up to an event's start and no more once another value was said.

    Of two values that are said in turn, as by two hulls under one number, neither takes the other's
    place.

    Parameters
    ----------
    stated
        `vessels.HISTORY` of a vessel.
    start, end
        The event's.
    """
    found = []
    rows = stated.to_dict("records")
    for field in TYPED:
        own = [one for one in rows if one["field"] == field]
        old = [o for o in own if o["first_time"] <= start <= o["last_time"] + AROUND]
        new = [o for o in own if start < o["first_time"] <= end + AROUND and o["last_time"] > end]
        if not old or not new:
            continue
        before = max(old, key=lambda one: one["last_time"])
        after = min(new, key=lambda one: one["first_time"])
        if before["value"] != after["value"] and before["last_time"] <= after["first_time"]:
            times = before["last_time"], after["first_time"]
            found.append(Otherwise(field, before["value"], after["value"], *times))
    return found


def in_units(field: str, value: str) -> str:
    """Return a value of `vessels.HISTORY` with its unit, where it has one."""
    return f"{value} m" if field.endswith("_m") else value
