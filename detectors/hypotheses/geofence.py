"""Innocent reasons for entering, leaving or crossing, and for conduct in zones."""

from dataclasses import replace
from typing import Final

from detectors.core.hypothesis import (
    AT_ANCHOR,
    FISHING,
    FISHING_STATUS,
    NOT_UNDER_COMMAND,
    OFFICIAL,
    PASSENGER,
    PILOT,
    PLEASURE,
    TENDER,
    TOWING,
    TUG,
    Any,
    Case,
    Compare,
    Hypothesis,
    Is,
    Not,
    Own,
    Some,
    Subkind,
    Vessel,
)
from detectors.core.statements import STATED_BOUND
from detectors.hypotheses.common import IS_RESTRICTED, WORKS_AT_SEA

PASSAGE_KN: Final = 5.0
"""Steerage way of a ship on passage; slower than that she waits, fishes or manoeuvres."""
PILOT_SHARE: Final = 0.5
PILOT_S: Final = 2 * 3600.0
"""A ship that waits for her pilot waits on the boarding ground, and not for half a watch."""
NEAR_PORT_M: Final = 3704.0
"""Two miles: ships turn, wait their turn and slow down off a port."""
MOORED_KN: Final = 0.1
MOORED_S: Final = 6 * 3600.0
"""People are landed in minutes and goods in an hour or two; a boat that is kept there lies for a
tide or a night. Judgement, not a published figure."""

STOP: Final = Subkind(("stop",))
DWELL: Final = Subkind(("dwell",))
CROSSING: Final = Subkind(("enter", "exit", "cross_line"))
WATCHED: Final = Subkind(("watch_enter", "watch_stay", "watch_stop", "watch_speed"))
BRIEF: Final = Compare("duration_s", "<=", PILOT_S)
A_FISHING_VESSEL: Final = Some(Vessel(types=FISHING))

_REASONS: Final = (
    Hypothesis(
        "ferry routine",
        STATED_BOUND,
        "A passenger vessel on its route.",
        "no timetable or earlier voyage has it here at this hour",
        Case(
            "it is a passenger vessel or ferry, whose route may lead here",
            Some(Vessel(types=PASSENGER)),
        ),
        needs_types=True,
    ),
    Hypothesis(
        "service routine",
        STATED_BOUND,
        "A pilot boat, tug, tender or official vessel on its rounds.",
        "its station or agent knows of no job here",
        Case(
            "it is a pilot boat, tug, tender or official vessel on its rounds",
            Some(Vessel(types=PILOT | TUG | TOWING | TENDER | OFFICIAL)),
        ),
        needs_types=True,
    ),
    Hypothesis(
        "engine trouble",
        STATED_BOUND,
        "Not under command: rule 10 asks nothing of her that she can't do.",
        "it reported no breakdown to the traffic service",
        Case(
            "it reports not being under command and drifted at {drift_kn:.1f} kn",
            Any(STOP, DWELL),
            Some(Vessel(statuses=frozenset({NOT_UNDER_COMMAND}))),
        ),
    ),
    Hypothesis(
        "work at sea",
        STATED_BOUND,
        "A dredger or diving vessel, or restricted in its ability to manoeuvre.",
        "no notice to mariners announces the work",
        WORKS_AT_SEA,
        IS_RESTRICTED,
    ),
    Hypothesis(
        "pilot boarding",
        0.6,
        "A stop on a pilot boarding ground that was learned or drawn.",
        "no pilot boat came, or the pilot station had no order for it",
        Case(
            "it lay {duration_s:min.0f} min on a pilot boarding ground",
            STOP,
            Compare("pilot_ground_fraction", ">=", PILOT_SHARE),
            BRIEF,
        ),
    ),
    Hypothesis(
        "fishing harbour",
        STATED_BOUND,
        "A fishing boat at a landing place.",
        "it meets another vessel on the way, or lands no catch",
        Case(
            "it is a fishing vessel, and this is where fish are landed too",
            A_FISHING_VESSEL,
            Is("zone_class", "landing_place"),
        ),
        needs_types=True,
    ),
    Hypothesis(
        "fishing",
        STATED_BOUND,
        "A fishing boat anywhere else.",
        "it meets another vessel, or lands no catch",
        Case(
            "it is a fishing vessel or reports fishing: its grounds know no lines",
            Any(A_FISHING_VESSEL, Some(Vessel(statuses=frozenset({FISHING_STATUS})))),
        ),
    ),
    Hypothesis(
        "anchored or moored",
        0.5,
        "Still for longer than a landing takes: a boat where it is kept.",
        "it came from the sea by night, or isn't kept there",
        Case(
            "it lay still for {duration_s:h.1f} h, as a boat on its mooring does",
            DWELL,
            Compare("drift_kn", "<=", MOORED_KN),
            Compare("duration_s", ">=", MOORED_S),
        ),
    ),
    Hypothesis(
        "on passage",
        0.5,
        "Crossing a boundary at the speed of a voyage, or an area from end to end.",
        "it stops soon after, turns back, or is no ship of that trade",
        Case(
            "it crossed at {speed_kn:.1f} kn: a boundary on a voyage",
            CROSSING,
            Compare("speed_kn", ">=", PASSAGE_KN),
        ),
        Case(
            "it made {drift_kn:.1f} kn good: it passed through without a wait",
            DWELL,
            Compare("drift_kn", ">=", PASSAGE_KN),
        ),
    ),
    Hypothesis(
        "manoeuvring off a port",
        0.5,
        "A stop of two hours at most, near a port or an anchorage, where ships manoeuvre.",
        "it neither calls there nor anchors",
        Case(
            "it lasted {duration_s:h.1f} h, {anchorage_distance_m:nm.1f} nm off a port or "
            "anchorage",
            STOP,
            Compare("anchorage_distance_m", "<=", NEAR_PORT_M),
            BRIEF,
        ),
    ),
    Hypothesis(
        "pleasure craft",
        STATED_BOUND,
        "A yacht off a beach, or across a line.",
        "it meets a merchant vessel",
        Case("it is a sailing or pleasure craft", Some(Vessel(types=PLEASURE))),
        needs_types=True,
    ),
    Hypothesis(
        "at anchor",
        STATED_BOUND,
        "At anchor in a lane: rule 10(g) asks to avoid it so far as practicable.",
        "it reported no reason to the traffic service",
        Case(
            "it reports being at anchor: rule 10(g) allows it where nothing else is practicable",
            STOP,
            Own(Vessel(statuses=frozenset({AT_ANCHOR}))),
        ),
    ),
)
HYPOTHESES: Final = tuple(
    replace(one, cases=tuple(Case(c.says, Not(WATCHED), c.when) for c in one.cases))
    for one in _REASONS
)
"""Of all but what users asked to be told of: whom that is about they said themselves."""
