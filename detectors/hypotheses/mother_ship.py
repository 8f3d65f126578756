"""Innocent reasons for waiting and being visited."""

from typing import Final

from detectors.core.hypothesis import (
    FISHING,
    OFFICIAL,
    PILOT,
    TUG,
    All,
    Case,
    Compare,
    Hypothesis,
    Is,
    Not,
    Some,
    Subkind,
    Vessel,
)
from detectors.hypotheses.company import PLANING_KN

MILE_M: Final = 1852.0

RAFT_S: Final = 3600.0
"""Handing over goods or people takes less (see `rafts.REST_S`)."""

VISITED: Final = Subkind(("visited",))
FISHING_ALL: Final = All(VISITED, Compare("fishing_visitors_fraction", ">=", 1.0))
NO_FAST_VISITS: Final = Not(Compare("fastest_approach_kn", ">=", PLANING_KN))
AT_WORK: Final = Some(Vessel(types=OFFICIAL | PILOT | TUG))
AT_WORK_SAYS: Final = "it is a pilot, tug or official vessel, whose work it is to be met"

HYPOTHESES: Final = (
    Hypothesis(
        "craft at work",
        0.8,
        (
            Case(
                All(AT_WORK, Compare("anchorage_distance_m", "<=", 3 * MILE_M), NO_FAST_VISITS),
                AT_WORK_SAYS + ", {anchorage_distance_m:nm.1f} nm off a port or an anchorage",
            ),
            Case(AT_WORK, AT_WORK_SAYS),
        ),
        "A pilot, tug or official vessel near a port or an anchorage, to which no boat planed.",
        "its station or agent knows of no such work",
        needs_types=True,
    ),
    Hypothesis(
        "served at anchor",
        0.75,
        (
            Case(
                All(VISITED, Compare("in_anchorage_fraction", ">=", 0.5)),
                "it lies in an anchorage, where {n_visitors:.0f} launches, supply or fishing boats "
                "in some hours are nothing unusual",
            ),
        ),
        "Visited in an anchorage, half of the times or more.",
        "no agent ordered the boats, or they came from the other coast",
    ),
    Hypothesis(
        "served off an anchorage",
        0.5,
        (
            Case(
                All(VISITED, Compare("anchorage_distance_m", "<=", MILE_M)),
                "it lies {anchorage_distance_m:.0f} m off an anchorage or a port, whose boats "
                "serve ships",
            ),
        ),
        "Visited within a mile of an anchorage or a port.",
        "no agent ordered the boats, or they came from the other coast",
    ),
    Hypothesis(
        "served in a transfer area",
        0.6,
        (
            Case(
                All(VISITED, Compare("port_calls_fraction", ">=", 1.0)),
                "it lies in an area licensed for ship-to-ship transfers, and all its visitors came "
                "out of a port or went into one: launches serve ships there too",
            ),
        ),
        "Visited in a licensed transfer area, by boats out of a port, or back into one, alone.",
        "no agent ordered the boats, or one of them then lands away from a port",
    ),
    Hypothesis(
        "boats of a raft",
        0.7,
        (
            Case(
                All(
                    VISITED,
                    Compare("n_at_once", ">=", 2.0),
                    Compare("mean_visit_s", ">=", RAFT_S),
                    Compare("fastest_approach_kn", "<", PLANING_KN),
                ),
                "its visitors came at {fastest_approach_kn:.0f} kn or slower, stayed for "
                "{mean_visit_s:h.1f} h, and {n_at_once:.0f} lay there at once, as boats at rest "
                "do; who hands something over comes and goes",
            ),
        ),
        "Visitors that come slowly, stay for an hour or more and lie there together.",
        "one of them then meets a larger vessel, or lands no catch",
    ),
    Hypothesis(
        "fish carrier",
        0.4,
        (
            Case(
                All(FISHING_ALL, Compare("fastest_approach_kn", "<", PLANING_KN)),
                "all its visitors are fishing vessels, none of which came faster than "
                "{fastest_approach_kn:.0f} kn: it may take over their catch",
            ),
            Case(
                FISHING_ALL,
                "all its visitors are fishing vessels: it may take over their catch",
            ),
        ),
        "Visited by fishing vessels only, none of which planes.",
        "no catch is landed or declared",
        needs_types=True,
    ),
    Hypothesis(
        "fishing",
        0.2,
        (
            Case(
                Some(Vessel(types=FISHING)),
                "it is a fishing vessel, which stays where the fish are",
            ),
        ),
        "A fishing vessel.",
        "it lands no catch",
        needs_types=True,
    ),
    Hypothesis(
        "waiting for orders",
        0.3,
        (
            Case(
                All(Subkind(("waiting",)), Not(Is("returned"))),
                "a ship may wait anywhere for orders, a tide or daylight, once",
            ),
        ),
        "Waits at a place where it hadn't waited before.",
        "it comes back to the same place another night",
    ),
)
