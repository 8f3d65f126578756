"""Columns of the tables that several rooms share, each with type, unit and meaning."""

from collections.abc import Mapping
from typing import Any, Final, Literal, get_args

import pandas as pd

from detectors.core import frames
from detectors.core.events import EVENTS
from detectors.core.frames import TIME, VESSELS, Column

FLAGGED: Final[Mapping[str, Column]] = {
    "rank": Column("int64", "", "that of its incident, 1 being the one to look at first"),
    "mmsi": Column("int64", "", "Maritime Mobile Service Identity"),
    "imo": VESSELS["imo"],
    "name": VESSELS["name"],
    "callsign": VESSELS["callsign"],
    "flag_state": VESSELS["flag_state"],
    "ship_type": Column("str", "", "ship type in words, empty where not reported"),
    "score": Column("float64", "", "0-1, its events combined, after explanations"),
    "reasons": Column("str", "", "why, in sentences, strongest first, joined by ' | '"),
    "explanations": Column("str", "", "innocent explanations of those events, joined by ' | '"),
    "last_seen": Column(TIME, "UTC", "its last position report in the window"),
    "lat": Column("float64", "deg", "where it was last heard"),
    "lon": Column("float64", "deg", "where it was last heard"),
    "event_ids": Column("str", "", "its events, strongest first, joined by ';'"),
    "incident_id": Column("str", "", "the incident that it takes part in, see incidents.csv"),
}
"""One row per flagged vessel, by incident, in one by score. Runs of before 2026-11-27 numbered
vessels one by one."""

INCIDENTS: Final[Mapping[str, Column]] = {
    "incident_id": Column("str", "", "16 hex digits; it stays while the incident grows"),
    "rank": Column("int64", "", "1 is the incident to look at first, 0 is over (see status)"),
    "title": Column("str", "", "what happened, in a sentence"),
    "score": Column("float64", "", "0-1, its events combined, after explanations"),
    "certainty": Column("str", "", "high | moderate | low: the score in a word"),
    "start": Column(
        TIME, "UTC", "when the first of its events began; its title tells when the leading one was"
    ),
    "end": Column(TIME, "UTC", "when the last of its events ended, NaT while one is open"),
    "lat": Column("float64", "deg", "where its leading event was; where a crossing arrived"),
    "lon": Column("float64", "deg", "where its leading event was; where a crossing arrived"),
    "status": Column("str", "", "created | changed | unchanged | merged | retracted"),
    "news": Column("str", "", "what is new since the last look, empty where nothing is"),
    "merged_into": Column("str", "", "the incident that it is a part of now, else empty"),
    "mmsi": Column("int64", "", "the vessel that it is about first, 0 where none is known"),
    "vessels": Column("str", "", "its vessels with their roles, joined by ' | '"),
    "events": Column("str", "", "ids of its events, the leading one first, then by score; ';'"),
    "next_step": Column("str", "", "what to do next, as things stand at the end of the look"),
    "made_of": Column(
        "str", "", "JSON, parts of the score: kind, score; before and why if lowered"
    ),
    "last_seen": Column(TIME, "UTC", "last report of the vessel that it is about first"),
    "last_lat": Column("float64", "deg", "where that was"),
    "last_lon": Column("float64", "deg", "where that was"),
    "last_sog_kn": Column("float64", "kn", "speed over ground that it reported then"),
    "last_cog_deg": Column("float64", "deg", "course over ground that it reported then"),
}
"""One row per incident: what happened, as one; in rank order."""

PARTS: Final[Mapping[str, Column]] = {
    "rank": FLAGGED["rank"],
    "mmsi": FLAGGED["mmsi"],
    "part": Column("str", "", "behaviour | history | watch-list"),
    "kind": Column("str", "", "kind of the event, empty for a watch-list"),
    "event_id": Column("str", "", "the event that it rests on, empty for a watch-list"),
    "score": Column("float64", "", "0-1, what this part alone would make"),
    "note": Column("str", "", "what else counts in it"),
}
"""What each flagged vessel's score is made of: 1 - (1 - part)(1 - part)…"""

MARKS: Final[Mapping[str, Column]] = {
    "tlp": Column("str", "", "Traffic Light Protocol label of the record"),
    "rel": Column("str", "", "names that the record may be released to, or ALL"),
}
"""What every table of a release has beside its own columns."""

Conclusion = Literal["boarded", "cleared", "benign_cause", "watch", "unknown"]

CONCLUSIONS: Final = get_args(Conclusion)

WITHDRAWN: Final = "withdrawn"
"""What stands in place of a conclusion where its author takes back the last one."""

DISPOSITIONS: Final = {
    "disposition_id": Column("str", "", "unique name: event id and ordinal"),
    "made_time": Column(TIME, "UTC", "when it was recorded"),
    "author": Column("str", "", "who concluded so"),
    "event_id": EVENTS["event_id"],
    "kind": EVENTS["kind"],
    "mmsi": EVENTS["mmsi"],
    "other_mmsi": EVENTS["other_mmsi"],
    "start": EVENTS["start"],
    "end": EVENTS["end"],
    "lat": EVENTS["lat"],
    "lon": EVENTS["lon"],
    "conclusion": Column("str", "", " | ".join((*CONCLUSIONS, WITHDRAWN))),
    "reason": Column("str", "", "why, in the author's words"),
    "quiet_until": Column(TIME, "UTC", "the like that begins before this is set aside; NaT: none"),
    "quiet_within_m": Column("float64", "m", "how near it must be"),
    "sources": Column("str", "", "of older versions: JSON, what the event rested on; empty since"),
}
"""One row per conclusion, oldest first."""

OPERATIONS: Final = {
    "name": Column("str", "", "unique name, as given"),
    "start": Column(TIME, "UTC", "when it began"),
    "end": Column(TIME, "UTC", "when it ends or ended"),
    "area": Column("str", "", "the area as given: W,S,E,N or a zone's id"),
    "outline": Column("str", "", "the same as WKT, WGS84, as it was when the operation was added"),
    "note": Column("str", "", "whatever its author wants remembered"),
    "author": Column("str", "", "who added it"),
    "made_time": Column(TIME, "UTC", "when it was added"),
}
"""One row per operation, in the order in which they were added."""


def row_of(schema: Mapping[str, Column], row: Mapping[str, Any]) -> pd.DataFrame:
    """Return a table of one row, whose times may be texts."""
    frame = pd.DataFrame({name: pd.Series([row[name]]) for name in schema})
    for name, column in schema.items():
        if column.dtype == TIME:
            frame[name] = pd.to_datetime(frame[name], utc=True).astype(TIME)
    return frames.conform(frame, schema)
