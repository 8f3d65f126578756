"""Dispositions: what an analyst or a boarding team concluded about a flag, kept for audit.

One is added, never changed: of several on one event the newest holds. Who concluded takes the last
one back by adding one that says *withdrawn*: then it is as if neither had been made, and the log
keeps both (`standing_of`). It copies the behaviour that
it speaks of (who, what, when, where), so that it can be read when the event is long retracted. It
may set the like aside for a while: later behaviour of the same vessel and kind near the same place.
That goes by the time of the behaviour, never by the time of a run, so that looking at an old night
again gives the same list.
"""

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.errors import SelatError
from detectors.core.events import EVENTS
from detectors.kinematics import geodesy
from pipelines.base.schemas import CONCLUSIONS, DISPOSITIONS, WITHDRAWN, row_of
from pipelines.base.text import minute

QUIET_WITHIN_M: Final = 9260.0
"""5 nm: how near the like must happen to be set aside with it, if nothing else is said."""

PART: Final = "[as far as "
"""How the reason of somebody begins who could see a part alone; the desk puts it before theirs."""


class DispositionError(SelatError):
    """A conclusion can't be recorded."""

    exit_code = 2


def newest(dispositions: pd.DataFrame) -> pd.DataFrame:
    """Return the one that holds for each event: the newest of those who could see everything.

    Where they said nothing, the newest of those who saw a part (`of_part`).
    """
    ordered = standing_of(dispositions)
    whole_last = ordered.iloc[np.argsort(~of_part(ordered).to_numpy(bool), kind="stable")]
    held = whole_last.drop_duplicates("event_id", keep="last")
    return held.sort_values(["made_time", "disposition_id"], kind="stable", ignore_index=True)


def standing_of(dispositions: pd.DataFrame) -> pd.DataFrame:
    """Return the conclusions that their authors haven't taken back, in the order they were made.

    What says *withdrawn* takes back the last one on its event of the same author, who saw as much.
    """
    ordered = dispositions.sort_values(["made_time", "disposition_id"], kind="stable")
    if not (ordered["conclusion"] == WITHDRAWN).any():
        return ordered
    stands = np.ones(len(ordered), bool)
    said: dict[tuple[str, str, bool], list[int]] = {}
    keys = zip(ordered["event_id"], ordered["author"], of_part(ordered), strict=True)
    for place, (key, what) in enumerate(zip(keys, ordered["conclusion"], strict=True)):
        own = said.setdefault(key, [])
        if what != WITHDRAWN:
            own.append(place)
            continue
        stands[[place, *([own.pop()] if own else [])]] = False
    return ordered[stands]


def taken_back(dispositions: pd.DataFrame) -> "pd.Series[bool]":
    """Tell whether the author of each has taken it back; not of what takes one back."""
    stands = dispositions.index.isin(standing_of(dispositions).index)
    return (dispositions["conclusion"] != WITHDRAWN) & ~stands


def of_part(dispositions: pd.DataFrame) -> "pd.Series[bool]":
    """Tell whether the author of each could see no more than a part of what is here."""
    return dispositions["reason"].astype("str").str.startswith(PART)


def see(author: str, conclusion: str, reason: str, quiet_until: pd.Timestamp | None) -> None:
    """Raise DispositionError if no event can be concluded on so."""
    if conclusion not in (*CONCLUSIONS, WITHDRAWN):
        raise DispositionError(
            f"no conclusion is called {conclusion!r}", hint=f"one of {', '.join(CONCLUSIONS)}"
        )
    if not author.strip() or not reason.strip():
        raise DispositionError("a disposition names its author and its reason")
    if quiet_until is not None and conclusion not in {"cleared", "benign_cause"}:
        raise DispositionError(
            f"{conclusion!r} can't set the like aside", hint="only cleared and benign_cause can"
        )


def make(
    event: dict[str, Any],
    before: int,
    *,
    made_time: pd.Timestamp,
    author: str,
    conclusion: str,
    reason: str,
    quiet_until: pd.Timestamp | None,
    quiet_within_m: float,
) -> pd.DataFrame:
    """Make a row of `DISPOSITIONS` on an event.

    Raises DispositionError if the conclusion isn't known, nobody or nothing is said, or it would
    set aside what it hasn't looked at: a boarding that found something, a vessel to watch (`see`).

    Parameters
    ----------
    event
        A row of `events.EVENTS`.
    before
        How many are recorded on it already.
    """
    see(author, conclusion, reason, quiet_until)
    if quiet_until is not None and quiet_until <= event["start"]:
        raise DispositionError(
            "it would set aside nothing: it ends before the behaviour began",
            hint=f"name a time after {minute(event['start'])}",
        )
    row = {
        **{name: event[name] for name in DISPOSITIONS if name in EVENTS},
        "disposition_id": f"{event['event_id']}-{before + 1}",
        "made_time": made_time,
        "author": author.strip(),
        "conclusion": conclusion,
        "reason": reason.strip(),
        "quiet_until": quiet_until,
        "quiet_within_m": quiet_within_m,
        "sources": "",
    }
    return row_of(DISPOSITIONS, row)


def set_aside(events: pd.DataFrame, dispositions: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which events a disposition sets aside.

    An event is, where the newest disposition on an event of the same kind and vessels says so, it
    began no earlier than that one (or is the same story, whose beginning late reports have moved:
    the two overlap) and before `quiet_until`, and within `quiet_within_m` of it; the very event
    wherever it is shown now: its middle moves while it goes on.
    """
    quiet = newest(dispositions)
    quiet = quiet[quiet["quiet_until"].notna()]
    if quiet.empty:
        return np.zeros(len(events), bool)
    rows = events.reset_index(drop=True).reset_index(names="row")
    both = rows.merge(quiet, on=["kind", "mmsi", "other_mmsi"], suffixes=("", "_quiet"))
    near_m = geodesy.distance_m(
        *(both[c].to_numpy("float64") for c in ("lat", "lon", "lat_quiet", "lon_quiet"))
    )
    overlap = (both["end"].isna() | (both["end"] > both["start_quiet"])) & (
        both["end_quiet"].isna() | (both["start"] < both["end_quiet"])
    )
    fits = (both["start"] >= both["start_quiet"]) | overlap
    fits &= both["start"] < both["quiet_until"]
    same = both["event_id"] == both["event_id_quiet"]
    fits &= same | (np.asarray(near_m) <= both["quiet_within_m"])
    mask = np.zeros(len(events), bool)
    mask[both.loc[fits, "row"].to_numpy("int64")] = True
    return mask
