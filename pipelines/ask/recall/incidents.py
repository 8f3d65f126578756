"""Incidents as they were known at a moment."""

from collections.abc import Collection

import pandas as pd

from pipelines.ask.recall.moment import Moment, latest, ordinal_of
from pipelines.assess.dispositions.outcomes import CLOSED, OPEN, WATCHED, holding, standing
from pipelines.assess.incidents import First, first
from pipelines.base.settings import Installation
from pipelines.run.windows import FOREVER
from pipelines.store import Queries, exists, read


def incident(store: Queries, text: str, moment: Moment) -> pd.DataFrame | None:
    """Return the one incident whose id begins so, as it was known then; None for none or several.

    Returns pandas.DataFrame: `schemas.INCIDENTS`, one row.
    """
    found = store.known_incidents(moment.ordinal, prefix=text) if text else None
    return found if found is not None and len(found) == 1 else None


def told_until(store: Queries, incident: pd.DataFrame, moment: Moment) -> pd.Timestamp:
    """Return until when the run had looked that told an incident, as `incident` found it."""
    query = (
        'SELECT arg_max(r."end", r.ordinal) AS "end" FROM incidents AS i JOIN runs AS r '
        "USING (run_id) WHERE i.incident_id = $id AND r.ordinal <= $ordinal"
    )
    asked = {"id": incident["incident_id"].iloc[0], "ordinal": moment.ordinal}
    end: pd.Timestamp = store.sql(query, asked)["end"].iloc[0]
    return end


def told_at(store: Queries, as_of: str | None) -> pd.DataFrame:
    """Return the incidents as they were told at a moment that a person names, see `moment`; none
    where no run knew anything then.
    """
    return store.known_incidents(ordinal_of(store, as_of))


def incident_of(store: Queries, event_ids: Collection[str], moment: Moment) -> pd.DataFrame | None:
    """Return the incident that most of some events were of, as it was known then."""
    ids = set(event_ids)
    known = store.known_incidents(moment.ordinal)
    known = known[~known["status"].isin(["merged", "retracted"])]
    shared = [len(ids.intersection(text.split(";"))) for text in known["events"].tolist()]
    if not any(shared):
        return None
    return known.iloc[[shared.index(max(shared))]].reset_index(drop=True)


def meant(store: Queries, installation: Installation, text: str) -> tuple[list[int], str]:
    """Return the vessels of the one event or incident whose id begins so, here or in a pack, and
    what happened; none where there is no such one.
    """
    # Imported where it is used, because every command that looks at a moment imports this module.
    from pipelines.publish.packs import issued
    from pipelines.run.dispositions import events_of as concerned

    if not (own := concerned(store, installation, text)):
        ids = issued.events_of(installation.exported, text)
        if not ids and len(quoted := issued.quoted(installation.exported, text)) == 1:
            ids = [str(quoted["event_id"].iloc[0])]
        own = [one for one in map(store.event, ids) if one is not None]
    if not own:
        return [], ""
    numbers = [int(one[of]) for one in own for of in ("mmsi", "other_mmsi")]
    known = incident_of(store, [str(one["event_id"]) for one in own], latest(store))
    title = str(own[0]["kind"]).replace("_", " ") if known is None else str(known["title"].iloc[0])
    return [mmsi for mmsi in dict.fromkeys(numbers) if mmsi], title


def events_of(store: Queries, incident: pd.DataFrame, moment: Moment) -> pd.DataFrame:
    """Return the events of an incident as they were known then, strongest first."""
    ids = incident["events"].iloc[0].split(";")
    own = store.events_as_of(moment.ordinal, ids=ids)
    return own.sort_values(["retracted", "score"], ascending=[True, False], ignore_index=True)


def first_in(
    installation: Installation, run_id: str, known: pd.Timestamp | None = None
) -> list[First]:
    """Return what to look at first of a run, as `first_of` does; nothing where the store is gone.

    `known` is what was known at a time; None for now.
    """
    if not exists(installation.store, installation.settings.store):
        return []
    with read(installation.store, installation.settings.store) as store:
        runs = store.runs()
        ordinal = runs.loc[runs["run_id"] == run_id, "ordinal"]
        if ordinal.empty:
            return []
        time = FOREVER if known is None else known
        return first_of(store, Moment(run_id, int(ordinal.iloc[0]), time, time))


def first_of(store: Queries, moment: Moment) -> list[First]:
    """Return what to look at first of a run's incidents, without those closed by then; see
    `outcomes.standing`.
    """
    run = store.run(moment.run_id)
    if run is None:
        return []
    held = holding(store.dispositions(moment.time), store.heirs())
    incidents = store.incidents(moment.run_id)
    goes_on = incidents[incidents["rank"] > 0]  # what is over may have become part of another
    events = [text.split(";") for text in goes_on["events"].tolist()]
    stand = {ids[0]: standing(ids, held) for ids in events}
    return first(
        incidents,
        store.events_as_of(moment.ordinal, ids=[one for ids in events for one in ids]),
        store.flags(moment.run_id),
        run["end"],
        concluded=frozenset(one for one, how in stand.items() if how == CLOSED),
        answered=frozenset(one for one, how in stand.items() if how in (WATCHED, OPEN)),
        watching=frozenset(one for one, how in stand.items() if how == WATCHED),
    )
