"""Innocent reasons for moving as others don't."""

from typing import Final

from detectors.core.hypothesis import (
    FISHING,
    NOT_UNDER_COMMAND,
    OFFICIAL,
    PILOT,
    PLEASURE,
    TENDER,
    TOWING,
    TUG,
    Case,
    Compare,
    Hypothesis,
    Is,
    Own,
    Some,
    Vessel,
)
from detectors.core.statements import STATED_BOUND
from detectors.hypotheses.common import IS_RESTRICTED, WORKS_AT_SEA

NEAR_PORT_M: Final = 3704.0
"""Two miles: ships turn and slow down off a port."""
MANOEUVRE_S: Final = 2 * 3600.0
"""No manoeuvre off a port takes longer (judgement)."""

HYPOTHESES: Final = (
    Hypothesis(
        "official craft",
        STATED_BOUND,
        "Patrols and rescues go where others don't.",
        "the authority it claims to belong to does not know the vessel",
        Case(
            "it is a military, rescue, law enforcement or medical vessel",
            Some(Vessel(types=OFFICIAL)),
        ),
        needs_types=True,
    ),
    Hypothesis(
        "service routine",
        STATED_BOUND,
        "Pilot boats, tugs and tenders go to and fro across the traffic.",
        "its station or agent knows of no job here",
        Case(
            "it is a pilot boat, tug or tender, whose work takes it across the traffic",
            Some(Vessel(types=PILOT | TUG | TOWING | TENDER)),
        ),
        needs_types=True,
    ),
    Hypothesis(
        "work at sea",
        STATED_BOUND,
        "A dredger or diving vessel, or one restricted in its ability to manoeuvre.",
        "no notice to mariners announces the work",
        WORKS_AT_SEA,
        IS_RESTRICTED,
    ),
    Hypothesis(
        "fishing",
        STATED_BOUND,
        "Fishing vessels follow the fish.",
        "it meets another vessel, or lands no catch",
        Case("it is a fishing vessel, and those follow no lanes", Some(Vessel(types=FISHING))),
    ),
    Hypothesis(
        "not under command",
        STATED_BOUND,
        "Reports not being under command.",
        "it reported no breakdown to the traffic service",
        Case(
            "it reports not being under command",
            Own(Vessel(statuses=frozenset({NOT_UNDER_COMMAND}))),
        ),
    ),
    Hypothesis(
        "pleasure craft",
        STATED_BOUND,
        "Yachts go where they like.",
        "it meets a merchant vessel",
        Case(
            "it is a sailing or pleasure craft, and those follow no lanes",
            Some(Vessel(types=PLEASURE)),
        ),
        needs_types=True,
    ),
    Hypothesis(
        "little known there",
        0.5,
        "Too few of its class came anywhere near for it to be unusual.",
        "more past traffic shows that its class never comes there",
        Case(
            "too few vessels of its class ({ship_class}) are known anywhere near to say what "
            "is usual",
            Is("known_nearby", value=False),
        ),
    ),
    Hypothesis(
        "manoeuvring off a port",
        0.5,
        "Turning or slowing off a port or an anchorage.",
        "it neither calls there nor anchors",
        Case(
            "it lasted {duration_s:h.1f} h, {anchorage_distance_m:nm.1f} nm off a port or "
            "anchorage",
            Compare("anchorage_distance_m", "<=", NEAR_PORT_M),
            Compare("duration_s", "<=", MANOEUVRE_S),
        ),
    ),
)
