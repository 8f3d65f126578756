"""What happened in an incident, in a sentence: the leading event, the next one, how many ships."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from detectors.core.telling import Say, Told, place_and_time, state
from detectors.kinematics.integrity.verdicts import not_a_vessel
from detectors.vessels.numbers import BAD_FORM, BAD_MID, mmsi_kind
from pipelines.assess.incidents.crossings import (
    ASHORE,
    both_shores,
    came_over,
    lay_before,
    place_of,
    the_other_way,
)
from pipelines.assess.incidents.plots import Way, way_of
from pipelines.assess.incidents.silences import Silent, numbers_of, of_one_silence, unlikely
from pipelines.assess.reasons import Teller
from pipelines.assess.scoring import EXPLAINED_WEIGHT, FAMILIES, MIN_PART_SCORE

IN_THE_SENTENCE: Final = ("visitor", "positions copied")
"""Roles of vessels that the sentence of the leading event counts or names itself."""

STAYS: Final = ("anchoring", "loitering")
"""Kinds that tell where one lay: before a crossing, from where the boat had come."""

AS_ONE: Final = "two_numbers"
"""The subkind of identity that says that two numbers sail as one (30 m apart for two hours)."""
MANY: Final = 6
"""So many numbers that sail as one are hardly hulls: one has two sets, a tow three or four, though
lamp boats go in longer strings."""

_VISITED: Final = ("mother_ship", "visited")


def title(
    rows: list[Told],
    scores: list[float],
    lead: Told,
    roles: Mapping[int, str],
    main: int,
    silent: Sequence[Silent],
    teller: Teller,
) -> str:
    """Say what happened: the leading event, what else its vessel did, and who else is in it.

    Parameters
    ----------
    rows, scores
        Events of the incident, the strongest first.
    silent
        Who else, not in it, fell silent where and when the leading event's vessel did, and how far
        off, the nearest first.
    """
    roads = len(roles) > 2 and lead.kind == "anchoring" and {*roles.values()} == {"anchored"}
    lay = lay_before(rows, lead, STAYS) if lead.kind == "crossing" else None
    second = _next(rows, scores, lead, main, roles, without=STAYS if lay else ())
    also = _briefly(second, lead, main, teller) if second else ""
    came = second is not None and second.start < lead.start and the_other_way(second, lead)
    before = _came_from(*lay, teller, told=came or both_shores(lead.evidence)) if lay else ""
    way = None if main else way_of(rows)
    clauses = [
        _began(lead, main, len(roles) - 1 if roads else 0, teller),
        "" if came else before,
        _visited_too(rows, lead, main, teller),
        _went_on(rows, roles, main, teller) if lead.kind == "mother_ship" else "",
        also,
        before if came else "",
        _went(way, rows, teller) if way else "",
        _fell_silent(silent, teller) if silent else "",
    ]
    text = "; ".join(filter(None, clauses))
    if roads:
        return text
    named = {main, lead.partner_of(main)}
    if second and also:
        named |= {second.mmsi, second.other_mmsi}
    # Three hulls that met, with two numbers each, are not six as one.
    n_as_one = max(len(numbers_of(m, rows, AS_ONE)) for m in (lead.mmsi, lead.other_mmsi))
    return text + _with(roles, named, n_as_one, lead, teller)


def _began(lead: Told, main: int, n_near: int, teller: Teller) -> str:
    """Say who did what; how many near by did too comes first: a list shows the beginning alone."""
    told = teller.sentence(lead, main)
    if not main:
        return told
    name = teller.name(main) if lead.subkind == "invalid_mmsi" else _named(main, teller)
    if n_near == 1:
        name = teller.say("{name} and 1 other near by", name=name)
    elif n_near:
        name = teller.say("{name} and {n} others near by", name=name, n=n_near)
    return f"{name}: {told}"


def _next(
    rows: list[Told],
    scores: list[float],
    lead: Told,
    main: int,
    roles: Collection[int],
    without: Sequence[str],
) -> Told | None:
    """Return what else the leading event's vessel did, the strongest of it; nothing of the kinds
    that are told already, nor whom it only lay beside at a berth (`roles`: who is in it).
    """
    hull = {main, lead.partner_of(main)} if lead.subkind == "hand_over" else {main}
    for row, score in zip(rows, scores, strict=True):
        if row is lead or score < MIN_PART_SCORE or not {row.mmsi, row.other_mmsi} & (hull - {0}):
            continue
        if row.kind in without or row.subkind == "invalid_mmsi":  # is said where it is named
            continue
        if excused(row) and row.partner_of(main) not in roles:  # who is in it is said in any case
            continue
        if _is_more(row, lead):
            return row
    return None


def _is_more(row: Told, lead: Told) -> bool:
    """Tell whether an event says more than the leading one: of another family, or of a meeting."""
    family = FAMILIES.get(row.kind)
    if family is None or family != FAMILIES.get(lead.kind):
        return True
    return row.kind == "possible_meeting" or _of_the_same_two(row, lead)


def _with(
    roles: Mapping[int, str], named: set[int], n_as_one: int, lead: Told, teller: Teller
) -> str:
    """Say who is in it that no clause names or counts."""
    counted = IN_THE_SENTENCE if lead.kind in ("mother_ship", "spoofing") else ()
    if n_as_one >= MANY:
        return teller.say(
            ". At least {n} numbers sailed as one: one transmitter sends them, or boats in tow",
            n=n_as_one,
        )
    rest = [mmsi for mmsi, role in roles.items() if mmsi not in named and role not in counted]
    if not rest:
        return ""
    if len(rest) > 1:
        return teller.say(". With {n} other vessels", n=len(rest))
    who = f"{teller.name(rest[0])} ({teller.say(roles[rest[0]])})"
    return teller.say(". With {names}", names=who)


def excused(row: Told) -> bool:
    """Tell whether an innocent reason for an event is at least as likely as not."""
    explained = row.evidence.explained
    return explained is not None and explained.weight >= EXPLAINED_WEIGHT


def _came_from(stay: Told, until: pd.Timestamp, teller: Teller, *, told: bool) -> str:
    """Say from where a boat had come to the coast that it left; only that it lay there where it is
    `told` that it came over.
    """
    lay = {
        "place": teller.place(stay.lat, stay.lon),
        "duration": teller.duration(stay.start, until),
        "time": teller.clock(until),
    }
    if told:
        return teller.say("before that it lay {duration}, {place}, until {time}", **lay)
    return teller.say(
        "before that it had come from {place}, where it lay {duration}, until {time}", **lay
    )


def _visited_too(rows: list[Told], lead: Told, main: int, teller: Teller) -> str:
    """Say how often else a mother ship was visited, who waits for two nights or more."""
    if lead.kind != "mother_ship" or lead.subkind != "visited":
        return ""
    others = [
        row
        for row in rows
        if row is not lead and (row.kind, row.subkind, row.mmsi) == (*_VISITED, main)
    ]
    counts = [int(row.evidence.get("n_visits") or 0) for row in others]
    if not sum(counts):
        return ""
    if all(row.start < lead.start for row in others):
        return teller.say("before that visited {n} times", n=sum(counts))
    if all(row.start > lead.start for row in others):
        return teller.say("later visited {n} times", n=sum(counts))
    return teller.say("before and after that visited {n} times", n=sum(counts))


def _went_on(rows: list[Told], roles: Mapping[int, str], main: int, teller: Teller) -> str:
    """Say how many of a mother ship's visitors came to which coast after they were with her."""
    met = {
        row.partner_of(main): row.start
        for row in rows
        if row.kind == "encounter" and main in (row.mmsi, row.other_mmsi)
    }
    went = dict(_landings(rows, met, roles))
    if not went:
        return ""
    n, states = len(went), set(went.values())
    if len(states) > 1:
        return teller.say("{n} of them came to a coast afterwards", n=n)
    coast = state(states.pop(), teller.say)
    if n == 1:
        return teller.say("one of them came to {state} afterwards", state=coast)
    return teller.say("{n} of them came to {state} afterwards", n=n, state=coast)


def _fell_silent(silent: Sequence[Silent], teller: Teller) -> str:
    """Say who else fell silent then and there."""
    first, *others = silent
    about = {"other": teller.name(first.mmsi), "far": teller.distance(first.off_m)}
    if others:
        return teller.say(
            "{other}, {far} off, and {n} more fell silent with it", n=len(others), **about
        )
    return teller.say("{other}, {far} off, fell silent with it", **about)


def _landings(
    rows: list[Told], met: Mapping[int, pd.Timestamp], roles: Mapping[int, str]
) -> Iterator[tuple[int, str]]:
    """Yield each visitor that came to a coast after it was met, and that coast's state."""
    for row in rows:
        visited = roles.get(row.mmsi) == "visitor" and row.mmsi in met and row.kind == "crossing"
        if not visited or row.evidence.get("ended") not in ASHORE or excused(row):
            continue
        if row.end is not None and row.end > met[row.mmsi] and row.evidence.get("to_state"):
            yield row.mmsi, str(row.evidence["to_state"])


def without_number(title: str, mmsi: int, say: Say) -> str:
    """Return a title without the words that a vessel's number can't be one, where room is short."""
    for named in (True, False):
        title = title.replace(_no_number(mmsi, say, named=named), "")
    return title


def _no_number(mmsi: int, say: Say, *, named: bool) -> str:
    """Say that a number can't be a ship's: the number too where the vessel isn't named by it."""
    if not named:
        return say(" (not a ship's number)")
    return say(" (number {mmsi:09d} can't be a ship's)", mmsi=mmsi)


def _named(mmsi: int, teller: Teller) -> str:
    """Return a vessel's name; with its number where that can't be one, which a name that is the
    number says already. That of a handheld set or of a ship's boat can.
    """
    name = teller.name(mmsi)
    number = np.array([mmsi])
    if mmsi_kind(number)[0] in (BAD_FORM, BAD_MID) or not_a_vessel(number)[0]:
        return name + _no_number(mmsi, teller.say, named=f"MMSI {mmsi:09d}" not in name)
    return name


def lay_still(row: Told) -> bool:
    """Tell whether a loitering is told as lying still: by the rule that its sentence goes by."""
    from detectors.loitering import detector  # reads import this module

    return detector.lay_still(row.evidence)


def _drifted(row: Told) -> bool:
    """Tell whether a loitering is told as drifting, likewise."""
    from detectors.loitering import detector  # reads import this module

    return detector.drifted(row.evidence)


def _briefly(row: Told, lead: Told, main: int, teller: Teller) -> str:
    """Return in few words what else happened; empty where there are none for it."""
    say = teller.say
    duration, where = teller.duration(row.start, row.seen_until), teller.place(row.lat, row.lon)
    place = "" if where == teller.place(lead.lat, lead.lon) else f", {where}"
    other = row.partner_of(main)
    met = {"other": teller.name(other) if other else "", "duration": duration, "place": place}
    match row.kind:
        case "crossing" if row.subkind == "half":
            return say("also landed away from any port")
        case "crossing":
            return _crossed(row, lead, teller)
        case "gap" if of_one_silence(lead, row):
            return say("the same silence under its old number: {duration}", duration=duration)
        case "identity" if of_one_silence(row, lead):
            return say("in the same silence its number changed")
        case "gap" if main not in (row.mmsi, row.other_mmsi):
            return say("also silent {duration} under its old number", duration=duration)
        case "gap" if row.end is None:
            return say("also silent for {duration} by now{place}", duration=duration, place=place)
        case "gap":
            return say("also silent {duration}{place}", duration=duration, place=place)
        case "anchoring":
            return say("also lay at anchor {duration}{place}", duration=duration, place=place)
        case "loitering" if lay_still(row):
            return say("also lay still {duration}{place}", duration=duration, place=place)
        case "loitering" if _drifted(row):
            return say("also drifted {duration}{place}", duration=duration, place=place)
        case "loitering":
            return say("also moved slowly {duration}{place}", duration=duration, place=place)
        case "encounter" if not _of_the_same_two(row, lead):
            return say("also met {other} for {duration}{place}", **met)
        case "encounter" if row.start < lead.start:
            return say("before that they had met for {duration}{place}", **met)
        case "encounter":
            return say("met again for {duration}{place}", **met)
        case "mother_ship":
            return say("also waited {duration} within reach of boats{place}", **met)
        case "possible_meeting":
            return _could_have_met(row, met, say)
        case "spoofing" if lead.kind == "gap" and row.mmsi == lead.mmsi and _at_once(row, lead):
            # "Sent nothing", said of who sends what isn't believed, isn't so.
            from detectors.gap.set_aside import SENDING  # geometry: not for who tells no silence

            if (lead.evidence.get("n_false_meanwhile") or 0) >= SENDING:
                return ""  # the sentence of the silence says so
            return say("but sent false positions meanwhile, for {duration}", duration=duration)
        case "spoofing":
            return say("also false positions for {duration}", duration=duration)
        case "unmatched_sighting":
            return say("also something without AIS was seen near it{place}", place=place)
        case "identity" if row.subkind == "hand_over":
            return say("also its number changed{place}", place=place)
        case "identity":
            return say("also what it says of itself doesn't agree")
        case "outlier":
            return say("also on an unusual way{place}", place=place)
        case _:
            return ""


def _at_once(one: Told, other: Told) -> bool:
    """Tell whether two events were at the same time, if only in part."""
    first, second = sorted((one, other), key=lambda told: told.start)
    return first.end is None or second.start < first.end


def _went(way: Way, rows: list[Told], teller: Teller) -> str:
    """Say how often something was seen by now, and how it went."""
    n, time, say = way.n, teller.clock(min(row.start for row in rows)), teller.say
    if round(way.sog_kn) == 0:  # of no speed there is no course
        return say("seen {n} times since {time}, hardly moving", n=n, time=time)
    return say(
        "seen {n} times since {time}, making {speed:.0f} kn on {course:03.0f}°",
        n=n,
        time=time,
        speed=way.sog_kn,
        course=round(way.cog_deg) % 360,
    )


def _of_the_same_two(row: Told, lead: Told) -> bool:
    meetings = row.kind == lead.kind == "encounter"
    return meetings and {row.mmsi, row.other_mmsi} == {lead.mmsi, lead.other_mmsi}


def _could_have_met(row: Told, met: Mapping[str, str], say: Say) -> str:
    """Return in few words whom it could have met, and how likely it did."""
    chance = row.evidence.get("alongside_probability")
    if chance is None:
        return say("also could have met {other}{place}", **met)
    return say(
        "also could have met {other}{place} (chance {chance:.0f} %)", chance=100 * chance, **met
    )


def _crossed(row: Told, lead: Told, teller: Teller) -> str:
    """Return in few words that it crossed too, or went back."""
    stated, say = row.evidence, teller.say
    if stated.get("to_state") is None:
        return ""
    whole = lead.subkind == "half" and place_of(lead.evidence) is not None  # not for every reader
    over = lead.end if whole else None
    if over is not None and row.start < over and row.end is not None and lead.start < row.end:
        return ""  # the voyage that the leading event tells whole, from half-way on
    to, where = state(str(stated["to_state"]), teller.say), teller.place(row.lat, row.lon)
    if all(stated.get(f"arrival_{name}") is not None for name in ("lat", "lon", "time")):
        where = place_and_time(stated, "arrival", teller)
    way = lead.kind == "crossing" and lead.evidence.get("from_state") == stated["to_state"]
    if way and came_over(row.subkind, stated):
        if row.start < lead.start:
            return say("before that it had crossed to {state}, {place}", state=to, place=where)
        return say("then back to {state}, {place}", state=to, place=where)
    if way and row.start >= lead.start:  # on its way there in its last reports
        return say("then back towards {state}, {place}", state=to, place=where)
    return say("also crossed towards {state}, {place}", state=to, place=where)


def taking_part(rows: list[Told], counts: list[bool]) -> set[int]:
    """Return the vessels of events that bring them in, without an innocent reason if any are."""
    likely = [
        one
        for one, weighs in zip(rows, counts, strict=True)
        if not unlikely(one) and (weighs or one.kind != "possible_meeting")
    ]
    telling = [one for one in likely if not excused(one)] or likely
    return {m for one in telling for m in (one.mmsi, one.other_mmsi)}
