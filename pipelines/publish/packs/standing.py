"""Whether the leads of a pack still stand: what counts as moved, cleared, and to be told."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.base import story

MOVED_M: Final = METRES_PER_NM
"""A lead has moved where it is further than this from where it was told: at a mile a boat that is
looked for at the one place isn't seen at the other by night. A judgement."""

CLEARING: Final = frozenset({"cleared", "benign_cause"})
"""Conclusions that clear a lead."""


REOPENED: Final = "reopened"
"""What a correction says of a lead that an earlier one called cleared, and that isn't any more."""


def clearing(said: pd.DataFrame) -> pd.DataFrame:
    """Return those of the newest conclusions that clear a lead."""
    return said[said["conclusion"].isin(CLEARING)]


def cleared_since(
    said: pd.DataFrame,
    heirs: Mapping[str, str],
    sent: Mapping[str, Any],
    known: Collection[str] | None = None,
) -> set[str]:
    """Return the events that people cleared since a pack was sent, and those whose stories went on
    in these: what was known before went out all the same.

    Parameters
    ----------
    said
        The newest conclusion on each event (`dispositions.newest`).
    heirs
        `Queries.heirs`.
    sent
        The pack's line of the log.
    known
        Ids of the conclusions that cleared something when it was made, whatever the clock said
        then and since; None where an older version made it: then it goes by the times.
    """
    cleared = clearing(said)
    before = cleared["disposition_id"].isin(known or ())
    if known is None:
        before = cleared["made_time"] <= pd.Timestamp(str(sent["time"]))
    events = cleared.loc[~before, "event_id"]
    return {one for event in events for one in story.before(str(event), heirs)}


def due(
    leads: pd.DataFrame,
    cleared: Collection[str],
    sent: Mapping[str, Any],
    lines: Iterable[Mapping[str, Any]],
) -> pd.DataFrame:
    """Return the leads of a pack of which its holder may have to be told: those of which no
    correction of it has told since it was sent, and those that one reopened, or called cleared and
    that aren't `cleared` any more: these it `reopens`.

    Parameters
    ----------
    leads
        As of `issued.leads_of`.
    sent, lines
        The pack's line of the log; lines of the log.
    """
    own = [one for one in lines if one.get("corrects") == sent["pack"]]
    told = dict[str, str]()
    for one in sorted(own, key=lambda line: int(line["number"])):
        if one["number"] > sent["number"]:
            told |= dict(one.get("corrected") or {})
    last = np.array([told.get(one, "") for one in leads["told_id"]], dtype=object)
    reopens = (last == "cleared") & ~leads["event_id"].isin(set(cleared)).to_numpy(bool)
    open_ = (last == "") | (last == REOPENED) | reopens
    found: pd.DataFrame = leads.assign(reopens=reopens)[open_]
    return found.reset_index(drop=True)


def far(leads: pd.DataFrame, lat: pd.Series, lon: pd.Series) -> "np.ndarray[Any, Any]":
    """Tell which leads are further than `MOVED_M` from some places."""
    places = (leads["lat"], leads["lon"], lat, lon)
    away = geodesy.distance_m(*(one.to_numpy("float64") for one in places))
    return np.asarray(away) > MOVED_M
