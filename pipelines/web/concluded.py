"""What people concluded, as the desk shows it, the newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from pipelines.assess.dispositions import PART, of_part, standing_of
from pipelines.base import story
from pipelines.base.labels import Labels
from pipelines.base.text import moment, one_line
from pipelines.publish.briefing import NAME_LIMIT, SENTENCE_LIMIT
from pipelines.web.night import Shown

MAX_CONCLUDED: Final = 12
"""Of the conclusions on one so many are shown, the newest."""


@dataclass(frozen=True)
class Concluded:
    """A conclusion, on however many events it was recorded at once."""

    time: str
    made: str
    """When it was made, in ISO 8601, and as a person reads it."""
    author: str
    conclusion: str
    reason: str
    quiet_until: str
    events: int
    stands: bool
    holds: bool
    """Whether its author hasn't taken it back, and is the newest of those."""


def conclusions(shown: Shown, events: Sequence[str]) -> list[Concluded]:
    """Return what people concluded on some events, the newest first; it holds till a later one."""
    return told_conclusions(_on(shown, events), shown.words)


def count(shown: Shown, incident_id: str) -> int:
    """Count what was concluded on an incident of a night; on all there is where none is named."""
    if not incident_id:
        return len(shown.dispositions)
    table = shown.incidents
    own = table.loc[table["incident_id"] == incident_id, "events"]
    return len(_on(shown, [one for ids in own for one in ids.split(";")]))


def _on(shown: Shown, events: Sequence[str]) -> pd.DataFrame:
    stories = {one for event in events for one in story.before(event, shown.heirs)}
    known = shown.dispositions
    return known[known["event_id"].isin(stories)]


def told_conclusions(table: pd.DataFrame, words: Labels) -> list[Concluded]:
    """Return conclusions in words, those recorded at once as one, the newest first.

    Those of who saw a part come after those of who saw everything, as they count (`newest`).
    """
    if table.empty:
        return []
    table = table.assign(stands=table.index.isin(standing_of(table).index))
    columns = ["made_time", "author", "conclusion", "reason"]
    counted = table.groupby(columns, sort=True, as_index=False).agg(
        quiet_until=("quiet_until", "first"), events=("event_id", "size"), stands=("stands", "any")
    )
    counted = counted.iloc[np.argsort(~of_part(counted).to_numpy(bool), kind="stable")]
    rows = counted.iloc[::-1].to_dict("records")
    first = next((place for place, row in enumerate(rows) if row["stands"]), None)
    return [
        Concluded(
            time=row["made_time"].isoformat(),
            made=moment(row["made_time"], say=words.say),
            author=one_line(str(row["author"]), NAME_LIMIT),
            conclusion=words.at_desk(str(row["conclusion"]).replace("_", " ")),
            reason=one_line(str(row["reason"]), SENTENCE_LIMIT),
            quiet_until=""
            if pd.isna(row["quiet_until"])
            else moment(row["quiet_until"], say=words.say),
            events=int(row["events"]),
            stands=bool(row["stands"]),
            holds=place == first,
        )
        for place, row in enumerate(rows)
    ]


def withdrawable(concluded: Sequence[Concluded], author: str) -> Concluded | None:
    """Return the last conclusion of somebody that stands; None where there is none.

    What was recorded where they see a part is taken back there.
    """
    own = (one for one in concluded if one.author == author and not one.reason.startswith(PART))
    return next((one for one in own if one.stands), None)
