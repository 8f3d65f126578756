"""What stands beside an incident: where its vessel is now, and what its score is made of."""

import json
import math
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from detectors.core.telling import Say, plain, told
from pipelines.assess.incidents.first import HEARD_H
from pipelines.assess.incidents.silences import of_one_silence
from pipelines.assess.incidents.titles import STAYS, excused
from pipelines.assess.scoring import SILENCE
from pipelines.base.text import LOCAL, day_and_hour, position_text

PARTS: Final[Mapping[str, str]] = {
    "anchoring": "anchoring",
    "crossing": "crossing",
    "encounter": "meeting",
    "gap": "silence",
    "geofence": "area",
    "history": "history",
    "identity": "identity",
    "identity hand_over": "changed number",
    "loitering": "loitering",
    "mother_ship": "mother ship",
    "outlier": "unusual way",
    "possible_meeting": "possible meeting",
    "spoofing": "false positions",
    "unmatched_sighting": "sighting without AIS",
    "watch_area": "watched area",
    "watch-list": "watch-list",
}
"""What a part of a score is called, by kind, by kind and subkind, or by what it is else."""


SAME_SCORE: Final = 0.001
"""Scores that differ by less are one score, rounded here and there."""


def part(kind: str, score: float, before: float, why: str) -> dict[str, Any]:
    """Return a part of a score as `schemas.INCIDENTS` has it in `made_of`.

    >>> part("gap", 0.42, 0.7, "coverage")
    {'kind': 'gap', 'score': 0.42, 'before': 0.7, 'why': 'coverage'}
    """
    name, _, subkind = kind.partition(" ")
    named = {"kind": name, "subkind": subkind} if subkind else {"kind": name}
    lowered = {"before": round(before, 4), "why": why} if why else {}
    return {**named, "score": round(score, 4), **lowered}


def made_of(
    text: str, say: Say = plain, names: Mapping[str, str] | None = None, *, whole: bool = False
) -> str:
    """Put into words what a score is made of; empty where it is one event, and as it was found.

    Parameters
    ----------
    text
        As `schemas.INCIDENTS` has it.
    names
        Innocent reasons by their English name, in the language.
    whole
        Name the one event, too.
    """
    parts = json.loads(text or "[]")  # a pack may go without
    said = [_lowered(one, say, names or {}) for one in parts]
    if len(said) < 2 and not whole:
        return "".join(why for _, why in said)
    all_of_it = ", ".join(f"{amount} ({why})" if why else amount for amount, why in said)
    if any(one.get("same") for one in parts):
        return all_of_it + say("; the silence and the changed number rest on the same silence")
    return all_of_it


def _lowered(one: Mapping[str, Any], say: Say, names: Mapping[str, str]) -> tuple[str, str]:
    """Return a part with its score, and what lowered it."""
    kind, why = str(one["kind"]), one.get("why")
    word = PARTS.get(f"{kind} {one.get('subkind', '')}") or PARTS.get(kind)
    amount = f"{say(word) if word else kind} {one['score']:.2f}"
    full = f"{one['voluntary']:.2f}" if "voluntary" in one else ""
    if not why:
        said = say("lowered from {before}, as class B need not send AIS", before=full)
        return amount, said if full else ""
    about = {"before": f"{one['before']:.2f}", "why": names.get(why, why)}
    if not full:
        return amount, say("lowered from {before} by: {why}", **about)
    return amount, say(
        "lowered from {before} to {full} by: {why}; further, as class B need not send AIS",
        full=full,
        **about,
    )


def with_events(text: str, events: pd.DataFrame, mmsi: int) -> str:
    """Return what a score is made of with what its events tell beside it.

    That is what its silences came to before they counted less, as those of craft that need not
    carry AIS do; and whether a changed number rests on the same silence.

    Parameters
    ----------
    text
        As `schemas.INCIDENTS` has it.
    events
        `events.EVENTS` of the incident, as far as they are known.
    mmsi
        Whose score it is.
    """
    parts = json.loads(text or "[]")  # a pack may go without
    kinds = {one["kind"] for one in parts}
    for one in parts:
        if one["kind"] in SILENCE:
            of_kind = events[events["kind"] == one["kind"]]
            own = (of_kind["mmsi"] == mmsi) | (of_kind["other_mmsi"] == mmsi)
            scores = of_kind["score"][own].tolist()
            whole = of_kind["score"].tolist()  # or another's in it
            same = any(abs(score - one["score"]) < SAME_SCORE for score in whole)
            if scores and not same and max(scores) > one["score"]:
                one["voluntary"] = max(scores)
        elif one.get("subkind") == "hand_over" and "gap" in kinds:
            one["same"] = _same_silence(events)
    return json.dumps(parts)


def with_parts(incidents: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Return `schemas.INCIDENTS` with what their events tell of their scores, see `with_events`."""
    of = events.set_index("event_id", drop=False)
    rows = incidents[["made_of", "events", "mmsi"]].itertuples(index=False, name=None)
    told_of = [
        with_events(str(text), of.loc[[k for k in ids.split(";") if k in of.index]], int(mmsi))
        for text, ids, mmsi in rows
    ]
    return incidents.assign(made_of=pd.Series(told_of, incidents.index, dtype="str"))


def as_led(incidents: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Return incidents with led_start and led_end, when their leading event was, which their title
    tells; from first to last where it isn't among `events`. A boat that lay for two days and then
    crossed is told of by the crossing: "at 01:40" is of that night.
    """
    of = events.drop_duplicates("event_id").set_index("event_id")[["start", "end"]]
    ids = [str(joined).split(";")[0] for joined in incidents["events"]]
    led = of.reindex(ids).set_axis(incidents.index)
    known = led["start"].notna()
    return incidents.assign(
        led_start=led["start"].where(known, incidents["start"]),
        led_end=led["end"].where(known, incidents["end"]),
    )


def story(incident: Mapping[Any, Any], events: pd.DataFrame) -> pd.DataFrame:
    """Return what of an incident's events is its story: all but where a boat lay before and after,
    and what an innocent reason fits; the leading one in any case.
    """
    lead = str(incident["events"]).split(";")[0]
    tells = [row.kind not in STAYS and not excused(row) for row in told(events)]
    found = events[pd.Series(tells, events.index, dtype=bool) | (events["event_id"] == lead)]
    return events if found.empty else found


def shown_span(events: pd.DataFrame) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return from when to when events are shown: an hour before and after; of what goes on, half a
    day, though others ended sooner.
    """
    around, goes_on = pd.Timedelta(hours=1), pd.Timedelta(hours=12)
    ends = (events["end"] + around).fillna(events["start"] + goes_on)
    return events["start"].min() - around, ends.max()


def _same_silence(events: pd.DataFrame) -> bool:
    rows = told(events[events["kind"].isin(["gap", "identity"])])
    return any(of_one_silence(change, gap) for change in rows for gap in rows)


def whereabouts(row: Mapping[Any, Any], end: pd.Timestamp | None, say: Say = plain) -> str:
    """Say where the vessel that an incident is about was heard last, and when; empty for none.

    Parameters
    ----------
    row
        Of `schemas.INCIDENTS`.
    end
        The end of the look that told it; None where that isn't known.
    """
    time, where = row["last_seen"], spot(row)
    if not where:
        return ""
    if end is None:
        at = day_and_hour(time.tz_convert(LOCAL), say)
        return say("{where}, at {time} MYT", where=where, time=at)
    local = time.tz_convert(LOCAL)
    minutes, at = max((end - time).total_seconds() / 60, 0.0), f"{local:%H:%M}"
    if round(minutes) == 0:
        return say("{where}, at {time} MYT, as the look ended", where=where, time=at)
    if minutes <= HEARD_H * 60:
        return say(
            "{where}, at {time} MYT, {minutes:.0f} min before the look ended",
            where=where,
            time=at,
            minutes=minutes,
        )
    another_day = local.date() != end.tz_convert(LOCAL).date()
    return say(
        "{where}, at {time} MYT, {hours:.1f} h before the look ended",
        where=where,
        time=day_and_hour(local, say) if another_day else at,
        hours=minutes / 60,
    )


def spot(row: Mapping[Any, Any]) -> str:
    """Return where that was, and how it went there, without when; empty for none."""
    if any(pd.isna(row[name]) for name in ("last_seen", "last_lat", "last_lon")):
        return ""
    where = position_text(row["last_lat"], row["last_lon"])
    way = way_of(row["last_sog_kn"], row["last_cog_deg"])
    return f"{where}, {way}" if way else where


def way_of(sog_kn: float, cog_deg: float) -> str:
    """Return how fast it went, and where to if it did; empty where that isn't known."""
    if math.isnan(sog_kn):
        return ""
    course = "" if math.isnan(cog_deg) or sog_kn < 1 else f" {round(cog_deg) % 360:03d}°"
    return f"{sog_kn:.0f} kn{course}"
