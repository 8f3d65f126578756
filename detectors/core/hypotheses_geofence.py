"""Innocent reasons for entering, leaving, crossing, staying or stopping somewhere."""

from typing import Final

from detectors.core.explain import (
    FISHING,
    FISHING_STATUS,
    OFFICIAL,
    PASSENGER,
    PILOT,
    TENDER,
    TOWING,
    TUG,
    Facts,
    Hypothesis,
)
from detectors.core.hypotheses import at_work, engine_trouble

PASSAGE_KN: Final = 5.0
"""Steerage way of a ship on passage; slower than that she waits, fishes or manoeuvres."""


def ferry_routine(facts: Facts) -> str | None:
    """A passenger vessel on its route."""
    if facts.any_type(PASSENGER):
        return "it is a passenger vessel or ferry, whose route may cross here"
    return None


def service_routine(facts: Facts) -> str | None:
    """A pilot boat, tug, tender or official vessel on its rounds."""
    if facts.any_type(PILOT | TUG | TOWING | TENDER | OFFICIAL):
        return "it is a pilot boat, tug, tender or official vessel on its rounds"
    return None


def fishing_harbour(facts: Facts) -> str | None:
    """A fishing boat at a landing place."""
    if facts.any_type(FISHING) and facts.evidence.get("zone_class") == "landing_place":
        return "it is a fishing vessel, and this is where fish are landed too"
    return None


def fishing_ground(facts: Facts) -> str | None:
    """A fishing boat anywhere else."""
    if facts.any_type(FISHING) or FISHING_STATUS in facts.statuses():
        return "it is a fishing vessel or reports fishing: its grounds know no lines"
    return None


def on_passage(facts: Facts) -> str | None:
    """Crossing a boundary at the speed of a voyage."""
    speed = facts.number("speed_kn")
    if facts.subkind in {"enter", "exit", "cross_line"} and speed >= PASSAGE_KN:
        return f"it crossed at {speed:.1f} kn: a boundary on a voyage"
    return None


HYPOTHESES: Final = (
    Hypothesis(
        "ferry routine", 0.8, ferry_routine,
        "no timetable or earlier voyage has it here at this hour",
        needs_types=True,
    ),
    Hypothesis(
        "service routine", 0.8, service_routine,
        "its station or agent knows of no job here",
        needs_types=True,
    ),
    Hypothesis(
        "engine trouble", 0.6, engine_trouble,
        "it reported no breakdown to the traffic service",
    ),
    Hypothesis(
        "work at sea", 0.6, at_work,
        "no notice to mariners announces the work",
    ),
    Hypothesis(
        "fishing", 0.5, fishing_ground,
        "it meets another vessel, or lands no catch",
    ),
    Hypothesis(
        "on passage", 0.5, on_passage,
        "it stops soon after, turns back, or is no ship of that trade",
    ),
    Hypothesis(
        "fishing harbour", 0.6, fishing_harbour,
        "it meets another vessel on the way, or lands no catch",
        needs_types=True,
    ),
)  # fmt: skip
"""The reasons; the weightiest that fits is given."""
