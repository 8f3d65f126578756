"""Innocent reasons for one vessel to stay where it is."""

from typing import Final

from detectors.core.explain import (
    AT_ANCHOR,
    MERCHANT,
    MOORED,
    PASSENGER,
    PILOT,
    PLEASURE,
    TENDER,
    TOWING,
    TUG,
    UNSTATED,
    Facts,
    Hypothesis,
)
from detectors.hypotheses.common import (
    at_a_berth,
    at_work,
    engine_trouble,
    fishing,
    official_craft,
    restricted,
    search_and_rescue,
    transfer_area,
)

PILOT_HOURS: Final = 6.0
"""As long as a pilot boat may keep with a ship: see `hypotheses_encounter.pilot_standing_by`."""
HELD_HOURS: Final = 6.2
"""The tide of the Strait is semi-diurnal: within half of its period, 12.4 h, the stream has run one
way for miles and turned."""
SWING_M: Final = 1000.0
"""Across the circle in which a large ship lies to her anchor: twice her length and the cable."""
SWING_BOAT_M: Final = 250.0
"""The same of a boat, with the errors of its positions."""
FAST_M: Final = 60.0
"""What errors of 10 m make of a vessel that doesn't move at all, in hours."""
BOAT_M: Final = 45.0
"""No longer than this, or with a set of class B, it is a boat: see `Encounter.max_small_m`."""
TUG_M: Final = 80.0
"""Tugs and anchor handlers are no longer (judgement)."""


def at_anchor(facts: Facts) -> str | None:
    """Reports being at anchor and stays within a swinging circle."""
    if facts.statuses()[0] == AT_ANCHOR and facts.number("extent_m") <= SWING_M:
        return (
            f"it reports being at anchor and stayed within {facts.number('extent_m'):.0f} m for "
            f"{facts.hours:.1f} h"
        )
    return None


def anchored_in_the_end(facts: Facts) -> str | None:
    """Reports being at anchor for most of the time, and lay still for as long: it drifted first, or
    shifted its berth.
    """
    share = facts.number("nav_status_fraction")
    still = facts.number("median_speed_kn") <= 0.3
    if facts.statuses()[0] == AT_ANCHOR and share >= 0.5 and still:
        return f"it reports being at anchor for {share:.0%} of {facts.hours:.1f} h, and lay still"
    return None


def held_to_the_ground(facts: Facts) -> str | None:
    """Stays, whatever it says of its status, where nothing adrift stays: at anchor, or moored."""
    extent_m = facts.number("extent_m")
    boat = facts.evidence.get("ais_class") == "B" or facts.longest_m <= BOAT_M
    over_a_tide = facts.hours >= HELD_HOURS and extent_m <= (SWING_BOAT_M if boat else SWING_M)
    if over_a_tide or extent_m <= FAST_M:
        return (
            f"it stayed within {extent_m:.0f} m for {facts.hours:.1f} h, as only what is anchored "
            "or moored does in a tidal stream"
        )
    return None


def waiting_off_port(facts: Facts) -> str | None:
    """Within two miles of a port or an anchorage and it went in; or within one, still there."""
    away_m = facts.number("anchorage_distance_m")
    if away_m <= 3704 and facts.flag("called_afterwards"):
        went = ", and it went in afterwards"
    elif away_m <= 1852 and facts.evidence.get("called_afterwards") is None:
        went = ""
    else:
        return None
    return (
        f"it lay {away_m / 1852:.1f} nm off a port or anchorage, where ships wait their turn{went}"
    )


def waiting_further_off(facts: Facts) -> str | None:
    """One or two miles off a port or an anchorage, and not yet known where it goes."""
    away_m = facts.number("anchorage_distance_m")
    if 1852 < away_m <= 3704 and facts.evidence.get("called_afterwards") is None:
        return f"it lies {away_m / 1852:.1f} nm off a port or anchorage and may still call there"
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
    """A tug waits for work, or what says so and isn't too long for one."""
    if facts.any_type(TUG | TOWING | TENDER) and not facts.longest_m > TUG_M:
        return f"it is a tug or tender, standing by for {facts.hours:.1f} h"
    return None


def ferry_between_sailings(facts: Facts) -> str | None:
    """A ferry near a port."""
    away_m = facts.number("anchorage_distance_m")
    if facts.any_type(PASSENGER) and (away_m <= 5556 or facts.flag("near_land")):
        return f"it is a ferry or passenger vessel, {away_m / 1852:.1f} nm off a port or anchorage"
    return None


def work_at_sea(facts: Facts) -> str | None:
    """At work, and by its type no merchant ship: a tanker with a boat alongside reports being
    restricted in its ability to manoeuvre as well.
    """
    return at_work(facts) if facts.types_known() and not facts.any_type(MERCHANT) else None


def works_to_and_fro(facts: Facts) -> str | None:
    """No merchant ship, much of the time at the speed of nets and lines, turning again and again.

    A vessel that drifts and now and then regains its place moves faster in between, or not at all.
    """
    share, turns = facts.number("working_speed_fraction"), facts.number("n_turns")
    if _may_fish(facts) and share >= 0.15 and turns >= 2 and turns >= facts.hours / 3:
        return (
            f"{share:.0%} of the time it moved at {facts.number('min_working_kn'):g} to "
            f"{facts.number('max_working_kn'):g} kn and it turned about {turns:.0f} times in "
            f"{facts.hours:.1f} h, as boats do that tow nets or haul lines"
        )
    return None


def among_fishing_boats(facts: Facts) -> str | None:
    """A small craft that says nothing else lies among boats that fish."""
    boats = facts.number("n_fishing_near")
    if _may_fish(facts) and facts.evidence.get("ais_class") == "B" and boats >= 1:
        return f"it is a small craft with {boats:.0f} fishing boats at work within 3 nm"
    return None


def _may_fish(facts: Facts) -> bool:
    """Whether nothing it says speaks against a fishing boat: size, and type if stated."""
    length_m = facts.lengths_m[0] if facts.lengths_m else float("nan")
    return facts.ship_types[0] in UNSTATED | PLEASURE and not length_m > 60


def in_tow(facts: Facts) -> str | None:
    """A tug keeps beside it."""
    if facts.flag("tug_attends"):
        return "a tug kept within 600 m of it for two hours: it is in tow, or attended"
    return None


def beside_work(facts: Facts) -> str | None:
    """A vessel at work at sea keeps beside it, and it is no merchant ship."""
    if facts.flag("at_work_beside") and not facts.any_type(MERCHANT):
        return (
            "it kept within 600 m of a vessel at work at sea for two hours, as guard and supply "
            "boats do"
        )
    return None


def among_ships_at_rest(facts: Facts) -> str | None:
    """Lies within a swinging circle, with two others or more lying still around."""
    others = facts.number("n_lying_near")
    if facts.number("extent_m") <= 700 and facts.number("drift_kn") <= 0.2 and others >= 2:
        return (
            f"it stayed within {facts.number('extent_m'):.0f} m, as at anchor, with {others:.0f} "
            "others lying still within 2 nm: a customary anchorage"
        )
    return None


def making_way_slowly(facts: Facts) -> str | None:
    """A slow passage: it kept its course and got on."""
    drift_kn, speed_kn = facts.number("drift_kn"), facts.number("median_speed_kn")
    if speed_kn >= 2.0 and drift_kn >= 0.9 * speed_kn and facts.number("extent_m") >= 22_000:
        return (
            f"it made good {facts.number('extent_m') / 1852:.0f} nm on a straight way at "
            f"{drift_kn:.1f} kn: a slow passage rather than a stay"
        )
    return None


def pleasure_craft(facts: Facts) -> str | None:
    """A yacht."""
    if facts.any_type(PLEASURE):
        return "it is a sailing or pleasure craft"
    return None


HYPOTHESES: Final = (
    Hypothesis(
        "pilot vessel on station",
        0.9,
        pilot_station,
        "no pilot boarding ground is near, or the pilot station does not know the vessel",
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
    Hypothesis("fishing", 0.8, fishing, "it meets another vessel, or lands no catch"),
    Hypothesis(
        "working to and fro", 0.75, works_to_and_fro, "it meets another vessel, or shows no gear"
    ),
    Hypothesis(
        "beside a vessel at work",
        0.75,
        beside_work,
        "no notice to mariners announces the work, or it takes something over",
    ),
    Hypothesis(
        "in tow", 0.75, in_tow, "the tug knows of no such tow, or a third vessel comes alongside"
    ),
    Hypothesis(
        "waiting at anchor",
        0.75,
        at_anchor,
        "the water is too deep to anchor, or a boat is seen alongside",
    ),
    Hypothesis("work at sea", 0.75, work_at_sea, "no notice to mariners announces the work"),
    Hypothesis("moored", 0.7, moored, "a chart or an image shows open water there"),
    Hypothesis(
        "anchored or moored",
        0.7,
        held_to_the_ground,
        "radar or an image shows it under way, or a boat alongside",
    ),
    Hypothesis(
        "anchored in the end",
        0.65,
        anchored_in_the_end,
        "the water is too deep to anchor, or a boat is seen alongside",
    ),
    Hypothesis(
        "among ships at rest",
        0.65,
        among_ships_at_rest,
        "the water is too deep to anchor, or a boat is seen alongside",
    ),
    Hypothesis(
        "tug standing by",
        0.65,
        tug_standing_by,
        "no ship or barge it could be waiting for came by",
        needs_types=True,
    ),
    Hypothesis(
        "among fishing boats",
        0.65,
        among_fishing_boats,
        "it meets a larger vessel, or shows no gear",
    ),
    Hypothesis("at a berth", 0.6, at_a_berth, "a chart or an image shows open water there"),
    Hypothesis(
        "waiting off a port", 0.6, waiting_off_port, "it leaves again without calling there"
    ),
    Hypothesis(
        "waiting area",
        0.6,
        waiting_area,
        "it leaves without calling anywhere, or a boat is seen alongside",
    ),
    Hypothesis(
        "waiting for a pilot",
        0.6,
        waiting_for_pilot,
        "no pilot came, or the pilot station had no order for it",
    ),
    Hypothesis(
        "ferry between sailings",
        0.6,
        ferry_between_sailings,
        "no sailing of its line leaves from there",
        needs_types=True,
    ),
    Hypothesis(
        "engine trouble",
        0.55,
        engine_trouble,
        "it reported no breakdown to the traffic service, or manoeuvred meanwhile",
    ),
    Hypothesis(
        "called at a port afterwards", 0.5, called_afterwards, "the port did not ask it to wait"
    ),
    Hypothesis(
        "making way slowly",
        0.5,
        making_way_slowly,
        "it turns back, or stops where nothing waits for it",
    ),
    Hypothesis(
        "licensed transfer area",
        0.4,
        transfer_area,
        "no transfer was notified to the authority of that area",
    ),
    Hypothesis(
        "pleasure craft", 0.4, pleasure_craft, "it meets a merchant vessel", needs_types=True
    ),
    Hypothesis(
        "restricted in its ability to manoeuvre",
        0.3,
        restricted,
        "it shows no gear in the water, or a boat is seen alongside",
    ),
    Hypothesis(
        "waiting further off a port",
        0.3,
        waiting_further_off,
        "it leaves again without calling there",
    ),
)
"""The heaviest first."""
