"""An incident in words: its vessels and their roles, one sentence, what to do next."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detectors.core import frames
from detectors.core.events import records
from detectors.core.telling import Told, told
from detectors.surroundings.zones import Zones
from pipelines.assess.incidents.beside import part
from pipelines.assess.incidents.crossings import marked_at, ours_first
from pipelines.assess.incidents.first import certainty_of
from pipelines.assess.incidents.lasting import table_of
from pipelines.assess.incidents.plots import newest
from pipelines.assess.incidents.silences import (
    Silent,
    began_together,
    last_changed,
    numbers_of,
)
from pipelines.assess.incidents.steps import Last, lasts_of, next_step
from pipelines.assess.incidents.titles import excused, taking_part, title
from pipelines.assess.reasons import Teller
from pipelines.base.schemas import INCIDENTS

ROLES: Final[Mapping[str, tuple[str, str]]] = {
    "anchoring": ("anchored", "anchored"),
    "crossing": ("crossed", "met"),
    "encounter": ("met", "met"),
    "gap": ("silent", "silent"),
    "geofence": ("in the zone", "in the zone"),
    "identity": ("identity in doubt", "identity in doubt"),
    "identity hand_over": ("old number", "new number"),
    "loitering": ("loitered", "loitered"),
    "mother_ship": ("mother ship", "visitor"),
    "outlier": ("on an unusual way", "on an unusual way"),
    "possible_meeting": ("silent", "silent"),
    "spoofing": ("positions in doubt", "positions copied"),
    "unmatched_sighting": ("silent near it", "silent near it"),
    "watch_area": ("in the zone", "in the zone"),
}
"""Roles of `mmsi` and `other_mmsi`, by kind, or by kind and subkind."""

NOT_HEARD: Final[Mapping[str, object]] = {"last_seen": pd.NaT}
"""Of an incident without a flagged vessel, in `schemas.INCIDENTS`; the rest of it isn't known."""

FIRST: Final = ("mother ship", "visitor", "old number", "new number", "crossed")
"""Roles that say most come before what a vessel's strongest event makes it, where they rest on
what counts beside the incident's strongest event (`COUNTS`), and no innocent reason fits that."""

COUNTS: Final = 0.5
"""From such a part of the strongest event's score on an event says what an incident is: tankers in
a transfer (0.78) wait within reach of boats too (0.10). A judgement."""


def described(
    events: pd.DataFrame,
    group: NDArray[np.int64],
    flagged: pd.DataFrame,
    parts: pd.DataFrame,
    min_score: float,
    teller: Teller,
    next_steps: Mapping[str, str],
    zones: Zones,
    closed: Collection[str] = (),
    own_coast: str = "",
) -> tuple[pd.DataFrame, dict[int, str]]:
    """Tell incidents, the highest scored first.

    Left out is what scores less than `min_score` and holds no flagged vessel's strongest event.

    Returns `schemas.INCIDENTS` without status and news, `incident_id` being the id of its first
    event; and that id by flagged vessel.

    Parameters
    ----------
    events, group
        `events.EVENTS` that count, and which of them are of one incident (see `grouped`).
    flagged
        mmsi, score of the flagged vessels; last_seen, lat, lon, sog_kn, cog_deg of their last
        reports.
    parts
        `schemas.PARTS`.
    next_steps
        The user's table of what to do next, see `steps.NEXT_STEPS`.
    zones
        Where ports and territorial seas are.
    closed
        Ids of events whose lead a conclusion closed. Where others came since, an incident is told
        by these, scored by them, and about a vessel of theirs: nobody sails to who was cleared.
    own_coast
        See `crossings.ours_first`; whoever is in another state's sea is for that one.
    """
    events = events.assign(group=group)
    events = events[events["group"] >= 0]
    if events.empty:
        return frames.empty(INCIDENTS), {}
    over = events["event_id"].isin(list(closed))
    over &= ~over.groupby(events["group"]).transform("all")
    events = events.assign(over=over).sort_values(
        ["over", "score", "event_id"], ascending=[True, False, True], ignore_index=True
    )
    home = _homes(events, flagged, parts)
    still = events[~events["over"]]
    counted = parts[~parts["event_id"].isin(events["event_id"][events["over"]])]
    scores, best = _scores(still, flagged, counted, home)
    n_still = still.groupby("group").size()
    kept = [g for g, score in scores.items() if score >= min_score or g in home.values()]
    seen = dict(zip(flagged["mmsi"].tolist(), flagged["last_seen"].tolist(), strict=True))
    each = dict(zip(flagged["mmsi"].tolist(), flagged["score"].tolist(), strict=True))
    last = _last_reports(flagged)
    lasts = lasts_of(
        pd.DataFrame([{"mmsi": m, **row} for m, row in last.items()]), zones, own_coast
    )
    beside = began_together(events)
    of_group: dict[int, list[_Event]] = {number: [] for number in kept}
    for number, one in zip(events["group"].tolist(), _each(events), strict=True):
        if number in of_group:
            of_group[number].append(one)
    rows = []
    first_event = {}
    for number, own in of_group.items():
        n_first = int(n_still[number])
        about = {m for one in own[:n_first] for m in (one.told.mmsi, one.told.other_mmsi)}
        told_by = own, n_first, scores[number], about
        row = _one(*told_by, each, seen, beside, teller, next_steps, lasts, own_coast)
        row |= {"made_of": best.get(number, "[]"), **last.get(int(str(row["mmsi"])), NOT_HEARD)}
        first_event[number] = row["incident_id"]
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
    zones: Zones,
    own_coast: str,
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
    zones, own_coast
        As of `described`.
    """
    seen = dict(zip(flagged["mmsi"].tolist(), flagged["last_seen"].tolist(), strict=True))
    each = dict(zip(flagged["mmsi"].tolist(), flagged["score"].tolist(), strict=True))
    beside = began_together(events)
    lasts = lasts_of(incidents, zones, own_coast)
    by_id = {one.event_id: one for one in _each(events)}
    rows = []
    for row in records(incidents):
        own = [by_id[one] for one in str(row["events"]).split(";") if one in by_id]
        if own:
            score = float(str(row["score"]))
            about = {int(str(row["mmsi"]))}
            told_now = _one(own, 1, score, about, each, seen, beside, teller, next_steps, lasts)
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
) -> tuple[dict[int, float], dict[int, str]]:
    """Return the score of each group, and of what it is made, as `schemas.INCIDENTS` has it.

    It is the highest of what each vessel's parts in it make. What isn't behaviour (history, a
    watch-list) counts where the vessel's strongest part is.
    """
    strongest = events.groupby("group")["score"].max()
    of_event = dict(zip(events["event_id"].tolist(), events["group"].tolist(), strict=True))
    mine = parts[parts["mmsi"].isin(flagged["mmsi"])]
    within = mine["event_id"].map(of_event)
    within = within.where(within.notna(), mine["mmsi"].map(home))
    own = mine.assign(group=within).dropna(subset="group").astype({"group": "int64"})
    missed = own.assign(missed=1.0 - own["score"]).groupby(["group", "mmsi"])["missed"].prod()
    each = (1.0 - missed).rename("score").reset_index().sort_values("score", kind="stable")
    best = {
        int(group): (float(score), int(mmsi))  # the last is the highest
        for group, mmsi, score in zip(*(each[c].tolist() for c in each.columns), strict=True)
    }
    scores = {
        group: round(best[group][0] if group in best else float(score), 4)
        for group, score in zip(strongest.index.tolist(), strongest.tolist(), strict=True)
    }
    event_of = {str(row["event_id"]): row for row in records(events)}
    parts_of: dict[tuple[int, int], list[dict[Any, Any]]] = {}
    for one in own.sort_values(["score", "kind"], ascending=[False, True]).to_dict("records"):
        parts_of.setdefault((one["group"], one["mmsi"]), []).append(one)
    made = {group: _parts(parts_of[group, mmsi], event_of) for group, (_, mmsi) in best.items()}
    alone = events.drop_duplicates("group")
    made |= {
        int(str(row["group"])): [part(*_told_part(row, row["score"]))]
        for row in records(alone[~alone["group"].isin(list(made))])
    }
    return scores, {group: json.dumps(parts) for group, parts in made.items()}


def _parts(
    parts: Sequence[Mapping[Any, Any]], event_of: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return what makes the score of one vessel in one incident."""
    return [
        part(*_told_part(event_of[row["event_id"]], row["score"]))
        if row["part"] == "behaviour" and row["event_id"] in event_of
        else part(str(row["part"]), row["score"], row["score"], "")
        for row in parts
    ]


def _told_part(event: Mapping[str, Any], score: float) -> tuple[str, float, float, str]:
    """Return kind, score, score before explanation, and the explanation of a part."""
    explained = event["evidence"].explained
    lowered = explained is not None and explained.weight > 0
    before = explained.base_score if lowered else score
    why = explained.name or "" if lowered else ""
    return f"{event['kind']} {event['subkind']}".strip(), float(score), float(before), why


def _last_reports(flagged: pd.DataFrame) -> dict[int, dict[str, object]]:
    """Return where each vessel was heard last, as `schemas.INCIDENTS` has it."""
    names = {
        "last_seen": "last_seen",
        **{k: f"last_{k}" for k in ("lat", "lon", "sog_kn", "cog_deg")},
    }
    there = flagged.reindex(columns=["mmsi", *names]).rename(columns=names).set_index("mmsi")
    return {
        int(str(mmsi)): {str(name): value for name, value in row.items()}
        for mmsi, row in there.to_dict("index").items()
    }


class _Event(NamedTuple):
    """An event of an incident."""

    event_id: str
    score: float
    told: Told


def _each(events: pd.DataFrame) -> list[_Event]:
    columns = events["event_id"].tolist(), events["score"].tolist(), told(events)
    return [_Event(*one) for one in zip(*columns, strict=True)]


def _one(
    events: Sequence[_Event],
    n_first: int,
    score: float,
    about: Collection[int],
    flagged: Mapping[int, float],
    seen: Mapping[int, pd.Timestamp],
    beside: Mapping[str, list[Silent]],
    teller: Teller,
    next_steps: Mapping[str, str],
    lasts: Mapping[int, Last],
    own_coast: str = "",
) -> dict[str, object]:
    """Return an incident of some events, those `n_first` first that it is told by, of one of the
    vessels that it may be `about`.
    """
    ids, scores, rows = (list(column) for column in zip(*events, strict=True))
    counts = [one >= COUNTS * max(scores) for one in scores]
    roles = _roles(rows, counts)
    main = _main({m: roles[m] for m in roles if m in about} or roles, rows, flagged, seen)
    others = sorted(roles.keys() - {main}, key=lambda m: (-flagged.get(m, 0.0), m))
    place = _leading(rows, n_first, main, roles.get(main, ""))
    if place < n_first:
        place = ours_first(rows[:n_first], counts, place, own_coast)
    lead = rows[place]
    say = teller.say
    silent = [one for one in beside.get(ids[place], ()) if one.mmsi not in roles]
    start, first = min((row.start, one) for row, one in zip(rows, ids, strict=True))
    ends = [row.end for row in rows if row.end is not None]
    lat, lon = marked_at(lead.evidence, lead.lat, lead.lon)
    known = teller.now, next_steps, say, seen, lasts.get(main)
    return {
        "incident_id": str(first),
        "title": title(rows, scores, lead, roles, main, silent, teller),
        "score": score,
        "certainty": say(certainty_of(score)),
        "start": start,
        "end": max(ends) if len(ends) == len(rows) else pd.NaT,
        "lat": lat,
        "lon": lon,
        "mmsi": main,
        "vessels": " | ".join(f"{m:09d} {say(roles[m])}" for m in (main, *others) if m),
        "events": ";".join([ids[place], *ids[:place], *ids[place + 1 :]]),
        "next_step": next_step(lead, rows, *known, renumbered=bool(teller.heard_since(lead))),
    }


def _roles(rows: list[Told], counts: list[bool]) -> dict[int, str]:
    """Return the role of each vessel, by its strongest event or by what says most.

    A meeting that hardly was, or that counts for little beside what else happened, brings in
    nobody, nor does lying beside one of them where that has an innocent reason. Of a number that
    was taken up and given up, or the other way, the last change says which it is.
    """
    roles: dict[int, list[tuple[str, bool]]] = {}
    part, changed = (
        taking_part(rows, counts),
        last_changed(one for one in rows if not excused(one)),
    )
    for event, weighs in zip(rows, counts, strict=True):
        says = (weighs or event.subkind == "hand_over") and not excused(event)
        cast = [(mmsi, role) for mmsi, role in _cast(event) if mmsi in part or not part]
        if event.subkind == "hand_over":
            cast = [one for one in cast if event.start >= changed.get(one[0], event.start)]
        visitors = str(event.evidence.get("visitors") or "").split()
        for mmsi, role in (*cast, *((int(visitor), "visitor") for visitor in visitors)):
            roles.setdefault(mmsi, []).append((role, says))
    return {
        mmsi: next((role for role in FIRST if (role, True) in own), own[0][0])
        for mmsi, own in roles.items()
        if mmsi
    }


def _cast(event: Told) -> Iterator[tuple[int, str]]:
    """Return both vessels of an event with their roles."""
    pair = ROLES.get(f"{event.kind} {event.subkind}", ROLES.get(event.kind, ("in it", "in it")))
    if event.kind == "possible_meeting":
        pair = (_story(event, ""), _story(event, "other_"))
    vessels = [event.mmsi, event.other_mmsi]
    if event.evidence.get("from_mmsi") == f"{event.other_mmsi:09d}":
        vessels.reverse()
    return zip(vessels, pair, strict=True)


def _story(event: Told, prefix: str) -> str:
    """Return the role of a vessel that could have met another: it was silent, or seen to loiter."""
    return "loitered" if event.evidence.get(f"{prefix}story") == "loitering" else "silent"


def _main(
    roles: Mapping[int, str],
    rows: Sequence[Told],
    flagged: Mapping[int, float],
    seen: Mapping[int, pd.Timestamp],
) -> int:
    """Return the vessel that an incident is about: the mother ship, else the highest scored.

    Of a hull under several numbers that is the one heard last.
    """
    if not roles:
        return 0
    main = max(roles, key=lambda m: (roles[m] == "mother ship", flagged.get(m, 0.0), -m))
    if roles[main] not in ("old number", "new number"):
        return main
    hull = [m for m in numbers_of(main, rows) if m in roles and m in seen]
    return max(hull, key=lambda m: (seen[m], -m), default=main)


def _leading(rows: list[Told], n_first: int, main: int, role: str) -> int:
    """Return the place of the event that an incident is told by, its step and place included.

    It is the strongest of the main vessel's: of a mother ship the strongest that makes her one,
    since that she is visited says what the meetings of it are; unless that isn't of the `n_first`.
    Of what was seen again and again the newest: there it is.
    """
    if not main and (last := newest(rows[:n_first])) is not None:
        return last
    own = [place for place, row in enumerate(rows) if main in (row.mmsi, row.other_mmsi)] or [0]
    making = [place for place in own if role == "mother ship" and rows[place].kind == "mother_ship"]
    first = [place for place in making if place < n_first or own[0] >= n_first]
    return (first or own)[0]
