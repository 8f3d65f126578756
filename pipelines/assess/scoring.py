"""How the events of a vessel become one score, part by part."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core import frames
from detectors.core.frames import epoch_us
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
doesn't make a flag. Nor does routine: what has an innocent reason tonight (`explained`) has it the
likelier for being done each day, as ferries, launches and bunker barges do what they do, and the
shore that a boat comes to again is her home (`HOMEWARD`)."""
HOMEWARD: Final = ("dwell", "approach")

SILENCE: Final = ("gap", "possible_meeting")
ORDINALS: Final = ("", "", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


@dataclass(frozen=True)
class Judged:
    """Parts of every vessel's score, and the score they make."""

    parts: pd.DataFrame
    """`schemas.PARTS` without rank."""
    scores: pd.DataFrame
    """mmsi, score: highest first, equal ones by MMSI."""


def judge(
    events: pd.DataFrame,
    *,
    now: pd.Timestamp,
    past: pd.DataFrame,
    matches: list[Match],
    voluntary: set[int],
    voluntary_weight: float,
    in_full: Callable[[list[str]], pd.DataFrame] | None = None,
    say: Say = plain,
) -> Judged:
    """Score vessels.

    A score is 1 - (1 - p1)(1 - p2)… over the parts: independent leads add up. Of each kind only
    the strongest event is a part, so that a ferry which crosses a boundary twenty times isn't
    flagged for it; of events of one of the `FAMILIES` that overlap in time (of `LANDING` at any)
    only the strongest, since they are one behaviour seen twice; so are a number given up for
    another and its silence since. An event whose explanation has `EXPLAINED_WEIGHT` or more stands
    alone: the strongest of them is the score where the others together come to less.

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
    in_full
        Returns events of the past with their evidence, by id; without it `past` has theirs.
    """
    sides = _by_vessel(events, now)
    silent = sides["kind"].isin(SILENCE) & sides["mmsi"].isin(sorted(voluntary))
    sides["score"] = sides["score"].where(~silent, sides["score"] * voluntary_weight)
    sides["note"] = np.where(silent, say("class B need not send AIS: counts less"), "")
    behaviour = _independent(sides)
    repeated = _repeated(behaviour, past, in_full, now, say)
    listed = _listed(behaviour, matches)
    more = [one for one in (repeated, listed) if len(one)]
    parts = pd.concat([behaviour, *more], ignore_index=True)
    # By Python's own rounding, whatever type of column the parts come to.
    parts["score"] = [round(one, 4) for one in parts["score"].tolist()]
    missed: dict[int, float] = {}
    for mmsi, score in zip(parts["mmsi"].tolist(), parts["score"].tolist(), strict=True):
        missed[mmsi] = missed.get(mmsi, 1.0) * (1.0 - score)
    ranked = sorted((-round(1.0 - one, 4), mmsi) for mmsi, one in missed.items())
    scores = pd.DataFrame(
        {
            "mmsi": pd.Series([mmsi for _, mmsi in ranked], dtype="int64"),
            "score": pd.Series([-score for score, _ in ranked], dtype="float64"),
        }
    )
    return Judged(frames.conform(parts, {k: c for k, c in PARTS.items() if k != "rank"}), scores)


def _by_vessel(events: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    """One row per event and vessel that takes part in it, strongest first for each vessel."""
    swapped = events.assign(mmsi=events["other_mmsi"], other_mmsi=events["mmsi"])
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
    kinds, scores = sides["kind"].tolist(), sides["score"].tolist()
    starts, ends = (epoch_us(sides[name]).tolist() for name in ("start", "end"))
    families = [(FAMILIES | LANDING).get(kind, kind) for kind in kinds]
    landings, excused = {*LANDING.values()}, explained(sides).tolist()
    given_up = _given_up(sides)
    first_of: dict[int, dict[str, int]] = {}
    for row, (mmsi, kind) in enumerate(zip(sides["mmsi"].tolist(), kinds, strict=True)):
        first_of.setdefault(mmsi, {}).setdefault(kind, row)

    def at_one_time(one: int, two: int) -> bool:
        overlap = starts[one] <= ends[two] and starts[two] <= ends[one]
        alike = families[one] == families[two]
        for number, silence in ((one, two), (two, one)):
            alike |= given_up[number] and kinds[silence] in SILENCE
        return alike and (overlap or families[one] in landings)

    kept: list[int] = []
    for best in first_of.values():
        rows = [row for row in best.values() if scores[row] >= MIN_PART_SCORE] or [*best.values()]
        count = [r for n, r in enumerate(rows) if not any(at_one_time(r, s) for s in rows[:n])]
        missed = math.prod(1.0 - scores[row] for row in count if not excused[row])
        alone = max((scores[row] for row in count if excused[row]), default=0.0)
        if alone > 1.0 - missed:
            kept += [row for row in count if excused[row] and scores[row] == alone]
        else:
            kept += [row for row in count if not excused[row]]
    return sides.take(kept).reset_index(drop=True)


def _given_up(sides: pd.DataFrame) -> list[bool]:
    """Tell which sides are those of a number that was given up for another: that it is silent since
    is the same once more.
    """
    return [
        subkind == "hand_over" and evidence.get("from_mmsi") == f"{mmsi:09d}"
        for mmsi, subkind, evidence in zip(
            sides["mmsi"].tolist(), sides["subkind"].tolist(), sides["evidence"], strict=True
        )
    ]


def explained(events: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell whether the explanation of each event has `EXPLAINED_WEIGHT` or more."""
    weights = [one.explained.weight if one.explained else 0.0 for one in events["evidence"]]
    return np.asarray(np.array(weights, "float64") >= EXPLAINED_WEIGHT)


def _repeated(
    behaviour: pd.DataFrame,
    past: pd.DataFrame,
    in_full: Callable[[list[str]], pd.DataFrame] | None,
    now: pd.Timestamp,
    say: Say,
) -> pd.DataFrame:
    """Return a part for each vessel that has done the like here, or with the same other, before,
    and whose routine it isn't: neither tonight nor then is there an innocent reason.
    """
    home = (behaviour["kind"] == "geofence") & behaviour["subkind"].isin(HOMEWARD)
    tonight = behaviour[(behaviour["score"] >= MIN_PART_SCORE) & ~home & ~explained(behaviour)]
    before = past[past["end"].notna() & (past["score"] >= MIN_PART_SCORE)]
    if before.empty:
        return before
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
    ids = alike["event_id_past"].drop_duplicates().tolist()
    then = in_full(ids) if in_full and ids else past[past["event_id"].isin(ids)]
    alike = alike[~alike["event_id_past"].isin(then["event_id"][explained(then)])]
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
