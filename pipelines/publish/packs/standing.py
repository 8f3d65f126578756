"""Whether the leads of a pack still stand: what counts as moved, cleared, and to be told."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.assess.reasons import overtaken
from pipelines.base import story
from pipelines.store import Queries

MOVED_M: Final = METRES_PER_NM
"""A lead has moved where it is further than this from where it was told: at a mile a boat that is
looked for at the one place isn't seen at the other by night. A judgement."""

CLEARING: Final = frozenset({"cleared", "benign_cause"})
"""Conclusions that clear a lead."""


REOPENED: Final = "reopened"
"""What a correction says of a lead that an earlier one called cleared or withdrawn, and that isn't
any more."""

PLACED: Final = ("moved", REOPENED)
"""Corrections that tell where a lead is: of what is open again, where the pack told it, unless they
say so."""

_NOWHERE: Final = (float("nan"), float("nan"))


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
    at_all: Collection[str] = (),
) -> pd.DataFrame:
    """Return the leads of a pack of which its holder may have to be told, by what its corrections
    told since it was sent: all but those that were called cleared, and are.

    Adds `gone`, whether one was called withdrawn; `stood`, whether it stood here all the same, or
    that isn't known; `reopens`, whether one was called cleared, and isn't any more (before it was
    sent anew too: who holds the correction has a pack of that name); told_lat and told_lon, where
    its holder takes it to be (NaN where an older version told of a move, and kept no place).

    Parameters
    ----------
    leads
        As of `issued.leads_of`.
    cleared
        Those that are cleared, see `cleared_since`.
    sent, lines
        The pack's line of the log; lines of the log.
    at_all
        Those that are cleared, whether or not that was known when the pack was made.
    """
    own = [one for one in lines if one.get("corrects") == sent["pack"]]
    told, before, places = dict[str, str](), dict[str, str](), dict[str, Any]()
    stood = set[str]()
    for one in sorted(own, key=lambda line: int(line["number"])):
        said, to = dict(one.get("corrected") or {}), one.get("moved_to")
        if one["number"] < sent["number"]:
            before |= said
        else:
            told |= said
            stood = (stood - said.keys()) | set(one.get("stood", said))
            for key in (key for key in said if said[key] in PLACED):
                places.pop(key, None)
                if to is None or key in to:
                    places[key] = _NOWHERE if to is None else to[key]
    ids = leads["told_id"].tolist()
    last = np.array([told.get(one, "") for one in ids], dtype=object)
    first = np.array([before.get(one, "") for one in ids], dtype=object)
    still, ever = (leads["event_id"].isin(set(of)).to_numpy(bool) for of in (cleared, at_all))
    own_places = leads[["lat", "lon"]].to_numpy("float64").tolist()
    at = [places.get(one, own) for one, own in zip(ids, own_places, strict=True)]
    lat, lon = np.array(at, "float64").reshape(-1, 2).T
    found = leads.assign(
        gone=last == "withdrawn",
        stood=[one in stood for one in ids],
        reopens=((last == "cleared") | ((last == "") & (first == "cleared") & ~ever)) & ~still,
        told_lat=lat,
        told_lon=lon,
    )
    open_: pd.DataFrame = found[(last != "cleared") | ~still]
    return open_.reset_index(drop=True)


def innocent(leads: pd.DataFrame, cleared: Collection[str], again: pd.DataFrame) -> pd.DataFrame:
    """Return the leads, of `due`, that are told to be cleared, where it is told what is: of what
    was called withdrawn only what would be called open again, since it is found.

    `again`: `told_id` and `correction` of what is told of them otherwise.
    """
    found = again.loc[again["correction"] == REOPENED, "told_id"]
    tells = ~leads["gone"] | leads["told_id"].isin(found)
    return leads[leads["event_id"].isin(set(cleared)) & tells.to_numpy(bool)]


def moved(leads: pd.DataFrame, lat: pd.Series, lon: pd.Series) -> "np.ndarray[Any, Any]":
    """Tell which leads, of `due`, are further than `MOVED_M` from where their holder takes them to
    be: by what the pack told where that isn't known, and of those that are open again, since the
    correction that says so says "as the pack told it".
    """
    by_pack = leads["told_lat"].isna() | leads["reopens"] | leads["gone"]
    told = (leads[f"told_{name}"].where(~by_pack, leads[name]) for name in ("lat", "lon"))
    places = (*told, lat, lon)
    return np.asarray(geodesy.distance_m(*(one.to_numpy("float64") for one in places))) > MOVED_M


def standing_here(
    store: Queries, leads: pd.DataFrame, heirs: Mapping[str, str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the leads that the home knows, and for each `event_id` of the event in which its story
    stands here, `lat` and `lon` of that, and `aside`, whether what became known sets it aside:
    empty, NaN and False where it stands no more.
    """
    stories = set(leads["event_id"]) | {new for new, old in heirs.items() if old}
    query = (
        "SELECT event_id, lat, lon, retracted, reason FROM events "
        "WHERE list_contains($ids, event_id)"
    )
    here = store.sql(query, {"ids": sorted(stories)}).set_index("event_id")
    here["aside"] = here["reason"].map(overtaken)
    standing = set(here.index[~here["retracted"].astype(bool)])
    held = leads[leads["event_id"].isin(here.index)].reset_index(drop=True)
    on = story.heirs(held["event_id"], heirs, standing)
    now = here.reindex(on).rename_axis("event_id").reset_index()
    return held, now.assign(aside=now["aside"].eq(True))
