"""Events at places where a vessel wasn't: its positions were false, or it was heard elsewhere under
another number.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.events import concat
from detectors.core.frames import epoch_us
from detectors.spoofing.frozen import lay_behind
from pipelines.assess.incidents.silences import changed_within

LIES_THERE: Final = frozenset(
    {
        "anchoring",
        "crossing",
        "encounter",
        "geofence",
        "loitering",
        "mother_ship",
        "outlier",
        "watch_area",
    }
)
"""Kinds that rest on where a vessel was: not on where it wasn't, or on what sent its number."""
MEETINGS: Final = frozenset({"encounter", "mother_ship"})
"""Kinds that rest on where another vessel was as well."""
CHANGEOVER: Final = timedelta(minutes=30)
"""A hull that was unheard for no longer met nobody meanwhile: that is the shortest meeting that is
looked for (`possible_meeting`, `min_meeting_s`)."""
EDGE: Final = timedelta(minutes=15)
"""What lay there may be seen to begin before the first report that shows it to be false, or to end
after the last one, by as much as ticks and clocks differ (a judgement)."""


def misplaced(events: pd.DataFrame, min_score: float, now: pd.Timestamp) -> NDArray[np.bool_]:
    """Tell which events rest on positions that an event of `spoofing`, of `min_score` or more, says
    were false: all of it on the track, and in the time, that is shown to be false. A false place,
    too, can be lain at and met at. But who comes alongside what drifts there finds it: the vessel
    itself, if she leapt only then, or her transmitter.

    Parameters
    ----------
    events
        `events.EVENTS`, in any order; open ones last until `now`.
    """
    found = np.zeros(len(events), bool)
    lies_there, meets = (events["kind"].isin(ks).to_numpy(bool) for ks in (LIES_THERE, MEETINGS))
    start_us, end_us = (epoch_us(part) for part in (events["start"], events["end"].fillna(now)))
    edge_us = EDGE // timedelta(microseconds=1)
    on_track: dict[str, list[int]] = {}
    tracks = events["track_ids"].tolist()
    for row in np.flatnonzero(lies_there).tolist():
        for track in tracks[row].split(";"):
            on_track.setdefault(track, []).append(row)
    for row, false_track, is_there in _false_tracks(events, min_score):
        there = np.array(on_track.get(false_track, ()), "int64")
        there = there[~meets[there]] if is_there else there
        since = start_us[there] >= start_us[row] - edge_us
        found[there[since & (end_us[there] <= end_us[row] + edge_us)]] = True
    return found


def untold(
    events: pd.DataFrame, kept: pd.DataFrame, min_score: float, now: pd.Timestamp
) -> NDArray[np.bool_]:
    """Tell which of the events that are `kept` rest on positions that others of `events`, which
    aren't kept whole, say were false. Retracted ones, by `status`, say nothing.
    """

    def found(among: pd.DataFrame) -> pd.Series:
        standing = among[among["status"] != "retracted"]
        return standing["event_id"][misplaced(standing, min_score, now)]

    false = set(found(events)) - set(found(kept))
    return kept["event_id"].isin(false).to_numpy(bool)


def heard_elsewhere(
    events: pd.DataFrame, changes: pd.DataFrame, min_score: float
) -> NDArray[np.bool_]:
    """Tell which possible meetings rest on the silence of a number whose hull was heard under
    another one before anybody can have met it (`CHANGEOVER`), by changes of `min_score` or more:
    where it went is known.

    Parameters
    ----------
    events, changes
        `events.EVENTS` of tonight, and of before those that may tell of a changed number.
    """
    found = np.zeros(len(events), bool)
    met = np.flatnonzero((events["kind"] == "possible_meeting").to_numpy(bool))
    if not len(met):
        return found
    leads = [one[one["score"] >= min_score] for one in (events, changes)]
    silences = events[events["kind"] == "gap"]
    changed = [one[one["kind"] == "identity"] for one in leads]
    known = changed_within(concat([silences, *changed]), CHANGEOVER)
    for row in met.tolist():
        evidence = events["evidence"].iloc[row]
        found[row] = not known.isdisjoint((evidence.get("event"), evidence.get("other_event")))
    return found


def _false_tracks(events: pd.DataFrame, min_score: float) -> Iterator[tuple[int, str, bool]]:
    """Give the row of each event of false positions that counts, and their track, where it isn't
    the one that is believed, and it is known which of two is false; and whether something sent
    them that is there, see `lay_behind`.
    """
    counts = (events["kind"] == "spoofing") & (events["score"] >= min_score)
    for row in np.flatnonzero(counts.to_numpy(bool)).tolist():
        evidence, subkind = events["evidence"].iloc[row], events["subkind"].iloc[row]
        track, believed = (evidence.get(f"{which}_track_id") for which in ("false", "believed"))
        if track and track != believed and _known_which(subkind, believed, evidence):
            yield row, str(track), lay_behind(evidence)


def _known_which(subkind: str, believed: str | None, evidence: Mapping[str, Any]) -> bool:
    """Tell whether it is known which of two tracks is false. Of a vessel that leapt and didn't come
    back that is believed which was heard first: who shows a false place first meets others at the
    true one after it, and another vessel may use the number. Of two that keep beside one another
    only another sensor can tell.
    """
    if subkind == "jump":
        return bool(evidence.get("returned"))
    return subkind != "offset_copy" or bool(believed)
