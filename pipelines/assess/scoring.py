"""How the events of a vessel become one score, part by part."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core import frames
from detectors.core.telling import Say, plain
from detectors.kinematics import geodesy
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.assess.watchlists import Match
from pipelines.base.schemas import PARTS

MIN_PART_SCORE: Final = 0.1
"""Events below this are context (a boundary crossed on a voyage): they add nothing to what weighs
more, however many they are. Neither history nor a watch-list counts for a vessel that did nothing
of more weight tonight."""

FAMILIES: Final = {
    "anchoring": "stopping",
    "encounter": "stopping",
    "loitering": "stopping",
    "mother_ship": "stopping",
    "gap": "silence",
    "possible_meeting": "silence",
    "identity": "deception",
    "spoofing": "deception",
}
"""Kinds that see one behaviour from several sides: who meets another also lies still, who shifts
to a false place also falls silent at the true one. At one time such a family counts once."""
LANDING: Final = {"crossing": "landing", "geofence": "landing"}
"""Kinds of which only the strongest counts, whatever the time: where a boat lay before it set out,
or lies once it has come home, is an end of its crossing."""

EXPLAINED_WEIGHT: Final = 0.5
"""From this weight on a vessel's innocent explanation is at least as likely as not, and its events
don't add up, nor to others: a tug that waits, tows and meets its tow is a tug three times over, and
a ferry that lay in its harbour and then waited off it has done nothing of which a part is left."""

HISTORY_WEIGHT: Final = 0.05
MAX_HISTORY_WEIGHT: Final = 0.15
HISTORY_DAYS: Final = 30
HERE_M: Final = 10 * METRES_PER_NM
"""History: each earlier event of the same kind within 30 days, and within 10 nm or with the same
other vessel, adds a little, three of them as much as it ever gives. Judgements; a habit alone
doesn't make a flag."""

_SILENCE: Final = ("gap", "possible_meeting")
ORDINALS: Final = ("", "", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


@dataclass(frozen=True)
class Judged:
    """Parts of every vessel's score, and the score they make.

    Attributes
    ----------
    parts
        `schemas.PARTS` without rank.
    scores
        mmsi, score: highest first, equal ones by MMSI.
    """

    parts: pd.DataFrame
    scores: pd.DataFrame


def judge(
    events: pd.DataFrame,
    *,
    now: pd.Timestamp,
    past: pd.DataFrame,
    matches: list[Match],
    voluntary: set[int],
    voluntary_weight: float,
    say: Say = plain,
) -> Judged:
    """Score vessels.

    A score is 1 - (1 - p1)(1 - p2)… over the parts: independent leads add up. Of each kind only
    the strongest event is a part, so that a ferry which crosses a boundary twenty times isn't
    flagged for it; of events of one of the `FAMILIES` that overlap in time (of `LANDING` at any)
    only the strongest, since they are one behaviour seen twice. An event whose explanation has
    `EXPLAINED_WEIGHT` or more stands alone: the strongest of them is the score where the others
    together come to less.

    Parameters
    ----------
    events
        `events.EVENTS` that count, explained.
    now
        Until when open events last.
    matches
        Watch-list entries that fit vessels: they raise what behaviour began, and never replace it.
    voluntary
        MMSIs of craft that need not carry AIS (class B). Their silences count `voluntary_weight`
        times: SOLAS V/19.2.4 asks for AIS from 300 GT (500 GT off international voyages), and
        smaller craft may switch it off as they like.
    """
    sides = _by_vessel(events, now)
    silent = sides["kind"].isin(_SILENCE) & sides["mmsi"].isin(sorted(voluntary))
    sides["score"] = sides["score"].where(~silent, sides["score"] * voluntary_weight)
    sides["note"] = np.where(silent, say("class B need not send AIS: counts less"), "")
    behaviour = _independent(sides)
    repeated = _repeated(behaviour, past, now, say)
    listed = _listed(behaviour, matches)
    parts = pd.concat([behaviour, repeated, listed], ignore_index=True)
    parts["score"] = parts["score"].round(4)
    missed = parts.assign(score=1.0 - parts["score"])
    scores: pd.DataFrame = missed.groupby("mmsi", as_index=False).agg(score=("score", "prod"))
    scores["score"] = (1.0 - scores["score"]).round(4)
    scores = scores.sort_values(["score", "mmsi"], ascending=[False, True], ignore_index=True)
    return Judged(frames.conform(parts, {k: c for k, c in PARTS.items() if k != "rank"}), scores)


def _by_vessel(events: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    """One row per event and vessel that takes part in it, strongest first for each vessel."""
    other = events[events["other_mmsi"] > 0]
    swapped = other.assign(mmsi=other["other_mmsi"], other_mmsi=other["mmsi"])
    sides = pd.concat([events, swapped], ignore_index=True)
    sides = sides[sides["mmsi"] > 0]
    sides = sides.assign(end=sides["end"].fillna(now), part="behaviour")
    return sides.sort_values(
        ["mmsi", "score", "event_id"], ascending=[True, False, True], ignore_index=True
    )


def _independent(sides: pd.DataFrame) -> pd.DataFrame:
    """Keep sides that count: each kind once, each family once at a time, explained ones alone, and
    context only of who did nothing of more weight.
    """
    best = sides.drop_duplicates(["mmsi", "kind"]).reset_index(drop=True)
    best = best.assign(family=best["kind"].map(FAMILIES | LANDING).fillna(best["kind"]))
    weighty = best["score"] >= MIN_PART_SCORE
    best = best[weighty | ~weighty.groupby(best["mmsi"]).transform("any")].reset_index(drop=True)
    pairs = best.reset_index().merge(best.reset_index(), on=["mmsi", "family"], suffixes=("", "_2"))
    same_time = (pairs["start"] <= pairs["end_2"]) & (pairs["start_2"] <= pairs["end"])
    same_time |= pairs["family"].isin(LANDING.values())
    weaker = pairs.loc[same_time & (pairs["index"] > pairs["index_2"]), "index"]
    best = best[~best.index.isin(weaker)]
    excused = explained(best)
    missed = (1.0 - best["score"]).where(~excused, 1.0).groupby(best["mmsi"]).transform("prod")
    alone = best["score"].where(excused, 0.0).groupby(best["mmsi"]).transform("max")
    by_itself = (alone > 1.0 - missed).to_numpy(bool)
    strongest = excused & (best["score"] == alone).to_numpy(bool) & by_itself
    kept = best[np.where(excused, strongest, ~by_itself)]
    return kept.drop_duplicates(["mmsi", "kind"]).reset_index(drop=True)


def explained(events: pd.DataFrame) -> NDArray[np.bool_]:
    """Whether the explanation of each event has `EXPLAINED_WEIGHT` or more."""
    weights = [one.explained.weight if one.explained else 0.0 for one in events["evidence"]]
    return np.asarray(np.array(weights, "float64") >= EXPLAINED_WEIGHT)


def _repeated(
    behaviour: pd.DataFrame, past: pd.DataFrame, now: pd.Timestamp, say: Say
) -> pd.DataFrame:
    """Return a part for each vessel that has done the like here, or with the same other, before."""
    tonight = behaviour[behaviour["score"] >= MIN_PART_SCORE]
    before = past[past["end"].notna() & (past["score"] >= MIN_PART_SCORE)]
    theirs = before["mmsi"].isin(tonight["mmsi"]) | before["other_mmsi"].isin(tonight["mmsi"])
    before = _by_vessel(before[theirs], now)
    both = tonight.merge(before, on=["mmsi", "kind"], suffixes=("", "_past"))
    ages = both["start"] - both["end_past"]
    recent = (ages >= pd.Timedelta(0)) & (ages <= pd.Timedelta(days=HISTORY_DAYS))
    both = both[recent & (both["event_id"] != both["event_id_past"])]
    away_m = geodesy.distance_m(
        *(both[c].to_numpy("float64") for c in ("lat", "lon", "lat_past", "lon_past"))
    )
    again = (both["other_mmsi"] > 0) & (both["other_mmsi"] == both["other_mmsi_past"])
    alike = both.assign(again=again)[(np.asarray(away_m) <= HERE_M) | again]
    like = alike.groupby(["mmsi", "kind", "event_id"], as_index=False)
    counted = like.agg(size=("again", "size"), again=("again", "any")).sort_values(
        ["mmsi", "size"], ascending=[True, False]
    )
    counted = counted.drop_duplicates("mmsi")
    notes = [
        (
            say(
                "{nth} {kind} here or with the same vessel in {days} days",
                nth=_ordinal(n + 1, say),
                kind=say(kind.replace("_", " ")),
                days=HISTORY_DAYS,
            )
            if again
            else say(
                "{nth} {kind} here in {days} days",
                nth=_ordinal(n + 1, say),
                kind=say(kind.replace("_", " ")),
                days=HISTORY_DAYS,
            )
        )
        for kind, n, again in zip(
            *(counted[name].tolist() for name in ("kind", "size", "again")), strict=True
        )
    ]
    score = np.minimum(HISTORY_WEIGHT * counted["size"].to_numpy("float64"), MAX_HISTORY_WEIGHT)
    return counted.assign(part="history", score=score, note=pd.Series(notes, counted.index, "str"))


def _ordinal(n: int, say: Say) -> str:
    return say(ORDINALS[n]) if n < len(ORDINALS) else say("{n}th", n=n)


def _listed(behaviour: pd.DataFrame, matches: list[Match]) -> pd.DataFrame:
    """Return a part for each vessel that is on a watch-list and did something tonight."""
    did = set(behaviour.loc[behaviour["score"] >= MIN_PART_SCORE, "mmsi"].tolist())
    rows = [
        {
            "mmsi": m.mmsi,
            "part": "watch-list",
            "kind": "",
            "event_id": "",
            "score": m.weight,
            "note": m.note,
        }
        for m in matches
        if m.mmsi in did
    ]
    return pd.DataFrame(rows, columns=["mmsi", "part", "kind", "event_id", "score", "note"])
