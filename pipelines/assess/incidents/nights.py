"""What an incident brings a night, beside what looks between nights told of it."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from detectors.core.events import records
from detectors.core.telling import Say, plain
from pipelines.assess.incidents.lasting import SAME, news_of, table_of


def new_to_the_night(
    incidents: pd.DataFrame, before: pd.DataFrame, told: pd.DataFrame, say: Say = plain
) -> pd.DataFrame:
    """Say what is new to who sat at no look: what no night has told, and what is more of what one
    has, where a look told of it since. What a look alone retracted and listed again never went.

    All three: `schemas.INCIDENTS`, of this night, as the newest runs told them, and as nights did.
    """
    newest, known = (
        {str(row["incident_id"]): row for row in records(one)} for one in (before, told)
    )
    rows = []
    for row in records(incidents):
        name, now, told_now = row["incident_id"], row["status"], {}
        old = known.get(name)
        if old is None or old["status"] == "retracted":
            if now in ("changed", SAME):
                news = say("new" if old is None else "on the list again")
                told_now = {"status": "created", "news": news}
        elif now == "created" or (now == SAME and _story(old) != _story(newest[name])):
            more = set(str(row["events"]).split(";")) - set(str(old["events"]).split(";"))
            news = ", ".join(news_of(row, old, len(more), 0, say))
            told_now = {"status": "changed" if news else SAME, "news": news}
        rows.append({**row, **told_now})
    return table_of(rows)


def _story(row: Mapping[str, Any]) -> tuple[str, str, bool]:
    """Return what a run told of an incident that another may tell more of; see `news_of`."""
    return str(row["events"]), str(row["vessels"]), bool(pd.isna(row["end"]))
