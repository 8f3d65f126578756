"""What to do next about an incident: by what it is told by, and whether that is over."""

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd

from detectors.core.telling import Say, Told

OVER: Final = "over"
"""The word that ends a key of the table: what to do once it is over."""

AGAIN: Final = "again"
"""The word that ends a key of the table: what to do once it is over and under way once more."""

UNHEARD: Final = "unheard"
"""The word that ends a key of the table: what to do once it is over, and its vessel not heard for
`AT_ONCE`."""

AT_ONCE: Final = pd.Timedelta(hours=1)
"""What has no duration (a sighting, a line passed) is over after so long: a boat that makes 10 kn
is then out of sight of where it was."""

STAYS: Final = ("anchoring", "encounter", "loitering", "mother_ship")
"""What goes on until its vessel leaves, and is known to be over once that was heard elsewhere."""

HEARD_AFTER: Final = pd.Timedelta(minutes=10)
"""What stays is over if its vessels were all heard so much later: an event ends at a tick of the
time grid, up to some minutes before the last report. What ended over `AT_ONCE` ago is over in any
case. A judgement."""

NEXT_STEPS: Final[Mapping[str, str]] = {
    "anchoring": "ask by VHF for its permission to anchor",
    "anchoring over": "it has left: ask by VHF why it lay there",
    "crossing": (
        "meet it before it lands; of a boat adrift or overloaded tell the rescue coordination "
        "centre first"
    ),
    "crossing over": (
        "too late to meet it on the way: search the shore where it came nearest, meet the boat "
        "where it is now"
    ),
    "crossing again": (
        "search the shore where it came nearest; it is on its way again: meet it before it lands, "
        "of a boat adrift or overloaded tell the rescue coordination centre first"
    ),
    "encounter": "board the one that goes on to a coast, ask the other by VHF",
    "encounter over": (
        "they have parted: board one that is bound for a coast; if neither is, ask both by VHF"
    ),
    "gap": "call by VHF; task a sensor over what it can have reached",
    "gap over": "it is heard again: ask by VHF where it was",
    "gap unheard": (
        "it was heard again, but not lately: ask where it was once it is heard, or at its next port"
    ),
    "geofence": "ask by VHF",
    "identity": "compare register, call sign and sight",
    "loitering": "ask by VHF; of a boat adrift tell the rescue coordination centre",
    "loitering over": "it has gone on: ask by VHF why it loitered",
    "mother_ship": "watch; board when a boat comes alongside",
    "mother_ship over": "it has gone on: ask it by VHF, meet its visitors bound for a coast",
    "outlier": "watch",
    "possible_meeting": "task a sensor over the place; look at both when they are heard again",
    "possible_meeting over": "they are heard again: look at both where they are now",
    "possible_meeting unheard": (
        "they were heard again, but not both lately: look at each where it was heard last"
    ),
    "spoofing": "task a sensor: it isn't where it says",
    "spoofing over": "its positions are good again: ask by VHF where it was",
    "unmatched_sighting": "send a unit or a sensor to look",
    "unmatched_sighting over": "it may be far off by now: look for it in newer images and by radar",
    "watch_area": "ask by VHF",
}
"""What to do next, by kind of the leading event, or by kind and subkind; with `OVER` after it, once
that is over, and with `AGAIN` or `UNHEARD` where that is so too. Settings name others
(`assess.next_steps`); one with `OVER` holds for these as well, one without for all."""


def next_step(
    lead: Told,
    rows: Sequence[Told],
    now: pd.Timestamp,
    own: Mapping[str, str],
    say: Say,
    seen: Mapping[int, pd.Timestamp],
) -> str:
    """Return what to do next about what an incident is told by.

    Parameters
    ----------
    rows
        All events of the incident: a boat that landed may be on its way again.
    now
        The end of what was looked at.
    own
        The user's table; it comes before `NEXT_STEPS`.
    seen
        When flagged vessels were heard last.
    """
    kinds = (f"{lead.kind} {lead.subkind}", lead.kind)
    words = _words(lead, rows, now, seen) if is_over(lead, now, seen) else ()
    keys = (*(f"{kind} {word}" for word in words for kind in kinds), *kinds)
    for key in keys:
        if key in own:
            step = own[key]
            return say(step) if step == NEXT_STEPS.get(key) else step
    return say(next((NEXT_STEPS[key] for key in keys if key in NEXT_STEPS), "watch"))


def _words(
    lead: Told, rows: Sequence[Told], now: pd.Timestamp, seen: Mapping[int, pd.Timestamp]
) -> tuple[str, ...]:
    """Return the words that end the keys of the table for what is over, the closest first."""
    if _under_way([lead], lead, now, seen):
        return ()
    if _under_way(rows, lead, now, seen):
        return AGAIN, OVER
    last = [seen[mmsi] for mmsi in (lead.mmsi, lead.other_mmsi) if mmsi in seen]
    return (UNHEARD, OVER) if last and now - min(last) > AT_ONCE else (OVER,)


def _under_way(
    rows: Sequence[Told], lead: Told, now: pd.Timestamp, seen: Mapping[int, pd.Timestamp]
) -> bool:
    """Tell whether a boat that crossed is crossing in its last reports, by some of its events."""
    return lead.kind == "crossing" and any(
        one.kind == "crossing"
        and one.mmsi == lead.mmsi
        and one.end is not None
        and one.evidence.get("ended") == "unheard"
        and not one.evidence.get("landed")
        and seen.get(one.mmsi, now) - one.end <= HEARD_AFTER
        and now - one.end <= AT_ONCE
        for one in rows
    )


def is_over(lead: Told, now: pd.Timestamp, seen: Mapping[int, pd.Timestamp]) -> bool:
    """Tell whether what an incident is told by is over at the end of what was looked at.

    Two that lay together in their last reports haven't parted because the feed ends.
    """
    if lead.end is None:
        return False
    last = [seen[mmsi] for mmsi in (lead.mmsi, lead.other_mmsi) if mmsi in seen]
    if lead.kind in STAYS and last and now - lead.end <= AT_ONCE:
        return min(last) - lead.end > HEARD_AFTER
    return lead.end > lead.start or now - lead.end > AT_ONCE
