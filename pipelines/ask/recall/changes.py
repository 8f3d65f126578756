"""Since the last watch: incidents, flags and events that are new, changed, closed or retracted."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from detectors.core.errors import SelatError
from pipelines.ask.recall.moment import Moment
from pipelines.assess.incidents import versions_then
from pipelines.assess.incidents.lasting import SCORE_STEP
from pipelines.assess.reasons import aside_in
from pipelines.base import story
from pipelines.run.late import said_late
from pipelines.store import Queries

CHANGES: Final = ("new", "changed", "closed", "retracted")


class ChangesError(SelatError):
    """The two moments are in the wrong order."""

    exit_code = 2


@dataclass(frozen=True, repr=False)
class Changes:
    """What two moments differ by.

    Attributes
    ----------
    since, until
        The moments.
    incidents
        One row per incident that differs: change, `schemas.INCIDENTS` as it is told now. Changes:
        *new*, *returned* (it was retracted or merged then, and stands again), *closed* (it went on
        then and is over), *changed* (other events, vessels or score), *merged* (into another),
        *retracted*.
    flags
        One row per vessel on a list of a run after `since`, or on the list of `since`: change,
        mmsi, name, flag_state, score, score_before, rank, rank_before (of the newest list it is
        on; 0 and NaN where it was on none), reasons, event_ids, run_id. Changes: *new* (on no list
        at `since`), *changed* (another score, or other events), *closed* (on no list since then,
        though what it rested on stands and a run has looked as far: the behaviour is over),
        *retracted* (on no list since then, and nothing that it rested on stands any more).
    events
        One row per event: change, `events.EVENTS`, reason, score_before, end_before,
        superseded_by, because, run_id; back: of what was set aside then and isn't now, by what.
        Changes: *new*, *closed* (it went on then and is over), *changed* (anything else of it, that
        it is set aside, too), *retracted* (a later look didn't find it again). Because:
        *rules* where it was over in what `since` had looked at and its detector was another
        version then; *either* where, besides, a feed that came since says something of its vessels
        in that time, or a sighting came since: nobody can tell; else *sea*.
    passing
        Events that were raised and retracted in between; they are in neither table.
    """

    since: Moment
    until: Moment
    incidents: pd.DataFrame
    flags: pd.DataFrame
    events: pd.DataFrame
    passing: int

    def __repr__(self) -> str:
        told = {"incidents": self.incidents, "flags": self.flags, "events": self.events}
        counts = ", ".join(f"{len(table)} {name}" for name, table in told.items())
        return f"Changes({self.since.run_id} to {self.until.run_id}: {counts})"


def changes(store: Queries, since: Moment, until: Moment) -> Changes:
    """Compare what was known at two moments; raises ChangesError if `since` is the later one."""
    if since.ordinal > until.ordinal:
        raise ChangesError(f"{since.run_id} is later than {until.run_id}", hint="swap them")
    revised = store.revised(since.ordinal, until.ordinal)
    before, after = (store.events_as_of(m.ordinal, ids=revised) for m in (since, until))
    events = _events(before, after, store.stories_as_of(until.ordinal))
    events["because"] = _because(store, events, since, until)
    retracted = after["retracted"] & ~after["event_id"].isin(before["event_id"])
    flags = _flags(store, since, until)
    told = _incidents(*(store.known_incidents(m.ordinal) for m in (since, until)))
    return Changes(since, until, told, flags, events, int(retracted.sum()))


def _incidents(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return the incidents that differ between two moments, the most telling change first."""
    names = ["incident_id", "status", "end", "events", "vessels", "score"]
    both = after.merge(before[names], on="incident_id", how="left", suffixes=("", "_then"))
    gone = both["status"].isin(["merged", "retracted"])
    over = both["status_then"].isin(["merged", "retracted"])
    known = both["status_then"].notna() & ~over
    other = (both[["events", "vessels"]] != both[["events_then", "vessels_then"]].to_numpy()).any(
        axis=1
    ) | ((both["score"] - both["score_then"]).abs() >= SCORE_STEP)
    change = np.select(
        [
            known & gone,
            over & ~gone,
            ~known & ~gone,
            known & both["end_then"].isna() & both["end"].notna(),
            known & other,
        ],
        [both["status"], "returned", "new", "closed", "changed"],
        "",
    )
    told = after.assign(change=change)
    told = told[told["change"] != ""]
    order = told["change"].map({n: k for k, n in enumerate(("returned", *CHANGES, "merged"))})
    told = told.assign(order=order).sort_values(
        ["order", "score", "incident_id"], ascending=[True, False, True], ignore_index=True
    )
    return told[["change", *after.columns]]


def _events(before: pd.DataFrame, after: pd.DataFrame, stories: pd.DataFrame) -> pd.DataFrame:
    then = before[["event_id", "score", "end", "retracted", "run_id", "reason"]]
    both = after.merge(then, on="event_id", how="left", suffixes=("", "_before"))
    known = both["retracted_before"].eq(False)
    change = np.select(
        [
            ~known & ~both["retracted"],
            known & both["retracted"],
            known & (both["run_id"] == both["run_id_before"]),
            known & both["end_before"].isna() & both["end"].notna(),
            known,
        ],
        ["new", "retracted", "", "closed", "changed"],
        "",
    )
    supersedes = dict(zip(stories["event_id"], stories["supersedes"], strict=True))
    standing = set(stories.loc[~stories["retracted"], "event_id"])
    gone = both["event_id"][both["retracted"].to_numpy(bool)].tolist()
    heirs = dict(zip(gone, story.heirs(gone, supersedes, standing), strict=True))
    superseded_by = pd.Series(map(heirs.get, both["event_id"]), both.index, dtype="str").fillna("")
    was = both["reason_before"].fillna("").map(aside_in)
    back = was.where(both["reason"].map(aside_in) == "", "").str.strip(" ()").astype("str")
    both = both.assign(change=change, superseded_by=superseded_by, back=back)
    both = both[both["change"] != ""].drop(columns=["retracted", "retracted_before"])
    order = both["change"].map({name: k for k, name in enumerate(CHANGES)})
    return (
        both.assign(order=order)
        .sort_values(["order", "score", "event_id"], ascending=[True, False, True])
        .drop(columns=["order", "run_id_before", "first_run_id", "reason_before"])
        .reset_index(drop=True)
    )


def _because(store: Queries, events: pd.DataFrame, since: Moment, until: Moment) -> pd.Series:
    """Tell what the sea brought from what other rules find in the same sea: in what had ended."""
    now = store.manifest(until.run_id)
    before = versions_then(store.manifest(since.run_id), now.get("configuration", {}))
    other = [before.get(name) != now.get("detectors", {}).get(name) for name in events["detector"]]
    rules = np.array(other, bool) & (events["end"] <= since.known_time).to_numpy(bool)
    query = (
        "SELECT feed_key FROM run_feeds JOIN runs USING (run_id) GROUP BY feed_key "
        "HAVING min(ordinal) > $since AND min(ordinal) <= $until ORDER BY feed_key"
    )
    came = store.sql(query, {"since": since.ordinal, "until": until.ordinal})["feed_key"].tolist()
    late = events["event_id"].isin(said_late(store, events[rules], came))
    told = np.select([rules & late, rules], ["either", "rules"], "sea")
    return pd.Series(told, events.index, dtype="str")


_FLAG: Final = ["mmsi", "name", "flag_state", "score", "rank", "reasons", "event_ids", "run_id"]


def _flags(store: Queries, since: Moment, until: Moment) -> pd.DataFrame:
    runs = store.runs()
    between = runs[(runs["ordinal"] > since.ordinal) & (runs["ordinal"] <= until.ordinal)]
    flags = store.all_flags()
    before = flags.loc[flags["run_id"] == since.run_id, _FLAG]
    later = flags.loc[flags["run_id"].isin(between["run_id"]), _FLAG]
    later = later.drop_duplicates("mmsi", keep="last")
    both = before.merge(later, on="mmsi", how="outer", suffixes=("_before", ""), indicator=True)
    gone, known = both["_merge"] == "left_only", both["_merge"] == "both"
    told = [str(ids).split(";") for ids in both["event_ids_before"]]
    standing = store.standing({one for ids in told for one in ids}, until.ordinal)
    fallen = [standing.isdisjoint(ids) for ids in told]
    # A look at an earlier night alone doesn't end what the last watch knew.
    last = runs.loc[runs["ordinal"] == since.ordinal, "end"].iloc[0]
    over = gone & bool((between["end"] >= last).any())
    same = (both["score"] == both["score_before"]) & (both["event_ids"] == both["event_ids_before"])
    change = np.select(
        [gone & np.array(fallen, bool), over, gone | (known & same), known],
        ["retracted", "closed", "", "changed"],
        "new",
    )
    for name in ("name", "flag_state", "reasons", "event_ids", "run_id"):
        both[name] = both[name].where(~gone, both[f"{name}_before"])
    both = both.assign(
        change=change,
        rank=both["rank"].fillna(0).astype("int64"),
        rank_before=both["rank_before"].fillna(0).astype("int64"),
    )
    both = both[both["change"] != ""]
    order = both["change"].map({name: k for k, name in enumerate(CHANGES)})
    both = both.assign(order=order).sort_values(
        ["order", "rank", "rank_before", "score", "mmsi"], ascending=[True, True, True, False, True]
    )
    columns = [
        "change",
        "mmsi",
        "name",
        "flag_state",
        "score",
        "score_before",
        "rank",
        "rank_before",
        "reasons",
        "event_ids",
        "run_id",
    ]
    return both[columns].reset_index(drop=True)
