"""Innocent reasons for crossing a strait at night."""

from typing import Final

from detectors.core.hypothesis import (
    OFFICIAL,
    PASSENGER,
    PILOT,
    PLEASURE,
    TENDER,
    TUG,
    All,
    Any,
    Case,
    Compare,
    Hypothesis,
    Is,
    Not,
    Some,
    Vessel,
)
from detectors.kinematics import geodesy

SERVICE_TRIPS: Final = 3.0
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

SAYS_PASSENGER: Final = Some(Vessel(types=PASSENGER))
"""The type is typed in by the crew: something else must speak for a ferry too."""
SOME_LIKE_TRIPS: Final = Compare("n_like_trips", ">=", SERVICE_TRIPS - 1)
"""There and back is one like trip, which any boat makes."""
AS_LONG_AS_A_FERRY: Final = Compare("length_m", ">=", FERRY_M)
ALONG_A_ROUTE: Final = Compare("ferry_route_fraction", ">=", ROUTE_SHARE)
CLASS_A: Final = Is("ais_class", "A")
EQUIPPED: Final = Any(CLASS_A, AS_LONG_AS_A_FERRY)
"""It carries the set of larger craft, or is one."""
ON_THE_ROUTE: Final = "{ferry_route_fraction:.0%} of its way lies on a known ferry route"
BY_TIMETABLE: Final = (
    "it is a passenger vessel or high-speed craft, which sail between these coasts by timetable, "
    "and "
)

HYPOTHESES: Final = (
    Hypothesis(
        "ferry",
        0.9,
        (
            Case(
                All(SAYS_PASSENGER, SOME_LIKE_TRIPS),
                BY_TIMETABLE + "it made {n_like_trips:.0f} like trips in the hours around",
            ),
            Case(
                All(SAYS_PASSENGER, AS_LONG_AS_A_FERRY),
                BY_TIMETABLE + "it is {length_m:.0f} m long",
            ),
            Case(
                All(SAYS_PASSENGER, Compare("n_ends_in_port", ">=", 2.0)),
                BY_TIMETABLE + "it went from port to port",
            ),
            Case(All(SAYS_PASSENGER, ALONG_A_ROUTE), BY_TIMETABLE + ON_THE_ROUTE),
        ),
        "A passenger vessel of which more than its type speaks for a ferry: like trips, its "
        "length, ports at both ends or a known route.",
        "no timetable has a sailing at this hour",
        needs_types=True,
    ),
    Hypothesis(
        "official craft",
        0.85,
        (
            Case(
                Some(Vessel(types=OFFICIAL)),
                "it is a military, rescue, law enforcement or medical vessel",
            ),
        ),
        "A military, rescue, law enforcement or medical vessel.",
        "the authority it claims to belong to does not know the vessel",
        needs_types=True,
    ),
    Hypothesis(
        "regular service",
        0.8,
        (
            Case(
                Any(Compare("n_like_trips", ">=", SERVICE_TRIPS), All(SOME_LIKE_TRIPS, EQUIPPED)),
                "it made {n_like_trips:.0f} more trips between the same two ends within "
                "{memory_s:h.0f} h, as a service does",
            ),
        ),
        "Several more trips between the same two ends.",
        "no operator runs a service between these two places",
    ),
    Hypothesis(
        "harbour craft",
        0.75,
        (
            Case(
                Some(Vessel(types=PILOT | TENDER | TUG)),
                "it is a pilot boat, tender or tug, which carry people to ships at any hour",
            ),
        ),
        "A pilot boat, tender or tug.",
        "its station or agent knows of no such job",
        needs_types=True,
    ),
    Hypothesis(
        "part of a longer voyage",
        0.7,
        (
            Case(
                All(
                    CLASS_A,
                    Compare("run_path_m", ">=", VOYAGE_M),
                    Compare("passage_fraction", "<=", 1 / 3),
                ),
                "it is {passage_fraction:.0%} of a passage of {run_path_m:nm.0f} nm without a "
                "stop, as of a ship that follows the strait past both coasts",
            ),
        ),
        "A third or less of a long way without a stop.",
        "it says it is a boat, or turns back",
    ),
    Hypothesis(
        "ship gathering way",
        0.6,
        (
            Case(
                All(Is("length_m", None), CLASS_A, Compare("gathering_way_s", ">=", GATHERING_S)),
                "it says nothing of its size, carries a class A set, and took "
                "{gathering_way_s:min.0f} min to gather way, as a ship does and a boat doesn't",
            ),
        ),
        "A craft of unknown size with a class A set that gathered way as slowly as a ship.",
        "it turns out to be a boat",
    ),
    Hypothesis(
        "between stops at sea",
        0.6,
        (
            Case(
                All(
                    Is("heard_before"),
                    Is("heard_after"),
                    Compare("nearest_coast_m", ">=", OFFSHORE_M),
                ),
                "it was heard lying before and after, at places {nearest_coast_m:nm.0f} nm and "
                "more from any coast: it came from none and reached none",
            ),
        ),
        "Heard lying before and after, far from any coast.",
        "it met another vessel at either end, or was at a coast before",
    ),
    Hypothesis(
        "ferry route",
        0.6,
        (Case(ALONG_A_ROUTE, ON_THE_ROUTE),),
        "Most of its way lies on a known ferry route.",
        "no ferry of that line sails at this hour",
    ),
    Hypothesis(
        "crew boat",
        0.5,
        (
            Case(
                All(
                    Compare("anchorage_distance_m", "<=", geodesy.METRES_PER_NM),
                    Not(Is("sides_changed")),
                ),
                "it began or ended within a mile of an anchorage, where launches carry crews",
            ),
        ),
        "Began or ended at an anchorage, without coming from one side to the other.",
        "no ship at anchor there was served that night",
    ),
    Hypothesis(
        "boat for hire",
        0.25,
        (
            Case(
                SAYS_PASSENGER,
                "it calls itself a passenger vessel or high-speed craft, though nothing else "
                "speaks for one: neither size, nor like trips, nor ports at both ends, nor a "
                "known route",
            ),
        ),
        "A vessel that calls itself a passenger vessel, and nothing else speaks for one.",
        "no operator hires it out",
        needs_types=True,
    ),
    Hypothesis(
        "pleasure craft",
        0.2,
        (Case(Some(Vessel(types=PLEASURE)), "it is a sailing or pleasure craft"),),
        "A sailing or pleasure craft.",
        "no marina knows the yacht",
        needs_types=True,
    ),
)
