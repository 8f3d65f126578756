"""What a recipient's products say of whom they rest on: frames in, frames out.

The products are made from what the recipient may have, and nothing else (`run.release`). The mark
of an event in them is the strictest of what it names:

- the feeds named in its evidence (`*_report_source`);
- every feed that heard one of its vessels on a UTC date of its span. Its vessels are `mmsi`,
  `other_mmsi` and every other MMSI that its evidence or explanation mentions;
- every feed in which one of them said something of itself on such a date; where the event is about
  what a vessel says (`identity`, `spoofing`), on any date up to its end;
- the sightings that its evidence names;
- the events that its evidence names.

What all of them together say (how many others were heard nearby, where receivers reach) has the
mark of the whole pack, the strictest of all that it was made from.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.events import objects
from detectors.core.evidence import Evidence, Explained, Value
from pipelines.base.marks import Mark, Tlp, strictest
from pipelines.publish.packs.recipients import Recipient

NOBODY: Final = Mark(Tlp.RED, frozenset())
UNKNOWN: Final = "unknown"
"""The source of what the store no longer knows."""
ABOUT_IDENTITY: Final = frozenset({"identity", "spoofing"})
_REPORT: Final = re.compile(r"\b([0-9a-f]{16}):\d+")
EVENT_ID: Final = re.compile(r"\b[0-9a-f]{16}\b(?!:)")
_NUMBER: Final = re.compile(r"(?<![\d.:])(\d{9})(?:\d\d)?(?![\d.])")
"""An MMSI, or a track of it; not decimals, nor a place in a feed."""


@dataclass(frozen=True)
class Lineage:
    """Where the records of a store come from. A source is a feed_key or ``sighting ID``."""

    feeds: Mapping[str, Sequence[str]]
    """feed_key by the source of a position report (16 hex digits)."""
    heard: Mapping[tuple[int, str], Sequence[tuple[str, str]]]
    """feed_key by (mmsi, "position" or "static"), with the UTC date: [(date, feed_key), …]."""
    sightings: frozenset[str]
    """Sources of sightings."""

    def of_vessel(self, mmsi: int, what: str, first: str, last: str) -> set[str]:
        """Return feeds that heard a vessel from one UTC date to another."""
        dated = self.heard.get((mmsi, what), ())
        return {key for date, key in dated if first <= date <= last}

    def of_report(self, source: str) -> set[str]:
        """Return the feeds of a report by its source."""
        return set(self.feeds.get(source, (UNKNOWN,)))


def lineage(ledger: pd.DataFrame, sighting_ids: Iterable[str], heard: pd.DataFrame) -> Lineage:
    """Where the records of a store come from.

    Parameters
    ----------
    ledger
        feed_key, sha256.
    heard
        mmsi, date, feed_key, what, as `Queries.heard_in` gives it.
    """
    of_report: dict[str, list[str]] = defaultdict(list)
    for key, sha256 in zip(ledger["feed_key"], ledger["sha256"], strict=True):
        of_report[str(sha256)[:16]].append(str(key))
    dated: dict[tuple[int, str], list[tuple[str, str]]] = defaultdict(list)
    for mmsi, date, key, what in heard[["mmsi", "date", "feed_key", "what"]].itertuples(
        index=False, name=None
    ):
        dated[int(mmsi), str(what)].append((str(date), str(key)))
    return Lineage(of_report, dated, frozenset(f"sighting {name}" for name in sighting_ids))


def vessels_of(events: pd.DataFrame) -> list[set[int]]:
    """Every MMSI that an event is about or mentions, one set a row."""
    texts = [
        f"{evidence.json()} {said}"
        for evidence, said in zip(events["evidence"], events["explanation"], strict=True)
    ]
    return [
        ({int(number) for number in _NUMBER.findall(text)} | {mmsi, other}) - {0}
        for text, mmsi, other in zip(
            texts, events["mmsi"].tolist(), events["other_mmsi"].tolist(), strict=True
        )
    ]


def sources_of(events: pd.DataFrame, known: Lineage, end: pd.Timestamp) -> list[frozenset[str]]:
    """Return what each event rests on (see the module's docstring); open ones last to `end`."""
    first = events["start"].dt.strftime("%Y-%m-%d").tolist()
    last = events["end"].fillna(end).dt.strftime("%Y-%m-%d").tolist()
    own = [
        _rests_on(evidence, vessels, kind, span, known)
        for evidence, vessels, kind, span in zip(
            events["evidence"].tolist(),
            vessels_of(events),
            events["kind"].tolist(),
            zip(first, last, strict=True),
            strict=True,
        )
    ]
    return _with_named_events(events, own)


def _rests_on(
    evidence: Evidence,
    vessels: set[int],
    kind: str,
    span: tuple[str, str],
    known: Lineage,
) -> frozenset[str]:
    first, last = span
    said_first = "" if kind in ABOUT_IDENTITY else first
    reports = _REPORT.findall(evidence.json())
    found = set[str]().union(*(known.of_report(source) for source in reports))
    for mmsi in vessels:
        found |= known.of_vessel(mmsi, "position", first, last)
        found |= known.of_vessel(mmsi, "static", said_first, last)
    if name := evidence.get("sighting_source"):
        source = f"sighting {name}"
        found.add(source if source in known.sightings else UNKNOWN)
    return frozenset(found)


def _with_named_events(events: pd.DataFrame, sources: list[frozenset[str]]) -> list[frozenset[str]]:
    """Return sources with those of the events which an event names, and of those that they name."""
    row_of = {event_id: row for row, event_id in enumerate(events["event_id"].tolist())}
    keys = [set(EVENT_ID.findall(one.json())) & row_of.keys() for one in events["evidence"]]
    named = [[row_of[key] for key in some if row_of[key] != row] for row, some in enumerate(keys)]
    whole = list(sources)
    changed = True
    while changed:
        changed = False
        for row, others in enumerate(named):
            both = whole[row].union(*(whole[other] for other in others))
            if both != whole[row]:
                whole[row], changed = both, True
    return whole


def event_marks(
    events: pd.DataFrame,
    known: Lineage,
    marks: Mapping[str, Mark],
    end: pd.Timestamp,
    default: Mark,
) -> list[Mark]:
    """Return the mark of each event."""
    return [
        strictest(marks.get(source, NOBODY) for source in sources) if sources else default
        for sources in sources_of(events, known, end)
    ]


def may_have(marks: Iterable[Mark], recipient: Recipient) -> NDArray[np.bool_]:
    """Whether a recipient may get what is marked so, one value a mark."""
    held = frozenset(recipient.holds)
    return np.array([mark.releasable(held, recipient.max_tlp) for mark in marks], dtype=bool)


def without(events: pd.DataFrame, vessels: Collection[int]) -> pd.DataFrame:
    """Return events in which none of some vessels takes part."""
    theirs = events["mmsi"].isin(vessels) | events["other_mmsi"].isin(vessels)
    return events[~theirs]


def unnamed(events: pd.DataFrame, vessels: Collection[int]) -> pd.DataFrame:
    """Return events whose evidence names none of some vessels; `redact_evidence` then mends texts.

    What else is said of one that `best_match` names is called `best_match_…`, and goes too.
    """
    if not vessels:
        return events
    kept = []
    for evidence, mentioned in zip(events["evidence"], vessels_of(events), strict=True):
        naming = tuple(
            name
            for name, value in evidence.facts.items()
            if mentioned.intersection(vessels)
            and any(int(number) in vessels for number in _NUMBER.findall(str(value)))
        )
        kept.append(evidence.without(n for n in evidence.facts if n.startswith(naming)))
    return events.assign(evidence=objects(kept, events.index))


def redact_evidence(events: pd.DataFrame, recipient: Recipient) -> pd.DataFrame:
    """Return events without what of the evidence, and the texts, a recipient doesn't get.

    The evidence then names what is gone as `redacted`; of an explanation whose sentence holds any
    of it the name is left.
    """
    kept, told = [], []
    for evidence, text in zip(events["evidence"], events["explanation"], strict=True):
        left, gone = _redacted(evidence, recipient)
        kept.append(left)
        told.append(left.explained.name if gone and left.explained else text)
    return blank(
        events.assign(
            evidence=objects(kept, events.index),
            explanation=pd.Series(told, events.index, dtype="str"),
        ),
        recipient,
    )


def _redacted(evidence: Evidence, recipient: Recipient) -> tuple[Evidence, bool]:
    """Return what is left of evidence, and whether its explanation's sentence is gone with it."""
    names = [*evidence.facts, *evidence.settings]
    names += [name for c in evidence.checks for name in (c.name, c.parameter) if name]
    left, told = evidence.without(filter(recipient.redacts, names)), evidence.explained
    if told is None:
        return left, False
    if recipient.redacts("explanation"):
        return replace(left, explained=Explained(told.base_score, told.weight)), False
    if any(recipient.redacts(name) or name in left.redacted for name in told.values):
        return replace(left, explained=replace(told, says="", values={})), True
    return left, False


def blank(frame: pd.DataFrame, recipient: Recipient) -> pd.DataFrame:
    """Return a frame in which the columns that a recipient doesn't get are empty."""
    out = frame.copy()
    for name in frame.columns:
        if not recipient.redacts(str(name)) or name == "evidence":
            continue
        kind = frame[name].dtype.kind
        out[name] = pd.Series(
            0 if kind in "iu" else np.nan if kind == "f" else pd.NaT if kind == "M" else "",
            index=frame.index,
            dtype=frame[name].dtype,
        )
    return out


def with_marks(frame: pd.DataFrame, marks: Sequence[Mark]) -> pd.DataFrame:
    """Return a frame with the columns of `schemas.MARKS`."""
    return frame.assign(
        tlp=pd.Series([str(m.tlp) for m in marks], frame.index, dtype="str"),
        rel=pd.Series([m.rel_text for m in marks], frame.index, dtype="str"),
    )


def of_whole(marks: Iterable[Mark], recipient: Recipient, default: Mark) -> Mark:
    """Return the mark of a product with records marked so; of an empty one the default.

    Where no name is on all lists, though the recipient is on each, it names the recipient's own.
    """
    every = list(marks)
    whole = strictest(every or [default])
    if may_have([whole], recipient)[0]:
        return whole
    return Mark(
        min(whole.tlp, recipient.max_tlp, key=lambda label: label.order), frozenset(recipient.holds)
    )


def renamed_ids(
    events: pd.DataFrame, rename: Callable[[str], str], known: Container[str] = frozenset()
) -> pd.DataFrame:
    """Events whose ids, and those of their groups and of the events they name, are renamed.

    `known`: ids of further events that the evidence may name.
    """
    own = set(events["event_id"])

    def in_text(found: re.Match[str]) -> str:
        return rename(found[0]) if found[0] in own or found[0] in known else found[0]

    def in_values(values: Mapping[str, Value]) -> dict[str, Value]:
        return {
            key: rename(str(value))
            if key.endswith("event") and _is_id(value)
            else EVENT_ID.sub(in_text, value)
            if isinstance(value, str)
            else value
            for key, value in values.items()
        }

    told = []
    for evidence in events["evidence"]:
        said = evidence.explained
        said = replace(said, values=in_values(said.values)) if said else None
        told.append(replace(evidence, facts=in_values(evidence.facts), explained=said))
    group = [rename(name) if name else "" for name in events["group_id"].tolist()]
    return events.assign(
        event_id=pd.Series([rename(one) for one in events["event_id"]], events.index, dtype="str"),
        group_id=pd.Series(group, events.index, dtype="str"),
        evidence=objects(told, events.index),
    )


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and EVENT_ID.fullmatch(value) is not None


def told(frame: pd.DataFrame, column: str, say: Callable[[str], str]) -> pd.DataFrame:
    """Return a frame with a column of texts in the recipient's language."""
    texts = [say(text) for text in frame[column].tolist()]
    return frame.assign(**{column: pd.Series(texts, frame.index, dtype="str")})
