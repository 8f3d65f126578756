"""Innocent reasons for a ship and the boat that brings her pilot, her crew or her stores."""

from typing import Final

from detectors.core.hypothesis import (
    PILOT,
    All,
    Any,
    Case,
    Compare,
    Hypothesis,
    Is,
    Not,
    Some,
    Subkind,
    Vessel,
)
from detectors.hypotheses.company import CAME_AND_WENT, FROM_PORT, SLOWED, TO_PORT

MILE_M: Final = 1852.0
BOARDING_M: Final = 6 * MILE_M
"""So far off a port pilots board, drawn as a boarding ground or not (judgement)."""
BOARDING_KN: Final = 2.5
"""A ship makes way to give the pilot boat a lee; one that is adrift, and visited, waits for it."""
SHIFT_S: Final = 21_600.0
"""Six hours, as long as a bunker barge or a tug needs for a job (judgement)."""

WITHIN_AN_HOUR: Final = Compare("duration_s", "<=", 3600.0)
A_PILOT: Final = Some(Vessel(types=PILOT))
PILOT_FROM_PORT: Final = Some(Vessel(types=PILOT, facts=FROM_PORT))
PILOT_TO_PORT: Final = Some(Vessel(types=PILOT, facts=TO_PORT))
MAKES_WAY: Final = Compare("slower_kn", ">=", BOARDING_KN)
WHERE_PILOTS_BOARD: Final = Any(
    Is("in_pilot_ground"),
    Compare("zone_distance_m", "<=", MILE_M),
    All(MAKES_WAY, Compare("zone_distance_m", "<=", 3 * MILE_M)),
)
"""On a boarding ground, of ships that lie at a port, or under way off it: a word and a stop within
three miles of any anchorage cost who comes alongside a ship adrift nothing."""
KEEPS_OFF: Final = Compare("min_distance_m", ">=", 50.0)
"""Not alongside: antennas and their errors put two that are nearer than this."""

PILOT_TRANSFER: Final = Hypothesis(
    "pilot transfer",
    0.9,
    "One is a pilot vessel and they part within an hour, where pilots board or ships lie, or out "
    "of a port, or back into one, with a ship under way.",
    "they stay together for over an hour, or meet far from a pilot boarding ground",
    Case(
        "one of the two is a pilot vessel and they parted after {duration_s:min.0f} min "
        "(a pilot is put on board or taken off in less than 60)",
        A_PILOT,
        WITHIN_AN_HOUR,
        WHERE_PILOTS_BOARD,
    ),
    Case(
        "one of the two is a pilot vessel, which came out of a port, and they parted after "
        "{duration_s:min.0f} min",
        PILOT_FROM_PORT,
        WITHIN_AN_HOUR,
        MAKES_WAY,
    ),
    Case(
        "one of the two is a pilot vessel, which went into a port when they had parted after "
        "{duration_s:min.0f} min",
        PILOT_TO_PORT,
        WITHIN_AN_HOUR,
        MAKES_WAY,
    ),
    Case(
        "one of the two is a pilot vessel, though no boarding ground and no port is near",
        A_PILOT,
        WITHIN_AN_HOUR,
    ),
    needs_types=True,
)
PILOT_STANDING_BY: Final = Hypothesis(
    "pilot standing by",
    0.75,
    "One is a pilot vessel that keeps with a ship for longer, under way or off her side, where "
    "pilots board or out of a port.",
    "no pilot was ordered for the ship, or the pilot station does not know the boat",
    Case(
        "one of the two is a pilot vessel, which kept with the ship for {duration_s:h.1f} h",
        Compare("duration_s", "<=", SHIFT_S),
        Any(MAKES_WAY, KEEPS_OFF),
        Any(All(A_PILOT, WHERE_PILOTS_BOARD), PILOT_FROM_PORT),
    ),
    needs_types=True,
)
PILOT_GROUND: Final = Hypothesis(
    "pilot boarding ground",
    0.6,
    "As brief as a pilot transfer, and where pilots board: the boat may not say what it is.",
    "no pilot was ordered for the ship, or neither vessel belongs to the pilot station",
    Case(
        "they parted after {duration_s:min.0f} min on a pilot boarding ground",
        Is("in_pilot_ground"),
        WITHIN_AN_HOUR,
    ),
)
A_SHIP_THAT_SLOWED: Final = Vessel(facts=SLOWED)
LET_COME: Final = Any(
    Some(Vessel(facts=TO_PORT, other=A_SHIP_THAT_SLOWED)),
    Some(Vessel(facts=FROM_PORT | {"went_to_port": None}, other=A_SHIP_THAT_SLOWED)),
)
"""Back into a port, or out of one and not heard long enough since; and the ship gave her a lee: she
knew who came. Boarders come from a beach, and nobody slows for them."""

LAUNCH_SERVICE: Final = Hypothesis(
    "launch service",
    0.6,
    "A boat calls briefly at a ship in or at the edge of an anchorage; at one that makes way in "
    "the dark a boat of a port, and out of one if it comes up from astern. A boat out of a port, "
    "or back into one, in an area licensed for transfers. Anywhere, where a ship slows for a boat "
    "that goes back into a port.",
    "the ship's agent ordered no launch, or the boat came from no port or jetty",
    Case(
        "a boat called at a vessel for {duration_s:min.0f} min, {zone_distance_m:nm.1f} nm "
        "from a port or anchorage: crews, stores and line handlers go by launch",
        Is("small_craft"),
        Not(Is("both_small_craft")),
        Compare("zone_distance_m", "<=", MILE_M),
        WITHIN_AN_HOUR,
        Any(Not(Subkind(("boarding",))), Some(Vessel(facts=FROM_PORT))),
        Any(Not(All(MAKES_WAY, Is("in_the_dark"))), Is("boat_of_port")),
    ),
    Case(
        "a boat of a port called at a vessel for {duration_s:min.0f} min in an area licensed "
        "for ship-to-ship transfers: ships that lie there are served by launch too",
        Is("boat_of_port"),
        Is("in_licensed_sts_area"),
        WITHIN_AN_HOUR,
        Not(Subkind(("boarding",))),
    ),
    Case(
        "one came out of a port, kept beside the other at {slower_kn:.1f} kn for "
        "{duration_s:min.0f} min, {zone_distance_m:nm.1f} nm from a port or anchorage, and "
        "went: pilots are changed so",
        Some(Vessel(facts=FROM_PORT)),
        Compare("zone_distance_m", "<=", BOARDING_M),
        MAKES_WAY,
        WITHIN_AN_HOUR,
        CAME_AND_WENT,
    ),
    Case(
        "a ship slowed to {slower_kn:.1f} kn for a boat of a port, which kept beside her for "
        "{duration_s:min.0f} min and went: pilots are changed so, far off too",
        LET_COME,
        MAKES_WAY,
        WITHIN_AN_HOUR,
        CAME_AND_WENT,
        Not(Subkind(("boarding",))),
    ),
)
