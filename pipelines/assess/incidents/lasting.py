"""One id for an incident while it grows; what became of those known before."""

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import pandas as pd

from detectors.core import frames
from detectors.core.events import records
from detectors.core.telling import Say, plain
from pipelines.assess.incidents.known import Known
from pipelines.base.schemas import INCIDENTS

SCORE_STEP: Final = 0.05
"""A score that moves by less is no news."""
SAME: Final = "unchanged"
_WHOLE: Final = (
    *("title", "score", "certainty", "start", "lat", "lon"),
    *("vessels", "events", "made_of"),
)
"""What stays as it was told where only a part of an incident is seen again, as it was or with what
alone is no lead, as that a boat lay at its berth afterwards. Not what to do next, which rests on
where its vessel is by now."""


def lasting(
    found: pd.DataFrame,
    known: Known,
    say: Say = plain,
    aside: Collection[str] = (),
    left_out: Collection[int] = (),
) -> pd.DataFrame:
    """Give incidents their ids and status, and tell what became of those known before.

    An incident takes up the known one with which it shares most events, of several the one that
    began first, where they tell one story (`_one_story`); each known one is taken up once. What
    shares events with an incident that took up another is merged into that; what was known of
    events that this look no longer finds, or no longer flags, is retracted. One that was retracted
    and tells the story of none that stands is told again under its id. A new id is a hash of the
    first event's.

    Returns `schemas.INCIDENTS`: those found in their order, then those that are over (rank 0).

    Parameters
    ----------
    found
        `schemas.INCIDENTS` as `described` gives them, ids and status empty.
    aside
        Ids of events that a conclusion, their vessels or false positions set aside.
    left_out
        Vessels that the night's list has no room for.
    """
    retracted, before = (
        known.incidents[rows].reset_index(drop=True)
        for rows in (
            known.incidents["status"] == "retracted",
            ~known.incidents["status"].isin(["merged", "retracted"]),
        )
    )
    shared = _shared(found, before, known)
    same = {pair for pair in shared if _one_story(found, before, pair, known)}
    taken: dict[int, int] = {}
    for now, then in shared:
        if (now, then) in same and now not in taken and then not in taken.values():
            taken[now] = then
    parted: dict[int, int] = {}
    for now, then in shared:
        if (now, then) in same or then in taken.values():
            parted.setdefault(now, then)
    again = _again(found, retracted, known, {*taken, *parted})
    used = set(known.incidents["incident_id"])
    listed = frozenset(";".join(found["events"]).split(";"))
    rows = []
    for place, row in enumerate(records(found)):
        if place in taken:
            went_on = _went_on(row, before.iloc[taken[place]], known, say, aside, listed)
            rows.append({**row, **went_on})
        elif place in again:
            told = {"status": "created", "news": say("on the list again")}
            rows.append({**row, "incident_id": again[place], **told})
        else:
            split = before["incident_id"].iloc[parted[place]] if place in parted else ""
            rows.append({**row, **_new(row, split, used, known, say)})
    into = {pair[1]: rows[pair[0]]["incident_id"] for pair in reversed(shared) if pair in same}
    rows += [
        {**row, **over}
        for then, row in enumerate(records(before))
        if then not in taken.values()
        and (over := _over(row, into.get(then, ""), known, say, aside, left_out))
    ]
    return table_of(rows)


def versions_then(before: Mapping[str, Any], configuration: Mapping[str, str]) -> dict[str, str]:
    """Return the detectors' versions of a run before, none where it went by other zones or
    thresholds: what is new of that time then is so by rules.

    Parameters
    ----------
    before
        Manifest of that run.
    configuration
        As a manifest has it, of now.
    """
    old, new = (
        {name: one for name, one in each.items() if name.startswith(("zones/", "detectors.yaml"))}
        for each in (before.get("configuration", {}), configuration)
    )
    return dict(before.get("detectors", {})) if old == new else {}


def table_of(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return `schemas.INCIDENTS` from one mapping per incident."""
    table = pd.DataFrame(rows, columns=list(INCIDENTS))
    for name in ("start", "end", "last_seen"):  # of no time at all pandas doesn't know the zone
        table[name] = pd.to_datetime(table[name], utc=True).astype(frames.TIME)
    return frames.conform(table, INCIDENTS)


def _shared(found: pd.DataFrame, before: pd.DataFrame, known: Known) -> list[tuple[int, int]]:
    """Return (row found, row known) that share events: most of them first, then the oldest."""
    row_of = {name: row for row, name in enumerate(before["incident_id"].tolist())}
    of_event = {event: row_of[i] for event, i in known.told_later.items() if i in row_of}
    of_event |= {
        event: row
        for row, text in reversed(list(enumerate(before["events"].tolist())))
        for event in text.split(";")
    }
    pairs = [
        (now, of_event[event])
        for now, text in enumerate(found["events"].tolist())
        for one in text.split(";")
        if (event := one if one in of_event else known.supersedes.get(one, "")) in of_event
    ]
    start = before["start"].tolist()
    keyed = [(-n, start[then], now, then) for (now, then), n in Counter(pairs).items()]
    return [(now, then) for _, _, now, then in sorted(keyed)]


def _one_story(
    found: pd.DataFrame, before: pd.DataFrame, pair: tuple[int, int], known: Known
) -> bool:
    """Tell whether what shares events tells one story: it is about the same vessel, or the leading
    event of one is of the other. A boat that lay beside a ship's visitor, and crossed two nights
    later, is no part of what the ship did.
    """
    now, then = found.iloc[pair[0]], before.iloc[pair[1]]
    new, old = (str(one["events"]).split(";") for one in (now, then))
    replaced = {known.supersedes.get(event, event) for event in new}
    # What a later window told of it is its own as well.
    own = {*old, *known.later.get(then["incident_id"], ())}
    leads = old[0] in {*new, *replaced} or {new[0], known.supersedes.get(new[0])} & own
    return bool(leads) or now["mmsi"] == then["mmsi"] != 0


def _again(
    found: pd.DataFrame, retracted: pd.DataFrame, known: Known, others: Collection[int]
) -> dict[int, str]:
    """Return under which id each row found, but for others, was told before it was retracted."""
    ids: dict[int, str] = {}
    for now, then in _shared(found, retracted, known):
        name = str(retracted["incident_id"].iloc[then])
        free = now not in others and now not in ids and name not in ids.values()
        if free and _one_story(found, retracted, (now, then), known):
            ids[now] = name
    return ids


def _new(
    row: Mapping[str, Any], split: str, used: set[str], known: Known, say: Say
) -> dict[str, Any]:
    seed = str(row["incident_id"])
    name = _hash(seed)
    while name in used:  # a part of an incident that goes on under the id that its event made
        seed += f"|{split}"
        name = _hash(seed)
    if split:
        news = say("split from incident {id}", id=split)
    elif known.by_rules.issuperset(str(row["events"]).split(";")):
        news = say("new because rules changed")
    else:
        news = say("new")
    return {"incident_id": name, "status": "created", "news": news}


def _hash(text: str) -> str:
    return hashlib.blake2b(f"incident|{text}".encode(), digest_size=8).hexdigest()


def _went_on(
    row: Mapping[str, Any],
    old: pd.Series,
    known: Known,
    say: Say,
    aside: Collection[str],
    listed: frozenset[str],
) -> dict[str, Any]:
    """Return id, status and news of an incident that was known before; `listed`: all events that
    this look tells.
    """
    now, then = (set(str(one["events"]).split(";")) for one in (row, old))
    later = known.later.get(old["incident_id"], set())
    fresh = len(now - then - later - known.supersedes.keys())
    standing = _standing(then, known, frozenset(aside), listed)
    lost = len(then - now - standing - set(known.supersedes.values()))
    told = {event for event in now if known.status.get(event) in ("created", "changed")}
    same = {"incident_id": old["incident_id"], "status": "unchanged", "news": ""}
    if later and not (fresh or lost or told):  # `old` is as a past span was seen again, no news
        return same
    # What an earlier window told, and this one doesn't see, isn't in the score; see `_standing`.
    unseen = ({*then - now} & known.told_before.keys()).difference(aside)
    # By another vessel it has another title, and what is answered leads nothing any more.
    anew = bool(unseen) and (row["mmsi"] != old["mmsi"] or not unseen.isdisjoint(known.closed))
    slight = known.weak.issuperset(told | (now - then)) and not _joined(row, old)
    kept = {}
    if unseen and slight and not (anew or lost):
        kept = {name: old[name] for name in _WHOLE}
        if not (fresh or told or now - then):
            return {**kept, **same}
        replaced = {known.supersedes.get(event, "") for event in now}
        stay = [event for event in str(old["events"]).split(";") if event not in replaced]
        come = [event for event in str(row["events"]).split(";") if event not in then]
        kept["events"] = ";".join([*stay, *come])
    news = news_of(row, old, fresh, lost, say)
    step = float(str(row["score"])) - float(old["score"])
    weighed = anew or not unseen
    if abs(step) >= SCORE_STEP and weighed and then.isdisjoint(known.told_after):
        news.append(say("score {before:.2f} to {now:.2f}", before=old["score"], now=row["score"]))
    if not (news or now - then or told or anew):
        return same
    if not news:  # a stay that grew, a distance measured anew, an event taken over
        news.append(say("it went on") if pd.isna(row["end"]) else say("details changed"))
    return {**kept, **same, "status": "changed", "news": ", ".join(news)}


def _joined(row: Mapping[str, Any], old: pd.Series | Mapping[str, Any]) -> int:
    return len(vessels_in(row["vessels"]) - vessels_in(old["vessels"]))


def _standing(
    then: set[str], known: Known, aside: frozenset[str], listed: frozenset[str]
) -> set[str]:
    """Return events that aren't lost though this look finds none of them: what another window told
    holds as long as it stands, with what it ties to it that no other incident has. A stay at a
    berth that grows by a night is no lead, and none is lost by it.
    """
    stands = {e for e in known.elsewhere.keys() - aside if known.status.get(e) != "retracted"}
    if then.isdisjoint(stands):
        return stands
    tied = {e: known.status.get(e) for e in then - aside - listed}
    grown = {e for e in known.weak if tied.get(e) == "changed"}
    return stands | grown | {e for e, status in tied.items() if status == SAME}


def news_of(
    row: Mapping[str, Any], old: pd.Series | Mapping[str, Any], fresh: int, lost: int, say: Say
) -> list[str]:
    """Return what became of an incident's events and vessels.

    `fresh`, `lost`: how many events came, and how many were split off, retracted or left out.
    """
    news = []
    if fresh:
        news.append(say("1 more event") if fresh == 1 else say("{n} more events", n=fresh))
    if lost:
        news.append(say("1 event fewer") if lost == 1 else say("{n} events fewer", n=lost))
    if joined := _joined(row, old):
        news.append(say("1 more vessel") if joined == 1 else say("{n} more vessels", n=joined))
    if pd.isna(old["end"]) and not pd.isna(row["end"]):
        news.append(say("it ended"))
    return news


def _over(
    row: Mapping[str, Any],
    into: str,
    known: Known,
    say: Say,
    aside: Collection[str],
    left_out: Collection[int],
) -> dict[str, Any] | None:
    """Return what is over of a known incident; none where this look wasn't about it."""
    if into:
        news = say("part of incident {id} now", id=into)
        return {"rank": 0, "status": "merged", "merged_into": into, "news": news}
    ids = str(row["events"]).split(";")
    looked_at = [known.status[e] for e in ids if e in known.status]
    if not looked_at or "not_assessed" in looked_at:
        return None
    # What was told in another window doesn't count in this one, and holds as long as it stands.
    if any(known.elsewhere.get(e) and known.status.get(e) != "retracted" for e in ids):
        return None
    of_before = all(e in known.told_before for e in ids)
    of_later = any(e in known.told_after for e in ids)
    if (of_before or of_later) and all(known.status.get(e, SAME) == SAME for e in ids):
        return None
    if all(status == "retracted" for status in looked_at):
        news = say("its events were retracted")
    elif not set(ids).isdisjoint(aside):
        news = say("it is set aside: by a conclusion, as an own vessel's, or as false positions")
    elif not vessels_in(row["vessels"]).isdisjoint(left_out):
        news = say("others weigh more, and the night's list is full")
    else:
        news = say("it no longer scores enough")
    return {"rank": 0, "status": "retracted", "news": news}


def vessels_in(vessels: str) -> set[int]:
    """Return the numbers of an incident's vessels, from the column that tells their roles."""
    return {int(one[:9]) for one in vessels.split(" | ") if one}
