"""Which incidents to look at first, and why: one order for brief, terminal and desk.

Rank is how much an incident is worth a look at all; what comes first also depends on whether it can
still be met, whether the reader knows it already, and whether people may be in danger.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from detectors.core.evidence import Evidence
from detectors.core.telling import Say, plain
from pipelines.assess.alike import FEW, labels

CERTAINTIES: Final = ((0.7, "high"), (0.5, "moderate"), (0.0, "low"))
"""From which score on an incident is of which certainty: the three words of analytic confidence
(ICD 203, Analytic Standards, 2015); the bounds are judgements."""

FIRST: Final = 3
"""So many: what a watch officer takes in at a glance, and a patrol can look at in a watch."""

HALF_H: Final = 6.0
"""After so long without a report half of what a lead is worth is gone: a boat that makes 10 kn may
be anywhere within 60 nm, from coast to coast of the Strait. A judgement."""

HEARD_H: Final = 1.0
"""What was heard within this is where it says, give or take: it is said to be heard still."""

DANGER: Final = {"crossing": 1.5, "encounter boarding": 1.5}
"""Kinds (or kind and subkind) of the leading event, or of one that scores as much, in which people
may be in danger, and what an incident counts for them: boats that carry people over open water
(SOLAS V/33 puts life at sea before anything else), and crews that are boarded. The factor is a
judgement: it lifts an incident of moderate certainty to one of high. It counts no more `HALF_H`
after a boat came to a coast, whom it carried being ashore: what is over waits behind a boat that
comes to a coast now."""

DANGEROUS: Final = frozenset(name.split(" ")[0] for name in DANGER)

ADRIFT: Final = pd.Timedelta(days=1)
"""A boat that drifted for longer without having been under way counts as much: no gear asks for it
(see `hypotheses.at_work.A_DAY`), and what is left is an engine, fuel or a crew that failed."""

HELD: Final = 0.5
"""Who held a place for so much of the time hangs on an anchor or a rope: `hypotheses.held`."""

KNOWN: Final = {"created": 1.0, "changed": 0.9, "unchanged": 0.6}
"""What an incident counts by its status: what a watch has seen before waits. Judgements."""


@dataclass(frozen=True)
class First:
    """An incident to look at first."""

    incident_id: str
    rank: int
    title: str
    """The incident, in a sentence."""
    why: tuple[str, ...]
    """The reasons in words, what weighs most first."""
    start: pd.Timestamp
    end: pd.Timestamp | None
    """When what leads it was; no end where it goes on. "Still heard" is of the vessel: a boarding
    of twenty hours ago reads as one of this minute where its time isn't beside it."""


Found = tuple[bool, bool, float, int, First]
"""Whether it is answered, and comes behind; what it is worth, negative; its rank; the incident."""


def first(
    incidents: pd.DataFrame,
    events: pd.DataFrame,
    flagged: pd.DataFrame,
    now: pd.Timestamp,
    *,
    concluded: Collection[str] = (),
    watched: Collection[str] = (),
    answered: Collection[str] = (),
    watching: Collection[str] = (),
    n: int = FIRST,
    say: Say = plain,
) -> list[First]:
    """Return the most urgent incidents, in the order of their ranks, those answered last.

    The most urgent are those of the highest score times `DANGER` times `KNOWN`, halved every
    `HALF_H` since the incident's vessel was heard, or it ended, whichever is later. Of more than
    `alike.FEW` that are alike one is among them: whoever sails there sees the others.

    Parameters
    ----------
    incidents
        `schemas.INCIDENTS`.
    events
        event_id, kind, subkind, start, end, score, evidence of their events.
    flagged
        mmsi, last_seen of flagged vessels.
    now
        The end of what was looked at.
    concluded
        Ids of events that a conclusion closes: an incident led by one is left out.
    watched
        Ids of events that somebody watches who knows of this look: they are known, as by `KNOWN`.
    answered
        Ids of events with an answer that leaves them open: an incident led by one comes after all
        that aren't, unless somebody watches it (`watching`) who can still meet it: such are among
        the first by what they are worth, but leave a place to what nobody has answered.
    watching
        Ids of events that somebody watches.
    """
    ranked = incidents[incidents["rank"] > 0]
    within = [str(ids).split(";") for ids in ranked["events"].tolist()]
    leading = [ids[0] for ids in within]
    counts = events["event_id"].isin(leading) | events["kind"].isin(DANGEROUS)
    told_of = {str(row["event_id"]): row for row in events[counts].to_dict("records")}
    seen = dict(zip(flagged["mmsi"].tolist(), flagged["last_seen"].tolist(), strict=True))
    found, did = [], []
    for row, ids in zip(ranked.to_dict("records"), within, strict=True):
        lead = ids[0]
        if lead in concluded:
            continue
        danger = danger_in([told_of[one] for one in ids if one in told_of], lead, now)
        last = seen.get(row["mmsi"], pd.NaT)
        times = [time for time in (last, row["end"]) if not pd.isna(time)]
        hours = (now - max(times)).total_seconds() / 3600 if times else 0.0
        hours = max(hours, 0.0)
        status = "unchanged" if lead in watched else str(row["status"])
        worth = row["score"] * danger * KNOWN.get(status, 1.0) * 0.5 ** (hours / HALF_H)
        why = [
            say("people may be in danger") if danger > 1 else "",
            say("{word} certainty", word=_certainty(str(row["certainty"]), say)),
            {"created": say("new"), "changed": say("changed")}.get(status, ""),
            _reach(not pd.isna(last), hours, say),
        ]
        told = First(
            str(row["incident_id"]),
            int(row["rank"]),
            str(row["title"]),
            tuple(one for one in why if one),
            *_when(told_of.get(lead), row),
        )
        met_yet = lead in watching and hours <= HEARD_H
        behind = lead in answered and not met_yet
        found.append((lead in answered, behind, -worth, told.rank, told))
        led: Mapping[Any, Any] = told_of.get(lead, {"kind": "", "subkind": ""})
        place = {name: row.get(name, np.nan) for name in ("lat", "lon")}
        did.append({**led, **place, "start": row["start"]})
    urgent, rest = _picked(found, did, n)
    new = next((one for one in rest if not one[0]), None)
    if n > 1 and new is not None and all(one[0] for one in urgent):
        urgent[-1] = new  # what is watched hides nothing that nobody has answered
    # As the list below them, on every page.
    return [one[4] for one in sorted(urgent, key=lambda one: (one[0], one[3]))]


def _picked(found: list[Found], did: list[dict[Any, Any]], n: int) -> tuple[list[Found], ...]:
    """Return the `n` first of what was found, and the others, both by what they are worth; what
    comes behind takes no place of those that are alike.
    """
    alike = labels(pd.DataFrame(did), "kind").tolist() if did else []
    crowds = {label for label, many in Counter(alike).items() if many > FEW}
    urgent, rest, taken = list[Found](), list[Found](), set[int]()
    for one, label in sorted(zip(found, alike, strict=True), key=lambda each: each[0][1:4]):
        if len(urgent) == n or one[1] or (label in crowds and label in taken):
            rest.append(one)
        else:
            urgent.append(one)
            taken.add(label)
    more = n - len(urgent)
    return urgent + rest[:more], rest[more:]


def _when(lead: Mapping[Any, Any] | None, row: Mapping[Any, Any]) -> tuple[Any, Any]:
    """Return when the leading event was, the incident where it isn't known."""
    told = row if lead is None else lead
    return told["start"], None if pd.isna(told["end"]) else told["end"]


def danger_in(found: Sequence[Mapping[Any, Any]], lead: str, now: pd.Timestamp) -> float:
    """Return what an incident counts for the people in it, of the events found of it: by the one
    that leads it, and those that score as much by themselves.

    A ship that boats came to is told by her waiting; a boat that went on from her to a coast may
    score more, and carries as many people as one that came by herself.
    """
    told = {str(one["event_id"]): one for one in found}
    if lead not in told:
        return 1.0
    least = float(told[lead]["score"])
    strong = [
        one
        for key, one in told.items()
        if key == lead or (one["kind"] in DANGEROUS and float(one["score"]) >= least)
    ]
    return max(danger_of(one, now) for one in strong)


def danger_of(lead: Mapping[Any, Any] | None, now: pd.Timestamp) -> float:
    """Return what an incident counts for the people in it, by its leading event: more than 1 where
    they may be in danger.
    """
    if lead is None:
        return 1.0
    kind, end = str(lead["kind"]), lead["end"]
    danger = DANGER.get(f"{kind} {lead['subkind']}", DANGER.get(kind, 1.0))
    if kind == "loitering" and _adrift(lead["evidence"]):
        danger = DANGER["crossing"]
    long_ago = not pd.isna(end) and now - end > pd.Timedelta(hours=HALF_H)
    return 1.0 if danger > 1 and long_ago and _came_ashore(lead["evidence"]) else danger


def _adrift(evidence: Evidence | str) -> bool:
    """Tell whether a boat, which has a set of class B, drifted for longer than `ADRIFT`."""
    told = _parsed(evidence)
    drifted_s = float(told.get("duration_s") or 0.0)
    held = float(told.get("held_fraction") or 0.0) >= HELD
    return told.get("ais_class") == "B" and drifted_s > ADRIFT.total_seconds() and not held


def _came_ashore(evidence: Evidence | str) -> bool:
    """Tell whether a boat that crossed, or came back from half-way, was heard at a coast."""
    told = _parsed(evidence)
    return told.get("ended") in ("shore", "near") or bool(told.get("landing_heard"))


def _parsed(evidence: Evidence | str) -> Evidence:
    return Evidence.parse(evidence) if isinstance(evidence, str) else evidence


def certainty_of(score: float) -> str:
    """Return the word for a score.

    >>> certainty_of(0.7), certainty_of(0.69), certainty_of(0.1)
    ('high', 'moderate', 'low')
    """
    return next(word for bound, word in CERTAINTIES if score >= bound)


def _certainty(word: str, say: Say) -> str:
    """Return the word for a certainty; the table of a pack has it in its language already."""
    return say(word) if word in (english for _, english in CERTAINTIES) else word


def _reach(heard: bool, hours: float, say: Say) -> str:
    """Say whether it can still be met, from when its vessel was heard, else it ended."""
    if not heard:
        return say("{h:.0f} h ago", h=hours) if hours > HEARD_H else say("it is still going on")
    if hours <= HEARD_H:
        return say("still heard")
    return say("not heard for {h:.0f} h", h=hours)
