"""What of a run may go to a recipient: frames in, frames out.

The mark of an event is the strictest of all that it rests on:

- the feeds named in its evidence (`*_report_source`);
- every feed that heard one of its vessels on a UTC date of its span. Its vessels are `mmsi`,
  `other_mmsi` and every other MMSI that its evidence or explanation mentions;
- every feed in which one of them said something of itself on such a date; where the event is about
  what a vessel says (`identity`, `spoofing`), on any date up to its end;
- the sightings that its evidence names;
- the events that its evidence names.

An event that rests on a feed which the store no longer knows, or on nothing that is known, is
marked for nobody. What all feeds together say (how many others were heard nearby, where receivers
reach, places and normal traffic that were learned) isn't a record of any of them and carries no
mark.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.events import evidence_of
from pipelines.assess.reasons import REDACTED
from pipelines.export.recipients import Recipient
from pipelines.marks import Mark, MarkRules, Tlp, strictest

NOBODY: Final = Mark(Tlp.RED, frozenset())
ABOUT_IDENTITY: Final = frozenset({"identity", "spoofing"})
_REPORT: Final = re.compile(r"\b([0-9a-f]{16}):\d+")
_EVENT_ID: Final = re.compile(r"\b[0-9a-f]{16}\b")
_NUMBER: Final = re.compile(r"(?<![\d.:])(\d{9})(?:\d\d)?(?![\d.])")
"""An MMSI, or a track of it; not decimals, nor a place in a feed."""


@dataclass(frozen=True)
class Lineage:
    """Where the records of a store come from, with the marks of those sources.

    Attributes
    ----------
    feed_marks
        Mark by feed_key.
    report_marks
        Mark by the source of a position report (16 hex digits).
    sighting_marks
        Mark by sighting_id.
    heard
        feed_key by (mmsi, "position" or "static"), with the UTC date: [(date, feed_key), …].
    """

    feed_marks: Mapping[str, Mark]
    report_marks: Mapping[str, Mark]
    sighting_marks: Mapping[str, Mark]
    heard: Mapping[tuple[int, str], Sequence[tuple[str, str]]]

    def of_vessel(self, mmsi: int, what: str, first: str, last: str) -> list[Mark]:
        """Marks of the feeds that heard a vessel from one UTC date to another."""
        dated = self.heard.get((mmsi, what), ())
        keys = {key for date, key in dated if first <= date <= last}
        return [self.feed_marks.get(key, NOBODY) for key in sorted(keys)]


def lineage(
    rules: MarkRules, ledger: pd.DataFrame, sightings: pd.DataFrame, heard: pd.DataFrame
) -> Lineage:
    """Marks of all sources of a store.

    Parameters
    ----------
    ledger
        feed_key, sha256, name.
    sightings
        sighting_id, source, file.
    heard
        mmsi, date, feed_key, what, as `Queries.heard_in` gives it.
    """
    rows = zip(ledger["feed_key"], ledger["sha256"], ledger["name"], strict=True)
    feed_marks: dict[str, Mark] = {}
    of_report: dict[str, list[Mark]] = defaultdict(list)
    for key, sha256, name in rows:
        feed_marks[key] = rules.of_feed(str(name))
        of_report[str(sha256)[:16]].append(feed_marks[key])
    seen = zip(sightings["sighting_id"], sightings["file"], sightings["source"], strict=True)
    dated: dict[tuple[int, str], list[tuple[str, str]]] = defaultdict(list)
    for mmsi, date, key, what in heard[["mmsi", "date", "feed_key", "what"]].itertuples(
        index=False, name=None
    ):
        dated[int(mmsi), str(what)].append((str(date), str(key)))
    return Lineage(
        feed_marks,
        {source: strictest(marks) for source, marks in of_report.items()},
        {str(i): rules.of_sighting(str(file), str(source)) for i, file, source in seen},
        dated,
    )


def vessels_of(events: pd.DataFrame) -> list[set[int]]:
    """Every MMSI that an event is about or mentions, one set a row."""
    texts = events["evidence"] + " " + events["explanation"]
    return [
        ({int(number) for number in _NUMBER.findall(text)} | {mmsi, other}) - {0}
        for text, mmsi, other in zip(
            texts.tolist(), events["mmsi"].tolist(), events["other_mmsi"].tolist(), strict=True
        )
    ]


def event_marks(events: pd.DataFrame, known: Lineage, end: pd.Timestamp) -> list[Mark]:
    """The mark of each event (see the module's docstring); open ones last to `end`."""
    first = events["start"].dt.strftime("%Y-%m-%d").tolist()
    last = events["end"].fillna(end).dt.strftime("%Y-%m-%d").tolist()
    own = [
        _rests_on(evidence, text, vessels, kind, span, known)
        for evidence, text, vessels, kind, span in zip(
            evidence_of(events), events["evidence"].tolist(), vessels_of(events),
            events["kind"].tolist(), zip(first, last, strict=True), strict=True,
        )
    ]  # fmt: skip
    return _with_named_events(events, [strictest(marks) if marks else NOBODY for marks in own])


def _rests_on(
    evidence: Mapping[str, Any],
    text: str,
    vessels: set[int],
    kind: str,
    span: tuple[str, str],
    known: Lineage,
) -> list[Mark]:
    first, last = span
    said_first = "" if kind in ABOUT_IDENTITY else first
    marks = [known.report_marks.get(source, NOBODY) for source in _REPORT.findall(text)]
    for mmsi in vessels:
        marks += known.of_vessel(mmsi, "position", first, last)
        marks += known.of_vessel(mmsi, "static", said_first, last)
    if sighting := evidence.get("sighting_source"):
        marks.append(known.sighting_marks.get(str(sighting), NOBODY))
    return marks


def _with_named_events(events: pd.DataFrame, marks: list[Mark]) -> list[Mark]:
    """Marks that include those of the events which an event names, and of those that they name."""
    row_of = {event_id: row for row, event_id in enumerate(events["event_id"].tolist())}
    named = [
        [row_of[key] for key in set(_EVENT_ID.findall(text)) & row_of.keys() if row_of[key] != row]
        for row, text in enumerate(events["evidence"].tolist())
    ]
    changed = True
    while changed:
        changed = False
        for row, others in enumerate(named):
            both = strictest([marks[row], *(marks[other] for other in others)])
            if both != marks[row]:
                marks[row], changed = both, True
    return marks


def may_have(marks: Iterable[Mark], recipient: Recipient) -> NDArray[np.bool_]:
    """Whether a recipient may get what is marked so, one value a mark."""
    held = frozenset(recipient.holds)
    return np.array([mark.releasable(held, recipient.max_tlp) for mark in marks], dtype=bool)


OF_ALL_FEEDS: Final = frozenset({"receiver"})
"""Keys of the evidence that say a word of a feed, whichever: only for who may have all of them."""


def redact_evidence(
    events: pd.DataFrame, recipient: Recipient, *, all_feeds: bool = False
) -> pd.DataFrame:
    """Events without the keys of the evidence, and the texts, that a recipient doesn't get.

    The evidence then lists the keys that are gone under `redacted`. `all_feeds` says that the
    recipient may have every feed.
    """
    texts = []
    kept_back = frozenset() if all_feeds else OF_ALL_FEEDS
    for evidence in evidence_of(events):
        gone = sorted(key for key in evidence if key in kept_back or recipient.redacts(key))
        left = {key: value for key, value in evidence.items() if key not in gone}
        texts.append(_json({**left, REDACTED: gone} if gone else left))
    return blank(events.assign(evidence=pd.Series(texts, events.index, dtype="str")), recipient)


def blank(frame: pd.DataFrame, recipient: Recipient) -> pd.DataFrame:
    """A frame in which the columns that a recipient doesn't get are empty."""
    out = frame.copy()
    for name in frame.columns:
        if not recipient.redacts(str(name)) or name == "evidence":
            continue
        kind = frame[name].dtype.kind
        out[name] = pd.Series(
            0 if kind in "iu" else np.nan if kind == "f" else pd.NaT if kind == "M" else "",
            index=frame.index, dtype=frame[name].dtype,
        )  # fmt: skip
    return out


def with_marks(frame: pd.DataFrame, marks: Sequence[Mark]) -> pd.DataFrame:
    """A frame with the columns of `products.MARKS`."""
    return frame.assign(
        tlp=pd.Series([str(m.tlp) for m in marks], frame.index, dtype="str"),
        rel=pd.Series([m.rel_text for m in marks], frame.index, dtype="str"),
    )


def of_whole(marks: Iterable[Mark], recipient: Recipient, default: Mark) -> Mark:
    """The mark of a product with records marked so; of an empty one the default, if it may be.

    Where no name is on all lists, though the recipient is on each, it names the recipient's own.
    """
    every = list(marks)
    whole = strictest(every or [default])
    if may_have([whole], recipient)[0]:
        return whole
    return Mark(min(whole.tlp, recipient.max_tlp, key=_order), frozenset(recipient.holds))


def _order(label: Tlp) -> int:
    return label.order


def _json(evidence: Mapping[str, Any]) -> str:
    return json.dumps(evidence, ensure_ascii=False)
