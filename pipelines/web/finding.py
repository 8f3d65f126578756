"""Find a vessel: who a text may mean, under which flag, and where each was heard last."""

from dataclasses import dataclass

import pandas as pd

from pipelines import store
from pipelines.ask import recall
from pipelines.base.text import moment, one_line, position_text
from pipelines.publish.briefing import NAME_LIMIT, SENTENCE_LIMIT
from pipelines.web.night import Shown
from pipelines.web.rooms import MAX_COMPANY
from pipelines.web.waters import near


@dataclass(frozen=True)
class Found:
    """A vessel that a text may mean.

    Attributes
    ----------
    by
        By which field and value it fits.
    heard, where, near
        When and where it was heard last, up to the night that is shown, and by which place that
        sailors know; empty where that isn't known.
    """

    mmsi: int
    name: str
    flag: str
    by: str
    heard: str
    where: str
    near: str


def found(shown: Shown, text: str) -> list[Found]:
    """Return vessels that a text may mean, the likeliest first."""
    installation, time = shown.night.installation, shown.night.moment.time
    with store.read(installation.store, installation.settings.store) as reader:
        table = recall.find(reader.names(time), reader.vessels(time), text).head(MAX_COMPANY)
        table = recall.placed(reader, table, time)
    return [
        Found(
            int(row["mmsi"]),
            one_line(str(row["name"]), NAME_LIMIT),
            str(row["flag_state"]),
            one_line(f"{shown.words.field(str(row['field']))} {row['value']}", SENTENCE_LIMIT),
            "" if pd.isna(row["last_seen"]) else moment(row["last_seen"], say=shown.words.say),
            "" if pd.isna(row["lat"]) else position_text(row["lat"], row["lon"]),
            "" if pd.isna(row["lat"]) else near(shown, row["lat"], row["lon"]),
        )
        for row in table.to_dict("records")
    ]
