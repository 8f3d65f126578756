"""Outcomes: what became of flags, as far as a person looked, and whether that closes a lead."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd

from detectors.core.telling import Say, plain
from pipelines.assess.dispositions import newest
from pipelines.base import story

FOUND: Final = ("boarded",)
CLEARED: Final = "cleared"
NOTHING: Final = (CLEARED, "benign_cause")
"""*boarded*: a boarding confirmed what the flag was about (one that found nothing is *cleared*).
*watch* and *unknown* are no outcomes."""

CLOSING: Final = frozenset((*FOUND, *NOTHING))
"""The conclusions that close a lead: nobody sails for it any more, nor need look at it first.
*watch* and *unknown* are answers that leave it open: it comes after those that nobody answered."""

CLOSED: Final = "closed"
WATCHED: Final = "watched"
OPEN: Final = "open"
UNANSWERED: Final = ""
"""How an incident stands, see `standing`."""

_INNER: Final = str.maketrans("()", "[]")
"""Of what people typed, so that nobody closes a conclusion of their own and adds another's."""

OUTCOMES: Final = ("run_id", "mmsi", "score", "found", "made_time")
"""One row per vessel and run: the score of its flag, whether something was found, and when that was
recorded."""


def holding(dispositions: pd.DataFrame, heirs: Mapping[str, str]) -> dict[str, dict[Any, Any]]:
    """Return the conclusion that holds for each event, along its story to the event that took over.

    `heirs`: id of the event whose story each took over.
    """
    own = {row["event_id"]: row for row in newest(dispositions).to_dict("records")}
    held = dict(own)
    for event_id in heirs:
        stated = (own[before] for before in story.before(event_id, heirs) if before in own)
        if found := next(stated, None):
            held[event_id] = found
    return held


def told(
    ids: Sequence[Sequence[str]],
    held: Mapping[str, Mapping[Any, Any]],
    say: Say = plain,
) -> list[str]:
    """Put into words what holds on the events of each of some incidents; empty where nothing does.

    Where it doesn't speak of all of them, it says of how many.
    """
    said = {key: _said(row, say) for key, row in held.items()}
    return [_together([said[key] for key in each if key in said], len(each), say) for each in ids]


def _together(said: Sequence[str], n_events: int, say: Say) -> str:
    text = "; ".join(dict.fromkeys(said))
    if not said or len(said) == n_events:
        return text
    return text + say(", on {n} of its {all} events", n=len(said), all=n_events)


def _said(row: Mapping[Any, Any], say: Say) -> str:
    author, reason = (row[name].translate(_INNER) for name in ("author", "reason"))
    return f"{say(row['conclusion'].replace('_', ' '))} ({author}: {reason})"


def standing(event_ids: Sequence[str], held: Mapping[str, Mapping[Any, Any]]) -> str:
    """Tell how an incident stands by what holds on its events: one rule for list, cards and plan.

    `CLOSED` where each was answered with one of `CLOSING`; `WATCHED` where each was answered, one
    of them so; `OPEN` where each was answered; else `UNANSWERED`: what happened after a conclusion
    is an event that it says nothing of.
    """
    said = [str(held[one]["conclusion"]) if one in held else "" for one in event_ids]
    if not all(said):
        return UNANSWERED
    if CLOSING.issuperset(said):
        return CLOSED
    return WATCHED if "watch" in said else OPEN


def closed(dispositions: pd.DataFrame, heirs: Mapping[str, str]) -> frozenset[str]:
    """Return the ids of events whose lead is closed by the conclusion that holds for it."""
    held = holding(dispositions, heirs)
    return frozenset(one for one, row in held.items() if row["conclusion"] in CLOSING)


def cleared(event_ids: Sequence[str], held: Mapping[str, Mapping[Any, Any]]) -> bool:
    """Tell whether all that happened in an incident was cleared, or has a benign cause."""
    return all(one in held and held[one]["conclusion"] in NOTHING for one in event_ids)


def outcomes(dispositions: pd.DataFrame, flags: pd.DataFrame) -> pd.DataFrame:
    """`OUTCOMES` of the conclusions that speak of a flag.

    A conclusion belongs to the newest flag that rested on its event and was known when it was
    recorded, else to the first one; of a pair to the vessel of the higher score. Of several on one
    flag something was found if any says so.

    Parameters
    ----------
    dispositions
        The one that holds for each event (`dispositions.newest`).
    flags
        From `Queries.all_flags`.
    """
    said = dispositions[dispositions["conclusion"].isin([*FOUND, *NOTHING])]
    rested = flags.assign(event_id=flags["event_ids"].str.split(";")).explode("event_id")
    both = said[["event_id", "conclusion", "made_time"]].merge(
        rested[["event_id", "run_id", "ordinal", "known_time", "mmsi", "score"]], on="event_id"
    )
    then = both["known_time"] <= both["made_time"]
    # The newest that was known comes first, then those of later, the earliest first.
    both = both.assign(later=~then, order=both["ordinal"].where(~then, -both["ordinal"]))
    both = both.sort_values(
        ["event_id", "later", "order", "score", "mmsi"], ascending=[True, True, True, False, True]
    ).drop_duplicates("event_id")
    both = both.assign(found=both["conclusion"].isin(FOUND))
    table = both.groupby(["run_id", "mmsi"], as_index=False).agg(
        score=("score", "max"), found=("found", "any"), made_time=("made_time", "max")
    )
    return table[list(OUTCOMES)]
