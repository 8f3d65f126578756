"""Innocent reasons that hold for more than one kind of event."""

from typing import Final

from detectors.core.explain import (
    FISHING,
    FISHING_STATUS,
    NOT_UNDER_COMMAND,
    OFFICIAL,
    RESCUE,
    RESTRICTED,
    WORKING,
    Facts,
)


def official_craft(facts: Facts) -> str | None:
    """A military, police or medical vessel."""
    if facts.any_type(OFFICIAL - RESCUE):
        return "a military, law enforcement or medical vessel takes part"
    return None


def search_and_rescue(facts: Facts) -> str | None:
    """A rescue vessel, at work or on exercise."""
    if facts.any_type(RESCUE):
        return "a search and rescue vessel takes part"
    return None


def at_a_berth(facts: Facts) -> str | None:
    """So close to land that it is likely to be a berth or a jetty."""
    if facts.flag("near_land"):
        return (
            f"it happened within {facts.number('near_land_m'):.0f} m of land: likely a berth or a "
            "jetty that no zone shows yet"
        )
    return None


def transfer_area(facts: Facts) -> str | None:
    """Inside an area where ship-to-ship transfers are licensed; where they aren't, that many take
    place explains none.
    """
    if facts.flag("in_licensed_sts_area"):
        return "it happened inside an area licensed for ship-to-ship transfers"
    return None


FISHING_M: Final = 90.0
"""Fishing vessels of the Strait and the carriers that serve them are no longer (judgement)."""


def fishing(facts: Facts) -> str | None:
    """A fishing vessel that isn't too long for one, or one that reports fishing."""
    speed = facts.number("median_speed_kn")
    if facts.longest_m > FISHING_M:
        return None
    if facts.any_type(FISHING):
        return f"it is a fishing vessel, and moved at {speed:.1f} kn"
    if facts.statuses()[0] == FISHING_STATUS:
        return f"it reports fishing, and moved at {speed:.1f} kn"
    return None


def engine_trouble(facts: Facts) -> str | None:
    """Reports not being under command."""
    if NOT_UNDER_COMMAND in facts.statuses():
        return (
            f"it reports not being under command and drifted at {facts.number('drift_kn'):.1f} kn"
        )
    return None


def at_work(facts: Facts) -> str | None:
    """A dredger or diving vessel, or restricted in its ability to manoeuvre."""
    if facts.any_type(WORKING):
        return "it is engaged in dredging, diving or underwater work"
    return restricted(facts)


def restricted(facts: Facts) -> str | None:
    """Reports being restricted in its ability to manoeuvre."""
    if facts.statuses()[0] == RESTRICTED:
        return "it reports being restricted in its ability to manoeuvre"
    return None
