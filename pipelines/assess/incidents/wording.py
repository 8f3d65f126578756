"""An incident in words: its vessels and their roles, one sentence, what to do next."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core import frames
from detectors.core.events import records
from detectors.core.telling import Told, told
from pipelines.assess.incidents.lasting import table_of
from pipelines.assess.reasons import Teller
from pipelines.base.schemas import INCIDENTS

CERTAINTIES: Final = ((0.7, "high"), (0.5, "moderate"), (0.0, "low"))
"""From which score on an incident is of which certainty: the three words of analytic confidence
(ICD 203, Analytic Standards, 2015); the bounds are judgements."""

MAX_NAMED: Final = 3
"""So many vessels of an incident are named in its sentence beside the first."""

NEXT_STEPS: Final[Mapping[str, str]] = {
    "anchoring": "ask by VHF for its permission to anchor",
    "crossing": (
        "meet it before it lands; of a boat adrift or overloaded tell the rescue coordination "
        "centre first"
    ),
    "encounter": "board the one that goes on to a coast, ask the other by VHF",
    "gap": "call by VHF; task a sensor over what it can have reached",
    "geofence": "ask by VHF",
    "identity": "compare register, call sign and sight",
    "loitering": "ask by VHF; of a boat adrift tell the rescue coordination centre",
    "mother_ship": "watch; board when a boat comes alongside",
    "outlier": "watch",
    "possible_meeting": "task a sensor over the place; look at both when they are heard again",
    "spoofing": "task a sensor: it isn't where it says",
    "unmatched_sighting": "send a unit or a sensor to look",
    "watch_area": "ask by VHF",
}
"""What to do next, by kind of the leading event; settings name others (`assess.next_steps`)."""

ROLES: Final[Mapping[str, tuple[str, str]]] = {
    "anchoring": ("anchored", "anchored"),
    "crossing": ("crossed", "met"),
    "encounter": ("met", "met"),
    "gap": ("silent", "silent"),
    "geofence": ("in the zone", "in the zone"),
    "identity": ("alike", "alike"),
    "identity hand_over": ("number before", "went on as"),
    "loitering": ("waited", "waited"),
    "mother_ship": ("mother ship", "visitor"),
    "outlier": ("on an unusual way", "on an unusual way"),
    "possible_meeting": ("silent", "silent"),
    "spoofing": ("positions in doubt", "positions copied"),
    "unmatched_sighting": ("silent near it", "silent near it"),
    "watch_area": ("in the zone", "in the zone"),
}
"""Roles of `mmsi` and `other_mmsi`, by kind, or by kind and subkind."""

FIRST: Final = ("mother ship", "visitor", "went on as", "number before", "crossed")
"""Roles that say most come before what a vessel's strongest event makes it."""


def described(
    events: pd.DataFrame,
    group: NDArray[np.int64],
    flagged: pd.DataFrame,
    parts: pd.DataFrame,
    min_score: float,
    teller: Teller,
    next_steps: Mapping[str, str],
) -> tuple[pd.DataFrame, dict[int, str]]:
    """Tell incidents, the highest scored first.

    Left out is what scores less than `min_score` and holds no flagged vessel's strongest event.

    Parameters
    ----------
    events, group
        `events.EVENTS` that count, and which of them are of one incident (see `grouped`).
    flagged
        mmsi, score, last_seen of the flagged vessels.
    parts
        `schemas.PARTS`.
    next_steps
        Kind (or kind and subkind), and what to do next, in place of `NEXT_STEPS`.

    Returns
    -------
    tuple
        `schemas.INCIDENTS` without status and news, `incident_id` being the id of its first event;
        and that id by flagged vessel.
    """
    events = events.assign(group=group)
    events = events[events["group"] >= 0]
    if events.empty:
        return frames.empty(INCIDENTS), {}
    events = events.sort_values(["score", "event_id"], ascending=[False, True], ignore_index=True)
    home = _homes(events, flagged, parts)
    scores = _scores(events, flagged, parts, home)
    kept = [g for g, score in scores.items() if score >= min_score or g in home.values()]
    seen = dict(zip(flagged["mmsi"].tolist(), flagged["last_seen"].tolist(), strict=True))
    each = dict(zip(flagged["mmsi"].tolist(), flagged["score"].tolist(), strict=True))
    rows = []
    first_event = {}
    for label, own in events.groupby("group", sort=False):
        if label not in kept:
            continue
        row = _one(own, scores[int(str(label))], each, seen, teller, next_steps)
        first_event[label] = row["incident_id"]
        rows.append(row)
    rows.sort(key=lambda row: (-float(str(row["score"])), str(row["incident_id"])))
    plain = {"status": "", "news": "", "merged_into": ""}
    table = table_of([{**row, **plain, "rank": rank} for rank, row in enumerate(rows, 1)])
    named = {mmsi: str(first_event[label]) for mmsi, label in home.items()}
    return table, named


def retold(
    incidents: pd.DataFrame,
    events: pd.DataFrame,
    flagged: pd.DataFrame,
    teller: Teller,
    next_steps: Mapping[str, str],
) -> pd.DataFrame:
    """Tell incidents again in the teller's language; ids, scores and news stay as they are.

    Parameters
    ----------
    incidents
        `schemas.INCIDENTS`.
    events
        `events.EVENTS` of them.
    flagged
        mmsi, score, last_seen of the flagged vessels.
    """
    seen = dict(zip(flagged["mmsi"].tolist(), flagged["last_seen"].tolist(), strict=True))
    each = dict(zip(flagged["mmsi"].tolist(), flagged["score"].tolist(), strict=True))
    rows = []
    for row in records(incidents):
        ids = str(row["events"]).split(";")
        own = events[events["event_id"].isin(ids)]
        own = own.sort_values("event_id", key=lambda e: e.map(ids.index), ignore_index=True)
        if len(own):
            told_now = _one(own, float(str(row["score"])), each, seen, teller, next_steps)
            row |= {name: told_now[name] for name in ("title", "certainty", "vessels", "next_step")}
        rows.append(row)
    return table_of(rows)


def _homes(events: pd.DataFrame, flagged: pd.DataFrame, parts: pd.DataFrame) -> dict[int, int]:
    """Return the incident of each flagged vessel: that of the strongest part of its score."""
    of_event = dict(zip(events["event_id"].tolist(), events["group"].tolist(), strict=True))
    ordered = parts.sort_values("score", ascending=False, kind="stable")
    home: dict[int, int] = {}
    for mmsi, event in zip(ordered["mmsi"].tolist(), ordered["event_id"].tolist(), strict=True):
        if event in of_event:
            home.setdefault(mmsi, of_event[event])
    return {mmsi: home[mmsi] for mmsi in flagged["mmsi"].tolist() if mmsi in home}


def _scores(
    events: pd.DataFrame, flagged: pd.DataFrame, parts: pd.DataFrame, home: Mapping[int, int]
) -> dict[int, float]:
    """Return the score of each group: the highest of what each vessel's parts in it make.

    What isn't behaviour (history, a watch-list) counts where the vessel's strongest part is.
    """
    strongest = events.groupby("group")["score"].max()
    of_event = dict(zip(events["event_id"].tolist(), events["group"].tolist(), strict=True))
    mine = parts[parts["mmsi"].isin(flagged["mmsi"])]
    within = mine["event_id"].map(of_event)
    within = within.where(within.notna(), mine["mmsi"].map(home))
    missed = pd.DataFrame(
        {"group": within, "mmsi": mine["mmsi"], "missed": 1.0 - mine["score"]}
    ).dropna()
    each = 1.0 - missed.groupby(["group", "mmsi"])["missed"].prod()
    best = each.groupby("group").max().to_dict()
    return {
        group: round(float(best.get(group, score)), 4)
        for group, score in zip(strongest.index.tolist(), strongest.tolist(), strict=True)
    }


def _one(
    events: pd.DataFrame,
    score: float,
    flagged: Mapping[int, float],
    seen: Mapping[int, pd.Timestamp],
    teller: Teller,
    next_steps: Mapping[str, str],
) -> dict[str, object]:
    """Return an incident of some events, strongest first."""
    rows = told(events)
    roles = _roles(rows)
    main = _main(roles, flagged, seen)
    others = sorted(roles.keys() - {main}, key=lambda m: (-flagged.get(m, 0.0), m))
    place = _leading(rows, main, roles.get(main, ""))
    lead = rows[place]
    ids = events["event_id"].tolist()
    first = events.sort_values(["start", "event_id"]).iloc[0]
    table = {**NEXT_STEPS, **next_steps}
    say = teller.say
    step = table.get(f"{lead.kind} {lead.subkind}", table.get(lead.kind, "watch"))
    return {
        "incident_id": str(first["event_id"]),
        "title": _title(lead, roles, main, others, teller),
        "score": score,
        "certainty": say(next(word for bound, word in CERTAINTIES if score >= bound)),
        "start": events["start"].min(),
        "end": pd.NaT if events["end"].isna().any() else events["end"].max(),
        "lat": events["lat"].iloc[place],
        "lon": events["lon"].iloc[place],
        "mmsi": main,
        "vessels": " | ".join(f"{m:09d} {say(roles[m])}" for m in (main, *others) if m),
        "events": ";".join([ids[place], *ids[:place], *ids[place + 1 :]]),
        "next_step": say(step) if step == NEXT_STEPS.get(lead.kind) else step,
    }


def _roles(rows: list[Told]) -> dict[int, str]:
    """Return the role of each vessel, by its strongest event or by what says most."""
    roles: dict[int, list[str]] = {}
    for event in rows:
        pair = ROLES.get(f"{event.kind} {event.subkind}", ROLES.get(event.kind, ("in it", "in it")))
        vessels = [event.mmsi, event.other_mmsi]
        if event.evidence.get("from_mmsi") == f"{event.other_mmsi:09d}":
            vessels.reverse()
        for mmsi, role in zip(vessels, pair, strict=True):
            roles.setdefault(mmsi, []).append(role)
        for visitor in str(event.evidence.get("visitors") or "").split():
            roles.setdefault(int(visitor), []).append("visitor")
    roles.pop(0, None)
    return {
        mmsi: next((role for role in FIRST if role in own), own[0]) for mmsi, own in roles.items()
    }


def _main(
    roles: Mapping[int, str], flagged: Mapping[int, float], seen: Mapping[int, pd.Timestamp]
) -> int:
    """Return the vessel that an incident is about: the mother ship, else the highest scored.

    Of a hull under two numbers that is the one heard last.
    """
    if not roles:
        return 0
    main = max(roles, key=lambda m: (roles[m] == "mother ship", flagged.get(m, 0.0), -m))
    if roles[main] == "number before":
        after = [m for m, role in roles.items() if role == "went on as" and m in seen]
        main = max(after, key=lambda m: (seen[m], -m), default=main)
    return main


def _leading(rows: list[Told], main: int, role: str) -> int:
    """Return the place of the event that an incident is told by, its step and place included.

    It is the strongest of the main vessel's: of a mother ship the strongest that makes her one,
    since that she is visited says what the meetings of it are.
    """
    own = [place for place, row in enumerate(rows) if main in (row.mmsi, row.other_mmsi)] or [0]
    making = [place for place in own if role == "mother ship" and rows[place].kind == "mother_ship"]
    return (making or own)[0]


def _title(
    lead: Told, roles: Mapping[int, str], main: int, others: list[int], teller: Teller
) -> str:
    """Say what happened: the leading event, and who else is in the incident."""
    told = teller.sentence(lead, main)
    text = f"{teller.name(main)}: {told}" if main else told
    partner = lead.partner_of(main)  # is named in the sentence
    rest = [m for m in others if m != partner]
    if not rest:
        return text
    names = [f"{teller.name(m)} ({teller.say(roles[m])})" for m in rest[:MAX_NAMED]]
    if len(rest) > MAX_NAMED:
        names.append(teller.say("{n} more", n=len(rest) - MAX_NAMED))
    return text + teller.say(". With {names}", names=", ".join(names))
