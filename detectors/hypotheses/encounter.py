"""Innocent reasons for two vessels to be together."""

from typing import Final

from detectors.core.explain import (
    AT_ANCHOR,
    MOORED,
    NOT_UNDER_COMMAND,
    PASSENGER,
    PILOT,
    TANKER,
    TENDER,
    TOWING,
    TUG,
    Facts,
    Hypothesis,
)
from detectors.hypotheses.at_work import (
    at_work_on_one_ground,
    boats_at_rest,
    fishing_in_company,
    pair_trawling,
    small_craft_together,
    working_together,
)
from detectors.hypotheses.common import (
    at_a_berth,
    engine_trouble,
    official_craft,
    search_and_rescue,
    transfer_area,
)
from detectors.hypotheses.company import COMPANY_M, came_and_went, in_company

TOWING_STATUS: Final = frozenset({11, 12})
"""Navigation status of power-driven vessels towing astern, pushing or towing alongside."""

TOW_HOURS: Final = 2.0
"""A tow is made up and cast off near one another; two that came from afar and parted again within
less were no tow."""
CLEAR_M: Final = 150.0
"""Ships at anchor lie at least so far apart that they can swing."""
BUNKERING_M: Final = 500.0
"""So far outside the limits the lines of the layers are uncertain."""
SWING_M: Final = 30.0
"""The distance of two vessels made fast to one another stays within half as much for half of the
time, even with position errors of 10 m on both sides."""


def pilot_transfer(facts: Facts) -> str | None:
    """One is a pilot vessel and they part within an hour."""
    if facts.any_type(PILOT) and facts.minutes <= 60:
        return (
            f"one of the two is a pilot vessel and they parted after {facts.minutes:.0f} min "
            "(a pilot is put on board or taken off in less than 60)"
        )
    return None


def on_a_pilot_ground(facts: Facts) -> str | None:
    """As brief as a pilot transfer, and where pilots board: the boat may not say what it is."""
    if facts.flag("in_pilot_ground") and facts.minutes <= 60:
        return f"they parted after {facts.minutes:.0f} min on a pilot boarding ground"
    return None


def pilot_standing_by(facts: Facts) -> str | None:
    """One is a pilot vessel that keeps with a ship for longer."""
    if facts.any_type(PILOT) and facts.hours <= 6:
        return f"one of the two is a pilot vessel, which kept with the ship for {facts.hours:.1f} h"
    return None


def tug_and_tow(facts: Facts) -> str | None:
    """One is a tug and they move along together at a steady distance."""
    slower_kn, _ = facts.median_speeds_kn()
    towing = facts.any_type(TOWING | TUG) or TOWING_STATUS & set(facts.statuses())
    if facts.hours < TOW_HOURS and came_and_went(facts):
        return None
    if towing and slower_kn >= 1.0 and facts.number("distance_spread_m") <= 150:
        return (
            f"one of the two is a tug or towing, and they moved at {slower_kn:.1f} kn "
            f"together, {facts.number('median_distance_m'):.0f} m apart and steady within "
            f"{facts.number('distance_spread_m'):.0f} m for {facts.hours:.1f} h"
        )
    return None


def tow_lying_to(facts: Facts) -> str | None:
    """A tug and its tow that came or left together have stopped."""
    if facts.any_type(TOWING | TUG) and in_company(facts):
        return (
            "one of the two is a tug or towing, and they were together already on the way here or "
            f"left together: a tow that stopped for {facts.hours:.1f} h"
        )
    return None


def tug_to_a_casualty(facts: Facts) -> str | None:
    """One reports not being under command, and the other is a tug."""
    for status, code in zip(facts.statuses(), reversed(facts.ship_types), strict=True):
        if status == NOT_UNDER_COMMAND and code in TOWING | TUG:
            return (
                "one reports not being under command, and the other is a tug, which stayed with it "
                f"for {facts.hours:.1f} h"
            )
    return None


def bunkering(facts: Facts) -> str | None:
    """In or at the edge of port limits or an anchorage, a small tanker with another vessel."""
    away_m, limit_m = facts.zone_distance_m(), BUNKERING_M
    if {AT_ANCHOR, MOORED} & set(facts.statuses()):
        limit_m = 1852.0  # an anchor lies on the ground that ships use, wherever the line is drawn
    length_m = _bunker_barge_m(facts)
    if away_m <= limit_m and length_m > 0 and facts.hours <= 12:
        where = "inside" if away_m == 0 else f"{away_m:.0f} m from"
        return (
            f"a tanker of {length_m:.0f} m (the size of a bunker barge) lay alongside for "
            f"{facts.hours:.1f} h {where} a port or anchorage"
        )
    return None


def bunkering_off_limits(facts: Facts) -> str | None:
    """The same up to a mile off, where none of them lies at anchor."""
    away_m, length_m = facts.zone_distance_m(), _bunker_barge_m(facts)
    if away_m <= 1852 and length_m > 0 and facts.hours <= 12:
        return (
            f"a tanker of {length_m:.0f} m (the size of a bunker barge) lay alongside for "
            f"{facts.hours:.1f} h, {away_m:.0f} m outside a port or anchorage"
        )
    return None


def _bunker_barge_m(facts: Facts) -> float:
    """Length of the smallest tanker that could be a bunker barge, 0 where there is none."""
    lengths_m = [
        length_m
        for code, length_m in zip(facts.ship_types, facts.lengths_m, strict=True)
        if code in TANKER and length_m <= 120
    ]
    return min(lengths_m, default=0.0)


def anchored_neighbours(facts: Facts) -> str | None:
    """Both at anchor, clear of one another, at a steady distance."""
    if (
        facts.statuses() == (AT_ANCHOR, AT_ANCHOR)
        and facts.number("min_distance_m") >= 100
        and facts.number("distance_spread_m") <= 200
    ):
        return (
            f"both report being at anchor and never came closer than "
            f"{facts.number('min_distance_m'):.0f} m"
        )
    return None


def lying_as_neighbours(facts: Facts) -> str | None:
    """One at anchor, both still, clear of one another, and nobody came to the other."""
    resting = {AT_ANCHOR, MOORED} & set(facts.statuses())
    clear = (
        facts.number("median_distance_m") >= CLEAR_M and facts.number("min_distance_m") >= 100
    ) or facts.number("distance_swing_m") >= SWING_M
    if resting and clear and in_company(facts) and facts.slower_drift_kn <= 0.3:
        return (
            "at least one reports being at anchor or moored, they lay near one another before or "
            f"after too, {facts.number('median_distance_m'):.0f} m apart, and half of the time "
            f"their distance changed by {facts.number('distance_swing_m'):.0f} m or more: they "
            "weren't made fast"
        )
    return None


def sailingin_company(facts: Facts) -> str | None:
    """Both make way, clear of one another, for a short time."""
    boat_came = (
        facts.flag("small_craft")
        and not facts.flag("both_small_craft")
        and facts.number("apart_before_m") >= COMPANY_M
        and facts.number("median_relative_speed_kn") < facts.number("max_station_kn")
    )
    if (
        not boat_came
        and facts.slower_drift_kn >= 2.0
        and facts.number("min_distance_m") >= 100
        and facts.minutes <= 60
    ):
        return (
            f"both made way at {facts.slower_drift_kn:.1f} kn or more, never closer than "
            f"{facts.number('min_distance_m'):.0f} m, for {facts.minutes:.0f} min"
        )
    return None


def tankers_in_their_area(facts: Facts) -> str | None:
    """Two tankers inside an area licensed for ship-to-ship transfers."""
    if facts.flag("in_licensed_sts_area") and facts.all_types(TANKER):
        return "two tankers inside an area licensed for ship-to-ship transfers: that is its use"
    return None


def ships_in_a_transfer_area(facts: Facts) -> str | None:
    """Two ships there; a small craft has no such business."""
    return None if facts.flag("small_craft") else transfer_area(facts)


def ferry_passing(facts: Facts) -> str | None:
    """A ferry that is clear of the other and soon away."""
    if facts.any_type(PASSENGER) and facts.minutes <= 45 and facts.number("min_distance_m") >= 50:
        return (
            f"one of the two is a ferry or passenger vessel, clear of the other by "
            f"{facts.number('min_distance_m'):.0f} m and away after {facts.minutes:.0f} min"
        )
    return None


def harbour_craft(facts: Facts) -> str | None:
    """A tug, tender or pilot boat at work close to a port or an anchorage."""
    away_m = facts.zone_distance_m()
    if facts.any_type(TUG | TENDER | PILOT) and away_m <= 5556:
        return (
            f"one of the two is a tug, tender or pilot boat, {away_m / 1852:.1f} nm from a port or "
            "anchorage"
        )
    return None


def launch_service(facts: Facts) -> str | None:
    """A boat calls briefly at a ship in or at the edge of an anchorage."""
    away_m = facts.zone_distance_m()
    if facts.flag("small_craft") and away_m <= 1852 and facts.minutes <= 60:
        return (
            f"a boat called at a vessel for {facts.minutes:.0f} min, {away_m / 1852:.1f} nm from a "
            "port or anchorage: crews, stores and line handlers go by launch"
        )
    return None


HYPOTHESES: Final = (
    Hypothesis(
        "pilot transfer",
        0.9,
        pilot_transfer,
        "they stay together for over an hour, or meet far from a pilot boarding ground",
        needs_types=True,
    ),
    Hypothesis(
        "anchored neighbours",
        0.85,
        anchored_neighbours,
        "they come alongside, or a boat goes between them",
    ),
    Hypothesis(
        "tug and tow",
        0.85,
        tug_and_tow,
        "they stop together, or part without reaching a port",
        needs_types=True,
    ),
    Hypothesis(
        "pair trawling",
        0.8,
        pair_trawling,
        "they stop together, come alongside, or one lands no catch",
        needs_types=True,
    ),
    Hypothesis(
        "official craft",
        0.8,
        official_craft,
        "the authority it claims to belong to does not know the vessel",
        needs_types=True,
    ),
    Hypothesis(
        "search and rescue",
        0.8,
        search_and_rescue,
        "the rescue coordination centre knows of no case or exercise there",
        needs_types=True,
    ),
    Hypothesis(
        "bunkering",
        0.8,
        bunkering,
        "no bunker delivery is known to the port for these vessels and this time",
        needs_types=True,
    ),
    Hypothesis(
        "working together",
        0.8,
        working_together,
        "no notice to mariners announces the work, or the other takes something over",
    ),
    Hypothesis(
        "tankers in a transfer area",
        0.75,
        tankers_in_their_area,
        "the transfer was not notified to the authority of that area",
        needs_types=True,
    ),
    Hypothesis(
        "pilot standing by",
        0.75,
        pilot_standing_by,
        "no pilot was ordered for the ship, or the pilot station does not know the boat",
        needs_types=True,
    ),
    Hypothesis(
        "tow lying to",
        0.75,
        tow_lying_to,
        "a third vessel comes alongside, or the tow is left behind",
        needs_types=True,
    ),
    Hypothesis(
        "ferry passing",
        0.75,
        ferry_passing,
        "it stops alongside, or is not on a route of its operator",
        needs_types=True,
    ),
    Hypothesis(
        "fishing in company",
        0.75,
        fishing_in_company,
        "they come alongside, or one lands no catch",
        needs_types=True,
    ),
    Hypothesis(
        "boats at rest",
        0.7,
        boats_at_rest,
        "one of them then meets a larger vessel, or lands no catch",
        needs_types=True,
    ),
    Hypothesis(
        "tug to a casualty",
        0.7,
        tug_to_a_casualty,
        "it reported no breakdown to the traffic service, or the tug's owner knows of no such call",
        needs_types=True,
    ),
    Hypothesis(
        "harbour craft at work",
        0.7,
        harbour_craft,
        "the harbour craft's agent or pilot station knows of no such job",
        needs_types=True,
    ),
    Hypothesis(
        "lying as neighbours",
        0.65,
        lying_as_neighbours,
        "they come alongside, or a boat goes between them",
    ),
    Hypothesis(
        "at work on one ground",
        0.6,
        at_work_on_one_ground,
        "they come alongside, or no notice to mariners announces the work",
        needs_types=True,
    ),
    Hypothesis(
        "convoy or overtaking",
        0.6,
        sailingin_company,
        "they come closer than 100 m, stop, or meet again",
    ),
    Hypothesis(
        "pilot boarding ground",
        0.6,
        on_a_pilot_ground,
        "no pilot was ordered for the ship, or neither vessel belongs to the pilot station",
    ),
    Hypothesis(
        "launch service",
        0.6,
        launch_service,
        "the ship's agent ordered no launch, or the boat came from no port or jetty",
    ),
    Hypothesis(
        "licensed transfer area",
        0.5,
        ships_in_a_transfer_area,
        "the transfer was not notified to the authority of that area",
    ),
    Hypothesis(
        "small craft together",
        0.5,
        small_craft_together,
        "one of them then meets a larger vessel, or crosses to another coast",
    ),
    Hypothesis("at a berth", 0.5, at_a_berth, "a chart or an image shows open water there"),
    Hypothesis(
        "engine trouble",
        0.4,
        engine_trouble,
        "it reported no breakdown to the traffic service, or no tug was ordered",
    ),
    Hypothesis(
        "bunkering off limits",
        0.35,
        bunkering_off_limits,
        "no bunker delivery is known to the port for these vessels and this time",
        needs_types=True,
    ),
    Hypothesis(
        "boat in a transfer area",
        0.25,
        transfer_area,
        "no agent or fender boat company of that area knows the boat",
    ),
)
"""The heaviest first."""
