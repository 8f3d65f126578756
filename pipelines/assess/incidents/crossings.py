"""Of a boat that crossed: at which coast and when, whether it turned off it, or went both ways."""

from collections.abc import Iterator, Sequence
from typing import Final

import pandas as pd

from detectors.core.evidence import Evidence
from detectors.core.telling import Say, Told, state
from detectors.hypotheses.crossing import GONE_OVER, came_ashore_first, turned_off
from detectors.kinematics.geodesy import METRES_PER_NM, distance_m
from pipelines.assess.incidents.silences import TOGETHER_M
from pipelines.base.text import LOCAL, day_and_hour

NEAR: Final = "near"
DAY: Final = pd.Timedelta(days=1)
ASHORE: Final = ("shore", NEAR)
"""How a crossing ended that came to a coast."""
OFF_M: Final = METRES_PER_NM / 4
"""Who came no nearer to a coast than this wasn't at it, as far as that was heard. A judgement."""


def ours_first(rows: Sequence[Told], counts: Sequence[bool], lead: int, own_coast: str) -> int:
    """Return the place of the event to tell an incident by that is told by one of some (`lead`): of
    a boat that went there and back the run to a coast of one's own, where whom it carries would
    land, whichever way scores more.

    Parameters
    ----------
    counts
        Whether each counts beside the strongest.
    own_coast
        Whose coast, as `to_state` names it; empty for none.
    """
    told = rows[lead]
    if told.kind != "crossing" or not own_coast or told.evidence.get("to_state") == own_coast:
        return lead
    back = (
        place
        for place, one in enumerate(rows)
        if counts[place] and one.evidence.get("to_state") == own_coast and the_other_way(one, told)
    )
    return next(back, lead)


def where_and_when(
    lead: Told,
    rows: Sequence[Told],
    now: pd.Timestamp,
    say: Say,
    *,
    under_way: bool,
    landed: bool,
) -> str:
    """Say at which coasts the boat that an incident is told by was, and when, and when it can be
    at which, on its way there; as far as its reader may know.

    Parameters
    ----------
    now
        The end of what was looked at: of what is a day ago, or more, the day is told, too.
    under_way, landed
        Whether the one or the other is to be told: what to do next rests on it.
    """
    own = [one for one in rows if one.kind == "crossing" and one.mmsi == lead.mmsi]
    shores = [lead, *(one for one in own if the_other_way(one, lead))]
    told = sorted(found for one in shores if landed for found in _came_ashore(one))
    said = [_at_clock(say, coast, time, now) + _off(say, off_m) for time, coast, off_m in told]
    expected = max((found for one in own if (found := _expected(one)) is not None), default=None)
    text = say("; it was at the coast of {shores}", shores=", ".join(said)) if said else ""
    if landed and (before := _may_have_come(lead)) is not None:
        time, coast = before
        shore = _at_clock(say, coast, time, now)
        text += say("; it may have been at the coast of {shore} or before", shore=shore)
    if under_way and expected is not None:
        time, coast = expected
        text += say("; it can be at the coast of {shore}", shore=_at_clock(say, coast, time, now))
    return text


def _at_clock(say: Say, coast: str, time: pd.Timestamp, now: pd.Timestamp) -> str:
    at = time.tz_convert(LOCAL)
    clock = f"{at:%H:%M}" if now - time < DAY else day_and_hour(at, say)
    return say("{state} {time} MYT", state=state(coast, say), time=clock)


def _off(say: Say, off_m: float) -> str:
    """Say how far off a coast it was that it was at: within a quarter of a mile nobody asks."""
    if off_m < OFF_M:
        return ""
    return say(" ({nm:.1f} nm off)", nm=off_m / METRES_PER_NM)


def _came_ashore(row: Told) -> Iterator[tuple[pd.Timestamp, str, float]]:
    """Yield when a boat came to which coast, and how near as far as that was heard, where it may be
    known.
    """
    stated, coast = row.evidence, row.evidence.get("to_state")
    if both_shores(stated):
        yield pd.Timestamp(str(stated["left_time"])), str(stated["from_state"]), 0.0
    if not came_over(row.subkind, stated) or place_of(stated) is None or _turned_off(row):
        return
    time = time_of(stated)
    if time is not None and coast:
        heard_off = stated.get("ended") == NEAR and place_named(stated, "ashore") is None
        yield time, str(coast), float(stated.get("arrival_coast_m") or 0.0) if heard_off else 0.0


def _may_have_come(row: Told) -> tuple[pd.Timestamp, str] | None:
    """Return off which coast a boat that had come over was heard, and when, as it went back, where
    it had the time to be ashore before; None where that isn't so, or may not be known.
    """
    stated = row.evidence
    chance, time = (stated.get(name) for name in ("start_ashore_probability", "left_time"))
    if chance is None or chance < GONE_OVER or time is None or not turned_off(stated, "start"):
        return None
    coast, place = stated.get("from_state"), place_named(stated, "left")
    return (pd.Timestamp(str(time)), str(coast)) if coast and place is not None else None


def both_shores(evidence: Evidence) -> bool:
    """Tell whether a crossing was there and back in one run, and to both shores, as far as its
    reader may know.
    """
    known = evidence.get("left_time"), evidence.get("from_state"), place_named(evidence, "left")
    return None not in known and came_ashore_first(evidence)


def _expected(row: Told) -> tuple[pd.Timestamp, str] | None:
    """Return when a boat heard last on its way can be at which coast, at its speed."""
    stated, coast = row.evidence, row.evidence.get("to_state")
    if came_over(row.subkind, stated) or place_of(stated) is None:
        return None
    names = ("arrival_time", "arrival_coast_m", "mean_speed_kn")
    time, off_m, speed_kn = (stated.get(name) for name in names)
    if not coast or time is None or off_m is None or not speed_kn:
        return None
    hours = float(off_m) / METRES_PER_NM / float(speed_kn)
    return pd.Timestamp(str(time)) + pd.Timedelta(hours=hours), str(coast)


def came_over(subkind: str, evidence: Evidence) -> bool:
    """Tell whether a boat that crossed was heard to come to a coast, and isn't still on its way."""
    return subkind == "half" or evidence.get("ended") in ASHORE


def time_of(evidence: Evidence) -> pd.Timestamp | None:
    """Return when a boat that crossed was where `place_of` says."""
    times = (evidence.get(f"{name}_time") for name in ("ashore", "arrival", "landing"))
    return next((pd.Timestamp(str(one)) for one in times if one is not None), None)


def place_of(evidence: Evidence) -> tuple[float, float] | None:
    """Return where a boat that crossed came nearest to the coast it made for, or to its shore after
    a stop off it, or landed.
    """
    for name in ("arrival", "landing"):
        place = place_named(evidence, name)
        if place is not None:
            return (place_named(evidence, "ashore") if name == "arrival" else None) or place
    return None


def place_named(evidence: Evidence, name: str) -> tuple[float, float] | None:
    """Return one of the places that evidence names; who gets a pack may not get either axis."""
    lat, lon = (evidence.get(f"{name}_{axis}") for axis in ("lat", "lon"))
    return None if lat is None or lon is None else (float(lat), float(lon))


def marked_at(evidence: Evidence, lat: float, lon: float) -> tuple[float, float]:
    """Return the place that an event is shown at: of a crossing where it came nearest to the coast
    it made for, or landed, else where the event was.
    """
    return place_of(evidence) or (lat, lon)


def turned_back(lead: Told, rows: Sequence[Told]) -> bool:
    """Tell whether a boat that came over is known to have turned off that coast, and to have come
    to it by no other event.
    """
    coast = _turned_off(lead) if lead.kind == "crossing" else ""
    if not coast:
        return False
    others = (one for one in rows if one.kind == "crossing" and one.mmsi == lead.mmsi)
    return not any(
        one.evidence.get("to_state") == coast and _may_have_landed(one) and not _turned_off(one)
        for one in others
    )


def _turned_off(row: Told) -> str:
    """Return the coast that a boat only came near, and turned about there; empty if none. Who
    turned at the very shore may have landed, and who wasn't heard there for long enough to, or came
    ashore after a stop (`GONE_OVER`).
    """
    stated = row.evidence
    for end, coast in (("start", "from_state"), ("end", "to_state")):
        if turned_off(stated, end):
            chance = float(stated.get(f"{end}_ashore_probability") or 0)
            ashore = end == "end" and any(stated.get(f"ashore_{one}") for one in ("lat", "time"))
            return "" if ashore or chance >= GONE_OVER else str(stated.get(coast) or "")
    return ""


def _may_have_landed(row: Told) -> bool:
    """Tell whether a boat came to the coast that it made for, or had the time to, unheard."""
    came = row.evidence.get("ended") in ASHORE
    return came or float(row.evidence.get("end_ashore_probability") or 0) >= GONE_OVER


def the_other_way(row: Told, lead: Told) -> bool:
    """Tell whether a boat that crossed came to the coast that it left, too, by another event."""
    if not (row.kind == lead.kind == "crossing" and row.mmsi == lead.mmsi):
        return False
    came = all(one.evidence.get("ended") in ASHORE for one in (row, lead))
    if not came or "half" in (row.subkind, lead.subkind):
        return False  # out to the middle and back it came to one coast
    there, back = lead.evidence, row.evidence
    known = place_of(there) is not None and place_of(back) is not None
    ways = there.get("from_state"), there.get("to_state")
    return known and None not in ways and ways == (back.get("to_state"), back.get("from_state"))


def lay_before(
    rows: Sequence[Told], lead: Told, stays: Sequence[str]
) -> tuple[Told, pd.Timestamp] | None:
    """Return where a boat that crossed lay last before it, and until when, if that was elsewhere
    than where it set out from the coast that it left: among events of the kinds that are `stays`.
    A stay has an innocent reason by itself; the way from it is the story.
    """
    left, place = lead.evidence.get("left_time"), place_named(lead.evidence, "left")
    if left is None or place is None:
        return None
    until, stay = max(
        (
            (row.end, row)
            for row in rows
            if row.kind in stays
            and row.mmsi == lead.mmsi
            and row.end is not None
            and row.end <= pd.Timestamp(str(left))
        ),
        key=lambda one: one[0],
        default=(None, None),
    )
    if until is None or stay is None:
        return None
    return (stay, until) if float(distance_m(stay.lat, stay.lon, *place)) > TOGETHER_M else None
