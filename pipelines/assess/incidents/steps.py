"""What to do next about an incident: by what it is told by, and whether that is over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from detectors.core.telling import Say, Told, plain, state
from detectors.kinematics.geodesy import METRES_PER_NM, bearing_deg, distance_m
from detectors.kinematics.reach import FAR_M
from detectors.surroundings.zones import Zones
from pipelines.assess.incidents.crossings import (
    both_shores,
    place_of,
    the_other_way,
    turned_back,
    where_and_when,
)
from pipelines.assess.incidents.silences import number_since
from pipelines.reference.layers import sea_states

OVER: Final = "over"
"""The word that ends a key of the table: what to do once it is over."""

AGAIN: Final = "again"
"""The word that ends a key of the table: what to do once it is over and under way once more."""

UNHEARD: Final = "unheard"
"""The word that ends a key of the table: what to do once it is over, and its vessel not heard for
`AT_ONCE`."""

IN_PORT: Final = "in port"
"""The words that end a key of the table: what to do once it is over, and its vessel in port."""

TURNED: Final = "turned back"
"""The words that end a key of the table: what to do once a boat that came over is known to have
turned off the coast: nobody is to be looked for ashore."""

BOTH: Final = "both ways"
"""The words that end a key of the table: what to do once it is over, and the boat went over and
back: whichever way leads, either shore may be where it landed whom it carried."""

RENUMBERED: Final = "renumbered"
"""The word that ends a key of the table: what to do about a silence that goes on, where the hull is
heard under another number since."""

STILL: Final = "still"
"""The word that ends a key of the table: what to do once it is over, where its vessel lies or
drifts there yet by a report of `AT_ONCE` ago at most."""

FAR: Final = "far"
"""The word that ends a key of the table: what to do about a silence that goes on for so long that
its vessel can be anywhere (`FAR_M`)."""

SILENT: Final = "silent"
"""The word that ends a key of the table: what to do about what goes on for all that is known, where
its vessel wasn't heard for `CALLED`."""

ENDINGS: Final = (OVER, AGAIN, UNHEARD, IN_PORT, TURNED, BOTH, RENUMBERED, STILL, FAR, SILENT)

LIES_KN: Final = 1.0
"""What makes less lies still, give or take what receivers measure."""

GONE_M: Final = 2 * METRES_PER_NM
SAILS_KN: Final = 3.0
"""A boat that crossed has left the coast again once it is so far from where it came nearest, and
sails further away at so many knots: one that fishes there, or looks for a berth, has not.
Judgements."""

DRIFTS_KN: Final = 1.0
"""What drifts is carried on no faster over hours: the tide runs to and fro. A judgement."""

AT_ONCE: Final = pd.Timedelta(hours=1)
"""What has no duration (a sighting, a line passed) is over after so long: a boat that makes 10 kn
is then out of sight of where it was."""

CALLED: Final = pd.Timedelta(hours=3)
"""Who wasn't heard for so long may be gone. Satellites hear a ship every hour. A judgement."""

STAYS: Final = ("anchoring", "encounter", "loitering", "mother_ship")
"""What goes on until its vessel leaves, and is known to be over once that was heard elsewhere."""

SENDS: Final = ("crossing", "encounter", "mother_ship")
"""Of these a step sends somebody to the vessel itself, whose last report says whose sea that is."""

HEARD_AFTER: Final = pd.Timedelta(minutes=10)
"""What stays is over if its vessels were all heard so much later: an event ends at a tick of the
time grid, up to some minutes before the last report. What ended over `AT_ONCE` ago is over in any
case. A judgement."""

NEXT_STEPS: Final[Mapping[str, str]] = {
    "anchoring": "ask by VHF for its permission to anchor",
    "anchoring silent": (
        "call it by VHF, and look by radar whether it lies there still: it isn't heard any more"
    ),
    "anchoring over": "it has left: ask by VHF why it lay there",
    "anchoring in port": "it lies in port: ask there why it lay at anchor",
    "crossing": (
        "meet it before it lands; of a boat adrift or overloaded tell the rescue coordination "
        "centre first"
    ),
    "crossing over": (
        "too late to meet it on the way: search the shore where it came nearest, meet the boat "
        "where it is now"
    ),
    "crossing again": (
        "search the shore where it came nearest; it is on its way again: meet it before it lands, "
        "of a boat adrift or overloaded tell the rescue coordination centre first"
    ),
    "crossing in port": (
        "too late to meet it on the way: search the shore where it came nearest, look at the boat "
        "in port"
    ),
    "crossing turned back": (
        "it turned back off the coast: whom it carries may be aboard still, meet the boat where it "
        "is now"
    ),
    "crossing both ways": (
        "too late to meet it on the way: search both shores that it came to, meet the boat where "
        "it is now"
    ),
    "encounter": "board the one that goes on to a coast, ask the other by VHF",
    "encounter boarding": (
        "ask the ship by VHF whether all is well; board the boat as it leaves her"
    ),
    "encounter boarding over": (
        "they have parted: ask the ship by VHF whether she was boarded, and meet the boat where it "
        "is now"
    ),
    "encounter over": (
        "they have parted: board one that is bound for a coast; if neither is, ask both by VHF"
    ),
    "encounter in port": (
        "they have parted, and one lies in port: look at it there, ask the other by VHF"
    ),
    "gap": "call by VHF; task a sensor over what it can have reached",
    "gap over": "it is heard again: ask by VHF where it was",
    "gap far": (
        "call by VHF; no search fits, it can be anywhere: ask the next ports and the neighbours' "
        "authorities whether they see it"
    ),
    "gap in port": "it lies in port: ask there where it was",
    "gap renumbered": (
        "the hull is heard under another number since: look at that vessel, compare register, call "
        "sign and sight"
    ),
    "gap unheard": (
        "it was heard again, but not lately: ask where it was once it is heard, or at its next port"
    ),
    "geofence": "ask by VHF",
    "identity": "compare register, call sign and sight",
    "loitering": "ask by VHF; of a vessel adrift tell the rescue coordination centre",
    "loitering over": "it has gone on: ask by VHF why it loitered",
    "loitering in port": "it lies in port: ask there why it loitered",
    "mother_ship": "watch; board when a boat comes alongside",
    "mother_ship over": "it has gone on: ask it by VHF, meet its visitors bound for a coast",
    "mother_ship still": (
        "it lies there still: watch, board when a boat comes alongside; meet its visitors bound "
        "for a coast"
    ),
    "mother_ship in port": "it lies in port: look at it there, meet its visitors bound for a coast",
    "outlier": "watch",
    "possible_meeting": "task a sensor over the place; look at both when they are heard again",
    "possible_meeting over": "they are heard again: look at both where they are now",
    "possible_meeting unheard": (
        "they were heard again, but not both lately: look at each where it was heard last"
    ),
    "spoofing": "task a sensor: it isn't where it says",
    "spoofing over": "its positions are good again: ask by VHF where it was",
    "unmatched_sighting": "send a unit or a sensor to look",
    "unmatched_sighting over": "it may be far off by now: look for it in newer images and by radar",
    "watch_area": "ask by VHF",
}
"""What to do next, by kind of the leading event, or by kind and subkind; with `OVER` after it, once
that is over, and with `AGAIN`, `UNHEARD`, `IN_PORT`, `TURNED` or `BOTH` where that is so too.
Settings name others (`assess.next_steps`); one with `OVER` holds for these as well, one without
for all."""


@dataclass(frozen=True)
class Last:
    """The last report of an incident's vessel: where it was, how it sailed, whether in a port, and
    in which other state's territorial sea, if any.
    """

    mmsi: int
    lat: float
    lon: float
    sog_kn: float
    cog_deg: float
    in_port: bool
    others_sea: str = ""

    @property
    def lies_in_port(self) -> bool:
        """Tell whether it lay still in a port."""
        return self.in_port and self.sog_kn < LIES_KN


def lasts_of(table: pd.DataFrame, zones: Zones, own_coast: str) -> dict[int, Last]:
    """Return the last report of each vessel, from a table that has it as `schemas.INCIDENTS`.

    `own_coast`: whose units are sent, see `crossings.ours_first`.
    """
    if table.empty:
        return {}
    known = table[table["last_lat"].notna() & (table["mmsi"] > 0)].drop_duplicates("mmsi")
    lat, lon = (known[f"last_{name}"].to_numpy("float64") for name in ("lat", "lon"))
    columns = [known["mmsi"].tolist(), lat.tolist(), lon.tolist()]
    columns += [known[f"last_{name}"].tolist() for name in ("sog_kn", "cog_deg")]
    columns.append(zones.within(lat, lon, ("port",)).tolist())
    own = ("", state(own_coast, plain))
    seas = sea_states(zones, lat, lon) if own_coast else [""] * len(known)
    columns.append(["" if sea in own else sea for sea in seas])
    return {row[0]: Last(*row) for row in zip(*columns, strict=True)}


def next_step(
    lead: Told,
    rows: Sequence[Told],
    now: pd.Timestamp,
    own: Mapping[str, str],
    say: Say,
    seen: Mapping[int, pd.Timestamp],
    last: Last | None = None,
    *,
    renumbered: bool = False,
) -> str:
    """Return what to do next about what an incident is told by.

    Parameters
    ----------
    rows
        All events of the incident: a boat that landed may be on its way again.
    now
        The end of what was looked at.
    own
        The user's table; it comes before `NEXT_STEPS`.
    seen
        When flagged vessels were heard last.
    last
        The last report of the vessel that the incident is about; None where there is none.
    renumbered
        Whether its hull is known to be heard under another number since, also by other events.
    """
    kinds = (f"{lead.kind} {lead.subkind}", lead.kind)
    over = is_over(lead, now, seen)
    if over and not _still_there(lead, now, seen, last):
        words = _words(lead, rows, now, seen, last)
    elif over:  # who wasn't heard lately isn't known to lie there, nor to have gone
        heard = seen.get(lead.mmsi)
        words = (STILL,) if heard is not None and now - heard <= AT_ONCE else ()
    else:
        renumbered = renumbered or bool(number_since(lead, rows))
        heard = seen.get(lead.mmsi)
        silent = heard is not None and now - heard > CALLED
        words = (FAR,) if _far(lead) else (SILENT,) if silent else ()
        words = (RENUMBERED,) if renumbered else words
    keys = (*(f"{kind} {word}" for word in words for kind in kinds), *kinds)
    for key in keys:
        if key in own:
            step = own[key]
            return say(step) if step == NEXT_STEPS.get(key) else step
    step = say(next((NEXT_STEPS[key] for key in keys if key in NEXT_STEPS), "watch"))
    if lead.kind == "crossing" and TURNED not in words:
        on_its_way = lead.end is None or _under_way(rows, lead, now, seen)
        step += where_and_when(lead, rows, now, say, under_way=on_its_way, landed=bool(words))
    return step + _whose_sea(lead, last, say)


def _whose_sea(lead: Told, last: Last | None, say: Say) -> str:
    """Say in whose territorial sea a vessel to be met is, where that is another state's: there it
    is for that one's authorities (UNCLOS, articles 2, 25 and 27), as the patrol plan has it, too.
    What else there is to do isn't: one's own shore is to be searched, and whom it met may be here.
    """
    if last is None or not last.others_sea or lead.kind not in SENDS:
        return ""
    there = state(last.others_sea, say)
    if lead.kind == "encounter":
        return say(
            "; to meet either in the territorial sea of {state} is for the authorities there, or "
            "as agreed",
            state=there,
        )
    return say(
        "; last in the territorial sea of {state}: its authorities meet it, or as agreed",
        state=there,
    )


def _words(
    lead: Told,
    rows: Sequence[Told],
    now: pd.Timestamp,
    seen: Mapping[int, pd.Timestamp],
    last: Last | None,
) -> tuple[str, ...]:
    """Return the words that end the keys of the table for what is over, the closest first."""
    if _under_way([lead], lead, now, seen):
        return ()
    if turned_back(lead, rows):
        return TURNED, OVER
    if _under_way(rows, lead, now, seen):
        return AGAIN, OVER
    both = both_shores(lead.evidence) or any(the_other_way(one, lead) for one in rows)
    over = (BOTH, OVER) if both else (OVER,)
    heard = [seen[mmsi] for mmsi in (lead.mmsi, lead.other_mmsi) if mmsi in seen]
    if heard and now - min(heard) > AT_ONCE:
        return UNHEARD, *over
    if last is not None and last.lies_in_port:
        return IN_PORT, OVER
    return (AGAIN, OVER) if last is not None and _has_left(lead, last) else over


def _still_there(
    lead: Told, now: pd.Timestamp, seen: Mapping[int, pd.Timestamp], last: Last | None
) -> bool:
    """Tell whether what stayed makes no way in its last report where it was, or can have drifted
    to: that it was unheard for a while, or that nobody comes to it any more, is no going on. Two
    of whom neither was heard since aren't known to have parted.
    """
    if lead.end is None or last is None or last.in_port:
        return False
    if lead.kind == "encounter":
        heard = [seen[mmsi] for mmsi in (lead.mmsi, lead.other_mmsi) if mmsi in seen]
        return len(heard) == 2 and max(heard) - lead.end <= HEARD_AFTER
    if lead.kind not in STAYS or last.mmsi != lead.mmsi:
        return False
    away_m = float(distance_m(lead.lat, lead.lon, last.lat, last.lon))
    if lead.kind == "anchoring":  # its anchor holds it
        return last.sog_kn < LIES_KN and away_m <= GONE_M
    hours = (now - lead.end) / pd.Timedelta(hours=1)
    reach_m = GONE_M + hours * DRIFTS_KN * METRES_PER_NM + float(lead.evidence.get("extent_m") or 0)
    return last.sog_kn < SAILS_KN and away_m <= reach_m


def _far(lead: Told) -> bool:
    """Tell whether a silence goes on for so long that its vessel can be anywhere."""
    reach_m = lead.evidence.get("reachable_distance_m") if lead.kind == "gap" else None
    return lead.end is None and reach_m is not None and reach_m >= FAR_M


def _has_left(lead: Told, last: Last) -> bool:
    """Tell whether a boat that crossed sails away from the coast in its last report."""
    place = place_of(lead.evidence)
    if lead.kind != "crossing" or last.mmsi != lead.mmsi or place is None:
        return False
    away_m = float(distance_m(*place, last.lat, last.lon))
    off_deg = abs((last.cog_deg - float(bearing_deg(*place, last.lat, last.lon)) + 180) % 360 - 180)
    return away_m > GONE_M and last.sog_kn >= SAILS_KN and off_deg < 90


def _under_way(
    rows: Sequence[Told], lead: Told, now: pd.Timestamp, seen: Mapping[int, pd.Timestamp]
) -> bool:
    """Tell whether a boat that crossed is crossing in its last reports, by some of its events."""
    return lead.kind == "crossing" and any(
        one.kind == "crossing"
        and one.mmsi == lead.mmsi
        and one.end is not None
        and one.evidence.get("ended") == "unheard"
        and not one.evidence.get("landed")
        and seen.get(one.mmsi, now) - one.end <= HEARD_AFTER
        and now - one.end <= AT_ONCE
        for one in rows
    )


def is_over(lead: Told, now: pd.Timestamp, seen: Mapping[int, pd.Timestamp]) -> bool:
    """Tell whether what an incident is told by is over at the end of what was looked at.

    Two that lay together in their last reports haven't parted because the feed ends.
    """
    if lead.end is None:
        return False
    last = [seen[mmsi] for mmsi in (lead.mmsi, lead.other_mmsi) if mmsi in seen]
    if lead.kind in STAYS and last and now - lead.end <= AT_ONCE:
        return min(last) - lead.end > HEARD_AFTER
    return lead.end > lead.start or now - lead.end > AT_ONCE
