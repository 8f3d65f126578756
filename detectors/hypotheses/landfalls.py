"""Innocent reasons of who crosses a strait, by where the way begins or leads: a port, ships at
anchor, or on past the shore.
"""

from typing import Final

from detectors.core.hypothesis import (
    OFFICIAL,
    PASSENGER,
    UNSTATED,
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

SHOAL_M: Final = 1852.0
"""Ships keep a mile off where there is no port."""
SLOW_KN: Final = 10.0
"""Boats that work and boats of traders; those that were built for a run make 16 kn and more."""
OFFSHORE_M: Final = 3 * 1852.0
"""Who stops further out than this has not landed anybody."""
HARDLY_ASHORE: Final = 0.1
"""Of ten ways that it can have gone between two reports nine or more touch no shore."""
AT_PORT_M: Final = 926.0
OUT_OF_PORT_M: Final = 1852.0

SAYS_PASSENGER: Final = Some(Vessel(types=PASSENGER))
CLASS_A: Final = Is("ais_class", "A")
FROM_PORT: Final = Any(
    Compare("start_port_m", "<=", OUT_OF_PORT_M), Compare("start_anchorage_m", "<=", OUT_OF_PORT_M)
)
TO_PORT: Final = Any(
    All(
        Any(
            Compare("end_port_m", "<=", AT_PORT_M),
            Compare("end_anchorage_m", "<=", AT_PORT_M),
        ),
        Not(Is("sailed_on")),
    ),
    Is("run_ends_in_port"),
)
"""Where the passage ends and it stopped, or where it goes on to without a stop at the shore: who
turns back off a port, or sails on past one, has not called there."""

BUMBOATS_GO_M: Final = 12 * 1852.0
"""From their village to the ships at anchor off it, or across the narrows off Singapore. Who comes
further over passes ships at anchor on the way."""

HARDLY_CALLED: Final = All(Is("left_again"), Any(Is("run_ends_in_port"), Is("landed")))
"""In and out of a port, or to the shore beside one, within the time of a landing: no cargo is
discharged and no papers are seen. Boats to ships at anchor come and go so, off any shore."""

CALL_AT_A_PORT: Final = Hypothesis(
    "call at a port",
    0.7,
    "The passage ended at a port or anchorage, and not in a port that it left again within "
    "minutes, nor in that from which it had come in the same run.",
    "the port knows of no call, or it left again within minutes",
    Case(
        "it went on into a port or an anchorage without a stop at the shore: wooden "
        "traders bring fruit and charcoal over",
        Is("run_ends_in_port"),
        Not(HARDLY_CALLED),
    ),
    Case(
        "it wasn't heard for a while, and then lay in a port: wooden traders bring fruit "
        "and charcoal over",
        Is("next_in_port"),
        Not(Is("landed")),
    ),
    Case(
        "it ended {end_port_m:nm.1f} nm from a port, {end_anchorage_m:nm.1f} nm from an "
        "anchorage: wooden traders bring fruit and charcoal over",
        TO_PORT,
        Not(HARDLY_CALLED),
        Not(Is("came_home")),
    ),
)
BOAT_TO_SHIPS_AT_ANCHOR: Final = Hypothesis(
    "boat to ships at anchor",
    0.7,
    "It went no further than into an anchorage, and back; or, heard by passes, lay in one next.",
    "a ship that lay there tells of a boarding, or people were seen in the boat",
    Case(
        "it turned about inside an anchorage and landed nowhere there: boats go out to "
        "ships at anchor to sell and to fetch",
        Is("sailed_on"),
        Not(Is("landed")),
        Compare("end_anchorage_m", "<=", 0.0),
        Compare("path_m", "<=", BUMBOATS_GO_M),
    ),
    Case(
        "it lay in an anchorage when it was heard next, and nobody heard it at the shore: "
        "boats go out to ships at anchor to sell and to fetch",
        Is("next_at_anchor"),
        Compare("path_m", "<=", BUMBOATS_GO_M),
    ),
)
PAST_THE_SHORE: Final = Hypothesis(
    "past the shore",
    0.7,
    "It went on past the shore as it had come, and ended off any coast; came so, from where it lay "
    "at sea, and landed nowhere but where it had lain before; or, heard by passes, had hardly time "
    "to land, or kept its course across the silence in which it came by.",
    "it slowed down there, or somebody swam ashore",
    Case(
        "it kept its way past the shore, {arrival_coast_m:.0f} m off and {passing_kn:.0f} kn "
        "made good straight on: so nobody lands",
        Is("passed_by"),
        Compare("run_end_coast_m", ">=", SHOAL_M),
    ),
    Case(
        "it went on, and ended {run_end_coast_m:nm.0f} nm off any coast; that it was ashore "
        "between two reports has a chance of {end_ashore_probability:.0%}",
        Is("feed_by_passes"),
        Is("sailed_on"),
        Not(Is("landed")),
        Compare("end_ashore_probability", "<=", HARDLY_ASHORE),
        Compare("run_end_coast_m", ">=", OFFSHORE_M),
    ),
    Case(
        "it was heard under way on one course before it came by that coast and after: who "
        "lands turns in, and turns away again",
        Is("kept_course"),
    ),
    Case(
        "it came from where it lay {run_start_coast_m:nm.1f} nm off any coast and kept its way "
        "past the shore, {left_coast_m:.0f} m off and {came_past_kn:.0f} kn made good straight "
        "on: so nobody boarded there",
        Is("came_past"),
        Compare("run_start_coast_m", ">=", SHOAL_M),
        Any(Not(Is("landed")), Is("lain_there")),
    ),
)
ENDS_IN_PORT: Final = All(
    Any(Compare("n_ends_in_port", ">=", 1.0), FROM_PORT, TO_PORT),
    Any(Not(Is("landed")), TO_PORT),
)
"""With a port or an anchorage at one end, and no beach at the other: a word that was typed in and
an anchorage off the village that it leaves cost who lands people nothing."""
OFFICIAL_ON_ITS_ROUNDS: Final = Hypothesis(
    "official craft",
    0.85,
    "A military, rescue, law enforcement or medical vessel that goes from or to a port, and "
    "lands at no beach, or from place to place a mile off any coast, or, with a class A set, to "
    "and fro on one beat.",
    "the authority it claims to belong to does not know the vessel",
    Case(
        "it is a military, rescue, law enforcement or medical vessel, out of a port or "
        "bound for one",
        Some(Vessel(types=OFFICIAL)),
        ENDS_IN_PORT,
    ),
    Case(
        "it is a military, rescue, law enforcement or medical vessel, heard on before and "
        "after, and both ends of its run lie {nearest_coast_m:nm.1f} nm or more off any coast",
        Some(Vessel(types=OFFICIAL)),
        Is("heard_before"),
        Is("heard_after"),
        Not(Is("landed")),
        Compare("nearest_coast_m", ">=", SHOAL_M),
    ),
    Case(
        "it is a military, rescue, law enforcement or medical vessel with a class A set, went the "
        "same way {n_like_trips:.0f} times more within {memory_s:h.0f} h, and landed at no beach",
        Some(Vessel(types=OFFICIAL)),
        CLASS_A,
        Compare("n_like_trips", ">=", 1.0),
        Not(Is("landed")),
    ),
    needs_types=True,
)
SAILS_FROM_PORT: Final = All(SAYS_PASSENGER, Compare("start_port_m", "<=", OUT_OF_PORT_M))
CLASS_A_OUT_OF_A_PORT: Final = Hypothesis(
    "class A out of a port",
    0.7,
    "A class A set that comes from a port or makes for one (SOLAS V/19.2.4); one that landed at a "
    "shore, only of a passenger vessel out of a port.",
    "it landed at a beach, or the port knows of no clearance",
    Case(
        "it carries a class A set, as ferries and ships between states must, and came from "
        "or made for a port ({start_port_m:nm.1f} nm off in the beginning, "
        "{end_port_m:nm.1f} nm in the end)",
        CLASS_A,
        Any(FROM_PORT, TO_PORT),
        Any(Not(Is("landed")), TO_PORT, SAILS_FROM_PORT),
    ),
    Case(
        "it carries a class A set, as ferries and ships between states must, and its way "
        "led out of a port or into one without a stop",
        CLASS_A,
        Compare("n_ends_in_port", ">=", 1.0),
        Not(Is("landed")),
    ),
    Case(
        "it is a passenger vessel with a class A set, and ended {end_port_m:nm.1f} nm off "
        "a port, as a ferry does that waits for its berth",
        CLASS_A,
        SAYS_PASSENGER,
        Compare("end_port_m", "<=", OUT_OF_PORT_M),
    ),
    Case(
        "it is a passenger vessel with a class A set, and wasn't heard any more "
        "{end_port_m:nm.1f} nm off a port",
        CLASS_A,
        SAYS_PASSENGER,
        Any(Is("ended", "unheard"), Is("heard_after", False)),
        Not(Is("landed")),
        Compare("end_port_m", "<=", 2 * OUT_OF_PORT_M),
    ),
)
BY_DAY: Final = (
    Compare("n_like_trips", ">=", 1.0),
    Compare("dark_fraction", "<=", 0.1),
    Not(Is("landed")),
    Any(Not(Is("began", "shore")), FROM_PORT),
)
"""There and back, seen to land nowhere, nor to leave a shore without a port."""
THERE_AND_BACK_BY_DAY: Final = Hypothesis(
    "there and back by day",
    0.5,
    "A passenger vessel with a class A set, there and back in daylight, of no shore but a port's; "
    "or, heard by passes, one that wasn't heard to say what it is.",
    "no timetable has a sailing at this hour",
    Case(
        "it is a passenger vessel with a class A set that went there and back by day, and "
        "wasn't seen to land, nor to leave a shore without a port",
        CLASS_A,
        SAYS_PASSENGER,
        *BY_DAY,
    ),
    Case(
        "it has a class A set, went there and back by day, and wasn't seen to land, nor to "
        "leave a shore without a port; what it says it is satellites seldom hear",
        CLASS_A,
        Is("feed_by_passes"),
        Some(Vessel(types=UNSTATED)),
        *BY_DAY,
    ),
    needs_types=True,
)
FAST_CLASS_A: Final = Hypothesis(
    "fast craft of class A",
    0.5,
    "A fast craft with a class A set that went out and came back, neither a meeting nor a landing "
    "of which was heard; or, heard by passes, went over and wasn't heard to land.",
    "no ferry sails and no authority patrols there at this hour",
    Case(
        "it carries a class A set, as ferries and official craft do, and makes "
        "{median_sog_kn:.0f} kn; nobody heard it meet anybody, nor land",
        Subkind(("half",)),
        CLASS_A,
        Compare("median_sog_kn", ">=", SLOW_KN),
        Not(Is("landing_heard")),
        Compare("n_met", "<=", 0.0),
    ),
    Case(
        "it carries a class A set, as ferries and official craft do, and makes "
        "{median_sog_kn:.0f} kn; no satellite heard it land",
        Not(Subkind(("half",))),
        Is("feed_by_passes"),
        CLASS_A,
        Compare("median_sog_kn", ">=", SLOW_KN),
        Not(Is("landed")),
    ),
)

NARROW: Final = Compare("across_m", "<=", 10_000.0)
"""The Strait of Singapore is 2.5 to 5 nm wide among its islands: whoever follows one coast there
comes close to the other (judgement)."""
KEPT_GOING_KN: Final = 5.0
"""Nobody boards or leaves a boat at a beach that passes it at this speed."""
PAST_THE_OTHER_COAST: Final = Hypothesis(
    "past the other coast",
    0.7,
    "Past the other coast and on; slowly, to a place a mile off it or more; or where the coasts "
    "are hardly 5 nm apart, and it stopped at one of them at most.",
    "somebody swam ashore there, or a boat met it",
    Case(
        "the two coasts are {across_m:nm.1f} nm apart there, and it passed the second at "
        "{passing_kn:.0f} kn and sailed on",
        NARROW,
        Is("sailed_on"),
        Compare("passing_kn", ">=", KEPT_GOING_KN),
    ),
    Case(
        "the two coasts are {across_m:nm.1f} nm apart there, and it had come past the "
        "first at {came_past_kn:.0f} kn",
        NARROW,
        Is("came_on"),
        Not(Is("began", "shore")),
        Compare("came_past_kn", ">=", KEPT_GOING_KN),
    ),
    Case(
        "it came no nearer to the other coast than {arrival_coast_m:.0f} m, neither landed "
        "nor turned back, and sailed on",
        Is("ended", "near"),
        Is("landed", False),
        Is("sailed_on"),
        Is("ashore_time", None),
        Is("turned_off_m", None),
    ),
    Case(
        "it came at {mean_speed_kn:.0f} kn and stopped {arrival_coast_m:nm.1f} nm off the "
        "other coast, where boats fish: nobody lands from there",
        Is("ended", "near"),
        Is("landed", False),
        Is("heard_after"),
        Is("ashore_time", None),
        Is("turned_off_m", None),
        Compare("mean_speed_kn", "<", SLOW_KN),
        Compare("arrival_coast_m", ">=", SHOAL_M),
    ),
)
