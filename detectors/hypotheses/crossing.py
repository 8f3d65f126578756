"""Innocent reasons for crossing a strait, or for going out, lying there and landing.

What a vessel says of itself is asked only beside conduct that fits it: the type of a police boat is
typed in by its crew.
"""

from typing import Final

from detectors.core.evidence import Evidence
from detectors.core.hypothesis import (
    MERCHANT,
    PILOT,
    PLEASURE,
    TENDER,
    TOWING,
    TUG,
    All,
    Any,
    Case,
    Compare,
    Hypothesis,
    Is,
    Not,
    Some,
    Subkind,
    Vessel,
)
from detectors.hypotheses.common import CROSSED_UNHEARD
from detectors.hypotheses.landfalls import (
    BOAT_TO_SHIPS_AT_ANCHOR,
    CALL_AT_A_PORT,
    CLASS_A,
    CLASS_A_OUT_OF_A_PORT,
    ENDS_IN_PORT,
    FAST_CLASS_A,
    FROM_PORT,
    HARDLY_CALLED,
    OFFICIAL_ON_ITS_ROUNDS,
    OFFSHORE_M,
    PAST_THE_OTHER_COAST,
    PAST_THE_SHORE,
    SAYS_PASSENGER,
    SHOAL_M,
    SLOW_KN,
    THERE_AND_BACK_BY_DAY,
    TO_PORT,
)
from detectors.kinematics import geodesy

SERVICE_TRIPS: Final = 3.0
"""Like trips within the memory from which a run counts as a service: two would be one boat that
went out, came back and goes again. Of a craft with the set of larger craft, two are enough."""
VOYAGE_M: Final = 60 * geodesy.METRES_PER_NM
"""Ways without a stop that are longer than this and than three crossings are voyages."""
SHIP_M: Final = 40.0
ROUTE_SHARE: Final = 0.7
"""So much of a way on a ferry route is a way along it (judgement)."""
FISHING_S: Final = 9000.0
"""So long at 5 kn and less out there is a night's work; people change boats in minutes, and who
brings them waits up to two hours for the other boat (of simulated nights 0.1 to 2.0 h, and 2.9 of a
boat at its nets)."""
TOWED_S: Final = 3600.0
"""So long at the speed of nets, to and fro, is work: boats that wait for people lie or drift."""

LANDS_M: Final = 500.0
"""People wade ashore from a boat that touches ground; 0.3 nm off none does. The planted landings of
42 simulated nights were within 430 m, as coasts are drawn."""
AFLOAT_M: Final = 200.0
"""Nearer to a coast as it is drawn, a boat may be at it."""
NO_PAUSE: Final = 0.88
"""Of its mean speed, along its way for ten minutes before and after: a stop of two and a half
minutes leaves less; people wade ashore in 3 to 15."""
GONE_OVER: Final = 0.25
OFF_THE_OTHER_M: Final = 7408.0
"""4 nm off the other coast, as `min_out_m`: nearer than that boats from there come out to one."""
MAY_HAVE_LANDED: Final = Any(
    Compare("start_ashore_probability", ">=", GONE_OVER),
    Compare("end_ashore_probability", ">=", GONE_OVER),
    Not(Is("ashore_time", None)),
)
"""Heard before it came to that coast and after it had left: that it turned about short of it isn't
known (a judgement: even at will it goes ashore in a quarter of its ways). Or it waited, and came to
that shore after all (`crossing.onward.ashore_after`)."""

_ENDS: Final = {"start": ("began", "left_coast_m"), "end": ("ended", "arrival_coast_m")}


def turned_off(stated: Evidence, end: str) -> bool:
    """Tell whether at its "start" or its "end" it only came near the coast, and turned about; at
    its start also where that was nearer, and it kept its way: nobody goes ashore from it.
    """
    return _turned(stated, end, "near") or (end == "start" and _turned_afloat(stated))


def came_ashore_first(stated: Evidence) -> bool:
    """Tell whether it had come over from the coast that it then made for, in the same run, to the
    very shore that it left: there and back with a stop too short to end a run, or unheard.
    """
    return _turned(stated, "start", "shore") and not _turned_afloat(stated)


def _turned(stated: Evidence, end: str, how: str) -> bool:
    name, coast_m = _ENDS[end]
    off_m = stated.get("turned_off_m")
    return stated.get(name) == how and off_m is not None and off_m == stated.get(coast_m)


def _turned_afloat(stated: Evidence) -> bool:
    off_m, turning_kn, mean_kn = (
        stated.get(name) for name in ("turned_off_m", "turning_kn", "mean_speed_kn")
    )
    kept_way = turning_kn is not None and bool(mean_kn) and turning_kn >= NO_PAUSE * mean_kn
    return (
        kept_way and off_m is not None and off_m >= AFLOAT_M and _turned(stated, "start", "shore")
    )


SOME_LIKE_TRIPS: Final = Compare("n_like_trips", ">=", SERVICE_TRIPS - 1)
"""There and back is one like trip, which any boat makes."""
ALONG_A_ROUTE: Final = Compare("ferry_route_fraction", ">=", ROUTE_SHARE)
PORT_TO_PORT: Final = All(FROM_PORT, TO_PORT)
NOT_AT_THE_SHORE: Final = All(
    Not(Is("landed")), Not(Is("began", "shore")), Compare("run_end_coast_m", ">=", SHOAL_M)
)
"""It kept to deep water, by the distance from the shore."""
SHIPS_CONDUCT: Final = All(
    CLASS_A,
    Compare("mean_speed_kn", "<=", 18.0),
    Any(NOT_AT_THE_SHORE, PORT_TO_PORT),
)
ON_THE_ROUTE: Final = "{ferry_route_fraction:.0%} of its way lies on a known ferry route"
BY_TIMETABLE: Final = (
    "it is a passenger vessel or high-speed craft, which sail between these coasts by timetable, "
    "and "
)

HYPOTHESES: Final = (
    Hypothesis(
        "ferry",
        0.9,
        "A passenger vessel of which more than its type speaks for a ferry: like trips, ports at "
        "both ends or a known route.",
        "no timetable has a sailing at this hour",
        Case(
            BY_TIMETABLE + "it made {n_like_trips:.0f} like trips in the hours around",
            SAYS_PASSENGER,
            SOME_LIKE_TRIPS,
        ),
        Case(BY_TIMETABLE + "it went from port to port", SAYS_PASSENGER, PORT_TO_PORT),
        Case(BY_TIMETABLE + ON_THE_ROUTE, SAYS_PASSENGER, ALONG_A_ROUTE),
        needs_types=True,
    ),
    OFFICIAL_ON_ITS_ROUNDS,
    Hypothesis(
        "regular service",
        0.8,
        "Several more trips between the same two ends.",
        "no operator runs a service between these two places",
        Case(
            "it made {n_like_trips:.0f} more trips between the same two ends within "
            "{memory_s:h.0f} h, as a service does",
            Any(Compare("n_like_trips", ">=", SERVICE_TRIPS), All(SOME_LIKE_TRIPS, CLASS_A)),
        ),
    ),
    Hypothesis(
        "from port to port",
        0.8,
        "Both ends lie at ports or anchorages, where papers are looked at.",
        "neither port knows of the call",
        Case(
            "it went from a port or anchorage into another port", FROM_PORT, Is("run_ends_in_port")
        ),
        Case(
            "it went from a port or anchorage to another, {end_port_m:nm.1f} nm from a port "
            "in the end",
            PORT_TO_PORT,
            Not(HARDLY_CALLED),
        ),
    ),
    Hypothesis(
        "harbour craft",
        0.75,
        "A pilot boat, tender or tug that goes from or to a port or anchorage, and lands at no "
        "beach.",
        "its station or agent knows of no such job",
        Case(
            "it is a pilot boat, tender or tug, which carry people to ships at any hour, out "
            "of a port or anchorage or bound for one",
            Some(Vessel(types=PILOT | TENDER | TUG | TOWING)),
            ENDS_IN_PORT,
        ),
        needs_types=True,
    ),
    Hypothesis(
        "out and back",
        0.7,
        "A slow boat, or one that came home to the port it left, that turned about off the other "
        "coast and went back in one run, close to it without slowing down: nobody can have landed.",
        "somebody waited on that beach, or a patrol was near when it turned",
        Case(
            "it turned about {turned_off_m:.0f} m off the other coast without a stop and went "
            "back, at {mean_speed_kn:.0f} kn, as boats do that fish or sell out there",
            Compare("turned_off_m", ">=", LANDS_M),
            Compare("mean_speed_kn", "<", SLOW_KN),
            Not(MAY_HAVE_LANDED),
        ),
        Case(
            "it turned about {turned_off_m:.0f} m off the other coast at {turning_kn:.0f} kn "
            "and went back at {mean_speed_kn:.0f} kn: it stopped for two minutes at most",
            Compare("turned_off_m", ">=", AFLOAT_M),
            Compare("turning_kn", ">=", "mean_speed_kn", times=NO_PAUSE),
            Compare("mean_speed_kn", "<", SLOW_KN),
            Not(MAY_HAVE_LANDED),
        ),
        Case(
            "it turned about {turned_off_m:nm.1f} nm off the other coast at {turning_kn:.0f} "
            "kn, without a stop, and went home to the port that it had left",
            Is("came_home"),
            Compare("turned_off_m", ">=", SHOAL_M),
            Compare("turning_kn", ">=", "mean_speed_kn", times=NO_PAUSE),
            Not(MAY_HAVE_LANDED),
        ),
    ),
    PAST_THE_OTHER_COAST,
    Hypothesis(
        "part of a longer voyage",
        0.7,
        "A third or less of a long way without a stop.",
        "it says it is a boat, or turns back",
        Case(
            "it is {passage_fraction:.0%} of a passage of {run_path_m:nm.0f} nm without a "
            "stop, as of a ship that follows the strait past both coasts",
            CLASS_A,
            Compare("run_path_m", ">=", VOYAGE_M),
            Compare("passage_fraction", "<=", 1 / 3),
        ),
    ),
    CALL_AT_A_PORT,
    BOAT_TO_SHIPS_AT_ANCHOR,
    PAST_THE_SHORE,
    Hypothesis(
        "ship on passage",
        0.7,
        "Says it is a merchant ship or longer than 40 m, and keeps to deep water as ships do.",
        "it is a boat, or came closer to a shore than a ship can",
        Case(
            "it says it is a ship and moves like one: a class A set, {mean_speed_kn:.0f} kn, "
            "and never at a shore but in port",
            SHIPS_CONDUCT,
            Any(Some(Vessel(types=MERCHANT)), Compare("own_length_m", ">=", SHIP_M)),
        ),
    ),
    CLASS_A_OUT_OF_A_PORT,
    Hypothesis(
        "keeps to deep water",
        0.6,
        "A class A set below 18 kn that comes to no shore.",
        "it is a boat, or landed later",
        Case(
            "a class A set at {mean_speed_kn:.0f} kn that ended {run_end_coast_m:nm.1f} nm off "
            "any coast, as ships do and a boat that lands people doesn't",
            SHIPS_CONDUCT,
        ),
    ),
    Hypothesis(
        "between stops at sea",
        0.6,
        "Heard lying before and after, far from any coast.",
        "it met another vessel at either end, or was at a coast before",
        Case(
            "it was heard lying before and after, at places {nearest_coast_m:nm.0f} nm and "
            "more from any coast: it came from none and reached none",
            Is("heard_before"),
            Is("heard_after"),
            Compare("nearest_coast_m", ">=", OFFSHORE_M),
        ),
    ),
    CROSSED_UNHEARD,
    Hypothesis(
        "ferry route",
        0.6,
        "Most of its way lies on a known ferry route.",
        "no ferry of that line sails at this hour",
        Case(ON_THE_ROUTE, ALONG_A_ROUTE),
    ),
    Hypothesis(
        "fishing out there",
        0.5,
        "Hours at fishing speeds out there, and no meeting.",
        "no catch was landed, or a boat from the other side was seen there",
        Case(
            "it was slow out there for {slow_s:h.1f} h and met nobody who is heard: a trip's "
            "fishing, and the landing that of a catch",
            Subkind(("half",)),
            Compare("slow_s", ">=", FISHING_S),
            Compare("n_met", "<=", 0.0),
        ),
    ),
    FAST_CLASS_A,
    Hypothesis(
        "home from fishing",
        0.65,
        "Hours to and fro at sea before, from no shore, or out to the same place from where it "
        "came home to, slowly.",
        "it met a boat out there, or lives on the other side",
        Case(
            "it went to and fro at sea for {worked_before_s:h.1f} h before, as boats at work "
            "do, and then home",
            Compare("worked_before_s", ">=", TOWED_S),
            Not(Is("began", "shore")),
            Not(Subkind(("half",))),
        ),
        Case(
            "it had gone out from there to the same place at sea, or goes again, and came home "
            "at {mean_speed_kn:.0f} kn",
            Is("began", "at sea"),
            Compare("n_like_trips", ">=", 1.0),
            Compare("mean_speed_kn", "<", SLOW_KN),
            Not(Subkind(("half",))),
        ),
        Case(
            "it had set out from there, was heard slow off any coast for {lain_out_s:h.1f} h, a "
            "trip's fishing, met nobody who is heard, and came home at {mean_speed_kn:.0f} kn",
            Any(Is("began", "at sea"), Is("began", "unheard")),
            Compare("lain_out_s", ">=", FISHING_S),
            Not(Compare("gone_over_probability", ">=", GONE_OVER)),
            Compare("n_met_out", "<=", 0.0),
            Compare("nearest_over_m", ">=", OFF_THE_OTHER_M),
            Compare("mean_speed_kn", "<", SLOW_KN),
            Not(Is("left_again")),
            Not(Subkind(("half",))),
        ),
    ),
    Hypothesis(
        "out to fish",
        0.65,
        "Hours to and fro off the other coast afterwards, and no landing.",
        "it met a boat out there, or went ashore later",
        Case(
            "it went to and fro off there for {worked_after_s:h.1f} h afterwards, as boats at "
            "work do, and landed nowhere on its way",
            Compare("worked_after_s", ">=", TOWED_S),
            Not(Is("landed")),
            Not(Is("ended", "shore")),
            Not(Subkind(("half",))),
        ),
    ),
    THERE_AND_BACK_BY_DAY,
    Hypothesis(
        "crew boat",
        0.5,
        "Began or ended at an anchorage, without coming from one side to the other.",
        "no ship at anchor there was served that night",
        Case(
            "it began or ended within a mile of an anchorage, where launches carry crews",
            Any(
                Compare("start_anchorage_m", "<=", geodesy.METRES_PER_NM),
                Compare("end_anchorage_m", "<=", geodesy.METRES_PER_NM),
            ),
            Not(Is("sides_changed")),
        ),
    ),
    Hypothesis(
        "boat for hire",
        0.2,
        "A vessel that calls itself a passenger vessel, with a port at one end and no more.",
        "no operator hires it out",
        Case(
            "it calls itself a passenger vessel or high-speed craft and went from or to a "
            "port, though nothing else speaks for a ferry",
            SAYS_PASSENGER,
            ENDS_IN_PORT,
        ),
        needs_types=True,
    ),
    Hypothesis(
        "pleasure craft",
        0.2,
        "A sailing or pleasure craft that goes from or to a port.",
        "no marina knows the yacht",
        Case(
            "it is a sailing or pleasure craft, out of a port or bound for one",
            Some(Vessel(types=PLEASURE)),
            ENDS_IN_PORT,
        ),
        needs_types=True,
    ),
)
