"""The marks of what a pack holds, each from what the record rests on."""

from collections import defaultdict
from collections.abc import Mapping
from itertools import compress
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from detectors.core import events as event_schema
from pipelines.assess.incidents import began_together, first, vessels_in
from pipelines.assess.incidents.silences import changes_since
from pipelines.assess.ranking import Assessment
from pipelines.base.marks import Mark, strictest
from pipelines.publish import release as cut
from pipelines.publish.products import with_marks

if TYPE_CHECKING:
    from pipelines.run.release import Making


def default(made: "Making") -> Mark:
    """Return the mark of all that a pack is made from."""
    start, end = made.window.start, made.window.end
    seen = made.store.sightings(start, end)["sighting_id"]
    marks = [made.rights.marks[one["feed_key"]] for one in made.inputs]
    marks += [made.rights.marks[f"sighting {name}"] for name in seen]
    return cut.of_whole(marks, made.recipient, made.rules.of_feed(""))


def lineage(made: "Making", *concerned: pd.DataFrame) -> cut.Lineage:
    """Return what the records of the events' vessels rest on."""
    mmsis = sorted(set().union(*(m for frame in concerned for m in cut.vessels_of(frame))))
    heard = made.store.heard_in(mmsis, made.window.end)
    return cut.lineage(made.store.ledger(), made.rights.sightings["sighting_id"], heard)


def vessel_marks(
    made: "Making",
    assessed: Assessment,
    mark_of: Mapping[str, Mark],
    past: pd.DataFrame,
    past_marks: list[Mark],
    known: cut.Lineage,
    positions: pd.DataFrame,
) -> dict[int, Mark]:
    """Return each flag's mark: the strictest of its events and all else that its row names.

    That is its last position, its name and numbers; earlier events where they count; the
    watch-lists where one does.
    """
    parts, last = assessed.parts, made.window.end.strftime("%Y-%m-%d")
    listed = set(parts.loc[parts["part"] == "watch-list", "mmsi"].tolist())
    repeated = set(parts.loc[parts["part"] == "history", "mmsi"].tolist())
    heard = positions.groupby("mmsi")["source"].unique().to_dict()
    earlier = defaultdict[int, list[Mark]](list)
    pairs = zip(past["mmsi"].tolist(), past["other_mmsi"].tolist(), past_marks, strict=True)
    for one, other, mark in pairs:
        for vessel in {one, other}:
            earlier[vessel].append(mark)
    of_lists = [made.rules.of_watchlist(one.name) for one in made.lists]
    marks = {}
    for mmsi, ids in assessed.flagged[["mmsi", "event_ids"]].itertuples(index=False, name=None):
        own = [mark_of[key] for key in str(ids).split(";")]
        feeds = known.of_vessel(mmsi, "static", "", last)
        feeds = feeds.union(*(known.of_report(source) for source in heard.get(mmsi, ())))
        own += [made.rights.marks[key] for key in feeds]
        if mmsi in repeated:
            own += earlier[mmsi]
        if mmsi in listed:
            own += of_lists
        marks[int(mmsi)] = strictest(own)
    return marks


def changes(
    made: "Making", past: pd.DataFrame, past_marks: list[Mark]
) -> tuple[pd.DataFrame, list[Mark]]:
    """Return the changes of numbers among events of before that the recipient would be told, with
    their marks; of those that were looked at again tonight what is found now counts.
    """
    told = (past["kind"] == "identity") & ~past["event_id"].isin(made.events["event_id"])
    told &= made.area.contains(past["lat"].to_numpy(), past["lon"].to_numpy())
    return past[told].reset_index(drop=True), list(compress(past_marks, told))


def with_changes(
    events: pd.DataFrame, marks: list[Mark], before: pd.DataFrame, marks_before: list[Mark]
) -> list[Mark]:
    """Return the marks of events, each with that of what else its sentence tells: of a silence the
    number that its hull is heard under since (`silences.changes_since`).

    `before`: `changes` of the nights before.
    """
    columns = [*event_schema.EVENTS]
    standing = events.loc[events["status"] != "retracted", columns]
    by = changes_since(event_schema.concat([standing, before[columns]]))
    ids = events["event_id"].tolist()
    mark_of = dict(zip([*before["event_id"], *ids], [*marks_before, *marks], strict=True))
    named = (mark_of[by.get(key, key)] for key in ids)
    return [strictest(both) for both in zip(marks, named, strict=True)]


def most_urgent(made: "Making", flagged: pd.DataFrame, assessed: Assessment) -> pd.DataFrame:
    """Return at most `top` flagged vessels: those to look at first, then those ranked highest."""
    urgent = first(assessed.incidents, assessed.events, assessed.flagged, made.window.end)
    early = flagged["incident_id"].isin([one.incident_id for one in urgent]).to_numpy(bool)
    order = np.argsort(~early, kind="stable")[: made.recipient.top or len(flagged)]
    return flagged.iloc[np.sort(order)].reset_index(drop=True)


def marked_incidents(
    made: "Making",
    incidents: pd.DataFrame,
    events: pd.DataFrame,
    flagged: pd.DataFrame,
    mark_of: Mapping[str, Mark],
    of_vessel: Mapping[int, Mark],
) -> pd.DataFrame:
    """Return a pack's incidents with their marks, each the strictest of all that it tells of.

    Those of the flagged vessels in the pack are kept, and those that flag nobody. What names
    vessels goes where their numbers or names are left out.
    """
    chosen = set(flagged["incident_id"])
    of_flags = set().union(*(vessels_in(text) for text in incidents["vessels"])) & of_vessel.keys()
    kept = [
        key in chosen or not (vessels_in(vessels) & of_flags)
        for key, vessels in zip(incidents["incident_id"], incidents["vessels"], strict=True)
    ]
    told = incidents[np.array(kept, bool)].reset_index(drop=True)
    named = began_together(events)  # by a title too
    marks = [
        strictest(
            [mark_of[key] for key in ids.split(";")]
            + [mark_of[one.event_id] for key in ids.split(";") for one in named.get(key, ())]
            + [of_vessel[mmsi] for mmsi in vessels_in(vessels) & of_vessel.keys()]
        )
        for ids, vessels in zip(told["events"], told["vessels"], strict=True)
    ]
    names = any(made.recipient.redacts(name) for name in ("mmsi", "name", "reasons"))
    if names:
        told = told.assign(title="", vessels="")
    if any(made.recipient.redacts(name) for name in ("explanation", "explanations", "evidence")):
        told = told.assign(made_of="[]")  # it names what lowered a score
    return cut.blank(with_marks(told, marks), made.recipient)


def track_marks(made: "Making", tracks: pd.DataFrame, known: cut.Lineage) -> dict[int, Mark]:
    """Return each track's mark: the strictest of the feeds that brought its reports."""
    pairs = tracks[["track_id", "source"]].drop_duplicates()
    marks: dict[int, list[Mark]] = {}
    for track_id, source in pairs.itertuples(index=False, name=None):
        own = [made.rights.marks[key] for key in sorted(known.of_report(source))]
        marks.setdefault(int(track_id), []).extend(own)
    return {track_id: strictest(own) for track_id, own in marks.items()}
