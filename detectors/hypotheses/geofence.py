"""Innocent reasons for entering, leaving or crossing, and for conduct in zones."""

from typing import Final

from detectors.core.explain import (
    AT_ANCHOR,
    FISHING,
    FISHING_STATUS,
    OFFICIAL,
    PASSENGER,
    PILOT,
    PLEASURE,
    TENDER,
    TOWING,
    TUG,
    Facts,
    Hypothesis,
)
from detectors.hypotheses.common import at_work, engine_trouble

PASSAGE_KN: Final = 5.0
"""Steerage way of a ship on passage; slower than that she waits, fishes or manoeuvres."""
PILOT_SHARE: Final = 0.5
PILOT_HOURS: Final = 2.0
"""A ship that waits for her pilot waits on the boarding ground, and not for half a watch."""
NEAR_PORT_M: Final = 3704.0
"""Two miles: ships turn, wait their turn and slow down off a port."""
MOORED_KN: Final = 0.1
MOORED_HOURS: Final = 6.0
"""People are landed in minutes and goods in an hour or two; a boat that is kept there lies for a
tide or a night. Judgement, not a published figure."""
_CROSSINGS: Final = frozenset({"enter", "exit", "cross_line"})
_LANDING: Final = "landing_place"


def ferry_routine(facts: Facts) -> str | None:
    """A passenger vessel on its route."""
    if facts.any_type(PASSENGER):
        return "it is a passenger vessel or ferry, whose route may lead here"
    return None


def service_routine(facts: Facts) -> str | None:
    """A pilot boat, tug, tender or official vessel on its rounds."""
    if facts.any_type(PILOT | TUG | TOWING | TENDER | OFFICIAL):
        return "it is a pilot boat, tug, tender or official vessel on its rounds"
    return None


def fishing_harbour(facts: Facts) -> str | None:
    """A fishing boat at a landing place."""
    if facts.any_type(FISHING) and facts.evidence.get("zone_class") == _LANDING:
        return "it is a fishing vessel, and this is where fish are landed too"
    return None


def fishing_ground(facts: Facts) -> str | None:
    """A fishing boat anywhere else."""
    if facts.any_type(FISHING) or FISHING_STATUS in facts.statuses():
        return "it is a fishing vessel or reports fishing: its grounds know no lines"
    return None


def pleasure_trip(facts: Facts) -> str | None:
    """A yacht off a beach, or across a line."""
    if facts.any_type(PLEASURE):
        return "it is a sailing or pleasure craft"
    return None


def broken_down(facts: Facts) -> str | None:
    """Not under command: rule 10 asks nothing of her that she can't do."""
    return engine_trouble(facts) if facts.subkind in {"stop", "dwell"} else None


def pilot_boarding(facts: Facts) -> str | None:
    """A stop on a pilot boarding ground that was learned or drawn."""
    share = facts.number("pilot_ground_fraction")
    if facts.subkind == "stop" and share >= PILOT_SHARE and facts.hours <= PILOT_HOURS:
        return f"it lay {facts.minutes:.0f} min on a pilot boarding ground"
    return None


def off_a_port(facts: Facts) -> str | None:
    """A stop of `PILOT_HOURS` at most, near a port or an anchorage, where ships manoeuvre."""
    away_m = facts.number("anchorage_distance_m")
    if facts.subkind == "stop" and away_m <= NEAR_PORT_M and facts.hours <= PILOT_HOURS:
        return f"it lasted {facts.hours:.1f} h, {away_m / 1852:.1f} nm off a port or anchorage"
    return None


def anchored_in_need(facts: Facts) -> str | None:
    """At anchor in a lane: rule 10(g) asks to avoid it so far as practicable."""
    if facts.subkind == "stop" and facts.statuses()[0] == AT_ANCHOR:
        return "it reports being at anchor: rule 10(g) allows it where nothing else is practicable"
    return None


def on_passage(facts: Facts) -> str | None:
    """Crossing a boundary at the speed of a voyage, or an area from end to end."""
    speed = facts.number("speed_kn")
    if facts.subkind in _CROSSINGS and speed >= PASSAGE_KN:
        return f"it crossed at {speed:.1f} kn: a boundary on a voyage"
    if facts.subkind == "dwell" and (drift_kn := facts.number("drift_kn")) >= PASSAGE_KN:
        return f"it made {drift_kn:.1f} kn good: it passed through without a wait"
    return None


def on_its_mooring(facts: Facts) -> str | None:
    """Still for longer than a landing takes: a boat where it is kept."""
    still = facts.number("drift_kn") <= MOORED_KN and facts.hours >= MOORED_HOURS
    if facts.subkind == "dwell" and still:
        return f"it lay still for {facts.hours:.1f} h, as a boat on its mooring does"
    return None


HYPOTHESES: Final = (
    Hypothesis(
        "ferry routine",
        0.8,
        ferry_routine,
        "no timetable or earlier voyage has it here at this hour",
        needs_types=True,
    ),
    Hypothesis(
        "service routine",
        0.8,
        service_routine,
        "its station or agent knows of no job here",
        needs_types=True,
    ),
    Hypothesis(
        "engine trouble", 0.6, broken_down, "it reported no breakdown to the traffic service"
    ),
    Hypothesis("work at sea", 0.6, at_work, "no notice to mariners announces the work"),
    Hypothesis(
        "pilot boarding",
        0.6,
        pilot_boarding,
        "no pilot boat came, or the pilot station had no order for it",
    ),
    Hypothesis(
        "fishing harbour",
        0.6,
        fishing_harbour,
        "it meets another vessel on the way, or lands no catch",
        needs_types=True,
    ),
    Hypothesis("fishing", 0.5, fishing_ground, "it meets another vessel, or lands no catch"),
    Hypothesis(
        "anchored or moored",
        0.5,
        on_its_mooring,
        "it came from the sea by night, or isn't kept there",
    ),
    Hypothesis(
        "on passage",
        0.5,
        on_passage,
        "it stops soon after, turns back, or is no ship of that trade",
    ),
    Hypothesis("manoeuvring off a port", 0.5, off_a_port, "it neither calls there nor anchors"),
    Hypothesis(
        "pleasure craft", 0.5, pleasure_trip, "it meets a merchant vessel", needs_types=True
    ),
    Hypothesis("at anchor", 0.3, anchored_in_need, "it reported no reason to the traffic service"),
)
"""The reasons; the weightiest that fits is given."""
