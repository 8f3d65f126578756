"""What a run hands to the exporters."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from detectors.core.frames import TIME, VESSELS, Column
from detectors.core.zones import Zones
from pipelines.marks import Mark

if TYPE_CHECKING:
    from pipelines.patrol.model import Plan

FLAGGED: Final[Mapping[str, Column]] = {
    "rank": Column("int64", "", "1 is the vessel that deserves a look first"),
    "mmsi": Column("int64", "", "Maritime Mobile Service Identity"),
    "imo": VESSELS["imo"],
    "name": VESSELS["name"],
    "callsign": VESSELS["callsign"],
    "flag_state": VESSELS["flag_state"],
    "ship_type": Column("str", "", "ship type in words, empty where not reported"),
    "score": Column("float64", "", "0-1, its events combined, after explanations"),
    "reasons": Column("str", "", "why, in sentences, strongest first, joined by ' | '"),
    "explanations": Column("str", "", "innocent hypotheses for those events, joined by ' | '"),
    "last_seen": Column(TIME, "UTC", "its last position report in the window"),
    "lat": Column("float64", "deg", "where it was last seen"),
    "lon": Column("float64", "deg", "where it was last seen"),
    "event_ids": Column("str", "", "its events, strongest first, joined by ';'"),
}
"""One row per flagged vessel, in rank order."""


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


@dataclass(frozen=True)
class Release:
    """What products for one recipient say of themselves.

    Attributes
    ----------
    recipient, title
        Name in `config/recipients.yaml`, and who it is.
    mark
        The strictest mark of what is in the products.
    track_marks
        Mark of each track by track_id.
    stale_after
        When the products are out of date, UTC.
    language
        Of the labels.
    """

    recipient: str
    title: str
    mark: Mark
    track_marks: Mapping[int, Mark]
    stale_after: pd.Timestamp
    language: str


@dataclass(frozen=True)
class Planned:
    """A patrol plan as its files tell it.

    Attributes
    ----------
    plan
        The plan.
    mark
        Of the whole plan, where it is a recipient's; every row of it rests on all of it.
    language
        Of the labels.
    """

    plan: "Plan"
    mark: Mark | None = None
    language: str = "en"


@dataclass(frozen=True)
class Products:
    """One run's results, as every exporter gets them.

    Attributes
    ----------
    run_id, start, end
        The run and its window, UTC.
    simulated
        Whether the data are an exercise; every product says so.
    events
        `events.EVENTS` plus `status` (created|changed|unchanged|retracted|not_assessed) and
        `reason` (the sentence that tells a sailor why).
    flagged
        `FLAGGED`.
    parts
        `PARTS`.
    tracks
        `frames.TRACKED` of the flagged vessels (and their partners) over the window.
    vessels
        `frames.VESSELS`.
    zones
        Zones and land, for maps.
    manifest
        What `manifest.json` holds.
    release
        For whom, where the products are a recipient's: `events`, `flagged` and `parts` then have
        the columns of `MARKS` too.
    planned
        The patrol plan, where its recipient gets one.
    """

    run_id: str
    start: pd.Timestamp
    end: pd.Timestamp
    simulated: bool
    events: pd.DataFrame
    flagged: pd.DataFrame
    parts: pd.DataFrame
    tracks: pd.DataFrame
    vessels: pd.DataFrame
    zones: Zones
    manifest: Mapping[str, Any]
    release: Release | None = None
    planned: Planned | None = None
