"""Events that a partner quotes by the id that they have in its pack."""

import pandas as pd

from pipelines.ask.recall import Moment
from pipelines.base.settings import Installation
from pipelines.base.text import minute
from pipelines.base.visible import clean
from pipelines.publish.packs import issued
from pipelines.store import Queries


def quoted(
    store: Queries, installation: Installation, text: str, moment: Moment
) -> tuple[pd.DataFrame, list[str]]:
    """Find the event of this home that a partner means, and what its pack said of it.

    Where there is no event of the same id here, that is the one of the same kind and vessels that
    overlaps it most, else the nearest in time of the same kind and vessel.

    Returns tuple: As `matching`, empty where nothing fits; lines to tell.
    """
    packs = issued.quoted(installation.exported, text)
    if len(packs) != 1:
        several = ", ".join(packs["told_id"]) if len(packs) else ""
        nothing = store.events_as_of(moment.ordinal, ids=())
        return nothing, [f"several events of packs are called so: {several}"] if several else []
    event = packs.iloc[0]
    until = "" if pd.isna(event["end"]) else f" to {minute(event['end'])}"
    lines = [
        f"{event['told_id']} in the pack {event['pack']}: {event['kind']}, "
        f"{minute(event['start'])}{until}, score {event['score']:.2f}: "
        f"{clean(str(event['reason']))}"
    ]
    same = store.events_as_of(moment.ordinal, event_id=str(event["event_id"]))
    if len(same):
        return same, [*lines, f"here it is {event['event_id']}"]
    near = _nearest(store.events_as_of(moment.ordinal, mmsi=int(event["mmsi"])), event)
    if near.empty:
        return near, [*lines, "here, knowing more, there is no such event, nor one like it"]
    return near, [*lines, f"here, knowing more, the nearest is {near['event_id'].iloc[0]}"]


def _nearest(events: pd.DataFrame, event: pd.Series) -> pd.DataFrame:
    alike = events[events["kind"] == event["kind"]]
    pair = alike[alike["other_mmsi"] == event["other_mmsi"]]
    alike = (pair if len(pair) else alike).reset_index(drop=True)
    away = (alike["start"] - event["start"]).abs()
    order = pd.DataFrame({"gone": alike["retracted"], "away": away}).sort_values(["gone", "away"])
    nearest: pd.DataFrame = alike.loc[order.index[:1]].reset_index(drop=True)
    return nearest
