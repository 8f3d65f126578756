"""Innocent reasons for moving as others don't."""

from typing import Final

from detectors.core.explain import (
    FISHING,
    NOT_UNDER_COMMAND,
    OFFICIAL,
    PILOT,
    PLEASURE,
    RESTRICTED,
    TENDER,
    TOWING,
    TUG,
    WORKING,
    Facts,
    Hypothesis,
)

NEAR_PORT_M: Final = 3704.0
"""Two miles: ships turn and slow down off a port."""


def official_duty(facts: Facts) -> str | None:
    """Patrols and rescues go where others don't."""
    if facts.any_type(OFFICIAL):
        return "it is a military, rescue, law enforcement or medical vessel"
    return None


def service(facts: Facts) -> str | None:
    """Pilot boats, tugs and tenders go to and fro across the traffic."""
    if facts.any_type(PILOT | TUG | TOWING | TENDER):
        return "it is a pilot boat, tug or tender, whose work takes it across the traffic"
    return None


def work_at_sea(facts: Facts) -> str | None:
    """A dredger or diving vessel, or one restricted in its ability to manoeuvre."""
    if facts.any_type(WORKING):
        return "it is engaged in dredging, diving or underwater work"
    if facts.statuses()[0] == RESTRICTED:
        return "it reports being restricted in its ability to manoeuvre"
    return None


def fishing_trip(facts: Facts) -> str | None:
    """Fishing vessels follow the fish."""
    if facts.any_type(FISHING):
        return "it is a fishing vessel, and those follow no lanes"
    return None


def breakdown(facts: Facts) -> str | None:
    """Reports not being under command."""
    if facts.statuses()[0] == NOT_UNDER_COMMAND:
        return "it reports not being under command"
    return None


def pleasure_trip(facts: Facts) -> str | None:
    """Yachts go where they like."""
    if facts.any_type(PLEASURE):
        return "it is a sailing or pleasure craft, and those follow no lanes"
    return None


def near_port(facts: Facts) -> str | None:
    """Turning or slowing off a port or an anchorage."""
    away_m = facts.number("anchorage_distance_m")
    if away_m <= NEAR_PORT_M and facts.hours <= 2.0:
        return f"it lasted {facts.hours:.1f} h, {away_m / 1852:.1f} nm off a port or anchorage"
    return None


def little_known(facts: Facts) -> str | None:
    """Too few of its class came anywhere near for it to be unusual."""
    if facts.evidence.get("known_nearby") is False:
        kind = facts.evidence.get("ship_class")
        return f"too few vessels of its class ({kind}) are known anywhere near to say what is usual"
    return None


HYPOTHESES: Final = (
    Hypothesis(
        "official craft",
        0.8,
        official_duty,
        "the authority it claims to belong to does not know the vessel",
        needs_types=True,
    ),
    Hypothesis(
        "service routine",
        0.7,
        service,
        "its station or agent knows of no job here",
        needs_types=True,
    ),
    Hypothesis("work at sea", 0.7, work_at_sea, "no notice to mariners announces the work"),
    Hypothesis("fishing", 0.6, fishing_trip, "it meets another vessel, or lands no catch"),
    Hypothesis(
        "not under command", 0.6, breakdown, "it reported no breakdown to the traffic service"
    ),
    Hypothesis(
        "pleasure craft", 0.6, pleasure_trip, "it meets a merchant vessel", needs_types=True
    ),
    Hypothesis(
        "little known there",
        0.5,
        little_known,
        "more past traffic shows that its class never comes there",
    ),
    Hypothesis("manoeuvring off a port", 0.5, near_port, "it neither calls there nor anchors"),
)
