"""The event schema: the one place that knows the columns of an event and how its id is made."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, ClassVar, Final, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core.errors import FrameError
from detectors.core.evidence import Evidence
from detectors.core.frames import TIME, Column, epoch_us, from_epoch_us

EVENTS: Final[Mapping[str, Column]] = {
    "event_id": Column("str", "", "16 hex digits: hash of detector, subkind, zone, tracks, anchor"),
    "kind": Column("str", "", "what happened: geofence, loitering, encounter, gap, …"),
    "subkind": Column("str", "", "finer kind, e.g. enter, exit, dwell; may be empty"),
    "detector": Column("str", "", "name of the detector"),
    "version": Column("str", "", "version of the detector"),
    "mmsi": Column("int64", "", "the vessel; of a pair the lower MMSI"),
    "other_mmsi": Column("int64", "", "the other vessel of a pair, 0 where there is none"),
    "zone_id": Column("str", "", "the zone concerned, empty where there is none"),
    "track_ids": Column("str", "", "track ids joined by ';', in the order of mmsi, other_mmsi"),
    "group_id": Column("str", "", "shared by the pairs of one raft, else empty"),
    "start": Column(TIME, "UTC", "when it began"),
    "end": Column(TIME, "UTC", "when it ended, NaT while it is open"),
    "lat": Column("float64", "deg", "where: the middle of its time, or as the detector says"),
    "lon": Column("float64", "deg", "where: see lat"),
    "score": Column("float64", "", "0-1, how much it deserves a look, after explanations"),
    "explanation": Column("str", "", "the best innocent explanation, empty where none applies"),
    "evidence": Column("object", "", "`evidence.Evidence`: enough to re-argue the case"),
}
"""One row per event, sorted by (start, event_id). Run-relative status is added by the store."""

WRITTEN: Final[Mapping[str, Column]] = {
    **EVENTS,
    "evidence": Column("str", "", "JSON of `Evidence`: checks, facts, settings, explained"),
}
"""Events as they are written: evidence as text, see `written` and `parsed`."""

_NOT_A_TIME: Final = np.iinfo("int64").min
_ID_COLUMNS = ("detector", "subkind", "zone_id", "track_ids")


def event_id(detector: str, subkind: str, zone_id: str, track_ids: str, anchor_us: int) -> str:
    """Id of an event: stable while it grows, since its end is no part of it.

    >>> event_id("gap", "", "", "56307239001", 0)
    '...'
    """
    text = "|".join([detector, subkind, zone_id, track_ids, str(anchor_us)])
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def objects(values: Sequence[Any], index: pd.Index | None = None) -> pd.Series:
    """Return a column of objects, whatever they are."""
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return pd.Series(column, index=index, dtype=object)


def written(events: pd.DataFrame) -> pd.DataFrame:
    """Return events with the evidence as JSON text, as they are written; what is text stays."""
    evidence = events["evidence"].tolist()
    texts = [one if isinstance(one, str) else one.json() for one in evidence]
    return events.assign(evidence=pd.Series(texts, events.index, dtype="str"))


def parsed(events: pd.DataFrame) -> pd.DataFrame:
    """Return written events with the evidence as the objects that it is; one that is stays.

    Raises FrameError if it is none.
    """
    found = [one if isinstance(one, Evidence) else _parsed(one) for one in events["evidence"]]
    return events.assign(evidence=objects(found, events.index))


@lru_cache(maxsize=16_384)
def _parsed(text: str) -> Evidence:
    """Parse a text of evidence once, though a run asks for the same events several times."""
    return Evidence.parse(text)


def empty() -> pd.DataFrame:
    """Return a frame of no events."""
    return _empty().copy()


@cache
def _empty() -> pd.DataFrame:
    return pd.DataFrame({name: _column([], column.dtype) for name, column in EVENTS.items()})


def build(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Events frame from one mapping per event.

    `rows`: mappings with the keys of `EVENTS` except event_id, plus `anchor` (the time of the
    report that anchors the event: pandas Timestamp), and with `evidence` a mapping. Keys that may
    be left out: subkind, zone_id, group_id, explanation ("" each), other_mmsi (0), end (NaT).

    Raises FrameError if a key is missing or unknown, or two events get the same id.
    """
    if not rows:
        return empty()
    defaults: dict[str, Any] = dict.fromkeys(("subkind", "zone_id", "group_id", "explanation"), "")
    defaults |= {"other_mmsi": 0, "end": pd.NaT}
    columns: dict[str, list[Any]] = {name: [] for name in (*EVENTS, "anchor")}
    for row in rows:
        full = {**defaults, **row, "event_id": ""}
        if full.keys() != columns.keys():
            raise FrameError(f"event keys differ by {sorted(full.keys() ^ columns.keys())}")
        for name, values in columns.items():
            values.append(full[name])
    held = (e if isinstance(e, Evidence) else Evidence.of(e) for e in columns["evidence"])
    columns["evidence"] = list(held)
    made = {name: _column(columns[name], EVENTS[name].dtype) for name in EVENTS}
    anchors = epoch_us(_column(columns["anchor"], TIME)).tolist()
    identity = zip(*(columns[name] for name in _ID_COLUMNS), anchors, strict=True)
    made["event_id"] = pd.Series([event_id(*parts) for parts in identity], dtype="str")
    return sort(pd.DataFrame(made))


def _column(values: list[Any], dtype: str) -> pd.Series:
    if dtype == "object":
        return objects(values)
    if dtype == TIME:
        if all(type(one) is int or one is None for one in values):  # as `row` gives them
            us = [_NOT_A_TIME if one is None else one for one in values]
            return pd.Series(from_epoch_us(np.array(us, "int64")))
        times = [pd.Timestamp(v, unit="us", tz="UTC") if type(v) is int else v for v in values]
        return pd.Series(pd.to_datetime(times, utc=True)).astype(TIME)
    return pd.Series(values, dtype=dtype)


class Finder(Protocol):
    """Whoever finds events: a detector, as far as its events name it."""

    name: ClassVar[str]
    version: ClassVar[str]


def row(
    finder: Finder,
    tracks: Iterable[int],
    *,
    start_us: int,
    end_us: int | None,
    lat: float,
    lon: float,
    score: float,
    evidence: Mapping[str, Any],
    settings: Iterable[str] = (),
    subkind: str = "",
    zone_id: str = "",
    anchor_us: int | None = None,
    explanation: str = "",
) -> dict[str, Any]:
    """Return an event for `build`, its times still in microseconds.

    Parameters
    ----------
    finder
        The detector; its name is the event's kind.
    tracks
        Tracks concerned, that of `mmsi` first; none where no vessel is known.
    start_us, end_us
        Microseconds since 1970-01-01 UTC; no end while it is open.
    anchor_us
        Time of the report that anchors the event, the start where left out.
    evidence, settings
        What was measured, see `Evidence.of`; names of the detector's parameters that shaped it,
        of which those that bound something are left to the checks.
    lat, lon, score, subkind, zone_id, explanation
        See `EVENTS`.
    """
    tracks = [int(track) for track in tracks]
    vessels = list(dict.fromkeys(track // 100 for track in tracks))
    return {
        "kind": finder.name,
        "subkind": subkind,
        "detector": finder.name,
        "version": finder.version,
        "mmsi": vessels[0] if vessels else 0,
        "other_mmsi": vessels[1] if len(vessels) > 1 else 0,
        "zone_id": zone_id,
        "track_ids": ";".join(map(str, tracks)),
        "start": int(start_us),
        "end": None if end_us is None else int(end_us),
        "anchor": int(start_us if anchor_us is None else anchor_us),
        "lat": float(lat),
        "lon": float(lon),
        "score": float(score),
        "explanation": explanation,
        "evidence": Evidence.of(evidence, {name: getattr(finder, name) for name in settings}),
    }


def each(columns: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return columns of equal length as one mapping a row.

    >>> each({"n": [1, 2], "kind": ("a", "b")})
    [{'n': 1, 'kind': 'a'}, {'n': 2, 'kind': 'b'}]
    """
    rows = zip(*(list(values) for values in columns.values()), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def sort(events: pd.DataFrame) -> pd.DataFrame:
    """Events in their canonical order; raises FrameError on two events with one id."""
    ids = events["event_id"].to_numpy(object)
    if len(set(ids.tolist())) < len(ids):
        repeated = events["event_id"][events["event_id"].duplicated()]
        raise FrameError(f"two events share an id: {', '.join(sorted(set(repeated)))}")
    start_us = epoch_us(events["start"])
    if (np.diff(start_us) > 0).all():
        return events.reset_index(drop=True)
    ids = ids.astype(str)
    return events.take(np.lexsort((ids, start_us))).reset_index(drop=True)


def concat(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """One canonical events frame from several."""
    parts = [part for part in parts if len(part)]
    if not parts:
        return empty()
    return sort(parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True))


def not_among(known: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Return those of known events that weren't found anew: what was over goes on all the same
    where, say, a boat comes to a ship hours after the one before, and it is one wait.
    """
    return known[~known["event_id"].isin(found["event_id"]).to_numpy(bool)]


NEVER: Final = np.iinfo("int64").max
"""The end, in microseconds, of what is open."""


def records(events: pd.DataFrame) -> list[dict[str, Any]]:
    """Return events as one mapping each."""
    return each({str(name): column.tolist() for name, column in events.items()})


def span_us(event: Mapping[str, Any]) -> tuple[int, int]:
    """Return start and end of one of `records` in microseconds, `NEVER` while it is open."""
    start, end = event["start"], event["end"]
    return start.value // 1_000, NEVER if pd.isna(end) else end.value // 1_000


def spans_us(events: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return starts and ends of events as `span_us` does."""
    is_open = events["end"].isna().to_numpy(bool)
    ends = epoch_us(events["end"].fillna(events["start"]))
    return epoch_us(events["start"]), np.where(is_open, NEVER, ends)
