"""Innocent reasons for crossing a strait at night."""

from typing import Final

from detectors.core.explain import (
    OFFICIAL,
    PASSENGER,
    PILOT,
    PLEASURE,
    TENDER,
    TUG,
    Facts,
    Hypothesis,
)
from detectors.kinematics import geodesy

SERVICE_TRIPS: Final = 3
"""Like trips within the memory from which a run counts as a service: two would be one boat that
went out, came back and goes again. Of a craft equipped as ferries are, two are enough."""
OFFSHORE_M: Final = 3 * geodesy.METRES_PER_NM
"""Who stops further out than this has not landed anybody."""
GATHERING_S: Final = 480.0
"""From 4 kn to `min_speed_kn`: a ship takes ten minutes and more, a planing boat seconds."""
VOYAGE_M: Final = 60 * geodesy.METRES_PER_NM
"""Ways without a stop that are longer than this and than three crossings are voyages."""
FERRY_M: Final = 20.0
"""Passenger vessels on voyages between states carry class A whatever their size (SOLAS V/19.2.4);
from this length on a craft may well be one whatever its set."""
ROUTE_SHARE: Final = 0.7
"""So much of a way on a ferry route is a way along it (judgement)."""


def _ferry(facts: Facts) -> str | None:
    """The type is typed in by the crew: something else must speak for a ferry too. There and back
    is one like trip, which any boat makes.
    """
    trips, length_m = facts.number("n_like_trips"), facts.number("length_m")
    if not facts.any_type(PASSENGER):
        return None
    if trips >= SERVICE_TRIPS - 1:
        why = f"it made {trips:.0f} like trips in the hours around"
    elif length_m >= FERRY_M:
        why = f"it is {length_m:.0f} m long"
    elif facts.number("n_ends_in_port") == 2:
        why = "it went from port to port"
    elif facts.number("ferry_route_fraction") >= ROUTE_SHARE:
        why = f"{facts.number('ferry_route_fraction'):.0%} of its way lies on a known ferry route"
    else:
        return None
    return (
        "it is a passenger vessel or high-speed craft, which sail between these coasts by "
        f"timetable, and {why}"
    )


def _equipped(facts: Facts) -> bool:
    """Whether it carries the set of larger craft, or is one."""
    return facts.evidence.get("ais_class") == "A" or facts.number("length_m") >= FERRY_M


def _says_passenger(facts: Facts) -> str | None:
    if facts.any_type(PASSENGER):
        return (
            "it calls itself a passenger vessel or high-speed craft, though nothing else speaks "
            "for one: neither size, nor like trips, nor ports at both ends, nor a known route"
        )
    return None


def _official(facts: Facts) -> str | None:
    if facts.any_type(OFFICIAL):
        return "it is a military, rescue, law enforcement or medical vessel"
    return None


def _regular(facts: Facts) -> str | None:
    trips = facts.number("n_like_trips")
    if trips >= (SERVICE_TRIPS - 1 if _equipped(facts) else SERVICE_TRIPS):
        return (
            f"it made {trips:.0f} more trips between the same two ends within "
            f"{facts.number('memory_s') / 3600:.0f} h, as a service does"
        )
    return None


def _harbour(facts: Facts) -> str | None:
    if facts.any_type(PILOT | TENDER | TUG):
        return "it is a pilot boat, tender or tug, which carry people to ships at any hour"
    return None


def _route(facts: Facts) -> str | None:
    share = facts.number("ferry_route_fraction")
    if share >= ROUTE_SHARE:
        return f"{share:.0%} of its way lies on a known ferry route"
    return None


def _crew_boat(facts: Facts) -> str | None:
    if facts.number("anchorage_distance_m") <= geodesy.METRES_PER_NM and not facts.flag(
        "sides_changed"
    ):
        return "it began or ended within a mile of an anchorage, where launches carry crews"
    return None


def _voyage(facts: Facts) -> str | None:
    whole_m = facts.number("run_path_m")
    part = facts.number("path_m") / whole_m
    if facts.evidence.get("ais_class") == "A" and whole_m >= VOYAGE_M and part <= 1 / 3:
        return (
            f"it is {part:.0%} of a passage of {whole_m / geodesy.METRES_PER_NM:.0f} nm without a "
            "stop, as of a ship that follows the strait past both coasts"
        )
    return None


def _between_stops(facts: Facts) -> str | None:
    nearest_m = min(facts.number("run_start_coast_m"), facts.number("run_end_coast_m"))
    if facts.flag("heard_before") and facts.flag("heard_after") and nearest_m >= OFFSHORE_M:
        return (
            "it was heard lying before and after, at places "
            f"{nearest_m / geodesy.METRES_PER_NM:.0f} nm and more from any coast: it came from "
            "none and reached none"
        )
    return None


def _gathers_way(facts: Facts) -> str | None:
    unsaid = facts.evidence.get("length_m") is None and facts.evidence.get("ais_class") == "A"
    took_s = facts.number("gathering_way_s")
    if unsaid and took_s >= GATHERING_S:
        return (
            "it says nothing of its size, carries a class A set, and took "
            f"{took_s / 60:.0f} min to gather way, as a ship does and a boat doesn't"
        )
    return None


def _yacht(facts: Facts) -> str | None:
    if facts.any_type(PLEASURE):
        return "it is a sailing or pleasure craft"
    return None


HYPOTHESES: Final = (
    Hypothesis("ferry", 0.9, _ferry, "no timetable has a sailing at this hour", needs_types=True),
    Hypothesis(
        "official craft",
        0.85,
        _official,
        "the authority it claims to belong to does not know the vessel",
        needs_types=True,
    ),
    Hypothesis(
        "regular service", 0.8, _regular, "no operator runs a service between these two places"
    ),
    Hypothesis(
        "harbour craft",
        0.75,
        _harbour,
        "its station or agent knows of no such job",
        needs_types=True,
    ),
    Hypothesis("part of a longer voyage", 0.7, _voyage, "it says it is a boat, or turns back"),
    Hypothesis("ship gathering way", 0.6, _gathers_way, "it turns out to be a boat"),
    Hypothesis(
        "between stops at sea",
        0.6,
        _between_stops,
        "it met another vessel at either end, or was at a coast before",
    ),
    Hypothesis("ferry route", 0.6, _route, "no ferry of that line sails at this hour"),
    Hypothesis("crew boat", 0.5, _crew_boat, "no ship at anchor there was served that night"),
    Hypothesis(
        "boat for hire", 0.25, _says_passenger, "no operator hires it out", needs_types=True
    ),
    Hypothesis("pleasure craft", 0.2, _yacht, "no marina knows the yacht", needs_types=True),
)
