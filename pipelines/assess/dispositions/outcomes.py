"""Outcomes: what became of flags, as far as a person looked."""

from typing import Final

import pandas as pd

FOUND: Final = ("boarded",)
NOTHING: Final = ("cleared", "benign_cause")
"""*boarded*: a boarding confirmed what the flag was about (one that found nothing is *cleared*).
*watch* and *unknown* are no outcomes."""

OUTCOMES: Final = ("run_id", "mmsi", "score", "found", "made_time")
"""One row per vessel and run: the score of its flag, whether something was found, and when that was
recorded."""


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
