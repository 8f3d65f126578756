"""An incident at the desk: what happened, what it rests on, what was tried, what was concluded."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from detectors.core.telling import told
from pipelines.ask.explain.reasons import BEST, considered
from pipelines.ask.recall import story
from pipelines.assess.dispositions import of_part
from pipelines.base.labels import Labels
from pipelines.base.text import LOCAL, LOCAL_NAME, moment, one_line, position_text
from pipelines.publish import checks
from pipelines.publish.briefing import NAME_LIMIT, SENTENCE_LIMIT, span
from pipelines.web.concluding import quiet_days
from pipelines.web.night import Line, Shown

MAX_EVENTS: Final = 30
"""Events of one incident that are shown whole; of the others there is a link."""
MAX_CONCLUDED: Final = 12
"""Of the conclusions on one so many are shown, the newest."""


@dataclass(frozen=True)
class Reason:
    """An innocent reason that was tried: what came of it, why, and what would overturn it."""

    name: str
    verdict: str
    sentence: str
    overturned_by: str
    fits: bool


@dataclass(frozen=True)
class Event:
    """An event of an incident.

    Attributes
    ----------
    limits
        What was measured, its value, the limit and the margin.
    facts
        What else was measured.
    given
        The innocent reason that lowered its score, and from what.
    """

    event_id: str
    kind: str
    what: str
    score: float
    status: str
    reason: str
    where: str
    when_utc: str
    when_local: str
    given: str
    lowered_from: float | None
    limits: Sequence[tuple[str, str, str, str]]
    facts: Sequence[tuple[str, str]]
    reasons: Sequence[Reason]


@dataclass(frozen=True)
class Concluded:
    """A conclusion, on however many events it was recorded at once."""

    made: str
    author: str
    conclusion: str
    reason: str
    quiet_until: str
    events: int


@dataclass(frozen=True)
class Incident:
    """All of it.

    Attributes
    ----------
    more
        Ids of events that aren't among those shown.
    concluded
        The newest conclusions; there are `concluded_more` earlier ones.
    quiet
        How long the like can be set aside: value, words, until which date.
    """

    line: Line
    events: Sequence[Event]
    more: Sequence[str]
    concluded: Sequence[Concluded]
    concluded_more: int
    quiet: Sequence[tuple[str, str, str]]
    merged_into: str


def next_open(lines: Sequence[Line], place: int) -> Line | None:
    """Return the first incident, but that at a place, that nobody has concluded anything on."""
    return next((one for at, one in enumerate(lines) if one.open and at != place), None)


def find(shown: Shown, incident_id: str) -> Line | None:
    """Return an incident of a night by its whole id; None where it has none such."""
    return next((line for line in shown.lines if line.incident_id == incident_id), None)


def incident(shown: Shown, line: Line) -> Incident:
    """Put an incident into words."""
    own = shown.events_of(line.events).to_dict("records")
    about = _about(shown, own)
    table = shown.incidents.set_index("incident_id")
    concluded = conclusions(shown, line.events)
    return Incident(
        line=line,
        events=[_event(shown, row, about, line.main) for row in own[:MAX_EVENTS]],
        more=[str(row["event_id"]) for row in own[MAX_EVENTS:]],
        concluded=concluded[:MAX_CONCLUDED],
        concluded_more=max(len(concluded) - MAX_CONCLUDED, 0),
        quiet=quiet_days(shown.night.run["end"]),
        merged_into=str(table.loc[line.incident_id, "merged_into"]),
    )


def _about(shown: Shown, events: list[dict[Any, Any]]) -> dict[int, tuple[int, float]]:
    """Return stated type and length of each vessel of some events."""
    mmsis = {int(row[name]) for row in events for name in ("mmsi", "other_mmsi")}
    known = shown.vessels
    known = known[known["mmsi"].isin(mmsis)]
    stated = zip(known["ship_type"].tolist(), known["length_m"].tolist(), strict=True)
    return dict(zip(known["mmsi"].tolist(), stated, strict=True))


def _event(
    shown: Shown, row: dict[Any, Any], about: dict[int, tuple[int, float]], main: int
) -> Event:
    words, evidence = shown.words, row["evidence"]
    end = None if pd.isna(row["end"]) else row["end"]
    [told_event] = told(pd.DataFrame([row]))
    what = words.kind_of(str(row["kind"]), str(row["subkind"]))
    lowered = evidence.explained
    stated = [about[m] for m in (row["mmsi"], row["other_mmsi"]) if m in about]
    types, lengths = [one[0] for one in stated], [one[1] for one in stated]
    return Event(
        event_id=str(row["event_id"]),
        kind=str(row["kind"]),
        what=what[:1].upper() + what[1:],
        score=float(row["score"]),
        status=words.status_of(str(row["status"])),
        reason=shown.sentence(told_event, main),
        where=position_text(row["lat"], row["lon"]) if row["lat"] == row["lat"] else "",
        when_utc=span(row["start"], end, None, "UTC", words),
        when_local=span(row["start"], end, LOCAL, LOCAL_NAME, words),
        given=one_line(words.explained(str(row["explanation"]), lowered), SENTENCE_LIMIT),
        lowered_from=lowered.base_score if lowered and lowered.weight else None,
        limits=[
            (one.label, one.measured, one.limit, one.margin) for one in checks.rows(evidence, words)
        ],
        facts=[
            (one_line(label, NAME_LIMIT), one_line(text, SENTENCE_LIMIT))
            for label, text in checks.facts(evidence, words)
        ],
        reasons=[
            Reason(
                words.hypotheses.get(one.name, one.name),
                words.at_desk(one.verdict),
                one_line(one.sentence, SENTENCE_LIMIT),
                one_line(one.overturned_by, SENTENCE_LIMIT),
                one.verdict == BEST,
            )
            for one in considered(row, evidence, types, lengths, words.told)
        ],
    )


def conclusions(shown: Shown, events: Sequence[str]) -> list[Concluded]:
    """Return what people concluded on some events, the newest first; it holds till a later one."""
    stories = {one for event in events for one in story.before(event, shown.heirs)}
    known = shown.dispositions
    return told_conclusions(known[known["event_id"].isin(stories)], shown.words)


def told_conclusions(table: pd.DataFrame, words: Labels) -> list[Concluded]:
    """Return conclusions in words, those recorded at once as one, the newest first.

    Those of who saw a part come after those of who saw everything, as they count (`newest`).
    """
    columns = ["made_time", "author", "conclusion", "reason"]
    counted = table.groupby(columns, sort=True, as_index=False).agg(
        quiet_until=("quiet_until", "first"), events=("event_id", "size")
    )
    counted = counted.iloc[np.argsort(~of_part(counted).to_numpy(bool), kind="stable")]
    return [
        Concluded(
            made=moment(row["made_time"]),
            author=one_line(str(row["author"]), NAME_LIMIT),
            conclusion=words.at_desk(str(row["conclusion"]).replace("_", " ")),
            reason=one_line(str(row["reason"]), SENTENCE_LIMIT),
            quiet_until="" if pd.isna(row["quiet_until"]) else moment(row["quiet_until"]),
            events=int(row["events"]),
        )
        for row in counted.iloc[::-1].to_dict("records")
    ]
