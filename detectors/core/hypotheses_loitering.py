"""Innocent reasons for one vessel to stay where it is."""

from typing import Final

from detectors.core.explain import (
    AT_ANCHOR,
    MOORED,
    PASSENGER,
    PILOT,
    PLEASURE,
    TENDER,
    TOWING,
    TUG,
    Facts,
    Hypothesis,
)
from detectors.core.hypotheses import (
    at_a_berth,
    at_work,
    engine_trouble,
    fishing,
    official_craft,
    search_and_rescue,
    transfer_area,
)

PILOT_HOURS: Final = 6.0
"""As long as a pilot boat may keep with a ship: see `hypotheses_encounter.pilot_standing_by`."""


def at_anchor(facts: Facts) -> str | None:
    """Reports being at anchor and stays within a swinging circle."""
    if facts.statuses()[0] == AT_ANCHOR and facts.number("extent_m") <= 1000:
        return (
            f"it reports being at anchor and stayed within {facts.number('extent_m'):.0f} m for "
            f"{facts.hours:.1f} h"
        )
    return None


def waiting_off_port(facts: Facts) -> str | None:
    """Within two miles of a port or an anchorage, unless it left without calling there."""
    away_m = facts.number("anchorage_distance_m")
    if away_m > 3704 or facts.evidence.get("called_afterwards") is False:
        return None
    if away_m <= 3704:
        went = ", and it went in afterwards" if facts.flag("called_afterwards") else ""
        return (
            f"it lay {away_m / 1852:.1f} nm off a port or anchorage, where ships wait their "
            f"turn{went}"
        )
    return None


def waiting_area(facts: Facts) -> str | None:
    """Where ships were seen to wait in the past, or are told to."""
    if facts.flag("in_waiting_area"):
        return f"it lay for {facts.hours:.1f} h in an area where ships wait"
    return None


def waiting_for_pilot(facts: Facts) -> str | None:
    """On a pilot boarding ground, for no longer than half a watch over."""
    if facts.flag("in_pilot_ground") and facts.hours <= PILOT_HOURS:
        return f"it lay for {facts.hours:.1f} h on a pilot boarding ground"
    return None


def called_afterwards(facts: Facts) -> str | None:
    """It went into a port or an anchorage when it was over."""
    if facts.flag("called_afterwards"):
        return "it went into a port or an anchorage straight afterwards"
    return None


def moored(facts: Facts) -> str | None:
    """Reports being moored, close to land or to a port."""
    close = facts.flag("near_land") or facts.number("anchorage_distance_m") <= 1852
    if facts.statuses()[0] == MOORED and close and facts.number("extent_m") <= 500:
        return f"it reports being moored and stayed within {facts.number('extent_m'):.0f} m"
    return None


def pilot_station(facts: Facts) -> str | None:
    """A pilot vessel waits for ships."""
    if facts.any_type(PILOT):
        return f"it is a pilot vessel, on station for {facts.hours:.1f} h"
    return None


def tug_standing_by(facts: Facts) -> str | None:
    """A tug waits for work."""
    if facts.any_type(TUG | TOWING | TENDER):
        return f"it is a tug or tender, standing by for {facts.hours:.1f} h"
    return None


def ferry_between_sailings(facts: Facts) -> str | None:
    """A ferry near a port."""
    away_m = facts.number("anchorage_distance_m")
    if facts.any_type(PASSENGER) and (away_m <= 5556 or facts.flag("near_land")):
        return f"it is a ferry or passenger vessel, {away_m / 1852:.1f} nm off a port or anchorage"
    return None


def pleasure_craft(facts: Facts) -> str | None:
    """A yacht."""
    if facts.any_type(PLEASURE):
        return "it is a sailing or pleasure craft"
    return None


HYPOTHESES: Final = (
    Hypothesis(
        "pilot vessel on station", 0.9, pilot_station,
        "no pilot boarding ground is near, or the pilot station does not know the vessel",
        needs_types=True,
    ),
    Hypothesis(
        "official craft", 0.8, official_craft,
        "the authority it claims to belong to does not know the vessel",
        needs_types=True,
    ),
    Hypothesis(
        "search and rescue", 0.8, search_and_rescue,
        "the rescue coordination centre knows of no case or exercise there",
        needs_types=True,
    ),
    Hypothesis(
        "fishing", 0.75, fishing,
        "it meets another vessel, or lands no catch",
    ),
    Hypothesis(
        "waiting at anchor", 0.75, at_anchor,
        "the water is too deep to anchor, or a boat is seen alongside",
    ),
    Hypothesis(
        "work at sea", 0.7, at_work,
        "no notice to mariners announces the work",
    ),
    Hypothesis(
        "moored", 0.7, moored,
        "a chart or an image shows open water there",
    ),
    Hypothesis(
        "tug standing by", 0.65, tug_standing_by,
        "no ship or barge it could be waiting for came by",
        needs_types=True,
    ),
    Hypothesis(
        "at a berth", 0.6, at_a_berth,
        "a chart or an image shows open water there",
    ),
    Hypothesis(
        "waiting off a port", 0.6, waiting_off_port,
        "it leaves again without calling there",
    ),
    Hypothesis(
        "waiting area", 0.6, waiting_area,
        "it leaves without calling anywhere, or a boat is seen alongside",
    ),
    Hypothesis(
        "waiting for a pilot", 0.6, waiting_for_pilot,
        "no pilot came, or the pilot station had no order for it",
    ),
    Hypothesis(
        "ferry between sailings", 0.6, ferry_between_sailings,
        "no sailing of its line leaves from there",
        needs_types=True,
    ),
    Hypothesis(
        "engine trouble", 0.55, engine_trouble,
        "it reported no breakdown to the traffic service, or manoeuvred meanwhile",
    ),
    Hypothesis(
        "called at a port afterwards", 0.5, called_afterwards,
        "the port did not ask it to wait",
    ),
    Hypothesis(
        "designated transfer area", 0.4, transfer_area,
        "no transfer was notified to the authority of that area",
    ),
    Hypothesis(
        "pleasure craft", 0.4, pleasure_craft,
        "it meets a merchant vessel",
        needs_types=True,
    ),
)  # fmt: skip
"""The heaviest first."""
