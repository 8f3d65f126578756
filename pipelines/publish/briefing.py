"""What the formats for people (KML, GPX, HTML) tell: vessels in rank order, each with its events.

Texts are clean here (see `text`), times and positions are in the words of a chart table.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import tzinfo
from typing import Any, Final

import numpy as np
import pandas as pd

from detectors.core.evidence import Evidence
from pipelines.assess import incidents as incidents_of
from pipelines.assess.incidents import as_led, made_of, whereabouts, with_parts
from pipelines.base.labels import Labels, labels
from pipelines.base.text import (
    LOCAL,
    LOCAL_NAME,
    day_and_hour,
    moment,
    one_line,
    position_text,
)
from pipelines.publish import checks
from pipelines.publish.cards import EventCard, IncidentCard, VesselCard
from pipelines.publish.products import Products, once

ENGLISH: Final = labels("en")
NAME_LIMIT: Final = 60
SENTENCE_LIMIT: Final = 1200
_LOCAL_TIME: Final = re.compile(rf" \([^()]*\d\d:\d\d {LOCAL_NAME}\)$")


@once
def vessel_cards(products: Products) -> list[VesselCard]:
    """List flagged vessels in rank order, each with the events that flag it, strongest first."""
    names, words = vessel_names(products), labels(products.language)
    events = _event_cards(products, names, words)
    frame = products.flagged.sort_values("rank", kind="stable")
    rank_of = _ranks(products)
    cards = []
    for place, row in enumerate(frame.to_dict("records"), 1):
        keys = str(row["event_ids"]).split(";")
        reasons = _sentences(row["reasons"])
        mine = [events[key] for key in keys if key in events]
        if len(reasons) == len(keys) == len(mine):  # told from this vessel's side
            mine = [replace(e, reason=r) for e, r in zip(mine, reasons, strict=True)]
        lat, lon = _place(row["lat"], row["lon"])
        seen = None if pd.isna(row["last_seen"]) else row["last_seen"]
        name = one_line(str(row["name"]), NAME_LIMIT)
        cards.append(
            VesselCard(
                place=place,
                rank=rank_of.get(str(row["incident_id"]), int(row["rank"])),
                mmsi=int(row["mmsi"]),
                name=name or words.no_name,
                named=bool(name),
                identity=_identity(row, words),
                score=float(row["score"]),
                reasons=reasons,
                explanations=list(dict.fromkeys(_sentences(row["explanations"]))),
                last_seen=seen,
                seen_utc=moment(seen, None, "UTC", words.say) if seen is not None else "",
                seen_local=moment(seen, say=words.say) if seen is not None else "",
                lat=lat,
                lon=lon,
                where=position_text(lat, lon),
                events=mine,
                incident_id=one_line(str(row["incident_id"]), NAME_LIMIT),
            )
        )
    return cards


@once
def incident_cards(products: Products) -> list[IncidentCard]:
    """List the incidents that aren't over, in rank order."""
    frame = products.incidents
    frame = frame[frame["rank"] > 0].sort_values("rank", kind="stable")
    ordered = products.flagged.sort_values("rank", kind="stable")["incident_id"]
    of = {str(key): place for place, key in reversed(list(enumerate(ordered, 1)))}
    words, names = labels(products.language), vessel_names(products)
    leading = [str(joined).split(";")[0] for joined in frame["events"]]
    led = products.events[products.events["event_id"].isin(leading)]
    kinds = {
        str(key): (one_line(str(kind), NAME_LIMIT), one_line(str(subkind), NAME_LIMIT))
        for key, kind, subkind in led[["event_id", "kind", "subkind"]].itertuples(
            index=False, name=None
        )
    }
    rows = as_led(with_parts(frame, products.events), products.events).to_dict("records")
    said = {} if products.concluded is None else products.concluded.said
    why = look_first(products)
    return [_incident(row, of, names, kinds, products.end, words, said, why) for row in rows]


@once
def look_first(products: Products) -> dict[str, str]:
    """Return the incidents to look at first, each with the reasons."""
    said = products.concluded
    found = incidents_of.first(
        *(products.incidents, products.events, products.flagged, products.end),
        concluded=frozenset() if said is None else said.closed,
        answered=frozenset() if said is None else said.answered,
        watching=frozenset() if said is None else said.watching,
        say=labels(products.language).say,
    )
    return {one.incident_id: ", ".join(one.why) for one in found}


def _incident(
    row: dict[Any, Any],
    places: Mapping[str, int],
    names: Mapping[int, str],
    kinds: Mapping[str, tuple[str, str]],
    looked_to: pd.Timestamp,
    words: Labels,
    concluded: Mapping[str, str],
    first: Mapping[str, str],
) -> IncidentCard:
    ids = [one_line(key, NAME_LIMIT) for key in str(row["events"]).split(";") if key]
    # A recipient's first ten may leave out the event of an incident that it is told of
    [leading, *_] = json.loads(row["made_of"]) or [{}]
    of_parts = (str(leading.get("kind", "")), str(leading.get("subkind", "")))
    kind, subkind = kinds.get(ids[0] if ids else "", of_parts)
    what = words.kind_of(kind, subkind) if kind else words.incident
    roles = [one for one in str(row["vessels"]).split(" | ") if one[:9].isdigit()]
    return IncidentCard(
        incident_id=one_line(str(row["incident_id"]), NAME_LIMIT),
        rank=int(row["rank"]),
        mmsi=int(row["mmsi"]),
        title=one_line(str(row["title"]), SENTENCE_LIMIT),
        kind=kind,
        what=what[:1].upper() + what[1:],
        score=float(row["score"]),
        certainty=one_line(str(row["certainty"]), NAME_LIMIT),
        status=words.status_of(str(row["status"])),
        news=one_line(str(row["news"]), SENTENCE_LIMIT),
        next_step=one_line(str(row["next_step"]), SENTENCE_LIMIT),
        place=places.get(str(row["incident_id"])),
        vessels=[
            (names.get(int(one[:9]), ""), int(one[:9]), one_line(one[10:], NAME_LIMIT))
            for one in roles
        ],
        event_ids=ids,
        made_of=one_line(made_of(str(row["made_of"]), words.say, words.hypotheses), SENTENCE_LIMIT),
        now=one_line(whereabouts(row, looked_to, words.say), SENTENCE_LIMIT),
        concluded=one_line(concluded.get(str(row["incident_id"]), ""), SENTENCE_LIMIT),
        first=first.get(str(row["incident_id"]), ""),
        **_happened({**row, "start": row["led_start"], "end": row["led_end"]}, words),
    )


def _ranks(products: Products) -> dict[str, int]:
    """Return the ranks of incidents by id: runs of older versions numbered vessels one by one."""
    open_ = products.incidents[products.incidents["rank"] > 0]
    return dict(zip(open_["incident_id"].tolist(), open_["rank"].tolist(), strict=True))


@once
def vessel_names(products: Products) -> dict[int, str]:
    """Clean one-line names by MMSI; a vessel that gave none isn't in it."""
    named = zip(products.vessels["mmsi"], products.vessels["name"], strict=True)
    lines = {int(mmsi): one_line(str(name), NAME_LIMIT) for mmsi, name in named}
    return {mmsi: name for mmsi, name in lines.items() if name}


def without_time(reason: str) -> str:
    """Return a reason without the local time it ends with, where the times stand beside it anyway.

    >>> without_time("Drifted 4.1 h, 9 nm off Lumut (21 Nov 02:10 to 06:15 MYT)")
    'Drifted 4.1 h, 9 nm off Lumut'
    """
    return _LOCAL_TIME.sub("", reason)


def span(
    start: pd.Timestamp,
    end: pd.Timestamp | None,
    zone: tzinfo | None,
    name: str,
    words: Labels = ENGLISH,
) -> str:
    """Write a time span for people; one that has no end (none, or NaT) is 'since'.

    >>> t = pd.Timestamp("2026-11-20T22:00Z")
    >>> span(t, t + pd.Timedelta(hours=3), None, "UTC"), span(t, None, None, "UTC")
    ('20 Nov 22:00 – 21 Nov 01:00 UTC', 'since 20 Nov 22:00 UTC')
    """
    first = _in(start, zone)
    if pd.isna(end):
        return f"{words.since} {day_and_hour(first, words.say)} {name}"
    last = _in(end, zone)
    since, until = (day_and_hour(one, words.say) for one in (first, last))
    if since == until:
        return f"{since} {name}"
    if first.date() == last.date():
        return f"{since}–{last:%H:%M} {name}"
    return f"{since} – {until} {name}"


def _event_cards(products: Products, names: dict[int, str], words: Labels) -> dict[str, EventCard]:
    wanted = {key for ids in products.flagged["event_ids"] for key in str(ids).split(";")}
    frame = products.events[products.events["event_id"].isin(wanted)]
    cards = {}
    for row in frame.to_dict("records"):
        evidence: Evidence = row["evidence"]
        kind = one_line(str(row["kind"]), NAME_LIMIT)
        title = words.kind_of(kind, one_line(str(row["subkind"]), NAME_LIMIT))
        lat, lon = incidents_of.marked_at(evidence, row["lat"], row["lon"])
        cards[str(row["event_id"])] = EventCard(
            event_id=one_line(str(row["event_id"]), NAME_LIMIT),
            kind=kind,
            title=title[:1].upper() + title[1:],
            who=_who(int(row["mmsi"]), int(row["other_mmsi"]), names, words),
            pair=bool(row["other_mmsi"]),
            reason=one_line(str(row["reason"]), SENTENCE_LIMIT),
            explanation=one_line(str(row["explanation"]), SENTENCE_LIMIT),
            score=float(row["score"]),
            status=words.status_of(one_line(str(row["status"]), NAME_LIMIT)),
            **_happened({**row, "lat": lat, "lon": lon}, words),
            checks=[
                (one.label, one.measured, one.limit, one.margin)
                for one in checks.rows(evidence, words)
            ],
            evidence=[
                (one_line(label, NAME_LIMIT), one_line(text, SENTENCE_LIMIT))
                for label, text in checks.facts(evidence, words)
            ],
        )
    return cards


def _who(mmsi: int, other_mmsi: int, names: dict[int, str], words: Labels) -> str:
    both = [mmsi, other_mmsi] if other_mmsi else [mmsi]
    return f" {words.and_} ".join(
        f"{names[m]} ({m:09d})" if m in names else f"MMSI {m:09d}" for m in both
    )


def _identity(row: dict[Any, Any], words: Labels) -> list[tuple[str, str]]:
    given = [
        (words.flag, str(row["flag_state"])),
        (words.type, str(row["ship_type"])),
        (words.mmsi, f"{row['mmsi']:09d}"),
        (words.imo, str(row["imo"]) if row["imo"] else ""),
        (words.callsign, str(row["callsign"])),
    ]
    lines = [(label, one_line(value, NAME_LIMIT)) for label, value in given]
    return [(label, value) for label, value in lines if value]


def _sentences(joined: Any) -> list[str]:
    lines = [one_line(part, SENTENCE_LIMIT) for part in str(joined).split(" | ")]
    return [line for line in lines if line]


def _happened(row: dict[Any, Any], words: Labels) -> dict[str, Any]:
    lat, lon = _place(row["lat"], row["lon"])
    start, end = row["start"], None if pd.isna(row["end"]) else row["end"]
    return {
        "start": start,
        "end": end,
        "when_utc": span(start, end, None, "UTC", words),
        "when_local": span(start, end, LOCAL, LOCAL_NAME, words),
        "lat": lat,
        "lon": lon,
        "where": position_text(lat, lon),
    }


def _place(lat: float, lon: float) -> tuple[float | None, float | None]:
    if not (np.isfinite(lat) and np.isfinite(lon)):
        return None, None
    return float(lat), float(lon)


def _in(time: pd.Timestamp, zone: tzinfo | None) -> pd.Timestamp:
    return time.tz_convert("UTC" if zone is None else zone)
